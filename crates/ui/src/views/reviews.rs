//! What was taken over by breaking the glass, for who reviews it.

use desk::{DeskIntent, DeskSnapshot, ReviewLine, ReviewOutcome};
use egui::Ui;

use crate::views::sign_in::show_problem;
use crate::widgets::{Weight, button, card, quiet, spoken, text};
use crate::{Intent, Model, words};

pub(crate) fn reviews_ui(ui: &mut Ui, model: &Model<'_>, desk: &DeskSnapshot, intents: &mut Vec<Intent>) {
    if !desk.reviewer {
        return;
    }
    let Some(view) = &desk.reviews else {
        let weight = if desk.open_reviews > 0 { Weight::Secondary } else { Weight::Quiet };
        if button(ui, weight, &words::reviews_waiting(desk.open_reviews)).clicked() {
            intents.push(Intent::Desk(DeskIntent::ShowReviews));
        }
        return;
    };
    card(ui, |ui| {
        let said = text(ui, &words::reviews_waiting(desk.open_reviews));
        spoken(ui, &said);
        show_problem(ui, model, view.problem.as_ref());
        match (view.lines.is_empty(), view.is_asking) {
            (true, true) => drop(quiet(ui, words::looking())),
            (true, false) => drop(quiet(ui, words::no_reviews())),
            (false, _) => {}
        }
        ui.add_enabled_ui(!view.is_asking, |ui| {
            for line in &view.lines {
                ui.push_id(line.take_over.as_bytes(), |ui| line_ui(ui, line, intents));
            }
        });
        if button(ui, Weight::Quiet, words::close_reviews()).clicked() {
            intents.push(Intent::Desk(DeskIntent::HideReviews));
        }
    });
}

fn line_ui(ui: &mut Ui, line: &ReviewLine, intents: &mut Vec<Intent>) {
    ui.separator();
    text(ui, &words::taken_over_by(line));
    match &line.note {
        Some(Ok(note)) => drop(text(ui, note.expose())),
        Some(Err(why)) => drop(quiet(ui, why)),
        None => {}
    }
    quiet(ui, &words::review_stands(line));
    if line.review.is_some() {
        return;
    }
    ui.horizontal_wrapped(|ui| {
        for (word, outcome) in
            [(words::justified(), ReviewOutcome::Justified), (words::not_justified(), ReviewOutcome::NotJustified)]
        {
            if button(ui, Weight::Secondary, word).clicked() {
                intents.push(Intent::Desk(DeskIntent::Review(line.take_over, outcome)));
            }
        }
    });
}
