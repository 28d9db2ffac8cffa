//! A moving picture, or what stands in its place.

use egui::text::LayoutJob;
use egui::{
    Align, Color32, CornerRadius, FontId, Rect, Response, Role, Sense, Stroke, StrokeKind, Ui, WidgetInfo, pos2, vec2,
};

use crate::icons::{self, Icon};
use crate::theme::{Palette, TARGET};
use crate::widgets::fitted;
use crate::{Picture, PicturePainter, Settings, Shown};

/// Fills `room` with a picture, as large as it goes; `instead` is said where there is none.
pub(crate) fn picture(
    ui: &mut Ui,
    (room, sense): (Rect, Sense),
    (which, shown): (Picture, Shown),
    name: &str,
    instead: Option<&str>,
    painter: &mut dyn PicturePainter,
) -> Response {
    let response = ui.allocate_rect(room, sense);
    let label = instead.map_or_else(|| name.to_owned(), |instead| format!("{name}: {instead}"));
    response.widget_info(|| WidgetInfo::labeled(Role::Image, true, &label));
    let radius = if which == Picture::Own { CornerRadius::same(8) } else { CornerRadius::ZERO };
    match (instead, painter.size(which)) {
        (None, Some(size)) => {
            let rect = fitted(room, size.width as f32, size.height as f32);
            painter.paint(ui, rect, which, shown);
        }
        (instead, _) => {
            ui.painter().rect_filled(room, radius, Palette::dark(ui.ctx()).field);
            placeholder(ui, room, which, instead);
        }
    }
    if which == Picture::Own {
        ui.painter().rect_stroke(room, radius, Stroke::new(1.0, Color32::from_white_alpha(40)), StrokeKind::Inside);
    }
    response
}

/// A person's outline, and below it why there is no picture; where there is little room, the words alone.
fn placeholder(ui: &Ui, room: Rect, which: Picture, instead: Option<&str>) {
    let size = if room.width() < 200.0 { 13.0 } else { 16.0 };
    let dark = Palette::dark(ui.ctx());
    let words = instead.unwrap_or_default().to_owned();
    let width = (room.width() - 16.0).max(40.0);
    let mut job = LayoutJob::simple(words, FontId::proportional(size), dark.quiet, width);
    job.halign = Align::Center;
    let words = ui.painter().layout_job(job);
    let mark = (room.height() * 0.3).clamp(24.0, 96.0);
    let both = mark + 8.0 + words.size().y;
    let top = if which == Picture::Own && room.height() < 2.0 * TARGET + 12.0 {
        // Below the button that hides it.
        room.bottom() - words.size().y - 4.0
    } else if both + 12.0 <= room.height() {
        let top = room.center().y - both / 2.0;
        let square = Rect::from_min_size(pos2(room.center().x - mark / 2.0, top), vec2(mark, mark));
        icons::paint(ui.painter(), square, Icon::Person, dark.line);
        square.bottom() + 8.0
    } else {
        room.center().y - words.size().y / 2.0
    };
    ui.painter().galley(pos2(room.center().x, top), words, dark.quiet);
}

/// How our own picture is seen.
pub(crate) fn own_shown(settings: &Settings) -> Shown {
    Shown { mirrored: !settings.unmirrored, ..Shown::WHOLE }
}

/// The shape of our own picture, for its place.
pub(crate) fn own_shape(painter: &dyn PicturePainter) -> f32 {
    match painter.size(Picture::Own) {
        Some(size) if size.height > 0 => (size.width as f32 / size.height as f32).clamp(0.5, 2.0),
        _ => 16.0 / 9.0,
    }
}
