//! The embedded store: SQLite in one file of the data directory, every transaction on the disk before it is answered.

use std::io;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use rusqlite::types::Type;
use rusqlite::{Connection, OptionalExtension, Row, params};
use serde::Serialize;
use serde::de::DeserializeOwned;
use signaling_protocol::{Base64, InviteKey, Planned};

use super::take_overs;
use super::{Actor, Change, Database, EndpointRow, Event, InviteRow, Rows, Store, StoreError, VisitRow};
use crate::storage_key::{KeyError, Place, StorageKeys, hex, id_in};

/// The file's name within the data directory.
pub(crate) const FILE: &str = "housecall.sqlite3";

/// How long to wait for another process that writes: `user add` while the server serves.
const BUSY: Duration = Duration::from_secs(5);

/// One step a version, never changed once released: `user_version` counts those that were taken.
pub(crate) const MIGRATIONS: [&str; 7] = ["
    CREATE TABLE secrets (name TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT;
    CREATE TABLE staff (
        staff TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE COLLATE NOCASE, role TEXT NOT NULL,
        password_hash TEXT NOT NULL, totp_secret BLOB, totp_last_step INTEGER NOT NULL DEFAULT 0
    ) STRICT;
    CREATE TABLE visits (
        visit TEXT PRIMARY KEY, host TEXT NOT NULL, state TEXT NOT NULL, ended TEXT, created_unix_micros INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE invites (
        invite TEXT PRIMARY KEY, visit TEXT NOT NULL REFERENCES visits, key BLOB NOT NULL,
        expires_unix_micros INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE endpoints (
        endpoint TEXT PRIMARY KEY, visit TEXT NOT NULL REFERENCES visits, role TEXT NOT NULL, admission TEXT NOT NULL,
        invite TEXT, bundle BLOB NOT NULL, gone TEXT, joined_unix_micros INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE endpoint_tokens (hash BLOB PRIMARY KEY, endpoint TEXT NOT NULL REFERENCES endpoints) STRICT;
", "
    ALTER TABLE visits ADD COLUMN ended_unix_micros INTEGER;
    UPDATE visits SET ended_unix_micros = unixepoch() * 1000000 WHERE state = 'ended';
    CREATE INDEX invites_of_visit ON invites (visit);
    CREATE INDEX endpoints_of_visit ON endpoints (visit);
    CREATE INDEX tokens_of_endpoint ON endpoint_tokens (endpoint);
", "
    CREATE TABLE clinic (
        one INTEGER PRIMARY KEY CHECK (one = 1), fingerprint BLOB NOT NULL, generation INTEGER NOT NULL,
        head BLOB NOT NULL
    ) STRICT;
    CREATE TABLE notices (
        one INTEGER PRIMARY KEY CHECK (one = 1), epoch INTEGER NOT NULL, notice BLOB NOT NULL
    ) STRICT;
    CREATE TABLE devices (
        device TEXT PRIMARY KEY, staff TEXT NOT NULL REFERENCES staff, request BLOB NOT NULL,
        asked_unix_micros INTEGER NOT NULL, revision INTEGER NOT NULL DEFAULT 0, issuer BLOB, certificate BLOB
    ) STRICT;
    CREATE INDEX devices_of_staff ON devices (staff);
    CREATE TABLE staff_objects (
        kind INTEGER NOT NULL, object TEXT NOT NULL, creator TEXT NOT NULL REFERENCES staff, revision INTEGER NOT NULL,
        PRIMARY KEY (kind, object)
    ) STRICT;
    CREATE INDEX staff_objects_of_object ON staff_objects (object);
    CREATE TABLE staff_boxes (
        kind INTEGER NOT NULL, object TEXT NOT NULL, staff TEXT NOT NULL REFERENCES staff, revision INTEGER NOT NULL,
        sealed BLOB NOT NULL, PRIMARY KEY (kind, object, staff),
        FOREIGN KEY (kind, object) REFERENCES staff_objects ON DELETE CASCADE
    ) STRICT;
    CREATE INDEX staff_boxes_of_staff ON staff_boxes (staff);
", "
    ALTER TABLE staff ADD COLUMN disabled INTEGER NOT NULL DEFAULT 0;
    CREATE TABLE sign_up_codes (
        hash BLOB PRIMARY KEY, staff TEXT UNIQUE REFERENCES staff, expires_unix_micros INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE recovery_codes (hash BLOB PRIMARY KEY, staff TEXT NOT NULL REFERENCES staff) STRICT;
    CREATE INDEX recovery_codes_of_staff ON recovery_codes (staff);
    CREATE TABLE known_devices (
        hash BLOB PRIMARY KEY, staff TEXT NOT NULL REFERENCES staff, used_unix_micros INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX known_devices_of_staff ON known_devices (staff);
    CREATE TABLE sessions (
        session TEXT PRIMARY KEY, staff TEXT NOT NULL REFERENCES staff, label TEXT NOT NULL,
        began_unix_micros INTEGER NOT NULL, used_unix_micros INTEGER NOT NULL, refresh_hash BLOB NOT NULL UNIQUE
    ) STRICT;
    CREATE INDEX sessions_of_staff ON sessions (staff);
    CREATE TABLE access_tokens (
        hash BLOB PRIMARY KEY, session TEXT NOT NULL REFERENCES sessions ON DELETE CASCADE,
        ends_unix_micros INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX access_tokens_of_session ON access_tokens (session);
    CREATE TABLE used_refresh_tokens (
        hash BLOB PRIMARY KEY, session TEXT NOT NULL REFERENCES sessions ON DELETE CASCADE
    ) STRICT;
    CREATE INDEX used_refresh_tokens_of_session ON used_refresh_tokens (session);
", "
    ALTER TABLE visits RENAME COLUMN host TO creator;
    ALTER TABLE visits ADD COLUMN host TEXT;
    UPDATE visits SET host = creator;
    ALTER TABLE visits ADD COLUMN start_unix_secs INTEGER;
    ALTER TABLE visits ADD COLUMN length_minutes INTEGER;
    ALTER TABLE visits ADD COLUMN time_zone TEXT;
    ALTER TABLE visits ADD COLUMN locked INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE invites ADD COLUMN opens_unix_micros INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE invites ADD COLUMN role TEXT NOT NULL DEFAULT 'patient';
    ALTER TABLE invites ADD COLUMN revoked INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE invites ADD COLUMN tries INTEGER NOT NULL DEFAULT 0;
", "
    ALTER TABLE staff ADD COLUMN generation INTEGER NOT NULL DEFAULT 0;
    CREATE TABLE take_overs (
        take_over TEXT PRIMARY KEY, visit TEXT NOT NULL, staff TEXT NOT NULL REFERENCES staff,
        was_of TEXT NOT NULL REFERENCES staff, reason TEXT NOT NULL, commitment BLOB NOT NULL, note BLOB NOT NULL,
        at_unix_micros INTEGER NOT NULL, reviewed_by TEXT REFERENCES staff, reviewed_unix_micros INTEGER, outcome TEXT
    ) STRICT;
    CREATE INDEX take_overs_of_visit ON take_overs (visit);
", "
    UPDATE secrets SET value = seal('secrets.value', name, value);
    UPDATE staff SET totp_secret = seal('staff.totp_secret', staff, totp_secret);
    INSERT INTO secrets VALUES ('storage-check', seal('secrets.value', 'storage-check', x'00'));
"];

/// Where sealed values are: table, what names the row, column. Whoever adds one seals it in the migration that makes it.
pub(crate) const SEALED: [(&str, &str, &str); 2] = [("secrets", "name", "value"), ("staff", "staff", "totp_secret")];

/// The database cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The directory cannot be made or used.
    #[error("the data directory {} cannot be used: {source}; check that it exists and may be written", path.display())]
    Directory {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A later version of the program has been here.
    #[error(
        "the data directory was written by a newer housecall-server (database version {found}, this one knows \
             {known}); install the newer version again"
    )]
    Newer {
        /// The version of the data.
        found: usize,
        /// The newest that this program knows.
        known: usize,
    },
    /// The key of what is in it is missing, or another's.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// SQLite says no.
    #[error("the database {} cannot be opened: {source}; check the disk's free space and the file's permissions", path.display())]
    Database {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: rusqlite::Error,
    },
}

/// Rows in SQLite.
#[derive(Debug)]
pub struct SqliteStore {
    database: Database,
}

impl SqliteStore {
    /// The store of this data directory, made or brought to this version if need be.
    ///
    /// # Errors
    /// When the directory or the file in it cannot be used.
    pub fn open(place: impl Into<Place>) -> Result<Self, OpenError> {
        Ok(Self { database: open_database(place)? })
    }

    /// Lets the file grow by at most `pages` pages from now on: an operator's ceiling, so that a busy server cannot
    /// fill a disk that it shares.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn set_room(&mut self, pages: u32) -> Result<(), StoreError> {
        Ok(self.database.set_room(pages)?)
    }

    fn write(&mut self, changes: &[Change]) -> rusqlite::Result<()> {
        self.database.write(Actor::Server, |transaction, events| {
            for change in changes {
                write(transaction, change)?;
                events.extend(Event::of(change));
                if let Change::TakeOver(row, _) = change {
                    take_overs::forget(transaction, row.at_unix_micros, events)?;
                }
            }
            Ok(())
        })
    }

    fn read(&mut self) -> rusqlite::Result<Rows> {
        self.database.read(rows)
    }
}

/// All that stands there.
fn rows(transaction: &Connection) -> rusqlite::Result<Rows> {
    Ok(Rows {
        challenge_key: all(
            transaction,
            "SELECT unseal('secrets.value', name, value) FROM secrets WHERE name = 'challenge'",
            |row| row.get::<_, [u8; 32]>(0),
        )?
        .pop(),
        visits: all(
            transaction,
            "SELECT visit, host, state, ended, created_unix_micros, ended_unix_micros, creator, start_unix_secs,
                length_minutes, time_zone, locked FROM visits",
            |row| {
                let (ended, host): (Option<i64>, Option<String>) = (row.get(5)?, row.get(1)?);
                Ok(VisitRow {
                    visit: parsed(row, 0)?,
                    creator: parsed(row, 6)?,
                    host: host.map(|_| parsed(row, 1)).transpose()?,
                    state: word(row, 2)?,
                    ended: maybe_word(row, 3)?,
                    created_unix_micros: unsigned(row, 4)?,
                    ended_unix_micros: ended.map(|_| unsigned(row, 5)).transpose()?,
                    planned: planned(row)?,
                    locked: row.get(10)?,
                })
            },
        )?,
        invites: all(
            transaction,
            "SELECT invite, visit, key, expires_unix_micros, opens_unix_micros, role, revoked, tries FROM invites",
            |row| {
                Ok(InviteRow {
                    invite: parsed(row, 0)?,
                    visit: parsed(row, 1)?,
                    key: InviteKey(row.get(2)?),
                    expires_unix_micros: unsigned(row, 3)?,
                    opens_unix_micros: unsigned(row, 4)?,
                    role: word(row, 5)?,
                    revoked: row.get(6)?,
                    tries: row.get(7)?,
                })
            },
        )?,
        endpoints: all(
            transaction,
            "SELECT endpoint, visit, role, admission, invite, bundle, gone, joined_unix_micros FROM endpoints",
            |row| {
                let invite: Option<String> = row.get(4)?;
                Ok(EndpointRow {
                    endpoint: parsed(row, 0)?,
                    visit: parsed(row, 1)?,
                    role: word(row, 2)?,
                    admission: word(row, 3)?,
                    invite: invite.map(|_| parsed(row, 4)).transpose()?,
                    bundle: Base64(row.get(5)?),
                    gone: maybe_word(row, 6)?,
                    joined_unix_micros: unsigned(row, 7)?,
                })
            },
        )?,
        tokens: all(transaction, "SELECT hash, endpoint FROM endpoint_tokens", |row| {
            Ok((row.get(0)?, parsed(row, 1)?))
        })?,
        take_overs: take_overs::all(transaction)?,
    })
}

impl Store for SqliteStore {
    fn load(&mut self) -> Result<Rows, StoreError> {
        Ok(self.read()?)
    }

    fn apply(&mut self, changes: &[Change]) -> Result<(), StoreError> {
        Ok(self.write(changes)?)
    }
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        let is_lasting = error.sqlite_error_code() == Some(rusqlite::ErrorCode::ConstraintViolation);
        Self { reason: error.to_string(), is_lasting }
    }
}

/// A connection to the data directory's database, at this program's version and sealed with its newest storage key.
pub(crate) fn open_database(place: impl Into<Place>) -> Result<Database, OpenError> {
    let place = place.into();
    let directory = &place.directory;
    make_private(directory).map_err(|source| OpenError::Directory { path: directory.clone(), source })?;
    let path = directory.join(FILE);
    let failed = |source| OpenError::Database { path: path.clone(), source };
    make_private_file(&path).map_err(|source| OpenError::Directory { path: directory.clone(), source })?;
    let mut database = Connection::open(&path).map_err(failed)?;
    database.busy_timeout(BUSY).map_err(failed)?;
    database.pragma_update(None, "journal_mode", "WAL").map_err(failed)?;
    // FULL: what was answered with success survives a power cut (sqlite.org/pragma.html#pragma_synchronous).
    database.pragma_update(None, "synchronous", "FULL").map_err(failed)?;
    database.pragma_update(None, "foreign_keys", true).map_err(failed)?;
    // What is deleted is overwritten (sqlite.org/pragma.html#pragma_secure_delete).
    database.pragma_update_and_check(None, "secure_delete", true, |_| Ok(())).map_err(failed)?;
    let transaction = database.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate).map_err(failed)?;
    let found = version(&transaction).map_err(failed)?;
    let steps = MIGRATIONS.get(found..).ok_or(OpenError::Newer { found, known: MIGRATIONS.len() })?;
    let keys = keys_of(&transaction, &place, failed)?;
    keys.teach(&transaction).map_err(failed)?;
    for step in steps {
        transaction.execute_batch(step).map_err(failed)?;
    }
    transaction.pragma_update(None, "user_version", MIGRATIONS.len() as u32).map_err(failed)?;
    let resealed = seal_anew(&transaction, &keys).map_err(failed)?;
    transaction.commit().map_err(failed)?;
    if (1..SEALED_SINCE).contains(&found) || resealed {
        forget_what_was(&database);
    }
    let mut database = Database::new(database).map_err(failed)?;
    if resealed {
        let told = database.write(Actor::Operator, |_, events| {
            events.push(Event::StorageKeyChanged);
            Ok::<_, rusqlite::Error>(())
        });
        told.map_err(failed)?;
    }
    Ok(database)
}

/// The version from which on secrets are sealed.
const SEALED_SINCE: usize = 7;

/// At which version a database is.
pub(crate) fn version(database: &Connection) -> rusqlite::Result<usize> {
    database.pragma_query_value(None, "user_version", |row| row.get::<_, u32>(0)).map(|version| version as usize)
}

/// The key that opens what is sealed here, before anything else is tried. One is made where nothing is sealed yet.
fn keys_of(
    database: &Connection,
    place: &Place,
    failed: impl Fn(rusqlite::Error) -> OpenError,
) -> Result<Arc<StorageKeys>, OpenError> {
    let keys = match sealed_with(database).map_err(failed)? {
        None => place.keys_or_new()?,
        Some(check) => {
            let keys = place.keys()?;
            if keys.unseal("secrets.value", CHECK, &check).is_err() {
                let sealed = id_in(&check).map_or_else(|| "(unreadable)".to_owned(), |id| hex(&id));
                return Err(KeyError::Another { sealed, found: hex(&keys.newest()) }.into());
            }
            keys
        }
    };
    Ok(Arc::new(keys))
}

/// The row by which a wrong key is noticed.
const CHECK: &str = "storage-check";

fn sealed_with(database: &Connection) -> rusqlite::Result<Option<Vec<u8>>> {
    if version(database)? < SEALED_SINCE {
        return Ok(None);
    }
    database.query_row("SELECT value FROM secrets WHERE name = ?", [CHECK], |row| row.get(0)).optional()
}

/// Seals with the newest key what an older one sealed. Answers whether there was anything.
fn seal_anew(database: &Connection, keys: &StorageKeys) -> rusqlite::Result<bool> {
    if sealed_with(database)?.is_none_or(|check| id_in(&check) == Some(keys.newest())) {
        return Ok(false);
    }
    for (table, row, column) in SEALED {
        let place = format!("'{table}.{column}', {row}");
        let sql = format!("UPDATE {table} SET {column} = seal({place}, unseal({place}, {column}))");
        database.execute(&sql, [])?;
    }
    Ok(true)
}

/// Takes out of the files what a migration has sealed. Best effort: where another program reads just now it is done by
/// SQLite when that one closes.
fn forget_what_was(database: &Connection) {
    let checkpoint = || database.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
    if let Err(error) = database.execute_batch("VACUUM").and_then(|()| checkpoint()) {
        tracing::warn!(%error, "the database could not be written anew after its secrets were sealed");
    }
}

/// Makes the directory, readable by its owner alone.
pub(crate) fn make_private(directory: &Path) -> io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(directory)
}

/// Makes the database's file readable by its owner alone, whoever made the directory; SQLite gives the files beside it the
/// same mode (sqlite.org/wal.html). A file that is there is never opened here: closing it again would drop the locks of
/// this process's other connection (sqlite.org/howtocorrupt.html, section 2.2).
fn make_private_file(path: &Path) -> io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        Ok(_) | Err(_) => {}
    }
    #[cfg(unix)]
    std::fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
    Ok(())
}

fn write(database: &Connection, change: &Change) -> rusqlite::Result<()> {
    let run = |sql: &str, values: &[&dyn rusqlite::ToSql]| database.prepare_cached(sql)?.execute(values);
    match change {
        Change::ChallengeKey(key) => {
            run("INSERT INTO secrets VALUES ('challenge', seal('secrets.value', 'challenge', ?))", params![key])
        }
        Change::Visit(row) => run(
            "INSERT INTO visits (visit, creator, host, state, ended, created_unix_micros, ended_unix_micros,
                start_unix_secs, length_minutes, time_zone, locked)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
             ON CONFLICT DO UPDATE SET
                host = excluded.host, state = excluded.state, ended = excluded.ended,
                ended_unix_micros = excluded.ended_unix_micros, start_unix_secs = excluded.start_unix_secs,
                length_minutes = excluded.length_minutes, time_zone = excluded.time_zone, locked = excluded.locked",
            params![
                row.visit.to_string(),
                row.creator.to_string(),
                row.host.map(|host| host.to_string()),
                as_word(&row.state),
                row.ended.map(|reason| as_word(&reason)),
                row.created_unix_micros as i64,
                row.ended_unix_micros.map(|micros| micros as i64),
                row.planned.as_ref().map(|planned| planned.start_unix_secs as i64),
                row.planned.as_ref().map(|planned| planned.length_minutes),
                row.planned.as_ref().map(|planned| &planned.time_zone),
                row.locked,
            ],
        ),
        Change::Invite(row) => run(
            "INSERT INTO invites (invite, visit, key, expires_unix_micros, opens_unix_micros, role, revoked, tries)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?)
             ON CONFLICT DO UPDATE SET revoked = excluded.revoked, tries = excluded.tries",
            params![
                row.invite.to_string(),
                row.visit.to_string(),
                row.key.0,
                row.expires_unix_micros as i64,
                row.opens_unix_micros as i64,
                as_word(&row.role),
                row.revoked,
                row.tries,
            ],
        ),
        Change::Endpoint(row) => run(
            "INSERT INTO endpoints VALUES (?, ?, ?, ?, ?, ?, ?, ?)
             ON CONFLICT DO UPDATE SET admission = excluded.admission, gone = excluded.gone",
            params![
                row.endpoint.to_string(),
                row.visit.to_string(),
                as_word(&row.role),
                as_word(&row.admission),
                row.invite.map(|invite| invite.to_string()),
                row.bundle.0,
                row.gone.map(|reason| as_word(&reason)),
                row.joined_unix_micros as i64,
            ],
        ),
        Change::TakeOver(row, note) => take_overs::add(database, row, note),
        Change::Token(hash, endpoint) => {
            run("DELETE FROM endpoint_tokens WHERE endpoint = ?", params![endpoint.to_string()])?;
            run("INSERT INTO endpoint_tokens VALUES (?, ?)", params![hash, endpoint.to_string()])
        }
        Change::ForgetEndpoint(endpoint) => {
            run("DELETE FROM endpoint_tokens WHERE endpoint = ?", params![endpoint.to_string()])?;
            run("DELETE FROM endpoints WHERE endpoint = ?", params![endpoint.to_string()])
        }
        Change::ForgetVisit(visit) => {
            let visit = visit.to_string();
            run(
                "DELETE FROM endpoint_tokens WHERE endpoint IN (SELECT endpoint FROM endpoints WHERE visit = ?)",
                params![visit],
            )?;
            run("DELETE FROM endpoints WHERE visit = ?", params![visit])?;
            // What colleagues keep about something goes with it.
            run(
                "DELETE FROM staff_objects
                 WHERE object = ?1 OR object IN (SELECT invite FROM invites WHERE visit = ?1)",
                params![visit],
            )?;
            run("DELETE FROM invites WHERE visit = ?", params![visit])?;
            run("DELETE FROM visits WHERE visit = ?", params![visit])
        }
    }?;
    Ok(())
}

fn all<T>(
    database: &Connection,
    sql: &str,
    read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
) -> rusqlite::Result<Vec<T>> {
    database.prepare(sql)?.query_map([], read)?.collect()
}

/// The plan of a visit, from its three columns.
fn planned(row: &Row<'_>) -> rusqlite::Result<Option<Planned>> {
    let start: Option<i64> = row.get(7)?;
    let read =
        |_| Ok(Planned { start_unix_secs: unsigned(row, 7)?, length_minutes: row.get(8)?, time_zone: row.get(9)? });
    start.map(read).transpose()
}

/// An enum as its word on the wire.
pub(crate) fn as_word<T: Serialize>(value: &T) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => word,
        other => unreachable!("not an enum of words: {other:?}"),
    }
}

pub(crate) fn word<T: DeserializeOwned>(row: &Row<'_>, column: usize) -> rusqlite::Result<T> {
    from_word(row.get(column)?, column)
}

fn maybe_word<T: DeserializeOwned>(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<T>> {
    row.get::<_, Option<String>>(column)?.map(|text| from_word(text, column)).transpose()
}

fn from_word<T: DeserializeOwned>(text: String, column: usize) -> rusqlite::Result<T> {
    serde_json::from_value(serde_json::Value::String(text))
        .map_err(|error| rusqlite::Error::FromSqlConversionFailure(column, Type::Text, Box::new(error)))
}

pub(crate) fn parsed<T>(row: &Row<'_>, column: usize) -> rusqlite::Result<T>
where
    T: FromStr<Err: std::error::Error + Send + Sync + 'static>,
{
    let text: String = row.get(column)?;
    text.parse().map_err(|error| rusqlite::Error::FromSqlConversionFailure(column, Type::Text, Box::new(error)))
}

fn unsigned(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    Ok(u64::try_from(row.get::<_, i64>(column)?).unwrap_or(0))
}

#[cfg(test)]
mod tests;
