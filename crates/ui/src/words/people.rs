//! Who is signed in, and who waits.

use std::time::Duration;

use super::span;

pub(crate) fn signed_in_as(name: &str, server: &str) -> String {
    format!("Signed in as {name} at {server}")
}

/// For whom the visit is, as the clinician calls them.
pub(crate) fn visit_of(patient: &str) -> String {
    format!("For {patient}. The name stays on this machine.")
}

pub(crate) fn how_many_wait(count: usize) -> String {
    match count {
        0 => "Nobody waits yet".to_owned(),
        1 => "Somebody waits".to_owned(),
        count => format!("{count} people wait"),
    }
}

pub(crate) fn visitor(number: Option<usize>) -> String {
    numbered("Visitor with your link", number)
}

pub(crate) fn visitor_beside(number: Option<usize>, waited: Duration) -> String {
    format!("{} waits for {}.", visitor(number), span(waited))
}

pub(crate) fn visitor_waits(waited: Duration, warm: bool) -> String {
    let ready = if warm { "ready" } else { "getting ready" };
    format!("Waits for {}, {ready}", span(waited))
}

pub(crate) fn admit(number: Option<usize>) -> String {
    numbered("Admit", number)
}

pub(crate) fn decline(number: Option<usize>) -> String {
    numbered("Decline", number)
}

fn numbered(word: &str, number: Option<usize>) -> String {
    number.map_or_else(|| word.to_owned(), |number| format!("{word} {number}"))
}

pub(crate) fn waiting_since(waited: Duration) -> String {
    match waited.as_secs() / 60 {
        0 => "You came just now.".to_owned(),
        _ => format!("You have waited for {}.", span(waited)),
    }
}
