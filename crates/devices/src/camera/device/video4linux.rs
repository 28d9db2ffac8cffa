//! Cameras of Linux, by the rules of Video4Linux (<https://docs.kernel.org/userspace-api/media/v4l/>).

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use linuxvideo::format::{FrameIntervals, FrameSizes, PixFormat, PixelFormat as Code};
use linuxvideo::stream::ReadStream;
use linuxvideo::{BufType, CapabilityFlags, Device, Fract};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use tracing::debug;
use units::PictureSize;

use super::list::Listed;
use super::offer::{Offer, PixelFormat, Want, largest};
use super::{Gives, KIND, Shape, unplugged};
use crate::camera::CameraFormat;
use crate::{DeviceError, FrameRate, StopCause};

/// How the system calls a camera.
pub(super) type Node = PathBuf;

/// The camera to try where the kernel's list is not to be seen (a container without /sys).
pub(super) fn default_node() -> Node {
    PathBuf::from("/dev/video0")
}

/// All cameras, by the order in which they were plugged in.
pub(super) fn listed() -> Vec<Listed> {
    in_folder(Path::new("/sys/class/video4linux"))
}

/// Reads the kernel's list: `videoN/index` is 0 for the node that gives pictures and more for those with metadata
/// (Linux, v4l2-dev.c), `videoN/name` is what people call it.
fn in_folder(folder: &Path) -> Vec<Listed> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut numbered: Vec<(u32, String)> = entries
        .flatten()
        .filter_map(|entry| {
            let number = entry.file_name().to_str()?.strip_prefix("video")?.parse().ok()?;
            let read = |what| fs::read_to_string(entry.path().join(what)).ok();
            (read("index")?.trim() == "0").then_some(())?;
            Some((number, read("name")?.trim().to_owned()))
        })
        .collect();
    numbered.sort();
    let node = |number| PathBuf::from(format!("/dev/video{number}"));
    numbered.into_iter().map(|(number, name)| Listed { node: node(number), name }).collect()
}

/// Nothing is to be asked for here: the file's permissions decide.
#[expect(clippy::unnecessary_wraps, reason = "on other systems it can fail")]
pub(super) fn ask_for_permission() -> Result<(), DeviceError> {
    Ok(())
}

/// A camera that runs. Dropping it stops it: its light goes out.
pub(super) struct Driver {
    stream: ReadStream,
    shape: Shape,
}

impl Driver {
    /// Opens the camera in the best of its offers that it takes.
    pub(super) fn open(node: &Node, want: Want) -> Result<(Self, Gives), DeviceError> {
        let device = Device::open(node).map_err(|error| opening(&error))?;
        let offers = offers(&device).map_err(|error| starting(&error))?;
        drop(device);
        let largest = largest(&offers);
        let mut result = Err(no_format("it gives no pictures that are known to this program"));
        for offer in want.best_first(offers) {
            result = Self::start(node, offer);
            // Offered is not granted: the bus may have no room, or the driver knows better.
            match &result {
                Err(DeviceError::NoFormat { reason, .. }) => debug!(?offer, reason, "not granted"),
                _ => break,
            }
        }
        result.map(|(driver, format)| (driver, Gives { format, largest }))
    }

    fn start(node: &Node, offer: Offer) -> Result<(Self, CameraFormat), DeviceError> {
        let refused = |error: io::Error| starting(&error);
        let Offer { size, fps, format } = offer;
        let device = Device::open(node).map_err(|error| opening(&error))?;
        let asked = PixFormat::new(size.width, size.height, code(format));
        let capture = device.video_capture(asked).map_err(refused)?;
        // The driver gives what comes next to what it was asked for.
        let given = capture.format();
        let size = PictureSize::new(given.width(), given.height());
        let is_even = size.width.is_multiple_of(2) && size.height.is_multiple_of(2);
        let Some(format) = known(given.pixel_format()).filter(|_| is_even) else {
            return Err(no_format("it gives something else than it offered"));
        };
        let shape = Shape { format, size, row_bytes: given.bytes_per_line() };
        // Also where it offers but one: another program may have left it at another. A driver that cannot be asked runs
        // at its own.
        let interval = capture.set_frame_interval(Fract::new(fps.denominator(), fps.numerator()));
        let fps = interval.ok().and_then(rate).unwrap_or(fps);
        let stream = capture.into_stream().map_err(refused)?;
        Ok((Self { stream, shape }, CameraFormat { size, fps }))
    }

    /// Waits for the next frame and puts it into `bytes`; `None` if none came in that time, or a torn one.
    pub(super) fn next(&mut self, patience: Duration, bytes: &mut Vec<u8>) -> Result<Option<Shape>, DeviceError> {
        // Asked before the driver's own call, which would wait for ever for a camera that has stalled.
        let patience = Timespec::try_from(patience).ok();
        match poll(&mut [PollFd::new(&self.stream, PollFlags::IN)], patience.as_ref()) {
            Ok(0) | Err(Errno::INTR) => return Ok(None),
            Ok(_) => {}
            Err(error) => return Err(reading(&error.into())),
        }
        let taken = self.stream.dequeue(|frame| {
            bytes.clear();
            // A frame of which a part was lost on its way says so.
            let is_whole = !frame.is_error();
            if is_whole {
                bytes.extend_from_slice(&frame);
            }
            Ok(is_whole)
        });
        match taken {
            Ok(is_whole) => Ok(is_whole.then_some(self.shape)),
            Err(error) if [io::ErrorKind::WouldBlock, io::ErrorKind::Interrupted].contains(&error.kind()) => Ok(None),
            Err(error) => Err(reading(&error)),
        }
    }
}

/// All that the camera offers and we can convert.
fn offers(device: &Device) -> io::Result<Vec<Offer>> {
    let can = device.capabilities()?.device_capabilities();
    if !can.contains(CapabilityFlags::VIDEO_CAPTURE | CapabilityFlags::STREAMING) {
        return Ok(Vec::new());
    }
    let mut offers = Vec::new();
    for about in device.formats(BufType::VIDEO_CAPTURE) {
        let code = about?.pixel_format();
        let Some(format) = known(code) else { continue };
        // One format that cannot be asked about does not spoil the others.
        let Ok(sizes) = device.frame_sizes(code) else { continue };
        for size in sizes_of(&sizes) {
            let rates = device.frame_intervals(code, size.width, size.height).map(|intervals| rates_of(&intervals));
            // Some drivers cannot be asked for their rates, and have one.
            let rates = rates.unwrap_or_else(|_| vec![FrameRate::THIRTY]);
            offers.extend(rates.into_iter().map(|fps| Offer { format, size, fps }));
        }
    }
    Ok(offers)
}

fn sizes_of(sizes: &FrameSizes) -> Vec<PictureSize> {
    match sizes {
        FrameSizes::Discrete(sizes) => sizes.iter().map(|size| PictureSize::new(size.width(), size.height())).collect(),
        FrameSizes::Stepwise(range) | FrameSizes::Continuous(range) => {
            let is_step = |length: u32, least: u32, most: u32, step: u32| {
                (least..=most).contains(&length) && (length - least).is_multiple_of(step.max(1))
            };
            let fits = |size: &PictureSize| {
                is_step(size.width, range.min_width(), range.max_width(), range.step_width())
                    && is_step(size.height, range.min_height(), range.max_height(), range.step_height())
            };
            let biggest = PictureSize::new(range.max_width(), range.max_height());
            let smallest = PictureSize::new(range.min_width(), range.min_height());
            USUAL_SIZES.into_iter().filter(fits).chain([biggest, smallest]).collect()
        }
    }
}

fn rates_of(intervals: &FrameIntervals) -> Vec<FrameRate> {
    match intervals {
        FrameIntervals::Discrete(intervals) => {
            intervals.iter().filter_map(|interval| rate(*interval.fract())).collect()
        }
        FrameIntervals::Stepwise(range) | FrameIntervals::Continuous(range) => {
            let within = |fps: &FrameRate| {
                let seconds = 1.0 / fps.as_f64();
                (f64::from(range.min().as_f32())..=f64::from(range.max().as_f32())).contains(&seconds)
            };
            let ends = [rate(*range.min()), rate(*range.max())].into_iter().flatten();
            ends.chain(Some(FrameRate::THIRTY).filter(within)).collect()
        }
    }
}

/// The rate at which pictures follow each other after that time.
fn rate(interval: Fract) -> Option<FrameRate> {
    FrameRate::new(interval.denominator(), interval.numerator())
}

fn known(code: Code) -> Option<PixelFormat> {
    FORMATS.into_iter().find_map(|(format, letters)| (letters == code.as_fourcc()).then_some(format))
}

/// What Video4Linux calls it.
fn code(format: PixelFormat) -> Code {
    let letters = FORMATS.into_iter().find_map(|(other, letters)| (other == format).then_some(letters));
    Code::from_fourcc(letters.unwrap_or_default())
}

fn opening(error: &io::Error) -> DeviceError {
    match Errno::from_io_error(error) {
        Some(Errno::NOENT | Errno::NODEV | Errno::NXIO) => DeviceError::NoDevice { kind: KIND },
        _ => starting(error),
    }
}

fn starting(error: &io::Error) -> DeviceError {
    match Errno::from_io_error(error) {
        Some(Errno::BUSY) => DeviceError::Busy { kind: KIND },
        Some(Errno::ACCESS | Errno::PERM) => DeviceError::Forbidden { kind: KIND },
        Some(Errno::NODEV) => unplugged(),
        Some(Errno::NOSPC) => no_format("there is no room for its pictures beside those of other devices on its bus"),
        Some(Errno::NOTTY | Errno::INVAL) => no_format("it refuses what it offered"),
        _ => DeviceError::Stopped { kind: KIND, cause: StopCause::Failed(error.to_string()) },
    }
}

fn reading(error: &io::Error) -> DeviceError {
    match Errno::from_io_error(error) {
        Some(Errno::NODEV) => unplugged(),
        _ => DeviceError::Stopped { kind: KIND, cause: StopCause::Failed(error.to_string()) },
    }
}

fn no_format(reason: &str) -> DeviceError {
    DeviceError::NoFormat { kind: KIND, reason: reason.into() }
}

/// What we convert, and what Video4Linux calls it.
const FORMATS: [(PixelFormat, [u8; 4]); 4] = [
    (PixelFormat::Nv12, *b"NV12"),
    (PixelFormat::Yuyv, *b"YUYV"),
    (PixelFormat::Rgb, *b"RGB3"),
    (PixelFormat::Jpeg, *b"MJPG"),
];

/// What to ask a camera for that can do any size.
const USUAL_SIZES: [PictureSize; 3] =
    [PictureSize::new(1_280, 720), PictureSize::new(640, 480), PictureSize::new(640, 360)];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metadata_nodes_and_nodes_without_a_number_are_no_cameras() {
        let folder = tempfile::tempdir().unwrap();
        for (node, index, name) in
            [("video10", "0", "Desk"), ("video2", "0", "Front"), ("video3", "1", "Front"), ("videoX", "0", "Odd")]
        {
            let node = folder.path().join(node);
            std::fs::create_dir(&node).unwrap();
            std::fs::write(node.join("index"), format!("{index}\n")).unwrap();
            std::fs::write(node.join("name"), format!("{name}\n")).unwrap();
        }
        std::fs::create_dir(folder.path().join("video7")).unwrap();
        let listed = |node: &str, name: &str| Listed { node: PathBuf::from(node), name: name.to_owned() };
        assert_eq!(in_folder(folder.path()), [listed("/dev/video2", "Front"), listed("/dev/video10", "Desk")]);
        assert_eq!(in_folder(&folder.path().join("nothing")), []);
    }

    #[test]
    fn what_the_kernel_says_becomes_what_to_do() {
        let says = |errno: Errno| io::Error::from(errno);
        assert!(matches!(opening(&says(Errno::BUSY)), DeviceError::Busy { .. }));
        assert!(matches!(opening(&says(Errno::ACCESS)), DeviceError::Forbidden { .. }));
        assert!(matches!(opening(&says(Errno::NODEV)), DeviceError::NoDevice { .. }));
        assert!(matches!(starting(&says(Errno::NOSPC)), DeviceError::NoFormat { .. }));
        assert_eq!(
            reading(&says(Errno::NODEV)).to_string(),
            "the camera stopped: it was unplugged; check its plug or choose another"
        );
    }
}
