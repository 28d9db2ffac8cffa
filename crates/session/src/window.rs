//! What a window of the program needs beside its pixels: the runtime, the devices, a visit or a desk.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use call::{Intent, Paths, Preferences};
use desk::day::Calendar;
use desk::{Desk, DeskConfig};
use tokio::runtime::Runtime;
use trust::Link;
use units::{Clock, DeviceKind, Devices, Listening, Timestamp};

use crate::board::DeviceBoard;
use crate::comparing::Comparing;
use crate::desk_driver::{AtDesk, DeskHandle};
use crate::device_secret::DeviceSecret;
use crate::headless::{Account, InputError, client, guest_party, is_loopback, random, random_bytes, runtime};
use crate::keys::{PatientKeyring, Vault};
use crate::media::{MediaChoices, Meters, play_test_sound};
use crate::memory::Memory;
use crate::outcome::{self, InVain, Outcome};
use crate::person::Habits;
use crate::pictures::Repaint;
use crate::proxies::{ProxyChoice, ProxyFinder};
use crate::visit::{HostWish, Surroundings, Tell, Visit};
use crate::whole_file::WholeFile;
use crate::{CameraChoice, MicrophoneChoice, SpeakerChoice, identity, stopping};

/// How long the last words of a visit may take when the window is closed; the other side notices by itself after that.
const FAREWELL: Duration = Duration::from_secs(4);

/// The threads behind a window.
pub struct Session {
    runtime: Option<Runtime>,
    around: Arc<Surroundings>,
    /// By what clinics know this patient's device, in the place of the keyring.
    device: Option<DeviceSecret>,
    /// For the first desk that is opened.
    at_desk: Mutex<AtDesk>,
    told_to_stop: Arc<AtomicBool>,
    /// Whether the test sound is being played.
    testing: Arc<AtomicBool>,
    vault: Vault,
    patient_keyring: PatientKeyring,
    /// The clinic's.
    calendar: Option<Calendar>,
}

/// What a window's visits are made of.
#[derive(Debug)]
pub struct WindowConfig {
    /// The program's clock.
    pub clock: Clock,
    /// The devices, until others are chosen.
    pub media: MediaChoices,
    /// What is kept when the link is thin.
    pub preferences: Preferences,
    /// Whom the app has met before.
    pub memory: Memory,
    /// By what clinics know a patient's device again, in the place of what the system's keyring keeps for each of them.
    pub device: Option<DeviceSecret>,
    /// By way of which proxies servers are reached.
    pub proxies: ProxyChoice,
    /// Where files go that the other side hands over and the person takes, until they name another folder: parts of an earlier run
    /// that lie there go on by themselves.
    pub files_folder: Option<PathBuf>,
    /// The clinic's time zone by its IANA name: by it the day is listed and planned. Without it there is no day.
    pub zone: Option<String>,
}

impl WindowConfig {
    /// The usual window: nothing chosen, the system's proxies and keyring, no day.
    pub fn new(clock: Clock, media: MediaChoices, memory: Memory) -> Self {
        let (preferences, proxies) = (Preferences::default(), ProxyChoice::default());
        Self { clock, media, preferences, memory, device: None, proxies, files_folder: None, zone: None }
    }
}

/// What a window does without anybody's hand; nothing, by default.
#[derive(Debug, Default)]
pub struct Unattended {
    habits: Habits,
    comparing: Comparing,
    at_desk: AtDesk,
}

impl Unattended {
    /// In every visit `habits`; at the desk, `account` signs in and starts a visit, whose link goes to `invite_out`.
    ///
    /// # Errors
    /// What can never do is known now: a wrong address, a wrong second factor, a place that cannot be written to.
    pub fn prepare(habits: Habits, account: Option<Account>, invite_out: Option<PathBuf>) -> Result<Self, InputError> {
        if let Some(account) = &account {
            account.address()?;
            account.digits()?;
        }
        let prepare =
            |path: PathBuf| WholeFile::prepare(&path).map_err(|source| InputError::InviteOut { path, source });
        let link_file = invite_out.map(prepare).transpose()?;
        Ok(Self { habits, comparing: Comparing::default(), at_desk: AtDesk { account, link_file } })
    }

    /// The same, and digits are compared by files.
    ///
    /// # Errors
    /// A place that cannot be written to.
    pub fn comparing(mut self, comparing: Comparing) -> Result<Self, InputError> {
        comparing.check()?;
        self.habits.compare_after = comparing.after;
        self.comparing = comparing;
        Ok(self)
    }
}

impl Session {
    /// Starts the runtime. No device is opened before a visit is. `repaint` is called from any thread and returns at
    /// once; `tell` too, and hears what goes on in visits.
    ///
    /// # Errors
    /// The system gives no threads or sockets.
    pub fn start(
        config: WindowConfig,
        unattended: Unattended,
        tell: Option<Tell>,
        repaint: Repaint,
    ) -> Result<Self, InputError> {
        let runtime = runtime()?;
        let calendar = config.zone.as_deref().map(Calendar::new).transpose()?;
        let around = Arc::new(Surroundings {
            clock: config.clock,
            choices: config.media,
            relay_only: AtomicBool::new(config.preferences.paths == Paths::Relays),
            preferences: Preferences { paths: without_choice(config.preferences.paths), ..config.preferences },
            habits: unattended.habits,
            comparing: unattended.comparing,
            memory: config.memory,
            files_folder: config.files_folder,
            proxies: ProxyFinder::new(config.proxies),
            board: Arc::new(DeviceBoard::default()),
            repaint: repaint.clone(),
            tell,
            signed_in: OnceLock::new(),
            outcome: Mutex::default(),
        });
        let told_to_stop = Arc::new(AtomicBool::new(false));
        let told = told_to_stop.clone();
        runtime.spawn(async move {
            stopping::told_to_stop().await;
            told.store(true, Ordering::Relaxed);
            repaint();
            stopping::end_when_told_again().await;
        });
        Ok(Self {
            runtime: Some(runtime),
            around,
            device: config.device,
            at_desk: Mutex::new(unattended.at_desk),
            told_to_stop,
            testing: Arc::default(),
            vault: Vault::start(),
            patient_keyring: PatientKeyring::of_system(),
            calendar,
        })
    }

    /// The time, on the clock of all snapshots.
    pub fn now(&self) -> Timestamp {
        self.around.clock.timestamp(Instant::now())
    }

    /// The devices of this machine; empty until a visit or a desk was opened.
    pub fn devices(&self) -> Devices {
        self.around.board.read()
    }

    /// Use this device from now on, in the visit that goes on and in those that come; `None` leaves it to the system.
    pub fn choose(&self, kind: DeviceKind, name: Option<String>, visit: Option<&Visit>) {
        self.around.board.choose(kind, name);
        if let Some(visit) = visit {
            visit.reopen(kind);
        }
    }

    /// Begins with what was chosen in an earlier run: camera, microphone, loudspeaker, as far as the program was not started with
    /// others. A camera that is not there now is not looked for, since another will do; a microphone or loudspeaker is, and comes
    /// back by itself.
    pub fn begin_with(&self, chosen: [Option<String>; 3], listening: Listening) {
        let [camera, microphone, speaker] = chosen;
        let (board, started_with) = (&self.around.board, &self.around.choices);
        let begin = |kind, name: Option<String>, free: bool| {
            if let (Some(name), true) = (name, free) {
                board.choose(kind, Some(name));
            }
        };
        let camera = camera.filter(|name| devices::camera::names().contains(name));
        begin(DeviceKind::Camera, camera, matches!(started_with.camera, CameraChoice::Device(None)));
        begin(DeviceKind::Microphone, microphone, matches!(started_with.microphone, MicrophoneChoice::Device(None)));
        begin(DeviceKind::Speaker, speaker, matches!(started_with.speaker, SpeakerChoice::Device(None)));
        board.listen(listening);
    }

    /// The other side is heard like this from now on: it decides whether an echo is looked for.
    pub fn listen(&self, listening: Listening, visit: Option<&Visit>) {
        self.around.board.listen(listening);
        if let Some(visit) = visit {
            visit.listen(listening);
        }
    }

    /// From now on the other side is told no address but a relay's, or any: in visits that are still to be joined.
    pub fn hide_address(&self, relay_only: bool, visit: Option<&Visit>) {
        self.around.relay_only.store(relay_only, Ordering::Relaxed);
        if let Some(visit) = visit {
            visit.hide_address(relay_only);
        }
    }

    /// Whether the other side is told no address but a relay's.
    pub fn hides_address(&self) -> bool {
        self.around.relay_only.load(Ordering::Relaxed) || self.around.preferences.paths != Paths::All
    }

    /// Asks the system anew which devices there are; they are on the board soon.
    pub fn look_for_devices(&self) {
        let _within = self.enter();
        self.around.look_for_devices();
    }

    /// Plays a short sound on the chosen loudspeaker, outside of a visit.
    pub fn test_speaker(&self) {
        let _within = self.enter();
        let around = self.around.clone();
        let choice = around.board.choices(&around.choices).speaker;
        if !matches!(choice, SpeakerChoice::Device(_)) || self.testing.swap(true, Ordering::Relaxed) {
            return;
        }
        let testing = self.testing.clone();
        tokio::task::spawn_blocking(move || {
            match play_test_sound(&choice, around.clock) {
                Ok(()) => around.board.forgive(DeviceKind::Speaker),
                Err(error) => drop(around.board.complain(&error)),
            }
            testing.store(false, Ordering::Relaxed);
            (around.repaint)();
        });
    }

    /// Opens the patient's side of a visit: preview first, [`Intent::Join`] joins. Meanwhile the system's keyring is asked by
    /// what the clinic knows this device again, unless a secret was named.
    ///
    /// # Errors
    /// The system gives no randomness.
    pub fn open_link(&self, link: Link) -> Result<Visit, InputError> {
        let _within = self.enter();
        let client = client(self.around.proxies.clone(), &link.server, link.pin.as_ref())?;
        let on_this_machine = is_loopback(link.server.host());
        let awaited = match self.device {
            Some(_) => None,
            None => Some(self.patient_keyring.ask(link.clinic_key)?),
        };
        let party = guest_party(link, self.device.as_ref(), &self.around.memory);
        Visit::open(&self.around, party, client, None, on_this_machine, awaited, HostWish::default())
    }

    /// Opens the staff's desk. Who signs in there has keys in the system's keyring, certified by the clinic. With `identity`
    /// nothing is enrolled: the folder holds the one secret of a clinic of one, made when it is not there; a device's secret
    /// that was named serves as one, too.
    ///
    /// # Errors
    /// The folder cannot be used.
    pub fn open_desk(&self, identity: Option<&Path>) -> Result<DeskHandle, InputError> {
        let _within = self.enter();
        let secret = match (identity, &self.device) {
            (Some(folder), _) => Some(identity::load_or_make(folder, random_bytes()?)?),
            (None, device) => device.as_ref().map(DeviceSecret::as_identity),
        };
        let of = |secret| identity::clinic_of_one(secret, None, self.around.clock);
        let device = secret.as_ref().map(of).transpose()?;
        self.around.look_for_devices();
        let config = DeskConfig {
            names_secret: self.around.memory.names_secret(),
            calendar: self.calendar.clone().unwrap_or_else(Calendar::utc),
            folder: std::env::home_dir().map(|home| home.display().to_string()).unwrap_or_default(),
            ..DeskConfig::new(device, identity::unix_at_zero(self.around.clock))
        };
        let desk = Desk::new(config, Box::new(random()?));
        let at_desk = std::mem::take(&mut *self.at_desk.lock().unwrap_or_else(PoisonError::into_inner));
        Ok(DeskHandle::open(desk, secret, self.around.clone(), at_desk, self.vault.clone(), self.calendar.clone()))
    }

    /// Whether the first visit is over, or it is certain that there will be none.
    pub fn is_over(&self) -> bool {
        self.around.outcome.lock().unwrap_or_else(PoisonError::into_inner).is_some()
    }

    /// Whether the system or Ctrl-C asked the program to stop.
    pub fn told_to_stop(&self) -> bool {
        self.told_to_stop.load(Ordering::Relaxed)
    }

    /// Hangs up what goes on, says so to the other side, stops all threads, and says how the first visit went.
    pub fn close(mut self, visits: &[Visit]) -> Outcome {
        for visit in visits {
            visit.intend(Intent::HangUp);
        }
        if let Some(runtime) = self.runtime.take() {
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
        let outcome = self.around.outcome.lock().unwrap_or_else(PoisonError::into_inner).take();
        outcome.unwrap_or_else(|| {
            outcome::never_joined(InVain::Stopped, self.now(), self.around.recorder(), &Meters::default())
        })
    }

    fn enter(&self) -> Option<tokio::runtime::EnterGuard<'_>> {
        self.runtime.as_ref().map(Runtime::enter)
    }
}

/// The ways that hold whatever is chosen in the window.
fn without_choice(paths: Paths) -> Paths {
    if paths == Paths::Relays { Paths::All } else { paths }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use units::Phi;

    use super::*;

    fn start(unattended: Unattended) -> Session {
        let clock = Clock::starting_at(Instant::now(), SystemTime::now());
        let media = MediaChoices::without_devices();
        let memory = Memory::of_this_run().unwrap();
        Session::start(WindowConfig::new(clock, media, memory), unattended, None, Arc::new(|| {})).unwrap()
    }

    fn account(server: &str) -> Account {
        let user = Phi::new("lee".to_owned());
        let password = Phi::new("a long password".to_owned());
        Account { server: server.to_owned(), pin: None, user, password, totp_secret: None, known_file: None }
    }

    #[test]
    fn a_device_that_is_chosen_outside_of_a_visit_is_kept_for_the_next() {
        let session = start(Unattended::default());
        session.choose(DeviceKind::Microphone, Some("Headset".to_owned()), None);
        assert_eq!(session.devices().microphones.chosen.as_deref(), Some("Headset"));
        session.listen(Listening::Headphones, None);
        assert_eq!(session.devices().listening, Listening::Headphones);
        assert!(!session.hides_address());
        session.hide_address(true, None);
        assert!(session.hides_address());
        assert!(!session.is_over() && !session.told_to_stop());
        let outcome = session.close(&[]);
        assert_eq!((outcome.report.end.as_str(), outcome.report.exit), ("hung_up", 3), "there was no visit");
    }

    #[test]
    fn what_can_never_do_is_known_before_there_is_a_window() {
        let prepare = |server| Unattended::prepare(Habits::default(), Some(account(server)), None);
        assert!(matches!(prepare("no address"), Err(InputError::Server(_))));
        let folder = tempfile::tempdir().unwrap();
        let nowhere = folder.path().join("no such folder").join("link");
        let refused = Unattended::prepare(Habits::default(), None, Some(nowhere));
        assert!(matches!(refused, Err(InputError::InviteOut { .. })));
    }

    #[test]
    fn a_desk_that_reaches_no_server_gives_up_and_says_so() {
        crate::install_crypto_provider();
        let habits = Habits { give_up: Some(Duration::ZERO), ..Habits::default() };
        let here = account("https://127.0.0.1:1");
        let session = start(Unattended::prepare(habits, Some(here), None).unwrap());
        let folder = tempfile::tempdir().unwrap();
        let desk = session.open_desk(Some(folder.path())).unwrap();
        while !session.is_over() {
            std::thread::yield_now();
        }
        assert!(desk.visit().is_none());
        let outcome = session.close(&[]);
        assert_eq!((outcome.report.end.as_str(), outcome.report.exit), ("server_unreachable", 3));
        assert!(outcome.problem.is_some());
    }
}
