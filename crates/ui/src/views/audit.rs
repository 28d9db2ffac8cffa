//! The audit log, for who reads it: what happened, what a device did, evidence to take away, who has access now.

use desk::auditing::{AccessLine, AuditFilter, AuditIntent, AuditLine, AuditView, KINDS, LogStanding, Touched};
use desk::{DeskIntent, DeskSnapshot, StaffRow};
use egui::{ComboBox, Ui};

use crate::forms::AuditForms;
use crate::theme::COLUMN;
use crate::widgets::{
    Weight, button, card, field, field_with_focus, heading, notice, page, quiet, spoken, text, wide_button,
};
use crate::{Intent, Model, words};

/// The way to it, for who may read it.
pub(crate) fn audit_button(ui: &mut Ui, desk: &DeskSnapshot, forms: &mut AuditForms, intents: &mut Vec<Intent>) {
    *forms = AuditForms::default();
    if desk.reads_log && button(ui, Weight::Secondary, words::AUDIT).clicked() {
        wants(intents, AuditIntent::Show);
    }
}

/// What is wrong with the log, to whoever works at the clinic.
pub(crate) fn log_notice(ui: &mut Ui, desk: &DeskSnapshot) {
    if let Some(trouble) = desk.log_trouble {
        notice(ui, &words::log_trouble(trouble));
    }
}

/// The page.
pub(crate) fn audit_ui(
    ui: &mut Ui,
    model: &Model<'_>,
    view: &AuditView,
    forms: &mut AuditForms,
    intents: &mut Vec<Intent>,
) {
    page(ui, COLUMN, |ui| {
        heading(ui, words::AUDIT);
        standing_ui(ui, view);
        if let Some(problem) = &view.problem {
            notice(ui, &words::audit_problem(problem, model.now));
        }
        quiet(ui, &words::times_of(&view.zone));
        if view.is_asking {
            let said = quiet(ui, words::LOOKING);
            spoken(ui, &said);
        }
        ui.add_enabled_ui(!view.is_asking, |ui| {
            card(ui, |ui| rows_ui(ui, view, forms, intents));
            card(ui, |ui| evidence_ui(ui, view, forms, intents));
            card(ui, |ui| device_ui(ui, view, forms, intents));
            card(ui, |ui| access_ui(ui, view, forms, intents));
        });
        if wide_button(ui, Weight::Secondary, words::CLOSE_AUDIT).clicked() {
            wants(intents, AuditIntent::Hide);
        }
    });
}

fn wants(intents: &mut Vec<Intent>, intent: AuditIntent) {
    intents.push(Intent::Desk(DeskIntent::Audit(intent)));
}

fn standing_ui(ui: &mut Ui, view: &AuditView) {
    let Some(sentence) = words::log_stands(&view.log, view.verified_at.as_deref()) else { return };
    match &view.log {
        LogStanding::Verified(log) => {
            let said = text(ui, &sentence);
            spoken(ui, &said);
            quiet(ui, &words::log_key(&log.key));
        }
        LogStanding::Wrong(_) | LogStanding::Unknown => notice(ui, &sentence),
    }
}

fn rows_ui(ui: &mut Ui, view: &AuditView, forms: &mut AuditForms, intents: &mut Vec<Intent>) {
    text(ui, words::ROWS);
    choices_ui(ui, &view.accounts, &mut forms.filter);
    let filter = &mut forms.filter;
    let mut entered = field_with_focus(ui, words::ABOUT, &mut filter.about, words::ABOUT_HINT, false, true);
    entered |= field(ui, words::FROM, &mut filter.from, words::TIME_HINT, false);
    entered |= field(ui, words::UNTIL, &mut filter.until, words::TIME_HINT, false);
    entered |= wide_button(ui, Weight::Primary, words::LOOK).clicked();
    if entered {
        wants(intents, AuditIntent::Find(filter.clone()));
    }
    match (&view.log, view.rows.is_empty()) {
        (_, true) if view.is_asking => {}
        (_, true) => drop(quiet(ui, words::NO_ROWS)),
        (LogStanding::Verified(_), false) => drop(quiet(ui, words::ROWS_HELP)),
        (LogStanding::Wrong(_) | LogStanding::Unknown, false) => notice(ui, words::ROWS_NOT_PROVEN),
    }
    for line in &view.rows {
        ui.push_id(line.number, |ui| row_ui(ui, line, &view.accounts, forms, intents));
    }
    ui.horizontal_wrapped(|ui| {
        if view.has_newer && button(ui, Weight::Secondary, words::NEWER).clicked() {
            wants(intents, AuditIntent::Newer);
        }
        if view.has_older && button(ui, Weight::Secondary, words::OLDER).clicked() {
            wants(intents, AuditIntent::Older);
        }
    });
}

/// The kind and the account, by lists.
fn choices_ui(ui: &mut Ui, accounts: &[StaffRow], filter: &mut AuditFilter) {
    let shown = filter.kind.as_deref().map_or(words::ANY_KIND, words::kind).to_owned();
    ComboBox::from_label(words::KIND).selected_text(shown).show_ui(ui, |ui| {
        ui.selectable_value(&mut filter.kind, None, words::ANY_KIND);
        let mut kinds = KINDS.map(|kind| (words::kind(kind), kind));
        kinds.sort_unstable();
        for (name, kind) in kinds {
            ui.selectable_value(&mut filter.kind, Some(kind.to_owned()), name);
        }
    });
    let known = accounts.iter().find(|row| Some(row.staff) == filter.account);
    let shown = known.map_or(words::ANYBODY, |row| row.name.expose()).to_owned();
    ComboBox::from_label(words::WHOSE).selected_text(shown).show_ui(ui, |ui| {
        ui.selectable_value(&mut filter.account, None, words::ANYBODY);
        for row in accounts {
            ui.selectable_value(&mut filter.account, Some(row.staff), row.name.expose().as_str());
        }
    });
}

fn row_ui(ui: &mut Ui, line: &AuditLine, accounts: &[StaffRow], forms: &mut AuditForms, intents: &mut Vec<Intent>) {
    ui.separator();
    text(ui, &words::row(line, accounts));
    ui.horizontal_wrapped(|ui| {
        quiet(ui, &words::row_number(line.number));
        let Some(visit) = line.visit.as_ref().filter(|visit| **visit != forms.filter.about) else { return };
        only_visit_button(ui, visit, forms, intents);
    });
}

/// Leads from a visit to its rows, and to its evidence.
fn only_visit_button(ui: &mut Ui, visit: &str, forms: &mut AuditForms, intents: &mut Vec<Intent>) {
    if button(ui, Weight::Quiet, &words::only_visit(visit)).clicked() {
        forms.filter = AuditFilter { about: visit.to_owned(), ..AuditFilter::default() };
        visit.clone_into(&mut forms.visit);
        wants(intents, AuditIntent::Find(forms.filter.clone()));
    }
}

fn evidence_ui(ui: &mut Ui, view: &AuditView, forms: &mut AuditForms, intents: &mut Vec<Intent>) {
    text(ui, words::EVIDENCE);
    quiet(ui, words::EVIDENCE_HELP);
    let mut entered = field(ui, words::EVIDENCE_VISIT, &mut forms.visit, words::ABOUT_HINT, false);
    forms.propose_file(&view.folder);
    entered |= field(ui, words::EVIDENCE_FILE, &mut forms.file, "", false);
    entered |= wide_button(ui, Weight::Secondary, words::WRITE_EVIDENCE).clicked();
    if entered {
        wants(intents, AuditIntent::Export { visit: forms.visit.clone(), file: forms.file.clone() });
    }
    if let Some(exported) = &view.exported {
        let sentence = words::exported(exported);
        match exported.refused {
            None => {
                let said = text(ui, &sentence);
                spoken(ui, &said);
            }
            Some(_) => notice(ui, &sentence),
        }
    }
}

fn device_ui(ui: &mut Ui, view: &AuditView, forms: &mut AuditForms, intents: &mut Vec<Intent>) {
    text(ui, words::DEVICE);
    quiet(ui, words::DEVICE_HELP);
    let mut entered = field(ui, words::DEVICE_ID, &mut forms.device, words::DEVICE_HINT, false);
    entered |= field(ui, words::USED_FROM, &mut forms.used_from, words::TIME_HINT, false);
    entered |= field(ui, words::USED_UNTIL, &mut forms.used_until, words::TIME_HINT, false);
    entered |= wide_button(ui, Weight::Secondary, words::FIND_VISITS).clicked();
    if entered {
        wants(intents, forms.touched_by());
    }
    if let Some(found) = &view.touched {
        touched_ui(ui, view, found, forms, intents);
    }
}

fn touched_ui(ui: &mut Ui, view: &AuditView, found: &Touched, forms: &mut AuditForms, intents: &mut Vec<Intent>) {
    quiet(ui, &found.device);
    let said = text(ui, &words::touched(found));
    spoken(ui, &said);
    for visit in &found.visits {
        ui.separator();
        text(ui, &words::touched_visit(visit, &view.accounts));
        only_visit_button(ui, &visit.visit, forms, intents);
    }
}

fn access_ui(ui: &mut Ui, view: &AuditView, forms: &mut AuditForms, intents: &mut Vec<Intent>) {
    text(ui, words::ACCESS);
    if wide_button(ui, Weight::Secondary, words::SHOW_ACCESS).clicked() {
        wants(intents, AuditIntent::ShowAccess);
    }
    for line in view.access.iter().flatten() {
        ui.separator();
        account_ui(ui, line, forms, intents);
    }
}

fn account_ui(ui: &mut Ui, line: &AccessLine, forms: &mut AuditForms, intents: &mut Vec<Intent>) {
    text(ui, &words::access(line));
    quiet(ui, words::access_state(line.state));
    if line.sessions.is_empty() {
        quiet(ui, words::NOT_SIGNED_IN);
    }
    let mut wanted = None;
    for session in &line.sessions {
        text(ui, &words::access_session(session));
        let id = session.session.to_string();
        if button(ui, Weight::Quiet, &words::visits_of(&id)).clicked() {
            wanted = Some(id);
        }
    }
    if line.devices.is_empty() {
        quiet(ui, words::NO_DEVICE);
    }
    for device in &line.devices {
        text(ui, &words::access_device(device));
        let id = device.device.to_string();
        if button(ui, Weight::Quiet, &words::visits_of(&id)).clicked() {
            wanted = Some(id);
        }
    }
    if let Some(id) = wanted {
        forms.device = id;
        wants(intents, forms.touched_by());
    }
}
