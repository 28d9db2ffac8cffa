//! A loop of any rate to a loop of 48 kHz.

use rubato::audioadapter_buffers::direct::InterleavedSlice;
use rubato::{Async, FixedAsync, Resampler, SincInterpolationParameters, SincInterpolationType, WindowFunction};

use crate::sound::SAMPLE_RATE;

/// Converts a whole loop at once.
///
/// The loop is converted with the samples before its beginning and after its end that it has when it goes round, so the
/// seam sounds like any other place. Its length is the nearest whole number of samples, and the ratio is bent to it (by
/// less than 0.03 % for a tenth of a second), so nothing is left over that would click.
pub(super) fn looped_to_48k(samples: Vec<f32>, rate: u32) -> Vec<f32> {
    if rate == SAMPLE_RATE {
        return samples;
    }
    let length = samples.len();
    let wanted = ((length as u64 * u64::from(SAMPLE_RATE) + u64::from(rate) / 2) / u64::from(rate)).max(1) as usize;
    let ratio = wanted as f64 / length as f64;

    let start = length - LEAD % length;
    let extended: Vec<f32> = samples.iter().cycle().skip(start).take(LEAD + length + LEAD).copied().collect();
    let parameters = SincInterpolationParameters {
        sinc_len: SINC_LENGTH,
        f_cutoff: Some(0.95),
        oversampling_factor: 256,
        interpolation: SincInterpolationType::Cubic,
        window: WindowFunction::BlackmanHarris2,
    };
    let mut resampler = Async::<f32>::new_sinc(ratio, 1.0, &parameters, CHUNK, 1, FixedAsync::Input)
        .expect("every ratio of the rates we read is above 0 and finite");
    let input = InterleavedSlice::new(&extended, 1, extended.len()).expect("one channel of this length");
    let converted = resampler.process_all(&input, extended.len(), None).expect("the output is made to fit");

    let lead = (LEAD as f64 * ratio).round() as usize;
    let mut converted = converted.take_data();
    converted.drain(..lead);
    converted.truncate(wanted);
    converted
}

/// Input samples on each side of a point that count: rubato's documentation calls 256 its high quality.
const SINC_LENGTH: usize = 256;

/// Samples of the loop before its beginning and after its end: more than the filter sees.
const LEAD: usize = 4 * SINC_LENGTH;

const CHUNK: usize = 1_024;

#[cfg(test)]
mod tests {
    use std::f64::consts::TAU;

    use super::*;

    /// `cycles` whole waves in `length` samples.
    fn wave(length: usize, cycles: usize) -> Vec<f32> {
        (0..length).map(|n| (TAU * n as f64 * cycles as f64 / length as f64).sin() as f32 * 0.5).collect()
    }

    /// How far `samples` is from a wave of that many cycles, whatever its phase, in decibels below it.
    fn error_db(samples: &[f32], cycles: usize) -> f64 {
        let (mut sine, mut cosine) = (0.0, 0.0);
        let angle = |n: usize| TAU * n as f64 * cycles as f64 / samples.len() as f64;
        for (n, &sample) in samples.iter().enumerate() {
            sine += f64::from(sample) * angle(n).sin();
            cosine += f64::from(sample) * angle(n).cos();
        }
        let scale = 2.0 / samples.len() as f64;
        let (sine, cosine) = (sine * scale, cosine * scale);
        let residual: f64 = samples
            .iter()
            .enumerate()
            .map(|(n, &sample)| (f64::from(sample) - sine * angle(n).sin() - cosine * angle(n).cos()).powi(2))
            .sum();
        let power = (sine * sine + cosine * cosine) / 2.0 * samples.len() as f64;
        10.0 * (power / residual).log10()
    }

    #[test]
    fn a_wave_stays_a_wave_over_the_seam() {
        for (rate, length) in [(8_000, 8_000), (16_000, 16_000), (44_100, 44_100), (44_100, 10_007), (96_000, 96_000)] {
            // 400 Hz: a whole number of waves, so that the loop itself has no seam to be heard.
            let cycles = length * 400 / rate as usize;
            let looped = looped_to_48k(wave(length, cycles), rate);
            let wanted = (length as f64 * 48_000.0 / f64::from(rate)).round() as usize;
            assert_eq!(looped.len(), wanted, "{rate}");
            let error = error_db(&looped, cycles);
            assert!(error > 70.0, "{rate} Hz, {length} samples: {error:.1} dB");
            let seam = (looped[0] - looped[wanted - 1]).abs();
            let steepest = looped.windows(2).map(|pair| (pair[1] - pair[0]).abs()).fold(0.0, f32::max);
            assert!(seam <= steepest * 1.01, "{rate}: a step of {seam} at the seam, {steepest} elsewhere");
        }
    }

    #[test]
    fn the_first_sample_stays_the_first() {
        // A click at the beginning: its peak must not move, or the voice would not be spoken when we say.
        let mut click = vec![0.0; 16_000];
        click[0] = 1.0;
        let looped = looped_to_48k(click, 16_000);
        let peak = (0..looped.len()).max_by(|&a, &b| looped[a].abs().total_cmp(&looped[b].abs())).expect("samples");
        assert!(peak <= 1 || peak >= looped.len() - 1, "the peak is at {peak}");
    }

    #[test]
    fn a_loop_shorter_than_the_filter_is_converted_too() {
        for length in [1, 2, 7, 100] {
            let looped = looped_to_48k(vec![0.25; length], 16_000);
            assert_eq!(looped.len(), length * 3);
            assert!(looped.iter().all(|sample| (sample - 0.25).abs() < 0.01), "{looped:?}");
        }
    }
}
