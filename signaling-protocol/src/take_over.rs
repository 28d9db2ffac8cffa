//! Breaking the glass: a clinician takes over a colleague's visit, says why, and it is reviewed.

use serde::{Deserialize, Serialize};
use units::Phi;

use crate::{Base64, NoteCommitment, StaffId, TakeOverId, VisitId};

/// Why a colleague's visit is taken over. A closed list; what else there is to say stands in the sealed note.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TakeOverReason {
    /// Somebody may be in danger.
    Emergency,
    /// The visit's clinician is not there.
    ClinicianAbsent,
    /// Their device or their network fails.
    DeviceFailed,
    /// They asked for it by another way.
    Asked,
}

/// `POST /v1/visits/{v}/take-over`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TakeOverRequest {
    /// Why.
    pub reason: TakeOverReason,
    /// Fresh digits of the second factor.
    pub totp: Phi<String>,
    /// To what is in the note, so that it can be erased and is still not another one.
    pub commitment: NoteCommitment,
    /// The note, sealed to those who review: 16 KiB at most.
    #[serde(rename = "box")]
    pub sealed: Base64,
}

/// Taken over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct TakeOverReply {
    /// What is to be reviewed.
    pub take_over: TakeOverId,
}

/// What a review came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReviewOutcome {
    /// It was right to take the visit over.
    Justified,
    /// It was not.
    NotJustified,
}

/// `POST /v1/take-overs/{t}/review`
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReviewRequest {
    /// What it came to.
    pub outcome: ReviewOutcome,
}

/// A review that was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Review {
    /// By whom.
    pub by: StaffId,
    /// When, in seconds of Unix time.
    pub at_unix_secs: u64,
    /// What it came to.
    pub outcome: ReviewOutcome,
}

/// A visit that was taken over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct TakeOver {
    /// Its id.
    pub take_over: TakeOverId,
    /// Which visit.
    pub visit: VisitId,
    /// By whom.
    pub by: StaffId,
    /// Whose it was.
    pub from: StaffId,
    /// Why.
    pub reason: TakeOverReason,
    /// To what the note says.
    pub commitment: NoteCommitment,
    /// When, in seconds of Unix time.
    pub at_unix_secs: u64,
    /// Until when it is to be reviewed, likewise.
    pub review_by_unix_secs: u64,
    /// Its review; none while it is open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub review: Option<Review>,
}

/// Answer to `GET /v1/take-overs`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TakeOversReply {
    /// The server's clock, in seconds of Unix time.
    pub now_unix_secs: u64,
    /// Those that are open first, of these the oldest first; then the others, the newest first.
    pub take_overs: Vec<TakeOver>,
    /// Whether there are more.
    pub more: bool,
}

/// Answer to `GET /v1/take-overs/{t}/note`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NoteReply {
    /// As it was sealed.
    #[serde(rename = "box")]
    pub sealed: Base64,
}
