//! How sure one can be of who is there, and what is protected and what is not.

use std::time::Duration;

use call::{Assurance, Level, Recognition};
use signaling_protocol::Role;
use units::{KeyringTrouble, Phi};

/// From when on asking again is offered: twice as long as a very bad link takes.
pub(crate) const ASKING_LONG: Duration = Duration::from_secs(5);

words! {
    privacy,
    close_privacy,
    protected,
    protected_is,
    not_protected,
    compare,
    key_compare,
    same,
    not_same,
    later,
    asking,
    ask_again,
    remember,
    remember_help,
    check_lost,
}

/// The level in few words.
pub(crate) fn level(level: Level) -> &'static str {
    match level {
        Level::LinkPage => say!(level_link_page),
        Level::LinkApp => say!(level_link_app),
        Level::KnownDevice => say!(level_known_device),
        Level::DigitsCompared => say!(level_digits_compared),
    }
}

/// What the level means.
pub(crate) fn level_means(level: Level) -> &'static str {
    match level {
        Level::LinkPage => {
            say!(level_means_link_page)
        }
        Level::LinkApp => say!(level_means_link_app),
        Level::KnownDevice => {
            say!(level_means_known_device)
        }
        Level::DigitsCompared => say!(level_means_digits_compared),
    }
}

/// What the level leaves open, most important first.
pub(crate) fn left_open(level: Level) -> Vec<&'static str> {
    let first = match level {
        Level::LinkPage => say!(left_open_link_page),
        Level::LinkApp => {
            say!(left_open_link_app)
        }
        Level::KnownDevice | Level::DigitsCompared => say!(left_open_device_shared),
    };
    vec![first, say!(left_open_server_knows), say!(left_open_beside)]
}

/// Who was let in: true however sure one is of who it is.
pub(crate) fn who_is_there(role: Role, known: &Assurance, patient: Option<&Phi<String>>) -> String {
    say!(who_is_there, who = with_whom(role, known.name.as_ref(), patient))
}

/// Who it is, as far as that is known. `patient` is what the clinician calls them.
pub(crate) fn with_whom(role: Role, name: Option<&Phi<String>>, patient: Option<&Phi<String>>) -> String {
    match (role, name, patient) {
        (Role::Guest, Some(name), _) => say!(with_certified, name = name.expose()),
        (Role::Guest, None, _) => say!(with_clinic).to_owned(),
        (Role::Host, _, Some(patient)) => patient.expose().clone(),
        (Role::Host, ..) => say!(with_patient).to_owned(),
    }
}

/// The line in the call: who it is, and how sure that is.
pub(crate) fn assurance_line(role: Role, known: &Assurance, patient: Option<&Phi<String>>) -> String {
    format!("{} · {}", with_whom(role, known.name.as_ref(), patient), level(known.level))
}

/// What is known of their device. `named`: whether there is a name under which it can be remembered.
pub(crate) fn device(role: Role, device: Recognition, named: bool) -> &'static str {
    match (device, role) {
        (Recognition::New, Role::Host) if !named => {
            say!(device_not_remembered)
        }
        (Recognition::New, _) => say!(device_new),
        (Recognition::Met, _) => say!(device_met),
        (Recognition::Compared, _) => say!(device_compared),
        (Recognition::Changed, _) => say!(device_changed),
    }
}

/// Why the clinic cannot know this device again, and what to do before the next visit.
pub(crate) fn not_known_again(trouble: KeyringTrouble) -> &'static str {
    match trouble {
        KeyringTrouble::Missing => {
            say!(not_known_again_missing)
        }
        KeyringTrouble::Locked => {
            say!(not_known_again_locked)
        }
        KeyringTrouble::NoAnswer => {
            say!(not_known_again_no_answer)
        }
        KeyringTrouble::Unusable => {
            say!(not_known_again_unusable)
        }
    }
}

/// Another device than the one that is remembered, and what to do.
pub(crate) fn device_changed(role: Role) -> &'static str {
    match role {
        Role::Guest => {
            say!(device_changed_guest)
        }
        Role::Host => {
            say!(device_changed_host)
        }
    }
}

/// How the digits are compared.
pub(crate) fn how_to_compare(role: Role) -> &'static str {
    match role {
        Role::Host => {
            say!(how_to_compare_host)
        }
        Role::Guest => {
            say!(how_to_compare_guest)
        }
    }
}

/// Ten digits for who hears them: one by one, in two groups.
pub(crate) fn digits_spoken(digits: &str) -> String {
    let groups: Vec<String> =
        digits.split_whitespace().map(|group| group.chars().map(String::from).collect::<Vec<_>>().join(" ")).collect();
    say!(digits_spoken, digits = groups.join(", "))
}

words! {
    /// Another app came by the link of who waits.
    reused,
}

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
