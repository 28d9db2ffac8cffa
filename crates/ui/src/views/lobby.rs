//! Before a patient's visit: their own picture, how loud they are, what was tried and what is protected. Neither picture nor voice is sent.

use egui::{Rect, Sense, Ui, vec2};

use crate::forms::Beside;
use crate::theme::{COLUMN, NARROW};
use crate::views::checks::{checks_ui, protection_ui};
use crate::views::devices::{address_choice, device_choices, microphone_level, moved_devices};
use crate::views::network_check::network_check_ui;
use crate::views::picture::{own_shown, picture};
use crate::widgets::{Weight, button, card, heading, notice, page, quiet, two_columns, wide_button};
use crate::{Forms, Intent, Model, Picture, PicturePainter, words};

pub(crate) fn lobby_ui(
    ui: &mut Ui,
    model: &Model<'_>,
    call: &call::Snapshot,
    forms: &mut Forms,
    painter: &mut dyn PicturePainter,
    intents: &mut Vec<Intent>,
) {
    let narrow = ui.available_width() < NARROW;
    page(ui, if narrow { COLUMN } else { 880.0 }, |ui| {
        heading(ui, words::lobby());
        quiet(ui, words::lobby_help());
        if let Some(problem) = model.problem {
            notice(ui, &words::with_phone(problem, model.phone));
        }
        moved_devices(ui, model, forms);
        network_check_ui(ui, model);
        ui.add_space(2.0);
        if narrow {
            own_ui(ui, model, call, forms, painter, intents);
            rest_ui(ui, model, call, forms, painter, intents);
        } else {
            two_columns(ui, |first, second| {
                own_ui(first, model, call, forms, painter, intents);
                rest_ui(second, model, call, forms, painter, intents);
            });
        }
    });
}

/// How one is seen and heard, and the way in.
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
    join(ui, model, forms, intents);
    switches(ui, call, intents);
    leave(ui, forms, intents);
}

/// What was tried, what is protected; and the devices, for who wants others.
fn rest_ui(
    ui: &mut Ui,
    model: &Model<'_>,
    call: &call::Snapshot,
    forms: &mut Forms,
    painter: &dyn PicturePainter,
    intents: &mut Vec<Intent>,
) {
    card(ui, |ui| {
        if forms.shows(Beside::Devices) {
            device_choices(ui, model, intents);
            // Who has asked to join may have told it already.
            ui.add_enabled_ui(forms.joining.is_none(), |ui| address_choice(ui, model, intents));
        } else {
            checks_ui(ui, model, call, forms, painter, intents);
        }
        let word = if forms.shows(Beside::Devices) { words::close_devices() } else { words::devices() };
        if button(ui, Weight::Quiet, word).clicked() {
            forms.toggle(Beside::Devices);
        }
    });
    protection_ui(ui, model);
}

/// Our own picture, 16 : 9, as wide as the column.
pub(crate) fn own_picture(ui: &mut Ui, model: &Model<'_>, call: &call::Snapshot, painter: &mut dyn PicturePainter) {
    let width = ui.available_width();
    let room = Rect::from_min_size(ui.cursor().min, vec2(width, (width * 9.0 / 16.0).min(300.0)));
    let instead = own_instead(model, call, painter);
    let shown = own_shown(model.settings);
    picture(ui, (room, Sense::hover()), (Picture::Own, shown), words::own_picture(), instead, painter);
}

/// What stands in the place of our picture.
pub(crate) fn own_instead(
    model: &Model<'_>,
    call: &call::Snapshot,
    painter: &dyn PicturePainter,
) -> Option<&'static str> {
    let trouble = model.devices.cameras.trouble.is_some();
    words::own_picture_instead(call.camera_off, trouble, painter.size(Picture::Own).is_some())
}

/// Microphone and camera, on or off.
pub(crate) fn switches(ui: &mut Ui, call: &call::Snapshot, intents: &mut Vec<Intent>) {
    ui.horizontal_wrapped(|ui| {
        if button(ui, Weight::Secondary, words::mute(call.muted)).clicked() {
            intents.push(Intent::Call(call::Intent::SetMuted(!call.muted)));
        }
        if button(ui, Weight::Secondary, words::camera(call.camera_off)).clicked() {
            intents.push(Intent::Call(call::Intent::SetCameraOff(!call.camera_off)));
        }
    });
}

fn join(ui: &mut Ui, model: &Model<'_>, forms: &mut Forms, intents: &mut Vec<Intent>) {
    let word = if forms.joining.is_some() { words::joining() } else { words::join() };
    let free = forms.joining.is_none();
    if ui.add_enabled_ui(free, |ui| wide_button(ui, Weight::Primary, word)).inner.clicked() {
        forms.joining = Some(model.now);
        intents.push(Intent::Call(call::Intent::Join));
    }
    let Some(since) = forms.joining else { return };
    let asked_for = model.now.since(since);
    if asked_for >= words::JOINING_LONG {
        notice(ui, &words::with_phone(words::server_away(), model.phone));
    } else {
        ui.ctx().request_repaint_after(words::JOINING_LONG.saturating_sub(asked_for));
    }
}

fn leave(ui: &mut Ui, forms: &mut Forms, intents: &mut Vec<Intent>) {
    if button(ui, Weight::Quiet, words::not_now()).clicked() {
        // Who has asked to join tells the server that they leave again.
        if forms.joining.take().is_some() {
            intents.push(Intent::Call(call::Intent::HangUp));
        }
        intents.push(Intent::Back);
    }
}
