//! What holds for all windows of this machine: language, look, size, motion, devices.

use egui::Ui;

use crate::settings::{Contrast, Look, Motion, Scale, Settings};
use crate::theme::COLUMN;
use crate::views::devices::{address_choice, device_choices};
use crate::widgets::{Weight, button, card, heading, notice, page, pick, quiet, spoken, text, wide_button};
use crate::{Forms, Intent, Language, Model, Screen, words};

/// The page of settings, in the place of what is not a live call.
pub(crate) fn settings_ui(ui: &mut Ui, model: &Model<'_>, forms: &mut Forms, intents: &mut Vec<Intent>) {
    page(ui, COLUMN, |ui| {
        let said = heading(ui, words::settings());
        spoken(ui, &said);
        quiet(ui, words::settings_help());
        if let Some(problem) = model.problem {
            notice(ui, &words::with_phone(problem, model.phone));
        }
        card(ui, |ui| appearance_choices(ui, model.settings, intents));
        card(ui, |ui| {
            device_choices(ui, model, intents);
            // Who has joined may have told it already.
            if model.screen == Screen::Start || model.call.is_none() {
                address_choice(ui, model, intents);
            }
        });
        if wide_button(ui, Weight::Primary, words::close_settings()).clicked() {
            forms.settings_open = false;
        }
    });
}

/// How it looks: also beside the picture of a live call.
pub(crate) fn appearance_choices(ui: &mut Ui, settings: &Settings, intents: &mut Vec<Intent>) {
    let mut wanted = settings.clone();
    text(ui, words::appearance());
    language(ui, &mut wanted);
    choice(ui, words::look(), &Look::ALL, &mut wanted.look, words::look_name);
    choice(ui, words::contrast(), &Contrast::ALL, &mut wanted.contrast, words::contrast_name);
    scale(ui, &mut wanted.scale);
    let mut still = wanted.motion == Motion::Off;
    if ui.checkbox(&mut still, words::no_motion()).changed() {
        wanted.motion = if still { Motion::Off } else { Motion::System };
    }
    if wanted != *settings {
        intents.push(Intent::Settings(wanted));
    }
}

fn language(ui: &mut Ui, wanted: &mut Settings) {
    // A tag that is kept and not known here, of a later version, stays as it is until another is chosen.
    let chosen = wanted.language.as_deref().and_then(Language::from_tag);
    let shown = chosen.map_or(words::as_the_system(), Language::own_name);
    let names = [words::as_the_system()].into_iter().chain(Language::SPOKEN.map(Language::own_name));
    let picked = pick(ui, words::language(), shown, &names.collect::<Vec<_>>());
    match picked {
        Some(0) => wanted.language = None,
        Some(at) => wanted.language = Language::SPOKEN.get(at - 1).map(|language| language.tag().to_owned()),
        None => {}
    }
}

fn choice<T: Copy + PartialEq>(ui: &mut Ui, name: &str, all: &[T], chosen: &mut T, word: fn(T) -> &'static str) {
    let names: Vec<&str> = all.iter().map(|one| word(*one)).collect();
    if let Some(picked) = pick(ui, name, word(*chosen), &names).and_then(|at| all.get(at)) {
        *chosen = *picked;
    }
}

/// Larger and smaller, by steps.
fn scale(ui: &mut Ui, chosen: &mut Scale) {
    let said = text(ui, &words::size(*chosen));
    spoken(ui, &said);
    ui.horizontal_wrapped(|ui| {
        for (word, next) in [
            (words::smaller(), chosen.smaller()),
            (words::usual_size(), Scale::default()),
            (words::larger(), chosen.larger()),
        ] {
            let other = next != *chosen;
            // Not in an area of its own: from there no button would come to stand in the next line.
            if ui.add_enabled(other, |ui: &mut Ui| button(ui, Weight::Secondary, word)).clicked() {
                *chosen = next;
                break;
            }
        }
    });
}
