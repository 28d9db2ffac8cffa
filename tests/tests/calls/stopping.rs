//! A program that is told to stop hangs up in order first.
#![cfg(unix)]

use std::ffi::OsString;
use std::fs;
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use xtask::house::{End, EndFiles, House, Options, Place};
use xtask::process::{Process, wait_until};
use xtask::report::Report;

use crate::clinic::{Clinic, event_unix_ms, exit_of, here, wait_until_live};
use crate::program::{NEVER_LIVE, WHOLE, with};
use crate::shape;

const CALL: Duration = Duration::from_secs(20);

/// Asked to stop, a program may still say good-bye to the other, to the server, and write its files.
const STOPS_WITHIN: Duration = Duration::from_secs(8);

/// A place whose program leaves its number in a file.
struct Numbered {
    place: Place,
    file: PathBuf,
}

impl Numbered {
    fn new(clinic: &Clinic) -> Self {
        let file = clinic.folder.path().join("number");
        let script = "echo $$ >\"$0\" && exec \"$@\"";
        let prefix = ["sh".into(), "-c".into(), script.into(), OsString::from(&file)].to_vec();
        Self { place: Place { prefix }, file }
    }

    fn signal(&self, name: &str) {
        let number = fs::read_to_string(&self.file).expect("the program's number");
        let status = Command::new("kill").args(["-s", name, number.trim()]).status().expect("kill");
        assert!(status.success(), "no program {number}");
    }
}

/// The end stopped as one that hung up, in time, with a whole report.
#[track_caller]
fn hung_up(end: &mut End, told: Instant, exit: i32) -> Report {
    assert_eq!(exit_of(end, CALL), exit, "{}", end.process.stderr());
    assert!(told.elapsed() < STOPS_WITHIN, "stopped after {:?}", told.elapsed());
    let report = end.report().unwrap();
    shape::holds(&report);
    assert_eq!((&report.value()["end"], &report.value()["exit"]), (&"hung_up".into(), &exit.into()));
    report
}

/// The other heard of it at once.
#[track_caller]
fn they_hung_up(end: &mut End, hung_up: &Report) {
    assert_eq!(exit_of(end, CALL), WHOLE, "{}", end.process.stderr());
    let report = end.report().unwrap();
    assert_eq!(report.value()["end"], "they_hung_up");
    let noticed = event_unix_ms(&report, "ended:they_hung_up") - event_unix_ms(hung_up, "ended:hung_up");
    assert!(noticed < 1_000.0, "noticed after {noticed} ms");
}

#[test]
fn a_patients_end_that_is_terminated_hangs_up() {
    let clinic = Clinic::open();
    let mut host = clinic.host(&clinic.clinicians(60));
    let mut guest = clinic.join(&clinic.patients(60));
    wait_until_live(&mut guest);
    std::thread::sleep(Duration::from_secs(2));
    guest.process.terminate().unwrap();
    let report = hung_up(&mut guest, Instant::now(), WHOLE);
    they_hung_up(&mut host, &report);
}

#[test]
fn a_clinicians_end_that_is_interrupted_hangs_up() {
    let clinic = Clinic::open();
    let numbered = Numbered::new(&clinic);
    let options = clinic.clinicians(60);
    let mut host = clinic.house.host(&numbered.place, &options, "1s", |_| {}).expect("the clinician's end");
    let mut guest = clinic.join(&clinic.patients(60));
    wait_until_live(&mut host);
    std::thread::sleep(Duration::from_secs(2));
    numbered.signal("INT");
    let report = hung_up(&mut host, Instant::now(), WHOLE);
    they_hung_up(&mut guest, &report);
}

#[test]
fn who_is_told_to_stop_in_the_waiting_room_was_never_live() {
    let clinic = Clinic::open();
    let mut host = clinic.house.host(&here(), &clinic.clinicians(60), "60s", |_| {}).expect("the clinician's end");
    let mut guest = clinic.join(&clinic.patients(60));
    let waits = |end: &End| end.process.stdout().contains("waiting_room");
    assert!(wait_until(CALL, || Ok(waits(&guest) && waits(&host))).unwrap(), "never in the waiting room");
    for end in [&mut guest, &mut host] {
        end.process.terminate().unwrap();
        hung_up(end, Instant::now(), NEVER_LIVE);
    }
}

#[test]
fn who_is_told_to_stop_before_the_server_answered_writes_the_report_too() {
    let clinic = Clinic::open();
    // A server that listens and never answers.
    let mute = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://{}", mute.local_addr().unwrap());
    let command = clinic.house.host_command(&here(), &Options { give_up_secs: 60, ..Options::default() }, "1s");
    stops_with_a_report(&clinic.house, &mut with(&command, "--server", url));
}

#[track_caller]
fn stops_with_a_report(house: &House, command: &mut Command) {
    let mut process = Process::spawn("the clinician's end", command, |_| {}).unwrap();
    std::thread::sleep(Duration::from_secs(2));
    let told = Instant::now();
    process.terminate().unwrap();
    let status = process.wait(CALL).unwrap();
    assert_eq!(status.code(), Some(NEVER_LIVE), "{status}: {}", process.stderr());
    assert!(told.elapsed() < STOPS_WITHIN, "stopped after {:?}", told.elapsed());
    let report = Report::read(&EndFiles::new(house.folder(), "clinician").report).unwrap();
    shape::holds(&report);
    assert_eq!(report.value()["end"], "hung_up");
}
