//! Locks around what is changed by single calls.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Takes the lock, also after a panic of who held it: behind these locks there is no half-done state to fear.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
