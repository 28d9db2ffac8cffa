//! The end of a patient's visit: what happened, and what to do next.

use call::EndReason;
use egui::Ui;

use crate::icons::Icon;
use crate::theme::{COLUMN, Palette};
use crate::widgets::{Weight, button, card, heading, notice, page, spoken, wide_button, with_sign};
use crate::{Intent, Model, words};

pub(crate) fn ended_ui(ui: &mut Ui, model: &Model<'_>, reason: EndReason, intents: &mut Vec<Intent>) {
    page(ui, COLUMN, |ui| {
        let (title, sentence) = words::end_reason(reason);
        let said = heading(ui, title);
        spoken(ui, &said);
        let colors = Palette::of(ui);
        card(ui, |ui| {
            let (icon, color) = match reason {
                EndReason::HungUp | EndReason::TheyHungUp | EndReason::VisitOver => (Icon::Good, colors.good),
                _ => (Icon::Look, colors.on_notice),
            };
            with_sign(ui, icon, color, &sentence);
            if let Some(talked_for) = model.talked_for.filter(|talked_for| !talked_for.is_zero()) {
                with_sign(ui, Icon::Clock, colors.quiet, &words::talked(talked_for, 0));
            }
            if let Some(phone) = model.phone {
                with_sign(ui, Icon::Telephone, colors.quiet, &words::phone(phone));
            }
        });
        if let Some(problem) = model.problem {
            notice(ui, problem);
        }
        let again = model.can_open_again && may_go_on(reason);
        if again && wide_button(ui, Weight::Primary, words::open_again()).clicked() {
            intents.push(Intent::OpenAgain);
        }
        let weight = if again { Weight::Secondary } else { Weight::Primary };
        if wide_button(ui, weight, words::close_window()).clicked() {
            intents.push(Intent::Quit);
        }
        ui.vertical_centered(|ui| {
            if button(ui, Weight::Quiet, words::to_start()).clicked() {
                intents.push(Intent::Back);
            }
        });
    });
}

/// Whether the visit may still be there for who opens its link again.
const fn may_go_on(reason: EndReason) -> bool {
    matches!(
        reason,
        EndReason::HungUp | EndReason::NoConnection | EndReason::HandshakeUnfinished | EndReason::ConnectionLost
    )
}

/// While something is being opened or closed: one line, and a way out.
pub(crate) fn moment_ui(ui: &mut Ui, model: &Model<'_>, title: &str, intents: &mut Vec<Intent>) {
    page(ui, COLUMN, |ui| {
        let said = heading(ui, title);
        spoken(ui, &said);
        if let Some(problem) = model.problem {
            notice(ui, &words::with_phone(problem, model.phone));
        }
        if wide_button(ui, Weight::Secondary, words::cancel()).clicked() {
            intents.push(Intent::Back);
        }
    });
}
