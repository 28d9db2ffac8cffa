//! Who paints the moving pictures.

use egui::{Pos2, Rect, pos2};
use units::PictureSize;

/// Which picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Picture {
    /// What our camera sees.
    Own,
    /// What their camera sees.
    Other,
}

/// How a picture is to be seen.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Shown {
    /// Which part of it, as parts of its width and height from its upper left corner: the whole is 0 to 1.
    pub part: Rect,
    /// As in a mirror, in which people know themselves.
    pub mirrored: bool,
}

impl Shown {
    /// All of it, as the camera sees it.
    pub const WHOLE: Self = Self { part: Rect { min: Pos2::ZERO, max: pos2(1.0, 1.0) }, mirrored: false };
}

/// Paints moving pictures; handed in by `app`, which knows how.
pub trait PicturePainter {
    /// The size of the newest picture, or nothing if there is none.
    fn size(&self, which: Picture) -> Option<PictureSize>;

    /// Paints what is to be seen of the newest picture so that it fills `rect`, which has its shape.
    fn paint(&mut self, ui: &mut egui::Ui, rect: Rect, which: Picture, shown: Shown);
}

/// A painter that has no pictures, for tests and before a camera is open.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoPictures;

impl PicturePainter for NoPictures {
    fn size(&self, _which: Picture) -> Option<PictureSize> {
        None
    }

    fn paint(&mut self, _ui: &mut egui::Ui, _rect: Rect, _which: Picture, _shown: Shown) {}
}
