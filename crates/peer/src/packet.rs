//! What goes into a peer connection and what comes out of it.

use bytes::Bytes;
use tokio::sync::mpsc;
use units::Timestamp;

use crate::{BulkStreams, PeerEvent};

/// The receiving ends of a [`crate::Peer`]. Each must be drained.
#[derive(Debug)]
pub struct PeerStreams {
    /// Bounded. Control messages wait when it is full (so the other side's sender waits too); estimates are dropped.
    pub events: mpsc::Receiver<PeerEvent>,
    /// Received voice, as it came: not in order, now and then twice. Bounded; the newest is dropped when full.
    pub voice: mpsc::Receiver<ReceivedPacket>,
    /// Received picture packets, retransmitted ones among them, likewise.
    pub picture: mpsc::Receiver<ReceivedPacket>,
    /// Pieces of files.
    pub bulk: BulkStreams,
}

/// In which form voice is in a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum VoiceFormat {
    /// One Opus packet (RFC 7587).
    Opus,
    /// One Opus packet, and before it copies of earlier ones (RFC 2198).
    Red,
}

/// The RTP payload types that a side takes voice as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct VoiceFormats {
    /// Opus: also what the blocks in RED are marked with.
    pub opus: u8,
    /// RED, if both sides know it.
    pub red: Option<u8>,
}

/// An RTP packet from the other side, decrypted, with retransmission undone (RFC 4588).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceivedPacket {
    /// RTP sequence number.
    pub sequence: u16,
    /// RTP timestamp: 48 kHz for voice, 90 kHz for picture.
    pub timestamp: u32,
    /// Voice: first of a talkspurt. Picture: last of a frame.
    pub marker: bool,
    /// Voice in its [`format`](Self::format), or RFC 6184 payload.
    pub payload: Bytes,
    /// In which form this voice came; `None` for picture.
    pub format: Option<VoiceFormat>,
    /// When it came out of the connection.
    pub arrived: Timestamp,
}

/// A voice packet to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VoiceOut {
    /// As `format` says.
    pub payload: Bytes,
    /// What the payload is. [`VoiceFormat::Red`] is not sent to who does not take it (see
    /// [`voice_formats`](crate::Peer::voice_formats)).
    pub format: VoiceFormat,
    /// RTP timestamp of the first sample, 48 kHz; with RED, of the newest block's.
    pub timestamp: u32,
    /// When that sample was spoken: the other side shows the picture of that moment with it.
    pub captured: Timestamp,
    /// First packet after silence (RFC 3551, section 4.1).
    pub marker: bool,
}

/// An encoded picture to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PictureOut {
    /// H.264 NAL units with start codes.
    pub annexb: Bytes,
    /// RTP timestamp, 90 kHz.
    pub timestamp: u32,
    /// Whether it can be decoded by itself.
    pub key: bool,
    /// Its temporal layer: it needs pictures of its own and lower ones only, and those of layer 0 only each other.
    pub layer: u8,
    /// When the camera saw it: how stale it may get before it is dropped unsent counts from here.
    pub captured: Timestamp,
    /// One of a slow slideshow: worth waiting for, and in packets so small that none holds the voice up.
    pub slide: bool,
}
