//! Who is signed in, and who waits.

use std::time::Duration;

use super::span;

pub(crate) fn signed_in_as(name: &str, server: &str) -> String {
    say!(signed_in_as, name = name, server = server)
}

/// For whom the visit is, as the clinician calls them.
pub(crate) fn visit_of(patient: &str) -> String {
    say!(visit_of, patient = patient)
}

pub(crate) fn how_many_wait(count: usize) -> String {
    match count {
        0 => say!(nobody_waits).to_owned(),
        count => say!(how_many_wait, count = count),
    }
}

pub(crate) fn visitor(number: Option<usize>) -> String {
    numbered(say!(visitor), number)
}

pub(crate) fn visitor_beside(number: Option<usize>, waited: Duration) -> String {
    say!(visitor_beside, visitor = visitor(number), waited = span(waited))
}

pub(crate) fn visitor_waits(waited: Duration, warm: bool) -> String {
    let waited = span(waited);
    if warm { say!(visitor_waits_ready, waited = waited) } else { say!(visitor_waits, waited = waited) }
}

pub(crate) fn admit(number: Option<usize>) -> String {
    numbered(say!(admit), number)
}

pub(crate) fn decline(number: Option<usize>) -> String {
    numbered(say!(decline), number)
}

fn numbered(word: &str, number: Option<usize>) -> String {
    number.map_or_else(|| word.to_owned(), |number| format!("{word} {number}"))
}

pub(crate) fn waiting_since(waited: Duration) -> String {
    match waited.as_secs() / 60 {
        0 => say!(waiting_just_now).to_owned(),
        _ => say!(waiting_since, waited = span(waited)),
    }
}
