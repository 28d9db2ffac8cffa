//! What a patient is asked while they wait, and what the clinician sees of it.

use call::{Facts, Phase, Snapshot, TimeLeft};
use egui::Ui;
use signaling_protocol::GuestRole;
use units::Phi;

use crate::forms::AskedForms;
use crate::widgets::{Weight, button, card, field, notice, quiet, spoken, text, wide_button};
use crate::{Forms, Intent, words};

/// Patient, waiting: the clinic's code, and where they are.
pub(crate) fn asked_ui(ui: &mut Ui, call: &Snapshot, forms: &mut Forms, intents: &mut Vec<Intent>) {
    if let Some(wrong) = call.around.code_asked {
        card(ui, |ui| code_ui(ui, wrong, &mut forms.asked, intents));
    }
    card(ui, |ui| facts_ui(ui, call, &mut forms.asked, intents));
}

fn code_ui(ui: &mut Ui, wrong: u8, asked: &mut AskedForms, intents: &mut Vec<Intent>) {
    let said = text(ui, words::code_asked());
    spoken(ui, &said);
    quiet(ui, words::code_asked_help());
    if wrong > 0 {
        notice(ui, &words::code_wrong(wrong));
    }
    let entered = field(ui, words::code(), &mut asked.code, "", false);
    let pressed = wide_button(ui, Weight::Primary, words::say_code()).clicked();
    if (entered || pressed) && !asked.code.trim().is_empty() {
        intents.push(Intent::SayCode(Phi::new(std::mem::take(&mut asked.code))));
    }
}

fn facts_ui(ui: &mut Ui, call: &Snapshot, asked: &mut AskedForms, intents: &mut Vec<Intent>) {
    text(ui, words::facts_asked());
    quiet(ui, words::facts_help());
    if call.around.own_facts.is_some() && !asked.changing {
        let said = quiet(ui, words::facts_said());
        spoken(ui, &said);
        asked.changing = button(ui, Weight::Secondary, words::change_facts()).clicked();
        return;
    }
    let mut entered = field(ui, words::place(), &mut asked.place, words::place_hint(), false);
    entered |= field(ui, words::call_back(), &mut asked.call_back, "", false);
    entered |= field(ui, words::emergency(), &mut asked.emergency, words::emergency_hint(), false);
    ui.checkbox(&mut asked.guardian, words::guardian_beside());
    ui.checkbox(&mut asked.interpreter, words::interpreter_beside());
    let pressed = wide_button(ui, Weight::Secondary, words::say_facts()).clicked();
    if entered || pressed {
        let said = |text: &String| Phi::new(text.trim().to_owned());
        let beside = [(asked.guardian, GuestRole::Guardian), (asked.interpreter, GuestRole::Interpreter)];
        asked.changing = false;
        intents.push(Intent::SayFacts(Facts {
            place: said(&asked.place),
            call_back: said(&asked.call_back),
            emergency: said(&asked.emergency),
            beside: beside.into_iter().filter_map(|(is, role)| is.then_some(role)).collect(),
        }));
    }
}

/// Clinician, in the call: where the patient is. Of itself where the connection is lost, and with one key at any time.
pub(crate) fn facts_of_patient(ui: &mut Ui, call: &Snapshot, forms: &Forms) {
    let lost = matches!(call.phase, Phase::Reconnecting { .. });
    let Some(facts) = call.around.facts.as_ref().filter(|_| lost || forms.facts_open) else {
        if forms.facts_open {
            quiet(ui, words::facts_not_said());
        }
        return;
    };
    card(ui, |ui| {
        for line in words::facts_of_patient(facts) {
            let said = text(ui, &line);
            spoken(ui, &said);
        }
    });
}

/// Clinician: how the visit's time stands, with the button for more.
pub(crate) fn time_ui(ui: &mut Ui, call: &Snapshot, intents: &mut Vec<Intent>) {
    let words = match call.around.time_left {
        TimeLeft::Enough => return,
        TimeLeft::Nearly => words::time_nearly_over(),
        TimeLeft::Over => words::time_over(),
    };
    ui.horizontal_wrapped(|ui| {
        let said = quiet(ui, words);
        spoken(ui, &said);
        if button(ui, Weight::Secondary, words::more_time()).clicked() {
            intents.push(Intent::Call(call::Intent::Extend));
        }
    });
}

/// Clinician: whether anybody new may come in.
pub(crate) fn door_ui(ui: &mut Ui, call: &Snapshot, intents: &mut Vec<Intent>) {
    let locked = call.around.locked;
    if button(ui, Weight::Quiet, words::door(locked)).clicked() {
        intents.push(Intent::Call(call::Intent::SetLocked(!locked)));
    }
}
