//! Width and height of a picture.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Width and height of a picture in pixels.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct PictureSize {
    /// Pixels in a row.
    pub width: u32,
    /// Rows.
    pub height: u32,
}

impl PictureSize {
    /// `width` × `height` pixels.
    pub const fn new(width: u32, height: u32) -> Self {
        Self { width, height }
    }

    /// How many pixels there are.
    pub const fn pixels(self) -> u64 {
        self.width as u64 * self.height as u64
    }

    /// The largest size of this shape that is at most `height` rows high, with even sides as 4:2:0 needs them.
    ///
    /// Never larger than this size: a picture is not blown up to be sent.
    pub fn fitted_to_height(self, height: u32) -> Self {
        if self.height <= height || self.height == 0 {
            return Self::new(self.width & !1, self.height & !1);
        }
        let width = u64::from(self.width) * u64::from(height) / u64::from(self.height);
        Self::new((width as u32).max(2) & !1, height.max(2) & !1)
    }
}

impl fmt::Debug for PictureSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}x{}", self.width, self.height)
    }
}

impl fmt::Display for PictureSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

/// What was given is not a picture size such as `640x360`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotAPictureSize;

impl fmt::Display for NotAPictureSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a picture size looks like 640x360: two even numbers from 16 to 8192 with an x between")
    }
}

impl std::error::Error for NotAPictureSize {}

impl FromStr for PictureSize {
    type Err = NotAPictureSize;

    fn from_str(text: &str) -> Result<Self, NotAPictureSize> {
        let (width, height) = text.split_once('x').ok_or(NotAPictureSize)?;
        let side = |text: &str| match text.parse::<u32>() {
            Ok(side) if (16..=8192).contains(&side) && side % 2 == 0 => Ok(side),
            _ => Err(NotAPictureSize),
        };
        Ok(Self::new(side(width)?, side(height)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_is_read_as_it_is_written() {
        let size: PictureSize = "640x360".parse().expect("a size");
        assert_eq!(size, PictureSize::new(640, 360));
        assert_eq!(size.to_string().parse(), Ok(size));
        for wrong in ["", "640", "640x", "x360", "641x360", "0x0", "640x99999", "-2x4", "640×360"] {
            assert_eq!(wrong.parse::<PictureSize>(), Err(NotAPictureSize), "{wrong}");
        }
    }

    #[test]
    fn a_smaller_picture_keeps_its_shape_and_even_sides() {
        let size = PictureSize::new(640, 360);
        assert_eq!(size.fitted_to_height(180), PictureSize::new(320, 180));
        assert_eq!(size.fitted_to_height(720), size);
        assert_eq!(PictureSize::new(1279, 719).fitted_to_height(135), PictureSize::new(240, 134));
    }
}
