//! What is done about accounts by who runs the server, whether it serves or not.

use rusqlite::Connection;
use signaling_protocol::{Code, StaffId, StaffRole};
use totp_rs::Secret;
use units::Phi;

use super::passwords::{self, LONGEST_PASSWORD, SHORTEST_PASSWORD};
use super::secrets::{code, random};
use super::{CODE, key, micros, records};
use crate::storage_key::Place;
use crate::store::{Actor, Event, OpenError, open_database};
use crate::wall_clock::unix_micros;

/// An account cannot be made, or not be let in.
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
    /// There is no account of this name.
    #[error("there is no account of this name; see that it is spelled as it was made")]
    Unknown,
    /// The clinic has an admin.
    #[error(
        "this clinic has an admin already, whose app makes accounts; if no admin can sign in any more, \
             `housecall-server user code NAME` gives one of them a new code"
    )]
    HasAdmin,
    /// The data directory cannot be used.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The database refused.
    #[error("the account could not be stored, so nothing was changed: {0}; check the disk's free space")]
    Store(#[from] rusqlite::Error),
    /// There is no memory for hashing.
    #[error("the password could not be hashed: {0}")]
    Hash(String),
    /// The system gives no randomness.
    #[error("the operating system gives no random numbers")]
    Random,
}

impl From<Code> for AddUserError {
    fn from(_: Code) -> Self {
        // The one thing that can fail about drawing.
        Self::Random
    }
}

/// Makes an account in the data directory, for scripts: a person's own begins by a one-time code. Answers the secret of its
/// second factor in base32, for an authenticator app; there are no recovery codes.
///
/// # Errors
/// When the name or password will not do, or the account cannot be stored; nothing is changed then.
pub fn add_user(
    data: impl Into<Place>,
    name: &str,
    role: StaffRole,
    password: &Phi<String>,
) -> Result<Phi<String>, AddUserError> {
    if !passwords::is_name(name) {
        return Err(AddUserError::Name);
    }
    if !passwords::will_do(password.expose()) {
        return Err(AddUserError::Password);
    }
    let mut database = open_database(data)?;
    let hash = passwords::hash(password.expose())?;
    let (staff, secret) = (StaffId::from_random(random()?), random::<20>()?);
    database.write(Actor::Operator, |rows, events| {
        if !records::add(rows, staff, name, role)? {
            return Err(AddUserError::Taken);
        }
        events.push(Event::AccountAdded { staff, role });
        records::set_credentials(rows, staff, &hash, &secret, 0)?;
        Ok(())
    })?;
    Ok(Phi::new(Secret::from(secret.to_vec()).to_base32()))
}

/// Makes the data directory, and answers the one-time code by which the first admin begins. Done again before that, it
/// answers another one, and the last is worth nothing.
///
/// # Errors
/// When there is an admin, or nothing can be stored.
pub fn set_up(data: impl Into<Place>) -> Result<Phi<String>, AddUserError> {
    give(data, |rows, _| match records::other_admins(rows, None)? {
        0 => Ok(None),
        _ => Err(AddUserError::HasAdmin),
    })
}

/// A one-time code by which an account begins anew, when nobody else can help: its second factor is lost and its person is the
/// only admin. What it signed in with works no more, at a server that runs meanwhile neither.
///
/// # Errors
/// When there is no such account, or nothing can be stored.
pub fn give_code(data: impl Into<Place>, name: &str) -> Result<Phi<String>, AddUserError> {
    give(data, |rows, events| {
        let account = records::by_name(rows, name)?.ok_or(AddUserError::Unknown)?;
        records::forget_credentials(rows, account.staff)?;
        records::end_sessions(rows, account.staff, None)?;
        events.push(Event::SessionsEnded { staff: account.staff });
        Ok(Some(account.staff))
    })
}

fn give(
    data: impl Into<Place>,
    whom: impl FnOnce(&Connection, &mut Vec<Event>) -> Result<Option<StaffId>, AddUserError>,
) -> Result<Phi<String>, AddUserError> {
    let mut database = open_database(data)?;
    let key = key(&mut database)?;
    let code = code()?;
    database.write(Actor::Operator, |rows, events| {
        let staff = whom(rows, events)?;
        records::set_code(rows, staff, &key.code_hash(code.expose()), unix_micros() + micros(CODE))?;
        events.push(Event::CodeGiven { staff });
        Ok::<_, AddUserError>(())
    })?;
    Ok(code)
}
