//! What a device goes through in the middle of a call. Another network needs network namespaces: `cargo xtask bench roam`.

use std::thread::sleep;
use std::time::Duration;

use xtask::house::Options;
use xtask::process::wait_until;
use xtask::report::Report;

use crate::clinic::{AROUND, Clinic, exit_of, signal, wait_until_live};

const CALL: Duration = Duration::from_secs(30);

/// What happened, from the first event of this name on.
fn since(report: &Report, name: &str) -> Vec<String> {
    let events: Vec<_> = report.events().into_iter().map(|(_, event)| event).collect();
    let from = events.iter().position(|event| event == name).unwrap_or_else(|| panic!("no {name} in {events:?}"));
    events[from..].to_vec()
}

#[test]
fn a_machine_that_slept_goes_on_with_its_call() {
    let clinic = Clinic::open();
    let mut host = clinic.host(&clinic.clinicians(60));
    let mut guest = clinic.join(&clinic.patients(20));
    wait_until_live(&mut host);
    wait_until_live(&mut guest);
    signal(&guest, "STOP");
    // Longer than a busy machine's hesitation, and long enough for the other side to miss it.
    sleep(Duration::from_secs(8));
    signal(&guest, "CONT");
    assert_eq!(exit_of(&mut guest, CALL), 0, "{}", guest.process.stderr());
    assert_eq!(exit_of(&mut host, CALL), 0, "{}", host.process.stderr());
    let (host, guest) = (host.report().unwrap(), guest.report().unwrap());
    assert!(since(&guest, "woke").iter().any(|event| event == "live"), "{:?}", guest.events());
    let lost = host.events().into_iter().find(|(_, event)| event.starts_with("reconnecting")).expect("it was missed");
    assert!(since(&host, &lost.1).iter().any(|event| event == "live"), "{:?}", host.events());
}

#[test]
fn a_patient_whose_app_was_killed_comes_back_by_the_same_link() {
    let clinic = Clinic::open();
    let mut host = clinic.host(&clinic.clinicians(120));
    let mut guest = clinic.join(&clinic.patients(120));
    wait_until_live(&mut host);
    wait_until_live(&mut guest);
    guest.process.kill();
    let missed = || host.process.stdout().contains("reconnecting");
    assert!(wait_until(AROUND, || Ok(missed())).expect("no Ctrl-C"), "{}", host.process.stdout());
    // The server keeps the place of the app that was killed for ten seconds.
    let mut again = clinic.join(&Options { give_up_secs: 60, ..clinic.patients(5) });
    assert_eq!(exit_of(&mut again, CALL), 0, "{}", again.process.stderr());
    assert_eq!(exit_of(&mut host, CALL), 0, "{}", host.process.stderr());
    assert!(since(&host.report().unwrap(), "reconnecting:their_app_stopped").iter().any(|event| event == "live"));
}
