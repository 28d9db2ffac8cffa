//! The clinic: a server and its one account.

use std::collections::HashMap;
use std::fs;
use std::path::PathBuf;
use std::sync::Mutex;

use atspi::Role;
use tempfile::TempDir;
use testkit::authenticator::Authenticator;
use xtask::house::{CLINICIAN, House, Place};
use xtask::programs::Programs;

use crate::person::Person;

/// A running server, and what a clinician was told by whoever runs it.
pub(crate) struct Clinic {
    house: House,
    identity: PathBuf,
    apps: Mutex<HashMap<String, Authenticator>>,
    // Last: the folder goes when nothing writes into it any more.
    _folder: TempDir,
}

impl Clinic {
    pub(crate) fn opens() -> Self {
        let folder = tempfile::Builder::new().prefix("housecall-clinic-").tempdir().expect("a folder");
        let programs = Programs::for_tests().expect("the programs");
        let house = House::open(programs, folder.path(), &Place::default(), "127.0.0.1:0").expect("a server");
        Self { house, identity: folder.path().join("identity"), apps: Mutex::default(), _folder: folder }
    }

    pub(crate) fn address(&self) -> &str {
        &self.house.server.url
    }

    pub(crate) fn pin(&self) -> &str {
        &self.house.server.pin
    }

    pub(crate) fn name(&self) -> &'static str {
        CLINICIAN
    }

    /// An admin who looks after the clinic's keys, with the same password.
    pub(crate) fn hires_an_admin(&self, name: &str) {
        self.hires(name, "admin");
    }

    /// Somebody else of the staff, likewise.
    pub(crate) fn hires(&self, name: &str, role: &str) {
        self.house.add_account(name, role).expect("an account");
    }

    /// The words for who has an account and a device that is to be let in.
    pub(crate) fn of(&self, name: &'static str) -> [&str; 6] {
        ["--server", self.address(), "--pin", self.pin(), "--user", name]
    }

    pub(crate) fn password(&self) -> String {
        fs::read_to_string(self.house.folder().join("password")).expect("a password")
    }

    /// The digits that somebody's authenticator app shows, as it was given out with their account.
    pub(crate) fn digits(&self, name: &str) -> String {
        let secret = fs::read_to_string(self.house.totp_file(name)).expect("a secret");
        let mut apps = self.apps.lock().expect("nobody panicked");
        apps.entry(name.to_owned()).or_insert_with(|| Authenticator::new(&secret)).digits()
    }

    /// The words with which a clinician's icon on the desktop starts the program: only the password is left to type. A clinic of
    /// one, as in all of these tests.
    pub(crate) fn icon(&self) -> [&str; 8] {
        let [flag, identity] = self.of_one();
        ["--server", self.address(), "--pin", self.pin(), "--user", self.name(), flag, identity]
    }

    /// The words of a clinic of one: its clinician's device needs no admin.
    pub(crate) fn of_one(&self) -> [&str; 2] {
        ["--identity", self.identity.to_str().expect("a path of text")]
    }

    /// Whoever has opened the program with this clinic's words signs in.
    #[track_caller]
    pub(crate) fn lets_sign_in(&self, person: &Person) {
        self.lets_sign_in_as(self.name(), person);
    }

    /// The same for another account.
    #[track_caller]
    pub(crate) fn lets_sign_in_as(&self, name: &str, person: &Person) {
        person.types_secretly_into("Password", &self.password());
        person.types_into("One-time code", &self.digits(name));
        person.clicks("Sign in");
    }

    /// The clinician copies the link of the visit that is open; it is carried to the patient's clipboard, as a mail would.
    #[track_caller]
    pub(crate) fn sends_the_link(&self, from: &Person, to: &Person) {
        // Of a visit before.
        let old = from.hands.clipboard();
        from.clicks("Copy the link");
        let mut link = None;
        from.waits_until("the link is on the clipboard", |clinician| {
            link = clinician.hands.clipboard();
            link.is_some() && link != old
        });
        let link = link.expect("a link");
        assert!(link.contains("/j/") && link.contains('#'), "{link}");
        to.hands.put_on_clipboard(&link);
    }
}

/// The patient has the link on the clipboard and comes in.
#[track_caller]
pub(crate) fn meet(clinician: &Person, patient: &Person) {
    patient.pastes_into("Your visit's link");
    patient.clicks("Open the visit");
    patient.clicks("Join the visit");
    clinician.sees(Role::Label, "Somebody waits");
    clinician.clicks("Admit");
    for person in [clinician, patient] {
        person.sees(Role::Label, "Connected");
    }
}
