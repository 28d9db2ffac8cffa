//! What devices there are, which were chosen, and what is wrong with them: for the window's choice of devices.

use std::sync::{Mutex, MutexGuard, PoisonError};

use call::{CameraFormat, DeviceInput};
use devices::{DeviceError, StopCause};
use units::{DeviceKind, DeviceMove, DeviceTrouble, Devices, Listening, Timestamp};

use crate::media::MediaChoices;
use crate::{CameraChoice, MicrophoneChoice, SpeakerChoice};

/// The devices of this machine, read by the window and written by who opens them.
#[derive(Debug, Default)]
pub(crate) struct DeviceBoard(Mutex<Devices>);

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
        let devices = board.of_mut(kind);
        devices.chosen = name;
        devices.trouble = None;
        devices.moved = None;
    }

    /// The sound went to another device by itself.
    pub(crate) fn moved(&self, now: Timestamp, kind: DeviceKind, to: DeviceMove) {
        let mut board = self.lock();
        let devices = board.of_mut(kind);
        devices.trouble = None;
        devices.moved = Some((now, to));
    }

    /// The person hears the other side like this.
    pub(crate) fn listen(&self, listening: Listening) {
        self.lock().listening = listening;
    }

    /// What to open now: what was chosen, and what the program was started with where nothing was.
    pub(crate) fn choices(&self, started_with: &MediaChoices) -> MediaChoices {
        let Devices { cameras, microphones, speakers, .. } = self.read();
        let mut choices = started_with.clone();
        if cameras.chosen.is_some() {
            choices.camera = CameraChoice::Device(cameras.chosen);
        }
        if microphones.chosen.is_some() {
            choices.microphone = MicrophoneChoice::Device(microphones.chosen);
        }
        if speakers.chosen.is_some() {
            choices.speaker = SpeakerChoice::Device(speakers.chosen);
        }
        choices
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
        self.lock().of_mut(kind).trouble = None;
    }

    /// A device does not work; what the engine is to hear, unless it was a file.
    pub(crate) fn complain(&self, error: &DeviceError) -> Option<DeviceInput> {
        let (kind, trouble) = trouble(error)?;
        Some(self.lost(kind, trouble))
    }

    /// The device of this kind does not work.
    pub(crate) fn lost(&self, kind: DeviceKind, trouble: DeviceTrouble) -> DeviceInput {
        self.lock().of_mut(kind).trouble = Some(trouble);
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

/// What is wrong with which device; nothing for a file.
pub(crate) fn trouble(error: &DeviceError) -> Option<(DeviceKind, DeviceTrouble)> {
    Some(match error {
        DeviceError::NoDevice { kind } | DeviceError::NoSuchDevice { kind, .. } => (*kind, DeviceTrouble::Missing),
        DeviceError::Busy { kind } => (*kind, DeviceTrouble::Busy),
        DeviceError::Forbidden { kind } => (*kind, DeviceTrouble::Denied),
        DeviceError::Stopped { kind, cause } => (
            *kind,
            match cause {
                StopCause::Unplugged => DeviceTrouble::Unplugged,
                StopCause::Stalled => DeviceTrouble::Stalled,
                StopCause::Failed(_) => DeviceTrouble::Failed,
            },
        ),
        DeviceError::NoFormat { kind, .. } => (*kind, DeviceTrouble::Failed),
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
        assert_eq!(board.read().cameras.trouble, Some(DeviceTrouble::Busy));
        let format = CameraFormat { size: PictureSize::new(640, 480), fps: 30 };
        assert_eq!(board.works(DeviceKind::Camera, Some(format)), Some(DeviceInput::CameraBack(format)));
        assert_eq!(board.read().cameras.trouble, None);
    }

    #[test]
    fn another_choice_is_kept_and_not_blamed_for_the_one_before() {
        let board = DeviceBoard::default();
        board.lost(DeviceKind::Speaker, DeviceTrouble::Missing);
        board.choose(DeviceKind::Speaker, Some("Headset".to_owned()));
        assert_eq!(board.read().speakers.chosen.as_deref(), Some("Headset"));
        assert_eq!(board.read().speakers.trouble, None);
    }

    #[test]
    fn where_the_sound_went_is_known_until_another_device_is_chosen() {
        let board = DeviceBoard::default();
        let to = DeviceMove { to: "Built-in".to_owned(), cause: units::MoveCause::SystemChanged };
        board.lost(DeviceKind::Speaker, DeviceTrouble::Unplugged);
        board.moved(Timestamp::from_millis(5), DeviceKind::Speaker, to.clone());
        assert_eq!(board.read().speakers.moved, Some((Timestamp::from_millis(5), to)));
        assert_eq!(board.read().speakers.trouble, None, "it is heard from there");
        board.choose(DeviceKind::Speaker, None);
        assert_eq!(board.read().speakers.moved, None);
    }

    #[test]
    fn every_way_in_which_a_device_can_fail_is_a_trouble_that_people_are_told_of() {
        for kind in [DeviceKind::Camera, DeviceKind::Microphone, DeviceKind::Speaker] {
            let stopped = |cause| DeviceError::Stopped { kind, cause };
            let no_such = DeviceError::NoSuchDevice { kind, name: "a".to_owned(), present: "b".to_owned() };
            for (error, wanted) in [
                (DeviceError::NoDevice { kind }, DeviceTrouble::Missing),
                (no_such, DeviceTrouble::Missing),
                (DeviceError::Busy { kind }, DeviceTrouble::Busy),
                (DeviceError::Forbidden { kind }, DeviceTrouble::Denied),
                (stopped(StopCause::Unplugged), DeviceTrouble::Unplugged),
                (stopped(StopCause::Stalled), DeviceTrouble::Stalled),
                (stopped(StopCause::Failed("something else".to_owned())), DeviceTrouble::Failed),
                (DeviceError::NoFormat { kind, reason: "none".to_owned() }, DeviceTrouble::Failed),
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
