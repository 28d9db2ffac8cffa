//! A real camera.
//!
//! Two threads, because the driver's call blocks for ever on a camera that stalls: `camera-driver` makes that call and
//! does nothing else, and can be given up; `camera` turns what it brings into pictures and notices when nothing comes.

use std::cmp::Reverse;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, SyncSender, TrySendError};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use media::picture::I420;
use nokhwa::NokhwaError;
use nokhwa::utils::{CameraIndex, FrameFormat, RequestedFormat, RequestedFormatType};
use tracing::info;
use units::{Clock, PictureSize, Timestamp};

use super::{Camera, CameraFormat, CapturedFrame, FrameSink, Shared};
use crate::error::DeviceKind;
use crate::{DeviceError, FrameRate};

mod convert;
mod list;

pub(super) use list::names;

use convert::Converter;

/// Opens a camera and waits until it runs.
pub(super) fn open(name: Option<&str>, clock: Clock, sink: FrameSink) -> Result<Camera, DeviceError> {
    let index = list::find(&list::cameras(), name)?;
    ask_for_permission()?;

    let shared = Arc::new(Shared::default());
    let driven = Driven::claim(&index, &shared)?;
    let (opened_sender, opened) = mpsc::channel();
    // `DropNewest`: if two frames wait for conversion, the machine is too slow for the camera and a third is no help.
    let (raw_sender, raw_frames) = mpsc::sync_channel(2);
    let seen_by_driver = Arc::clone(&shared);
    spawn("camera-driver", move || {
        match start(index) {
            Ok((camera, format)) => {
                let _ = opened_sender.send(Ok(format));
                drop(opened_sender);
                drive(camera, clock, &seen_by_driver, &raw_sender);
            }
            Err(problem) => drop(opened_sender.send(Err(problem))),
        }
        drop(driven);
    })?;
    let format = opened.recv_timeout(OPEN_TIMEOUT).unwrap_or_else(|_| {
        shared.stop();
        Err(stalled())
    })?;
    info!(?format, "camera runs");

    let seen_by_thread = Arc::clone(&shared);
    let thread = spawn("camera", move || {
        if let Err(problem) = pass_on(&raw_frames, sink, &seen_by_thread) {
            seen_by_thread.stop();
            seen_by_thread.fail(problem);
        }
    })?;
    Ok(Camera { format: Some(format), shared, thread: Some(thread) })
}

/// The word that a driver's thread has this camera: it lets go of it a picture later than its owner, or never.
struct Driven(Arc<Shared>);

impl Driven {
    /// Waits until the last owner's driver has let go of the camera.
    fn claim(index: &CameraIndex, shared: &Arc<Shared>) -> Result<Self, DeviceError> {
        let begin = Instant::now();
        loop {
            let mut all = ALL_DRIVEN.lock().unwrap_or_else(PoisonError::into_inner);
            let Some((_, holder)) = all.iter().find(|(other, _)| other == index) else {
                all.push((index.clone(), Arc::clone(shared)));
                return Ok(Self(Arc::clone(shared)));
            };
            if !holder.is_stopping() {
                return Err(DeviceError::Busy { kind: KIND });
            }
            drop(all);
            if begin.elapsed() >= RELEASE_TIMEOUT {
                return Err(DeviceError::Stopped { kind: KIND, reason: "it still does not answer".into() });
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

static ALL_DRIVEN: Mutex<Vec<(CameraIndex, Arc<Shared>)>> = Mutex::new(Vec::new());

/// What the driver brings.
enum Brought {
    Frame(RawFrame),
    Failed(DeviceError),
}

/// A frame as the camera gives it.
struct RawFrame {
    bytes: nokhwa::Buffer,
    captured: Timestamp,
    index: u64,
}

/// Opens the camera in the best of its formats that it takes.
fn start(index: CameraIndex) -> Result<(nokhwa::Camera, CameraFormat), DeviceError> {
    let failed = |error: NokhwaError| sentence(&error);
    // Any format first: the library lists what there is only after it has opened the camera in one.
    let any = RequestedFormat::with_formats(RequestedFormatType::None, &FORMATS);
    let mut camera = nokhwa::Camera::new(index, any).map_err(failed)?;
    let offers = best_first(camera.compatible_camera_formats().map_err(failed)?);
    let mut result = Err(DeviceError::NoFormat { kind: KIND, reason: "none is known to this program".into() });
    for offer in offers {
        let exact = RequestedFormat::with_formats(RequestedFormatType::Exact(offer), &FORMATS);
        result =
            if offer == camera.camera_format() { Ok(offer) } else { camera.set_camera_requset(exact).map_err(failed) };
        // The library lists some that the camera then refuses: of two pictures in 15 s it reads 15 in one.
        if !matches!(result, Err(DeviceError::NoFormat { .. })) {
            break;
        }
    }
    let chosen = result?;
    camera.open_stream().map_err(failed)?;
    let size = PictureSize::new(chosen.width(), chosen.height());
    let fps = FrameRate::new(chosen.frame_rate(), 1).unwrap_or(FrameRate::THIRTY);
    Ok((camera, CameraFormat { size, fps }))
}

/// The formats to ask for, in that order: up to 720 rows and 30 pictures a second, first of all enough pictures, then
/// enough rows, then what costs least to convert.
fn best_first(mut offers: Vec<nokhwa::utils::CameraFormat>) -> Vec<nokhwa::utils::CameraFormat> {
    offers.retain(|offer| {
        FORMATS.contains(&offer.format())
            && offer.width().is_multiple_of(2)
            && offer.height().is_multiple_of(2)
            && (1..=FrameRate::MAX).contains(&offer.frame_rate())
    });
    let worth = |offer: &nokhwa::utils::CameraFormat| {
        let fits = offer.height() <= MAX_ROWS;
        let rows = if fits { i64::from(offer.height()) } else { -i64::from(offer.height()) };
        // 4:3 shows less of a room than 16:9 at the same height.
        let width = i64::from(offer.width());
        let rate = offer.frame_rate();
        let cheap = FORMATS.len() - FORMATS.iter().position(|&format| format == offer.format()).unwrap_or(0);
        (rate.min(ENOUGH_RATE), fits, rows, width, Reverse(rate.abs_diff(30)), cheap)
    };
    offers.sort_by_key(|offer| Reverse(worth(offer)));
    offers
}

/// Fetches frames until the owner is gone or the camera fails.
fn drive(mut camera: nokhwa::Camera, clock: Clock, shared: &Shared, sender: &SyncSender<Brought>) {
    let mut index = 0;
    while !shared.is_stopping() {
        let brought = match camera.frame() {
            Ok(bytes) => {
                let captured = clock.timestamp(Instant::now());
                index += 1;
                Brought::Frame(RawFrame { bytes, captured, index: index - 1 })
            }
            Err(error) => {
                // Blocks until the frames before it are converted, or the owner is gone.
                let _ = sender.send(Brought::Failed(sentence(&error)));
                return;
            }
        };
        if let Err(TrySendError::Disconnected(_)) = sender.try_send(brought) {
            return;
        }
    }
}

/// Converts frames for the sink until the owner is gone or nothing comes any more.
fn pass_on(frames: &Receiver<Brought>, mut sink: FrameSink, shared: &Shared) -> Result<(), DeviceError> {
    let mut converter = Converter::default();
    let mut last_came = Instant::now();
    while !shared.is_stopping() {
        match frames.recv_timeout(POLL_INTERVAL) {
            Ok(Brought::Frame(RawFrame { bytes, captured, index })) => {
                let resolution = bytes.resolution();
                let size = PictureSize::new(resolution.width(), resolution.height());
                let mut picture = I420::new(size);
                // A frame that makes no sense is as good as none.
                if converter.convert(bytes.source_frame_format(), bytes.buffer(), size, &mut picture) {
                    last_came = Instant::now();
                    sink(CapturedFrame { picture: Arc::new(picture), captured, index });
                }
            }
            Ok(Brought::Failed(problem)) => return Err(problem),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return Err(stalled()),
        }
        if last_came.elapsed() >= STALL_TIMEOUT {
            return Err(stalled());
        }
    }
    Ok(())
}

fn spawn(name: &str, run: impl FnOnce() + Send + 'static) -> Result<thread::JoinHandle<()>, DeviceError> {
    thread::Builder::new()
        .name(name.into())
        .spawn(run)
        .map_err(|reason| DeviceError::Stopped { kind: KIND, reason: reason.to_string() })
}

fn stalled() -> DeviceError {
    DeviceError::Stopped { kind: KIND, reason: "it gives no picture any more".into() }
}

/// The library's errors are words; these are the ones that tell what to do.
fn sentence(error: &NokhwaError) -> DeviceError {
    let reason = error.to_string();
    let says = |words: &[&str]| words.iter().any(|word| reason.to_lowercase().contains(word));
    if says(&["busy", "in use"]) {
        DeviceError::Busy { kind: KIND }
    } else if says(&["permission", "denied"]) {
        DeviceError::Forbidden { kind: KIND }
    } else if says(&["no such device"]) && matches!(error, NokhwaError::ReadFrameError(_)) {
        DeviceError::Stopped { kind: KIND, reason: "it was unplugged".into() }
    } else if says(&["no such file", "no such device"]) {
        DeviceError::NoDevice { kind: KIND }
    } else if says(&["fufill", "whole number"]) {
        // The library leaves out, and then refuses, what is not one picture in a whole fraction of a second.
        DeviceError::NoFormat { kind: KIND, reason: "it gives no whole number of pictures a second".into() }
    } else if matches!(error, NokhwaError::GetPropertyError { .. } | NokhwaError::SetPropertyError { .. }) {
        DeviceError::NoFormat { kind: KIND, reason }
    } else {
        DeviceError::Stopped { kind: KIND, reason }
    }
}

#[cfg(target_os = "macos")]
fn ask_for_permission() -> Result<(), DeviceError> {
    let (sender, answer) = mpsc::channel();
    nokhwa::nokhwa_initialize(move |granted| drop(sender.send(granted)));
    // A person reads the system's question and decides.
    match answer.recv_timeout(Duration::from_secs(60)) {
        Ok(true) => Ok(()),
        _ => Err(DeviceError::Forbidden { kind: KIND }),
    }
}

#[cfg(not(target_os = "macos"))]
#[expect(clippy::unnecessary_wraps, reason = "on macOS it can fail")]
fn ask_for_permission() -> Result<(), DeviceError> {
    Ok(())
}

const KIND: DeviceKind = DeviceKind::Camera;

/// What we convert, the cheapest first.
const FORMATS: [FrameFormat; 4] = [FrameFormat::NV12, FrameFormat::YUYV, FrameFormat::RAWRGB, FrameFormat::MJPEG];

/// More than this is scaled down before it is sent anyway.
const MAX_ROWS: u32 = 720;

/// Below this a face looks jerky; above it more rows are worth more than more pictures.
const ENOUGH_RATE: u32 = 24;

/// Some cameras take seconds to wake up.
const OPEN_TIMEOUT: Duration = Duration::from_secs(10);

/// Longer than the slowest exposure in the dark.
const STALL_TIMEOUT: Duration = Duration::from_secs(5);

/// How long a driver that is asked to stop may take: two pictures of the slowest camera.
const RELEASE_TIMEOUT: Duration = Duration::from_secs(1);
const RELEASE_POLL: Duration = Duration::from_millis(10);

/// How soon the thread notices that its owner is gone.
const POLL_INTERVAL: Duration = Duration::from_millis(100);

#[cfg(test)]
mod tests {
    use nokhwa::utils::CameraFormat as Offer;

    use super::*;

    #[test]
    fn of_what_a_usual_camera_offers_the_best_is_asked_for_first() {
        let offers = [
            Offer::new_from(1920, 1080, FrameFormat::MJPEG, 30),
            Offer::new_from(1280, 720, FrameFormat::MJPEG, 30),
            Offer::new_from(1280, 720, FrameFormat::YUYV, 10),
            Offer::new_from(640, 480, FrameFormat::YUYV, 30),
            Offer::new_from(640, 480, FrameFormat::MJPEG, 30),
        ];
        let [full, wide, slow, plain, small] = offers;
        assert_eq!(best_first(offers.to_vec()), [wide, plain, small, full, slow]);
        assert_eq!(best_first(vec![slow]), [slow]);
        let useless = [
            Offer::new_from(640, 480, FrameFormat::GRAY, 30),
            Offer::new_from(641, 480, FrameFormat::YUYV, 30),
            Offer::new_from(640, 480, FrameFormat::YUYV, 30_000),
        ];
        assert_eq!(best_first(useless.to_vec()), []);
    }

    #[test]
    fn what_the_library_says_becomes_what_to_do() {
        let busy = NokhwaError::OpenDeviceError("0".into(), "Device or resource busy (os error 16)".into());
        assert!(matches!(sentence(&busy), DeviceError::Busy { .. }));
        let forbidden = NokhwaError::OpenDeviceError("0".into(), "Permission denied (os error 13)".into());
        assert!(matches!(sentence(&forbidden), DeviceError::Forbidden { .. }));
        let unplugged = NokhwaError::ReadFrameError("No such device (os error 19)".into());
        assert_eq!(
            sentence(&unplugged).to_string(),
            "the camera stopped: it was unplugged; check its plug or choose another"
        );
    }
}
