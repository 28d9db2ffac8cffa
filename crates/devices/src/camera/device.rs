//! A real camera.
//!
//! Two threads: `camera-driver` waits for frames, copies them out of the driver's memory and can be given up should a
//! call of the system never come back; `camera` turns what it brings into pictures, notices when nothing comes, and gets the
//! camera back when it is there again.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender, SyncSender, TrySendError};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use media::picture::I420;
use tracing::{debug, info};
use units::{Clock, PictureSize, Timestamp};

use super::pool::Pool;
use super::still::{Answer, stalled};
use super::{Camera, CameraFormat, CapturedFrame, FrameSink, Shared};
use crate::DeviceError;
use crate::error::StopCause;
use units::DeviceKind;

mod convert;
mod list;
mod offer;
#[cfg_attr(target_os = "linux", path = "device/video4linux.rs")]
#[cfg_attr(not(target_os = "linux"), path = "device/other_systems.rs")]
mod system;

pub(super) use list::names;

use convert::Converter;
use offer::{PixelFormat, Want};
use system::{Driver, Node};

/// Opens a camera and waits until it runs.
pub(super) fn open(name: Option<&str>, clock: Clock, sink: FrameSink) -> Result<Camera, DeviceError> {
    system::ask_for_permission()?;
    let shared = Arc::new(Shared::default());
    let started = start_any(name, clock, 0, &shared, Want::Call)?;
    let keeper = Keeper { name: name.map(str::to_owned), clock, shared: Arc::clone(&shared), next_index: 0 };
    let thread = spawn("camera", move || keeper.keep(started, sink))?;
    Ok(Camera { shared, thread: Some(thread) })
}

/// The camera's own thread: it converts what comes, and when nothing comes any more it says so and tries to get the camera
/// back until its owner is gone.
struct Keeper {
    name: Option<String>,
    clock: Clock,
    shared: Arc<Shared>,
    next_index: u64,
}

impl Keeper {
    fn keep(mut self, mut started: Started, mut sink: FrameSink) {
        let mut pool = Pool::default();
        let mut is_told = false;
        loop {
            // Anew for each: what it learns about a camera need not be so of the next.
            let mut converter = Converter::default();
            let passed = self.pass_on(&started, &mut converter, &mut pool, &mut sink, &mut is_told);
            // Before another is started: it may be the same one.
            drop(started);
            let goes_on = match passed {
                Ok(Passed::OwnerGone) => return,
                Ok(Passed::Wished(answer)) => {
                    // Err: nobody waits any more.
                    let _ = answer.send(self.take_still());
                    start_any(self.name.as_deref(), self.clock, self.next_index, &self.shared, Want::Call)
                }
                Err(problem) => Err(problem),
            };
            started = match goes_on {
                Ok(started) => started,
                Err(problem) => {
                    if !std::mem::replace(&mut is_told, true) {
                        self.shared.fail(problem);
                    }
                    let Some(again) = self.start_again() else { return };
                    again
                }
            };
        }
    }

    /// One picture as large as the camera has them.
    fn take_still(&self) -> Result<I420, DeviceError> {
        let started = start_any(self.name.as_deref(), self.clock, self.next_index, &self.shared, Want::Still)?;
        let mut converter = Converter::default();
        let mut picture = I420::new(started.gives.format.size);
        let began = Instant::now();
        let mut first = None;
        while began.elapsed() < STALL_TIMEOUT && !self.shared.is_stopping() {
            match started.frames.recv_timeout(POLL_INTERVAL) {
                Ok(Brought::Frame(RawFrame { bytes, shape, .. })) => {
                    if converter.convert(shape, &bytes, &mut picture)
                        && first.get_or_insert_with(Instant::now).elapsed() >= SETTLES
                    {
                        return Ok(picture);
                    }
                    // The driver that has ended needs none.
                    let _ = started.spares.send(bytes);
                }
                Ok(Brought::Failed(problem)) => return Err(problem),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        Err(stalled())
    }

    /// Tries until there is a camera of that name; `None` when the owner is gone.
    fn start_again(&self) -> Option<Started> {
        let mut pause = MIN_PAUSE;
        loop {
            let begin = Instant::now();
            while begin.elapsed() < pause {
                if self.shared.is_stopping() {
                    return None;
                }
                thread::park_timeout(pause.saturating_sub(begin.elapsed()));
            }
            match start_any(self.name.as_deref(), self.clock, self.next_index, &self.shared, Want::Call) {
                Ok(started) => return Some(started),
                Err(problem) => debug!(%problem, "not back yet"),
            }
            pause = (pause * 2).min(MAX_PAUSE);
        }
    }

    /// Converts frames for the sink until the owner is gone, a photograph is wished for that is larger than they are, or nothing
    /// comes any more.
    fn pass_on(
        &mut self,
        started: &Started,
        converter: &mut Converter,
        pool: &mut Pool,
        sink: &mut FrameSink,
        is_told: &mut bool,
    ) -> Result<Passed, DeviceError> {
        let mut last_came = Instant::now();
        let mut wish = None;
        while !self.shared.is_stopping() {
            wish = self.shared.wish.take().or(wish);
            if started.gives.has_larger()
                && let Some(answer) = wish.take()
            {
                return Ok(Passed::Wished(answer));
            }
            match started.frames.recv_timeout(POLL_INTERVAL) {
                Ok(Brought::Frame(RawFrame { bytes, shape, captured, index })) => {
                    self.next_index = index + 1;
                    let mut picture = pool.take(shape.size);
                    // A frame that makes no sense is as good as none.
                    if converter.convert(shape, &bytes, Arc::make_mut(&mut picture)) {
                        last_came = Instant::now();
                        if std::mem::take(is_told) {
                            info!("the camera is back");
                            self.shared.come_back();
                        }
                        if let Some(answer) = wish.take() {
                            let _ = answer.send(Ok(I420::clone(&picture)));
                        }
                        sink(CapturedFrame { picture: Arc::clone(&picture), captured, index });
                    }
                    pool.put(picture);
                    // The driver that has ended needs none.
                    let _ = started.spares.send(bytes);
                }
                Ok(Brought::Failed(problem)) => return Err(problem),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return Err(stalled()),
            }
            if last_came.elapsed() >= STALL_TIMEOUT {
                return Err(stalled());
            }
        }
        Ok(Passed::OwnerGone)
    }
}

/// Why no more frames are passed on, where nothing is wrong.
enum Passed {
    OwnerGone,
    /// A photograph is wished for, larger than they are.
    Wished(Answer),
}

/// In what a camera was opened, and the largest that it offers.
#[derive(Debug, Clone, Copy)]
struct Gives {
    format: CameraFormat,
    largest: PictureSize,
}

impl Gives {
    const fn has_larger(&self) -> bool {
        self.largest.pixels() > self.format.size.pixels()
    }
}

/// A camera whose driver's thread runs. Dropping it tells that thread to stop.
struct Started {
    gives: Gives,
    frames: Receiver<Brought>,
    spares: Sender<Vec<u8>>,
    stop: Arc<Stop>,
}

impl Drop for Started {
    fn drop(&mut self) {
        self.stop.set();
    }
}

/// Whether a driver's thread is to stop.
#[derive(Debug, Default)]
struct Stop(AtomicBool);

impl Stop {
    fn set(&self) {
        self.0.store(true, Ordering::Release);
    }

    fn is_set(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

/// Starts the camera of that name, or the first that gives pictures. It counts them from `first_index`.
fn start_any(
    name: Option<&str>,
    clock: Clock,
    first_index: u64,
    owner: &Shared,
    want: Want,
) -> Result<Started, DeviceError> {
    let mut result = Err(DeviceError::NoDevice { kind: KIND });
    for node in list::find(system::listed(), name)? {
        result = start(node, clock, first_index, owner, want);
        // Not all that is listed as a camera gives pictures: some compress films, some are raw sensors.
        if !matches!(result, Err(DeviceError::NoFormat { .. })) {
            break;
        }
    }
    let started = result?;
    info!(format = ?started.gives.format, "camera runs");
    if want == Want::Call {
        owner.gives(started.gives.format);
    }
    Ok(started)
}

fn start(node: Node, clock: Clock, first_index: u64, owner: &Shared, want: Want) -> Result<Started, DeviceError> {
    let stop = Arc::new(Stop::default());
    let driven = Driven::claim(&node, &stop)?;
    let (opened_sender, opened) = mpsc::channel();
    // `DropNewest`: if two frames wait for conversion, the machine is too slow for the camera and a third is no help.
    let (sender, frames) = mpsc::sync_channel(2);
    // As many as are on their way in the other direction.
    let (spares, spare_buffers) = mpsc::channel();
    let seen_by_driver = Arc::clone(&stop);
    spawn("camera-driver", move || {
        let result = Driver::open(&node, want);
        let (driver, result) = result.map_or_else(|problem| (None, Err(problem)), |(it, gives)| (Some(it), Ok(gives)));
        // Who opens the next one is not to find this one claimed still.
        let driven = driver.is_some().then_some(driven);
        let _ = opened_sender.send(result);
        drop(opened_sender);
        if let Some(driver) = driver {
            let errand = Errand { node, want, clock, stop: &seen_by_driver, sender, spare_buffers };
            if let Err(problem) = errand.drive(driver, first_index) {
                // Blocks until the frames before it are converted, or the owner is gone.
                let _ = errand.sender.send(Brought::Failed(problem));
            }
        }
        drop(driven);
    })?;
    let begin = Instant::now();
    loop {
        match opened.recv_timeout(POLL_INTERVAL) {
            Ok(Ok(gives)) => return Ok(Started { gives, frames, spares, stop }),
            Ok(Err(problem)) => return Err(problem),
            Err(RecvTimeoutError::Timeout) if begin.elapsed() < OPEN_TIMEOUT && !owner.is_stopping() => {}
            // The thread is given up: it ends by itself when the system answers.
            Err(_) => {
                stop.set();
                return Err(stalled());
            }
        }
    }
}

/// The word that a driver's thread has this camera: it lets go of it a moment later than its owner, or never.
struct Driven(Arc<Stop>);

impl Driven {
    /// Waits until the last owner's driver has let go of the camera.
    fn claim(node: &Node, stop: &Arc<Stop>) -> Result<Self, DeviceError> {
        let begin = Instant::now();
        loop {
            let mut all = ALL_DRIVEN.lock().unwrap_or_else(PoisonError::into_inner);
            let Some((_, holder)) = all.iter().find(|(other, _)| other == node) else {
                all.push((node.clone(), Arc::clone(stop)));
                return Ok(Self(Arc::clone(stop)));
            };
            if !holder.is_set() {
                return Err(DeviceError::Busy { kind: KIND });
            }
            drop(all);
            if begin.elapsed() >= RELEASE_TIMEOUT {
                return Err(stalled());
            }
            thread::park_timeout(RELEASE_POLL);
        }
    }
}

impl Drop for Driven {
    fn drop(&mut self) {
        let mut all = ALL_DRIVEN.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|(_, holder)| !Arc::ptr_eq(holder, &self.0));
    }
}

static ALL_DRIVEN: Mutex<Vec<(Node, Arc<Stop>)>> = Mutex::new(Vec::new());

/// What the driver brings.
enum Brought {
    Frame(RawFrame),
    Failed(DeviceError),
}

/// A frame as the camera gives it.
struct RawFrame {
    bytes: Vec<u8>,
    shape: Shape,
    captured: Timestamp,
    index: u64,
}

/// What the bytes of a frame are.
#[derive(Debug, Clone, Copy)]
struct Shape {
    format: PixelFormat,
    size: PictureSize,
    /// From the begin of a row to the begin of the next; 0 if nobody says so.
    row_bytes: u32,
}

/// What the driver's thread has to do, and for whom.
struct Errand<'a> {
    node: Node,
    want: Want,
    clock: Clock,
    stop: &'a Stop,
    sender: SyncSender<Brought>,
    spare_buffers: Receiver<Vec<u8>>,
}

impl Errand<'_> {
    /// Fetches frames until the owner is gone or the camera fails.
    fn drive(&self, mut driver: Driver, first_index: u64) -> Result<(), DeviceError> {
        let mut index = first_index;
        let mut last_came: Option<Instant> = None;
        while !self.stop.is_set() {
            let mut bytes = self.spare_buffers.try_recv().unwrap_or_default();
            let Some(shape) = driver.next(POLL_INTERVAL, &mut bytes)? else {
                if last_came.is_some_and(|last| last.elapsed() >= RESTART_AFTER) {
                    info!("the camera has stalled and is started anew");
                    last_came = None;
                    drop(driver);
                    driver = self.reopen()?;
                }
                continue;
            };
            last_came = Some(Instant::now());
            let captured = self.clock.timestamp(Instant::now());
            let frame = RawFrame { bytes, shape, captured, index };
            index += 1;
            if let Err(TrySendError::Disconnected(_)) = self.sender.try_send(Brought::Frame(frame)) {
                return Ok(());
            }
        }
        Ok(())
    }

    fn reopen(&self) -> Result<Driver, DeviceError> {
        match Driver::open(&self.node, self.want) {
            Ok((driver, _)) => Ok(driver),
            Err(DeviceError::NoDevice { .. }) => Err(unplugged()),
            Err(problem) => Err(problem),
        }
    }
}

fn spawn(name: &str, run: impl FnOnce() + Send + 'static) -> Result<thread::JoinHandle<()>, DeviceError> {
    thread::Builder::new()
        .name(name.into())
        .spawn(run)
        .map_err(|reason| DeviceError::Stopped { kind: KIND, cause: StopCause::Failed(reason.to_string()) })
}

fn unplugged() -> DeviceError {
    DeviceError::Stopped { kind: KIND, cause: StopCause::Unplugged }
}

const KIND: DeviceKind = DeviceKind::Camera;

/// Some cameras take seconds to wake up.
const OPEN_TIMEOUT: Duration = Duration::from_secs(10);

/// A camera that has given pictures and gives none for so long is closed and opened again, which wakes most that have
/// got stuck: twice the slowest rate that is taken.
const RESTART_AFTER: Duration = Duration::from_secs(2);

/// Longer than the slowest exposure in the dark, and than a new start takes.
const STALL_TIMEOUT: Duration = Duration::from_secs(5);

/// How long a camera that was opened in another size takes to find the light again.
const SETTLES: Duration = Duration::from_millis(700);

/// How long a driver that is asked to stop may take.
const RELEASE_TIMEOUT: Duration = Duration::from_secs(1);
const RELEASE_POLL: Duration = Duration::from_millis(10);

/// Pauses between attempts to get a camera back: a person plugs it in within a minute.
const MIN_PAUSE: Duration = Duration::from_millis(500);
const MAX_PAUSE: Duration = Duration::from_secs(4);

/// How soon the threads notice that their owner is gone.
const POLL_INTERVAL: Duration = Duration::from_millis(100);
