//! From Opus packets to samples, lost ones included.

use opus::Channels;

use super::{SAMPLE_RATE, VoiceError};

/// What the receiver needs of a codec. Every call appends samples to `out` and answers how many.
pub trait Decoder {
    /// Decodes a packet. On an error nothing was appended and the packet counts as lost.
    fn decode(&mut self, payload: &[u8], out: &mut Vec<f32>) -> Result<usize, VoiceError>;

    /// Decodes the `samples` before `next` from the coarse copy that `next` carries, as far as it carries one.
    fn recover(&mut self, next: &[u8], samples: usize, out: &mut Vec<f32>) -> Result<usize, VoiceError>;

    /// Whether `next` carries a coarse copy of the packet before it.
    fn has_copy(&self, next: &[u8]) -> bool;

    /// Makes up `samples` to follow what was decoded last, fading the longer it goes on.
    fn conceal(&mut self, samples: usize, out: &mut Vec<f32>) -> Result<usize, VoiceError>;

    /// How many samples a packet holds; zero if it is not one.
    fn samples(&self, payload: &[u8]) -> usize;
}

/// libopus.
#[derive(Debug)]
pub struct OpusDecoder {
    opus: opus::Decoder,
}

impl OpusDecoder {
    /// A decoder for 48 kHz mono.
    pub fn new() -> Result<Self, VoiceError> {
        Ok(Self { opus: opus::Decoder::new(SAMPLE_RATE, Channels::Mono)? })
    }

    fn decode_into(
        &mut self,
        payload: &[u8],
        samples: usize,
        fec: bool,
        out: &mut Vec<f32>,
    ) -> Result<usize, VoiceError> {
        let start = out.len();
        out.resize(start + samples, 0.0);
        match self.opus.decode_float(payload, &mut out[start..], fec) {
            Ok(decoded) => {
                out.truncate(start + decoded);
                Ok(decoded)
            }
            Err(error) => {
                out.truncate(start);
                Err(error.into())
            }
        }
    }
}

impl Decoder for OpusDecoder {
    fn decode(&mut self, payload: &[u8], out: &mut Vec<f32>) -> Result<usize, VoiceError> {
        if payload.is_empty() {
            return Err(VoiceError("an empty packet".to_owned()));
        }
        self.decode_into(payload, MAX_PACKET_SAMPLES, false, out)
    }

    fn recover(&mut self, next: &[u8], samples: usize, out: &mut Vec<f32>) -> Result<usize, VoiceError> {
        self.decode_into(next, samples, true, out)
    }

    fn has_copy(&self, next: &[u8]) -> bool {
        lbrr_flag(next)
    }

    fn conceal(&mut self, samples: usize, out: &mut Vec<f32>) -> Result<usize, VoiceError> {
        self.decode_into(&[], samples, false, out)
    }

    fn samples(&self, payload: &[u8]) -> usize {
        if payload.is_empty() {
            return 0;
        }
        self.opus.get_nb_samples(payload).unwrap_or(0)
    }
}

/// The LBRR flag of the first Opus frame in a packet (RFC 6716 §4.2.3); CELT-only packets carry no copy.
fn lbrr_flag(packet: &[u8]) -> bool {
    let Some(&toc) = packet.first() else { return false };
    let configuration = toc >> 3;
    // SILK frames of up to 20 ms in an Opus frame (§3.1, table 2).
    let silk_frames = match configuration {
        0..12 => [1, 1, 2, 3][usize::from(configuration % 4)],
        12..16 => 1,
        _ => return false,
    };
    // One voice activity bit for each, then the flag, at the top of the frame's first byte (§4.2.3, mono).
    let Ok(parsed) = opus::packet::parse(packet) else { return false };
    parsed.frames.first().and_then(|frame| frame.first()).is_some_and(|first| first & (0x80 >> silk_frames) != 0)
}

/// 120 ms, the longest Opus packet (RFC 6716 §2.1.4).
const MAX_PACKET_SAMPLES: usize = 5_760;
