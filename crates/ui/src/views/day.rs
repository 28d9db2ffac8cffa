//! The day: who comes when, who waits, and what staff do about it.

use desk::day::{Choice, DayIntent, DaySnapshot, QueueRow, VisitCard, Whose};
use egui::{ComboBox, Ui};
use signaling_protocol::{CancelReason, VisitState, WaitingNote};
use units::Phi;

use crate::forms::DayForms;
use crate::views::take_over::take_over_ui;
use crate::widgets::{Weight, button, card, field, notice, quiet, spoken, text, wide_button};
use crate::{Intent, words};

pub(crate) fn day_ui(ui: &mut Ui, day: &DaySnapshot, enters: bool, forms: &mut DayForms, intents: &mut Vec<Intent>) {
    card(ui, |ui| {
        let said = text(ui, &words::waiting_today(day.queue.badge));
        spoken(ui, &said);
        if let Some(problem) = &day.problem {
            notice(ui, problem);
        }
        if day.queue.visits.is_empty() {
            quiet(ui, words::NO_VISITS_TODAY);
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
                }
            });
        });
    }
    card(ui, |ui| schedule_ui(ui, day, forms, intents));
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
        if enters && row.whose != Whose::Colleagues && button(ui, Weight::Primary, words::HOLD_VISIT).clicked() {
            intents.push(Intent::Day(DayIntent::Hold(visit)));
        }
        let word = if is_open { words::LESS } else { words::MORE };
        if button(ui, Weight::Quiet, word).clicked() {
            forms.open = (!is_open).then_some(visit);
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
        offer(words::NO_SHOW, DayIntent::Cancel(visit, CancelReason::NoShow));
        offer(words::CANCEL_VISIT, DayIntent::Cancel(visit, CancelReason::Cancelled));
        for (staff, name) in &day.colleagues {
            offer(&words::hand_over_to(name.expose()), DayIntent::HandOver(visit, *staff));
        }
    });
    intents.extend(wanted.into_iter().map(Intent::Day));
}

fn schedule_ui(ui: &mut Ui, day: &DaySnapshot, forms: &mut DayForms, intents: &mut Vec<Intent>) {
    text(ui, words::PLAN_VISIT);
    quiet(ui, words::PLAN_HELP);
    field(ui, words::PATIENT_NAME, &mut forms.name, "", false);
    field(ui, words::START_TIME, &mut forms.start, words::START_HINT, false);
    field(ui, words::NOTES, &mut forms.notes, "", false);
    field(ui, words::PATIENT_CODE, &mut forms.code, words::PATIENT_CODE_HINT, false);
    let minutes = if forms.minutes == 0 { 30 } else { forms.minutes };
    ComboBox::from_label(words::LENGTH).selected_text(words::minutes(minutes)).show_ui(ui, |ui| {
        for choice in [15, 20, 30, 45, 60, 90] {
            ui.selectable_value(&mut forms.minutes, choice, words::minutes(choice));
        }
    });
    let mut send = None;
    if let Some((earlier, later)) = &day.clocks_change {
        let said = text(ui, words::CLOCKS_CHANGE);
        spoken(ui, &said);
        ui.horizontal_wrapped(|ui| {
            if button(ui, Weight::Secondary, &words::at_time(earlier)).clicked() {
                send = Some(Some(Choice::Earlier));
            }
            if button(ui, Weight::Secondary, &words::at_time(later)).clicked() {
                send = Some(Some(Choice::Later));
            }
        });
    }
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
        intents.push(Intent::Day(DayIntent::Schedule { start, minutes, card: Box::new(card), choice }));
    }
}
