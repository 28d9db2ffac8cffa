//! What is asked of a patient, and what is around a talk.

use call::{CodeStanding, Facts};
use signaling_protocol::{GuestRole, MOST_CODE_TRIES, WaitingNote};

pub(crate) const CODE_ASKED: &str = "The clinic asks for a code";
pub(crate) const CODE_ASKED_HELP: &str =
    "The clinic gave it to you by another way than the link: by telephone, by letter, or in person.";
pub(crate) const CODE: &str = "Code";
pub(crate) const SAY_CODE: &str = "Send the code";

pub(crate) const FACTS_ASKED: &str = "In case something happens";
pub(crate) const FACTS_HELP: &str = "Only your clinician's app reads this. It is forgotten when the visit is over.";
pub(crate) const PLACE: &str = "Where you are now";
pub(crate) const PLACE_HINT: &str = "Street, number, town";
pub(crate) const CALL_BACK: &str = "Telephone number to call you back";
pub(crate) const EMERGENCY: &str = "Whom to call in an emergency";
pub(crate) const EMERGENCY_HINT: &str = "Name and number";
pub(crate) const GUARDIAN_BESIDE: &str = "A guardian is beside me";
pub(crate) const INTERPRETER_BESIDE: &str = "An interpreter is beside me";
pub(crate) const SAY_FACTS: &str = "Tell the clinician";
pub(crate) const FACTS_SAID: &str = "Your clinician can read it.";
pub(crate) const CHANGE_FACTS: &str = "Change it";
pub(crate) const FACTS_NOT_SAID: &str = "The patient has not said where they are. Ask them.";
pub(crate) const KEY_FACTS: &str = "Where the patient is, and whom to call";

pub(crate) const TIME_NEARLY_OVER: &str = "The time of this visit is over in five minutes.";
pub(crate) const TIME_OVER: &str = "The time of this visit is over. It goes on until you hang up.";
pub(crate) const MORE_TIME: &str = "15 more minutes";

pub(crate) const fn door(locked: bool) -> &'static str {
    if locked { "Let people in again" } else { "Let nobody else in" }
}

pub(crate) const TAKE_OUT: &str = "Take them out";

pub(crate) fn code_wrong(wrong: u8) -> String {
    match MOST_CODE_TRIES.saturating_sub(wrong) {
        1 => "This was not the code. You can try once more. Call the clinic if you are not sure.".to_owned(),
        left => format!("This was not the code. You can try {left} more times."),
    }
}

/// What the clinic lets those know who wait.
pub(crate) fn waiting_note(note: WaitingNote) -> String {
    match note {
        WaitingNote::Late { minutes: 1 } => "Your clinician will be about a minute late.".to_owned(),
        WaitingNote::Late { minutes } => format!("Your clinician will be about {minutes} minutes late."),
        WaitingNote::Next => "You are next.".to_owned(),
        WaitingNote::CallUs => "Please call the clinic by telephone.".to_owned(),
        WaitingNote::Nothing => String::new(),
    }
}

/// Where the patient is, a line each.
pub(crate) fn facts_of_patient(facts: &Facts) -> Vec<String> {
    let said = |text: &units::Phi<String>| match text.expose().as_str() {
        "" => "not said".to_owned(),
        said => said.to_owned(),
    };
    let mut lines = vec![
        format!("Call back: {}", said(&facts.call_back)),
        format!("Is now at: {}", said(&facts.place)),
        format!("In an emergency: {}", said(&facts.emergency)),
    ];
    lines.extend(facts.beside.iter().map(|role| format!("Beside the patient: {}", role_word(*role))));
    lines
}

const fn role_word(role: GuestRole) -> &'static str {
    match role {
        GuestRole::Patient => "the patient",
        GuestRole::Guardian => "a guardian",
        GuestRole::Interpreter => "an interpreter",
    }
}

/// Who comes by a link that is not the patient's.
pub(crate) fn comes_as(role: GuestRole) -> Option<&'static str> {
    match role {
        GuestRole::Patient => None,
        GuestRole::Guardian => Some("Comes by the link for a guardian."),
        GuestRole::Interpreter => Some("Comes by the link for an interpreter."),
    }
}

/// How it stands with the code of somebody who waits.
pub(crate) fn code_standing(code: CodeStanding) -> Option<String> {
    match code {
        CodeStanding::NotWanted => None,
        CodeStanding::Right => Some("Has said the clinic's code.".to_owned()),
        CodeStanding::Asked { left: MOST_CODE_TRIES } => Some("Is asked for the clinic's code.".to_owned()),
        CodeStanding::Asked { left } => Some(format!("Is asked for the clinic's code; {left} tries are left.")),
    }
}

/// What stands where a clock is wrong.
pub(crate) fn clock_is_wrong(ahead_secs: i64) -> String {
    let minutes = ahead_secs.unsigned_abs().div_ceil(60);
    let span = match minutes {
        0..120 => format!("{minutes} minutes"),
        120..2_880 => format!("{} hours", minutes / 60),
        _ => format!("{} days", minutes / 1_440),
    };
    let way = if ahead_secs > 0 { "ahead" } else { "behind" };
    format!("The clock of this machine is {span} {way}. Set its date and time.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_is_wrong_by_as_much_as_people_would_say() {
        assert_eq!(clock_is_wrong(180), "The clock of this machine is 3 minutes ahead. Set its date and time.");
        assert!(clock_is_wrong(-3 * 3_600).contains("3 hours behind"));
        assert!(clock_is_wrong(30 * 86_400).contains("30 days ahead"));
    }

    #[test]
    fn the_last_try_is_said_to_be_the_last() {
        assert!(code_wrong(4).contains("once more") && code_wrong(1).contains("4 more"));
    }

    #[test]
    fn the_telephone_comes_first() {
        let lines = facts_of_patient(&Facts { beside: vec![GuestRole::Guardian], ..Facts::default() });
        assert!(lines[0].starts_with("Call back") && lines[3].ends_with("a guardian"));
    }
}
