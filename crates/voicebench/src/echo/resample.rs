//! Sound at another rate, as exactly as a simulation wants it.

/// `samples` read `step` input samples further for each output sample: 1/3 makes 48 kHz of 16 kHz, 1.00012 a clock that
/// is 120 ppm slow. A windowed sinc of 48 taps; its band ends at the lower of the two rates.
pub(super) fn resample(samples: &[f32], step: f64) -> Vec<f32> {
    let cut = (1.0 / step).min(1.0);
    let reach = (HALF_TAPS as f64 / cut).ceil() as i64;
    let length = (samples.len() as f64 / step) as usize;
    (0..length)
        .map(|index| {
            let at = index as f64 * step;
            let middle = at.floor() as i64;
            ((middle - reach + 1)..=(middle + reach))
                .filter_map(|tap| {
                    let sample = *usize::try_from(tap).ok().and_then(|tap| samples.get(tap))?;
                    Some(f64::from(sample) * kernel((at - tap as f64) * cut) * cut)
                })
                .sum::<f64>() as f32
        })
        .collect()
}

/// A sinc under a Blackman window.
fn kernel(x: f64) -> f64 {
    let within = x / HALF_TAPS as f64;
    if within.abs() >= 1.0 {
        return 0.0;
    }
    let turn = std::f64::consts::PI * within;
    let window = 0.42 + 0.5 * turn.cos() + 0.08 * (2.0 * turn).cos();
    if x.abs() < 1e-9 { 1.0 } else { window * (std::f64::consts::PI * x).sin() / (std::f64::consts::PI * x) }
}

const HALF_TAPS: usize = 24;

#[cfg(test)]
mod tests {
    use super::*;

    fn tone(hz: f64, rate: f64, samples: usize) -> Vec<f32> {
        (0..samples).map(|n| (std::f64::consts::TAU * hz * n as f64 / rate).sin() as f32).collect()
    }

    #[test]
    fn a_tone_stays_the_same_tone_at_another_rate() {
        for hz in [100.0, 1_000.0, 6_000.0] {
            let heard = resample(&tone(hz, 16_000.0, 16_000), 1.0 / 3.0);
            let wanted = tone(hz, 48_000.0, 48_000);
            assert_eq!(heard.len(), 48_000);
            let worst = (2_000..46_000).map(|n| (heard[n] - wanted[n]).abs()).fold(0.0, f32::max);
            assert!(worst < 1e-3, "{worst} at {hz} Hz");
        }
    }

    #[test]
    fn a_slow_clock_takes_fewer_samples() {
        let heard = resample(&tone(1_000.0, 48_000.0, 480_000), 1.000_12);
        let wanted = tone(1_000.12, 48_000.0, heard.len());
        assert!((heard.len() as i64 - 479_942).abs() < 2);
        let worst = (1_000..heard.len() - 1_000).map(|n| (heard[n] - wanted[n]).abs()).fold(0.0, f32::max);
        assert!(worst < 1e-3, "{worst}");
    }
}
