//! Voices and pictures made by arithmetic, and how alike two of them are.

use std::f32::consts::TAU;

use media::I420;
use units::PictureSize;

/// Something like speech: syllables of a pitch pulse train through three formants, with pauses between words.
pub(crate) fn babble(seconds: usize) -> Vec<f32> {
    let mut random = Random(7);
    let mut samples = Vec::with_capacity(seconds * 48_000);
    let mut phase = 0.0_f32;
    let mut resonators = [[0.0_f32; 2]; 3];
    while samples.len() < seconds * 48_000 {
        let voiced = random.share() < 0.75;
        let length = 4_800 + (random.share() * 7_200.0) as usize;
        let pitch = 100.0 + random.share() * 80.0;
        let formants =
            [300.0 + random.share() * 500.0, 900.0 + random.share() * 1_400.0, 2_400.0 + random.share() * 800.0];
        for index in 0..length {
            let place = index as f32 / length as f32;
            let loudness = if voiced { (place * (1.0 - place) * 4.0).sqrt() } else { 0.0 };
            phase += pitch * (1.0 + 0.15 * (place - 0.5)) / 48_000.0;
            let pulse = if phase >= 1.0 { 1.0 } else { 0.0 };
            phase -= pulse;
            let source = pulse + (random.share() - 0.5) * 0.02;
            let mut sum = 0.0;
            for (state, hertz) in resonators.iter_mut().zip(formants) {
                let (radius, angle) = (0.993_f32, TAU * hertz / 48_000.0);
                let out = source + 2.0 * radius * angle.cos() * state[0] - radius * radius * state[1];
                (state[1], state[0]) = (state[0], out);
                sum += out;
            }
            samples.push((sum * loudness * 0.01).clamp(-0.9, 0.9));
        }
    }
    samples.truncate(seconds * 48_000);
    samples
}

/// The correlation of `heard` with `spoken` where the two fit best, `heard` being up to `most` samples later.
pub(crate) fn likeness(spoken: &[f32], heard: &[f32], most: usize) -> (f32, usize) {
    let at = |lag: usize, step: usize| {
        let (mut cross, mut of_a, mut of_b) = (0.0, 0.0, 1e-9);
        for (&a, &b) in spoken.iter().zip(&heard[lag.min(heard.len())..]).step_by(step) {
            cross += a * b;
            of_a += a * a;
            of_b += b * b;
        }
        cross / (of_a * of_b).sqrt().max(1e-9)
    };
    let best = |lags: &mut dyn Iterator<Item = usize>, step| {
        lags.map(|lag| (at(lag, step), lag)).max_by(|a, b| a.0.total_cmp(&b.0)).unwrap_or((0.0, 0))
    };
    let (_, rough) = best(&mut (0..most).step_by(4), 5);
    best(&mut (rough.saturating_sub(6)..rough + 6), 1)
}

/// The picture of a second of slow movement: a lit background, a moving head of a shape, fine grain.
pub(crate) fn picture(size: PictureSize, index: u32) -> I420 {
    let mut picture = I420::new(size);
    let (width, height) = (size.width as f32, size.height as f32);
    let time = index as f32 / 30.0;
    let (centre_x, centre_y) = (width * (0.5 + 0.1 * (time * 1.3).sin()), height * (0.5 + 0.05 * (time * 2.1).cos()));
    let mut random = Random(u64::from(index) + 1);
    let chroma_width = picture.chroma_size().width as usize;
    let [y, u, v] = picture.planes_mut();
    for (row, line) in y.chunks_exact_mut(size.width as usize).enumerate() {
        for (column, luma) in line.iter_mut().enumerate() {
            let (x, row) = (column as f32, row as f32);
            let (dx, dy) = ((x - centre_x) / (width * 0.18), (row - centre_y) / (height * 0.35));
            let far = dx * dx + dy * dy;
            let background = 90.0 + 60.0 * x / width + 12.0 * (x / 23.0).sin() * (row / 17.0).cos();
            let head = 150.0 + 20.0 * (dx * 9.0 + time).sin() * (dy * 7.0).sin() - 30.0 * far;
            let value = if far < 1.0 { head } else { background };
            *luma = (value + (random.share() - 0.5) * 3.0) as u8;
        }
    }
    for (plane, tint) in [(u, 18.0), (v, -14.0)] {
        for (row, line) in plane.chunks_exact_mut(chroma_width).enumerate() {
            for (column, chroma) in line.iter_mut().enumerate() {
                *chroma =
                    (128.0 + tint * ((column as f32 / 31.0).sin() + (row as f32 / 41.0 + time).cos()) / 2.0) as u8;
            }
        }
    }
    picture
}

/// Mean structural similarity of the luma planes over windows of 8×8 (Wang et al., IEEE TIP 13(4), 2004).
pub(crate) fn ssim(a: &I420, b: &I420) -> f64 {
    assert_eq!(a.size(), b.size());
    let (width, height) = (a.size().width as usize, a.size().height as usize);
    let (mut sum, mut windows) = (0.0, 0.0);
    for top in (0..height - 7).step_by(4) {
        for left in (0..width - 7).step_by(4) {
            let (mut s, mut cross) = ([0.0_f64; 4], 0.0);
            for row in top..top + 8 {
                for column in left..left + 8 {
                    let (a, b) = (f64::from(a.y()[row * width + column]), f64::from(b.y()[row * width + column]));
                    s = [s[0] + a, s[1] + b, s[2] + a * a, s[3] + b * b];
                    cross += a * b;
                }
            }
            let (mean_a, mean_b) = (s[0] / 64.0, s[1] / 64.0);
            let (var_a, var_b) = (s[2] / 64.0 - mean_a * mean_a, s[3] / 64.0 - mean_b * mean_b);
            let covariance = cross / 64.0 - mean_a * mean_b;
            let (c1, c2) = (6.502_5, 58.522_5);
            sum += (2.0 * mean_a * mean_b + c1) * (2.0 * covariance + c2)
                / ((mean_a * mean_a + mean_b * mean_b + c1) * (var_a + var_b + c2));
            windows += 1.0;
        }
    }
    sum / windows
}

/// A small generator (xorshift64*): the tests' dice.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    /// Evenly from 0 to 1.
    pub(crate) fn share(&mut self) -> f32 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 40) as f32 / (1 << 24) as f32
    }
}

#[test]
fn a_picture_is_like_itself_and_unlike_another() {
    let size = PictureSize::new(320, 180);
    let first = picture(size, 0);
    assert!(ssim(&first, &first) > 0.999_9);
    assert!(ssim(&first, &picture(size, 20)) < 0.9);
    assert!(ssim(&first, &I420::black(size)) < 0.3);
}

#[test]
fn babble_is_like_itself_later_and_unlike_other_babble() {
    let babble = babble(3);
    let mut later = vec![0.0; 700];
    later.extend_from_slice(&babble);
    let (same, lag) = likeness(&babble[..96_000], &later, 2_000);
    assert!(same > 0.999 && lag == 700, "{same} at {lag}");
    assert!(likeness(&babble[..48_000], &babble[96_000..], 1_000).0 < 0.6);
}
