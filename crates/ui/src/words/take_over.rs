//! Breaking the glass: taking a colleague's visit over, and reviewing it.

use std::time::Duration;

use desk::day::ColleaguesVisit;
use desk::{ReviewLine, ReviewOutcome, TakeOverReason};
use units::Phi;

use super::span;

words! {
    visits_of_colleagues,
    visits_of_colleagues_why,
    no_visits_of_colleagues,
    close_visits_of_colleagues,
    why_taken_over,
    note_of_taking_over,
    note_of_taking_over_help,
    take_over_digits,
    take_over_now,
    taken_over,
    taken_over_sealed,

    reviews,
    close_reviews,
    no_reviews,
    justified,
    not_justified,
}

/// Why somebody takes a visit over, by the closed list.
pub(crate) fn reason(reason: TakeOverReason) -> &'static str {
    match reason {
        TakeOverReason::Emergency => say!(reason_emergency),
        TakeOverReason::ClinicianAbsent => say!(reason_clinician_absent),
        TakeOverReason::DeviceFailed => say!(reason_device_failed),
        TakeOverReason::Asked => say!(reason_asked),
    }
}

/// The same in the midst of a sentence: what the files choose by.
const fn reason_key(reason: TakeOverReason) -> &'static str {
    match reason {
        TakeOverReason::Emergency => "emergency",
        TakeOverReason::ClinicianAbsent => "absent",
        TakeOverReason::DeviceFailed => "device",
        TakeOverReason::Asked => "asked",
    }
}

/// A colleague's visit in one line: when, and whose.
pub(crate) fn visit_of_colleague(visit: &ColleaguesVisit) -> String {
    let whose = named(visit.clinician.as_ref());
    let of = say!(visit_of_colleague, whose = whose);
    visit.clock.as_ref().map_or_else(|| of.clone(), |clock| format!("{clock}  {of}"))
}

/// How it stands, below its line.
pub(crate) fn how_a_colleagues_visit_stands(visit: &ColleaguesVisit) -> String {
    let waited = |secs| span(Duration::from_secs(secs));
    match (visit.hosted, visit.has_guest, visit.waits_secs) {
        (true, true, _) => say!(held_with_patient).to_owned(),
        (true, false, Some(secs)) => say!(held_and_waits, waited = waited(secs)),
        (true, false, None) => say!(held_and_nobody).to_owned(),
        (false, true, _) => say!(not_held_with_patient).to_owned(),
        (false, false, Some(secs)) => say!(not_held_and_waits, waited = waited(secs)),
        (false, false, None) => say!(not_held_and_nobody).to_owned(),
    }
}

/// The button that opens the form.
pub(crate) fn take_over_from(name: Option<&Phi<String>>) -> String {
    say!(take_over_from, name = named(name))
}

/// The button that opens the list for who reviews.
pub(crate) fn reviews_waiting(count: usize) -> String {
    match count {
        0 => reviews().to_owned(),
        count => say!(reviews_waiting, count = count),
    }
}

/// Who took over whose visit, when.
pub(crate) fn taken_over_by(line: &ReviewLine) -> String {
    let (by, from) = (named(line.by.as_ref()), named(line.from.as_ref()));
    say!(taken_over_by, by = by, from = from, ago = hours(line.ago), reason = reason_key(line.reason))
}

/// How its review stands.
pub(crate) fn review_stands(line: &ReviewLine) -> String {
    match (line.review, line.left) {
        (Some(ReviewOutcome::Justified), _) => say!(review_justified).to_owned(),
        (Some(ReviewOutcome::NotJustified), _) => say!(review_not_justified).to_owned(),
        (None, Some(left)) => say!(review_within, left = hours(left)),
        (None, None) => say!(review_overdue).to_owned(),
    }
}

/// To the hour, where there are some.
fn hours(time: Duration) -> String {
    match time.as_secs() / 3600 {
        0 => span(time),
        hours => say!(rough_hours, hours = hours),
    }
}

fn named(name: Option<&Phi<String>>) -> &str {
    name.map_or(say!(some_colleague), |name| name.expose().as_str())
}
