//! A clinic in a folder of its own: what every test of this suite begins with.

use std::process::Command;
use std::time::Duration;

use tempfile::TempDir;
use xtask::house::{End, House, Options, Place};
use xtask::process::wait_until;
use xtask::programs::Programs;
use xtask::report::Report;

use crate::footage::{self, Footage};

/// How long an end may take beside its call: a busy machine, a slow password hash, files to finish.
pub(crate) const AROUND: Duration = Duration::from_secs(40);

/// A server with an account, and footage for both ends.
pub(crate) struct Clinic {
    pub(crate) house: House,
    pub(crate) clinician: Footage,
    pub(crate) patient: Footage,
    // Last: the folder goes when nothing writes into it any more.
    pub(crate) folder: TempDir,
}

impl Clinic {
    pub(crate) fn open() -> Self {
        let folder = tempfile::Builder::new().prefix("housecall-calls-").tempdir().expect("a folder");
        let house = House::open(programs(), &folder.path().join("house"), &here(), "127.0.0.1:0").expect("a server");
        let [clinician, patient] = footage::make(folder.path());
        Self { house, clinician, patient, folder }
    }

    /// The clinician's end, its link written; it admits after a second.
    pub(crate) fn host(&self, options: &Options) -> End {
        self.house.host(&here(), options, "1s", |_| {}).expect("the clinician's end")
    }

    /// The patient's end.
    pub(crate) fn join(&self, options: &Options) -> End {
        self.house.join(&here(), options, |_| {}).expect("the patient's end")
    }

    /// What the clinician's end shows and says, for so many seconds of call.
    pub(crate) fn clinicians(&self, seconds: u32) -> Options {
        self.clinician.options(seconds)
    }

    /// What the patient's end shows and says, for so many seconds of call.
    pub(crate) fn patients(&self, seconds: u32) -> Options {
        self.patient.options(seconds)
    }
}

pub(crate) fn programs() -> &'static Programs {
    Programs::for_tests().expect("the programs")
}

pub(crate) fn here() -> Place {
    Place::default()
}

/// Waits for the end of this end and gives its exit status; it must not have panicked.
pub(crate) fn exit_of(end: &mut End, call: Duration) -> i32 {
    let status = end.process.wait(call + AROUND).expect("an end that ends");
    let stderr = end.process.stderr();
    assert!(!stderr.contains("panicked"), "{stderr}");
    status.code().unwrap_or_else(|| panic!("ended by a signal: {stderr}"))
}

/// Waits until this end says that it is in a live call.
pub(crate) fn wait_until_live(end: &mut End) {
    let live = wait_until(AROUND, || Ok(end.process.stdout().contains("live") || !end.process.is_running()));
    let said = format!("{}{}", end.process.stdout(), end.process.stderr());
    assert!(live.expect("no Ctrl-C") && said.contains("live"), "never live: {said}");
}

/// Sends this end's program a signal of this name.
pub(crate) fn signal(end: &End, name: &str) {
    let status = Command::new("kill").args(["-s", name, &end.process.id().to_string()]).status().expect("kill");
    assert!(status.success(), "the program could not be told {name}");
}

/// When something with this name first happened, in Unix milliseconds.
pub(crate) fn event_unix_ms(report: &Report, name: &str) -> f64 {
    let events = report.events();
    let (t, _) = events.iter().find(|(_, event)| event == name).unwrap_or_else(|| panic!("no {name} in {events:?}"));
    report.number("/started_unix_us").expect("a start") / 1e3 + t * 1e3
}
