//! One side of a visit without a window: the headless contract of `docs/headless.md`.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime};

use call::{Intent, MediaConfig, Preferences, Snapshot};
use devices::DeviceError;
use rand::TryRng;
use rand::rngs::{StdRng, SysRng};
use signaling_client::{ClientError, Server, ServerTrust, SignalingClient};
use signaling_protocol::{Code, SignInReply, SignInRequest, VisitId};
use tokio::runtime::Runtime;
use tokio::sync::{mpsc, watch};
use trust::{Link, ServerAddress, TlsPin};
use units::{Clock, Phi};

use crate::comparing::{Comparing, Voice};
use crate::device_secret::DeviceSecret;
use crate::files::SaveTo;
pub use crate::handing::Handing;
use crate::handing::hand_over;
use crate::host;
use crate::identity::IdentityError;
use crate::media::{MediaChoices, MediaThreads};
use crate::memory::{Memory, MemoryError};
pub use crate::outcome::Outcome;
use crate::outcome::{self, InVain, Wanted};
use crate::person::{Habits, Person};
use crate::proxies::{ProxyChoice, ProxyFinder};
use crate::recorder::Recorder;
use crate::report::{ReportEvent, Sample};
use crate::stopping::{end_when_told_again, told_to_stop};
use crate::totp;
use crate::visit::{self, HostWish, Said, Start};

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
    /// Whom this side has met before.
    pub memory: Memory,
    /// By way of which proxies the server is reached.
    pub proxies: ProxyChoice,
    /// How digits are compared, if they are.
    pub comparing: Comparing,
    /// What is handed over.
    pub handing: Handing,
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
    /// Who signs in, and where.
    pub account: Account,
    /// The folder with the clinic's key. Without it one is made for this visit; a visit that was planned is held by the device
    /// whose keys are in the system's keyring.
    pub identity: Option<PathBuf>,
    /// The secret that such a folder holds, from wherever else.
    pub device: Option<DeviceSecret>,
    /// Where the link is written, if one is made.
    pub invite_out: Option<PathBuf>,
    /// The visit that was planned before; without one it is made now.
    pub visit: Option<VisitId>,
    /// Whether the visit is left alone where another device of ours is in it.
    pub claims: bool,
    /// How long whoever knocks waits.
    pub admit_after: Duration,
}

/// An account on a server, and all that signing in takes.
#[derive(Debug)]
pub struct Account {
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
    /// The file of whom this machine has met: beside it the newest checkpoint of the clinic's audit log is kept, and compared
    /// with at each sign-in. Without it nothing is.
    pub known_file: Option<PathBuf>,
}

impl Account {
    /// The server's address as it is used.
    pub(crate) fn address(&self) -> Result<ServerAddress, InputError> {
        server_address(&self.server)
    }

    /// The six digits of this moment, if the account's second factor is here.
    pub(crate) fn digits(&self) -> Result<Option<Phi<String>>, InputError> {
        self.digits_at(SystemTime::now())
    }

    fn digits_at(&self, wall: SystemTime) -> Result<Option<Phi<String>>, InputError> {
        let Some(secret) = &self.totp_secret else { return Ok(None) };
        totp::at(secret.expose(), wall).map(|digits| Some(Phi::new(digits))).ok_or(InputError::Totp)
    }

    /// Signs in, once the server is reached. Digits are good once: where somebody has used those of the moment already, the
    /// next ones are tried, which a server takes a little early.
    pub(crate) async fn sign_in(&self, client: &SignalingClient) -> Result<SignInReply, ClientError> {
        let mut early = Duration::ZERO;
        loop {
            // Of each try: half a minute later others are right.
            let ask = async || client.sign_in(&self.request(early, None)).await;
            match client.until_definite(ask).await {
                Err(error) if early.is_zero() && self.were_used(&error) => early = totp::STEP,
                reply => return reply,
            }
        }
    }

    /// The same, where nobody waits for a server that is not reached. `device` is by what it knows this one.
    pub(crate) async fn sign_in_now(
        &self,
        client: &SignalingClient,
        device: Option<&Phi<String>>,
    ) -> Result<SignInReply, ClientError> {
        match client.sign_in(&self.request(Duration::ZERO, device)).await {
            Err(error) if self.were_used(&error) => client.sign_in(&self.request(totp::STEP, device)).await,
            reply => reply,
        }
    }

    /// With the digits of so much later than now.
    fn request(&self, early: Duration, device: Option<&Phi<String>>) -> SignInRequest {
        let totp = self.digits_at(SystemTime::now() + early).ok().flatten();
        let request = SignInRequest::new(self.user.clone(), self.password.clone(), totp);
        SignInRequest { label: LABEL.to_owned(), device_token: device.cloned(), ..request }
    }

    /// Whether the digits may have been somebody else's already.
    fn were_used(&self, error: &ClientError) -> bool {
        let is_refused = matches!(error, ClientError::Refused(refusal) if refusal.code == Code::SignInRefused);
        is_refused && self.totp_secret.is_some()
    }
}

/// What a session is called in the list of them: which kind of device, never whose.
pub(crate) const LABEL: &str = if cfg!(target_os = "macos") {
    "Housecall on macOS"
} else if cfg!(windows) {
    "Housecall on Windows"
} else {
    "Housecall on Linux"
};

/// The server that a person named.
pub(crate) fn server_address(text: &str) -> Result<ServerAddress, InputError> {
    ServerAddress::from_base_url(text.trim_end_matches('/')).map_err(|_| InputError::Server(text.to_owned()))
}

/// The patient: joins by a link.
#[derive(Debug)]
pub struct Guest {
    /// The link.
    pub link: Link,
    /// By what the clinic knows this device again.
    pub device: Option<DeviceSecret>,
    /// Where the patient is and whom to call.
    pub facts: Option<call::Facts>,
    /// The clinic's code: said whenever it is asked for.
    pub code: Option<Phi<String>>,
}

/// A server's certificate, as the server prints it: `sha256:` and 43 characters of base64url.
#[derive(Debug, Clone, Copy)]
pub struct Pin(pub(crate) TlsPin);

impl std::fmt::Display for Pin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

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
    /// Signing in, where nothing else is to be done without it.
    #[error(transparent)]
    SignIn(ClientError),
    /// The server says no, or says nothing.
    #[error(transparent)]
    Asked(ClientError),
    /// What colleagues share about a visit.
    #[error(transparent)]
    Card(#[from] clinic::StaffBoxError),
    /// Why a colleague's visit is taken over was not said.
    #[error(
        "say in a few words why you take this visit over, in 2,000 letters at most; only who reviews it can read them"
    )]
    NoteMissing,
    /// Who is signed in did not prove it.
    #[error("these digits are not right, or were used before; wait for the next ones, then try again")]
    WrongDigits,
    /// A date, a time or a time zone.
    #[error(transparent)]
    Calendar(#[from] desk::day::CalendarError),
    /// A time that the clinic's clock leaves out, or shows twice.
    #[error(
        "the clinic's clocks change at that time: it could be {earlier} or {later}; say which with --clock-change \
         earlier, later or rule"
    )]
    ClocksChange {
        /// The earlier, on the clinic's clock.
        earlier: String,
        /// The later.
        later: String,
    },
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
    /// Whom the app has met before.
    #[error(transparent)]
    Memory(#[from] MemoryError),
    /// A link would be good for nothing.
    #[error("that time is over, and a link to the visit would be good for nothing; choose another")]
    TimeOver,
    /// Keys would be made, and be lost.
    #[error(
        "this machine has no keyring, in which the keys of its device would be; where it is only tried out, name a folder \
         with --identity"
    )]
    NoKeyring,
    /// Why this machine's device is none that the clinic vouches for.
    #[error("this machine's device is not certified: {0}")]
    NotCertified(&'static str),
    /// What became of keys that nobody looks after; a sentence.
    #[error("{0}")]
    Keys(String),
    /// What was given is no id.
    #[error("that is not an id: it looks like vis_ and 22 letters and digits")]
    NotAnId,
    /// What was given is no id of a device.
    #[error("that is not the id of a device (dev_…), a machine (mac_…) or a session (ses_…)")]
    NotADevice,
    /// Where evidence is to be written.
    #[error("the evidence cannot be written: {0}")]
    Evidence(String),
    /// Where the recovery sheet is to be written.
    #[error("the recovery sheet cannot be written to {path}: {source}; name another place")]
    Sheet {
        /// Where.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Where the digits are to be written.
    #[error("the digits cannot be written to {path}: {source}; name another place")]
    DigitsOut {
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
    let runtime = runtime()?;
    let clock = Clock::starting_at(Instant::now(), SystemTime::now());
    let outcome = runtime.block_on(run_visit(config, clock, progress));
    runtime.shutdown_timeout(Duration::from_millis(200));
    outcome
}

/// Where the network's work is done, for windows and headless alike.
pub(crate) fn runtime() -> Result<Runtime, InputError> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .thread_name("net")
        .enable_all()
        .build()
        .map_err(|error| InputError::System(error.to_string()))
}

async fn run_visit(
    config: Config,
    clock: Clock,
    progress: &mut dyn FnMut(Progress<'_>),
) -> Result<Outcome, InputError> {
    let mut recorder = Recorder::new(clock);
    let media = MediaThreads::start(&config.media, clock, tokio::runtime::Handle::current())?;
    let admit_after = match &config.party {
        Party::Host(host) => Some(host.admit_after),
        Party::Guest(_) => None,
    };
    let on_this_machine = match &config.party {
        Party::Host(host) => host.account.address().ok(),
        Party::Guest(guest) => Some(guest.link.server.clone()),
    }
    .is_some_and(|server| is_loopback(server.host()));
    let proxies = ProxyFinder::new(config.proxies);
    let claims = matches!(&config.party, Party::Host(Host { claims: true, .. }));
    let said = match &config.party {
        Party::Guest(guest) => (guest.facts.clone(), guest.code.clone()),
        Party::Host(_) => (None, None),
    };
    let (party, client, staff_token, longest) = match config.party {
        Party::Guest(guest) => {
            let client = client(proxies, &guest.link.server, guest.link.pin.as_ref())?;
            (guest_party(guest.link, guest.device.as_ref(), &config.memory), client, None, None)
        }
        Party::Host(host) => {
            let prepared = tokio::select! {
                prepared = host::prepare(host, proxies, config.give_up, clock, &mut recorder) => Some(prepared?),
                () = told_to_stop() => None,
            };
            match prepared {
                Some(Ok(host::Prepared { party, client, token, longest })) => (party, client, Some(token), longest),
                Some(Err(error)) if error.is_definite() => {
                    return Ok(never_joined(InVain::Refused(error.to_string()), recorder, media, clock));
                }
                Some(Err(error)) => {
                    return Ok(never_joined(InVain::Unreachable(error.to_string()), recorder, media, clock));
                }
                None => return Ok(never_joined(InVain::Stopped, recorder, media, clock)),
            }
        }
    };
    let media_config = MediaConfig {
        sends_voice: config.media.microphone != devices::microphone::MicrophoneChoice::None,
        camera: media.shared().camera_format().map(call_format),
        receives_picture: true,
    };
    let habits = Habits {
        join_after: Some(Duration::ZERO),
        admit_after,
        duration: Some(config.duration),
        give_up: Some(config.give_up),
        compare_after: config.comparing.after,
    };
    let person = Person::new(clock.timestamp(Instant::now()), habits);
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
        memory: config.memory,
        own_device: None,
        save_to: SaveTo { folder: config.handing.accept.clone(), photographs_in_memory: false },
        here: None,
        wish: HostWish { claims, longest },
    })?;
    tokio::spawn(answer_what_is_asked(said, begun.snapshots.clone(), begun.said.clone()));
    tokio::spawn(hand_over(config.handing, begun.snapshots.clone(), begun.said, begun.intents.clone()));
    tokio::spawn(hang_up_when_told(begun.intents.clone()));
    let voice = Voice::new(config.comparing);
    tokio::spawn(sit_in_front(person, voice, clock, begun.snapshots, begun.intents, gave_up.clone()));
    let wanted = Wanted {
        sound: config.media.speaker != devices::speaker::SpeakerChoice::None,
        picture: config.media.screen != devices::screen::ScreenChoice::None,
    };
    let ended = begun.driver.run(progress).await;
    Ok(outcome::of(ended, wanted, gave_up.load(Ordering::Relaxed)))
}

/// A camera's format as the engine takes it.
pub(crate) fn call_format(format: devices::camera::CameraFormat) -> call::CameraFormat {
    call::CameraFormat { size: format.size, fps: format.fps.rounded() }
}

/// A client for a server, by way of the proxies that are found.
pub(crate) fn client(
    proxies: Arc<ProxyFinder>,
    address: &ServerAddress,
    pin: Option<&TlsPin>,
) -> Result<SignalingClient, InputError> {
    let trust = pin.map_or(ServerTrust::PlatformRoots, |pin| ServerTrust::Pinned(pin.0));
    let server = Server { base_url: address.base_url(), trust };
    SignalingClient::by_way_of(proxies, server).map_err(|error| InputError::System(error.to_string()))
}

/// Whether a server of this name is on this machine, and then the other side may be as well.
pub(crate) fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<std::net::IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

/// Lets the person see and speak until the visit is over; answers whether they gave up.
pub(crate) async fn sit_in_front(
    mut person: Person,
    mut voice: Voice,
    clock: Clock,
    mut seen: watch::Receiver<Snapshot>,
    intents: mpsc::Sender<Intent>,
    gave_up: Arc<AtomicBool>,
) {
    loop {
        let snapshot = seen.borrow_and_update().clone();
        voice.read_out(&snapshot);
        if let Some(intent) = voice.compare(&snapshot)
            && intents.send(intent).await.is_err()
        {
            return;
        }
        while let Some(intent) = person.decide(clock.timestamp(Instant::now()), &snapshot) {
            gave_up.store(person.gave_up(), Ordering::Relaxed);
            if intents.send(intent).await.is_err() {
                return;
            }
        }
        let wake = clock.instant(person.wakes_at(&snapshot)).map(tokio::time::Instant::from_std);
        let wake =
            wake.into_iter().chain(voice.listens_again(&snapshot).map(|span| tokio::time::Instant::now() + span));
        let wake = wake.min();
        let sleep = async {
            match wake {
                Some(wake) => tokio::time::sleep_until(wake).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            changed = seen.changed() => if changed.is_err() { return },
            () = sleep => {}
        }
    }
}

/// Says where the patient is, and the code whenever it is asked for anew.
async fn answer_what_is_asked(
    (facts, code): (Option<call::Facts>, Option<Phi<String>>),
    mut seen: watch::Receiver<Snapshot>,
    said: mpsc::Sender<Said>,
) {
    if let Some(facts) = facts
        && said.send(Said::Facts(facts)).await.is_err()
    {
        return;
    }
    let Some(code) = code else { return };
    loop {
        if seen.borrow_and_update().around.code_asked.is_some() && said.send(Said::Code(code.clone())).await.is_err() {
            return;
        }
        if seen.changed().await.is_err() {
            return;
        }
    }
}

/// Hangs up in order when the program is asked to stop; asked twice, it stops at once.
async fn hang_up_when_told(intents: mpsc::Sender<Intent>) {
    told_to_stop().await;
    if intents.send(Intent::HangUp).await.is_err() {
        return;
    }
    end_when_told_again().await;
}

fn never_joined(why: InVain, recorder: Recorder, media: MediaThreads, clock: Clock) -> Outcome {
    let meters = media.shared().clone();
    media.finish();
    outcome::never_joined(why, clock.timestamp(Instant::now()), recorder, &meters.meters)
}

pub(crate) fn random() -> Result<StdRng, InputError> {
    use rand::SeedableRng;
    StdRng::try_from_rng(&mut SysRng).map_err(|error| InputError::System(error.to_string()))
}

/// A patient: by what the clinic knows them again, if there is a secret, and what they remember of the clinic.
pub(crate) fn guest_party(link: Link, device: Option<&DeviceSecret>, memory: &Memory) -> call::Party {
    let device = device.map(|secret| secret.for_clinic(&link.clinic_key));
    let least_epoch = memory.least_epoch(&link.clinic_key);
    call::Party::Guest { link, device, least_epoch }
}

pub(crate) fn random_bytes() -> Result<[u8; 32], InputError> {
    let mut bytes = [0; 32];
    SysRng.try_fill_bytes(&mut bytes).map_err(|error| InputError::System(error.to_string()))?;
    Ok(bytes)
}
