//! Keys of devices and of the clinic.

use desk::{DeviceRole, DeviceStanding, Keeping, KeysProblem, KeysSnapshot};

use super::of_code;

pub(crate) const OPENING_KEYS: &str = "Opening your keys…";
pub(crate) const TRY_AGAIN: &str = "Try again";
pub(crate) const ASK_ANEW: &str = "Ask anew";
pub(crate) const IN_MEMORY: &str = "This machine has no keyring that takes keys, so they are gone when this window is closed. \
                                    Turn the system's keyring on, then sign in again.";
pub(crate) const COMPARE_HERE: &str = "Read these digits with your admin, side by side or on the telephone, not by e-mail or \
                                       chat. Are they the same on both screens?";
pub(crate) const AGREEING: &str = "The two apps are agreeing on the digits…";

/// A title, and a sentence with the next step.
pub(crate) fn device_standing(standing: &DeviceStanding) -> (&'static str, String) {
    let (title, sentence) = match standing {
        DeviceStanding::Opening => (OPENING_KEYS, "If the system asks for your keyring's password, type it."),
        DeviceStanding::KeyringLocked => (
            "Your keyring is locked",
            "The keys of this device are in the system's keyring, and it did not open. Unlock it, then try again.",
        ),
        DeviceStanding::KeyringUnreadable => (
            "Your keys cannot be read",
            "What the keyring keeps is damaged, or of a newer app. Update this app; if that does not help, ask anew.",
        ),
        DeviceStanding::NoClinic => (
            "Your clinic is not set up yet",
            "An admin has to set the clinic up first. Ask your admin to sign in; this goes on by itself.",
        ),
        DeviceStanding::Waiting => (
            "This device is new",
            "Your admin has to let it in. Call your admin and stay here: ten digits appear, and you compare them.",
        ),
        DeviceStanding::Comparing(_) => ("Compare the digits", COMPARE_HERE),
        DeviceStanding::Confirmed => (
            "Almost there",
            "Your admin's app is certifying this device. Stay here; if it lasts, ask your admin to say that the digits are \
             the same.",
        ),
        DeviceStanding::Differ => (
            "The digits differ",
            "Somebody may be between this device and your clinic, so nothing was certified. Call your admin, and ask anew \
             from another network.",
        ),
        DeviceStanding::Refused => (
            "This device was not let in",
            "An admin refused it, or nobody compared digits in time. Call your admin, then ask anew.",
        ),
        DeviceStanding::Certified { role, .. } => {
            return ("This device is enrolled", certified_for(*role));
        }
        DeviceStanding::Over => (
            "This device's certificate is over",
            "It is renewed as soon as your admin signs in. Ask your admin to open Housecall, and look whether this \
             machine's clock is right.",
        ),
        DeviceStanding::Replaced => (
            "Your clinic was recovered",
            "Your admin has to certify this device anew. Ask your admin to open Housecall; this goes on by itself.",
        ),
        DeviceStanding::Revoked => (
            "This device was revoked",
            "Your clinic has said that it is lost, so it may do nothing any more. Call your admin if you have it, and ask \
             anew.",
        ),
        DeviceStanding::AnotherClinic => (
            "This is another clinic",
            "The server says that it is not the clinic to which this device belongs. Do not go on; call who runs the \
             server. Only if your clinic began anew, ask anew.",
        ),
    };
    (title, sentence.to_owned())
}

fn certified_for(role: DeviceRole) -> String {
    match role {
        DeviceRole::Clinician => {
            "It is certified for a clinician's account. Sign in with that one to hold visits.".to_owned()
        }
        DeviceRole::Admin => {
            "It is certified for an admin. Devices are let in on the laptop that holds the clinic's keys.".to_owned()
        }
        DeviceRole::Auditor => {
            "It is certified for an auditor. By it the devices of your colleagues are verified, and notes of take-overs open."
                .to_owned()
        }
        role => format!("It is certified for the {}. There is nothing more to do here yet.", role_name(role)),
    }
}

/// What a device is for.
pub(crate) const fn role_name(role: DeviceRole) -> &'static str {
    match role {
        DeviceRole::Admin => "admin",
        DeviceRole::Clinician => "clinician",
        DeviceRole::FrontDesk => "front desk",
        DeviceRole::Auditor => "auditor",
    }
}

/// Digits one by one, for who hears them.
pub(crate) fn one_by_one(digits: &str) -> String {
    digits.chars().map(|digit| if digit == ' ' { ",".to_owned() } else { format!(" {digit}") }).collect()
}

/// Something that a clinician at the desk should know of the keys.
pub(crate) fn hint_of_keys(keys: &KeysSnapshot) -> Option<String> {
    if keys.keeping == Keeping::Memory {
        return Some(IN_MEMORY.to_owned());
    }
    match keys.device {
        DeviceStanding::Certified { days_left, .. } if days_left < 3 => {
            let when = if days_left == 0 { "today".to_owned() } else { format!("in {days_left} days at most") };
            Some(format!(
                "This device's certificate is over {when}. Ask your admin to open Housecall, which renews it."
            ))
        }
        _ => None,
    }
}

pub(crate) fn keys_problem(problem: &KeysProblem) -> String {
    match problem {
        KeysProblem::SheetGroup(group) => {
            return format!("Group {group} is not as it stands on the sheet. Look at it again and type it anew.");
        }
        KeysProblem::SheetLength => "The sheet has eight groups of five letters and digits. Type all of them.",
        KeysProblem::AnotherSheet => {
            "This sheet is of another clinic. Look for the one with this clinic's fingerprint."
        }
        KeysProblem::Name => "Patients see this name: it has 1 to 64 letters. Type it again.",
        KeysProblem::CheckFailed => {
            "The two apps did not come to digits, and nothing was certified. Compare again; if it fails \
                                     twice, try another network."
        }
        KeysProblem::CheckedTooOften => {
            "Digits were compared too often, so the request was taken back. Ask anew on the new device."
        }
        KeysProblem::Differed => {
            "The digits differed: somebody may be between you and that device, and it was refused. Call its \
                                  person, and try from another network."
        }
        KeysProblem::TooManyRevoked => {
            "More devices were lost within a week than one list takes. Recover the clinic with the \
                                        sheet, and certify anew who is left."
        }
        KeysProblem::TooManyWait => {
            "Two other devices of this account wait already. Ask your admin to refuse those that you do \
                                     not use, then sign in again."
        }
        KeysProblem::OddAnswer => {
            "The server answered something that cannot be. Try again; if it lasts, call who runs the server."
        }
        KeysProblem::Refused(code) => of_code(*code),
        KeysProblem::Failed(sentence) => return sentence.clone(),
    }
    .to_owned()
}

// The clinic's keys.
pub(crate) const OFFICE: &str = "Your clinic's devices";
pub(crate) const SET_UP: &str = "Set up your clinic";
pub(crate) const SET_UP_WHY: &str = "This laptop makes your clinic's key: by it, patients' apps know that they reach you and nobody \
                                     else. The server never has it. You print it on a recovery sheet; have a printer or a pen ready.";
pub(crate) const SHEET: &str = "Your recovery sheet";
pub(crate) const SHEET_WHY: &str = "Print it, or write it down, and lock it away like a passport. It brings the clinic back when this \
                                    laptop is lost. Whoever has it can pose as your clinic. It is shown once.";
pub(crate) const PRINT_SHEET: &str = "Open the sheet to print it";
pub(crate) const SHEET_GROUPS: &str = "The eight groups";
pub(crate) const TYPE_BACK: &str = "Type two groups from the paper, so that it is certain that you can read it.";
pub(crate) const CONFIRM_SHEET: &str = "The sheet is safe; set up the clinic";
pub(crate) const NOT_NOW_SHEET: &str = "Not now; forget this sheet";
pub(crate) const WAITING_DEVICES: &str = "Waiting to be let in";
pub(crate) const NONE_WAIT: &str = "No device waits. Who signs in on a new one appears here.";
pub(crate) const ENROLLED_DEVICES: &str = "On the list";
pub(crate) const CALL_THEM: &str = "Call its person on the telephone, or stand beside them.";
pub(crate) const NAME_SHOWN: &str = "Name, as patients see it";
pub(crate) const ROLE: &str = "This device is for the";
pub(crate) const REFUSE: &str = "Refuse";
pub(crate) const ASK_SAME: &str = "Are these digits the same on the new device?";
pub(crate) const REVOKE_WHY: &str = "It may do nothing any more, its person is signed out everywhere, and calls that it is in are \
                                     ended. This cannot be taken back.";
pub(crate) const REVOKE_NOW: &str = "Revoke it now";
pub(crate) const ELSEWHERE: &str = "Your clinic's keys are on another laptop";
pub(crate) const ELSEWHERE_WHY: &str = "Devices are let in and revoked there. If that laptop is lost or broken, the recovery sheet \
                                        brings the clinic here.";
pub(crate) const RECOVER: &str = "Recover the clinic";
pub(crate) const RECOVER_WHY: &str = "Type the eight groups of the sheet. The other laptop can certify nothing any more, and every \
                                      device has to be certified anew, here.";
pub(crate) const SHEET_TYPED: &str = "Recovery sheet";
pub(crate) const RECOVER_NOW: &str = "Recover it here";
pub(crate) const BUSY: &str = "Telling the server…";

pub(crate) fn sheet_written(path: &str) -> String {
    format!("It was written to {path} and is deleted when you go on. Do not copy it elsewhere.")
}

pub(crate) fn group(number: usize) -> String {
    format!("Group {number}")
}

pub(crate) fn fingerprint(fingerprint: &str) -> String {
    format!("The clinic's fingerprint: {fingerprint}")
}

/// A device that waits, by the account of which the server says it is.
pub(crate) fn waits(account: Option<&str>, number: usize) -> String {
    account.map_or_else(|| format!("Device {number}"), str::to_owned)
}

pub(crate) fn says_it_is(role: DeviceRole) -> String {
    format!("The server says: an account for the {}.", role_name(role))
}

pub(crate) fn let_in(who: &str) -> String {
    format!("Let in {who}")
}

pub(crate) fn refuse(who: &str) -> String {
    format!("{REFUSE} {who}")
}

pub(crate) fn revoke(who: &str) -> String {
    format!("Revoke {who}")
}

pub(crate) fn certify_anew(who: &str) -> String {
    format!("Certify {who} anew")
}

pub(crate) fn really_revoke(who: &str) -> String {
    format!("Is the device of {who} lost?")
}

/// A line about a device on the list.
pub(crate) fn device_row(name: Option<&str>, account: Option<&str>, role: Option<DeviceRole>) -> String {
    let who = match (name, account) {
        (Some(name), Some(account)) if name != account => format!("{name} ({account})"),
        (Some(name), _) => name.to_owned(),
        (None, Some(account)) => account.to_owned(),
        (None, None) => "A device without a name".to_owned(),
    };
    role.map_or_else(|| who.clone(), |role| format!("{who}, {}", role_name(role)))
}

pub(crate) const ROW_THIS: &str = "This laptop, which holds the clinic's keys.";
pub(crate) const ROW_CERTIFIED: &str = "Certified.";
pub(crate) const ROW_ANEW: &str = "Certified before the clinic was recovered. Certify it anew only if you know it.";
pub(crate) const ROW_UNKNOWN: &str = "Not known to this laptop. Revoke it, and let its person ask anew.";

pub(crate) fn issuer_over(days: u64) -> String {
    format!(
        "This laptop may certify for {days} more days. Before that, recover the clinic with the sheet here, at an hour without \
         visits."
    )
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
        assert_eq!(hint_of_keys(&keys(certified(6), Keeping::Memory)).as_deref(), Some(IN_MEMORY));
    }
}
