//! The words with which a Chromium is started that nobody looks at: it talks to nobody but the other end of a call, and files
//! are its camera and its microphone.

use std::ffi::OsString;
use std::path::Path;

use crate::setup;

/// What both the tests of the product's calls with a browser and the browsers that it is measured against are started with.
pub fn flags(profile: &Path, film: &Path, voice: &Path) -> Vec<OsString> {
    let with_path = |flag: &str, path: &Path| {
        let mut word = OsString::from(flag);
        word.push(path);
        word
    };
    let mut flags: Vec<OsString> = FLAGS.map(OsString::from).into();
    if setup::is_root() {
        // It refuses to run as root with its sandbox.
        flags.push("--no-sandbox".into());
    }
    flags.push(with_path("--user-data-dir=", profile));
    flags.push(with_path("--use-file-for-fake-video-capture=", film));
    flags.push(with_path("--use-file-for-fake-audio-capture=", voice));
    flags
}

const FLAGS: [&str; 16] = [
    "--headless=new",
    "--disable-gpu",
    // Containers have little shared memory.
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--no-default-browser-check",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-extensions",
    "--disable-sync",
    "--no-proxy-server",
    // Nobody has to allow the camera and the microphone.
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
    "--autoplay-policy=no-user-gesture-required",
    "--disable-background-timer-throttling",
];
