//! The operating system's sound: which devices there are, and a watch over the one in use.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::mpsc::{self, Receiver, Sender, SyncSender};
use std::thread::{self, JoinHandle, Thread};
use std::time::{Duration, Instant};

use tracing::{debug, info};
use units::{DeviceKind, DeviceMove, DeviceTrouble, MoveCause};

use crate::DeviceError;
use crate::bell::Bell;
use crate::error::StopCause;

mod alarm;
mod callback;
mod plan;
#[cfg(target_os = "linux")]
mod pulse;
mod system;

pub(crate) use alarm::Alarm;
pub(crate) use callback::Slack;
pub(crate) use system::{Found, Stream};

use system::{Sight, System};

/// How a stream is built on a device: the callback's end of a ring goes into the stream, ours comes back.
pub(crate) type Build<R> = fn(&Found, Alarm) -> Result<(Stream, R), DeviceError>;

/// The names of the devices of this kind.
pub(crate) fn names(kind: DeviceKind) -> Result<Vec<String>, DeviceError> {
    Ok(System::connect(kind)?.look(kind)?.present.into_iter().map(|found| found.name).collect())
}

/// A stream that is kept alive: rebuilt when the device or the sound server comes back, and meanwhile on the device that
/// the system chooses. Where none was asked for by name, the system's choice is followed when it changes.
///
/// The stream lives on a thread of its own, because on some systems it may not move between threads, and because asking
/// the system whether the device is still there takes its time.
#[derive(Debug)]
pub(crate) struct Watch<R> {
    /// Our end of the ring of each stream that was built; only the newest counts.
    rings: Receiver<R>,
    problems: Receiver<DeviceError>,
    moves: Receiver<DeviceMove>,
    flags: Arc<Flags>,
    bell: Bell,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct Flags {
    /// A stream was built in the place of one that broke.
    is_back: AtomicBool,
    stopping: AtomicBool,
    /// Whether the device in use is a headset: 0 unknown, 1 no, 2 yes.
    headset: AtomicU8,
}

impl<R: Send + 'static> Watch<R> {
    /// Opens the device of that name, or the system's choice, and waits until it runs.
    pub(crate) fn open(kind: DeviceKind, name: Option<&str>, build: Build<R>) -> Result<Self, DeviceError> {
        let (ring_sender, rings) = mpsc::channel();
        // Both `DropNewest`: an owner that does not ask learns of the first.
        let (problem_sender, problems) = mpsc::sync_channel(MAX_TOLD);
        let (move_sender, moves) = mpsc::sync_channel(MAX_TOLD);
        let (opened_sender, opened) = mpsc::channel();
        let (flags, bell) = (Arc::new(Flags::default()), Bell::default());
        let keeper = Keeper {
            kind,
            name: name.map(str::to_owned),
            build,
            rings: ring_sender,
            problems: problem_sender,
            moves: move_sender,
            flags: Arc::clone(&flags),
            bell: bell.clone(),
        };
        let thread = thread::Builder::new()
            .name(format!("{kind}-watch"))
            .spawn(move || {
                let started = System::connect(kind).and_then(|mut system| Ok((keeper.start(&mut system)?, system)));
                match started {
                    Ok((running, system)) => {
                        let _ = opened_sender.send(Ok(()));
                        keeper.watch(system, running);
                    }
                    Err(problem) => {
                        let _ = opened_sender.send(Err(problem));
                    }
                }
            })
            .map_err(|reason| DeviceError::Stopped { kind, cause: StopCause::Failed(reason.to_string()) })?;
        match opened.recv_timeout(OPEN_TIMEOUT) {
            Ok(Ok(())) => Ok(Self { rings, problems, moves, flags, bell, thread: Some(thread) }),
            Ok(Err(problem)) => Err(problem),
            // The thread is given up: it ends by itself when the system answers.
            Err(_) => {
                flags.stopping.store(true, Ordering::Release);
                Err(DeviceError::Stopped { kind, cause: StopCause::Stalled })
            }
        }
    }

    /// The ring of a stream that was built since this was last asked.
    pub(crate) fn new_ring(&self) -> Option<R> {
        self.rings.try_iter().last()
    }

    /// Has this thread unparked whenever a stream's ring has a frame, or room for one.
    pub(crate) fn wakes(&self, thread: &Thread) {
        self.bell.wakes(thread.clone());
    }

    /// A trouble that was not told yet.
    pub(crate) fn take_problem(&self) -> Option<DeviceError> {
        self.problems.try_recv().ok()
    }

    /// Whether a stream runs again since a problem; said once each time.
    pub(crate) fn came_back(&self) -> bool {
        self.flags.is_back.swap(false, Ordering::Relaxed)
    }

    /// To which device the sound went by itself; said once each time.
    pub(crate) fn take_move(&self) -> Option<DeviceMove> {
        self.moves.try_recv().ok()
    }

    /// Whether the device in use is worn on the head, where the system knows.
    pub(crate) fn is_headset(&self) -> Option<bool> {
        match self.flags.headset.load(Ordering::Relaxed) {
            1 => Some(false),
            2 => Some(true),
            _ => None,
        }
    }
}

impl<R> Drop for Watch<R> {
    fn drop(&mut self) {
        self.flags.stopping.store(true, Ordering::Release);
        if let Some(thread) = self.thread.take() {
            // Not joined: a sound server that hangs would hang the program's end as well.
            thread.thread().unpark();
        }
    }
}

/// What the watching thread knows.
struct Keeper<R> {
    kind: DeviceKind,
    name: Option<String>,
    build: Build<R>,
    rings: Sender<R>,
    problems: SyncSender<DeviceError>,
    moves: SyncSender<DeviceMove>,
    flags: Arc<Flags>,
    bell: Bell,
}

/// A stream that runs. Dropping it stops it.
struct Running {
    _stream: Stream,
    id: String,
    name: String,
    is_headset: Option<bool>,
    alarm: Alarm,
}

/// One on the wanted device, beside the stream that is heard until this one gives a sign of life.
struct Candidate<R> {
    running: Running,
    ring: R,
    since: Instant,
}

impl<R> Keeper<R> {
    /// Starts on the device that was asked for, and on no other.
    fn start(&self, system: &mut System) -> Result<Running, DeviceError> {
        let (running, ring) = self.build_on(system.look(self.kind)?.find(self.kind, self.name.as_deref())?)?;
        Ok(self.hand_over(running, ring))
    }

    /// The device that was asked for, or the system's choice while that is away.
    fn wanted<'a>(&self, sight: &'a Sight) -> Result<&'a Found, DeviceError> {
        sight.find(self.kind, self.name.as_deref()).or_else(|problem| sight.find(self.kind, None).map_err(|_| problem))
    }

    fn build_on(&self, found: &Found) -> Result<(Running, R), DeviceError> {
        let alarm = Alarm::waking(thread::current(), self.bell.clone());
        let (stream, ring) = (self.build)(found, alarm.clone())?;
        let (id, name, is_headset) = (found.id.clone(), found.name.clone(), found.is_headset);
        Ok((Running { _stream: stream, id, name, is_headset, alarm }, ring))
    }

    /// From now on this stream is the one that counts.
    fn hand_over(&self, running: Running, ring: R) -> Running {
        // Without its name: a device may bear its owner's.
        info!(kind = %self.kind, headset = ?running.is_headset, "sound stream runs");
        // Nobody listens any more only when the owner is gone; then `watch` ends at once.
        let _ = self.rings.send(ring);
        self.flags.headset.store(running.is_headset.map_or(0, |is| 1 + u8::from(is)), Ordering::Relaxed);
        running
    }

    /// Starts on what is wanted of what is there now, or on the system's choice; last on the one that gave nothing.
    fn restart(&self, system: &mut System, silent: Option<&str>) -> Result<Running, DeviceError> {
        let sight = system.look(self.kind)?;
        let mut choices = vec![self.wanted(&sight)?];
        choices.extend(sight.default.as_ref().filter(|default| default.id != choices[0].id));
        choices.sort_by_key(|found| silent == Some(found.id.as_str()));
        let mut result = Err(DeviceError::NoDevice { kind: self.kind });
        for found in choices {
            result = self.build_on(found);
            if result.is_ok() {
                break;
            }
        }
        result.map(|(running, ring)| self.hand_over(running, ring))
    }

    /// Looks after the stream until the owner is gone.
    fn watch(&self, mut system: System, running: Running) {
        let mut told = Told { place: (running.id.clone(), running.name.clone()), trouble: None };
        let mut running = Some(running);
        let mut candidate: Option<Candidate<R>> = None;
        let mut rounds = Rounds::from(Instant::now());
        let mut pause = MIN_PAUSE;
        while !self.flags.stopping.load(Ordering::Acquire) {
            thread::park_timeout(POLL_INTERVAL);
            let now = Instant::now();
            let Some(stream) = &running else {
                if now < rounds.next_attempt {
                    continue;
                }
                match system.reconnect(self.kind).and_then(|()| self.restart(&mut system, None)) {
                    Ok(stream) => {
                        running = Some(stream);
                        rounds = Rounds::from(now);
                    }
                    Err(problem) => {
                        debug!(%problem, "not back yet");
                        rounds.next_attempt = now + pause;
                        pause = (pause * 2).min(MAX_PAUSE);
                    }
                }
                continue;
            };
            if told.trouble.is_some() && stream.alarm.is_alive() {
                pause = MIN_PAUSE;
                told.trouble = None;
                self.note_move(&mut told, stream, DeviceTrouble::Failed);
                self.flags.is_back.store(true, Ordering::Relaxed);
            }
            if let Some(cause) = rounds
                .fault(now, stream)
                .or_else(|| self.look_around(now, &mut rounds, stream, &mut system, &mut candidate))
            {
                candidate = None;
                let silent = Some(stream.id.clone()).filter(|_| cause.is_silence());
                let trouble = cause.trouble();
                // Closed before another is opened: it may be the same.
                running = None;
                rounds.next_attempt = now;
                self.flags.is_back.store(false, Ordering::Relaxed);
                // Who goes on with another device at once is told that, and of no trouble.
                if trouble != DeviceTrouble::Failed
                    && let Ok(other) = self.restart(&mut system, silent.as_deref())
                {
                    rounds = Rounds::from(now);
                    if other.id != told.place.0 {
                        rounds.next_attempt = now + if silent.is_some() { MAX_PAUSE } else { Duration::ZERO };
                        self.note_move(&mut told, &other, trouble);
                        running = Some(other);
                        continue;
                    }
                    running = Some(other);
                }
                // Said once, however often it is tried in vain.
                if told.trouble.replace(trouble) != Some(trouble) {
                    let _ = self.problems.try_send(cause.problem(self.kind));
                }
                continue;
            }
            if let Some(better) = candidate.take_if(|better| better.running.alarm.is_alive()) {
                // The one before is closed only now that the other is heard: no gap.
                let better = self.hand_over(better.running, better.ring);
                self.note_move(&mut told, &better, DeviceTrouble::Failed);
                running = Some(better);
                rounds = Rounds::from(now);
            } else if candidate
                .take_if(|better| now >= better.since + PATIENCE || better.running.alarm.fault().is_some())
                .is_some()
            {
                rounds.next_attempt = now + MAX_PAUSE;
            }
        }
    }

    /// Looks whether the device is there, and whether there is a better place for the stream: then one begins there.
    fn look_around(
        &self,
        now: Instant,
        rounds: &mut Rounds,
        stream: &Running,
        system: &mut System,
        candidate: &mut Option<Candidate<R>>,
    ) -> Option<Fault> {
        if now < rounds.next_look {
            return None;
        }
        rounds.next_look = now + look_interval(system);
        // The connection for questions may be gone alone: a server that is busy does not answer in time.
        let sight =
            system.look(self.kind).or_else(|_| system.reconnect(self.kind).and_then(|()| system.look(self.kind)));
        let Ok(sight) = sight else { return Some(Fault::Stopped(StopCause::Failed(CLOSED.into()))) };
        if !sight.has(&stream.id) {
            return Some(Fault::Stopped(StopCause::Unplugged));
        }
        let wanted = self.wanted(&sight).ok().filter(|wanted| wanted.id != stream.id)?;
        let waits_for_it = candidate.as_ref().is_some_and(|better| better.running.id == wanted.id);
        if !waits_for_it && now >= rounds.next_attempt {
            match self.build_on(wanted) {
                Ok((running, ring)) => *candidate = Some(Candidate { running, ring, since: now }),
                Err(problem) => {
                    debug!(%problem, "stays where it is");
                    rounds.next_attempt = now + MAX_PAUSE;
                }
            }
        }
        None
    }

    /// Says it if the sound goes elsewhere now; `why` not to the chosen one, if so.
    fn note_move(&self, told: &mut Told, now: &Running, why: DeviceTrouble) {
        let before = std::mem::replace(&mut told.place, (now.id.clone(), now.name.clone()));
        if before.0 == now.id {
            return;
        }
        let cause = match &self.name {
            None => MoveCause::SystemChanged,
            Some(chosen) if *chosen == now.name || *chosen == now.id => MoveCause::ChosenBack,
            Some(chosen) => MoveCause::ChosenAway { chosen: chosen.clone(), why },
        };
        let _ = self.moves.try_send(DeviceMove { to: now.name.clone(), cause });
    }
}

/// What the owner has been told.
struct Told {
    /// Where the sound went when it was last heard: the device's id and name.
    place: (String, String),
    /// What was wrong, until it works again.
    trouble: Option<DeviceTrouble>,
}

/// What is wrong with a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Fault {
    /// Another program has its device.
    Taken,
    Stopped(StopCause),
}

impl Fault {
    /// Whether its device is there and gives nothing.
    fn is_silence(&self) -> bool {
        matches!(self, Self::Taken | Self::Stopped(StopCause::Stalled))
    }

    fn trouble(&self) -> DeviceTrouble {
        match self {
            Self::Taken => DeviceTrouble::Busy,
            Self::Stopped(StopCause::Unplugged) => DeviceTrouble::Unplugged,
            Self::Stopped(StopCause::Stalled) => DeviceTrouble::Stalled,
            Self::Stopped(StopCause::Failed(_)) => DeviceTrouble::Failed,
        }
    }

    fn problem(self, kind: DeviceKind) -> DeviceError {
        match self {
            Self::Taken => DeviceError::Busy { kind },
            Self::Stopped(cause) => DeviceError::Stopped { kind, cause },
        }
    }
}

/// When the watch looks after what.
struct Rounds {
    next_look: Instant,
    next_sign: Instant,
    silent_checks: u32,
    /// When to try to open a device again that could not be opened.
    next_attempt: Instant,
}

impl Rounds {
    /// For a stream that started then.
    fn from(now: Instant) -> Self {
        Self { next_look: now, next_sign: now + CHECK_INTERVAL, silent_checks: 0, next_attempt: now }
    }

    /// What is wrong with the stream, as far as it says so itself.
    fn fault(&mut self, now: Instant, stream: &Running) -> Option<Fault> {
        if let Some(cause) = stream.alarm.fault() {
            return Some(Fault::Stopped(cause));
        }
        if now >= self.next_sign {
            self.next_sign = now + CHECK_INTERVAL;
            let was_alive = stream.alarm.was_alive();
            if !was_alive && stream.alarm.is_taken() {
                return Some(Fault::Taken);
            }
            self.silent_checks = if was_alive { 0 } else { self.silent_checks + 1 };
        }
        (self.silent_checks >= MAX_SILENT_CHECKS).then_some(Fault::Stopped(StopCause::Stalled))
    }
}

/// Starting PulseAudio on demand takes a second or two; longer than this somebody waits in vain.
const OPEN_TIMEOUT: Duration = Duration::from_secs(8);

/// How soon the owner's end is noticed, or a fault of a stream that cannot wake the watch.
const POLL_INTERVAL: Duration = Duration::from_millis(100);

/// How often the stream must have given a sign of life.
const CHECK_INTERVAL: Duration = Duration::from_secs(1);

/// How often the system is asked what there is; it has no way of telling that all of them share.
fn look_interval(system: &System) -> Duration {
    if system.answers_quickly() { Duration::from_millis(250) } else { CHECK_INTERVAL }
}

const CLOSED: &str = "the sound system closed it";

/// Checks without a callback until a stream counts as stalled.
const MAX_SILENT_CHECKS: u32 = 3;

/// Pauses between attempts to get a device back: a sound server restarts within a second, a person within a minute.
const MIN_PAUSE: Duration = Duration::from_millis(250);
const MAX_PAUSE: Duration = Duration::from_secs(4);

/// How long a stream on a better device may take until it is heard; a virtual card takes up to two seconds.
const PATIENCE: Duration = Duration::from_secs(3);

/// What is kept for an owner that does not ask.
const MAX_TOLD: usize = 4;
