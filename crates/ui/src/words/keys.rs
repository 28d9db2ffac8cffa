//! Keys of devices and of the clinic.

use desk::{DeviceRole, DeviceStanding, Keeping, KeysProblem, KeysSnapshot};

use super::of_code;

words! {
    opening_keys,
    try_again_now,
    ask_anew,
    in_memory,
    compare_here,
    agreeing,
}

/// A title, and a sentence with the next step.
pub(crate) fn device_standing(standing: &DeviceStanding) -> (&'static str, String) {
    let (title, sentence) = match standing {
        DeviceStanding::Opening => (opening_keys(), say!(standing_opening)),
        DeviceStanding::KeyringLocked => (say!(standing_keyring_locked_title), say!(standing_keyring_locked)),
        DeviceStanding::KeyringUnreadable => {
            (say!(standing_keyring_unreadable_title), say!(standing_keyring_unreadable))
        }
        DeviceStanding::NoClinic => (say!(standing_no_clinic_title), say!(standing_no_clinic)),
        DeviceStanding::Waiting => (say!(standing_waiting_title), say!(standing_waiting)),
        DeviceStanding::Comparing(_) => (say!(standing_comparing_title), compare_here()),
        DeviceStanding::Confirmed => (say!(standing_confirmed_title), say!(standing_confirmed)),
        DeviceStanding::Differ => (say!(standing_differ_title), say!(standing_differ)),
        DeviceStanding::Refused => (say!(standing_refused_title), say!(standing_refused)),
        DeviceStanding::Certified { role, .. } => {
            return (say!(standing_certified_title), certified_for(*role));
        }
        DeviceStanding::Over => (say!(standing_over_title), say!(standing_over)),
        DeviceStanding::Replaced => (say!(standing_replaced_title), say!(standing_replaced)),
        DeviceStanding::Revoked => (say!(standing_revoked_title), say!(standing_revoked)),
        DeviceStanding::AnotherClinic => (say!(standing_another_clinic_title), say!(standing_another_clinic)),
    };
    (title, sentence.to_owned())
}

fn certified_for(role: DeviceRole) -> String {
    match role {
        DeviceRole::Clinician => say!(certified_for_clinician).to_owned(),
        DeviceRole::Admin => say!(certified_for_admin).to_owned(),
        DeviceRole::Auditor => say!(certified_for_auditor).to_owned(),
        role => say!(certified_for, role = role_name(role)),
    }
}

/// What a device is for.
pub(crate) fn role_name(role: DeviceRole) -> &'static str {
    match role {
        DeviceRole::Admin => say!(role_name_admin),
        DeviceRole::Clinician => say!(role_name_clinician),
        DeviceRole::FrontDesk => say!(role_name_front_desk),
        DeviceRole::Auditor => say!(role_name_auditor),
    }
}

/// Digits one by one, for who hears them.
pub(crate) fn one_by_one(digits: &str) -> String {
    digits.chars().map(|digit| if digit == ' ' { ",".to_owned() } else { format!(" {digit}") }).collect()
}

/// Something that a clinician at the desk should know of the keys.
pub(crate) fn hint_of_keys(keys: &KeysSnapshot) -> Option<String> {
    if keys.keeping == Keeping::Memory {
        return Some(in_memory().to_owned());
    }
    match keys.device {
        DeviceStanding::Certified { days_left, .. } if days_left < 3 => Some(match days_left {
            0 => say!(certificate_over_today).to_owned(),
            days => say!(certificate_over_soon, days = days),
        }),
        _ => None,
    }
}

pub(crate) fn keys_problem(problem: &KeysProblem) -> String {
    match problem {
        KeysProblem::SheetGroup(group) => {
            return say!(keys_problem_sheet_group, group = group);
        }
        KeysProblem::SheetLength => say!(keys_problem_sheet_length),
        KeysProblem::AnotherSheet => {
            say!(keys_problem_another_sheet)
        }
        KeysProblem::Name => say!(keys_problem_name),
        KeysProblem::CheckFailed => {
            say!(keys_problem_check_failed)
        }
        KeysProblem::CheckedTooOften => {
            say!(keys_problem_checked_too_often)
        }
        KeysProblem::Differed => {
            say!(keys_problem_differed)
        }
        KeysProblem::TooManyRevoked => {
            say!(keys_problem_too_many_revoked)
        }
        KeysProblem::TooManyWait => {
            say!(keys_problem_too_many_wait)
        }
        KeysProblem::OddAnswer => {
            say!(keys_problem_odd_answer)
        }
        KeysProblem::Refused(code) => of_code(*code),
        KeysProblem::Failed(trouble) => return super::server_in_words(*trouble),
        KeysProblem::NotSealed => say!(keys_problem_not_sealed),
    }
    .to_owned()
}

words! {
    // The clinic's keys.
    office,
    set_up,
    set_up_why,
    sheet,
    sheet_why,
    print_sheet,
    sheet_groups,
    type_back,
    confirm_sheet,
    not_now_sheet,
    waiting_devices,
    none_wait,
    enrolled_devices,
    call_them,
    name_shown,
    role_of_device,
    ask_same,
    revoke_why,
    revoke_now,
    elsewhere,
    elsewhere_why,
    recover,
    recover_why,
    sheet_typed,
    recover_now,
    busy,
}

pub(crate) fn sheet_written(path: &str) -> String {
    say!(sheet_written, path = path)
}

pub(crate) fn group(number: usize) -> String {
    say!(group, number = number)
}

pub(crate) fn fingerprint(fingerprint: &str) -> String {
    say!(fingerprint, fingerprint = fingerprint)
}

/// A device that waits, by the account of which the server says it is.
pub(crate) fn waits(account: Option<&str>, number: usize) -> String {
    account.map_or_else(|| say!(waits, number = number), str::to_owned)
}

pub(crate) fn says_it_is(role: DeviceRole) -> String {
    say!(says_it_is, role = role_name(role))
}

pub(crate) fn let_in(who: &str) -> String {
    say!(let_in, who = who)
}

pub(crate) fn refuse(who: &str) -> String {
    say!(refuse, who = who)
}

pub(crate) fn revoke(who: &str) -> String {
    say!(revoke, who = who)
}

pub(crate) fn certify_anew(who: &str) -> String {
    say!(certify_anew, who = who)
}

pub(crate) fn really_revoke(who: &str) -> String {
    say!(really_revoke, who = who)
}

/// A line about a device on the list.
pub(crate) fn device_row(name: Option<&str>, account: Option<&str>, role: Option<DeviceRole>) -> String {
    let who = match (name, account) {
        (Some(name), Some(account)) if name != account => format!("{name} ({account})"),
        (Some(name), _) => name.to_owned(),
        (None, Some(account)) => account.to_owned(),
        (None, None) => say!(device_nameless).to_owned(),
    };
    role.map_or_else(|| who.clone(), |role| format!("{who}, {}", role_name(role)))
}

words! {
    row_this,
    row_certified,
    row_anew,
    row_unknown,
}

pub(crate) fn issuer_over(days: u64) -> String {
    say!(issuer_over, days = days)
}

#[cfg(test)]
mod tests {
    use units::Phi;

    use super::*;

    #[test]
    fn every_standing_and_every_problem_says_what_to_do() {
        for standing in standings() {
            let (title, sentence) = device_standing(&standing);
            assert!(!title.ends_with('.') && sentence.ends_with(['.', '?']), "{standing:?}");
            let steps = ["ype", "nlock", "pdate", "sk ", "all ", "ead these"];
            assert!(steps.iter().any(|step| sentence.contains(step)), "{standing:?}: {sentence}");
        }
        for problem in problems() {
            let sentence = keys_problem(&problem);
            assert!(sentence.matches(['.', ':']).count() >= 2, "{problem:?}: {sentence}");
        }
    }

    fn standings() -> [DeviceStanding; 13] {
        use DeviceStanding::*;
        [
            Opening,
            KeyringLocked,
            KeyringUnreadable,
            NoClinic,
            Waiting,
            Comparing(None),
            Confirmed,
            Differ,
            DeviceStanding::Refused,
            Over,
            Replaced,
            Revoked,
            AnotherClinic,
        ]
    }

    fn problems() -> [KeysProblem; 10] {
        use KeysProblem::*;
        [
            SheetGroup(3),
            SheetLength,
            AnotherSheet,
            Name,
            CheckFailed,
            CheckedTooOften,
            Differed,
            TooManyRevoked,
            TooManyWait,
            OddAnswer,
        ]
    }

    #[test]
    fn digits_are_said_one_by_one() {
        assert_eq!(one_by_one("12345 67890"), " 1 2 3 4 5, 6 7 8 9 0");
    }

    #[test]
    fn who_has_no_keyring_or_little_time_is_told_at_the_desk() {
        let certified = |days_left| DeviceStanding::Certified {
            name: Phi::new("Lee".to_owned()),
            role: DeviceRole::Clinician,
            days_left,
        };
        let keys = |device, keeping| KeysSnapshot { device, office: None, clinic: None, keeping, problem: None };
        assert_eq!(hint_of_keys(&keys(certified(6), Keeping::Keyring)), None);
        assert!(hint_of_keys(&keys(certified(1), Keeping::Keyring)).is_some());
        assert_eq!(hint_of_keys(&keys(certified(6), Keeping::Memory)).as_deref(), Some(in_memory()));
    }
}
