//! How much sound is kept waiting for a loudspeaker: as little as it never runs out of.

use std::time::Duration;

use units::Timestamp;

use crate::sound::FRAME_SAMPLES;

/// The reserve, in samples of 48 kHz. It follows what the device itself has seen: how close the ring came to running empty.
#[derive(Debug)]
pub(super) struct Reserve {
    target: usize,
    settled_at: Option<Timestamp>,
    /// When it is next asked whether less will do.
    next: Timestamp,
    /// The fewest samples that were left since.
    least: Option<usize>,
}

impl Default for Reserve {
    fn default() -> Self {
        Self { target: FIRST, settled_at: None, next: Timestamp::default(), least: None }
    }
}

impl Reserve {
    /// So much is to wait when the device takes its next piece.
    pub(super) fn target(&self) -> usize {
        self.target
    }

    /// A stream begins: what is missing until its ring is filled for the first time is nobody's fault.
    pub(super) fn begin(&mut self) {
        self.settled_at = None;
        self.least = None;
    }

    /// What the device saw since this was last told: the fewest samples left in the ring, and how many it did not find.
    pub(super) fn look(&mut self, now: Timestamp, least: Option<usize>, missing: usize) {
        let settled_at = *self.settled_at.get_or_insert_with(|| {
            self.next = now + SETTLING + WINDOW;
            now + SETTLING
        });
        if now < settled_at {
            return;
        }
        if missing > 0 {
            self.target = (self.target + missing.clamp(STEP, FRAME_SAMPLES)).min(MOST);
            self.next = now + CALM;
            self.least = None;
            return;
        }
        self.least = match (self.least, least) {
            (Some(before), Some(now)) => Some(before.min(now)),
            (before, now) => before.or(now),
        };
        if now >= self.next {
            self.next = now + WINDOW;
            if self.least.take().is_some_and(|least| least >= SPARE + STEP) {
                self.target = self.target.saturating_sub(STEP).max(LEAST);
            }
        }
    }
}

/// Three frames at first, so that a tick that comes 20 ms late is not heard.
const FIRST: usize = 3 * FRAME_SAMPLES;

/// Six frames: whoever comes later than that is not helped by a reserve.
const MOST: usize = 6 * FRAME_SAMPLES;

/// Something must be there between two looks of the audio thread, which come every 5 ms.
const LEAST: usize = FRAME_SAMPLES / 2;

/// What may be left in the ring at the worst moment: 5 ms.
const SPARE: usize = FRAME_SAMPLES / 2;

/// 2.5 ms: the far end's buffer takes up so much without a sound.
const STEP: usize = FRAME_SAMPLES / 4;

/// How long a stream takes to fill its buffers.
const SETTLING: Duration = Duration::from_millis(500);

/// The worst of a second decides.
const WINDOW: Duration = Duration::from_secs(1);

/// A machine that was late once is soon late again.
const CALM: Duration = Duration::from_secs(20);

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    /// Looks every 5 ms from the `from`th to the `to`th second, with so much left in the ring above what is not touched.
    fn calm(reserve: &mut Reserve, from: u64, to: u64, used: usize) {
        for tick in from * 200..to * 200 {
            reserve.look(at(tick * 5), Some(reserve.target.saturating_sub(used)), 0);
        }
    }

    #[test]
    fn on_a_machine_that_is_never_late_little_waits() {
        let mut reserve = Reserve::default();
        calm(&mut reserve, 0, 30, 240);
        assert_eq!(reserve.target(), 240 + SPARE);
    }

    #[test]
    fn whoever_is_often_late_keeps_what_he_needs() {
        let mut reserve = Reserve::default();
        calm(&mut reserve, 0, 30, 960);
        assert_eq!(reserve.target(), 960 + SPARE);
    }

    #[test]
    fn a_hole_makes_it_longer_at_once_and_for_a_while_and_then_it_comes_down_again() {
        let mut reserve = Reserve::default();
        calm(&mut reserve, 0, 30, 240);
        let before = reserve.target();
        reserve.look(at(30_000), Some(0), 480);
        assert_eq!(reserve.target(), before + 480);
        calm(&mut reserve, 31, 49, 240);
        assert_eq!(reserve.target(), before + 480);
        calm(&mut reserve, 49, 70, 240);
        assert_eq!(reserve.target(), before);
    }

    #[test]
    fn it_never_grows_without_end_nor_counts_the_beginning() {
        let mut reserve = Reserve::default();
        reserve.look(at(0), None, 960);
        assert_eq!(reserve.target(), FIRST);
        for tick in 1..1_000 {
            reserve.look(at(tick * 1_000), Some(0), 9_600);
        }
        assert_eq!(reserve.target(), MOST);
    }
}
