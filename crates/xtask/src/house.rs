//! A clinic for an hour: a server with one clinician's account in a folder of its own, and the two ends of a visit.

use std::ffi::OsString;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};

use crate::process::{Process, wait_until};
use crate::programs::Programs;
use crate::report::Report;

/// How long a server may take to say `ready`: it makes a key and a database at its first start, on a busy machine.
const SERVER_START: Duration = Duration::from_secs(30);

/// How long a host may take to sign in (a slow password hash on purpose) and to write the link.
const INVITE: Duration = Duration::from_secs(30);

/// The name of the one account.
pub const CLINICIAN: &str = "lee";

/// Where a program is started: on this machine, or in a host of the link laboratory.
#[derive(Debug, Clone, Default)]
pub struct Place {
    /// The words that come before the program.
    pub prefix: Vec<OsString>,
}

impl Place {
    /// A command that starts the program here.
    #[must_use]
    pub fn command(&self, program: &Path) -> Command {
        let mut words = self.prefix.iter().cloned().chain([program.as_os_str().to_owned()]);
        let mut command = Command::new(words.next().unwrap_or_default());
        command.args(words);
        command
    }
}

/// A running `housecall-server`.
#[derive(Debug)]
pub struct Server {
    /// The program.
    pub process: Process,
    /// `https://HOST:PORT`.
    pub url: String,
    /// `sha256:…`, of its certificate.
    pub pin: String,
}

impl Server {
    /// Starts a server and waits until it is ready.
    pub fn start(programs: &Programs, place: &Place, data: &Path, listen: &str) -> Result<Self> {
        Self::start_with(programs, place, data, listen, &[])
    }

    /// Likewise, with further words for it.
    pub fn start_with(programs: &Programs, place: &Place, data: &Path, listen: &str, more: &[&str]) -> Result<Self> {
        let mut command = place.command(&programs.server);
        command.arg("serve").arg("--data").arg(data).args(["--listen", listen]).args(more);
        let mut process = Process::spawn("housecall-server", &mut command, |_| {})?;
        let mut ready = None;
        wait_until(SERVER_START, || {
            ready = ready_line(&process.stdout());
            Ok(ready.is_some() || !process.is_running())
        })?;
        match ready {
            Some((url, pin)) => Ok(Self { process, url, pin }),
            None => bail!("housecall-server did not get ready: {}", process.stderr().trim()),
        }
    }
}

/// The address and the pin in `ready https://HOST:PORT sha256:…`.
fn ready_line(stdout: &str) -> Option<(String, String)> {
    // A line without its end may still grow.
    let whole = &stdout[..=stdout.rfind('\n')?];
    whole.lines().find_map(|line| {
        let (url, pin) = line.strip_prefix("ready ")?.split_once(' ')?;
        (url.starts_with("https://") && pin.starts_with("sha256:")).then(|| (url.to_owned(), pin.to_owned()))
    })
}

/// What one end of a visit is given.
#[derive(Debug, Clone)]
pub struct Options {
    /// `--camera`.
    pub camera: String,
    /// `--microphone`.
    pub microphone: String,
    /// Seconds of live call before this end hangs up.
    pub duration_secs: u32,
    /// Seconds to wait for a call to become live.
    pub give_up_secs: u32,
    /// Further words.
    pub more: Vec<OsString>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            camera: "pattern".into(),
            microphone: "tone".into(),
            duration_secs: 10,
            give_up_secs: 30,
            more: Vec::new(),
        }
    }
}

/// What one end of a visit in a window is given: sources as `docs/windows.md` calls them.
#[derive(Debug, Clone)]
pub struct WindowOptions {
    /// `--camera`.
    pub camera: String,
    /// `--microphone`.
    pub microphone: &'static str,
    /// `--speaker device`; else what would be heard is written down, and nothing sounds.
    pub has_loudspeaker: bool,
    /// Seconds of live call before this end hangs up.
    pub duration_secs: u32,
}

/// One running end of a visit and the files that it writes.
#[derive(Debug)]
pub struct End {
    /// The program.
    pub process: Process,
    files: EndFiles,
}

impl End {
    /// The report it wrote.
    pub fn report(&self) -> Result<Report> {
        Report::read(&self.files.report)
            .with_context(|| format!("no report; it said: {}", self.process.stderr().trim()))
    }

    /// Where it writes.
    #[must_use]
    pub fn files(&self) -> &EndFiles {
        &self.files
    }
}

/// What one end writes.
#[derive(Debug, Clone)]
pub struct EndFiles {
    /// What it saw.
    pub screen: PathBuf,
    /// What it heard.
    pub speaker: PathBuf,
    /// How it was.
    pub report: PathBuf,
}

impl EndFiles {
    /// The files of the end of this name in the folder.
    #[must_use]
    pub fn new(folder: &Path, name: &str) -> Self {
        let file = |end: &str| folder.join(format!("{name}-{end}"));
        Self { screen: file("saw.y4m"), speaker: file("heard.wav"), report: file("report.json") }
    }
}

/// The server, the account, and the folder where all of it lies.
#[derive(Debug)]
pub struct House {
    /// The programs in use.
    pub programs: Programs,
    /// The server.
    pub server: Server,
    folder: PathBuf,
}

impl House {
    /// Starts a server with one account in the folder.
    pub fn open(programs: &Programs, folder: &Path, place: &Place, listen: &str) -> Result<Self> {
        Self::open_with(programs, folder, place, listen, &[])
    }

    /// Likewise, with further words for the server.
    pub fn open_with(programs: &Programs, folder: &Path, place: &Place, listen: &str, more: &[&str]) -> Result<Self> {
        fs::create_dir_all(folder)?;
        let data = folder.join("server");
        let server = Server::start_with(programs, place, &data, listen, more)?;
        let password = generated_password()?;
        add_account(programs, &data, CLINICIAN, "clinician", &password, &totp_file(folder, CLINICIAN))?;
        fs::write(folder.join("password"), password)?;
        Ok(Self { programs: programs.clone(), server, folder: folder.to_owned() })
    }

    /// Makes a further account, with the same password.
    pub fn add_account(&self, name: &str, role: &str) -> Result<()> {
        let password = fs::read_to_string(self.folder.join("password"))?;
        let totp = totp_file(&self.folder, name);
        add_account(&self.programs, &self.folder.join("server"), name, role, &password, &totp)
    }

    /// The file with the secret of an account's second factor.
    #[must_use]
    pub fn totp_file(&self, name: &str) -> PathBuf {
        totp_file(&self.folder, name)
    }

    /// The clinician's end as a command, for tests that change it before it starts. `link` is where it writes the link.
    #[must_use]
    pub fn host_command(&self, place: &Place, options: &Options, admit_after: &str) -> Command {
        let mut command = place.command(&self.programs.app);
        command.args(["headless", "host", "--server", &self.server.url, "--pin", &self.server.pin]);
        command.args(["--user", CLINICIAN, "--admit-after", admit_after]);
        command.arg("--password-file").arg(self.folder.join("password"));
        command.arg("--totp-file").arg(self.totp_file(CLINICIAN));
        command.arg("--invite-out").arg(self.link_file());
        self.add_common(&mut command, options, "clinician");
        command
    }

    /// The patient's end as a command.
    #[must_use]
    pub fn join_command(&self, place: &Place, options: &Options) -> Command {
        let mut command = place.command(&self.programs.app);
        command.args(["headless", "join"]).arg("--link-file").arg(self.link_file());
        self.add_common(&mut command, options, "patient");
        command
    }

    fn add_common(&self, command: &mut Command, options: &Options, name: &str) {
        let files = EndFiles::new(&self.folder, name);
        command.args(["--camera", &options.camera, "--microphone", &options.microphone]);
        command.arg("--speaker").arg(to_file(&files.speaker));
        command.arg("--screen").arg(to_file(&files.screen));
        command.args(["--duration", &format!("{}s", options.duration_secs)]);
        command.args(["--give-up", &format!("{}s", options.give_up_secs)]);
        command.arg("--report").arg(&files.report);
        command.args(&options.more);
    }

    /// The clinician's end in a window that needs no click.
    #[must_use]
    pub fn host_window_command(&self, options: &WindowOptions) -> Command {
        let mut command = Command::new(&self.programs.app);
        command.args(["--server", &self.server.url, "--pin", &self.server.pin, "--user", CLINICIAN]);
        command.arg("--password-file").arg(self.folder.join("password"));
        command.arg("--totp-file").arg(self.totp_file(CLINICIAN));
        command.arg("--identity").arg(self.folder.join("identity"));
        command.arg("--known-file").arg(self.folder.join("clinician-known"));
        command.arg("--invite-out").arg(self.link_file()).args(["--admit-after", "1s"]);
        self.add_common_of_windows(&mut command, options, "clinician");
        command
    }

    /// The patient's end in a window that needs no click. The link must be there.
    pub fn join_window_command(&self, options: &WindowOptions) -> Result<Command> {
        let link = fs::read_to_string(self.link_file()).context("the clinician has written no link yet")?;
        let mut command = Command::new(&self.programs.app);
        command.arg(link.trim()).args(["--join-after", "3s"]);
        command.arg("--known-file").arg(self.folder.join("patient-known"));
        command.arg("--device-key-file").arg(self.folder.join("patient-device"));
        self.add_common_of_windows(&mut command, options, "patient");
        Ok(command)
    }

    fn add_common_of_windows(&self, command: &mut Command, options: &WindowOptions, name: &str) {
        let files = EndFiles::new(&self.folder, name);
        let speaker = if options.has_loudspeaker { "device".into() } else { to_file(&files.speaker) };
        command.args(["--camera", &options.camera, "--microphone", options.microphone, "--speaker"]).arg(speaker);
        command.args(["--duration", &format!("{}s", options.duration_secs)]).arg("--report").arg(files.report);
    }

    /// Starts the clinician's end and waits until its link is there.
    pub fn host(
        &self,
        place: &Place,
        options: &Options,
        admit_after: &str,
        heard: impl Fn(&str) + Clone + Send + 'static,
    ) -> Result<End> {
        self.start_host(&mut self.host_command(place, options, admit_after), heard)
    }

    /// Starts the clinician's end by this command and waits until its link is there.
    pub fn start_host(&self, command: &mut Command, heard: impl Fn(&str) + Clone + Send + 'static) -> Result<End> {
        let mut process = Process::spawn("the clinician's end", command, heard)?;
        let link = self.link_file();
        let written = || fs::read_to_string(&link).is_ok_and(|text| text.contains("/j/") && text.contains('#'));
        wait_until(INVITE, || Ok(written() || !process.is_running()))?;
        ensure!(written(), "the clinician's end wrote no link: {}", process.stderr().trim());
        Ok(End { process, files: EndFiles::new(&self.folder, "clinician") })
    }

    /// Starts the patient's end.
    pub fn join(&self, place: &Place, options: &Options, heard: impl Fn(&str) + Clone + Send + 'static) -> Result<End> {
        self.start_guest(&mut self.join_command(place, options), heard)
    }

    /// Starts the patient's end by this command.
    pub fn start_guest(&self, command: &mut Command, heard: impl Fn(&str) + Clone + Send + 'static) -> Result<End> {
        let process = Process::spawn("the patient's end", command, heard)?;
        Ok(End { process, files: EndFiles::new(&self.folder, "patient") })
    }

    /// Where the host writes the link and the patient reads it.
    #[must_use]
    pub fn link_file(&self) -> PathBuf {
        self.folder.join("link")
    }

    /// Where everything lies.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }
}

/// `file:PATH`, as the programs take it.
fn to_file(path: &Path) -> OsString {
    let mut word = OsString::from("file:");
    word.push(path);
    word
}

fn totp_file(folder: &Path, name: &str) -> PathBuf {
    folder.join(format!("totp-{name}"))
}

fn add_account(
    programs: &Programs,
    data: &Path,
    name: &str,
    role: &str,
    password: &str,
    totp_out: &Path,
) -> Result<()> {
    let mut child = Command::new(&programs.server)
        .args(["user", "add", name, "--role", role, "--data"])
        .arg(data)
        .arg("--totp-out")
        .arg(totp_out)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .context("housecall-server could not be started")?;
    if let Some(mut stdin) = child.stdin.take() {
        writeln!(stdin, "{password}")?;
    }
    let output = child.wait_with_output()?;
    ensure!(output.status.success(), "the account was not made: {}", String::from_utf8_lossy(&output.stderr).trim());
    Ok(())
}

/// 128 bits from the system, in hexadecimal.
fn generated_password() -> Result<String> {
    let mut bytes = [0_u8; 16];
    getrandom::fill(&mut bytes).map_err(|error| anyhow::anyhow!("the system gives no randomness: {error}"))?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ready_line_is_read_once_it_is_whole() {
        assert_eq!(ready_line("ready https://127.0.0.1:4433 sha256:abc"), None);
        assert_eq!(
            ready_line("hello\nready https://127.0.0.1:4433 sha256:abc\n"),
            Some(("https://127.0.0.1:4433".into(), "sha256:abc".into()))
        );
        assert_eq!(ready_line("ready http://127.0.0.1:80 sha256:abc\n"), None);
    }

    #[test]
    fn two_passwords_are_not_the_same() {
        assert_ne!(generated_password().unwrap(), generated_password().unwrap());
    }

    #[test]
    fn a_place_comes_before_the_program() {
        let place = Place { prefix: vec!["lab".into(), "A".into()] };
        let command = place.command(Path::new("/bin/x"));
        assert_eq!(command.get_program(), "lab");
        assert_eq!(command.get_args().collect::<Vec<_>>(), ["A", "/bin/x"]);
    }
}
