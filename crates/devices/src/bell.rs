//! How a device wakes who works for it.

use std::sync::{Arc, OnceLock};
use std::thread::Thread;

/// Wakes a thread that parks. Ringing neither locks nor allocates, so that callbacks may; before anybody has been named it
/// does nothing.
#[derive(Debug, Clone, Default)]
pub(crate) struct Bell(Arc<OnceLock<Thread>>);

impl Bell {
    /// Names who is woken; the first one named stays.
    pub(crate) fn wakes(&self, thread: Thread) {
        let _ = self.0.set(thread);
    }

    /// Wakes.
    pub(crate) fn ring(&self) {
        if let Some(thread) = self.0.get() {
            thread.unpark();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    #[test]
    fn who_is_named_is_woken() {
        let bell = Bell::default();
        bell.ring();
        bell.wakes(thread::current());
        let ringing = {
            let bell = bell.clone();
            thread::spawn(move || bell.ring())
        };
        // Without the ring this would never return.
        thread::park();
        ringing.join().unwrap();
    }
}
