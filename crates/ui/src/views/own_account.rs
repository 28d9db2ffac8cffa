//! One's own account: another password, other recovery codes.

use desk::{AccountDone, AccountView, DeskIntent, DeskSnapshot};
use egui::Ui;
use units::Phi;

use crate::forms::AccountForms;
use crate::views::beginning::large;
use crate::views::sign_in::show_problem;
use crate::widgets::{Weight, button, card, field, field_with_focus, notice, quiet, spoken, text, wide_button};
use crate::{Intent, Model, words};

pub(crate) fn own_account_ui(
    ui: &mut Ui,
    model: &Model<'_>,
    desk: &DeskSnapshot,
    forms: &mut AccountForms,
    intents: &mut Vec<Intent>,
) {
    let Some(view) = &desk.account else {
        *forms = AccountForms::default();
        if button(ui, Weight::Quiet, words::own_account()).clicked() {
            intents.push(Intent::Desk(DeskIntent::ShowAccount));
        }
        return;
    };
    card(ui, |ui| {
        text(ui, words::own_account());
        show_problem(ui, model, view.problem.as_ref());
        let is_done = view.done == Some(AccountDone::PasswordChanged);
        if is_done {
            notice(ui, words::password_changed());
        }
        if is_done != forms.is_done {
            *forms = AccountForms { is_done, ..AccountForms::default() };
        }
        if let Some(codes) = &view.codes {
            codes_ui(ui, codes);
        }
        ui.add_enabled_ui(!view.is_asking, |ui| fields(ui, view, forms, intents));
        if button(ui, Weight::Quiet, words::close_own_account()).clicked() {
            intents.push(Intent::Desk(DeskIntent::HideAccount));
        }
    });
}

fn fields(ui: &mut Ui, view: &AccountView, forms: &mut AccountForms, intents: &mut Vec<Intent>) {
    quiet(ui, words::change_password_help());
    let mut entered = field_with_focus(ui, words::password_now(), &mut forms.password, "", true, view.codes.is_none());
    entered |= field(ui, words::password_to_be(), &mut forms.new_password, words::new_password_hint(), true);
    entered |= field(ui, words::password_to_be_again(), &mut forms.again, "", true);
    entered |= field(ui, words::fresh_digits(), &mut forms.totp, words::fresh_digits_hint(), false);
    if forms.differ {
        notice(ui, words::passwords_differ());
    }
    entered |= wide_button(ui, Weight::Secondary, words::change_password()).clicked();
    if entered {
        forms.differ = forms.new_password != forms.again;
        if !forms.differ {
            intents.push(Intent::Desk(DeskIntent::ChangePassword {
                password: Phi::new(forms.password.clone()),
                new_password: Phi::new(forms.new_password.clone()),
                // Good once; who mistyped something else types new ones.
                totp: Phi::new(std::mem::take(&mut forms.totp)),
            }));
        }
    }
    ui.separator();
    text(ui, words::new_codes());
    quiet(ui, words::new_codes_help());
    let mut entered = field(ui, words::codes_digits(), &mut forms.codes_totp, words::fresh_digits_hint(), false);
    entered |= wide_button(ui, Weight::Secondary, words::draw_new_codes()).clicked();
    if entered {
        let totp = Phi::new(std::mem::take(&mut forms.codes_totp));
        intents.push(Intent::Desk(DeskIntent::RenewRecoveryCodes { totp }));
    }
}

fn codes_ui(ui: &mut Ui, codes: &[Phi<String>]) {
    let said = text(ui, words::codes_shown_once());
    spoken(ui, &said);
    for code in codes {
        large(ui, code.expose());
    }
    if wide_button(ui, Weight::Secondary, words::copy_codes()).clicked() {
        let all: Vec<&str> = codes.iter().map(|code| code.expose().as_str()).collect();
        ui.ctx().copy_text(all.join("\n"));
    }
}
