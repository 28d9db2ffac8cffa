//! The call as a small window above all others, for who looks at something else meanwhile: their picture, how it stands in one line, and
//! the four switches without which nobody should be seen or heard.

use call::Snapshot;
use egui::{Rect, Sense, Ui, UiBuilder, Vec2, pos2, vec2};

use crate::icons::Icon;
use crate::theme::{Palette, TARGET, TIGHT};
use crate::views::handing;
use crate::views::picture::picture;
use crate::widgets::{danger_disc, disc_button, quiet, spoken};
use crate::{Forms, Intent, Model, Picture, PicturePainter, Shown, words};

/// Makes the window small and puts it above all others, or back.
pub(crate) fn make_mini(mini: bool, forms: &mut Forms, intents: &mut Vec<Intent>) {
    if mini {
        (forms.beside, forms.volume_open) = (None, false);
    }
    forms.mini = mini;
    intents.push(Intent::MiniWindow(mini));
}

pub(crate) fn mini_ui(
    ui: &mut Ui,
    model: &Model<'_>,
    call: &Snapshot,
    forms: &mut Forms,
    painter: &mut dyn PicturePainter,
    intents: &mut Vec<Intent>,
) {
    let room = ui.available_rect_before_wrap();
    ui.painter().rect_filled(room, 0, Palette::dark(ui.ctx()).field);
    let instead = words::other_picture_instead(call, painter.size(Picture::Other).is_some());
    picture(ui, (room, Sense::hover()), (Picture::Other, Shown::WHOLE), words::other_picture(), instead, painter);
    status_ui(ui, room, model, call, forms);
    buttons_ui(ui, room, call, forms, intents);
}

/// How it stands, over the upper edge.
fn status_ui(ui: &mut Ui, room: Rect, model: &Model<'_>, call: &Snapshot, forms: &Forms) {
    let line = room.with_max_y(room.top() + TARGET).shrink2(vec2(2.0 * TIGHT, TIGHT));
    ui.scope_builder(UiBuilder::new().max_rect(line).id_salt("how it stands"), |ui| {
        let (sentence, _) = words::call_status(call);
        let problem = words::call_problem(call, model.problem, model.devices);
        let news = handing::news(call, forms).map(|(sentence, ..)| sentence);
        let muted = call.remote.is_some_and(|remote| remote.muted).then(words::they_are_muted);
        // One line: what is wrong goes before what waits, and that before what is only so.
        let said = quiet(ui, problem.or(news).as_deref().or(muted).unwrap_or(sentence));
        spoken(ui, &said);
    });
}

/// Four switches over the lower edge.
fn buttons_ui(ui: &mut Ui, room: Rect, call: &Snapshot, forms: &mut Forms, intents: &mut Vec<Intent>) {
    const HOW_MANY: f32 = 4.0;
    let gap = ((room.width() - HOW_MANY * TARGET) / (HOW_MANY + 1.0)).clamp(0.0, 4.0 * TIGHT);
    let width = HOW_MANY * TARGET + (HOW_MANY - 1.0) * gap;
    let (mut at, top) = (room.center().x - width / 2.0, room.bottom() - TARGET - 2.0 * TIGHT);
    let mut place = || {
        let place = Rect::from_min_size(pos2(at, top), Vec2::splat(TARGET));
        at += TARGET + gap;
        place
    };
    let icon = if call.muted { Icon::MicrophoneOff } else { Icon::Microphone };
    if disc_button(ui, place(), icon, words::mute(call.muted)).clicked() {
        intents.push(Intent::Call(call::Intent::SetMuted(!call.muted)));
    }
    let icon = if call.camera_off { Icon::CameraOff } else { Icon::Camera };
    if disc_button(ui, place(), icon, words::camera(call.camera_off)).clicked() {
        intents.push(Intent::Call(call::Intent::SetCameraOff(!call.camera_off)));
    }
    if disc_button(ui, place(), Icon::Enlarge, words::mini_leave()).clicked() {
        make_mini(false, forms, intents);
    }
    if danger_disc(ui, place(), Icon::HangUp, words::hang_up()).clicked() {
        intents.push(Intent::Call(call::Intent::HangUp));
    }
}
