//! From samples to Opus packets.

use std::collections::VecDeque;
use std::fmt;

use units::{DataRate, VoiceRedundancy};

use super::opus_raw::{Bandwidth, EncoderOption, RawEncoder};
use super::settings::MAX_RED_COPIES;
use super::{FRAME, VoiceError, VoiceSettings, red};

/// One packet's worth of voice.
#[derive(Clone, PartialEq, Eq)]
pub struct EncodedVoice {
    /// The Opus packet.
    pub payload: Vec<u8>,
    /// RTP timestamp of its first sample, counted from zero with the first sample pushed; wraps.
    pub timestamp: u32,
    /// How many samples it holds.
    pub samples: u32,
    /// Earlier packets that are to travel along, oldest first ([`red::pack`]); empty unless the settings ask for RED.
    pub redundant: Vec<RedundantBlock>,
}

impl fmt::Debug for EncodedVoice {
    /// Without what is said.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "EncodedVoice({} + {}, {} bytes, {} blocks)",
            self.timestamp,
            self.samples,
            self.payload.len(),
            self.redundant.len()
        )
    }
}

/// An earlier packet that travels along with a later one.
#[derive(Clone, PartialEq, Eq)]
pub struct RedundantBlock {
    /// How many samples before the later packet it begins.
    pub offset: u16,
    /// The Opus packet.
    pub payload: Vec<u8>,
}

impl fmt::Debug for RedundantBlock {
    /// Without what is said.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RedundantBlock(-{}, {} bytes)", self.offset, self.payload.len())
    }
}

/// Codes 48 kHz mono voice, 10 ms at a time; a packet comes out whenever enough has been pushed.
#[derive(Debug)]
pub struct Encoder {
    opus: RawEncoder,
    settings: VoiceSettings,
    pending: Vec<f32>,
    timestamp: u32,
    /// What later packets may carry along: timestamp and bytes, oldest first.
    sent: VecDeque<(u32, Vec<u8>)>,
}

impl Encoder {
    /// An encoder with these settings.
    pub fn new(settings: VoiceSettings) -> Result<Self, VoiceError> {
        let mut encoder = Self {
            opus: voice_encoder()?,
            settings,
            pending: Vec::with_capacity(FRAME * 12),
            timestamp: 0,
            sent: VecDeque::with_capacity(SENT_KEPT + 1),
        };
        encoder.apply()?;
        Ok(encoder)
    }

    /// Changes the settings; a packet that has begun is still filled to its new length.
    pub fn set(&mut self, settings: VoiceSettings) {
        if settings == self.settings {
            return;
        }
        self.settings = settings;
        if let Err(error) = self.apply() {
            // Cannot happen with the values that `apply` makes; the voice goes on with the old ones.
            tracing::warn!(%error, "voice settings refused");
        }
    }

    /// Takes the next 10 ms; answers a packet when it is full.
    pub fn push(&mut self, frame: &[f32; FRAME]) -> Option<EncodedVoice> {
        self.pending.extend_from_slice(frame);
        let wanted = packet_samples(self.settings.packet_ms);
        if self.pending.len() < wanted {
            return None;
        }
        // Settings may have become shorter meanwhile: what waits beyond one packet goes with the next pushes.
        let samples = self.pending.drain(..wanted).collect::<Vec<_>>();
        let timestamp = self.timestamp;
        self.timestamp = timestamp.wrapping_add(wanted as u32);
        let redundant = self.redundant(timestamp);
        let payload = encode(&mut self.opus, &samples)?;
        self.remember(timestamp, payload.clone());
        Some(EncodedVoice { payload, timestamp, samples: wanted as u32, redundant })
    }

    /// The settings in force.
    pub fn settings(&self) -> VoiceSettings {
        self.settings
    }

    /// The earlier packets that travel along with the one that begins at `timestamp`.
    fn redundant(&self, timestamp: u32) -> Vec<RedundantBlock> {
        let VoiceRedundancy::Red { copies, distance } = self.settings.redundancy else { return Vec::new() };
        let newest_first = self.sent.iter().rev().skip(usize::from(distance.max(1)) - 1);
        let chosen = newest_first.step_by(distance.max(1).into()).take(copies.min(MAX_RED_COPIES).into());
        let mut blocks: Vec<_> = chosen
            .filter_map(|(then, payload)| {
                let offset = u16::try_from(timestamp.wrapping_sub(*then)).ok()?;
                Some(RedundantBlock { offset, payload: payload.clone() })
            })
            .collect();
        blocks.reverse();
        blocks
    }

    fn remember(&mut self, timestamp: u32, payload: Vec<u8>) {
        if self.sent.len() == SENT_KEPT {
            self.sent.pop_front();
        }
        self.sent.push_back((timestamp, payload));
    }

    fn apply(&mut self) -> Result<(), VoiceError> {
        let VoiceSettings { packet_ms, redundancy, expected_loss, .. } = self.settings;
        let total = self.settings.rate.clamp(MIN_RATE, MAX_RATE);
        let rate = match redundancy {
            VoiceRedundancy::Red { copies, .. } => {
                let copies = u64::from(copies.min(MAX_RED_COPIES));
                let header_bits = red::overhead(copies as usize) as u64 * 8_000;
                let headers = DataRate::from_bps(header_bits / u64::from(packet_ms.clamp(20, 120)));
                total.saturating_sub(headers) * (1.0 / (copies + 1) as f64)
            }
            _ => total,
        };
        let rate = rate.max(MIN_RATE);
        let loss = (expected_loss.clamp(0.0, 1.0) * 100.0).round() as i32;
        let widest = match redundancy {
            // Both come from the part of libopus that codes 8 kHz: in wider bands it leaves them out without a word.
            VoiceRedundancy::InBand | VoiceRedundancy::Dred { .. } => Bandwidth::Wide,
            VoiceRedundancy::None | VoiceRedundancy::Red { .. } => widest(rate),
        };
        tune(&mut self.opus, rate, widest, loss)?;
        self.opus.set(EncoderOption::InBandFec(redundancy == VoiceRedundancy::InBand))?;
        let outline = if let VoiceRedundancy::Dred { duration_ms } = redundancy { duration_ms.div_ceil(10) } else { 0 };
        self.opus.set(EncoderOption::DredDuration(i32::from(outline.min(MAX_OUTLINE))))?;
        Ok(())
    }
}

fn voice_encoder() -> Result<RawEncoder, VoiceError> {
    let mut opus = RawEncoder::new()?;
    opus.set(EncoderOption::Complexity(COMPLEXITY))?;
    opus.set(EncoderOption::SignalVoice)?;
    opus.set(EncoderOption::Vbr(true))?;
    opus.set(EncoderOption::ConstrainedVbr(true))?;
    Ok(opus)
}

fn tune(opus: &mut RawEncoder, rate: DataRate, widest: Bandwidth, loss_percent: i32) -> Result<(), VoiceError> {
    opus.set(EncoderOption::Bitrate(i32::try_from(rate.as_bps()).unwrap_or(i32::MAX)))?;
    opus.set(EncoderOption::ExpectedLoss(loss_percent))?;
    opus.set(EncoderOption::MaxBandwidth(widest))
}

/// The widest bandwidth that the rate can fill with sound and not with noise.
fn widest(rate: DataRate) -> Bandwidth {
    match rate.as_kbps() {
        0..8 => Bandwidth::Narrow,
        8..10 => Bandwidth::Medium,
        // The bits are better spent on what is understood: PESQ-WB 4.2 instead of 3.6 at 16 kbps and 4.4 instead of 4.27
        // at 24 kbps, measured on two voices; above, the brighter sound is worth the small rest of the difference.
        10..32 => Bandwidth::Wide,
        _ => Bandwidth::Full,
    }
}

fn encode(opus: &mut RawEncoder, samples: &[f32]) -> Option<Vec<u8>> {
    let mut bytes = vec![0; MAX_PACKET];
    match opus.encode(samples, &mut bytes) {
        Ok(length) => {
            bytes.truncate(length);
            Some(bytes)
        }
        Err(error) => {
            tracing::warn!(%error, "voice packet not coded");
            None
        }
    }
}

fn packet_samples(packet_ms: u8) -> usize {
    let frames = match packet_ms {
        0..40 => 2,
        40..60 => 4,
        60..80 => 6,
        80..100 => 8,
        100..120 => 10,
        _ => 12,
    };
    FRAME * frames
}

/// The most thorough search: a voice packet costs well under a millisecond even so. At complexity 5
/// PESQ-WB was 0.18 lower with a tenth lost; transform coding alone, for half of the work, was 0.55 lower at 40 kbps.
const COMPLEXITY: i32 = 10;
/// What libopus accepts at least (RFC 6716 §2.1.1).
const MIN_RATE: DataRate = DataRate::from_kbps(6);
/// More is wasted on a mono voice.
const MAX_RATE: DataRate = DataRate::from_kbps(128);
/// Larger than any packet at half of `MAX_RATE` (960 bytes in 120 ms), smaller than the path MTU.
const MAX_PACKET: usize = 1_100;
/// Enough for the farthest copy that RED's offsets allow, at 20 ms.
const SENT_KEPT: usize = 17;
/// 1,040 ms in steps of 10 ms, what libopus takes at most.
const MAX_OUTLINE: u16 = 104;
