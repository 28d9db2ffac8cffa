//! Making a voice a little longer or shorter without changing its pitch.
//!
//! Whole pitch periods are repeated or left out, with a cross-fade over one period (overlap-add at the pitch lag, the
//! time-domain method of Verhelst and Roelands, ICASSP 1993): in a voiced sound the seam cannot be heard, and in a pause
//! there is nothing to hear.

/// What was done to the samples, and by how many they grew or shrank.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Change(pub usize);

/// Leaves one period at the front of `samples` out. `None`, and nothing done, if no lag fits well enough.
///
/// `least_likeness` is the correlation (0 to 1) that the seam must reach; quiet samples always fit. A period longer than
/// `most` is left in, except that of a deep voice, which may be a little longer.
pub(super) fn shrink(samples: &mut Vec<f32>, least_likeness: f32, most: usize) -> Option<Change> {
    let longest = limit(most).min(samples.len().checked_sub(WINDOW)?).min(samples.len() / 2);
    let lag = best_lag(longest, least_likeness, |lag| (&samples[..WINDOW], &samples[lag..lag + WINDOW]))?;
    for index in 0..lag {
        let fade = (index as f32 + 0.5) / lag as f32;
        samples[lag + index] = samples[index] * (1.0 - fade) + samples[lag + index] * fade;
    }
    samples.drain(..lag);
    Some(Change(lag))
}

/// Repeats the last period of `history` before `samples`, which follow it. `None`, and nothing done, if no lag fits.
pub(super) fn stretch(history: &[f32], samples: &mut Vec<f32>, least_likeness: f32, most: usize) -> Option<Change> {
    if samples.len() < WINDOW {
        return None;
    }
    let longest = limit(most).min(history.len()).min(samples.len());
    let joined: Vec<f32> = history[history.len() - longest..].iter().chain(samples.iter()).copied().collect();
    let lag = best_lag(longest, least_likeness, |lag| {
        (&joined[longest..longest + WINDOW], &joined[longest - lag..longest - lag + WINDOW])
    })?;
    let repeated = (0..lag).map(|index| {
        let fade = (index as f32 + 0.5) / lag as f32;
        joined[longest + index] * (1.0 - fade) + joined[longest - lag + index] * fade
    });
    samples.splice(..0, repeated.collect::<Vec<_>>());
    Some(Change(lag))
}

/// The sample of `fresh`, at or near `wanted`, from which on it is most like `seam`, into which it will be faded.
///
/// Half a period of a deep voice is looked around, so that a voiced sound goes on in phase.
pub(super) fn best_join(seam: &[f32], fresh: &[f32], wanted: usize) -> usize {
    if wanted == 0 || seam.is_empty() {
        return wanted;
    }
    let first = wanted.saturating_sub(JOIN);
    let last = (wanted + JOIN).min(fresh.len().saturating_sub(seam.len()));
    let likeness = |from: usize| correlation(seam, &fresh[from..from + seam.len()], 2);
    // `wanted` comes first: where all fit alike (silence), nothing is moved.
    let around = (first..=last).step_by(2).filter(|&from| from + seam.len() <= fresh.len());
    let start = (wanted + seam.len() <= fresh.len()).then(|| (wanted, likeness(wanted)));
    let best = around.map(|from| (from, likeness(from))).fold(start, |best, next| match best {
        Some(best) if next.1 <= best.1 => Some(best),
        _ => Some(next),
    });
    best.map_or(wanted, |(from, _)| from)
}

fn limit(most: usize) -> usize {
    most.clamp(MAX_LAG * 2 / 3, MAX_LAG)
}

/// The lag whose two windows are most alike, first every fourth sample and lag, then finely around the best.
fn best_lag<'a>(
    longest: usize,
    least_likeness: f32,
    windows: impl Fn(usize) -> (&'a [f32], &'a [f32]),
) -> Option<usize> {
    if longest < MIN_LAG {
        return None;
    }
    let (here, there) = windows(longest);
    if power(here) < QUIET && power(there) < QUIET {
        return Some(longest);
    }
    let likeness = |lag: usize, step: usize| {
        let (a, b) = windows(lag);
        correlation(a, b, step)
    };
    let best = |lags: &mut dyn Iterator<Item = usize>, step| {
        lags.map(|lag| (lag, likeness(lag, step))).max_by(|a, b| a.1.total_cmp(&b.1))
    };
    let (rough, _) = best(&mut (MIN_LAG..=longest).step_by(COARSE), COARSE)?;
    let fine = rough.saturating_sub(COARSE).max(MIN_LAG)..=(rough + COARSE).min(longest);
    let (lag, reached) = best(&mut fine.into_iter(), 1)?;
    (reached >= least_likeness).then_some(lag)
}

fn correlation(a: &[f32], b: &[f32], step: usize) -> f32 {
    let (mut cross, mut of_a, mut of_b) = (0.0, 0.0, 0.0);
    for (&a, &b) in a.iter().zip(b).step_by(step) {
        cross += a * b;
        of_a += a * a;
        of_b += b * b;
    }
    cross / (of_a * of_b).sqrt().max(f32::MIN_POSITIVE)
}

fn power(samples: &[f32]) -> f32 {
    samples.iter().map(|sample| sample * sample).sum::<f32>() / samples.len() as f32
}

/// 10 ms are compared: at least one period of any voice.
const WINDOW: usize = 480;
/// 400 Hz, a child's voice.
const MIN_LAG: usize = 120;
/// 15 ms, 67 Hz: the deepest voice.
pub(super) const MAX_LAG: usize = 720;
const COARSE: usize = 4;
/// 5 ms: half a period of 100 Hz.
const JOIN: usize = 240;
/// -60 dB of full scale: a seam in it cannot be heard.
const QUIET: f32 = 1e-6;

#[cfg(test)]
mod tests {
    use std::f32::consts::TAU;

    use super::*;

    fn hum(hertz: f32, samples: usize) -> Vec<f32> {
        let at = |index: usize, harmonic: f32| (TAU * hertz * harmonic * index as f32 / 48_000.0).sin() / harmonic;
        (0..samples).map(|index| 0.3 * (at(index, 1.0) + at(index, 2.0) + at(index, 3.0))).collect()
    }

    fn worst_step(samples: &[f32]) -> f32 {
        samples.windows(2).map(|pair| (pair[1] - pair[0]).abs()).fold(0.0, f32::max)
    }

    #[test]
    fn a_hum_loses_or_gains_whole_periods_without_a_click() {
        for hertz in [80.0, 123.0, 220.0, 390.0] {
            let whole = hum(hertz, 4_000);
            let natural = worst_step(&whole);
            let mut shorter = whole[1_440..].to_vec();
            let Change(left_out) = shrink(&mut shorter, 0.9, MAX_LAG).expect("a periodic sound");
            assert_eq!(shorter.len(), 2_560 - left_out);
            let seam: Vec<f32> = whole[..1_440].iter().chain(&shorter).copied().collect();
            assert!(worst_step(&seam) < natural * 1.3, "{hertz} Hz, shrunk by {left_out}");

            let mut longer = whole[1_440..].to_vec();
            let Change(added) = stretch(&whole[..1_440], &mut longer, 0.9, MAX_LAG).expect("a periodic sound");
            assert_eq!(longer.len(), 2_560 + added);
            let seam: Vec<f32> = whole[..1_440].iter().chain(&longer).copied().collect();
            assert!(worst_step(&seam) < natural * 1.3, "{hertz} Hz, stretched by {added}");
            for change in [left_out, added] {
                let periods = change as f32 * hertz / 48_000.0;
                assert!((periods - periods.round()).abs() < 0.06, "{hertz} Hz: {periods} periods");
            }
        }
    }

    #[test]
    fn noise_is_left_alone_unless_it_must_change() {
        let mut state = 1_u32;
        let noise = std::iter::repeat_with(|| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) as f32 / 8_388_608.0 - 1.0
        });
        let noise: Vec<f32> = noise.take(3_000).collect();
        assert_eq!(shrink(&mut noise.clone(), 0.8, MAX_LAG), None);
        assert_eq!(stretch(&noise[..1_440], &mut noise[1_440..].to_vec(), 0.8, MAX_LAG), None);
        assert!(shrink(&mut noise.clone(), -1.0, MAX_LAG).is_some());
    }

    #[test]
    fn a_pause_changes_by_as_much_as_it_may() {
        let mut pause = vec![0.0; 2_000];
        assert_eq!(shrink(&mut pause, 0.9, MAX_LAG), Some(Change(MAX_LAG)));
        assert_eq!(stretch(&[0.0; 1_440], &mut pause, 0.9, MAX_LAG), Some(Change(MAX_LAG)));
        assert_eq!(pause.len(), 2_000);
    }

    #[test]
    fn too_few_samples_stay_as_they_are() {
        for length in [0, 1, 119, 240, 479, 599] {
            let mut samples = vec![0.0; length];
            assert_eq!(shrink(&mut samples, -1.0, MAX_LAG), None, "{length}");
            assert_eq!(samples.len(), length);
        }
        assert_eq!(stretch(&[], &mut vec![0.0; 960], -1.0, MAX_LAG), None);
    }
}
