//! When the next single picture of a slow slideshow is taken.

use std::time::Duration;

use units::{DataRate, Timestamp};

/// What was sent of a slideshow.
#[derive(Debug, Default)]
pub(super) struct Slides {
    /// When the last one was seen by the camera.
    last: Option<Timestamp>,
    /// How large it was.
    bytes: u64,
    /// When the last key frame was seen.
    last_key: Option<Timestamp>,
}

impl Slides {
    /// One was handed to the link.
    pub(super) fn on_sent(&mut self, captured: Timestamp, bytes: usize, key: bool) {
        self.last = Some(captured);
        self.bytes = bytes as u64;
        if key {
            self.last_key = Some(captured);
        }
    }

    /// Whether none was sent yet: the first is a key frame.
    pub(super) fn begins(&self) -> bool {
        self.last.is_none()
    }

    /// Whether a picture that is `captured` now is the next, where there is one in so long, at `rate` on average. After one
    /// that became larger the next comes later, else they would be more than there is room for. The one before must have
    /// `left`: on a link that became thinner the next one would only wait, and show what is over when it comes.
    pub(super) fn is_due(&self, captured: Timestamp, every: Duration, rate: DataRate, left: bool) -> bool {
        let Some(last) = self.last else { return true };
        let span = captured.since(last);
        let paid = rate.time_for(self.bytes).min(LONGEST_WAIT);
        span >= every.max(paid) && (left || span >= every * GIVEN_UP_AFTER)
    }

    /// Whether a request for a key frame that comes now is one that the last key frame answers.
    pub(super) fn answers_key_frame(&self, now: Timestamp) -> bool {
        self.last_key.is_some_and(|at| now.since(at) < KEY_FRAME_ARRIVES)
    }
}

/// However large one became: with its way and a packet of it that is sent again, the next is there within five seconds.
const LONGEST_WAIT: Duration = Duration::from_secs(3);
/// What has not left after so many intervals was dropped on its way.
const GIVEN_UP_AFTER: u32 = 3;
/// By then the first packet of a key frame has arrived on a link of half a second, and who waits for the rest of it does
/// not ask.
const KEY_FRAME_ARRIVES: Duration = Duration::from_millis(1_500);

#[cfg(test)]
mod tests {
    use super::*;

    const EVERY: Duration = Duration::from_secs(3);
    const RATE: DataRate = DataRate::from_kbps(8);

    fn at(millis: u64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    #[test]
    fn the_next_one_waits_for_its_time_and_until_the_one_before_has_left() {
        let mut slides = Slides::default();
        assert!(slides.is_due(at(0), EVERY, RATE, true), "the first at once");
        slides.on_sent(at(0), 2_500, true);
        assert!(!slides.is_due(at(2_990), EVERY, RATE, true));
        assert!(slides.is_due(at(3_000), EVERY, RATE, true));
        assert!(!slides.is_due(at(5_000), EVERY, RATE, false), "the link is thinner than was thought");
        assert!(slides.is_due(at(9_000), EVERY, RATE, false), "it was dropped");
    }

    #[test]
    fn after_a_large_one_the_next_comes_later_and_not_much_later() {
        let mut slides = Slides::default();
        let every = Duration::from_secs(2);
        slides.on_sent(at(0), 2_700, false);
        assert!(!slides.is_due(at(2_690), every, RATE, true));
        assert!(slides.is_due(at(2_700), every, RATE, true));
        slides.on_sent(at(10_000), 30_000, true);
        assert!(slides.is_due(at(13_000), every, RATE, true));
    }

    #[test]
    fn a_key_frame_on_its_way_answers_who_asks_meanwhile() {
        let mut slides = Slides::default();
        assert!(!slides.answers_key_frame(at(0)));
        slides.on_sent(at(0), 5_000, true);
        assert!(slides.answers_key_frame(at(1_000)));
        slides.on_sent(at(3_000), 2_000, false);
        assert!(!slides.answers_key_frame(at(3_100)), "they miss something else");
    }
}
