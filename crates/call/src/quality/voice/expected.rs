//! How a voice will sound: what a rate, losses and delay leave of it, on the scale of PESQ-WB (1 to 4.6).
//!
//! The constants were fitted to scores of two voices at 16 to 48 kbps and up to 20 % of loss (what `cargo xtask bench voice`
//! measures, and more schemes). The model need not be right, only right about which of two is better.

use std::time::Duration;

use units::{DataRate, VoiceRedundancy};

use super::losses::Losses;
use crate::quality::plan::{overhead, red_overhead};

/// A way to code the voice, without its rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Scheme {
    pub(super) packet_ms: u8,
    pub(super) redundancy: VoiceRedundancy,
}

impl Scheme {
    /// What is left for the payload when the voice has `share` on the wire.
    pub(super) fn rate(self, share: DataRate) -> DataRate {
        share.saturating_sub(overhead(self.packet_ms))
    }

    /// How long playout waits for what comes a second time, if it waits for all of it.
    fn look_ahead(self) -> Duration {
        let packets = match self.redundancy {
            VoiceRedundancy::None => 0,
            VoiceRedundancy::InBand | VoiceRedundancy::Dred { .. } => 1,
            VoiceRedundancy::Red { copies, distance } => u32::from(copies) * u32::from(distance),
        };
        self.packet() * packets
    }

    fn packet(self) -> Duration {
        Duration::from_millis(self.packet_ms.into())
    }

    /// From when a word is begun to when its packet could be played, if what was lost of it is waited for.
    pub(super) fn delay(self) -> Duration {
        self.packet() + self.look_ahead()
    }

    /// The rate at which what is not lost is coded; `None` if libopus could not do it at all.
    fn primary(self, rate: DataRate) -> Option<f64> {
        let kbps = rate.as_kbps_f64();
        let primary = match self.redundancy {
            VoiceRedundancy::None => kbps,
            VoiceRedundancy::InBand => {
                // Below, libopus leaves the copies out without a word.
                let least = if self.packet_ms < 60 { 20.5 } else { 19.0 };
                (kbps >= least).then_some(kbps * (1.0 - IN_BAND_TAKES))?
            }
            VoiceRedundancy::Red { copies, .. } => {
                (kbps - red_overhead(copies, self.packet_ms).as_kbps_f64()) / f64::from(copies + 1)
            }
            VoiceRedundancy::Dred { .. } => (kbps >= DRED_FROM_KBPS).then_some(kbps - DRED_TAKES_KBPS)?,
        };
        let primary = if self.packet_ms > LONGEST_FRAME_MS { primary * LONG_PACKETS_YIELD } else { primary };
        (primary >= LEAST_KBPS).then_some(primary)
    }

    /// How the voice will sound; `None` if the scheme cannot be had in this share.
    pub(super) fn expected(self, share: DataRate, losses: &Losses, one_way: Duration) -> Option<f64> {
        let clean = sounds(self.primary(self.rate(share))?);
        let spacing = f64::from(self.packet_ms);
        let lost = losses.share();
        // What is neither there nor restored, and what is restored but coarse: so much of a loss that it counts for.
        let missing = match self.redundancy {
            VoiceRedundancy::None => lost,
            VoiceRedundancy::InBand => {
                let gone = lost * losses.again_after(spacing);
                gone + (lost - gone) * IN_BAND_COARSE
            }
            VoiceRedundancy::Red { copies, distance } => {
                lost * losses.again_after(spacing * f64::from(distance)).powi(i32::from(copies))
            }
            VoiceRedundancy::Dred { .. } => lost * DRED_COARSE,
        };
        // A longer piece that is missing is more than a syllable, and so are two in a row.
        let next_too = losses.again_after(spacing);
        let in_a_row = match self.redundancy {
            VoiceRedundancy::Red { distance: 2.., .. } => next_too * next_too,
            // It reaches back over all of them.
            VoiceRedundancy::Dred { .. } => 0.0,
            _ => next_too,
        };
        let longer = (spacing / f64::from(LONGEST_FRAME_MS)).max(1.0).sqrt() * (1.0 + in_a_row);
        let left = (-missing * LOSS_HURTS * longer).exp();
        Some(1.0 + (clean - 1.0) * left - late(one_way + self.packet(), self.look_ahead()))
    }
}

/// How a voice sounds that is coded at so many kbps and not lost at all.
fn sounds(kbps: f64) -> f64 {
    let above = CLEAN.partition_point(|(rate, _)| *rate <= kbps);
    match (above.checked_sub(1).and_then(|below| CLEAN.get(below)), CLEAN.get(above)) {
        (Some(&(from, low)), Some(&(to, high))) => low + (high - low) * (kbps - from) / (to - from),
        (Some(&(_, highest)), None) => highest,
        (None, _) => CLEAN[0].1,
    }
}

/// What delay takes from a conversation: little until people begin to interrupt each other, then more (the two slopes of
/// ITU-T G.107, made less unlike so that words that are understood go first). Whether people interrupt each other the longest
/// wait decides, not that on average.
fn late(before: Duration, look_ahead: Duration) -> f64 {
    let ms = |span: Duration| span.as_secs_f64() * 1e3;
    (ms(before + look_ahead.mul_f64(WAITED_FOR)) + (ms(before + look_ahead) - PATIENCE_MS).max(0.0)) * DELAY_HURTS
}

/// kbps of one copy of the voice, and how it sounds.
const CLEAN: [(f64, f64); 10] = [
    (5.0, 1.9),
    (7.5, 2.8),
    (9.5, 3.4),
    (11.5, 3.79),
    (15.0, 4.1),
    (19.0, 4.35),
    (23.0, 4.43),
    (28.0, 4.5),
    (40.0, 4.55),
    (64.0, 4.58),
];
/// libopus's least.
const LEAST_KBPS: f64 = 6.0;
/// Longer packets are made of shorter frames, which costs a part of their rate.
const LONGEST_FRAME_MS: u8 = 60;
const LONG_PACKETS_YIELD: f64 = 0.88;
/// The part of the rate that libopus gives to in-band copies at the loss that we tell it.
const IN_BAND_TAKES: f64 = 0.38;
/// An in-band copy in the place of its packet: about a third of a loss.
const IN_BAND_COARSE: f64 = 0.36;
/// Below, libopus has no rate left for the outlines and leaves them out without a word.
const DRED_FROM_KBPS: f64 = 21.0;
const DRED_TAKES_KBPS: f64 = 4.0;
/// An outline in the place of its packet: most of a loss. Three in a hundred lost left PESQ-WB 3.63 at 32 kbps where whole copies
/// left 3.78, one in ten 3.07 and 3.55.
const DRED_COARSE: f64 = 0.8;
/// A tenth lost and made up leaves 45 % of what a voice has above nothing.
const LOSS_HURTS: f64 = 7.3;
/// Playout waits for copies only while losses make it worth that; long packets are waited for always.
const WAITED_FOR: f64 = 0.4;
/// A quarter of a point for 100 ms, and twice as much for what comes after 250 (G.107 has its knee at 177, without the time
/// that it takes to hear that there is nothing to hear).
const DELAY_HURTS: f64 = 0.0025;
const PATIENCE_MS: f64 = 250.0;
