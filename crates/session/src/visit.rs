//! One way to run a visit, for windows and the headless person alike.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use call::{Call, CallConfig, DeviceInput, EndReason, Intent, MediaConfig, Phase, Preferences, Snapshot};
use signaling_client::SignalingClient;
use tokio::sync::{mpsc, watch};
use units::{Clock, Phi, Timestamp};

use crate::board::{DeviceBoard, DeviceKind, Trouble};
use crate::driver::{Driver, Ended, Look};
use crate::headless::{InputError, random};
use crate::media::{ANY_CAMERA, MediaChoices, MediaThreads, Shared};
use crate::peers::PeerHub;
use crate::pictures::{Pictures, Repaint};
use crate::recorder::Recorder;
use crate::signaling::Signaling;
use crate::{CameraChoice, MicrophoneChoice, SpeakerChoice};

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
}

/// A visit that is ready to run, and the ends of its channels.
pub(crate) struct Begun {
    pub(crate) driver: Driver,
    pub(crate) intents: mpsc::Sender<Intent>,
    pub(crate) snapshots: watch::Receiver<Snapshot>,
    pub(crate) to_devices: mpsc::Sender<DeviceInput>,
}

/// Puts the engine and what runs around it together; nothing happens before [`Driver::run`].
pub(crate) fn begin(start: Start) -> Result<Begun, InputError> {
    let config = CallConfig { preferences: start.preferences, ..CallConfig::new(start.party, start.media_config) };
    let call = Call::new(config, Box::new(random()?));
    let (intents_out, intents) = mpsc::channel(INTENTS);
    let (to_devices, from_devices) = mpsc::channel(INTENTS);
    let (snapshots, seen) = watch::channel(call.snapshot().clone());
    let (signaling, answers) = Signaling::new(start.client, start.staff_token);
    let (peers, from_peers) = PeerHub::new(start.clock, start.preferences.max_rate, start.on_this_machine);
    let driver = Driver {
        call,
        clock: start.clock,
        media: start.media,
        recorder: start.recorder,
        signaling,
        answers,
        peers,
        from_peers,
        intents,
        from_devices,
        board: start.board,
        snapshots,
        look: Look::default(),
        was_live: false,
        remote: None,
    };
    Ok(Begun { driver, intents: intents_out, snapshots: seen, to_devices })
}

/// A visit in a window: its devices run from the beginning, so that people see and hear themselves before they join.
#[derive(Clone)]
pub struct Visit {
    intents: mpsc::Sender<Intent>,
    snapshots: watch::Receiver<Snapshot>,
    changes: mpsc::Sender<(DeviceKind, Option<String>)>,
    shared: Arc<Shared>,
    ended: watch::Receiver<Option<VisitEnd>>,
}

/// How a visit in a window went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VisitEnd {
    /// How long the two talked; zero if nobody came.
    pub talked_for: Duration,
    /// How often the connection was lost and came back.
    pub reconnections: u32,
    /// How it ended; nothing when the server was not the right one.
    pub reason: Option<EndReason>,
    /// One sentence, when the server was not the right one.
    pub problem: Option<String>,
}

/// What a window's visit needs beside what every visit needs.
pub(crate) struct Surroundings {
    pub(crate) clock: Clock,
    pub(crate) choices: MediaChoices,
    pub(crate) board: Arc<DeviceBoard>,
    pub(crate) repaint: Repaint,
}

impl Visit {
    /// Starts the devices and the loop; joins when it is told to. To be called within the runtime.
    pub(crate) fn open(
        around: &Surroundings,
        party: call::Party,
        client: SignalingClient,
        staff_token: Option<Phi<String>>,
        on_this_machine: bool,
    ) -> Result<Self, InputError> {
        let pictures = Arc::new(Pictures::new(around.repaint.clone()));
        let runtime = tokio::runtime::Handle::current();
        let media = MediaThreads::start_without_devices(around.clock, runtime, pictures)?;
        let shared = media.shared().clone();
        let camera = call::CameraFormat { size: ANY_CAMERA.size, fps: ANY_CAMERA.fps.rounded() };
        let begun = begin(Start {
            party,
            client,
            staff_token,
            media,
            media_config: MediaConfig { sends_voice: true, camera: Some(camera), receives_picture: true },
            preferences: Preferences::default(),
            recorder: Recorder::new(around.clock),
            clock: around.clock,
            on_this_machine,
            board: Some(around.board.clone()),
        })?;
        let (changes, changes_in) = mpsc::channel(INTENTS);
        let keeper = DeviceKeeper {
            shared: shared.clone(),
            board: around.board.clone(),
            choices: around.choices.clone(),
            repaint: around.repaint.clone(),
            engine: begun.to_devices,
        };
        tokio::spawn(keeper.run(changes_in));
        let (ended_out, ended) = watch::channel(None);
        let talk = tokio::spawn(follow(begun.snapshots.clone(), around.clock, around.repaint.clone()));
        let (driver, repaint, clock) = (begun.driver, around.repaint.clone(), around.clock);
        tokio::spawn(async move {
            let Ended { media, phase, hopeless, .. } = driver.run(&mut |_progress| {}).await;
            // Joins threads, which takes its time.
            let _ = tokio::task::spawn_blocking(move || drop(media.finish())).await;
            let talk = talk.await.unwrap_or_default();
            let reason = if let Phase::Ended(reason) = phase { Some(reason) } else { None };
            ended_out.send_replace(Some(VisitEnd {
                talked_for: talk.total(clock.timestamp(Instant::now())),
                reconnections: talk.reconnections,
                reason,
                problem: hopeless.map(|error| error.to_string()),
            }));
            repaint();
        });
        Ok(Self { intents: begun.intents, snapshots: begun.snapshots, changes, shared, ended })
    }

    /// Tells the engine what the person wants.
    pub fn intend(&self, intent: Intent) {
        if self.intents.try_send(intent).is_err() && !self.shared.stopping() {
            tracing::warn!(?intent, "the visit does not take this any more");
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

    /// The newest pictures.
    pub fn pictures(&self) -> &Pictures {
        &self.shared.pictures
    }

    /// How loud our microphone is and what we play of theirs, 0 to 1 of full scale.
    pub fn levels(&self) -> (f32, f32) {
        (self.shared.meters.microphone_level.get(), self.shared.meters.speaker_level.get())
    }

    /// Use this device from now on; `None` leaves it to the system.
    pub fn choose(&self, kind: DeviceKind, name: Option<String>) {
        let _ = self.changes.try_send((kind, name));
    }

    /// Two soft notes from the loudspeaker.
    pub fn chime(&self) {
        self.shared.chime.store(true, Ordering::Relaxed);
    }

    /// Waits until it is over.
    pub(crate) async fn over(&self) -> Option<VisitEnd> {
        let mut ended = self.ended.clone();
        let end = ended.wait_for(Option::is_some).await.ok()?.clone();
        end
    }
}

impl fmt::Debug for Visit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Visit").finish_non_exhaustive()
    }
}

/// How long the two have talked.
#[derive(Debug, Default, Clone, Copy)]
struct Talk {
    before: Duration,
    since: Option<Timestamp>,
    reconnections: u32,
    lost: bool,
}

impl Talk {
    fn see(&mut self, now: Timestamp, phase: Phase) {
        if let Phase::Live { since } = phase {
            self.reconnections += u32::from(std::mem::take(&mut self.lost));
            self.since.get_or_insert(since);
        } else {
            self.before = self.total(now);
            self.since = None;
            self.lost |= matches!(phase, Phase::Reconnecting { .. });
        }
    }

    fn total(&self, now: Timestamp) -> Duration {
        self.before + self.since.map_or(Duration::ZERO, |since| now.since(since))
    }
}

/// Draws the window again when something changed, and counts.
async fn follow(mut snapshots: watch::Receiver<Snapshot>, clock: Clock, repaint: Repaint) -> Talk {
    let mut talk = Talk::default();
    while snapshots.changed().await.is_ok() {
        let phase = snapshots.borrow_and_update().phase;
        talk.see(clock.timestamp(Instant::now()), phase);
        repaint();
        if phase.is_ended() {
            break;
        }
    }
    talk
}

/// Opens the devices that were chosen, one after the other: a device that hangs keeps no window waiting.
struct DeviceKeeper {
    shared: Arc<Shared>,
    board: Arc<DeviceBoard>,
    choices: MediaChoices,
    repaint: Repaint,
    engine: mpsc::Sender<DeviceInput>,
}

impl DeviceKeeper {
    async fn run(mut self, mut changes: mpsc::Receiver<(DeviceKind, Option<String>)>) {
        for kind in [DeviceKind::Camera, DeviceKind::Microphone, DeviceKind::Speaker] {
            if let Some(name) = self.board.chosen(kind) {
                self.point(kind, Some(name));
            }
            self = self.open(kind).await;
        }
        let (board, repaint) = (self.board.clone(), self.repaint.clone());
        tokio::task::spawn_blocking(move || {
            board.look();
            repaint();
        });
        while let Some((kind, name)) = changes.recv().await {
            self.board.choose(kind, name.clone());
            self.point(kind, name);
            self = self.open(kind).await;
        }
    }

    /// Names the device that is to be opened.
    fn point(&mut self, kind: DeviceKind, name: Option<String>) {
        match kind {
            DeviceKind::Camera => self.choices.camera = CameraChoice::Device(name),
            DeviceKind::Microphone => self.choices.microphone = MicrophoneChoice::Device(name),
            DeviceKind::Speaker => self.choices.speaker = SpeakerChoice::Device(name),
        }
    }

    async fn open(self, kind: DeviceKind) -> Self {
        let (shared, choices) = (self.shared.clone(), self.choices.clone());
        let opened = tokio::task::spawn_blocking(move || match kind {
            DeviceKind::Camera => shared.choose_camera(&choices.camera),
            DeviceKind::Microphone => shared.choose_microphone(&choices.microphone),
            DeviceKind::Speaker => shared.choose_speaker(&choices.speaker),
        });
        let input = match opened.await {
            Ok(Ok(())) => self.board.works(kind),
            Ok(Err(error)) => {
                tracing::info!(%error, "a device is missing");
                self.board.complain(&error).unwrap_or_else(|| self.board.lost(kind, Trouble::Failed))
            }
            Err(_fault) => self.board.lost(kind, Trouble::Failed),
        };
        // The visit may be over.
        let _ = self.engine.send(input).await;
        (self.repaint)();
        self
    }
}

#[cfg(test)]
mod tests {
    use call::ReconnectCause;

    use super::*;

    fn at(secs: u64) -> Timestamp {
        Timestamp::from_millis(secs * 1_000)
    }

    #[test]
    fn only_the_time_in_which_both_were_heard_counts_as_talk() {
        let mut talk = Talk::default();
        talk.see(at(5), Phase::WaitingRoom { since: at(5) });
        talk.see(at(10), Phase::Live { since: at(10) });
        talk.see(at(12), Phase::Live { since: at(10) });
        talk.see(at(20), Phase::Reconnecting { since: at(20), cause: ReconnectCause::LinkLost });
        talk.see(at(50), Phase::Live { since: at(50) });
        talk.see(at(55), Phase::Ended(EndReason::HungUp));
        assert_eq!(talk.total(at(99)), Duration::from_secs(15));
        assert_eq!(talk.reconnections, 1);
    }
}
