//! How a visit went, for the clinician: right after it, and at the desk until the next one.

use desk::{CallSummary, DeskIntent, TalkSummary};
use egui::Ui;

use crate::theme::COLUMN;
use crate::views::notes::after_ui;
use crate::widgets::{Weight, card, heading, page, quiet, spoken, text, wide_button};
use crate::{Forms, Intent, Model, words};

/// What is shown right after a visit.
pub(crate) fn summary_ui(
    ui: &mut Ui,
    model: &Model<'_>,
    summary: &CallSummary,
    forms: &mut Forms,
    intents: &mut Vec<Intent>,
) {
    page(ui, COLUMN, |ui| {
        let (title, sentence) = words::visit_end(&summary.end, model.last_end);
        let said = heading(ui, title);
        spoken(ui, &said);
        card(ui, |ui| {
            text(ui, &sentence);
            talk_ui(ui, summary.talk.as_ref());
        });
        after_ui(ui, model, forms, intents);
        if wide_button(ui, Weight::Primary, words::back_to_desk()).clicked() {
            intents.push(Intent::Desk(DeskIntent::CloseVisit));
        }
        if wide_button(ui, Weight::Secondary, words::start_next_visit()).clicked() {
            intents.push(Intent::Desk(DeskIntent::StartVisit));
        }
    });
}

/// How two people talked, line by line.
pub(crate) fn talk_ui(ui: &mut Ui, talk: Option<&TalkSummary>) {
    for line in words::how_they_talked(talk) {
        quiet(ui, &line);
    }
}
