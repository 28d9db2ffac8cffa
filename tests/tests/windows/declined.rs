//! A visit that does not come about: the clinician declines.

use atspi::Role;

use crate::clinic::Clinic;
use crate::person::Person;

const PATIENT_WHISTLES: u32 = 500;

#[test]
fn who_is_declined_is_told_so_and_was_neither_seen_nor_heard() {
    let clinic = Clinic::opens();
    let mut clinician = Person::sits_down("clinician", None);
    let mut patient = Person::sits_down("patient", None);
    patient.sound.whistle("mic_feed", PATIENT_WHISTLES);
    clinician.opens_housecall(&clinic.icon());
    clinic.lets_sign_in(&clinician);
    clinician.clicks("Start a visit");
    // Neither of the two has a camera: that is said, and the visit goes on without.
    clinician.reads("No camera was found.");
    clinic.sends_the_link(&clinician, &patient);

    patient.opens_housecall(&[]);
    patient.pastes_into("Your visit's link");
    patient.clicks("Open the visit");
    patient.reads("No camera was found.");
    let before = clinician.ears.now();
    patient.clicks("Join the visit");
    clinician.sees(Role::Label, "Somebody waits");
    clinician.clicks("Decline");

    patient.sees(Role::Heading, "Not let in");
    patient.reads("The clinic did not let you in.");
    clinician.sees(Role::Label, "Nobody waits yet");
    clinician.waits_until("a second is recorded", |clinician| clinician.ears.now() > before + 48_000);
    assert!(!clinician.ears.has_heard_since(before, PATIENT_WHISTLES), "heard though declined");

    patient.clicks("Close Housecall");
    assert_eq!(patient.sees_it_end(), 0);
    clinician.clicks("Close the visit");
    clinician.reads("You ended the visit.");
    clinician.closes_the_window();
    assert_eq!(clinician.sees_it_end(), 0);
}
