//! A PulseAudio server of the test's own: no sound hardware, no sound of the person at the machine.

use std::fs::{self, DirBuilder, File};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// A sound server with a loudspeaker `speaker` and a microphone `mic`, both the system's choice, killed when dropped.
///
/// Programs that are started with its [`environment`](Self::environment) use it; several may run side by side. What is
/// played can be recorded from the source `speaker.monitor`.
///
/// What is played on the sink `mic_feed` is spoken into `mic`; further devices are plugged in by name.
#[derive(Debug)]
pub struct SoundServer {
    process: Child,
    folder: TempDir,
}

impl SoundServer {
    /// Starts one.
    ///
    /// # Panics
    /// PulseAudio is not installed, or does not start.
    pub fn start() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        for name in ["run", "run/pulse", "state", "config"] {
            // The server refuses folders that others can read.
            DirBuilder::new().mode(0o700).create(folder.path().join(name)).expect("a folder");
        }
        fs::write(folder.path().join("script.pa"), script(folder.path())).expect("a script");
        let process = serve(folder.path());
        Self { process, folder }
    }

    /// What to set in the environment of a program, with [`Command::envs`].
    pub fn environment(&self) -> [(&'static str, PathBuf); 5] {
        environment(self.folder.path())
    }

    /// Speaks a WAV file into `mic`, once.
    ///
    /// # Panics
    /// PulseAudio's tools are not installed.
    pub fn speak(&self, wav: &Path) -> Child {
        let mut command = Command::new("paplay");
        command.envs(self.environment()).arg("--device=mic_feed").arg(wav);
        command.stdin(Stdio::null()).stdout(Stdio::null()).spawn().expect(NEEDED)
    }

    /// The server dies without a word.
    pub fn kill(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }

    /// It comes back, as the system's service manager would bring it.
    pub fn restart(&mut self) {
        self.kill();
        self.process = serve(self.folder.path());
    }

    /// Plugs a loudspeaker in; people call it by the same name.
    pub fn plug_in_speaker(&self, name: &str) -> Plug {
        self.plug_in_sink(name, "")
    }

    /// Plugs a loudspeaker in that says of what form it is: `headset`, `speaker`.
    pub fn plug_in_speaker_of_form(&self, name: &str, form: &str) -> Plug {
        self.plug_in_sink(name, &format!(" device.form_factor={form}"))
    }

    fn plug_in_sink(&self, name: &str, properties: &str) -> Plug {
        let properties = format!("sink_properties='device.description={name}{properties}'");
        self.load(&["module-null-sink", &format!("sink_name={name}"), "rate=48000", "channels=2", &properties])
    }

    /// Plugs a microphone in that hears what is played on a sink.
    pub fn plug_in_microphone(&self, name: &str, sink: &str) -> Plug {
        let (called, name, master) = (name, format!("source_name={name}"), format!("master={sink}.monitor"));
        let called = format!("source_properties=device.description={called}");
        self.load(&["module-remap-source", &name, &master, "channels=1", &called])
    }

    /// Whistles on a sink for ever.
    pub fn whistle(&self, sink: &str, hertz: u32) -> Plug {
        self.load(&["module-sine", &format!("sink={sink}"), &format!("frequency={hertz}"), "rate=48000"])
    }

    /// Lets what is played on one sink be heard on another.
    pub fn loop_back(&self, from: &str, to: &str) -> Plug {
        let (from, to) = (format!("source={from}.monitor"), format!("sink={to}"));
        self.load(&["module-loopback", &from, &to, "latency_msec=80"])
    }

    /// Pulls it out again.
    pub fn unplug(&self, plug: Plug) {
        self.control(&["unload-module", &plug.0]);
    }

    /// Another program opens the card of this microphone past the server, which lets go of it then.
    pub fn take_microphone(&self, name: &str) {
        self.control(&["suspend-source", name, "1"]);
    }

    /// And closes it again.
    pub fn give_microphone_back(&self, name: &str) {
        self.control(&["suspend-source", name, "0"]);
    }

    /// Pulls out `mic`, which was there from the beginning.
    pub fn unplug_the_usual_microphone(&self) {
        self.control(&["unload-module", "module-remap-source"]);
    }

    /// What the server would give to who asks for no device by name.
    pub fn default_microphone(&self) -> String {
        self.control(&["get-default-source"])
    }

    /// From now on the server gives this one to who asks for none by name.
    pub fn make_default_microphone(&self, name: &str) {
        self.control(&["set-default-source", name]);
    }

    /// The same for loudspeakers.
    pub fn make_default_speaker(&self, name: &str) {
        self.control(&["set-default-sink", name]);
    }

    fn load(&self, module: &[&str]) -> Plug {
        Plug(self.control(&[&["load-module"], module].concat()))
    }

    fn control(&self, arguments: &[&str]) -> String {
        let output = pactl(self.folder.path()).args(arguments).output().expect(NEEDED);
        assert!(output.status.success(), "pactl {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("words").trim().to_owned()
    }
}

impl Drop for SoundServer {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Something that was plugged in.
#[derive(Debug)]
pub struct Plug(String);

fn serve(folder: &Path) -> Child {
    let log = File::create(folder.join("log")).expect("a log");
    let mut process = Command::new("pulseaudio")
        .args(["-n", "--daemonize=no", "--exit-idle-time=-1", "--disallow-exit=1", "--use-pid-file=no"])
        .args(["--log-target=stderr", "--high-priority=no", "--realtime=no", "-F"])
        .arg(folder.join("script.pa"))
        .envs(environment(folder))
        .env("HOME", folder)
        .stdout(Stdio::null())
        .stderr(log)
        .spawn()
        .expect(NEEDED);
    let begin = Instant::now();
    while !pactl(folder).arg("info").output().expect(NEEDED).status.success() {
        let has_ended = process.try_wait().expect("a process").is_some();
        if has_ended || begin.elapsed() > START_TIMEOUT {
            let _ = process.kill();
            let log = fs::read_to_string(folder.join("log")).unwrap_or_default();
            panic!("the test's own PulseAudio server does not start; it says:\n{log}");
        }
        thread::sleep(Duration::from_millis(50));
    }
    process
}

fn pactl(folder: &Path) -> Command {
    let mut command = Command::new("pactl");
    command.envs(environment(folder)).env("LC_ALL", "C");
    command
}

fn environment(folder: &Path) -> [(&'static str, PathBuf); 5] {
    [
        ("XDG_RUNTIME_DIR", folder.join("run")),
        ("PULSE_RUNTIME_PATH", folder.join("run/pulse")),
        ("PULSE_STATE_PATH", folder.join("state")),
        ("PULSE_CONFIG_PATH", folder.join("config")),
        ("PULSE_SERVER", PathBuf::from(format!("unix:{}", folder.join("run/pulse/native").display()))),
    ]
}

fn script(folder: &Path) -> String {
    let socket = folder.join("run/pulse/native");
    format!(
        ".fail
load-module module-native-protocol-unix auth-anonymous=1 socket={}
load-module module-null-sink sink_name=speaker rate=48000 channels=2 sink_properties=device.description=speaker
load-module module-null-sink sink_name=mic_feed rate=48000 channels=1
load-module module-remap-source source_name=mic master=mic_feed.monitor channels=1 source_properties=device.description=mic
set-default-sink speaker
set-default-source mic
",
        socket.display()
    )
}

/// What a failing test says where the server is not installed.
const NEEDED: &str =
    "this test needs PulseAudio: install the packages pulseaudio and pulseaudio-utils and run it again";

/// It takes 0.2 s where nothing else runs.
const START_TIMEOUT: Duration = Duration::from_secs(10);
