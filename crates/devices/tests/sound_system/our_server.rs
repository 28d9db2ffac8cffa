//! A sound server that this process itself uses.

use std::ops::{Deref, DerefMut};
use std::sync::{Mutex, MutexGuard, PoisonError};

use testkit::sound_server::SoundServer;

/// The only sound server that this process knows.
pub(crate) struct OurServer {
    server: SoundServer,
    _alone: MutexGuard<'static, ()>,
}

impl OurServer {
    /// Starts one and points this process to it.
    pub(crate) fn start() -> Self {
        // Under `cargo test` the stories of one binary share a process and its environment.
        let alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
        let server = SoundServer::start();
        for (name, value) in server.environment() {
            #[expect(
                unsafe_code,
                clippy::disallowed_methods,
                reason = "the sound library takes its server from there only"
            )]
            // SAFETY: nothing else in this process reads or writes the environment now. nextest gives each story a process,
            // which has started no thread of ours yet; elsewhere the lock keeps the other stories out.
            unsafe {
                std::env::set_var(name, value);
            }
        }
        Self { server, _alone: alone }
    }
}

impl Deref for OurServer {
    type Target = SoundServer;

    fn deref(&self) -> &SoundServer {
        &self.server
    }
}

impl DerefMut for OurServer {
    fn deref_mut(&mut self) -> &mut SoundServer {
        &mut self.server
    }
}

static ALONE: Mutex<()> = Mutex::new(());
