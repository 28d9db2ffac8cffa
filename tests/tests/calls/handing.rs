//! What the two write and hand over, by the real programs.

use std::fs;
use std::path::Path;
use std::time::Duration;

use serde_json::Value;
use xtask::house::Options;
use xtask::report::Report;

use crate::bad_input::any_link;
use crate::clinic::{Clinic, exit_of, here};

const CALL_SECS: u32 = 15;
const CALL: Duration = Duration::from_secs(CALL_SECS as u64);

/// Bytes that do not repeat.
pub(crate) fn file(path: &Path, bytes: usize) -> Vec<u8> {
    let mut state = 0x2545_f491_u32;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state.to_be_bytes()[0]
    };
    let content: Vec<u8> = (0..bytes).map(|_| next()).collect();
    fs::write(path, &content).unwrap();
    content
}

pub(crate) fn with(mut options: Options, more: &[&str]) -> Options {
    options.more.extend(more.iter().map(Into::into));
    options
}

pub(crate) fn number(report: &Report, field: &str) -> u64 {
    report.value()["handed"][field].as_u64().unwrap_or_else(|| panic!("no {field}"))
}

pub(crate) fn states(report: &Report) -> Vec<&str> {
    let transfers = report.value()["handed"]["transfers"].as_array().unwrap();
    transfers.iter().filter_map(|one| one["state"].as_str()).collect()
}

#[test]
fn words_and_files_arrive_whole_in_both_directions_beside_voice_and_picture() {
    let clinic = Clinic::open();
    let folder = clinic.folder.path();
    let [to_host, to_guest] = ["to-host", "to-guest"].map(|name| folder.join(name));
    [&to_host, &to_guest].into_iter().for_each(|place| fs::create_dir(place).unwrap());
    let (letter, x_ray) = (folder.join("letter.pdf"), folder.join("x-ray.png"));
    let (letter_bytes, x_ray_bytes) = (file(&letter, 300_000), file(&x_ray, 1_500_000));
    // Somebody's file of the same name is left alone.
    fs::write(to_guest.join("x-ray.png"), b"another").unwrap();

    let text = |path: &Path| path.to_str().unwrap().to_owned();
    let (accepts, sends) = (text(&to_host), text(&x_ray));
    let host = ["--say", "Does it hurt?", "--say", "Where?", "--send-file", &sends, "--accept-files", &accepts];
    let mut host = clinic.host(&with(clinic.clinicians(CALL_SECS + 10), &host));
    let (accepts, sends) = (text(&to_guest), text(&letter));
    let guest = ["--say", "Here", "--send-file", &sends, "--accept-files", &accepts];
    let mut guest = clinic.join(&with(clinic.patients(CALL_SECS), &guest));
    assert_eq!(exit_of(&mut guest, CALL), 0, "the patient's end: {}", guest.process.stderr());
    assert_eq!(exit_of(&mut host, CALL), 0, "the clinician's end: {}", host.process.stderr());

    assert_eq!(fs::read(to_guest.join("x-ray (2).png")).unwrap(), x_ray_bytes);
    assert_eq!(fs::read(to_guest.join("x-ray.png")).unwrap(), b"another");
    assert_eq!(fs::read(to_host.join("letter.pdf")).unwrap(), letter_bytes);
    assert_eq!([fs::read_dir(&to_host).unwrap().count(), fs::read_dir(&to_guest).unwrap().count()], [1, 2]);
    for (report, lines) in [(host.report().unwrap(), [2, 2, 1]), (guest.report().unwrap(), [1, 1, 2])] {
        let said = ["lines_written", "lines_arrived", "lines_received"].map(|field| number(&report, field));
        assert_eq!(said, lines);
        assert_eq!(states(&report), ["arrived", "arrived"]);
        assert_eq!(number(&report, "offers_turned_away"), 0);
        let (sent, again) = (number(&report, "sent_bytes"), number(&report, "sent_again_bytes"));
        assert!(again * 50 <= sent, "{again} of {sent} bytes went again, on a link that loses nothing");
        let text = serde_json::to_string(report.value()).unwrap();
        assert!(["hurt", "x-ray", "letter", "Here"].into_iter().all(|word| !text.contains(word)), "people's data");
        let transfers = report.value()["handed"]["transfers"].as_array().unwrap();
        assert!(transfers.iter().all(|one| one["ended_ms"] != Value::Null));
    }
}

#[test]
fn what_is_written_is_saved_in_order_and_both_sides_know_it() {
    let clinic = Clinic::open();
    let saved = clinic.folder.path().join("chat.txt");
    let says = |whose: &str| -> Vec<String> {
        (1..=20).flat_map(|number| ["--say".to_owned(), format!("{whose} {number}")]).collect()
    };
    let unseen = |options: Options| Options { camera: "none".into(), ..options };
    let with = |options: Options, more: &[String]| with(options, &more.iter().map(String::as_str).collect::<Vec<_>>());
    let save = ["--save-chat".to_owned(), saved.to_str().unwrap().to_owned()];
    let mut host = clinic.host(&with(unseen(clinic.clinicians(20)), &[&says("clinician")[..], &save[..]].concat()));
    let mut guest = clinic.join(&with(unseen(clinic.patients(6)), &says("patient")));
    assert_eq!(exit_of(&mut guest, CALL), 0, "the patient's end: {}", guest.process.stderr());
    assert_eq!(exit_of(&mut host, CALL), 0, "the clinician's end: {}", host.process.stderr());
    let (host, guest) = (host.report().unwrap(), guest.report().unwrap());
    for report in [&host, &guest] {
        let said = ["lines_written", "lines_arrived", "lines_received"].map(|field| number(report, field));
        assert_eq!(said, [20, 20, 20]);
    }
    let text = fs::read_to_string(&saved).unwrap();
    for (who, whose) in [("Clinician: ", "clinician"), ("Patient: ", "patient")] {
        let theirs: Vec<_> = text.lines().filter_map(|line| line.strip_prefix(who)).collect();
        let expected: Vec<_> = (1..=20).map(|number| format!("{whose} {number}")).collect();
        assert_eq!(theirs, expected, "in {text}");
    }
    let told = |report: &Report, field: &str| report.value()["handed"][field].as_bool().unwrap();
    assert!(told(&host, "chat_saved_here") && !told(&host, "chat_saved_there"));
    assert!(told(&guest, "chat_saved_there") && !told(&guest, "chat_saved_here"));
}

#[test]
fn a_photograph_that_is_asked_for_comes_in_the_cameras_full_size() {
    let clinic = Clinic::open();
    let folder = clinic.folder.path().join("stills");
    fs::create_dir(&folder).unwrap();
    let accepts = ["--ask-still", "--accept-files", folder.to_str().unwrap()];
    let mut host = clinic.host(&with(clinic.clinicians(CALL_SECS + 10), &accepts));
    let pattern = Options { camera: "pattern".into(), ..clinic.patients(CALL_SECS) };
    let mut guest = clinic.join(&with(pattern, &["--give-still"]));
    assert_eq!(exit_of(&mut guest, CALL), 0, "the patient's end: {}", guest.process.stderr());
    assert_eq!(exit_of(&mut host, CALL), 0, "the clinician's end: {}", host.process.stderr());
    let (host, guest) = (host.report().unwrap(), guest.report().unwrap());
    assert_eq!([states(&host), states(&guest)], [["arrived"], ["arrived"]]);
    assert_eq!(host.value()["handed"]["transfers"][0]["still"], true);
    let jpeg = fs::read(folder.join("photograph.jpg")).unwrap();
    assert_eq!(size_of(&jpeg), Some((2_560, 1_440)), "no picture of the film, which is 640×360");
    assert!(jpeg.len() > 300_000, "{} bytes: hardly anything is to be seen", jpeg.len());
}

/// Width and height of a JPEG (ITU-T T.81, B.2.2).
fn size_of(jpeg: &[u8]) -> Option<(u16, u16)> {
    let mut rest = jpeg.strip_prefix(&[0xff, 0xd8])?;
    loop {
        let length = usize::from(u16::from_be_bytes([*rest.get(2)?, *rest.get(3)?]));
        if (0xc0..=0xc2).contains(rest.get(1)?) {
            let word = |at: usize| Some(u16::from_be_bytes([*rest.get(at)?, *rest.get(at + 1)?]));
            return Some((word(7)?, word(5)?));
        }
        rest = rest.get(2 + length..)?;
    }
}

#[test]
fn a_folder_that_is_not_there_is_said_before_the_visit() {
    let clinic = Clinic::open();
    let nowhere = clinic.folder.path().join("nowhere");
    let accepts = ["--accept-files", nowhere.to_str().unwrap()];
    fs::write(clinic.house.link_file(), any_link()).unwrap();
    let options = with(clinic.patients(1), &accepts);
    let ended = clinic.house.join_command(&here(), &options).output().unwrap();
    let said = String::from_utf8_lossy(&ended.stderr).into_owned();
    assert_eq!(ended.status.code(), Some(1), "{said}");
    assert!(said.contains("there is no folder"), "{said}");
}
