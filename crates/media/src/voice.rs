//! A voice as packets and back: Opus (RFC 6716) at 48 kHz mono, in frames of 10 ms on both outer sides.

mod decoder;
mod delay;
mod encoder;
mod jitter_buffer;
mod look_ahead;
mod opus_raw;
mod playout;
mod receiver;
mod receiver_stats;
pub mod red;
mod settings;
mod steering;
mod time_scale;

use std::fmt;

pub use decoder::{Decoder, OpusDecoder};
pub use encoder::{EncodedVoice, Encoder, RedundantBlock};
pub use receiver::{MOST_FOR_LIPS, Receiver};
pub use receiver_stats::ReceiverStats;
pub use settings::{MAX_RED_COPIES, VoiceSettings};

/// Samples in a second, in everything here and on the wire (RFC 7587 §4.1: the RTP clock of Opus is always 48 kHz).
pub const SAMPLE_RATE: u32 = 48_000;

/// Samples in the 10 ms that callers push and pull.
pub const FRAME: usize = 480;

const MICROS_PER_SECOND: i64 = 1_000_000;

/// A voice packet as it came from the network, out of order and twice if need be.
#[derive(Clone, PartialEq, Eq)]
pub struct VoicePacket {
    /// RTP sequence number.
    pub sequence: u16,
    /// RTP timestamp, 48 kHz.
    pub timestamp: u32,
    /// The Opus packet.
    pub payload: Vec<u8>,
    /// Earlier packets that came along with it (RED); empty otherwise.
    pub redundant: Vec<RedundantBlock>,
}

impl fmt::Debug for VoicePacket {
    /// Without what is said.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "VoicePacket({}, {}, {} bytes, {} blocks)",
            self.sequence,
            self.timestamp,
            self.payload.len(),
            self.redundant.len()
        )
    }
}

/// libopus refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("The voice codec failed: {0}.")]
pub struct VoiceError(String);

fn micros_of(samples: i64) -> i64 {
    samples.saturating_mul(MICROS_PER_SECOND / 1_000) / i64::from(SAMPLE_RATE / 1_000)
}

fn samples_of(micros: i64) -> i64 {
    micros.saturating_mul(i64::from(SAMPLE_RATE / 1_000)) / (MICROS_PER_SECOND / 1_000)
}
