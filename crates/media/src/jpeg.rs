//! A photograph as a file that every program shows, and such a file as a picture.

use std::io::Cursor;

use image::codecs::jpeg::{JpegDecoder, JpegEncoder};
use image::metadata::Orientation;
use image::{DynamicImage, ExtendedColorType, ImageDecoder, Limits};
use units::PictureSize;

use crate::{I420, convert};

/// The picture as a JPEG (JFIF, full range, chroma in full size); nothing is in it but the picture. `quality` is from 1 to 100, as
/// libjpeg's.
///
/// # Errors
/// If the picture is empty, or has a side longer than 65,535.
pub fn encode(picture: &I420, quality: u8) -> Result<Vec<u8>, NotEncoded> {
    let (size, rgb) = (picture.size(), convert::to_rgb(picture));
    if size.pixels() == 0 {
        return Err(NotEncoded("it is empty".to_owned()));
    }
    let mut jpeg = Vec::new();
    let encoded = JpegEncoder::new_with_quality(&mut jpeg, quality).encode(
        &rgb,
        size.width,
        size.height,
        ExtendedColorType::Rgb8,
    );
    encoded.map(|()| jpeg).map_err(|error| NotEncoded(error.to_string()))
}

/// Pixels of a photograph at most that is read: of the largest cameras, and a fifth of a gigabyte in memory.
const MOST_PIXELS: u64 = 64_000_000;

/// A photograph that was read: packed R G B, rows without gaps, from above.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rgb {
    /// How large it is.
    pub size: PictureSize,
    /// Three bytes a pixel.
    pub pixels: Vec<u8>,
}

/// Reads a JPEG that may come from anybody; it stands upright as its file says. No side of what is answered is longer than
/// `most_side`: a longer one is made smaller.
///
/// # Errors
/// It is none, it is damaged, or it has more pixels than any camera takes.
pub fn decode(jpeg: &[u8], most_side: u32) -> Result<Rgb, NotDecoded> {
    let damaged = |error: image::ImageError| NotDecoded(error.to_string());
    let mut decoder = JpegDecoder::new(Cursor::new(jpeg)).map_err(damaged)?;
    let (width, height) = decoder.dimensions();
    if u64::from(width) * u64::from(height) > MOST_PIXELS {
        return Err(NotDecoded("it is larger than any photograph".to_owned()));
    }
    let mut limits = Limits::default();
    limits.max_alloc = Some(MOST_PIXELS * 4);
    decoder.set_limits(limits).map_err(damaged)?;
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let mut picture = DynamicImage::from_decoder(decoder).map_err(damaged)?;
    picture.apply_orientation(orientation);
    if picture.width().max(picture.height()) > most_side {
        picture = picture.thumbnail(most_side, most_side);
    }
    let rgb = picture.into_rgb8();
    Ok(Rgb { size: PictureSize::new(rgb.width(), rgb.height()), pixels: rgb.into_raw() })
}

/// What should be a photograph is none that can be shown.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the photograph cannot be read: {0}")]
pub struct NotDecoded(String);

/// A picture could not be made into a JPEG.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the picture could not be made into a JPEG: {0}")]
pub struct NotEncoded(String);

#[cfg(test)]
mod tests {
    use image::ColorType;

    use super::*;

    #[test]
    fn a_photograph_is_read_back_by_others_with_its_colours_and_nothing_else() {
        let size = PictureSize::new(66, 34);
        let (mut picture, mut rgb) = (I420::new(size), Vec::new());
        for pixel in 0..size.pixels() {
            let left = pixel % 66 < 32;
            rgb.extend_from_slice(if left { &[200, 30, 40] } else { &[20, 60, 220] });
        }
        assert!(convert::rgb(&rgb, size, &mut picture));
        let jpeg = encode(&picture, 92).expect("a small picture");
        assert!(!jpeg.windows(4).any(|at| at == b"Exif"), "where and by what it was taken is nobody's");
        let decoder = JpegDecoder::new(std::io::Cursor::new(jpeg)).expect("a JPEG");
        assert_eq!((decoder.dimensions(), decoder.color_type()), ((66, 34), ColorType::Rgb8));
        let mut read = vec![0; decoder.total_bytes() as usize];
        decoder.read_image(&mut read).expect("whole");
        let at = |x: usize| &read[(17 * 66 + x) * 3..][..3];
        let near = |seen: &[u8], shown: [u8; 3]| seen.iter().zip(shown).all(|(a, b)| a.abs_diff(b) <= 6);
        assert!(near(at(10), [200, 30, 40]) && near(at(50), [20, 60, 220]), "{:?} {:?}", at(10), at(50));
    }

    #[test]
    fn what_was_taken_is_shown_again_whole_or_smaller() {
        let jpeg = encode(&I420::black(PictureSize::new(66, 34)), 92).expect("a small picture");
        let whole = decode(&jpeg, 66).expect("ours");
        assert_eq!((whole.size, whole.pixels.len()), (PictureSize::new(66, 34), 66 * 34 * 3));
        assert!(whole.pixels.iter().all(|level| *level < 4));
        assert_eq!(decode(&jpeg, 33).expect("ours").size, PictureSize::new(33, 17));
    }

    #[test]
    fn what_is_no_photograph_is_refused() {
        let mut jpeg = encode(&I420::black(PictureSize::new(66, 34)), 92).expect("a small picture");
        assert!(decode(b"", 100).is_err() && decode(b"GIF89a", 100).is_err() && decode(&jpeg[..30], 100).is_err());
        // SOF0: its height and width stand five bytes behind the marker (ITU-T T.81, B.2.2).
        let frame = jpeg.windows(2).position(|at| at == [0xff, 0xc0]).expect("a frame");
        jpeg[frame + 5..frame + 9].copy_from_slice(&[0xff, 0xff, 0xff, 0xff]);
        assert!(decode(&jpeg, 100).is_err(), "13 gigabytes");
    }

    #[test]
    fn of_nothing_there_is_no_photograph() {
        assert!(encode(&I420::new(PictureSize::new(0, 0)), 92).is_err());
    }
}
