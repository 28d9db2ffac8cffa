//! A visit from the first click to the last, with the mouse.

use std::fs;
use std::path::{Path, PathBuf};

use atspi::Role;
use testkit::fake_camera::{FakeCamera, Kind};

use crate::clinic::Clinic;
use crate::footage;
use crate::panel::Panel;
use crate::person::Person;

/// What is whistled into the clinician's microphone, in Hz, and into the second one, and into the patient's.
const CLINICIAN_WHISTLES: u32 = 700;
const CLINICIAN_WHISTLES_ELSEWHERE: u32 = 1100;
const PATIENT_WHISTLES: u32 = 500;

#[test]
fn two_people_meet_see_and_hear_each_other_and_part_by_clicks() {
    let clinic = Clinic::opens();
    let mut clinician = Person::sits_down("clinician", Some(FakeCamera::plug_in(Kind::Usual)));
    let mut patient = Person::sits_down("patient", None);
    clinician.sound.whistle("mic_feed", CLINICIAN_WHISTLES);
    clinician.plugs_in_a_microphone("Headset", CLINICIAN_WHISTLES_ELSEWHERE);
    patient.sound.whistle("mic_feed", PATIENT_WHISTLES);

    let panel = clinician.puts_up_a_panel();
    clinician.opens_housecall(&clinic.of_one());
    assert_eq!(panel.reads(), None, "a sign before anybody is at the desk");
    signs_in(&clinic, &clinician);
    says(&clinician, &panel, "Active", "Nobody waits");
    clinician.clicks("Start a visit");
    clinic.sends_the_link(&clinician, &patient);
    clinician.watches_until("the own picture moves", "Your picture", footage::shows_a_bright_quarter);

    let bars = patient.folder().join("bars.y4m");
    footage::write_bars(&bars);
    patient.opens_housecall(&["--camera", &format!("file:{}", bars.display())]);
    opens_the_link(&patient);
    sees_and_hears_itself_and_sends_nothing_to_others(&patient, &clinician, &clinic);
    patient.clicks("Join the visit");
    waits(&patient, &clinician);
    says(&clinician, &panel, "NeedsAttention", "Somebody is in the waiting room.");
    panel.presses();

    clinician.clicks("Admit");
    see_and_hear_each_other(&clinician, &patient);
    looks_nearer(&clinician);
    turn_off_and_on(&clinician, &patient);
    takes_another_microphone(&clinician, &patient);
    notes_something(&clinician);
    part(&mut clinician, &mut patient);
}

fn signs_in(clinic: &Clinic, clinician: &Person) {
    clinician.clicks("Sign in as a clinician");
    clinician.types_into("Clinic's server", clinic.address());
    clinician.types_into("Name", clinic.name());
    clinician.types_secretly_into("Password", &clinic.password());
    clinician.types_into("One-time code", &clinic.digits(clinic.name()));
    clinician.clicks_on(Role::ToggleButton, "Server without a public certificate");
    clinician.types_into("Certificate pin", clinic.pin());
    clinician.clicks("Sign in");
    clinician.sees(Role::Heading, "Your desk");
}

fn opens_the_link(patient: &Person) {
    patient.pastes_into("Your visit's link");
    patient.clicks("Open the visit");
    patient.sees(Role::Heading, "Before you go in");
}

fn sees_and_hears_itself_and_sends_nothing_to_others(patient: &Person, clinician: &Person, clinic: &Clinic) {
    patient.watches_until("the own picture is there as in a mirror", "Your picture", footage::shows_mirrored_bars);
    let level = |patient: &Person| patient.value(Role::ProgressBar, "Microphone level").unwrap_or_default();
    patient.waits_until("the bar moves", |patient| level(patient) > 30.0);
    patient.reads("Your microphone hears you.");
    // The check of the network asks the clinic's server, and nobody else is reached before anybody has joined.
    let port: u16 = clinic.address().rsplit_once(':').and_then(|(_, port)| port.parse().ok()).expect("a port");
    let server = format!("0100007F:{port:04X}");
    // The third column of the table is who is at the other end (proc(5)); one more for our first word.
    let is_elsewhere = |line: &String| line.split_whitespace().nth(3) != Some(&server);
    let elsewhere: Vec<String> = patient.connections().into_iter().filter(is_elsewhere).collect();
    assert_eq!(elsewhere, [""; 0], "connections to others before anybody has joined");
    clinician.sees(Role::Label, "Nobody waits yet");
}

/// The patient waits: the clinic knows, and nobody is seen or heard.
fn waits(patient: &Person, clinician: &Person) {
    let (before, before_patient) = (clinician.ears.now(), patient.ears.now());
    patient.sees(Role::Heading, "You are in the waiting room");
    assert_ne!(patient.connections(), [""; 0], "the clinic was told without a connection");
    clinician.sees(Role::Label, "Somebody waits");
    // The two apps have met: from now on it is by choice alone that nothing goes over.
    clinician.reads(", ready");
    let both_level = |person: &Person| person.value(Role::ProgressBar, "Microphone level").unwrap_or_default() > 30.0;
    patient.waits_until("the own microphone is on", both_level);
    clinician.waits_until("the own microphone is on", both_level);
    assert!(!clinician.ears.has_heard_since(before, PATIENT_WHISTLES), "heard before admission");
    assert!(!patient.ears.has_heard_since(before_patient, CLINICIAN_WHISTLES), "heard before admission");
}

fn see_and_hear_each_other(clinician: &Person, patient: &Person) {
    clinician.watches_until("the patient's camera is seen", "Their picture", footage::shows_bars);
    patient.watches_until("the clinician's camera is seen", "Their picture", footage::shows_a_bright_quarter);
    clinician.waits_until("the patient is heard", |clinician| clinician.ears.hears(PATIENT_WHISTLES));
    patient.waits_until("the clinician is heard", |patient| patient.ears.hears(CLINICIAN_WHISTLES));
    clinician.sees(Role::Label, "Connected");
    patient.sees(Role::Label, "Connected");
}

fn looks_nearer(clinician: &Person) {
    for _ in 0..2 {
        clinician.clicks("Look nearer");
    }
    clinician.watches_until("the middle of the patient's picture is seen", "Their picture", footage::shows_bars_nearer);
    for _ in 0..2 {
        clinician.clicks("See more");
    }
    clinician.watches_until("all of it is seen again", "Their picture", footage::shows_bars);
}

fn turn_off_and_on(clinician: &Person, patient: &Person) {
    clinician.clicks("Turn microphone off");
    patient.sees(Role::Label, "Their microphone is off.");
    patient.waits_until("the clinician is silent", |patient| patient.ears.hears_no(CLINICIAN_WHISTLES));
    clinician.clicks("Turn microphone on");
    patient.waits_until("the clinician is heard again", |patient| patient.ears.hears(CLINICIAN_WHISTLES));
    patient.waits_until("nothing is said of a microphone", |patient| {
        !patient.has(Role::Label, "Their microphone is off.")
    });

    patient.clicks("Turn camera off");
    let no_bars = |picture: &crate::picture::Picture, area| !footage::shows_bars(picture, area);
    clinician.watches_until("the patient's picture has gone", "Their picture: Their camera is off", no_bars);
    clinician.sees(Role::Label, "Their camera is off.");
    patient.sees(Role::Image, "Your picture: Your camera is off");
    patient.clicks("Turn camera on");
    clinician.watches_until("the patient's camera is seen again", "Their picture", footage::shows_bars);
}

fn takes_another_microphone(clinician: &Person, patient: &Person) {
    clinician.clicks("Devices");
    clinician.clicks_on(Role::ComboBox, "Microphone");
    clinician.clicks_on(Role::ToggleButton, "Headset");
    patient.waits_until("the other microphone is heard", |patient| patient.ears.hears(CLINICIAN_WHISTLES_ELSEWHERE));
    patient.waits_until("the first is not heard", |patient| patient.ears.hears_no(CLINICIAN_WHISTLES));
    clinician.clicks("Close devices");
}

/// The sign in the clinician's tray.
fn says(clinician: &Person, panel: &Panel, status: &str, sentence: &str) {
    let expected = Some((status.to_owned(), sentence.to_owned()));
    clinician.waits_until(&format!("the tray says {sentence:?}"), |_| panel.reads() == expected);
}

const NOTED: &str = "Sleeps badly since the move.";

/// What is noted is on the disk, and nobody can read it there.
fn notes_something(clinician: &Person) {
    clinician.clicks("Notes");
    clinician.types_into("Your notes on this visit", NOTED);
    clinician.waits_until("the note is kept", |clinician| sealed_notes(clinician.folder()).len() == 1);
    let sealed = fs::read(&sealed_notes(clinician.folder())[0]).unwrap();
    assert!(!sealed.windows(6).any(|bytes| bytes == b"Sleeps"), "a note lies open");
    clinician.clicks("Close notes");
}

/// The files of notes.
fn sealed_notes(home: &Path) -> Vec<PathBuf> {
    let entries = |folder: PathBuf| fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    entries(home.join(".local/share/housecall/known.notes")).flat_map(entries).collect()
}

/// It goes to a file of the clinician's choice, and is kept here no more.
fn exports_the_note(clinician: &Person) {
    let file = clinician.folder().join("visit.txt");
    clinician.types_anew_into("File to export to", file.to_str().unwrap());
    clinician.clicks("Export");
    clinician.reads("Nothing of it is kept here any more.");
    let exported = fs::read_to_string(&file).unwrap();
    assert!(exported.ends_with(&format!("\n\n{NOTED}\n")), "{exported}");
    assert!(sealed_notes(clinician.folder()).is_empty());
}

fn part(clinician: &mut Person, patient: &mut Person) {
    patient.clicks("Hang up");
    patient.sees(Role::Heading, "The visit is over");
    patient.reads("You ended the call.");
    patient.reads("You talked for less than a minute.");
    clinician.sees(Role::Heading, "The visit is over");
    clinician.sees(Role::Label, "The patient ended the call.");
    clinician.sees(Role::Label, "You talked for less than a minute.");
    clinician.sees(Role::Label, "The connection was good.");
    clinician.sees(Role::Label, "Voice and picture went from one computer to the other, sealed.");
    clinician.sees(Role::Label, "Who was there: Link, opened in the app.");
    clinician.photographs("summary");
    exports_the_note(clinician);
    patient.clicks("Close Housecall");
    assert_eq!(patient.sees_it_end(), 0);

    clinician.clicks("Back to your desk");
    clinician.sees(Role::Label, "Your last visit");
    clinician.closes_the_window();
    assert_eq!(clinician.sees_it_end(), 0);
}
