//! How much one side takes from the other.

use std::time::Duration;

use units::Timestamp;

use crate::Kind;

/// What is taken at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The largest file, in bytes.
    pub most_bytes: u64,
    /// Transfers of one direction that are not over yet.
    pub most_open: usize,
    /// The longest photograph, which who asked for it takes without being asked.
    pub most_still_bytes: u64,
}

impl Limits {
    /// The longest of this kind.
    pub(crate) const fn most(&self, kind: Kind) -> u64 {
        match kind {
            Kind::File => self.most_bytes,
            Kind::Still => self.most_still_bytes,
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            // What FAT32, the way of a memory stick, can hold is 4 GiB; half of it is an hour of a link of 5 Mbps.
            most_bytes: 2 * 1024 * 1024 * 1024,
            most_open: 16,
            // Of the largest cameras, at the best quality.
            most_still_bytes: 32 * 1024 * 1024,
        }
    }
}

/// Lets so many offers in: a burst, then one each second.
#[derive(Debug, Clone, Copy)]
pub(crate) struct OfferRate {
    left: u32,
    filled: Timestamp,
}

impl OfferRate {
    /// Two lost connections with all that may be open, and the person's own beside it.
    const BURST: u32 = 48;
    const EACH: Duration = Duration::from_secs(1);

    pub(crate) const fn new() -> Self {
        Self { left: Self::BURST, filled: Timestamp::ZERO }
    }

    /// Whether one more is looked at.
    pub(crate) fn lets_in(&mut self, now: Timestamp) -> bool {
        let passed = now.since(self.filled).as_secs();
        if passed > 0 {
            self.filled += Self::EACH * u32::try_from(passed).unwrap_or(u32::MAX);
            self.left = self.left.saturating_add(u32::try_from(passed).unwrap_or(u32::MAX)).min(Self::BURST);
        }
        let lets_in = self.left > 0;
        self.left = self.left.saturating_sub(1);
        lets_in
    }
}
