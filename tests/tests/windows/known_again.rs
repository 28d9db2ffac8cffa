//! A patient's device is known again because its keyring keeps the secret; one that is locked asks nobody, and is told.

use atspi::Role;

use crate::clinic::{Clinic, meet};
use crate::person::Person;

const LINE: &str = "lee, certified by the clinic · Link, opened in the app";

#[test]
fn a_patients_device_is_known_after_a_restart_and_a_locked_keyring_stops_nobody() {
    let clinic = Clinic::opens();
    let mut clinician = Person::sits_down("clinician", None);
    let mut patient = Person::sits_down("patient", None);
    patient.unlocks_the_keyring();
    clinician.opens_housecall(&clinic.icon());
    clinic.lets_sign_in(&clinician);

    visits(&clinic, &clinician, &mut patient);
    clinician.reads("You have not met this device before.");
    patient.clicks(LINE);
    patient.reads("You have not met this device before.");
    assert!(patient.all(Role::Label).iter().all(|text| !text.contains("keyring")), "it is kept");
    part(&clinician, &mut patient);

    visits(&clinic, &clinician, &mut patient);
    clinician.reads("You have met this device before");
    part(&clinician, &mut patient);

    patient.locks_the_keyring();
    visits(&clinic, &clinician, &mut patient);
    clinician.reads("Your patient uses another device than before.");
    patient.clicks(LINE);
    patient.reads("This machine's keyring is locked");
    patient.photographs("keyring-is-locked");
    clinician.photographs("another-device");
    assert!(!patient.was_asked_for_a_password());
    part(&clinician, &mut patient);
    clinician.closes_the_window();
    assert_eq!(clinician.sees_it_end(), 0);
}

/// A visit of a patient who has a name at the desk, and who starts the program for it. The clinician looks at how sure it is.
#[track_caller]
fn visits(clinic: &Clinic, clinician: &Person, patient: &mut Person) {
    clinician.sees(Role::Heading, "Your desk");
    clinician.types_into("Patient", "Ada");
    clinician.clicks("Start a visit");
    clinic.sends_the_link(clinician, patient);
    patient.opens_housecall(&[]);
    meet(clinician, patient);
    clinician.clicks("Ada · Link, opened in the app");
}

#[track_caller]
fn part(clinician: &Person, patient: &mut Person) {
    patient.clicks("Hang up");
    patient.clicks("Close Housecall");
    assert_eq!(patient.sees_it_end(), 0);
    clinician.clicks("Back to your desk");
}
