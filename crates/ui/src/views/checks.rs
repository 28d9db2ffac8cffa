//! What is tried by itself before a visit, each in one line; what does not work has its question and its fix there.

use call::Snapshot;
use egui::Ui;
use units::DeviceKind;

use crate::forms::Beside;
use crate::icons::Icon;
use crate::theme::Palette;
use crate::views::devices::trouble;
use crate::widgets::{Weight, button, card, folded, spoken, text, with_sign};
use crate::{Forms, Intent, Model, Picture, PicturePainter, TestSound, words};

/// Louder than this is somebody who speaks, and no noise of the room: 0 to 1 of full scale, −40 dBFS.
const HEARD: f32 = 0.01;

/// Camera, microphone and loudspeaker.
pub(crate) fn checks_ui(
    ui: &mut Ui,
    model: &Model<'_>,
    call: &Snapshot,
    forms: &mut Forms,
    painter: &dyn PicturePainter,
    intents: &mut Vec<Intent>,
) {
    forms.microphone_heard |= !call.muted && model.levels.microphone > HEARD;
    text(ui, words::checks());
    for kind in DeviceKind::ALL {
        if model.devices.of(kind).trouble.is_some() {
            trouble(ui, model, kind, intents);
            continue;
        }
        let (is_well, sentence) = match kind {
            DeviceKind::Camera if call.camera_off => (false, words::check_camera_off()),
            DeviceKind::Camera if painter.size(Picture::Own).is_some() => (true, words::check_camera()),
            DeviceKind::Camera => (false, words::check_camera_waits()),
            DeviceKind::Microphone if call.muted => (false, words::check_microphone_off()),
            DeviceKind::Microphone if forms.microphone_heard => (true, words::check_microphone()),
            DeviceKind::Microphone => (false, words::check_microphone_waits()),
            DeviceKind::Speaker => match (model.test_sound, forms.sound_heard) {
                (_, true) | (TestSound::Heard, _) => (true, words::check_speaker()),
                (TestSound::NotPlayed, _) => (false, words::check_speaker_waits()),
                (TestSound::Playing, _) => (false, words::check_speaker_plays()),
                (TestSound::NotHeard, _) => {
                    sound_asked_ui(ui, forms);
                    continue;
                }
            },
        };
        let colors = Palette::of(ui);
        let (icon, color) = if is_well { (Icon::Good, colors.good) } else { (Icon::Look, colors.quiet) };
        with_sign(ui, icon, color, sentence);
    }
    if button(ui, Weight::Secondary, words::test_speaker()).clicked() {
        intents.push(Intent::TestSpeaker);
    }
}

/// Headphones keep a sound from the microphone: then the person is asked.
fn sound_asked_ui(ui: &mut Ui, forms: &mut Forms) {
    let said = with_sign(ui, Icon::Look, Palette::of(ui).on_notice, words::check_speaker_asked());
    spoken(ui, &said);
    ui.horizontal_wrapped(|ui| {
        if button(ui, Weight::Secondary, words::sound_heard()).clicked() {
            forms.sound_heard = true;
        }
        if button(ui, Weight::Secondary, words::sound_not_heard()).clicked() {
            forms.beside = Some(Beside::Devices);
        }
    });
}

/// What is protected and what is not: said in full until somebody has joined a visit here, and then to be unfolded.
pub(crate) fn protection_ui(ui: &mut Ui, model: &Model<'_>) {
    if model.settings.knows_protection {
        folded(ui, words::protection()).show(ui, protection);
        return;
    }
    card(ui, |ui| {
        text(ui, words::protection());
        protection(ui);
    });
}

fn protection(ui: &mut Ui) {
    let colors = Palette::of(ui);
    with_sign(ui, Icon::Shield, colors.good, words::protection_is());
    with_sign(ui, Icon::Shield, colors.good, words::protection_recording());
    with_sign(ui, Icon::Look, colors.quiet, words::protection_not());
}
