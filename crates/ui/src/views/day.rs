//! The day: who comes when, who waits, and what staff do about it.

use desk::day::{Choice, ClocksChange, DayIntent, DaySnapshot, OtherDay, QueueRow, VisitCard, Whose};
use egui::{ComboBox, Ui};
use signaling_protocol::{CancelReason, GuestRole, StaffId, VisitId, VisitState, WaitingNote};
use units::Phi;

use crate::forms::DayForms;
use crate::views::take_over::take_over_ui;
use crate::widgets::{Weight, button, card, field, notice, quiet, spoken, strong, text, wide_button};
use crate::{Intent, Model, shortcuts, words};

/// How long a visit takes if nobody says otherwise.
const USUAL_MINUTES: u16 = 30;

/// Who waits, and who comes when.
pub(crate) fn day_ui(ui: &mut Ui, day: &DaySnapshot, enters: bool, forms: &mut DayForms, intents: &mut Vec<Intent>) {
    if day.problem.is_some() {
        forms.admits = None;
    }
    card(ui, |ui| {
        let said = text(ui, &words::waiting_on(day.date.as_deref(), day.queue.badge));
        spoken(ui, &said);
        ui.horizontal_wrapped(|ui| {
            let days = [
                (words::day_before(), OtherDay::Before),
                (words::today(), OtherDay::Today),
                (words::day_after(), OtherDay::After),
            ];
            for (word, other) in days {
                // From today there is no way to today.
                if (other != OtherDay::Today || day.date.is_some()) && button(ui, Weight::Quiet, word).clicked() {
                    intents.push(Intent::Day(DayIntent::Show(other)));
                }
            }
        });
        if let Some(problem) = &day.problem {
            notice(ui, &words::day_problem(problem));
        }
        if day.queue.visits.is_empty() {
            quiet(ui, words::no_visits());
        }
        if longest_waiting(day, enters).is_some() {
            let keys = ui.ctx().format_shortcut(&shortcuts::ADMIT);
            quiet(ui, &format!("{keys}: {}", words::key_open_and_admit()));
        }
    });
    // Who waits longest first, then the rest in the order of the day.
    let rest = (0..day.queue.visits.len()).filter(|at| !day.queue.waiting.contains(at)).collect::<Vec<_>>();
    for (title, rows) in [(words::day_waiting(), &day.queue.waiting), (words::day_rest(), &rest)] {
        if rows.is_empty() {
            continue;
        }
        card(ui, |ui| {
            quiet(ui, title);
            for at in rows.iter().copied() {
                let row = &day.queue.visits[at];
                let clock = day.clocks.get(at).and_then(Option::as_deref);
                ui.push_id(row.listed.visit.as_bytes(), |ui| {
                    ui.separator();
                    visit_ui(ui, day, (row, clock), enters, forms, intents);
                });
            }
        });
    }
}

/// A link that was made, and the form by which visits are planned.
pub(crate) fn planning_ui(
    ui: &mut Ui,
    day: &DaySnapshot,
    enters: bool,
    forms: &mut DayForms,
    intents: &mut Vec<Intent>,
) {
    if let Some(link) = &day.link {
        card(ui, |ui| {
            text(ui, words::link_made());
            ui.label(link.expose());
            ui.horizontal_wrapped(|ui| {
                if button(ui, Weight::Primary, words::copy_link()).clicked() {
                    ui.ctx().copy_text(link.expose().clone());
                }
                if button(ui, Weight::Secondary, words::put_link_away()).clicked() {
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

/// Whether one press may open this visit and let its patient in.
fn may_let_in(row: &QueueRow, enters: bool) -> bool {
    enters && row.whose != Whose::Colleagues && row.waits_secs.is_some() && !row.away && !row.listed.hosted
}

fn let_in(visit: VisitId, forms: &mut DayForms, intents: &mut Vec<Intent>) {
    forms.admits = Some(visit);
    intents.push(Intent::Day(DayIntent::Hold(visit)));
}

/// Who waits longest of those that one press lets in.
fn longest_waiting(day: &DaySnapshot, enters: bool) -> Option<&QueueRow> {
    let mut waiting = day.queue.waiting.iter().filter_map(|at| day.queue.visits.get(*at));
    waiting.find(|row| may_let_in(row, enters))
}

/// With one key: whoever waits longest.
pub(crate) fn let_in_who_waits_longest(
    day: &DaySnapshot,
    enters: bool,
    forms: &mut DayForms,
    intents: &mut Vec<Intent>,
) {
    if let Some(row) = longest_waiting(day, enters) {
        let_in(row.listed.visit, forms, intents);
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
    strong(ui, &words::visit_of_day(clock, name));
    if let Some(card) = row.card.as_ref().filter(|card| !card.notes.expose().is_empty()) {
        quiet(ui, card.notes.expose());
    }
    quiet(ui, &words::how_a_visit_stands(row));
    if state == VisitState::Ended {
        return;
    }
    if row.whose == Whose::Own && row.listed.taken_over_unix_secs.is_some() {
        quiet(ui, if row.card.is_some() { words::taken_over() } else { words::taken_over_sealed() });
    }
    let is_open = forms.open == Some(visit);
    ui.horizontal_wrapped(|ui| {
        // Who presses the one leaves the visit to another device of theirs that was quicker.
        let (word, intent) = match row.listed.hosted {
            false => (words::hold_visit(), DayIntent::Hold(visit)),
            true => (words::take_here(), DayIntent::TakeHere(visit)),
        };
        let lets_in = may_let_in(row, enters);
        if lets_in && button(ui, Weight::Primary, words::open_and_admit()).clicked() {
            let_in(visit, forms, intents);
        }
        // Who waits is what matters; the rest of the day can be opened when it comes.
        let weight = if lets_in || row.waits_secs.is_none() { Weight::Secondary } else { Weight::Primary };
        if enters && row.whose != Whose::Colleagues && button(ui, weight, word).clicked() {
            forms.admits = None;
            intents.push(Intent::Day(intent));
        }
        let word = if is_open { words::less() } else { words::more() };
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
            offer(words::tell_late(), DayIntent::Tell(visit, WaitingNote::Late { minutes: 5 }));
            offer(words::tell_later(), DayIntent::Tell(visit, WaitingNote::Late { minutes: 15 }));
            offer(words::tell_next(), DayIntent::Tell(visit, WaitingNote::Next));
            offer(words::tell_call_us(), DayIntent::Tell(visit, WaitingNote::CallUs));
        }
        offer(words::reinvite(), DayIntent::Reinvite(visit));
        offer(words::invite_guardian(), DayIntent::Invite(visit, GuestRole::Guardian));
        offer(words::invite_interpreter(), DayIntent::Invite(visit, GuestRole::Interpreter));
        for link in &row.listed.invites {
            offer(words::take_back(link.role), DayIntent::Revoke(visit, link.invite));
        }
        offer(words::no_show(), DayIntent::Cancel(visit, CancelReason::NoShow));
        offer(words::cancel_visit(), DayIntent::Cancel(visit, CancelReason::Cancelled));
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
    text(ui, words::hand_this_over());
    quiet(ui, words::hand_this_over_help());
    if let Some(problem) = &day.problem {
        notice(ui, &words::day_problem(problem));
    }
    for (staff, name) in &day.colleagues {
        if button(ui, Weight::Secondary, &words::hand_over_to(name.expose())).clicked() {
            intents.push(Intent::Day(DayIntent::HandOver(visit, *staff)));
        }
    }
}

/// Another time for a visit. Its links stay.
fn move_ui(ui: &mut Ui, day: &DaySnapshot, visit: VisitId, forms: &mut DayForms, intents: &mut Vec<Intent>) {
    field(ui, words::move_to(), &mut forms.move_to, words::MOVE_HINT, false);
    length_ui(ui, words::move_length(), &mut forms.move_minutes);
    let change = day.clocks_change.as_ref().filter(|change| change.visit == Some(visit));
    let mut send = clocks_change_ui(ui, change).map(Some);
    let may = !day.busy && !forms.move_to.trim().is_empty();
    if ui.add_enabled_ui(may, |ui| button(ui, Weight::Secondary, words::move_it())).inner.clicked() {
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
    let said = text(ui, words::clocks_change());
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
    let nobody = words::nobodys_yet();
    let known = |staff: &StaffId| day.colleagues.iter().find(|(one, _)| one == staff);
    let chosen = clinician.as_ref().and_then(known).map_or(nobody, |(_, name)| name.expose().as_str());
    ComboBox::from_label(words::clinician()).selected_text(chosen).show_ui(ui, |ui| {
        ui.selectable_value(clinician, None, nobody);
        for (staff, name) in &day.colleagues {
            ui.selectable_value(clinician, Some(*staff), name.expose());
        }
    });
}

fn schedule_ui(ui: &mut Ui, day: &DaySnapshot, enters: bool, forms: &mut DayForms, intents: &mut Vec<Intent>) {
    text(ui, words::plan_visit());
    quiet(ui, words::plan_help());
    field(ui, words::patient_name(), &mut forms.name, "", false);
    field(ui, words::start_time(), &mut forms.start, &words::start_hint(), false);
    field(ui, words::notes(), &mut forms.notes, "", false);
    field(ui, words::patient_code(), &mut forms.code, words::patient_code_hint(), false);
    if forms.minutes == 0 {
        forms.minutes = USUAL_MINUTES;
    }
    length_ui(ui, words::length(), &mut forms.minutes);
    // A clinician plans their own visits; the front desk, everybody's.
    if !enters {
        clinician_ui(ui, day, &mut forms.clinician);
    }
    let change = day.clocks_change.as_ref().filter(|change| change.visit.is_none());
    let mut send = clocks_change_ui(ui, change).map(Some);
    let plan = ui.add_enabled_ui(!day.busy, |ui| wide_button(ui, Weight::Secondary, words::plan()));
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
