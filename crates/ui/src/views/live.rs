//! The call: their picture large, ours small, six buttons, and what stands between the two in words.

use call::{Check, LinkQuality, Phase, Snapshot};
use egui::{Align, Frame, Id, Margin, Panel, RichText, ScrollArea, Ui, vec2};
use signaling_protocol::Role;

use crate::forms::Beside;
use crate::icons::Icon;
use crate::shortcuts;
use crate::theme::{LOW, NARROW, Palette};
use crate::views::asked::{door_ui, facts_of_patient, time_ui};
use crate::views::day::hand_this_over_ui;
use crate::views::devices::{device_choices, microphone_level, troubles};
use crate::views::digits::digits_ui;
use crate::views::handing;
use crate::views::mini::mini_ui;
use crate::views::notes;
use crate::views::pictures::{picture_choices, why_pictures_are_so};
use crate::views::privacy::{assurance_line, changes, digits_are_open, privacy_drawer};
use crate::views::settings::appearance_choices;
use crate::views::stage::{own_choices, stage_ui};
use crate::views::waiting_panel::who_waits_beside;
use crate::widgets::{
    ROUND, Round, Weight, button, card, fit_round_words, follow_keyboard, notice, quiet, round_button, row_from_start,
    spoken, text, wide_button,
};
use crate::{Forms, Intent, Model, PicturePainter, Settings, Volume, words};

pub(crate) fn live_ui(
    ui: &mut Ui,
    model: &Model<'_>,
    call: &Snapshot,
    forms: &mut Forms,
    painter: &mut dyn PicturePainter,
    intents: &mut Vec<Intent>,
) {
    if forms.mini {
        return mini_ui(ui, model, call, forms, painter, intents);
    }
    let narrow = ui.available_width() < NARROW;
    handing::settle(ui, model, call, forms);
    notes::settle(model, forms);
    let low = ui.available_height() < LOW;
    let covers = forms.beside.is_some_and(|beside| beside != Beside::Privacy) && (narrow || low);
    // Then what was opened needs the room of who it is and how sure that is.
    let brief = covers || (low && digits_are_open(call, forms));
    // The stage is painted already: without a graphics card each ground over it would be paid for at every picture.
    let ground = Frame::new();
    let bar = ground.inner_margin(Margin::symmetric(8, 10));
    Panel::top("how it stands").frame(ground.inner_margin(Margin::symmetric(14, 8))).show_separator_line(false).show(
        ui,
        |ui| {
            status(ui, model, call, forms, (brief, &mut *intents));
            if !brief {
                why_pictures_are_so(ui, call);
            }
            changes(ui, call, forms, intents);
            problems(ui, model, call, forms, intents);
            handing::news_ui(ui, call, forms);
        },
    );
    Panel::bottom("buttons").frame(bar).show_separator_line(false).show(ui, |ui| {
        buttons(ui, call, model.settings.volume, forms, intents);
    });
    forget_what_is_over(call, forms);
    if forms.volume_open {
        let panel = Panel::bottom("volume").frame(ground.inner_margin(Margin::symmetric(14, 4)));
        let drawn = panel.show_separator_line(false).show(ui, |ui| volume_ui(ui, model.settings, intents));
        draw_again_if_higher(ui, "volume", drawn.response.rect.height());
    }
    if digits_are_open(call, forms) {
        let below = ground.inner_margin(Margin::symmetric(14, 0));
        let panel = Panel::bottom("digits").frame(below).show_separator_line(false);
        let drawn = panel.show(ui, |ui| digits_ui(ui, model, call, forms, intents));
        draw_again_if_higher(ui, "digits", drawn.response.rect.height());
    }
    let drawer_open = forms.beside.is_some();
    if drawer_open && !narrow {
        let side = ground.inner_margin(Margin::same(14));
        Panel::right("devices")
            .frame(side)
            .exact_size(340.0)
            .resizable(false)
            .show_separator_line(false)
            .show(ui, |ui| drawer(ui, model, call, forms, intents));
    }
    egui::CentralPanel::default().frame(ground).show(ui, |ui| {
        if drawer_open && narrow {
            Frame::new().inner_margin(Margin::same(14)).show(ui, |ui| drawer(ui, model, call, forms, intents));
        } else if handing::shows_photographs(forms) {
            handing::photographs_large(ui, model, forms);
        } else {
            stage_ui(ui, model, call, forms, painter, intents);
        }
    });
}

/// A panel stands where its height of the drawing before lets it stand: the first drawing would show it over the buttons.
fn draw_again_if_higher(ui: &Ui, which: &str, height: f32) {
    let id = Id::unique("height of the panel").with(which);
    let known = ui.data_mut(|data| data.get_temp_mut_or_default::<Option<f32>>(id).replace(height));
    if known.is_none_or(|known| (known - height).abs() > 0.5) {
        ui.ctx().request_discard("the panel stands above the buttons");
    }
}

/// A comparison that is over leaves nothing behind for the next.
fn forget_what_is_over(call: &Snapshot, forms: &mut Forms) {
    let check = call.assurance.as_ref().map(|known| known.check);
    if !matches!(check, Some(Check::Asked | Check::Shown(_))) {
        forms.digits_put_away = false;
    }
    if check != Some(Check::Asked) {
        forms.asking_since = None;
    }
}

/// How it stands, how long the two have talked, and who it is: in one line where there is room.
fn status(
    ui: &mut Ui,
    model: &Model<'_>,
    call: &Snapshot,
    forms: &mut Forms,
    (brief, intents): (bool, &mut Vec<Intent>),
) {
    let (line, next) = words::call_status(call);
    ui.horizontal_wrapped(|ui| {
        let dark = Palette::dark(ui.ctx());
        let color = if matches!(call.phase, Phase::Live { .. }) { dark.good } else { dark.on_notice };
        let (dot, _) = ui.allocate_exact_size(vec2(12.0, 20.0), egui::Sense::hover());
        ui.painter().circle_filled(dot.center(), 5.0, color);
        let said = ui.label(RichText::new(line).strong());
        spoken(ui, &said);
        if let Phase::Live { since } = call.phase {
            quiet(ui, &words::clock(model.now.since(since)));
            // The clock goes on when nothing else is drawn.
            ui.ctx().request_repaint_after(std::time::Duration::from_secs(1));
        }
        if let Some((own, theirs)) = LinkQuality::of_both(call) {
            let said = quiet(ui, &words::quality(own, theirs));
            spoken(ui, &said);
        }
        if let Some(remote) = call.remote.filter(|_| matches!(call.phase, Phase::Live { .. })) {
            if remote.muted {
                let said = quiet(ui, words::they_are_muted());
                spoken(ui, &said);
            }
            if remote.camera_off {
                quiet(ui, words::their_camera_is_off());
            }
        }
        if !brief {
            assurance_line(ui, model, call, forms, intents);
        }
    });
    let advice = LinkQuality::of_both(call).and_then(|(own, theirs)| words::quality_advice(own, theirs));
    if let Some(advice) = advice.filter(|_| !brief) {
        let said = quiet(ui, advice);
        spoken(ui, &said);
    }
    if let Some(next) = next {
        quiet(ui, &words::with_phone(next, model.phone));
    }
}

fn problems(ui: &mut Ui, model: &Model<'_>, call: &Snapshot, forms: &mut Forms, intents: &mut Vec<Intent>) {
    if let Some(problem) = words::call_problem(call, model.problem, model.devices) {
        notice(ui, &problem);
    }
    if call.muted && model.speaks_while_muted {
        notice(ui, &words::muted_and_speaking(&ui.ctx().format_shortcut(&shortcuts::MUTE)));
    }
    troubles(ui, model, forms, intents);
    if call.role == Role::Host {
        facts_of_patient(ui, call, forms);
        time_ui(ui, call, intents);
    }
    if call.role == Role::Host && !call.waiting.is_empty() {
        card(ui, |ui| who_waits_beside(ui, model.now, call, intents));
    }
}

fn buttons(ui: &mut Ui, call: &Snapshot, volume: Volume, forms: &mut Forms, intents: &mut Vec<Intent>) {
    let how_many = if call.role == Role::Host { 7.0 } else { 6.0 };
    let free = ui.available_width();
    let width = (free / how_many).min(ROUND);
    let gap = ((free - how_many * width) / (how_many - 1.0)).clamp(0.0, 8.0);
    ui.spacing_mut().item_spacing.x = gap;
    ui.with_layout(row_from_start(ui, Align::Min), |ui| {
        ui.add_space(((free - how_many * width - (how_many - 1.0) * gap) / 2.0).max(0.0));
        let (mute, camera) = (words::mute_short(call.muted), words::camera_short(call.camera_off));
        let others = [words::volume(), words::handing_short(), words::devices(), words::hang_up(), words::own_notes()];
        let shown = if call.role == Role::Host { &others[..] } else { &others[..4] };
        fit_round_words(ui, width, &[[mute, camera].as_slice(), shown].concat());
        let mark = |on| if on { Round::Marked } else { Round::Plain };
        let icon = if call.muted { Icon::MicrophoneOff } else { Icon::Microphone };
        let word = words::mute(call.muted);
        if round_button(ui, width, mark(call.muted), icon, mute, word).clicked() {
            intents.push(Intent::Call(call::Intent::SetMuted(!call.muted)));
        }
        let icon = if call.camera_off { Icon::CameraOff } else { Icon::Camera };
        let word = words::camera(call.camera_off);
        if round_button(ui, width, mark(call.camera_off), icon, camera, word).clicked() {
            intents.push(Intent::Call(call::Intent::SetCameraOff(!call.camera_off)));
        }
        let icon = if volume.percent() == 0 { Icon::Silent } else { Icon::Volume };
        let word = if forms.volume_open { words::close_volume() } else { words::volume() };
        if round_button(ui, width, mark(forms.volume_open), icon, words::volume(), word).clicked() {
            forms.volume_open = !forms.volume_open;
        }
        handing::button_ui(ui, width, call, forms);
        if call.role == Role::Host {
            notes::button_ui(ui, width, forms);
        }
        let word = if forms.shows(Beside::Devices) { words::close_devices() } else { words::devices() };
        if round_button(ui, width, mark(forms.shows(Beside::Devices)), Icon::Settings, words::devices(), word).clicked()
        {
            forms.toggle(Beside::Devices);
        }
        if round_button(ui, width, Round::Danger, Icon::HangUp, words::hang_up(), words::hang_up()).clicked() {
            intents.push(Intent::Call(call::Intent::HangUp));
        }
    });
}

/// How loud the other side is played, by steps, and a sound to hear it by.
fn volume_ui(ui: &mut Ui, settings: &Settings, intents: &mut Vec<Intent>) {
    let volume = settings.volume;
    ui.horizontal_wrapped(|ui| {
        let said = ui.label(words::volume_is(volume));
        spoken(ui, &said);
        for (word, next) in [(words::quieter(), volume.quieter()), (words::louder(), volume.louder())] {
            if ui.add_enabled(next != volume, |ui: &mut Ui| button(ui, Weight::Secondary, word)).clicked() {
                intents.push(Intent::Settings(Settings { volume: next, ..settings.clone() }));
            }
        }
        if button(ui, Weight::Quiet, words::test_speaker()).clicked() {
            intents.push(Intent::TestSpeaker);
        }
    });
}

/// Devices and keys, or how private it is, beside the picture or in its place.
fn drawer(ui: &mut Ui, model: &Model<'_>, call: &Snapshot, forms: &mut Forms, intents: &mut Vec<Intent>) {
    match forms.beside {
        Some(Beside::Handing) => return handing::drawer_ui(ui, model, call, forms, intents),
        Some(Beside::Notes) => return notes::drawer_ui(ui, model, forms, intents),
        Some(Beside::Privacy) => return privacy_drawer(ui, model, call, forms, intents),
        Some(Beside::Devices) | None => {}
    }
    ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
        follow_keyboard(ui, |ui| {
            text(ui, words::devices());
            device_choices(ui, model, intents);
            microphone_level(ui, model, call.muted);
            ui.add_space(6.0);
            own_choices(ui, model.settings, &mut forms.stage, intents);
            ui.add_space(6.0);
            picture_choices(ui, call, intents);
            ui.add_space(6.0);
            if call.role == Role::Host {
                door_ui(ui, call, intents);
                if let Some(partner) = call.partner
                    && wide_button(ui, Weight::Secondary, words::take_out()).clicked()
                {
                    intents.push(Intent::Call(call::Intent::Remove(partner)));
                }
                hand_this_over_ui(ui, model, intents);
            }
            text(ui, words::keys());
            for (keys, does) in shortcuts::list(ui) {
                quiet(ui, &format!("{keys}: {does}"));
            }
            appearance_choices(ui, model.settings, intents);
            if wide_button(ui, Weight::Secondary, words::close_devices()).clicked() {
                forms.beside = None;
            }
        })
    });
}
