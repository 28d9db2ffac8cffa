//! Pictures of a call without any camera.

use egui::Rect;
use ui::{Picture, PicturePainter, Shown};
use units::PictureSize;

use super::Moment;

/// A painter whose pictures are two plain colours; keeps how each was to be seen.
#[derive(Debug, Clone, Default)]
pub struct PlainPictures {
    pub has: bool,
    pub shown: Vec<(Picture, Rect, Shown)>,
}

impl PlainPictures {
    /// One that has pictures, or none.
    pub fn of(moment: &Moment) -> Self {
        Self { has: moment.pictures, shown: Vec::new() }
    }
}

impl PicturePainter for PlainPictures {
    fn size(&self, which: Picture) -> Option<PictureSize> {
        let size = match which {
            Picture::Own => PictureSize::new(640, 360),
            Picture::Other => PictureSize::new(1280, 720),
        };
        self.has.then_some(size)
    }

    fn paint(&mut self, ui: &mut egui::Ui, rect: Rect, which: Picture, shown: Shown) {
        let color = match which {
            Picture::Own => egui::Color32::from_rgb(120, 90, 70),
            Picture::Other => egui::Color32::from_rgb(60, 100, 110),
        };
        let painter = ui.painter().with_clip_rect(rect.intersect(ui.clip_rect()));
        painter.rect_filled(rect, 0, color);
        let nearer = 1.0 / shown.part.width();
        let middle = (egui::pos2(0.5, 0.5) - shown.part.min) * nearer;
        let middle = rect.min + middle * rect.size();
        painter.circle_filled(middle, rect.height() * 0.25 * nearer, egui::Color32::from_rgb(220, 180, 150));
        self.shown.push((which, rect, shown));
    }
}
