//! Where the picture comes from: a real camera, a looping y4m file, a moving pattern, or nowhere.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use media::picture::I420;
use units::{Clock, PictureSize, Timestamp};

use crate::{DeviceError, FrameRate};

mod device;
mod file;
mod paced;
mod pattern;
mod pool;
mod still;

pub use pattern::PatternKind;
pub use still::StillTaker;

/// Which camera to open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CameraChoice {
    /// A real one, by the name that the system gives it; `None` is the first.
    Device(Option<String>),
    /// A y4m file (8 bit, 4:2:0), looped without a gap.
    File(PathBuf),
    /// A moving pattern made by code, 640×360 at 30 pictures a second; its photographs are 2560×1440.
    Pattern(PatternKind),
    /// No camera: never gives a picture.
    None,
}

/// What a camera gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CameraFormat {
    /// The size of every picture.
    pub size: PictureSize,
    /// Pictures in a second.
    pub fps: FrameRate,
}

/// One picture from a camera.
#[derive(Debug, Clone)]
pub struct CapturedFrame {
    /// The picture.
    pub picture: Arc<I420>,
    /// When it was taken: of a file, when its turn was.
    pub captured: Timestamp,
    /// Which picture it is since the first, counting through the loops of a file; a number that is missing was skipped
    /// because we were late.
    pub index: u64,
}

/// What takes the pictures: called on the camera's own thread, and to return at once.
pub type FrameSink = Box<dyn FnMut(CapturedFrame) + Send>;

/// A camera that is running. Dropping it stops it.
#[derive(Debug)]
pub struct Camera {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

/// What the camera's thread and its owner both see.
#[derive(Debug, Default)]
struct Shared {
    stopping: AtomicBool,
    /// Of the camera that runs now: the one that comes back may be another.
    format: Mutex<Option<CameraFormat>>,
    /// Read once a second by the owner and hardly ever written by the thread, so nobody waits for it.
    problem: Mutex<Option<DeviceError>>,
    is_back: AtomicBool,
    wish: still::Wish,
}

/// Opens the chosen camera; from then on pictures go into `sink` until it is dropped.
///
/// # Errors
/// If the file is not there or not a film, or if there is no such camera or another program has it.
pub fn open(choice: &CameraChoice, clock: Clock, sink: FrameSink) -> Result<Camera, DeviceError> {
    match choice {
        CameraChoice::Device(name) => device::open(name.as_deref(), clock, sink),
        CameraChoice::File(path) => paced::open(file::FileSource::open(path)?, clock, sink),
        CameraChoice::Pattern(kind) => paced::open(pattern::PatternSource::new(*kind), clock, sink),
        CameraChoice::None => Ok(Camera { shared: Arc::default(), thread: None }),
    }
}

/// The names of the cameras that are plugged in, as [`CameraChoice::Device`] takes them.
pub fn names() -> Vec<String> {
    device::names()
}

impl Camera {
    /// What it gives; `None` for no camera. After it [came back](Self::came_back) it may be something else.
    pub fn format(&self) -> Option<CameraFormat> {
        *self.shared.format.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What made it stop, each trouble once. A real camera tries to go on; of a file no more pictures come.
    pub fn take_problem(&mut self) -> Option<DeviceError> {
        self.shared.problem.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Who takes photographs by this camera, as long as it runs.
    pub fn still_taker(&self) -> StillTaker {
        StillTaker::new(Arc::clone(&self.shared))
    }

    /// Whether it gives pictures again after a problem; said once each time.
    pub fn came_back(&mut self) -> bool {
        self.shared.is_back.swap(false, Ordering::AcqRel)
    }
}

impl Drop for Camera {
    fn drop(&mut self) {
        self.shared.stop();
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            // A sink that panicked has said so on its own thread already.
            let _ = thread.join();
        }
        // Nobody is there any more who could take one.
        drop(self.shared.wish.take());
    }
}

impl Shared {
    /// For a camera that gives this.
    fn giving(format: CameraFormat) -> Self {
        Self { format: Mutex::new(Some(format)), ..Self::default() }
    }

    fn gives(&self, format: CameraFormat) {
        *self.format.lock().unwrap_or_else(PoisonError::into_inner) = Some(format);
    }

    fn stop(&self) {
        self.stopping.store(true, Ordering::Release);
    }

    fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Acquire)
    }

    fn come_back(&self) {
        self.is_back.store(true, Ordering::Release);
    }

    fn fail(&self, problem: DeviceError) {
        self.is_back.store(false, Ordering::Release);
        *self.problem.lock().unwrap_or_else(PoisonError::into_inner) = Some(problem);
    }
}
