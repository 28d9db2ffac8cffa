//! One side of a visit without a window: the headless contract of `docs/headless.md`.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant, SystemTime};

use call::{EndReason, Intent, MediaConfig, Phase, Preferences, Snapshot};
use devices::DeviceError;
use rand::TryRng;
use rand::rngs::{StdRng, SysRng};
use signaling_client::{ClientError, Server, ServerTrust, SignalingClient};
use signaling_protocol::{CreateInviteRequest, SignInRequest};
use tokio::sync::{mpsc, watch};
use trust::{HostIdentity, InviteSecret, Link, ServerAddress, TlsPin};
use units::{Clock, Phi};

use crate::driver::Ended;
use crate::identity::{self, IdentityError};
use crate::media::{MediaChoices, MediaThreads};
use crate::person::Person;
use crate::recorder::Recorder;
use crate::report::{Report, ReportEvent, Sample};
use crate::visit::{self, Start};

/// How long a link made here is good: the longest visit and some waiting.
const LINK_LIFETIME: Duration = Duration::from_secs(4 * 3600);
/// Picture and sound arrived, of what was not `none`.
pub const EXIT_PICTURE_AND_SOUND: u8 = 0;
/// Sound arrived and no picture.
pub const EXIT_SOUND_ONLY: u8 = 2;
/// The visit was never live, or nothing was heard in it.
pub const EXIT_NEVER_LIVE: u8 = 3;
/// Refused: by the server, by the other person, or by us because something was not safe.
pub const EXIT_REFUSED: u8 = 4;

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
pub struct Pin(TlsPin);

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
        Party::Host(host) => match prepare_host(host, clock, &mut recorder).await? {
            Ok((party, client, token)) => (party, client, Some(token)),
            Err(error) => return Ok(refused_before_the_visit(&error, recorder, media, clock)),
        },
    };
    let media_config = MediaConfig {
        sends_voice: config.media.microphone != devices::microphone::MicrophoneChoice::None,
        camera: media.camera_format().map(|format| call::CameraFormat { size: format.size, fps: format.fps.rounded() }),
        receives_picture: true,
    };
    let person = Person::new(clock.timestamp(Instant::now()), admit_after, config.duration, config.give_up);
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
    tokio::spawn(sit_in_front(person, clock, begun.snapshots, begun.intents));
    let wanted = Wanted::of(&config.media);
    let ended = begun.driver.run(progress).await;
    Ok(outcome(ended, wanted))
}

/// Signs in, makes the visit and its link. The outer error is the caller's fault, the inner one the server's answer.
async fn prepare_host(
    host: Host,
    clock: Clock,
    recorder: &mut Recorder,
) -> Result<Result<(call::Party, SignalingClient, Phi<String>), ClientError>, InputError> {
    let address = ServerAddress::from_base_url(host.server.trim_end_matches('/'))
        .map_err(|_| InputError::Server(host.server.clone()))?;
    let pin = host.pin.map(|Pin(pin)| pin);
    let client = client(&address, pin.as_ref())?;
    let identity = match &host.identity {
        Some(folder) => identity::load_or_make(folder, random_bytes()?)?,
        None => HostIdentity::from_secret(&random_bytes()?),
    };
    let totp = host.totp_secret.as_ref().map(totp_now).transpose()?;
    let secret = InviteSecret::from_random(random_bytes()?);
    let made = async {
        let signed_in = client.sign_in(&SignInRequest { name: host.user, password: host.password, totp }).await?;
        recorder.signed_in(clock.timestamp(Instant::now()));
        let visit = client.create_visit(&signed_in.token).await?.visit;
        let request = CreateInviteRequest { invite_key: secret.invite_key(), expires_in_secs: LINK_LIFETIME.as_secs() };
        let invite = client.create_invite(&signed_in.token, visit, &request).await?.invite;
        Ok::<_, ClientError>((visit, invite, signed_in.token))
    };
    let (visit, invite, token) = match made.await {
        Ok(made) => made,
        Err(error) => return Ok(Err(error)),
    };
    let invites = vec![(invite, secret.invite_key())];
    let link = Link {
        server: address,
        app_only: pin.is_some(),
        invite,
        secret,
        clinic_key: identity.fingerprint(),
        epoch: None,
        pin,
    };
    write_link(&host.invite_out, &link)
        .map_err(|source| InputError::InviteOut { path: host.invite_out.clone(), source })?;
    Ok(Ok((call::Party::Host { identity, visit, invites }, client, token)))
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

/// Written whole or not at all, and for this user's eyes alone: whoever reads it can knock.
fn write_link(path: &Path, link: &Link) -> std::io::Result<()> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".part");
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&beside)?;
    writeln!(file, "{link}")?;
    file.sync_all()?;
    std::fs::rename(&beside, path)
}

fn totp_now(secret: &Phi<String>) -> Result<Phi<String>, InputError> {
    crate::totp::now(secret.expose(), SystemTime::now()).map(Phi::new).ok_or(InputError::Totp)
}

async fn sit_in_front(
    mut person: Person,
    clock: Clock,
    mut seen: watch::Receiver<Snapshot>,
    intents: mpsc::Sender<Intent>,
) {
    loop {
        let snapshot = seen.borrow_and_update().clone();
        while let Some(intent) = person.decide(clock.timestamp(Instant::now()), &snapshot) {
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

/// What must have arrived for the visit to have been whole.
#[derive(Debug, Clone, Copy)]
struct Wanted {
    sound: bool,
    picture: bool,
}

impl Wanted {
    fn of(media: &MediaChoices) -> Self {
        Self {
            sound: media.speaker != devices::speaker::SpeakerChoice::None,
            picture: media.screen != devices::screen::ScreenChoice::None,
        }
    }
}

fn refused_before_the_visit(error: &ClientError, recorder: Recorder, media: MediaThreads, clock: Clock) -> Outcome {
    let exit = if error.is_definite() { EXIT_REFUSED } else { EXIT_NEVER_LIVE };
    let now = clock.timestamp(Instant::now());
    let report = recorder.finish(now, &media.shared().meters, "never_joined", exit);
    Outcome { report, problem: Some(error.to_string()) }
}

fn outcome(ended: Ended, wanted: Wanted) -> Outcome {
    let shared = ended.media.shared().clone();
    let device_problem = ended.media.finish().into_iter().next();
    let meters = &shared.meters;
    let heard = meters.voice_played.load(Ordering::Relaxed) > 0;
    let saw = meters.has_shown();
    let (end, refused, sentence) = match (&ended.hopeless, ended.phase) {
        (Some(error), _) => ("refused", true, Some(error.to_string())),
        (None, Phase::Ended(reason)) => {
            let refused = matches!(reason, EndReason::Refused(_) | EndReason::Denied | EndReason::Removed);
            let quiet = matches!(reason, EndReason::HungUp | EndReason::TheyHungUp | EndReason::VisitOver);
            (reason.name(), refused, (!quiet).then(|| reason.to_string()))
        }
        (None, phase) => (phase.name(), false, None),
    };
    let exit = if refused {
        EXIT_REFUSED
    } else {
        match (heard, saw) {
            (true, true) => EXIT_PICTURE_AND_SOUND,
            (true, false) if !wanted.picture => EXIT_PICTURE_AND_SOUND,
            (true, false) => EXIT_SOUND_ONLY,
            (false, true) if !wanted.sound => EXIT_PICTURE_AND_SOUND,
            (false, _) => EXIT_NEVER_LIVE,
        }
    };
    let in_vain = (exit == EXIT_NEVER_LIVE && sentence.is_none()).then(|| match ended.last_fault {
        Some(fault) => fault,
        None => "Nobody came, or nothing was heard; try again, or call the clinic.".to_owned(),
    });
    let problem = sentence.or(in_vain).or(device_problem.map(|problem| problem.to_string()));
    Outcome { report: ended.recorder.finish(ended.at, meters, end, exit), problem }
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
