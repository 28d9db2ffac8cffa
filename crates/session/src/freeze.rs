//! How long the picture stood still, counted as a viewer would.

use std::time::Duration;

use units::Timestamp;

/// Frozen time over a stream of shown pictures.
///
/// A gap counts as frozen when it is longer than max(3 × mean, mean + 150 ms), the mean taken over the gaps before it:
/// the definition of `freezeCount` in W3C webrtc-stats. The open gap at the end counts as well, so that a picture which
/// never comes back is not "no freeze".
#[derive(Debug, Default)]
pub(crate) struct FreezeMeter {
    last_shown: Option<Timestamp>,
    /// Sum of the last [`WINDOW`] gaps, and they themselves.
    recent: std::collections::VecDeque<Duration>,
    freezes: u32,
    frozen: Duration,
}

/// As in webrtc-stats: the average of the last 30 gaps.
const WINDOW: usize = 30;
/// A gap this much over the mean is seen by everybody (webrtc-stats).
const MARGIN: Duration = Duration::from_millis(150);

impl FreezeMeter {
    /// A picture was shown.
    pub(crate) fn on_shown(&mut self, now: Timestamp) {
        if let Some(last) = self.last_shown.replace(now) {
            let gap = now - last;
            if self.is_frozen(gap) {
                self.freezes += 1;
                self.frozen += gap;
            }
            self.recent.push_back(gap);
            if self.recent.len() > WINDOW {
                self.recent.pop_front();
            }
        }
    }

    /// How often and how long the picture has stood still until `now`, the open gap included.
    pub(crate) fn total(&self, now: Timestamp) -> (u32, Duration) {
        match self.last_shown {
            Some(last) if self.is_frozen(now - last) => (self.freezes + 1, self.frozen + (now - last)),
            _ => (self.freezes, self.frozen),
        }
    }

    fn is_frozen(&self, gap: Duration) -> bool {
        if self.recent.is_empty() {
            return gap > MARGIN * 2;
        }
        let mean = self.recent.iter().sum::<Duration>() / self.recent.len() as u32;
        gap > (mean * 3).max(mean + MARGIN)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown_at(meter: &mut FreezeMeter, millis: impl IntoIterator<Item = u64>) {
        for at in millis {
            meter.on_shown(Timestamp::from_millis(at));
        }
    }

    #[test]
    fn an_even_picture_is_not_frozen() {
        let mut meter = FreezeMeter::default();
        shown_at(&mut meter, (0..300).map(|k| k * 33));
        assert_eq!(meter.total(Timestamp::from_millis(300 * 33)), (0, Duration::ZERO));
    }

    #[test]
    fn a_gap_of_a_second_is_one_freeze_of_a_second() {
        let mut meter = FreezeMeter::default();
        shown_at(&mut meter, (0..=30).map(|k| k * 33));
        shown_at(&mut meter, (0..30).map(|k| 1990 + k * 33));
        assert_eq!(meter.total(Timestamp::from_millis(2950)), (1, Duration::from_millis(1000)));
    }

    #[test]
    fn a_picture_that_never_comes_back_is_frozen_to_the_end() {
        let mut meter = FreezeMeter::default();
        shown_at(&mut meter, (0..=30).map(|k| k * 33));
        assert_eq!(meter.total(Timestamp::from_millis(5990)), (1, Duration::from_millis(5000)));
    }
}
