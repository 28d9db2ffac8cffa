//! The clinic's staff: who they are, how they sign in, and for how long.
//!
//! What is kept is hashes: of passwords by argon2id, of tokens and codes by SHA-256 and HMAC, since those are drawn at random
//! (only the secrets of second factors are kept themselves, sealed by the [storage key](crate::storage_key)). Every change is one transaction of the
//! [ledger](crate::store); the tokens that every request shows are in memory as well, and come back with a restart.

mod failures;
mod guesses;
mod live;
mod offline;
mod others;
mod passwords;
mod people;
mod records;
mod refresh;
mod secrets;
mod sign_in;
mod sign_up;

#[cfg(test)]
mod tests;

use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rusqlite::Connection;
use signaling_protocol::{Code, SessionId, SignInReply, StaffId};
use tokio::sync::{Semaphore, watch};
use tracing::warn;
use units::Timestamp;

use crate::locked::lock;
use crate::rate::Buckets;
use crate::storage_key::Place;
use crate::store::{Actor, Database, Event, acting, open_database};
use failures::Failures;
use guesses::{By, Guesses, Tried};
use live::Live;
use records::{Account, Stored};
use secrets::{Hash, Key, hash_of, random, token};

pub(crate) use failures::EVERY as WRITE_FAILURES_EVERY;
pub(crate) use live::Session;
pub use offline::{AddUserError, add_user, give_code, set_up};
pub(crate) use others::EVERY as NOTICE_OTHERS_EVERY;
pub(crate) use records::end_sessions as end_sessions_of;

/// How long a token is good: a stolen one is of little use.
const TOKEN: Duration = Duration::from_secs(15 * 60);

/// How long a session lasts: a working day and its night shift (NIST SP 800-63B section 2.2.3: 24 hours at most between two
/// sign-ins with both factors).
const SESSION: Duration = Duration::from_secs(24 * 3600);

/// How long a session lasts that nobody refreshes: an app that was closed.
const UNUSED: Duration = Duration::from_secs(12 * 3600);

/// How long a device is known that nobody signs in by: a long leave.
const DEVICE: Duration = Duration::from_secs(90 * 24 * 3600);

/// How long a one-time code is good: over a weekend.
const CODE: Duration = Duration::from_secs(72 * 3600);

/// Recovery codes of one account.
const RECOVERY_CODES: usize = 10;

/// Passwords that are hashed at once: each takes 19 MiB and a core, and the visits need some too.
const MOST_HASHES: usize = 2;

/// How long a sign-in waits for its turn.
const HASHING_QUEUE: Duration = Duration::from_secs(10);

/// Failed sign-ins from one address: ten at once, then one every six seconds, whatever accounts are tried.
const FAILURES: (f64, f64) = (10.0, 1.0 / 6.0);

/// The longest label of a session, in characters.
const LONGEST_LABEL: usize = 64;

/// Why somebody is not let in, and when another try is worth it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Denied {
    pub(crate) code: Code,
    /// For [`Code::TooManyRequests`].
    pub(crate) wait: Option<Duration>,
}

impl Denied {
    fn until(wait: Duration) -> Self {
        Self { code: Code::TooManyRequests, wait: Some(wait) }
    }
}

impl From<Code> for Denied {
    fn from(code: Code) -> Self {
        Self { code, wait: None }
    }
}

impl From<rusqlite::Error> for Denied {
    fn from(error: rusqlite::Error) -> Self {
        warn!(%error, "the accounts cannot be read or written");
        Self::from(Code::StorageFailed)
    }
}

/// When something is asked, and from where.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Moment {
    pub(crate) now: Timestamp,
    pub(crate) unix_micros: u64,
    pub(crate) from: IpAddr,
}

impl Moment {
    fn unix_secs(self) -> u64 {
        self.unix_micros / 1_000_000
    }

    /// So long ago, in microseconds of Unix time.
    fn ago(self, span: Duration) -> u64 {
        self.unix_micros.saturating_sub(micros(span))
    }
}

/// The accounts as the running server uses them.
pub(crate) struct Accounts {
    database: Mutex<Database>,
    key: Key,
    live: Mutex<Live>,
    /// Rings when sessions were ended before their time.
    ended: watch::Sender<u64>,
    guesses: Mutex<Guesses>,
    failures: Mutex<Buckets>,
    /// Those that are not written yet.
    failed: Mutex<Failures>,
    /// By which it is seen what other processes do about accounts: a connection of its own, which waits for nobody who writes.
    others: Mutex<Database>,
    /// Whether that can be seen.
    readable: AtomicBool,
    /// Verified against when the name is unknown, so that the answer takes as long.
    nobodys_hash: String,
    /// Room for hashing.
    hashing: Semaphore,
}

impl Accounts {
    /// The accounts of this data directory. `unix_micros` is the time at [`Timestamp::ZERO`].
    pub(crate) fn open(data: impl Into<Place>, unix_micros: u64) -> Result<Self, AddUserError> {
        let data = data.into();
        let mut database = open_database(&data)?;
        let key = key(&mut database)?;
        let mut live = Live::default();
        for (token, ends, session, role, generation) in database.read(records::tokens)? {
            let ends_at = Timestamp::ZERO + Duration::from_micros(ends.saturating_sub(unix_micros));
            let left = (session.began_unix_micros + micros(SESSION)).saturating_sub(unix_micros);
            let ends = Timestamp::ZERO + Duration::from_micros(left);
            let session = Session { session: session.session, staff: session.staff, role, ends, generation };
            live.open(Timestamp::ZERO, session, token, ends_at);
        }
        Ok(Self {
            database: Mutex::new(database),
            key,
            live: Mutex::new(live),
            ended: watch::Sender::new(0),
            guesses: Mutex::default(),
            failures: Mutex::new(Buckets::new(FAILURES.0, FAILURES.1)),
            failed: Mutex::default(),
            others: Mutex::new(open_database(&data)?),
            readable: AtomicBool::new(true),
            nobodys_hash: passwords::hash_of_nobody()?,
            hashing: Semaphore::new(MOST_HASHES),
        })
    }

    /// Who shows this token. From memory alone: every request asks.
    ///
    /// # Errors
    /// [`Code::NotSignedIn`]; [`Code::StorageFailed`] while it is not seen whom other processes sign out.
    pub(crate) fn session(&self, now: Timestamp, token: &str) -> Result<Session, Code> {
        let session = lock(&self.live).by_token(now, &hash_of(token))?;
        self.readable.load(Ordering::Relaxed).then_some(session).ok_or(Code::StorageFailed)
    }

    /// A session, if it is not over.
    pub(crate) fn session_of(&self, now: Timestamp, session: SessionId) -> Result<Session, Code> {
        lock(&self.live).by_id(now, session)
    }

    /// These were signed out in the database, but for who asked; so they are here.
    pub(crate) fn signed_out(&self, of: &[StaffId], except: SessionId) {
        let mut live = lock(&self.live);
        live.end(|session| session.session != except && of.contains(&session.staff));
        self.ended.send_replace(live.ended);
    }

    /// Hears when sessions were ended before their time; whose, [`Self::session_of`] says.
    pub(crate) fn watch_ended(&self) -> watch::Receiver<u64> {
        self.ended.subscribe()
    }

    /// Does something that hashes a password, when there is room for it.
    async fn hashing<T: Send + 'static>(
        self: &Arc<Self>,
        act: impl FnOnce(&Self) -> Result<T, Denied> + Send + 'static,
    ) -> Result<T, Denied> {
        let room = tokio::time::timeout(HASHING_QUEUE, self.hashing.acquire()).await;
        let Ok(Ok(_room)) = room else { return Err(Code::TooManyRequests.into()) };
        self.blocking(act).await
    }

    /// Does something that waits for the disk.
    async fn blocking<T: Send + 'static>(
        self: &Arc<Self>,
        act: impl FnOnce(&Self) -> Result<T, Denied> + Send + 'static,
    ) -> Result<T, Denied> {
        let (this, by) = (Arc::clone(self), acting::current());
        let working = tokio::task::spawn_blocking(move || acting::sync_scope(by, || act(&this)));
        working.await.map_err(|_| Code::Internal)?
    }

    /// Takes a try from an address and from an account, before anything is looked at; `None` as account when none was named.
    fn begin_try(&self, at: Moment, tried: Option<(Tried, By)>) -> Result<(), Denied> {
        if matches!(tried, None | Some((_, By::Stranger(_)))) && !lock(&self.failures).take(at.now, at.from) {
            return Err(Denied::until(lock(&self.failures).wait(at.now, at.from)));
        }
        let Some((tried, by)) = tried else { return Ok(()) };
        lock(&self.guesses).begin(at.now, tried, by).map_err(|wait| {
            if let By::Stranger(from) = by {
                lock(&self.failures).give_back(from);
            }
            Denied::until(wait)
        })
    }

    /// What came of the try.
    fn end_try<T>(&self, at: Moment, tried: Option<(Tried, By)>, result: &Result<T, Denied>) {
        if matches!(result, Err(denied) if matches!(denied.code, Code::SignInRefused | Code::NotSignedIn)) {
            return;
        }
        // Only who is counted by address took something there.
        if matches!(tried, None | Some((_, By::Stranger(_)))) {
            lock(&self.failures).give_back(at.from);
        }
        let Some((tried, by)) = tried else { return };
        match result {
            Ok(_) => lock(&self.guesses).was_right(tried, by),
            Err(_) => lock(&self.guesses).was_no_guess(tried, by),
        }
    }

    /// Begins a session, as a part of a transaction. It is to be told to [`Live`] when that is written.
    fn begin_session(
        &self,
        at: Moment,
        rows: &Connection,
        events: &mut Vec<Event>,
        account: &Account,
        label: &str,
    ) -> Result<Begun, Denied> {
        records::forget_old(rows, at.ago(SESSION), at.ago(UNUSED), at.ago(DEVICE))?;
        let (token, refresh_token) = (token("stt_")?, token(secrets::REFRESH)?);
        let session = SessionId::from_random(random()?);
        let stored = Stored {
            session,
            staff: account.staff,
            began_unix_micros: at.unix_micros,
            used_unix_micros: at.unix_micros,
            refresh_hash: hash_of(refresh_token.expose()),
        };
        let label: String = label.chars().filter(|letter| !letter.is_control()).take(LONGEST_LABEL).collect();
        records::begin_session(rows, &stored, &label)?;
        let hash = hash_of(token.expose());
        records::add_token(rows, session, &hash, at.unix_micros, at.unix_micros + micros(TOKEN))?;
        events.push(Event::SignedIn { staff: account.staff, session });
        Ok(Begun {
            reply: SignInReply {
                token,
                expires_in_secs: TOKEN.as_secs(),
                staff: account.staff,
                role: account.role,
                session,
                session_ends_in_secs: SESSION.as_secs(),
                refresh_token,
                device_token: None,
            },
            live: Session {
                session,
                staff: account.staff,
                role: account.role,
                ends: at.now + SESSION,
                generation: account.generation,
            },
            token: hash,
        })
    }

    /// Changes the accounts in one transaction, and then who is signed in, before anybody else changes anything.
    fn change<T>(
        &self,
        by: Actor,
        act: impl FnOnce(&Connection, &mut Vec<Event>) -> Result<T, Denied>,
        then: impl FnOnce(&mut Live, &T),
    ) -> Result<T, Denied> {
        let mut database = lock(&self.database);
        let result = database.write(by, act)?;
        let mut live = lock(&self.live);
        then(&mut live, &result);
        self.ended.send_if_modified(|ended| std::mem::replace(ended, live.ended) != live.ended);
        Ok(result)
    }
}

/// A session that begins or goes on.
struct Begun {
    reply: SignInReply,
    live: Session,
    token: Hash,
}

impl Begun {
    /// It is written: from now on its token opens.
    fn open(&self, now: Timestamp, live: &mut Live) {
        live.open(now, self.live, self.token, now + TOKEN);
    }
}

/// The server's key, drawn if there is none.
fn key(database: &mut Database) -> Result<Key, AddUserError> {
    let fresh = random().map_err(|_| AddUserError::Random)?;
    database.write(Actor::Server, |rows, events| {
        let (key, is_new) = records::key(rows, &fresh)?;
        events.extend(is_new.then_some(Event::KeyDrawn));
        Ok(Key(key))
    })
}

fn micros(span: Duration) -> u64 {
    span.as_micros() as u64
}
