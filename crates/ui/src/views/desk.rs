//! The clinician's desk: start a visit, and how the last one went.

use desk::{DeskIntent, DeskPhase, DeskSnapshot};
use egui::Ui;
use units::Phi;

use crate::theme::{COLUMN, NARROW};
use crate::views::audit::log_notice;
use crate::views::day::{day_ui, let_in_who_waits_longest, planning_ui};
use crate::views::devices::{address_choice, device_choices};
use crate::views::notes::kept_ui;
use crate::views::sessions::account_ui;
use crate::views::summary::talk_ui;
use crate::widgets::{Weight, card, field, heading, notice, page, quiet, text, two_columns, wide_button};
use crate::{Forms, Intent, Model, shortcuts, words};

pub(crate) fn desk_ui(
    ui: &mut Ui,
    model: &Model<'_>,
    desk: &DeskSnapshot,
    forms: &mut Forms,
    intents: &mut Vec<Intent>,
) {
    let narrow = ui.available_width() < NARROW;
    page(ui, if narrow { COLUMN } else { 940.0 }, |ui| {
        heading(ui, words::desk());
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
        if narrow {
            today_ui(ui, model, desk, forms, intents);
            start_ui(ui, desk, model, forms, intents);
            rest_ui(ui, model, desk, forms, intents);
        } else {
            two_columns(ui, |first, second| {
                today_ui(first, model, desk, forms, intents);
                start_ui(if model.day.is_some() { &mut *second } else { first }, desk, model, forms, intents);
                rest_ui(second, model, desk, forms, intents);
            });
        }
    });
}

/// Whether visits can be opened now: not while one is being made.
fn enters(desk: &DeskSnapshot) -> bool {
    desk.enters_visits && desk.phase != DeskPhase::MakingVisit
}

/// Who waits and who comes today.
fn today_ui(ui: &mut Ui, model: &Model<'_>, desk: &DeskSnapshot, forms: &mut Forms, intents: &mut Vec<Intent>) {
    let Some(day) = model.day else { return };
    if enters(desk) && ui.input_mut(|input| input.consume_shortcut(&shortcuts::ADMIT)) {
        let_in_who_waits_longest(day, true, &mut forms.day, intents);
    }
    day_ui(ui, day, enters(desk), &mut forms.day, intents);
}

/// A visit at once, and how the last one went.
fn start_ui(ui: &mut Ui, desk: &DeskSnapshot, model: &Model<'_>, forms: &mut Forms, intents: &mut Vec<Intent>) {
    let making = desk.phase == DeskPhase::MakingVisit;
    if desk.enters_visits {
        card(ui, |ui| {
            text(ui, words::desk_help());
            let entered = ui
                .add_enabled_ui(!making, |ui| {
                    field(ui, words::patient(), &mut forms.patient, words::patient_hint(), false)
                })
                .inner;
            quiet(ui, words::patient_help());
            let word = if making { words::making_visit() } else { words::start_visit() };
            let pressed = ui.add_enabled_ui(!making, |ui| wide_button(ui, Weight::Primary, word)).inner.clicked();
            if pressed || (entered && !making) {
                intents.push(Intent::Desk(match forms.patient.trim() {
                    "" => DeskIntent::StartVisit,
                    called => DeskIntent::StartVisitWith(Phi::new(called.to_owned())),
                }));
            }
            if making && wide_button(ui, Weight::Secondary, words::cancel()).clicked() {
                intents.push(Intent::Desk(DeskIntent::CloseVisit));
            }
        });
    }
    if let Some(last) = &desk.last_visit {
        card(ui, |ui| {
            quiet(ui, words::last_visit());
            text(ui, &words::visit_end(&last.end, model.last_end).1);
            talk_ui(ui, last.talk.as_ref());
        });
    }
    kept_ui(ui, model, forms, intents);
}

/// What is looked for now and then: planning, devices, the account.
fn rest_ui(ui: &mut Ui, model: &Model<'_>, desk: &DeskSnapshot, forms: &mut Forms, intents: &mut Vec<Intent>) {
    if let Some(day) = model.day {
        planning_ui(ui, day, enters(desk), &mut forms.day, intents);
    }
    card(ui, |ui| {
        device_choices(ui, model, intents);
        address_choice(ui, model, intents);
    });
    account_ui(ui, model, desk, forms, intents);
}

/// Who is signed in, and where.
pub(crate) fn signed_in(ui: &mut Ui, desk: &DeskSnapshot) {
    if let (Some(name), Some(server)) = (desk.name.as_ref().map(Phi::expose), &desk.server) {
        quiet(ui, &words::signed_in_as(name, server));
    }
}
