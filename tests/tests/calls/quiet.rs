//! Somebody who neither speaks nor shows anything is still there.

use std::time::Duration;

use xtask::house::{End, Options};

use crate::clinic::{Clinic, exit_of};
use crate::program::WHOLE;
use crate::shape;

const CALL_SECS: u32 = 12;
const CALL: Duration = Duration::from_secs(CALL_SECS as u64);

fn quiet(seconds: u32) -> Options {
    Options { camera: "none".into(), microphone: "none".into(), duration_secs: seconds, ..Options::default() }
}

/// The end was live all the time from when it first was, and is over with the status of a whole call.
#[track_caller]
fn stays(end: &mut End) {
    let exit = exit_of(end, CALL);
    let report = end.report().unwrap();
    shape::holds(&report);
    let events = report.events();
    assert!(events.iter().all(|(_, event)| !event.starts_with("reconnecting")), "{events:?}");
    assert_eq!(events.iter().filter(|(_, event)| event == "live").count(), 1, "{events:?}");
    assert_eq!(exit, WHOLE, "{}", end.process.stderr());
}

#[test]
fn a_patient_without_camera_and_microphone_is_not_taken_for_lost() {
    let clinic = Clinic::open();
    let mut host = clinic.host(&clinic.clinicians(CALL_SECS + 15));
    let mut guest = clinic.join(&quiet(CALL_SECS));
    stays(&mut guest);
    stays(&mut host);
    let report = guest.report().unwrap();
    assert!(report.value()["microphone_started_unix_us"].is_null());
    assert_eq!(shape::list(report.value(), "captured_unix_us").len(), 0);
    assert!(report.shown_per_second().unwrap() > 15.0, "who only listens sees the other");
}

#[test]
fn two_who_are_quiet_stay_connected() {
    let clinic = Clinic::open();
    let mut host = clinic.host(&quiet(CALL_SECS + 15));
    let mut guest = clinic.join(&quiet(CALL_SECS - 2));
    stays(&mut guest);
    stays(&mut host);
}
