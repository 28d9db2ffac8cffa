//! Backups: one sealed file with the database and the certificate that links pin, made while the server serves, and brought back
//! into an empty data directory.
//!
//! A backup does not hold the storage key that opens it: keep a copy of that elsewhere.

mod sealed_file;

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::data_lock::{DataLock, LockError};
use crate::storage_key::{KeyError, Place, Sealed, StorageKeys, hex};
use crate::store::{Actor, Event, FILE, MIGRATIONS, OpenError, make_private, open_database, version};
use crate::wall_clock::since_epoch;
use sealed_file::{SealedReader, SealedWriter, Unopened};

/// What may be in a backup besides the database: the self-signed certificate, which links pin.
const BESIDE: [&str; 2] = ["tls/certificate.pem", "tls/key.pem"];

/// What a backup says of itself, sealed like the rest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// The program that made it.
    pub program: String,
    /// The version of its database.
    pub database_version: usize,
    /// When it was made, in seconds of Unix time.
    pub made_unix_secs: u64,
    files: Vec<Entry>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Entry {
    name: String,
    bytes: u64,
    sha256: String,
}

/// A backup cannot be made or brought back.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// There is nothing to back up.
    #[error("there is no database in {}; name the data directory of a server with --data", .0.display())]
    NoDatabase(PathBuf),
    /// A database is there already.
    #[error("there is a database in {} already; bring a backup back into an empty directory, or move what is there away", .0.display())]
    Living(PathBuf),
    /// The backup's file is there already.
    #[error("{} is there already, and a backup is never written over; name a new file", .0.display())]
    Exists(PathBuf),
    /// A file cannot be read or written.
    #[error("{} cannot be read or written: {source}; check the disk's free space and permissions", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It is another kind of file.
    #[error("{} is no backup of a housecall-server", .0.display())]
    NoBackup(PathBuf),
    /// It was changed, or is not whole.
    #[error("{} is torn: it was changed, or its end is missing; take another backup", .0.display())]
    Torn(PathBuf),
    /// The key is another one.
    #[error(
        "{} is sealed with the storage key {key}, which is not here; put that key into the key file, as a further line", path.display()
    )]
    WrongKey {
        /// The backup.
        path: PathBuf,
        /// Which key it needs.
        key: String,
    },
    /// SQLite finds fault with what it reads.
    #[error("the database is damaged: {0}; a backup of it would be worthless, so bring an earlier one back")]
    Damaged(String),
    /// It was made by a later version of the program.
    #[error(
        "the backup is of a newer housecall-server (database version {found}, this one knows {known}); install that one"
    )]
    Newer {
        /// Its database's version.
        found: usize,
        /// The newest that this program knows.
        known: usize,
    },
    /// The key cannot be had.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// A server serves from there.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// The database will not open.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// SQLite says no.
    #[error("the database cannot be read: {0}")]
    Database(#[from] rusqlite::Error),
}

/// Writes a backup of this place to a new file, and reads it once more to be sure. A server that serves from there goes on.
///
/// # Errors
/// When the database is damaged, or the file cannot be written: then it is not there.
pub fn back_up(place: &Place, to: &Path) -> Result<Manifest, BackupError> {
    let database = place.directory.join(FILE);
    if !database.exists() {
        return Err(BackupError::NoDatabase(place.directory.clone()));
    }
    if to.exists() {
        return Err(BackupError::Exists(to.to_owned()));
    }
    let keys = place.keys()?;
    let copy = Passing(place.directory.join(format!(".backup-{}.sqlite3", std::process::id())));
    let found = snapshot(&database, &copy.0)?;
    let draft = Passing(with_suffix(to, ".new"));
    let manifest = write(place, &keys, found, &copy.0, &draft.0)?;
    if read(&draft.0, &keys, &mut |_, _| Ok(()))? != manifest {
        return Err(BackupError::Torn(draft.0.clone()));
    }
    fs::rename(&draft.0, to).map_err(|source| file_error(to, source))?;
    // An older database is not brought to this version by being backed up.
    if found == MIGRATIONS.len() {
        note(place, Event::BackedUp)?;
    }
    Ok(manifest)
}

/// Reads a backup to its end, and changes nothing.
///
/// # Errors
/// When it is none, is torn, or its key is not here.
pub fn inspect(place: &Place, from: &Path) -> Result<Manifest, BackupError> {
    read(from, &place.keys()?, &mut |_, _| Ok(()))
}

/// Brings a backup back into a directory without a database. Everybody is signed out by it: what was ended since may not come
/// back.
///
/// # Errors
/// When there is a database, or the backup is none, is torn, or its key is not here; then nothing is there that was not before.
pub fn restore(place: &Place, from: &Path) -> Result<Manifest, BackupError> {
    let target = place.directory.join(FILE);
    let keys = place.keys()?;
    make_private(&place.directory).map_err(|source| file_error(&place.directory, source))?;
    let _lock = DataLock::take(&place.directory)?;
    if target.exists() {
        return Err(BackupError::Living(place.directory.clone()));
    }
    let folder = Passing(place.directory.join(format!(".restore-{}", std::process::id())));
    make_private(&folder.0.join("tls")).map_err(|source| file_error(&folder.0, source))?;
    let mut open: Option<(String, File)> = None;
    let manifest = read(from, &keys, &mut |name, bytes| {
        let path = folder.0.join(name);
        if open.as_ref().is_none_or(|(open, _)| open != name) {
            open = Some((name.to_owned(), private_file(&path)?));
        }
        let (_, file) = open.as_mut().ok_or_else(|| io::Error::other("no file"))?;
        file.write_all(bytes)
    })?;
    drop(open);
    let copy = folder.0.join(FILE);
    prepare(&copy)?;
    make_private(&place.directory.join("tls")).map_err(|source| file_error(&place.directory, source))?;
    // The database last: when it is there, all is there.
    for Entry { name, .. } in manifest.files.iter().rev() {
        let (from, path) = (folder.0.join(name), place.directory.join(name));
        let moved = File::open(&from).and_then(|file| file.sync_all()).and_then(|()| fs::rename(&from, &path));
        moved.map_err(|source| file_error(&path, source))?;
    }
    note(place, Event::Restored)?;
    Ok(manifest)
}

/// A consistent copy of the database, while others write to it; answers its version.
fn snapshot(database: &Path, copy: &Path) -> Result<usize, BackupError> {
    private_file(copy).map_err(|source| file_error(copy, source))?;
    let living = Connection::open_with_flags(database, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    living.busy_timeout(std::time::Duration::from_secs(5))?;
    let found = version(&living)?;
    // Without what was deleted (sqlite.org/lang_vacuum.html).
    living.execute("VACUUM INTO ?", [copy.to_string_lossy()]).map_err(damage)?;
    drop(living);
    examine(&Connection::open_with_flags(copy, OpenFlags::SQLITE_OPEN_READ_ONLY)?)?;
    Ok(found)
}

/// Whether SQLite finds fault with it (sqlite.org/pragma.html#pragma_integrity_check).
fn examine(database: &Connection) -> Result<(), BackupError> {
    let verdict: String = database.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0)).map_err(damage)?;
    let strays: u32 =
        database.query_row("SELECT count(*) FROM pragma_foreign_key_check", [], |row| row.get(0)).map_err(damage)?;
    match (verdict.as_str(), strays) {
        ("ok", 0) => Ok(()),
        ("ok", _) => Err(BackupError::Damaged(format!("{strays} rows belong to nothing"))),
        _ => Err(BackupError::Damaged(verdict)),
    }
}

fn damage(error: rusqlite::Error) -> BackupError {
    use rusqlite::ErrorCode::{DatabaseCorrupt, NotADatabase};
    match error.sqlite_error_code() {
        Some(DatabaseCorrupt | NotADatabase) => BackupError::Damaged(error.to_string()),
        _ => BackupError::Database(error),
    }
}

/// Looks at a database that came out of a backup, and signs everybody out.
fn prepare(copy: &Path) -> Result<(), BackupError> {
    let database = Connection::open(copy)?;
    examine(&database)?;
    let (found, known) = (version(&database)?, MIGRATIONS.len());
    if found > known {
        return Err(BackupError::Newer { found, known });
    }
    for table in ["access_tokens", "used_refresh_tokens", "sessions"] {
        let sql = "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = ?";
        if database.query_row(sql, [table], |row| row.get(0))? {
            database.execute(&format!("DELETE FROM {table}"), [])?;
        }
    }
    Ok(database.close().map_err(|(_, error)| error)?)
}

fn note(place: &Place, event: Event) -> Result<(), BackupError> {
    let mut database = open_database(place)?;
    Ok(database.write(Actor::Operator, |_, events| {
        events.push(event);
        Ok::<_, rusqlite::Error>(())
    })?)
}

fn write(
    place: &Place,
    keys: &StorageKeys,
    database_version: usize,
    copy: &Path,
    to: &Path,
) -> Result<Manifest, BackupError> {
    let mut sources = vec![(FILE.to_owned(), copy.to_owned())];
    sources.extend(BESIDE.iter().map(|name| ((*name).to_owned(), place.directory.join(name))));
    sources.retain(|(_, path)| path.exists());
    let mut files = Vec::new();
    for (name, path) in &sources {
        let (bytes, sha256) = digest(path).map_err(|source| file_error(path, source))?;
        files.push(Entry { name: name.clone(), bytes, sha256 });
    }
    let manifest = Manifest {
        program: env!("CARGO_PKG_VERSION").to_owned(),
        database_version,
        made_unix_secs: since_epoch().as_secs(),
        files,
    };
    let write = || -> io::Result<()> {
        let text = serde_json::to_vec(&manifest)?;
        let mut writer = SealedWriter::begin(BufWriter::new(private_file(to)?), keys)?;
        writer.write_all(&u32::try_from(text.len()).map_err(io::Error::other)?.to_be_bytes())?;
        writer.write_all(&text)?;
        for (_, path) in &sources {
            io::copy(&mut File::open(path)?, &mut writer)?;
        }
        writer.finish()?.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()
    };
    write().map_err(|source| file_error(to, source))?;
    Ok(manifest)
}

/// Reads a backup to its end and compares every digest. `take` gets each file's bytes, piece by piece.
fn read(
    from: &Path,
    keys: &StorageKeys,
    take: &mut dyn FnMut(&str, &[u8]) -> io::Result<()>,
) -> Result<Manifest, BackupError> {
    let failed = |error| match error {
        Unopened::NoBackup => BackupError::NoBackup(from.to_owned()),
        Unopened::Key(Sealed::ByAnother(key)) => BackupError::WrongKey { path: from.to_owned(), key: hex(&key) },
        Unopened::Key(_) | Unopened::Torn => BackupError::Torn(from.to_owned()),
        Unopened::Read(source) => file_error(from, source),
    };
    let file = File::open(from).map_err(|source| file_error(from, source))?;
    let mut reader = SealedReader::begin(BufReader::new(file), keys).map_err(failed)?;
    let mut waiting: Vec<u8> = Vec::new();
    let torn = || BackupError::Torn(from.to_owned());
    let mut more = |waiting: &mut Vec<u8>| match reader.piece().map_err(failed)? {
        Some(piece) => {
            waiting.extend(piece);
            Ok::<_, BackupError>(true)
        }
        None => Ok(false),
    };
    let mut exactly = |waiting: &mut Vec<u8>, length: usize| {
        while waiting.len() < length {
            more(waiting)?.then_some(()).ok_or_else(torn)?;
        }
        Ok::<_, BackupError>(waiting.drain(..length).collect::<Vec<u8>>())
    };
    let length = exactly(&mut waiting, 4)?.iter().fold(0, |length, byte| length << 8 | usize::from(*byte));
    let manifest: Manifest = serde_json::from_slice(&exactly(&mut waiting, length)?).map_err(|_| torn())?;
    for Entry { name, bytes, sha256 } in &manifest.files {
        // Only what we put there: a name is a path.
        if name != FILE && !BESIDE.contains(&name.as_str()) {
            return Err(torn());
        }
        let (mut left, mut hash) = (*bytes, Sha256::new());
        while left > 0 {
            let length = usize::try_from(left).unwrap_or(usize::MAX).min(64 << 10);
            let piece = exactly(&mut waiting, length)?;
            hash.update(&piece);
            take(name, &piece).map_err(|source| file_error(Path::new(name), source))?;
            left -= piece.len() as u64;
        }
        (hex(&hash.finalize()) == *sha256).then_some(()).ok_or_else(torn)?;
    }
    let is_end = waiting.is_empty() && !more(&mut waiting)?;
    if is_end && manifest.files.first().is_some_and(|first| first.name == FILE) { Ok(manifest) } else { Err(torn()) }
}

fn digest(path: &Path) -> io::Result<(u64, String)> {
    let (mut file, mut hash, mut buffer, mut length) = (File::open(path)?, Sha256::new(), vec![0; 64 << 10], 0);
    loop {
        let read = file.read(&mut buffer)?;
        if read == 0 {
            return Ok((length, hex(&hash.finalize())));
        }
        hash.update(&buffer[..read]);
        length += read as u64;
    }
}

/// A new file for its owner alone; an empty one may be there.
fn private_file(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

fn file_error(path: &Path, source: io::Error) -> BackupError {
    BackupError::File { path: path.to_owned(), source }
}

/// A file or folder that is gone when this is.
struct Passing(PathBuf);

impl Drop for Passing {
    fn drop(&mut self) {
        if self.0.is_dir() {
            fs::remove_dir_all(&self.0).ok();
        } else {
            fs::remove_file(&self.0).ok();
        }
    }
}

#[cfg(test)]
mod tests;
