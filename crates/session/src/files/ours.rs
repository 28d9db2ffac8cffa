//! What is sent: a file of our person's, or a photograph that lies nowhere but here.

use std::fs::File;
use std::io;
use std::path::PathBuf;

use super::hashing;

/// Something that was offered.
#[derive(Debug)]
pub(super) enum Ours {
    /// A file, and how long it was when it was read.
    Closed(PathBuf, u64),
    /// The same, open.
    Open(File),
    /// What was made here: on no disk before somebody wants it there.
    Made(Vec<u8>),
}

impl Ours {
    /// Makes it ready to be read.
    ///
    /// # Errors
    /// If it cannot be read any more, or has become another one.
    pub(super) fn open(&mut self) -> io::Result<()> {
        if let Self::Closed(path, bytes) = self {
            let file = File::open(path)?;
            if file.metadata()?.len() != *bytes {
                return Err(io::ErrorKind::InvalidData.into());
            }
            *self = Self::Open(file);
        }
        Ok(())
    }

    /// Fills `into` from `offset` on.
    ///
    /// # Errors
    /// If it cannot be read, or ends before that.
    pub(super) fn read_at(&mut self, offset: u64, into: &mut [u8]) -> io::Result<()> {
        self.open()?;
        match self {
            Self::Open(file) => hashing::read_at(file, offset, into),
            Self::Made(bytes) => {
                let from = usize::try_from(offset).ok().and_then(|offset| bytes.get(offset..)?.get(..into.len()));
                into.copy_from_slice(from.ok_or(io::ErrorKind::UnexpectedEof)?);
                Ok(())
            }
            Self::Closed(..) => Err(io::ErrorKind::NotFound.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_read_is_the_same_from_a_disk_and_from_memory() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        std::fs::write(&path, b"abcdef").unwrap();
        for mut ours in [Ours::Closed(path.clone(), 6), Ours::Made(b"abcdef".to_vec())] {
            let mut read = [0; 3];
            ours.read_at(2, &mut read).unwrap();
            assert_eq!(&read, b"cde");
            assert!(ours.read_at(4, &mut read).is_err() && ours.read_at(u64::MAX, &mut read).is_err());
        }
        std::fs::write(&path, b"abcdefg").unwrap();
        assert!(Ours::Closed(path, 6).open().is_err(), "it has become another one");
    }
}
