//! The start: a patient pastes the link, a clinician goes to the desk.

use egui::Ui;
use units::Phi;

use crate::theme::COLUMN;
use crate::widgets::{Weight, button, card, field_with_focus, heading, notice, page, quiet, wide_button};
use crate::{Forms, Intent, Model, words};

pub(crate) fn start_ui(ui: &mut Ui, model: &Model<'_>, forms: &mut Forms, intents: &mut Vec<Intent>) {
    page(ui, COLUMN, |ui| {
        heading(ui, words::NAME);
        quiet(ui, words::start());
        ui.add_space(6.0);
        if let Some(problem) = model.problem {
            notice(ui, &words::with_phone(problem, model.phone));
        }
        card(ui, |ui| {
            let entered = field_with_focus(ui, words::your_link(), &mut forms.link, words::link_hint(), false, true);
            quiet(ui, words::link_help());
            let ready = !forms.link.trim().is_empty();
            let open = ui.add_enabled_ui(ready, |ui| wide_button(ui, Weight::Primary, words::open_visit())).inner;
            if open.clicked() || (entered && ready) {
                intents.push(Intent::OpenLink(Phi::new(forms.link.trim().to_owned())));
            }
        });
        ui.add_space(6.0);
        ui.vertical_centered(|ui| {
            quiet(ui, words::for_clinicians());
            if button(ui, Weight::Secondary, words::to_sign_in()).clicked() {
                intents.push(Intent::OpenDesk);
            }
        });
    });
}
