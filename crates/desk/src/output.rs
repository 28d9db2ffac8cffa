//! What the desk wants done.

use std::time::Duration;

use signaling_protocol::{
    CreateInviteRequest, InviteId, PasswordRequest, ReviewOutcome, SessionId, SignInRequest, SignUpRequest, StaffId,
    StaffRole, TakeOverId, VisitId,
};
use trust::{DeviceIdentity, InviteSecret, Link, ServerAddress, TlsPin, UnixTime};
use units::Phi;

use crate::auditing::AuditAsk;
use crate::day::VisitCard;
use crate::{ColleagueChange, RequestNumber};

/// Something for the driver to do. Each is to be done once, in order.
#[derive(Debug)]
pub enum DeskOutput {
    /// Ask the server once and say what came of it by [`DeskInput::Signaling`](crate::DeskInput::Signaling) with the
    /// same number.
    Ask {
        /// To be said again with the answer.
        number: RequestNumber,
        /// The question.
        request: DeskRequest,
    },
    /// Begin the keys of who signed in, and tell their desk of the identity that comes of them. They end with
    /// [`ForgetToken`](Self::ForgetToken).
    OpenKeys {
        /// Where.
        server: ServerAddress,
        /// Who, as they signed in.
        name: Phi<String>,
        /// As what.
        role: StaffRole,
        /// Who is signed in.
        token: Phi<String>,
    },
    /// Begin the call, and join it.
    StartCall(Box<HostCall>),
    /// Hang up the call that was begun; its end is still to be said.
    EndCall,
    /// End the session at the server, and forget what it goes on by. [`ForgetToken`](Self::ForgetToken) follows.
    SignOut,
    /// Forget the server's client and whatever else is kept of who was signed in.
    ForgetToken,
    /// [`Desk::snapshot`](crate::Desk::snapshot) says something else than before.
    Changed,
}

/// A question to the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeskRequest {
    /// Who is this? The first question to a server: the client for it is made now and kept until
    /// [`DeskOutput::ForgetToken`]. Without a second factor in it, the session that was kept of this account goes on, if there
    /// is one still: by its refresh token, which is what the person has, and the password, which is what they know. So an
    /// unlocked desk stands on two factors as well.
    SignIn {
        /// The clinic's server.
        server: ServerAddress,
        /// Its certificate, where it is self-signed.
        pin: Option<TlsPin>,
        /// The body.
        request: SignInRequest,
    },
    /// Begin. Asked like [`SignIn`](Self::SignIn).
    SignUp {
        /// The clinic's server.
        server: ServerAddress,
        /// Its certificate, where it is self-signed.
        pin: Option<TlsPin>,
        /// The body, but for the label.
        request: SignUpRequest,
    },
    /// The sessions of an account.
    Sessions {
        /// Who asks.
        token: Phi<String>,
        /// Of whom.
        staff: StaffId,
    },
    /// End a session, and say which are left.
    EndSession {
        /// Who asks.
        token: Phi<String>,
        /// Whose it is.
        staff: StaffId,
        /// Which.
        session: SessionId,
    },
    /// All accounts, after this change to one, if there is one.
    Colleagues {
        /// Who asks.
        token: Phi<String>,
        /// What is to be changed before.
        change: Option<ColleagueChange>,
    },
    /// Another password for who asks.
    ChangePassword {
        /// Who asks.
        token: Phi<String>,
        /// The body.
        request: PasswordRequest,
    },
    /// New recovery codes for who asks.
    RenewRecoveryCodes {
        /// Who asks.
        token: Phi<String>,
        /// Fresh digits of the second factor.
        totp: Phi<String>,
    },
    /// What was taken over, with the notes of those that are open, after this outcome of a review, if there is one.
    TakeOvers {
        /// Who asks.
        token: Phi<String>,
        /// What is to be said before.
        review: Option<(TakeOverId, ReviewOutcome)>,
    },
    /// Something about the audit log. Whoever asks looks first whether the log goes on from what this machine keeps of it.
    Audit {
        /// Who asks.
        token: Phi<String>,
        /// What.
        ask: AuditAsk,
    },
    /// A new visit.
    CreateVisit {
        /// Who asks.
        token: Phi<String>,
    },
    /// A link to it.
    CreateInvite {
        /// Who asks.
        token: Phi<String>,
        /// To which visit.
        visit: VisitId,
        /// The body.
        request: CreateInviteRequest,
    },
}

/// All that the clinician's side of a call needs; `session` makes a `call::Party::Host` of it.
#[derive(Debug)]
pub struct HostCall {
    /// The device for whose clinic the link is.
    pub identity: DeviceIdentity,
    /// The visit.
    pub visit: VisitId,
    /// The links that were given out: names, secrets, and the last second in which each is good.
    pub invites: Vec<(InviteId, InviteSecret, UnixTime)>,
    /// The link for the patient; it names the server and its pin as well.
    pub link: Link,
    /// Who is signed in.
    pub token: Phi<String>,
    /// Under which opaque name the patient's device is remembered, if it is.
    pub patient: Option<[u8; 32]>,
    /// What colleagues share about it, if it was planned: the code, and who comes by which link.
    pub card: Option<VisitCard>,
    /// After how long of talking the person is told that the time is over; never without it.
    pub longest: Option<Duration>,
    /// Whether the visit is left to another device of ours that is in it.
    pub claims: bool,
}
