//! A laptop's loudspeaker in a room, and what its microphone hears of it.

use rand::rngs::StdRng;
use rand::{Rng, RngExt, SeedableRng};
use realfft::RealFftPlanner;

use super::resample::resample;

/// A room, from a seed.
#[derive(Debug, Clone, Copy)]
pub struct Room {
    /// Of the impulse response and the noise.
    pub seed: u64,
    /// Milliseconds from the program to the loudspeaker, through the room and back to the program, the room's own left out.
    pub delay_ms: u32,
    /// How loud the echo is against the near voice, in dB.
    pub echo_db: f64,
    /// How much faster the microphone's clock is than the loudspeaker's, in parts per million.
    pub drift_ppm: f64,
    /// How much louder the direct sound is than all that the walls send back, in dB.
    pub direct_db: f64,
}

impl Room {
    /// A laptop on a table: its loudspeaker is nearer to its microphone than any wall.
    pub const fn laptop(seed: u64) -> Self {
        Self { seed, delay_ms: 80, echo_db: -5.0, drift_ppm: 0.0, direct_db: 6.0 }
    }

    /// What the microphone hears of `far`, `near_rms` being how loud the near voice is there: loudspeaker, room, bulk
    /// delay, drift. Without noise.
    pub fn echo(&self, far: &[f32], near_rms: f64) -> Vec<f32> {
        let mut rng = StdRng::seed_from_u64(self.seed);
        // Small loudspeakers bend loud sound.
        let bent: Vec<f32> = far.iter().map(|sample| (DRIVE * sample).tanh() / DRIVE).collect();
        let heard = convolve(&band_pass(&bent), &impulse_response(&mut rng, self.direct_db));
        let delayed: Vec<f32> = std::iter::repeat_n(0.0, self.delay_ms as usize * SAMPLES_A_MS).chain(heard).collect();
        let mut echo =
            if self.drift_ppm == 0.0 { delayed } else { resample(&delayed, 1.0 / (1.0 + self.drift_ppm * 1e-6)) };
        echo.resize(far.len(), 0.0);
        let gain = (near_rms * 10_f64.powf(self.echo_db / 20.0) / active_rms(&echo)) as f32;
        echo.iter_mut().for_each(|sample| *sample *= gain);
        echo
    }

    /// The room when nobody speaks: white noise at −55 dBFS.
    pub fn noise(&self, samples: usize) -> Vec<f32> {
        let mut rng = StdRng::seed_from_u64(self.seed ^ NOISE_SEED);
        (0..samples).map(|_| NOISE * gaussian(&mut rng)).collect()
    }
}

/// The RMS of the parts in which somebody speaks: frames of 20 ms within 30 dB of the loudest (after ITU-T P.56, simpler).
pub fn active_rms(voice: &[f32]) -> f64 {
    let power = |frame: &[f32]| frame.iter().map(|s| f64::from(*s) * f64::from(*s)).sum::<f64>() / frame.len() as f64;
    let powers: Vec<f64> = voice.chunks(20 * SAMPLES_A_MS).map(power).collect();
    let loudest = powers.iter().copied().fold(0.0, f64::max);
    let active: Vec<f64> = powers.into_iter().filter(|power| *power > loudest * 1e-3).collect();
    (active.iter().sum::<f64>() / active.len().max(1) as f64).sqrt().max(1e-9)
}

/// Gaussian noise that dies away by 60 dB in [`RT60_S`], after the direct sound.
fn impulse_response(rng: &mut impl Rng, direct_db: f64) -> Vec<f32> {
    let samples = (RT60_S * 1e3) as usize * SAMPLES_A_MS;
    let decay = 1e-3_f64.ln() / samples as f64;
    let mut response: Vec<f32> = (0..samples).map(|n| gaussian(rng) * (decay * n as f64).exp() as f32).collect();
    let energy: f64 = response.iter().map(|tap| f64::from(*tap).powi(2)).sum();
    let tail = (10_f64.powf(-direct_db / 10.0) / energy).sqrt() as f32;
    response.iter_mut().for_each(|tap| *tap *= tail);
    response[0] = 1.0;
    response
}

/// What a small loudspeaker and a small microphone let through: 250 to 9,000 Hz.
fn band_pass(samples: &[f32]) -> Vec<f32> {
    let (mut low, mut high) = (Biquad::high_pass(250.0), Biquad::low_pass(9_000.0));
    samples.iter().map(|sample| high.take(low.take(f64::from(*sample))) as f32).collect()
}

/// Of the second order, Butterworth (Audio EQ Cookbook, R. Bristow-Johnson).
struct Biquad {
    b: [f64; 3],
    a: [f64; 2],
    x: [f64; 2],
    y: [f64; 2],
}

impl Biquad {
    fn high_pass(hz: f64) -> Self {
        Self::new(hz, |cos| [(1.0 + cos) / 2.0, -(1.0 + cos), (1.0 + cos) / 2.0])
    }

    fn low_pass(hz: f64) -> Self {
        Self::new(hz, |cos| [(1.0 - cos) / 2.0, 1.0 - cos, (1.0 - cos) / 2.0])
    }

    fn new(hz: f64, b: impl FnOnce(f64) -> [f64; 3]) -> Self {
        let turn = std::f64::consts::TAU * hz / 48_000.0;
        let alpha = turn.sin() / std::f64::consts::SQRT_2;
        let a0 = 1.0 + alpha;
        let b = b(turn.cos()).map(|it| it / a0);
        Self { b, a: [-2.0 * turn.cos() / a0, (1.0 - alpha) / a0], x: [0.0; 2], y: [0.0; 2] }
    }

    fn take(&mut self, x: f64) -> f64 {
        let y = self.b[0] * x + self.b[1] * self.x[0] + self.b[2] * self.x[1]
            - self.a[0] * self.y[0]
            - self.a[1] * self.y[1];
        self.x = [x, self.x[0]];
        self.y = [y, self.y[0]];
        y
    }
}

/// `samples` through `response`, by one long transform.
fn convolve(samples: &[f32], response: &[f32]) -> Vec<f32> {
    let length = (samples.len() + response.len()).next_power_of_two();
    let mut planner = RealFftPlanner::<f32>::new();
    let (forward, inverse) = (planner.plan_fft_forward(length), planner.plan_fft_inverse(length));
    let transform = |signal: &[f32]| {
        let mut padded = signal.to_vec();
        padded.resize(length, 0.0);
        let mut spectrum = forward.make_output_vec();
        forward.process(&mut padded, &mut spectrum).expect("the buffers are the planner's own");
        spectrum
    };
    let mut product = transform(samples);
    for (bin, other) in product.iter_mut().zip(transform(response)) {
        *bin *= other;
    }
    // A product of real signals' spectra has real ends; rounding may say otherwise.
    product[0].im = 0.0;
    product[length / 2].im = 0.0;
    let mut out = inverse.make_output_vec();
    inverse.process(&mut product, &mut out).expect("the buffers are the planner's own");
    out.truncate(samples.len());
    out.iter_mut().for_each(|sample| *sample /= length as f32);
    out
}

/// Box and Muller.
fn gaussian(rng: &mut impl Rng) -> f32 {
    let (u, v): (f32, f32) = (rng.random_range(f32::MIN_POSITIVE..1.0), rng.random());
    (-2.0 * u.ln()).sqrt() * (std::f32::consts::TAU * v).cos()
}

const SAMPLES_A_MS: usize = 48;
const RT60_S: f64 = 0.35;
/// A loud voice (peak 0.5) bends by 2 %.
const DRIVE: f32 = 0.5;
/// So that the noise is another than the walls.
const NOISE_SEED: u64 = 0x6e6f_6973_6500_0000;
/// −55 dBFS.
const NOISE: f32 = 0.001_778;
