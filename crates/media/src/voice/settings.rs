//! How a voice is to be coded.

use units::{DataRate, VoiceRedundancy};

/// What the encoder is to do with the voice.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct VoiceSettings {
    /// Bits per second of all payload, redundancy and RED's headers included: what the packets' own headers cost is the
    /// caller's to subtract. 6 to 128 kbps are kept.
    pub rate: DataRate,
    /// Milliseconds of voice in a packet: 20, 40, 60, 80, 100 or 120; another value means the next lower of these, or 20.
    pub packet_ms: u8,
    /// How what is lost comes a second time.
    pub redundancy: VoiceRedundancy,
    /// The share of packets that is expected to be lost, 0 to 1: how robust the codec makes what it writes.
    pub expected_loss: f32,
}

impl Default for VoiceSettings {
    fn default() -> Self {
        Self { rate: DataRate::from_kbps(40), packet_ms: 20, redundancy: VoiceRedundancy::None, expected_loss: 0.0 }
    }
}

/// More than that no link of ours has room for, and RED's 14-bit offsets end at 341 ms.
pub const MAX_RED_COPIES: u8 = 3;
