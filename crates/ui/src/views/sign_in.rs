//! The clinician signs in, or unlocks the desk.

use std::time::Duration;

use desk::{DeskIntent, DeskPhase, DeskProblem, DeskSnapshot, TlsPin};
use egui::Ui;
use units::Phi;

use crate::theme::COLUMN;
use crate::widgets::{
    Weight, button, card, field, field_with_focus, folded, heading, notice, page, quiet, wide_button,
};
use crate::{Forms, Intent, Model, words};

pub(crate) fn sign_in_ui(
    ui: &mut Ui,
    model: &Model<'_>,
    desk: &DeskSnapshot,
    forms: &mut Forms,
    intents: &mut Vec<Intent>,
) {
    let (locked, asking, problem) = match &desk.phase {
        DeskPhase::Locked { problem } => (true, false, problem.as_ref()),
        DeskPhase::SignedOut { problem } => (false, false, problem.as_ref()),
        _ => (false, true, None),
    };
    fill_in_what_is_known(forms, desk);
    page(ui, COLUMN, |ui| {
        heading(ui, if locked { words::locked() } else { words::sign_in() });
        quiet(ui, if locked { words::locked_why() } else { words::sign_in_why() });
        ui.add_space(6.0);
        show_problem(ui, model, problem);
        let wanted = card(ui, |ui| ui.add_enabled_ui(!asking, |ui| fields(ui, forms, locked, asking)).inner);
        if wanted {
            send(forms, intents);
        }
        if !locked && !asking && button(ui, Weight::Quiet, words::begin()).clicked() {
            intents.push(Intent::Desk(DeskIntent::ShowBeginning));
        }
        let away = match (locked, asking) {
            (_, true) => (words::cancel(), Intent::Desk(DeskIntent::SignOut)),
            (true, _) => (words::other_person(), Intent::Desk(DeskIntent::SignOut)),
            _ => (words::back(), Intent::Back),
        };
        if button(ui, Weight::Quiet, away.0).clicked() {
            if locked {
                *forms = Forms::default();
            }
            intents.push(away.1);
        }
    });
}

fn fields(ui: &mut Ui, forms: &mut Forms, locked: bool, asking: bool) -> bool {
    let mut entered = false;
    if locked {
        quiet(ui, &words::signed_in_as(&forms.name, &forms.server));
    } else {
        let first = forms.server.is_empty();
        entered |= field_with_focus(ui, words::server(), &mut forms.server, words::SERVER_HINT, false, first);
        entered |= field(ui, words::account_name(), &mut forms.name, "", false);
    }
    let first = locked || !(forms.server.is_empty() || forms.name.is_empty());
    entered |= field_with_focus(ui, words::password(), &mut forms.password, "", true, first);
    let hint = if locked { words::code_when_locked_hint() } else { words::code_or_digits_hint() };
    entered |= field(ui, words::totp(), &mut forms.totp, hint, false);
    if !locked {
        folded(ui, words::advanced()).default_open(!forms.pin.is_empty()).show(ui, |ui| {
            field(ui, words::pin(), &mut forms.pin, words::PIN_HINT, false);
            quiet(ui, words::pin_help());
        });
    }
    if forms.pin_is_wrong {
        notice(ui, words::pin_wrong());
    }
    let word = match (asking, locked) {
        (true, _) => words::signing_in(),
        (_, true) => words::unlock(),
        _ => words::sign_in(),
    };
    wide_button(ui, Weight::Primary, word).clicked() || entered
}

pub(crate) fn show_problem(ui: &mut Ui, model: &Model<'_>, problem: Option<&DeskProblem>) {
    if let Some(problem) = problem {
        notice(ui, &words::desk_problem(problem, model.now));
        if matches!(problem, DeskProblem::Delayed { until } if *until > model.now) {
            // The time that is left is counted down.
            ui.ctx().request_repaint_after(Duration::from_secs(1));
        }
    }
    if let Some(problem) = model.problem {
        notice(ui, problem);
    }
}

/// After a lock, or when the time of a sign-in is over, only the password is asked for again.
fn fill_in_what_is_known(forms: &mut Forms, desk: &DeskSnapshot) {
    let fill = |field: &mut String, known: Option<&String>| {
        if let (true, Some(known)) = (field.is_empty(), known) {
            field.clone_from(known);
        }
    };
    let locked = matches!(desk.phase, DeskPhase::Locked { .. });
    if locked || forms.name.is_empty() {
        fill(&mut forms.name, desk.name.as_ref().map(Phi::expose));
        fill(&mut forms.server, desk.server.as_ref());
    }
}

fn send(forms: &mut Forms, intents: &mut Vec<Intent>) {
    let Some(pin) = read_pin(forms) else { return };
    // What was sent is not kept: a wrong password is typed again, and a right one lies nowhere.
    let password = std::mem::take(&mut forms.password);
    let totp = std::mem::take(&mut forms.totp);
    intents.push(Intent::Desk(DeskIntent::SignIn {
        server: forms.server.trim().to_owned(),
        pin,
        name: Phi::new(forms.name.clone()),
        password: Phi::new(password),
        totp: (!totp.trim().is_empty()).then(|| Phi::new(totp)),
    }));
}

/// The pin that was typed, if any; none when it is wrong, which is said.
pub(crate) fn read_pin(forms: &mut Forms) -> Option<Option<TlsPin>> {
    let pin = match forms.pin.trim() {
        "" => Ok(None),
        pin => pin.parse().map(Some),
    };
    forms.pin_is_wrong = pin.is_err();
    pin.ok()
}
