//! A camera for a program on a machine that has none.
//!
//! A library that is put in front of the system's answers for `/dev/video0` in the place of the kernel, so that the real
//! camera code runs from end to end. It shows a dark picture with one bright quarter, which moves on by one with each
//! picture.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// What the camera is like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// As most are: 1920×1080 and 1280×720 compressed and 640×480 raw (YUYV), all at 30 pictures a second.
    Usual,
    /// 640×480 raw (YUYV) at 30.
    Uncompressed,
    /// 640×480 raw (YUYV) at 30, with unused bytes behind each row.
    Padded,
    /// 1280×720 raw in planes (NV12) at 30.
    Planes,
    /// 1280×720 compressed at 30000/1001, as analogue converters give.
    Ntsc,
    /// 1280×720 compressed at 15000/1001.
    HalfNtsc,
    /// As usual, without the usual Huffman tables.
    Bare,
    /// 640×480 at 30 and 1280×720 at 120/2, both raw.
    Fast,
    /// As usual, but another program left it at 7.5 pictures a second.
    LeftSlow,
    /// As usual, but of three pictures one is torn and says so, and one is torn and does not.
    Torn,
    /// As usual, but there is room on the bus only for its smallest pictures.
    NarrowBus,
    /// Raw from 320×240 to 1280×960 in steps of 16, at any rate from 1 to 60.
    Steps,
    /// No camera, but something that compresses films and calls itself a video device.
    Codec,
    /// Another program has it.
    Busy,
    /// Can be opened, but another program has its pictures.
    Taken,
    /// The system does not let us.
    Forbidden,
    /// Gone by the time when it is opened.
    Missing,
}

impl Kind {
    /// The word of `fake_camera.c` for it.
    fn word(self) -> &'static str {
        match self {
            Self::Usual => "mjpeg",
            Self::Uncompressed => "yuyv",
            Self::Padded => "wide",
            Self::Planes => "nv12",
            Self::Ntsc => "ntsc",
            Self::HalfNtsc => "film",
            Self::Bare => "bare",
            Self::Fast => "mixed",
            Self::LeftSlow => "left",
            Self::Torn => "torn",
            Self::NarrowBus => "narrow",
            Self::Steps => "steps",
            Self::Codec => "codec",
            Self::Busy => "busy",
            Self::Taken => "taken",
            Self::Forbidden => "forbidden",
            Self::Missing => "none",
        }
    }
}

/// What becomes of the camera.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It goes on.
    Runs,
    /// After so many pictures since it was opened it gives no more, but stays.
    Stalls(u32),
    /// The same, but it goes on when it is opened anew.
    Hiccups(u32),
    /// After so many pictures it is pulled out.
    Unplugged(u32),
    /// Another camera is there instead from the next time on that it is opened.
    Replaced(Kind),
}

/// A camera that programs which are started with its [`environment`](Self::environment) have. Each of them has one of its
/// own: two do not get into each other's way.
#[derive(Debug)]
pub struct FakeCamera {
    kind: Kind,
    folder: TempDir,
}

impl FakeCamera {
    /// Plugs one in, which the kernel lists as [`NAME`].
    ///
    /// # Panics
    /// There is no C compiler.
    pub fn plug_in(kind: Kind) -> Self {
        let camera = Self::unlisted(kind);
        camera.list();
        camera
    }

    /// The same, where the kernel's list does not say so (a container without /sys).
    ///
    /// # Panics
    /// There is no C compiler.
    pub fn unlisted(kind: Kind) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        compile(folder.path());
        fs::create_dir(folder.path().join(LIST)).expect("a folder");
        let camera = Self { kind, folder };
        camera.meets(Fate::Runs);
        camera
    }

    /// What to set in the environment of a program, with [`Command::envs`].
    pub fn environment(&self) -> [(&'static str, OsString); 4] {
        let path = |name| self.folder.path().join(name).into_os_string();
        [
            ("LD_PRELOAD", path(LIBRARY)),
            ("FAKE_CAMERA", self.kind.word().into()),
            ("FAKE_CAMERA_FATE", path(FATE)),
            ("FAKE_CAMERA_LIST", path(LIST)),
        ]
    }

    /// Decides what becomes of it, in the programs that run as well.
    ///
    /// # Panics
    /// The temporary folder is gone.
    pub fn meets(&self, fate: Fate) {
        decide(fate, &self.folder.path().join(FATE));
    }

    /// Pulls it out, at once.
    ///
    /// # Panics
    /// The temporary folder is gone.
    pub fn unplug(&self) {
        self.meets(Fate::Unplugged(0));
        for (node, _) in NODES {
            let _ = fs::remove_dir_all(self.folder.path().join(LIST).join(node));
        }
    }

    /// Plugs it in again.
    ///
    /// # Panics
    /// It is plugged in.
    pub fn replug(&self) {
        self.list();
        self.meets(Fate::Runs);
    }

    fn list(&self) {
        for (node, index) in NODES {
            let node = self.folder.path().join(LIST).join(node);
            fs::create_dir(&node).expect("a folder");
            fs::write(node.join("index"), index).expect("a file");
            fs::write(node.join("name"), format!("{NAME}\n")).expect("a file");
        }
    }
}

/// Runs `story` in a process that has this camera. `test` is the name of the calling test: a library can only be put in
/// front of the system's at a program's start, so this test's program is started once more, for this one test.
///
/// # Panics
/// The story fails.
pub fn with_camera(test: &str, camera: impl FnOnce() -> FakeCamera, story: impl FnOnce()) {
    if env::var_os("FAKE_CAMERA").is_some() {
        return story();
    }
    let camera = camera();
    let mut process = Command::new(env::current_exe().expect("this program"))
        .args(["--exact", test, "--nocapture"])
        .envs(camera.environment())
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
            panic!("the program hangs with a camera that is {:?}", camera.kind);
        }
        thread::sleep(Duration::from_millis(20));
    };
    assert!(status.success(), "with a camera that is {:?}: {status}; its words are above", camera.kind);
}

/// Decides what becomes of the camera of the process that [`with_camera`] has started.
///
/// # Panics
/// There is none.
pub fn meets(fate: Fate) {
    decide(fate, Path::new(&env::var_os("FAKE_CAMERA_FATE").expect("a story that runs with a camera")));
}

fn decide(fate: Fate, path: &Path) {
    let words = match fate {
        Fate::Runs => "running 0".to_owned(),
        Fate::Stalls(pictures) => format!("stalled {pictures}"),
        Fate::Hiccups(pictures) => format!("hiccup {pictures}"),
        Fate::Unplugged(pictures) => format!("unplugged {pictures}"),
        Fate::Replaced(other) => format!("running 0 {}", other.word()),
    };
    // Put there whole: a program may read it at this moment.
    let folder = path.parent().expect("the camera's folder");
    let mut file = tempfile::NamedTempFile::new_in(folder).expect("a file");
    file.write_all(words.as_bytes()).expect("room");
    file.persist(path).expect("a file");
}

fn compile(folder: &Path) {
    let source = folder.join("fake_camera.c");
    fs::write(&source, include_str!("fake_camera/fake_camera.c")).expect("a file");
    let output = Command::new("cc")
        .args(["-shared", "-fPIC", "-O1", "-Wall", "-Werror", "-pthread", "-o"])
        .arg(folder.join(LIBRARY))
        .arg(source)
        .arg("-ldl")
        .output()
        .expect("this test needs a C compiler called cc: install gcc and run it again");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// What the kernel calls the camera.
pub const NAME: &str = "Fake Camera";

const LIBRARY: &str = "libfake_camera.so";
const FATE: &str = "fate";
const LIST: &str = "video4linux";

/// The kernel's nodes and their index: the second is for metadata, as every USB camera has one.
const NODES: [(&str, &str); 2] = [("video0", "0"), ("video1", "1")];

/// No story takes half as long.
const PATIENCE: Duration = Duration::from_secs(30);
