//! What a window of the program needs beside its pixels: the runtime, the devices, a visit or a desk.

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use call::Intent;
use desk::{Desk, DeskConfig};
use tokio::runtime::Runtime;
use trust::{HostIdentity, Link};
use units::{Clock, Timestamp};

use crate::board::{DeviceBoard, Devices};
use crate::desk_driver::DeskHandle;
use crate::headless::{InputError, client, is_loopback, random, random_bytes};
use crate::identity;
use crate::media::MediaChoices;
use crate::pictures::Repaint;
use crate::visit::{Surroundings, Visit};

/// How long the last words of a visit may take when the window is closed; the other side notices by itself after that.
const FAREWELL: Duration = Duration::from_secs(4);

/// The threads behind a window.
pub struct Session {
    runtime: Option<Runtime>,
    around: Arc<Surroundings>,
}

impl Session {
    /// Starts the runtime. No device is opened before a visit is. `repaint` is called from any thread and returns at
    /// once.
    ///
    /// # Errors
    /// The system gives no threads or sockets.
    pub fn start(choices: MediaChoices, repaint: Repaint) -> Result<Self, InputError> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .thread_name("net")
            .enable_all()
            .build()
            .map_err(|error| InputError::System(error.to_string()))?;
        let clock = Clock::starting_at(Instant::now(), SystemTime::now());
        let around = Surroundings { clock, choices, board: Arc::new(DeviceBoard::default()), repaint };
        Ok(Self { runtime: Some(runtime), around: Arc::new(around) })
    }

    /// The time, on the clock of all snapshots.
    pub fn now(&self) -> Timestamp {
        self.around.clock.timestamp(Instant::now())
    }

    /// The devices of this machine; empty until a visit was opened.
    pub fn devices(&self) -> Devices {
        self.around.board.read()
    }

    /// Opens the patient's side of a visit: preview first, [`Intent::Join`] joins.
    ///
    /// # Errors
    /// The system gives no randomness.
    pub fn open_link(&self, link: Link) -> Result<Visit, InputError> {
        let _within = self.enter();
        let client = client(&link.server, link.pin.as_ref())?;
        let on_this_machine = is_loopback(link.server.host());
        Visit::open(&self.around, call::Party::Guest { link }, client, None, on_this_machine)
    }

    /// Opens the clinician's desk; the clinic's key lives in `identity`, or for as long as the window is open.
    ///
    /// # Errors
    /// The folder cannot be used.
    pub fn open_desk(&self, identity: Option<&Path>) -> Result<DeskHandle, InputError> {
        let _within = self.enter();
        let identity = match identity {
            Some(folder) => identity::load_or_make(folder, random_bytes()?)?,
            None => HostIdentity::from_secret(&random_bytes()?),
        };
        let desk = Desk::new(DeskConfig::new(identity), Box::new(random()?));
        Ok(DeskHandle::open(desk, self.around.clone()))
    }

    /// Hangs up what goes on, says so to the other side, and stops all threads.
    pub fn close(mut self, visits: &[Visit]) {
        let Some(runtime) = self.runtime.take() else { return };
        for visit in visits {
            visit.intend(Intent::HangUp);
        }
        runtime.block_on(async {
            let all = async {
                for visit in visits {
                    visit.over().await;
                }
            };
            if tokio::time::timeout(FAREWELL, all).await.is_err() {
                tracing::warn!("a visit did not end in time");
            }
        });
        runtime.shutdown_timeout(Duration::from_millis(200));
    }

    fn enter(&self) -> Option<tokio::runtime::EnterGuard<'_>> {
        self.runtime.as_ref().map(Runtime::enter)
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").finish_non_exhaustive()
    }
}
