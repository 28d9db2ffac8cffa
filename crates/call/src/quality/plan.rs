//! What the encoders are to do.

use std::time::Duration;

use units::{DataRate, VoiceRedundancy};

/// What the voice encoder is to do.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct VoicePlan {
    /// The rate of all payload, redundancy included, the packets' headers not counted.
    pub rate: DataRate,
    /// Milliseconds of voice in a packet: 20, 40, 60 or 100.
    pub packet_ms: u8,
    /// How what is lost comes a second time.
    pub redundancy: VoiceRedundancy,
    /// The share of packets that the encoder is to expect lost, 0 to 1.
    pub expected_loss: f32,
}

impl VoicePlan {
    /// What it takes on the wire, headers counted.
    pub fn wire_rate(&self) -> DataRate {
        self.rate + overhead(self.packet_ms)
    }
}

/// What the headers of voice packets take on the wire.
pub(super) fn overhead(packet_ms: u8) -> DataRate {
    DataRate::from_bps(VOICE_OVERHEAD_BYTES * 8 * 1_000 / u64::from(packet_ms.max(1)))
}

/// What RED's own headers take of the payload's rate (RFC 2198 section 3: four bytes a copy, one for the newest).
pub(super) fn red_overhead(copies: u8, packet_ms: u8) -> DataRate {
    let bits = (u64::from(copies) * 4 + 1) * 8 * 1_000;
    DataRate::from_bps(bits / u64::from(packet_ms.max(1)))
}

/// Bytes around a voice packet: IPv4 20, UDP 8, RTP 12, header extensions (mid, transport-wide numbers) 8, AES-GCM's
/// tag 16. Measured on our own calls.
const VOICE_OVERHEAD_BYTES: u64 = 64;

/// What the picture encoder is to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PicturePlan {
    /// No picture is sent.
    Off(PictureOff),
    /// A picture is sent.
    On {
        /// At most so many rows; the width follows from the camera's shape.
        height: u32,
        /// At most so many pictures a second.
        fps: u32,
        /// The encoder's rate, headers not counted.
        rate: DataRate,
    },
    /// One sharp picture every few seconds is sent: the link is too thin for one that moves.
    Slides {
        /// At most so many rows; the width follows from the camera's shape.
        height: u32,
        /// From one to the next, at least.
        every: Duration,
        /// What they take on average, headers not counted.
        rate: DataRate,
    },
}

impl PicturePlan {
    /// Its rate; zero without a picture.
    pub const fn rate(&self) -> DataRate {
        match self {
            Self::Off(_) => DataRate::ZERO,
            Self::On { rate, .. } | Self::Slides { rate, .. } => *rate,
        }
    }
}

/// Why no picture is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PictureOff {
    /// There is no camera, or it is gone.
    NoCamera,
    /// The person stopped it.
    CameraOff,
    /// They have nothing to show it on.
    NotWanted,
    /// The link carries the voice alone.
    LinkTooThin,
}

impl PictureOff {
    /// Its name, for reports and logs.
    pub const fn name(self) -> &'static str {
        match self {
            Self::NoCamera => "no_camera",
            Self::CameraOff => "camera_off",
            Self::NotWanted => "not_wanted",
            Self::LinkTooThin => "link_too_thin",
        }
    }
}
