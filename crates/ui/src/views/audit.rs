//! The audit log, for who reads it: what happened, what a device did, evidence to take away, who has access now.

use desk::auditing::{AccessLine, AuditFilter, AuditIntent, AuditLine, AuditView, KINDS, LogStanding, Touched};
use desk::{DeskIntent, DeskSnapshot, StaffRow};
use egui::Ui;

use crate::forms::AuditForms;
use crate::theme::COLUMN;
use crate::widgets::{
    Weight, button, card, field, field_with_focus, heading, notice, page, pick, quiet, spoken, text, wide_button,
};
use crate::{Intent, Model, words};

/// The way to it, for who may read it.
pub(crate) fn audit_button(ui: &mut Ui, desk: &DeskSnapshot, forms: &mut AuditForms, intents: &mut Vec<Intent>) {
    *forms = AuditForms::default();
    if desk.reads_log && button(ui, Weight::Secondary, words::audit()).clicked() {
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
        heading(ui, words::audit());
        standing_ui(ui, view);
        if let Some(problem) = &view.problem {
            notice(ui, &words::audit_problem(problem, model.now));
        }
        quiet(ui, &words::audit_times_of(&view.zone));
        if view.is_asking {
            let said = quiet(ui, words::looking());
            spoken(ui, &said);
        }
        ui.add_enabled_ui(!view.is_asking, |ui| {
            card(ui, |ui| rows_ui(ui, view, forms, intents));
            card(ui, |ui| evidence_ui(ui, view, forms, intents));
            card(ui, |ui| device_ui(ui, view, forms, intents));
            card(ui, |ui| access_ui(ui, view, forms, intents));
        });
        if wide_button(ui, Weight::Secondary, words::close_audit()).clicked() {
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
    text(ui, words::audit_rows());
    choices_ui(ui, &view.accounts, &mut forms.filter);
    let filter = &mut forms.filter;
    let mut entered =
        field_with_focus(ui, words::audit_about(), &mut filter.about, words::AUDIT_ABOUT_HINT, false, true);
    entered |= field(ui, words::audit_from(), &mut filter.from, words::audit_time_hint(), false);
    entered |= field(ui, words::audit_until(), &mut filter.until, words::audit_time_hint(), false);
    entered |= wide_button(ui, Weight::Primary, words::audit_look()).clicked();
    if entered {
        wants(intents, AuditIntent::Find(filter.clone()));
    }
    match (&view.log, view.rows.is_empty()) {
        (_, true) if view.is_asking => {}
        (_, true) => drop(quiet(ui, words::audit_no_rows())),
        (LogStanding::Verified(_), false) => drop(quiet(ui, words::audit_rows_help())),
        (LogStanding::Wrong(_) | LogStanding::Unknown, false) => notice(ui, words::audit_rows_not_proven()),
    }
    for line in &view.rows {
        ui.push_id(line.number, |ui| row_ui(ui, line, &view.accounts, forms, intents));
    }
    ui.horizontal_wrapped(|ui| {
        if view.has_newer && button(ui, Weight::Secondary, words::audit_newer()).clicked() {
            wants(intents, AuditIntent::Newer);
        }
        if view.has_older && button(ui, Weight::Secondary, words::audit_older()).clicked() {
            wants(intents, AuditIntent::Older);
        }
    });
}

/// The kind and the account, by lists.
fn choices_ui(ui: &mut Ui, accounts: &[StaffRow], filter: &mut AuditFilter) {
    let mut kinds = KINDS.map(|kind| (words::audit_kind(kind), kind));
    kinds.sort_unstable();
    let shown = filter.kind.as_deref().map_or(words::audit_any_kind(), words::audit_kind).to_owned();
    let names: Vec<&str> = [words::audit_any_kind()].into_iter().chain(kinds.map(|(name, _)| name)).collect();
    if let Some(picked) = pick(ui, words::audit_of_kind(), &shown, &names) {
        filter.kind = picked.checked_sub(1).and_then(|at| kinds.get(at)).map(|(_, kind)| (*kind).to_owned());
    }
    let known = accounts.iter().find(|row| Some(row.staff) == filter.account);
    let shown = known.map_or(words::audit_anybody(), |row| row.name.expose());
    let of_accounts = accounts.iter().map(|row| row.name.expose().as_str());
    let names: Vec<&str> = [words::audit_anybody()].into_iter().chain(of_accounts).collect();
    if let Some(picked) = pick(ui, words::audit_whose(), shown, &names) {
        filter.account = picked.checked_sub(1).and_then(|at| accounts.get(at)).map(|row| row.staff);
    }
}

fn row_ui(ui: &mut Ui, line: &AuditLine, accounts: &[StaffRow], forms: &mut AuditForms, intents: &mut Vec<Intent>) {
    ui.separator();
    text(ui, &words::audit_row(line, accounts));
    ui.horizontal_wrapped(|ui| {
        quiet(ui, &words::audit_row_number(line.number));
        let Some(visit) = line.visit.as_ref().filter(|visit| **visit != forms.filter.about) else { return };
        only_visit_button(ui, visit, forms, intents);
    });
}

/// Leads from a visit to its rows, and to its evidence.
fn only_visit_button(ui: &mut Ui, visit: &str, forms: &mut AuditForms, intents: &mut Vec<Intent>) {
    if button(ui, Weight::Quiet, &words::audit_only_visit(visit)).clicked() {
        forms.filter = AuditFilter { about: visit.to_owned(), ..AuditFilter::default() };
        visit.clone_into(&mut forms.visit);
        wants(intents, AuditIntent::Find(forms.filter.clone()));
    }
}

fn evidence_ui(ui: &mut Ui, view: &AuditView, forms: &mut AuditForms, intents: &mut Vec<Intent>) {
    text(ui, words::audit_evidence());
    quiet(ui, words::audit_evidence_help());
    let mut entered = field(ui, words::audit_evidence_visit(), &mut forms.visit, words::AUDIT_ABOUT_HINT, false);
    forms.propose_file(&view.folder);
    entered |= field(ui, words::audit_evidence_file(), &mut forms.file, "", false);
    entered |= wide_button(ui, Weight::Secondary, words::audit_write_evidence()).clicked();
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
    text(ui, words::audit_device());
    quiet(ui, words::audit_device_help());
    let mut entered = field(ui, words::audit_device_id(), &mut forms.device, words::audit_device_hint(), false);
    entered |= field(ui, words::audit_used_from(), &mut forms.used_from, words::audit_time_hint(), false);
    entered |= field(ui, words::audit_used_until(), &mut forms.used_until, words::audit_time_hint(), false);
    entered |= wide_button(ui, Weight::Secondary, words::audit_find_visits()).clicked();
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
    text(ui, words::audit_access());
    if wide_button(ui, Weight::Secondary, words::audit_show_access()).clicked() {
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
        quiet(ui, words::audit_not_signed_in());
    }
    let mut wanted = None;
    for session in &line.sessions {
        text(ui, &words::access_session(session));
        let id = session.session.to_string();
        if button(ui, Weight::Quiet, &words::audit_visits_of(&id)).clicked() {
            wanted = Some(id);
        }
    }
    if line.devices.is_empty() {
        quiet(ui, words::audit_no_device());
    }
    for device in &line.devices {
        text(ui, &words::access_device(device));
        let id = device.device.to_string();
        if button(ui, Weight::Quiet, &words::audit_visits_of(&id)).clicked() {
            wanted = Some(id);
        }
    }
    if let Some(id) = wanted {
        forms.device = id;
        wants(intents, forms.touched_by());
    }
}
