//! The desk as the person sees it.

use signaling_protocol::Code;
use trust::ServerAddressError;
use units::Phi;

use crate::CallSummary;

/// The desk as the person sees it; whoever draws needs nothing else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeskSnapshot {
    /// Where it stands.
    pub phase: DeskPhase,
    /// The name that was signed in with; kept through a lock, so that only the password is asked for.
    pub name: Option<Phi<String>>,
    /// The server's address as people read it; kept like the name.
    pub server: Option<String>,
    /// The visit before, for as long as nobody signs out.
    pub last_visit: Option<CallSummary>,
    /// What the patient of the visit that is made, or goes on, is called here, if the clinician said it.
    pub patient: Option<Phi<String>>,
    /// Whether who is signed in holds visits: the front desk plans them and enters none.
    pub enters_visits: bool,
}

/// Where a desk stands.
///
/// ```text
///            SignIn              signed in           StartVisit              both made
///  SignedOut ──────▶ SigningIn ───────────▶ Ready ──────────────▶ MakingVisit ────────▶ InVisit
///   ▲  ▲               │ refused            ▲ │ ▲ refused              │                   │ call ended
///   │  └───────────────┘                    │ │ └──────────────────────┘                   ▼
///   │            SignIn, signed in          │ │ idle 15 min       CloseVisit             Summary
///   └── SignOut              Locked ◀───────┼─┘ ◀──────────────────────────────────────────┘
/// ```
/// Who signs in on a device that is not certified comes to `Keys` first, and to `Ready` when it is.
/// A visit that goes on is neither locked nor ended because a token is over: that is done when it has ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeskPhase {
    /// Nobody is signed in.
    SignedOut {
        /// Why not, if something went wrong.
        problem: Option<DeskProblem>,
    },
    /// The server is being asked.
    SigningIn,
    /// Signed in, and the device is not certified yet, or its person holds no visits: the keys' own snapshot tells how they
    /// stand.
    Keys,
    /// Signed in; no visit.
    Ready {
        /// Why there is none, if something went wrong.
        problem: Option<DeskProblem>,
    },
    /// The server is being asked for a visit and its link.
    MakingVisit,
    /// A visit goes on; the call's own snapshot tells how.
    InVisit {
        /// The link for the patient: whoever reads it may knock.
        link: Phi<String>,
    },
    /// A visit ended.
    Summary(CallSummary),
    /// Nobody touched the desk for a while: the password is asked for again.
    Locked {
        /// Why it is still locked, if something went wrong.
        problem: Option<DeskProblem>,
    },
}

/// What went wrong at the desk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeskProblem {
    /// What was typed is not a server's address.
    Server(ServerAddressError),
    /// No name was typed.
    NameMissing,
    /// No password was typed.
    PasswordMissing,
    /// The server says no.
    Refused(Code),
    /// The server was not reached.
    Unreachable,
    /// The server is not the right one; one sentence for the person.
    Failed(String),
    /// The account is not a clinician's: it enters no visit.
    NotAClinician,
    /// The time of the sign-in is over.
    SignInOver,
    /// The server answered something else than what was asked.
    OddAnswer,
}
