//! What is to be shown.

use std::time::Duration;

use units::Timestamp;

/// All that the window shows; made anew for each time it is drawn.
#[derive(Debug, Clone, Copy)]
pub struct Model<'a> {
    /// Which of the app's three faces.
    pub screen: Screen,
    /// The call, from the moment in which it was begun; its phase picks the view.
    pub call: Option<&'a call::Snapshot>,
    /// The clinician's workspace; its phase picks the view. Needed for [`Screen::Clinician`].
    pub desk: Option<&'a desk::DeskSnapshot>,
    /// What there is to choose from.
    pub devices: &'a DevicesModel,
    /// How loud it is.
    pub levels: Levels,
    /// The time, on the clock of the snapshots.
    pub now: Timestamp,
    /// How long the two have talked, for the end of a patient's visit.
    pub talked_for: Option<Duration>,
    /// Something that the person should know and that no snapshot tells: one sentence.
    pub problem: Option<&'a str>,
    /// The clinic's telephone number, where it is known: the way out when nothing works.
    pub phone: Option<&'a str>,
}

/// Which of the app's faces is shown. The details follow from the snapshots.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Screen {
    /// Nothing is open: paste a link, or go to the clinician's desk.
    #[default]
    Start,
    /// A patient's visit: preview, waiting room, call, end, by the call's phase.
    Patient,
    /// The clinician's: sign-in, desk, waiting room, call, summary, by the desk's and the call's phase.
    Clinician,
}

/// The devices of this machine.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DevicesModel {
    /// Cameras.
    pub cameras: DeviceList,
    /// Microphones.
    pub microphones: DeviceList,
    /// Loudspeakers and headphones.
    pub speakers: DeviceList,
}

impl DevicesModel {
    /// The devices of one kind.
    pub const fn of(&self, kind: DeviceKind) -> &DeviceList {
        match kind {
            DeviceKind::Camera => &self.cameras,
            DeviceKind::Microphone => &self.microphones,
            DeviceKind::Speaker => &self.speakers,
        }
    }
}

/// The devices of one kind.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DeviceList {
    /// Their names, as the system gives them.
    pub names: Vec<String>,
    /// Which was chosen; `None` leaves it to the system.
    pub chosen: Option<String>,
    /// Why the chosen one does not work.
    pub trouble: Option<DeviceTrouble>,
}

/// A kind of device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DeviceKind {
    /// A camera.
    Camera,
    /// A microphone.
    Microphone,
    /// A loudspeaker or headphones.
    Speaker,
}

impl DeviceKind {
    /// All kinds, in the order in which they are shown.
    pub const ALL: [Self; 3] = [Self::Camera, Self::Microphone, Self::Speaker];
}

/// Why a device does not work; the sentence and the next step for each stand in `words`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DeviceTrouble {
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

/// How loud it is, 0 to 1 of full scale, the peak of the last moment.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Levels {
    /// What our microphone hears.
    pub microphone: f32,
    /// What we play of theirs.
    pub speaker: f32,
}
