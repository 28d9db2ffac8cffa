//! The call as the person sees it.

use signaling_protocol::{EndpointId, InviteId, Role};
use trust::{Digits, Level, Recognition};
use units::{Phi, Timestamp};

use crate::{MediaState, Mode, Phase, PicturePlan, PictureSent, Refusal, VoicePlan};

/// The call as the person sees it; whoever draws needs nothing else.
#[derive(Debug, Clone, PartialEq)]
pub struct Snapshot {
    /// Where it stands.
    pub phase: Phase,
    /// What we are in it.
    pub role: Role,
    /// Who waits, in the order in which they came. Host only.
    pub waiting: Vec<Waiting>,
    /// The other side's switches, once they have told us.
    pub remote: Option<Remote>,
    /// Who the other side is, once somebody is admitted.
    pub partner: Option<EndpointId>,
    /// Whether media may pass between us and the other side, as far as our own gate goes.
    pub media_open: bool,
    /// Whether the server is reached. A call goes on without it.
    pub signaling_up: bool,
    /// Whether our microphone is silenced.
    pub muted: bool,
    /// Whether our camera is stopped.
    pub camera_off: bool,
    /// What the pictures of both keep when a link is thin.
    pub mode: Mode,
    /// Whether our person spends little data.
    pub save_data: bool,
    /// What our voice encoder does.
    pub voice_plan: VoicePlan,
    /// What our picture encoder does.
    pub picture_plan: PicturePlan,
    /// What the person should know, the newest.
    pub problem: Option<Problem>,
    /// How sure we can be of who the other side is, once they have spoken.
    pub assurance: Option<Assurance>,
}

/// How sure we can be of who the other side is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assurance {
    /// How sure.
    pub level: Level,
    /// Whether their device was met before.
    pub device: Recognition,
    /// The clinician's name, certified by the clinic. Guest only.
    pub name: Option<Phi<String>>,
    /// The comparison of digits.
    pub check: Check,
    /// Boxes that the server brought and that were not taken: duplicates, and what it made up.
    pub dropped_boxes: u32,
}

/// Where the comparison of digits stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Check {
    /// Nobody compares.
    None,
    /// We have begun, their app has not answered yet.
    Asked,
    /// To be read out by both.
    Shown(Digits),
    /// Our person has found them to be the same, and nothing has changed since.
    Same,
    /// What was compared, or was being compared, does not count any more: the connection or an app changed.
    Lost,
}

/// Somebody in the waiting room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Waiting {
    /// Who.
    pub endpoint: EndpointId,
    /// By which link.
    pub invite: InviteId,
    /// Since when.
    pub since: Timestamp,
    /// Whether a connection to them stands already.
    pub warm: bool,
    /// Another app came by the same link before: the patient's own, or somebody else who has the link.
    pub reused: bool,
}

/// The other side's switches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Remote {
    /// Their microphone is silenced.
    pub muted: bool,
    /// Their camera is stopped, or there is none.
    pub camera_off: bool,
    /// What their link leaves of their picture.
    pub picture: PictureSent,
    /// They spend little data.
    pub save_data: bool,
}

impl From<MediaState> for Remote {
    fn from(state: MediaState) -> Self {
        let MediaState { muted, camera_off, picture, save_data, .. } = state;
        Self { muted, camera_off, picture, save_data }
    }
}

/// Something that the person should know and that does not end the call. Its `Display` is one sentence for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Problem {
    /// Somebody in the waiting room was turned away by the app itself.
    #[error("{reason}")]
    GuestRefused {
        /// Who.
        endpoint: EndpointId,
        /// Why.
        reason: Refusal,
    },
    /// The server did not write the admission down; nobody was let in.
    #[error("The server could not write the admission down, so nobody was let in; try again.")]
    AdmissionFailed(EndpointId),
    /// Somebody else is in the visit, or is being let in.
    #[error("Somebody else is in the visit or is just being let in.")]
    AlreadySomebodyIn,
    /// The digits could not be compared.
    #[error("The digits could not be compared; start the comparison again.")]
    CheckInterrupted,
    /// Digits were compared too often.
    #[error("Digits were compared too often in this visit; end it and make another link.")]
    CheckedTooOften,
    /// The microphone is gone.
    #[error("The microphone is gone; the other side does not hear you.")]
    MicrophoneLost,
    /// The camera is gone.
    #[error("The camera is gone; the other side does not see you.")]
    CameraLost,
    /// The loudspeaker is gone.
    #[error("The loudspeaker is gone; you do not hear the other side.")]
    SpeakerLost,
}
