//! What a receiver says of itself.

/// What became of the voice so far.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct ReceiverStats {
    /// Milliseconds of voice that wait now, decoded or not.
    pub buffer_ms: f32,
    /// Milliseconds that voice shall wait for later packets, by the delays and losses seen lately.
    pub target_ms: f32,
    /// Milliseconds after the earliest possible moment at which voice is heard now; zero while nothing is.
    pub playout_delay_ms: f32,
    /// Samples handed out, made-up ones included, silence before the first packet and in long pauses not.
    pub played_samples: u64,
    /// Those that were made up because nothing was there.
    pub concealed_samples: u64,
    /// Those that came from the coarse copy in the next packet (in-band FEC).
    pub fec_samples: u64,
    /// Those that came from a copy which rode along with a later packet (RED).
    pub red_samples: u64,
    /// Those that were restored from the outline in a later packet (DRED).
    pub dred_samples: u64,
    /// Samples inserted by stretching, to let the buffer grow.
    pub stretched_samples: u64,
    /// Samples left out by shrinking, to let the buffer drain.
    pub shrunk_samples: u64,
    /// Samples skipped because far too much waited.
    pub skipped_samples: u64,
    /// Packets pushed.
    pub packets: u64,
    /// Packets that came after their time was over.
    pub late_packets: u64,
    /// Packets that had come before.
    pub repeated_packets: u64,
    /// Packets that were no voice, or of no voice heard so far.
    pub refused_packets: u64,
}

impl ReceiverStats {
    /// Samples that were lost and came back, by whatever way.
    pub fn recovered_samples(&self) -> u64 {
        self.fec_samples + self.red_samples + self.dred_samples
    }
}
