//! How sure one can be of who is there, and what is protected and what is not.

use std::time::Duration;

use call::{Assurance, Level, Recognition};
use signaling_protocol::Role;
use units::{KeyringTrouble, Phi};

pub(crate) const PRIVACY: &str = "How private this visit is";
pub(crate) const CLOSE_PRIVACY: &str = "Close";
pub(crate) const PROTECTED: &str = "What is protected";
pub(crate) const PROTECTED_IS: &str = "Picture and sound go straight from app to app and are encrypted on the way. The clinic's \
                                       server only helps the two apps to find each other.";
pub(crate) const NOT_PROTECTED: &str = "What is not";
pub(crate) const COMPARE: &str = "Compare digits";
pub(crate) const KEY_COMPARE: &str = "Compare digits";
pub(crate) const SAME: &str = "The same";
pub(crate) const NOT_SAME: &str = "Not the same";
pub(crate) const LATER: &str = "Later";
pub(crate) const ASKING: &str = "Asking the other app for its digits…";
pub(crate) const ASK_AGAIN: &str = "Ask again";
/// From when on asking again is offered: twice as long as a very bad link takes.
pub(crate) const ASKING_LONG: Duration = Duration::from_secs(5);
pub(crate) const REMEMBER: &str = "Remember this device";
pub(crate) const REMEMBER_HELP: &str =
    "Only if you are sure that it is theirs, for instance because they told you of it.";
pub(crate) const CHECK_LOST: &str = "The digits do not count any more: the comparison was interrupted, or the connection was \
                                     made anew. Compare them again.";

/// The level in few words.
pub(crate) const fn level(level: Level) -> &'static str {
    match level {
        Level::LinkPage => "Link, opened in a web page",
        Level::LinkApp => "Link, opened in the app",
        Level::KnownDevice => "Known device",
        Level::DigitsCompared => "Digits compared",
    }
}

/// What the level means.
pub(crate) const fn level_means(level: Level) -> &'static str {
    match level {
        Level::LinkPage => {
            "One side opened the link in a web page. Whoever runs the server of that page could see and hear this visit."
        }
        Level::LinkApp => "Both of you use the app, and the link brought you together.",
        Level::KnownDevice => {
            "Both of you use the app, and you compared digits with this very device in an earlier visit."
        }
        Level::DigitsCompared => "You compared digits in this visit: nobody stands between the two of you.",
    }
}

/// What the level leaves open, most important first.
pub(crate) fn left_open(level: Level) -> Vec<&'static str> {
    let first = match level {
        Level::LinkPage => "Comparing digits would not help: a page can show any. Meet in the app instead.",
        Level::LinkApp => {
            "Somebody who has the link and controls the server could stand between you. Comparing digits rules that out."
        }
        Level::KnownDevice | Level::DigitsCompared => "No app can tell who else uses the device at the other end.",
    };
    vec![
        first,
        "The clinic's server knows that you meet, when, for how long, and from which internet addresses.",
        "What somebody sees, hears or records beside either device, no app can prevent.",
    ]
}

/// Who it is, as far as that is known. `patient` is what the clinician calls them.
pub(crate) fn with_whom(role: Role, name: Option<&Phi<String>>, patient: Option<&Phi<String>>) -> String {
    match (role, name, patient) {
        (Role::Guest, Some(name), _) => format!("{}, certified by the clinic", name.expose()),
        (Role::Guest, None, _) => "Your clinic".to_owned(),
        (Role::Host, _, Some(patient)) => patient.expose().clone(),
        (Role::Host, ..) => "Your patient".to_owned(),
    }
}

/// The line in the call: who it is, and how sure that is.
pub(crate) fn assurance_line(role: Role, known: &Assurance, patient: Option<&Phi<String>>) -> String {
    format!("{} · {}", with_whom(role, known.name.as_ref(), patient), level(known.level))
}

/// What is known of their device. `named`: whether there is a name under which it can be remembered.
pub(crate) const fn device(role: Role, device: Recognition, named: bool) -> &'static str {
    match (device, role) {
        (Recognition::New, Role::Host) if !named => {
            "You gave this patient no name at your desk, so their device is not remembered."
        }
        (Recognition::New, _) => "You have not met this device before. It is remembered when the visit ends well.",
        (Recognition::Met, _) => "You have met this device before, and never compared digits with it.",
        (Recognition::Compared, _) => "This device is known: you compared digits with it before.",
        (Recognition::Changed, _) => "This is not the device that you know.",
    }
}

/// Why the clinic cannot know this device again, and what to do before the next visit.
pub(crate) const fn not_known_again(trouble: KeyringTrouble) -> &'static str {
    match trouble {
        KeyringTrouble::Missing => {
            "This machine has no keyring that takes keys, so the clinic cannot know this device again. Turn the system's \
             keyring on before your next visit."
        }
        KeyringTrouble::Locked => {
            "This machine's keyring is locked, so the clinic cannot know this device again in this visit. Unlock it before \
             your next one."
        }
        KeyringTrouble::NoAnswer => {
            "This machine's keyring did not answer in time, so the clinic cannot know this device again in this visit. \
             Restart the machine before your next one."
        }
        KeyringTrouble::Unusable => {
            "This machine's keyring keeps nothing that the clinic could know this device by. Look into it, under \
             Housecall, before your next visit."
        }
    }
}

/// Another device than the one that is remembered, and what to do.
pub(crate) const fn device_changed(role: Role) -> &'static str {
    match role {
        Role::Guest => {
            "Your clinician uses another device than before. Compare digits, or ask by telephone, to be sure that it is them."
        }
        Role::Host => {
            "Your patient uses another device than before. Ask them why, and compare digits to be sure that it is them."
        }
    }
}

/// How the digits are compared.
pub(crate) const fn how_to_compare(role: Role) -> &'static str {
    match role {
        Role::Host => {
            "You read the first five aloud, your patient reads the last five. Are they the same on both screens?"
        }
        Role::Guest => {
            "Your clinician reads the first five aloud, you read the last five. Are they the same on both screens?"
        }
    }
}

/// Ten digits for who hears them: one by one, in two groups.
pub(crate) fn digits_spoken(digits: &str) -> String {
    let groups: Vec<String> =
        digits.split_whitespace().map(|group| group.chars().map(String::from).collect::<Vec<_>>().join(" ")).collect();
    format!("Digits {}", groups.join(", "))
}

/// Another app came by the link of who waits.
pub(crate) const REUSED: &str = "Another app came by this link before: your patient's own on another device, or somebody \
                                 else who has the link. Ask them before you go on, and compare digits.";

#[cfg(test)]
mod tests {
    use super::*;

    const LEVELS: [Level; 4] = [Level::LinkPage, Level::LinkApp, Level::KnownDevice, Level::DigitsCompared];

    #[test]
    fn a_level_says_what_it_means_and_what_it_leaves_open() {
        for one in LEVELS {
            assert!(!level(one).is_empty() && level_means(one).ends_with('.'));
            let open = left_open(one);
            assert!(open.len() == 3 && open.iter().all(|sentence| sentence.ends_with('.')));
            assert_eq!(open[0].contains("Comparing digits rules that out"), one == Level::LinkApp);
        }
    }

    #[test]
    fn it_is_said_who_it_is_and_never_more_than_is_known() {
        let lee = Phi::new("Dr. Lee".to_owned());
        assert_eq!(with_whom(Role::Guest, Some(&lee), None), "Dr. Lee, certified by the clinic");
        assert_eq!(with_whom(Role::Guest, None, None), "Your clinic");
        assert_eq!(with_whom(Role::Host, Some(&lee), None), "Your patient", "a patient's name is nobody's word");
        assert_eq!(with_whom(Role::Host, None, Some(&lee)), "Dr. Lee");
    }

    #[test]
    fn a_device_that_cannot_be_known_again_has_a_reason_and_a_next_step() {
        use KeyringTrouble::{Locked, Missing, NoAnswer, Unusable};
        let all = [Missing, Locked, NoAnswer, Unusable].map(not_known_again);
        for (at, words) in all.iter().enumerate() {
            let (why, what_to_do) = words.split_once(". ").unwrap();
            assert!(why.contains("keyring") && why.contains("know this device"), "{words}");
            assert!(what_to_do.contains("before your next"), "{words}");
            assert!(!all[..at].contains(words), "{words}");
        }
    }

    #[test]
    fn what_changed_has_a_next_step_on_both_sides() {
        for role in [Role::Host, Role::Guest] {
            assert!(device_changed(role).matches(". ").count() == 1 && device_changed(role).contains("ompare digits"));
            assert!(how_to_compare(role).contains("first five") && how_to_compare(role).contains("last five"));
        }
        assert_eq!(digits_spoken("00012 34567"), "Digits 0 0 0 1 2, 3 4 5 6 7");
    }
}
