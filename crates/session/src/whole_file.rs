//! Files that are there whole or not at all.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// A file that will stand at its path when it is whole.
///
/// Made beforehand, so that a folder that is missing or may not be written to is known before the work, not after it.
/// Until [`finish`](WholeFile::finish) the bytes lie beside the path, readable by their owner alone; dropped without it,
/// they are taken away.
#[derive(Debug)]
pub struct WholeFile {
    path: PathBuf,
    beside: Option<PathBuf>,
    file: File,
}

impl WholeFile {
    /// Makes room for a file at `path`.
    ///
    /// # Errors
    /// The folder is not there or may not be written to, or the disk is full.
    pub fn prepare(path: &Path) -> io::Result<Self> {
        // What a link points to is replaced, not the link.
        let path = &fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        if path.is_dir() {
            return Err(io::Error::from(io::ErrorKind::IsADirectory));
        }
        if fs::metadata(path).is_ok_and(|at| !at.is_file()) {
            // A terminal or a pipe is written to and never replaced.
            let file = OpenOptions::new().write(true).open(path)?;
            return Ok(Self { path: path.clone(), beside: None, file });
        }
        let mut beside = path.as_os_str().to_owned();
        beside.push(format!(".part-{}", std::process::id()));
        let beside = PathBuf::from(beside);
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(&beside)?;
        Ok(Self { path: path.to_owned(), beside: Some(beside), file })
    }

    /// Writes the whole and puts it in its place.
    ///
    /// # Errors
    /// The disk is full, or the place may not be written to; then nothing is left behind.
    pub fn finish(mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all(bytes)?;
        if let Some(beside) = &self.beside {
            self.file.sync_all()?;
            fs::rename(beside, &self.path)?;
        }
        self.beside = None;
        Ok(())
    }
}

impl Drop for WholeFile {
    fn drop(&mut self) {
        if let Some(beside) = self.beside.take() {
            // What cannot be taken away either is no worse than what went wrong before.
            let _ = fs::remove_file(beside);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_there_whole_and_for_its_owner_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("link");
        let file = WholeFile::prepare(&path).unwrap();
        assert!(!path.exists());
        file.finish(b"whole").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"whole");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        }
    }

    #[test]
    fn what_was_not_finished_leaves_the_old_file_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("link");
        fs::write(&path, b"old").unwrap();
        drop(WholeFile::prepare(&path).unwrap());
        assert_eq!(fs::read(&path).unwrap(), b"old");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    #[cfg(unix)]
    fn a_device_is_written_to_and_not_replaced() {
        use std::os::unix::fs::FileTypeExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("report");
        std::os::unix::fs::symlink("/dev/full", &path).unwrap();
        let error = WholeFile::prepare(&path).unwrap().finish(b"much").expect_err("a full disk");
        assert_eq!(error.kind(), io::ErrorKind::StorageFull);
        assert!(fs::metadata("/dev/full").unwrap().file_type().is_char_device());
    }

    #[test]
    fn a_missing_folder_is_known_beforehand() {
        let folder = tempfile::tempdir().unwrap();
        assert!(WholeFile::prepare(&folder.path().join("no/such/link")).is_err());
        assert!(WholeFile::prepare(folder.path()).is_err());
    }
}
