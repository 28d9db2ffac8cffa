//! What cameras give, as I420.

use media::convert;
use media::picture::I420;
use units::PictureSize;
use zune_core::bytestream::ZCursor;
use zune_core::colorspace::ColorSpace;
use zune_core::options::DecoderOptions;
use zune_jpeg::JpegDecoder;

use super::Shape;
use super::offer::{MAX_SIDE, PixelFormat};

/// Converts frames; keeps its buffers warm between them.
#[derive(Debug, Default)]
pub(super) struct Converter {
    interleaved: Vec<u8>,
    planes: [Vec<u8>; 3],
    completed: Vec<u8>,
    unpadded: Vec<u8>,
    /// A JPEG of this camera had its mark of the end: one that has none is torn.
    has_ends: bool,
}

impl Converter {
    /// Fills `target`; `false` if `bytes` are no such frame, or but a part of one.
    pub(super) fn convert(&mut self, shape: Shape, bytes: &[u8], target: &mut I420) -> bool {
        let Shape { format, size, row_bytes } = shape;
        let width = size.width as usize;
        // Rows of a plane, and bytes in one of them.
        let (tight, rows) = match format {
            PixelFormat::Nv12 => (width, size.height as usize * 3 / 2),
            PixelFormat::Yuyv => (2 * width, size.height as usize),
            PixelFormat::Rgb => (3 * width, size.height as usize),
            PixelFormat::Jpeg => return self.is_whole(bytes) && self.jpeg(bytes, target).is_some(),
        };
        let bytes = if row_bytes as usize > tight {
            self.unpadded.clear();
            let rows = bytes.chunks_exact(row_bytes as usize).take(rows);
            rows.for_each(|row| self.unpadded.extend_from_slice(&row[..tight]));
            &self.unpadded
        } else {
            bytes
        };
        match format {
            PixelFormat::Nv12 => convert::nv12(bytes, size, target),
            PixelFormat::Yuyv => convert::yuyv(bytes, size, target),
            _ => convert::rgb(bytes, size, target),
        }
    }

    /// Whether a JPEG has its end. Some cameras never mark it, so that this is asked only of one that once did.
    fn is_whole(&mut self, bytes: &[u8]) -> bool {
        // Looked for from behind: cameras fill up with zeros. Within a picture these two bytes do not follow each other.
        let has_end = bytes.windows(2).rev().any(|pair| pair == END_OF_IMAGE);
        self.has_ends |= has_end;
        has_end || !self.has_ends
    }

    fn jpeg(&mut self, bytes: &[u8], target: &mut I420) -> Option<()> {
        let options = DecoderOptions::new_fast()
            .jpeg_set_out_colorspace(ColorSpace::YCbCr)
            .set_max_width(MAX_SIDE as usize)
            .set_max_height(MAX_SIDE as usize);
        let bytes = if lacks_codes(bytes)? { completed(bytes, &mut self.completed) } else { bytes };
        let mut decoder = JpegDecoder::new_with_options(ZCursor::new(bytes), options);
        decoder.decode_headers().ok()?;
        let (width, height) = decoder.dimensions()?;
        if width % 2 != 0 || height % 2 != 0 {
            return None;
        }
        let count = width * height;
        if decoder.output_buffer_size()? != 3 * count {
            return None;
        }
        self.interleaved.resize(3 * count, 0);
        decoder.decode_into(&mut self.interleaved).ok()?;

        for (component, plane) in self.planes.iter_mut().enumerate() {
            plane.clear();
            plane.extend(self.interleaved.chunks_exact(3).map(|pixel| pixel[component]));
        }
        let [y, u, v] = &self.planes;
        let size = PictureSize::new(width as u32, height as u32);
        convert::jpeg_planes([y, u, v], [width; 3], (1, 1), size, target).then_some(())
    }
}

/// Whether a JPEG leaves out its Huffman tables, as many cameras do: they mean the usual ones (ITU-T T.81, K.3).
/// `None` if it has no picture.
fn lacks_codes(jpeg: &[u8]) -> Option<bool> {
    let mut rest = jpeg.strip_prefix(&[0xff, 0xd8])?;
    loop {
        let (&[marker, kind, high, low], _) = rest.split_first_chunk()?;
        match (marker, kind) {
            (0xff, 0xff) => rest = &rest[1..],
            (0xff, HUFFMAN_TABLES) => return Some(false),
            (0xff, START_OF_SCAN) => return Some(true),
            (0xff, _) => rest = rest.get(2 + usize::from(u16::from_be_bytes([high, low]))..)?,
            _ => return None,
        }
    }
}

/// The JPEG with the mark of a film's picture, by which the decoder takes the usual tables.
fn completed<'a>(jpeg: &[u8], buffer: &'a mut Vec<u8>) -> &'a [u8] {
    buffer.clear();
    buffer.extend_from_slice(&jpeg[..2]);
    buffer.extend_from_slice(b"\xff\xe0\x00\x10AVI1\0\0\0\0\0\0\0\0\0\0");
    buffer.extend_from_slice(&jpeg[2..]);
    buffer
}

const HUFFMAN_TABLES: u8 = 0xc4;
const START_OF_SCAN: u8 = 0xda;
const END_OF_IMAGE: [u8; 2] = [0xff, 0xd9];

#[cfg(test)]
mod tests {
    use super::*;

    /// 32×16, left half white, right half a strong blue, 4:2:0, made with `ffmpeg -f lavfi`.
    const JPEG: &[u8] = include_bytes!("../../../fixtures/white_and_blue.jpg");
    const SIZE: PictureSize = PictureSize::new(32, 16);

    fn shape(format: PixelFormat) -> Shape {
        Shape { format, size: SIZE, row_bytes: 0 }
    }

    #[test]
    fn a_jpeg_that_is_filled_up_with_zeros_becomes_a_picture_of_limited_range() {
        let mut filled = JPEG.to_vec();
        filled.resize(20_000, 0);
        let mut picture = I420::new(SIZE);
        let mut converter = Converter::default();
        for _ in 0..2 {
            assert!(converter.convert(shape(PixelFormat::Jpeg), &filled, &mut picture));
        }
        assert_eq!(picture.size(), SIZE);
        let [y, u, v] = picture.planes();
        // BT.601 limited range: white is (235, 128, 128), blue (41, 240, 110).
        let near = |value: u8, expected: u8| value.abs_diff(expected) <= 3;
        assert!(near(y[8 * 32 + 4], 235) && near(y[8 * 32 + 28], 41), "{} {}", y[260], y[284]);
        assert!(near(u[4 * 16 + 2], 128) && near(u[4 * 16 + 14], 240), "{} {}", u[66], u[78]);
        assert!(near(v[4 * 16 + 2], 128) && near(v[4 * 16 + 14], 110), "{} {}", v[66], v[78]);
    }

    #[test]
    fn a_frame_that_was_cut_or_is_something_else_is_none_and_no_panic() {
        let mut picture = I420::new(SIZE);
        let mut converter = Converter::default();
        for length in 0..JPEG.len() {
            converter.convert(shape(PixelFormat::Jpeg), &JPEG[..length], &mut picture);
        }
        assert!(!converter.convert(shape(PixelFormat::Jpeg), &JPEG[..100], &mut picture));
        for format in [PixelFormat::Yuyv, PixelFormat::Nv12, PixelFormat::Rgb] {
            assert!(!converter.convert(shape(format), &[1; 100], &mut picture), "{format:?}");
            let padded = Shape { row_bytes: 4_000, ..shape(format) };
            assert!(!converter.convert(padded, &[1; 100], &mut picture), "{format:?}");
        }
    }

    #[test]
    fn a_camera_that_never_marks_the_end_gives_pictures_and_one_that_did_gives_none_without() {
        let mut picture = I420::new(SIZE);
        let mut converter = Converter::default();
        let without = &JPEG[..JPEG.len() - 2];
        assert!(converter.convert(shape(PixelFormat::Jpeg), without, &mut picture));
        assert!(converter.convert(shape(PixelFormat::Jpeg), JPEG, &mut picture));
        assert!(!converter.convert(shape(PixelFormat::Jpeg), without, &mut picture));
    }

    #[test]
    fn unused_bytes_behind_each_row_are_left_out() {
        let mut picture = I420::new(SIZE);
        for (format, tight, rows) in
            [(PixelFormat::Nv12, 32, 24), (PixelFormat::Yuyv, 64, 16), (PixelFormat::Rgb, 96, 16)]
        {
            let row = [vec![128; tight], vec![7; 32]].concat();
            let padded = Shape { row_bytes: row.len() as u32, ..shape(format) };
            assert!(Converter::default().convert(padded, &row.repeat(rows), &mut picture), "{format:?}");
            let [y, u, v] = picture.planes();
            let chroma = u.iter().chain(v);
            assert!(y.iter().all(|luma| (120..=130).contains(luma)), "{format:?}");
            assert!(chroma.clone().all(|&value| value == 128), "{format:?}");
        }
    }
}
