//! Writing 48 kHz mono of 16 bit as WAV.

use std::path::Path;

use crate::DeviceError;
use crate::output::Output;
use crate::sound::{SAMPLE_RATE, SoundFrame};

/// Writes sound. Its header is set right once a second, so a program that is killed leaves all but the last second.
#[derive(Debug)]
pub struct Writer {
    output: Output,
    /// Bytes of samples in the file.
    data_length: u32,
    /// Bytes of samples that the header tells of.
    told_length: u32,
    piece: Vec<u8>,
}

impl Writer {
    /// Makes the file, or empties the one that is there, and writes the header of an empty one.
    ///
    /// # Errors
    /// If that is not possible; a full disk is noticed here already.
    pub fn create(path: &Path) -> Result<Self, DeviceError> {
        Self::on(Output::create(path)?)
    }

    pub(crate) fn on(mut output: Output) -> Result<Self, DeviceError> {
        output.append(&header(0))?;
        Ok(Self { output, data_length: 0, told_length: 0, piece: Vec::new() })
    }

    /// Adds 10 ms.
    ///
    /// # Errors
    /// If there is no room; the file then ends with the frame before and is whole.
    pub fn write(&mut self, frame: &SoundFrame) -> Result<(), DeviceError> {
        self.piece.clear();
        self.piece.extend(frame.iter().flat_map(|&sample| to_16_bit(sample).to_le_bytes()));
        let added = self.piece.len() as u32;
        if u64::from(self.data_length) + u64::from(added) > MAX_DATA_LENGTH {
            return Ok(());
        }
        if let Err(error) = self.output.append(&self.piece) {
            // The header takes no room, so what is there can be made whole.
            let _ = self.finish();
            return Err(error);
        }
        self.data_length += added;
        if self.data_length - self.told_length >= BYTES_PER_SECOND {
            self.finish()?;
        }
        Ok(())
    }

    /// Sets the header right. More can be written after it.
    ///
    /// # Errors
    /// If the disk fails.
    pub fn finish(&mut self) -> Result<(), DeviceError> {
        if self.told_length != self.data_length {
            self.output.patch(0, &header(self.data_length))?;
            self.told_length = self.data_length;
        }
        Ok(())
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        // Whoever wants to know calls `finish`.
        let _ = self.finish();
    }
}

/// RIFF, fmt and data of a WAV file ("Multimedia Programming Interface and Data Specifications 1.0", 1991).
fn header(data_length: u32) -> [u8; HEADER_LENGTH] {
    let mut bytes = [0; HEADER_LENGTH];
    let mut position = 0;
    let mut put = |part: &[u8]| {
        bytes[position..position + part.len()].copy_from_slice(part);
        position += part.len();
    };
    put(b"RIFF");
    put(&(HEADER_LENGTH as u32 - 8 + data_length).to_le_bytes());
    put(b"WAVEfmt ");
    put(&16_u32.to_le_bytes());
    put(&1_u16.to_le_bytes()); // plain PCM
    put(&1_u16.to_le_bytes()); // one channel
    put(&SAMPLE_RATE.to_le_bytes());
    put(&BYTES_PER_SECOND.to_le_bytes());
    put(&2_u16.to_le_bytes()); // bytes in a sample of all channels
    put(&16_u16.to_le_bytes()); // bits in a sample
    put(b"data");
    put(&data_length.to_le_bytes());
    bytes
}

fn to_16_bit(sample: f32) -> i16 {
    // The cast saturates and takes what is no number for 0.
    (sample * 32_768.0).round() as i16
}

const HEADER_LENGTH: usize = 44;
const BYTES_PER_SECOND: u32 = SAMPLE_RATE * 2;

/// A WAV file counts its bytes in 32 bits: 12 hours; what comes after is not written.
const MAX_DATA_LENGTH: u64 = u32::MAX as u64 - HEADER_LENGTH as u64;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::small_disk;
    use crate::sound::FRAME_SAMPLES;

    const FRAME: SoundFrame = [0.5; FRAME_SAMPLES];
    const FRAME_BYTES: usize = FRAME_SAMPLES * 2;

    fn told(content: &small_disk::Content) -> usize {
        let content = content.lock().unwrap();
        u32::from_le_bytes(content.get_ref()[40..44].try_into().unwrap()) as usize
    }

    #[test]
    fn what_is_written_is_read_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("heard.wav");
        let mut writer = Writer::create(&path).expect("a file");
        let mut frame = [0.0; FRAME_SAMPLES];
        frame[..6].copy_from_slice(&[0.5, -1.0, 1.0, 7.0, -7.0, f32::NAN]);
        writer.write(&frame).expect("room");
        writer.finish().expect("a whole file");
        let read = crate::wav::read(&path).expect("sound");
        assert_eq!(read.len(), FRAME_SAMPLES);
        let loudest = 32_767.0 / 32_768.0;
        assert_eq!(read[..7], [0.5, -1.0, loudest, loudest, -1.0, 0.0, 0.0]);
    }

    #[test]
    fn a_killed_program_loses_a_second_at_most() {
        let (output, content) = small_disk::output(usize::MAX);
        let mut writer = Writer::on(output).expect("room");
        for _ in 0..250 {
            writer.write(&FRAME).expect("room");
        }
        assert_eq!(told(&content), 200 * FRAME_BYTES);
        writer.finish().expect("a whole file");
        assert_eq!(told(&content), 250 * FRAME_BYTES);
    }

    #[test]
    fn a_full_disk_leaves_a_whole_file() {
        let (output, content) = small_disk::output(HEADER_LENGTH + 3 * FRAME_BYTES + 100);
        let mut writer = Writer::on(output).expect("room");
        for _ in 0..3 {
            writer.write(&FRAME).expect("room");
        }
        let error = writer.write(&FRAME).expect_err("no room");
        assert!(matches!(error, DeviceError::DiskFull { .. }), "{error}");
        assert_eq!(content.lock().unwrap().get_ref().len(), HEADER_LENGTH + 3 * FRAME_BYTES);
        assert_eq!(told(&content), 3 * FRAME_BYTES);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_disk_that_is_full_from_the_start_is_said_at_once() {
        let error = Writer::create(Path::new("/dev/full")).expect_err("no room");
        assert!(matches!(error, DeviceError::DiskFull { .. }), "{error}");
    }
}
