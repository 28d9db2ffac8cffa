//! Jitter buffer and playout: packets in at any time, 10 ms of voice out whenever asked.

use units::Timestamp;

use super::{Decoder, FRAME, OpusDecoder, VoiceError, VoicePacket};

/// What became of the voice so far.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct ReceiverStats {
    /// Milliseconds of voice that wait now, decoded or not.
    pub buffer_ms: f32,
    /// Milliseconds that shall wait, by the delays seen lately.
    pub target_ms: f32,
    /// Samples handed out since the first packet came.
    pub played_samples: u64,
    /// Those among them that were made up because nothing was there.
    pub concealed_samples: u64,
    /// Those among them that came from the coarse copy in a later packet.
    pub recovered_samples: u64,
    /// Samples inserted by stretching, to let the buffer grow.
    pub stretched_samples: u64,
    /// Samples left out by shrinking, to let the buffer drain.
    pub shrunk_samples: u64,
    /// Packets pushed.
    pub packets: u64,
    /// Packets that came after their time was over.
    pub late_packets: u64,
    /// Packets that had come before.
    pub repeated_packets: u64,
}

/// One far voice: order, delay and loss in, an even stream out.
#[derive(Debug)]
pub struct Receiver<D = OpusDecoder> {
    #[expect(dead_code, reason = "filled in by the next change")]
    decoder: D,
    stats: ReceiverStats,
}

impl Receiver {
    /// A receiver of Opus that has heard nothing.
    pub fn new() -> Result<Self, VoiceError> {
        Ok(Self::with_decoder(OpusDecoder::new()?))
    }
}

impl<D: Decoder> Receiver<D> {
    /// A receiver with another codec.
    pub fn with_decoder(decoder: D) -> Self {
        Self { decoder, stats: ReceiverStats::default() }
    }

    /// Takes a packet that arrived at `now`.
    pub fn push(&mut self, _now: Timestamp, _packet: VoicePacket) {
        self.stats.packets += 1;
    }

    /// Fills the next 10 ms to be heard, with silence while nothing has come yet. Call it every 10 ms.
    pub fn pull(&mut self, _now: Timestamp, out: &mut [f32; FRAME]) {
        out.fill(0.0);
    }

    /// What became of the voice so far.
    pub fn stats(&self) -> ReceiverStats {
        self.stats
    }
}
