//! Cameras of macOS (AVFoundation) and Windows (Media Foundation), through a library.
//!
//! Its call for a frame waits for ever on a camera that stalls: then the thread that made it is given up.

use std::time::Duration;

use nokhwa::NokhwaError;
use nokhwa::utils::{
    ApiBackend, CameraFormat as Theirs, CameraIndex, FrameFormat, RequestedFormat, RequestedFormatType,
};
use units::PictureSize;

use super::list::Listed;
use super::offer::{Offer, PixelFormat, Want, largest};
use super::{Gives, KIND, Shape, unplugged};
use crate::camera::CameraFormat;
use crate::{DeviceError, FrameRate, StopCause};

/// How the system calls a camera.
pub(super) type Node = CameraIndex;

/// The camera to try where none is listed.
pub(super) fn default_node() -> Node {
    CameraIndex::Index(0)
}

/// All cameras.
pub(super) fn listed() -> Vec<Listed> {
    let listed = nokhwa::query(ApiBackend::Auto).unwrap_or_default();
    listed.into_iter().map(|info| Listed { node: info.index().clone(), name: info.human_name() }).collect()
}

#[cfg(target_os = "macos")]
pub(super) fn ask_for_permission() -> Result<(), DeviceError> {
    let (sender, answer) = std::sync::mpsc::channel();
    nokhwa::nokhwa_initialize(move |granted| drop(sender.send(granted)));
    // A person reads the system's question and decides.
    match answer.recv_timeout(Duration::from_secs(60)) {
        Ok(true) => Ok(()),
        _ => Err(DeviceError::Forbidden { kind: KIND }),
    }
}

/// The system asks the person by itself.
#[cfg(not(target_os = "macos"))]
#[expect(clippy::unnecessary_wraps, reason = "on macOS it can fail")]
pub(super) fn ask_for_permission() -> Result<(), DeviceError> {
    Ok(())
}

/// A camera that runs. Dropping it stops it.
pub(super) struct Driver(nokhwa::Camera);

impl Driver {
    /// Opens the camera in the best of its offers that it takes.
    pub(super) fn open(node: &Node, want: Want) -> Result<(Self, Gives), DeviceError> {
        let failed = |error: NokhwaError| sentence(&error);
        // Any format first: the library lists what there is only after it has opened the camera in one.
        let any = RequestedFormat::with_formats(RequestedFormatType::None, &FORMATS);
        let mut camera = nokhwa::Camera::new(node.clone(), any).map_err(failed)?;
        let listed = camera.compatible_camera_formats().map_err(failed)?;
        let mut result = Err(DeviceError::NoFormat { kind: KIND, reason: "none is known to this program".into() });
        let offers: Vec<_> = listed.iter().filter_map(known).collect();
        let largest = largest(&offers);
        for offer in want.best_first(offers) {
            let theirs =
                Theirs::new_from(offer.size.width, offer.size.height, theirs(offer.format), offer.fps.rounded());
            let exact = RequestedFormat::with_formats(RequestedFormatType::Exact(theirs), &FORMATS);
            result = if theirs == camera.camera_format() {
                Ok(offer)
            } else {
                camera.set_camera_requset(exact).map(|_| offer).map_err(failed)
            };
            // The library lists some that the camera then refuses.
            if !matches!(result, Err(DeviceError::NoFormat { .. })) {
                break;
            }
        }
        let Offer { size, fps, .. } = result?;
        camera.open_stream().map_err(failed)?;
        Ok((Self(camera), Gives { format: CameraFormat { size, fps }, largest }))
    }

    /// Waits for the next frame and puts it into `bytes`. How long is up to the library.
    pub(super) fn next(&mut self, _: Duration, bytes: &mut Vec<u8>) -> Result<Option<Shape>, DeviceError> {
        let frame = self.0.frame().map_err(|error| sentence(&error))?;
        bytes.clear();
        bytes.extend_from_slice(frame.buffer());
        let resolution = frame.resolution();
        let size = PictureSize::new(resolution.width(), resolution.height());
        Ok(ours(frame.source_frame_format()).map(|format| Shape { format, size, row_bytes: 0 }))
    }
}

fn known(theirs: &Theirs) -> Option<Offer> {
    let size = PictureSize::new(theirs.width(), theirs.height());
    Some(Offer { format: ours(theirs.format())?, size, fps: FrameRate::new(theirs.frame_rate(), 1)? })
}

fn ours(theirs: FrameFormat) -> Option<PixelFormat> {
    match theirs {
        FrameFormat::NV12 => Some(PixelFormat::Nv12),
        FrameFormat::YUYV => Some(PixelFormat::Yuyv),
        FrameFormat::RAWRGB => Some(PixelFormat::Rgb),
        FrameFormat::MJPEG => Some(PixelFormat::Jpeg),
        FrameFormat::GRAY | FrameFormat::RAWBGR => None,
    }
}

fn theirs(ours: PixelFormat) -> FrameFormat {
    match ours {
        PixelFormat::Nv12 => FrameFormat::NV12,
        PixelFormat::Yuyv => FrameFormat::YUYV,
        PixelFormat::Rgb => FrameFormat::RAWRGB,
        PixelFormat::Jpeg => FrameFormat::MJPEG,
    }
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
        unplugged()
    } else if says(&["no such file", "no such device"]) {
        DeviceError::NoDevice { kind: KIND }
    } else if matches!(error, NokhwaError::GetPropertyError { .. } | NokhwaError::SetPropertyError { .. }) {
        DeviceError::NoFormat { kind: KIND, reason }
    } else {
        DeviceError::Stopped { kind: KIND, cause: StopCause::Failed(reason) }
    }
}

const FORMATS: [FrameFormat; 4] = [FrameFormat::NV12, FrameFormat::YUYV, FrameFormat::RAWRGB, FrameFormat::MJPEG];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_library_says_becomes_what_to_do() {
        let busy = NokhwaError::OpenDeviceError("0".into(), "Device or resource busy (os error 16)".into());
        assert!(matches!(sentence(&busy), DeviceError::Busy { .. }));
        let forbidden = NokhwaError::OpenDeviceError("0".into(), "Permission denied (os error 13)".into());
        assert!(matches!(sentence(&forbidden), DeviceError::Forbidden { .. }));
    }
}
