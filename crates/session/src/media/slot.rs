//! A place for one thing that another thread picks up. `Latest`: a newer one replaces one that was not taken.

use std::sync::{Mutex, PoisonError};

#[derive(Debug)]
pub(crate) struct Slot<T>(Mutex<Option<T>>);

impl<T> Default for Slot<T> {
    fn default() -> Self {
        Self(Mutex::new(None))
    }
}

impl<T> Slot<T> {
    /// Puts it there and gives back what stood there.
    pub(crate) fn put(&self, value: T) -> Option<T> {
        self.with(|slot| slot.replace(value))
    }

    /// Takes it away.
    pub(crate) fn take(&self) -> Option<T> {
        self.with(Option::take)
    }

    /// Locked for as long as `look` takes: to be quick.
    pub(crate) fn with<R>(&self, look: impl FnOnce(&mut Option<T>) -> R) -> R {
        look(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
