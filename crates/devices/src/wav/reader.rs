//! Reading a WAV file whole.

use std::io;
use std::path::Path;

use hound::{SampleFormat, WavReader};

use super::resample;
use crate::{DeviceError, input};

/// Why a file is not sound that can be played.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Defect {
    /// It is not a WAV file, or damaged, or compressed.
    #[error("it is not a WAV file of plain PCM ({0}); convert it with ffmpeg -c:a pcm_s16le")]
    NotPcm(&'static str),
    /// It holds no sample.
    #[error("there is no sound in it; choose another")]
    NoSound,
    /// The header promises more than there is.
    #[error("it ends early, its header promises {promised} samples and there are {present}; copy or convert it again")]
    EndsEarly {
        /// Samples of all channels that the header promises.
        promised: u32,
        /// Samples of all channels that are there.
        present: u32,
    },
    /// No sound has this rate.
    #[error(
        "its header says {0} samples a second; it must be from {MIN_RATE} to {MAX_RATE}; convert it with ffmpeg -ar 48000"
    )]
    Rate(u32),
    /// It does not fit into the memory with ease.
    #[error("it lasts longer than {} minutes; cut it", MAX_SECONDS / 60)]
    TooLong,
    /// A sample is no number.
    #[error("it holds samples that are no numbers; convert it with ffmpeg -c:a pcm_s16le")]
    NotNumbers,
}

/// Reads a file and turns it into 48 kHz mono that can be looped: its end fits its beginning.
///
/// A loop lasts as long as the file to the nearest 48 kHz sample.
///
/// # Errors
/// If the file cannot be read or is not sound.
pub fn read(path: &Path) -> Result<Vec<f32>, DeviceError> {
    let (file, _) = input::open(path)?;
    let sound = |defect| DeviceError::Sound { path: path.to_owned(), defect };
    let failed = |error| match error {
        hound::Error::IoError(reason) if !is_too_short(&reason) => DeviceError::reading(path, reason),
        error => sound(defect_of(&error)),
    };

    let reader = WavReader::new(io::BufReader::new(file)).map_err(failed)?;
    let spec = reader.spec();
    let promised = reader.len();
    if !(MIN_RATE..=MAX_RATE).contains(&spec.sample_rate) {
        return Err(sound(Defect::Rate(spec.sample_rate)));
    }
    if spec.channels == 0 {
        return Err(sound(Defect::NotPcm("no channel")));
    }
    if u64::from(reader.duration()) > MAX_SECONDS * u64::from(spec.sample_rate) {
        return Err(sound(Defect::TooLong));
    }
    let samples = match spec.sample_format {
        SampleFormat::Float => collect(reader.into_samples::<f32>()),
        SampleFormat::Int => {
            let full_scale = (1_i64 << (spec.bits_per_sample - 1)) as f32;
            collect(reader.into_samples::<i32>().map(|sample| Ok(sample? as f32 / full_scale)))
        }
    };
    let (samples, error) = samples;
    match error {
        Some(hound::Error::IoError(reason)) if is_too_short(&reason) => {
            return Err(sound(Defect::EndsEarly { promised, present: samples.len() as u32 }));
        }
        Some(error) => return Err(failed(error)),
        None => {}
    }
    if samples.iter().any(|sample| !sample.is_finite()) {
        return Err(sound(Defect::NotNumbers));
    }
    let mono = mixed_down(&samples, usize::from(spec.channels));
    if mono.is_empty() {
        return Err(sound(Defect::NoSound));
    }
    Ok(resample::looped_to_48k(mono, spec.sample_rate))
}

/// The samples until an error or the end.
fn collect(samples: impl Iterator<Item = hound::Result<f32>>) -> (Vec<f32>, Option<hound::Error>) {
    let mut read = Vec::new();
    for sample in samples {
        match sample {
            Ok(sample) => read.push(sample),
            Err(error) => return (read, Some(error)),
        }
    }
    (read, None)
}

fn mixed_down(samples: &[f32], channels: usize) -> Vec<f32> {
    samples.chunks_exact(channels).map(|frame| frame.iter().sum::<f32>() / channels as f32).collect()
}

/// What the WAV library calls a file that is shorter than it says.
fn is_too_short(reason: &io::Error) -> bool {
    matches!(reason.kind(), io::ErrorKind::UnexpectedEof | io::ErrorKind::Other)
}

fn defect_of(error: &hound::Error) -> Defect {
    Defect::NotPcm(match error {
        hound::Error::FormatError(what) => what,
        hound::Error::IoError(_) => "it ends within its header",
        hound::Error::TooWide => "its samples are too wide",
        hound::Error::UnfinishedSample => "its last sample is not whole",
        hound::Error::Unsupported => "its coding is not supported",
        hound::Error::InvalidSampleFormat => "its samples are neither whole nor floating-point numbers",
    })
}

/// Telephones have 8 kHz; below half of it nobody understands a word.
const MIN_RATE: u32 = 4_000;

/// The highest rate that sound cards offer.
const MAX_RATE: u32 = 384_000;

/// Half an hour of 48 kHz mono is 0.35 GB of memory.
const MAX_SECONDS: u64 = 1_800;

#[cfg(test)]
mod tests {
    use hound::{WavSpec, WavWriter};

    use super::*;

    fn spec(channels: u16, sample_rate: u32, bits_per_sample: u16, sample_format: SampleFormat) -> WavSpec {
        WavSpec { channels, sample_rate, bits_per_sample, sample_format }
    }

    fn read_bytes(bytes: &[u8]) -> Result<Vec<f32>, DeviceError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("voice.wav");
        std::fs::write(&path, bytes).unwrap();
        read(&path)
    }

    fn defect(bytes: &[u8]) -> Defect {
        match read_bytes(bytes) {
            Err(DeviceError::Sound { defect, .. }) => defect,
            Err(other) => panic!("{other}"),
            Ok(samples) => panic!("{} samples", samples.len()),
        }
    }

    fn wav(spec: WavSpec, samples: &[i32]) -> Vec<u8> {
        let mut bytes = io::Cursor::new(Vec::new());
        let mut writer = WavWriter::new(&mut bytes, spec).unwrap();
        for &sample in samples {
            writer.write_sample(sample).unwrap();
        }
        writer.finalize().unwrap();
        bytes.into_inner()
    }

    #[test]
    fn sound_of_48_khz_comes_out_as_it_is() {
        let bytes = wav(spec(1, 48_000, 16, SampleFormat::Int), &[0, 16_384, -32_768, 32_767]);
        assert_eq!(read_bytes(&bytes).expect("sound"), [0.0, 0.5, -1.0, 32_767.0 / 32_768.0]);
    }

    #[test]
    fn every_width_has_the_same_full_scale() {
        for bits in [8, 16, 24, 32] {
            let half = 1_i32 << (bits - 2);
            let bytes = wav(spec(1, 48_000, bits, SampleFormat::Int), &[half, -half]);
            assert_eq!(read_bytes(&bytes).expect("sound"), [0.5, -0.5], "{bits} bit");
        }
    }

    #[test]
    fn channels_become_their_mean() {
        let bytes = wav(spec(2, 48_000, 16, SampleFormat::Int), &[16_384, 0, -16_384, 16_384]);
        assert_eq!(read_bytes(&bytes).expect("sound"), [0.25, 0.0]);
    }

    #[test]
    fn every_usual_rate_lasts_as_long_as_it_did() {
        for rate in [8_000, 11_025, 16_000, 22_050, 44_100, 48_000, 96_000] {
            let bytes = wav(spec(1, rate, 16, SampleFormat::Int), &vec![1_000; rate as usize * 2]);
            assert_eq!(read_bytes(&bytes).expect("sound").len(), 96_000, "{rate}");
        }
    }

    #[test]
    fn what_is_no_sound_is_refused_with_what_is_wrong() {
        let mono = spec(1, 48_000, 16, SampleFormat::Int);
        let whole = wav(mono, &[1; 1_000]);
        assert!(matches!(defect(b""), Defect::NotPcm(_)));
        assert!(matches!(defect(b"ID3 this is an mp3, honestly, with some more bytes"), Defect::NotPcm(_)));
        assert!(matches!(defect(&whole[..30]), Defect::NotPcm(_)));
        assert_eq!(defect(&wav(mono, &[])), Defect::NoSound);
        assert_eq!(defect(&whole[..whole.len() - 101]), Defect::EndsEarly { promised: 1_000, present: 949 });
        assert_eq!(defect(&wav(spec(1, 10, 16, SampleFormat::Int), &[1; 10])), Defect::Rate(10));
        assert_eq!(defect(&wav(spec(1, 4_000_000, 16, SampleFormat::Int), &[1; 10])), Defect::Rate(4_000_000));
        let mut mp3_inside = whole.clone();
        mp3_inside[20] = 0x55;
        assert!(matches!(defect(&mp3_inside), Defect::NotPcm(_)));
        let mut no_channel = whole;
        no_channel[22] = 0;
        assert!(matches!(defect(&no_channel), Defect::NotPcm(_)));
    }

    #[test]
    fn samples_that_are_no_numbers_are_refused() {
        let mut bytes = io::Cursor::new(Vec::new());
        let mut writer = WavWriter::new(&mut bytes, spec(1, 48_000, 32, SampleFormat::Float)).unwrap();
        writer.write_sample(f32::NAN).unwrap();
        writer.finalize().unwrap();
        assert_eq!(defect(&bytes.into_inner()), Defect::NotNumbers);
    }

    #[test]
    fn what_is_no_file_is_told_apart() {
        let folder = tempfile::tempdir().unwrap();
        let missing = read(&folder.path().join("nothing.wav")).expect_err("no file");
        assert!(matches!(missing, DeviceError::Missing { .. }), "{missing}");
        let is_folder = read(folder.path()).expect_err("a folder");
        assert!(matches!(is_folder, DeviceError::NotAFile { .. }), "{is_folder}");
    }
}
