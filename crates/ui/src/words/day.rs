//! The day: who comes when, who waits.

use std::time::Duration;

use desk::day::{QueueRow, Whose};
use signaling_protocol::{EndReason, GuestRole, VisitState};

use super::span;

pub(crate) const NO_VISITS: &str = "No visits on this day.";
pub(crate) const DAY_BEFORE: &str = "The day before";
pub(crate) const TODAY: &str = "Today";
pub(crate) const DAY_AFTER: &str = "The day after";
pub(crate) const LINK_MADE: &str = "The link for your patient. Whoever has it may knock.";
pub(crate) const PUT_LINK_AWAY: &str = "Put the link away";
pub(crate) const HOLD_VISIT: &str = "Open this visit";
pub(crate) const TAKE_HERE: &str = "Take it over to this device";
pub(crate) const CLINICIAN: &str = "Whose visit it is";
pub(crate) const NOBODYS_YET: &str = "Nobody's yet";
pub(crate) const MOVE_TO: &str = "Move it to";
pub(crate) const MOVE_HINT: &str = "2026-10-25 14:30";
pub(crate) const MOVE_LENGTH: &str = "How long it takes then";
pub(crate) const MOVE: &str = "Move it; the link stays";
pub(crate) const MORE: &str = "More";
pub(crate) const LESS: &str = "Less";
pub(crate) const TELL_LATE: &str = "Say: 5 minutes late";
pub(crate) const TELL_LATER: &str = "Say: 15 minutes late";
pub(crate) const TELL_NEXT: &str = "Say: you are next";
pub(crate) const TELL_CALL_US: &str = "Say: call us";
pub(crate) const REINVITE: &str = "Make a new link";
pub(crate) const INVITE_GUARDIAN: &str = "Make a link for a guardian";
pub(crate) const INVITE_INTERPRETER: &str = "Make a link for an interpreter";
pub(crate) const HAND_THIS_OVER: &str = "Hand this visit over";
pub(crate) const HAND_THIS_OVER_HELP: &str = "You leave it; your patient stays and waits for your colleague.";
pub(crate) const NO_SHOW: &str = "Nobody came";
pub(crate) const CANCEL_VISIT: &str = "Call it off";
pub(crate) const PLAN_VISIT: &str = "Plan a visit";
pub(crate) const PLAN_HELP: &str =
    "Name, notes and code are sealed to your colleagues' devices before they leave this machine.";
pub(crate) const PATIENT_NAME: &str = "Patient's name";
pub(crate) const START_TIME: &str = "Date and time at the clinic";
pub(crate) const START_HINT: &str = "2026-10-25 14:30; now, if it is empty";
pub(crate) const NOTES: &str = "Notes for colleagues";
pub(crate) const PATIENT_CODE: &str = "Code that the patient must say";
pub(crate) const PATIENT_CODE_HINT: &str = "Only if you give it to them by another way";
pub(crate) const LENGTH: &str = "How long it takes";
pub(crate) const PLAN: &str = "Plan it and make its link";
pub(crate) const CLOCKS_CHANGE: &str = "The clocks change at that time. Which of the two do you mean?";

pub(crate) fn minutes(minutes: u16) -> String {
    format!("{minutes} minutes")
}

pub(crate) fn at_time(time: &str) -> String {
    format!("At {time}")
}

/// To take back a link that was given to somebody.
pub(crate) const fn take_back(role: GuestRole) -> &'static str {
    match role {
        GuestRole::Patient => "Take back the patient's link",
        GuestRole::Guardian => "Take back the guardian's link",
        GuestRole::Interpreter => "Take back the interpreter's link",
    }
}

pub(crate) fn hand_over_to(name: &str) -> String {
    format!("Hand over to {name}")
}

/// Which day it is, and how many wait, on whichever day that is shown.
pub(crate) fn waiting_on(date: Option<&str>, count: usize) -> String {
    format!("{}. {}.", date.unwrap_or(TODAY), super::how_many_wait(count))
}

/// The window's title: with how many wait, which is what the system shows of it when it is covered.
pub fn window_title(waiting: usize) -> String {
    match waiting {
        0 => super::NAME.to_owned(),
        waiting => format!("{} ({})", super::NAME, super::how_many_wait(waiting)),
    }
}

/// A visit in one line: when, with whom.
pub(crate) fn visit_of_day(clock: Option<&str>, name: Option<&str>) -> String {
    let name = match name {
        None => "A patient whose name is not shared with this device",
        Some("") => "A patient without a name",
        Some(name) => name,
    };
    clock.map_or_else(|| name.to_owned(), |clock| format!("{clock}  {name}"))
}

/// How a visit stands, below its line.
pub(crate) fn how_a_visit_stands(row: &QueueRow) -> String {
    let whose = match row.whose {
        Whose::Own => "",
        Whose::Colleagues => "A colleague's. ",
        Whose::Nobodys => "Nobody's yet. ",
    };
    let stands = match (row.listed.state, row.waits_secs, row.listed.hosted) {
        (VisitState::Ended, ..) => match row.listed.reason {
            Some(EndReason::Cancelled) => "Called off.".to_owned(),
            Some(EndReason::NoShow) => "Nobody came.".to_owned(),
            Some(EndReason::Expired) => "Its time is over.".to_owned(),
            _ => "Over.".to_owned(),
        },
        (_, Some(secs), false) if row.away => {
            format!("Has waited for {}; their link is gone just now.", span(Duration::from_secs(secs)))
        }
        (_, Some(secs), false) => format!("Waits for {}.", span(Duration::from_secs(secs))),
        (_, _, true) if row.whose == Whose::Own => "Open on another device of yours.".to_owned(),
        (_, _, true) => "Somebody holds it just now.".to_owned(),
        (VisitState::Active | VisitState::Paused, ..) => "Somebody is in it.".to_owned(),
        _ => "Nobody has come yet.".to_owned(),
    };
    format!("{whose}{stands}")
}
