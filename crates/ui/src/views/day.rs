//! The day: who comes when, who waits, and what staff do about it.

use desk::day::{Choice, ClocksChange, DayIntent, DaySnapshot, OtherDay, QueueRow, VisitCard, Whose};
use egui::{ComboBox, Ui};
use signaling_protocol::{CancelReason, GuestRole, StaffId, VisitId, VisitState, WaitingNote};
use units::Phi;

use crate::forms::DayForms;
use crate::views::take_over::take_over_ui;
use crate::widgets::{Weight, button, card, field, notice, quiet, spoken, text, wide_button};
use crate::{Intent, Model, words};

/// How long a visit takes if nobody says otherwise.
const USUAL_MINUTES: u16 = 30;

pub(crate) fn day_ui(ui: &mut Ui, day: &DaySnapshot, enters: bool, forms: &mut DayForms, intents: &mut Vec<Intent>) {
    card(ui, |ui| {
        let said = text(ui, &words::waiting_on(day.date.as_deref(), day.queue.badge));
        spoken(ui, &said);
        ui.horizontal_wrapped(|ui| {
            let days = [
                (words::DAY_BEFORE, OtherDay::Before),
                (words::TODAY, OtherDay::Today),
                (words::DAY_AFTER, OtherDay::After),
            ];
            for (word, other) in days {
                // From today there is no way to today.
                if (other != OtherDay::Today || day.date.is_some()) && button(ui, Weight::Quiet, word).clicked() {
                    intents.push(Intent::Day(DayIntent::Show(other)));
                }
            }
        });
        if let Some(problem) = &day.problem {
            notice(ui, problem);
        }
        if day.queue.visits.is_empty() {
            quiet(ui, words::NO_VISITS);
        }
        // Who waits longest first, then the rest in the order of the day.
        let rest = (0..day.queue.visits.len()).filter(|at| !day.queue.waiting.contains(at));
        for at in day.queue.waiting.iter().copied().chain(rest) {
            let row = &day.queue.visits[at];
            let clock = day.clocks.get(at).and_then(Option::as_deref);
            ui.push_id(row.listed.visit.as_bytes(), |ui| {
                ui.separator();
                visit_ui(ui, day, (row, clock), enters, forms, intents);
            });
        }
    });
    if let Some(link) = &day.link {
        card(ui, |ui| {
            text(ui, words::LINK_MADE);
            ui.label(link.expose());
            ui.horizontal_wrapped(|ui| {
                if button(ui, Weight::Primary, words::COPY_LINK).clicked() {
                    ui.ctx().copy_text(link.expose().clone());
                }
                if button(ui, Weight::Secondary, words::PUT_LINK_AWAY).clicked() {
                    intents.push(Intent::Day(DayIntent::PutLinkAway));
                    // Nothing of one patient stays for the next.
                    *forms = DayForms { open: forms.open, minutes: forms.minutes, ..DayForms::default() };
                }
            });
        });
    }
    card(ui, |ui| schedule_ui(ui, day, enters, forms, intents));
    if enters {
        take_over_ui(ui, day, &mut forms.take_over, intents);
    }
}

fn visit_ui(
    ui: &mut Ui,
    day: &DaySnapshot,
    (row, clock): (&QueueRow, Option<&str>),
    enters: bool,
    forms: &mut DayForms,
    intents: &mut Vec<Intent>,
) {
    let (visit, state) = (row.listed.visit, row.listed.state);
    let name = row.card.as_ref().map(|card| card.name.expose().as_str());
    text(ui, &words::visit_of_day(clock, name));
    if let Some(card) = row.card.as_ref().filter(|card| !card.notes.expose().is_empty()) {
        quiet(ui, card.notes.expose());
    }
    quiet(ui, &words::how_a_visit_stands(row));
    if state == VisitState::Ended {
        return;
    }
    if row.whose == Whose::Own && row.listed.taken_over_unix_secs.is_some() {
        quiet(ui, if row.card.is_some() { words::TAKEN_OVER } else { words::TAKEN_OVER_SEALED });
    }
    let is_open = forms.open == Some(visit);
    ui.horizontal_wrapped(|ui| {
        // Who presses the one leaves the visit to another device of theirs that was quicker.
        let (word, intent) = match row.listed.hosted {
            false => (words::HOLD_VISIT, DayIntent::Hold(visit)),
            true => (words::TAKE_HERE, DayIntent::TakeHere(visit)),
        };
        if enters && row.whose != Whose::Colleagues && button(ui, Weight::Primary, word).clicked() {
            intents.push(Intent::Day(intent));
        }
        let word = if is_open { words::LESS } else { words::MORE };
        if button(ui, Weight::Quiet, word).clicked() {
            forms.open = (!is_open).then_some(visit);
            forms.move_to.clear();
            forms.move_minutes = row.listed.planned.as_ref().map_or(USUAL_MINUTES, |planned| planned.length_minutes);
        }
    });
    if !is_open {
        return;
    }
    let mut wanted = Vec::new();
    ui.horizontal_wrapped(|ui| {
        let mut offer = |words: &str, intent: DayIntent| {
            if button(ui, Weight::Secondary, words).clicked() {
                wanted.push(intent);
            }
        };
        if row.waits_secs.is_some() {
            offer(words::TELL_LATE, DayIntent::Tell(visit, WaitingNote::Late { minutes: 5 }));
            offer(words::TELL_LATER, DayIntent::Tell(visit, WaitingNote::Late { minutes: 15 }));
            offer(words::TELL_NEXT, DayIntent::Tell(visit, WaitingNote::Next));
            offer(words::TELL_CALL_US, DayIntent::Tell(visit, WaitingNote::CallUs));
        }
        offer(words::REINVITE, DayIntent::Reinvite(visit));
        offer(words::INVITE_GUARDIAN, DayIntent::Invite(visit, GuestRole::Guardian));
        offer(words::INVITE_INTERPRETER, DayIntent::Invite(visit, GuestRole::Interpreter));
        for link in &row.listed.invites {
            offer(words::take_back(link.role), DayIntent::Revoke(visit, link.invite));
        }
        offer(words::NO_SHOW, DayIntent::Cancel(visit, CancelReason::NoShow));
        offer(words::CANCEL_VISIT, DayIntent::Cancel(visit, CancelReason::Cancelled));
        for (staff, name) in &day.colleagues {
            offer(&words::hand_over_to(name.expose()), DayIntent::HandOver(visit, *staff));
        }
    });
    intents.extend(wanted.into_iter().map(Intent::Day));
    move_ui(ui, day, visit, forms, intents);
}

/// In a visit that was planned: to whom it can be handed over. The patient stays.
pub(crate) fn hand_this_over_ui(ui: &mut Ui, model: &Model<'_>, intents: &mut Vec<Intent>) {
    let (Some(day), Some(visit)) = (model.day, model.desk.and_then(|desk| desk.visit)) else { return };
    // Colleagues know nothing of a visit that was made at once.
    let is_known = |row: &QueueRow| row.listed.visit == visit && row.card.is_some();
    if day.colleagues.is_empty() || !day.queue.visits.iter().any(is_known) {
        return;
    }
    text(ui, words::HAND_THIS_OVER);
    quiet(ui, words::HAND_THIS_OVER_HELP);
    if let Some(problem) = &day.problem {
        notice(ui, problem);
    }
    for (staff, name) in &day.colleagues {
        if button(ui, Weight::Secondary, &words::hand_over_to(name.expose())).clicked() {
            intents.push(Intent::Day(DayIntent::HandOver(visit, *staff)));
        }
    }
}

/// Another time for a visit. Its links stay.
fn move_ui(ui: &mut Ui, day: &DaySnapshot, visit: VisitId, forms: &mut DayForms, intents: &mut Vec<Intent>) {
    field(ui, words::MOVE_TO, &mut forms.move_to, words::MOVE_HINT, false);
    length_ui(ui, words::MOVE_LENGTH, &mut forms.move_minutes);
    let change = day.clocks_change.as_ref().filter(|change| change.visit == Some(visit));
    let mut send = clocks_change_ui(ui, change).map(Some);
    let may = !day.busy && !forms.move_to.trim().is_empty();
    if ui.add_enabled_ui(may, |ui| button(ui, Weight::Secondary, words::MOVE)).inner.clicked() {
        send = Some(None);
    }
    if let Some(choice) = send {
        let (start, minutes) = (forms.move_to.clone(), forms.move_minutes);
        intents.push(Intent::Day(DayIntent::Move { visit, start, minutes, choice }));
    }
}

/// Which of the two is meant, where clocks change at the time that was typed.
fn clocks_change_ui(ui: &mut Ui, change: Option<&ClocksChange>) -> Option<Choice> {
    let ClocksChange { earlier, later, .. } = change?;
    let said = text(ui, words::CLOCKS_CHANGE);
    spoken(ui, &said);
    let mut chosen = None;
    ui.horizontal_wrapped(|ui| {
        for (time, choice) in [(earlier, Choice::Earlier), (later, Choice::Later)] {
            if button(ui, Weight::Secondary, &words::at_time(time)).clicked() {
                chosen = Some(choice);
            }
        }
    });
    chosen
}

fn length_ui(ui: &mut Ui, label: &str, minutes: &mut u16) {
    ComboBox::from_label(label).selected_text(words::minutes(*minutes)).show_ui(ui, |ui| {
        for choice in [15, 20, 30, 45, 60, 90] {
            ui.selectable_value(minutes, choice, words::minutes(choice));
        }
    });
}

/// Whose visit it will be; nobody's if the front desk does not say.
fn clinician_ui(ui: &mut Ui, day: &DaySnapshot, clinician: &mut Option<StaffId>) {
    let nobody = words::NOBODYS_YET;
    let known = |staff: &StaffId| day.colleagues.iter().find(|(one, _)| one == staff);
    let chosen = clinician.as_ref().and_then(known).map_or(nobody, |(_, name)| name.expose().as_str());
    ComboBox::from_label(words::CLINICIAN).selected_text(chosen).show_ui(ui, |ui| {
        ui.selectable_value(clinician, None, nobody);
        for (staff, name) in &day.colleagues {
            ui.selectable_value(clinician, Some(*staff), name.expose());
        }
    });
}

fn schedule_ui(ui: &mut Ui, day: &DaySnapshot, enters: bool, forms: &mut DayForms, intents: &mut Vec<Intent>) {
    text(ui, words::PLAN_VISIT);
    quiet(ui, words::PLAN_HELP);
    field(ui, words::PATIENT_NAME, &mut forms.name, "", false);
    field(ui, words::START_TIME, &mut forms.start, words::START_HINT, false);
    field(ui, words::NOTES, &mut forms.notes, "", false);
    field(ui, words::PATIENT_CODE, &mut forms.code, words::PATIENT_CODE_HINT, false);
    if forms.minutes == 0 {
        forms.minutes = USUAL_MINUTES;
    }
    length_ui(ui, words::LENGTH, &mut forms.minutes);
    // A clinician plans their own visits; the front desk, everybody's.
    if !enters {
        clinician_ui(ui, day, &mut forms.clinician);
    }
    let change = day.clocks_change.as_ref().filter(|change| change.visit.is_none());
    let mut send = clocks_change_ui(ui, change).map(Some);
    let plan = ui.add_enabled_ui(!day.busy, |ui| wide_button(ui, Weight::Secondary, words::PLAN));
    if plan.inner.clicked() {
        send = Some(None);
    }
    if let Some(choice) = send {
        let said = |text: &str| Phi::new(text.trim().to_owned());
        let card = VisitCard {
            name: said(&forms.name),
            notes: said(&forms.notes),
            code: Some(said(&forms.code)).filter(|code| !code.expose().is_empty()),
            links: Vec::new(),
        };
        let start = forms.start.clone();
        let (minutes, clinician, card) = (forms.minutes, forms.clinician, Box::new(card));
        intents.push(Intent::Day(DayIntent::Schedule { start, minutes, clinician, card, choice }));
    }
}
