//! From RTP packets to whole pictures that can be decoded.

use std::time::Duration;

use units::Timestamp;

/// A packet of picture as it came from the network, out of order and twice if need be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PicturePacket {
    /// RTP sequence number, of the original packet if this is a retransmission.
    pub sequence: u16,
    /// RTP timestamp, 90 kHz.
    pub timestamp: u32,
    /// Whether this is the last packet of its picture.
    pub marker: bool,
    /// An RFC 6184 payload.
    pub payload: Vec<u8>,
}

/// A whole picture, all whose references were handed out before.
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
    /// Pictures known to have been sent of which some or all never came, or whose reference was missing.
    pub dropped_frames: u64,
}

/// Puts pictures together again: orders packets, leaves out repeated ones, waits for what is missing and gives it up.
#[derive(Debug)]
pub struct FrameAssembler {
    deadline: Duration,
    stats: AssemblyStats,
}

impl FrameAssembler {
    /// An assembler that has seen nothing and waits for a key frame.
    pub fn new() -> Self {
        Self { deadline: DEFAULT_DEADLINE, stats: AssemblyStats::default() }
    }

    /// How long to wait for a retransmission before a picture is given up, from when its first gap showed.
    pub fn set_deadline(&mut self, deadline: Duration) {
        self.deadline = deadline;
    }

    /// Takes a packet.
    pub fn push(&mut self, _now: Timestamp, _packet: PicturePacket) {
        self.stats.packets += 1;
    }

    /// The next picture in order, if it is whole and everything it needs was handed out before.
    pub fn next(&mut self, _now: Timestamp) -> Option<AssembledFrame> {
        None
    }

    /// Tells that the decoder refused the last picture: nothing is handed out before the next key frame.
    pub fn decoder_failed(&mut self) {}

    /// Whether the sender must be asked for a key frame now. True once per request; again when none came for a while.
    pub fn wants_key_frame(&mut self, _now: Timestamp) -> bool {
        false
    }

    /// When to call [`next`](Self::next) and [`wants_key_frame`](Self::wants_key_frame) at the latest though no packet comes.
    pub fn poll_timeout(&self) -> Option<Timestamp> {
        None
    }

    /// What became of the pictures so far.
    pub fn stats(&self) -> AssemblyStats {
        self.stats
    }
}

impl Default for FrameAssembler {
    fn default() -> Self {
        Self::new()
    }
}

/// Two round trips over a slow link, less than what people call a freeze.
const DEFAULT_DEADLINE: Duration = Duration::from_millis(300);
