//! What must outlive the process, and the one way by which it is changed.
//!
//! **Invariant:** everything here is a label: opaque ids, public keys, hashes, times. Mailboxes are never stored. (What
//! colleagues keep, in tables of the same file, is [`crate::staff`]'s, and accounts are [`crate::accounts`]'s.) All of it
//! is changed through `ledger`.

pub(crate) mod acting;
mod ledger;
pub(crate) mod log;
mod memory;
mod queued;
mod sqlite;
mod take_overs;

use signaling_protocol::{
    Admission, Base64, EndReason, EndpointId, GuestRole, InviteId, InviteKey, LeaveReason, NoteCommitment, Planned,
    Role, StaffId, TakeOverId, TakeOverReason, VisitId, VisitState,
};

use acting::By;
pub(crate) use ledger::{Actor, AuditId, Database, Event, Failed, RelayWord};
pub use memory::MemoryStore;
pub use queued::{Disk, QueuedStore};
pub(crate) use sqlite::{FILE, MIGRATIONS, as_word, make_private, open_database, parsed, version, word};
pub use sqlite::{OpenError, SqliteStore};
pub(crate) use take_overs::{TAKE_OVER, forget as forget_take_overs, take_over_row};

/// A visit as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VisitRow {
    /// Its id.
    pub visit: VisitId,
    /// Who made it.
    pub creator: StaffId,
    /// Whose visit it is, if it is somebody's.
    pub host: Option<StaffId>,
    /// Where it stands.
    pub state: VisitState,
    /// Why it is over, if it is.
    pub ended: Option<EndReason>,
    /// Since when it is over, if it is, in microseconds of Unix time.
    pub ended_unix_micros: Option<u64>,
    /// When it was made, in microseconds of Unix time.
    pub created_unix_micros: u64,
    /// When it is to be, if that was planned.
    pub planned: Option<Planned>,
    /// Whether nobody new may come in.
    pub locked: bool,
}

/// An invite as it is stored: the public half of a link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InviteRow {
    /// What the link names.
    pub invite: InviteId,
    /// Which visit it leads to.
    pub visit: VisitId,
    /// Whose signature joins.
    pub key: InviteKey,
    /// When it stops to work, in microseconds of Unix time.
    pub expires_unix_micros: u64,
    /// When it begins to work, likewise; 0 for at once.
    pub opens_unix_micros: u64,
    /// Who comes by it.
    pub role: GuestRole,
    /// Whether it was taken back.
    pub revoked: bool,
    /// How often a code was tried for it.
    pub tries: u8,
}

/// An endpoint as it is stored, so that a restart of the server throws nobody out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndpointRow {
    /// Its id.
    pub endpoint: EndpointId,
    /// Which visit it is in.
    pub visit: VisitId,
    /// What it is there.
    pub role: Role,
    /// Where it stands.
    pub admission: Admission,
    /// By which invite it came; none for a host.
    pub invite: Option<InviteId>,
    /// Its public bundle.
    pub bundle: Base64,
    /// Why it is gone, if it is.
    pub gone: Option<LeaveReason>,
    /// When it came, in microseconds of Unix time.
    pub joined_unix_micros: u64,
}

/// A visit that was taken over by breaking the glass, as it is stored beside its note and its review.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TakeOverRow {
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
    /// When, in microseconds of Unix time.
    pub at_unix_micros: u64,
}

/// SHA-256 of an endpoint's token; the token itself is only with the endpoint.
pub type TokenHash = [u8; 32];

/// One thing that a state change writes. A slice of them is one transaction: all or nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// Who does all that follows, up to the next of these: for the audit log.
    By(By),
    /// The key of the challenges: written once, so that a challenge outlives a restart.
    ChallengeKey([u8; 32]),
    /// A visit is new or different.
    Visit(VisitRow),
    /// An invite is new or different.
    Invite(InviteRow),
    /// An endpoint is new or different.
    Endpoint(EndpointRow),
    /// A visit is taken over, with the sealed note.
    TakeOver(TakeOverRow, Base64),
    /// An endpoint may show this token, and none that it was given before.
    Token(TokenHash, EndpointId),
    /// An endpoint and its token are of no use to anybody any more.
    ForgetEndpoint(EndpointId),
    /// Nobody may ask for a visit any more: it goes with its invites and whoever was in it.
    ForgetVisit(VisitId),
}

/// All that is stored, as [`Visits`](crate::visits::Visits) starts from it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Rows {
    /// The key of the challenges, unless this is the first start.
    pub challenge_key: Option<[u8; 32]>,
    /// Every visit.
    pub visits: Vec<VisitRow>,
    /// Every invite.
    pub invites: Vec<InviteRow>,
    /// Every endpoint, those that are gone as well: for a while they may still ask why.
    pub endpoints: Vec<EndpointRow>,
    /// Every token.
    pub tokens: Vec<(TokenHash, EndpointId)>,
    /// Every take-over of these visits, the oldest first.
    pub take_overs: Vec<TakeOverRow>,
}

/// The store could not do it, and changed nothing.
#[derive(Debug, thiserror::Error)]
#[error("the server could not write to its database, so nothing was changed: {reason}")]
pub struct StoreError {
    /// What the database said.
    pub reason: String,
    /// The same changes would be refused again: they contradict what is stored.
    pub is_lasting: bool,
}

impl StoreError {
    /// One that may be over the next time: a full disk, a failed one.
    pub(crate) fn passing(reason: String) -> Self {
        Self { reason, is_lasting: false }
    }
}

/// Where rows are kept. One store has one writer.
pub trait Store {
    /// Everything that a restart needs.
    ///
    /// # Errors
    /// When the rows cannot be read.
    fn load(&mut self) -> Result<Rows, StoreError>;

    /// Writes all of `changes`, durably, or none of them. (A [`QueuedStore`] takes them in, and says later how it went.)
    ///
    /// # Errors
    /// When they cannot be written: a full disk, a failed database.
    fn apply(&mut self, changes: &[Change]) -> Result<(), StoreError>;
}
