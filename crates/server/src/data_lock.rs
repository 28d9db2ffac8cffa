//! One server at a time for one data directory: two would each answer from a memory of their own.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

/// The file's name within the data directory. It stays there empty; only the lock on it counts, which the system drops
/// with the process, however that ends.
const FILE: &str = "serving.lock";

/// The data directory cannot be taken.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// It has a server.
    #[error(
        "another housecall-server serves from the data directory {} already; stop it or give this one another with --data",
        .0.display()
    )]
    Taken(PathBuf),
    /// The system does not let us find out.
    #[error("the data directory {} cannot be locked: {source}; keep it on a disk of this machine", path.display())]
    Failed {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// The right to serve from a data directory, for as long as this lives. Making accounts there needs none.
#[derive(Debug)]
pub(crate) struct DataLock {
    _file: File,
}

impl DataLock {
    /// Whether a server serves from there. Makes nothing: what another user makes the server might not open.
    pub(crate) fn is_held(directory: &Path) -> bool {
        let file = OpenOptions::new().write(true).open(directory.join(FILE));
        file.is_ok_and(|file| matches!(file.try_lock(), Err(TryLockError::WouldBlock)))
    }

    /// Takes the directory, which is there.
    pub(crate) fn take(directory: &Path) -> Result<Self, LockError> {
        let failed = |source| LockError::Failed { path: directory.to_owned(), source };
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(false);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(directory.join(FILE)).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: file }),
            Err(TryLockError::WouldBlock) => Err(LockError::Taken(directory.to_owned())),
            Err(TryLockError::Error(source)) => Err(failed(source)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_is_taken_once_and_free_again_when_its_holder_is_gone() {
        let directory = tempfile::tempdir().unwrap();
        let held = DataLock::take(directory.path()).unwrap();
        let error = DataLock::take(directory.path()).unwrap_err();
        assert!(matches!(error, LockError::Taken(_)), "{error}");
        assert!(DataLock::is_held(directory.path()));
        drop(held);
        assert!(!DataLock::is_held(directory.path()) && !DataLock::is_held(&directory.path().join("none")));
        DataLock::take(directory.path()).unwrap();
    }
}
