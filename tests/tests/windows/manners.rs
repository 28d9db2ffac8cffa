//! What the program does as a good guest of a desktop: it is there once, and as it was left.

use std::fs;

use atspi::Role;

use crate::person::Person;

/// A link that a mail program broke: by its words it is known that it arrived.
const DAMAGED: &str = "housecall://clinic.example/j/x#1.damaged";

#[test]
fn a_second_start_hands_over_its_link_and_what_was_chosen_is_there_the_next_day() {
    let mut person = Person::sits_down("person", None);
    person.opens_housecall(&[]);
    person.clicks("Settings");
    person.clicks("Larger");
    person.sees(Role::Label, "Size: 110 %");
    person.clicks("Close settings");
    person.sees(Role::Heading, "Housecall");

    assert_eq!(person.starts_it_again(&[DAMAGED]), Some(0), "it is the first that shows the link");
    person.reads("This link is damaged");

    person.closes_the_window();
    assert_eq!(person.sees_it_end(), 0);
    let kept = fs::read_to_string(person.folder().join(".config/housecall/settings.toml")).expect("settings");
    assert!(kept.contains("scale_percent = 110") && kept.contains("[window]"), "{kept}");
    person.opens_housecall(&[]);
    person.clicks("Settings");
    person.sees(Role::Label, "Size: 110 %");
    person.photographs("settings");
    person.closes_the_window();
    assert_eq!(person.sees_it_end(), 0);
}

#[test]
fn a_crash_is_told_at_the_next_start_and_settings_that_cannot_be_read_are_kept_aside() {
    let mut person = Person::sits_down("person", None);
    let (state, config) = (person.folder().join(".local/state/housecall"), person.folder().join(".config/housecall"));
    for folder in [&state, &config] {
        fs::create_dir_all(folder).expect("a folder");
    }
    fs::write(state.join("crash.txt"), "Housecall 0.0.1\nplace: crates/x.rs:1").expect("a report");
    fs::write(config.join("settings.toml"), "version = 99").expect("settings");
    person.opens_housecall(&[]);
    person.sees(Role::Heading, "Something went wrong the last time");
    person.clicks("Delete the report");
    person.reads("could not be read");
    assert!(!state.join("crash.txt").exists());
    assert_eq!(fs::read_to_string(config.join("settings.toml.aside-1")).expect("kept aside"), "version = 99");
    person.closes_the_window();
    assert_eq!(person.sees_it_end(), 0);
}
