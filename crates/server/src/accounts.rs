//! The clinic's staff: who they are, how they sign in, and for how long.

use std::collections::HashMap;
use std::net::IpAddr;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rand::TryRng;
use rusqlite::{Connection, OptionalExtension, params};
use sha2::{Digest, Sha256};
use signaling_protocol::{Code, SignInReply, SignInRequest, StaffId, StaffRole};
use tokio::sync::Semaphore;
use totp_rs::{Secret, Totp};
use tracing::{info, warn};
use units::{Phi, Timestamp};

use crate::rate::Buckets;
use crate::store::{OpenError, as_word, open_database, parsed, word};

/// How long a token is good: a working day and its overtime.
const SESSION: Duration = Duration::from_secs(12 * 3600);

/// The shortest password (NIST SP 800-63B section 3.1.1.2: eight is the least beside a second factor).
const SHORTEST_PASSWORD: usize = 8;

/// The longest that is looked at, so that hashing takes no longer for a hostile one.
const LONGEST_PASSWORD: usize = 1_024;

/// Passwords that are hashed at once: each takes 19 MiB and a core, and the visits need some too.
const MOST_HASHES: usize = 2;

/// How long a sign-in waits for its turn.
const HASHING_QUEUE: Duration = Duration::from_secs(10);

/// Failed sign-ins from one address: ten at once, then one every six seconds. Counted by address and not by name, so
/// that a stranger cannot lock a clinician out.
const FAILURES: (f64, f64) = (10.0, 1.0 / 6.0);

/// An account cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum AddUserError {
    /// The name is not one.
    #[error("a name has 1 to 64 printable characters")]
    Name,
    /// The password is too short or too long.
    #[error(
        "a password has at least {SHORTEST_PASSWORD} characters and at most {LONGEST_PASSWORD} bytes; choose another"
    )]
    Password,
    /// There is an account of this name.
    #[error("there is an account of this name already; choose another name")]
    Taken,
    /// The data directory cannot be used.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The database refused.
    #[error("the account could not be stored, so nothing was changed: {0}; check the disk's free space")]
    Store(#[from] rusqlite::Error),
    /// There is no randomness or no memory for hashing.
    #[error("the password could not be hashed: {0}")]
    Hash(String),
}

/// Makes an account in the data directory, whether a server serves from it or not. With `second_factor` the TOTP secret
/// is answered, in base32, for the person's authenticator app.
///
/// # Errors
/// When the name or password will not do, or the account cannot be stored; nothing is changed then.
pub fn add_user(
    data: &Path,
    name: &str,
    role: StaffRole,
    password: &Phi<String>,
    second_factor: bool,
) -> Result<Option<Phi<String>>, AddUserError> {
    let length = password.expose().chars().count();
    if name.trim().is_empty() || name.chars().count() > 64 || name.chars().any(char::is_control) {
        return Err(AddUserError::Name);
    }
    if length < SHORTEST_PASSWORD || password.expose().len() > LONGEST_PASSWORD {
        return Err(AddUserError::Password);
    }
    let database = open_database(data)?;
    let hash = hash(password.expose())?;
    let staff = StaffId::from_random(random()?);
    // 160 bits, as RFC 4226 section 4 recommends.
    let secret: Option<[u8; 20]> = if second_factor { Some(random()?) } else { None };
    let added = database.execute(
        "INSERT INTO staff (staff, name, role, password_hash, totp_secret) VALUES (?, ?, ?, ?, ?)
         ON CONFLICT DO NOTHING",
        params![staff.to_string(), name, as_word(&role), hash, secret],
    )?;
    if added == 0 {
        return Err(AddUserError::Taken);
    }
    Ok(secret.map(|secret| Phi::new(Secret::from(secret.to_vec()).to_base32())))
}

/// The accounts as the running server uses them.
pub(crate) struct Accounts {
    database: Mutex<Connection>,
    sessions: Mutex<HashMap<[u8; 32], Session>>,
    failures: Mutex<Buckets>,
    /// Verified against when the name is unknown, so that the answer takes as long.
    nobodys_hash: String,
    /// Room for hashing.
    hashing: Semaphore,
}

/// Who is signed in.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Session {
    pub(crate) staff: StaffId,
    pub(crate) role: StaffRole,
    until: Timestamp,
}

struct Account {
    staff: StaffId,
    role: StaffRole,
    password_hash: String,
    totp_secret: Option<Vec<u8>>,
    totp_last_step: i64,
}

impl Accounts {
    pub(crate) fn open(data: &Path) -> Result<Self, AddUserError> {
        Ok(Self {
            database: Mutex::new(open_database(data)?),
            sessions: Mutex::default(),
            failures: Mutex::new(Buckets::new(FAILURES.0, FAILURES.1)),
            nobodys_hash: hash(&URL_SAFE_NO_PAD.encode(random::<32>()?))?,
            hashing: Semaphore::new(MOST_HASHES),
        })
    }

    /// Signs in, when there is room for hashing.
    pub(crate) async fn sign_in(
        self: Arc<Self>,
        now: Timestamp,
        unix_secs: u64,
        from: IpAddr,
        request: SignInRequest,
    ) -> Result<SignInReply, Code> {
        if !lock(&self.failures).has(now, from) {
            return Err(Code::TooManyRequests);
        }
        let this = Arc::clone(&self);
        let room = tokio::time::timeout(HASHING_QUEUE, self.hashing.acquire()).await;
        let Ok(Ok(_room)) = room else { return Err(Code::TooManyRequests) };
        let hashing = tokio::task::spawn_blocking(move || this.sign_in_blocking(now, unix_secs, from, &request));
        hashing.await.map_err(|_| Code::Internal)?
    }

    /// Signs in. Blocks for as long as hashing a password takes.
    fn sign_in_blocking(
        &self,
        now: Timestamp,
        unix_secs: u64,
        from: IpAddr,
        request: &SignInRequest,
    ) -> Result<SignInReply, Code> {
        if request.password.expose().len() > LONGEST_PASSWORD {
            return Err(Code::TooLarge);
        }
        // Taken before the password is looked at, so that guesses at the same time are no more guesses.
        if !lock(&self.failures).take(now, from) {
            return Err(Code::TooManyRequests);
        }
        let result = self.sign_in_counted(now, unix_secs, request);
        if result.as_ref().err() != Some(&Code::SignInRefused) {
            lock(&self.failures).give_back(from);
        }
        result
    }

    fn sign_in_counted(&self, now: Timestamp, unix_secs: u64, request: &SignInRequest) -> Result<SignInReply, Code> {
        let password = request.password.expose().as_bytes();
        let account = self.find(request.name.expose()).map_err(|error| storage(&error))?;
        let hash = account.as_ref().map_or(&self.nobodys_hash, |account| &account.password_hash);
        let right =
            PasswordHash::new(hash).is_ok_and(|hash| Argon2::default().verify_password(password, &hash).is_ok());
        let account = account.filter(|_| right);
        let allowed = match &account {
            Some(account) => self.second_factor(unix_secs, account, request)?,
            None => false,
        };
        let Some(account) = account.filter(|_| allowed) else {
            info!("a sign-in was refused");
            return Err(Code::SignInRefused);
        };
        let token = Phi::new(format!("stt_{}", URL_SAFE_NO_PAD.encode(random::<32>().map_err(|_| Code::Internal)?)));
        let session = Session { staff: account.staff, role: account.role, until: now + SESSION };
        let mut sessions = lock(&self.sessions);
        sessions.retain(|_, session| session.until > now);
        sessions.insert(Self::hash_of(token.expose()), session);
        info!(staff = %account.staff, "signed in");
        Ok(SignInReply { token, expires_in_secs: SESSION.as_secs(), staff: account.staff, role: account.role })
    }

    /// How long until somebody may try to sign in from this address.
    pub(crate) fn wait(&self, now: Timestamp, from: IpAddr) -> Duration {
        lock(&self.failures).wait(now, from)
    }

    /// Who shows this token.
    pub(crate) fn session(&self, now: Timestamp, token: &str) -> Result<Session, Code> {
        self.session_of(now, &Self::hash_of(token))
    }

    /// Who had this token's session, if it is not over; by the hash that [`Self::hash_of`] gives.
    pub(crate) fn session_of(&self, now: Timestamp, hash: &[u8; 32]) -> Result<Session, Code> {
        lock(&self.sessions).get(hash).copied().filter(|session| session.until > now).ok_or(Code::NotSignedIn)
    }

    /// What is remembered of a token.
    pub(crate) fn hash_of(token: &str) -> [u8; 32] {
        Sha256::digest(token).into()
    }

    /// Signs these out everywhere, but for who asks: whoever has a lost device has its token too.
    pub(crate) fn end_sessions(&self, of: &[StaffId], except: &[u8; 32]) {
        lock(&self.sessions).retain(|hash, session| hash == except || !of.contains(&session.staff));
    }

    /// Whether the digits are right and were not used before (RFC 6238 section 5.2: each of them once).
    fn second_factor(&self, unix_secs: u64, account: &Account, request: &SignInRequest) -> Result<bool, Code> {
        let Some(secret) = &account.totp_secret else { return Ok(true) };
        let Some(digits) = &request.totp else { return Ok(false) };
        let Some(step) = totp(secret).and_then(|totp| totp.check(digits.expose(), unix_secs)) else {
            return Ok(false);
        };
        let step = i64::try_from(step).map_err(|_| Code::Internal)?;
        if step <= account.totp_last_step {
            return Ok(false);
        }
        let used = lock(&self.database).execute(
            "UPDATE staff SET totp_last_step = ?1 WHERE staff = ?2 AND totp_last_step < ?1",
            params![step, account.staff.to_string()],
        );
        Ok(used.map_err(|error| storage(&error))? == 1)
    }

    fn find(&self, name: &str) -> rusqlite::Result<Option<Account>> {
        let sql = "SELECT staff, role, password_hash, totp_secret, totp_last_step FROM staff WHERE name = ?";
        let read = |row: &rusqlite::Row<'_>| {
            Ok(Account {
                staff: parsed(row, 0)?,
                role: word(row, 1)?,
                password_hash: row.get(2)?,
                totp_secret: row.get(3)?,
                totp_last_step: row.get(4)?,
            })
        };
        lock(&self.database).query_row(sql, [name], read).optional()
    }
}

fn totp(secret: &[u8]) -> Option<Totp> {
    totp_rs::Builder::new().with_secret(secret.to_vec()).build().ok()
}

/// An argon2id hash with the crate's defaults, which are OWASP's: 19 MiB, two passes.
fn hash(password: &str) -> Result<String, AddUserError> {
    let hash = Argon2::default().hash_password(password.as_bytes());
    hash.map(|hash| hash.to_string()).map_err(|error| AddUserError::Hash(error.to_string()))
}

fn random<const N: usize>() -> Result<[u8; N], AddUserError> {
    let mut bytes = [0; N];
    rand::rngs::SysRng.try_fill_bytes(&mut bytes).map_err(|error| AddUserError::Hash(error.to_string()))?;
    Ok(bytes)
}

fn storage(error: &rusqlite::Error) -> Code {
    warn!(%error, "the accounts cannot be read or written");
    Code::StorageFailed
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    // What is behind these locks is changed by single calls: there is no half-done state to fear.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
