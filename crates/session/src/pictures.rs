//! The newest pictures of both sides, for who paints them.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use media::picture::I420;
use units::{Clock, Timestamp};

use crate::media::Slot;

/// Asks the window to draw itself again, from any thread; returns at once.
pub type Repaint = Arc<dyn Fn() + Send + Sync>;

/// So long after one of theirs a picture of ours waits for their next, to be painted with it: two cameras' pictures come
/// at different moments, and painting the window for each of them would cost twice as much. Longer than the time between two
/// pictures at 20 a second, and short enough for our own not to be seen standing.
const TOGETHER: Duration = Duration::from_millis(60);

/// The newest pictures of a visit. `Latest`: a picture that nobody painted is replaced.
#[derive(Default)]
pub struct Pictures {
    own: Slot<Arc<I420>>,
    other: Slot<Arc<I420>>,
    /// When the newest of theirs came.
    other_at: Slot<Timestamp>,
    window: Option<(Clock, Repaint)>,
}

impl Pictures {
    /// No picture yet; `repaint` is called when there is a new one to be painted.
    pub(crate) fn new(clock: Clock, repaint: Repaint) -> Self {
        Self { window: Some((clock, repaint)), ..Self::default() }
    }

    /// What our camera sees.
    pub fn own(&self) -> Option<Arc<I420>> {
        self.own.with(|newest| newest.clone())
    }

    /// What their camera sees.
    pub fn other(&self) -> Option<Arc<I420>> {
        self.other.with(|newest| newest.clone())
    }

    pub(crate) fn put_own(&self, picture: Option<Arc<I420>>) {
        // Nobody paints in a headless visit.
        let Some((clock, repaint)) = &self.window else { return };
        let comes = picture.is_some();
        self.own.with(|newest| *newest = picture);
        let waits = comes && self.other_at.with(|at| waits_for_theirs(clock.timestamp(Instant::now()), *at));
        if !waits {
            repaint();
        }
    }

    pub(crate) fn put_other(&self, picture: Option<Arc<I420>>) {
        let Some((clock, repaint)) = &self.window else { return };
        let at = picture.is_some().then(|| clock.timestamp(Instant::now()));
        self.other.with(|newest| *newest = picture);
        self.other_at.with(|last| *last = at);
        repaint();
    }
}

/// Whether one of ours is painted with the next of theirs, of which the last came at `other_at`.
fn waits_for_theirs(now: Timestamp, other_at: Option<Timestamp>) -> bool {
    other_at.is_some_and(|at| now.since(at) < TOGETHER)
}

impl fmt::Debug for Pictures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pictures").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::time::SystemTime;

    use units::PictureSize;

    use super::*;

    #[test]
    fn ours_waits_for_theirs_only_while_theirs_come() {
        let at = Timestamp::from_millis;
        assert!(!waits_for_theirs(at(1_000), None), "nobody else is seen");
        assert!(waits_for_theirs(at(1_033), Some(at(1_000))), "theirs come thirty times a second");
        assert!(!waits_for_theirs(at(1_060), Some(at(1_000))), "theirs stand still");
    }

    #[test]
    fn ours_alone_is_painted_at_once_and_theirs_always() {
        let drawn = Arc::new(AtomicU32::new(0));
        let counted = drawn.clone();
        let clock = Clock::starting_at(Instant::now(), SystemTime::now());
        let pictures = Pictures::new(clock, Arc::new(move || _ = counted.fetch_add(1, Ordering::Relaxed)));
        let picture = || Some(Arc::new(I420::black(PictureSize::new(64, 48))));
        pictures.put_own(picture());
        assert_eq!(drawn.load(Ordering::Relaxed), 1, "ours alone is painted at once");
        pictures.put_other(picture());
        pictures.put_other(picture());
        assert_eq!(drawn.load(Ordering::Relaxed), 3);
        pictures.put_other(None);
        pictures.put_own(picture());
        pictures.put_own(None);
        assert_eq!(
            drawn.load(Ordering::Relaxed),
            6,
            "their camera is off: ours goes on by itself, and is taken away at once"
        );
    }
}
