//! The two apps as people run them, without a window: the product's own drivers, devices made of software.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use call::{Intent, Snapshot};
use session::{
    Account, CameraChoice, DeskHandle, Habits, Link, MediaChoices, Memory, MicrophoneChoice, Outcome, Session,
    ToneKind, Unattended, Visit, WindowConfig,
};
use trust::TlsPin;
use units::{Clock, Phi};

use crate::clinic::{PASSWORD, SECRET};
use crate::fixtures::CLINIC;

/// How a person and their app are, where it matters.
#[derive(Debug, Clone)]
pub(crate) struct Habit {
    /// Whether the clinician lets in whoever knocks.
    pub(crate) admits: bool,
    /// By so much the patient's clock is ahead.
    pub(crate) guest_ahead: Duration,
    /// What was done to the link before the patient has it.
    pub(crate) link: fn(Link) -> Link,
    /// Who holds the link beside the patient.
    pub(crate) stolen: Arc<OnceLock<Link>>,
}

impl Default for Habit {
    fn default() -> Self {
        Self { admits: true, guest_ahead: Duration::ZERO, link: |link| link, stolen: Arc::default() }
    }
}

/// The clinician's app.
pub(crate) struct Host {
    session: Session,
    pub(crate) desk: DeskHandle,
    link: PathBuf,
    visit: Option<Visit>,
}

/// The patient's app.
pub(crate) struct Guest {
    session: Session,
    pub(crate) visit: Visit,
}

impl Host {
    /// Signs in at this server, makes a visit and its link, and joins.
    pub(crate) fn open(url: &str, pin: Option<[u8; 32]>, folder: &Path, admits: bool) -> Self {
        let identity = identity(folder);
        let link = folder.join("link");
        let account = account(url, pin, folder);
        let habits = Habits { admit_after: admits.then_some(ADMITS_AFTER), ..Habits::default() };
        let unattended = Unattended::prepare(habits, Some(account), Some(link.clone())).unwrap();
        let session = start(folder, ToneKind::Clinician, unattended, Duration::ZERO);
        let desk = session.open_desk(Some(&identity)).unwrap();
        Self { session, desk, link, visit: None }
    }

    /// The link, once it is made; none if there will be none.
    pub(crate) fn link(&self) -> Option<Link> {
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline && !self.session.is_over() {
            if let Ok(text) = fs::read_to_string(&self.link) {
                return Some(text.trim().parse().unwrap());
            }
            thread::sleep(LOOK);
        }
        None
    }

    pub(crate) fn visit(&mut self) -> Option<&Visit> {
        self.visit = self.visit.take().or_else(|| self.desk.visit());
        self.visit.as_ref()
    }

    pub(crate) fn snapshot(&mut self) -> Option<Snapshot> {
        self.visit().map(Visit::snapshot)
    }

    pub(crate) fn close(mut self) -> Outcome {
        let visits: Vec<_> = self.visit().cloned().into_iter().collect();
        self.session.close(&visits)
    }
}

impl Guest {
    /// Opens the link and joins.
    pub(crate) fn open(link: Link, folder: &Path, ahead: Duration) -> Self {
        let session = start(folder, ToneKind::Patient, Unattended::default(), ahead);
        let visit = session.open_link(link).unwrap();
        visit.intend(Intent::Join);
        Self { session, visit }
    }

    pub(crate) fn close(self) -> Outcome {
        self.session.close(&[self.visit])
    }
}

/// The folder with the clinic's key.
pub(crate) fn identity(folder: &Path) -> PathBuf {
    let identity = folder.join("identity");
    fs::create_dir(&identity).unwrap();
    fs::write(identity.join("identity.key"), CLINIC).unwrap();
    identity
}

/// The clinician's account of this visit.
pub(crate) fn account(url: &str, pin: Option<[u8; 32]>, folder: &Path) -> Account {
    Account {
        server: url.to_owned(),
        pin: pin.map(|pin| TlsPin(pin).to_string().parse().unwrap()),
        user: Phi::new(folder.file_name().unwrap().to_str().unwrap().to_owned()),
        password: Phi::new(PASSWORD.to_owned()),
        totp_secret: Some(Phi::new(fs::read_to_string(folder.join(SECRET)).unwrap())),
        known_file: None,
    }
}

fn start(folder: &Path, voice: ToneKind, unattended: Unattended, ahead: Duration) -> Session {
    let media = MediaChoices {
        camera: CameraChoice::File(film(folder)),
        microphone: MicrophoneChoice::Tone(voice),
        ..MediaChoices::without_devices()
    };
    let clock = Clock::starting_at(Instant::now(), SystemTime::now() + ahead);
    let memory = Memory::of_this_run().unwrap();
    Session::start(WindowConfig::new(clock, media, memory), unattended, None, Arc::new(|| {})).unwrap()
}

/// A small film, cheap to encode: whether anything of it is seen is all that matters.
fn film(folder: &Path) -> PathBuf {
    let path = folder.join("film.y4m");
    if !path.exists() {
        let mut film = b"YUV4MPEG2 W160 H96 F10:1 Ip A1:1 C420jpeg\n".to_vec();
        for luma in [60, 120, 180] {
            film.extend_from_slice(b"FRAME\n");
            film.extend(std::iter::repeat_n(luma, 160 * 96));
            film.extend(std::iter::repeat_n(128, 160 * 96 / 2));
        }
        fs::write(&path, film).unwrap();
    }
    path
}

/// The clinician looks up before letting somebody in.
const ADMITS_AFTER: Duration = Duration::from_millis(50);
/// How long signing in and making a visit may take on a machine that does much else.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);
/// How often the two are looked at.
pub(crate) const LOOK: Duration = Duration::from_millis(5);
