//! The one loop around `Call`: tells it what happens, does what it wants done.
//!
//! Dull on purpose. What a person wants comes by one channel, what a person sees goes by another; a window and the
//! headless person use the same two.

use std::sync::Arc;
use std::time::{Duration, Instant};

use audit::Alarm;
use call::{
    Call, DeviceInput, HandingIntent, Input, Intent, NetworkInput, Output, PeerCommand, PeerInput, Phase, PictureSent,
    ReceiptDraft, Remote, Snapshot, StatsInput,
};
use signaling_client::ClientError;
use signaling_protocol::{EndpointId, ReceiptPath};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use units::{Clock, Timestamp};

use crate::board::DeviceBoard;
use crate::files::{Files, FromFiles};
use crate::handed_here::HandedHere;
use crate::headless::{Progress, call_format};
use crate::kept_logs::KeptLog;
use crate::keys::{AwaitedDevice, SettledDevice};
use crate::media::{DeviceNews, MediaThreads, Meters};
use crate::memory::{Memory, MemoryError, News};
use crate::network::{self, NetworkNews};
use crate::peers::{Done, FromPeer, Heard, PeerHub};
use crate::recorder::{Recorder, receipt_path};
use crate::signaling::{Answer, Signaling};
use crate::visit::Said;

/// How often the meters of the media threads are looked at.
const LOOK: Duration = Duration::from_millis(50);
/// How often the engine hears how long pictures take to encode.
const ENCODE_TIME: Duration = Duration::from_millis(200);
/// Nothing came for so long: the engine hears of it, and again every [`SILENCE_AGAIN`].
const SILENCE: Duration = Duration::from_secs(1);
const SILENCE_AGAIN: Duration = Duration::from_millis(500);
/// What is read within this after a sleep may have come before it.
const STALE: Duration = Duration::from_millis(200);
/// How long a picture waits for a packet to be sent again: the question and the answer, and the same once more.
/// Below the least, a busy machine looks like a lossy link, and where every tenth packet is lost a key frame, of many
/// packets, comes later than the fifth answer; beyond the most, a new key frame is there sooner.
const REPAIR_MARGIN: Duration = Duration::from_millis(60);
const LEAST_PATIENCE: Duration = Duration::from_millis(400);
const MOST_PATIENCE: Duration = Duration::from_millis(800);
/// The same of a picture that comes every few seconds: a new key frame would take as long and hold the next one up.
const PATIENCE_WITH_SLIDES: Duration = Duration::from_secs(4);
/// How long the last words to the server may take after the visit.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// Everything that runs around one call.
pub(crate) struct Driver {
    pub(crate) call: Call,
    pub(crate) clock: Clock,
    pub(crate) media: MediaThreads,
    pub(crate) recorder: Recorder,
    pub(crate) signaling: Signaling,
    pub(crate) answers: mpsc::Receiver<Answer>,
    pub(crate) peers: PeerHub,
    pub(crate) from_peers: mpsc::Receiver<FromPeer>,
    pub(crate) intents: mpsc::Receiver<Intent>,
    /// What a patient says beside that.
    pub(crate) said: mpsc::Receiver<Said>,
    /// What is read and written.
    pub(crate) files: Files,
    /// Where a window looks what became of that.
    pub(crate) here: Option<Arc<HandedHere>>,
    /// What became of devices that were chosen while the visit goes on.
    pub(crate) from_devices: mpsc::Receiver<DeviceInput>,
    /// Where troubles of devices are noted for a window; then the engine hears of them too.
    pub(crate) board: Option<Arc<DeviceBoard>>,
    pub(crate) snapshots: watch::Sender<Snapshot>,
    pub(crate) look: Look,
    pub(crate) was_live: bool,
    pub(crate) remote: Option<Remote>,
    /// Whom this app has met before.
    pub(crate) memory: Memory,
    /// By what the clinic knows this patient's device again, while the keyring is asked for it.
    pub(crate) own_device: Option<AwaitedDevice>,
    /// What is being written of that; awaited at the end.
    pub(crate) remembering: Vec<JoinHandle<Result<(), MemoryError>>>,
    /// By what way packets went last, for the audit log.
    pub(crate) last_path: ReceiptPath,
    /// What is kept of the clinic's audit log, and whether it was looked at in this visit.
    pub(crate) log: KeptLog,
    pub(crate) looked_at_log: bool,
    /// Whether the person has joined, for who looks at the network before.
    pub(crate) joining: watch::Sender<bool>,
}

/// What the loop remembers between two looks at the meters.
#[derive(Debug, Default)]
pub(crate) struct Look {
    next: Timestamp,
    next_encode_time: Timestamp,
    heard_first: bool,
    saw_first: bool,
    /// When media was last opened to a connection.
    opened_at: Timestamp,
    /// When the silence that lasts was told.
    silence_told: Option<Timestamp>,
    /// When the machine woke, until the other side is heard again.
    woke: Option<Timestamp>,
}

/// How the call ended.
pub(crate) struct Ended {
    pub(crate) media: MediaThreads,
    pub(crate) recorder: Recorder,
    pub(crate) phase: Phase,
    /// When.
    pub(crate) at: Timestamp,
    /// The server cannot be the right one.
    pub(crate) hopeless: Option<ClientError>,
    /// What the network said last, if it never came to a call.
    pub(crate) last_fault: Option<String>,
    /// Whether it ever was a call.
    pub(crate) was_live: bool,
    /// What the other side said last of its microphone and camera.
    pub(crate) remote: Option<Remote>,
    /// By what way it went, as the last receipt has it.
    pub(crate) path: ReceiptPath,
}

impl Driver {
    /// Runs the call to its end.
    pub(crate) async fn run<P: FnMut(Progress<'_>) + ?Sized>(mut self, progress: &mut P) -> Ended {
        let mut hopeless = None;
        let mut ended_at = None;
        let mut network = network::watch(self.clock);
        loop {
            self.drain(progress).await;
            if ended_at.is_none() && self.call.snapshot().phase.is_ended() {
                ended_at = Some(self.now());
                self.media.detach();
                self.files.detach();
            }
            if self.call.is_finished() {
                break;
            }
            let wake = [self.call.poll_timeout().unwrap_or(Timestamp::NEVER), self.look.next, self.recorder.wakes_at()];
            let wake = self.clock.instant(wake.into_iter().min().unwrap_or_default()).unwrap_or_else(Instant::now);
            tokio::select! {
                Some(intent) = self.intents.recv() => self.hear_intent(intent),
                settled = AwaitedDevice::settle(&mut self.own_device) => self.take_own_device(settled),
                Some(answer) = self.answers.recv() => match answer {
                    Answer::Input(input) => self.take_answer(input),
                    Answer::Hopeless(error) => {
                        hopeless = Some(error);
                        break;
                    }
                    Answer::Log(seen) => self.hear_of_log(seen),
                },
                Some(news) = network.recv() => self.hear_network(news),
                Some(said) = self.said.recv() => self.hear_said(said),
                Some(from) = self.files.from.recv() => self.hear_files(from, progress),
                Some(device) = self.from_devices.recv() => self.tell(Input::Device(device)),
                Some(from) = self.from_peers.recv() => self.hear(from),
                () = tokio::time::sleep_until(wake.into()) => self.wake(progress),
            }
        }
        let (phase, at) = (self.call.snapshot().phase, ended_at.unwrap_or_else(|| self.now()));
        let last_fault = self.signaling.last_fault();
        self.say_last_words(progress).await;
        self.finish_remembering(progress).await;
        self.peers.finish().await;
        Ended {
            media: self.media,
            recorder: self.recorder,
            phase,
            at,
            hopeless,
            last_fault,
            was_live: self.was_live,
            remote: self.remote,
            path: self.last_path,
        }
    }

    /// Lets the good-bye reach the server, and answers a join that comes late with one.
    async fn say_last_words<P: FnMut(Progress<'_>) + ?Sized>(&mut self, progress: &mut P) {
        let deadline = tokio::time::Instant::now() + LAST_WORDS;
        while self.signaling.is_waiting() {
            match tokio::time::timeout_at(deadline, self.answers.recv()).await {
                Ok(Some(Answer::Input(input))) => {
                    self.take_answer(input);
                    self.drain(progress).await;
                }
                Ok(Some(Answer::Hopeless(_) | Answer::Log(_))) => {}
                Ok(None) | Err(_) => break,
            }
        }
    }

    fn take_answer(&mut self, input: call::SignalingInput) {
        if let call::SignalingInput::Joined(reply) = &input {
            self.signaling.seated(reply);
        }
        self.tell(Input::Signaling(input));
    }

    fn now(&self) -> Timestamp {
        self.clock.timestamp(Instant::now())
    }

    fn tell(&mut self, input: Input) {
        self.call.handle_input(self.now(), input);
    }

    /// Who joins says which device it is: that is waited for, a little.
    fn hear_intent(&mut self, intent: Intent) {
        if matches!(intent, Intent::Join) {
            self.joining.send_replace(true);
        }
        if !self.own_device.as_mut().is_some_and(|awaited| awaited.holds(intent)) {
            self.tell(Input::Intent(intent));
        }
    }

    fn take_own_device(&mut self, settled: SettledDevice) {
        if let Some(device) = settled.device {
            self.tell(Input::OwnDevice(device));
        }
        if settled.joins {
            self.tell(Input::Intent(Intent::Join));
        }
    }

    /// The server is asked anew by whatever way there is; the engine decides what becomes of the paths to the others.
    fn hear_network(&mut self, news: NetworkNews) {
        let now = self.now();
        match news {
            NetworkNews::Changed(change) => {
                self.recorder.event(now, "network_changed".to_owned());
                if change.is_elsewhere() || !self.call.snapshot().signaling_up {
                    self.signaling.network_changed();
                }
                self.tell(Input::Network(NetworkInput::Changed));
                for endpoint in self.peers.killed_by(&change) {
                    self.tell(Input::Peer(endpoint, PeerInput::AddressLost));
                }
                // Before the stream's break is heard of: what is said now goes out as soon as there is any way.
                self.call.handle_timeout(now);
            }
            NetworkNews::Woke => {
                self.recorder.event(now, "woke".to_owned());
                self.signaling.network_changed();
                self.look.woke = Some(now);
                self.tell(Input::Network(NetworkInput::Woke));
            }
        }
    }

    fn hear(&mut self, from: FromPeer) {
        match self.peers.heard(from) {
            Some(Heard::Input(endpoint, input)) => self.tell(Input::Peer(endpoint, input)),
            Some(Heard::KeyFrameWanted) => self.media.want_key_frame(),
            None => {}
        }
    }

    fn hear_said(&mut self, said: Said) {
        match said {
            Said::Facts(facts) => self.tell(Input::Facts(facts)),
            Said::Code(code) => self.tell(Input::Code(code)),
            Said::Written(text) => self.tell(Input::Written(text)),
            Said::File(path) => {
                self.see(|here| here.reads());
                self.files.read(path, transfer::Kind::File);
            }
            Said::Accept(id, folder) => {
                self.files.save_to(folder);
                self.tell(Input::Intent(Intent::Hand(HandingIntent::Accept(id))));
            }
        }
    }

    fn see(&self, what: impl FnOnce(&Arc<HandedHere>)) {
        if let Some(here) = &self.here {
            what(here);
        }
    }

    fn hear_files<P: FnMut(Progress<'_>) + ?Sized>(&mut self, from: FromFiles, progress: &mut P) {
        match from {
            FromFiles::News(news) => self.tell(Input::Files(news)),
            FromFiles::Read(file) => {
                if file.kind == transfer::Kind::File {
                    self.see(|here| here.has_read(true));
                }
                self.tell(Input::OfferFile(file));
            }
            FromFiles::Kept { bytes, sha256 } => self.tell(Input::KeptPart { bytes, sha256 }),
            FromFiles::NotRead => {
                self.see(|here| here.has_read(false));
                progress(Progress::Complaint("A file that was to be sent cannot be read."));
            }
            FromFiles::Saved(id, path) => self.see(|here| here.saved_file(id, &path)),
            FromFiles::Photograph(id, jpeg) => self.see(|here| here.take_photograph(id, jpeg)),
        }
    }

    async fn drain<P: FnMut(Progress<'_>) + ?Sized>(&mut self, progress: &mut P) {
        let mut changed = false;
        while let Some(output) = self.call.poll_output() {
            match output {
                Output::Signaling(request) => self.signaling.request(request),
                Output::Peer(endpoint, command) => {
                    if matches!(command, PeerCommand::Close) && self.peers.is_active(endpoint) {
                        self.media.detach();
                        self.files.detach();
                    }
                    match self.peers.command(endpoint, command).await {
                        Done::Nothing => {}
                        Done::Opened(opened) => {
                            self.look.opened_at = self.now();
                            self.media.attach(&opened.peer, opened.voice, opened.picture);
                            self.files.attach(&opened.peer, opened.bulk);
                        }
                        Done::Failed => self.tell(Input::Peer(endpoint, PeerInput::Failed)),
                    }
                }
                Output::Quality { voice, picture } => self.media.set_plans(|plans| {
                    plans.voice = voice;
                    plans.picture = picture;
                }),
                output @ (Output::RememberEpoch { .. } | Output::RememberDevice { .. }) => self.remember(&output),
                Output::Files(command) => {
                    if command == transfer::Command::TakeStill {
                        self.files.take_still(self.media.shared().still_taker());
                    } else {
                        self.files.command(command);
                    }
                    for news in self.files.take_failed() {
                        self.tell(Input::Files(news));
                    }
                }
                Output::Receipt(draft) => self.give_receipt(&draft),
                Output::CompareLog(theirs) => self.signaling.compare_log(self.log.clone(), theirs),
                Output::Milestone(milestone) => self.recorder.milestone(milestone),
                Output::Changed => changed = true,
            }
        }
        if changed {
            let now = self.now();
            let snapshot = self.call.snapshot();
            self.was_live |= matches!(snapshot.phase, Phase::Live { .. });
            self.remote = snapshot.remote.or(self.remote);
            for event in self.recorder.snapshot(now, snapshot) {
                progress(Progress::Event(event));
            }
            self.media.set_plans(|plans| {
                plans.muted = snapshot.muted;
                plans.camera_off = snapshot.camera_off;
            });
            let handed = &snapshot.around.handed;
            self.see(|here| here.keep_only(&handed.transfers, handed.lines.is_empty()));
            self.snapshots.send_replace(snapshot.clone());
        }
    }

    /// The clinic's audit log was looked at.
    fn hear_of_log(&mut self, seen: Result<Option<String>, Alarm>) {
        match seen {
            Ok(Some(note)) => self.tell(Input::Log(note)),
            Ok(None) => {}
            Err(alarm) => {
                tracing::error!(alarm = alarm.name(), why = %alarm, "the clinic's audit log is not what it was");
                self.tell(Input::LogRewritten);
            }
        }
    }

    /// Says to the clinic's audit log what became of a connection, and by what way it went.
    fn give_receipt(&mut self, draft: &ReceiptDraft) {
        // The log is looked at once the two hear each other: it is no reason to wait.
        if !std::mem::replace(&mut self.looked_at_log, true) {
            self.signaling.look_at_log(self.log.clone());
        }
        let path = self.peers.active().and_then(|active| active.stats.path).map(receipt_path);
        self.last_path = path.unwrap_or(self.last_path);
        if let Some(receipt) = self.call.receipt(draft, self.last_path) {
            self.signaling.give(receipt);
        }
    }

    /// Beside everything else: a disk may take its time. Few a visit, and each takes the file's lock.
    fn remember(&mut self, output: &Output) {
        if let Some(news) = News::of(output) {
            let memory = self.memory.clone();
            self.remembering.push(tokio::task::spawn_blocking(move || memory.keep(news)));
        }
    }

    /// What is to be remembered is on the disk, or it is said why not.
    async fn finish_remembering<P: FnMut(Progress<'_>) + ?Sized>(&mut self, progress: &mut P) {
        let deadline = tokio::time::Instant::now() + LAST_WORDS;
        for writing in std::mem::take(&mut self.remembering) {
            if let Ok(Ok(Err(error))) = tokio::time::timeout_at(deadline, writing).await {
                tracing::error!(%error, "not remembered");
                progress(Progress::Complaint(&error.to_string()));
            }
        }
    }

    fn wake<P: FnMut(Progress<'_>) + ?Sized>(&mut self, progress: &mut P) {
        let now = self.now();
        self.call.handle_timeout(now);
        let active = self.peers.active();
        if now >= self.look.next {
            self.look.next = now + LOOK;
            for news in self.media.take_news() {
                self.hear_device(now, news, progress);
            }
            if let Some(active) = &active {
                self.look_at_meters(now, active.endpoint, active.stats.last_heard);
            }
        }
        let their_picture = self.call.snapshot().remote.map(|remote| remote.picture);
        if let Some(sample) = self.recorder.sample(now, active.as_ref(), &self.media.shared().meters) {
            if let (Some(active), Some(round_trip)) = (&active, active.as_ref().and_then(|it| it.stats.round_trip)) {
                let deadline = patience(their_picture, round_trip);
                active.peer.set_playout_deadline(deadline);
                self.media.shared().meters.set_picture_deadline(deadline);
            }
            progress(Progress::Second(sample));
        }
    }

    /// A headless person is told; a window's person is, and the engine with them.
    fn hear_device<P: FnMut(Progress<'_>) + ?Sized>(&mut self, now: Timestamp, news: DeviceNews, progress: &mut P) {
        let input = match news {
            DeviceNews::Problem(problem) => {
                self.recorder.event(now, "device_problem".to_owned());
                progress(Progress::Complaint(&problem.to_string()));
                self.board.as_ref().and_then(|board| board.complain(&problem))
            }
            DeviceNews::Back(kind) => {
                let gives = self.media.shared().camera_format().map(call_format);
                self.board.as_ref().and_then(|board| board.works(kind, gives))
            }
            DeviceNews::Moved(kind, to) => {
                // The report goes without its name: a device may bear its owner's.
                self.recorder.event(now, "device_moved".to_owned());
                progress(Progress::Complaint(&format!("the {kind} in use is now \"{}\"", to.to)));
                if let Some(board) = &self.board {
                    board.moved(now, kind, to);
                }
                None
            }
        };
        if let Some(input) = input {
            self.tell(Input::Device(input));
        }
    }

    fn look_at_meters(&mut self, now: Timestamp, endpoint: EndpointId, last_heard: Option<Timestamp>) {
        let shared = self.media.shared().clone();
        let meters = &shared.meters;
        if !self.look.heard_first && Meters::first(&meters.first_voice).is_some() {
            self.look.heard_first = true;
            self.tell(Input::Peer(endpoint, PeerInput::HeardFirst));
        }
        if !self.look.saw_first && meters.has_shown() {
            self.look.saw_first = true;
            self.tell(Input::Peer(endpoint, PeerInput::SawFirst));
        }
        if now >= self.look.next_encode_time {
            self.look.next_encode_time = now + ENCODE_TIME;
            self.tell(Input::Stats(StatsInput::EncodeTime(meters.encode_time())));
        }
        // What came while the machine slept was only waiting to be read.
        if self.look.woke.is_some_and(|woke| last_heard > Some(woke + STALE)) {
            self.look.woke = None;
            self.tell(Input::Peer(endpoint, PeerInput::HeardAgain));
        }
        // A connection that was just opened is given its time.
        let heard_at = last_heard.unwrap_or_default().max(self.look.opened_at);
        if now - heard_at < SILENCE {
            if self.look.silence_told.take().is_some() {
                self.tell(Input::Peer(endpoint, PeerInput::HeardAgain));
            }
        } else if self.look.silence_told.is_none_or(|told| now - told >= SILENCE_AGAIN) {
            self.look.silence_told = Some(now);
            self.tell(Input::Peer(endpoint, PeerInput::NothingHeard { since: heard_at }));
        }
    }
}

/// How long their picture waits for what is missing of it.
fn patience(their_picture: Option<PictureSent>, round_trip: Duration) -> Duration {
    match their_picture {
        Some(PictureSent::Slides) => PATIENCE_WITH_SLIDES,
        _ => (round_trip * 2 + REPAIR_MARGIN).clamp(LEAST_PATIENCE, MOST_PATIENCE),
    }
}
