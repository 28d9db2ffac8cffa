//! A photograph: one picture as large as the camera has them, beside those that it gives all the time.

use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use media::picture::I420;
use units::DeviceKind;

use super::Shared;
use crate::DeviceError;
use crate::error::StopCause;

/// Takes photographs by a camera that runs. May outlive it: then there is none.
#[derive(Debug, Clone)]
pub struct StillTaker(Arc<Shared>);

impl StillTaker {
    pub(super) const fn new(shared: Arc<Shared>) -> Self {
        Self(shared)
    }

    /// Takes one, and waits for it: seconds, where the camera must be opened anew in another size. Meanwhile it gives no other
    /// pictures.
    ///
    /// # Errors
    /// If the camera stopped, or does not give one in time. It goes on as before.
    pub fn take(&self) -> Result<I420, DeviceError> {
        let (sender, taken) = channel();
        // Who wished for one before gets none: their sender goes.
        self.0.wish.put(sender);
        // Asked after that: whoever stops the camera takes the wish away after it.
        if self.0.is_stopping() {
            return Err(stalled());
        }
        taken.recv_timeout(PATIENCE).unwrap_or_else(|_| Err(stalled()))
    }
}

/// Who waits for a photograph. `Latest`: a newer one replaces one that was not answered.
#[derive(Debug, Default)]
pub(super) struct Wish(Mutex<Option<Answer>>);

/// Where a photograph goes.
pub(super) type Answer = Sender<Result<I420, DeviceError>>;

impl Wish {
    fn put(&self, answer: Answer) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(answer);
    }

    /// Who waits, once. Whoever stops the camera does this as well.
    pub(super) fn take(&self) -> Option<Answer> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

pub(super) const fn stalled() -> DeviceError {
    DeviceError::Stopped { kind: DeviceKind::Camera, cause: StopCause::Stalled }
}

/// Some cameras take seconds to wake up, and are opened twice for a photograph.
const PATIENCE: Duration = Duration::from_secs(25);
