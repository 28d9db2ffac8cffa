//! Whether the machine slept, by two clocks: pure.

use std::time::Duration;

use units::Timestamp;

/// Asked at an even pace. The clock of a program stands still while the machine sleeps, on most systems; that on the wall goes
/// on. Where both go on, nobody was asked for long.
#[derive(Debug, Default)]
pub(crate) struct SleepWatch {
    last: Option<(Timestamp, Duration)>,
}

impl SleepWatch {
    /// Whether the machine slept since this was last asked; `wall` is the time since 1970. A wall clock that was put forward
    /// looks the same: then a path that works is listened to for half a second, and no more comes of it.
    pub(crate) fn has_slept(&mut self, now: Timestamp, wall: Duration) -> bool {
        let Some((last, last_wall)) = self.last.replace((now, wall)) else { return false };
        let passed = now.since(last);
        wall.saturating_sub(last_wall).saturating_sub(passed) >= SLEPT || passed >= SLEPT
    }
}

/// Asked every second, by a machine that may be busy.
const SLEPT: Duration = Duration::from_secs(5);

#[cfg(test)]
mod tests {
    use super::*;

    /// The answers to questions at these moments: of the program's clock and of the wall's, in seconds.
    fn answers<const N: usize>(asked: [(f64, f64); N]) -> [bool; N] {
        let mut watch = SleepWatch::default();
        asked.map(|(now, wall)| {
            watch.has_slept(Timestamp::ZERO + Duration::from_secs_f64(now), Duration::from_secs_f64(1e9 + wall))
        })
    }

    #[test]
    fn a_clock_that_stood_still_and_one_that_was_not_read_for_long_are_a_sleep() {
        assert_eq!(answers([(0.0, 0.0), (1.0, 1.0), (2.0, 602.0), (3.0, 603.0)]), [false, false, true, false]);
        assert_eq!(answers([(0.0, 0.0), (1.0, 1.0), (601.0, 601.0), (602.0, 602.0)]), [false, false, true, false]);
    }

    #[test]
    fn a_busy_machine_and_a_clock_that_is_corrected_are_none() {
        assert_eq!(answers([(0.0, 0.0), (4.9, 4.9), (5.9, 7.0), (6.9, 0.0), (7.9, 1.0)]), [false; 5]);
    }
}
