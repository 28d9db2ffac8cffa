//! How a visit ended, for the patient and for the clinician.

use std::time::Duration;

use call::EndReason;
use desk::CallEnd;
use signaling_protocol::Role;

use super::{refused, span};

/// The end of a patient's visit: a title, and a sentence with the next step.
pub(crate) fn end_reason(reason: EndReason) -> (&'static str, String) {
    let (title, sentence) = match reason {
        EndReason::HungUp => ("The visit is over", "You ended the call. To come back, open your link again."),
        EndReason::TheyHungUp => ("The visit is over", "The clinic ended the call. You can close this window."),
        EndReason::Denied => ("Not let in", "The clinic did not let you in. Call the clinic if this is a mistake."),
        EndReason::Removed => {
            ("The visit is over", "The clinic ended your part in the visit. Call the clinic if this is a mistake.")
        }
        EndReason::VisitOver => (
            "The visit is over",
            "Its time is over, or nobody was in it any more. Call the clinic if you need another.",
        ),
        EndReason::NoConnection => (
            "No connection",
            "The two apps could not reach each other. Try another network, such as a telephone's, or call the clinic.",
        ),
        EndReason::HandshakeUnfinished => (
            "The connection is too weak",
            "A way to the clinic was found, but it is too weak for a safe call. Try another network, or call the clinic.",
        ),
        EndReason::ConnectionLost => (
            "The connection was lost",
            "It did not come back within ten minutes. Look after your network, then open your link again, or call the clinic.",
        ),
        EndReason::Refused(refusal) => return refused(refusal, Role::Guest),
    };
    (title, sentence.to_owned())
}

/// How a visit went, for the clinician: a title and a sentence. `engine` says more of what was refused than the desk
/// knows.
pub(crate) fn visit_end(end: &CallEnd, engine: Option<EndReason>) -> (&'static str, String) {
    match (end, engine) {
        (CallEnd::Refused { .. }, Some(EndReason::Refused(refusal))) => refused(refusal, Role::Host),
        (CallEnd::Refused { .. }, Some(EndReason::Removed)) => (super::VISIT_LEFT, VISIT_IS_ELSEWHERE.to_owned()),
        _ => (super::VISIT_OVER, call_end(end)),
    }
}

const VISIT_IS_ELSEWHERE: &str = "It was handed over, or another device of yours holds it now.";

fn call_end(end: &CallEnd) -> String {
    match end {
        CallEnd::ByUs => "You ended the visit.".to_owned(),
        CallEnd::ByThem => "The patient ended the call.".to_owned(),
        CallEnd::VisitOver => "The visit's time was over, or all were away too long.".to_owned(),
        CallEnd::NoConnection => "No connection to the patient was found. They may try another network.".to_owned(),
        CallEnd::HandshakeUnfinished => {
            "The way to the patient was too weak for a safe call. They may try another network.".to_owned()
        }
        CallEnd::ConnectionLost => "The connection was lost and did not come back.".to_owned(),
        CallEnd::Refused { sentence } => sentence.clone(),
    }
}

/// How long the two talked, and how often it was interrupted.
pub(crate) fn talked(talked_for: Duration, reconnections: u32) -> String {
    if talked_for.is_zero() {
        return "Nobody talked.".to_owned();
    }
    let long = format!("You talked for {}", span(talked_for));
    match reconnections {
        0 => format!("{long}."),
        1 => format!("{long}; the connection was lost once and came back."),
        often => format!("{long}; the connection was lost {often} times and came back."),
    }
}

#[cfg(test)]
mod tests {

    use super::*;

    #[test]
    fn every_end_says_what_happened_and_what_to_do() {
        use EndReason::{
            ConnectionLost, Denied, HandshakeUnfinished, HungUp, NoConnection, Removed, TheyHungUp, VisitOver,
        };
        let plain = [HungUp, TheyHungUp, Denied, Removed, VisitOver, NoConnection, HandshakeUnfinished, ConnectionLost];
        for reason in plain {
            let (_, words) = end_reason(reason);
            assert!(words.matches('.').count() >= 2, "{reason:?}: {words}");
            let in_vain = !matches!(reason, HungUp | TheyHungUp);
            let step = ["all the clinic", "Ask the clinic", "ry again", "Update"];
            assert!(!in_vain || step.iter().any(|step| words.contains(step)), "{reason:?}: {words}");
        }
    }

    #[test]
    fn a_clinician_reads_more_than_that_something_was_refused() {
        let end = CallEnd::Refused { sentence: "No.".to_owned() };
        let refusal = EndReason::Refused(call::Refusal::DigitsDiffer);
        assert_eq!(visit_end(&end, None), ("The visit is over", "No.".to_owned()));
        assert_eq!(visit_end(&end, Some(refusal)), refused(call::Refusal::DigitsDiffer, Role::Host));
        assert_eq!(visit_end(&CallEnd::ByUs, Some(refusal)).1, "You ended the visit.", "of another call");
    }
}
