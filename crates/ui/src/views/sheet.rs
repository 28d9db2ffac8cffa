//! The recovery sheet, shown once: to be printed or written down, and asked back in part.

use desk::{KeysIntent, KeysSnapshot, Sheet};
use egui::{FontId, Grid, Label, RichText, Ui};
use units::Phi;

use crate::theme::Palette;
use crate::widgets::{Weight, button, card, field, heading, notice, quiet, spoken, text, wide_button};
use crate::{Forms, Intent, Model, words};

pub(crate) fn sheet_ui(
    ui: &mut Ui,
    (model, keys, sheet): (&Model<'_>, &KeysSnapshot, &Sheet),
    forms: &mut Forms,
    intents: &mut Vec<Intent>,
) {
    let said = heading(ui, words::sheet());
    spoken(ui, &said);
    text(ui, words::sheet_why());
    card(ui, |ui| {
        groups(ui, sheet);
        quiet(ui, &words::fingerprint(&sheet.fingerprint));
        if wide_button(ui, Weight::Secondary, words::print_sheet()).clicked() {
            intents.push(Intent::PrintSheet);
        }
        if let Some(path) = model.sheet_page {
            let said = quiet(ui, &words::sheet_written(path));
            spoken(ui, &said);
        }
    });
    card(ui, |ui| {
        text(ui, words::type_back());
        // Where it was typed: the head of the page may be out of sight.
        if let Some(problem) = &keys.problem {
            notice(ui, &words::keys_problem(problem));
        }
        let mut entered = false;
        for (typed, group) in forms.keys.groups.iter_mut().zip(sheet.asked) {
            entered |= field(ui, &words::group(group), typed, "", false);
        }
        let typed = forms.keys.groups.iter().all(|group| !group.trim().is_empty());
        let confirm = ui.add_enabled_ui(typed, |ui| wide_button(ui, Weight::Primary, words::confirm_sheet())).inner;
        if confirm.clicked() || (entered && typed) {
            let typed = forms.keys.groups.iter_mut().map(|group| Phi::new(std::mem::take(group))).collect();
            intents.push(Intent::Keys(KeysIntent::ConfirmSheet(typed)));
        }
    });
    if button(ui, Weight::Quiet, words::not_now_sheet()).clicked() {
        intents.push(Intent::Keys(KeysIntent::LeaveSetUp));
    }
}

/// Two rows of four, each with its number, as on paper.
fn groups(ui: &mut Ui, sheet: &Sheet) {
    let color = Palette::of(ui).text;
    quiet(ui, words::sheet_groups());
    // A letter of egui's monospaced ones is 0.55 of their size wide; four groups of five, and what is between them.
    let size = ((ui.available_width() - 3.0 * BETWEEN) / (20.0 * 0.56)).min(22.0);
    Grid::new("groups of the sheet").num_columns(4).spacing([BETWEEN, 8.0]).show(ui, |ui| {
        for (at, group) in sheet.groups.expose().split('-').enumerate() {
            ui.vertical(|ui| {
                quiet(ui, &(at + 1).to_string());
                // In one piece: who copies it by hand must not take one group for two.
                let said = ui.add(Label::new(RichText::new(group).font(FontId::monospace(size)).color(color)).extend());
                ui.ctx().accesskit_node_builder(said.id, |node| {
                    node.set_value(format!("{}:{}", words::group(at + 1), words::one_by_one(group)));
                });
            });
            if at % 4 == 3 {
                ui.end_row();
            }
        }
    });
}

/// Between two groups of a row.
const BETWEEN: f32 = 22.0;
