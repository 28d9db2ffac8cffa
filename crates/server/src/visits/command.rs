//! What may be asked of the visits, and what they answer.

use signaling_protocol::{
    ChallengeReply, CreateInviteReply, CreateInviteRequest, CreateVisitReply, EndpointId, Envelope, HostJoinRequest,
    InviteId, JoinReply, JoinRequest, SendReply, StaffId, VisitId,
};

/// One request. Who asks has been authenticated: `staff` by their session, `by` by the endpoint's token.
#[derive(Debug, Clone)]
pub enum Command {
    /// A clinician makes a visit.
    CreateVisit {
        /// Whose it will be.
        staff: StaffId,
    },
    /// A clinician stores the public half of a link.
    CreateInvite {
        /// Who asks.
        staff: StaffId,
        /// To which visit the link leads.
        visit: VisitId,
        /// Key and life of the invite.
        request: CreateInviteRequest,
    },
    /// Whoever holds a link asks for something to sign.
    Challenge {
        /// What the link names; need not exist.
        invite: InviteId,
    },
    /// Whoever holds a link joins.
    JoinGuest {
        /// What the link names.
        invite: InviteId,
        /// The proof, and the app's bundle.
        request: JoinRequest,
    },
    /// The visit's clinician joins.
    JoinHost {
        /// Who asks.
        staff: StaffId,
        /// Which visit.
        visit: VisitId,
        /// The app's bundle.
        request: HostJoinRequest,
    },
    /// An endpoint sends boxes.
    Send {
        /// Who sends.
        by: EndpointId,
        /// What, in order.
        messages: Vec<Envelope>,
    },
    /// The host lets somebody in.
    Admit {
        /// Who asks.
        by: EndpointId,
        /// About whom.
        endpoint: EndpointId,
    },
    /// The host does not let somebody in.
    Deny {
        /// Who asks.
        by: EndpointId,
        /// About whom.
        endpoint: EndpointId,
    },
    /// The host takes somebody out.
    Remove {
        /// Who asks.
        by: EndpointId,
        /// About whom.
        endpoint: EndpointId,
    },
    /// The host ends the visit for all.
    End {
        /// Who asks.
        by: EndpointId,
    },
    /// An endpoint goes.
    Leave {
        /// Who goes.
        by: EndpointId,
    },
    /// An endpoint wants the servers for finding a path. Here only whether it may: the addresses are the driver's.
    Ice {
        /// Who asks.
        by: EndpointId,
    },
}

/// The answer to a [`Command`] that was carried out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// To [`Command::CreateVisit`].
    Visit(CreateVisitReply),
    /// To [`Command::CreateInvite`].
    Invite(CreateInviteReply),
    /// To [`Command::Challenge`].
    Challenge(ChallengeReply),
    /// To [`Command::JoinGuest`] and [`Command::JoinHost`].
    Joined(JoinReply),
    /// To [`Command::Send`].
    Sent(SendReply),
    /// To [`Command::Ice`].
    Ice {
        /// Whether it may use a relay.
        relay: bool,
    },
    /// To everything else.
    Done,
}
