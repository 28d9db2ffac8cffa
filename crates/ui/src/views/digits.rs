//! The digits that both read to each other.

use call::{Check, Snapshot};
use egui::{Align, FontId, Label, RichText, Ui, accesskit, vec2};

use crate::theme::{LOW, Palette, TARGET};
use crate::views::privacy::digits_are_open;
use crate::widgets::{Weight, button, card, quiet, row_from_start, spoken, text};
use crate::{Forms, Intent, Model, words};

/// The comparison, where there is one; opens by itself when the other side began.
pub(crate) fn digits_ui(ui: &mut Ui, model: &Model<'_>, call: &Snapshot, forms: &mut Forms, intents: &mut Vec<Intent>) {
    let Some(known) = call.assurance.as_ref().filter(|_| digits_are_open(call, forms)) else { return };
    let width = ui.available_width().min(WIDEST);
    let beside = (ui.available_width() - width) / 2.0;
    let draw = |ui: &mut Ui| {
        let said = text(ui, words::compare());
        spoken(ui, &said);
        match known.check {
            Check::Shown(digits) => {
                quiet(ui, words::how_to_compare(call.role));
                shown(ui, &digits.to_string(), forms, intents);
            }
            _ => asked(ui, model, forms, intents),
        }
    };
    ui.with_layout(row_from_start(ui, Align::Min), |ui| {
        ui.spacing_mut().item_spacing.x = 0.0;
        ui.add_space(beside);
        ui.vertical(|ui| {
            ui.set_width(width);
            ui.spacing_mut().item_spacing.x = 10.0;
            card(ui, draw);
        });
    });
}

/// As wide as the sentence above the digits.
const WIDEST: f32 = 760.0;
/// In less than this width the answers stand below the digits.
const BESIDE: f32 = 670.0;

fn shown(ui: &mut Ui, digits: &str, forms: &mut Forms, intents: &mut Vec<Intent>) {
    let answers = |ui: &mut Ui, forms: &mut Forms, intents: &mut Vec<Intent>| {
        if button(ui, Weight::Primary, words::same()).clicked() {
            intents.push(Intent::Call(call::Intent::DigitsSame));
        }
        if button(ui, Weight::Secondary, words::not_same()).clicked() {
            intents.push(Intent::Call(call::Intent::DigitsDiffer));
        }
        later(ui, forms);
    };
    if ui.available_width() < BESIDE {
        large(ui, digits);
        ui.horizontal_wrapped(|ui| answers(ui, forms, intents));
    } else {
        ui.horizontal(|ui| {
            large(ui, digits);
            ui.add_space(24.0);
            answers(ui, forms, intents);
        });
    }
}

/// As large as there is room for, and one by one for who hears them.
fn large(ui: &mut Ui, digits: &str) {
    // A monospaced letter is 0.61 of its size wide at most; ten digits and a space.
    let most = if ui.ctx().content_rect().height() < LOW { 28.0 } else { 46.0 };
    let size = (ui.available_width() / (11.0 * 0.61)).min(most);
    let color = Palette::of(ui).text;
    let text = RichText::new(digits).font(FontId::monospace(size)).color(color);
    let response = ui.add(Label::new(text).extend());
    ui.ctx().accesskit_node_builder(response.id, |node| {
        // What a label says is its value.
        node.set_value(words::digits_spoken(digits));
        node.set_live(accesskit::Live::Polite);
    });
}

fn asked(ui: &mut Ui, model: &Model<'_>, forms: &mut Forms, intents: &mut Vec<Intent>) {
    let since = *forms.asking_since.get_or_insert(model.now);
    let asked_for = model.now.since(since);
    quiet(ui, words::asking());
    let row = row_from_start(ui, Align::Center);
    ui.allocate_ui_with_layout(vec2(ui.available_width(), TARGET), row, |ui| {
        if asked_for < words::ASKING_LONG {
            ui.ctx().request_repaint_after(words::ASKING_LONG.saturating_sub(asked_for));
        } else if button(ui, Weight::Secondary, words::ask_again()).clicked() {
            forms.asking_since = Some(model.now);
            intents.push(Intent::Call(call::Intent::StartCheck));
        }
        later(ui, forms);
    });
}

/// Out of the way for now; nothing is said to the other side.
fn later(ui: &mut Ui, forms: &mut Forms) {
    if button(ui, Weight::Quiet, words::later()).clicked() {
        forms.digits_put_away = true;
    }
}
