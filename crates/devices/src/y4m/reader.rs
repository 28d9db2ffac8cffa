//! Reading single pictures of a y4m film from the disk.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use media::picture::I420;

use super::header::{Defect, Header, MAX_HEADER_LENGTH};
use crate::{DeviceError, input};

/// A film that was found whole when it was opened. Holds no picture: a minute of 640×360 is 0.6 GB.
#[derive(Debug)]
pub struct Reader {
    path: PathBuf,
    file: File,
    header: Header,
    /// Where the bytes of each picture begin.
    offsets: Vec<u64>,
}

impl Reader {
    /// Opens a film and walks through it once, from marker to marker, so that a film that ends early is refused before
    /// the call and not in the middle of it.
    ///
    /// # Errors
    /// If the file cannot be read or is not a whole film.
    pub fn open(path: &Path) -> Result<Self, DeviceError> {
        let (mut file, length) = input::open(path)?;
        let start = read_up_to(&mut file, 0, MAX_HEADER_LENGTH + 16).map_err(|e| DeviceError::reading(path, e))?;
        let film = |defect| DeviceError::Film { path: path.to_owned(), defect };
        let (header, header_length) = Header::parse(&start).map_err(film)?;
        let picture_bytes = I420::bytes_of(header.size) as u64;

        let mut offsets = Vec::new();
        let mut position = header_length as u64;
        while position < length {
            let picture = offsets.len() as u64;
            let marker =
                read_up_to(&mut file, position, MAX_MARKER_LENGTH).map_err(|e| DeviceError::reading(path, e))?;
            let marker_length = marker_length(&marker).ok_or_else(|| film(Defect::Marker(picture)))?;
            let begin = position + marker_length as u64;
            let end = begin + picture_bytes;
            if end > length {
                return Err(film(Defect::EndsEarly { picture, missing: end - length }));
            }
            offsets.push(begin);
            position = end;
        }
        if offsets.is_empty() {
            return Err(film(Defect::NoPicture));
        }
        Ok(Self { path: path.to_owned(), file, header, offsets })
    }

    /// What the film says of itself.
    pub fn header(&self) -> Header {
        self.header
    }

    /// How many pictures there are; at least one.
    pub fn pictures(&self) -> u64 {
        self.offsets.len() as u64
    }

    /// Reads picture `index`, counting from 0 and beginning again after the last, into `picture`.
    ///
    /// # Errors
    /// If the disk fails or the file has become shorter since it was opened.
    pub fn read(&mut self, index: u64, picture: &mut I420) -> Result<(), DeviceError> {
        let index = index % self.pictures();
        let begin = self.offsets[index as usize];
        picture.resize(self.header.size);
        let read = self.file.seek(SeekFrom::Start(begin)).and_then(|_| self.file.read_exact(picture.as_bytes_mut()));
        read.map_err(|reason| match reason.kind() {
            io::ErrorKind::UnexpectedEof => {
                let bytes = picture.as_bytes().len() as u64;
                let length = self.file.metadata().map_or(begin, |metadata| metadata.len());
                let missing = (begin + bytes).saturating_sub(length);
                DeviceError::Film { path: self.path.clone(), defect: Defect::EndsEarly { picture: index, missing } }
            }
            _ => DeviceError::reading(&self.path, reason),
        })
    }
}

/// How long a picture's marker is, parameters and the line's end included; `None` if this is no marker.
fn marker_length(bytes: &[u8]) -> Option<usize> {
    let rest = bytes.strip_prefix(MARKER)?;
    if !matches!(rest.first(), Some(b' ' | b'\n')) {
        return None;
    }
    Some(MARKER.len() + rest.iter().position(|&byte| byte == b'\n')? + 1)
}

fn read_up_to(file: &mut File, offset: u64, count: usize) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(count);
    file.seek(SeekFrom::Start(offset))?;
    file.take(count as u64).read_to_end(&mut bytes)?;
    Ok(bytes)
}

const MARKER: &[u8] = b"FRAME";

/// Parameters of a picture are rare and short.
const MAX_MARKER_LENGTH: usize = 128;

#[cfg(test)]
mod tests {
    use units::PictureSize;

    use super::*;

    const SIZE: PictureSize = PictureSize::new(16, 16);
    const HEADER: &[u8] = b"YUV4MPEG2 W16 H16 F30:1\n";

    /// A film whose picture k is all k.
    fn film(pictures: u8) -> Vec<u8> {
        let mut bytes = HEADER.to_vec();
        for picture in 0..pictures {
            // Every other marker has a parameter, as the format allows.
            bytes.extend_from_slice(if picture % 2 == 0 { b"FRAME\n" } else { b"FRAME Ip\n" });
            bytes.extend(std::iter::repeat_n(picture, I420::bytes_of(SIZE)));
        }
        bytes
    }

    fn open(bytes: &[u8]) -> (tempfile::TempDir, Result<Reader, DeviceError>) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("film.y4m");
        std::fs::write(&path, bytes).unwrap();
        let reader = Reader::open(&path);
        (folder, reader)
    }

    fn defect(bytes: &[u8]) -> Defect {
        match open(bytes).1 {
            Err(DeviceError::Film { defect, .. }) => defect,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn every_picture_is_found_and_the_first_follows_the_last() {
        let (_folder, reader) = open(&film(3));
        let mut reader = reader.expect("a film");
        assert_eq!(reader.pictures(), 3);
        let mut picture = I420::new(SIZE);
        for index in [0, 1, 2, 3, 4, 2, 300] {
            reader.read(index, &mut picture).expect("a picture");
            assert!(picture.as_bytes().iter().all(|&byte| u64::from(byte) == index % 3), "{index}");
        }
    }

    #[test]
    fn a_film_that_ends_early_is_refused_when_it_is_opened() {
        let whole = film(2);
        assert_eq!(defect(&whole[..whole.len() - 5]), Defect::EndsEarly { picture: 1, missing: 5 });
        assert_eq!(defect(&whole[..HEADER.len() + 6]), Defect::EndsEarly { picture: 0, missing: 384 });
        assert_eq!(defect(&whole[..HEADER.len() + 3]), Defect::Marker(0));
        assert_eq!(defect(HEADER), Defect::NoPicture);
        assert_eq!(defect(&HEADER[..10]), Defect::HeaderTooLong);
        assert_eq!(defect(b""), Defect::NotY4m);
    }

    #[test]
    fn a_header_that_lies_about_the_size_is_found_out() {
        let mut bytes = film(3);
        bytes[11..14].copy_from_slice(b"18 ");
        assert!(matches!(defect(&bytes), Defect::Marker(1)), "{:?}", defect(&bytes));
        let huge = b"YUV4MPEG2 W3840 H2160 F30:1\nFRAME\nshort";
        assert!(matches!(defect(huge), Defect::EndsEarly { picture: 0, .. }));
        assert_eq!(defect(b"YUV4MPEG2 W16 H16 F30:1\nFRAMES\n"), Defect::Marker(0));
    }

    #[test]
    fn a_film_that_becomes_shorter_while_it_runs_is_an_error_and_no_panic() {
        let (folder, reader) = open(&film(2));
        let mut reader = reader.expect("a film");
        std::fs::write(folder.path().join("film.y4m"), &film(2)[..500]).unwrap();
        let error = reader.read(1, &mut I420::new(SIZE)).expect_err("too short");
        assert!(matches!(error, DeviceError::Film { defect: Defect::EndsEarly { picture: 1, .. }, .. }), "{error}");
    }

    #[test]
    fn what_is_no_file_is_told_apart() {
        let folder = tempfile::tempdir().unwrap();
        let missing = Reader::open(&folder.path().join("nothing.y4m")).expect_err("no file");
        assert!(matches!(missing, DeviceError::Missing { .. }), "{missing}");
        let is_folder = Reader::open(folder.path()).expect_err("a folder");
        assert!(matches!(is_folder, DeviceError::NotAFile { .. }), "{is_folder}");
    }
}
