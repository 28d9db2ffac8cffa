//! Where the clinic's key lives between two runs of a headless host.

use std::fs;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use trust::HostIdentity;

/// The file in the identity folder.
const FILE: &str = "identity.key";

/// What keeps an identity from being read or made.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    /// The folder or the file in it.
    #[error("the identity in {path} cannot be used: {source}")]
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

/// Reads the identity of `folder`, or makes one there, readable by its owner alone.
///
/// # Errors
/// The folder cannot be used, or what stands there is not a key: it is never overwritten.
pub(crate) fn load_or_make(folder: &Path, random: [u8; 32]) -> Result<HostIdentity, IdentityError> {
    let path = folder.join(FILE);
    let io = |source| IdentityError::Io { path: path.clone(), source };
    match fs::read(&path) {
        Ok(bytes) => {
            let secret: [u8; 32] = bytes.try_into().map_err(|_| IdentityError::NotAKey { path: path.clone() })?;
            Ok(HostIdentity::from_secret(&secret))
        }
        Err(error) if error.kind() == ErrorKind::NotFound => {
            fs::create_dir_all(folder).map_err(io)?;
            let mut options = fs::OpenOptions::new();
            options.write(true).create_new(true);
            #[cfg(unix)]
            std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
            let mut file = options.open(&path).map_err(io)?;
            file.write_all(&random).and_then(|()| file.sync_all()).map_err(io)?;
            Ok(HostIdentity::from_secret(&random))
        }
        Err(error) => Err(io(error)),
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
        assert_eq!(first.fingerprint(), second.fingerprint());
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = fs::metadata(folder.path().join("new").join(FILE)).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
    }

    #[test]
    fn what_is_not_a_key_is_refused_and_kept() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(FILE), b"something else").unwrap();
        assert!(matches!(load_or_make(folder.path(), [1; 32]), Err(IdentityError::NotAKey { .. })));
        assert_eq!(fs::read(folder.path().join(FILE)).unwrap(), b"something else");
    }
}
