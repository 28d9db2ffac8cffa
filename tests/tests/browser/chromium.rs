//! Chromium: where it is, and running it without a window.

use std::fs;
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
        let stderr = log.try_clone().expect("the log can be written by two");
        let process = Command::new(&program)
            .args(xtask::chromium::flags(&folder.path().join("profile"), &footage.film(), &footage.sound()))
            // The call must work on a machine without a network.
            .args(["--allow-loopback-in-peer-connection", "--mute-audio"])
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

const LOG: &str = "chromium.log";
