//! How long packets wait in the path's queues: the one-way delay above the lowest seen.

use std::time::Duration;

use units::Timestamp;

use super::history::Told;

/// The lowest delay is looked for in two windows of this length, the running one and the one before: long enough to
/// contain a moment with an empty queue, short enough to follow a new route and the drift of two clocks (100 ppm is
/// 1.5 ms in it).
const WINDOW: Duration = Duration::from_secs(15);

/// Delays are differences of two clocks with different origins: in microseconds, of any sign. The size of the packet that
/// took so long is kept with them.
#[derive(Debug, Default)]
pub(super) struct QueueDelay {
    window_from: Timestamp,
    lowest: Option<(i64, usize)>,
    lowest_before: Option<(i64, usize)>,
    standing: Duration,
}

impl QueueDelay {
    /// The packets of one report. `held` keeps the lowest delay: another's queue stands, and would be in it before long.
    pub(super) fn on_report(&mut self, now: Timestamp, packets: &[Told], held: bool) {
        // The lowest of a report is the standing queue: bursts of our own and jitter only add to it.
        let Some(lowest) = packets.iter().filter_map(|told| Some((delay(told)?, told.sent.bytes))).min() else {
            return;
        };
        if self.lowest.is_none() || (!held && now.since(self.window_from) > WINDOW) {
            self.window_from = now;
            self.lowest_before = self.lowest;
            self.lowest = Some(lowest);
        }
        self.lowest = self.lowest.map(|old| old.min(lowest));
        let base = self.base().unwrap_or(lowest);
        self.standing = Duration::from_micros((lowest.0 - base.0).max(0).unsigned_abs());
    }

    /// The delay and the bytes of the quickest packet lately.
    pub(super) fn base(&self) -> Option<(i64, usize)> {
        self.lowest.into_iter().chain(self.lowest_before).min()
    }

    /// How long the least delayed packet of the last report waited.
    pub(super) fn standing(&self) -> Duration {
        self.standing
    }
}

/// By two clocks.
pub(super) fn delay(told: &Told) -> Option<i64> {
    Some(told.received?.as_micros().cast_signed() - told.sent.at.as_micros().cast_signed())
}
