//! Where the clinic's key lives between two runs of the program.

use std::fs;
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::time::Instant;

use trust::{DeviceIdentity, UnixTime};
use units::{Clock, Timestamp};

use crate::headless::InputError;

/// The name that a clinic of one certifies, until it is asked for a person's.
const CLINICIAN: &str = "Your clinician";
/// The file in the identity folder.
const FILE: &str = "identity.key";

/// What keeps an identity from being read or made.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    /// The folder or the file in it.
    #[error(
        "the clinic's key in {path} cannot be used: {source}; let this program write there, or name another folder"
    )]
    Io {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Not 32 bytes.
    #[error(
        "{path} is not a key of this program: it must hold 32 bytes; give another folder, or restore it from a backup"
    )]
    NotAKey {
        /// Which.
        path: PathBuf,
    },
}

/// Reads the identity of `folder`, or makes one there: a folder that is made, and the file, are for their owner alone.
///
/// # Errors
/// The folder cannot be used, or what stands there is not a key: it is never overwritten.
pub(crate) fn load_or_make(folder: &Path, random: [u8; 32]) -> Result<[u8; 32], IdentityError> {
    let path = folder.join(FILE);
    match read(&path)? {
        Some(identity) => Ok(identity),
        None => {
            make(folder, &path, random).map_err(|source| IdentityError::Io { path: path.clone(), source })?;
            // Another window may have made one at the same time; whichever stands there now counts.
            read(&path)?.ok_or_else(|| IdentityError::Io { path, source: ErrorKind::NotFound.into() })
        }
    }
}

fn read(path: &Path) -> Result<Option<[u8; 32]>, IdentityError> {
    match fs::read(path) {
        Ok(bytes) => {
            let secret: [u8; 32] = bytes.try_into().map_err(|_| IdentityError::NotAKey { path: path.to_owned() })?;
            Ok(Some(secret))
        }
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(source) => Err(IdentityError::Io { path: path.to_owned(), source }),
    }
}

/// The clinic of one that is behind this secret: its device, certified from now on.
pub(crate) fn clinic_of_one(secret: &[u8; 32], clock: Clock) -> Result<DeviceIdentity, InputError> {
    let now = unix_at_zero(clock).plus(clock.timestamp(Instant::now()).as_micros() / 1_000_000);
    clinic::clinic_of_one(secret, CLINICIAN, now).map_err(|error| InputError::System(error.to_string()))
}

/// The time of day at the origin of the program's clock.
pub(crate) fn unix_at_zero(clock: Clock) -> UnixTime {
    UnixTime(clock.unix_micros(Timestamp::ZERO) / 1_000_000)
}

/// Puts the key there whole, unless one is there meanwhile.
fn make(folder: &Path, path: &Path, random: [u8; 32]) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)?;
    // Readable by its owner alone.
    let mut file = tempfile::Builder::new().prefix(FILE).tempfile_in(folder)?;
    file.write_all(&random)?;
    file.as_file().sync_all()?;
    match file.persist_noclobber(path) {
        Err(error) if error.error.kind() != ErrorKind::AlreadyExists => Err(error.error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identity_is_the_same_the_next_time_and_readable_by_its_owner_alone() {
        let folder = tempfile::tempdir().unwrap();
        let first = load_or_make(&folder.path().join("new"), [1; 32]).unwrap();
        let second = load_or_make(&folder.path().join("new"), [2; 32]).unwrap();
        assert_eq!(first, second);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = fs::metadata(folder.path().join("new").join(FILE)).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
            let mode = fs::metadata(folder.path().join("new")).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o700);
        }
        assert_eq!(fs::read_dir(folder.path().join("new")).unwrap().count(), 1, "nothing is left beside it");
    }

    #[test]
    fn of_two_windows_that_make_an_identity_at_once_both_use_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let made = std::thread::scope(|scope| {
            let threads = [1, 2, 3, 4].map(|random| {
                let folder = folder.path().join("new");
                scope.spawn(move || load_or_make(&folder, [random; 32]).unwrap())
            });
            threads.map(|thread| thread.join().unwrap())
        });
        assert!(made.iter().all(|fingerprint| *fingerprint == made[0]));
    }

    #[test]
    fn what_is_not_a_key_is_refused_and_kept() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(FILE), b"something else").unwrap();
        assert!(matches!(load_or_make(folder.path(), [1; 32]), Err(IdentityError::NotAKey { .. })));
        assert_eq!(fs::read(folder.path().join(FILE)).unwrap(), b"something else");
    }
}
