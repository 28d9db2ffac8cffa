//! What the desk wants done.

use signaling_protocol::{CreateInviteRequest, InviteId, SignInRequest, StaffRole, VisitId};
use trust::{DeviceIdentity, InviteSecret, Link, ServerAddress, TlsPin, UnixTime};
use units::Phi;

use crate::RequestNumber;
use crate::day::VisitCard;

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
    /// Forget the server's client and whatever else is kept of who was signed in.
    ForgetToken,
    /// [`Desk::snapshot`](crate::Desk::snapshot) says something else than before.
    Changed,
}

/// A question to the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeskRequest {
    /// Who is this? The first question to a server: the client for it is made now and kept until
    /// [`DeskOutput::ForgetToken`].
    SignIn {
        /// The clinic's server.
        server: ServerAddress,
        /// Its certificate, where it is self-signed.
        pin: Option<TlsPin>,
        /// The body.
        request: SignInRequest,
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
}
