//! Keys for who does not use a mouse. All with Ctrl (⌘ on a Mac): single letters are in the way of screen readers and
//! dictation (WCAG 2.1.4). Everything else is reached with Tab, Space and Enter.

use call::{Phase, Snapshot};
use egui::{Key, KeyboardShortcut, Modifiers, Ui};

use signaling_protocol::Role;

use crate::forms::Beside;
use crate::views::handing;
use crate::views::mini::make_mini;
use crate::views::notes;
use crate::views::pictures::other;
use crate::views::privacy::{can_compare, compare};
use crate::views::stage::{fill_screen, is_full};
use crate::{Forms, Intent, Scale, Settings};

/// Microphone off and on.
pub(crate) const MUTE: KeyboardShortcut = KeyboardShortcut::new(Modifiers::COMMAND, Key::D);
/// Camera off and on.
pub(crate) const CAMERA: KeyboardShortcut = KeyboardShortcut::new(Modifiers::COMMAND, Key::E);
/// Devices open and shut in a call, settings elsewhere.
pub(crate) const DEVICES: KeyboardShortcut = KeyboardShortcut::new(Modifiers::COMMAND, Key::Comma);
/// Everything larger: with Shift and without, since plus is where the keyboard has it.
const LARGER: [KeyboardShortcut; 2] =
    [KeyboardShortcut::new(Modifiers::COMMAND, Key::Plus), KeyboardShortcut::new(Modifiers::COMMAND, Key::Equals)];
/// Everything smaller.
const SMALLER: KeyboardShortcut = KeyboardShortcut::new(Modifiers::COMMAND, Key::Minus);
/// As large as usual.
const USUAL: KeyboardShortcut = KeyboardShortcut::new(Modifiers::COMMAND, Key::Num0);
/// Compare digits.
pub(crate) const COMPARE: KeyboardShortcut = KeyboardShortcut::new(Modifiers::COMMAND, Key::K);
/// Where the patient is, and whom to call.
pub(crate) const FACTS: KeyboardShortcut = KeyboardShortcut::new(Modifiers::COMMAND, Key::I);
/// Let in who waits longest.
pub(crate) const ADMIT: KeyboardShortcut = KeyboardShortcut::new(Modifiers::COMMAND.plus(Modifiers::SHIFT), Key::A);
/// Smooth or sharp pictures.
pub(crate) const MODE: KeyboardShortcut = KeyboardShortcut::new(Modifiers::COMMAND.plus(Modifiers::SHIFT), Key::P);
/// Save data, or not.
pub(crate) const SAVE_DATA: KeyboardShortcut = KeyboardShortcut::new(Modifiers::COMMAND.plus(Modifiers::SHIFT), Key::S);
/// Louder and quieter, by which the other side is played.
const LOUDER: KeyboardShortcut = KeyboardShortcut::new(Modifiers::COMMAND.plus(Modifiers::SHIFT), Key::ArrowUp);
const QUIETER: KeyboardShortcut = KeyboardShortcut::new(Modifiers::COMMAND.plus(Modifiers::SHIFT), Key::ArrowDown);
/// Nearer at their picture, and farther.
const NEARER: KeyboardShortcut = KeyboardShortcut::new(Modifiers::COMMAND, Key::PageUp);
const FARTHER: KeyboardShortcut = KeyboardShortcut::new(Modifiers::COMMAND, Key::PageDown);
/// To look around in it: across and down.
const AROUND: [(KeyboardShortcut, f32, f32); 4] = [
    (KeyboardShortcut::new(Modifiers::COMMAND, Key::ArrowLeft), -1.0, 0.0),
    (KeyboardShortcut::new(Modifiers::COMMAND, Key::ArrowRight), 1.0, 0.0),
    (KeyboardShortcut::new(Modifiers::COMMAND, Key::ArrowUp), 0.0, -1.0),
    (KeyboardShortcut::new(Modifiers::COMMAND, Key::ArrowDown), 0.0, 1.0),
];
/// The whole screen, as in most programs.
const FULL_SCREEN: KeyboardShortcut = KeyboardShortcut::new(Modifiers::NONE, Key::F11);
/// Messages and files, open and shut.
pub(crate) const HANDING: KeyboardShortcut = KeyboardShortcut::new(Modifiers::COMMAND.plus(Modifiers::SHIFT), Key::M);
/// A small window above all others, and back.
const MINI: KeyboardShortcut = KeyboardShortcut::new(Modifiers::COMMAND.plus(Modifiers::SHIFT), Key::W);
/// A clinician's notes, open and shut.
pub(crate) const NOTES: KeyboardShortcut = KeyboardShortcut::new(Modifiers::COMMAND.plus(Modifiers::SHIFT), Key::N);
/// Hang up.
pub(crate) const HANG_UP: KeyboardShortcut = KeyboardShortcut::new(Modifiers::COMMAND.plus(Modifiers::SHIFT), Key::H);

/// Takes the keys that were pressed, in the phases in which they mean something.
pub(crate) fn shortcuts(ui: &mut Ui, call: &Snapshot, forms: &mut Forms, intents: &mut Vec<Intent>) {
    if call.phase.is_ended() {
        return;
    }
    let pressed = |shortcut: &KeyboardShortcut| ui.input_mut(|input| input.consume_shortcut(shortcut));
    let in_call = matches!(call.phase, Phase::Connecting { .. } | Phase::Live { .. } | Phase::Reconnecting { .. });
    // The longer ones first: egui takes a shortcut also when Shift is held as well.
    if in_call && pressed(&HANG_UP) {
        intents.push(Intent::Call(call::Intent::HangUp));
    }
    let talking = matches!(call.phase, Phase::Live { .. });
    if let (Some(first), false, true) = (call.waiting.first(), talking, pressed(&ADMIT)) {
        intents.push(Intent::Call(call::Intent::Admit(first.endpoint)));
    }
    if in_call && pressed(&MODE) {
        intents.push(Intent::Call(call::Intent::SetMode(other(call.mode))));
    }
    if in_call && pressed(&SAVE_DATA) {
        intents.push(Intent::Call(call::Intent::SetSaveData(!call.save_data)));
    }
    if in_call && pressed(&MINI) {
        make_mini(!forms.mini, forms, intents);
    }
    // What they open has no room in a small window.
    let in_call = in_call && !forms.mini;
    if in_call && pressed(&HANDING) {
        handing::toggle(forms);
    }
    if in_call && call.role == Role::Host && pressed(&NOTES) {
        notes::toggle(forms);
    }
    if pressed(&MUTE) {
        intents.push(Intent::Call(call::Intent::SetMuted(!call.muted)));
    }
    if pressed(&CAMERA) {
        intents.push(Intent::Call(call::Intent::SetCameraOff(!call.camera_off)));
    }
    // Elsewhere they are on the page of settings.
    if in_call && pressed(&DEVICES) {
        forms.toggle(Beside::Devices);
    }
    if call.role == Role::Host && in_call && pressed(&FACTS) {
        forms.facts_open = !forms.facts_open;
    }
    if can_compare(call) && pressed(&COMPARE) {
        compare(call, forms, intents);
    }
    if in_call {
        picture_shortcuts(ui, forms, intents);
    }
}

/// What keys do with the pictures, and with what stands beside them.
fn picture_shortcuts(ui: &mut Ui, forms: &mut Forms, intents: &mut Vec<Intent>) {
    let pressed = |shortcut: &KeyboardShortcut| ui.input_mut(|input| input.consume_shortcut(shortcut));
    // What is looked at is a photograph, or their picture; whoever types goes by words with the same keys.
    let photographs = handing::shows_photographs(forms);
    let types = ui.ctx().text_edit_focused();
    let zoom = &mut forms.stage.zoom;
    for (keys, nearer) in [(&NEARER, true), (&FARTHER, false)] {
        if !pressed(keys) {
            continue;
        }
        if photographs {
            handing::zoom_photographs(&mut forms.handing, nearer);
        } else {
            *zoom = if nearer { zoom.nearer() } else { zoom.farther() };
        }
    }
    for (keys, across, down) in &AROUND {
        if zoom.is_near() && !photographs && !types && pressed(keys) {
            *zoom = zoom.moved(*across, *down);
        }
    }
    let full = is_full(ui);
    if pressed(&FULL_SCREEN) {
        fill_screen(!full, forms, intents);
    }
    let beside = forms.beside.is_some() || forms.volume_open;
    let handed = handing::has_something_open(forms);
    let something_open = handed || beside || full;
    if something_open && ui.input_mut(|input| input.consume_key(Modifiers::NONE, Key::Escape)) {
        // What lies nearest to the person goes first, and the full screen last.
        if handed {
            handing::close_one(forms);
        } else if beside {
            (forms.beside, forms.volume_open) = (None, false);
        } else {
            fill_screen(false, forms, intents);
        }
    }
}

/// The keys that work in every window: larger, smaller, settings.
pub(crate) fn window_shortcuts(
    ui: &mut Ui,
    settings: &Settings,
    in_call: bool,
    forms: &mut Forms,
    intents: &mut Vec<Intent>,
) {
    let mut pressed = |shortcut: &KeyboardShortcut| ui.input_mut(|input| input.consume_shortcut(shortcut));
    let scale = if LARGER.iter().any(&mut pressed) {
        settings.scale.larger()
    } else if pressed(&SMALLER) {
        settings.scale.smaller()
    } else if pressed(&USUAL) {
        Scale::default()
    } else {
        settings.scale
    };
    if scale != settings.scale {
        intents.push(Intent::Settings(Settings { scale, ..settings.clone() }));
    }
    let volume = match settings.volume {
        volume if in_call && pressed(&LOUDER) => volume.louder(),
        volume if in_call && pressed(&QUIETER) => volume.quieter(),
        volume => volume,
    };
    if volume != settings.volume {
        intents.push(Intent::Settings(Settings { volume, ..settings.clone() }));
    }
    if in_call {
        // The picture matters more; the drawer beside it has them too.
        forms.settings_open = false;
    } else if pressed(&DEVICES) {
        forms.settings_open = !forms.settings_open;
    } else if forms.settings_open && ui.input_mut(|input| input.consume_key(Modifiers::NONE, Key::Escape)) {
        forms.settings_open = false;
    }
}

/// What is listed beside the devices: the keys, as this system writes them, and what they do.
pub(crate) fn list(ui: &Ui) -> [(String, &'static str); 16] {
    use crate::words;
    let both = |one: &KeyboardShortcut, other: &KeyboardShortcut| {
        format!("{}, {}", ui.ctx().format_shortcut(one), ui.ctx().format_shortcut(other))
    };
    [
        (ui.ctx().format_shortcut(&MUTE), words::key_mute()),
        (ui.ctx().format_shortcut(&CAMERA), words::key_camera()),
        (ui.ctx().format_shortcut(&DEVICES), words::devices()),
        (both(&LOUDER, &QUIETER), words::key_volume()),
        (both(&NEARER, &FARTHER), words::key_zoom()),
        (AROUND.map(|(keys, ..)| ui.ctx().format_shortcut(&keys)).join(", "), words::key_pan()),
        (ui.ctx().format_shortcut(&FULL_SCREEN), words::key_full_screen()),
        (ui.ctx().format_shortcut(&MINI), words::key_mini()),
        (ui.ctx().format_shortcut(&COMPARE), words::key_compare()),
        (ui.ctx().format_shortcut(&FACTS), words::key_facts()),
        (ui.ctx().format_shortcut(&ADMIT), words::key_admit()),
        (ui.ctx().format_shortcut(&MODE), words::key_mode()),
        (ui.ctx().format_shortcut(&SAVE_DATA), words::key_save_data()),
        (ui.ctx().format_shortcut(&HANDING), words::handing()),
        (ui.ctx().format_shortcut(&NOTES), words::key_notes()),
        (ui.ctx().format_shortcut(&HANG_UP), words::hang_up()),
    ]
}
