//! Somebody begins by a one-time code: a password, a second factor, and then their recovery codes.

use desk::{DeskIntent, DeskProblem, Enrolment};
use egui::{FontId, Label, RichText, Ui};
use units::Phi;

use crate::qr::qr_code;
use crate::theme::{COLUMN, Palette};
use crate::views::sign_in::{read_pin, show_problem};
use crate::widgets::{
    Weight, button, card, field, field_with_focus, folded, heading, notice, page, quiet, spoken, text, wide_button,
};
use crate::{Forms, Intent, Model, words};

pub(crate) fn beginning_ui(
    ui: &mut Ui,
    model: &Model<'_>,
    (enrolment, is_asking, problem): (&Enrolment, bool, Option<&DeskProblem>),
    forms: &mut Forms,
    intents: &mut Vec<Intent>,
) {
    page(ui, COLUMN, |ui| {
        let said = heading(ui, words::begin());
        spoken(ui, &said);
        quiet(ui, words::begin_why());
        ui.add_space(6.0);
        let mut entered = false;
        card(ui, |ui| ui.add_enabled_ui(!is_asking, |ui| entered |= account_fields(ui, forms)));
        card(ui, |ui| {
            ui.add_enabled_ui(!is_asking, |ui| {
                text(ui, words::second_factor());
                quiet(ui, words::second_factor_help());
                qr_code(ui, &enrolment.url(&forms.name), &mut forms.qr, words::second_factor_qr());
                quiet(ui, words::second_factor_text());
                large(ui, enrolment.text().expose());
                entered |= field(ui, words::digits(), &mut forms.totp, "", false);
                // Where the eye is when it has been sent.
                show_problem(ui, model, problem);
                if forms.passwords_differ {
                    notice(ui, words::passwords_differ());
                }
                let word = if is_asking { words::beginning() } else { words::begin_now() };
                entered |= wide_button(ui, Weight::Primary, word).clicked();
            });
        });
        if entered && !is_asking {
            send(forms, intents);
        }
        if button(ui, Weight::Quiet, words::cancel()).clicked() {
            forms.forget_beginning();
            intents.push(Intent::Desk(DeskIntent::SignOut));
        }
    });
}

fn account_fields(ui: &mut Ui, forms: &mut Forms) -> bool {
    let first = forms.server.is_empty();
    let mut entered = field_with_focus(ui, words::server(), &mut forms.server, words::SERVER_HINT, false, first);
    entered |= field_with_focus(ui, words::one_time_code(), &mut forms.code, words::ONE_TIME_CODE_HINT, false, !first);
    entered |= field(ui, words::account_name(), &mut forms.name, "", false);
    entered |= field(ui, words::new_password(), &mut forms.password, words::new_password_hint(), true);
    entered |= field(ui, words::password_again(), &mut forms.password_again, "", true);
    folded(ui, words::advanced()).default_open(!forms.pin.is_empty()).show(ui, |ui| {
        field(ui, words::pin(), &mut forms.pin, words::PIN_HINT, false);
        quiet(ui, words::pin_help());
    });
    if forms.pin_is_wrong {
        notice(ui, words::pin_wrong());
    }
    entered
}

fn send(forms: &mut Forms, intents: &mut Vec<Intent>) {
    let Some(pin) = read_pin(forms) else { return };
    forms.passwords_differ = forms.password != forms.password_again;
    if forms.passwords_differ {
        return;
    }
    // Kept until it is done: who mistyped the digits need not type all of it again. `forget_beginning` clears it.
    intents.push(Intent::Desk(DeskIntent::Begin {
        server: forms.server.trim().to_owned(),
        pin,
        code: Phi::new(forms.code.clone()),
        name: Phi::new(forms.name.clone()),
        password: Phi::new(forms.password.clone()),
        totp: Phi::new(std::mem::take(&mut forms.totp)),
    }));
}

/// The recovery codes, shown once.
pub(crate) fn codes_ui(ui: &mut Ui, model: &Model<'_>, codes: &[Phi<String>], intents: &mut Vec<Intent>) {
    page(ui, COLUMN, |ui| {
        let said = heading(ui, words::recovery_codes());
        spoken(ui, &said);
        text(ui, words::recovery_codes_why());
        if let Some(problem) = model.problem {
            notice(ui, problem);
        }
        card(ui, |ui| {
            for code in codes {
                large(ui, code.expose());
            }
            if wide_button(ui, Weight::Secondary, words::copy_codes()).clicked() {
                let all: Vec<&str> = codes.iter().map(|code| code.expose().as_str()).collect();
                ui.ctx().copy_text(all.join("\n"));
            }
        });
        if wide_button(ui, Weight::Primary, words::codes_are_kept()).clicked() {
            intents.push(Intent::Desk(DeskIntent::CodesAreKept));
        }
    });
}

/// To be copied by hand, and read out letter by letter.
pub(crate) fn large(ui: &mut Ui, letters: &str) {
    let color = Palette::of(ui).text;
    let said = ui.add(Label::new(RichText::new(letters).font(FontId::monospace(15.0)).color(color)));
    ui.ctx().accesskit_node_builder(said.id, |node| node.set_value(letters));
}
