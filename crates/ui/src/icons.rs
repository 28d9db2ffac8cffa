//! Small pictures on buttons, drawn with lines so that they are sharp at any size.

use egui::epaint::{PathShape, PathStroke};
use egui::{Color32, CornerRadius, Painter, Pos2, Rect, Shape, Stroke, StrokeKind, pos2, vec2};

/// What a button is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Icon {
    /// A microphone that is on.
    Microphone,
    /// A microphone that is off.
    MicrophoneOff,
    /// A camera that is on.
    Camera,
    /// A camera that is off.
    CameraOff,
    /// Things to set.
    Settings,
    /// A handset on its hook.
    HangUp,
    /// A person.
    Person,
    /// What protects.
    Shield,
}

/// Paints `icon` into the square `rect`.
pub(crate) fn paint(painter: &Painter, rect: Rect, icon: Icon, color: Color32) {
    let at = |x: f32, y: f32| rect.min + vec2(x, y) * (rect.width() / 24.0);
    let unit = rect.width() / 24.0;
    let stroke = Stroke::new(2.0 * unit, color);
    match icon {
        Icon::Microphone | Icon::MicrophoneOff => {
            let capsule = Rect::from_min_max(at(9.0, 3.0), at(15.0, 14.0));
            painter.rect(capsule, CornerRadius::same((3.0 * unit) as u8), color, Stroke::NONE, StrokeKind::Inside);
            line(painter, arc(at(12.0, 11.0), 7.0 * unit, 0.0, 180.0), stroke);
            painter.line_segment([at(12.0, 18.0), at(12.0, 21.5)], stroke);
        }
        Icon::Camera | Icon::CameraOff => {
            let body = Rect::from_min_max(at(2.0, 6.0), at(15.5, 18.0));
            painter.rect(body, CornerRadius::same((2.5 * unit) as u8), color, Stroke::NONE, StrokeKind::Inside);
            let lens = vec![at(17.0, 11.0), at(22.0, 7.5), at(22.0, 16.5), at(17.0, 13.0)];
            painter.add(Shape::convex_polygon(lens, color, Stroke::NONE));
        }
        Icon::Settings => {
            for (y, knob) in [(6.0, 15.0), (12.0, 8.0), (18.0, 16.0)] {
                painter.line_segment([at(3.0, y), at(21.0, y)], stroke);
                painter.circle_filled(at(knob, y), 3.0 * unit, color);
            }
        }
        Icon::HangUp => {
            let thick = Stroke::new(5.0 * unit, color);
            line(painter, arc(at(12.0, 23.0), 11.5 * unit, 222.0, 318.0), thick);
            let ends = Stroke::new(6.0 * unit, color);
            painter.line_segment([at(3.2, 13.2), at(5.2, 17.6)], ends);
            painter.line_segment([at(20.8, 13.2), at(18.8, 17.6)], ends);
        }
        Icon::Person => {
            painter.circle_filled(at(12.0, 8.0), 4.5 * unit, color);
            let mut shoulders = arc(at(12.0, 22.0), 8.0 * unit, 180.0, 360.0);
            shoulders.push(at(20.0, 22.0));
            painter.add(Shape::convex_polygon(shoulders, color, Stroke::NONE));
        }
        Icon::Shield => {
            let edge = [
                (12.0, 2.5),
                (20.0, 5.5),
                (20.0, 11.5),
                (18.6, 15.6),
                (16.0, 18.8),
                (12.0, 21.5),
                (8.0, 18.8),
                (5.4, 15.6),
                (4.0, 11.5),
                (4.0, 5.5),
                (12.0, 2.5),
            ];
            line(painter, edge.map(|(x, y)| at(x, y)).to_vec(), stroke);
            line(painter, vec![at(8.5, 11.8), at(11.2, 14.6), at(15.8, 9.2)], stroke);
        }
    }
    if matches!(icon, Icon::MicrophoneOff | Icon::CameraOff) {
        painter.line_segment([at(3.0, 2.0), at(21.0, 22.0)], Stroke::new(2.5 * unit, color));
    }
}

/// Points on a circle, in degrees clockwise from the right.
fn arc(center: Pos2, radius: f32, from: f32, to: f32) -> Vec<Pos2> {
    const STEPS: u8 = 16;
    let angle = |step: u8| (from + (to - from) * f32::from(step) / f32::from(STEPS)).to_radians();
    (0..=STEPS).map(|step| pos2(center.x + radius * angle(step).cos(), center.y + radius * angle(step).sin())).collect()
}

fn line(painter: &Painter, points: Vec<Pos2>, stroke: Stroke) {
    painter.add(PathShape {
        points,
        closed: false,
        fill: Color32::TRANSPARENT,
        stroke: PathStroke::new(stroke.width, stroke.color),
    });
}
