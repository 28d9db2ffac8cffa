//! What goes into a peer connection and what comes out of it.

use bytes::Bytes;
use tokio::sync::mpsc;
use units::Timestamp;

use crate::PeerEvent;

/// The receiving ends of a [`crate::Peer`]. Each must be drained.
#[derive(Debug)]
pub struct PeerStreams {
    /// Bounded. Control messages wait when it is full (so the other side's sender waits too); estimates are dropped.
    pub events: mpsc::Receiver<PeerEvent>,
    /// Received voice, as it came: not in order, now and then twice. Bounded; the newest is dropped when full.
    pub voice: mpsc::Receiver<ReceivedPacket>,
    /// Received picture packets, retransmitted ones among them, likewise.
    pub picture: mpsc::Receiver<ReceivedPacket>,
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
    /// Opus packet, or RFC 6184 payload.
    pub payload: Bytes,
    /// When it came out of the connection.
    pub arrived: Timestamp,
}

/// A voice packet to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VoiceOut {
    /// One Opus packet.
    pub payload: Bytes,
    /// RTP timestamp, 48 kHz.
    pub timestamp: u32,
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
    /// When the camera saw it: how stale it may get before it is dropped unsent counts from here.
    pub captured: Timestamp,
}
