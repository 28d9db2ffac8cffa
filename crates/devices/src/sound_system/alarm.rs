//! How a stream's callbacks, which must neither lock nor allocate, tell the watch how they are.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::thread::Thread;

use cpal::ErrorKind;

use super::{CLOSED, StopCause};
use crate::bell::Bell;

/// Flags, and whom to wake when one is raised.
#[derive(Debug, Clone, Default)]
pub(crate) struct Alarm(Arc<Flags>);

#[derive(Debug, Default)]
struct Flags {
    alive: AtomicBool,
    taken: AtomicBool,
    fault: AtomicU8,
    watch: Option<Thread>,
    /// Of who fills or empties the ring.
    bell: Bell,
}

impl Alarm {
    /// One that wakes this thread, and rings this bell when there is work at the ring.
    pub(super) fn waking(watch: Thread, bell: Bell) -> Self {
        Self(Arc::new(Flags { watch: Some(watch), bell, ..Flags::default() }))
    }

    /// There is a frame to be taken from the ring, or room for one.
    pub(super) fn ring(&self) {
        self.0.bell.ring();
    }

    /// A data callback ran.
    pub(super) fn alive(&self) {
        self.0.alive.store(true, Ordering::Relaxed);
    }

    /// An error callback of cpal ran. After an overrun ALSA calls it hundreds of times a second, so this only sets a flag.
    pub(super) fn error(&self, error: &cpal::Error) {
        match error.kind() {
            ErrorKind::Xrun | ErrorKind::RealtimeDenied | ErrorKind::DeviceChanged => {}
            ErrorKind::DeviceNotAvailable => self.raise(UNPLUGGED),
            _ => self.raise(BROKEN),
        }
    }

    /// The system closed the stream because its device is gone.
    #[cfg(target_os = "linux")]
    pub(super) fn unplugged(&self) {
        self.raise(UNPLUGGED);
        self.wake();
    }

    /// The system closed the stream.
    #[cfg(target_os = "linux")]
    pub(super) fn closed(&self) {
        self.raise(BROKEN);
        self.wake();
    }

    /// Whether the system has let go of the device: somebody else wants it.
    #[cfg(target_os = "linux")]
    pub(super) fn taken(&self, is: bool) {
        self.0.taken.store(is, Ordering::Relaxed);
        if is {
            self.wake();
        }
    }

    /// Whether somebody else has the device.
    pub(super) fn is_taken(&self) -> bool {
        self.0.taken.load(Ordering::Relaxed)
    }

    /// Why the stream has ended, if it has.
    pub(super) fn fault(&self) -> Option<StopCause> {
        match self.0.fault.load(Ordering::Relaxed) {
            0 => None,
            UNPLUGGED => Some(StopCause::Unplugged),
            _ => Some(StopCause::Failed(CLOSED.into())),
        }
    }

    /// Whether a data callback ran since [`was_alive`](Self::was_alive) was last asked.
    pub(super) fn is_alive(&self) -> bool {
        self.0.alive.load(Ordering::Relaxed)
    }

    /// Whether a data callback ran since this was last asked.
    pub(super) fn was_alive(&self) -> bool {
        self.0.alive.swap(false, Ordering::Relaxed)
    }

    /// The first reason counts: what comes after it is its consequence.
    fn raise(&self, fault: u8) {
        let _ = self.0.fault.compare_exchange(0, fault, Ordering::Relaxed, Ordering::Relaxed);
    }

    #[cfg(target_os = "linux")]
    fn wake(&self) {
        if let Some(watch) = &self.0.watch {
            watch.unpark();
        }
    }
}

const UNPLUGGED: u8 = 1;
const BROKEN: u8 = 2;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_fault_counts_and_an_overrun_is_none() {
        let alarm = Alarm::default();
        alarm.error(&cpal::Error::new(ErrorKind::Xrun));
        assert_eq!(alarm.fault(), None);
        alarm.error(&cpal::Error::new(ErrorKind::DeviceNotAvailable));
        alarm.error(&cpal::Error::new(ErrorKind::StreamInvalidated));
        assert_eq!(alarm.fault(), Some(StopCause::Unplugged));
    }

    #[test]
    fn a_sign_of_life_is_read_once() {
        let alarm = Alarm::default();
        alarm.alive();
        assert!(alarm.was_alive() && !alarm.was_alive());
    }
}
