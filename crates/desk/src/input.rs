//! What the desk is told, by source.

use std::collections::BTreeMap;
use std::time::Duration;

use signaling_protocol::{
    Code, CodeReply, InviteId, ReceiptPath, ReviewOutcome, SessionId, SessionsReply, SignInReply, SignUpReply, StaffId,
    StaffReply, StaffRole, StaffRow, TakeOverId, TakeOversReply, VisitId,
};
use trust::{DeviceIdentity, Level, TlsPin};
use units::{Phi, ServerTrouble};

use crate::auditing::{AuditAnswer, AuditIntent, LogStanding};
use crate::day::VisitCard;

/// Everything that can happen to a desk.
#[derive(Debug, Clone)]
pub enum DeskInput {
    /// The person wants something.
    Intent(DeskIntent),
    /// The server answered, or could not be asked.
    Signaling {
        /// The number of the [`DeskOutput::Ask`](crate::DeskOutput::Ask); an answer that is not waited for is ignored.
        number: RequestNumber,
        /// The answer.
        answer: DeskAnswer,
    },
    /// The call that [`DeskOutput::StartCall`](crate::DeskOutput::StartCall) began is over.
    CallEnded {
        /// How it went.
        summary: CallSummary,
    },
    /// The device of who is signed in is certified, or is not any more.
    Identity(Option<Box<DeviceIdentity>>),
    /// How the clinic's audit log stands, by what this machine keeps of it: looked at once somebody has signed in.
    Log(LogStanding),
    /// The server has signed this person out.
    SignedOut,
}

/// Which question an answer belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RequestNumber(pub u64);

/// What the person wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeskIntent {
    /// Sign in, or unlock by signing in again.
    SignIn {
        /// The clinic's server as it was typed: `https://clinic.example`, or without the scheme.
        server: String,
        /// The server's certificate, where it is self-signed.
        pin: Option<TlsPin>,
        /// The account's name.
        name: Phi<String>,
        /// Its password.
        password: Phi<String>,
        /// The six digits of the moment, or a recovery code; none where the session goes on by the password alone.
        totp: Option<Phi<String>>,
    },
    /// Show the way to begin by a one-time code.
    ShowBeginning,
    /// Begin by a one-time code.
    Begin {
        /// As in [`SignIn`](Self::SignIn).
        server: String,
        /// The server's certificate, where it is self-signed.
        pin: Option<TlsPin>,
        /// The code that an admin, or who set the server up, has told.
        code: Phi<String>,
        /// The account's name.
        name: Phi<String>,
        /// A password of their own.
        password: Phi<String>,
        /// The digits that the authenticator app shows for the second factor of [`DeskPhase::Beginning`](crate::DeskPhase).
        totp: Phi<String>,
    },
    /// The recovery codes are written down.
    CodesAreKept,
    /// Lock the desk, as it locks itself when nobody is there.
    Lock,
    /// Look at the sessions of this account, or look again.
    ShowSessions,
    /// Look at them no more.
    HideSessions,
    /// End one of them.
    EndSession(SessionId),
    /// An admin looks at the accounts, or looks again.
    ShowColleagues,
    /// They look at them no more.
    HideColleagues,
    /// They change one.
    ChangeColleague(ColleagueChange),
    /// Open the page of one's own account.
    ShowAccount,
    /// Close it.
    HideAccount,
    /// Set another password.
    ChangePassword {
        /// The one that it is now.
        password: Phi<String>,
        /// The one that it is to be.
        new_password: Phi<String>,
        /// Fresh digits of the second factor.
        totp: Phi<String>,
    },
    /// Draw new recovery codes; those before are worth nothing then.
    RenewRecoveryCodes {
        /// Fresh digits of the second factor.
        totp: Phi<String>,
    },
    /// Who reviews looks at what was taken over, or looks again.
    ShowReviews,
    /// They look at it no more.
    HideReviews,
    /// They say what the review of one came to.
    Review(TakeOverId, ReviewOutcome),
    /// Who may read the audit log wants something of it.
    Audit(AuditIntent),
    /// Make a visit and its link, and open it.
    StartVisit,
    /// The same for a patient whose device is to be known again: by what the clinician calls them, which leaves this
    /// machine in no form.
    StartVisitWith(Phi<String>),
    /// Hold a visit that was planned before, by what colleagues share about it.
    HoldVisit {
        /// Which.
        visit: VisitId,
        /// What is known of it.
        card: Box<VisitCard>,
        /// How long it is to take, if it was planned.
        length: Option<Duration>,
        /// Whether it is taken over from another device of ours that is in it. Otherwise it is left to that one.
        takes_over: bool,
    },
    /// End the visit, or stop making it; from a summary, back to the desk.
    CloseVisit,
    /// Sign out, or stop signing in. A visit that goes on is ended first.
    SignOut,
    /// Somebody is there: a key, the mouse.
    Activity,
}

/// What an admin does about a colleague's account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ColleagueChange {
    /// A new one, whose person begins by a one-time code.
    Add {
        /// Its name.
        name: Phi<String>,
        /// What it may do.
        role: StaffRole,
    },
    /// Its person begins anew by a one-time code: their second factor is lost.
    BeginAnew(StaffId),
    /// It may do something else.
    SetRole(StaffId, StaffRole),
    /// It can be used no more, or again.
    SetDisabled(StaffId, bool),
}

impl DeskIntent {
    /// What the patient is called of whom the visit is to be.
    pub(crate) fn patient(self) -> Option<Phi<String>> {
        match self {
            Self::StartVisitWith(called) => Some(called).filter(|called| !called.expose().trim().is_empty()),
            _ => None,
        }
    }
}

/// What came of a question to the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeskAnswer {
    /// Signed in.
    SignedIn(SignInReply),
    /// Begun, and signed in.
    SignedUp(Box<SignUpReply>),
    /// The session of before is over, so that the password alone does not do.
    CodeNeeded,
    /// Not now: there were too many tries.
    Delayed(Duration),
    /// The account's sessions.
    Sessions(SessionsReply),
    /// All accounts, and the one-time code that was given out, if one was.
    Colleagues(StaffReply, Option<CodeReply>),
    /// The password is another one.
    PasswordChanged,
    /// The new recovery codes.
    RecoveryCodes(Vec<Phi<String>>),
    /// What was taken over.
    TakeOvers(Box<TakeOvers>),
    /// What was asked about the audit log.
    Audit(Box<AuditAnswer>),
    /// The visit stands.
    VisitMade(VisitId),
    /// The link's invite is stored.
    InviteMade(InviteId),
    /// A definite no.
    Refused(Code),
    /// The server was not reached; another try may reach it.
    Unreachable,
    /// The server is not the one of the pin, or not one at all: another try would end the same way.
    Failed(ServerTrouble),
}

/// What was taken over by breaking the glass, as far as this device can read it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TakeOvers {
    /// As the server lists it.
    pub reply: TakeOversReply,
    /// The accounts.
    pub staff: Vec<StaffRow>,
    /// The notes of those that are open: what they say, or why they cannot be read, in one sentence.
    pub notes: BTreeMap<TakeOverId, Result<Phi<String>, String>>,
}

/// How a call went, in what may be shown after it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallSummary {
    /// How it ended.
    pub end: CallEnd,
    /// What was between the two, if somebody came.
    pub talk: Option<TalkSummary>,
}

/// How two people talked, in what may be shown after it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TalkSummary {
    /// When they began to hear each other, and when that ended for good, by the clinic's clock: `14:30`.
    pub hours: [String; 2],
    /// How long they heard each other, all in all.
    pub talked_for: Duration,
    /// For how long of it the worse one of their links lost so much now and then that it was to be heard.
    pub fair_for: Duration,
    /// For how long of it that link was too thin for a picture, or lost much.
    pub poor_for: Duration,
    /// How often the connection was lost and came back.
    pub reconnections: u32,
    /// By what way it went in the end.
    pub path: ReceiptPath,
    /// How sure the clinician could be in the end of who was there.
    pub level: Option<Level>,
}

/// How a call ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CallEnd {
    /// We ended it.
    ByUs,
    /// The other side ended it.
    ByThem,
    /// The visit's time was over, or all were away too long.
    VisitOver,
    /// No path between the two was found.
    NoConnection,
    /// A path was found, and the encrypted connection over it was never finished.
    HandshakeUnfinished,
    /// The connection was lost and did not come back.
    ConnectionLost,
    /// The server was not the right one, or not to be asked.
    Server(ServerTrouble),
    /// The server said no.
    ServerRefused(Code),
    /// Something was refused, or was not safe.
    Refused {
        /// One sentence for the person.
        sentence: String,
    },
}
