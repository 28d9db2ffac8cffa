//! One way to run a visit, for windows and the headless person alike.

mod handing;

use std::fmt;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use call::{
    Call, CallConfig, DeviceInput, EndReason, Facts, Intent, MediaConfig, Party, Paths, Phase, Preferences, Snapshot,
};
use signaling_client::{ClientError, SignalingClient};
use signaling_protocol::ReceiptPath;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use transfer::TransferId;
use trust::Link;
use units::{Clock, DeviceKind, KeyringTrouble, Listening, Phi, Timestamp};

use crate::board::DeviceBoard;
use crate::comparing::{Comparing, Voice};
use crate::device_keeper::DeviceKeeper;
use crate::doctor::{Checked, QuietCheck};
use crate::driver::{Driver, Look};
use crate::files::{Files, SaveTo};
use crate::handed_here::HandedHere;
use crate::headless::{InputError, Progress, random, sit_in_front};
use crate::identity::unix_at_zero;
use crate::kept_logs::KeptLog;
use crate::keys::AwaitedDevice;
use crate::media::{HeardBack, MediaChoices, MediaThreads, Shared};
use crate::memory::Memory;
use crate::outcome::{self, Outcome, Wanted};
use crate::peers::PeerHub;
use crate::person::{Habits, Person};
use crate::pictures::{Pictures, Repaint};
use crate::proxies::ProxyFinder;
use crate::recorder::Recorder;
use crate::signaling::Signaling;
use crate::talk::{Talk, Talked};
use crate::{MicrophoneChoice, SpeakerChoice};

/// Wishes of a person that wait. `Block` does not fit a window: one that does not get through is dropped and logged.
const INTENTS: usize = 64;

/// All that a visit is made of before it begins.
pub(crate) struct Start {
    pub(crate) party: call::Party,
    pub(crate) client: SignalingClient,
    pub(crate) staff_token: Option<Phi<String>>,
    pub(crate) media: MediaThreads,
    pub(crate) media_config: MediaConfig,
    pub(crate) preferences: Preferences,
    pub(crate) recorder: Recorder,
    pub(crate) clock: Clock,
    /// Whether the other side may be on this very machine.
    pub(crate) on_this_machine: bool,
    pub(crate) board: Option<Arc<DeviceBoard>>,
    pub(crate) memory: Memory,
    /// Of a patient, if the party does not say it: by what the clinic knows this device again.
    pub(crate) own_device: Option<AwaitedDevice>,
    pub(crate) wish: HostWish,
    /// Where goes what the other side hands over and the person takes.
    pub(crate) save_to: SaveTo,
    /// Where a window looks what became of it.
    pub(crate) here: Option<Arc<HandedHere>>,
}

/// How a host comes to a visit.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct HostWish {
    /// Not where another device of ours is in it.
    pub(crate) claims: bool,
    /// After how long of talking the person is told that the time is over.
    pub(crate) longest: Option<Duration>,
}

/// What a person says beside what they want.
#[derive(Debug, Clone)]
pub(crate) enum Said {
    /// Where they are and whom to call.
    Facts(Facts),
    /// The clinic's code.
    Code(Phi<String>),
    /// Something for the other person to read.
    Written(Phi<String>),
    /// A file for them.
    File(PathBuf),
    /// Take this file of theirs, and write it to this folder.
    Accept(TransferId, PathBuf),
}

/// A visit that is ready to run, and the ends of its channels.
pub(crate) struct Begun {
    pub(crate) driver: Driver,
    pub(crate) intents: mpsc::Sender<Intent>,
    pub(crate) said: mpsc::Sender<Said>,
    pub(crate) snapshots: watch::Receiver<Snapshot>,
    pub(crate) to_devices: mpsc::Sender<DeviceInput>,
    /// Becomes true when the person joins.
    pub(crate) joining: watch::Receiver<bool>,
}

/// Puts the engine and what runs around it together; nothing happens before [`Driver::run`].
pub(crate) fn begin(start: Start) -> Result<Begun, InputError> {
    let (clinic, meets_clinic) = match &start.party {
        Party::Host { device, .. } => (device.clinic(), false),
        Party::Guest { link, .. } => (link.clinic_key, true),
    };
    let log = KeptLog::new(start.memory.beside("logs"), clinic, meets_clinic);
    let config = CallConfig {
        preferences: start.preferences,
        known: start.memory.devices(),
        claims: start.wish.claims,
        longest: start.wish.longest,
        ..CallConfig::new(start.party, start.media_config, unix_at_zero(start.clock))
    };
    let call = Call::new(config, Box::new(random()?));
    let (intents_out, intents) = mpsc::channel(INTENTS);
    let (to_devices, from_devices) = mpsc::channel(INTENTS);
    let (said_out, said) = mpsc::channel(INTENTS);
    let (snapshots, seen) = watch::channel(call.snapshot().clone());
    let (joins, joining) = watch::channel(false);
    let (peers, from_peers) = PeerHub::new(start.clock, start.preferences, start.client.clone(), start.on_this_machine);
    let (signaling, answers) = Signaling::new(start.client, start.staff_token);
    let files = Files::start(start.clock, start.save_to)?;
    let mut recorder = start.recorder;
    recorder.count_files(files.meters.clone());
    let driver = Driver {
        call,
        clock: start.clock,
        media: start.media,
        recorder,
        signaling,
        answers,
        peers,
        from_peers,
        intents,
        said,
        files,
        here: start.here,
        from_devices,
        board: start.board,
        snapshots,
        look: Look::default(),
        was_live: false,
        remote: None,
        memory: start.memory,
        own_device: start.own_device,
        remembering: Vec::new(),
        last_path: ReceiptPath::Unknown,
        log,
        looked_at_log: false,
        joining: joins,
    };
    Ok(Begun { driver, intents: intents_out, said: said_out, snapshots: seen, to_devices, joining })
}

/// A visit in a window: its devices run from the beginning, so that people see and hear themselves before they join.
#[derive(Clone)]
pub struct Visit {
    intents: mpsc::Sender<Intent>,
    said: mpsc::Sender<Said>,
    snapshots: watch::Receiver<Snapshot>,
    /// To open a device anew, by kind. `DropNewest`: whoever opens it looks at what is chosen then.
    wishes: [mpsc::Sender<()>; 3],
    shared: Arc<Shared>,
    here: Arc<HandedHere>,
    keyring_trouble: watch::Receiver<Option<KeyringTrouble>>,
    client: SignalingClient,
    /// Of a patient, until they join: what their network will carry.
    check: Option<QuietCheck>,
    ended: watch::Receiver<Option<VisitEnd>>,
}

/// How a visit in a window went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VisitEnd {
    /// How the two talked, if somebody came.
    pub talked: Option<Talked>,
    /// By what way it went in the end.
    pub path: ReceiptPath,
    /// How it ended; nothing when the server was not the right one.
    pub reason: Option<EndReason>,
    /// When the server was not the right one: what came of asking it.
    pub problem: Option<ClientError>,
}

/// What a window's visit needs beside what every visit needs.
pub(crate) struct Surroundings {
    pub(crate) clock: Clock,
    pub(crate) choices: MediaChoices,
    pub(crate) preferences: Preferences,
    /// In visits that begin from now on, relays alone: the person may change it.
    pub(crate) relay_only: AtomicBool,
    pub(crate) habits: Habits,
    pub(crate) comparing: Comparing,
    pub(crate) memory: Memory,
    /// Where files go that are taken, until the person names another folder.
    pub(crate) files_folder: Option<PathBuf>,
    pub(crate) proxies: Arc<ProxyFinder>,
    pub(crate) board: Arc<DeviceBoard>,
    pub(crate) repaint: Repaint,
    pub(crate) tell: Option<Tell>,
    /// When the server first took the password of this window's person.
    pub(crate) signed_in: OnceLock<Timestamp>,
    /// How the first visit went, or why there never was one.
    pub(crate) outcome: Mutex<Option<Outcome>>,
}

/// Hears what goes on in a visit, from any thread; returns at once.
pub type Tell = Arc<dyn Fn(Progress<'_>) + Send + Sync>;

impl Surroundings {
    /// What a visit that begins now is to be like.
    fn preferences(&self) -> Preferences {
        match self.preferences.paths {
            Paths::All if self.relay_only.load(Ordering::Relaxed) => {
                Preferences { paths: Paths::Relays, ..self.preferences }
            }
            _ => self.preferences,
        }
    }

    /// A recorder for a visit that begins, or for none.
    pub(crate) fn recorder(&self) -> Recorder {
        let mut recorder = Recorder::new(self.clock);
        if let Some(&at) = self.signed_in.get() {
            recorder.signed_in(at);
        }
        recorder
    }

    /// Asks the system which devices there are, beside everything else: it takes its time.
    pub(crate) fn look_for_devices(&self) {
        let (board, repaint) = (self.board.clone(), self.repaint.clone());
        tokio::task::spawn_blocking(move || {
            if board.look() {
                repaint();
            }
        });
    }

    /// Keeps how the first visit went; what comes later is a person's own affair.
    pub(crate) fn keep(&self, outcome: Outcome) {
        self.outcome.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(outcome);
    }
}

impl Visit {
    /// The clinic's telephone number, if its server has said one.
    pub fn phone(&self) -> Option<String> {
        self.client.phone()
    }

    /// Starts the devices and the loop; joins when it is told to. To be called within the runtime.
    pub(crate) fn open(
        around: &Arc<Surroundings>,
        party: call::Party,
        client: SignalingClient,
        staff_token: Option<Phi<String>>,
        on_this_machine: bool,
        own_device: Option<AwaitedDevice>,
        wish: HostWish,
    ) -> Result<Self, InputError> {
        let pictures = Arc::new(Pictures::new(around.clock, around.repaint.clone()));
        let runtime = tokio::runtime::Handle::current();
        let (preferences, link) = (around.preferences(), link_of(&party));
        let media = MediaThreads::start_without_devices(around.clock, runtime, pictures)?;
        let shared = media.shared().clone();
        shared.listening.put(around.board.read().listening);
        // Nobody sits there who would be told, or a file would have the sound in it.
        let has_person =
            around.habits.join_after.is_none() && matches!(around.choices.speaker, SpeakerChoice::Device(_));
        shared.tries_speaker.store(has_person && matches!(party, call::Party::Guest { .. }), Ordering::Relaxed);
        let sends_voice = around.choices.microphone != MicrophoneChoice::None;
        let keyring_trouble = own_device.as_ref().map_or_else(|| watch::channel(None).1, AwaitedDevice::trouble);
        let here = Arc::new(HandedHere::new(around.repaint.clone()));
        let photographs_in_memory = matches!(party, Party::Host { .. });
        let begun = begin(Start {
            party,
            client: client.clone(),
            staff_token,
            media,
            // What the camera gives is said when it runs.
            media_config: MediaConfig { sends_voice, camera: None, receives_picture: true },
            preferences,
            recorder: around.recorder(),
            clock: around.clock,
            on_this_machine,
            board: Some(around.board.clone()),
            memory: around.memory.clone(),
            own_device,
            save_to: SaveTo { folder: around.files_folder.clone(), photographs_in_memory },
            here: Some(here.clone()),
            wish,
        })?;
        let wishes = DeviceKind::ALL.map(|kind| {
            let (wish, wishes) = mpsc::channel(1);
            let keeper = DeviceKeeper {
                kind,
                shared: shared.clone(),
                board: around.board.clone(),
                started_with: around.choices.clone(),
                repaint: around.repaint.clone(),
                engine: begun.to_devices.clone(),
            };
            tokio::spawn(keeper.run(wishes, begun.snapshots.clone()));
            wish
        });
        around.look_for_devices();
        let check = link.map(|link| {
            let relay_only = preferences.paths != Paths::All;
            let seen = (around.clock, around.repaint.clone());
            QuietCheck::begin(client.clone(), link, relay_only, begun.joining.clone(), seen)
        });
        let person = Person::new(around.clock.timestamp(Instant::now()), around.habits);
        let gave_up = Arc::new(AtomicBool::new(false));
        let (seen, intents) = (begun.snapshots.clone(), begun.intents.clone());
        let voice = Voice::new(around.comparing.clone());
        tokio::spawn(sit_in_front(person, voice, around.clock, seen, intents, gave_up.clone()));
        let (ended_out, ended) = watch::channel(None);
        let talk = tokio::spawn(Talk::follow(begun.snapshots.clone(), around.clock, around.repaint.clone()));
        tokio::spawn(run(begun.driver, around.clone(), gave_up, talk, ended_out));
        Ok(Self {
            intents: begun.intents,
            said: begun.said,
            snapshots: begun.snapshots,
            wishes,
            shared,
            here,
            keyring_trouble,
            client,
            check,
            ended,
        })
    }

    /// Tells the engine what the person wants.
    pub fn intend(&self, intent: Intent) {
        if self.intents.try_send(intent).is_err() && !self.shared.stopping() {
            tracing::warn!(?intent, "the visit does not take this any more");
        }
    }

    /// The patient says where they are and whom to call.
    pub fn say_facts(&self, facts: Facts) {
        let _ = self.said.try_send(Said::Facts(facts));
    }

    /// The patient has typed the clinic's code.
    pub fn say_code(&self, code: Phi<String>) {
        let _ = self.said.try_send(Said::Code(code));
    }

    /// What the network of a patient who has not joined will carry, as far as it was found out; kept when they join.
    pub fn network_check(&self) -> Option<Checked> {
        self.check.as_ref()?.checked()
    }

    /// From now on relays alone, or any way.
    pub(crate) fn hide_address(&self, relay_only: bool) {
        self.intend(Intent::SetRelayOnly(relay_only));
        if let Some(check) = &self.check {
            check.hide_address(relay_only);
        }
    }

    /// The call as the person sees it.
    pub fn snapshot(&self) -> Snapshot {
        self.snapshots.borrow().clone()
    }

    /// How it went, once it is over and the devices are closed.
    pub fn end(&self) -> Option<VisitEnd> {
        self.ended.borrow().clone()
    }

    /// Why the clinic cannot know this patient's device again; nothing while it can, or while the keyring is asked.
    pub fn keyring_trouble(&self) -> Option<KeyringTrouble> {
        *self.keyring_trouble.borrow()
    }

    /// The newest pictures.
    pub fn pictures(&self) -> &Pictures {
        &self.shared.pictures
    }

    /// How loud our microphone is and what we play of theirs, 0 to 1 of full scale.
    pub fn levels(&self) -> (f32, f32) {
        (self.shared.meters.microphone_level.get(), self.shared.meters.speaker_level.get())
    }

    /// Whether somebody speaks into our microphone while it is off, or did a moment ago.
    pub fn speaks_while_muted(&self) -> bool {
        self.shared.meters.muted_speech.is_recent(self.shared.now())
    }

    /// The other side is heard like this from now on.
    pub(crate) fn listen(&self, listening: Listening) {
        self.shared.listening.put(listening);
    }

    /// Opens the device of this kind that is chosen now.
    pub fn reopen(&self, kind: DeviceKind) {
        let _ = self.wishes[kind as usize].try_send(());
    }

    /// The other side is played so loud from now on, in percent; what calls somebody to the window stays as loud as it is.
    pub fn set_volume(&self, percent: u8) {
        self.shared.volume_percent.store(percent, Ordering::Relaxed);
    }

    /// Whether our microphone heard the last two notes from our loudspeaker.
    pub fn heard_back(&self) -> HeardBack {
        self.shared.heard_back.get()
    }

    /// Two soft notes from the loudspeaker.
    pub fn chime(&self) {
        self.shared.chime.store(true, Ordering::Relaxed);
    }

    /// Waits until it is over.
    pub(crate) async fn over(&self) -> Option<VisitEnd> {
        let mut ended = self.ended.clone();
        let end = ended.wait_for(Option::is_some).await.ok()?;
        end.clone()
    }
}

impl fmt::Debug for Visit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Visit").finish_non_exhaustive()
    }
}

/// A patient's.
fn link_of(party: &Party) -> Option<Link> {
    match party {
        Party::Guest { link, .. } => Some(link.clone()),
        Party::Host { .. } => None,
    }
}

/// Runs the visit to its end, and says then how it went.
async fn run(
    driver: Driver,
    around: Arc<Surroundings>,
    gave_up: Arc<AtomicBool>,
    talk: JoinHandle<Talk>,
    ended_out: watch::Sender<Option<VisitEnd>>,
) {
    let tell = around.tell.clone();
    let ended = driver
        .run(&mut |progress: Progress<'_>| {
            if let Some(tell) = &tell {
                tell(progress);
            }
        })
        .await;
    let reason = if let Phase::Ended(reason) = ended.phase { Some(reason) } else { None };
    let (problem, path) = (ended.hopeless.clone(), ended.path);
    // The window shows their picture, if it has no other screen.
    let sound = around.choices.speaker != SpeakerChoice::None;
    let wanted = Wanted { sound, picture: true };
    let closed = tokio::task::spawn_blocking(move || outcome::of(ended, wanted, gave_up.load(Ordering::Relaxed)));
    if let Ok(outcome) = closed.await {
        around.keep(outcome);
    }
    let talked = talk.await.unwrap_or_default().told(around.clock);
    ended_out.send_replace(Some(VisitEnd { talked, path, reason, problem }));
    (around.repaint)();
}

/// What an error says, as a sentence of its own for a window: with a capital letter and a full stop.
pub fn as_sentence(error: &impl fmt::Display) -> String {
    let words = error.to_string();
    let mut letters = words.chars();
    let first: String = letters.next().map(|letter| letter.to_uppercase().collect()).unwrap_or_default();
    let end = if words.ends_with(['.', '!', '?']) { "" } else { "." };
    format!("{first}{}{end}", letters.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_error_says_becomes_a_sentence() {
        assert_eq!(as_sentence(&"this link is damaged; copy it again"), "This link is damaged; copy it again.");
        assert_eq!(as_sentence(&"Is it so?"), "Is it so?");
        assert_eq!(as_sentence(&""), ".");
    }
}
