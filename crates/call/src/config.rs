//! What a call is made of before it begins.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use signaling_protocol::{GuestRole, InviteId, Role, VisitId};
use trust::{DeviceIdentity, Epoch, InviteSecret, KnownDevices, Link, PatientDevice, UnixTime};
use units::{DataRate, Phi, PictureSize, Timestamp};

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
    /// The time of day at [`Timestamp::ZERO`], for what is valid from one day to another.
    pub unix_at_zero: UnixTime,
    /// After how long of talking the host's person is told that the time is over; an hour without it.
    pub longest: Option<Duration>,
    /// Of a host: the visit is left to another device of ours that is in it. Without it the person's wish to join takes its
    /// place.
    pub claims: bool,
    /// The devices that were met before.
    pub known: KnownDevices,
}

impl CallConfig {
    /// The usual call of `party`: voice and picture both ways, smooth, of a visit without a plan, nobody met before.
    /// `unix_at_zero` is the time of day at [`Timestamp::ZERO`].
    pub fn new(party: Party, media: MediaConfig, unix_at_zero: UnixTime) -> Self {
        Self {
            party,
            media,
            preferences: Preferences::default(),
            reconnect_grace: RECONNECT_GRACE,
            unix_at_zero,
            longest: None,
            claims: false,
            known: KnownDevices::default(),
        }
    }

    /// The time of day.
    pub(crate) fn unix(&self, now: Timestamp) -> UnixTime {
        self.unix_at_zero.plus(now.as_micros() / 1_000_000)
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
        /// The device for which the clinic vouches whose fingerprint stands in the links.
        device: DeviceIdentity,
        /// The visit.
        visit: VisitId,
        /// The links that were given out. Only who joined by one of them is shown as waiting.
        invites: Vec<HostInvite>,
    },
    /// The patient, who came by a link.
    Guest {
        /// The link.
        link: Link,
        /// By what the clinic knows this device again, if it is to.
        device: Option<PatientDevice>,
        /// The highest epoch of revocations that this app has seen of the clinic: lists older than this, or than the
        /// link's, are refused.
        least_epoch: Epoch,
    },
}

/// A link that was given out, as the clinic's own app knows it: the server is not the only one to look after its limits.
#[derive(Debug, Clone)]
pub struct HostInvite {
    /// Its name.
    pub invite: InviteId,
    /// Its secret.
    pub secret: InviteSecret,
    /// The visit that it is for.
    pub visit: VisitId,
    /// The last second in which somebody may come in by it.
    pub not_after: UnixTime,
    /// Under which opaque name the patient's device is remembered, if it is.
    pub patient: Option<[u8; 32]>,
    /// The code that whoever comes by it must say, where the clinic wants one.
    pub code: Option<Phi<String>>,
    /// Who comes by it.
    pub role: GuestRole,
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
    /// By which ways the two may reach each other.
    pub paths: Paths,
}

/// By which ways the two may reach each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Paths {
    /// The best there is.
    #[default]
    All,
    /// By way of the clinic's relay alone: the other side learns no address of this machine and its network.
    Relays,
    /// Likewise, and the relay is reached by this way alone: for finding out what a network lets through.
    RelaysBy(RelayWay),
}

/// How a relay is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RelayWay {
    /// Datagrams.
    Udp,
    /// A stream.
    Tcp,
    /// An encrypted stream.
    Tls,
}

/// What suffers first when the link is thin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Movement suffers: pictures stay sharp, for documents and skin.
    Sharp,
    /// Detail suffers: movement stays fluent, for talk, therapy and sign language.
    #[default]
    #[serde(other)]
    Smooth,
}
