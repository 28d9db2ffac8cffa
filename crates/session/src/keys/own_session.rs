//! A desktop session for a test: a D-Bus of its own with an unlocked GNOME Keyring, in an empty home.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Set in the process that runs inside of the session.
const INSIDE: &str = "HOUSECALL_TEST_SECRET_SERVICE";
/// GNOME's own window that asks for passwords is started by this name.
const PROMPTER: &str = "org.gnome.keyring.SystemPrompter";

/// Runs this test, by its whole name, again inside of a session. `true` there, and `false` outside, once it has passed.
pub(super) fn is_inside_or_runs(test: &str) -> bool {
    if env::var_os(INSIDE).is_some() {
        return true;
    }
    let home = tempfile::tempdir().unwrap();
    write_prompter(home.path());
    let script = "printf test | gnome-keyring-daemon --unlock --components=secrets >/dev/null && exec \"$0\" \"$@\"";
    let output = Command::new("dbus-run-session")
        .args(["--", "sh", "-c", script])
        .arg(env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture"])
        .env(INSIDE, "1")
        .env("HOME", home.path())
        .env("XDG_RUNTIME_DIR", home.path())
        .env("XDG_DATA_HOME", data_of(home.path()))
        .env_remove("DBUS_SESSION_BUS_ADDRESS")
        .output()
        .expect("dbus-run-session; `cargo xtask test` installs it and gnome-keyring");
    let said = [output.stdout, output.stderr].concat();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&said));
    assert!(String::from_utf8_lossy(&said).contains("1 passed"), "nothing was run");
    false
}

/// Whether the keyring has tried to ask the person for anything in this session.
pub(super) fn was_anybody_asked() -> bool {
    asked_at(Path::new(&env::var_os("HOME").unwrap())).exists()
}

/// Where the session's bus looks for services before it looks into the system's folders.
fn data_of(home: &Path) -> PathBuf {
    home.join("data")
}

fn asked_at(home: &Path) -> PathBuf {
    home.join("asked")
}

/// Who is asked writes it down, and is gone.
fn write_prompter(home: &Path) {
    let services = data_of(home).join("dbus-1/services");
    fs::create_dir_all(&services).unwrap();
    let service = format!("[D-BUS Service]\nName={PROMPTER}\nExec=/usr/bin/touch {}\n", asked_at(home).display());
    fs::write(services.join(format!("{PROMPTER}.service")), service).unwrap();
}
