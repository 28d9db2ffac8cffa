//! Colours, sizes and type, light and dark.

use egui::{Color32, CornerRadius, FontFamily, FontId, Margin, Stroke, TextStyle, Theme, Visuals, vec2};

/// The least height and width of what is pressed: WCAG 2.2, 2.5.5, and fingers that tremble.
pub(crate) const TARGET: f32 = 44.0;
/// How wide a column of text and fields gets.
pub(crate) const COLUMN: f32 = 440.0;
/// A window narrower than this stands everything in one column.
pub(crate) const NARROW: f32 = 720.0;
/// How round a card is.
pub(crate) const CARD_RADIUS: u8 = 14;
/// How round a button or a field is.
pub(crate) const CONTROL_RADIUS: u8 = 10;

/// The colours of one of the two looks. Text on its ground is at least 4.5 : 1 (WCAG 1.4.3).
#[derive(Debug, Clone, Copy)]
pub(crate) struct Palette {
    pub(crate) window: Color32,
    pub(crate) card: Color32,
    pub(crate) field: Color32,
    pub(crate) line: Color32,
    pub(crate) text: Color32,
    pub(crate) quiet: Color32,
    pub(crate) accent: Color32,
    pub(crate) on_accent: Color32,
    pub(crate) soft: Color32,
    pub(crate) danger: Color32,
    pub(crate) on_danger: Color32,
    pub(crate) notice: Color32,
    pub(crate) on_notice: Color32,
    pub(crate) good: Color32,
}

impl Palette {
    /// The colours in use.
    pub(crate) fn of(ui: &egui::Ui) -> Self {
        if ui.visuals().dark_mode { DARK } else { LIGHT }
    }
}

const LIGHT: Palette = Palette {
    window: Color32::from_rgb(0xF3, 0xF6, 0xF5),
    card: Color32::WHITE,
    field: Color32::from_rgb(0xFA, 0xFB, 0xFB),
    line: Color32::from_rgb(0xC9, 0xD3, 0xD3),
    text: Color32::from_rgb(0x1B, 0x2A, 0x2E),
    quiet: Color32::from_rgb(0x50, 0x60, 0x65),
    accent: Color32::from_rgb(0x14, 0x64, 0x6C),
    on_accent: Color32::WHITE,
    soft: Color32::from_rgb(0xE4, 0xEE, 0xEE),
    danger: Color32::from_rgb(0xB0, 0x2F, 0x2A),
    on_danger: Color32::WHITE,
    notice: Color32::from_rgb(0xFB, 0xF0, 0xD9),
    on_notice: Color32::from_rgb(0x5A, 0x3E, 0x06),
    good: Color32::from_rgb(0x2B, 0x7A, 0x4B),
};

/// The dark look; also the ground of a live call, where the picture is what matters.
pub(crate) const DARK: Palette = Palette {
    window: Color32::from_rgb(0x12, 0x18, 0x1A),
    card: Color32::from_rgb(0x1B, 0x23, 0x26),
    field: Color32::from_rgb(0x14, 0x1B, 0x1D),
    line: Color32::from_rgb(0x3A, 0x47, 0x4B),
    text: Color32::from_rgb(0xE8, 0xEE, 0xEE),
    quiet: Color32::from_rgb(0xA9, 0xB7, 0xBA),
    accent: Color32::from_rgb(0x7F, 0xC9, 0xCE),
    on_accent: Color32::from_rgb(0x08, 0x1B, 0x1D),
    soft: Color32::from_rgb(0x28, 0x36, 0x39),
    danger: Color32::from_rgb(0xC9, 0x3C, 0x36),
    on_danger: Color32::WHITE,
    notice: Color32::from_rgb(0x3B, 0x31, 0x18),
    on_notice: Color32::from_rgb(0xF6, 0xE2, 0xB4),
    good: Color32::from_rgb(0x74, 0xC9, 0x93),
};

/// Gives `ctx` our look, light and dark. To be called once, before anything is drawn.
pub fn apply_theme(ctx: &egui::Context) {
    // Where the system does not say: dark letters on a bright ground are what most people read best.
    ctx.options_mut(|options| options.fallback_theme = Theme::Light);
    ctx.set_visuals_of(Theme::Light, visuals(Visuals::light(), &LIGHT));
    ctx.set_visuals_of(Theme::Dark, visuals(Visuals::dark(), &DARK));
    ctx.all_styles_mut(|style| {
        let font = |size| FontId::new(size, FontFamily::Proportional);
        style.text_styles = [
            (TextStyle::Heading, font(26.0)),
            (TextStyle::Body, font(16.0)),
            (TextStyle::Button, font(16.0)),
            (TextStyle::Small, font(14.0)),
            (TextStyle::Monospace, FontId::new(14.0, FontFamily::Monospace)),
        ]
        .into();
        style.spacing.item_spacing = vec2(10.0, 10.0);
        style.spacing.button_padding = vec2(14.0, 11.0);
        style.spacing.interact_size = vec2(TARGET, TARGET);
        style.spacing.combo_height = 320.0;
        style.spacing.menu_margin = Margin::same(6);
        style.interaction.selectable_labels = false;
    });
}

fn visuals(mut visuals: Visuals, colors: &Palette) -> Visuals {
    let radius = CornerRadius::same(CONTROL_RADIUS);
    visuals.override_text_color = Some(colors.text);
    visuals.weak_text_color = Some(colors.quiet);
    visuals.panel_fill = colors.window;
    visuals.window_fill = colors.card;
    visuals.window_stroke = Stroke::new(1.0, colors.line);
    visuals.window_corner_radius = CornerRadius::same(CARD_RADIUS);
    visuals.menu_corner_radius = radius;
    visuals.extreme_bg_color = colors.field;
    visuals.text_edit_bg_color = Some(colors.field);
    visuals.hyperlink_color = colors.accent;
    // What is being done is said on a button that is off, and to be read.
    visuals.disabled_alpha = 1.0;
    // A blinking cursor would draw the window twice a second.
    visuals.text_cursor.blink = false;
    visuals.selection.bg_fill = colors.accent.gamma_multiply(0.35);
    visuals.selection.stroke = Stroke::new(2.0, colors.accent);
    let widgets = &mut visuals.widgets;
    for (state, fill, line) in [
        (&mut widgets.noninteractive, colors.card, Stroke::new(1.0, colors.line)),
        (&mut widgets.inactive, colors.field, Stroke::new(1.0, colors.line)),
        (&mut widgets.hovered, colors.soft, Stroke::new(1.0, colors.accent)),
        (&mut widgets.active, colors.soft, Stroke::new(2.0, colors.accent)),
        (&mut widgets.open, colors.soft, Stroke::new(1.0, colors.accent)),
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
