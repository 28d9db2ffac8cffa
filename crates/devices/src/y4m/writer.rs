//! Writing a y4m film.

use std::path::Path;

use media::picture::I420;
use units::PictureSize;

use super::Header;
use crate::output::Output;
use crate::{DeviceError, FrameRate};

/// Writes pictures of one size. The film is whole after every picture, even if the program is killed.
#[derive(Debug)]
pub struct Writer {
    output: Output,
    header: Header,
    /// A picture with its marker, so that both go out in one write.
    piece: Vec<u8>,
}

impl Writer {
    /// Makes the file, or empties the one that is there, and writes the header.
    ///
    /// # Errors
    /// If that is not possible; a full disk is noticed here already.
    pub fn create(path: &Path, size: PictureSize, fps: FrameRate) -> Result<Self, DeviceError> {
        Self::on(Output::create(path)?, Header { size, fps })
    }

    pub(crate) fn on(mut output: Output, header: Header) -> Result<Self, DeviceError> {
        output.append(header.to_line().as_bytes())?;
        Ok(Self { output, header, piece: Vec::new() })
    }

    /// The size that every picture must have.
    pub fn size(&self) -> PictureSize {
        self.header.size
    }

    /// Adds a picture.
    ///
    /// # Errors
    /// If there is no room; the film then ends with the picture before.
    ///
    /// # Panics
    /// If the picture is not of [`size`](Self::size).
    pub fn write(&mut self, picture: &I420) -> Result<(), DeviceError> {
        assert_eq!(picture.size(), self.header.size, "a film has pictures of one size");
        self.piece.clear();
        self.piece.extend_from_slice(b"FRAME\n");
        self.piece.extend_from_slice(picture.as_bytes());
        self.output.append(&self.piece)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::small_disk;
    use crate::y4m::Reader;

    const SIZE: PictureSize = PictureSize::new(16, 16);

    #[test]
    fn what_is_written_can_be_read_at_any_moment() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("film.y4m");
        let mut writer = Writer::create(&path, SIZE, FrameRate::THIRTY).expect("a film");
        let mut picture = I420::new(SIZE);
        for shade in 1..=3 {
            picture.as_bytes_mut().fill(shade);
            writer.write(&picture).expect("room");
            // Nobody has closed the writer.
            let mut reader = Reader::open(&path).expect("a whole film");
            assert_eq!(reader.pictures(), u64::from(shade));
            let mut read = I420::new(SIZE);
            reader.read(u64::from(shade) - 1, &mut read).expect("a picture");
            assert_eq!(read, picture);
        }
    }

    #[test]
    fn a_full_disk_leaves_a_whole_film() {
        let header = Header { size: SIZE, fps: FrameRate::THIRTY };
        let room = header.to_line().len() + 2 * (6 + I420::bytes_of(SIZE)) + 100;
        let (output, content) = small_disk::output(room);
        let mut writer = Writer::on(output, header).expect("room for the header");
        let picture = I420::black(SIZE);
        writer.write(&picture).expect("room");
        writer.write(&picture).expect("room");
        let error = writer.write(&picture).expect_err("no room");
        assert!(matches!(error, DeviceError::DiskFull { .. }), "{error}");
        assert_eq!(content.lock().unwrap().get_ref().len(), room - 100);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_disk_that_is_full_from_the_start_is_said_at_once() {
        let error = Writer::create(Path::new("/dev/full"), SIZE, FrameRate::THIRTY).expect_err("no room");
        assert_eq!(
            error.to_string(),
            "the disk is full: /dev/full holds only what was written before; make room on it"
        );
    }

    #[test]
    fn a_folder_that_is_not_there_or_a_path_that_is_one_is_said() {
        let folder = tempfile::tempdir().unwrap();
        let error = Writer::create(folder.path(), SIZE, FrameRate::THIRTY).expect_err("a folder");
        assert!(matches!(error, DeviceError::NotAFile { .. }), "{error}");
        let nowhere = folder.path().join("no/such/film.y4m");
        let error = Writer::create(&nowhere, SIZE, FrameRate::THIRTY).expect_err("no folder");
        assert!(matches!(error, DeviceError::Unwritable { .. }), "{error}");
    }
}
