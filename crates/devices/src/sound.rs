//! The one shape in which sound goes about in the house: 48 kHz, mono, `f32` from −1 to 1, 10 ms at a time.

use std::time::Duration;

use units::Timestamp;

/// Samples in a second: what Opus works at (RFC 6716), and what every sound system gives without being asked twice.
pub const SAMPLE_RATE: u32 = 48_000;

/// Samples in one frame of 10 ms: the tick of the audio thread and what echo cancellers expect.
pub const FRAME_SAMPLES: usize = 480;

/// How long one frame lasts.
pub const FRAME_DURATION: Duration = Duration::from_millis(10);

/// Ten milliseconds of sound.
pub type SoundFrame = [f32; FRAME_SAMPLES];

/// Keeps count of the frames that are due by the program's clock: late pacing catches up, nothing is ever skipped.
#[derive(Debug, Default)]
pub(crate) struct Pace {
    started: Option<Timestamp>,
    taken: u32,
    seconds: u64,
}

impl Pace {
    /// When frame 0 began; `None` before the first question.
    pub(crate) fn started(&self) -> Option<Timestamp> {
        self.started
    }

    /// Whether the next frame has *begun* by `now`: when a loudspeaker needs it. The first question starts the count.
    pub(crate) fn has_begun(&mut self, now: Timestamp) -> bool {
        let started = *self.started.get_or_insert(now);
        now >= started + self.position()
    }

    /// Whether the next frame has *ended* by `now`: when a microphone has it. The first question starts the count.
    pub(crate) fn has_ended(&mut self, now: Timestamp) -> bool {
        let started = *self.started.get_or_insert(now);
        now >= started + self.position() + FRAME_DURATION
    }

    /// Counts one frame as taken.
    pub(crate) fn take(&mut self) {
        self.taken += 1;
        if self.taken == FRAMES_PER_SECOND {
            self.taken = 0;
            self.seconds += 1;
        }
    }

    fn position(&self) -> Duration {
        Duration::from_secs(self.seconds) + FRAME_DURATION * self.taken
    }
}

const FRAMES_PER_SECOND: u32 = SAMPLE_RATE / FRAME_SAMPLES as u32;

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    #[test]
    fn a_loudspeaker_needs_a_frame_when_it_begins_and_a_microphone_has_it_when_it_ends() {
        let mut speaker = Pace::default();
        assert!(speaker.has_begun(at(500)));
        speaker.take();
        assert!(!speaker.has_begun(at(509)));
        assert!(speaker.has_begun(at(510)));

        let mut microphone = Pace::default();
        assert!(!microphone.has_ended(at(500)));
        assert!(!microphone.has_ended(at(509)));
        assert!(microphone.has_ended(at(510)));
        assert_eq!(microphone.started(), Some(at(500)));
    }

    #[test]
    fn after_a_stall_every_frame_that_was_due_is_due_still() {
        let mut pace = Pace::default();
        assert!(pace.has_begun(at(0)));
        let mut frames = 0;
        while pace.has_begun(at(3_000)) {
            pace.take();
            frames += 1;
        }
        assert_eq!(frames, 301);
    }
}
