//! Runs a story in a process that has a camera though the machine has none.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// What camera is plugged in: the words of `fake_camera.c`.
pub struct Plugged {
    pub kind: &'static str,
    /// After how many pictures it stalls or is unplugged.
    pub frames: u32,
    /// Whether the kernel lists it.
    pub is_listed: bool,
}

impl Plugged {
    pub fn a(kind: &'static str) -> Self {
        Self { kind, frames: 0, is_listed: true }
    }
}

/// Runs `story` with that camera. `test` is the name of the calling test: a library can only be put in front of the
/// system's at a program's start, so this test's program is started once more, for this one test.
pub fn with_camera(test: &str, camera: &Plugged, story: fn()) {
    if env::var_os("FAKE_CAMERA").is_some() {
        return story();
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    let library = compile(folder.path());
    let list = folder.path().join("video4linux");
    fs::create_dir(&list).expect("a folder");
    // A second node for metadata, as every USB camera has one.
    for (node, index) in [("video0", "0"), ("video1", "1")].into_iter().filter(|_| camera.is_listed) {
        fs::create_dir(list.join(node)).expect("a folder");
        fs::write(list.join(node).join("index"), index).expect("a file");
        fs::write(list.join(node).join("name"), "Fake Camera\n").expect("a file");
    }
    let mut process = Command::new(env::current_exe().expect("this program"))
        .args(["--exact", test, "--nocapture"])
        .env("LD_PRELOAD", library)
        .env("FAKE_CAMERA", camera.kind)
        .env("FAKE_CAMERA_FRAMES", camera.frames.to_string())
        .env("FAKE_CAMERA_LIST", list)
        .stdin(Stdio::null())
        .spawn()
        .expect("this program, once more");
    let begin = Instant::now();
    let status = loop {
        if let Some(status) = process.try_wait().expect("a process") {
            break status;
        }
        if begin.elapsed() > PATIENCE {
            let _ = process.kill();
            let _ = process.wait();
            panic!("the program hangs with a camera that is {}", camera.kind);
        }
        thread::sleep(Duration::from_millis(20));
    };
    assert!(status.success(), "with a camera that is {}: {status}; its words are above", camera.kind);
}

fn compile(folder: &Path) -> PathBuf {
    let library = folder.join("libfake_camera.so");
    let output = Command::new("cc")
        .args(["-shared", "-fPIC", "-O1", "-Wall", "-Werror", "-o"])
        .arg(&library)
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/fake_camera/fake_camera.c"))
        .arg("-ldl")
        .output()
        .expect("this test needs a C compiler called cc: install gcc and run it again");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    library
}

/// No story takes half as long.
const PATIENCE: Duration = Duration::from_secs(15);
