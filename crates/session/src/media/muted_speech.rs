//! Somebody speaks who is muted: for a hint on the screen, and nothing of it is sent.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use units::Timestamp;

/// When somebody was last heard speaking into a microphone that is off.
#[derive(Debug, Default)]
pub(crate) struct MutedSpeech(AtomicU64);

impl MutedSpeech {
    /// Takes how things stand now.
    pub(super) fn hear(&self, now: Timestamp, muted: bool, speaks: bool) {
        match (muted, speaks) {
            (true, true) => self.0.store(now.as_micros() + 1, Ordering::Relaxed),
            (true, false) => {}
            (false, _) => self.0.store(0, Ordering::Relaxed),
        }
    }

    /// Whether that is so, or was a moment ago.
    pub(crate) fn is_recent(&self, now: Timestamp) -> bool {
        let last = self.0.load(Ordering::Relaxed).checked_sub(1).map(Timestamp::from_micros);
        last.is_some_and(|last| now.since(last) < STAYS)
    }
}

/// Long enough to read the hint, and for a screen reader to say it.
const STAYS: Duration = Duration::from_secs(4);

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    #[test]
    fn the_hint_stays_for_some_seconds_after_the_last_word_and_goes_at_once_with_the_mute() {
        let speech = MutedSpeech::default();
        assert!(!speech.is_recent(at(0)), "nobody spoke yet");
        speech.hear(at(0), true, true);
        speech.hear(at(10), true, false);
        assert!(speech.is_recent(at(3_990)));
        assert!(!speech.is_recent(at(4_000)));
        speech.hear(at(5_000), true, true);
        assert!(speech.is_recent(at(5_000)));
        speech.hear(at(5_010), false, true);
        assert!(!speech.is_recent(at(5_010)), "who is heard needs no hint");
    }
}
