//! A thin path so full that all that is said comes late, and how long it takes to empty it.
//!
//! A call may begin when the queue stands already: looking for the path, the handshake and what the server was asked fill a
//! second of a link of 30 kbps. Then no packet was ever quick, and the lowest delay is that of a full queue. Only that it goes
//! on falling while less is sent tells how far down the bottom is (as BBR looks for the least round trip:
//! draft-cardwell-iccrg-bbr-congestion-control-02, §4.3.4).

use std::time::Duration;

use units::Timestamp;

/// On a thin path a queue of this length is drained however long that takes: no noise looks like that, and all that is said
/// would come so late for as long as the path is used to the full.
const LONG: Duration = Duration::from_millis(300);

/// At first a round trip so much above the least is a queue as well, though no packet was quicker. It may be that of the other
/// way: then nothing falls, and it is over soon.
const LONG_ROUND_TRIP: Duration = Duration::from_millis(600);

/// The lowest delay has fallen when it is lower by this: less is the noise of packets that are a little smaller.
const FALLEN: Duration = Duration::from_millis(15);

/// When it has not fallen for so long it is the bottom: a report of a thin path or two.
const BOTTOM_AFTER: Duration = Duration::from_millis(1_000);

/// Whether a long queue is being emptied.
#[derive(Debug, Default)]
pub(super) struct LongQueue {
    lowest: Option<i64>,
    fell: Timestamp,
    drains: bool,
    /// What stands at first is looked into once: then what was the lowest delay is the bottom.
    knows_bottom: bool,
}

impl LongQueue {
    /// Nothing was sent yet, and the path was so slow before that it must be full.
    pub(super) fn expect(&mut self, now: Timestamp) {
        (self.drains, self.fell, self.knows_bottom) = (true, now, true);
    }

    /// A report came: the queue stands at `standing` above a delay of `base` microseconds, and the round trip is `waits` above
    /// the least. What is below `short` is none.
    pub(super) fn on_report(
        &mut self,
        now: Timestamp,
        standing: Duration,
        base: i64,
        waits: Duration,
        short: Duration,
    ) {
        let fallen = i64::try_from(FALLEN.as_micros()).unwrap_or(i64::MAX);
        if self.lowest.is_none_or(|lowest| base < lowest.saturating_sub(fallen)) {
            (self.lowest, self.fell) = (Some(base), now);
        } else if self.lowest.is_some_and(|lowest| base > lowest) {
            // The old one is of another time or path.
            self.lowest = Some(base);
        }
        let begins_late = waits >= LONG_ROUND_TRIP && !self.knows_bottom;
        self.knows_bottom = true;
        if !self.drains && (standing > LONG || begins_late) {
            (self.drains, self.fell) = (true, now);
        } else if self.drains && standing <= short && now.since(self.fell) >= BOTTOM_AFTER {
            self.drains = false;
        }
    }

    /// This path is not thin, or not any more.
    pub(super) fn forget(&mut self) {
        *self = Self::default();
    }

    /// Whether no more than what lets it empty is to be sent.
    pub(super) fn drains(&self) -> bool {
        self.drains
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHORT: Duration = Duration::from_millis(40);

    fn at(millis: u64) -> Timestamp {
        Timestamp::from_micros(millis * 1_000)
    }

    fn millis(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    #[test]
    fn a_queue_that_stood_before_the_first_packet_is_emptied_to_its_bottom() {
        let mut queue = LongQueue::default();
        let mut base = 1_000_000;
        for report in 0..10 {
            queue.on_report(at(report * 400), Duration::ZERO, base, millis(900), SHORT);
            assert!(queue.drains(), "report {report}");
            base -= 60_000;
        }
        let bottom = 10 * 400;
        queue.on_report(at(bottom), millis(10), base, millis(300), SHORT);
        queue.on_report(at(bottom + 500), millis(10), base, millis(300), SHORT);
        assert!(queue.drains());
        queue.on_report(at(bottom + 1_100), millis(10), base, millis(300), SHORT);
        assert!(!queue.drains());
    }

    #[test]
    fn a_round_trip_that_the_other_way_makes_long_is_answered_once() {
        let mut queue = LongQueue::default();
        let drained = (0..100u64).filter(|report| {
            queue.on_report(at(report * 200), millis(5), 70_000, millis(800), SHORT);
            queue.drains()
        });
        assert!((4..=7).contains(&drained.count()));
        queue.on_report(at(20_000), millis(5), 70_000, millis(100), SHORT);
        queue.on_report(at(20_200), millis(5), 70_000, millis(800), SHORT);
        assert!(!queue.drains());
    }

    #[test]
    fn a_queue_that_is_expected_is_looked_into_from_the_first_packet_on_and_not_for_long_if_it_is_none() {
        let mut queue = LongQueue::default();
        queue.expect(at(0));
        assert!(queue.drains());
        let drained = (1..20u64).filter(|report| {
            queue.on_report(at(report * 200), millis(5), 70_000, millis(0), SHORT);
            queue.drains()
        });
        assert_eq!(drained.count(), 5, "a second from the first report on");
    }

    #[test]
    fn a_long_queue_is_drained_until_it_is_short() {
        let mut queue = LongQueue::default();
        for (report, standing) in [290, 310, 200, 100, 60, 60, 60, 60, 60, 60, 60, 60].into_iter().enumerate() {
            queue.on_report(at(report as u64 * 400), millis(standing), 0, millis(standing), SHORT);
            assert_eq!(queue.drains(), report > 0);
        }
        queue.on_report(at(5_000), millis(30), 0, millis(30), SHORT);
        assert!(!queue.drains());
    }
}
