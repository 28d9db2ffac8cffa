//! What the two can choose of their pictures, and what a thin link leaves of them.

use call::{Mode, Phase, Snapshot};
use egui::Ui;

use crate::widgets::{quiet, spoken, text};
use crate::{Intent, words};

/// Smooth or sharp, and whether data is saved.
pub(crate) fn picture_choices(ui: &mut Ui, call: &Snapshot, intents: &mut Vec<Intent>) {
    text(ui, words::pictures());
    for mode in [Mode::Smooth, Mode::Sharp] {
        if ui.radio(call.mode == mode, words::mode(mode)).clicked() && call.mode != mode {
            intents.push(Intent::Call(call::Intent::SetMode(mode)));
        }
    }
    quiet(ui, words::for_both());
    let mut save_data = call.save_data;
    if ui.checkbox(&mut save_data, words::save_data()).changed() {
        intents.push(Intent::Call(call::Intent::SetSaveData(save_data)));
    }
}

/// One sentence for each side whose picture is not as usual, and one for what was chosen.
pub(crate) fn why_pictures_are_so(ui: &mut Ui, call: &Snapshot) {
    if !matches!(call.phase, Phase::Live { .. }) {
        return;
    }
    let thin = [call.remote.and_then(words::theirs_on_thin_link), words::own_on_thin_link(call.picture_plan)];
    for sentence in thin.into_iter().flatten() {
        let said = quiet(ui, sentence);
        spoken(ui, &said);
    }
    if let Some(sentence) = words::chosen(call.mode, call.save_data, call.remote) {
        quiet(ui, sentence);
    }
}

/// The other mode.
pub(crate) const fn other(mode: Mode) -> Mode {
    match mode {
        Mode::Smooth => Mode::Sharp,
        Mode::Sharp => Mode::Smooth,
    }
}
