//! How near their picture is looked at, and where.

use egui::{Pos2, Rect, Vec2, pos2, vec2};

/// A part of a picture that is looked at, in the picture's own shape.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Zoom {
    /// How much larger than usual: 1 is all of it.
    factor: f32,
    /// What is in the middle, as parts of its width and height.
    middle: Pos2,
}

impl Default for Zoom {
    fn default() -> Self {
        Self { factor: 1.0, middle: pos2(0.5, 0.5) }
    }
}

impl Zoom {
    /// Nearer than this the picture of a camera has nothing more to show.
    const NEAREST: f32 = 4.0;
    /// What one press of a button or a key does.
    const STEP: f32 = 1.5;
    /// By which part of what is seen one press of a key moves.
    const MOVE: f32 = 0.25;

    /// Which part of the picture is seen.
    pub(crate) fn part(self) -> Rect {
        Rect::from_center_size(self.middle, Vec2::splat(1.0 / self.factor))
    }

    pub(crate) fn is_near(self) -> bool {
        self.factor > 1.0
    }

    pub(crate) fn can_be_nearer(self) -> bool {
        self.factor < Self::NEAREST
    }

    pub(crate) fn nearer(self) -> Self {
        self.by(Self::STEP, pos2(0.5, 0.5))
    }

    pub(crate) fn farther(self) -> Self {
        self.by(1.0 / Self::STEP, pos2(0.5, 0.5))
    }

    /// So many times nearer; what is at `around`, as parts of what is seen, stays where it is.
    pub(crate) fn by(self, times: f32, around: Pos2) -> Self {
        let factor = (self.factor * times).clamp(1.0, Self::NEAREST);
        // A hair nearer than all of it would only blur.
        let factor = if factor < 1.02 { 1.0 } else { factor };
        let from_middle = around.to_vec2() - Vec2::splat(0.5);
        Self { factor, middle: self.middle + from_middle * (1.0 / self.factor - 1.0 / factor) }.inside()
    }

    /// What is seen follows a hand that moves by so much, as parts of what is seen.
    pub(crate) fn dragged(self, by: Vec2) -> Self {
        Self { middle: self.middle - by / self.factor, ..self }.inside()
    }

    /// One step across and down.
    pub(crate) fn moved(self, across: f32, down: f32) -> Self {
        self.dragged(vec2(across, down) * -Self::MOVE)
    }

    /// Nothing beside the picture is seen.
    fn inside(self) -> Self {
        let half = 0.5 / self.factor;
        let middle = pos2(self.middle.x.clamp(half, 1.0 - half), self.middle.y.clamp(half, 1.0 - half));
        Self { middle, ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whole() -> Rect {
        Rect::from_min_max(pos2(0.0, 0.0), pos2(1.0, 1.0))
    }

    #[test]
    fn all_is_seen_at_first_and_again_after_as_many_steps_back() {
        let mut zoom = Zoom::default();
        assert_eq!(zoom.part(), whole());
        for _ in 0..9 {
            zoom = zoom.nearer();
        }
        assert!(!zoom.can_be_nearer());
        assert!((zoom.part().width() - 0.25).abs() < 1e-6);
        for _ in 0..9 {
            zoom = zoom.farther();
        }
        assert_eq!((zoom.part(), zoom.is_near()), (whole(), false));
    }

    #[test]
    fn what_is_under_the_mouse_stays_there() {
        let (zoom, around) = (Zoom::default(), pos2(0.75, 0.25));
        let at = |zoom: Zoom| zoom.part().lerp_inside(around.to_vec2());
        let nearer = zoom.by(2.0, around);
        assert!((at(nearer) - at(zoom)).length() < 1e-6);
    }

    #[test]
    fn nothing_beside_the_picture_is_ever_seen() {
        let mut zoom = Zoom::default().nearer();
        for (across, down) in [(1.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0), (0.0, 1.0)] {
            zoom = zoom.moved(across, down);
        }
        assert!((zoom.part().max - pos2(1.0, 1.0)).length() < 1e-6, "the lower right corner, and no further");
        for dragged in [vec2(9.0, 0.0), vec2(0.0, 9.0), vec2(-9.0, -9.0)] {
            assert!(whole().expand(1e-6).contains_rect(zoom.dragged(dragged).part()));
        }
    }
}
