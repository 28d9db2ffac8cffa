//! From what cameras give to [`I420`], and from there to what others read.
//!
//! Every function but the last fills `target`, which it first gives the right size; it answers `false`, and leaves the content
//! unspecified, when `source` is too short for `size` (a camera that delivers less than it says).

use units::PictureSize;

use crate::I420;

/// Packed 4:2:2 in the order Y0 U Y1 V. Chroma of two rows becomes their mean.
pub fn yuyv(source: &[u8], size: PictureSize, target: &mut I420) -> bool {
    let width = size.width as usize;
    let stride = width.div_ceil(2) * 4;
    if width == 0 || size.height == 0 || source.len() < stride * size.height as usize {
        return false;
    }
    target.resize(size);
    let chroma_width = target.chroma_size().width as usize;
    let [y, u, v] = target.planes_mut();
    for (row, out) in source.chunks_exact(stride).zip(y.chunks_exact_mut(width)) {
        for (pair, out) in row.chunks_exact(4).zip(out.chunks_mut(2)) {
            out[0] = pair[0];
            if let Some(second) = out.get_mut(1) {
                *second = pair[2];
            }
        }
    }
    let rows = source[..stride * size.height as usize].chunks(2 * stride);
    for ((rows, u), v) in rows.zip(u.chunks_exact_mut(chroma_width)).zip(v.chunks_exact_mut(chroma_width)) {
        let (upper, lower) = rows.split_at(stride);
        let lower = if lower.is_empty() { upper } else { lower };
        for (((a, b), u), v) in upper.chunks_exact(4).zip(lower.chunks_exact(4)).zip(u).zip(v) {
            *u = a[1].midpoint(b[1]);
            *v = a[3].midpoint(b[3]);
        }
    }
    true
}

/// Y plane followed by interleaved U and V at half size.
pub fn nv12(source: &[u8], size: PictureSize, target: &mut I420) -> bool {
    if size.pixels() == 0 || source.len() < I420::bytes_of(size) {
        return false;
    }
    target.resize(size);
    let [y, u, v] = target.planes_mut();
    let (luma, chroma) = source.split_at(y.len());
    y.copy_from_slice(luma);
    for ((pair, u), v) in chroma.chunks_exact(2).zip(u).zip(v) {
        (*u, *v) = (pair[0], pair[1]);
    }
    true
}

/// Packed R G B, full range, to BT.601 limited range.
pub fn rgb(source: &[u8], size: PictureSize, target: &mut I420) -> bool {
    let (width, height) = (size.width as usize, size.height as usize);
    if size.pixels() == 0 || source.len() < width * height * 3 {
        return false;
    }
    target.resize(size);
    let chroma_width = target.chroma_size().width as usize;
    let [y, u, v] = target.planes_mut();
    for (pixel, y) in source.chunks_exact(3).zip(y) {
        *y = luma(pixel);
    }
    for (index, (u, v)) in u.iter_mut().zip(v).enumerate() {
        let (x, row) = (index % chroma_width * 2, index / chroma_width * 2);
        let (right, below) = ((x + 1).min(width - 1), (row + 1).min(height - 1));
        let at = |x: usize, row: usize| &source[(row * width + x) * 3..][..3];
        let corners = [at(x, row), at(right, row), at(x, below), at(right, below)];
        let mean = [0, 1, 2].map(|c| (corners.iter().map(|p| i32::from(p[c])).sum::<i32>() + 2) / 4);
        (*u, *v) = (blue_difference(mean), red_difference(mean));
    }
    true
}

/// Three planes of full-range YUV as a JPEG holds them (JFIF), with the given row lengths, to limited range.
///
/// `subsampling` says how much narrower and shorter the chroma planes are: (2, 1) for 4:2:2, (2, 2) for 4:2:0, (1, 1)
/// for 4:4:4.
pub fn jpeg_planes(
    planes: [&[u8]; 3],
    strides: [usize; 3],
    subsampling: (u32, u32),
    size: PictureSize,
    target: &mut I420,
) -> bool {
    let (across, down) = subsampling;
    if size.pixels() == 0 || !matches!(across, 1 | 2) || !matches!(down, 1 | 2) {
        return false;
    }
    let chroma = PictureSize::new(size.width.div_ceil(across), size.height.div_ceil(down));
    for ((plane, stride), size) in planes.into_iter().zip(strides).zip([size, chroma, chroma]) {
        let (width, height) = (size.width as usize, size.height as usize);
        if stride < width || plane.len() < stride * (height - 1) + width {
            return false;
        }
    }
    target.resize(size);
    let out_chroma = target.chroma_size();
    let [y, u, v] = target.planes_mut();
    for (row, out) in planes[0].chunks(strides[0]).zip(y.chunks_exact_mut(size.width as usize)) {
        for (&sample, out) in row.iter().zip(out) {
            *out = LIMITED_LUMA[usize::from(sample)];
        }
    }
    for (plane, (stride, out)) in planes[1..].iter().zip(strides[1..].iter().zip([u, v])) {
        let (right, below) = (2 / across as usize, 2 / down as usize);
        for (row, out) in out.chunks_exact_mut(out_chroma.width as usize).enumerate() {
            for (column, out) in out.iter_mut().enumerate() {
                let mut sum = 0_u32;
                for dy in 0..below {
                    let line = (row * below + dy).min(chroma.height as usize - 1) * stride;
                    for dx in 0..right {
                        sum += u32::from(plane[line + (column * right + dx).min(chroma.width as usize - 1)]);
                    }
                }
                *out = LIMITED_CHROMA[(sum as usize + right * below / 2) / (right * below)];
            }
        }
    }
    true
}

/// Packed R G B, full range, from BT.601 limited range.
pub fn to_rgb(source: &I420) -> Vec<u8> {
    let width = source.size().width as usize;
    let chroma_width = source.chroma_size().width as usize;
    let [y, u, v] = source.planes();
    let mut rgb = Vec::with_capacity(3 * y.len());
    for (number, row) in y.chunks_exact(width.max(1)).enumerate() {
        let chroma = number / 2 * chroma_width;
        for (column, luma) in row.iter().enumerate() {
            let (u, v) = (u[chroma + column / 2], v[chroma + column / 2]);
            let [c, d, e] = [(*luma, 16), (u, 128), (v, 128)].map(|(value, zero)| i32::from(value) - zero);
            // ITU-R BT.601-7 §2.5 turned round, with 8 fractional bits.
            let sums = [298 * c + 409 * e, 298 * c - 100 * d - 208 * e, 298 * c + 516 * d];
            rgb.extend(sums.map(|sum| ((sum + 128) >> 8).clamp(0, 255) as u8));
        }
    }
    rgb
}

/// ITU-R BT.601-7 §2.5 with 8 fractional bits; the sums cannot leave 16..=235.
fn luma(pixel: &[u8]) -> u8 {
    let [r, g, b] = [pixel[0], pixel[1], pixel[2]].map(i32::from);
    (((66 * r + 129 * g + 25 * b + 128) >> 8) + 16) as u8
}

fn blue_difference([r, g, b]: [i32; 3]) -> u8 {
    (((-38 * r - 74 * g + 112 * b + 128) >> 8) + 128) as u8
}

fn red_difference([r, g, b]: [i32; 3]) -> u8 {
    (((112 * r - 94 * g - 18 * b + 128) >> 8) + 128) as u8
}

const LIMITED_LUMA: [u8; 256] = limited(16, 219, 0);
const LIMITED_CHROMA: [u8; 256] = limited(128, 224, 128);

/// Full range 0..=255 around `zero` squeezed to `span` steps around `base`.
const fn limited(base: i32, span: i32, zero: i32) -> [u8; 256] {
    let mut table = [0; 256];
    let mut value = 0;
    while value < 256 {
        let scaled = (value as i32 - zero) * span;
        // Round half away from zero: a plain `/` would pull towards the centre.
        let rounded = if scaled >= 0 { (scaled + 127) / 255 } else { (scaled - 127) / 255 };
        table[value] = (base + rounded) as u8;
        value += 1;
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZE: PictureSize = PictureSize::new(5, 3);

    #[test]
    fn yuyv_keeps_luma_and_averages_the_chroma_of_two_rows() {
        let size = PictureSize::new(4, 2);
        let source = [10, 100, 11, 200, 12, 102, 13, 202, 20, 110, 21, 210, 22, 112, 23, 212];
        let mut target = I420::new(SIZE);
        assert!(yuyv(&source, size, &mut target));
        assert_eq!(target.y(), [10, 11, 12, 13, 20, 21, 22, 23]);
        assert_eq!(target.u(), [105, 107]);
        assert_eq!(target.v(), [205, 207]);
    }

    #[test]
    fn nv12_takes_the_chroma_apart() {
        let size = PictureSize::new(4, 2);
        let mut target = I420::new(SIZE);
        assert!(nv12(&[1, 2, 3, 4, 5, 6, 7, 8, 50, 60, 51, 61], size, &mut target));
        assert_eq!(target.y(), [1, 2, 3, 4, 5, 6, 7, 8]);
        assert_eq!((target.u(), target.v()), ([50, 51].as_slice(), [60, 61].as_slice()));
    }

    #[test]
    fn primary_colours_come_out_as_the_standard_says() {
        let mut target = I420::new(SIZE);
        for (colour, expected) in [
            ([0, 0, 0], [16, 128, 128]),
            ([255, 255, 255], [235, 128, 128]),
            ([255, 0, 0], [82, 90, 240]),
            ([0, 255, 0], [144, 54, 34]),
            ([0, 0, 255], [41, 240, 110]),
        ] {
            assert!(rgb(&colour.repeat(15), SIZE, &mut target));
            for (plane, expected) in target.planes().into_iter().zip(expected) {
                assert!(plane.iter().all(|&s| s.abs_diff(expected) <= 1), "{colour:?}: {plane:?} is not {expected}");
            }
        }
    }

    #[test]
    fn jpeg_planes_of_every_subsampling_come_to_limited_range() {
        let mut target = I420::new(SIZE);
        for subsampling in [(1, 1), (2, 1), (2, 2)] {
            let (y, u, v) = (vec![255; 8 * 3], vec![0; 8 * 3], vec![255; 8 * 3]);
            assert!(jpeg_planes([&y, &u, &v], [8; 3], subsampling, SIZE, &mut target));
            assert!(target.y().iter().all(|&y| y == 235), "{subsampling:?}");
            assert!(target.u().iter().all(|&u| u == 16) && target.v().iter().all(|&v| v == 240), "{subsampling:?}");
        }
    }

    #[test]
    fn a_camera_that_delivers_too_little_is_noticed() {
        let mut target = I420::black(SIZE);
        assert!(!yuyv(&[0; 35], SIZE, &mut target));
        assert!(!nv12(&[0; 26], SIZE, &mut target));
        assert!(!rgb(&[0; 44], SIZE, &mut target));
        assert!(!jpeg_planes([&[0; 14], &[0; 9], &[0; 9]], [5, 3, 3], (2, 1), SIZE, &mut target));
        assert!(!rgb(&[], PictureSize::new(0, 0), &mut target));
        assert!(!jpeg_planes([&[0; 64]; 3], [8; 3], (4, 1), SIZE, &mut target));
    }
}
