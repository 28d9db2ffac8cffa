//! What cameras give, as I420.

use media::convert;
use media::picture::I420;
use nokhwa::utils::FrameFormat;
use units::PictureSize;
use zune_core::bytestream::ZCursor;
use zune_core::colorspace::ColorSpace;
use zune_core::options::DecoderOptions;
use zune_jpeg::JpegDecoder;

/// Converts frames; keeps its buffers warm between them.
#[derive(Debug, Default)]
pub(super) struct Converter {
    interleaved: Vec<u8>,
    planes: [Vec<u8>; 3],
    completed: Vec<u8>,
}

impl Converter {
    /// Fills `target`; `false` if `bytes` are no such frame.
    pub(super) fn convert(&mut self, format: FrameFormat, bytes: &[u8], size: PictureSize, target: &mut I420) -> bool {
        match format {
            FrameFormat::NV12 => convert::nv12(bytes, size, target),
            FrameFormat::YUYV => convert::yuyv(bytes, size, target),
            FrameFormat::RAWRGB => convert::rgb(bytes, size, target),
            FrameFormat::MJPEG => self.jpeg(bytes, target).is_some(),
            FrameFormat::GRAY | FrameFormat::RAWBGR => false,
        }
    }

    /// Of a JPEG the library hands over the whole mapping, most of it stale bytes behind the picture's end; the decoder
    /// stops where the picture does.
    fn jpeg(&mut self, bytes: &[u8], target: &mut I420) -> Option<()> {
        let options = DecoderOptions::new_fast()
            .jpeg_set_out_colorspace(ColorSpace::YCbCr)
            .set_max_width(MAX_SIDE)
            .set_max_height(MAX_SIDE);
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

/// No camera has more; a damaged header may say so.
const MAX_SIDE: usize = 4_096;

#[cfg(test)]
mod tests {
    use super::*;

    /// 32×16, left half white, right half a strong blue, 4:2:0, made with `ffmpeg -f lavfi`.
    const JPEG: &[u8] = include_bytes!("../../../fixtures/white_and_blue.jpg");
    const SIZE: PictureSize = PictureSize::new(32, 16);

    #[test]
    fn a_jpeg_with_stale_bytes_behind_it_becomes_a_picture_of_limited_range() {
        let mut mapping = JPEG.to_vec();
        mapping.extend([0xd8, 0xff, 0x00, 0x55].repeat(5_000));
        let mut picture = I420::new(SIZE);
        let mut converter = Converter::default();
        for _ in 0..2 {
            assert!(converter.convert(FrameFormat::MJPEG, &mapping, SIZE, &mut picture));
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
            converter.convert(FrameFormat::MJPEG, &JPEG[..length], SIZE, &mut picture);
        }
        assert!(!converter.convert(FrameFormat::MJPEG, &JPEG[..100], SIZE, &mut picture));
        for format in [FrameFormat::YUYV, FrameFormat::NV12, FrameFormat::RAWRGB, FrameFormat::GRAY] {
            assert!(!converter.convert(format, &[1; 100], SIZE, &mut picture), "{format}");
        }
    }
}
