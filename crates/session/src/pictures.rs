//! The newest pictures of both sides, for who paints them.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use media::picture::I420;

use crate::media::Slot;

/// Asks the window to draw itself again, from any thread; returns at once.
pub type Repaint = Arc<dyn Fn() + Send + Sync>;

/// The newest pictures of a visit. `Latest`: a picture that nobody painted is replaced.
#[derive(Default)]
pub struct Pictures {
    own: Newest,
    other: Newest,
    repaint: Option<Repaint>,
}

#[derive(Default)]
struct Newest {
    picture: Slot<Arc<I420>>,
    sequence: AtomicU64,
}

impl Pictures {
    /// No picture yet; `repaint` is called when there is a new one.
    pub(crate) fn new(repaint: Repaint) -> Self {
        Self { repaint: Some(repaint), ..Self::default() }
    }

    /// What our camera sees, and a number that changes with each picture.
    pub fn own(&self) -> Option<(Arc<I420>, u64)> {
        self.own.get()
    }

    /// What their camera sees, and a number that changes with each picture.
    pub fn other(&self) -> Option<(Arc<I420>, u64)> {
        self.other.get()
    }

    pub(crate) fn put_own(&self, picture: Option<Arc<I420>>) {
        self.put(&self.own, picture);
    }

    pub(crate) fn put_other(&self, picture: Option<Arc<I420>>) {
        self.put(&self.other, picture);
    }

    fn put(&self, newest: &Newest, picture: Option<Arc<I420>>) {
        // Nobody paints in a headless visit.
        let Some(repaint) = &self.repaint else { return };
        newest.picture.with(|slot| *slot = picture);
        newest.sequence.fetch_add(1, Ordering::Release);
        repaint();
    }
}

impl Newest {
    fn get(&self) -> Option<(Arc<I420>, u64)> {
        let sequence = self.sequence.load(Ordering::Acquire);
        Some((self.picture.with(|slot| slot.clone())?, sequence))
    }
}

impl fmt::Debug for Pictures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pictures").finish_non_exhaustive()
    }
}
