//! A sound server that this process itself uses.

use std::io::{Read, Write};
use std::ops::{Deref, DerefMut};
use std::os::unix::net::UnixListener;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;

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
        point_to(&server.environment());
        Self { server, _alone: alone }
    }
}

/// A sound server that lets nobody in: the only one that this process knows.
pub(crate) struct Refusing {
    _alone: MutexGuard<'static, ()>,
    _folder: tempfile::TempDir,
}

impl Refusing {
    pub(crate) fn start() -> Self {
        let alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("native");
        let door = UnixListener::bind(&path).expect("a socket");
        thread::spawn(move || {
            for mut visitor in door.incoming().flatten() {
                let _ = visitor.read(&mut [0; 4_096]);
                // A header (15 bytes, no stream), then "error", the number of what was asked, "access denied".
                let _ = visitor
                    .write_all(b"\0\0\0\x0f\xff\xff\xff\xff\0\0\0\0\0\0\0\0\0\0\0\0L\0\0\0\0L\0\0\0\0L\0\0\0\x01");
            }
        });
        point_to(&[("PULSE_SERVER", PathBuf::from(format!("unix:{}", path.display())))]);
        Self { _alone: alone, _folder: folder }
    }
}

fn point_to(environment: &[(&str, PathBuf)]) {
    for (name, value) in environment {
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
