//! A window that a test opens, presses and types into, as a screen reader finds what is in it.

use egui::accesskit::Role;
use egui::{Rect, Theme, Vec2};
use egui_kittest::kittest::Queryable;
use egui_kittest::{Harness, HarnessBuilder};
use ui::{Forms, Intent, Look, Picture, Shown, SystemWishes, apply_settings, apply_theme, housecall_ui};

use super::{Moment, PlainPictures};

/// What happens in a window: what it shows, what was typed, what was wanted.
pub struct Window {
    pub moment: Moment,
    pub forms: Forms,
    pub intents: Vec<Intent>,
    /// Which pictures the last drawing had, where, and how.
    pub shown: Vec<(Picture, Rect, Shown)>,
    styled: bool,
}

/// A window of this size.
pub fn open_at(moment: Moment, size: Vec2, theme: Theme) -> Harness<'static, Window> {
    open_with(moment, Harness::builder().with_size(size).with_theme(theme))
}

/// A window as `builder` has it.
pub fn open_with(moment: Moment, builder: HarnessBuilder<Window>) -> Harness<'static, Window> {
    let window = Window { moment, forms: Forms::default(), intents: Vec::new(), shown: Vec::new(), styled: false };
    let draw = |ui: &mut egui::Ui, window: &mut Window| {
        if !std::mem::replace(&mut window.styled, true) {
            let of_test = ui.ctx().options(|options| options.theme_preference);
            apply_theme(ui.ctx());
            let settings = &window.moment.settings;
            apply_settings(ui.ctx(), settings, SystemWishes::default());
            if settings.look == Look::System {
                ui.ctx().set_theme(of_test);
            }
        }
        let mut painter = PlainPictures::of(&window.moment);
        housecall_ui(ui, &window.moment.model(), &mut window.forms, &mut painter, &mut window.intents);
        window.shown = painter.shown;
    };
    let mut harness = builder.with_max_steps(8).build_ui_state(draw, window);
    harness.run_ok();
    harness
}

/// Presses what is called `name`, and says what was wanted.
pub fn press(harness: &mut Harness<'_, Window>, name: &str) -> Vec<Intent> {
    harness.get_by_role_and_label(Role::Button, name).scroll_to_me();
    harness.run_ok();
    harness.get_by_role_and_label(Role::Button, name).click();
    harness.run_ok();
    std::mem::take(&mut harness.state_mut().intents)
}

/// Chooses `value` in the list `name`, as a screen reader does.
pub fn choose(window: &mut Harness<'_, Window>, name: &str, value: &str) -> Vec<Intent> {
    window.get_by_role_and_label(Role::ComboBox, name).scroll_to_me();
    window.run_ok();
    window.get_by_role_and_label(Role::ComboBox, name).click();
    window.run_ok();
    window.get_by_role_and_label(Role::Button, value).click();
    window.run_ok();
    std::mem::take(&mut window.state_mut().intents)
}

/// Types into the field of this role and name.
pub fn type_into(harness: &mut Harness<'_, Window>, name: &str, role: Role, text: &str) {
    harness.get_by_role_and_label(role, name).focus();
    harness.run_ok();
    harness.get_by_role_and_label(role, name).type_text(text);
    harness.run_ok();
}

/// Whether anything in the window says so.
pub fn says(harness: &Harness<'_, Window>, part: &str) -> bool {
    harness.query_all_by_label_contains(part).next().is_some()
}
