//! The day: who comes when, who waits.

use std::time::Duration;

use desk::day::{CalendarError, DayProblem, QueueRow, Whose};
use signaling_protocol::{EndReason, GuestRole, VisitState};

use super::{Language, span};

words! {
    open_and_admit,
    day_waiting,
    day_rest,
    key_open_and_admit,
    no_visits,
    day_before,
    today,
    day_after,
    link_made,
    put_link_away,
    hold_visit,
    take_here,
    clinician,
    nobodys_yet,
    move_to,
    move_length,
    move_it,
    more,
    less,
    tell_late,
    tell_later,
    tell_next,
    tell_call_us,
    reinvite,
    invite_guardian,
    invite_interpreter,
    hand_this_over,
    hand_this_over_help,
    no_show,
    cancel_visit,
    plan_visit,
    plan_help,
    patient_name,
    start_time,
    notes,
    patient_code,
    patient_code_hint,
    length,
    plan,
    clocks_change,
}

/// How a time is to be typed: the same in all languages.
pub(crate) const MOVE_HINT: &str = "2026-10-25 14:30";

pub(crate) fn start_hint() -> String {
    say!(start_hint, example = MOVE_HINT)
}

pub(crate) fn minutes(minutes: u16) -> String {
    say!(minutes, minutes = minutes)
}

pub(crate) fn at_time(time: &str) -> String {
    say!(at_time, time = time)
}

/// What went wrong with the day, and the next step.
pub(crate) fn day_problem(problem: &DayProblem) -> String {
    match problem {
        DayProblem::Refused(code) => return super::of_code(*code).to_owned(),
        DayProblem::Server(trouble) => return super::server_in_words(*trouble),
        DayProblem::NotShared => say!(day_not_shared),
        DayProblem::Calendar(CalendarError::Zone) => say!(day_no_zone),
        DayProblem::Calendar(CalendarError::Time) => return say!(day_no_time, example = MOVE_HINT),
        DayProblem::TimeOver => say!(day_time_over),
        DayProblem::NoteMissing => say!(day_note_missing),
        DayProblem::WrongDigits => say!(day_wrong_digits),
        DayProblem::Machine(sentence) => return sentence.clone(),
    }
    .to_owned()
}

/// To take back a link that was given to somebody.
pub(crate) fn take_back(role: GuestRole) -> &'static str {
    match role {
        GuestRole::Patient => say!(take_back_patient),
        GuestRole::Guardian => say!(take_back_guardian),
        GuestRole::Interpreter => say!(take_back_interpreter),
    }
}

pub(crate) fn hand_over_to(name: &str) -> String {
    say!(hand_over_to, name = name)
}

/// Which day it is, and how many wait, on whichever day that is shown.
pub(crate) fn waiting_on(date: Option<&str>, count: usize) -> String {
    format!("{}. {}.", date.unwrap_or(today()), super::how_many_wait(count))
}

/// The window's title: with how many wait, which is what the system shows of it when it is covered.
pub fn window_title(language: Language, waiting: usize) -> String {
    match waiting {
        0 => super::NAME.to_owned(),
        waiting => format!("{} ({})", super::NAME, language.speaks(|| super::how_many_wait(waiting))),
    }
}

/// A visit in one line: when, with whom.
pub(crate) fn visit_of_day(clock: Option<&str>, name: Option<&str>) -> String {
    let name = match name {
        None => say!(patient_not_shared),
        Some("") => say!(patient_nameless),
        Some(name) => name,
    };
    clock.map_or_else(|| name.to_owned(), |clock| format!("{clock}  {name}"))
}

/// How a visit stands, below its line.
pub(crate) fn how_a_visit_stands(row: &QueueRow) -> String {
    let waited = |secs| span(Duration::from_secs(secs));
    let stands = match (row.listed.state, row.waits_secs, row.listed.hosted) {
        (VisitState::Ended, ..) => match row.listed.reason {
            Some(EndReason::Cancelled) => say!(visit_cancelled).to_owned(),
            Some(EndReason::NoShow) => say!(visit_no_show).to_owned(),
            Some(EndReason::Expired) => say!(visit_expired).to_owned(),
            _ => say!(visit_is_over).to_owned(),
        },
        (_, Some(secs), false) if row.away => {
            say!(visit_waits_away, waited = waited(secs))
        }
        (_, Some(secs), false) => say!(visit_waits, waited = waited(secs)),
        (_, _, true) if row.whose == Whose::Own => say!(visit_elsewhere).to_owned(),
        (_, _, true) => say!(visit_held).to_owned(),
        (VisitState::Active | VisitState::Paused, ..) => say!(visit_somebody_in).to_owned(),
        _ => say!(visit_nobody_came).to_owned(),
    };
    match row.whose {
        Whose::Own => stands,
        Whose::Colleagues => format!("{} {stands}", say!(visit_is_colleagues)),
        Whose::Nobodys => format!("{} {stands}", say!(visit_is_nobodys)),
    }
}
