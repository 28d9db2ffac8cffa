//! The front desk's window: plans, moves, sees who waits, and enters nothing.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::SystemTime;

use atspi::Role;
use desk::day::Calendar;
use xtask::process::Process;
use xtask::programs::Programs;

use crate::clinic::Clinic;
use crate::hands::Key;
use crate::person::{PATIENCE, Person};

const ZONE: &str = "Europe/Berlin";

#[test]
fn the_front_desk_plans_and_moves_a_visit_sees_who_waits_and_cannot_enter() {
    let clinic = Clinic::opens();
    clinic.hires("fay", "front-desk");
    let mut fay = Person::sits_down("front-desk", None);
    let words = [&clinic.of("fay")[..], &clinic.of_one(), &["--time-zone", ZONE]].concat();
    fay.opens_housecall(&words);
    clinic.lets_sign_in_as("fay", &fay);
    fay.reads("Today. Nobody waits yet.");
    fay.reads("No visits on this day.");

    // For tomorrow: nobody can come by the link yet.
    fay.types_into("Patient's name", "Theodora");
    fay.types_into("Date and time at the clinic", &tomorrow());
    fay.clicks("Plan it and make its link");
    let link = fay.folder().join("link");
    keeps_the_link(&fay, &link);
    fay.photographs("planned");
    fay.clicks("Put the link away");
    let mut early = joins(&link);
    assert_eq!(early.wait(PATIENCE).expect("an end").code(), Some(4), "{}", early.stderr());
    assert!(early.stderr().contains("does not open yet"), "{}", early.stderr());

    // It stands on tomorrow's list, and is moved to now: the patient has the same link, and comes.
    fay.reads("No visits on this day.");
    fay.clicks("The day after");
    fay.reads("14:30  Theodora");
    fay.clicks("More");
    fay.types_into("Move it to", &now());
    fay.clicks("Move it; the link stays");
    fay.reads("No visits on this day.");
    fay.clicks("Today");
    fay.reads("Nobody has come yet.");
    let waiting = joins(&link);
    fay.reads("Waits for");
    fay.photographs("somebody-waits");
    for entering in ["Open this visit", "Take it over to this device", "Start a visit", "Admit"] {
        assert!(!fay.has(Role::Button, entering), "{entering}");
    }

    // Moved again, without a mouse. Who waits goes on waiting, and so it still stands here.
    fay.tabs_to(Role::Entry, "Move it to");
    fay.types_anew_into("Move it to", &tomorrow());
    fay.tabs_to(Role::Button, "Move it; the link stays");
    fay.hands.press(&[Key::SPACE]);
    fay.reads("14:30  Theodora");
    fay.reads("Waits for");
    drop(waiting);
    fay.closes_the_window();
    assert_eq!(fay.sees_it_end(), 0);
}

/// The link that was made is carried to the patient.
#[track_caller]
fn keeps_the_link(fay: &Person, file: &Path) {
    fay.reads("The link for your patient.");
    fay.clicks("Copy the link");
    fay.waits_until("the link is on the clipboard", |fay| fay.hands.clipboard().is_some());
    fs::write(file, fay.hands.clipboard().expect("a link")).expect("a file");
}

/// A patient without a window, who is patient.
fn joins(link: &Path) -> Process {
    let mut join = Command::new(&Programs::for_tests().expect("the programs").app);
    join.args(["headless", "join", "--camera", "none", "--give-up", "2m", "--link-file"]).arg(link);
    Process::spawn("the patient", &mut join, |_| {}).expect("a patient")
}

/// Half past two tomorrow, when no clocks change.
fn tomorrow() -> String {
    let calendar = Calendar::new(ZONE).expect("a zone");
    format!("{} 14:30", calendar.date(calendar.day_after(unix_now())))
}

fn now() -> String {
    Calendar::new(ZONE).expect("a zone").shown(unix_now())
}

fn unix_now() -> u64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("after 1970").as_secs()
}
