//! How late a voice is heard: by where what is heard is most like what was said.

use std::time::Duration;

/// The delay from mouth to ear of a voice, the median over windows of two seconds in which something is said.
///
/// Both sounds are on one clock and of one rate; `longest` is the longest delay looked for. `None` if nothing that is
/// heard is like anything said.
pub fn mouth_to_ear(said: &[f32], heard: &[f32], sample_rate: u32, longest: Duration) -> Option<Duration> {
    let thinned = |samples: &[f32]| -> Vec<f32> {
        samples.chunks_exact(THINNED).map(|few| few.iter().sum::<f32>() / THINNED as f32).collect()
    };
    let rate = f64::from(sample_rate) / THINNED as f64;
    let (said, heard) = (thinned(said), thinned(heard));
    let (window, lags) = ((WINDOW_SECS * rate) as usize, (longest.as_secs_f64() * rate) as usize);
    let mut delays: Vec<usize> = (0..)
        .map(|index| index * window)
        .take_while(|start| start + window + lags <= heard.len().min(said.len() + lags))
        .filter_map(|start| best_lag(&said[start..start + window], &heard[start..start + window + lags]))
        .collect();
    delays.sort_unstable();
    let median = *delays.get(delays.len() / 2)?;
    Some(Duration::from_secs_f64(median as f64 / rate))
}

/// Where in `heard` the window is most alike; `None` where it is silent or unlike everything.
fn best_lag(said: &[f32], heard: &[f32]) -> Option<usize> {
    let power = said.iter().map(|sample| sample * sample).sum::<f32>();
    if power < SILENT * said.len() as f32 {
        return None;
    }
    let likeness = |lag: usize| {
        let there = &heard[lag..lag + said.len()];
        let (mut cross, mut of_there) = (0.0, 0.0);
        for (a, b) in said.iter().zip(there) {
            cross += a * b;
            of_there += b * b;
        }
        cross / (power * of_there).sqrt().max(f32::MIN_POSITIVE)
    };
    let (lag, reached) =
        (0..=heard.len() - said.len()).map(|lag| (lag, likeness(lag))).max_by(|a, b| a.1.total_cmp(&b.1))?;
    (reached >= ALIKE).then_some(lag)
}

/// Enough is left of a voice at a sixth of 48 kHz to tell where it is to an eighth of a millisecond.
const THINNED: usize = 6;
const WINDOW_SECS: f64 = 2.0;
/// -60 dB of full scale.
const SILENT: f32 = 1e-6;
/// Half of what is heard is what was said: coding and concealment change waveforms, other words are below 0.2.
const ALIKE: f32 = 0.4;

#[cfg(test)]
mod tests {
    use super::*;

    /// Something that is never like itself a moment later.
    fn words(seconds: usize) -> Vec<f32> {
        let mut state = 7_u32;
        let mut smooth = 0.0;
        std::iter::repeat_with(|| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            smooth += ((state >> 8) as f32 / 8_388_608.0 - 1.0 - smooth) * 0.2;
            smooth
        })
        .take(seconds * 48_000)
        .collect()
    }

    #[test]
    fn a_delay_is_found_to_a_millisecond_through_noise_and_gaps() {
        let said = words(12);
        for delay_ms in [0, 37, 180, 499] {
            let mut heard = vec![0.0; delay_ms * 48];
            heard.extend(said.iter().zip(words(13).iter().skip(11)).map(|(word, noise)| word * 0.5 + noise * 0.1));
            heard[100_000..110_000].fill(0.0);
            heard.truncate(said.len());
            let found = mouth_to_ear(&said, &heard, 48_000, Duration::from_millis(600)).expect("a voice");
            assert!((found.as_secs_f64() * 1e3 - delay_ms as f64).abs() < 1.0, "{found:?} instead of {delay_ms} ms");
        }
    }

    #[test]
    fn silence_and_other_words_have_no_delay() {
        let (said, longest) = (words(6), Duration::from_millis(300));
        assert_eq!(mouth_to_ear(&said, &vec![0.0; said.len()], 48_000, longest), None);
        let other: Vec<f32> = words(12)[6 * 48_000..].to_vec();
        assert_eq!(mouth_to_ear(&said, &other, 48_000, longest), None);
        assert_eq!(mouth_to_ear(&vec![0.0; said.len()], &said, 48_000, longest), None);
    }
}
