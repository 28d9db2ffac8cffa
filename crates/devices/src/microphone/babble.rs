//! A voice made by code: syllables with a melody, in phrases with pauses, without a word.
//!
//! It is to a voice what a test pattern is to a face: it starts and stops, has a pitch that moves, formants and noise,
//! so that a codec, a jitter buffer and a meter treat it as speech (a pure tone would be none of that).

use std::f32::consts::PI;

use crate::sound::SAMPLE_RATE;

/// Which voice babbles: two that can be told apart by ear and by pitch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ToneKind {
    /// The lower voice, around 110 Hz.
    Clinician,
    /// The higher voice, around 205 Hz.
    Patient,
}

/// Some twelve seconds of babble at 48 kHz that begin and end in silence, so that they can be looped.
pub(super) fn babble(kind: ToneKind) -> Vec<f32> {
    let (pitch, throat, seed) = match kind {
        ToneKind::Clinician => (110.0, 1.0, 7),
        ToneKind::Patient => (205.0, 1.17, 40),
    };
    let mut voice = Voice { pitch, throat, phase: 0.0, dice: Dice(seed), samples: Vec::new() };
    for _ in 0..PHRASES {
        voice.silence(0.15);
        let syllables = 4 + voice.dice.below(4);
        for syllable in 0..syllables {
            let consonant = voice.dice.below(3) > 0;
            if consonant {
                voice.consonant();
            }
            let vowel = VOWELS[voice.dice.below(VOWELS.len())];
            // The melody falls over a phrase, as it does in a statement.
            voice.vowel(vowel, 1.15 - 0.3 * syllable as f32 / syllables as f32);
        }
        voice.silence(0.35);
    }
    normalised(voice.samples)
}

struct Voice {
    pitch: f32,
    /// How much shorter the throat is than a man's: formants go up by it.
    throat: f32,
    phase: f32,
    dice: Dice,
    samples: Vec<f32>,
}

impl Voice {
    fn silence(&mut self, seconds: f32) {
        self.samples.extend(std::iter::repeat_n(0.0, in_samples(seconds)));
    }

    /// A burst of hissing, high for s and f, lower for sh.
    fn consonant(&mut self) {
        let length = in_samples(0.04 + 0.03 * self.dice.unit());
        let mut hiss = Resonator::new(2_500.0 + 2_500.0 * self.dice.unit(), 1_200.0);
        for n in 0..length {
            let noise = self.dice.unit() * 2.0 - 1.0;
            self.samples.push(0.5 * hiss.next(noise) * envelope(n, length));
        }
    }

    /// A train of glottal pulses through three formants.
    fn vowel(&mut self, formants: [f32; 3], melody: f32) {
        let length = in_samples(0.13 + 0.1 * self.dice.unit());
        let mut resonators: Vec<Resonator> = formants
            .iter()
            .zip([80.0, 100.0, 140.0])
            .map(|(&frequency, width)| Resonator::new(frequency * self.throat, width))
            .collect();
        let stress = 0.6 + 0.4 * self.dice.unit();
        for n in 0..length {
            // Every voice trembles a little: 5 Hz, one per cent.
            let tremble = 1.0 + 0.01 * (2.0 * PI * 5.0 * n as f32 / SAMPLE_RATE as f32).sin();
            self.phase += self.pitch * melody * tremble / SAMPLE_RATE as f32;
            self.phase -= self.phase.floor();
            // A pulse that opens slowly and shuts at once, and a breath beside it.
            let pulse = if self.phase < 0.6 { (PI * self.phase / 0.6).sin().powi(2) - 0.3 } else { -0.3 };
            let source = pulse + 0.03 * (self.dice.unit() - 0.5);
            let sum: f32 = resonators.iter_mut().zip([1.0, 0.6, 0.3]).map(|(r, gain)| r.next(source) * gain).sum();
            self.samples.push(sum * stress * envelope(n, length));
        }
    }
}

/// A resonance of two poles, as in Klatt's synthesizer (JASA 67(3), 1980), with a gain of 1 at its peak.
struct Resonator {
    a: f32,
    b: f32,
    c: f32,
    past: [f32; 2],
}

impl Resonator {
    fn new(frequency: f32, width: f32) -> Self {
        let radius = (-PI * width / SAMPLE_RATE as f32).exp();
        let angle = 2.0 * PI * frequency / SAMPLE_RATE as f32;
        Self { a: (1.0 - radius) * 2.0, b: 2.0 * radius * angle.cos(), c: -radius * radius, past: [0.0; 2] }
    }

    fn next(&mut self, input: f32) -> f32 {
        let output = self.a * input + self.b * self.past[0] + self.c * self.past[1];
        self.past = [output, self.past[0]];
        output
    }
}

/// Rises and falls over 20 ms, so that nothing clicks.
fn envelope(n: usize, length: usize) -> f32 {
    let edge = in_samples(0.02).min(length / 2).max(1);
    let from_edge = n.min(length - 1 - n).min(edge);
    (PI / 2.0 * from_edge as f32 / edge as f32).sin().powi(2)
}

/// Brings the loudest sample to a third of full scale: the level of speech in a good recording.
fn normalised(mut samples: Vec<f32>) -> Vec<f32> {
    let peak = samples.iter().fold(0.0_f32, |peak, sample| peak.max(sample.abs()));
    if peak > 0.0 {
        samples.iter_mut().for_each(|sample| *sample *= 0.33 / peak);
    }
    samples
}

fn in_samples(seconds: f32) -> usize {
    (seconds * SAMPLE_RATE as f32) as usize
}

/// The same throws every time: a demonstration is to be repeatable (Numerical Recipes' linear congruential generator).
struct Dice(u32);

impl Dice {
    /// From 0 to 1.
    fn unit(&mut self) -> f32 {
        self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (self.0 >> 8) as f32 / (1_u32 << 24) as f32
    }

    fn below(&mut self, count: usize) -> usize {
        ((self.unit() * count as f32) as usize).min(count - 1)
    }
}

const PHRASES: usize = 8;

/// First three formants in hertz of a man's ah, eh, ee, oh, oo (Peterson and Barney, JASA 24(2), 1952).
const VOWELS: [[f32; 3]; 5] = [
    [730.0, 1_090.0, 2_440.0],
    [530.0, 1_840.0, 2_480.0],
    [270.0, 2_290.0, 3_010.0],
    [570.0, 840.0, 2_410.0],
    [300.0, 870.0, 2_240.0],
];

#[cfg(test)]
mod tests {
    use super::*;

    /// The period in samples at which a stretch repeats best.
    fn period(samples: &[f32]) -> usize {
        let stretch = &samples[..4_800];
        let likeness = |lag: usize| -> f32 { stretch.windows(lag + 1).map(|pair| pair[0] * pair[lag]).sum() };
        (160..800).max_by(|&a, &b| likeness(a).total_cmp(&likeness(b))).expect("lags")
    }

    fn loudest_stretch(samples: &[f32]) -> &[f32] {
        let power = |chunk: &&[f32]| chunk.iter().map(|sample| sample * sample).sum::<f32>();
        samples.chunks_exact(4_800).max_by(|a, b| power(a).total_cmp(&power(b))).expect("stretches")
    }

    #[test]
    fn the_two_voices_differ_in_pitch() {
        for (kind, expected) in [(ToneKind::Clinician, 80.0..140.0), (ToneKind::Patient, 150.0..260.0)] {
            let samples = babble(kind);
            let pitch = SAMPLE_RATE as f32 / period(loudest_stretch(&samples)) as f32;
            assert!(expected.contains(&pitch), "{kind:?}: {pitch} Hz");
        }
    }

    #[test]
    fn it_speaks_and_pauses_and_its_loop_has_no_click() {
        for kind in [ToneKind::Clinician, ToneKind::Patient] {
            let samples = babble(kind);
            let seconds = samples.len() as f32 / SAMPLE_RATE as f32;
            assert!((8.0..20.0).contains(&seconds), "{seconds} s");
            assert_eq!((samples[0], samples[samples.len() - 1]), (0.0, 0.0));
            assert!(samples.iter().all(|sample| sample.is_finite() && sample.abs() <= 0.34));
            let silent = samples.chunks_exact(480).filter(|frame| frame.iter().all(|&s| s == 0.0)).count();
            let share = silent as f32 / (samples.len() / 480) as f32;
            assert!((0.15..0.6).contains(&share), "{share} of it is silence");
        }
    }
}
