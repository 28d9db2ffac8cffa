//! What devices there are, which were chosen, and what is wrong with them: for the window's choice of devices.

use std::sync::{Mutex, MutexGuard, PoisonError};

use call::DeviceInput;
use devices::DeviceError;

pub use devices::DeviceKind;

/// The devices of this machine, read by the window and written by who opens them.
#[derive(Debug, Default)]
pub(crate) struct DeviceBoard(Mutex<Devices>);

/// The devices of this machine.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Devices {
    /// Cameras.
    pub cameras: DevicesOfAKind,
    /// Microphones.
    pub microphones: DevicesOfAKind,
    /// Loudspeakers and headphones.
    pub speakers: DevicesOfAKind,
}

/// The devices of one kind.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DevicesOfAKind {
    /// Their names, as the system gives them.
    pub names: Vec<String>,
    /// Which was chosen; `None` leaves it to the system.
    pub chosen: Option<String>,
    /// Why the chosen one does not work.
    pub trouble: Option<Trouble>,
}

/// Why a device does not work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Trouble {
    /// There is none.
    Missing,
    /// The system does not let us use it.
    Denied,
    /// Another program uses it.
    Busy,
    /// It was pulled out.
    Unplugged,
    /// It gives nothing any more.
    Stalled,
    /// Something else.
    Failed,
}

impl Devices {
    fn of(&mut self, kind: DeviceKind) -> &mut DevicesOfAKind {
        match kind {
            DeviceKind::Camera => &mut self.cameras,
            DeviceKind::Microphone => &mut self.microphones,
            DeviceKind::Speaker => &mut self.speakers,
        }
    }
}

impl DeviceBoard {
    /// How things stand.
    pub(crate) fn read(&self) -> Devices {
        self.lock().clone()
    }

    /// Asks the system which devices there are; takes its time.
    pub(crate) fn look(&self) {
        let cameras = devices::camera::names();
        let microphones = devices::microphone::names().unwrap_or_default();
        let speakers = devices::speaker::names().unwrap_or_default();
        let mut board = self.lock();
        board.cameras.names = cameras;
        board.microphones.names = microphones;
        board.speakers.names = speakers;
    }

    /// This one was chosen.
    pub(crate) fn choose(&self, kind: DeviceKind, name: Option<String>) {
        self.lock().of(kind).chosen = name;
    }

    /// Which was chosen before.
    pub(crate) fn chosen(&self, kind: DeviceKind) -> Option<String> {
        self.lock().of(kind).chosen.clone()
    }

    /// The chosen one was opened.
    pub(crate) fn works(&self, kind: DeviceKind) -> DeviceInput {
        self.lock().of(kind).trouble = None;
        match kind {
            DeviceKind::Camera => DeviceInput::CameraBack,
            DeviceKind::Microphone => DeviceInput::MicrophoneBack,
            DeviceKind::Speaker => DeviceInput::SpeakerBack,
        }
    }

    /// A device does not work; what the engine is to hear, unless it was a file.
    pub(crate) fn complain(&self, error: &DeviceError) -> Option<DeviceInput> {
        let (kind, trouble) = trouble(error)?;
        Some(self.lost(kind, trouble))
    }

    /// The device of this kind does not work.
    pub(crate) fn lost(&self, kind: DeviceKind, trouble: Trouble) -> DeviceInput {
        self.lock().of(kind).trouble = Some(trouble);
        match kind {
            DeviceKind::Camera => DeviceInput::CameraLost,
            DeviceKind::Microphone => DeviceInput::MicrophoneLost,
            DeviceKind::Speaker => DeviceInput::SpeakerLost,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Devices> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn trouble(error: &DeviceError) -> Option<(DeviceKind, Trouble)> {
    Some(match error {
        DeviceError::NoDevice { kind } | DeviceError::NoSuchDevice { kind, .. } => (*kind, Trouble::Missing),
        DeviceError::Busy { kind } => (*kind, Trouble::Busy),
        DeviceError::Forbidden { kind } => (*kind, Trouble::Denied),
        DeviceError::Stopped { kind, reason } if reason.contains("unplugged") => (*kind, Trouble::Unplugged),
        DeviceError::Stopped { kind, reason } if reason.contains("any more") => (*kind, Trouble::Stalled),
        DeviceError::Stopped { kind, .. } | DeviceError::NoFormat { kind, .. } => (*kind, Trouble::Failed),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trouble_is_shown_until_the_device_works_again() {
        let board = DeviceBoard::default();
        let busy = DeviceError::Busy { kind: DeviceKind::Camera };
        assert_eq!(board.complain(&busy), Some(DeviceInput::CameraLost));
        assert_eq!(board.read().cameras.trouble, Some(Trouble::Busy));
        assert_eq!(board.works(DeviceKind::Camera), DeviceInput::CameraBack);
        assert_eq!(board.read().cameras.trouble, None);
    }

    #[test]
    fn an_unplugged_device_is_told_from_a_stalled_one() {
        let stopped = |reason: &str| {
            trouble(&DeviceError::Stopped { kind: DeviceKind::Microphone, reason: reason.to_owned() }).map(|it| it.1)
        };
        assert_eq!(stopped("it was unplugged"), Some(Trouble::Unplugged));
        assert_eq!(stopped("it gives no sound any more"), Some(Trouble::Stalled));
        assert_eq!(stopped("the system closed it"), Some(Trouble::Failed));
    }
}
