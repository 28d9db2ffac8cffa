//! Whether the bottleneck has become faster: what a large packet took longer than the quickest small one.
//!
//! No packet gets through the bottleneck in less time than its bits take there. Each therefore proves a rate that the
//! link carries at least, whatever little is sent: a queue, jitter and other flows make the proof weaker and never too
//! strong. What it proves is too coarse to be the estimate (a shaper with a bucket lets single packets through at the
//! speed of the wire, a shared link is another's as well), but when much more is proved than in all the seconds before,
//! the link has changed, and a probe that is sent at once will say to what. (Packets of different sizes for the rate of a
//! bottleneck: Jacobson's pathchar, 1997.)

use std::collections::VecDeque;
use std::time::Duration;

use units::{DataRate, Timestamp};

/// What is proved is gathered for so long: a handful of large packets on the thinnest link that carries any.
const SLOT: Duration = Duration::from_millis(500);

/// It is compared with that of as many before, ten seconds, and with three at least.
const SLOTS: usize = 20;
const LEAST_SLOTS: usize = 3;

/// So much more is another link, and worth a probe.
const MORE: f64 = 1.5;

/// Timers' grain at both ends.
const GRAIN: Duration = Duration::from_millis(1);

#[derive(Debug, Default)]
pub(super) struct Passages {
    slots: VecDeque<Slot>,
    quickest: Option<i64>,
}

/// The two best proofs; the second counts: one packet may have been lucky.
#[derive(Debug, Clone, Copy)]
struct Slot {
    from: Timestamp,
    best: f64,
    second: f64,
}

impl Passages {
    /// What was before is not the same link.
    pub(super) fn forget(&mut self) {
        self.slots.clear();
    }

    /// The quickest lately took so long, by two clocks. If that is more than it was, all others seem quicker than they are.
    pub(super) fn set_quickest(&mut self, delay: i64) {
        if self.quickest.replace(delay).is_some_and(|before| delay > before) {
            self.forget();
        }
    }

    /// A packet with so many bytes more than the quickest lately took so much longer.
    pub(super) fn on_packet(&mut self, now: Timestamp, more_bytes: usize, longer: Duration) {
        let proves = more_bytes as f64 * 8.0 / (longer + GRAIN).as_secs_f64();
        if self.slots.back().is_none_or(|slot| now.since(slot.from) >= SLOT) {
            self.slots.push_back(Slot { from: now, best: 0.0, second: 0.0 });
            if self.slots.len() > SLOTS + 1 {
                self.slots.pop_front();
            }
        }
        let Some(slot) = self.slots.back_mut() else { return };
        if proves > slot.best {
            (slot.best, slot.second) = (proves, slot.best);
        } else {
            slot.second = slot.second.max(proves);
        }
    }

    /// Whether the link carries much more than `rate`, and than it did.
    pub(super) fn has_widened(&self, rate: DataRate) -> bool {
        let mut earlier = self.slots.iter();
        let Some(newest) = earlier.next_back().filter(|_| earlier.len() >= LEAST_SLOTS) else { return false };
        let known = earlier.map(|slot| slot.second).fold(rate.as_bps() as f64, f64::max);
        newest.second > known * MORE
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether and when, in milliseconds, more is seen on a link whose rate is that of `kbps` after so many milliseconds,
    /// with `queue_ms` before each packet; 100 kbps are sent.
    fn seen(kbps: impl Fn(u64) -> u64, queue_ms: impl Fn(u64) -> u64) -> Option<u64> {
        let mut passages = Passages::default();
        (0..30_000).step_by(40).find(|at| {
            let bytes = if at % 80 == 0 { 1_100 } else { 20 };
            let took = DataRate::from_kbps(kbps(*at)).time_for(bytes as u64) + Duration::from_millis(queue_ms(*at));
            passages.on_packet(Timestamp::from_millis(1_000 + at), bytes, took);
            passages.has_widened(DataRate::from_kbps(100))
        })
    }

    #[test]
    fn a_link_that_widens_is_seen_after_two_packets() {
        let seen = seen(|at| if at < 10_000 { 150 } else { 1_000 }, |_| 0).expect("seen");
        assert!((10_000..10_200).contains(&seen), "{seen}");
    }

    #[test]
    fn jitter_and_queues_prove_nothing_that_is_not_so() {
        assert_eq!(seen(|_| 150, |at| at * 7 % 60), None);
        assert_eq!(seen(|at| if at < 10_000 { 1_000 } else { 150 }, |at| if at > 10_000 { 500 } else { 0 }), None);
    }

    #[test]
    fn a_wide_link_of_which_little_is_used_is_no_news() {
        assert_eq!(seen(|_| 2_000, |_| 0), None);
    }
}
