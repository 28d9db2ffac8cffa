//! A voice as packets and back: Opus (RFC 6716) at 48 kHz mono, in frames of 10 ms on both outer sides.

mod decoder;
mod delay;
mod encoder;
mod jitter_buffer;
mod receiver;
mod time_scale;

use std::fmt;

use units::DataRate;

pub use decoder::{Decoder, OpusDecoder};
pub use encoder::{EncodedVoice, Encoder};
pub use receiver::{Receiver, ReceiverStats};

/// Samples in a second, in everything here and on the wire (RFC 7587 §4.1: the RTP clock of Opus is always 48 kHz).
pub const SAMPLE_RATE: u32 = 48_000;

/// Samples in the 10 ms that callers push and pull.
pub const FRAME: usize = 480;

const MICROS_PER_SECOND: i64 = 1_000_000;

/// How a voice is to be coded.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct VoiceSettings {
    /// Bits per second of payload: what the packets' headers cost is the caller's to subtract. 6 to 128 kbps are kept.
    pub rate: DataRate,
    /// Milliseconds of voice in a packet: 20, 40 or 60; another value means the next lower of these, or 20.
    pub packet_ms: u8,
    /// Whether each packet carries a coarse copy of the one before (in-band FEC, RFC 6716 §2.1.7).
    pub fec: bool,
    /// The share of packets that is expected to be lost, 0 to 1: how much of the rate FEC may have.
    pub expected_loss: f32,
}

impl Default for VoiceSettings {
    fn default() -> Self {
        Self { rate: DataRate::from_kbps(40), packet_ms: 20, fec: false, expected_loss: 0.0 }
    }
}

/// A voice packet as it came from the network, out of order and twice if need be.
#[derive(Clone, PartialEq, Eq)]
pub struct VoicePacket {
    /// RTP sequence number.
    pub sequence: u16,
    /// RTP timestamp, 48 kHz.
    pub timestamp: u32,
    /// The Opus packet.
    pub payload: Vec<u8>,
}

impl fmt::Debug for VoicePacket {
    /// Without what is said.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VoicePacket({}, {}, {} bytes)", self.sequence, self.timestamp, self.payload.len())
    }
}

/// libopus refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("The voice codec failed: {0}.")]
pub struct VoiceError(String);

impl From<opus::Error> for VoiceError {
    fn from(error: opus::Error) -> Self {
        Self(error.to_string())
    }
}
