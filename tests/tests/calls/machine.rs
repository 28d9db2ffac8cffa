//! A machine of somebody of the staff: a home, a session's bus and GNOME Keyring on it. Programs that are started on it keep
//! their keys and their session there, as on a desktop.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;
use xtask::process::{Process, wait_until};

/// How long the bus may take to be there.
const START: Duration = Duration::from_secs(20);

/// Runs for as long as its person works.
pub(crate) struct Machine {
    address: String,
    // Before its home: the keyring goes with the bus.
    _bus: Process,
    home: TempDir,
}

impl Machine {
    /// Somebody signs in to the desktop: that opens the keyring.
    pub(crate) fn starts(name: &str) -> Self {
        let home = tempfile::Builder::new().prefix(&format!("housecall-{name}-")).tempdir().expect("a home");
        let mut command = Command::new("dbus-daemon");
        command.args(["--session", "--nofork", "--print-address=1"]);
        command.arg(format!("--address=unix:path={}", home.path().join("bus").display()));
        at_home(&mut command, home.path());
        let mut bus = Process::spawn("dbus-daemon", &mut command, |_| {}).expect(NEEDED);
        let is_ready = wait_until(START, || Ok(bus.stdout().contains("unix:") || !bus.is_running()));
        assert!(is_ready.expect("no Ctrl-C") && bus.is_running(), "dbus-daemon does not start: {}", bus.stderr());
        let address = bus.stdout().lines().next().expect("an address").to_owned();
        let machine = Self { address, _bus: bus, home };
        machine.opens_the_keyring();
        machine
    }

    /// With `--unlock` the daemon reads the password, and goes into the background once the keyring is open.
    fn opens_the_keyring(&self) {
        let mut command = Command::new("gnome-keyring-daemon");
        command.args(["--unlock", "--components=secrets"]).stdin(Stdio::piped()).stdout(Stdio::null());
        self.hands_to(&mut command);
        let mut daemon = command.spawn().expect(NEEDED);
        daemon.stdin.take().expect("a pipe").write_all(b"of the desktop").expect("a reader");
        assert!(daemon.wait().expect("an end").success(), "{NEEDED}");
    }

    /// The command is started on this machine.
    pub(crate) fn hands_to(&self, command: &mut Command) {
        at_home(command, self.home.path());
        command.env("DBUS_SESSION_BUS_ADDRESS", &self.address);
    }

    /// Everything that programs left in this home, as bytes.
    pub(crate) fn keeps(&self) -> Vec<(String, Vec<u8>)> {
        let mut found = Vec::new();
        let mut folders = vec![self.home.path().to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry")) {
                let kind = entry.file_type().expect("a kind");
                if kind.is_dir() {
                    folders.push(entry.path());
                } else if kind.is_file() {
                    found.push((entry.path().display().to_string(), fs::read(entry.path()).unwrap_or_default()));
                }
            }
        }
        found
    }
}

fn at_home(command: &mut Command, home: &Path) {
    command.env("HOME", home).env("XDG_RUNTIME_DIR", home).env("XDG_DATA_HOME", home.join("data"));
    command.env_remove("DBUS_SESSION_BUS_ADDRESS");
}

/// What a failing test says where it is not installed.
const NEEDED: &str = "this test needs D-Bus and GNOME Keyring: install dbus-daemon and gnome-keyring and run it again";
