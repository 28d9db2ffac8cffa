//! Who paints the moving pictures.

use units::PictureSize;

/// Which picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Picture {
    /// What our camera sees. The painter mirrors it, as people know themselves.
    Own,
    /// What their camera sees.
    Other,
}

/// Paints moving pictures; handed in by `app`, which knows how.
pub trait PicturePainter {
    /// The size of the newest picture, or nothing if there is none.
    fn size(&self, which: Picture) -> Option<PictureSize>;

    /// Paints the newest picture so that it fills `rect`, which has its shape.
    fn paint(&mut self, ui: &mut egui::Ui, rect: egui::Rect, which: Picture);
}

/// A painter that has no pictures, for tests and before a camera is open.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoPictures;

impl PicturePainter for NoPictures {
    fn size(&self, _which: Picture) -> Option<PictureSize> {
        None
    }

    fn paint(&mut self, _ui: &mut egui::Ui, _rect: egui::Rect, _which: Picture) {}
}
