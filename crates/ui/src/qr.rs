//! A link or a secret as a QR code, for a telephone's camera.

use std::fmt;

use egui::{Color32, CornerRadius, Mesh, Rect, Role, Sense, Shape, Ui, WidgetInfo, pos2, vec2};
use qrcode::{Color, EcLevel, QrCode};
use units::Phi;

/// The squares of the link that was drawn last; making them anew for each drawing would cost more than the drawing.
pub(crate) struct Squares {
    link: Phi<String>,
    width: usize,
    dark: Vec<bool>,
}

impl fmt::Debug for Squares {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

/// Draws the code as large as the column, on white in both looks: many cameras read no light code on a dark ground.
pub(crate) fn qr_code(ui: &mut Ui, link: &Phi<String>, known: &mut Option<Squares>, name: &str) {
    if known.as_ref().is_none_or(|known| known.link != *link) {
        *known = squares(link);
    }
    let Some(squares) = known else { return };
    let modules = squares.width + 2 * QUIET_ZONE;
    let side = ui.available_width().min(LARGEST);
    // Whole points to a square, so that all are alike.
    let unit = (side / modules as f32).floor().max(1.0);
    let side = unit * modules as f32;
    let (rect, response) = ui.allocate_exact_size(vec2(side, side), Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(Role::Image, true, name));
    ui.painter().rect_filled(rect, CornerRadius::same(6), Color32::WHITE);
    let mut mesh = Mesh::default();
    for (row, line) in squares.dark.chunks(squares.width).enumerate() {
        let top = rect.top() + unit * (row + QUIET_ZONE) as f32;
        for (column, _) in line.iter().enumerate().filter(|(_, dark)| **dark) {
            let left = rect.left() + unit * (column + QUIET_ZONE) as f32;
            mesh.add_colored_rect(Rect::from_min_size(pos2(left, top), vec2(unit, unit)), Color32::BLACK);
        }
    }
    ui.painter().add(Shape::mesh(mesh));
}

fn squares(link: &Phi<String>) -> Option<Squares> {
    // A screen is flat and clean: the lowest correction gives the largest squares.
    let code = QrCode::with_error_correction_level(link.expose(), EcLevel::L).ok()?;
    let width = code.width();
    let dark = code.to_colors().into_iter().map(|color| color == Color::Dark).collect();
    Some(Squares { link: link.clone(), width, dark })
}

/// The white edge that ISO/IEC 18004 section 5.3.8 asks for, in squares.
const QUIET_ZONE: usize = 4;
/// No telephone needs it larger than this, in points.
const LARGEST: f32 = 300.0;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_link_fits_into_a_code_that_a_window_of_400_points_can_show() {
        let longest = format!("housecall://{}:65535/j/inv_{}#1.{}", "x".repeat(60), "y".repeat(22), "z".repeat(142));
        let squares = squares(&Phi::new(longest)).expect("a code");
        assert_eq!(squares.dark.len(), squares.width * squares.width);
        assert!(squares.width + 2 * QUIET_ZONE <= 100, "{} squares", squares.width);
    }
}
