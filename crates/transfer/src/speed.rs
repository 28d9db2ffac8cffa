//! How fast a transfer goes, as a person wants to know it: steady, and right within seconds.

use std::collections::VecDeque;
use std::time::Duration;

use units::{DataRate, Timestamp};

/// Long enough that a key frame of the picture does not show, short enough that a better link does.
const WINDOW: Duration = Duration::from_secs(5);
/// Less tells nothing.
const LEAST: Duration = Duration::from_millis(500);
/// From one note to the next.
const STEP: Duration = Duration::from_millis(200);

#[derive(Debug, Clone, Default)]
pub(crate) struct Speed {
    notes: VecDeque<(Timestamp, u64)>,
}

impl Speed {
    /// So many bytes are there by now.
    pub(crate) fn note(&mut self, now: Timestamp, bytes: u64) {
        if self.notes.back().is_some_and(|(_, before)| bytes < *before) {
            // What was thought to be there is not.
            self.notes.clear();
        }
        if self.notes.back().is_some_and(|(at, _)| now.since(*at) < STEP) {
            return;
        }
        self.notes.push_back((now, bytes));
        while self.notes.front().is_some_and(|(at, _)| now.since(*at) > WINDOW) && self.notes.len() > 2 {
            self.notes.pop_front();
        }
    }

    /// Nothing moves: what comes next is a beginning.
    pub(crate) fn pause(&mut self) {
        self.notes.clear();
    }

    /// How fast it goes, once that can be said.
    pub(crate) fn rate(&self) -> Option<DataRate> {
        let ((from, before), (to, after)) = (self.notes.front()?, self.notes.back()?);
        let span = to.since(*from);
        (span >= LEAST).then(|| DataRate::of_bytes(after - before, span))
    }

    /// How long so many bytes still take, in whole seconds.
    pub(crate) fn time_for(&self, bytes: u64) -> Option<Duration> {
        let rate = self.rate().filter(|rate| rate.as_bps() > 0)?;
        Some(Duration::from_secs(rate.time_for(bytes).as_secs_f64().ceil() as u64))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_follows_the_last_seconds() {
        let mut speed = Speed::default();
        for step in 0..100_u64 {
            // 100 kB a second, later 50.
            let bytes = if step < 50 { step * 20_000 } else { 1_000_000 + (step - 50) * 10_000 };
            speed.note(Timestamp::from_millis(step * 200), bytes);
            if step == 1 {
                assert_eq!(speed.rate(), None, "too soon");
            }
            if step == 49 {
                assert_eq!(speed.rate(), Some(DataRate::from_kbps(800)));
            }
        }
        assert_eq!(speed.rate(), Some(DataRate::from_kbps(400)));
        assert_eq!(speed.time_for(124_000), Some(Duration::from_secs(3)));
        speed.note(Timestamp::from_millis(30_000), 5);
        assert_eq!(speed.time_for(100), None, "it begins anew");
    }
}
