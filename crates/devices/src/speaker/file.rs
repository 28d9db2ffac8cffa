//! A loudspeaker that writes down what it would play.

use std::path::Path;

use units::Timestamp;

use super::Speaker;
use crate::sound::{Pace, SoundFrame};
use crate::{DeviceError, wav};

/// Writes a WAV file at the pace of the program's clock.
pub(super) struct FileSpeaker {
    writer: wav::Writer,
    pace: Pace,
    problem: Option<DeviceError>,
    /// A file that could not take a frame takes no more: a hole would shift every sample after it.
    broken: bool,
}

impl FileSpeaker {
    pub(super) fn create(path: &Path) -> Result<Self, DeviceError> {
        Ok(Self::on(wav::Writer::create(path)?))
    }

    fn on(writer: wav::Writer) -> Self {
        Self { writer, pace: Pace::default(), problem: None, broken: false }
    }
}

impl Speaker for FileSpeaker {
    fn wants(&mut self, now: Timestamp) -> bool {
        self.pace.has_begun(now)
    }

    fn play(&mut self, frame: &SoundFrame) {
        self.pace.take();
        if self.broken {
            return;
        }
        if let Err(problem) = self.writer.write(frame) {
            self.broken = true;
            self.problem = Some(problem);
        }
    }

    fn started(&self) -> Option<Timestamp> {
        self.pace.started()
    }

    fn take_problem(&mut self) -> Option<DeviceError> {
        self.problem.take()
    }

    fn finish(&mut self) -> Result<(), DeviceError> {
        self.problem.take().map_or_else(|| self.writer.finish(), Err)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::small_disk;
    use crate::sound::FRAME_SAMPLES;

    fn at(millis: u64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    #[test]
    fn the_file_is_as_long_as_the_call_silence_included() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("heard.wav");
        let mut speaker = FileSpeaker::create(&path).expect("a file");
        for now in [at(100), at(105), at(110), at(1_500), at(2_099)] {
            while speaker.wants(now) {
                speaker.play(&[0.0; FRAME_SAMPLES]);
            }
        }
        assert_eq!(speaker.started(), Some(at(100)));
        speaker.finish().expect("a whole file");
        assert_eq!(wav::read(&path).expect("sound").len(), 2 * 48_000);
    }

    #[test]
    fn a_full_disk_is_said_once_and_the_call_goes_on() {
        let (output, _) = small_disk::output(3_000);
        let mut speaker = FileSpeaker::on(wav::Writer::on(output).expect("room"));
        let mut problems = 0;
        for tick in 0..100 {
            while speaker.wants(at(tick * 10)) {
                speaker.play(&[0.5; FRAME_SAMPLES]);
            }
            problems += u32::from(speaker.take_problem().is_some());
        }
        assert_eq!(problems, 1);
        assert!(speaker.finish().is_ok());
    }

    #[test]
    fn a_full_disk_that_nobody_asked_about_is_said_at_the_end() {
        let (output, _) = small_disk::output(100);
        let mut speaker = FileSpeaker::on(wav::Writer::on(output).expect("room"));
        speaker.play(&[0.5; FRAME_SAMPLES]);
        assert!(matches!(speaker.finish(), Err(DeviceError::DiskFull { .. })));
    }
}
