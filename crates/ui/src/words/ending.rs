//! How a visit ended, for the patient and for the clinician.

use std::time::Duration;

use call::EndReason;
use desk::{CallEnd, TalkSummary};
use signaling_protocol::{ReceiptPath, Role};

use super::{level, refused, span};

/// The end of a patient's visit: a title, and a sentence with the next step.
pub(crate) fn end_reason(reason: EndReason) -> (&'static str, String) {
    let (title, sentence) = match reason {
        EndReason::HungUp => (say!(end_visit_over_title), say!(end_hung_up)),
        EndReason::TheyHungUp => (say!(end_visit_over_title), say!(end_they_hung_up)),
        EndReason::Denied => (say!(end_denied_title), say!(end_denied)),
        EndReason::Removed => (say!(end_visit_over_title), say!(end_removed)),
        EndReason::VisitOver => (say!(end_visit_over_title), say!(end_visit_over)),
        EndReason::NoConnection => (say!(end_no_connection_title), say!(end_no_connection)),
        EndReason::HandshakeUnfinished => (say!(end_handshake_unfinished_title), say!(end_handshake_unfinished)),
        EndReason::ConnectionLost => (say!(end_connection_lost_title), say!(end_connection_lost)),
        EndReason::Refused(refusal) => return refused(refusal, Role::Guest),
    };
    (title, sentence.to_owned())
}

/// How a visit went, for the clinician: a title and a sentence. `engine` says more of what was refused than the desk
/// knows.
pub(crate) fn visit_end(end: &CallEnd, engine: Option<EndReason>) -> (&'static str, String) {
    match (end, engine) {
        (CallEnd::Refused { .. }, Some(EndReason::Refused(refusal))) => refused(refusal, Role::Host),
        (CallEnd::Refused { .. }, Some(EndReason::Removed)) => (super::visit_left(), visit_is_elsewhere().to_owned()),
        _ => (super::visit_over(), call_end(end)),
    }
}

words! {
    visit_is_elsewhere,
}

fn call_end(end: &CallEnd) -> String {
    match end {
        CallEnd::ByUs => say!(call_end_by_us).to_owned(),
        CallEnd::ByThem => say!(call_end_by_them).to_owned(),
        CallEnd::VisitOver => say!(call_end_visit_over).to_owned(),
        CallEnd::NoConnection => say!(call_end_no_connection).to_owned(),
        CallEnd::HandshakeUnfinished => say!(call_end_handshake_unfinished).to_owned(),
        CallEnd::ConnectionLost => say!(call_end_connection_lost).to_owned(),
        CallEnd::Server(trouble) => super::server_in_words(*trouble),
        CallEnd::ServerRefused(code) => super::of_code(*code).to_owned(),
        CallEnd::Refused { sentence } => sentence.clone(),
    }
}

/// How the two talked, for the clinician, line by line: when and how long, how good the links were, by what way it went, and how
/// sure it was who was there.
pub(crate) fn how_they_talked(talk: Option<&TalkSummary>) -> Vec<String> {
    let Some(talk) = talk else { return vec![talked(Duration::ZERO, 0)] };
    let [from, until] = &talk.hours;
    let mut lines = vec![say!(talked_between, from = from.as_str(), until = until.as_str())];
    lines.push(talked(talk.talked_for, talk.reconnections));
    lines.push(match (talk.poor_for >= NOTICED, talk.fair_for >= NOTICED) {
        (true, _) => say!(link_was_poor, spent = span(talk.poor_for)),
        (false, true) => say!(link_was_fair, spent = span(talk.fair_for)),
        (false, false) => say!(link_was_good).to_owned(),
    });
    match talk.path {
        ReceiptPath::Direct => lines.push(say!(went_directly).to_owned()),
        ReceiptPath::Relayed => lines.push(say!(went_by_a_relay).to_owned()),
        ReceiptPath::Unknown => {}
    }
    if let Some(known) = talk.level {
        lines.push(say!(level_in_the_end, level = level(known)));
    }
    lines
}

/// From when on it is worth a word that a link was bad: what is shorter nobody remembers.
const NOTICED: Duration = Duration::from_secs(5);

/// How long the two talked, and how often it was interrupted.
pub(crate) fn talked(talked_for: Duration, reconnections: u32) -> String {
    if talked_for.is_zero() {
        return say!(talked_never).to_owned();
    }
    let talked = span(talked_for);
    match reconnections {
        0 => say!(talked, talked = talked),
        lost => say!(talked_and_lost, talked = talked, lost = lost),
    }
}

#[cfg(test)]
mod tests {

    use super::*;

    #[test]
    fn the_clinician_reads_how_it_was() {
        let mut talk = TalkSummary {
            hours: ["14:30", "14:52"].map(str::to_owned),
            talked_for: Duration::from_secs(1_260),
            fair_for: Duration::from_secs(4),
            poor_for: Duration::ZERO,
            reconnections: 1,
            path: ReceiptPath::Relayed,
            level: Some(call::Level::LinkApp),
        };
        let lines = how_they_talked(Some(&talk));
        assert_eq!(lines[0], "From 14:30 to 14:52.");
        assert_eq!(lines[2], "The connection was good.");
        assert!(lines[3].contains("relay") && lines[4].contains("Link, opened in the app"), "{lines:?}");
        (talk.fair_for, talk.path, talk.level) = (Duration::from_secs(61), ReceiptPath::Unknown, None);
        let lines = how_they_talked(Some(&talk));
        assert!(lines.len() == 3 && lines[2].starts_with("For 1 min"), "{lines:?}");
        // The worse is the news.
        talk.poor_for = Duration::from_secs(121);
        assert!(how_they_talked(Some(&talk))[2].starts_with("For 2 min"));
        assert_eq!(how_they_talked(None), ["Nobody talked."]);
    }

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
