//! The clinic's keys and devices, for an admin.

use desk::{
    DeviceId, DeviceRole, DeviceRow, KeysIntent, KeysSnapshot, OfficeSnapshot, OfficeStage, RowState, WaitingRow,
};
use egui::Ui;
use units::Phi;

use crate::views::keys::{large_digits, problems, same_or_not};
use crate::widgets::{Weight, button, card, field, heading, notice, quiet, spoken, text, wide_button};
use crate::{Forms, Intent, Model, words};

type Shown<'a> = (&'a Model<'a>, &'a KeysSnapshot, &'a OfficeSnapshot);

pub(crate) fn office_ui(ui: &mut Ui, (model, keys, office): Shown<'_>, forms: &mut Forms, intents: &mut Vec<Intent>) {
    if office.stage == OfficeStage::NotSetUp {
        heading(ui, words::set_up());
        problems(ui, model, keys);
        return card(ui, |ui| {
            text(ui, words::set_up_why());
            if wide_button(ui, Weight::Primary, words::set_up()).clicked() {
                intents.push(Intent::Keys(KeysIntent::SetUp));
            }
        });
    }
    // What was typed of a sheet is not kept once the clinic is here.
    forms.keys.sheet.clear();
    forms.keys.recovering = false;
    heading(ui, words::office());
    if let Some(clinic) = &keys.clinic {
        quiet(ui, &words::fingerprint(clinic));
    }
    problems(ui, model, keys);
    if let Some(days) = office.issuer_days_left.filter(|days| *days < ISSUER_HINT_DAYS) {
        notice(ui, &words::issuer_over(days));
    }
    if office.busy {
        let said = quiet(ui, words::busy());
        spoken(ui, &said);
    }
    if let Some(comparing) = &office.comparing {
        return card(ui, |ui| {
            text(ui, words::ask_same());
            quiet(ui, words::call_them());
            match &comparing.digits {
                None => drop(quiet(ui, words::agreeing())),
                Some(digits) => {
                    large_digits(ui, digits.expose());
                    if let Some(same) = same_or_not(ui) {
                        intents.push(Intent::Keys(KeysIntent::SameAsAdmin(same)));
                    }
                }
            }
            if button(ui, Weight::Quiet, words::cancel()).clicked() {
                intents.push(Intent::Keys(KeysIntent::LeaveComparison));
            }
        });
    }
    card(ui, |ui| waiting_ui(ui, office, forms, intents));
    card(ui, |ui| devices_ui(ui, office, forms, intents));
}

fn waiting_ui(ui: &mut Ui, office: &OfficeSnapshot, forms: &mut Forms, intents: &mut Vec<Intent>) {
    let said = text(ui, words::waiting_devices());
    spoken(ui, &said);
    if office.waiting.is_empty() {
        quiet(ui, words::none_wait());
    }
    for (at, row) in office.waiting.iter().enumerate() {
        let who = words::waits(row.account.as_ref().map(|account| account.expose().as_str()), at + 1);
        if forms.keys.chosen == Some(row.device) {
            chosen_ui(ui, (row, &who), forms, intents);
        } else if wide_button(ui, Weight::Secondary, &words::let_in(&who)).clicked() {
            forms.keys.chosen = Some(row.device);
            forms.keys.name.clone_from(&who);
            // Who certifies decides; the server's word is where they begin.
            forms.keys.role = Some(row.role);
        }
    }
}

/// As whose the device is certified, before digits are compared.
fn chosen_ui(ui: &mut Ui, (row, who): (&WaitingRow, &str), forms: &mut Forms, intents: &mut Vec<Intent>) {
    quiet(ui, &words::says_it_is(row.role));
    let mut wanted = field(ui, words::name_shown(), &mut forms.keys.name, "", false);
    text(ui, words::role_of_device());
    for role in [DeviceRole::Clinician, DeviceRole::FrontDesk, DeviceRole::Admin, DeviceRole::Auditor] {
        ui.radio_value(&mut forms.keys.role, Some(role), words::role_name(role));
    }
    quiet(ui, words::call_them());
    wanted |= wide_button(ui, Weight::Primary, words::compare()).clicked();
    if let (true, Some(role)) = (wanted, forms.keys.role) {
        let name = Phi::new(forms.keys.name.clone());
        intents.push(Intent::Keys(KeysIntent::Compare { device: row.device, name, role }));
        forms.keys.chosen = None;
    }
    if button(ui, Weight::Quiet, &words::refuse(who)).clicked() {
        intents.push(Intent::Keys(KeysIntent::Refuse(row.device)));
        forms.keys.chosen = None;
    }
    if button(ui, Weight::Quiet, words::cancel()).clicked() {
        forms.keys.chosen = None;
    }
}

fn devices_ui(ui: &mut Ui, office: &OfficeSnapshot, forms: &mut Forms, intents: &mut Vec<Intent>) {
    text(ui, words::enrolled_devices());
    for row in &office.devices {
        let exposed = |name: &Option<Phi<String>>| name.as_ref().map(|name| name.expose().clone());
        let (name, account) = (exposed(&row.name), exposed(&row.account));
        let line = words::device_row(name.as_deref(), account.as_deref(), row.role);
        text(ui, &line);
        device_ui(ui, (row, &line), &mut forms.keys.revoking, intents);
    }
}

fn device_ui(ui: &mut Ui, (row, who): (&DeviceRow, &str), revoking: &mut Option<DeviceId>, intents: &mut Vec<Intent>) {
    quiet(
        ui,
        match row.state {
            RowState::ThisOne => words::row_this(),
            RowState::Certified => words::row_certified(),
            RowState::ToCertifyAnew => words::row_anew(),
            RowState::Unknown => words::row_unknown(),
        },
    );
    if row.state == RowState::ThisOne {
        return;
    }
    if row.state == RowState::ToCertifyAnew && button(ui, Weight::Secondary, &words::certify_anew(who)).clicked() {
        intents.push(Intent::Keys(KeysIntent::CertifyAnew(row.device)));
    }
    if *revoking != Some(row.device) {
        if button(ui, Weight::Quiet, &words::revoke(who)).clicked() {
            *revoking = Some(row.device);
        }
        return;
    }
    notice(ui, &format!("{} {}", words::really_revoke(who), words::revoke_why()));
    if button(ui, Weight::Secondary, words::revoke_now()).clicked() {
        intents.push(Intent::Keys(KeysIntent::Revoke(row.device)));
        *revoking = None;
    }
    if button(ui, Weight::Quiet, words::cancel()).clicked() {
        *revoking = None;
    }
}

/// The clinic's keys are not here: the sheet brings them.
pub(crate) fn recover_ui(ui: &mut Ui, forms: &mut Forms, intents: &mut Vec<Intent>) {
    card(ui, |ui| {
        text(ui, words::elsewhere());
        quiet(ui, words::elsewhere_why());
        if !forms.keys.recovering {
            if button(ui, Weight::Secondary, words::recover()).clicked() {
                forms.keys.recovering = true;
            }
            return;
        }
        text(ui, words::recover_why());
        let entered = field(ui, words::sheet_typed(), &mut forms.keys.sheet, "", false);
        let typed = !forms.keys.sheet.trim().is_empty();
        let now = ui.add_enabled_ui(typed, |ui| wide_button(ui, Weight::Primary, words::recover_now())).inner;
        if now.clicked() || (entered && typed) {
            // Kept while it is typed: one slip in forty letters is mended, not typed anew.
            intents.push(Intent::Keys(KeysIntent::Recover(Phi::new(forms.keys.sheet.clone()))));
        }
        if button(ui, Weight::Quiet, words::cancel()).clicked() {
            forms.keys.sheet.clear();
            forms.keys.recovering = false;
        }
    });
}

/// A month in which to find an hour without visits.
const ISSUER_HINT_DAYS: u64 = 30;
