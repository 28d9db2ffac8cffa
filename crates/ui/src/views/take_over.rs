//! Breaking the glass: colleagues' visits, and the form by which one is taken over.

use desk::TakeOverReason;
use desk::day::{ColleaguesVisit, DayIntent, DaySnapshot, TakeOverWish};
use egui::{RadioButton, Ui};
use units::Phi;

use crate::forms::TakeOverForms;
use crate::widgets::{Weight, button, card, field, quiet, spoken, text, wide_button};
use crate::{Intent, words};

const REASONS: [TakeOverReason; 4] =
    [TakeOverReason::Emergency, TakeOverReason::ClinicianAbsent, TakeOverReason::DeviceFailed, TakeOverReason::Asked];

pub(crate) fn take_over_ui(ui: &mut Ui, day: &DaySnapshot, forms: &mut TakeOverForms, intents: &mut Vec<Intent>) {
    let Some(visits) = &day.of_colleagues else {
        *forms = TakeOverForms::default();
        if button(ui, Weight::Quiet, words::visits_of_colleagues()).clicked() {
            intents.push(Intent::Day(DayIntent::ShowColleagues));
        }
        return;
    };
    // Done, or not there any more.
    if visits.iter().all(|visit| Some(visit.visit) != forms.visit) {
        *forms = TakeOverForms::default();
    }
    card(ui, |ui| {
        let said = text(ui, words::visits_of_colleagues());
        spoken(ui, &said);
        quiet(ui, words::visits_of_colleagues_why());
        if visits.is_empty() {
            quiet(ui, words::no_visits_of_colleagues());
        }
        for visit in visits {
            ui.push_id(visit.visit.as_bytes(), |ui| visit_ui(ui, visit, day.busy, forms, intents));
        }
        if button(ui, Weight::Quiet, words::close_visits_of_colleagues()).clicked() {
            intents.push(Intent::Day(DayIntent::HideColleagues));
        }
    });
}

fn visit_ui(ui: &mut Ui, visit: &ColleaguesVisit, busy: bool, forms: &mut TakeOverForms, intents: &mut Vec<Intent>) {
    ui.separator();
    text(ui, &words::visit_of_colleague(visit));
    quiet(ui, &words::how_a_colleagues_visit_stands(visit));
    if forms.visit != Some(visit.visit) {
        if button(ui, Weight::Secondary, &words::take_over_from(visit.clinician.as_ref())).clicked() {
            *forms = TakeOverForms { visit: Some(visit.visit), ..TakeOverForms::default() };
        }
        return;
    }
    ui.add_enabled_ui(!busy, |ui| {
        let said = text(ui, words::why_taken_over());
        spoken(ui, &said);
        for reason in REASONS {
            if ui.add(RadioButton::new(forms.reason == Some(reason), words::reason(reason))).clicked() {
                forms.reason = Some(reason);
            }
        }
        let mut entered = field(ui, words::note_of_taking_over(), &mut forms.note, "", false);
        quiet(ui, words::note_of_taking_over_help());
        entered |= field(ui, words::take_over_digits(), &mut forms.totp, words::fresh_digits_hint(), false);
        let is_whole = !forms.note.trim().is_empty() && !forms.totp.trim().is_empty();
        let reason = forms.reason.filter(|_| is_whole);
        let take =
            ui.add_enabled_ui(reason.is_some(), |ui| wide_button(ui, Weight::Primary, words::take_over_now())).inner;
        if let (Some(reason), true) = (reason, entered || take.clicked()) {
            // Good once; what else was typed stays for another try.
            let totp = Phi::new(std::mem::take(&mut forms.totp));
            let wish = TakeOverWish { reason, note: Phi::new(forms.note.clone()), totp };
            intents.push(Intent::Day(DayIntent::TakeOver(visit.visit, Box::new(wish))));
        }
    });
    if button(ui, Weight::Quiet, words::cancel()).clicked() {
        *forms = TakeOverForms::default();
    }
}
