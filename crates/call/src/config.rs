//! What a call is made of before it begins.

use std::time::Duration;

use signaling_protocol::{InviteId, InviteKey, Role, VisitId};
use trust::{HostIdentity, Link};
use units::{DataRate, PictureSize};

/// Everything that a [`Call`](crate::Call) must know before it begins.
#[derive(Debug)]
pub struct CallConfig {
    /// Who we are in the visit.
    pub party: Party,
    /// What we send and take.
    pub media: MediaConfig,
    /// What the person chose.
    pub preferences: Preferences,
    /// How long a lost connection may heal before the visit ends. See [`RECONNECT_GRACE`].
    pub reconnect_grace: Duration,
}

impl CallConfig {
    /// The usual call of `party`: voice and picture both ways, smooth, no limit of our own.
    pub fn new(party: Party, media: MediaConfig) -> Self {
        Self { party, media, preferences: Preferences::default(), reconnect_grace: RECONNECT_GRACE }
    }
}

/// How long a lost connection may heal before the visit ends.
/// Ten minutes: a rural router takes five to come back from a power cut.
pub const RECONNECT_GRACE: Duration = Duration::from_secs(600);

/// Who we are in the visit.
#[derive(Debug)]
pub enum Party {
    /// The clinician, who made the visit and its links.
    Host {
        /// The key whose fingerprint stands in the links.
        identity: HostIdentity,
        /// The visit.
        visit: VisitId,
        /// The links that were given out, by their public halves. Only who joined by one of them is shown as waiting.
        invites: Vec<(InviteId, InviteKey)>,
    },
    /// The patient, who came by a link.
    Guest {
        /// The link.
        link: Link,
    },
}

impl Party {
    /// The role on the wire.
    pub const fn role(&self) -> Role {
        match self {
            Self::Host { .. } => Role::Host,
            Self::Guest { .. } => Role::Guest,
        }
    }
}

/// What we send and take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MediaConfig {
    /// Whether there is a microphone, until [`DeviceInput`](crate::DeviceInput) says otherwise.
    pub sends_voice: bool,
    /// The camera's format, if there is one, until [`DeviceInput`](crate::DeviceInput) says otherwise. A picture is never
    /// sent larger or faster than this.
    pub camera: Option<CameraFormat>,
    /// Whether there is a screen to show their picture on; without one they are told not to send it.
    pub receives_picture: bool,
}

/// What the camera gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CameraFormat {
    /// Width and height.
    pub size: PictureSize,
    /// Pictures a second.
    pub fps: u32,
}

/// What the person chose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Preferences {
    /// Movement or detail.
    pub mode: Mode,
    /// Whether the link is paid by the megabyte.
    pub save_data: bool,
    /// Never send more than this, headers included.
    pub max_rate: Option<DataRate>,
}

/// What suffers first when the link is thin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Mode {
    /// Detail suffers: movement stays fluent, for talk, therapy and sign language.
    #[default]
    Smooth,
    /// Movement suffers: pictures stay sharp, for documents and skin.
    Sharp,
}
