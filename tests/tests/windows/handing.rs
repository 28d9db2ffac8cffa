//! What two people hand each other, by clicks: they write, a file goes over, the clinician saves what was written, and the patient's
//! camera takes a photograph.

use std::fs;

use atspi::Role;

use crate::clinic::{Clinic, meet};
use crate::footage;
use crate::person::Person;

/// A third of a megabyte that is not the same anywhere.
fn letter() -> Vec<u8> {
    (0..300_000_u32).map(|at| (at.wrapping_mul(2_654_435_761) >> 13) as u8).collect()
}

#[test]
fn two_people_write_and_hand_over_a_file_and_a_photograph() {
    let clinic = Clinic::opens();
    let mut clinician = Person::sits_down("clinician", None);
    let mut patient = Person::sits_down("patient", None);
    clinician.opens_housecall(&clinic.icon());
    clinic.lets_sign_in(&clinician);
    clinician.clicks("Start a visit");
    clinic.sends_the_link(&clinician, &patient);
    let bars = patient.folder().join("bars.y4m");
    footage::write_bars(&bars);
    patient.opens_housecall(&["--camera", &format!("file:{}", bars.display())]);
    meet(&clinician, &patient);

    they_write(&clinician, &patient);
    a_file_goes_over(&clinician, &patient);
    what_was_written_is_saved(&clinician, &patient);
    a_photograph_is_taken(&clinician, &patient);

    patient.clicks("Hang up");
    patient.clicks("Close Housecall");
    assert_eq!(patient.sees_it_end(), 0);
    clinician.clicks("Back to your desk");
    clinician.closes_the_window();
    assert_eq!(clinician.sees_it_end(), 0);
}

fn they_write(clinician: &Person, patient: &Person) {
    patient.clicks("Messages and files");
    patient.types_into("Message", "I have a letter");
    patient.clicks("Send the message");
    patient.sees(Role::Label, "You: I have a letter");
    patient.sees(Role::Label, "Delivered");
    clinician.reads("There is a new message.");
    clinician.clicks("Messages and files: 1 new");
    clinician.sees(Role::Label, "Your patient: I have a letter");
    clinician.types_into("Message", "Send it here");
    clinician.clicks("Send the message");
    patient.sees(Role::Label, "Your clinician: Send it here");
    clinician.photographs("messages");
}

fn a_file_goes_over(clinician: &Person, patient: &Person) {
    let ours = patient.folder().join("letter.bin");
    fs::write(&ours, letter()).unwrap();
    patient.clicks("Files and photos");
    patient.types_into("File to send", ours.to_str().unwrap());
    patient.clicks("Send the file");
    patient.reads("Waits until the other side accepts it.");
    let theirs = clinician.folder().join("letter.bin");
    clinician.reads("A file is offered to you.");
    assert!(!theirs.exists(), "nothing is written before it is accepted");
    clinician.clicks("Show");
    clinician.reads("File: letter.bin, 300 kB");
    clinician.clicks("Accept letter.bin");
    // Nothing is in this home but what the test put there: no folder for downloads either.
    clinician.sees(Role::Label, &format!("Arrived whole. It is in {}", theirs.display()));
    patient.sees(Role::Label, "Arrived whole.");
    assert_eq!(fs::read(&theirs).unwrap(), letter());
    clinician.photographs("file");
}

fn what_was_written_is_saved(clinician: &Person, patient: &Person) {
    clinician.clicks("Messages");
    clinician.clicks_on(Role::ToggleButton, "Save what was written");
    let file = clinician.folder().join("messages.txt");
    clinician.clicks("Save the messages");
    clinician.reads("You have saved what was written.");
    assert_eq!(fs::read_to_string(&file).unwrap(), "Patient: I have a letter\nClinician: Send it here\n");
    patient.clicks("Messages");
    patient.reads("Your clinician has saved what was written.");
}

fn a_photograph_is_taken(clinician: &Person, patient: &Person) {
    clinician.clicks("Files and photos");
    clinician.clicks("Ask for a photograph");
    patient.reads("Your clinician asks for a photograph");
    patient.clicks("Answer");
    patient.clicks("Take the photograph");
    clinician.clicks("Look at photograph 1");
    clinician.sees(Role::Label, "Zoom: 100 %");
    clinician.photographs("photograph");
    let file = clinician.folder().join("photograph.jpg");
    assert!(!file.exists(), "it is kept by a click alone");
    clinician.clicks("Save photograph 1");
    clinician.sees(Role::Label, &format!("Saved in {}", file.display()));
    assert!(fs::read(&file).unwrap().starts_with(&[0xff, 0xd8]), "a JPEG");
    clinician.clicks("Close the photograph");
}
