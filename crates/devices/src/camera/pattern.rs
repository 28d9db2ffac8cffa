//! A moving picture made by code, for a demonstration without a film: a face-like shape before a drifting background,
//! with its own number in it.

use media::picture::I420;
use units::PictureSize;

use super::CameraFormat;
use super::paced::Source;
use crate::{DeviceError, FrameRate};

/// Which pattern: two that nobody takes for each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PatternKind {
    /// Bluish, drifting to the left.
    Clinician,
    /// Reddish, drifting to the right.
    Patient,
}

impl PatternKind {
    /// Reads back which pattern a picture is from and the lowest 14 bits of its number, whatever it went through and at
    /// whatever size; `None` if it is no such picture.
    pub fn read(picture: &I420) -> Option<(Self, u16)> {
        let size = picture.size();
        let mut word = 0_u32;
        for bar in 0..BARS {
            // The middle of the bar, away from edges that a codec has blurred.
            let x = (2 * bar + 1) * size.width / (2 * BARS);
            let y = size.height - size.height / 24;
            let luma = picture.y().get((y * size.width + x) as usize)?;
            word = word << 1 | u32::from(*luma > 128);
        }
        let (mark, payload) = (word >> 15, word & 0x7fff);
        if mark != u32::from(payload.count_ones().is_multiple_of(2)) {
            return None;
        }
        let kind = if payload >> 14 == 0 { Self::Clinician } else { Self::Patient };
        Some((kind, (payload & 0x3fff) as u16))
    }

    /// The bars of picture `index`: odd parity, the kind, 14 bits of the number; most significant first.
    fn word(self, index: u64) -> u32 {
        let payload = u32::from(self == Self::Patient) << 14 | (index & 0x3fff) as u32;
        u32::from(payload.count_ones().is_multiple_of(2)) << 15 | payload
    }
}

/// Draws the pattern.
pub(super) struct PatternSource {
    kind: PatternKind,
    /// One row is twice as wide as the picture and repeats, so a window on it can drift for ever.
    background: Vec<u8>,
}

impl PatternSource {
    pub(super) fn new(kind: PatternKind) -> Self {
        Self { kind, background: background() }
    }

    /// Draws picture `index`, so many times as wide and as high.
    fn paint(&self, index: u64, scale: usize, picture: &mut I420) {
        picture.resize(PictureSize::new(SIZE.width * scale as u32, SIZE.height * scale as u32));
        let (tint_u, tint_v) = match self.kind {
            PatternKind::Clinician => (144, 116),
            PatternKind::Patient => (116, 142),
        };
        let [y, u, v] = picture.planes_mut();
        self.draw_background(index, scale, y);
        u.fill(tint_u);
        v.fill(tint_v);
        self.draw_face(index, scale, picture);
        self.draw_bars(index, scale, picture);
    }

    fn draw_background(&self, index: u64, scale: usize, y: &mut [u8]) {
        let width = SIZE.width as usize;
        let drift = (index % SIZE.width as u64) as usize;
        let offset = match self.kind {
            PatternKind::Clinician => drift,
            PatternKind::Patient => width - drift,
        };
        if scale == 1 {
            for (row, texture) in y.chunks_exact_mut(width).zip(self.background.chunks_exact(2 * width)) {
                row.copy_from_slice(&texture[offset..offset + width]);
            }
            return;
        }
        for (number, row) in y.chunks_exact_mut(width * scale).enumerate() {
            let texture = &self.background[number / scale * 2 * width + offset..][..width];
            for (column, pixel) in row.iter_mut().enumerate() {
                // As fine as the pixels: a smaller picture that was made larger has nothing of it.
                let checked = (number + column).is_multiple_of(2);
                *pixel = texture[column / scale] + if checked { CHECK } else { 0 };
            }
        }
    }

    fn draw_face(&self, index: u64, scale: usize, picture: &mut I420) {
        let seconds = index as f32 / FPS.as_f64() as f32;
        let pace = if self.kind == PatternKind::Clinician { 0.9 } else { 1.3 };
        let centre_x = 320.0 + 60.0 * (seconds * pace).sin();
        let centre_y = 165.0 + 14.0 * (seconds * pace * 2.3).sin();
        // The mouth opens and shuts at the pace of syllables.
        let mouth = 3.0 + 9.0 * (seconds * 9.0).sin().abs();
        let (width, size) = (SIZE.width as usize * scale, scale as f32);
        let (left, right) = ((centre_x - 90.0) as usize * scale, (centre_x + 90.0) as usize * scale);
        let (top, bottom) = ((centre_y - 120.0) as usize * scale, (centre_y + 120.0) as usize * scale);
        let (skin_u, skin_v) = match self.kind {
            PatternKind::Clinician => (108, 150),
            PatternKind::Patient => (114, 158),
        };
        let [luma, u, v] = picture.planes_mut();
        for row in top..bottom {
            for column in left..right {
                let (x, y) = (column as f32 / size - centre_x, row as f32 / size - centre_y);
                let radius = (x / 85.0).powi(2) + (y / 115.0).powi(2);
                if radius > 1.0 {
                    continue;
                }
                let eye = ((x.abs() - 32.0) / 12.0).powi(2) + ((y + 28.0) / 7.0).powi(2) < 1.0;
                let lips = (x / 30.0).powi(2) + ((y - 52.0) / mouth).powi(2) < 1.0;
                // Light from the upper left.
                let light = 175.0 - 45.0 * radius - 0.2 * x - 0.12 * y;
                luma[row * width + column] = if eye || lips { 50 } else { light as u8 };
                if row % 2 == 0 && column % 2 == 0 {
                    let chroma = row / 2 * (width / 2) + column / 2;
                    (u[chroma], v[chroma]) = (skin_u, if lips { 175 } else { skin_v });
                }
            }
        }
    }

    fn draw_bars(&self, index: u64, scale: usize, picture: &mut I420) {
        let word = self.kind.word(index);
        let (width, height) = (SIZE.width as usize * scale, SIZE.height as usize * scale);
        let bar_width = width / BARS as usize;
        let [luma, u, v] = picture.planes_mut();
        for row in luma.chunks_exact_mut(width).skip(height - height / 12) {
            for (bar, pixels) in row.chunks_exact_mut(bar_width).enumerate() {
                let lit = word >> (BARS as usize - 1 - bar) & 1 == 1;
                pixels.fill(if lit { 220 } else { 32 });
            }
        }
        for plane in [u, v] {
            let from = (height / 2 - height / 24) * (width / 2);
            plane[from..].fill(128);
        }
    }
}

impl Source for PatternSource {
    fn format(&self) -> CameraFormat {
        CameraFormat { size: SIZE, fps: FPS }
    }

    fn draw(&mut self, index: u64, picture: &mut I420) -> Result<(), DeviceError> {
        self.paint(index, 1, picture);
        Ok(())
    }

    fn still(&mut self, index: u64) -> Result<I420, DeviceError> {
        let mut picture = I420::new(SIZE);
        self.paint(index, STILL_SCALE, &mut picture);
        Ok(picture)
    }
}

/// Soft clouds of three sizes over a gradient, twice as wide as the picture and the same in both halves.
fn background() -> Vec<u8> {
    let (width, height) = (SIZE.width as usize, SIZE.height as usize);
    let mut rows = Vec::with_capacity(2 * width * height);
    for row in 0..height {
        let begin = rows.len();
        for column in 0..width {
            let clouds: f32 = [(80, 30.0), (32, 14.0), (8, 5.0)]
                .into_iter()
                .map(|(cell, strength)| strength * cloud(column, row, cell))
                .sum();
            rows.push((70.0 + 50.0 * row as f32 / height as f32 + clouds) as u8);
        }
        rows.extend_from_within(begin..begin + width);
    }
    rows
}

/// Smooth noise from 0 to 1 on a grid of `cell` pixels that repeats after the picture's width.
fn cloud(x: usize, y: usize, cell: usize) -> f32 {
    let columns = SIZE.width as usize / cell;
    let corner = |dx: usize, dy: usize| grain((x / cell + dx) % columns, y / cell + dy, cell);
    let smooth = |position: usize| {
        let t = (position % cell) as f32 / cell as f32;
        t * t * (3.0 - 2.0 * t)
    };
    let (across, down) = (smooth(x), smooth(y));
    let mix = |a: f32, b: f32, t: f32| a + (b - a) * t;
    mix(mix(corner(0, 0), corner(1, 0), across), mix(corner(0, 1), corner(1, 1), across), down)
}

/// A number from 0 to 1 that looks random and is always the same for the same place.
fn grain(column: usize, row: usize, cell: usize) -> f32 {
    let mut hash = (column as u32).wrapping_mul(0x9e37_79b1) ^ (row as u32).wrapping_mul(0x85eb_ca6b) ^ cell as u32;
    hash = (hash ^ hash >> 15).wrapping_mul(0x2c1b_3c6d);
    hash = (hash ^ hash >> 12).wrapping_mul(0x297a_2d39);
    ((hash ^ hash >> 15) >> 8) as f32 / (1_u32 << 24) as f32
}

const SIZE: PictureSize = PictureSize::new(640, 360);
const FPS: FrameRate = FrameRate::THIRTY;
/// A photograph is so many times as wide and as high: 2560×1440.
const STILL_SCALE: usize = 4;
/// How much lighter every second pixel of a photograph is.
const CHECK: u8 = 12;

/// Sixteen bars along the lower edge, each 40 pixels wide and 30 high: they survive a codec at 90 rows.
const BARS: u32 = 16;

#[cfg(test)]
mod tests {
    use media::scale::Scaler;

    use super::*;

    fn picture(kind: PatternKind, index: u64) -> I420 {
        let mut picture = I420::new(SIZE);
        PatternSource::new(kind).draw(index, &mut picture).expect("drawing cannot fail");
        picture
    }

    #[test]
    fn a_picture_tells_whose_it_is_and_its_number_at_every_size() {
        let mut scaler = Scaler::new();
        for kind in [PatternKind::Clinician, PatternKind::Patient] {
            for index in [0, 1, 2, 30, 16_383, 16_384 + 77] {
                let whole = picture(kind, index);
                let expected = Some((kind, (index & 0x3fff) as u16));
                assert_eq!(PatternKind::read(&whole), expected);
                for size in [PictureSize::new(320, 180), PictureSize::new(160, 90), PictureSize::new(1280, 720)] {
                    assert_eq!(PatternKind::read(&scaler.scaled(&whole, size)), expected, "{size}");
                }
            }
        }
    }

    #[test]
    fn a_photograph_is_of_the_same_moment_and_has_what_no_smaller_picture_has() {
        let fine = |picture: &I420| {
            let row = picture.y()[..2_560].windows(2);
            row.filter(|pair| pair[0].abs_diff(pair[1]) >= CHECK / 2).count()
        };
        for kind in [PatternKind::Clinician, PatternKind::Patient] {
            let photograph = PatternSource::new(kind).still(30).expect("drawing cannot fail");
            assert_eq!(photograph.size(), PictureSize::new(2_560, 1_440));
            assert_eq!(PatternKind::read(&photograph), Some((kind, 30)));
            let enlarged = Scaler::new().scaled(&picture(kind, 30), photograph.size());
            assert!(fine(&photograph) > 2_000 && fine(&enlarged) < 100, "{} {}", fine(&photograph), fine(&enlarged));
        }
    }

    #[test]
    fn a_picture_without_bars_has_no_number() {
        assert_eq!(PatternKind::read(&I420::black(SIZE)), None);
    }

    #[test]
    fn every_picture_differs_from_the_last_and_the_kinds_from_each_other() {
        let mean_difference = |a: &I420, b: &I420| {
            let sum: u64 = a.y().iter().zip(b.y()).map(|(a, b)| u64::from(a.abs_diff(*b))).sum();
            sum as f64 / a.y().len() as f64
        };
        for index in [0, 29, 639, 640, 100_000] {
            let this = picture(PatternKind::Clinician, index);
            let moved = mean_difference(&this, &picture(PatternKind::Clinician, index + 1));
            assert!((0.1..20.0).contains(&moved), "{index}: {moved}");
            assert!(mean_difference(&this, &picture(PatternKind::Patient, index)) > 1.0);
        }
    }
}
