//! The one way by which what is stored is changed: a transaction, and beside it what happened.
//!
//! Accounts, what colleagues keep and the visits each hold a connection of their own, and every one of them is a
//! [`Database`]: it reads, and changes rows by [`Database::write`] alone. Who changes something says what it was by a closed
//! list of [`Event`]s, opaque ids only. They are handed over inside of the transaction, so that a row about them can be
//! part of it; for now they are logged when it is written.
//!
//! **Invariant:** nothing is written past this: the connection takes writes for the length of [`Database::write`] only
//! (`query_only`, sqlite.org/pragma.html#pragma_query_only).

use rusqlite::{Connection, TransactionBehavior};
use signaling_protocol::{
    Admission, DeviceId, EndReason, EndpointId, GuestRole, InviteId, LeaveReason, NoteCommitment, ObjectId,
    ReviewOutcome, SessionId, StaffId, StaffRole, TakeOverId, TakeOverReason, VisitId, VisitState,
};
use tracing::debug;

use super::Change;

/// Who changes something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Actor {
    /// The server by itself, or somebody in a visit, whom the event names.
    Server,
    /// Who runs the server, by its command line.
    Operator,
    /// Somebody of the staff.
    Staff(StaffId),
}

/// What was wrong of a try to sign in, or to prove who is signed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
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
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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
    TriesFailed { staff: Option<StaffId>, at: Failed, count: u32 },
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
    Endpoint { visit: VisitId, endpoint: EndpointId, admission: Admission, gone: Option<LeaveReason> },
    /// Who is signed in has proved it by fresh digits, for what follows.
    ProvedAgain { staff: StaffId, session: SessionId },
    /// A colleague's visit was taken over by breaking the glass.
    TakenOver {
        take_over: TakeOverId,
        visit: VisitId,
        by: StaffId,
        from: StaffId,
        reason: TakeOverReason,
        commitment: NoteCommitment,
    },
    /// A take-over was reviewed.
    Reviewed { take_over: TakeOverId, by: StaffId, outcome: ReviewOutcome },
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
            Change::Endpoint(row) => {
                Self::Endpoint { visit: row.visit, endpoint: row.endpoint, admission: row.admission, gone: row.gone }
            }
            Change::TakeOver(row, _) => Self::TakenOver {
                take_over: row.take_over,
                visit: row.visit,
                by: row.by,
                from: row.from,
                reason: row.reason,
                commitment: row.commitment,
            },
            // They come with the endpoint's own change, or long after its end.
            Change::Token(..) | Change::ForgetEndpoint(_) => return None,
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
    pub(crate) fn write<T, E: From<rusqlite::Error>>(
        &mut self,
        by: Actor,
        act: impl FnOnce(&Connection, &mut Vec<Event>) -> Result<T, E>,
    ) -> Result<T, E> {
        self.connection.pragma_update(None, "query_only", false)?;
        let result = self.transact(by, act);
        // A flag of the connection in memory; there is nothing that could refuse it.
        self.connection.pragma_update(None, "query_only", true).ok();
        result
    }

    fn transact<T, E: From<rusqlite::Error>>(
        &mut self,
        by: Actor,
        act: impl FnOnce(&Connection, &mut Vec<Event>) -> Result<T, E>,
    ) -> Result<T, E> {
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut events = Vec::new();
        let result = act(&transaction, &mut events)?;
        transaction.commit()?;
        for event in events {
            debug!(?by, ?event, "written");
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
