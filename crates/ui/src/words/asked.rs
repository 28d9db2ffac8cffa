//! What is asked of a patient, and what is around a talk.

use call::{CodeStanding, Facts};
use signaling_protocol::{GuestRole, MOST_CODE_TRIES, WaitingNote};

use super::rough_span;

words! {
    code_asked,
    code_asked_help,
    code,
    say_code,

    facts_asked,
    facts_help,
    place,
    place_hint,
    call_back,
    emergency,
    emergency_hint,
    guardian_beside,
    interpreter_beside,
    say_facts,
    facts_said,
    change_facts,
    facts_not_said,
    key_facts,

    time_nearly_over,
    time_over,
    more_time,
}

pub(crate) fn door(locked: bool) -> &'static str {
    if locked { say!(door_unlock) } else { say!(door_lock) }
}

words! {
    take_out,
}

pub(crate) fn code_wrong(wrong: u8) -> String {
    say!(code_wrong, left = MOST_CODE_TRIES.saturating_sub(wrong))
}

/// What the clinic lets those know who wait.
pub(crate) fn waiting_note(note: WaitingNote) -> String {
    match note {
        WaitingNote::Late { minutes } => say!(waiting_note_late, minutes = minutes),
        WaitingNote::Next => say!(waiting_note_next).to_owned(),
        WaitingNote::CallUs => say!(waiting_note_call_us).to_owned(),
        WaitingNote::Nothing => String::new(),
    }
}

/// Where the patient is, a line each.
pub(crate) fn facts_of_patient(facts: &Facts) -> Vec<String> {
    let said = |text: &units::Phi<String>| match text.expose().as_str() {
        "" => say!(fact_not_said).to_owned(),
        said => said.to_owned(),
    };
    let mut lines = vec![
        say!(fact_call_back, said = said(&facts.call_back)),
        say!(fact_place, said = said(&facts.place)),
        say!(fact_emergency, said = said(&facts.emergency)),
    ];
    lines.extend(facts.beside.iter().map(|role| say!(fact_beside, role = role_word(*role))));
    lines
}

fn role_word(role: GuestRole) -> &'static str {
    match role {
        GuestRole::Patient => say!(beside_patient),
        GuestRole::Guardian => say!(beside_guardian),
        GuestRole::Interpreter => say!(beside_interpreter),
    }
}

/// Who comes by a link that is not the patient's.
pub(crate) fn comes_as(role: GuestRole) -> Option<&'static str> {
    match role {
        GuestRole::Patient => None,
        GuestRole::Guardian => Some(say!(comes_as_guardian)),
        GuestRole::Interpreter => Some(say!(comes_as_interpreter)),
    }
}

/// How it stands with the code of somebody who waits.
pub(crate) fn code_standing(code: CodeStanding) -> Option<String> {
    match code {
        CodeStanding::NotWanted => None,
        CodeStanding::Right => Some(say!(code_standing_right).to_owned()),
        CodeStanding::Asked { left: MOST_CODE_TRIES } => Some(say!(code_standing_asked_first).to_owned()),
        CodeStanding::Asked { left } => Some(say!(code_standing_asked, left = left)),
    }
}

/// What stands where a clock is wrong.
pub(crate) fn clock_is_wrong(ahead_secs: i64) -> String {
    let minutes = ahead_secs.unsigned_abs().div_ceil(60);
    let by = rough_span(minutes);
    if ahead_secs > 0 { say!(clock_is_ahead, by = by) } else { say!(clock_is_behind, by = by) }
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
