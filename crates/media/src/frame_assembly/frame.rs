//! What goes into frame assembly and what comes out.

use std::fmt;

use units::Timestamp;

/// A packet of picture as it came from the network, out of order and twice if need be.
#[derive(Clone, PartialEq, Eq)]
pub struct PicturePacket {
    /// RTP sequence number, of the original packet if this is a retransmission.
    pub sequence: u16,
    /// RTP timestamp, 90 kHz.
    pub timestamp: u32,
    /// Whether this is the last packet of its picture.
    pub marker: bool,
    /// An RFC 6184 payload; empty for a packet that only filled the link.
    pub payload: Vec<u8>,
}

impl fmt::Debug for PicturePacket {
    /// Without what it shows.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { sequence, timestamp, marker, payload } = self;
        write!(f, "PicturePacket({sequence}, {timestamp}, marker: {marker}, {} bytes)", payload.len())
    }
}

/// A whole picture, all of whose references were handed out before.
#[derive(Clone, PartialEq, Eq)]
pub struct AssembledFrame {
    /// The H.264 access unit with start codes.
    pub annexb: Vec<u8>,
    /// RTP timestamp, 90 kHz.
    pub timestamp: u32,
    /// Whether it needs no reference.
    pub key: bool,
    /// When its last packet came.
    pub arrived: Timestamp,
}

impl fmt::Debug for AssembledFrame {
    /// Without what it shows.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { annexb, timestamp, key, arrived } = self;
        write!(f, "AssembledFrame({timestamp}, key: {key}, {} bytes, {arrived:?})", annexb.len())
    }
}

/// What became of the pictures so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct AssemblyStats {
    /// Packets pushed, repeated ones included.
    pub packets: u64,
    /// Packets that had come before or came after their picture was given up.
    pub useless_packets: u64,
    /// Pictures handed out.
    pub frames: u64,
    /// Key frames among them.
    pub key_frames: u64,
    /// Pictures of which something came but which were never handed out.
    pub dropped_frames: u64,
}
