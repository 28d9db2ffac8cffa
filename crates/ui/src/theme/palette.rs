//! The colours of the four looks, from `assets/theme`.

use egui::{Color32, Id};

use super::tokens::color;

/// The colours of one look, and their names.
macro_rules! palette {
    ($($role:ident),* $(,)?) => {
        /// The colours of one look; what each is for stands in `assets/theme/light.toml`.
        #[derive(Debug, Clone, Copy, PartialEq)]
        pub(crate) struct Palette { $(pub(crate) $role: Color32),* }

        impl Palette {
            const fn of_file(file: &str) -> Self {
                Self { $($role: color(file, stringify!($role))),* }
            }

            #[cfg(test)]
            pub(super) fn role(&self, name: &str) -> Color32 {
                match name { $(stringify!($role) => self.$role,)* _ => panic!("there is no colour {name}") }
            }

            #[cfg(test)]
            pub(super) const ROLES: &'static [&'static str] = &[$(stringify!($role)),*];
        }
    };
}

palette!(
    window, card, field, line, edge, text, quiet, accent, on_accent, soft, danger, on_danger, notice, on_notice, good,
    focus, selection,
);

pub(super) const LIGHT: Palette = Palette::of_file(include_str!("../../../../assets/theme/light.toml"));
pub(super) const DARK: Palette = Palette::of_file(include_str!("../../../../assets/theme/dark.toml"));
pub(super) const HIGH_LIGHT: Palette =
    Palette::of_file(include_str!("../../../../assets/theme/high-contrast-light.toml"));
pub(super) const HIGH_DARK: Palette =
    Palette::of_file(include_str!("../../../../assets/theme/high-contrast-dark.toml"));

impl Palette {
    /// The colours in use where `ui` draws: of a live call the dark ones.
    pub(crate) fn of(ui: &egui::Ui) -> Self {
        Self::named(ui.visuals().dark_mode, is_high(ui.ctx()))
    }

    /// The dark colours, for what is dark in both looks.
    pub(crate) fn dark(ctx: &egui::Context) -> Self {
        Self::named(true, is_high(ctx))
    }

    pub(super) const fn named(dark: bool, high: bool) -> Self {
        match (dark, high) {
            (false, false) => LIGHT,
            (true, false) => DARK,
            (false, true) => HIGH_LIGHT,
            (true, true) => HIGH_DARK,
        }
    }
}

/// Whether the contrast is high; kept beside egui's style, which has no word for it.
fn is_high(ctx: &egui::Context) -> bool {
    ctx.data(|data| data.get_temp(place()).unwrap_or_default())
}

pub(super) fn set_high(ctx: &egui::Context, high: bool) {
    ctx.data_mut(|data| data.insert_temp(place(), high));
}

fn place() -> Id {
    Id::unique("housecall: high contrast")
}
