//! Cameras, microphones and loudspeakers, as people choose them.

use std::fmt;

use serde::Serialize;

use crate::Timestamp;

/// A kind of device; its `Display` is what people call it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DeviceKind {
    /// What sees.
    Camera,
    /// What hears.
    Microphone,
    /// What speaks: a loudspeaker or headphones.
    Speaker,
}

impl DeviceKind {
    /// All kinds, in the order in which they are shown.
    pub const ALL: [Self; 3] = [Self::Camera, Self::Microphone, Self::Speaker];
}

impl fmt::Display for DeviceKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Camera => "camera",
            Self::Microphone => "microphone",
            Self::Speaker => "loudspeaker",
        })
    }
}

/// Why a device does not work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
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

/// How the person hears the other side: with headphones there is no echo to take out of the microphone's sound.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Listening {
    /// As the system says; by a loudspeaker where it says nothing.
    #[default]
    Automatic,
    /// By a loudspeaker.
    Loudspeaker,
    /// With headphones.
    Headphones,
}

impl Listening {
    /// All, in the order in which they are shown.
    pub const ALL: [Self; 3] = [Self::Automatic, Self::Loudspeaker, Self::Headphones];
}

/// The devices of this machine.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Devices {
    /// Cameras.
    pub cameras: DeviceList,
    /// Microphones.
    pub microphones: DeviceList,
    /// Loudspeakers and headphones.
    pub speakers: DeviceList,
    /// Which of the two the person has.
    pub listening: Listening,
}

impl Devices {
    /// The devices of one kind.
    pub const fn of(&self, kind: DeviceKind) -> &DeviceList {
        match kind {
            DeviceKind::Camera => &self.cameras,
            DeviceKind::Microphone => &self.microphones,
            DeviceKind::Speaker => &self.speakers,
        }
    }

    /// The devices of one kind, to be changed.
    pub const fn of_mut(&mut self, kind: DeviceKind) -> &mut DeviceList {
        match kind {
            DeviceKind::Camera => &mut self.cameras,
            DeviceKind::Microphone => &mut self.microphones,
            DeviceKind::Speaker => &mut self.speakers,
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
    /// Where the sound went by itself, and when.
    pub moved: Option<(Timestamp, DeviceMove)>,
}

/// Another device is used from now on, without anybody choosing it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceMove {
    /// Which one, as the system names it.
    pub to: String,
    /// Why.
    pub cause: MoveCause,
}

/// Why another device is used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MoveCause {
    /// None was chosen, and the system's choice is another now.
    SystemChanged,
    /// The chosen one cannot be used; the system's choice takes its place until it can.
    ChosenAway {
        /// Which one was chosen.
        chosen: String,
        /// Why it cannot.
        why: DeviceTrouble,
    },
    /// The chosen one is back.
    ChosenBack,
}
