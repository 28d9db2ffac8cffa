//! Where the clinic's key lives between two runs of the program.

use std::fs;
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::time::Instant;

use trust::{DeviceIdentity, UnixTime};
use units::{Clock, Timestamp};

use crate::headless::InputError;

/// The name that a clinic of one certifies for who has no account, or one whose name no certificate can hold.
const CLINICIAN: &str = "Your clinician";
/// The file in the identity folder.
const FILE: &str = "identity.key";

/// What keeps an identity from being read or made.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    /// The folder or the file in it.
    #[error("the key in {path} cannot be used: {source}; let this program write there, or name another place")]
    Io {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Not 32 bytes.
    #[error(
        "{path} is not a key of this program: it must hold 32 bytes; name another place, or restore it from a backup"
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
    load_or_make_file(&folder.join(FILE), random)
}

/// The same for a secret in a file of any name.
pub(crate) fn load_or_make_file(path: &Path, random: [u8; 32]) -> Result<[u8; 32], IdentityError> {
    match read(path)? {
        Some(identity) => Ok(identity),
        None => {
            let io = |source| IdentityError::Io { path: path.to_owned(), source };
            make_once(path, &random).map_err(io)?;
            // Another window may have made one at the same time; whichever stands there now counts.
            read(path)?.ok_or_else(|| io(ErrorKind::NotFound.into()))
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

/// The clinic of one that is behind this secret: its device, certified from now on for who has this account.
pub(crate) fn clinic_of_one(
    secret: &[u8; 32],
    account: Option<&str>,
    clock: Clock,
) -> Result<DeviceIdentity, InputError> {
    let of = |name: &str| clinic::clinic_of_one(secret, name, unix_now(clock));
    let named = account.and_then(|account| of(account.trim()).ok());
    named.map_or_else(|| of(CLINICIAN), Ok).map_err(|error| InputError::System(error.to_string()))
}

/// The time of day at the origin of the program's clock.
pub(crate) fn unix_at_zero(clock: Clock) -> UnixTime {
    UnixTime(clock.unix_micros(Timestamp::ZERO) / 1_000_000)
}

/// The time of day.
pub(crate) fn unix_now(clock: Clock) -> UnixTime {
    UnixTime(clock.unix_micros(clock.timestamp(Instant::now())) / 1_000_000)
}

/// Puts these bytes there whole, unless something is there meanwhile; the folder is made if it is not there.
pub(crate) fn make_once(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)?;
    // Readable by its owner alone.
    let mut file = tempfile::Builder::new().prefix(".housecall").tempfile_in(folder)?;
    file.write_all(bytes)?;
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
    fn a_clinic_of_one_certifies_the_account_that_signed_in() {
        let clock = Clock::starting_at(Instant::now(), std::time::SystemTime::now());
        let clinic = |account| clinic_of_one(&[7; 32], account, clock).unwrap();
        let certified = |account| clinic(account).facts().name_hash;
        assert_eq!(certified(Some(" lee ")), certified(Some("lee")));
        assert_ne!(certified(Some("lee")), certified(None));
        let long = "l".repeat(65);
        for none in ["", "\u{7}", long.as_str()] {
            assert_eq!(certified(Some(none)), certified(None));
        }
        assert_eq!(clinic(Some("lee")).public(), clinic(None).public(), "the device is the same");
    }

    #[test]
    fn what_is_not_a_key_is_refused_and_kept() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(FILE), b"something else").unwrap();
        assert!(matches!(load_or_make(folder.path(), [1; 32]), Err(IdentityError::NotAKey { .. })));
        assert_eq!(fs::read(folder.path().join(FILE)).unwrap(), b"something else");
    }
}
