//! A clinic from its first day: the admin makes its key and prints the sheet, a clinician's device is let in by digits, and a
//! patient meets that device.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use atspi::Role;

use crate::clinic::{Clinic, meet};
use crate::person::Person;

#[test]
fn a_clinic_is_set_up_a_device_let_in_and_a_patient_met_by_clicks() {
    let clinic = Clinic::opens();
    clinic.hires_an_admin("ada");
    let mut admin = Person::sits_down("admin", None);
    let mut clinician = Person::sits_down("clinician", None);
    for person in [&mut admin, &mut clinician] {
        person.unlocks_the_keyring();
    }
    admin.opens_housecall(&clinic.of("ada"));
    clinic.lets_sign_in_as("ada", &admin);
    sets_the_clinic_up(&admin);

    clinician.opens_housecall(&clinic.of(clinic.name()));
    clinic.lets_sign_in(&clinician);
    is_let_in(&admin, &clinician);
    admin.reads("Dr. Lee (lee), clinician");

    // The next start needs nobody: the keyring has the keys, and the admin has gone home.
    for person in [&mut admin, &mut clinician] {
        person.closes_the_window();
        assert_eq!(person.sees_it_end(), 0);
    }
    clinician.opens_housecall(&clinic.of(clinic.name()));
    // The keyring also has what the session goes on by: beside it, the password is the second factor.
    clinician.types_secretly_into("Password", &clinic.password());
    clinician.clicks("Sign in");
    clinician.clicks("Start a visit");

    let mut patient = Person::sits_down("patient", None);
    clinic.sends_the_link(&clinician, &patient);
    patient.opens_housecall(&[]);
    meet(&clinician, &patient);
    patient.clicks("Dr. Lee, certified by the clinic · Link, opened in the app");
    // Nobody has opened a keyring for this one.
    patient.reads("This machine has no keyring that takes keys");
    patient.photographs("no-keyring");
    clinician.clicks("Hang up");
    patient.reads("The clinic ended the call.");
    for person in [&mut clinician, &mut patient] {
        person.closes_the_window();
        assert_eq!(person.sees_it_end(), 0);
    }
}

#[track_caller]
fn sets_the_clinic_up(admin: &Person) {
    admin.sees(Role::Heading, "Set up your clinic");
    admin.photographs("set-up");
    admin.clicks("Set up your clinic");
    admin.sees(Role::Heading, "Your recovery sheet");
    admin.clicks("Open the sheet to print it");
    admin.reads("It was written to ");
    admin.photographs("sheet");
    let page = admin.folder().join("housecall-recovery-sheet.html");
    assert_eq!(fs::metadata(&page).expect("the page").permissions().mode() & 0o777, 0o600);
    let groups = groups_of(&fs::read_to_string(&page).expect("the page"));
    let shown = groups.iter().enumerate().map(|(at, group)| {
        let letters: String = group.chars().map(|letter| format!(" {letter}")).collect();
        format!("Group {}:{letters}", at + 1)
    });
    let labels = admin.all(Role::Label);
    shown.for_each(|group| assert!(labels.contains(&group), "{group:?} is not among {labels:?}"));

    // From the paper, with a slip first.
    let asked: Vec<usize> =
        admin.all(Role::Entry).iter().filter_map(|name| name.strip_prefix("Group ")?.parse().ok()).collect();
    let [first, second] = asked[..] else { panic!("asked for {asked:?}") };
    let group = |number: usize| groups[number - 1].as_str();
    admin.types_into(&format!("Group {first}"), group(second));
    admin.types_into(&format!("Group {second}"), &group(second).to_lowercase());
    admin.clicks("The sheet is safe; set up the clinic");
    admin.reads(&format!("Group {first} is not as it stands on the sheet."));
    admin.waits_until("the mistake is to be seen where it was made", |admin| admin.has_in_view("is not as it stands"));
    admin.photographs("slip");
    admin.types_into(&format!("Group {first}"), group(first));
    admin.types_into(&format!("Group {second}"), &group(second).to_lowercase());
    admin.clicks("The sheet is safe; set up the clinic");
    admin.sees(Role::Heading, "Your clinic's devices");
    admin.reads("This laptop, which holds the clinic's keys.");
    admin.waits_until("the page is deleted", |_| !page.exists());
    assert!(!admin.all(Role::Label).iter().any(|text| text.contains("no keyring")), "the keys are kept");
}

/// The eight groups as they stand on the page.
fn groups_of(page: &str) -> Vec<String> {
    let groups: Vec<String> =
        page.split("<b>").skip(1).map(|rest| rest.split("</b>").next().unwrap_or_default().to_owned()).collect();
    assert!(groups.len() == 8 && groups.iter().all(|group| group.len() == 5), "{groups:?}");
    groups
}

#[track_caller]
fn is_let_in(admin: &Person, clinician: &Person) {
    clinician.sees(Role::Heading, "This device is new");
    clinician.photographs("new-device");
    admin.clicks("Let in lee");
    admin.types_anew_into("Name, as patients see it", "Dr. Lee");
    admin.photographs("let-in");
    admin.clicks("Compare digits");
    for person in [admin, clinician] {
        person.sees(Role::Button, "The same");
    }
    let digits = [admin, clinician].map(digits);
    assert_eq!(digits[0], digits[1]);
    admin.photographs("digits");
    clinician.photographs("digits");
    clinician.clicks("The same");
    clinician.sees(Role::Heading, "Almost there");
    admin.clicks("The same");
    clinician.sees(Role::Heading, "Your desk");
    admin.photographs("devices");
}

/// The ten digits, as they are said to who hears them.
#[track_caller]
fn digits(person: &Person) -> String {
    let labels = person.all(Role::Label);
    let is_digits = |text: &&String| {
        let digits = text.chars().filter(char::is_ascii_digit).count();
        digits == 10 && text.chars().all(|sign| sign.is_ascii_digit() || sign == ' ' || sign == ',')
    };
    labels.iter().find(is_digits).unwrap_or_else(|| panic!("no digits among {labels:?}")).clone()
}
