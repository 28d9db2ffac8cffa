//! The picture that everything here passes on: planar 4:2:0.

use std::fmt;

use units::PictureSize;

/// A picture in 8-bit planar YUV 4:2:0, BT.601 limited range unless its source says otherwise.
///
/// The three planes lie tightly behind one another in one buffer, Y, U, V, with no padding at the ends of rows: exactly
/// a frame of a `.y4m` file. The chroma planes are half as wide and high, rounded up.
#[derive(Clone, PartialEq, Eq)]
pub struct I420 {
    size: PictureSize,
    data: Vec<u8>,
}

impl I420 {
    /// A picture of unspecified content (all zero: dark green) of this size.
    pub fn new(size: PictureSize) -> Self {
        Self { size, data: vec![0; Self::bytes_of(size)] }
    }

    /// A black picture of this size.
    pub fn black(size: PictureSize) -> Self {
        let mut picture = Self::new(size);
        picture.clear();
        picture
    }

    /// A picture from its bytes as [`as_bytes`](Self::as_bytes) gives them; `None` if they are too many or too few.
    pub fn from_bytes(size: PictureSize, data: Vec<u8>) -> Option<Self> {
        (data.len() == Self::bytes_of(size)).then_some(Self { size, data })
    }

    /// How many bytes a picture of this size has.
    pub const fn bytes_of(size: PictureSize) -> usize {
        let chroma = Self::chroma_size_of(size);
        size.pixels() as usize + 2 * chroma.pixels() as usize
    }

    /// Makes the whole picture black.
    pub fn clear(&mut self) {
        let [y, u, v] = self.planes_mut();
        y.fill(BLACK_LUMA);
        u.fill(NEUTRAL_CHROMA);
        v.fill(NEUTRAL_CHROMA);
    }

    /// Gives the picture this size, keeping the memory; the content is unspecified afterwards if the size was another.
    pub fn resize(&mut self, size: PictureSize) {
        if size != self.size {
            self.data.resize(Self::bytes_of(size), 0);
            self.size = size;
        }
    }

    /// The planes Y, U, V for writing; rows are [`size`](Self::size)`.width` and
    /// [`chroma_size`](Self::chroma_size)`.width` bytes long.
    pub fn planes_mut(&mut self) -> [&mut [u8]; 3] {
        let chroma = self.chroma_size().pixels() as usize;
        let (y, rest) = self.data.split_at_mut(self.size.pixels() as usize);
        let (u, v) = rest.split_at_mut(chroma);
        [y, u, v]
    }

    /// All bytes for writing, in the order of [`as_bytes`](Self::as_bytes).
    pub fn as_bytes_mut(&mut self) -> &mut [u8] {
        &mut self.data
    }

    /// Width and height in luma pixels.
    pub const fn size(&self) -> PictureSize {
        self.size
    }

    /// Width and height of the chroma planes.
    pub const fn chroma_size(&self) -> PictureSize {
        Self::chroma_size_of(self.size)
    }

    /// The planes Y, U, V.
    pub fn planes(&self) -> [&[u8]; 3] {
        let (y, rest) = self.data.split_at(self.size.pixels() as usize);
        let (u, v) = rest.split_at(self.chroma_size().pixels() as usize);
        [y, u, v]
    }

    /// The luma plane.
    pub fn y(&self) -> &[u8] {
        self.planes()[0]
    }

    /// The blue-difference plane.
    pub fn u(&self) -> &[u8] {
        self.planes()[1]
    }

    /// The red-difference plane.
    pub fn v(&self) -> &[u8] {
        self.planes()[2]
    }

    /// All bytes: the planes Y, U, V behind one another, as a `.y4m` file holds them.
    pub fn as_bytes(&self) -> &[u8] {
        &self.data
    }

    const fn chroma_size_of(size: PictureSize) -> PictureSize {
        PictureSize::new(size.width.div_ceil(2), size.height.div_ceil(2))
    }
}

impl fmt::Debug for I420 {
    /// The size only: what a picture shows is people's data.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "I420({})", self.size)
    }
}

/// Black in limited range (ITU-R BT.601-7, table 3).
const BLACK_LUMA: u8 = 16;
/// No colour.
const NEUTRAL_CHROMA: u8 = 128;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn odd_sides_round_the_chroma_up() {
        let picture = I420::black(PictureSize::new(5, 3));
        assert_eq!(picture.chroma_size(), PictureSize::new(3, 2));
        assert_eq!(picture.planes().map(<[u8]>::len), [15, 6, 6]);
        assert_eq!(picture.as_bytes().len(), 27);
        assert!(picture.y().iter().all(|&y| y == 16) && picture.v().iter().all(|&v| v == 128));
    }

    #[test]
    fn bytes_of_the_wrong_length_are_no_picture() {
        let size = PictureSize::new(4, 4);
        assert!(I420::from_bytes(size, vec![0; 23]).is_none());
        let picture = I420::from_bytes(size, (0..24).collect()).expect("24 bytes");
        assert_eq!(picture.u(), [16, 17, 18, 19]);
        assert_eq!(picture.v(), [20, 21, 22, 23]);
    }

    #[test]
    fn a_picture_never_prints_its_content() {
        assert_eq!(format!("{:?}", I420::new(PictureSize::new(640, 360))), "I420(640x360)");
    }
}
