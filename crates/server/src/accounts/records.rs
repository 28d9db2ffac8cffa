//! Accounts and their sessions as rows: each function is a part of one transaction.

use std::collections::HashMap;

use rusqlite::{Connection, OptionalExtension, Row, params};
use signaling_protocol::{AccountState, SessionId, SessionRow, StaffId, StaffRole, StaffRow};
use units::Phi;

use super::secrets::Hash;
use crate::store::{as_word, parsed, word};

type Result<T> = rusqlite::Result<T>;

/// An account, with all that signing in takes.
pub(super) struct Account {
    pub(super) staff: StaffId,
    pub(super) role: StaffRole,
    pub(super) name: String,
    pub(super) password_hash: String,
    /// None while its person has not begun.
    pub(super) totp_secret: Option<Vec<u8>>,
    pub(super) disabled: bool,
    /// Rises when nothing that was signed in before is to count any more.
    pub(super) generation: u32,
}

impl Account {
    pub(super) fn state(&self) -> AccountState {
        match (self.disabled, &self.totp_secret) {
            (true, _) => AccountState::Disabled,
            (false, None) => AccountState::Waiting,
            (false, Some(_)) => AccountState::Active,
        }
    }
}

const ACCOUNT: &str =
    "SELECT staff, role, name, password_hash, unseal('staff.totp_secret', staff, totp_secret), disabled,
    generation FROM staff";

fn account(row: &Row<'_>) -> Result<Account> {
    Ok(Account {
        staff: parsed(row, 0)?,
        role: word(row, 1)?,
        name: row.get(2)?,
        password_hash: row.get(3)?,
        totp_secret: row.get(4)?,
        disabled: row.get(5)?,
        generation: row.get(6)?,
    })
}

pub(super) fn by_name(database: &Connection, name: &str) -> Result<Option<Account>> {
    database.query_row(&format!("{ACCOUNT} WHERE name = ?"), [name.trim()], account).optional()
}

pub(super) fn by_id(database: &Connection, staff: StaffId) -> Result<Option<Account>> {
    database.query_row(&format!("{ACCOUNT} WHERE staff = ?"), [staff.to_string()], account).optional()
}

/// All accounts, by name.
pub(super) fn all(database: &Connection) -> Result<Vec<StaffRow>> {
    let read = |row: &Row<'_>| {
        let account = account(row)?;
        let state = account.state();
        Ok(StaffRow { staff: account.staff, name: Phi::new(account.name), role: account.role, state })
    };
    database.prepare(&format!("{ACCOUNT} ORDER BY name"))?.query_map([], read)?.collect()
}

/// Adds an account whose person has not begun. Answers whether the name was free.
pub(super) fn add(database: &Connection, staff: StaffId, name: &str, role: StaffRole) -> Result<bool> {
    let sql = "INSERT INTO staff (staff, name, role, password_hash) VALUES (?, ?, ?, '') ON CONFLICT DO NOTHING";
    Ok(database.execute(sql, params![staff.to_string(), name, as_word(&role)])? == 1)
}

/// How an account signs in from now on.
pub(super) fn set_credentials(
    database: &Connection,
    staff: StaffId,
    password_hash: &str,
    totp_secret: &[u8],
    totp_step: i64,
) -> Result<()> {
    let sql = "UPDATE staff SET password_hash = ?, totp_secret = seal('staff.totp_secret', staff, ?),
               totp_last_step = ? WHERE staff = ?";
    database.execute(sql, params![password_hash, totp_secret, totp_step, staff.to_string()]).map(drop)
}

/// There is no way to sign in to this account any more, on any device.
pub(super) fn forget_credentials(database: &Connection, staff: StaffId) -> Result<()> {
    let staff = staff.to_string();
    let sql = "UPDATE staff SET password_hash = '', totp_secret = NULL, totp_last_step = 0,
                   generation = generation + 1 WHERE staff = ?";
    database.execute(sql, [&staff])?;
    for sql in [
        "DELETE FROM recovery_codes WHERE staff = ?",
        "DELETE FROM known_devices WHERE staff = ?",
        "DELETE FROM sign_up_codes WHERE staff = ?",
    ] {
        database.execute(sql, [&staff])?;
    }
    Ok(())
}

pub(super) fn set_password(database: &Connection, staff: StaffId, password_hash: &str) -> Result<()> {
    let sql = "UPDATE staff SET password_hash = ? WHERE staff = ?";
    database.execute(sql, params![password_hash, staff.to_string()]).map(drop)
}

pub(super) fn set_role(database: &Connection, staff: StaffId, role: StaffRole) -> Result<()> {
    let sql = "UPDATE staff SET role = ?, generation = generation + 1 WHERE staff = ?";
    database.execute(sql, params![as_word(&role), staff.to_string()]).map(drop)
}

pub(super) fn set_disabled(database: &Connection, staff: StaffId, disabled: bool) -> Result<()> {
    let sql = "UPDATE staff SET disabled = ?1, generation = generation + ?1 WHERE staff = ?2";
    database.execute(sql, params![disabled, staff.to_string()]).map(drop)
}

/// The generations of all accounts.
pub(super) fn generations(database: &Connection) -> Result<HashMap<StaffId, u32>> {
    let mut statement = database.prepare_cached("SELECT staff, generation FROM staff")?;
    statement.query_map([], |row| Ok((parsed(row, 0)?, row.get(1)?)))?.collect()
}

/// How many admins but this one can sign in.
pub(super) fn other_admins(database: &Connection, but: Option<StaffId>) -> Result<u32> {
    let sql = "SELECT count(*) FROM staff WHERE role = 'admin' AND disabled = 0 AND totp_secret IS NOT NULL
               AND (?1 IS NULL OR staff <> ?1)";
    database.query_row(sql, [but.map(|staff| staff.to_string())], |row| row.get(0))
}

/// Uses the digits of this step up. Answers whether they were good still (RFC 6238 section 5.2: each of them once).
pub(super) fn use_step(database: &Connection, staff: StaffId, step: i64) -> Result<bool> {
    let sql = "UPDATE staff SET totp_last_step = ?1 WHERE staff = ?2 AND totp_last_step < ?1";
    Ok(database.execute(sql, params![step, staff.to_string()])? == 1)
}

/// The recovery codes that there are from now on.
pub(super) fn set_recovery_codes(database: &Connection, staff: StaffId, codes: &[Hash]) -> Result<()> {
    let staff = staff.to_string();
    database.execute("DELETE FROM recovery_codes WHERE staff = ?", [&staff])?;
    for code in codes {
        database.execute("INSERT INTO recovery_codes VALUES (?, ?)", params![code, staff])?;
    }
    Ok(())
}

/// Uses a recovery code up. Answers whether there was one.
pub(super) fn use_recovery_code(database: &Connection, staff: StaffId, code: &Hash) -> Result<bool> {
    let sql = "DELETE FROM recovery_codes WHERE hash = ? AND staff = ?";
    Ok(database.execute(sql, params![code, staff.to_string()])? == 1)
}

/// The one-time code of this account, or of whoever is to be the first admin, in the place of the last one.
pub(super) fn set_code(
    database: &Connection,
    of: Option<StaffId>,
    code: &Hash,
    expires_unix_micros: u64,
) -> Result<()> {
    let of = of.map(|staff| staff.to_string());
    database.execute("DELETE FROM sign_up_codes WHERE staff IS ?", [&of])?;
    let values = params![code, of, expires_unix_micros as i64];
    database.execute("INSERT INTO sign_up_codes VALUES (?, ?, ?)", values).map(drop)
}

/// For whom a one-time code is, if it is good still: the first admin is nobody yet.
pub(super) fn code(database: &Connection, code: &Hash, unix_micros: u64) -> Result<Option<Option<StaffId>>> {
    let sql = "SELECT staff FROM sign_up_codes WHERE hash = ? AND expires_unix_micros > ?";
    let read = |row: &Row<'_>| row.get::<_, Option<String>>(0)?.map(|_| parsed(row, 0)).transpose();
    database.query_row(sql, params![code, unix_micros as i64], read).optional()
}

pub(super) fn forget_code(database: &Connection, code: &Hash) -> Result<()> {
    database.execute("DELETE FROM sign_up_codes WHERE hash = ?", [code]).map(drop)
}

/// Whether the account knows this device.
pub(super) fn knows(database: &Connection, staff: StaffId, device: &Hash) -> Result<bool> {
    let sql = "SELECT count(*) FROM known_devices WHERE hash = ? AND staff = ?";
    database.query_row(sql, params![device, staff.to_string()], |row| row.get(0))
}

/// The account knows this device from now on, or still.
pub(super) fn know(database: &Connection, staff: StaffId, device: &Hash, unix_micros: u64) -> Result<()> {
    let sql = "INSERT INTO known_devices VALUES (?, ?, ?)
               ON CONFLICT DO UPDATE SET used_unix_micros = excluded.used_unix_micros WHERE staff = excluded.staff";
    database.execute(sql, params![device, staff.to_string(), unix_micros as i64]).map(drop)
}

/// A session as it is stored.
pub(super) struct Stored {
    pub(super) session: SessionId,
    pub(super) staff: StaffId,
    pub(super) began_unix_micros: u64,
    pub(super) used_unix_micros: u64,
    pub(super) refresh_hash: Hash,
}

const SESSION: &str =
    "SELECT sessions.session, sessions.staff, began_unix_micros, used_unix_micros, refresh_hash FROM sessions";

fn stored(row: &Row<'_>) -> Result<Stored> {
    Ok(Stored {
        session: parsed(row, 0)?,
        staff: parsed(row, 1)?,
        began_unix_micros: row.get::<_, i64>(2)?.unsigned_abs(),
        used_unix_micros: row.get::<_, i64>(3)?.unsigned_abs(),
        refresh_hash: row.get(4)?,
    })
}

pub(super) fn begin_session(database: &Connection, session: &Stored, label: &str) -> Result<()> {
    let values = params![
        session.session.to_string(),
        session.staff.to_string(),
        label,
        session.began_unix_micros as i64,
        session.used_unix_micros as i64,
        session.refresh_hash,
    ];
    database.execute("INSERT INTO sessions VALUES (?, ?, ?, ?, ?, ?)", values).map(drop)
}

/// The session whose refresh token this is, or was.
pub(super) fn session_by_refresh(database: &Connection, refresh: &Hash) -> Result<Option<Stored>> {
    let sql = format!(
        "{SESSION} WHERE refresh_hash = ?1 OR session = (SELECT session FROM used_refresh_tokens WHERE hash = ?1)"
    );
    database.query_row(&sql, [refresh], stored).optional()
}

/// A session goes on with its next refresh token.
pub(super) fn go_on(database: &Connection, session: &Stored, next: &Hash, unix_micros: u64) -> Result<()> {
    let id = session.session.to_string();
    database.execute("INSERT INTO used_refresh_tokens VALUES (?, ?)", params![session.refresh_hash, id])?;
    let sql = "UPDATE sessions SET refresh_hash = ?, used_unix_micros = ? WHERE session = ?";
    database.execute(sql, params![next, unix_micros as i64, id]).map(drop)
}

/// A session's next token; those that are over go.
pub(super) fn add_token(
    database: &Connection,
    session: SessionId,
    token: &Hash,
    unix_micros: u64,
    ends_unix_micros: u64,
) -> Result<()> {
    database.execute("DELETE FROM access_tokens WHERE ends_unix_micros <= ?", [unix_micros as i64])?;
    let values = params![token, session.to_string(), ends_unix_micros as i64];
    database.execute("INSERT INTO access_tokens VALUES (?, ?, ?)", values).map(drop)
}

/// Whose a session is.
pub(super) fn owner(database: &Connection, session: SessionId) -> Result<Option<StaffId>> {
    let sql = "SELECT staff FROM sessions WHERE session = ?";
    database.query_row(sql, [session.to_string()], |row| parsed(row, 0)).optional()
}

pub(super) fn end_session(database: &Connection, session: SessionId) -> Result<()> {
    database.execute("DELETE FROM sessions WHERE session = ?", [session.to_string()]).map(drop)
}

/// All sessions of an account end, but for one.
pub(crate) fn end_sessions(database: &Connection, of: StaffId, but: Option<SessionId>) -> Result<()> {
    let sql = "DELETE FROM sessions WHERE staff = ?1 AND (?2 IS NULL OR session <> ?2)";
    database.execute(sql, params![of.to_string(), but.map(|session| session.to_string())]).map(drop)
}

/// What is over goes: sessions that began or were used before, devices that were not used since.
pub(super) fn forget_old(database: &Connection, began: u64, used: u64, device_used: u64) -> Result<()> {
    let sql = "DELETE FROM sessions WHERE began_unix_micros <= ? OR used_unix_micros <= ?";
    database.execute(sql, params![began as i64, used as i64])?;
    database.execute("DELETE FROM known_devices WHERE used_unix_micros <= ?", [device_used as i64]).map(drop)
}

/// The sessions of an account, the newest first.
pub(super) fn sessions(database: &Connection, of: StaffId, asking: SessionId) -> Result<Vec<SessionRow>> {
    let sql = "SELECT session, label, began_unix_micros, used_unix_micros FROM sessions
               WHERE staff = ? ORDER BY began_unix_micros DESC, session";
    let secs = |row: &Row<'_>, column| Ok::<_, rusqlite::Error>(row.get::<_, i64>(column)?.unsigned_abs() / 1_000_000);
    let read = |row: &Row<'_>| {
        let session = parsed(row, 0)?;
        Ok(SessionRow {
            session,
            label: row.get(1)?,
            began_unix_secs: secs(row, 2)?,
            used_unix_secs: secs(row, 3)?,
            is_this: session == asking,
        })
    };
    database.prepare(sql)?.query_map([of.to_string()], read)?.collect()
}

/// A token that opens something: its hash, until when (in microseconds of Unix time), its session, as what, and the
/// account's generation.
pub(super) type StoredToken = (Hash, u64, Stored, StaffRole, u32);

/// All tokens that open something, for a server that starts.
pub(super) fn tokens(database: &Connection) -> Result<Vec<StoredToken>> {
    let sql = "SELECT sessions.session, sessions.staff, began_unix_micros, used_unix_micros, refresh_hash, hash,
                   ends_unix_micros, role, generation
               FROM access_tokens JOIN sessions USING (session) JOIN staff USING (staff) WHERE disabled = 0";
    let read = |row: &Row<'_>| {
        Ok((row.get(5)?, row.get::<_, i64>(6)?.unsigned_abs(), stored(row)?, word(row, 7)?, row.get(8)?))
    };
    database.prepare(sql)?.query_map([], read)?.collect()
}

/// The server's key for what follows from tokens and codes, drawn the first time.
pub(super) fn key(database: &Connection, fresh: &[u8; 32]) -> Result<([u8; 32], bool)> {
    let added = database.execute(
        "INSERT INTO secrets VALUES ('sessions', seal('secrets.value', 'sessions', ?)) ON CONFLICT DO NOTHING",
        [fresh],
    )?;
    let key = "SELECT unseal('secrets.value', name, value) FROM secrets WHERE name = 'sessions'";
    let key = database.query_row(key, [], |row| row.get(0))?;
    Ok((key, added == 1))
}
