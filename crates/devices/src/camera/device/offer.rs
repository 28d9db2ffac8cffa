//! What a camera offers, and which of it is best.

use std::cmp::Reverse;

use units::PictureSize;

use crate::FrameRate;

/// How the bytes of a frame make a picture; the cheapest to convert first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum PixelFormat {
    /// A plane of luma, then one with both chromas by turns, at half the size.
    Nv12,
    /// Luma and chroma by turns, chroma at half the width.
    Yuyv,
    /// Red, green and blue bytes.
    Rgb,
    /// A JPEG each.
    Jpeg,
}

/// One of the forms in which a camera can give its pictures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Offer {
    pub(super) format: PixelFormat,
    pub(super) size: PictureSize,
    pub(super) fps: FrameRate,
}

/// For what a camera is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Want {
    /// A picture that moves.
    Call,
    /// A photograph.
    Still,
}

impl Want {
    /// The offers to ask for, in that order.
    pub(super) fn best_first(self, offers: Vec<Offer>) -> Vec<Offer> {
        match self {
            Self::Call => best_first(offers),
            Self::Still => largest_first(offers),
        }
    }
}

/// The largest that is offered; nothing where nothing is.
pub(super) fn largest(offers: &[Offer]) -> PictureSize {
    let sizes = offers.iter().map(|offer| offer.size).filter(|size| is_usable(*size));
    sizes.max_by_key(|size| size.pixels()).unwrap_or(PictureSize::new(0, 0))
}

/// As large as there is, what is not compressed before what is.
fn largest_first(mut offers: Vec<Offer>) -> Vec<Offer> {
    offers.retain(|offer| is_usable(offer.size));
    let worth = |offer: &Offer| (offer.size.pixels(), offer.format != PixelFormat::Jpeg, offer.fps.rounded());
    offers.sort_by_key(|offer| Reverse(worth(offer)));
    offers
}

const fn is_usable(size: PictureSize) -> bool {
    size.width.is_multiple_of(2) && size.height.is_multiple_of(2) && size.width <= MAX_SIDE && size.height <= MAX_SIDE
}

/// The offers to ask for, in that order: up to 720 rows and 30 pictures a second, first of all enough pictures, then
/// enough rows, then what costs least to convert.
fn best_first(mut offers: Vec<Offer>) -> Vec<Offer> {
    offers.retain(|offer| is_usable(offer.size));
    let worth = |offer: &Offer| {
        let fits = offer.size.height <= MAX_ROWS;
        let rows = if fits { i64::from(offer.size.height) } else { -i64::from(offer.size.height) };
        // 4:3 shows less of a room than 16:9 at the same height.
        let width = i64::from(offer.size.width);
        let rate = offer.fps.rounded();
        (rate.min(ENOUGH_RATE), fits, rows, width, Reverse(rate.abs_diff(30)), Reverse(offer.format))
    };
    offers.sort_by_key(|offer| Reverse(worth(offer)));
    offers
}

/// No camera has more; a damaged header may say so, and what is decoded is bounded.
pub(super) const MAX_SIDE: u32 = 4_096;

/// More than this is scaled down before it is sent anyway.
const MAX_ROWS: u32 = 720;

/// Below this a face looks jerky; above it more rows are worth more than more pictures.
const ENOUGH_RATE: u32 = 24;

#[cfg(test)]
mod tests {
    use super::*;

    fn offer(width: u32, height: u32, format: PixelFormat, rate: (u32, u32)) -> Offer {
        let fps = FrameRate::new(rate.0, rate.1).expect("a rate");
        Offer { format, size: PictureSize::new(width, height), fps }
    }

    #[test]
    fn of_what_a_usual_camera_offers_the_best_is_asked_for_first() {
        let offers = [
            offer(1920, 1080, PixelFormat::Jpeg, (30, 1)),
            offer(1280, 720, PixelFormat::Jpeg, (30, 1)),
            offer(1280, 720, PixelFormat::Yuyv, (10, 1)),
            offer(640, 480, PixelFormat::Yuyv, (30, 1)),
            offer(640, 480, PixelFormat::Jpeg, (30, 1)),
        ];
        let [full, wide, slow, plain, small] = offers;
        assert_eq!(best_first(offers.to_vec()), [wide, plain, small, full, slow]);
        assert_eq!(best_first(vec![slow]), [slow]);
        assert_eq!(best_first(vec![offer(641, 480, PixelFormat::Yuyv, (30, 1))]), []);
    }

    #[test]
    fn for_a_photograph_the_largest_is_asked_for_and_what_is_not_compressed_first() {
        let offers = [
            offer(1280, 720, PixelFormat::Jpeg, (30, 1)),
            offer(2592, 1944, PixelFormat::Jpeg, (15, 1)),
            offer(2592, 1944, PixelFormat::Yuyv, (2, 1)),
            offer(8192, 4096, PixelFormat::Jpeg, (1, 1)),
            offer(641, 480, PixelFormat::Yuyv, (30, 1)),
        ];
        let [wide, full, raw, ..] = offers;
        assert_eq!(Want::Still.best_first(offers.to_vec()), [raw, full, wide]);
        assert_eq!(largest(&offers), full.size);
        assert_eq!(largest(&[]).pixels(), 0);
    }

    #[test]
    fn a_rate_that_is_no_whole_number_is_as_good_as_the_next_one() {
        let ntsc = offer(1280, 720, PixelFormat::Jpeg, (30_000, 1_001));
        let slower = offer(1280, 720, PixelFormat::Jpeg, (25, 1));
        let half = offer(1280, 720, PixelFormat::Nv12, (15_000, 1_001));
        let smaller = offer(640, 480, PixelFormat::Nv12, (30, 1));
        assert_eq!(best_first(vec![half, smaller, slower, ntsc]), [ntsc, slower, smaller, half]);
    }
}
