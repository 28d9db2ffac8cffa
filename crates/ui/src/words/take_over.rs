//! Breaking the glass: taking a colleague's visit over, and reviewing it.

use std::time::Duration;

use desk::day::ColleaguesVisit;
use desk::{ReviewLine, ReviewOutcome, TakeOverReason};
use units::Phi;

use super::span;

pub(crate) const VISITS_OF_COLLEAGUES: &str = "Take over a colleague's visit";
pub(crate) const VISITS_OF_COLLEAGUES_WHY: &str = "Only when they cannot hand it over to you. An admin or auditor of your \
                                                   clinic reviews each within three days.";
pub(crate) const NO_VISITS_OF_COLLEAGUES: &str = "No colleague has a visit today that is not over.";
pub(crate) const CLOSE_VISITS_OF_COLLEAGUES: &str = "Close the colleagues' visits";
pub(crate) const WHY_TAKEN_OVER: &str = "Why you take it over";
pub(crate) const NOTE_OF_TAKING_OVER: &str = "In your own words";
pub(crate) const NOTE_OF_TAKING_OVER_HELP: &str =
    "Sealed on this machine: whoever reviews it can read it, the server cannot.";
pub(crate) const TAKE_OVER_DIGITS: &str = "Six digits of your authenticator app, to take it over";
pub(crate) const TAKE_OVER_NOW: &str = "Take it over";
pub(crate) const TAKEN_OVER: &str = "You took this visit over. It is to be reviewed.";
pub(crate) const TAKEN_OVER_SEALED: &str = "You took this visit over, and nobody who can has let this device read it yet: an \
                                            open window of your front desk does that by itself. If nobody is there, make \
                                            a new link and give it to the patient; the link they have does not lead to \
                                            you.";

pub(crate) const REVIEWS: &str = "Visits that were taken over";
pub(crate) const CLOSE_REVIEWS: &str = "Close what was taken over";
pub(crate) const NO_REVIEWS: &str = "No visit was taken over from a colleague.";
pub(crate) const JUSTIFIED: &str = "It was right";
pub(crate) const NOT_JUSTIFIED: &str = "It was not right";

/// Why somebody takes a visit over, by the closed list.
pub(crate) const fn reason(reason: TakeOverReason) -> &'static str {
    match reason {
        TakeOverReason::Emergency => "Somebody may be in danger",
        TakeOverReason::ClinicianAbsent => "They are not there",
        TakeOverReason::DeviceFailed => "Their device or network fails",
        TakeOverReason::Asked => "They asked me to",
    }
}

/// A colleague's visit in one line: when, and whose.
pub(crate) fn visit_of_colleague(visit: &ColleaguesVisit) -> String {
    let whose = named(visit.clinician.as_ref());
    visit.clock.as_ref().map_or_else(|| format!("A visit of {whose}"), |clock| format!("{clock}  A visit of {whose}"))
}

/// How it stands, below its line.
pub(crate) fn how_a_colleagues_visit_stands(visit: &ColleaguesVisit) -> String {
    let host = if visit.hosted { "They are in it" } else { "They are not in it" };
    match (visit.has_guest, visit.waits_secs) {
        (true, _) => format!("{host}, and a patient is."),
        (false, Some(secs)) => format!("{host}. Somebody has waited for {}.", span(Duration::from_secs(secs))),
        (false, None) => format!("{host}, and nobody waits."),
    }
}

/// The button that opens the form.
pub(crate) fn take_over_from(name: Option<&Phi<String>>) -> String {
    format!("Take over from {}…", named(name))
}

/// The button that opens the list for who reviews.
pub(crate) fn reviews_waiting(count: usize) -> String {
    match count {
        0 => REVIEWS.to_owned(),
        1 => format!("{REVIEWS}: one to review"),
        count => format!("{REVIEWS}: {count} to review"),
    }
}

/// Who took over whose visit, when.
pub(crate) fn taken_over_by(line: &ReviewLine) -> String {
    let (by, from) = (named(line.by.as_ref()), named(line.from.as_ref()));
    format!("{by} took over a visit of {from}, {} ago: {}.", hours(line.ago), reason(line.reason).to_lowercase())
}

/// How its review stands.
pub(crate) fn review_stands(line: &ReviewLine) -> String {
    match (line.review, line.left) {
        (Some(ReviewOutcome::Justified), _) => "Reviewed: it was right.".to_owned(),
        (Some(ReviewOutcome::NotJustified), _) => "Reviewed: it was not right.".to_owned(),
        (None, Some(left)) => format!("To be reviewed within {}.", hours(left)),
        (None, None) => "Its review is overdue.".to_owned(),
    }
}

/// To the hour, where there are some.
fn hours(time: Duration) -> String {
    match time.as_secs() / 3600 {
        0 => span(time),
        1 => "1 hour".to_owned(),
        hours => format!("{hours} hours"),
    }
}

fn named(name: Option<&Phi<String>>) -> &str {
    name.map_or("a colleague", |name| name.expose().as_str())
}
