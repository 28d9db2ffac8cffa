//! Two people read digits to each other: found to be the same, one by mouse and one by keys; the next time the device is
//! known, and digits that are not the same stop the visit at both ends.

use atspi::Role;

use crate::clinic::{Clinic, meet};
use crate::hands::Key;
use crate::person::Person;

#[test]
fn digits_are_compared_the_device_is_known_again_and_what_differs_stops_the_visit() {
    let clinic = Clinic::opens();
    let mut clinician = Person::sits_down("clinician", None);
    let mut patient = Person::sits_down("patient", None);
    clinician.opens_housecall(&clinic.icon());
    clinic.lets_sign_in(&clinician);
    clinician.clicks("Start a visit");
    clinic.sends_the_link(&clinician, &patient);
    patient.opens_housecall(&[]);
    meet(&clinician, &patient);
    patient.sees(Role::Button, &format!("{}, certified by the clinic · Link, opened in the app", clinic.name()));
    clinician.sees(Role::Button, "Your patient · Link, opened in the app");

    clinician.clicks("Compare digits");
    read_the_same(&clinician, &patient);
    // The patient has no mouse at hand.
    patient.tabs_to(Role::Button, "The same");
    patient.hands.press(&[Key::SPACE]);
    patient.reads("· Digits compared");
    assert!(clinician.has(Role::Button, "The same"), "by one's own person alone");
    clinician.clicks("The same");
    clinician.sees(Role::Button, "Your patient · Digits compared");
    patient.clicks("Hang up");
    patient.sees(Role::Heading, "The visit is over");
    clinician.sees(Role::Label, "The patient ended the call.");

    clinician.clicks("Start another visit");
    clinic.sends_the_link(&clinician, &patient);
    patient.clicks("Open another visit");
    meet(&clinician, &patient);
    patient.reads("· Known device");
    patient.hands.press(&[Key::CONTROL, Key::of('k')]);
    read_the_same(&clinician, &patient);
    clinician.clicks("Not the same");
    for person in [&clinician, &patient] {
        person.sees(Role::Heading, "The visit was stopped");
        person.reads("The digits were not the same");
        person.reads("a number that you know");
    }
    clinician.clicks("Back to your desk");
    clinician.sees(Role::Heading, "Your desk");
    for person in [&mut clinician, &mut patient] {
        person.closes_the_window();
        assert_eq!(person.sees_it_end(), 0);
    }
}

#[track_caller]
fn read_the_same(clinician: &Person, patient: &Person) {
    let [clinicians, patients] = [clinician, patient].map(|person| person.what_reads("Digits "));
    assert_eq!(clinicians, patients);
    assert_eq!(clinicians.chars().filter(char::is_ascii_digit).count(), 10, "{clinicians}");
}
