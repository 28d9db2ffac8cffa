//! How fast loudspeaker's and microphone's clocks run apart, from nothing but what is played and heard.
//!
//! While the clocks differ, the room's impulse response seems to move: later and later, where the microphone's is the
//! faster one. Two estimates of it, some seconds apart, are correlated with each other; all of the response counts, so it
//! need not have one clear peak, and what somebody says near is not in it.

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;

use realfft::num_complex::Complex32;
use realfft::{ComplexToReal, RealFftPlanner, RealToComplex};

use super::bands::BAND_FRAME;

/// Takes both signals in frames of 10 ms at 16 kHz and measures.
pub(super) struct DriftMeter {
    played: VecDeque<f32>,
    heard: VecDeque<f32>,
    /// The last [`HOP`] played samples that were measured.
    before: Vec<f32>,
    forward: Arc<dyn RealToComplex<f32>>,
    inverse: Arc<dyn ComplexToReal<f32>>,
    /// Cross-spectra of the time with which is compared, and of the time that is compared.
    first: Group,
    second: Group,
    /// Hops since the first group began, the silent ones included.
    hops: u32,
}

/// Some hops, added up.
struct Group {
    spectrum: Vec<Complex32>,
    hops: u32,
    /// The sum of when they were, in hops.
    when: u32,
}

impl Group {
    fn new() -> Self {
        Self { spectrum: vec![Complex32::default(); SPAN / 2 + 1], hops: 0, when: 0 }
    }

    fn clear(&mut self) {
        self.spectrum.fill(Complex32::default());
        (self.hops, self.when) = (0, 0);
    }

    fn middle(&self) -> f64 {
        f64::from(self.when) / f64::from(self.hops.max(1))
    }
}

impl DriftMeter {
    pub(super) fn new() -> Self {
        let mut planner = RealFftPlanner::new();
        Self {
            played: VecDeque::with_capacity(2 * HOP),
            heard: VecDeque::with_capacity(2 * HOP),
            before: vec![0.0; HOP],
            forward: planner.plan_fft_forward(SPAN),
            inverse: planner.plan_fft_inverse(SPAN),
            first: Group::new(),
            second: Group::new(),
            hops: 0,
        }
    }

    /// Takes what the loudspeaker plays.
    pub(super) fn play(&mut self, frame: &[f32; BAND_FRAME]) {
        self.played.extend(frame);
        if self.played.len() > self.heard.len() + APART && self.played.len() > HOP + APART {
            // The microphone has stopped, or not begun.
            self.start_over();
        }
    }

    /// Takes what the microphone hears. By what share its clock is faster than the loudspeaker's, when that is known anew
    /// and is worth a correction; then what was measured is forgotten.
    pub(super) fn hear(&mut self, frame: &[f32; BAND_FRAME]) -> Option<f64> {
        self.heard.extend(frame);
        if self.heard.len() > self.played.len() + APART {
            self.start_over();
        }
        if self.played.len() < HOP || self.heard.len() < HOP {
            return None;
        }
        self.measure_hop();
        if self.second.hops < GROUP {
            return None;
        }
        let found = self.compare();
        if found.is_some() {
            self.forget();
        } else {
            // Against the same first group again, over a longer time; until the room may have changed.
            if self.second.middle() - self.first.middle() > LONGEST {
                std::mem::swap(&mut self.first, &mut self.second);
            }
            self.second.clear();
        }
        found
    }

    fn measure_hop(&mut self) {
        let new: Vec<f32> = self.played.drain(..HOP).collect();
        let mut played = std::mem::replace(&mut self.before, new.clone());
        played.extend(new);
        let mut heard = vec![0.0; HOP];
        heard.extend(self.heard.drain(..HOP));
        self.hops = self.hops.saturating_add(1);
        let power = played.iter().map(|sample| sample * sample).sum::<f32>() / SPAN as f32;
        if power < QUIETEST {
            return;
        }
        let (mut reference, mut echo) = (self.forward.make_output_vec(), self.forward.make_output_vec());
        // Lengths are the planner's own.
        if self.forward.process(&mut played, &mut reference).is_err()
            || self.forward.process(&mut heard, &mut echo).is_err()
        {
            return;
        }
        let group = if self.first.hops < GROUP { &mut self.first } else { &mut self.second };
        for ((sum, reference), echo) in group.spectrum.iter_mut().zip(reference).zip(echo) {
            *sum += echo * reference.conj();
        }
        group.hops += 1;
        group.when += self.hops;
    }

    /// How far the second group's response is behind the first's, as a share of the time between them.
    fn compare(&mut self) -> Option<f64> {
        let mut total = 0.0;
        let mut between: Vec<Complex32> = (self.first.spectrum.iter().zip(&self.second.spectrum))
            .enumerate()
            .map(|(bin, (first, second))| {
                let both = second * first.conj();
                let weight = both.norm().powf(FLATTENING);
                // Below, noise of fans and tables; above, nothing that a small loudspeaker plays.
                if !BINS.contains(&bin) || weight <= f32::MIN_POSITIVE {
                    return Complex32::default();
                }
                total += both.norm() / weight;
                both / weight
            })
            .collect();
        let mut correlation = self.inverse.make_output_vec();
        self.inverse.process(&mut between, &mut correlation).ok()?;
        let elapsed = (self.second.middle() - self.first.middle()) * HOP as f64;
        let reach = (MOST * elapsed) as usize + 2;
        let at = |lag: isize| correlation[lag.rem_euclid(SPAN as isize) as usize];
        let reach = reach as isize;
        let best = (-reach..=reach).max_by(|a, b| at(*a).total_cmp(&at(*b)))?;
        let alike = at(best) / (2.0 * total);
        if !alike.is_finite() || alike <= LEAST_ALIKE || best.abs() == reach {
            return None;
        }
        // A parabola through the best and its neighbours.
        let (left, middle, right) = (at(best - 1), at(best), at(best + 1));
        let bend = left - 2.0 * middle + right;
        let lag = best as f64 + if bend < 0.0 { f64::from(0.5 * (left - right) / bend) } else { 0.0 };
        tracing::trace!(lag, alike, elapsed, "clock drift");
        // The less alike, the less is to be read out of it.
        (lag.abs() > f64::from(LEAST_LAG / (alike * alike))).then(|| lag / elapsed)
    }

    fn forget(&mut self) {
        self.first.clear();
        self.second.clear();
        self.hops = 0;
    }

    fn start_over(&mut self) {
        self.played.clear();
        self.heard.clear();
        self.before.fill(0.0);
        self.forget();
    }
}

impl fmt::Debug for DriftMeter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DriftMeter").finish_non_exhaustive()
    }
}

/// Half a second: an echo that comes later than this is not found.
const HOP: usize = 8_192;
const SPAN: usize = 2 * HOP;
/// Hops of sound that are compared with as many others.
const GROUP: u32 = 1;
/// Hops between two groups.
const LONGEST: f64 = 40.0;
/// Frames come in pairs; two streams that are further apart than 100 ms have lost their ties.
const APART: usize = 1_600;
/// −60 dBFS, in the scale of 16 bit samples.
const QUIETEST: f32 = 1_000.0;
/// 250 Hz to 7 kHz.
const BINS: std::ops::Range<usize> = 256..7_168;
/// How much loud parts of the spectrum are evened out: 1 all, 0 not.
const FLATTENING: f32 = 0.7;
const MOST: f64 = 500e-6;
/// Of 1: what two noises have is about 0.05.
const LEAST_ALIKE: f32 = 0.2;
/// Samples at 16 kHz that are found where there is no drift: about 0.01 when nobody speaks near.
const LEAST_LAG: f32 = 0.03;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::near_end::tests::noise;

    /// What a loudspeaker plays: noise in syllables, without what is above 4 kHz.
    fn played(samples: usize) -> Vec<f32> {
        let mut random = noise(3);
        let mut smooth = [0.0_f32; 3];
        (0..samples)
            .map(|n| {
                smooth[0] += 0.6 * (random() - smooth[0]);
                smooth[1] += 0.6 * (smooth[0] - smooth[1]);
                smooth[2] += 0.6 * (smooth[1] - smooth[2]);
                8_000.0 * smooth[2] * (n as f32 * 0.000_8).sin().abs()
            })
            .collect()
    }

    /// What a microphone whose clock is faster by `faster` hears of it: four reflections, and somebody else.
    fn heard(played: &[f32], faster: f64, other: f32) -> Vec<f32> {
        let mut random = noise(8);
        (0..played.len())
            .map(|n| {
                let at = n as f64 / (1.0 + faster);
                let echo: f32 = [(900.0, 0.5), (1_130.3, -0.3), (1_800.9, 0.2), (2_900.4, 0.1)]
                    .map(|(delay, gain)| {
                        let (whole, part) = ((at - delay).floor(), (at - delay).fract() as f32);
                        let sample = |index: f64| if index < 0.0 { 0.0 } else { played[index as usize] };
                        if part < 0.0 {
                            0.0
                        } else {
                            gain * (sample(whole) * (1.0 - part) + sample(whole + 1.0) * part)
                        }
                    })
                    .iter()
                    .sum();
                echo + other * random()
            })
            .collect()
    }

    /// What was found, in ppm, in `seconds`.
    fn measure(faster: f64, other: f32, seconds: usize) -> Vec<f64> {
        let played = played(16_000 * seconds);
        let heard = heard(&played, faster, other);
        let mut meter = DriftMeter::new();
        let frames = played.as_chunks::<BAND_FRAME>().0.iter().zip(heard.as_chunks::<BAND_FRAME>().0);
        frames
            .filter_map(|(played, heard)| {
                meter.play(played);
                meter.hear(heard)
            })
            .map(|found| found * 1e6)
            .collect()
    }

    #[test]
    fn clocks_that_run_apart_are_measured_within_two_seconds() {
        for ppm in [-300.0, -120.0, -30.0, 30.0, 120.0, 300.0] {
            let found = measure(ppm * 1e-6, 100.0, 2);
            let first = *found.first().unwrap_or_else(|| panic!("{ppm} ppm are not found"));
            assert!((first - ppm).abs() < 0.3 * ppm.abs() + 5.0, "{first:.1} instead of {ppm} ppm");
        }
    }

    #[test]
    fn clocks_that_run_together_are_left_alone() {
        assert!(measure(0.0, 100.0, 30).iter().all(|ppm| ppm.abs() < 2.0));
        assert!(measure(0.0, 3_000.0, 30).iter().all(|ppm| ppm.abs() < 5.0), "somebody speaks near, and louder");
    }

    #[test]
    fn without_an_echo_there_is_nothing_to_measure() {
        let mut random = noise(1);
        let mut meter = DriftMeter::new();
        let sound = played(16_000 * 20);
        for played in sound.as_chunks::<BAND_FRAME>().0 {
            meter.play(played);
            assert_eq!(meter.hear(&std::array::from_fn(|_| 3_000.0 * random())), None);
        }
    }

    #[test]
    fn a_stream_that_stops_and_comes_back_is_measured_anew_and_nothing_grows() {
        let sound = played(16_000 * 30);
        let mut meter = DriftMeter::new();
        for (index, played) in sound.as_chunks::<BAND_FRAME>().0.iter().enumerate() {
            meter.play(played);
            // The microphone is away for the middle third.
            if !(1_000..2_000).contains(&index) {
                assert_eq!(meter.hear(played), None, "frame {index}");
            }
            assert!(meter.played.len() <= 2 * (HOP + APART) && meter.heard.len() <= 2 * (HOP + APART));
        }
    }
}
