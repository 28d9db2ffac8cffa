//! A day without windows: the front desk plans, clinicians hold what was planned, patients say what is asked.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use serde_json::Value;
use xtask::house::EndFiles;
use xtask::process::Process;

use crate::clinic::{AROUND, Clinic};
use crate::machine::Machine;
use crate::program::{BAD_INPUT, REFUSED, WHOLE, fails};

const FEW_SECS: &str = "3s";

struct Day {
    clinic: Clinic,
    /// Everybody works at one machine after the other: the keyring has a session for each of them.
    machine: Machine,
}

impl Day {
    fn open() -> Self {
        let clinic = Clinic::open();
        clinic.house.add_account("fay", "front-desk").expect("an account");
        clinic.house.add_account("cleo", "clinician").expect("an account");
        Self { clinic, machine: Machine::starts("clinic") }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.clinic.folder.path().join(name)
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        fs::write(self.file(name), text).unwrap();
        self.file(name)
    }

    /// `headless WHAT` of somebody of the staff; all of them read what is shared by one key.
    fn staff(&self, what: &str, user: &str) -> Command {
        let house = &self.clinic.house;
        let mut command = Command::new(&house.programs.app);
        command.args(["headless", what, "--server", &house.server.url, "--pin", &house.server.pin, "--user", user]);
        command.arg("--password-file").arg(house.folder().join("password"));
        command.arg("--totp-file").arg(house.totp_file(user));
        command.arg("--identity").arg(self.file("identity"));
        command
    }

    fn day(&self, user: &str, words: &[&str]) -> Command {
        let mut command = self.staff("day", user);
        // Digits are good once: the first command signs in, the others go on with its session, which the keyring has.
        self.machine.hands_to(&mut command);
        command.args(words);
        command
    }

    /// Does it and reads the answer.
    fn ask(&self, user: &str, words: &[&str]) -> Value {
        let output = self.day(user, words).output().unwrap();
        assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap()
    }

    fn staff_id(&self, user: &str) -> String {
        self.ask(user, &["list"])["staff"].as_str().unwrap().to_owned()
    }

    /// Plans a visit; its id.
    fn schedule(&self, link: &Path, words: &[&str]) -> String {
        let link = link.to_str().unwrap();
        let answer = self.ask("fay", &[&["schedule", "--invite-out", link], words].concat());
        assert!(answer.get("link").is_none(), "a link goes to its file alone");
        answer["visit"].as_str().unwrap().to_owned()
    }

    fn host(&self, user: &str, visit: &str) -> Command {
        let mut command = self.staff("host", user);
        command.args(["--visit", visit, "--admit-after", "500ms"]);
        self.common(&mut command, user);
        command
    }

    fn join(&self, link: &Path, name: &str) -> Command {
        let mut command = Command::new(&self.clinic.house.programs.app);
        command.args(["headless", "join"]).arg("--link-file").arg(link);
        self.common(&mut command, name);
        command
    }

    fn common(&self, command: &mut Command, name: &str) {
        command.args(["--camera", "none", "--duration", FEW_SECS, "--give-up", "30s"]);
        command.arg("--report").arg(EndFiles::new(self.clinic.folder.path(), name).report);
    }
}

fn start(command: &mut Command) -> Process {
    Process::spawn("an end", command, |_| {}).unwrap()
}

#[track_caller]
fn ends(process: &mut Process, exit: i32) {
    let status = process.wait(AROUND + Duration::from_secs(10)).unwrap();
    assert_eq!(status.code(), Some(exit), "{}{}", process.stdout(), process.stderr());
}

#[test]
fn what_the_front_desk_planned_is_held_and_the_code_is_asked_inside() {
    let day = Day::open();
    let (lee, link) = (day.staff_id("lee"), day.file("link-1"));
    let card = day.write("card", r#"{"name":"Wilhelmina Planted-Patient","notes":"hard of hearing","code":"4711"}"#);
    let visit = day.schedule(&link, &["--clinician", &lee, "--card-file", card.to_str().unwrap()]);
    let list = day.ask("lee", &["list"]);
    assert_eq!(list["visits"][0]["name"], "Wilhelmina Planted-Patient");
    assert_eq!(list["visits"][0]["own"], true);
    assert_eq!(day.ask("cleo", &["list"])["visits"], Value::Array(Vec::new()), "a colleague's");
    // Whoever does not know the code is not let in; with it the same link is good.
    let facts = day.write("facts", r#"{"place":"5 Elm Street","call_back":"555 0101","emergency":"Ann","beside":[]}"#);
    let code = day.write("code", "47-11\n");
    let mut host = start(&mut day.host("lee", &visit));
    let mut join = day.join(&link, "patient");
    let mut guest = start(join.arg("--facts-file").arg(facts).arg("--code-file").arg(code));
    ends(&mut guest, WHOLE);
    ends(&mut host, WHOLE);
    let ended = day.ask("fay", &["list"]);
    assert_eq!(ended["visits"][0]["listed"]["reason"], "host_ended");
    // Nothing of the card stands in what the server keeps.
    for entry in fs::read_dir(day.clinic.house.folder().join("server")).unwrap() {
        let bytes = fs::read(entry.unwrap().path()).unwrap_or_default();
        for planted in ["Wilhelmina", "hearing", "4711", "Elm Street"] {
            assert!(!bytes.windows(planted.len()).any(|at| at == planted.as_bytes()), "{planted}");
        }
    }
}

#[test]
fn a_visit_over_the_change_of_clocks_is_asked_about_and_its_link_opens_in_its_time() {
    let day = Day::open();
    let link = day.file("link-2");
    let out = link.to_str().unwrap();
    let berlin = ["schedule", "--zone", "Europe/Berlin", "--invite-out", out, "--start"];
    let at = |start: &str, more: &[&str]| day.day("fay", &[&berlin[..], &[start], more].concat());
    fails(&mut at("2027-10-31 02:30", &[]), BAD_INPUT, &["clocks change", "02:30 CEST", "02:30 CET", "--clock-change"]);
    fails(&mut at("2027-03-28 02:30", &[]), BAD_INPUT, &["01:30", "03:30"]);
    fails(&mut at("tomorrow", &[]), BAD_INPUT, &["2026-10-25 14:30"]);
    let output = at("2027-10-31 02:30", &["--clock-change", "rule"]).output().unwrap();
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(answer["at"], "02:30 CEST");
    fails(&mut day.join(&link, "early"), REFUSED, &["does not open yet"]);
}

#[test]
fn a_visit_is_handed_over_with_all_that_is_known_of_it_and_old_links_are_dead() {
    let day = Day::open();
    let (lee, cleo) = (day.staff_id("lee"), day.staff_id("cleo"));
    let (old, new) = (day.file("link-3"), day.file("link-4"));
    let visit = day.schedule(&old, &["--clinician", &lee]);
    day.ask("fay", &["reinvite", &visit, "--invite-out", new.to_str().unwrap()]);
    fails(&mut day.join(&old, "late"), REFUSED, &["taken back"]);
    day.ask("lee", &["hand-over", &visit, &cleo]);
    fails(&mut day.host("lee", &visit), REFUSED, &["no such visit"]);
    day.ask("fay", &["tell", &visit, "late", "5"]);
    let (mut host, mut guest) = (start(&mut day.host("cleo", &visit)), start(&mut day.join(&new, "patient")));
    ends(&mut guest, WHOLE);
    ends(&mut host, WHOLE);
    // The link thief comes when it is over.
    fails(&mut day.join(&new, "thief"), REFUSED, &["over"]);
    let other = day.schedule(&day.file("link-5"), &[]);
    day.ask("fay", &["no-show", &other]);
    fails(&mut day.join(&day.file("link-5"), "late"), REFUSED, &["over"]);
}
