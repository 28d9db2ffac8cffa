//! The clinician's side of the waiting room: the link to give, and who waits.

use call::{CodeStanding, Phase, Waiting};
use desk::DeskIntent;
use egui::{Label, RichText, Ui};
use signaling_protocol::{GuestRole, VisitId};
use units::{Phi, Timestamp};

use crate::forms::Beside;
use crate::theme::{COLUMN, NARROW, Palette};
use crate::views::asked::door_ui;
use crate::views::devices::{device_choices, microphone_level, troubles};
use crate::views::lobby::{own_picture, switches};
use crate::widgets::{Weight, button, card, heading, notice, page, quiet, spoken, text, two_columns, wide_button};
use crate::{Forms, Intent, Model, PicturePainter, qr, words};

pub(crate) fn waiting_panel_ui(
    ui: &mut Ui,
    model: &Model<'_>,
    (call, link): (&call::Snapshot, &Phi<String>),
    forms: &mut Forms,
    painter: &mut dyn PicturePainter,
    intents: &mut Vec<Intent>,
) {
    let_in_who_was_chosen(model, call, &mut forms.day.admits, intents);
    let narrow = ui.available_width() < NARROW;
    page(ui, if narrow { COLUMN } else { 880.0 }, |ui| {
        heading(ui, words::host_waiting());
        if let Some(patient) = model.desk.and_then(|desk| desk.patient.as_ref()) {
            quiet(ui, &words::visit_of(patient.expose()));
        }
        if let Some(problem) = words::call_problem(call, model.problem, model.devices) {
            notice(ui, &problem);
        }
        troubles(ui, model, forms, intents);
        let mut rest = |ui: &mut Ui, forms: &mut Forms, intents: &mut Vec<Intent>| {
            own_picture(ui, model, call, painter);
            microphone_level(ui, model, call.muted);
            switches(ui, call, intents);
            if forms.shows(Beside::Devices) {
                card(ui, |ui| device_choices(ui, model, intents));
            }
            let word = if forms.shows(Beside::Devices) { words::close_devices() } else { words::devices() };
            if button(ui, Weight::Secondary, word).clicked() {
                forms.toggle(Beside::Devices);
            }
        };
        if narrow {
            card(ui, |ui| who_waits(ui, model.now, call, intents));
            card(ui, |ui| invitation(ui, model.now, link, forms, intents));
            rest(ui, forms, intents);
            close(ui, intents);
        } else {
            two_columns(ui, |first, second| {
                card(first, |ui| who_waits(ui, model.now, call, intents));
                rest(first, forms, intents);
                close(first, intents);
                card(second, |ui| invitation(ui, model.now, link, forms, intents));
            });
        }
    });
}

/// Who was let in at the desk, where the visit was not open yet: unless there is something to be read first.
fn let_in_who_was_chosen(
    model: &Model<'_>,
    call: &call::Snapshot,
    admits: &mut Option<VisitId>,
    intents: &mut Vec<Intent>,
) {
    let (Some(chosen), Some(first)) = (*admits, call.waiting.first()) else { return };
    *admits = None;
    let is_this = model.desk.and_then(|desk| desk.visit) == Some(chosen);
    let is_plain = !first.reused
        && first.role == GuestRole::Patient
        && matches!(first.code, CodeStanding::NotWanted | CodeStanding::Right);
    if is_this && is_plain {
        intents.push(Intent::Call(call::Intent::Admit(first.endpoint)));
    }
}

fn invitation(ui: &mut Ui, now: Timestamp, link: &Phi<String>, forms: &mut Forms, intents: &mut Vec<Intent>) {
    text(ui, words::invite());
    quiet(ui, words::invite_help());
    let short = RichText::new(link.expose()).monospace().color(Palette::of(ui).quiet);
    let shown = ui.add(Label::new(short).truncate().selectable(true));
    ui.ctx().accesskit_node_builder(shown.id, |node| node.set_label(words::link()));
    let copied = forms.copied_at.is_some_and(|at| now.since(at) < words::COPIED_FOR);
    let pressed = wide_button(ui, Weight::Primary, if copied { words::copied() } else { words::copy_link() });
    spoken(ui, &pressed);
    if pressed.clicked() {
        forms.copied_at = Some(now);
        ui.ctx().request_repaint_after(words::COPIED_FOR);
        intents.push(Intent::CopyLink);
    }
    quiet(ui, words::qr_help());
    ui.vertical_centered(|ui| qr::qr_code(ui, link, &mut forms.qr, words::qr()));
}

/// Who waits, each with Admit and Decline.
fn who_waits(ui: &mut Ui, now: Timestamp, call: &call::Snapshot, intents: &mut Vec<Intent>) {
    let said = text(ui, &words::how_many_wait(call.waiting.len()));
    spoken(ui, &said);
    if call.waiting.is_empty() {
        quiet(ui, words::nobody_help());
    }
    door_ui(ui, call, intents);
    for (number, waiting) in numbered(call) {
        ui.push_id(waiting.endpoint.as_bytes(), |ui| {
            ui.separator();
            text(ui, &words::visitor(number));
            quiet(ui, &words::visitor_waits(now.since(waiting.since), waiting.warm));
            if let Some(role) = words::comes_as(waiting.role) {
                quiet(ui, role);
            }
            if let Some(code) = words::code_standing(waiting.code) {
                quiet(ui, &code);
            }
            if waiting.reused {
                notice(ui, words::reused());
            }
            ui.horizontal_wrapped(|ui| answers(ui, (number, waiting), true, intents));
        });
    }
}

/// The same beside a call, a line for each; during a talk another can only be declined.
pub(crate) fn who_waits_beside(ui: &mut Ui, now: Timestamp, call: &call::Snapshot, intents: &mut Vec<Intent>) {
    let talking = matches!(call.phase, Phase::Live { .. });
    for (number, waiting) in numbered(call) {
        ui.push_id(waiting.endpoint.as_bytes(), |ui| {
            ui.horizontal_wrapped(|ui| {
                let said = ui.label(words::visitor_beside(number, now.since(waiting.since)));
                spoken(ui, &said);
                answers(ui, (number, waiting), !talking, intents);
            });
            if waiting.reused {
                notice(ui, words::reused());
            }
        });
    }
    if talking {
        quiet(ui, words::talking());
    }
}

/// Who waits, with a number where there are several.
fn numbered(call: &call::Snapshot) -> impl Iterator<Item = (Option<usize>, &Waiting)> {
    let several = call.waiting.len() > 1;
    call.waiting.iter().enumerate().map(move |(index, waiting)| (several.then_some(index + 1), waiting))
}

fn answers(ui: &mut Ui, (number, waiting): (Option<usize>, &Waiting), may_come: bool, intents: &mut Vec<Intent>) {
    if may_come && button(ui, Weight::Primary, &words::admit(number)).clicked() {
        intents.push(Intent::Call(call::Intent::Admit(waiting.endpoint)));
    }
    if button(ui, Weight::Secondary, &words::decline(number)).clicked() {
        intents.push(Intent::Call(call::Intent::Deny(waiting.endpoint)));
    }
}

fn close(ui: &mut Ui, intents: &mut Vec<Intent>) {
    if button(ui, Weight::Quiet, words::close_visit()).clicked() {
        intents.push(Intent::Desk(DeskIntent::CloseVisit));
    }
}
