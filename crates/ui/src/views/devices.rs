//! Which camera, microphone and loudspeaker; how loud it is; what does not work and what to do about it.

use egui::{ComboBox, CornerRadius, Id, Rect, Role, Sense, Ui, WidgetInfo, vec2};

use crate::forms::Beside;
use crate::theme::{NARROW, Palette};
use crate::widgets::{Weight, button, notice, notice_with_step, quiet};
use units::{DeviceKind, Listening};

use crate::{Forms, Intent, Model, words};

/// The three choices, each with its trouble.
pub(crate) fn device_choices(ui: &mut Ui, model: &Model<'_>, intents: &mut Vec<Intent>) {
    for kind in DeviceKind::ALL {
        choice(ui, model, kind, intents);
    }
    listening(ui, model, intents);
    if button(ui, Weight::Secondary, words::test_speaker()).clicked() {
        intents.push(Intent::TestSpeaker);
    }
}

/// Whether the other side learns this computer's address: for a visit that is still to be joined.
pub(crate) fn address_choice(ui: &mut Ui, model: &Model<'_>, intents: &mut Vec<Intent>) {
    let mut relay_only = model.relay_only;
    if ui.checkbox(&mut relay_only, words::relay_only()).changed() {
        intents.push(Intent::RelayOnly(relay_only));
    }
    quiet(ui, words::relay_only_help());
}

fn choice(ui: &mut Ui, model: &Model<'_>, kind: DeviceKind, intents: &mut Vec<Intent>) {
    let list = model.devices.of(kind);
    let chosen = list.chosen.as_deref().unwrap_or(words::device_default(kind));
    ui.vertical(|ui| {
        ui.spacing_mut().item_spacing.y = 4.0;
        let label = ui.label(words::device_kind(kind));
        let combo =
            ComboBox::from_id_salt(("device", kind)).selected_text(chosen).width(ui.available_width()).truncate();
        let response = combo.show_ui(ui, |ui| {
            let mut pick = |ui: &mut Ui, name: &str, value: Option<String>| {
                let again = list.chosen == value && list.trouble.is_none();
                if ui.selectable_label(list.chosen == value, name).clicked() && !again {
                    intents.push(Intent::Choose(kind, value));
                }
            };
            pick(ui, words::device_default(kind), None);
            for name in &list.names {
                pick(ui, name, Some(name.clone()));
            }
        });
        if has_just_opened(ui, response.response.id, response.inner.is_some()) {
            // One may have been plugged in meanwhile; the system does not say so by itself.
            intents.push(Intent::LookForDevices);
        }
        response.response.labelled_by(label.id);
    });
    trouble(ui, model, kind, intents);
    moved(ui, model, kind);
}

/// Loudspeaker or headphones: whether an echo is looked for.
fn listening(ui: &mut Ui, model: &Model<'_>, intents: &mut Vec<Intent>) {
    let chosen = model.devices.listening;
    ui.vertical(|ui| {
        ui.spacing_mut().item_spacing.y = 4.0;
        let label = ui.label(words::listening_with());
        let combo = ComboBox::from_id_salt("listening")
            .selected_text(words::listening(chosen))
            .width(ui.available_width())
            .truncate();
        let response = combo.show_ui(ui, |ui| {
            for listening in Listening::ALL {
                let picked = ui.selectable_label(chosen == listening, words::listening(listening)).clicked();
                if picked && chosen != listening {
                    intents.push(Intent::Listen(listening));
                }
            }
        });
        response.response.labelled_by(label.id);
    });
}

/// Whether the list that is open now was shut when it was last drawn.
fn has_just_opened(ui: &Ui, list: Id, open: bool) -> bool {
    let was_open = ui.data_mut(|data| std::mem::replace(data.get_temp_mut_or_default::<bool>(list), open));
    open && !was_open
}

/// What is wrong with the devices or new, where the choice of them is not shown; several in a narrow window are named only, and
/// one button shows them all.
pub(crate) fn troubles(ui: &mut Ui, model: &Model<'_>, forms: &mut Forms, intents: &mut Vec<Intent>) {
    if forms.shows(Beside::Devices) {
        return;
    }
    moved_devices(ui, model, forms);
    let broken =
        DeviceKind::ALL.into_iter().filter(|kind| model.devices.of(*kind).trouble.is_some()).collect::<Vec<_>>();
    if broken.len() > 1 && ui.available_width() < NARROW {
        if notice_with_step(ui, &words::several_troubles(&broken), words::see_devices()) {
            forms.beside = Some(Beside::Devices);
        }
        return;
    }
    for kind in broken {
        trouble(ui, model, kind, intents);
    }
}

/// Where the sound went by itself, where the choice of devices is not shown.
pub(crate) fn moved_devices(ui: &mut Ui, model: &Model<'_>, forms: &Forms) {
    if forms.shows(Beside::Devices) {
        return;
    }
    for kind in DeviceKind::ALL {
        moved(ui, model, kind);
    }
}

/// What does not work and what to do, with a button that tries it again.
pub(crate) fn trouble(ui: &mut Ui, model: &Model<'_>, kind: DeviceKind, intents: &mut Vec<Intent>) {
    let list = model.devices.of(kind);
    let Some(trouble) = list.trouble else { return };
    if notice_with_step(ui, &words::device_trouble(kind, trouble), &words::try_again(kind)) {
        intents.push(Intent::Choose(kind, list.chosen.clone()));
    }
}

/// Where the sound went by itself, for a while.
fn moved(ui: &mut Ui, model: &Model<'_>, kind: DeviceKind) {
    let Some((at, moved)) = &model.devices.of(kind).moved else { return };
    let left = words::MOVED_FOR.saturating_sub(model.now.since(*at));
    if !left.is_zero() {
        notice(ui, &words::device_moved(kind, moved));
        ui.ctx().request_repaint_after(left);
    }
}

/// How loud our microphone is, with a word for who does not see the bar.
pub(crate) fn microphone_level(ui: &mut Ui, model: &Model<'_>, muted: bool) {
    let colors = Palette::of(ui);
    let trouble = model.devices.microphones.trouble.is_some();
    let loud = if muted || trouble { 0.0 } else { loudness(model.levels.microphone) };
    ui.vertical(|ui| {
        ui.spacing_mut().item_spacing.y = 4.0;
        let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), 10.0), Sense::hover());
        response.widget_info(|| WidgetInfo {
            value: Some(f64::from((loud * 100.0).round())),
            ..WidgetInfo::labeled(Role::ProgressIndicator, true, words::microphone_level())
        });
        let radius = CornerRadius::same(5);
        ui.painter().rect_filled(rect, radius, colors.soft);
        let filled = Rect::from_min_size(rect.min, vec2((rect.width() * loud).max(0.0), rect.height()));
        ui.painter().rect_filled(filled, radius, colors.good);
        quiet(ui, words::microphone_heard(muted, trouble, loud));
    });
}

/// 0 at −60 dBFS and below, 1 at full scale: loudness is heard in decibels.
fn loudness(peak: f32) -> f32 {
    (1.0 + 20.0 * peak.max(1e-6).log10() / 60.0).clamp(0.0, 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_is_empty_in_silence_half_at_thirty_decibels_and_never_too_long() {
        assert!(loudness(0.0) < 1e-6);
        assert!((loudness(0.031_62) - 0.5).abs() < 0.01);
        assert!((loudness(7.0) - 1.0).abs() < 1e-6);
    }
}
