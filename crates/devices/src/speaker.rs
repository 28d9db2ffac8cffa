//! Where the other's voice goes: a real loudspeaker, a WAV file, or nowhere.

use std::path::PathBuf;
use std::thread::Thread;
use std::time::Duration;

use units::{DeviceMove, Timestamp};

use crate::DeviceError;
use crate::sound::{Pace, SoundFrame};

mod device;
mod file;
mod reserve;

/// Which loudspeaker to open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SpeakerChoice {
    /// A real one, by the name that the system gives it; `None` is the system's choice.
    Device(Option<String>),
    /// A WAV file to write: 48 kHz, mono, 16 bit, silence included.
    File(PathBuf),
    /// No loudspeaker: takes the sound at the pace of one and lets it go.
    None,
}

/// Takes sound in frames of 10 ms, as it is to be heard.
pub trait Speaker: Send {
    /// Whether the next 10 ms are wanted by `now`. The first call starts a file.
    ///
    /// Call and [`play`](Self::play) until it gives `false`, with silence where there is nothing to play: whoever was
    /// late catches up.
    fn wants(&mut self, now: Timestamp) -> bool;

    /// Plays the next 10 ms.
    fn play(&mut self, frame: &SoundFrame);

    /// How long what is played next waits before it is heard, as far as is known.
    fn latency(&self) -> Duration {
        Duration::ZERO
    }

    /// When sample 0 was heard: sample n is heard at this plus n / 48000 s. `None` before, and where nothing is heard.
    fn started(&self) -> Option<Timestamp>;

    /// Has `thread` unparked whenever there may be room for a frame. `false` where it never is: look every 5 ms then.
    fn wakes(&mut self, _thread: &Thread) -> bool {
        false
    }

    /// What went wrong since this was last asked, each trouble once. The call goes on without.
    fn take_problem(&mut self) -> Option<DeviceError>;

    /// Whether it works again, or another in its place, after a problem; said once each time.
    fn came_back(&mut self) -> bool {
        false
    }

    /// Which device is used now, if the sound went there by itself; said once each time.
    fn take_move(&mut self) -> Option<DeviceMove> {
        None
    }

    /// Whether it is worn on the head, so that the microphone does not hear it; `None` where the system does not know.
    fn is_headset(&self) -> Option<bool> {
        None
    }

    /// Ends the sound and makes the file whole.
    ///
    /// # Errors
    /// If the file could not be written to its end and [`take_problem`](Self::take_problem) has not said so.
    fn finish(&mut self) -> Result<(), DeviceError>;
}

/// Opens the chosen loudspeaker.
///
/// # Errors
/// If the file cannot be made, or if there is no such device.
pub fn open(choice: &SpeakerChoice) -> Result<Box<dyn Speaker>, DeviceError> {
    Ok(match choice {
        SpeakerChoice::Device(name) => Box::new(device::DeviceSpeaker::open(name.as_deref())?),
        SpeakerChoice::File(path) => Box::new(file::FileSpeaker::create(path)?),
        SpeakerChoice::None => Box::new(NoSpeaker::default()),
    })
}

/// The names of the loudspeakers that are plugged in, as [`SpeakerChoice::Device`] takes them.
///
/// # Errors
/// If the sound system does not answer.
pub fn names() -> Result<Vec<String>, DeviceError> {
    device::names()
}

#[derive(Default)]
struct NoSpeaker {
    pace: Pace,
}

impl Speaker for NoSpeaker {
    fn wants(&mut self, now: Timestamp) -> bool {
        self.pace.has_begun(now)
    }

    fn play(&mut self, _: &SoundFrame) {
        self.pace.take();
    }

    fn started(&self) -> Option<Timestamp> {
        None
    }

    fn take_problem(&mut self) -> Option<DeviceError> {
        None
    }

    fn finish(&mut self) -> Result<(), DeviceError> {
        Ok(())
    }
}
