//! The desk as the person sees it.

use std::time::Duration;

use signaling_protocol::{Code, ReviewOutcome, SessionId, StaffRow, TakeOverId, TakeOverReason, VisitId};
use trust::ServerAddressError;
use units::{Phi, Timestamp};

use crate::auditing::{AuditView, LogTrouble};
use crate::{CallSummary, Enrolment};

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
    /// The visit that goes on.
    pub visit: Option<VisitId>,
    /// The account's sessions, while they are looked at.
    pub sessions: Option<SessionsView>,
    /// Whether who is signed in looks after accounts.
    pub is_admin: bool,
    /// All accounts, while an admin looks at them.
    pub colleagues: Option<ColleaguesView>,
    /// The page of one's own account, while it is open.
    pub account: Option<AccountView>,
    /// Whether who is signed in reviews what was taken over.
    pub reviewer: bool,
    /// How many of them wait for a review.
    pub open_reviews: usize,
    /// What was taken over, while who reviews looks at it.
    pub reviews: Option<ReviewsView>,
    /// Whether who is signed in may read the audit log.
    pub reads_log: bool,
    /// What is wrong with the clinic's audit log, by what this machine keeps of it.
    pub log_trouble: Option<LogTrouble>,
    /// The audit log, while it is looked at.
    pub audit: Option<Box<AuditView>>,
    /// Whether who is signed in holds visits: the front desk plans them and enters none.
    pub enters_visits: bool,
}

impl DeskSnapshot {
    /// A desk that stands there, and of which nothing else is known.
    pub fn of(phase: DeskPhase) -> Self {
        Self {
            phase,
            name: None,
            server: None,
            last_visit: None,
            patient: None,
            visit: None,
            sessions: None,
            is_admin: false,
            colleagues: None,
            account: None,
            reviewer: false,
            open_reviews: 0,
            reviews: None,
            reads_log: false,
            log_trouble: None,
            audit: None,
            enters_visits: false,
        }
    }
}

/// The page of one's own account.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AccountView {
    /// Whether the server is being asked.
    pub is_asking: bool,
    /// What went wrong.
    pub problem: Option<DeskProblem>,
    /// What was done last.
    pub done: Option<AccountDone>,
    /// The new recovery codes, which are shown now and never again.
    pub codes: Option<Vec<Phi<String>>>,
}

/// What was done about one's own account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AccountDone {
    /// The password is another one, and all other sessions have ended.
    PasswordChanged,
}

/// What was taken over by breaking the glass.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReviewsView {
    /// Those that are open first.
    pub lines: Vec<ReviewLine>,
    /// Whether the server is being asked.
    pub is_asking: bool,
    /// What went wrong.
    pub problem: Option<DeskProblem>,
}

/// One visit that was taken over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReviewLine {
    /// Which take-over.
    pub take_over: TakeOverId,
    /// Who took it over: the account's name.
    pub by: Option<Phi<String>>,
    /// Whose visit it was.
    pub from: Option<Phi<String>>,
    /// Why.
    pub reason: TakeOverReason,
    /// How long ago.
    pub ago: Duration,
    /// How much time is left for the review; none if it is overdue.
    pub left: Option<Duration>,
    /// What they wrote, or why it cannot be read here; none of those that were reviewed.
    pub note: Option<Result<Phi<String>, String>>,
    /// What the review came to; none while it is open.
    pub review: Option<ReviewOutcome>,
}

/// The accounts of a clinic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ColleaguesView {
    /// By name; none before they have come.
    pub rows: Vec<StaffRow>,
    /// The one-time code that was given out last, and to whom: shown now and never again.
    pub code: Option<(Phi<String>, Phi<String>)>,
    /// Whether the server is being asked.
    pub is_asking: bool,
    /// What went wrong.
    pub problem: Option<DeskProblem>,
}

/// The sessions of an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionsView {
    /// The newest first; none before they have come.
    pub lines: Vec<SessionLine>,
    /// Whether the server is being asked.
    pub is_asking: bool,
    /// What went wrong.
    pub problem: Option<DeskProblem>,
}

/// One session, as things stood when the server was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionLine {
    /// Which.
    pub session: SessionId,
    /// Which kind of device it is.
    pub label: String,
    /// How long ago somebody signed in.
    pub began_ago: Duration,
    /// How long ago it was used, to a quarter of an hour.
    pub used_ago: Duration,
    /// Whether it is the one of this desk.
    pub is_this: bool,
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
/// Who was given a one-time code goes from `SignedOut` by `Beginning` and `RecoveryCodes` to where a sign-in leads.
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
    /// Somebody begins by a one-time code.
    Beginning {
        /// The second factor that they are to put into their authenticator app.
        enrolment: Enrolment,
        /// Whether the server is being asked.
        is_asking: bool,
        /// What went wrong.
        problem: Option<DeskProblem>,
    },
    /// Somebody has begun: their recovery codes, which are shown now and never again.
    RecoveryCodes(Vec<Phi<String>>),
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
    /// No one-time code was typed to begin with.
    BeginningCodeMissing,
    /// No digits of the second factor were typed.
    DigitsMissing,
    /// The password or the digits by which somebody proves who they are once more are wrong.
    WrongProof,
    /// The session is over: the digits of the second factor are asked for again.
    CodeNeeded,
    /// There were too many tries.
    Delayed {
        /// When the next may be.
        until: Timestamp,
    },
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
