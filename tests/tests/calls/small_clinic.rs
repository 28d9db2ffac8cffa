//! A day at a small clinic, from the first key to the last visit, by the real programs: an admin, a front desk, two clinicians
//! and six patients, each with a machine of their own. The clinic's key is made, devices are let in by digits, visits are
//! planned around a change of clocks, moved, held, handed over; one patient comes late, one has a link that is over, one drops
//! and comes again, and somebody has another's link.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, mpsc};
use std::thread;
use std::time::{Duration, SystemTime};

use desk::day::Calendar;
use serde_json::Value;
use testkit::python::verify_evidence;
use xtask::house::EndFiles;
use xtask::process::{Process, wait_until};
use xtask::report::Report;

use crate::clinic::{AROUND, Clinic};
use crate::machine::Machine;
use crate::program::{BAD_INPUT, NEVER_LIVE, REFUSED, WHOLE, fails};

/// Where the clinic may be. All change their clocks twice a year, and of these days one is always far from its midnight.
const ZONES: [&str; 4] = ["Europe/Berlin", "America/New_York", "America/Los_Angeles", "Australia/Sydney"];
/// How long a call is live before the clinician hangs up.
const TALK: &str = "4s";
const HOUR: u64 = 3_600;
const DAY: u64 = 24 * HOUR;

/// Who of the staff has a device that the clinic certifies: name, role, the name that patients see.
const STAFF: [(&str, &str, &str); 4] = [
    ("lee", "clinician", "Dr. Lee"),
    ("cleo", "clinician", "Dr. Cleo"),
    ("fay", "front-desk", "Front desk"),
    ("aud", "auditor", "The auditor"),
];

struct SmallClinic {
    clinic: Clinic,
    /// By whose clocks it plans.
    calendar: Calendar,
    machines: Vec<(&'static str, Machine)>,
}

impl SmallClinic {
    /// A server with accounts, and a machine for everybody. There is no clinic's key yet.
    fn opens() -> Self {
        let clinic = Clinic::open();
        for (name, role) in [("ada", "admin"), ("cleo", "clinician"), ("fay", "front-desk"), ("aud", "auditor")] {
            clinic.house.add_account(name, role).expect("an account");
        }
        let machines = ["ada", "lee", "cleo", "fay", "aud"].map(|name| (name, Machine::starts(name)));
        let is_day = |zone: &str| {
            let now = Calendar::new(zone).expect("a zone").shown(unix_now());
            (5..20).contains(&now[11..13].parse::<u32>().expect("an hour"))
        };
        let zone = ZONES.into_iter().find(|zone| is_day(zone)).expect("somewhere it is day");
        let calendar = Calendar::new(zone).expect("a zone");
        Self { clinic, calendar, machines: machines.into() }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.clinic.folder.path().join(name)
    }

    fn machine(&self, user: &str) -> &Machine {
        &self.machines.iter().find(|(name, _)| *name == user).expect("a machine").1
    }

    /// `headless WHAT` of somebody of the staff, at their machine.
    fn staff(&self, what: &str, user: &str) -> Command {
        let house = &self.clinic.house;
        let mut command = Command::new(&house.programs.app);
        command.args(["headless", what, "--server", &house.server.url, "--pin", &house.server.pin, "--user", user]);
        command.arg("--password-file").arg(house.folder().join("password"));
        self.machine(user).hands_to(&mut command);
        command
    }

    /// Likewise, with the second factor: digits are good once, and then the keyring has a session.
    fn signing_in(&self, what: &str, user: &str) -> Command {
        let mut command = self.staff(what, user);
        command.arg("--totp-file").arg(self.clinic.house.totp_file(user));
        command
    }

    fn day(&self, user: &str, words: &[&str]) -> Command {
        let mut command = self.signing_in("day", user);
        command.args(words);
        command
    }

    fn ask(&self, user: &str, words: &[&str]) -> Value {
        answer(&mut self.day(user, words))
    }

    /// The admin makes the clinic's key, and lets everybody's device in: ten digits at each of two programs.
    fn sets_up(&self) {
        let sheet = self.file("sheet");
        let mut set_up = self.signing_in("keys", "ada");
        let made = answer(set_up.arg("set-up").arg("--sheet-out").arg(&sheet));
        assert_eq!(made["clinic"].as_str().map(str::len), Some(43), "{made}");
        let groups = fs::read_to_string(&sheet).expect("the sheet");
        assert_eq!(groups.trim().split('-').count(), 8);
        // It is printed, and no file of it stays.
        fs::remove_file(&sheet).expect("a sheet to be printed");
        for (name, role, seen) in STAFF {
            let (at_device, at_admin) = (self.file(&format!("{name}-reads")), self.file(&format!("{name}-hears")));
            let mut asks = self.signing_in("keys", name);
            asks.arg("ask").arg("--digits-out").arg(&at_device).arg("--digits-in").arg(&at_admin);
            let mut device = start(&mut asks);
            let mut lets_in = self.staff("keys", "ada");
            lets_in.args(["let-in", name, "--name", seen, "--role", role]);
            answer(lets_in.arg("--digits-out").arg(&at_admin).arg("--digits-in").arg(&at_device));
            ends(&mut device, WHOLE);
            assert_eq!(fs::read(&at_device).unwrap(), fs::read(&at_admin).unwrap(), "ten digits, at both ends");
        }
    }

    /// What the auditor asks of the log, at their machine, which keeps a checkpoint from then on.
    fn audit(&self, words: &[&str]) -> Value {
        let mut command = self.signing_in("audit", "aud");
        answer(command.arg("--known-file").arg(self.file("known-aud")).args(words))
    }

    fn staff_id(&self, user: &str) -> String {
        self.ask(user, &["list"])["staff"].as_str().expect("an id").to_owned()
    }

    /// Plans a visit for a patient; its id. The link is in `link-PATIENT`.
    fn plans(&self, patient: &str, clinician: &str, words: &[&str]) -> String {
        let card = self.file(&format!("card-{patient}"));
        let code = if patient.starts_with("sam") { r#","code":"2718 28""# } else { "" };
        let json = format!(r#"{{"name":"{patient} Planted-Name","notes":"planted note of {patient}"{code}}}"#);
        fs::write(&card, json).expect("a card");
        let (card, link) = (card.to_str().unwrap(), self.link(patient));
        let known =
            ["schedule", "--zone", self.calendar.name(), "--clinician", clinician, "--card-file", card, "--invite-out"];
        let answer = self.ask("fay", &[&known[..], &[link.to_str().unwrap()], words].concat());
        answer["visit"].as_str().expect("an id").to_owned()
    }

    /// How many of today's visits have a patient whose name this one reads.
    fn patients_on_the_list_of(&self, user: &str) -> usize {
        let list = self.ask(user, &["list", "--zone", self.calendar.name()]);
        let is_named = |row: &&Value| row["name"].as_str().is_some_and(|name| name.contains("Planted-Name"));
        list["visits"].as_array().expect("a list").iter().filter(is_named).count()
    }

    fn link(&self, patient: &str) -> PathBuf {
        self.file(&format!("link-{patient}"))
    }

    fn host(&self, user: &str, visit: &str, talk: &str) -> Process {
        // Without digits: the session goes on that the keyring has.
        let mut command = self.staff("host", user);
        command.args(["--visit", visit, "--admit-after", "500ms"]);
        self.common(&mut command, &format!("{user}-{visit}"), talk);
        start(&mut command)
    }

    /// Who hangs up is the clinician.
    fn join(&self, name: &str, link: &Path) -> Command {
        self.join_for(name, link, "60s")
    }

    fn join_for(&self, name: &str, link: &Path, talk: &str) -> Command {
        let mut command = Command::new(&self.clinic.house.programs.app);
        command.args(["headless", "join"]).arg("--link-file").arg(link);
        command.arg("--known-file").arg(self.file(&format!("known-{name}")));
        self.common(&mut command, name, talk);
        command
    }

    fn joins(&self, name: &str) -> Process {
        start(&mut self.join(name, &self.link(name)))
    }

    fn common(&self, command: &mut Command, name: &str, talk: &str) {
        command.args(["--camera", "none", "--duration", talk, "--give-up", "40s"]);
        command.arg("--report").arg(EndFiles::new(self.clinic.folder.path(), name).report);
    }

    fn report(&self, name: &str) -> Report {
        Report::read(&EndFiles::new(self.clinic.folder.path(), name).report).expect("a report")
    }

    /// This clinician's end and this patient's talked, and the patient saw a name that the clinic certified.
    #[track_caller]
    fn talked(&self, host: &mut Process, guest: &mut Process, patient: &str) {
        ends(guest, WHOLE);
        ends(host, WHOLE);
        let report = self.report(patient);
        assert_eq!(report.value()["end"], "they_hung_up");
        assert_eq!(report.value()["name_certified"], true);
    }
}

fn start(command: &mut Command) -> Process {
    Process::spawn("a program", command, |_| {}).expect("a program")
}

/// Does it and reads the answer.
#[track_caller]
fn answer(command: &mut Command) -> Value {
    let output = command.output().expect("a program");
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("JSON")
}

#[track_caller]
fn ends(process: &mut Process, exit: i32) {
    let status = process.wait(AROUND + Duration::from_secs(20)).expect("an end");
    assert_eq!(status.code(), Some(exit), "{}{}", process.stdout(), process.stderr());
}

#[track_caller]
fn hears(process: &mut Process, event: &str) {
    let came = wait_until(AROUND, || Ok(process.stdout().contains(event) || !process.is_running()));
    let said = process.stdout();
    assert!(came.expect("no Ctrl-C") && said.contains(event), "no {event}: {said}{}", process.stderr());
}

fn unix_now() -> u64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("after 1970").as_secs()
}

/// The next days on which the clinic's clocks change, as `2026-10-25`, with how many hours each has.
fn changes_of_clocks(calendar: &Calendar) -> Vec<(String, u64)> {
    let mut at = unix_now();
    let mut found = Vec::new();
    for _ in 0..370 {
        let (from, until) = calendar.day(at);
        if until - from != DAY {
            found.push((calendar.shown(from)[..10].to_owned(), (until - from) / HOUR));
        }
        at = until;
    }
    found
}

/// The front desk plans around each change of clocks of the coming year: the day before and the day itself, at the same time by
/// the clock, is not a day apart; a time that is left out or comes twice is asked about.
fn plans_around_changes_of_clocks(day: &SmallClinic, lee: &str) -> String {
    let (calendar, zone) = (&day.calendar, day.calendar.name());
    let changes = changes_of_clocks(calendar);
    assert_eq!(changes.iter().map(|(_, hours)| *hours).min(), Some(23), "{changes:?}");
    assert_eq!(changes.iter().map(|(_, hours)| *hours).max(), Some(25), "{changes:?}");
    let mut last = String::new();
    for (date, hours) in changes {
        let out = day.file("link-around");
        let out = out.to_str().unwrap();
        let schedule = ["schedule", "--zone", zone, "--clinician", lee, "--invite-out", out, "--start"];
        // In America the hour after one comes twice, elsewhere the one after two.
        let twice = if zone.starts_with("America") { "01:30" } else { "02:30" };
        let (typed, later) = if hours == 25 { (twice, twice) } else { ("02:30", "03:30") };
        let at = format!("{date} {typed}");
        let both = [&schedule[..], &[&at]].concat();
        fails(&mut day.day("fay", &both), BAD_INPUT, &["clocks change", "--clock-change"]);
        let chosen = day.ask("fay", &[&both[..], &["--clock-change", "later"]].concat());
        assert!(chosen["at"].as_str().is_some_and(|at| at.starts_with(later)), "{chosen}");
        let noon = calendar.moment(&format!("{date} 14:30")).unwrap().only().unwrap();
        let eve = calendar.shown(noon - 20 * HOUR);
        let starts = [format!("{} 14:30", &eve[..10]), format!("{date} 14:30")].map(|start| {
            let planned = day.ask("fay", &[&schedule[..], &[&start]].concat());
            assert_eq!(planned["at"], "14:30");
            last = planned["visit"].as_str().unwrap().to_owned();
            let list = day.ask("fay", &["list", "--zone", zone, "--day", &format!("{} 12:00", &start[..10])]);
            let visits = list["visits"].as_array().unwrap();
            let row = visits.iter().find(|row| row["listed"]["visit"] == last.as_str()).expect("on that day's list");
            assert_eq!(row["at"], "14:30");
            row["listed"]["planned"]["start_unix_secs"].as_u64().unwrap()
        });
        assert_eq!(starts[1] - starts[0], hours * HOUR, "{date}");
        fs::copy(out, day.link("otto")).expect("a link");
    }
    last
}

#[test]
fn a_day_at_a_small_clinic() {
    let day = SmallClinic::opens();
    day.sets_up();
    // The auditor keeps a checkpoint of the morning.
    let morning = day.audit(&["rows"])["log"].clone();
    assert_eq!((&morning["state"], &morning["since"]), (&"verified".into(), &Value::Null), "the first one");
    let (lee, cleo) = (day.staff_id("lee"), day.staff_id("cleo"));
    let otto = plans_around_changes_of_clocks(&day, &lee);
    let zone = day.calendar.name();
    let ago = |secs: u64| day.calendar.shown(unix_now() - secs);
    // Where the clinic's clocks have changed within the hour, the plan says which of two it means.
    let at = |start: &str| vec!["--clock-change".to_owned(), "rule".to_owned(), "--start".to_owned(), start.to_owned()];
    let plan = |patient: &str, whose: &str, start: &str| {
        let words = at(start);
        day.plans(patient, whose, &words.iter().map(String::as_str).collect::<Vec<_>>())
    };
    let anna = plan("anna", &lee, &ago(0));
    let late = plan("lars", &lee, &ago(25 * 60));
    // An hour after its end a link is over: Gina's within the minute, which begins anew if it is nearly over.
    wait_until(AROUND, || Ok(unix_now() % 60 < 45)).expect("no Ctrl-C");
    let over_at = unix_now() + 61;
    let gone = day.plans("gina", &cleo, &["--clock-change", "rule", "--minutes", "1", "--start", &ago(HOUR)]);
    let drops = plan("dora", &cleo, &ago(60));
    let moves = plan("theo", &lee, &ago(120));
    let code = plan("sam", &cleo, &ago(60));
    fs::write(day.file("code-sam"), "271828\n").unwrap();
    fs::write(day.file("code-thief"), "1111\n").unwrap();

    // The front desk sees all of it and enters nothing; what is not today does not open yet.
    assert_eq!(day.patients_on_the_list_of("fay"), 6);
    let mut enters = day.staff("host", "fay");
    enters.args(["--visit", &anna]);
    day.common(&mut enters, "fay-enters", TALK);
    fails(&mut enters, REFUSED, &["not"]);
    fails(&mut day.join("early", &day.link("otto")), REFUSED, &["does not open yet"]);
    // A colleague's is none of the other's.
    assert_eq!(day.patients_on_the_list_of("cleo"), 3);

    let (gives, takes) = mpsc::channel();
    let takes = Mutex::new(takes);
    thread::scope(|clinicians| {
        let lees = clinicians.spawn(|| {
            // Anna comes in time. Lars comes 25 minutes after his time, when he is waited for.
            let (mut host, mut guest) = (day.host("lee", &anna, TALK), day.joins("anna"));
            day.talked(&mut host, &mut guest, "anna");
            let mut host = day.host("lee", &late, TALK);
            hears(&mut host, "waiting_room");
            let mut guest = day.joins("lars");
            day.talked(&mut host, &mut guest, "lars");
            // Theo is talked with and handed over, in the middle of the talk.
            let (mut host, mut guest) = (day.host("lee", &moves, "60s"), day.joins("theo"));
            hears(&mut guest, "live");
            hears(&mut host, "live");
            day.ask("lee", &["hand-over", &moves, &cleo]);
            ends(&mut host, REFUSED);
            gives.send(guest).expect("a colleague who is there");
        });
        let cleos = clinicians.spawn(|| {
            // Dora's app dies in the middle; she comes again by the same link, waits, and is let in.
            let (mut host, mut guest) = (day.host("cleo", &drops, "60s"), day.joins("dora"));
            hears(&mut host, "live");
            hears(&mut guest, "live");
            guest.kill();
            hears(&mut host, "reconnecting");
            // This time it is the patient who says good-bye.
            let mut comes = day.join_for("dora", &day.link("dora"), TALK);
            let mut again = start(&mut comes);
            ends(&mut again, WHOLE);
            ends(&mut host, WHOLE);
            assert_eq!(day.report("dora").value()["end"], "hung_up");
            // What Dr. Lee gives away is Dr. Cleo's, with all that is known of it, and the patient is still there.
            let mut theo = takes.lock().unwrap().recv().expect("a colleague who gives");
            let mut host = day.host("cleo", &moves, TALK);
            day.talked(&mut host, &mut theo, "theo");
            // Somebody has Sam's link and not his code. Five tries, and the link is dead.
            let mut host = day.host("cleo", &code, TALK);
            let mut steals = day.join("thief", &day.link("sam"));
            let mut thief = start(steals.arg("--code-file").arg(day.file("code-thief")));
            hears(&mut thief, "waiting_room");
            ends(&mut thief, REFUSED);
            assert_eq!(day.report("thief").value()["timeline_ms"]["admitted"], Value::Null);
            // The front desk calls that visit off and plans another for him.
            day.ask("fay", &["cancel", &code]);
            ends(&mut host, NEVER_LIVE);
            let code = plan("sam-again", &cleo, &ago(0));
            let mut host = day.host("cleo", &code, TALK);
            let mut comes = day.join("sam-again", &day.link("sam-again"));
            let mut guest = start(comes.arg("--code-file").arg(day.file("code-sam")));
            day.talked(&mut host, &mut guest, "sam-again");
            // Gina's link is over; the front desk moves her visit to now, and the same link is good.
            wait_until(AROUND * 3, || Ok(unix_now() > over_at)).expect("no Ctrl-C");
            fails(&mut day.join("gina", &day.link("gina")), REFUSED, &["over"]);
            day.ask("fay", &["move", &gone, "--zone", zone, "--clock-change", "rule", "--start", &ago(0)]);
            let (mut host, mut guest) = (day.host("cleo", &gone, TALK), day.joins("gina"));
            day.talked(&mut host, &mut guest, "gina");
        });
        lees.join().expect("Dr. Lee's day");
        cleos.join().expect("Dr. Cleo's day");
    });

    // In the evening Otto, whose visit was after the change of clocks, is asked to come now: his link is good at once.
    day.ask("fay", &["move", &otto, "--zone", zone, "--clock-change", "rule", "--start", &ago(0)]);
    let (mut host, mut guest) = (day.host("lee", &otto, TALK), day.joins("otto"));
    day.talked(&mut host, &mut guest, "otto");

    let list = day.ask("fay", &["list", "--zone", zone]);
    let ended = list["visits"].as_array().unwrap().iter().filter(|row| row["listed"]["reason"] == "host_ended").count();
    assert_eq!(ended, 7, "{list}");
    an_auditor_takes_evidence_away(&day, &anna, &morning);
    nothing_was_left_in_the_open(&day);
}

/// In the evening the auditor looks who has access and what Dr. Lee's device did, and takes the evidence of Anna's visit out of
/// the house: both verifiers believe it by the key and the checkpoint that the auditor's machine keeps, and neither believes one that
/// was tampered with.
fn an_auditor_takes_evidence_away(day: &SmallClinic, anna: &str, morning: &Value) {
    let access = day.audit(&["access"]);
    let accounts = access["accounts"].as_array().expect("accounts");
    let lee = accounts.iter().find(|account| account["name"] == "lee").expect("Dr. Lee");
    let device = &lee["devices"][0];
    // By the certificates, as the auditor's own device verifies them, and not by the server's word.
    let stands = |device: &Value| (device["state"].clone(), device["role"].clone());
    assert_eq!(stands(device), ("vouched".into(), "clinician".into()), "{access}");
    let of = |name: &str| &accounts.iter().find(|account| account["name"] == name).expect("an account")["devices"][0];
    assert_eq!(stands(of("aud")), ("vouched".into(), "auditor".into()), "{access}");
    assert_eq!(stands(of("ada")), ("vouched".into(), "admin".into()), "{access}");
    let found = day.audit(&["touched", device["device"].as_str().expect("an id")]);
    let visits = found["visits"].as_array().expect("visits");
    assert!(found["whole"] == true && visits.iter().any(|visit| visit["visit"] == anna), "{found}");

    let file = day.file("evidence.jsonl");
    let told = day.audit(&["export", anna, "--out", file.to_str().unwrap()]);
    assert_eq!((&told["refused"], &told["log"]["state"]), (&Value::Null, &"verified".into()), "{told}");
    assert!(told["agreed"].as_u64() >= Some(1) && told["log"]["since"].as_u64() >= morning["rows"].as_u64(), "{told}");
    assert_eq!(told["log"]["key"], morning["key"]);
    let (key, kept) =
        (morning["key"].as_str().expect("a key"), PathBuf::from(told["checkpoint"].as_str().expect("a file")));
    let (text, note) = (fs::read_to_string(&file).expect("evidence"), fs::read_to_string(&kept).expect("a checkpoint"));
    let verifier = day.clinic.house.programs.verifier();
    let first = |text: &str| {
        let copy = day.file("copy.jsonl");
        fs::write(&copy, text).expect("a copy");
        let mut command = Command::new(&verifier);
        let output =
            command.arg(&copy).args(["--key", key]).arg("--checkpoint").arg(&kept).output().expect("a verifier");
        (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned())
    };
    let scratch = day.clinic.folder.path();
    let second = |text: &str| verify_evidence(scratch, text, Some(key), &[&note]);
    let (exit, said) = first(&text);
    assert!(exit == Some(0) && said.starts_with("verified") && second(&text).is_none(), "{said}");
    let lines: Vec<&str> = text.lines().collect();
    let without_the_middle = [&lines[..lines.len() / 2], &lines[lines.len() / 2 + 1..]].concat().join("\n") + "\n";
    let another_ending = text.replacen("\"host_ended\"", "\"no_show\"", 1);
    assert_ne!(another_ending, text);
    for tampered in [without_the_middle, another_ending] {
        let (exit, said) = first(&tampered);
        let name = second(&tampered);
        assert!(
            exit == Some(1) && name.as_ref().is_some_and(|name| said.starts_with(&format!("refused {name}"))),
            "{said} {name:?}"
        );
    }
}

/// No file of the server's or of a machine says who came, what was noted, or what a session goes on by.
fn nothing_was_left_in_the_open(day: &SmallClinic) {
    let server = day.clinic.house.folder().join("server");
    let kept = fs::read_dir(server).unwrap().map(|entry| {
        let path = entry.unwrap().path();
        (path.display().to_string(), fs::read(&path).unwrap_or_default())
    });
    let homes = day.machines.iter().flat_map(|(_, machine)| machine.keeps());
    for (path, bytes) in kept.chain(homes) {
        for planted in ["Planted-Name", "planted note", "271828", "2718 28", "str_"] {
            assert!(!bytes.windows(planted.len()).any(|at| at == planted.as_bytes()), "{planted} in {path}");
        }
    }
}
