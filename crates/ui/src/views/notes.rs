//! A clinician's notes: beside the call, right after it, and at the desk as long as they were not exported.

use desk::{MOST_NOTE_CHARS, NotesView};
use egui::{Margin, ScrollArea, TextEdit, Ui};
use units::Phi;

use crate::forms::{Beside, NoteForms};
use crate::icons::Icon;
use crate::theme::TIGHT;
use crate::widgets::{
    Round, Weight, button, card, field, follow_keyboard, notice, quiet, round_button, spoken, text, wide_button,
};
use crate::{Forms, Intent, Model, NotesWish, words};

/// Rows of text that are seen at once beside a call, and elsewhere.
const ROWS_BESIDE: usize = 14;
const ROWS: usize = 8;

/// Opens the drawer, or closes it.
pub(crate) fn toggle(forms: &mut Forms) {
    forms.toggle(Beside::Notes);
    forms.notes.newly_open = forms.shows(Beside::Notes);
}

/// Before a drawing: what is typed is about the visit whose note is open.
pub(crate) fn settle(model: &Model<'_>, forms: &mut Forms) {
    let Some(notes) = &model.notes else { return forms.notes = NoteForms::default() };
    forms.notes.file.propose(notes.file);
    let open = notes.view.open.as_ref();
    let visit = open.map(|open| open.about.visit);
    // What the disk had of it may come a moment after it was opened.
    if forms.notes.visit != visit || forms.notes.text.is_empty() {
        forms.notes.text = open.map(|open| open.text.expose().clone()).unwrap_or_default();
        (forms.notes.visit, forms.notes.deletes) = (visit, false);
    }
}

/// The button in the row of a call.
pub(crate) fn button_ui(ui: &mut Ui, width: f32, forms: &mut Forms) {
    let (look, name) = if forms.shows(Beside::Notes) {
        (Round::Marked, words::notes_close())
    } else {
        (Round::Plain, words::own_notes())
    };
    if round_button(ui, width, look, Icon::Notes, words::own_notes(), name).clicked() {
        toggle(forms);
    }
}

/// Beside the picture, or in its place.
pub(crate) fn drawer_ui(ui: &mut Ui, model: &Model<'_>, forms: &mut Forms, intents: &mut Vec<Intent>) {
    ScrollArea::vertical().id_salt("notes").auto_shrink(false).show(ui, |ui| {
        follow_keyboard(ui, |ui| {
            text(ui, words::own_notes());
            quiet(ui, words::notes_help());
            write_ui(ui, forms, ROWS_BESIDE, intents);
            news_ui(ui, model);
            if wide_button(ui, Weight::Secondary, words::notes_close()).clicked() {
                forms.beside = None;
            }
        });
    });
    forms.notes.newly_open = false;
}

/// The note about the visit that is just over.
pub(crate) fn after_ui(ui: &mut Ui, model: &Model<'_>, forms: &mut Forms, intents: &mut Vec<Intent>) {
    settle(model, forms);
    if model.notes.is_some_and(|notes| notes.view.open.is_some()) {
        card(ui, |ui| {
            text(ui, words::own_notes());
            quiet(ui, words::notes_help());
            open_ui(ui, model, forms, intents);
        });
    }
}

/// Those at the desk that were not exported, and the one that is looked at.
pub(crate) fn kept_ui(ui: &mut Ui, model: &Model<'_>, forms: &mut Forms, intents: &mut Vec<Intent>) {
    settle(model, forms);
    let Some(NotesView { open, kept, of_others, news: _ }) = model.notes.map(|notes| notes.view) else { return };
    if kept.is_empty() && *of_others == 0 && open.is_none() {
        return;
    }
    card(ui, |ui| {
        text(ui, words::notes_kept());
        quiet(ui, words::notes_help());
        for note in kept {
            let when = words::note_about(&note.began, note.patient.as_ref());
            if open.as_ref().is_none_or(|open| open.about.visit != note.visit)
                && wide_button(ui, Weight::Secondary, &when).clicked()
            {
                intents.push(Intent::Note(NotesWish::Look(note.visit)));
            }
        }
        if *of_others > 0 {
            quiet(ui, &words::notes_of_others(*of_others));
        }
        if let Some(open) = open {
            text(ui, &words::note_about(&open.about.began, open.about.patient.as_ref()));
            open_ui(ui, model, forms, intents);
            if wide_button(ui, Weight::Secondary, words::notes_close()).clicked() {
                intents.push(Intent::Note(NotesWish::Close));
            }
        }
    });
}

/// What can be done with a note that is open.
fn open_ui(ui: &mut Ui, model: &Model<'_>, forms: &mut Forms, intents: &mut Vec<Intent>) {
    write_ui(ui, forms, ROWS, intents);
    news_ui(ui, model);
    if forms.notes.text.trim().is_empty() {
        return;
    }
    let entered = field(ui, words::notes_file(), &mut forms.notes.file.text, "", false);
    let pressed = wide_button(ui, Weight::Secondary, words::notes_export()).clicked();
    let file = forms.notes.file.text.trim();
    if (entered || pressed) && !file.is_empty() {
        intents.push(Intent::Note(NotesWish::Export(Phi::new(file.to_owned()))));
    }
    if !forms.notes.deletes {
        forms.notes.deletes = wide_button(ui, Weight::Quiet, words::notes_delete()).clicked();
        return;
    }
    let said = text(ui, words::notes_delete_asked());
    spoken(ui, &said);
    ui.horizontal_wrapped(|ui| {
        if button(ui, Weight::Secondary, words::notes_delete_now()).clicked() {
            forms.notes.text.clear();
            forms.notes.deletes = false;
            intents.push(Intent::Note(NotesWish::Delete));
        }
        if button(ui, Weight::Secondary, words::notes_keep()).clicked() {
            forms.notes.deletes = false;
        }
    });
}

/// Where it is written.
fn write_ui(ui: &mut Ui, forms: &mut Forms, rows: usize, intents: &mut Vec<Intent>) {
    let forms = &mut forms.notes;
    ui.vertical(|ui| {
        ui.spacing_mut().item_spacing.y = TIGHT;
        let label = ui.label(words::notes_label());
        let edit = TextEdit::multiline(&mut forms.text)
            .id_salt("note")
            .margin(Margin::symmetric(12, 10))
            .desired_width(f32::INFINITY)
            .desired_rows(rows)
            .char_limit(MOST_NOTE_CHARS);
        let response = ui.add(edit).labelled_by(label.id);
        if forms.newly_open {
            response.request_focus();
        }
        if response.changed() {
            intents.push(Intent::Note(NotesWish::Write(Phi::new(forms.text.clone()))));
        }
        if forms.text.chars().count() >= MOST_NOTE_CHARS {
            notice(ui, &words::notes_full(MOST_NOTE_CHARS));
        }
    });
}

/// What became of what was wanted last.
fn news_ui(ui: &mut Ui, model: &Model<'_>) {
    let Some(news) = model.notes.and_then(|notes| notes.view.news.as_ref()) else { return };
    match words::note_news(news) {
        (true, sentence) => {
            let said = quiet(ui, &sentence);
            spoken(ui, &said);
        }
        (false, sentence) => notice(ui, &sentence),
    }
}
