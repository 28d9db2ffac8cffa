//! Cameras whose pictures are known by their colours.

use std::fs;
use std::path::Path;

use crate::picture::{Area, Picture, alike};

/// Four columns, from the left: none like its mirror image, and each within what video can show.
const BARS: [[u8; 3]; 4] = [[200, 40, 40], [40, 180, 60], [50, 70, 200], [220, 200, 60]];

const WIDTH: usize = 640;
const HEIGHT: usize = 360;

/// Writes a film of the four bars.
pub(crate) fn write_bars(path: &Path) {
    let colors = BARS.map(yuv);
    let mut film = format!("YUV4MPEG2 W{WIDTH} H{HEIGHT} F30:1 Ip A1:1 C420jpeg\nFRAME\n").into_bytes();
    for (plane, part) in [(0, 1), (1, 2), (2, 2)] {
        let row: Vec<u8> = (0..WIDTH / part).map(|x| colors[x * 4 * part / WIDTH][plane]).collect();
        film.extend(row.repeat(HEIGHT / part));
    }
    fs::write(path, film).expect("a film");
}

/// BT.601, limited range: what cameras give.
fn yuv([r, g, b]: [u8; 3]) -> [u8; 3] {
    let [r, g, b] = [r, g, b].map(f64::from);
    let y = 16.0 + (65.481 * r + 128.553 * g + 24.966 * b) / 255.0;
    let u = 128.0 + (-37.797 * r - 74.203 * g + 112.0 * b) / 255.0;
    let v = 128.0 + (112.0 * r - 93.786 * g - 18.214 * b) / 255.0;
    [y, u, v].map(|value| value.round() as u8)
}

/// Whether the place shows the four bars, as others see them.
pub(crate) fn shows_bars(picture: &Picture, area: Area) -> bool {
    is_bars(picture, area, BARS)
}

/// Whether the place shows the four bars as in a mirror, as one sees oneself.
pub(crate) fn shows_mirrored_bars(picture: &Picture, area: Area) -> bool {
    let [a, b, c, d] = BARS;
    is_bars(picture, area, [d, c, b, a])
}

/// Whether the place shows the middle of the four bars, 2.25 times nearer: half of it the second, half the third.
pub(crate) fn shows_bars_nearer(picture: &Picture, area: Area) -> bool {
    let [_, b, c, _] = BARS;
    is_bars(picture, area, [b, b, c, c])
}

fn is_bars(picture: &Picture, area: Area, bars: [[u8; 3]; 4]) -> bool {
    // What a lossy codec and a scaler take.
    const TOLERANCE: u8 = 16;
    let area = area.fitted(WIDTH as i32, HEIGHT as i32);
    columns(picture, area).iter().all(|colors| colors.iter().zip(bars).all(|(one, bar)| alike(*one, bar, TOLERANCE)))
}

/// Whether the place shows a picture of the fake camera: dark, and one quarter bright.
pub(crate) fn shows_a_bright_quarter(picture: &Picture, area: Area) -> bool {
    let area = area.fitted(16, 9);
    let [upper, lower] =
        columns(picture, area).map(|row| row.map(|color| (alike(color, [255; 3], 40), alike(color, [0; 3], 40))));
    let bright = |row: &[(bool, bool); 4]| row.iter().filter(|(bright, _)| *bright).count() == 1;
    let dark = |row: &[(bool, bool); 4]| row.iter().filter(|(_, dark)| *dark).count() == 3;
    upper == lower && bright(&upper) && dark(&upper)
}

/// The colours in the middle of the four columns, in two rows, both above what may stand in the lower corner.
fn columns(picture: &Picture, area: Area) -> [[[u8; 3]; 4]; 2] {
    [0.2, 0.5].map(|down| [0.125, 0.375, 0.625, 0.875].map(|across| picture.color(area, across, down)))
}
