//! Where what comes goes: to a file, or to memory alone until somebody wants it on a disk.

use std::io;
use std::path::PathBuf;

use transfer::{FileHash, Pieces};

use super::folder::Part;
use super::hashing;

/// Where what comes goes.
#[derive(Debug)]
pub(super) enum Sink {
    /// A file that was accepted.
    File(Part),
    /// A photograph that its clinician has not saved.
    Memory(Vec<u8>),
}

impl Sink {
    /// Room in memory for so many bytes; none where there is not so much.
    pub(super) fn in_memory(bytes: u64) -> Option<Self> {
        let length = usize::try_from(bytes).ok()?;
        let mut room = Vec::new();
        room.try_reserve_exact(length).ok()?;
        room.resize(length, 0);
        Some(Self::Memory(room))
    }

    /// What is there of an earlier run.
    pub(super) fn kept(&self) -> Pieces {
        match self {
            Self::File(part) => part.kept().clone(),
            Self::Memory(_) => Pieces::default(),
        }
    }

    pub(super) fn write(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        match self {
            Self::File(part) => part.write(offset, bytes),
            Self::Memory(room) => {
                let from = usize::try_from(offset).ok();
                let place = from.and_then(|from| room.get_mut(from..from.checked_add(bytes.len())?));
                place.ok_or(io::ErrorKind::UnexpectedEof)?.copy_from_slice(bytes);
                Ok(())
            }
        }
    }

    /// Writes down what is there, for another run of this app.
    pub(super) fn note(&self, have: &Pieces) {
        match self {
            Self::File(part) if !part.is_finished() => part.note(have),
            Self::File(_) | Self::Memory(_) => {}
        }
    }

    /// What finds out the hash of all of it, on another thread.
    pub(super) fn hasher(&self) -> Box<dyn FnOnce() -> Option<FileHash> + Send> {
        match self {
            Self::File(part) => {
                let path = part.path().to_owned();
                Box::new(move || hashing::hash_of(&path).ok().map(|(_, hash)| hash))
            }
            Self::Memory(room) => {
                let room = room.clone();
                Box::new(move || Some(hashing::hash_of_bytes(&room)))
            }
        }
    }

    /// It is whole.
    pub(super) fn finish(&mut self) -> io::Result<Finished> {
        match self {
            Self::File(part) => part.finish().map(Finished::File),
            Self::Memory(room) => Ok(Finished::Memory(std::mem::take(room))),
        }
    }

    /// Nobody wants it.
    pub(super) fn delete(self) {
        if let Self::File(part) = self {
            part.delete();
        }
    }
}

/// What is whole.
#[derive(Debug)]
pub(super) enum Finished {
    /// It stands there now.
    File(PathBuf),
    /// It stands nowhere else.
    Memory(Vec<u8>),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_in_memory_is_whole_and_nothing_is_written_beyond_it() {
        let mut sink = Sink::in_memory(6).unwrap();
        sink.write(2, b"cdef").unwrap();
        sink.write(0, b"ab").unwrap();
        assert!(sink.write(3, b"cdef").is_err() && sink.write(u64::MAX, b"a").is_err());
        assert_eq!(sink.hasher()(), Some(hashing::hash_of_bytes(b"abcdef")));
        assert!(matches!(sink.finish().unwrap(), Finished::Memory(bytes) if bytes == b"abcdef"));
        assert!(Sink::in_memory(u64::MAX).is_none(), "more than there is");
    }
}
