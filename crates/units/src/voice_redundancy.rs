/// How what is lost of a voice comes a second time, in a later packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum VoiceRedundancy {
    /// It does not: the receiver makes it up.
    #[default]
    None,
    /// Each packet carries a coarse copy of the one before, if libopus finds the rate sufficient (in-band FEC, RFC 6716
    /// section 2.1.7).
    InBand,
    /// Whole earlier packets ride along (RFC 2198), the very same bytes: a coarser copy from another encoder leaves the
    /// decoder in a state that its successor does not fit (PESQ-WB 2.6 instead of 3.6). The receiver must have agreed to it.
    Red {
        /// How many earlier packets: 1 to 3.
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
