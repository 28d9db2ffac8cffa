//! How a call ends, or does not, when something breaks off.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use xtask::house::{End, Options};
use xtask::report::Report;

use crate::clinic::{Clinic, event_unix_ms, exit_of, wait_until_live};

const CALL: Duration = Duration::from_secs(20);

fn now_unix_ms() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs_f64() * 1e3
}

/// Pictures shown between two moments, a second.
fn shown_per_second(report: &Report, from_ms: f64, to_ms: f64) -> f64 {
    let within = |at: &&u64| (from_ms..to_ms).contains(&(**at as f64 / 1e3));
    report.shown_unix_us().iter().filter(within).count() as f64 / ((to_ms - from_ms) / 1e3)
}

#[test]
fn a_clinician_who_hangs_up_ends_the_call_for_the_patient_within_a_second() {
    let clinic = Clinic::open();
    let mut host = clinic.host(&clinic.clinicians(4));
    let mut guest = clinic.join(&clinic.patients(30));
    assert_eq!(exit_of(&mut host, CALL), 0, "{}", host.process.stderr());
    assert_eq!(exit_of(&mut guest, CALL), 0, "{}", guest.process.stderr());
    let hung_up = event_unix_ms(&host.report().unwrap(), "ended:hung_up");
    let noticed = event_unix_ms(&guest.report().unwrap(), "ended:they_hung_up") - hung_up;
    assert!(noticed < 1000.0, "noticed after {noticed} ms");
}

#[test]
fn a_server_killed_in_mid_call_takes_nothing_from_the_call() {
    let mut clinic = Clinic::open();
    let mut host = clinic.host(&clinic.clinicians(30));
    let mut guest = clinic.join(&clinic.patients(12));
    wait_until_live(&mut host);
    wait_until_live(&mut guest);
    std::thread::sleep(Duration::from_secs(2));
    clinic.house.server.process.kill();
    let killed = now_unix_ms();
    assert_eq!(exit_of(&mut guest, CALL), 0, "{}", guest.process.stderr());
    assert_eq!(exit_of(&mut host, CALL), 0, "{}", host.process.stderr());

    let (host_report, guest_report) = (host.report().unwrap(), guest.report().unwrap());
    let hung_up = event_unix_ms(&guest_report, "ended:hung_up");
    assert!(hung_up - killed > 5000.0, "the call ended {} ms after the server", hung_up - killed);
    for report in [&host_report, &guest_report] {
        let after = shown_per_second(report, killed + 500.0, hung_up - 500.0);
        assert!(after > 15.0, "{after} pictures a second after the server had died");
        let concealed: Vec<f64> = report.series("concealed_ratio").iter().map(|(_, ratio)| *ratio).collect();
        assert!(concealed.iter().filter(|ratio| **ratio > 0.5).count() <= 1, "voice was lost: {concealed:?}");
        assert!(report.events().iter().all(|(_, event)| !event.starts_with("reconnecting")), "{:?}", report.events());
    }
    // The good-bye goes from one to the other, not by the server.
    let noticed = event_unix_ms(&host_report, "ended:they_hung_up") - hung_up;
    assert!(noticed < 1000.0, "the hang-up was noticed after {noticed} ms");
}

/// Kills one end in mid-call and gives the report of the other, with the time of the kill.
fn killed(mut victim: End, mut survivor: End) -> (Report, f64) {
    wait_until_live(&mut victim);
    wait_until_live(&mut survivor);
    std::thread::sleep(Duration::from_secs(2));
    victim.process.kill();
    let at = now_unix_ms();
    // It had picture and sound, and waited for more until it gave up.
    assert_eq!(exit_of(&mut survivor, CALL), 0, "{}", survivor.process.stderr());
    (survivor.report().unwrap(), at)
}

fn says_within_5_s_that_their_app_stopped((report, killed): (Report, f64)) {
    let said = event_unix_ms(&report, "reconnecting:their_app_stopped") - killed;
    assert!(said < 5000.0, "said after {said} ms");
}

#[test]
fn a_patients_app_that_dies_is_told_to_the_clinician_as_that() {
    let clinic = Clinic::open();
    let host = clinic.host(&Options { give_up_secs: 8, ..clinic.clinicians(10) });
    let guest = clinic.join(&clinic.patients(60));
    says_within_5_s_that_their_app_stopped(killed(guest, host));
}

#[test]
fn a_clinicians_app_that_dies_is_told_to_the_patient_as_that() {
    let clinic = Clinic::open();
    let host = clinic.host(&clinic.clinicians(60));
    let guest = clinic.join(&Options { give_up_secs: 8, ..clinic.patients(10) });
    says_within_5_s_that_their_app_stopped(killed(host, guest));
}

#[test]
fn nobody_who_comes_is_an_end_of_its_own() {
    let clinic = Clinic::open();
    let mut host = clinic.host(&Options { give_up_secs: 3, ..clinic.clinicians(10) });
    assert_eq!(exit_of(&mut host, CALL), 3, "{}", host.process.stderr());
    assert!(!host.process.stderr().trim().is_empty(), "it says nothing to the person");
}
