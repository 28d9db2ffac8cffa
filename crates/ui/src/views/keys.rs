//! The keys of this device: how it is let in, and what is wrong with it.

use desk::{DeskSnapshot, DeviceStanding, Keeping, KeysIntent, KeysSnapshot, OfficeStage};
use egui::accesskit::Live;
use egui::{FontId, RichText, Ui};

use crate::theme::{COLUMN, Palette};
use crate::views::audit::{audit_button, audit_ui, log_notice};
use crate::views::colleagues::colleagues_ui;
use crate::views::desk::signed_in;
use crate::views::reviews::reviews_ui;
use crate::views::sessions::account_ui;
use crate::views::{office, sheet};
use crate::widgets::{Weight, card, heading, notice, page, quiet, spoken, text, wide_button};
use crate::{Forms, Intent, Model, words};

/// What is shown to who is signed in and has no desk: their device, and an admin the clinic's.
pub(crate) fn keys_ui(
    ui: &mut Ui,
    model: &Model<'_>,
    desk: &DeskSnapshot,
    forms: &mut Forms,
    intents: &mut Vec<Intent>,
) {
    if let Some(view) = &desk.audit {
        return audit_ui(ui, model, view, &mut forms.audit, intents);
    }
    page(ui, COLUMN, |ui| {
        match model.keys {
            None => drop(heading(ui, words::OPENING_KEYS)),
            Some(keys) => known_ui(ui, model, keys, forms, intents),
        }
        signed_in(ui, desk);
        log_notice(ui, desk);
        audit_button(ui, desk, &mut forms.audit, intents);
        colleagues_ui(ui, model, desk, forms, intents);
        reviews_ui(ui, model, desk, intents);
        account_ui(ui, model, desk, forms, intents);
    });
}

fn known_ui(ui: &mut Ui, model: &Model<'_>, keys: &KeysSnapshot, forms: &mut Forms, intents: &mut Vec<Intent>) {
    let stage = keys.office.as_ref().map(|office| &office.stage);
    let is_admins = matches!(keys.device, DeviceStanding::NoClinic | DeviceStanding::Certified { .. })
        || matches!(stage, Some(OfficeStage::Here));
    match (&keys.office, stage) {
        (_, Some(OfficeStage::Sheet(sheet))) => {
            troubles(ui, model, keys);
            return sheet::sheet_ui(ui, (model, keys, sheet), forms, intents);
        }
        (Some(office), Some(OfficeStage::NotSetUp | OfficeStage::Here)) if is_admins => {
            return office::office_ui(ui, (model, keys, office), forms, intents);
        }
        _ => {}
    }
    let (title, sentence) = words::device_standing(&keys.device);
    let said = heading(ui, title);
    spoken(ui, &said);
    problems(ui, model, keys);
    card(ui, |ui| device_card(ui, keys, &sentence, intents));
    if stage == Some(&OfficeStage::Elsewhere) {
        office::recover_ui(ui, forms, intents);
    }
}

/// What went wrong, and where keys are kept if that is nowhere.
pub(crate) fn problems(ui: &mut Ui, model: &Model<'_>, keys: &KeysSnapshot) {
    if let Some(problem) = &keys.problem {
        notice(ui, &words::keys_problem(problem));
    }
    troubles(ui, model, keys);
}

/// What is so whatever was done last.
fn troubles(ui: &mut Ui, model: &Model<'_>, keys: &KeysSnapshot) {
    if keys.keeping == Keeping::Memory {
        notice(ui, words::IN_MEMORY);
    }
    if let Some(problem) = model.problem {
        notice(ui, problem);
    }
}

fn device_card(ui: &mut Ui, keys: &KeysSnapshot, sentence: &str, intents: &mut Vec<Intent>) {
    text(ui, sentence);
    if let Some(clinic) = &keys.clinic {
        quiet(ui, &words::fingerprint(clinic));
    }
    match &keys.device {
        DeviceStanding::Comparing(None) => drop(quiet(ui, words::AGREEING)),
        DeviceStanding::Comparing(Some(digits)) => {
            large_digits(ui, digits.expose());
            if let Some(same) = same_or_not(ui) {
                intents.push(Intent::Keys(KeysIntent::SameOnDevice(same)));
            }
        }
        DeviceStanding::KeyringLocked => {
            if wide_button(ui, Weight::Primary, words::TRY_AGAIN).clicked() {
                intents.push(Intent::Keys(KeysIntent::TryKeyringAgain));
            }
        }
        DeviceStanding::KeyringUnreadable
        | DeviceStanding::Differ
        | DeviceStanding::Refused
        | DeviceStanding::Revoked
        | DeviceStanding::AnotherClinic => {
            if wide_button(ui, Weight::Secondary, words::ASK_ANEW).clicked() {
                intents.push(Intent::Keys(KeysIntent::AskAnew));
            }
        }
        DeviceStanding::Opening
        | DeviceStanding::NoClinic
        | DeviceStanding::Waiting
        | DeviceStanding::Confirmed
        | DeviceStanding::Certified { .. }
        | DeviceStanding::Over
        | DeviceStanding::Replaced => {}
    }
}

/// Two answers of the same weight: neither is what most people want.
pub(crate) fn same_or_not(ui: &mut Ui) -> Option<bool> {
    let same = wide_button(ui, Weight::Secondary, words::SAME).clicked();
    let differ = wide_button(ui, Weight::Secondary, words::NOT_SAME).clicked();
    if same || differ { Some(same) } else { None }
}

/// Ten digits in two groups of five, as large as there is room for, and one by one for who hears them.
pub(crate) fn large_digits(ui: &mut Ui, digits: &str) {
    // A digit of egui's monospaced letters is 0.55 of their size wide; ten and a space.
    let size = (ui.available_width() / (11.0 * 0.56)).min(46.0);
    let color = Palette::of(ui).text;
    let response = ui.label(RichText::new(digits).font(FontId::monospace(size)).color(color));
    ui.ctx().accesskit_node_builder(response.id, |node| {
        // What a label says is its value.
        node.set_value(words::one_by_one(digits));
        node.set_live(Live::Polite);
    });
}
