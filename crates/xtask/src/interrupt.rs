//! Ctrl-C: the loops of this crate ask whether it was pressed, return, and their children end with them.

use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Result, bail};

static PRESSED: AtomicBool = AtomicBool::new(false);
static LISTENING: Once = Once::new();

/// Listens for Ctrl-C (and SIGTERM) from now on.
pub fn listen() {
    LISTENING.call_once(|| {
        // Without a handler Ctrl-C ends us at once, as before: no reason to refuse the work.
        let _ = ctrlc::set_handler(|| PRESSED.store(true, Ordering::Relaxed));
    });
}

/// An error once Ctrl-C was pressed.
pub fn check() -> Result<()> {
    if PRESSED.load(Ordering::Relaxed) {
        bail!("stopped by Ctrl-C");
    }
    Ok(())
}
