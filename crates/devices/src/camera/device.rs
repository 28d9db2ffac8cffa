//! A real camera.
//!
//! Two threads, because the driver's call blocks for ever on a camera that stalls: `camera-driver` makes that call and
//! does nothing else, and can be given up; `camera` turns what it brings into pictures and notices when nothing comes.

use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, SyncSender, TrySendError};
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
    let present = list::cameras();
    let index = list::find(&present, name)?;
    ask_for_permission()?;

    let shared = Arc::new(Shared::default());
    let (opened_sender, opened) = mpsc::channel();
    // `DropNewest`: if two frames wait for conversion, the machine is too slow for the camera and a third is no help.
    let (raw_sender, raw_frames) = mpsc::sync_channel(2);
    let seen_by_driver = Arc::clone(&shared);
    spawn("camera-driver", move || match start(index) {
        Ok((camera, format)) => {
            let _ = opened_sender.send(Ok(format));
            drop(opened_sender);
            drive(camera, clock, &seen_by_driver, &raw_sender);
        }
        Err(error) => {
            let problem = if present.is_empty() { DeviceError::NoDevice { kind: KIND } } else { sentence(&error) };
            let _ = opened_sender.send(Err(problem));
        }
    })?;
    let format = opened.recv_timeout(OPEN_TIMEOUT).unwrap_or_else(|_| Err(stalled()))?;
    info!(?format, "camera runs");

    let seen_by_thread = Arc::clone(&shared);
    let thread = spawn("camera", move || {
        if let Err(problem) = pass_on(&raw_frames, sink, &seen_by_thread) {
            seen_by_thread.fail(problem);
        }
    })?;
    Ok(Camera { format: Some(format), shared, thread: Some(thread) })
}

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

/// Opens the camera in the best of its formats.
fn start(index: CameraIndex) -> Result<(nokhwa::Camera, CameraFormat), NokhwaError> {
    // Any format first: the library lists what there is only after it has opened the camera in one.
    let any = RequestedFormat::with_formats(RequestedFormatType::None, &FORMATS);
    let mut camera = nokhwa::Camera::new(index, any)?;
    let offers = camera.compatible_camera_formats()?;
    if let Some(best) = best_of(&offers)
        && best != camera.camera_format()
    {
        let exact = RequestedFormat::with_formats(RequestedFormatType::Exact(best), &FORMATS);
        camera.set_camera_requset(exact)?;
    }
    camera.open_stream()?;
    let (resolution, rate) = (camera.resolution(), camera.frame_rate());
    let size = PictureSize::new(resolution.width(), resolution.height());
    let fps = FrameRate::new(rate, 1).unwrap_or(FrameRate::THIRTY);
    Ok((camera, CameraFormat { size, fps }))
}

/// The format to ask for: up to 720 rows and 30 pictures a second, first of all enough pictures, then enough rows, then
/// what costs least to convert.
fn best_of(offers: &[nokhwa::utils::CameraFormat]) -> Option<nokhwa::utils::CameraFormat> {
    let usable = |offer: &&nokhwa::utils::CameraFormat| {
        FORMATS.contains(&offer.format()) && offer.width().is_multiple_of(2) && offer.height().is_multiple_of(2)
    };
    let worth = |offer: &&nokhwa::utils::CameraFormat| {
        let fits = offer.height() <= MAX_ROWS;
        let rows = if fits { i64::from(offer.height()) } else { -i64::from(offer.height()) };
        // 4:3 shows less of a room than 16:9 at the same height.
        let width = i64::from(offer.width());
        let rate = offer.frame_rate();
        let cheap = FORMATS.len() - FORMATS.iter().position(|&format| format == offer.format()).unwrap_or(0);
        (rate.min(ENOUGH_RATE), fits, rows, width, std::cmp::Reverse(rate.abs_diff(30)), cheap)
    };
    offers.iter().filter(usable).max_by_key(worth).copied()
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
                last_came = Instant::now();
                let resolution = bytes.resolution();
                let size = PictureSize::new(resolution.width(), resolution.height());
                let mut picture = I420::new(size);
                // A frame that was cut by a bad cable is as good as none.
                if converter.convert(bytes.source_frame_format(), bytes.buffer(), size, &mut picture) {
                    sink(CapturedFrame { picture: Arc::new(picture), captured, index });
                }
            }
            Ok(Brought::Failed(problem)) => return Err(problem),
            Err(RecvTimeoutError::Timeout) if last_came.elapsed() < STALL_TIMEOUT => {}
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => return Err(stalled()),
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
    let lower = reason.to_lowercase();
    if lower.contains("busy") || lower.contains("in use") {
        DeviceError::Busy { kind: KIND }
    } else if lower.contains("permission") || lower.contains("denied") {
        DeviceError::Forbidden { kind: KIND }
    } else if matches!(error, NokhwaError::GetPropertyError { .. } | NokhwaError::SetPropertyError { .. }) {
        DeviceError::NoFormat { kind: KIND, reason }
    } else if lower.contains("no such device") {
        DeviceError::Stopped { kind: KIND, reason: "it was unplugged".into() }
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

/// How soon the thread notices that its owner is gone.
const POLL_INTERVAL: Duration = Duration::from_millis(100);

#[cfg(test)]
mod tests {
    use nokhwa::utils::CameraFormat as Offer;

    use super::*;

    #[test]
    fn of_what_a_usual_camera_offers_the_best_is_asked_for() {
        let offers = [
            Offer::new_from(1920, 1080, FrameFormat::MJPEG, 30),
            Offer::new_from(1280, 720, FrameFormat::MJPEG, 30),
            Offer::new_from(1280, 720, FrameFormat::YUYV, 10),
            Offer::new_from(640, 480, FrameFormat::YUYV, 30),
            Offer::new_from(640, 480, FrameFormat::MJPEG, 30),
        ];
        assert_eq!(best_of(&offers), Some(offers[1]));
        assert_eq!(best_of(&offers[2..]), Some(offers[3]));
        assert_eq!(best_of(&[offers[2]]), Some(offers[2]));
        assert_eq!(best_of(&[Offer::new_from(640, 480, FrameFormat::GRAY, 30)]), None);
        assert_eq!(best_of(&[]), None);
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
