//! Sound files, read at any rate and written at 48 kHz.

use std::path::Path;

use anyhow::{Result, ensure};

use super::resample::resample;

/// Reads 16 bit mono as 48 kHz.
pub(super) fn read(path: &Path) -> Result<Vec<f32>> {
    let mut reader = hound::WavReader::open(path)?;
    let format = reader.spec();
    ensure!(format.channels == 1 && format.bits_per_sample == 16, "it is not mono of 16 bits");
    let samples = reader.samples::<i16>().map(|sample| Ok(f32::from(sample?) / 32_768.0));
    let samples = samples.collect::<Result<Vec<f32>>>()?;
    Ok(resample(&samples, f64::from(format.sample_rate) / 48_000.0))
}

/// Writes 16 bit mono, 48 kHz.
pub(super) fn write(path: &Path, samples: &[f32]) -> Result<()> {
    let format = hound::WavSpec {
        channels: 1,
        sample_rate: 48_000,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut writer = hound::WavWriter::create(path, format)?;
    for sample in samples {
        writer.write_sample((sample.clamp(-1.0, 1.0) * 32_767.0).round() as i16)?;
    }
    Ok(writer.finalize()?)
}
