//! How private the visit is: a line in the call, and what it means.

use call::{Assurance, Check, Level, Phase, Recognition, Snapshot};
use egui::{
    Color32, CornerRadius, Rect, Role, ScrollArea, Sense, Stroke, StrokeKind, TextStyle, Ui, WidgetInfo, WidgetText,
    vec2,
};
use units::Phi;

use crate::forms::Beside;
use crate::icons::{self, Icon};
use crate::theme::{CONTROL_RADIUS, LOW, Palette, TARGET};
use crate::widgets::{
    Weight, button, focus_ring, follow_keyboard, notice, notice_with_step, quiet, shade, spoken, text, wide_button,
};
use crate::{Forms, Intent, Model, words};

/// What the clinician calls the patient.
fn patient<'a>(model: &Model<'a>) -> Option<&'a Phi<String>> {
    model.desk.and_then(|desk| desk.patient.as_ref())
}

/// Who it is and how sure that is, to be opened, and beside it the comparison.
pub(crate) fn assurance_line(
    ui: &mut Ui,
    model: &Model<'_>,
    call: &Snapshot,
    forms: &mut Forms,
    intents: &mut Vec<Intent>,
) {
    let Some(known) = &call.assurance else { return };
    let line = words::assurance_line(call.role, known, patient(model));
    let pressed = chip(ui, &line, shield(ui, known.level), forms.shows(Beside::Privacy));
    spoken(ui, &pressed);
    if pressed.clicked() {
        forms.toggle(Beside::Privacy);
    }
    // What is opened has a button of its own; in a low window the picture needs the room of this one.
    let has_room = ui.ctx().content_rect().height() >= LOW;
    let has_button = has_room
        && can_compare(call)
        && is_quiet(known)
        && !digits_are_open(call, forms)
        && !forms.shows(Beside::Privacy);
    if has_button && button(ui, Weight::Secondary, words::compare()).clicked() {
        compare(call, forms, intents);
    }
}

/// Whether nothing is said that has the button beside it.
fn is_quiet(known: &Assurance) -> bool {
    known.check != Check::Lost && !is_told_as_changed(known)
}

fn is_told_as_changed(known: &Assurance) -> bool {
    known.device == Recognition::Changed && known.level != Level::DigitsCompared
}

/// Another device, or digits that do not count any more.
pub(crate) fn changes(ui: &mut Ui, call: &Snapshot, forms: &mut Forms, intents: &mut Vec<Intent>) {
    let Some(known) = &call.assurance else { return };
    let sentence = match known.check {
        Check::Lost => words::check_lost(),
        _ if is_told_as_changed(known) => words::device_changed(call.role),
        _ => return,
    };
    if !can_compare(call) || digits_are_open(call, forms) {
        notice(ui, sentence);
    } else if notice_with_step(ui, sentence, words::compare()) {
        compare(call, forms, intents);
    }
}

/// Whether comparing digits can be begun, or gone on with, and would say something.
pub(crate) fn can_compare(call: &Snapshot) -> bool {
    let says_something =
        call.assurance.as_ref().is_some_and(|known| known.level != Level::LinkPage && known.check != Check::Same);
    says_something && matches!(call.phase, Phase::Live { .. })
}

/// Begins a comparison, or shows the one again that was put away.
pub(crate) fn compare(call: &Snapshot, forms: &mut Forms, intents: &mut Vec<Intent>) {
    forms.digits_put_away = false;
    let check = call.assurance.as_ref().map(|known| known.check);
    if !matches!(check, Some(Check::Asked | Check::Shown(_))) {
        intents.push(Intent::Call(call::Intent::StartCheck));
    }
}

/// Whether the digits, or that they are asked for, are to be seen now.
pub(crate) fn digits_are_open(call: &Snapshot, forms: &Forms) -> bool {
    let check = call.assurance.as_ref().map(|known| known.check);
    can_compare(call) && matches!(check, Some(Check::Asked | Check::Shown(_))) && !forms.digits_put_away
}

/// What the line means: beside the picture, or in its place.
pub(crate) fn privacy_drawer(
    ui: &mut Ui,
    model: &Model<'_>,
    call: &Snapshot,
    forms: &mut Forms,
    intents: &mut Vec<Intent>,
) {
    let Some(known) = &call.assurance else {
        forms.beside = None;
        return;
    };
    ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
        follow_keyboard(ui, |ui| {
            text(ui, words::privacy());
            text(ui, &words::who_is_there(call.role, known, patient(model)));
            quiet(ui, words::level_means(known.level));
            let called = patient(model);
            quiet(ui, words::device(call.role, known.device, called.is_some()));
            if let (signaling_protocol::Role::Guest, Some(trouble)) = (call.role, model.keyring_trouble) {
                quiet(ui, words::not_known_again(trouble));
            }
            if can_compare(call)
                && !digits_are_open(call, forms)
                && wide_button(ui, Weight::Secondary, words::compare()).clicked()
            {
                compare(call, forms, intents);
            }
            if known.device == Recognition::Changed {
                quiet(ui, words::remember_help());
                if wide_button(ui, Weight::Secondary, words::remember()).clicked() {
                    intents.push(Intent::Call(call::Intent::RememberDevice));
                }
            }
            ui.add_space(6.0);
            text(ui, words::protected());
            quiet(ui, words::protected_is());
            quiet(ui, words::protection_recording());
            ui.add_space(6.0);
            text(ui, words::not_protected());
            for sentence in words::left_open(known.level) {
                quiet(ui, sentence);
            }
            if wide_button(ui, Weight::Secondary, words::close_privacy()).clicked() {
                forms.beside = None;
            }
        })
    });
}

/// The colour of the shield; the words beside it say the same.
fn shield(ui: &Ui, level: Level) -> Color32 {
    let colors = Palette::of(ui);
    match level {
        Level::LinkPage => colors.on_notice,
        Level::LinkApp => colors.quiet,
        Level::KnownDevice | Level::DigitsCompared => colors.good,
    }
}

/// A button that is a line of text with a shield.
fn chip(ui: &mut Ui, line: &str, shield: Color32, open: bool) -> egui::Response {
    const ICON: f32 = 18.0;
    const GAP: f32 = 8.0;
    let colors = Palette::of(ui);
    let padding = vec2(12.0, 8.0);
    let beside = ICON + GAP + 2.0 * padding.x;
    let wrap = (ui.max_rect().width() - beside).max(1.0);
    let galley = WidgetText::from(line).into_galley(ui, None, wrap, TextStyle::Body);
    let size = vec2(galley.size().x + beside, (galley.size().y + 2.0 * padding.y).max(TARGET));
    let (rect, response) = ui.allocate_exact_size(size, Sense::click());
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, line));
    if ui.is_rect_visible(rect) {
        let fill = if open { colors.soft } else { colors.card };
        let radius = CornerRadius::same(CONTROL_RADIUS);
        let line = Stroke::new(1.0, colors.line);
        ui.painter().rect(rect, radius, shade(&response, fill, colors.text), line, StrokeKind::Inside);
        focus_ring(ui, &response, rect);
        let icon = Rect::from_center_size(rect.left_center() + vec2(padding.x + ICON / 2.0, 0.0), vec2(ICON, ICON));
        icons::paint(ui.painter(), icon, Icon::Shield, shield);
        let at = rect.left_center() + vec2(padding.x + ICON + GAP, -galley.size().y / 2.0);
        ui.painter().galley_with_override_text_color(at, galley, colors.text);
    }
    response
}
