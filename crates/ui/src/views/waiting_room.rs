//! The patient waits to be let in; nobody sees or hears them yet.

use egui::Ui;
use units::Timestamp;

use crate::theme::COLUMN;
use crate::views::asked::asked_ui;
use crate::views::devices::{device_choices, microphone_level, troubles};
use crate::views::lobby::{own_picture, switches};
use crate::widgets::{Weight, button, card, heading, notice, page, quiet, spoken, wide_button};
use crate::{Forms, Intent, Model, PicturePainter, words};

pub(crate) fn waiting_room_ui(
    ui: &mut Ui,
    model: &Model<'_>,
    (call, since): (&call::Snapshot, Timestamp),
    forms: &mut Forms,
    painter: &mut dyn PicturePainter,
    intents: &mut Vec<Intent>,
) {
    page(ui, COLUMN, |ui| {
        let said = heading(ui, words::waiting());
        spoken(ui, &said);
        quiet(ui, words::waiting_help());
        quiet(ui, &words::waiting_since(model.now.since(since)));
        if let Some(problem) = words::call_problem(call, model.problem, model.devices) {
            notice(ui, &words::with_phone(&problem, model.phone));
        }
        if let Some(ahead) = call.around.clock_ahead_secs {
            notice(ui, &words::clock_is_wrong(ahead));
        }
        troubles(ui, model, forms, intents);
        asked_ui(ui, call, forms, intents);
        own_picture(ui, model, call, painter);
        microphone_level(ui, model, call.muted);
        switches(ui, call, intents);
        if forms.devices_open {
            card(ui, |ui| device_choices(ui, model, intents));
            if wide_button(ui, Weight::Secondary, words::close_devices()).clicked() {
                forms.devices_open = false;
            }
        } else if wide_button(ui, Weight::Secondary, words::devices()).clicked() {
            forms.devices_open = true;
        }
        if button(ui, Weight::Quiet, words::leave()).clicked() {
            intents.push(Intent::Call(call::Intent::HangUp));
        }
    });
}
