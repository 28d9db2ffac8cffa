//! The end of a patient's visit: what happened, and what to do next.

use call::EndReason;
use egui::Ui;

use crate::theme::COLUMN;
use crate::widgets::{Weight, card, heading, notice, page, quiet, spoken, text, wide_button};
use crate::{Intent, Model, words};

pub(crate) fn ended_ui(ui: &mut Ui, model: &Model<'_>, reason: EndReason, intents: &mut Vec<Intent>) {
    page(ui, COLUMN, |ui| {
        let (title, sentence) = words::end_reason(reason);
        let said = heading(ui, title);
        spoken(ui, &said);
        card(ui, |ui| {
            text(ui, &sentence);
            if let Some(talked_for) = model.talked_for.filter(|talked_for| !talked_for.is_zero()) {
                quiet(ui, &words::talked(talked_for, 0));
            }
            if let Some(phone) = model.phone {
                quiet(ui, &words::phone(phone));
            }
        });
        if let Some(problem) = model.problem {
            notice(ui, problem);
        }
        if wide_button(ui, Weight::Primary, words::close_window()).clicked() {
            intents.push(Intent::Quit);
        }
        if wide_button(ui, Weight::Secondary, words::to_start()).clicked() {
            intents.push(Intent::Back);
        }
    });
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
