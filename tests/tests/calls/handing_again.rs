//! A file that is interrupted: by connections that are lost, and by an app that is killed at either end.

use std::fs;
use std::path::Path;
use std::thread::sleep;
use std::time::Duration;

use serde_json::Value;
use xtask::house::{End, Options};
use xtask::process::wait_until;
use xtask::report::Report;

use crate::clinic::{AROUND, Clinic, exit_of, signal, wait_until_live};
use crate::handing::{file, number, states, with};

const BYTES: usize = 64 * 1024 * 1024;
const BLOCK: u64 = 512;
/// How long all of it may take, with what happens to it, on a machine that does much else.
const PATIENCE: Duration = Duration::from_secs(300);
const CALL_SECS: u32 = 400;
/// Longer than a busy machine's hesitation, and long enough for the other side to miss it.
const STANDSTILL: Duration = Duration::from_secs(8);

/// How many bytes of a file are there in this folder, as its receiver wrote down beside it.
fn there(folder: &Path) -> u64 {
    let entries = fs::read_dir(folder).unwrap().flatten();
    let note = entries.map(|entry| entry.path()).find(|path| path.extension().is_some_and(|end| end == "part-note"));
    // It is replaced while we look.
    let note: Value = note
        .and_then(|path| fs::read(path).ok())
        .and_then(|json| serde_json::from_slice(&json).ok())
        .unwrap_or_default();
    let runs = note["have"].as_array().into_iter().flatten();
    runs.map(|run| (run[1].as_u64().unwrap() - run[0].as_u64().unwrap()) * BLOCK).sum()
}

/// Waits until so many fifths of the file are there.
fn wait_for(fifths: u64, folder: &Path, ends: [&End; 2]) {
    let enough = wait_until(PATIENCE, || Ok(there(folder) >= BYTES as u64 / 5 * fifths)).expect("no Ctrl-C");
    let said = ends.map(|end| format!("{}{}", end.process.stdout(), end.process.stderr()));
    assert!(enough, "{} bytes came: {said:?}", there(folder));
}

fn lost(end: &End) -> usize {
    end.process.stdout().matches("reconnecting").count()
}

fn wait_until_lost(end: &End, times: usize) {
    let missed = wait_until(AROUND, || Ok(lost(end) >= times)).expect("no Ctrl-C");
    assert!(missed, "{}", end.process.stdout());
}

/// What went over the link beyond the file, of a thousand of its bytes.
fn beyond(report: &Report, field: &str) -> u64 {
    let bytes = number(report, field);
    assert!(bytes >= BYTES as u64, "{bytes} are less than the file");
    (bytes - BYTES as u64) * 1_000 / BYTES as u64
}

fn end_in_order(mut end: End) -> Report {
    end.process.terminate().unwrap();
    assert_eq!(exit_of(&mut end, Duration::ZERO), 0, "{}", end.process.stderr());
    end.report().unwrap()
}

#[test]
fn long_a_file_goes_on_through_three_lost_connections_and_a_killed_app() {
    let clinic = Clinic::open();
    let (x_ray, folder) = (clinic.folder.path().join("x-ray.dcm"), clinic.folder.path().join("to-guest"));
    fs::create_dir(&folder).unwrap();
    let bytes = file(&x_ray, BYTES);
    let [sends, accepts] = [&x_ray, &folder].map(|path| path.to_str().unwrap().to_owned());
    let mut host = clinic.host(&with(clinic.clinicians(CALL_SECS), &["--send-file", &sends]));
    let accepts = ["--accept-files", accepts.as_str()];
    let mut guest = clinic.join(&with(clinic.patients(CALL_SECS), &accepts));
    wait_until_live(&mut host);
    for time in 1..=3 {
        wait_for(time, &folder, [&host, &guest]);
        signal(&guest, "STOP");
        sleep(STANDSTILL);
        signal(&guest, "CONT");
        wait_until_lost(&host, time as usize);
    }
    wait_for(4, &folder, [&host, &guest]);
    guest.process.kill();
    wait_until_lost(&host, 4);
    let before = there(&folder);
    assert!(!folder.join("x-ray.dcm").exists(), "{before} bytes came before the app could be killed");

    // The server keeps the place of the app that was killed for ten seconds.
    let mut guest = clinic.join(&with(Options { give_up_secs: 60, ..clinic.patients(CALL_SECS) }, &accepts));
    wait_until_live(&mut guest);
    let arrived = wait_until(PATIENCE, || Ok(folder.join("x-ray.dcm").exists())).expect("no Ctrl-C");
    assert!(arrived, "{} of {BYTES} bytes came", there(&folder));
    let guest = end_in_order(guest);
    assert_eq!(exit_of(&mut host, Duration::ZERO), 0, "{}", host.process.stderr());
    let host = host.report().unwrap();

    assert!(fs::read(folder.join("x-ray.dcm")).unwrap() == bytes, "not the same bytes");
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 1, "nothing is left beside it");
    assert_eq!([states(&host), states(&guest)], [["arrived"], ["arrived"]]);
    let rest = number(&guest, "received_bytes");
    assert!(rest <= BYTES as u64 - before + BYTES as u64 / 100, "{rest} bytes came after {before} were there");
    let beyond = beyond(&host, "sent_bytes");
    assert!(
        beyond <= 10,
        "{beyond} ‰ of the file went more than once; {before} bytes before, {rest} after the app was killed"
    );
}

#[test]
fn long_a_file_whose_senders_app_was_killed_goes_on_when_it_is_offered_again() {
    let clinic = Clinic::open();
    let (letter, folder) = (clinic.folder.path().join("letter.pdf"), clinic.folder.path().join("to-host"));
    fs::create_dir(&folder).unwrap();
    let bytes = file(&letter, BYTES);
    let [sends, accepts] = [&letter, &folder].map(|path| path.to_str().unwrap().to_owned());
    let mut host = clinic.host(&with(clinic.clinicians(CALL_SECS), &["--accept-files", &accepts]));
    let sends = ["--send-file", sends.as_str()];
    let mut guest = clinic.join(&with(clinic.patients(CALL_SECS), &sends));
    wait_until_live(&mut host);
    wait_for(2, &folder, [&host, &guest]);
    guest.process.kill();
    wait_until_lost(&host, 1);
    assert!(!folder.join("letter.pdf").exists(), "it came before the app could be killed");

    let mut guest = clinic.join(&with(Options { give_up_secs: 60, ..clinic.patients(CALL_SECS) }, &sends));
    wait_until_live(&mut guest);
    let arrived = wait_until(PATIENCE, || Ok(folder.join("letter.pdf").exists())).expect("no Ctrl-C");
    assert!(arrived, "{} of {BYTES} bytes came", there(&folder));
    end_in_order(guest);
    assert_eq!(exit_of(&mut host, Duration::ZERO), 0, "{}", host.process.stderr());
    let host = host.report().unwrap();
    assert!(fs::read(folder.join("letter.pdf")).unwrap() == bytes, "not the same bytes");
    assert_eq!(states(&host), ["arrived"], "one file, by whatever number it is offered");
    let beyond = beyond(&host, "received_bytes");
    assert!(beyond <= 10, "{beyond} ‰ of the file came more than once");
}
