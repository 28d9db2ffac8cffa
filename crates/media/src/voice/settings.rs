//! How a voice is to be coded.

use units::DataRate;

/// What the encoder is to do with the voice.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct VoiceSettings {
    /// Bits per second of all payload, redundancy and RED's headers included: what the packets' own headers cost is the
    /// caller's to subtract. 6 to 128 kbps are kept.
    pub rate: DataRate,
    /// Milliseconds of voice in a packet: 20, 40, 60, 80, 100 or 120; another value means the next lower of these, or 20.
    pub packet_ms: u8,
    /// How what is lost comes a second time.
    pub redundancy: Redundancy,
    /// The share of packets that is expected to be lost, 0 to 1: how robust the codec makes what it writes.
    pub expected_loss: f32,
}

impl Default for VoiceSettings {
    fn default() -> Self {
        Self { rate: DataRate::from_kbps(40), packet_ms: 20, redundancy: Redundancy::None, expected_loss: 0.0 }
    }
}

/// How what is lost comes a second time, in a later packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Redundancy {
    /// It does not: the receiver makes it up.
    #[default]
    None,
    /// Each packet carries a coarse copy of the one before, if libopus finds the rate sufficient (in-band FEC, RFC 6716
    /// §2.1.7).
    InBand,
    /// Whole earlier packets ride along (RFC 2198), the very same bytes: a coarser copy from another encoder leaves the
    /// decoder in a state that its successor does not fit (PESQ-WB 2.6 instead of 3.6). The receiver must have agreed to it.
    Red {
        /// How many earlier packets: 1 to [`MAX_RED_COPIES`].
        copies: u8,
        /// How many packets lie from each copy to the next newer one: 1 or more. Farther copies outlive longer bursts and
        /// are longer waited for.
        distance: u8,
    },
    /// Deep redundancy: a neural codec's outline of the last so many milliseconds, in Opus's padding; receivers that do
    /// not know it ignore it (draft-ietf-mlcodec-opus-dred).
    Dred {
        /// How far back it reaches at most: up to 1,000.
        duration_ms: u16,
    },
}

/// More than that no link of ours has room for, and RED's 14-bit offsets end at 341 ms.
pub const MAX_RED_COPIES: u8 = 3;
