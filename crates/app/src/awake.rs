//! No sleep while somebody waits or talks.

use std::sync::mpsc::{Sender, channel};
use std::thread;

/// A wish to the system to stay awake, for as long as it is kept.
///
/// It is said on a thread of its own: on Linux it goes over D-Bus, which may be slow to answer or not there at all, and
/// no window waits for that. Where it cannot be said the system may fall asleep; the visit goes on.
pub(crate) struct StayAwake {
    _until_dropped: Sender<()>,
}

impl StayAwake {
    /// Says it, once.
    pub(crate) fn wish() -> Self {
        let (until_dropped, dropped) = channel::<()>();
        let keep = move || {
            let mut wish = keepawake::Builder::default();
            wish.display(true).idle(true).reason("A visit goes on").app_name("Housecall");
            let awake = wish.create().map_err(|error| tracing::debug!(%error, "the system may fall asleep"));
            // Answers only when the sender is gone.
            let _ = dropped.recv();
            drop(awake);
        };
        if let Err(error) = thread::Builder::new().name("awake".to_owned()).spawn(keep) {
            tracing::debug!(%error, "the system may fall asleep");
        }
        Self { _until_dropped: until_dropped }
    }
}
