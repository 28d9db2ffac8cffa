//! Measures the theme: contrast by WCAG 2.2, the size of targets, a focus that is seen.

use egui::{Color32, Context, Theme};

use super::palette::{DARK, HIGH_DARK, HIGH_LIGHT, LIGHT, Palette};
use super::{FOCUS, TARGET, apply_settings, apply_theme};
use crate::settings::{Contrast, Look, Motion, Scale, Settings, SystemWishes};

/// The looks, and the least contrast of words and of what shows a control in each (WCAG 2.2: 1.4.3 and 1.4.11; 1.4.6).
const LOOKS: [(&str, &str, Palette, f64, f64); 4] = [
    ("light", include_str!("../../../../assets/theme/light.toml"), LIGHT, 4.5, 3.0),
    ("dark", include_str!("../../../../assets/theme/dark.toml"), DARK, 4.5, 3.0),
    ("high light", include_str!("../../../../assets/theme/high-contrast-light.toml"), HIGH_LIGHT, 7.0, 7.0),
    ("high dark", include_str!("../../../../assets/theme/high-contrast-dark.toml"), HIGH_DARK, 7.0, 7.0),
];

/// Words, each with the grounds that they stand on.
const WORDS: [(&str, &[&str]); 6] = [
    ("text", &["window", "card", "field", "soft", "selection"]),
    ("quiet", &["window", "card", "field", "soft"]),
    ("accent", &["window", "card"]),
    ("on_accent", &["accent"]),
    ("on_danger", &["danger"]),
    ("on_notice", &["notice", "card", "window"]),
];

/// What shows a control or a state, each with the grounds beside it.
const SHOWN: [(&str, &[&str]); 5] = [
    ("line", &["window", "card", "field", "notice"]),
    ("focus", &["window", "card", "field", "soft", "notice"]),
    ("good", &["window", "card", "soft"]),
    ("danger", &["window", "card"]),
    ("accent", &["window", "card"]),
];

/// Relative luminance, as WCAG 2.2 defines it.
fn luminance(color: Color32) -> f64 {
    let linear = |channel: u8| {
        let channel = f64::from(channel) / 255.0;
        if channel <= 0.04045 { channel / 12.92 } else { ((channel + 0.055) / 1.055).powf(2.4) }
    };
    0.2126 * linear(color.r()) + 0.7152 * linear(color.g()) + 0.0722 * linear(color.b())
}

fn contrast(one: Color32, other: Color32) -> f64 {
    let (one, other) = (luminance(one), luminance(other));
    (one.max(other) + 0.05) / (one.min(other) + 0.05)
}

#[test]
fn the_measure_is_that_of_wcag() {
    assert!((contrast(Color32::BLACK, Color32::WHITE) - 21.0).abs() < 1e-6);
    // The grey that is known to just pass, and the one that just does not.
    assert!(contrast(Color32::from_gray(0x76), Color32::WHITE) >= 4.5);
    assert!(contrast(Color32::from_gray(0x77), Color32::WHITE) < 4.5);
}

#[test]
fn words_and_controls_stand_out_from_every_ground_in_every_look() {
    let mut faint = Vec::new();
    for (look, _, palette, words, shown) in LOOKS {
        for (list, least) in [(&WORDS[..], words), (&SHOWN[..], shown)] {
            for (role, grounds) in list {
                for ground in *grounds {
                    let measured = contrast(palette.role(role), palette.role(ground));
                    if measured < least {
                        faint.push(format!("{look}: {role} on {ground} {measured:.2}, {least} is needed"));
                    }
                }
            }
        }
    }
    assert!(faint.is_empty(), "{}", faint.join("\n"));
}

#[test]
fn every_file_is_toml_with_every_colour_and_no_other() {
    for (look, file, palette, ..) in LOOKS {
        let table: toml::Table = file.parse().unwrap_or_else(|error| panic!("{look}: {error}"));
        let colors = table["colors"].as_table().expect("a section");
        let mut named: Vec<&str> = colors.keys().map(String::as_str).collect();
        let mut roles = Palette::ROLES.to_vec();
        named.sort_unstable();
        roles.sort_unstable();
        assert_eq!(named, roles, "{look}");
        for role in roles {
            let [r, g, b, _] = palette.role(role).to_array();
            assert_eq!(colors[role].as_str(), Some(format!("#{r:02X}{g:02X}{b:02X}").as_str()), "{look}: {role}");
        }
    }
    let _: toml::Table = super::MEASURES.parse().expect("TOML");
}

#[test]
#[expect(clippy::assertions_on_constants, reason = "the constants are read from a file")]
fn targets_are_large_enough_and_the_focus_is_a_line_to_be_seen() {
    assert!(TARGET >= 44.0, "WCAG 2.2, 2.5.5");
    assert!(FOCUS >= 2.0, "WCAG 2.2, 2.4.13");
    let ctx = Context::default();
    apply_theme(&ctx);
    for theme in [Theme::Light, Theme::Dark] {
        let style = ctx.style_of(theme);
        assert!(style.spacing.interact_size.min_elem() >= 44.0);
        let (calm, focused) = (style.visuals.widgets.inactive.bg_stroke, style.visuals.widgets.active.bg_stroke);
        assert!(focused.width > calm.width && focused.color != calm.color, "seen by shape and by colour");
    }
}

#[test]
fn what_the_person_chose_goes_before_what_the_system_wishes() {
    let ctx = Context::default();
    apply_theme(&ctx);
    let dark = SystemWishes { dark: true, high_contrast: true, reduced_motion: true };
    let shown = |settings: &Settings, wishes| {
        apply_settings(&ctx, settings, wishes);
        // The theme that counts is decided when a pass begins.
        ctx.run_ui(egui::RawInput::default(), |_| {}).textures_delta.clear();
        let style = ctx.style_of(ctx.theme());
        (style.visuals.panel_fill, style.animation_time > 0.0, ctx.zoom_factor())
    };
    let system = Settings::default();
    assert_eq!(shown(&system, SystemWishes::default()), (LIGHT.window, true, 1.0));
    assert_eq!(shown(&system, dark), (HIGH_DARK.window, false, 1.0));
    let chosen = Settings {
        look: Look::Light,
        contrast: Contrast::Usual,
        motion: Motion::Off,
        scale: Scale::of_percent(200),
        ..Settings::default()
    };
    assert_eq!(shown(&chosen, dark), (LIGHT.window, false, 2.0));
    let high = Settings { look: Look::Light, contrast: Contrast::High, ..Settings::default() };
    assert_eq!(shown(&high, SystemWishes::default()), (HIGH_LIGHT.window, true, 1.0));
}
