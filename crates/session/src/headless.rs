//! One side of a visit without a window: the headless contract of `docs/headless.md`.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime};

use call::{EndReason, Intent, MediaConfig, Phase, Preferences, Snapshot};
use devices::DeviceError;
use rand::TryRng;
use rand::rngs::{StdRng, SysRng};
use signaling_client::{ClientError, Server, ServerTrust, SignalingClient};
use tokio::sync::{mpsc, watch};
use trust::{Link, ServerAddress, TlsPin};
use units::{Clock, Phi};

use crate::driver::Ended;
use crate::host;
use crate::identity::IdentityError;
use crate::media::{MediaChoices, MediaThreads};
use crate::person::Person;
use crate::recorder::Recorder;
use crate::report::{Report, ReportEvent, Sample};
use crate::verdict::{self, EXIT_NEVER_LIVE, EXIT_REFUSED, Facts};
use crate::visit::{self, Start};

/// Told twice to stop: as a shell reports a program that SIGINT ended.
const EXIT_KILLED: i32 = 130;

/// A headless side of a visit.
#[derive(Debug)]
pub struct Config {
    /// Which side.
    pub party: Party,
    /// Its devices.
    pub media: MediaChoices,
    /// What it would rather have on a thin link.
    pub preferences: Preferences,
    /// How long the visit is live before this side hangs up.
    pub duration: Duration,
    /// How long to wait for it to be live, or live again.
    pub give_up: Duration,
}

/// Which side.
#[derive(Debug)]
pub enum Party {
    /// The clinician.
    Host(Host),
    /// The patient.
    Guest(Guest),
}

/// The clinician: signs in, makes a visit and its link, admits whoever knocks.
#[derive(Debug)]
pub struct Host {
    /// `https://host[:port]`
    pub server: String,
    /// The server's certificate; without it the platform's roots decide.
    pub pin: Option<Pin>,
    /// The account.
    pub user: Phi<String>,
    /// Its password.
    pub password: Phi<String>,
    /// Its second factor's secret, in base32 or as an `otpauth:` URL.
    pub totp_secret: Option<Phi<String>>,
    /// The folder with the clinic's key; without it one is made for this visit.
    pub identity: Option<PathBuf>,
    /// Where the link is written.
    pub invite_out: PathBuf,
    /// How long whoever knocks waits.
    pub admit_after: Duration,
}

/// The patient: joins by a link.
#[derive(Debug)]
pub struct Guest {
    /// The link.
    pub link: Link,
}

/// A server's certificate, as the server prints it: `sha256:` and 43 characters of base64url.
#[derive(Debug, Clone, Copy)]
pub struct Pin(pub(crate) TlsPin);

impl std::str::FromStr for Pin {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let says = "a pin is what the server printed: sha256: and 43 characters";
        text.parse().map(Self).map_err(|_| says.to_owned())
    }
}

/// What is told while the visit goes on.
#[derive(Debug)]
pub enum Progress<'a> {
    /// A second is over.
    Second(&'a Sample),
    /// Something happened.
    Event(&'a ReportEvent),
    /// A device or a file cannot go on; the call does.
    Complaint(&'a str),
}

/// How it went.
#[derive(Debug)]
pub struct Outcome {
    /// In numbers.
    pub report: Report,
    /// One sentence for a person, if not all went well.
    pub problem: Option<String>,
}

/// What was given cannot be used; nothing was begun.
#[derive(Debug, thiserror::Error)]
pub enum InputError {
    /// A file or device.
    #[error(transparent)]
    Device(#[from] DeviceError),
    /// The identity folder.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// The server's address.
    #[error("`{0}` is not a server's address; it looks like https://clinic.example or https://clinic.example:8443")]
    Server(String),
    /// The TOTP secret.
    #[error("the TOTP secret cannot be used; give the file that `user add --totp-out` wrote")]
    Totp,
    /// Where the link is to be written.
    #[error("the link cannot be written to {path}: {source}")]
    InviteOut {
        /// Where.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The system gives no randomness, no runtime or no sockets.
    #[error("this system cannot run a visit: {0}")]
    System(String),
}

/// Runs one side of a visit to its end.
///
/// # Errors
/// [`InputError`] when something that was given cannot be used. What goes wrong later is in the [`Outcome`].
pub fn run(config: Config, progress: &mut dyn FnMut(Progress<'_>)) -> Result<Outcome, InputError> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .thread_name("net")
        .enable_all()
        .build()
        .map_err(|error| InputError::System(error.to_string()))?;
    let clock = Clock::starting_at(Instant::now(), SystemTime::now());
    let outcome = runtime.block_on(run_visit(config, clock, progress));
    runtime.shutdown_timeout(Duration::from_millis(200));
    outcome
}

async fn run_visit(
    config: Config,
    clock: Clock,
    progress: &mut dyn FnMut(Progress<'_>),
) -> Result<Outcome, InputError> {
    let mut recorder = Recorder::new(clock);
    let media = MediaThreads::start(&config.media, clock, tokio::runtime::Handle::current())?;
    let admit_after = match &config.party {
        Party::Host(host) => host.admit_after,
        Party::Guest(_) => Duration::ZERO,
    };
    let on_this_machine = match &config.party {
        Party::Host(host) => ServerAddress::from_base_url(host.server.trim_end_matches('/')).ok(),
        Party::Guest(guest) => Some(guest.link.server.clone()),
    }
    .is_some_and(|server| is_loopback(server.host()));
    let (party, client, staff_token) = match config.party {
        Party::Guest(guest) => {
            let client = client(&guest.link.server, guest.link.pin.as_ref())?;
            (call::Party::Guest { link: guest.link }, client, None)
        }
        Party::Host(host) => {
            let prepared = tokio::select! {
                prepared = host::prepare(host, config.give_up, clock, &mut recorder) => Some(prepared?),
                () = told_to_stop() => None,
            };
            match prepared {
                Some(Ok((party, client, token))) => (party, client, Some(token)),
                Some(Err(error)) => return Ok(never_joined(Some(&error), recorder, media, clock)),
                None => return Ok(never_joined(None, recorder, media, clock)),
            }
        }
    };
    let media_config = MediaConfig {
        sends_voice: config.media.microphone != devices::microphone::MicrophoneChoice::None,
        camera: media.camera_format().map(|format| call::CameraFormat { size: format.size, fps: format.fps.rounded() }),
        receives_picture: true,
    };
    let person = Person::new(clock.timestamp(Instant::now()), admit_after, config.duration, config.give_up);
    let gave_up = Arc::new(AtomicBool::new(false));
    let begun = visit::begin(Start {
        party,
        client,
        staff_token,
        media,
        media_config,
        preferences: config.preferences,
        recorder,
        clock,
        on_this_machine,
        board: None,
    })?;
    tokio::spawn(hang_up_when_told(begun.intents.clone()));
    tokio::spawn(sit_in_front(person, clock, begun.snapshots, begun.intents, gave_up.clone()));
    let wanted = Wanted {
        sound: config.media.speaker != devices::speaker::SpeakerChoice::None,
        picture: config.media.screen != devices::screen::ScreenChoice::None,
    };
    let ended = begun.driver.run(progress).await;
    Ok(outcome(ended, wanted, gave_up.load(Ordering::Relaxed)))
}

pub(crate) fn client(address: &ServerAddress, pin: Option<&TlsPin>) -> Result<SignalingClient, InputError> {
    let trust = pin.map_or(ServerTrust::PlatformRoots, |pin| ServerTrust::Pinned(pin.0));
    let server = Server { base_url: address.base_url(), trust };
    SignalingClient::new(server).map_err(|error| InputError::System(error.to_string()))
}

/// Whether a server of this name is on this machine, and then the other side may be as well.
pub(crate) fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<std::net::IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

/// Lets the person see and speak until the visit is over; answers whether they gave up.
async fn sit_in_front(
    mut person: Person,
    clock: Clock,
    mut seen: watch::Receiver<Snapshot>,
    intents: mpsc::Sender<Intent>,
    gave_up: Arc<AtomicBool>,
) {
    loop {
        let snapshot = seen.borrow_and_update().clone();
        while let Some(intent) = person.decide(clock.timestamp(Instant::now()), &snapshot) {
            gave_up.store(person.gave_up(), Ordering::Relaxed);
            if intents.send(intent).await.is_err() {
                return;
            }
        }
        let wake = clock.instant(person.wakes_at(&snapshot));
        let sleep = async {
            match wake {
                Some(wake) => tokio::time::sleep_until(wake.into()).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            changed = seen.changed() => if changed.is_err() { return },
            () = sleep => {}
        }
    }
}

/// Hangs up in order when the program is asked to stop; asked twice, it stops at once.
async fn hang_up_when_told(intents: mpsc::Sender<Intent>) {
    told_to_stop().await;
    if intents.send(Intent::HangUp).await.is_err() {
        return;
    }
    told_to_stop().await;
    tracing::warn!("told twice to stop");
    std::process::exit(EXIT_KILLED);
}

/// Ctrl-C everywhere, and SIGTERM where there is one.
async fn told_to_stop() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = terminate.recv() => return,
                _ = tokio::signal::ctrl_c() => return,
            }
        }
    }
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}

/// What was to arrive: own loudspeaker and screen.
#[derive(Debug, Clone, Copy)]
struct Wanted {
    sound: bool,
    picture: bool,
}

/// The end of a host that was refused, did not reach its server, or was told to stop before there was a visit.
fn never_joined(error: Option<&ClientError>, mut recorder: Recorder, media: MediaThreads, clock: Clock) -> Outcome {
    let now = clock.timestamp(Instant::now());
    let (end, exit) = match error {
        None => ("hung_up", EXIT_NEVER_LIVE),
        Some(error) if error.is_definite() => ("refused", EXIT_REFUSED),
        Some(_) => ("server_unreachable", EXIT_NEVER_LIVE),
    };
    recorder.event(now, format!("ended:{end}"));
    let meters = media.shared().clone();
    media.finish();
    let report = recorder.finish(now, &meters.meters, end, exit);
    Outcome { report, problem: error.map(ToString::to_string) }
}

fn outcome(mut ended: Ended, wanted: Wanted, gave_up: bool) -> Outcome {
    let shared = ended.media.shared().clone();
    let complaint = ended.media.finish().into_iter().next();
    let meters = &shared.meters;
    let verdict = verdict::judge(&Facts {
        phase: ended.phase,
        refused: ended.hopeless.is_some(),
        gave_up,
        unreachable: !ended.recorder.has_joined(),
        was_live: ended.was_live,
        heard: meters.voice_played.load(Ordering::Relaxed) > 0,
        saw: meters.has_shown(),
        wants_sound: wanted.sound,
        wants_picture: wanted.picture,
        remote: ended.remote,
    });
    if ended.hopeless.is_some() {
        ended.recorder.event(ended.at, format!("ended:{}", verdict.end));
    }
    let sentence = match (&ended.hopeless, ended.phase) {
        (Some(error), _) => Some(error.to_string()),
        (None, Phase::Ended(reason)) if !is_in_order(reason) => Some(reason.to_string()),
        _ if verdict.exit == EXIT_NEVER_LIVE => Some(ended.last_fault.unwrap_or_else(|| in_vain(ended.was_live))),
        _ => complaint.map(|complaint| complaint.to_string()),
    };
    Outcome { report: ended.recorder.finish(ended.at, meters, verdict.end, verdict.exit), problem: sentence }
}

fn is_in_order(reason: EndReason) -> bool {
    matches!(reason, EndReason::HungUp | EndReason::TheyHungUp | EndReason::VisitOver)
}

fn in_vain(was_live: bool) -> String {
    let sentence = if was_live {
        "The visit was live, but nothing was heard: check the other side's microphone."
    } else {
        "Nobody came, or nobody was let in; try again, or call the clinic."
    };
    sentence.to_owned()
}

pub(crate) fn random() -> Result<StdRng, InputError> {
    use rand::SeedableRng;
    StdRng::try_from_rng(&mut SysRng).map_err(|error| InputError::System(error.to_string()))
}

pub(crate) fn random_bytes() -> Result<[u8; 32], InputError> {
    let mut bytes = [0; 32];
    SysRng.try_fill_bytes(&mut bytes).map_err(|error| InputError::System(error.to_string()))?;
    Ok(bytes)
}
