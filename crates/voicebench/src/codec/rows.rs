//! The rows of the table: links, bars, and the single schemes that the policy is compared with.

use std::time::Duration;

use units::{DataRate, VoiceRedundancy};

use super::air::{Loss, Weather};
use super::sender::Choice;

/// A link, and what is to be reached on it.
#[derive(Debug, Clone)]
pub(super) struct Row {
    pub(super) name: &'static str,
    /// All that the voice may take on the wire.
    pub(super) wire: DataRate,
    pub(super) weather: Weather,
    pub(super) bars: Bars,
    pub(super) singles: &'static [Single],
}

/// What is to be reached: each is there only if it is asked for.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Bars {
    pub(super) pesq: Option<f64>,
    pub(super) stoi: Option<f64>,
    /// PESQ-WB no worse than that of any single scheme.
    pub(super) best: bool,
    /// At most so much of the voice made up.
    pub(super) concealed: Option<f64>,
    /// Mean playout delay, at most.
    pub(super) buffer_ms: Option<f64>,
}

/// A scheme that never changes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Single {
    pub(super) name: &'static str,
    packet_ms: u8,
    redundancy: VoiceRedundancy,
}

impl Single {
    pub(super) fn choice(self, row: &Row) -> Choice {
        let hint = if row.weather.loss == Loss::None { 0.0 } else { HINT };
        Choice::single(row.wire, self.packet_ms, self.redundancy, hint)
    }
}

/// What in-band copies need to appear at all, and what scored best for all others, too.
const HINT: f32 = 0.1;

const fn single(name: &'static str, packet_ms: u8, redundancy: VoiceRedundancy) -> Single {
    Single { name, packet_ms, redundancy }
}

const ONE_COPY: VoiceRedundancy = VoiceRedundancy::Red { copies: 1, distance: 1 };
const ONE_COPY_FAR: VoiceRedundancy = VoiceRedundancy::Red { copies: 1, distance: 2 };

const PLC_20: Single = single("20 ms, deep PLC", 20, VoiceRedundancy::None);
const PLC_40: Single = single("40 ms, deep PLC", 40, VoiceRedundancy::None);
const PLC_60: Single = single("60 ms, deep PLC", 60, VoiceRedundancy::None);
const PLC_100: Single = single("100 ms, deep PLC", 100, VoiceRedundancy::None);
const FEC_60: Single = single("60 ms, in-band FEC", 60, VoiceRedundancy::InBand);
const DRED_60: Single = single("60 ms, DRED", 60, VoiceRedundancy::Dred { duration_ms: 300 });
const RED_40: Single = single("40 ms, RED", 40, ONE_COPY);
const RED_60: Single = single("60 ms, RED", 60, ONE_COPY);
const RED_60_FAR: Single = single("60 ms, RED two back", 60, ONE_COPY_FAR);

const COMPARED: [Single; 6] = [PLC_60, FEC_60, DRED_60, RED_40, RED_60, RED_60_FAR];

pub(super) fn rows() -> Vec<Row> {
    let weather = |loss| Weather { loss, delay: DELAY, jitter: Duration::ZERO, rate: None };
    // The rest of the 30 is for reports and for checks of the path.
    let thin = Weather { rate: Some(DataRate::from_kbps(30)), delay: THIN_DELAY, ..weather(Loss::Random(0.2)) };
    let bursts = Loss::Bursts { share: 0.1, length: Duration::from_millis(60) };
    let row =
        |name, kbps, weather, bars, singles| Row { name, wire: DataRate::from_kbps(kbps), weather, bars, singles };
    let pesq = |pesq| Bars { pesq: Some(pesq), ..Bars::default() };
    let stoi = |stoi| Bars { stoi: Some(stoi), ..Bars::default() };
    vec![
        row("32 kbps, 3 % random loss", 32, weather(Loss::Random(0.03)), Bars::default(), &COMPARED),
        row("32 kbps, 10 % random loss", 32, weather(Loss::Random(0.1)), Bars { best: true, ..pesq(3.1) }, &COMPARED),
        row("32 kbps, 10 % in 60 ms bursts", 32, weather(bursts), Bars { best: true, ..pesq(2.8) }, &COMPARED),
        row(
            "32 kbps, 20 % random loss",
            32,
            weather(Loss::Random(0.2)),
            Bars { best: true, stoi: Some(0.92), ..pesq(2.6) },
            &COMPARED,
        ),
        row("24 kbps, 20 % random loss", 24, weather(Loss::Random(0.2)), stoi(0.90), &[PLC_60, RED_60]),
        row("16 kbps, 10 % random loss", 16, weather(Loss::Random(0.1)), stoi(0.85), &[PLC_60, PLC_100]),
        row(
            "32 kbps, clean",
            32,
            weather(Loss::None),
            Bars { concealed: Some(0.0), ..pesq(4.3) },
            &[PLC_20, PLC_40, PLC_60],
        ),
        row(
            "32 kbps, jitter exp(15 ms), 10 % random loss",
            32,
            Weather { jitter: Duration::from_millis(15), ..weather(Loss::Random(0.1)) },
            Bars { buffer_ms: Some(90.0), ..pesq(3.0) },
            &[FEC_60, RED_40, RED_60],
        ),
        row("66 kbps, clean", 66, weather(Loss::None), Bars::default(), &[PLC_20]),
        row("66 kbps, 1 % random loss", 66, weather(Loss::Random(0.01)), Bars::default(), &[PLC_20, PLC_60]),
        row(
            "24 of 30 kbps, 20 % random loss",
            24,
            thin,
            Bars { best: true, ..stoi(0.85) },
            &[PLC_60, RED_60, RED_60_FAR],
        ),
    ]
}

/// One way, beside jitter.
const DELAY: Duration = Duration::from_millis(50);
/// Of the thinnest link that a voice is to be understood over; what its packets take to pass it comes on top.
const THIN_DELAY: Duration = Duration::from_millis(100);
