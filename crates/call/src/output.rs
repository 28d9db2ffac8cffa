//! What the engine wants done.

use signaling_protocol::{EndpointId, Envelope, HostJoinRequest, IceServer, InviteId, JoinRequest, VisitId};
use trust::{Candidate, ConnectionParameters, Epoch, KeyFingerprint};
use units::{DataRate, Timestamp};

use crate::{PicturePlan, ReceiptDraft, VoicePlan};

/// Something for the driver to do. Each is to be done once, in order.
#[derive(Debug, Clone)]
pub enum Output {
    /// Ask the server.
    Signaling(SignalingRequest),
    /// Tell the peer connection to this endpoint.
    Peer(EndpointId, PeerCommand),
    /// What the encoders are to do from now on; nobody else sets them.
    Quality {
        /// For the voice.
        voice: VoicePlan,
        /// For the picture.
        picture: PicturePlan,
    },
    /// Keep this as the highest epoch of revocations that was ever seen of this clinic.
    RememberEpoch {
        /// Whose.
        clinic: KeyFingerprint,
        /// Which.
        epoch: Epoch,
    },
    /// Remember a device, by [`trust::KnownDevices::remember`].
    RememberDevice {
        /// Under which name.
        name: [u8; 32],
        /// Which.
        device: KeyFingerprint,
        /// Whether digits were compared.
        compared: bool,
    },
    /// Say this to the audit log, by [`Call::receipt`](crate::Call::receipt).
    Receipt(ReceiptDraft),
    /// Compare this checkpoint of the clinic's audit log, which the other side keeps, with our own; say
    /// [`Input::LogRewritten`](crate::Input::LogRewritten) if they are of two logs.
    CompareLog(String),
    /// Do this with files.
    Files(transfer::Command),
    /// Something for the report.
    Milestone(Milestone),
    /// [`Call::snapshot`](crate::Call::snapshot) says something else than before.
    Changed,
}

/// Something to ask the server. The driver tries again on network faults, for ever, with the same bytes; only a
/// definite answer comes back as [`SignalingInput`](crate::SignalingInput).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SignalingRequest {
    /// Something to sign.
    Challenge(InviteId),
    /// Join by a link.
    JoinGuest {
        /// The link's invite.
        invite: InviteId,
        /// The body.
        request: JoinRequest,
    },
    /// Join as the visit's clinician.
    JoinHost {
        /// The visit.
        visit: VisitId,
        /// The body.
        request: HostJoinRequest,
    },
    /// Servers for finding a path.
    GetIce,
    /// Open the event stream and keep it open, from now to the end of the call.
    OpenEvents,
    /// Carry messages to others, after all that were given before.
    Send(Vec<Envelope>),
    /// Write the admission down.
    Admit(EndpointId),
    /// Turn away.
    Deny(EndpointId),
    /// Take out.
    Remove(EndpointId),
    /// Count a try at the code of this guest's link.
    CountTry(EndpointId),
    /// Let nobody new in, or again.
    Lock(bool),
    /// End the visit.
    End,
    /// Leave the visit.
    Leave,
}

/// Something for the peer connection to one endpoint.
#[derive(Debug, Clone)]
pub enum PeerCommand {
    /// Make a connection, its media gate closed both ways.
    Open {
        /// Servers for finding a path.
        ice: Vec<IceServer>,
        /// Whether we will make the offers.
        offerer: bool,
        /// Whether nothing but relays may be reached, and no other address told: as the person or the clinic wants.
        relay_only: bool,
    },
    /// Look for the next path with these servers; the one in use stays.
    SetIceServers(Vec<IceServer>),
    /// Make an offer and say it by [`PeerInput::Offer`](crate::PeerInput::Offer).
    CreateOffer {
        /// Whether the path is to be looked for anew.
        restart: bool,
    },
    /// Take their offer and say the answer by [`PeerInput::Answer`](crate::PeerInput::Answer).
    AcceptOffer(ConnectionParameters),
    /// Take their answer.
    AcceptAnswer(ConnectionParameters),
    /// Try these ways to reach them.
    AddCandidates(Vec<Candidate>),
    /// Send this over the control channel.
    SendControl(Vec<u8>),
    /// Let media through, both ways.
    OpenMedia,
    /// Send and take not one packet of media.
    CloseMedia,
    /// Voice and picture can use no more than this, headers and reports counted: nothing is to be looked for above it.
    SetWanted(DataRate),
    /// Close it and forget it.
    Close,
}

/// Something for the report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Milestone {
    /// What.
    pub kind: MilestoneKind,
    /// When; it may lie in the past, since a path is warmed before anybody is admitted.
    pub at: Timestamp,
}

/// What can be reached on the way to a call. Each is said once a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum MilestoneKind {
    /// In the visit.
    Joined,
    /// The host's decision at the host, its receipt at the guest.
    Admitted,
    /// Offer and answer exchanged.
    Negotiated,
    /// A path found.
    IceConnected,
    /// The encrypted connection stands.
    DtlsConnected,
    /// The first sound of theirs.
    FirstAudio,
    /// The first picture of theirs.
    FirstVideo,
}

impl MilestoneKind {
    /// Its name, as in the report.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Joined => "joined",
            Self::Admitted => "admitted",
            Self::Negotiated => "negotiated",
            Self::IceConnected => "ice_connected",
            Self::DtlsConnected => "dtls_connected",
            Self::FirstAudio => "first_audio",
            Self::FirstVideo => "first_video",
        }
    }
}
