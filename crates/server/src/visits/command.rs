//! What may be asked of the visits, and what they answer.

use signaling_protocol::{
    AssignRequest, Base64, CancelReason, ChallengeReply, CreateInviteReply, CreateInviteRequest, CreateVisitReply,
    CreateVisitRequest, EndpointId, Envelope, HostJoinRequest, InviteId, JoinReply, JoinRequest, NoteCommitment,
    PlanRequest, SendReply, StaffId, TakeOverReason, TakeOverReply, TriesReply, VisitId, WaitingNote,
};

/// Somebody of the staff whom the table of permissions let through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StaffMember {
    /// Who.
    pub staff: StaffId,
    /// Whose visits they may do something with.
    pub reach: Reach,
}

/// Whose visits somebody may do something with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// Their own; nobody's they may see and take.
    Own,
    /// Everybody's.
    All,
}

impl StaffMember {
    /// A clinician.
    pub const fn own(staff: StaffId) -> Self {
        Self { staff, reach: Reach::Own }
    }

    /// The front desk.
    pub const fn all(staff: StaffId) -> Self {
        Self { staff, reach: Reach::All }
    }
}

/// One request. Who asks has been authenticated: `staff` by their session, `by` by the endpoint's token.
#[derive(Debug, Clone)]
pub enum Command {
    /// Somebody makes a visit.
    CreateVisit {
        /// Who.
        by: StaffMember,
        /// When it is to be, and whose.
        request: CreateVisitRequest,
    },
    /// Somebody moves a visit to another time.
    Plan {
        /// Who.
        by: StaffMember,
        /// Which.
        visit: VisitId,
        /// To when, and when its links are good.
        request: PlanRequest,
    },
    /// Somebody hands a visit over, or takes one.
    Assign {
        /// Who.
        by: StaffMember,
        /// Which.
        visit: VisitId,
        /// To whom.
        request: AssignRequest,
    },
    /// A clinician takes a colleague's visit over by breaking the glass, and has just proved who they are.
    TakeOver {
        /// Who.
        by: StaffId,
        /// Which.
        visit: VisitId,
        /// Why.
        reason: TakeOverReason,
        /// To what the note says.
        commitment: NoteCommitment,
        /// The note.
        sealed: Base64,
    },
    /// Somebody calls a visit off.
    Cancel {
        /// Who.
        by: StaffMember,
        /// Which.
        visit: VisitId,
        /// Why.
        reason: CancelReason,
    },
    /// Somebody lets those who wait know something.
    Note {
        /// Who.
        by: StaffMember,
        /// In which visit.
        visit: VisitId,
        /// What.
        note: WaitingNote,
    },
    /// Somebody takes a link back.
    RevokeInvite {
        /// Who.
        by: StaffMember,
        /// Of which visit.
        visit: VisitId,
        /// Which.
        invite: InviteId,
    },
    /// The host lets nobody new in, or again.
    Lock {
        /// Who asks.
        by: EndpointId,
        /// Whether nobody new may come in.
        locked: bool,
    },
    /// The host is about to compare a code that a guest said.
    CountTry {
        /// Who asks.
        by: EndpointId,
        /// The guest.
        endpoint: EndpointId,
    },
    /// Somebody stores the public half of a link.
    CreateInvite {
        /// Who asks.
        by: StaffMember,
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
    /// To [`Command::TakeOver`].
    TakenOver(TakeOverReply),
    /// To [`Command::CreateInvite`].
    Invite(CreateInviteReply),
    /// To [`Command::Challenge`].
    Challenge(ChallengeReply),
    /// To [`Command::JoinGuest`] and [`Command::JoinHost`].
    Joined(JoinReply),
    /// To [`Command::CountTry`].
    Tries(TriesReply),
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
