//! The operating system's sound: which devices there are, and a watch over the one in use.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, Sender, SyncSender};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use cpal::traits::{DeviceTrait, HostTrait, StreamTrait};
use cpal::{Device, DeviceId, ErrorKind, Host, SampleFormat, Stream, StreamConfig};
use tracing::{debug, info};

use crate::DeviceError;
use crate::error::StopCause;
use units::DeviceKind;

mod choice;

pub(crate) use choice::names;

use choice::{find, plan};

/// How a stream is built on a device: the callback's end of a ring goes into the stream, ours comes back.
pub(crate) type Build<R> = fn(&Device, Plan, Alarm) -> Result<(Stream, R), cpal::Error>;

/// What to ask the device for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Plan {
    pub(crate) config: StreamConfig,
    pub(crate) format: SampleFormat,
}

/// How a stream's callbacks, which must neither lock nor allocate, tell the watch how they are.
#[derive(Debug, Clone, Default)]
pub(crate) struct Alarm(Arc<AlarmFlags>);

#[derive(Debug, Default)]
struct AlarmFlags {
    alive: AtomicBool,
    broken: AtomicBool,
}

impl Alarm {
    /// A data callback ran.
    pub(crate) fn alive(&self) {
        self.0.alive.store(true, Ordering::Relaxed);
    }

    /// An error callback ran. After an overrun ALSA calls it hundreds of times a second, so this only sets a flag.
    pub(crate) fn error(&self, error: &cpal::Error) {
        match error.kind() {
            ErrorKind::Xrun | ErrorKind::RealtimeDenied | ErrorKind::DeviceChanged => {}
            _ => self.0.broken.store(true, Ordering::Relaxed),
        }
    }
}

/// A stream that is kept alive: rebuilt when the device or the sound server comes back, and meanwhile on the device that
/// the system chooses.
///
/// The stream lives on a thread of its own, because on some systems it may not move between threads, and because asking
/// the system whether the device is still there takes its time.
#[derive(Debug)]
pub(crate) struct Watch<R> {
    /// Our end of the ring of each stream that was built; only the newest counts.
    rings: Receiver<R>,
    problems: Receiver<DeviceError>,
    /// A stream was built in the place of one that broke.
    is_back: Arc<AtomicBool>,
    stopping: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl<R: Send + 'static> Watch<R> {
    /// Opens the device of that name, or the system's choice, and waits until it runs.
    pub(crate) fn open(kind: DeviceKind, name: Option<&str>, build: Build<R>) -> Result<Self, DeviceError> {
        let (ring_sender, rings) = mpsc::channel();
        // `DropNewest`: an owner that does not ask learns of the first troubles.
        let (problem_sender, problems) = mpsc::sync_channel(MAX_PROBLEMS);
        let (opened_sender, opened) = mpsc::channel();
        let stopping = Arc::new(AtomicBool::new(false));
        let is_back = Arc::new(AtomicBool::new(false));
        let keeper =
            Keeper { kind, name: name.map(str::to_owned), build, rings: ring_sender, is_back: Arc::clone(&is_back) };
        let seen_by_thread = Arc::clone(&stopping);
        let thread = thread::Builder::new()
            .name(format!("{kind}-watch"))
            .spawn(move || {
                hush();
                let host = cpal::default_host();
                match keeper.start(&host) {
                    Ok(running) => {
                        let _ = opened_sender.send(Ok(()));
                        keeper.watch(host, running, &seen_by_thread, &problem_sender);
                    }
                    Err(problem) => {
                        let _ = opened_sender.send(Err(problem));
                    }
                }
            })
            .map_err(|reason| DeviceError::Stopped { kind, cause: StopCause::Failed(reason.to_string()) })?;
        match opened.recv_timeout(OPEN_TIMEOUT) {
            Ok(Ok(())) => Ok(Self { rings, problems, is_back, stopping, thread: Some(thread) }),
            Ok(Err(problem)) => Err(problem),
            // The thread is given up: it ends by itself when the system answers.
            Err(_) => {
                stopping.store(true, Ordering::Release);
                Err(DeviceError::Stopped { kind, cause: StopCause::Stalled })
            }
        }
    }

    /// The ring of a stream that was built since this was last asked.
    pub(crate) fn new_ring(&self) -> Option<R> {
        self.rings.try_iter().last()
    }

    /// A trouble that was not told yet.
    pub(crate) fn take_problem(&self) -> Option<DeviceError> {
        self.problems.try_recv().ok()
    }

    /// Whether a stream runs again since a problem; said once each time.
    pub(crate) fn came_back(&self) -> bool {
        self.is_back.swap(false, Ordering::Relaxed)
    }
}

impl<R> Drop for Watch<R> {
    fn drop(&mut self) {
        self.stopping.store(true, Ordering::Release);
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
    is_back: Arc<AtomicBool>,
}

/// A stream that runs. Dropping it stops it.
struct Running {
    _stream: Stream,
    id: Option<DeviceId>,
    alarm: Alarm,
    /// Runs on the system's choice because the device that was asked for is away.
    is_substitute: bool,
}

impl<R> Keeper<R> {
    /// Starts on the device that was asked for.
    fn start(&self, host: &Host) -> Result<Running, DeviceError> {
        self.start_on(&find(host, self.kind, self.name.as_deref())?)
    }

    /// Starts on the device that was asked for, or on the system's choice while that is away.
    fn restart(&self, host: &Host) -> Result<Running, DeviceError> {
        match self.start(host) {
            Err(problem) if self.name.is_some() => {
                debug!(%problem, "the system's choice instead");
                let running = self.start_on(&find(host, self.kind, None)?)?;
                Ok(Running { is_substitute: true, ..running })
            }
            result => result,
        }
    }

    fn start_on(&self, device: &Device) -> Result<Running, DeviceError> {
        let plan = plan(device, self.kind)?;
        let alarm = Alarm::default();
        let (stream, ring) = (self.build)(device, plan, alarm.clone()).map_err(|error| sentence(self.kind, &error))?;
        stream.play().map_err(|error| sentence(self.kind, &error))?;
        info!(kind = %self.kind, ?plan, "sound stream runs");
        // Nobody listens any more only when the owner is gone; then `watch` ends at once.
        let _ = self.rings.send(ring);
        Ok(Running { _stream: stream, id: device.id().ok(), alarm, is_substitute: false })
    }

    /// Looks after the stream until the owner is gone.
    fn watch(&self, mut host: Host, running: Running, stopping: &AtomicBool, problems: &SyncSender<DeviceError>) {
        // Always the same sound system: while PulseAudio restarts, ALSA would give another device and much noise.
        let host_id = host.id();
        let mut running = Some(running);
        let mut rounds = Rounds::from(Instant::now());
        let mut pause = MIN_PAUSE;
        while !stopping.load(Ordering::Acquire) {
            thread::park_timeout(POLL_INTERVAL);
            let now = Instant::now();
            if let Some(stream) = &running {
                if let Some(cause) = rounds.fault(now, stream, &host) {
                    running = None;
                    pause = MIN_PAUSE;
                    rounds.next_attempt = now;
                    self.is_back.store(false, Ordering::Relaxed);
                    let _ = problems.try_send(DeviceError::Stopped { kind: self.kind, cause });
                } else if stream.is_substitute && now >= rounds.next_attempt {
                    rounds.next_attempt = now + MAX_PAUSE;
                    if let Ok(chosen) = self.start(&host) {
                        info!(kind = %self.kind, "the chosen device is back");
                        running = Some(chosen);
                        rounds = Rounds::from(now);
                    }
                }
            } else if now >= rounds.next_attempt {
                match reconnected(host_id, self.kind).and_then(|new| Ok((self.restart(&new)?, new))) {
                    Ok((stream, new)) => {
                        host = new;
                        running = Some(stream);
                        rounds = Rounds::from(now);
                        self.is_back.store(true, Ordering::Relaxed);
                    }
                    Err(problem) => {
                        debug!(%problem, "not back yet");
                        rounds.next_attempt = now + pause;
                        pause = (pause * 2).min(MAX_PAUSE);
                    }
                }
            }
        }
    }
}

/// When the watch looks after what.
struct Rounds {
    next_presence: Instant,
    next_sign: Instant,
    silent_checks: u32,
    /// When to try to get the chosen device (back).
    next_attempt: Instant,
}

impl Rounds {
    /// For a stream that started then.
    fn from(now: Instant) -> Self {
        Self { next_presence: now, next_sign: now + CHECK_INTERVAL, silent_checks: 0, next_attempt: now + MAX_PAUSE }
    }

    /// What is wrong with the stream, if anything is.
    fn fault(&mut self, now: Instant, stream: &Running, host: &Host) -> Option<StopCause> {
        if stream.is_broken() {
            return Some(StopCause::Failed(CLOSED.into()));
        }
        if now >= self.next_presence {
            self.next_presence = now + presence_interval(host);
            if let Some(fault) = stream.absence(host) {
                return Some(fault);
            }
        }
        if now >= self.next_sign {
            self.next_sign = now + CHECK_INTERVAL;
            self.silent_checks = if stream.was_alive() { 0 } else { self.silent_checks + 1 };
        }
        (self.silent_checks >= MAX_SILENT_CHECKS).then_some(StopCause::Stalled)
    }
}

impl Running {
    fn is_broken(&self) -> bool {
        self.alarm.0.broken.load(Ordering::Relaxed)
    }

    /// Whether a data callback ran since this was last asked.
    fn was_alive(&self) -> bool {
        self.alarm.0.alive.swap(false, Ordering::Relaxed)
    }

    /// Why the device is no longer there, if it is not. PulseAudio says nothing when one is unplugged: it moves a
    /// microphone's stream to the loudspeaker's monitor, and the other hears himself.
    fn absence(&self, host: &Host) -> Option<StopCause> {
        let id = self.id.as_ref()?;
        hush();
        match host.devices() {
            Ok(mut present) => {
                let is_there = present.any(|device| device.id().ok().as_ref() == Some(id));
                (!is_there).then_some(StopCause::Unplugged)
            }
            Err(_) => Some(StopCause::Failed(CLOSED.into())),
        }
    }
}

/// Keeps ALSA's library from writing to standard error what it thinks of each device that it looks at: this thread's words go
/// into a buffer instead, which the next call replaces. What matters comes back as an error as well.
#[cfg(target_os = "linux")]
fn hush() {
    // Refused only without memory; then it is as loud as it was.
    let _ = alsa::Output::local_error_handler();
}

#[cfg(not(target_os = "linux"))]
fn hush() {}

/// A new connection to the same sound system; the old one does not survive a restart of the server.
fn reconnected(id: cpal::HostId, kind: DeviceKind) -> Result<Host, DeviceError> {
    cpal::host_from_id(id).map_err(|error| sentence(kind, &error))
}

fn sentence(kind: DeviceKind, error: &cpal::Error) -> DeviceError {
    match error.kind() {
        ErrorKind::DeviceBusy => DeviceError::Busy { kind },
        ErrorKind::PermissionDenied => DeviceError::Forbidden { kind },
        ErrorKind::DeviceNotAvailable | ErrorKind::HostUnavailable => DeviceError::NoDevice { kind },
        ErrorKind::UnsupportedConfig | ErrorKind::UnsupportedOperation => {
            DeviceError::NoFormat { kind, reason: error.to_string() }
        }
        _ => DeviceError::Stopped { kind, cause: StopCause::Failed(error.to_string()) },
    }
}

/// Starting PulseAudio on demand takes a second or two; longer than this somebody waits in vain.
const OPEN_TIMEOUT: Duration = Duration::from_secs(8);

/// How soon the owner's end or a stream's fault is noticed.
const POLL_INTERVAL: Duration = Duration::from_millis(100);

/// How often the system is asked whether the device is there; it has no way of telling by itself.
const CHECK_INTERVAL: Duration = Duration::from_secs(1);

/// PulseAudio is asked at every turn: until we notice, the other may hear himself, and asking costs it next to nothing.
/// Others open every device to answer.
fn presence_interval(host: &Host) -> Duration {
    if host.id().name() == PULSE_AUDIO { POLL_INTERVAL } else { CHECK_INTERVAL }
}

/// What cpal calls it; the name of its enum's value exists only where it was compiled in.
const PULSE_AUDIO: &str = "PulseAudio";

const CLOSED: &str = "the sound system closed it";

/// Checks without a callback until a stream counts as stalled.
const MAX_SILENT_CHECKS: u32 = 3;

/// Pauses between attempts to get a device back: a sound server restarts within a second, a person within a minute.
const MIN_PAUSE: Duration = Duration::from_millis(250);
const MAX_PAUSE: Duration = Duration::from_secs(4);

/// Troubles kept for an owner that does not ask.
const MAX_PROBLEMS: usize = 4;
