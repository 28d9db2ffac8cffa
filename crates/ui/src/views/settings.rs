//! What holds for all windows of this machine: language, look, size, motion, devices.

use egui::{ComboBox, Ui};

use crate::settings::{Contrast, LANGUAGES, Look, Motion, Scale, Settings};
use crate::theme::{COLUMN, TIGHT};
use crate::views::devices::{address_choice, device_choices};
use crate::widgets::{Weight, button, card, heading, notice, page, quiet, spoken, text, wide_button};
use crate::{Forms, Intent, Model, Screen, words};

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
    let own_name = |tag: &str| LANGUAGES.iter().find(|(known, _)| *known == tag).map(|(_, name)| *name);
    // A tag that is kept and not known here, of a later version, stays as it is until another is chosen.
    let shown =
        wanted.language.as_deref().map_or(words::as_the_system(), |tag| own_name(tag).unwrap_or(LANGUAGES[0].1));
    let names = [words::as_the_system()].into_iter().chain(LANGUAGES.iter().map(|(_, name)| *name));
    let picked = pick(ui, words::language(), shown, &names.collect::<Vec<_>>());
    match picked {
        Some(0) => wanted.language = None,
        Some(at) => wanted.language = LANGUAGES.get(at - 1).map(|(tag, _)| (*tag).to_owned()),
        None => {}
    }
}

fn choice<T: Copy + PartialEq>(ui: &mut Ui, name: &str, all: &[T], chosen: &mut T, word: fn(T) -> &'static str) {
    let names: Vec<&str> = all.iter().map(|one| word(*one)).collect();
    if let Some(picked) = pick(ui, name, word(*chosen), &names).and_then(|at| all.get(at)) {
        *chosen = *picked;
    }
}

/// A list to choose from, with its name above it; which was picked.
fn pick(ui: &mut Ui, name: &str, shown: &str, names: &[&str]) -> Option<usize> {
    ui.vertical(|ui| {
        ui.spacing_mut().item_spacing.y = TIGHT;
        let label = ui.label(name);
        let combo = ComboBox::from_id_salt(name).selected_text(shown).width(ui.available_width()).truncate();
        let response = combo.show_ui(ui, |ui| {
            let mut picked = None;
            for (at, one) in names.iter().enumerate() {
                if ui.selectable_label(*one == shown, *one).clicked() {
                    picked = Some(at);
                }
            }
            picked
        });
        response.response.labelled_by(label.id);
        response.inner.flatten()
    })
    .inner
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
            if ui.add_enabled_ui(other, |ui| button(ui, Weight::Secondary, word)).inner.clicked() {
                *chosen = next;
                break;
            }
        }
    });
}
