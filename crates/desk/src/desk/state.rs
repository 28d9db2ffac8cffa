//! Where a desk stands, and who is at it.

use signaling_protocol::StaffId;

use super::*;
use crate::Enrolment;

/// Where it stands, with what only that place needs.
pub(super) enum State {
    SignedOut {
        problem: Option<DeskProblem>,
    },
    Locked {
        problem: Option<DeskProblem>,
    },
    Beginning {
        enrolment: Enrolment,
        asked: Option<(RequestNumber, ServerAddress, Option<TlsPin>)>,
        problem: Option<DeskProblem>,
    },
    ShowingCodes {
        server: ServerAddress,
        pin: Option<TlsPin>,
        reply: Box<SignInReply>,
        codes: Vec<Phi<String>>,
    },
    SigningIn {
        number: RequestNumber,
        server: ServerAddress,
        pin: Option<TlsPin>,
        was_locked: bool,
    },
    Keys {
        signed_in: SignedIn,
    },
    Ready {
        signed_in: SignedIn,
        problem: Option<DeskProblem>,
    },
    MakingVisit {
        signed_in: SignedIn,
        number: RequestNumber,
    },
    MakingInvite {
        signed_in: SignedIn,
        number: RequestNumber,
        visit: VisitId,
        secret: InviteSecret,
    },
    InVisit {
        signed_in: SignedIn,
        visit: VisitId,
        link: Phi<String>,
        sign_out_after: bool,
    },
    Summary {
        signed_in: SignedIn,
        summary: CallSummary,
    },
}

/// Who is signed in, and where.
#[derive(Clone)]
pub(super) struct SignedIn {
    pub(super) server: ServerAddress,
    pub(super) pin: Option<TlsPin>,
    pub(super) token: Phi<String>,
    pub(super) until: Timestamp,
    /// Whose account it is.
    pub(super) staff: StaffId,
    /// Whether this is an admin's account.
    pub(super) is_admin: bool,
    /// Whether this account reviews what was taken over: an admin's, or an auditor's.
    pub(super) reviews: bool,
    /// Whether this account reads the audit log: an auditor's.
    pub(super) reads_log: bool,
    /// Whether this is a clinician's account.
    pub(super) holds_visits: bool,
    /// Whether this account plans visits: a clinician's, or the front desk's.
    pub(super) has_day: bool,
}

pub(super) struct KnownAs {
    pub(super) name: Phi<String>,
    pub(super) server: ServerAddress,
}

impl State {
    pub(super) fn is_of_a_visit(&self) -> bool {
        matches!(self, Self::MakingVisit { .. } | Self::MakingInvite { .. } | Self::InVisit { .. })
    }

    /// Who is signed in, at a desk that shows more than a visit.
    pub(super) fn beside_visits(&self) -> Option<&SignedIn> {
        self.signed_in().filter(|_| !self.is_of_a_visit())
    }

    /// Who is signed in.
    pub(super) fn signed_in(&self) -> Option<&SignedIn> {
        match self {
            Self::SignedOut { .. }
            | Self::Locked { .. }
            | Self::SigningIn { .. }
            | Self::Beginning { .. }
            | Self::ShowingCodes { .. } => None,
            Self::Keys { signed_in }
            | Self::Ready { signed_in, .. }
            | Self::MakingVisit { signed_in, .. }
            | Self::MakingInvite { signed_in, .. }
            | Self::InVisit { signed_in, .. }
            | Self::Summary { signed_in, .. } => Some(signed_in),
        }
    }

    pub(super) fn phase(&self) -> DeskPhase {
        match self {
            Self::SignedOut { problem } => DeskPhase::SignedOut { problem: problem.clone() },
            Self::Locked { problem } => DeskPhase::Locked { problem: problem.clone() },
            Self::SigningIn { .. } => DeskPhase::SigningIn,
            Self::Beginning { enrolment, asked, problem } => DeskPhase::Beginning {
                enrolment: enrolment.clone(),
                is_asking: asked.is_some(),
                problem: problem.clone(),
            },
            Self::ShowingCodes { codes, .. } => DeskPhase::RecoveryCodes(codes.clone()),
            Self::Keys { .. } => DeskPhase::Keys,
            Self::Ready { problem, .. } => DeskPhase::Ready { problem: problem.clone() },
            Self::MakingVisit { .. } | Self::MakingInvite { .. } => DeskPhase::MakingVisit,
            Self::InVisit { link, .. } => DeskPhase::InVisit { link: link.clone() },
            Self::Summary { summary, .. } => DeskPhase::Summary(summary.clone()),
        }
    }
}
