//! What the two hand each other: the button in the call, what is new, and the drawer with messages, files and photographs.

mod files;
mod messages;
mod paths;
mod photographs;

use call::Snapshot;
use call::transfer::{Kind, State, Still, TransferView};
use egui::{Align2, Event, FontId, Ui, vec2};
use signaling_protocol::Role;

pub(crate) use self::photographs::{photographs_large, zoom_photographs};
use crate::forms::Beside;
use crate::icons::Icon;
use crate::theme::{DISC, LOW, Palette};
use crate::widgets::{Round, Weight, button, notice_with_step, round_button, text};
use crate::{Forms, Intent, Model, words};

/// Opens the drawer, or closes it.
pub(crate) fn toggle(forms: &mut Forms) {
    if forms.shows(Beside::Handing) { forms.beside = None } else { open(forms, forms.handing.files) }
}

fn open(forms: &mut Forms, files: bool) {
    forms.beside = Some(Beside::Handing);
    (forms.handing.files, forms.handing.newly_open) = (files, true);
}

/// Whether Escape has something to close.
pub(crate) fn has_something_open(forms: &Forms) -> bool {
    forms.shows(Beside::Handing) || shows_photographs(forms)
}

/// What was opened last over the rest goes first.
pub(crate) fn close_one(forms: &mut Forms) {
    if forms.shows(Beside::Handing) { forms.beside = None } else { forms.handing.shown.clear() }
}

/// Whether photographs stand in the place of the other side's picture.
pub(crate) fn shows_photographs(forms: &Forms) -> bool {
    !forms.handing.shown.is_empty()
}

/// Before a drawing: takes what was dropped or pasted, and forgets what is gone.
pub(crate) fn settle(ui: &Ui, model: &Model<'_>, call: &Snapshot, forms: &mut Forms) {
    let paths: Vec<_> = ui.input(|input| input.raw.dropped_files.iter().map(|file| file.path().to_owned()).collect());
    if !paths.is_empty() {
        forms.handing.dropped.extend(paths);
        open(forms, true);
    }
    let here = &model.handing;
    forms.handing.shown.retain(|shown| here.photographs.iter().any(|it| it.id == *shown && it.shown.is_some()));
    forms.handing.folder.propose(here.folder);
    forms.handing.chat_file.propose(here.chat_file);
    forms.handing.photograph_file.propose(here.photograph_file);
    let is_open = forms.shows(Beside::Handing);
    if is_open && forms.handing.files && ui.memory(|memory| memory.focused().is_none()) {
        let pasted = ui.input(|input| {
            input.events.iter().find_map(|event| if let Event::Paste(text) = event { Some(text.clone()) } else { None })
        });
        if let Some(pasted) = pasted {
            forms.handing.path = paths::as_path(&pasted);
        }
    }
    if is_open && !forms.handing.files {
        forms.handing.seen = call.around.handed.lines.last().map(|line| line.at);
    }
}

/// Lines of theirs that were not seen.
fn new_lines(call: &Snapshot, forms: &Forms) -> usize {
    let seen = forms.handing.seen;
    call.around.handed.lines.iter().filter(|line| !line.ours && seen.is_none_or(|seen| line.at > seen)).count()
}

/// Theirs that our person has not answered.
fn offered(call: &Snapshot) -> usize {
    let waits = |view: &&TransferView| view.place.incoming && view.state == State::Offered;
    call.around.handed.transfers.iter().filter(waits).count()
}

/// The button in the row, with how much is new.
pub(crate) fn button_ui(ui: &mut Ui, width: f32, call: &Snapshot, forms: &mut Forms) {
    let is_open = forms.shows(Beside::Handing);
    let asks = usize::from(call.around.handed.still == Still::AskedByThem);
    let new = new_lines(call, forms) + offered(call) + asks;
    let look = if is_open { Round::Marked } else { Round::Plain };
    let name = words::handing_button(is_open, new);
    let pressed = round_button(ui, width, look, Icon::Chat, words::handing_short(), &name);
    if new > 0 && !is_open {
        let colors = Palette::of(ui);
        let at = pressed.rect.center_top() + vec2(DISC * 0.36, DISC * 0.14);
        ui.painter().circle_filled(at, 10.0, colors.accent);
        let font = FontId::proportional(12.0);
        ui.painter().text(at, Align2::CENTER_CENTER, new.min(99).to_string(), font, colors.on_accent);
    }
    if pressed.clicked() {
        toggle(forms);
    }
}

/// What waits for an answer, or to be read, and is not open: one thing at a time, what somebody waits for first.
pub(crate) fn news_ui(ui: &mut Ui, call: &Snapshot, forms: &mut Forms) {
    let Some((sentence, step, to_files)) = news(call, forms) else { return };
    if notice_with_step(ui, &sentence, step) {
        open(forms, to_files);
    }
}

/// What that is in a sentence, what to press, and whether it is among the files.
pub(crate) fn news(call: &Snapshot, forms: &Forms) -> Option<(String, &'static str, bool)> {
    let sees = |files: bool| forms.shows(Beside::Handing) && forms.handing.files == files;
    let is_asked = call.around.handed.still == Still::AskedByThem && !sees(true);
    let files = if sees(true) { 0 } else { offered(call) };
    let lines = if sees(false) { 0 } else { new_lines(call, forms) };
    if is_asked {
        Some((words::handing_asks().to_owned(), words::handing_answer(), true))
    } else if files > 0 {
        Some((words::files_offered(files), words::handing_show(), true))
    } else if lines > 0 {
        Some((words::new_messages(lines), words::handing_show(), false))
    } else {
        None
    }
}

/// Messages, or files and photographs, beside the picture or in its place.
pub(crate) fn drawer_ui(ui: &mut Ui, model: &Model<'_>, call: &Snapshot, forms: &mut Forms, intents: &mut Vec<Intent>) {
    // In a low window the two buttons say it.
    if ui.ctx().content_rect().height() >= LOW {
        text(ui, words::handing());
    }
    ui.horizontal_wrapped(|ui| {
        for (files, word) in [(false, words::handing_messages()), (true, words::handing_files())] {
            let chosen = forms.handing.files == files;
            let weight = if chosen { Weight::Primary } else { Weight::Secondary };
            let pressed = button(ui, weight, word);
            ui.ctx().accesskit_node_builder(pressed.id, |node| node.set_selected(chosen));
            if pressed.clicked() {
                (forms.handing.files, forms.handing.newly_open) = (files, true);
            }
        }
    });
    if forms.handing.files {
        files::files_ui(ui, model, call, forms, intents);
    } else {
        messages::messages_ui(ui, model, call, forms, intents);
    }
    forms.handing.newly_open = false;
}

/// A way out at the end of the drawer.
fn close_ui(ui: &mut Ui, forms: &mut Forms) {
    if crate::widgets::wide_button(ui, Weight::Secondary, words::handing_close()).clicked() {
        forms.beside = None;
    }
}

/// A button with less to read than to hear: its name says of what.
fn named_button(ui: &mut Ui, weight: Weight, word: &str, name: &str) -> bool {
    let pressed = button(ui, weight, word);
    ui.ctx().accesskit_node_builder(pressed.id, |node| node.set_label(name));
    pressed.clicked()
}

/// Whether it is a photograph that this clinician asked for: those stand apart from files.
fn is_their_photograph(call: &Snapshot, view: &TransferView) -> bool {
    view.kind == Kind::Still && view.place.incoming && call.role == Role::Host
}
