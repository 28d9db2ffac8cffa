//! Who is there: the digits that both show, what they are good for, and a device that is known again.

use std::ffi::OsString;
use std::fs;
use std::path::Path;
use std::time::Duration;

use xtask::house::{End, Options};
use xtask::process::wait_until;
use xtask::report::Report;
use xtask::voices::{ENDS, Voices};

use crate::bad_input::any_link;
use crate::clinic::{AROUND, Clinic, exit_of, here, wait_until_live};
use crate::program::{BAD_INPUT, REFUSED, WHOLE, fails};
use crate::shape;

const CALL: Duration = Duration::from_secs(25);

/// What one end is given: no picture costs less.
fn options(clinic: &Clinic, name: &str, more: &[&str]) -> Options {
    let file = |what: &str| clinic.folder.path().join(format!("{name}-{what}")).into_os_string();
    let mut words: Vec<OsString> = more.iter().map(OsString::from).collect();
    words.extend(["--known-file".into(), file("known"), "--device-key-file".into(), file("key")]);
    words.extend(Voices::in_folder(clinic.folder.path()).words(name));
    Options { camera: "none".into(), duration_secs: 20, more: words, ..Options::default() }
}

/// Begins a visit in which digits are shown at both ends.
fn begin(clinic: &Clinic) -> (Voices, [End; 2]) {
    let voices = Voices::in_folder(clinic.folder.path());
    // Nothing of a visit before, or it would be taken for what this one brings.
    let _ = fs::remove_file(clinic.house.link_file());
    for file in ENDS.iter().flat_map(|end| [format!("{end}-digits"), format!("{end}-hears")]) {
        let _ = fs::remove_file(clinic.folder.path().join(file));
    }
    let host = clinic.host(&options(clinic, "clinician", &["--compare-after", "1s"]));
    let guest = clinic.join(&options(clinic, "patient", &[]));
    let mut ends = [host, guest];
    ends.iter_mut().for_each(wait_until_live);
    let shown = wait_until(AROUND, || Ok(ENDS.iter().all(|end| voices.digits_of(end).is_some())));
    assert!(shown.expect("no Ctrl-C"), "no digits: {}{}", ends[0].process.stdout(), ends[1].process.stdout());
    (voices, ends)
}

#[track_caller]
fn says(end: &End, event: &str) {
    let said = wait_until(AROUND, || Ok(end.process.stdout().contains(event)));
    assert!(said.expect("no Ctrl-C"), "no {event}: {}{}", end.process.stdout(), end.process.stderr());
}

fn word<'a>(report: &'a Report, field: &str) -> Option<&'a str> {
    report.value()[field].as_str()
}

/// Both hang up or have heard of it; what their reports say.
fn reports(ends: &mut [End; 2], exit: i32) -> [Report; 2] {
    ends.each_mut().map(|end| {
        assert_eq!(exit_of(end, CALL), exit, "{}", end.process.stderr());
        let report = end.report().unwrap();
        shape::holds(&report);
        report
    })
}

#[test]
fn both_show_the_same_digits_count_them_only_when_told_and_know_the_device_the_next_time() {
    let clinic = Clinic::open();
    let (voices, mut ends) = begin(&clinic);
    let [digits, others] = ENDS.map(|end| voices.digits_of(end).unwrap());
    assert_eq!(digits, others);
    assert!(digits.len() == 11 && digits.chars().filter(char::is_ascii_digit).count() == 10, "{digits}");
    // The patient has heard the clinician; nobody has told the clinician anything.
    voices.say_to("patient", &digits).unwrap();
    says(&ends[1], "level:digits_compared");
    ends[1].process.terminate().unwrap();
    let [host, guest] = reports(&mut ends, WHOLE);
    let assurance =
        |report| ["level", "device", "check"].map(|field| word(report, field).unwrap_or_default().to_owned());
    assert_eq!(assurance(&guest), ["digits_compared", "new", "same"]);
    assert_eq!(assurance(&host), ["link_app", "new", "shown"], "by one's own person alone");
    assert_eq!([&host, &guest].map(|report| report.value()["name_certified"] == true), [false, true]);
    assert_eq!([&host, &guest].map(|report| word(report, "refusal")), [None, None]);

    let (_, mut ends) = begin(&clinic);
    ends[0].process.terminate().unwrap();
    let [host, guest] = reports(&mut ends, WHOLE);
    assert_eq!(assurance(&guest), ["known_device", "compared", "shown"], "the clinician's, from the visit before");
    assert_eq!(assurance(&host), ["link_app", "new", "shown"], "the patient has no name at this clinic");
}

#[test]
fn digits_that_differ_end_the_visit_at_both_ends() {
    let clinic = Clinic::open();
    let (voices, mut ends) = begin(&clinic);
    let digits = voices.digits_of("clinician").unwrap();
    let other =
        if digits.ends_with('0') { digits.replacen('0', "1", 1) } else { digits.replace(' ', "0")[1..].to_owned() };
    assert_ne!(other.replace(' ', ""), digits.replace(' ', ""));
    voices.say_to("clinician", &other).unwrap();
    let reports = reports(&mut ends, REFUSED);
    for (report, end) in reports.iter().zip(&ends) {
        assert_eq!((word(report, "end"), word(report, "refusal")), (Some("refused"), Some("digits_differ")));
        assert!(end.process.stderr().contains("digits were not the same"), "{}", end.process.stderr());
    }
}

#[test]
fn what_is_not_a_key_or_not_what_was_remembered_is_refused_and_left_as_it_is() {
    let clinic = Clinic::open();
    fs::write(clinic.house.link_file(), any_link()).unwrap();
    let join = |more: [&Path; 2], flags: [&str; 2]| {
        let words = flags.iter().zip(more).flat_map(|(flag, path)| [flag.into(), path.as_os_str().to_owned()]);
        clinic.house.join_command(&here(), &Options { more: words.collect(), ..Options::default() })
    };
    let file = |name: &str| clinic.folder.path().join(name);
    fs::write(file("foreign"), b"something else").unwrap();
    let flags = ["--known-file", "--device-key-file"];
    fails(&mut join([&file("foreign"), &file("key")], flags), BAD_INPUT, &["foreign", "not what this program wrote"]);
    fails(&mut join([&file("known"), &file("foreign")], flags), BAD_INPUT, &["foreign", "32 bytes"]);
    assert_eq!(fs::read(file("foreign")).unwrap(), b"something else");
    let nowhere = file("no-such-folder").join("digits");
    let out = ["--digits-out", "--digits-in"];
    fails(&mut join([&nowhere, &file("heard")], out), BAD_INPUT, &["no-such-folder", "digits"]);
}
