//! A moving picture, or what stands in its place.

use egui::{Color32, CornerRadius, FontId, Rect, Response, Role, Sense, Stroke, StrokeKind, Ui, WidgetInfo, vec2};

use crate::icons::{self, Icon};
use crate::theme::DARK;
use crate::widgets::fitted;
use crate::{Picture, PicturePainter};

/// Fills `room` with a picture, as large as it goes; `instead` is said where there is none.
pub(crate) fn picture(
    ui: &mut Ui,
    room: Rect,
    which: Picture,
    name: &str,
    instead: Option<&str>,
    painter: &mut dyn PicturePainter,
) -> Response {
    let response = ui.allocate_rect(room, Sense::hover());
    let label = instead.map_or_else(|| name.to_owned(), |instead| format!("{name}: {instead}"));
    response.widget_info(|| WidgetInfo::labeled(Role::Image, true, &label));
    let radius = if which == Picture::Own { CornerRadius::same(8) } else { CornerRadius::ZERO };
    ui.painter().rect_filled(room, radius, DARK.field);
    match (instead, painter.size(which)) {
        (None, Some(size)) => {
            let rect = fitted(room, size.width as f32, size.height as f32);
            painter.paint(ui, rect, which);
        }
        (instead, _) => {
            let mark = (room.height() * 0.3).clamp(24.0, 96.0);
            let center = room.center() - vec2(0.0, mark * 0.35);
            let square = Rect::from_center_size(center, vec2(mark, mark));
            icons::paint(ui.painter(), square, Icon::Person, DARK.line);
            if let Some(instead) = instead {
                let size = if room.width() < 200.0 { 13.0 } else { 16.0 };
                let width = (room.width() - 16.0).max(40.0);
                let words = ui.painter().layout(instead.to_owned(), FontId::proportional(size), DARK.quiet, width);
                let at = square.center_bottom() + vec2(-words.size().x / 2.0, 8.0);
                ui.painter().galley(at, words, DARK.quiet);
            }
        }
    }
    if which == Picture::Own {
        ui.painter().rect_stroke(room, radius, Stroke::new(1.0, Color32::from_white_alpha(40)), StrokeKind::Inside);
    }
    response
}

/// The shape of our own picture, for its place.
pub(crate) fn own_shape(painter: &dyn PicturePainter) -> f32 {
    match painter.size(Picture::Own) {
        Some(size) if size.height > 0 => (size.width as f32 / size.height as f32).clamp(0.5, 2.0),
        _ => 16.0 / 9.0,
    }
}
