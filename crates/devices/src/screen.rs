//! Where the other's picture goes when there is no window: a y4m file, or nowhere.

use std::path::PathBuf;

use media::picture::I420;
use media::scale::Scaler;
use units::{PictureSize, Timestamp};

use crate::{DeviceError, FrameRate, y4m};

/// Which screen to open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ScreenChoice {
    /// A y4m file to write.
    File {
        /// Where.
        path: PathBuf,
        /// The size of every picture in it; pictures of another size are scaled.
        size: PictureSize,
        /// The rate that its header claims. The file holds one frame for each new picture, whenever it came.
        fps: FrameRate,
    },
    /// No screen: pictures are counted and let go.
    None,
}

/// Shows pictures.
pub trait Screen: Send {
    /// Shows a new picture. Not to be called twice for one picture: a screen holds one frame per newly shown picture.
    fn show(&mut self, picture: &I420, now: Timestamp);

    /// When each picture was shown: the k-th moment belongs to the k-th frame of the file.
    fn shown(&self) -> &[Timestamp];

    /// What went wrong since this was last asked, each trouble once. The call goes on without.
    fn take_problem(&mut self) -> Option<DeviceError>;

    /// Ends the picture and makes the file whole.
    ///
    /// # Errors
    /// If the file could not be written to its end and [`take_problem`](Self::take_problem) has not said so.
    fn finish(&mut self) -> Result<(), DeviceError>;
}

/// Opens the chosen screen.
///
/// # Errors
/// If the file cannot be made.
pub fn open(choice: &ScreenChoice) -> Result<Box<dyn Screen>, DeviceError> {
    Ok(match choice {
        ScreenChoice::File { path, size, fps } => Box::new(FileScreen::create(path.clone(), *size, *fps)?),
        ScreenChoice::None => Box::new(NoScreen::default()),
    })
}

/// Writes what is shown into a y4m file.
struct FileScreen {
    writer: y4m::Writer,
    scaler: Scaler,
    scaled: I420,
    shown: Vec<Timestamp>,
    problem: Option<DeviceError>,
    /// A file that could not take a picture takes no more: a hole would shift every frame after it.
    broken: bool,
}

impl FileScreen {
    fn create(path: PathBuf, size: PictureSize, fps: FrameRate) -> Result<Self, DeviceError> {
        Ok(Self::on(y4m::Writer::create(&path, size, fps)?))
    }

    fn on(writer: y4m::Writer) -> Self {
        let scaled = I420::new(writer.size());
        Self { writer, scaler: Scaler::new(), scaled, shown: Vec::new(), problem: None, broken: false }
    }
}

impl Screen for FileScreen {
    fn show(&mut self, picture: &I420, now: Timestamp) {
        if self.broken {
            return;
        }
        let written = if picture.size() == self.writer.size() {
            self.writer.write(picture)
        } else {
            self.scaler.scale(picture, &mut self.scaled);
            self.writer.write(&self.scaled)
        };
        match written {
            Ok(()) => self.shown.push(now),
            Err(problem) => {
                self.broken = true;
                self.problem = Some(problem);
            }
        }
    }

    fn shown(&self) -> &[Timestamp] {
        &self.shown
    }

    fn take_problem(&mut self) -> Option<DeviceError> {
        self.problem.take()
    }

    fn finish(&mut self) -> Result<(), DeviceError> {
        // Every picture was whole when it was written.
        self.problem.take().map_or(Ok(()), Err)
    }
}

#[derive(Default)]
struct NoScreen {
    shown: Vec<Timestamp>,
}

impl Screen for NoScreen {
    fn show(&mut self, _: &I420, now: Timestamp) {
        self.shown.push(now);
    }

    fn shown(&self) -> &[Timestamp] {
        &self.shown
    }

    fn take_problem(&mut self) -> Option<DeviceError> {
        None
    }

    fn finish(&mut self) -> Result<(), DeviceError> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::small_disk;

    const SIZE: PictureSize = PictureSize::new(64, 32);

    fn at(millis: u64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    #[test]
    fn the_film_holds_one_frame_of_its_size_for_each_picture_shown() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("seen.y4m");
        let choice = ScreenChoice::File { path: path.clone(), size: SIZE, fps: FrameRate::THIRTY };
        let mut screen = open(&choice).expect("a screen");
        let mut grey = I420::black(SIZE);
        grey.planes_mut()[0].fill(90);
        let mut small = I420::black(PictureSize::new(32, 16));
        small.planes_mut()[0].fill(180);
        screen.show(&grey, at(33));
        screen.show(&small, at(70));
        screen.show(&grey, at(1_000));
        assert_eq!(screen.shown(), [at(33), at(70), at(1_000)]);
        screen.finish().expect("a whole film");

        let mut film = y4m::Reader::open(&path).expect("a film");
        assert_eq!((film.pictures(), film.header().size), (3, SIZE));
        let mut picture = I420::new(SIZE);
        film.read(0, &mut picture).expect("a picture");
        assert_eq!(picture, grey);
        film.read(1, &mut picture).expect("a picture");
        assert!(picture.y().iter().all(|&luma| luma.abs_diff(180) <= 1));
    }

    #[test]
    fn a_full_disk_is_said_once_and_the_moments_still_fit_the_frames() {
        let header = y4m::Header { size: SIZE, fps: FrameRate::THIRTY };
        let room = header.to_line().len() + 2 * (6 + I420::bytes_of(SIZE)) + 50;
        let (output, content) = small_disk::output(room);
        let mut screen = FileScreen::on(y4m::Writer::on(output, header).expect("room"));
        for tick in 0..5 {
            screen.show(&I420::black(SIZE), at(tick * 33));
        }
        assert_eq!(screen.shown(), [at(0), at(33)]);
        assert_eq!(content.lock().unwrap().get_ref().len(), room - 50);
        assert!(matches!(screen.take_problem(), Some(DeviceError::DiskFull { .. })));
        assert!(screen.take_problem().is_none());
        screen.finish().expect("said already");
    }
}
