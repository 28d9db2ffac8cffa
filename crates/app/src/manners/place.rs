//! Where the window stands: as it was left, unless nobody would find it there.

use eframe::egui::{Context, Pos2, Rect, Vec2, ViewportBuilder, ViewportCommand, WindowLevel, pos2, vec2};

use super::settings::Place;

/// What a window is like where nothing was kept.
const USUAL: [f32; 2] = [1000.0, 720.0];
/// No window is smaller.
const LEAST: [f32; 2] = [360.0, 480.0];
/// How large the small window above all others is, and how small it may be made.
const MINI: [f32; 2] = [320.0, 240.0];
const LEAST_MINI: [f32; 2] = [220.0, 165.0];
/// So much of a window's upper edge must be on a screen for a hand to take it.
const HANDLE: [f32; 2] = [120.0, 20.0];

/// The window as it was left.
pub(crate) fn viewport(place: Option<&Place>) -> ViewportBuilder {
    let viewport = ViewportBuilder::default()
        .with_title("Housecall")
        .with_app_id("housecall")
        .with_inner_size(place.map_or(USUAL, |place| place.size))
        .with_min_inner_size(LEAST);
    let Some(place) = place else { return viewport };
    let viewport = viewport.with_maximized(place.maximized);
    match place.corner {
        Some(corner) => viewport.with_position(corner),
        None => viewport,
    }
}

/// Makes it a small window above all others, as far as the desktop lets that be done: a Wayland compositor decides itself what is above.
pub(crate) fn make_mini(context: &Context) {
    for command in [
        ViewportCommand::Fullscreen(false),
        ViewportCommand::Maximized(false),
        ViewportCommand::MinInnerSize(LEAST_MINI.into()),
        ViewportCommand::InnerSize(MINI.into()),
        ViewportCommand::WindowLevel(WindowLevel::AlwaysOnTop),
    ] {
        context.send_viewport_cmd(command);
    }
}

/// Makes it what it was before it was small.
pub(crate) fn make_usual(context: &Context, place: Option<Place>) {
    let zoom = context.zoom_factor();
    context.send_viewport_cmd(ViewportCommand::WindowLevel(WindowLevel::Normal));
    context.send_viewport_cmd(ViewportCommand::MinInnerSize(LEAST.into()));
    let (size, corner, maximized) = place.map_or((USUAL, None, false), |at| (at.size, at.corner, at.maximized));
    context.send_viewport_cmd(ViewportCommand::InnerSize(Vec2::from(size) / zoom));
    if let Some(corner) = corner {
        context.send_viewport_cmd(ViewportCommand::OuterPosition((Vec2::from(corner) / zoom).to_pos2()));
    }
    context.send_viewport_cmd(ViewportCommand::Maximized(maximized));
}

/// Where the window stands now; nothing while it is minimised or fills the screen.
pub(crate) fn of_window(context: &Context, before: Option<Place>) -> Option<Place> {
    let zoom = context.zoom_factor();
    context.input(|input| {
        let window = input.viewport();
        if window.minimized == Some(true) || window.fullscreen == Some(true) {
            return None;
        }
        let maximized = window.maximized.unwrap_or_default();
        if let (true, Some(before)) = (maximized, before) {
            // The size to which it goes back is the one before.
            return Some(Place { maximized, ..before });
        }
        // egui measures in its own points, which a person's scale makes larger.
        let size = window.inner_rect?.size() * zoom;
        let corner = window.outer_rect.map(|outer| (outer.min.to_vec2() * zoom).into());
        Some(Place { corner, size: size.into(), maximized })
    })
}

/// Brings back a window that stands where there is no screen any more. `screens` and `corner` in pixels.
pub(crate) fn bring_back(context: &Context, corner: Option<Pos2>, width: f32, screens: &[Rect]) {
    if let Some(corner) = corner.filter(|corner| !is_in_reach(*corner, width, screens)) {
        tracing::debug!(?corner, "the window stood on no screen");
        let first = screens.first().map_or(Pos2::ZERO, |screen| screen.min);
        let scale = context.pixels_per_point();
        context
            .send_viewport_cmd(ViewportCommand::OuterPosition((first.to_vec2() / scale).to_pos2() + vec2(40.0, 40.0)));
    }
}

/// Whether a hand can take the window by its upper edge. Where no screen is known, it is believed.
fn is_in_reach(corner: Pos2, width: f32, screens: &[Rect]) -> bool {
    let edge = Rect::from_min_size(corner, vec2(width, HANDLE[1]));
    let seen = |screen: &Rect| {
        let seen = screen.intersect(edge);
        seen.width() >= HANDLE[0].min(width) && seen.height() >= HANDLE[1]
    };
    screens.is_empty() || screens.iter().any(seen)
}

/// The screens of this machine and where the window stands on them, in pixels, where the system tells.
pub(crate) fn screens(creation: &eframe::CreationContext<'_>) -> (Option<Pos2>, f32, Vec<Rect>) {
    let Some(window) = creation.winit_window() else { return (None, 0.0, Vec::new()) };
    let screens = window
        .available_monitors()
        .map(|screen| {
            let (corner, size) = (screen.position(), screen.size());
            Rect::from_min_size(pos2(corner.x as f32, corner.y as f32), vec2(size.width as f32, size.height as f32))
        })
        // Some displays have none, or one without a size.
        .filter(|screen| screen.is_positive());
    let corner = window.outer_position().ok().map(|corner| pos2(corner.x as f32, corner.y as f32));
    (corner, window.outer_size().width as f32, screens.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_whose_screen_was_unplugged_is_out_of_reach() {
        let screen = |x: f32, y: f32| Rect::from_min_size(pos2(x, y), vec2(1920.0, 1080.0));
        let (laptop, left) = (screen(0.0, 0.0), screen(-1920.0, 0.0));
        let left_window = pos2(-1500.0, 100.0);
        assert!(is_in_reach(left_window, 800.0, &[laptop, left]));
        assert!(!is_in_reach(left_window, 800.0, &[laptop]));
        assert!(is_in_reach(pos2(-700.0, 100.0), 900.0, &[laptop]), "a part of its edge is seen");
        assert!(!is_in_reach(pos2(100.0, -300.0), 800.0, &[laptop]), "its edge is above the screen");
        assert!(is_in_reach(left_window, 800.0, &[]), "where nothing is known it is believed");
    }

    #[test]
    fn the_window_opens_as_it_was_left() {
        let place = Place { corner: Some([10.0, 20.0]), size: [700.0, 500.0], maximized: true };
        let viewport = viewport(Some(&place));
        assert_eq!(viewport.position, Some(pos2(10.0, 20.0)));
        assert_eq!(viewport.inner_size, Some(vec2(700.0, 500.0)));
        assert_eq!(viewport.maximized, Some(true));
        assert_eq!(super::viewport(None).inner_size, Some(vec2(1000.0, 720.0)));
    }
}
