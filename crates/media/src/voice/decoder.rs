//! From Opus packets to samples, lost ones included.

use super::VoiceError;
use super::opus_raw::{self, Outline, RawDecoder};

/// What the receiver needs of a codec. Every call that decodes appends samples to `out` and answers how many.
pub trait Decoder {
    /// Decodes a packet. On an error nothing was appended and the packet counts as lost.
    fn decode(&mut self, payload: &[u8], out: &mut Vec<f32>) -> Result<usize, VoiceError>;

    /// Decodes the `samples` before `next` from the coarse copy that `next` carries, as far as it carries one; what lies
    /// before the copy is made up.
    fn recover(&mut self, next: &[u8], samples: usize, out: &mut Vec<f32>) -> Result<usize, VoiceError>;

    /// How many samples right before `next` its coarse copy stands for (in-band FEC); zero if it carries none.
    fn copied(&self, next: &[u8]) -> usize;

    /// How many samples before `next` its deep redundancy (DRED) begins; zero if it carries none.
    fn reach(&mut self, next: &[u8]) -> usize;

    /// Restores `samples` (rounded up to 2.5 ms) that begin `offset` samples before `next`, from its deep redundancy.
    /// The stretches of a gap are restored in their order; what lies outside of the redundancy is made up.
    fn restore(&mut self, next: &[u8], offset: usize, samples: usize, out: &mut Vec<f32>) -> Result<usize, VoiceError>;

    /// Makes up `samples` to follow what was decoded last, fading the longer it goes on.
    fn conceal(&mut self, samples: usize, out: &mut Vec<f32>) -> Result<usize, VoiceError>;

    /// How many samples a packet holds; zero if it is not one.
    fn samples(&self, payload: &[u8]) -> usize;
}

/// libopus.
#[derive(Debug)]
pub struct OpusDecoder {
    opus: RawDecoder,
    outline: Outline,
    /// The packet that `outline` was read from, and how far it reaches: one packet is asked about many times.
    outlined: (Vec<u8>, usize),
}

impl OpusDecoder {
    /// A decoder for 48 kHz mono.
    pub fn new() -> Result<Self, VoiceError> {
        Ok(Self { opus: RawDecoder::new(COMPLEXITY)?, outline: Outline::new()?, outlined: (Vec::new(), 0) })
    }

    /// Appends what `fill` writes into `samples` of room.
    fn append(
        &mut self,
        samples: usize,
        out: &mut Vec<f32>,
        fill: impl FnOnce(&mut RawDecoder, &mut [f32]) -> Result<usize, VoiceError>,
    ) -> Result<usize, VoiceError> {
        let start = out.len();
        out.resize(start + samples, 0.0);
        let filled = fill(&mut self.opus, &mut out[start..]);
        out.truncate(start + filled.as_ref().map_or(0, |filled| (*filled).min(samples)));
        filled
    }
}

impl Decoder for OpusDecoder {
    fn decode(&mut self, payload: &[u8], out: &mut Vec<f32>) -> Result<usize, VoiceError> {
        if payload.is_empty() {
            return Err(VoiceError("an empty packet".to_owned()));
        }
        self.append(MAX_PACKET_SAMPLES, out, |opus, room| opus.decode(Some(payload), false, room))
    }

    fn recover(&mut self, next: &[u8], samples: usize, out: &mut Vec<f32>) -> Result<usize, VoiceError> {
        self.append(codec_samples(samples), out, |opus, room| opus.decode(Some(next), true, room))
    }

    fn copied(&self, next: &[u8]) -> usize {
        opus_raw::in_band_reach(next)
    }

    fn reach(&mut self, next: &[u8]) -> usize {
        if next.is_empty() {
            return 0;
        }
        if self.outlined.0 != next {
            self.outlined.0.clear();
            self.outlined.0.extend_from_slice(next);
            self.outlined.1 = self.outline.read(next, MAX_REACH).unwrap_or(0).min(MAX_REACH);
        }
        self.outlined.1
    }

    fn restore(&mut self, next: &[u8], offset: usize, samples: usize, out: &mut Vec<f32>) -> Result<usize, VoiceError> {
        if self.reach(next) == 0 {
            return Err(VoiceError("no deep redundancy in the packet".to_owned()));
        }
        self.outline.process()?;
        let start = out.len();
        let samples = codec_samples(samples);
        out.resize(start + samples, 0.0);
        let filled = self.opus.decode_outline(&self.outline, offset, &mut out[start..]);
        out.truncate(start + filled.as_ref().map_or(0, |filled| (*filled).min(samples)));
        filled
    }

    fn conceal(&mut self, samples: usize, out: &mut Vec<f32>) -> Result<usize, VoiceError> {
        self.append(codec_samples(samples), out, |opus, room| opus.decode(None, false, room))
    }

    fn samples(&self, payload: &[u8]) -> usize {
        opus_raw::packet_samples(payload)
    }
}

/// libopus fills gaps in multiples of 2.5 ms, and 120 ms at most at a time.
fn codec_samples(samples: usize) -> usize {
    samples.div_ceil(STEP).saturating_mul(STEP).clamp(STEP, MAX_PACKET_SAMPLES)
}

/// From 5 on, libopus fills gaps by a neural network instead of repeating periods: 0.1 to 0.2 of PESQ-WB.
const COMPLEXITY: i32 = 5;
const STEP: usize = 120;
/// 120 ms, the longest Opus packet (RFC 6716 §2.1.4).
const MAX_PACKET_SAMPLES: usize = 5_760;
/// A second, what an encoder can send at most.
const MAX_REACH: usize = 48_000;
