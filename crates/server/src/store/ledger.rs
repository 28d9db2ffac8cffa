//! The one way by which what is stored is changed: a transaction, and beside it what happened.
//!
//! Accounts, what colleagues keep and the visits each hold a connection of their own, and every one of them is a
//! [`Database`]: it reads, and changes rows by [`Database::write`] alone. Who changes something says what it was by a closed
//! list of [`Event`]s, opaque ids only. Each is a row of the [audit log](super::log), written in the same transaction: if the row
//! cannot be written, nothing has happened.
//!
//! **Invariant:** nothing is written past this: the connection takes writes for the length of [`Database::write`] only
//! (`query_only`, sqlite.org/pragma.html#pragma_query_only).

use std::fmt;
use std::str::FromStr;

use audit::bundle_key;
use rusqlite::{Connection, TransactionBehavior};
use serde::Serialize;
use signaling_protocol::{
    Admission, Code, DeviceId, EndReason, EndpointId, GuestRole, InviteId, InviteKey, LeaveReason, NoteCommitment,
    ObjectId, ReceiptKind, ReceiptLevel, ReceiptPath, ReviewOutcome, Role, SessionId, Signature, StaffId, StaffRole,
    TakeOverId, TakeOverReason, VisitId, VisitState,
};
use tracing::debug;

use super::acting::{self, By};
use super::{Change, log};
use crate::wall_clock::unix_micros;

/// Who changes something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Actor {
    /// The server by itself, or somebody in a visit, whom the event names.
    Server,
    /// Who runs the server, by its command line.
    Operator,
    /// Somebody of the staff.
    Staff(StaffId),
    /// An app in a visit.
    Endpoint(EndpointId),
    /// Somebody who has not said who they are: what they hold, a link or a code, stands in the event.
    Stranger,
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Server => f.write_str("server"),
            Self::Operator => f.write_str("operator"),
            Self::Staff(staff) => staff.fmt(f),
            Self::Endpoint(endpoint) => endpoint.fmt(f),
            Self::Stranger => f.write_str("stranger"),
        }
    }
}

/// What was wrong of a try to sign in, or to prove who is signed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Failed {
    /// The password, or there is no such account.
    Password,
    /// Nothing, but the account can be used no more.
    Disabled,
    /// The digits, or there were none: the password was right.
    SecondFactor,
    /// The recovery code: the password was right.
    RecoveryCode,
    /// The one-time code by which somebody begins.
    OneTimeCode,
}

/// What happened. Ids, words of closed lists and counts: never a name, a secret or free text.
///
/// It is written into the log as it is serialised: a flat object of texts, numbers, yes and no. It is `Copy` so that no free text
/// can get in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub(crate) enum Event {
    /// The key of the challenges, or of the sessions, was drawn.
    KeyDrawn,
    /// An account is new.
    AccountAdded { staff: StaffId, role: StaffRole },
    /// A one-time code was given out by which somebody begins; none: whoever is to be the first admin.
    CodeGiven { staff: Option<StaffId> },
    /// Somebody began by a one-time code: with a password, a second factor and recovery codes of their own.
    SignedUp { staff: StaffId },
    /// Somebody signed in.
    SignedIn { staff: StaffId, session: SessionId },
    /// So many tries at an account were wrong, or at names that nobody has, since this was written last.
    TriesFailed {
        staff: Option<StaffId>,
        /// `at` is when, in a row.
        #[serde(rename = "factor")]
        at: Failed,
        count: u32,
    },
    /// Which machine that was on: the same at every sign-in of this account there.
    Machine { staff: StaffId, session: SessionId, machine: AuditId },
    /// A recovery code was used up in the place of the second factor.
    RecoveryCodeUsed { staff: StaffId },
    /// Recovery codes were drawn anew; those before are worth nothing.
    RecoveryCodesDrawn { staff: StaffId },
    /// A session goes on with its next token.
    Refreshed { session: SessionId },
    /// A refresh token was shown a second time: somebody has a copy. Its session is over.
    TokenReused { staff: StaffId, session: SessionId },
    /// A session was ended: by who had it, by a colleague, or by its time.
    SessionEnded { staff: StaffId, session: SessionId },
    /// All sessions of an account were ended, but for one at most.
    SessionsEnded { staff: StaffId },
    /// A password is another one.
    PasswordChanged { staff: StaffId },
    /// An account may do something else than before.
    RoleChanged { staff: StaffId, role: StaffRole },
    /// An account can be used no more, or again.
    Disabled { staff: StaffId, disabled: bool },
    /// The clinic is set up, or recovered.
    ClinicSetUp { generation: u16 },
    /// Later revocations are told.
    NoticePublished { epoch: u32 },
    /// A device asked to be certified.
    DeviceAsked { device: DeviceId, staff: StaffId },
    /// A device is certified, or anew.
    DeviceCertified { device: DeviceId, revision: u32 },
    /// A device is off the list.
    DeviceForgotten { device: DeviceId },
    /// A box was written.
    BoxWritten { kind: u8, object: ObjectId, revision: u32 },
    /// A box is gone.
    BoxRemoved { kind: u8, object: ObjectId },
    /// A visit is new, is another's, is at another time, is locked or not, or stands elsewhere.
    Visit {
        visit: VisitId,
        host: Option<StaffId>,
        start_unix_secs: Option<u64>,
        locked: bool,
        state: VisitState,
        ended: Option<EndReason>,
    },
    /// A link is new, was taken back, or a code was tried for it.
    Invite { visit: VisitId, invite: InviteId, role: GuestRole, revoked: bool, tries: u8 },
    /// Somebody joined a visit, was admitted or denied, or is gone.
    Endpoint {
        visit: VisitId,
        endpoint: EndpointId,
        role: Role,
        admission: Admission,
        invite: Option<InviteId>,
        /// The Ed25519 key of its bundle, by which it signs receipts.
        key: Option<InviteKey>,
        gone: Option<LeaveReason>,
    },
    /// An app says what became of its connection to another.
    Receipt {
        visit: VisitId,
        endpoint: EndpointId,
        peer: EndpointId,
        happened: ReceiptKind,
        agreed: InviteKey,
        path: ReceiptPath,
        level: ReceiptLevel,
        receipt_at: u64,
        signature: Signature,
    },
    /// Evidence was taken from the log: about a visit, about something else, or all of it.
    Exported { visit: Option<VisitId>, about: Option<AuditId>, rows: u64 },
    /// The texts of so many rows were erased because their time was over; all of them stand before `before`.
    RowsErased { before: u64, rows: u64 },
    /// What is about this is kept beyond its time, or no longer; none: everything.
    Hold { about: Option<AuditId>, held: bool },
    /// Who is signed in has proved it by fresh digits, for what follows.
    ProvedAgain { staff: StaffId, session: SessionId },
    /// A colleague's visit was taken over by breaking the glass.
    TakenOver {
        take_over: TakeOverId,
        visit: VisitId,
        /// `by` and `from` are somebody else's words in a row.
        #[serde(rename = "taker")]
        by: StaffId,
        #[serde(rename = "owner")]
        from: StaffId,
        reason: TakeOverReason,
        commitment: NoteCommitment,
    },
    /// A take-over was reviewed.
    Reviewed {
        take_over: TakeOverId,
        #[serde(rename = "reviewer")]
        by: StaffId,
        outcome: ReviewOutcome,
    },
    /// Take-overs that were reviewed long ago are forgotten, with their notes.
    TakeOversForgotten { count: usize },
    /// Nothing is kept of a visit any more.
    VisitForgotten { visit: VisitId },
    /// The operator made a backup.
    BackedUp,
    /// All of this came out of a backup; everybody is signed out.
    Restored,
    /// What is sealed is sealed with another storage key.
    StorageKeyChanged,
    /// The server serves with other settings than before, or for the first time.
    SettingsChanged {
        relay: RelayWord,
        /// Whether apps are to use the relay alone.
        relay_only: bool,
        /// Whether the relay forwards into private networks too.
        private_peers: bool,
        /// Whether the certificate is the operator's.
        own_certificate: bool,
        /// How many reverse proxies' word is taken for where somebody comes from.
        proxies: usize,
        log_days: u64,
        names_days: u64,
        /// A hash of the others: whether they are what they were.
        others: InviteKey,
    },
}

/// Which relay there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum RelayWord {
    Own,
    Coturn,
    None,
}

impl Event {
    /// What a change of the visits' says; none if it says nothing of its own.
    pub(super) fn of(change: &Change) -> Option<Self> {
        Some(match change {
            Change::ChallengeKey(_) => Self::KeyDrawn,
            Change::Visit(row) => Self::Visit {
                visit: row.visit,
                host: row.host,
                start_unix_secs: row.planned.as_ref().map(|planned| planned.start_unix_secs),
                locked: row.locked,
                state: row.state,
                ended: row.ended,
            },
            Change::Invite(row) => Self::Invite {
                visit: row.visit,
                invite: row.invite,
                role: row.role,
                revoked: row.revoked,
                tries: row.tries,
            },
            Change::Endpoint(row) => Self::Endpoint {
                visit: row.visit,
                endpoint: row.endpoint,
                role: row.role,
                admission: row.admission,
                invite: row.invite,
                key: bundle_key(row.bundle.as_ref()).map(InviteKey),
                gone: row.gone,
            },
            Change::TakeOver(row, _) => Self::TakenOver {
                take_over: row.take_over,
                visit: row.visit,
                by: row.by,
                from: row.from,
                reason: row.reason,
                commitment: row.commitment,
            },
            // They come with the endpoint's own change, or long after its end; and who does something is no event.
            Change::By(_) | Change::Token(..) | Change::ForgetEndpoint(_) => return None,
            Change::ForgetVisit(visit) => Self::VisitForgotten { visit: *visit },
        })
    }
}

/// A connection to the data directory's database.
#[derive(Debug)]
pub(crate) struct Database {
    connection: Connection,
}

impl Database {
    /// From now on this connection is written to by [`Self::write`] alone.
    pub(super) fn new(connection: Connection) -> rusqlite::Result<Self> {
        connection.pragma_update(None, "query_only", true)?;
        Ok(Self { connection })
    }

    /// Reads, from one state of the database.
    pub(crate) fn read<T, E: From<rusqlite::Error>>(
        &mut self,
        act: impl FnOnce(&Connection) -> Result<T, E>,
    ) -> Result<T, E> {
        let transaction = self.connection.transaction()?;
        let found = act(&transaction)?;
        transaction.commit()?;
        Ok(found)
    }

    /// Changes what `act` changes, all of it or, when anything fails, nothing. `act` pushes what happened.
    ///
    /// From where and by which session, [`acting`] knows.
    pub(crate) fn write<T, E: From<rusqlite::Error>>(
        &mut self,
        by: Actor,
        act: impl FnOnce(&Connection, &mut Vec<Event>) -> Result<T, E>,
    ) -> Result<T, E> {
        let known = acting::current();
        let by = By { actor: by, ..known.unwrap_or(By::SERVER) };
        self.write_each(|rows, ledger| {
            let mut events = Vec::new();
            let result = act(rows, &mut events)?;
            ledger.extend(events.into_iter().map(|event| (by, event)));
            Ok(result)
        })
    }

    /// As [`Self::write`], where each event has somebody of its own who did it.
    pub(super) fn write_each<T, E: From<rusqlite::Error>>(
        &mut self,
        act: impl FnOnce(&Connection, &mut Vec<(By, Event)>) -> Result<T, E>,
    ) -> Result<T, E> {
        self.connection.pragma_update(None, "query_only", false)?;
        let result = self.transact(act);
        // A flag of the connection in memory; there is nothing that could refuse it.
        self.connection.pragma_update(None, "query_only", true).ok();
        result
    }

    fn transact<T, E: From<rusqlite::Error>>(
        &mut self,
        act: impl FnOnce(&Connection, &mut Vec<(By, Event)>) -> Result<T, E>,
    ) -> Result<T, E> {
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut events = Vec::new();
        let result = act(&transaction, &mut events)?;
        log::append(&transaction, &events, unix_micros())?;
        transaction.commit()?;
        for (by, event) in events {
            debug!(by = %by.actor, ?event, "written");
        }
        Ok(result)
    }

    /// Lets this connection grow the file by at most `pages` pages from now on.
    pub(crate) fn set_room(&self, pages: u32) -> rusqlite::Result<()> {
        let now: u32 = self.connection.pragma_query_value(None, "page_count", |row| row.get(0))?;
        self.connection.pragma_update_and_check(None, "max_page_count", now.saturating_add(pages), |_| Ok(()))
    }

    /// The bare connection, for tests that forge rows.
    #[cfg(test)]
    pub(crate) fn forge(&mut self) -> &mut Connection {
        self.connection.pragma_update(None, "query_only", false).unwrap();
        &mut self.connection
    }
}

/// A thing that the log is asked about, whatever it is: an id as it is written.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct AuditId([u8; 26]);

impl AuditId {
    /// The machine that a device token is kept on; `hash` is the token's.
    pub(crate) fn machine(hash: &[u8; 32]) -> Self {
        let mut short = [0; 16];
        let (first, _) = hash.split_at(16);
        short.copy_from_slice(first);
        let mut id = [0; 26];
        id.copy_from_slice(format!("mac_{}", audit::to_base64(&short)).as_bytes());
        Self(id)
    }

    /// As it is written.
    pub(crate) fn as_str(&self) -> &str {
        // It is made of ASCII alone.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl FromStr for AuditId {
    type Err = Code;

    fn from_str(text: &str) -> Result<Self, Code> {
        let bytes = text.as_bytes().try_into().map_err(|_| Code::Malformed)?;
        if audit::is_id(text) { Ok(Self(bytes)) } else { Err(Code::Malformed) }
    }
}

impl fmt::Debug for AuditId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for AuditId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::open_database;

    fn put(database: &Connection) -> rusqlite::Result<usize> {
        database.execute("INSERT INTO secrets VALUES ('test', x'00')", [])
    }

    fn count(database: &Connection) -> rusqlite::Result<u32> {
        database.query_row("SELECT count(*) FROM secrets WHERE name = 'test'", [], |row| row.get(0))
    }

    #[test]
    fn nothing_is_written_past_the_ledger() {
        let folder = tempfile::tempdir().unwrap();
        let mut database = open_database(folder.path()).unwrap();
        let error = database.read(put).unwrap_err();
        assert_eq!(error.sqlite_error_code(), Some(rusqlite::ErrorCode::ReadOnly));
        database.write(Actor::Server, |rows, _| put(rows)).unwrap();
        assert_eq!(database.read(count).unwrap(), 1);
        assert!(database.read(put).is_err(), "closed again");
    }

    #[test]
    fn what_fails_half_way_has_not_happened() {
        let folder = tempfile::tempdir().unwrap();
        let mut database = open_database(folder.path()).unwrap();
        let twice = database.write(Actor::Server, |rows, events| {
            put(rows)?;
            events.push(Event::KeyDrawn);
            put(rows)
        });
        assert!(twice.is_err());
        assert_eq!(database.read(count).unwrap(), 0);
        assert!(database.read(put).is_err(), "closed again, after a failure too");
    }
}
