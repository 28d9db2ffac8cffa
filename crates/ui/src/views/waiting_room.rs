//! The patient waits to be let in; nobody sees or hears them yet.

use egui::Ui;
use units::Timestamp;

use crate::forms::Beside;
use crate::icons::Icon;
use crate::theme::{COLUMN, NARROW, Palette, TIGHT};
use crate::views::asked::asked_ui;
use crate::views::devices::{device_choices, microphone_level, troubles};
use crate::views::lobby::{own_picture, switches};
use crate::widgets::{Weight, button, card, heading, notice, page, quiet, spoken, text, two_columns, with_sign};
use crate::{Forms, Intent, Model, PicturePainter, words};

pub(crate) fn waiting_room_ui(
    ui: &mut Ui,
    model: &Model<'_>,
    (call, since): (&call::Snapshot, Timestamp),
    forms: &mut Forms,
    painter: &mut dyn PicturePainter,
    intents: &mut Vec<Intent>,
) {
    let narrow = ui.available_width() < NARROW;
    page(ui, if narrow { COLUMN } else { 880.0 }, |ui| {
        let said = heading(ui, words::waiting());
        spoken(ui, &said);
        quiet(ui, words::waiting_help());
        if let Some(problem) = words::call_problem(call, model.problem, model.devices) {
            notice(ui, &words::with_phone(&problem, model.phone));
        }
        if let Some(ahead) = call.around.clock_ahead_secs {
            notice(ui, &words::clock_is_wrong(ahead));
        }
        troubles(ui, model, forms, intents);
        if narrow {
            who_comes(ui, model, call, since);
            asked_ui(ui, call, forms, intents);
            own_ui(ui, model, call, forms, painter, intents);
        } else {
            two_columns(ui, |first, second| {
                // Where it was before they joined.
                own_ui(first, model, call, forms, painter, intents);
                who_comes(second, model, call, since);
                asked_ui(second, call, forms, intents);
            });
        }
    });
}

/// Who will come, how long it takes, and what to do meanwhile.
fn who_comes(ui: &mut Ui, model: &Model<'_>, call: &call::Snapshot, since: Timestamp) {
    card(ui, |ui| {
        let colors = Palette::of(ui);
        let name = call.around.clinician.as_ref().map(|name| name.expose().as_str());
        let said = with_sign(ui, Icon::Person, colors.good, &words::waits_for(name));
        spoken(ui, &said);
        with_sign(ui, Icon::Clock, colors.quiet, &words::waiting_since(model.now.since(since)));
        if let Some(note) = call.around.note {
            let said = with_sign(ui, Icon::Look, colors.on_notice, &words::waiting_note(note));
            spoken(ui, &said);
        }
        if let Some(number) = model.phone {
            with_sign(ui, Icon::Telephone, colors.quiet, &words::phone(number));
        }
        ui.add_space(TIGHT);
        text(ui, words::meanwhile());
        for sentence in [words::meanwhile_stay(), words::meanwhile_ready(), words::meanwhile_light()] {
            quiet(ui, sentence);
        }
    });
}

/// How one is seen and heard, and the way out.
fn own_ui(
    ui: &mut Ui,
    model: &Model<'_>,
    call: &call::Snapshot,
    forms: &mut Forms,
    painter: &mut dyn PicturePainter,
    intents: &mut Vec<Intent>,
) {
    own_picture(ui, model, call, painter);
    microphone_level(ui, model, call.muted);
    switches(ui, call, intents);
    if forms.shows(Beside::Devices) {
        card(ui, |ui| device_choices(ui, model, intents));
    }
    ui.horizontal_wrapped(|ui| {
        let word = if forms.shows(Beside::Devices) { words::close_devices() } else { words::devices() };
        if button(ui, Weight::Quiet, word).clicked() {
            forms.toggle(Beside::Devices);
        }
        if button(ui, Weight::Quiet, words::leave()).clicked() {
            intents.push(Intent::Call(call::Intent::HangUp));
        }
    });
}
