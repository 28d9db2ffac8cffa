//! A person's keyring: GNOME Keyring on the bus of their session, in their own home.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use xtask::process::Process;
use zbus::blocking::Connection;
use zbus::zvariant::OwnedObjectPath;

use crate::eyes::services_of;

/// Runs for as long as the person sits there.
pub(crate) struct Keyring {
    _daemon: Process,
}

impl Keyring {
    /// Opens the keyring of this home, made at the first time, as a desktop does when its person signs in.
    pub(crate) fn unlock(home: &Path, bus: &str) -> Self {
        let password = home.join("keyring-password");
        fs::write(&password, "of the desktop").expect("a file");
        let mut command = Command::new("sh");
        let script = "exec gnome-keyring-daemon --foreground --unlock --components=secrets <\"$0\"";
        command.args(["-c", script]).arg(password).env("HOME", home).env("XDG_RUNTIME_DIR", home);
        command.env_remove("XDG_DATA_HOME").env("DBUS_SESSION_BUS_ADDRESS", bus);
        Self { _daemon: Process::spawn("gnome-keyring-daemon", &mut command, |_| {}).expect(NEEDED) }
    }
}

/// Whether it is there and not locked.
pub(crate) fn is_open(session: &Connection) -> bool {
    let has_owner = session.call_method(
        Some("org.freedesktop.DBus"),
        "/org/freedesktop/DBus",
        Some("org.freedesktop.DBus"),
        "NameHasOwner",
        &SERVICE,
    );
    // Asked otherwise, the bus would start another one that is locked.
    if !has_owner.and_then(|answer| answer.body().deserialize()).unwrap_or(false) {
        return false;
    }
    let Ok(answer) = session.call_method(
        Some(SERVICE),
        collection(session).as_str(),
        Some("org.freedesktop.DBus.Properties"),
        "Get",
        &("org.freedesktop.Secret.Collection", "Locked"),
    ) else {
        return false;
    };
    let locked: zbus::zvariant::OwnedValue = answer.body().deserialize().expect("an answer");
    !bool::try_from(locked).expect("yes or no")
}

/// Locks the keyring in which new things are kept.
pub(crate) fn lock(session: &Connection) {
    let all = vec![collection(session)];
    let locked = session.call_method(Some(SERVICE), PATH, Some(INTERFACE), "Lock", &all);
    locked.expect("a keyring that can be locked");
    assert!(!is_open(session));
}

fn collection(session: &Connection) -> OwnedObjectPath {
    let answer = session.call_method(Some(SERVICE), PATH, Some(INTERFACE), "ReadAlias", &"default").expect(NEEDED);
    answer.body().deserialize().expect("a path")
}

/// Who would be asked for a password in this home writes it down instead. Before the session's bus is asked for anything.
pub(crate) fn watch_for_questions(home: &Path) {
    let services = services_of(home);
    fs::create_dir_all(&services).expect("a folder");
    let service = format!("[D-BUS Service]\nName={PROMPTER}\nExec=/usr/bin/touch {}\n", asked(home).display());
    fs::write(services.join(format!("{PROMPTER}.service")), service).expect("a file");
}

/// Whether the desktop has tried to ask.
pub(crate) fn has_asked(home: &Path) -> bool {
    asked(home).exists()
}

fn asked(home: &Path) -> PathBuf {
    home.join("asked-for-a-password")
}

const SERVICE: &str = "org.freedesktop.secrets";
const PATH: &str = "/org/freedesktop/secrets";
const INTERFACE: &str = "org.freedesktop.Secret.Service";
/// GNOME's window that asks for passwords is started by this name.
const PROMPTER: &str = "org.gnome.keyring.SystemPrompter";
/// What a failing test says where it is not installed.
const NEEDED: &str = "this test needs GNOME Keyring: install the package gnome-keyring and run it again";
