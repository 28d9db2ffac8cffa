//! The call as the person sees it.

use std::sync::Arc;

use signaling_protocol::{EndpointId, GuestRole, InviteId, Role, WaitingNote};
use transfer::{Line, OfferError, Still, TextError, TransferView};
use trust::{Digits, Level, Recognition};
use units::{Phi, Timestamp};

use crate::{CodeStanding, Facts, MediaState, Mode, Phase, PicturePlan, PictureSent, Refusal, VoicePlan};

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
    /// What is around the talk.
    pub around: Around,
}

/// What is around the talk: what was asked, what is told to who waits, whether the door is shut, how long it may take.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Around {
    /// Host: where the patient is and whom to call, once they have said so. Stays when the connection is lost.
    pub facts: Option<Facts>,
    /// Guest: what our person has said of that.
    pub own_facts: Option<Facts>,
    /// Guest: the clinic's code is asked for, and so many were wrong.
    pub code_asked: Option<u8>,
    /// Guest, waiting: the clinician whose app has spoken to ours already, under the name that the clinic certified.
    pub clinician: Option<Phi<String>>,
    /// Guest: what the clinic lets us know while we wait.
    pub note: Option<WaitingNote>,
    /// Host: nobody new may come in.
    pub locked: bool,
    /// Host: how the visit's time stands.
    pub time_left: TimeLeft,
    /// By how many seconds this device's clock is ahead of the server's, if that is more than it should be.
    pub clock_ahead_secs: Option<i64>,
    /// What the two have handed each other.
    pub handed: Handed,
}

/// What the two have handed each other.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Handed {
    /// What was written, in order.
    pub lines: Arc<[Line]>,
    /// Our person has saved what was written.
    pub saved_by_us: bool,
    /// Theirs has.
    pub saved_by_them: bool,
    /// Files and photographs, in the order in which they began.
    pub transfers: Vec<TransferView>,
    /// How it stands with a photograph.
    pub still: Still,
    /// How many of their offers were turned away without asking anybody.
    pub turned_away: u32,
}

/// How a visit's time stands. Nothing ends because of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TimeLeft {
    /// There is enough, or no end.
    #[default]
    Enough,
    /// Five minutes or less.
    Nearly,
    /// None: the person may give it more.
    Over,
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
    /// Who comes by that link.
    pub role: GuestRole,
    /// How it stands with the clinic's code.
    pub code: CodeStanding,
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
    /// Who waits has not said the clinic's code yet.
    #[error("They have not said the code that the clinic gave them.")]
    CodeNotSaid(EndpointId),
    /// The digits could not be compared.
    #[error("The digits could not be compared; start the comparison again.")]
    CheckInterrupted,
    /// Digits were compared too often.
    #[error("Digits were compared too often in this visit; end it and make another link.")]
    CheckedTooOften,
    /// The clinic's audit log was rewritten, or others are shown another one.
    #[error("The clinic's log was changed afterwards; tell the clinic.")]
    LogRewritten,
    /// What our person wrote was not sent.
    #[error("{0}")]
    NotWritten(TextError),
    /// A file that our person chose was not offered.
    #[error("{0}")]
    NotOffered(OfferError),
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
