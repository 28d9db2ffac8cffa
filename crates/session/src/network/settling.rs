//! When a change of the network is told: once it has settled, and not as often as a bad cable has it: pure.

use std::time::Duration;

use units::Timestamp;

use super::standing::{Change, Standing};

/// Told how things stand whenever somebody looks.
#[derive(Debug)]
pub(crate) struct Settling {
    told: Standing,
    seen: Standing,
    /// When what is seen began to differ from what was told, and when it last changed.
    restless: Option<(Timestamp, Timestamp)>,
    /// Changes that may be told at once, and from when on there is one more.
    credit: u32,
    refill: Timestamp,
}

impl Settling {
    pub(crate) fn new(standing: Standing) -> Self {
        let (told, seen) = (standing.clone(), standing);
        Self { told, seen, restless: None, credit: BURST, refill: Timestamp::ZERO }
    }

    /// It stands like this at `now`.
    pub(crate) fn see(&mut self, now: Timestamp, standing: Standing) {
        if standing == self.seen {
            return;
        }
        self.seen = standing;
        self.restless = Some((self.restless.map_or(now, |(since, _)| since), now));
    }

    /// What is to be told now, if anything.
    pub(crate) fn due(&mut self, now: Timestamp) -> Option<Change> {
        self.earn(now);
        if self.poll_timeout().is_none_or(|at| now < at) {
            return None;
        }
        self.restless = None;
        if self.seen == self.told {
            // It came back before anybody had to know.
            return None;
        }
        if self.credit == BURST {
            self.refill = now + PAUSE;
        }
        self.credit -= 1;
        let before = std::mem::replace(&mut self.told, self.seen.clone());
        Some(Change { before, after: self.seen.clone() })
    }

    /// When to ask [`due`](Self::due).
    pub(crate) fn poll_timeout(&self) -> Option<Timestamp> {
        let (since, last) = self.restless?;
        let settled = (last + QUIET).min(since + LONGEST);
        Some(if self.credit == 0 { settled.max(self.refill) } else { settled })
    }

    fn earn(&mut self, now: Timestamp) {
        while self.credit < BURST && now >= self.refill {
            self.credit += 1;
            self.refill += PAUSE;
        }
    }
}

/// Addresses and routes of one change come within this of each other.
const QUIET: Duration = Duration::from_millis(60);
/// However restless it is, by then it is told.
const LONGEST: Duration = Duration::from_millis(300);
/// A move from one network to another is two or three changes, and IPv6 is one more.
const BURST: u32 = 4;
/// From then on one change in so long.
const PAUSE: Duration = Duration::from_secs(4);

#[cfg(test)]
mod tests {
    use super::super::standing::tests::standing;
    use super::*;

    fn wifi() -> Standing {
        standing("2@10.0.0.2", "10.0.0.2")
    }

    fn mobile() -> Standing {
        standing("3@10.9.0.7", "10.9.0.7")
    }

    /// What is told, and when, of what is seen at these moments in milliseconds; looked at every 10 ms until `end`.
    fn told(seen: impl IntoIterator<Item = (u64, Standing)>, end: u64) -> Vec<(u64, Standing)> {
        let mut settling = Settling::new(wifi());
        let mut seen = seen.into_iter().peekable();
        let mut told = Vec::new();
        for millis in (0..=end).step_by(10) {
            let now = Timestamp::from_millis(millis);
            while let Some((_, standing)) = seen.next_if(|(at, _)| *at <= millis) {
                settling.see(now, standing);
            }
            if let Some(change) = settling.due(now) {
                assert_ne!(change.before, change.after);
                told.push((millis, change.after));
            }
        }
        told
    }

    #[test]
    fn a_move_to_another_network_is_told_when_both_its_halves_have_settled() {
        let half = standing("3@10.9.0.7", "");
        assert_eq!(told([(1_000, standing("", "")), (1_010, half), (1_030, mobile())], 9_000), [(1_090, mobile())]);
    }

    #[test]
    fn what_comes_back_at_once_is_not_told() {
        assert_eq!(told([(1_000, standing("", "")), (1_040, wifi())], 9_000), []);
    }

    #[test]
    fn a_network_that_goes_and_one_that_comes_a_second_later_are_both_told_at_once() {
        let nothing = standing("", "");
        let both = told([(1_000, nothing.clone()), (2_500, mobile())], 9_000);
        assert_eq!(both, [(1_060, nothing), (2_560, mobile())]);
    }

    #[test]
    fn what_never_settles_is_told_in_the_end() {
        let restless = (0..100).map(|turn| (1_000 + turn * 50, if turn % 2 == 0 { mobile() } else { wifi() }));
        let told = told(restless, 9_000);
        assert_eq!(told.first(), Some(&(1_300, mobile())));
    }

    #[test]
    fn a_bad_cable_is_told_of_now_and_then_and_rightly_in_the_end() {
        // Ten times a second for a minute, and then it stays out.
        let flapping = (0..300).flat_map(|turn| [(turn * 200, standing("", "")), (turn * 200 + 100, wifi())]);
        let flapping = flapping.chain([(60_000, mobile())]);
        let told = told(flapping, 70_000);
        assert!((10..=20).contains(&told.len()), "{}", told.len());
        assert_eq!(told.last().map(|(_, standing)| standing), Some(&mobile()));
        let quiet = told.windows(2).skip(5).map(|pair| pair[1].0 - pair[0].0).min();
        assert!(quiet >= Some(3_000), "{quiet:?}");
    }

    #[test]
    fn after_a_while_of_peace_the_next_change_is_told_at_once() {
        let mut seen: Vec<_> = (0..8).map(|turn| (turn * 500, if turn % 2 == 0 { mobile() } else { wifi() })).collect();
        seen.push((60_000, mobile()));
        assert_eq!(told(seen, 70_000).last(), Some(&(60_060, mobile())));
    }
}
