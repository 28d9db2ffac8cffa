//! Where the report is to go is looked at before the call, so that a mistyped folder costs nothing.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use xtask::house::Options;

use crate::clinic::{Clinic, exit_of, here};
use crate::program::{BAD_INPUT, NEVER_LIVE, WHOLE, fails, with};

/// The names of all that lies in a folder.
fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<String> = entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into()).collect();
    names.sort();
    names
}

/// The command fails at once, says where the report cannot go, and leaves nothing behind.
#[track_caller]
fn fails_before_anything(clinic: &Clinic, command: &Command) {
    let missing = clinic.folder.path().join("no-such-folder").join("report.json");
    let file = clinic.folder.path().join("a-file");
    fs::write(&file, "no folder").unwrap();
    let below = file.join("report.json");
    let before = names(clinic.house.folder());
    for path in [missing.as_path(), below.as_path(), clinic.folder.path()] {
        let begun = Instant::now();
        fails(&mut with(command, "--report", path), BAD_INPUT, &["report", &path.display().to_string()]);
        assert!(begun.elapsed() < Duration::from_secs(10), "told after {:?}", begun.elapsed());
        assert_eq!(names(clinic.house.folder()), before, "something was begun");
    }
    assert_eq!(fs::read_to_string(&file).unwrap(), "no folder");
}

#[test]
fn a_report_that_cannot_be_written_is_told_before_the_clinician_makes_a_link() {
    let clinic = Clinic::open();
    fails_before_anything(&clinic, &clinic.house.host_command(&here(), &clinic.clinicians(5), "1s"));
    assert!(!clinic.house.link_file().exists());
}

#[test]
fn a_report_that_cannot_be_written_is_told_before_the_patient_knocks() {
    let clinic = Clinic::open();
    let mut host = clinic.host(&Options { give_up_secs: 6, ..clinic.clinicians(5) });
    fails_before_anything(&clinic, &clinic.house.join_command(&here(), &clinic.patients(5)));
    assert_eq!(exit_of(&mut host, Duration::from_secs(10)), NEVER_LIVE, "somebody knocked");
}

#[test]
fn an_older_report_is_replaced_and_nothing_lies_beside_it() {
    let clinic = Clinic::open();
    let mut host = clinic.host(&clinic.clinicians(15));
    fs::write(clinic.house.folder().join("patient-report.json"), "older ".repeat(100_000)).unwrap();
    let mut guest = clinic.join(&clinic.patients(3));
    for end in [&mut guest, &mut host] {
        assert_eq!(exit_of(end, Duration::from_secs(15)), WHOLE, "{}", end.process.stderr());
        end.report().unwrap();
    }
    let left: Vec<String> = names(clinic.house.folder()).into_iter().filter(|name| name.contains("part")).collect();
    assert!(left.is_empty(), "{left:?}");
}
