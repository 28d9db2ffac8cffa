//! The exit status tells what arrived of what was wanted and sent.

use std::fs;
use std::time::{Duration, Instant};

use xtask::house::{End, EndFiles, Options, Server};
use xtask::process::{Process, wait_until};
use xtask::report::Report;

use crate::clinic::{Clinic, exit_of, here, programs};
use crate::program::{NEVER_LIVE, SOUND_ONLY, WHOLE, with};
use crate::shape;

const CALL_SECS: u32 = 5;
const CALL: Duration = Duration::from_secs(CALL_SECS as u64);

/// The end's status is this one, and its report says so too.
#[track_caller]
fn exits(end: &mut End, exit: i32) -> Report {
    assert_eq!(exit_of(end, CALL), exit, "{}", end.process.stderr());
    let report = end.report().unwrap();
    assert_eq!(report.value()["exit"], exit);
    report
}

#[test]
fn what_the_other_does_not_have_is_not_missed() {
    let clinic = Clinic::open();
    let mut host = clinic.host(&Options { microphone: "none".into(), ..clinic.clinicians(CALL_SECS + 10) });
    let mut guest = clinic.join(&Options { camera: "none".into(), ..clinic.patients(CALL_SECS) });
    let seen = exits(&mut guest, WHOLE);
    assert!(seen.number("/totals/frames_shown").unwrap() > 0.0);
    let heard = exits(&mut host, WHOLE);
    assert_eq!(heard.number("/totals/frames_shown"), Some(0.0));
    assert!(heard.value()["timeline_ms"]["first_video"].is_null());
}

#[test]
fn what_one_has_nothing_to_see_or_hear_with_is_not_missed() {
    let clinic = Clinic::open();
    let mut host = clinic.host(&clinic.clinicians(CALL_SECS + 10));
    let mut join = clinic.house.join_command(&here(), &clinic.patients(CALL_SECS));
    for flag in ["--speaker", "--screen"] {
        join = with(&join, flag, "none");
    }
    let mut guest = Process::spawn("the patient's end", &mut join, |_| {}).unwrap();
    let status = guest.wait(CALL + Duration::from_secs(30)).unwrap();
    assert_eq!(status.code(), Some(WHOLE), "{}", guest.stderr());
    let report = Report::read(&EndFiles::new(clinic.house.folder(), "patient").report).unwrap();
    shape::holds(&report);
    exits(&mut host, WHOLE);
}

#[test]
fn a_camera_whose_picture_does_not_arrive_is_missed() {
    let clinic = Clinic::open();
    let mut host = clinic.host(&clinic.clinicians(CALL_SECS + 10));
    // Voice alone fits into this.
    let more = ["--max-kbps", "30"].map(Into::into).to_vec();
    let mut guest = clinic.join(&Options { more, ..clinic.patients(CALL_SECS) });
    let sent = exits(&mut guest, WHOLE);
    assert_eq!(sent.number("/totals/frames_sent"), Some(0.0), "more than the voice fitted");
    let report = exits(&mut host, SOUND_ONLY);
    assert!(report.number("/timeline_ms/first_audio").is_some());
}

#[test]
fn a_clinicians_end_tries_to_reach_its_server_until_it_gives_up() {
    const GIVE_UP: Duration = Duration::from_secs(4);
    let mut clinic = Clinic::open();
    clinic.house.server.process.kill();
    let options = Options { give_up_secs: GIVE_UP.as_secs() as u32, ..clinic.clinicians(CALL_SECS) };
    let begun = Instant::now();
    let mut host =
        Process::spawn("the clinician's end", &mut clinic.house.host_command(&here(), &options, "1s"), |_| {}).unwrap();
    let status = host.wait(CALL + Duration::from_secs(30)).unwrap();
    assert_eq!(status.code(), Some(NEVER_LIVE), "{}", host.stderr());
    assert!(begun.elapsed() >= GIVE_UP, "it gave up after {:?}", begun.elapsed());
    assert!(begun.elapsed() < GIVE_UP + Duration::from_secs(6), "it gave up after {:?}", begun.elapsed());
    let report = Report::read(&EndFiles::new(clinic.house.folder(), "clinician").report).unwrap();
    shape::holds(&report);
    assert_eq!(report.value()["end"], "server_unreachable");
    assert!(!clinic.house.link_file().exists(), "a link to nothing");
}

#[test]
fn a_server_that_comes_late_finds_the_clinician_waiting() {
    let mut clinic = Clinic::open();
    clinic.house.server.process.kill();
    let options = Options { give_up_secs: 20, ..clinic.clinicians(CALL_SECS) };
    let mut host =
        Process::spawn("the clinician's end", &mut clinic.house.host_command(&here(), &options, "1s"), |_| {}).unwrap();
    std::thread::sleep(Duration::from_secs(2));
    assert!(host.is_running(), "{}", host.stderr());
    let address = clinic.house.server.url.trim_start_matches("https://").to_owned();
    let server = Server::start(programs(), &here(), &clinic.house.folder().join("server"), &address).unwrap();
    assert_eq!(server.pin, clinic.house.server.pin, "a server keeps its certificate");
    let link = clinic.house.link_file();
    let written = wait_until(Duration::from_secs(15), || Ok(fs::read_to_string(&link).is_ok())).unwrap();
    assert!(written, "no link: {}", host.stderr());
}
