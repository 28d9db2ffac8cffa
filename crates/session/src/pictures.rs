//! The newest pictures of both sides, for who paints them.

use std::fmt;
use std::sync::Arc;

use media::picture::I420;

use crate::media::Slot;

/// Asks the window to draw itself again, from any thread; returns at once.
pub type Repaint = Arc<dyn Fn() + Send + Sync>;

/// The newest pictures of a visit. `Latest`: a picture that nobody painted is replaced.
#[derive(Default)]
pub struct Pictures {
    own: Slot<Arc<I420>>,
    other: Slot<Arc<I420>>,
    repaint: Option<Repaint>,
}

impl Pictures {
    /// No picture yet; `repaint` is called when there is a new one.
    pub(crate) fn new(repaint: Repaint) -> Self {
        Self { repaint: Some(repaint), ..Self::default() }
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
        self.put(&self.own, picture);
    }

    pub(crate) fn put_other(&self, picture: Option<Arc<I420>>) {
        self.put(&self.other, picture);
    }

    fn put(&self, slot: &Slot<Arc<I420>>, picture: Option<Arc<I420>>) {
        // Nobody paints in a headless visit.
        let Some(repaint) = &self.repaint else { return };
        slot.with(|newest| *newest = picture);
        repaint();
    }
}

impl fmt::Debug for Pictures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pictures").finish_non_exhaustive()
    }
}
