//! What devices there are, which were chosen, and what is wrong with them: for the window's choice of devices.

use std::sync::{Mutex, MutexGuard, PoisonError};

use call::{CameraFormat, DeviceInput};
use devices::{DeviceError, StopCause};

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

    /// Asks the system which devices there are, and says whether there are others than before; takes its time.
    pub(crate) fn look(&self) -> bool {
        let cameras = devices::camera::names();
        let microphones = devices::microphone::names().unwrap_or_default();
        let speakers = devices::speaker::names().unwrap_or_default();
        let mut board = self.lock();
        let before = board.clone();
        board.cameras.names = cameras;
        board.microphones.names = microphones;
        board.speakers.names = speakers;
        *board != before
    }

    /// This one was chosen; whether it works will be seen.
    pub(crate) fn choose(&self, kind: DeviceKind, name: Option<String>) {
        let mut board = self.lock();
        let devices = board.of(kind);
        devices.chosen = name;
        devices.trouble = None;
    }

    /// Which was chosen before.
    pub(crate) fn chosen(&self, kind: DeviceKind) -> Option<String> {
        self.lock().of(kind).chosen.clone()
    }

    /// It works, and a camera gives this; what the engine is to hear.
    pub(crate) fn works(&self, kind: DeviceKind, gives: Option<CameraFormat>) -> Option<DeviceInput> {
        self.forgive(kind);
        match kind {
            // No camera was wanted, and none is there.
            DeviceKind::Camera => gives.map(DeviceInput::CameraBack),
            DeviceKind::Microphone => Some(DeviceInput::MicrophoneBack),
            DeviceKind::Speaker => Some(DeviceInput::SpeakerBack),
        }
    }

    /// What was wrong does not matter any more.
    pub(crate) fn forgive(&self, kind: DeviceKind) {
        self.lock().of(kind).trouble = None;
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
        DeviceError::Stopped { kind, cause } => (
            *kind,
            match cause {
                StopCause::Unplugged => Trouble::Unplugged,
                StopCause::Stalled => Trouble::Stalled,
                StopCause::Failed(_) => Trouble::Failed,
            },
        ),
        DeviceError::NoFormat { kind, .. } => (*kind, Trouble::Failed),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use units::PictureSize;

    use super::*;

    #[test]
    fn a_trouble_is_shown_until_the_device_works_again() {
        let board = DeviceBoard::default();
        let busy = DeviceError::Busy { kind: DeviceKind::Camera };
        assert_eq!(board.complain(&busy), Some(DeviceInput::CameraLost));
        assert_eq!(board.read().cameras.trouble, Some(Trouble::Busy));
        let format = CameraFormat { size: PictureSize::new(640, 480), fps: 30 };
        assert_eq!(board.works(DeviceKind::Camera, Some(format)), Some(DeviceInput::CameraBack(format)));
        assert_eq!(board.read().cameras.trouble, None);
    }

    #[test]
    fn another_choice_is_kept_and_not_blamed_for_the_one_before() {
        let board = DeviceBoard::default();
        board.lost(DeviceKind::Speaker, Trouble::Missing);
        board.choose(DeviceKind::Speaker, Some("Headset".to_owned()));
        assert_eq!(board.chosen(DeviceKind::Speaker).as_deref(), Some("Headset"));
        assert_eq!(board.read().speakers.trouble, None);
    }

    #[test]
    fn every_way_in_which_a_device_can_fail_is_a_trouble_that_people_are_told_of() {
        for kind in [DeviceKind::Camera, DeviceKind::Microphone, DeviceKind::Speaker] {
            let stopped = |cause| DeviceError::Stopped { kind, cause };
            let no_such = DeviceError::NoSuchDevice { kind, name: "a".to_owned(), present: "b".to_owned() };
            for (error, wanted) in [
                (DeviceError::NoDevice { kind }, Trouble::Missing),
                (no_such, Trouble::Missing),
                (DeviceError::Busy { kind }, Trouble::Busy),
                (DeviceError::Forbidden { kind }, Trouble::Denied),
                (stopped(StopCause::Unplugged), Trouble::Unplugged),
                (stopped(StopCause::Stalled), Trouble::Stalled),
                (stopped(StopCause::Failed("something else".to_owned())), Trouble::Failed),
                (DeviceError::NoFormat { kind, reason: "none".to_owned() }, Trouble::Failed),
            ] {
                let board = DeviceBoard::default();
                let lost = match kind {
                    DeviceKind::Camera => DeviceInput::CameraLost,
                    DeviceKind::Microphone => DeviceInput::MicrophoneLost,
                    DeviceKind::Speaker => DeviceInput::SpeakerLost,
                };
                assert_eq!(board.complain(&error), Some(lost), "{error}");
                assert_eq!(board.read().of(kind).trouble, Some(wanted), "{error}");
            }
        }
    }
}
