//! Where the voice comes from: a real microphone, a looping WAV file, a made-up voice, or nothing.

use std::path::PathBuf;
use std::thread::Thread;

use units::{DeviceMove, Timestamp};

use crate::DeviceError;
use crate::sound::SoundFrame;

mod babble;
mod device;
mod file;

pub use babble::ToneKind;
pub(crate) use device::TOGETHER;

/// Which microphone to open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MicrophoneChoice {
    /// A real one, by the name that the system gives it; `None` is the system's choice.
    Device(Option<String>),
    /// A WAV file of any rate and any number of channels, looped without a gap.
    File(PathBuf),
    /// A voice made by code that babbles without words, for a demonstration without a recording.
    Tone(ToneKind),
    /// No microphone: never gives a frame.
    None,
}

/// Gives sound in frames of 10 ms, as it is spoken.
pub trait Microphone: Send {
    /// When sample 0 was spoken: sample n is spoken at this plus n / 48000 s. `None` until the first sound is there.
    fn started(&self) -> Option<Timestamp>;

    /// Fills `frame` with the next 10 ms if they have been spoken by `now`; else leaves it alone and gives `false`.
    ///
    /// The first call starts a file. Call until it gives `false`: whoever was late catches up.
    fn pull(&mut self, now: Timestamp, frame: &mut SoundFrame) -> bool;

    /// Has `thread` unparked whenever there is a frame to pull. `false` where it never is: look every 5 ms then.
    fn wakes(&mut self, _thread: &Thread) -> bool {
        false
    }

    /// What went wrong since this was last asked, each trouble once. The microphone tries to go on.
    fn take_problem(&mut self) -> Option<DeviceError>;

    /// Whether it works again, or another in its place, after a problem; said once each time.
    fn came_back(&mut self) -> bool {
        false
    }

    /// Which device is used now, if the sound went there by itself; said once each time.
    fn take_move(&mut self) -> Option<DeviceMove> {
        None
    }
}

/// Opens the chosen microphone.
///
/// # Errors
/// If the file is not there or not sound, or if there is no such device.
pub fn open(choice: &MicrophoneChoice) -> Result<Box<dyn Microphone>, DeviceError> {
    Ok(match choice {
        MicrophoneChoice::Device(name) => Box::new(device::DeviceMicrophone::open(name.as_deref())?),
        MicrophoneChoice::File(path) => Box::new(file::LoopMicrophone::open(path)?),
        MicrophoneChoice::Tone(kind) => Box::new(file::LoopMicrophone::playing(babble::babble(*kind))),
        MicrophoneChoice::None => Box::new(NoMicrophone),
    })
}

/// The names of the microphones that are plugged in, as [`MicrophoneChoice::Device`] takes them.
///
/// # Errors
/// If the sound system does not answer.
pub fn names() -> Result<Vec<String>, DeviceError> {
    device::names()
}

struct NoMicrophone;

impl Microphone for NoMicrophone {
    fn started(&self) -> Option<Timestamp> {
        None
    }

    fn pull(&mut self, _: Timestamp, _: &mut SoundFrame) -> bool {
        false
    }

    fn take_problem(&mut self) -> Option<DeviceError> {
        None
    }
}
