//! Colours, sizes and type: `assets/theme` as egui's styles, light and dark, in usual and in high contrast.

mod fonts;
mod palette;
mod tokens;

#[cfg(test)]
mod contrast;

use egui::style::ScrollAnimation;
use egui::{
    Context, CornerRadius, FontFamily, FontId, Margin, Stroke, Style, TextStyle, Theme, ThemePreference, Visuals, vec2,
};

use self::tokens::number;
use crate::settings::{Contrast, Look, Motion, Settings, SystemWishes};

pub(crate) use self::fonts::STRONG;
pub(crate) use self::palette::Palette;

const MEASURES: &str = include_str!("../../../../assets/theme/measures.toml");

const fn points(section: &str, name: &str) -> f32 {
    number(MEASURES, section, name) as f32
}

const fn whole_points(section: &str, name: &str) -> u8 {
    let points = number(MEASURES, section, name);
    assert!(points <= 127, "egui's corners and margins are no larger");
    points as u8
}

/// The least height and width of what is pressed: WCAG 2.2, 2.5.5, and fingers that tremble.
pub(crate) const TARGET: f32 = points("size", "target");
/// A round button of the call.
pub(crate) const DISC: f32 = points("size", "disc");
/// The sign in it.
pub(crate) const ICON: f32 = points("size", "icon");
/// How wide a column of text and fields gets.
pub(crate) const COLUMN: f32 = points("size", "column");
/// A window narrower than this stands everything in one column.
pub(crate) const NARROW: f32 = points("size", "narrow");
/// A window lower than this has no room for all that is said in a call beside what is opened.
pub(crate) const LOW: f32 = points("size", "low");
/// How round a card is.
pub(crate) const CARD_RADIUS: u8 = whole_points("radius", "card");
/// How round a button or a field is.
pub(crate) const CONTROL_RADIUS: u8 = whole_points("radius", "control");
/// Around a page.
pub(crate) const PAGE_MARGIN: f32 = points("space", "page");
/// Inside a card.
pub(crate) const CARD_MARGIN: u8 = whole_points("space", "card");
/// Between a name and what it names.
pub(crate) const TIGHT: f32 = points("space", "tight");
/// Inside a button: left and right, above and below.
pub(crate) const BUTTON_PADDING: egui::Vec2 = vec2(points("space", "button_across"), points("space", "button_along"));
/// How strong the line around a control is.
pub(crate) const LINE: f32 = points("stroke", "line");
/// How strong the line around what has the keyboard is.
pub(crate) const FOCUS: f32 = points("stroke", "focus");
/// Between a control and that line.
pub(crate) const FOCUS_GAP: f32 = points("stroke", "focus_gap");

/// Gives `ctx` our letters and looks, as they are where nobody chose anything. To be called once, before anything is drawn.
pub fn apply_theme(ctx: &Context) {
    fonts::install(ctx);
    // The keys for larger and smaller are ours: their steps are kept, and end at 80 and 300 %.
    ctx.options_mut(|options| options.zoom_with_keyboard = false);
    ctx.all_styles_mut(|style| {
        let font = |name| FontId::new(points("type", name), FontFamily::Proportional);
        style.text_styles = [
            (TextStyle::Heading, FontId::new(points("type", "heading"), FontFamily::Name(STRONG.into()))),
            (TextStyle::Body, font("body")),
            (TextStyle::Button, font("body")),
            (TextStyle::Small, font("small")),
            (TextStyle::Monospace, FontId::new(points("type", "monospace"), FontFamily::Monospace)),
        ]
        .into();
        style.spacing.item_spacing = vec2(1.0, 1.0) * points("space", "item");
        style.spacing.button_padding = vec2(14.0, 11.0);
        style.spacing.interact_size = vec2(TARGET, TARGET);
        style.spacing.combo_height = 320.0;
        style.spacing.menu_margin = Margin::same(6);
        style.interaction.selectable_labels = false;
    });
    apply_settings(ctx, &Settings::default(), SystemWishes::default());
}

/// Gives `ctx` the look, the scale and the motion that the person chose, and where they left it to the system, the system.
pub fn apply_settings(ctx: &Context, settings: &Settings, wishes: SystemWishes) {
    let high = match settings.contrast {
        Contrast::System => wishes.high_contrast,
        Contrast::Usual => false,
        Contrast::High => true,
    };
    palette::set_high(ctx, high);
    ctx.options_mut(|options| {
        options.theme_preference = match settings.look {
            Look::System => ThemePreference::System,
            Look::Light => ThemePreference::Light,
            Look::Dark => ThemePreference::Dark,
        };
        // Where the system does not say: dark letters on a bright ground are what most people read best.
        options.fallback_theme = if wishes.dark { Theme::Dark } else { Theme::Light };
    });
    ctx.set_visuals_of(Theme::Light, visuals(Visuals::light(), &Palette::named(false, high)));
    ctx.set_visuals_of(Theme::Dark, visuals(Visuals::dark(), &Palette::named(true, high)));
    let still = settings.motion == Motion::Off || wishes.reduced_motion;
    ctx.all_styles_mut(|style| motion(style, still));
    ctx.set_zoom_factor(settings.scale.factor());
}

fn motion(style: &mut Style, still: bool) {
    let quick = points("motion", "quick_ms") / 1_000.0;
    style.animation_time = if still { 0.0 } else { quick };
    style.scroll_animation = if still { ScrollAnimation::none() } else { ScrollAnimation::duration(quick) };
}

fn visuals(mut visuals: Visuals, colors: &Palette) -> Visuals {
    let radius = CornerRadius::same(CONTROL_RADIUS);
    visuals.override_text_color = Some(colors.text);
    visuals.weak_text_color = Some(colors.quiet);
    visuals.panel_fill = colors.window;
    visuals.window_fill = colors.card;
    visuals.window_stroke = Stroke::new(LINE, colors.line);
    visuals.window_corner_radius = CornerRadius::same(CARD_RADIUS);
    visuals.menu_corner_radius = radius;
    visuals.extreme_bg_color = colors.field;
    visuals.text_edit_bg_color = Some(colors.field);
    visuals.hyperlink_color = colors.accent;
    // What is being done is said on a button that is off, and to be read.
    visuals.disabled_alpha = 1.0;
    // A blinking cursor would draw the window twice a second.
    visuals.text_cursor.blink = false;
    visuals.selection.bg_fill = colors.selection;
    visuals.selection.stroke = Stroke::new(FOCUS, colors.focus);
    let widgets = &mut visuals.widgets;
    let (line, strong) = (Stroke::new(LINE, colors.line), Stroke::new(LINE, colors.accent));
    for (state, fill, line) in [
        (&mut widgets.noninteractive, colors.card, Stroke::new(LINE, colors.edge)),
        (&mut widgets.inactive, colors.field, line),
        // egui gives what has the keyboard the look of what is under the mouse, or of what is pressed.
        (&mut widgets.hovered, colors.soft, strong),
        (&mut widgets.active, colors.soft, Stroke::new(FOCUS, colors.focus)),
        (&mut widgets.open, colors.soft, strong),
    ] {
        state.bg_fill = fill;
        state.weak_bg_fill = fill;
        state.bg_stroke = line;
        state.fg_stroke = Stroke::new(1.5, colors.text);
        state.corner_radius = radius;
        state.expansion = 0.0;
    }
    visuals
}
