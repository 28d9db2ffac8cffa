//! A photograph as a file that every program shows.

use image::ExtendedColorType;
use image::codecs::jpeg::JpegEncoder;

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

/// A picture could not be made into a JPEG.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the picture could not be made into a JPEG: {0}")]
pub struct NotEncoded(String);

#[cfg(test)]
mod tests {
    use image::codecs::jpeg::JpegDecoder;
    use image::{ColorType, ImageDecoder};
    use units::PictureSize;

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
    fn of_nothing_there_is_no_photograph() {
        assert!(encode(&I420::new(PictureSize::new(0, 0)), 92).is_err());
    }
}
