//! How long packets wait in the path's queues: the one-way delay above the lowest seen.

use std::time::Duration;

use units::Timestamp;

/// The lowest delay is looked for in two windows of this length, the running one and the one before: long enough to
/// contain a moment with an empty queue, short enough to follow a new route and the drift of two clocks (100 ppm is
/// 1.5 ms in it).
const WINDOW: Duration = Duration::from_secs(15);

/// Delays are differences of two clocks with different origins: in microseconds, of any sign.
#[derive(Debug, Default)]
pub(super) struct QueueDelay {
    window_from: Timestamp,
    lowest: Option<i64>,
    lowest_before: Option<i64>,
    standing: Duration,
}

impl QueueDelay {
    /// The packets of one report: when each left, and when it arrived by the receiver's clock.
    pub(super) fn on_report(&mut self, now: Timestamp, packets: impl Iterator<Item = (Timestamp, Timestamp)>) {
        let delays =
            packets.map(|(sent, received)| received.as_micros().cast_signed() - sent.as_micros().cast_signed());
        // The lowest of a report is the standing queue: bursts of our own and jitter only add to it.
        let Some(lowest) = delays.min() else {
            return;
        };
        if self.lowest.is_none() || now.since(self.window_from) > WINDOW {
            self.window_from = now;
            self.lowest_before = self.lowest;
            self.lowest = Some(lowest);
        }
        self.lowest = self.lowest.map(|old| old.min(lowest));
        let base = self.lowest.into_iter().chain(self.lowest_before).min().unwrap_or(lowest);
        self.standing = Duration::from_micros((lowest - base).max(0).unsigned_abs());
    }

    /// How long the least delayed packet of the last report waited.
    pub(super) fn standing(&self) -> Duration {
        self.standing
    }
}
