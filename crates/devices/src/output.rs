//! A file that grows by whole pieces: a full disk leaves the pieces before it, never half of one.

use std::fmt;
use std::fs::File;
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use crate::DeviceError;

/// What can be written, gone back in, and cut.
pub(crate) trait Medium: Write + Seek + Send {
    /// Cuts it to `length` bytes.
    fn cut(&mut self, length: u64) -> io::Result<()>;
}

impl Medium for File {
    fn cut(&mut self, length: u64) -> io::Result<()> {
        self.set_len(length)
    }
}

/// A file that holds whole pieces only.
pub(crate) struct Output {
    path: PathBuf,
    medium: Box<dyn Medium>,
    /// Bytes of whole pieces.
    length: u64,
}

impl Output {
    /// Makes the file, or empties the one that is there.
    pub(crate) fn create(path: &Path) -> Result<Self, DeviceError> {
        // Said here because Windows calls a folder "access denied".
        if path.is_dir() {
            return Err(DeviceError::NotAFile { path: path.to_owned() });
        }
        let file = File::create(path).map_err(|reason| DeviceError::writing(path, reason))?;
        Ok(Self::on(path.to_owned(), Box::new(file)))
    }

    /// Writes to `medium`, which errors call `path`.
    pub(crate) fn on(path: PathBuf, medium: Box<dyn Medium>) -> Self {
        Self { path, medium, length: 0 }
    }

    /// Adds a piece: all of it, or nothing and the reason.
    ///
    /// One write, no buffer: what was added is in the file even if the program is killed the next moment.
    pub(crate) fn append(&mut self, piece: &[u8]) -> Result<(), DeviceError> {
        match self.medium.write_all(piece) {
            Ok(()) => {
                self.length += piece.len() as u64;
                Ok(())
            }
            Err(reason) => {
                // Best effort: on a device that cannot be cut there is nothing to keep whole.
                let _ = self.medium.cut(self.length);
                let _ = self.medium.seek(SeekFrom::Start(self.length));
                Err(DeviceError::writing(&self.path, reason))
            }
        }
    }

    /// Writes over bytes that are there; takes no room on the disk.
    pub(crate) fn patch(&mut self, offset: u64, bytes: &[u8]) -> Result<(), DeviceError> {
        debug_assert!(offset + bytes.len() as u64 <= self.length);
        let patched = self
            .medium
            .seek(SeekFrom::Start(offset))
            .and_then(|_| self.medium.write_all(bytes))
            .and_then(|()| self.medium.seek(SeekFrom::Start(self.length)).map(drop));
        patched.map_err(|reason| DeviceError::writing(&self.path, reason))
    }
}

impl fmt::Debug for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Output").field("path", &self.path).field("length", &self.length).finish_non_exhaustive()
    }
}

#[cfg(test)]
pub(crate) mod small_disk {
    //! A disk with room for so many bytes.

    use std::io::Cursor;
    use std::sync::{Arc, Mutex};

    use super::*;

    /// What is on the disk, for the test to look at.
    pub(crate) type Content = Arc<Mutex<Cursor<Vec<u8>>>>;

    struct SmallDisk {
        content: Content,
        room: usize,
    }

    /// An output on a disk with `room` bytes, and what gets onto it.
    pub(crate) fn output(room: usize) -> (Output, Content) {
        let content = Content::default();
        let medium = Box::new(SmallDisk { content: Arc::clone(&content), room });
        (Output::on(PathBuf::from("film.y4m"), medium), content)
    }

    impl Write for SmallDisk {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let mut content = self.content.lock().unwrap();
            let room = self.room.saturating_sub(content.position() as usize);
            if room == 0 && !bytes.is_empty() {
                return Err(io::ErrorKind::StorageFull.into());
            }
            content.write(&bytes[..bytes.len().min(room)])
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl Seek for SmallDisk {
        fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
            self.content.lock().unwrap().seek(to)
        }
    }

    impl Medium for SmallDisk {
        fn cut(&mut self, length: u64) -> io::Result<()> {
            self.content.lock().unwrap().get_mut().truncate(length as usize);
            Ok(())
        }
    }

    #[test]
    fn a_piece_that_does_not_fit_leaves_nothing_of_itself() {
        let (mut output, content) = output(5);
        output.append(b"abc").expect("room");
        let error = output.append(b"defg").expect_err("no room");
        assert!(matches!(error, DeviceError::DiskFull { .. }), "{error}");
        output.patch(0, b"A").expect("a patch takes no room");
        output.append(b"de").expect("a smaller piece fits still");
        assert_eq!(content.lock().unwrap().get_ref(), b"Abcde");
    }
}
