//! The clinician's desk: start a visit, and how the last one went.

use desk::{DeskIntent, DeskPhase, DeskSnapshot};
use egui::Ui;
use units::Phi;

use crate::theme::COLUMN;
use crate::views::audit::log_notice;
use crate::views::day::day_ui;
use crate::views::devices::{address_choice, device_choices};
use crate::views::sessions::account_ui;
use crate::widgets::{Weight, card, field, heading, notice, page, quiet, spoken, text, wide_button};
use crate::{Forms, Intent, Model, words};

pub(crate) fn desk_ui(
    ui: &mut Ui,
    model: &Model<'_>,
    desk: &DeskSnapshot,
    forms: &mut Forms,
    intents: &mut Vec<Intent>,
) {
    page(ui, COLUMN, |ui| {
        heading(ui, words::DESK);
        signed_in(ui, desk);
        log_notice(ui, desk);
        if let DeskPhase::Ready { problem: Some(problem) } = &desk.phase {
            notice(ui, &words::desk_problem(problem, model.now));
        }
        if let Some(problem) = model.problem {
            notice(ui, problem);
        }
        if let Some(hint) = model.keys.and_then(words::hint_of_keys) {
            notice(ui, &hint);
        }
        let making = desk.phase == DeskPhase::MakingVisit;
        if let Some(day) = model.day {
            day_ui(ui, day, desk.enters_visits && !making, &mut forms.day, intents);
        }
        let start = |ui: &mut Ui, forms: &mut Forms, intents: &mut Vec<Intent>| {
            text(ui, words::DESK_HELP);
            let entered = ui
                .add_enabled_ui(!making, |ui| field(ui, words::PATIENT, &mut forms.patient, words::PATIENT_HINT, false))
                .inner;
            quiet(ui, words::PATIENT_HELP);
            let word = if making { words::MAKING_VISIT } else { words::START_VISIT };
            let pressed = ui.add_enabled_ui(!making, |ui| wide_button(ui, Weight::Primary, word)).inner.clicked();
            if pressed || (entered && !making) {
                intents.push(Intent::Desk(match forms.patient.trim() {
                    "" => DeskIntent::StartVisit,
                    called => DeskIntent::StartVisitWith(Phi::new(called.to_owned())),
                }));
            }
            if making && wide_button(ui, Weight::Secondary, words::CANCEL).clicked() {
                intents.push(Intent::Desk(DeskIntent::CloseVisit));
            }
        };
        if desk.enters_visits {
            card(ui, |ui| start(ui, forms, intents));
        }
        if let Some(last) = &desk.last_visit {
            card(ui, |ui| {
                quiet(ui, words::LAST_VISIT);
                text(ui, &words::visit_end(&last.end, model.last_end).1);
                quiet(ui, &words::talked(last.talked_for, last.reconnections));
            });
        }
        card(ui, |ui| {
            device_choices(ui, model, intents);
            address_choice(ui, model, intents);
        });
        account_ui(ui, model, desk, forms, intents);
    });
}

/// What is shown right after a visit.
pub(crate) fn summary_ui(ui: &mut Ui, model: &Model<'_>, summary: &desk::CallSummary, intents: &mut Vec<Intent>) {
    page(ui, COLUMN, |ui| {
        let (title, sentence) = words::visit_end(&summary.end, model.last_end);
        let said = heading(ui, title);
        spoken(ui, &said);
        card(ui, |ui| {
            text(ui, &sentence);
            quiet(ui, &words::talked(summary.talked_for, summary.reconnections));
        });
        if wide_button(ui, Weight::Primary, words::BACK_TO_DESK).clicked() {
            intents.push(Intent::Desk(DeskIntent::CloseVisit));
        }
        if wide_button(ui, Weight::Secondary, words::START_NEXT_VISIT).clicked() {
            intents.push(Intent::Desk(DeskIntent::StartVisit));
        }
    });
}

/// Who is signed in, and where.
pub(crate) fn signed_in(ui: &mut Ui, desk: &DeskSnapshot) {
    if let (Some(name), Some(server)) = (desk.name.as_ref().map(Phi::expose), &desk.server) {
        quiet(ui, &words::signed_in_as(name, server));
    }
}
