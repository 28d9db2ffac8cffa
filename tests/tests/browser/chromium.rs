//! Chromium: where it is, and running it without a window.

use std::ffi::OsString;
use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

use crate::footage::Footage;

/// A Chromium that runs; dropping it ends it.
pub(crate) struct Chromium {
    process: Child,
    /// Profile and log.
    folder: TempDir,
}

impl Chromium {
    /// Opens `url`, with `footage` for its camera and microphone.
    pub(crate) fn start(url: &str, footage: &Footage) -> Self {
        let program = xtask::setup::browser().expect(xtask::setup::NO_BROWSER);
        let folder = tempfile::tempdir().expect("a temporary folder");
        let log = fs::File::create(folder.path().join(LOG)).expect("a log in the temporary folder");
        let with_path = |flag: &str, path: &Path| {
            let mut argument = OsString::from(flag);
            argument.push(path);
            argument
        };
        let mut command = Command::new(&program);
        command
            .args(FLAGS)
            .arg(with_path("--user-data-dir=", &folder.path().join("profile")))
            .arg(with_path("--use-file-for-fake-video-capture=", &footage.film()))
            .arg(with_path("--use-file-for-fake-audio-capture=", &footage.sound()));
        if belongs_to_root(folder.path()) {
            // Chromium refuses to run as root with its sandbox.
            command.arg("--no-sandbox");
        }
        let stderr = log.try_clone().expect("the log can be written by two");
        let process = command
            .arg(url)
            .stdin(Stdio::null())
            .stdout(log)
            .stderr(stderr)
            .spawn()
            .unwrap_or_else(|error| panic!("{} does not start: {error}", program.display()));
        Self { process, folder }
    }

    /// Ends it, and with it its children, in the middle of whatever they do.
    pub(crate) fn kill(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }

    /// The end of what it complained of.
    pub(crate) fn complaints(&self) -> String {
        let log = fs::read(self.folder.path().join(LOG)).unwrap_or_default();
        let log = String::from_utf8_lossy(&log);
        let lines: Vec<_> = log.lines().collect();
        lines[lines.len().saturating_sub(25)..].join("\n")
    }
}

impl Drop for Chromium {
    fn drop(&mut self) {
        self.kill();
    }
}

#[cfg(unix)]
fn belongs_to_root(folder: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    folder.metadata().is_ok_and(|metadata| metadata.uid() == 0)
}

#[cfg(not(unix))]
fn belongs_to_root(_: &Path) -> bool {
    false
}

const LOG: &str = "chromium.log";

const FLAGS: [&str; 18] = [
    "--headless=new",
    "--disable-gpu",
    // Containers have little shared memory.
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--no-default-browser-check",
    // It is to talk to nobody but the test.
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-extensions",
    "--disable-sync",
    "--no-proxy-server",
    // A camera and a microphone out of files, and nobody who would have to allow them.
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
    "--autoplay-policy=no-user-gesture-required",
    "--mute-audio",
    // The call must work on a machine without a network.
    "--allow-loopback-in-peer-connection",
    "--disable-background-timer-throttling",
];
