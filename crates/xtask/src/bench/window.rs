//! `cargo xtask bench window`: what a window costs: to open, while nothing happens, and in a call.
//!
//! On a display that nobody looks at, drawn by the processor: a graphics card would take most of the drawing away.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use anyhow::{Context as _, Result, anyhow, ensure};
use totp_rs::{Builder, Secret};

use super::usage::cpu_secs;
use crate::display::Display;
use crate::house::{CLINICIAN, House, Options, Place, WindowOptions};
use crate::process::{Process, wait_until};
use crate::programs::Programs;
use crate::publish::{commit, publish};
use crate::report::Report;
use crate::say::say;
use crate::workspace::Workspace;
use crate::{interrupt, setup};

/// What `bench window` is told.
#[derive(Debug, clap::Args)]
pub struct WindowArguments {
    /// Seconds that an idle window is watched, and that the call lasts.
    #[arg(long, default_value_t = 30)]
    seconds: u32,
    /// How often a window is opened to see how long that takes.
    #[arg(long, default_value_t = 20)]
    openings: usize,
    /// Write the table elsewhere than docs/bench/window.md.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// How long anything but the measurement itself may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// After this long nothing of the opening goes on any more.
const SETTLED: Duration = Duration::from_secs(3);

/// What the program writes into its log when the first frame is on the display.
const FIRST_FRAME: &str = "first frame after ";

/// And when the call was on the display, and when it is not any more.
const CALL_BEGINS: &str = "the call is shown";
const CALL_ENDS: &str = "the call is shown no more";

/// Measures and writes the table.
pub fn window(workspace: &Workspace, arguments: &WindowArguments) -> Result<()> {
    interrupt::listen();
    setup::run()?;
    setup::for_windows_without_display()?;
    setup::packages(&["xdotool"], "to sign in as a person would")?;
    setup::packages(&["ffmpeg"], "to make a large picture")?;
    let commit = commit(workspace);
    let programs = Programs::to_measure(workspace)?;
    let folder = tempfile::Builder::new().prefix("bench-window-").tempdir_in(&workspace.target)?;
    let bench = Bench { display: Display::start(2 * LARGE.0, LARGE.1)?, programs, folder: folder.path().to_owned() };
    let figures = bench.measure(arguments)?;
    let text = figures.markdown();
    let out = arguments.out.clone().unwrap_or_else(|| workspace.root.join("docs/bench/window.md"));
    say(&text);
    publish(&out, &page(&text, arguments), &commit)
}

/// The windows of the call with large pictures, which are as wide as these.
const LARGE: (u32, u32) = (1280, 860);
/// A second of the large pictures, again and again.
const LARGE_PICTURES: &str = "testsrc2=size=1280x720:rate=30:duration=1";

struct Bench {
    display: Display,
    programs: Programs,
    folder: PathBuf,
}

impl Bench {
    fn measure(&self, arguments: &WindowArguments) -> Result<Figures> {
        say("▸ opening windows");
        let openings = (0..arguments.openings).map(|_| self.open_once()).collect::<Result<Vec<_>>>()?;
        let span = Duration::from_secs(arguments.seconds.into());
        say("▸ an idle window at its start");
        let mut start = self.window(&[])?;
        let idle_start = idle(&mut start, span)?;
        drop(start);
        say("▸ an idle window at the clinician's desk");
        let house = House::open(&self.programs, &self.folder.join("desk"), &Place::default(), "127.0.0.1:0")?;
        let mut desk = self.desk(&house)?;
        let idle_desk = idle(&mut desk, span)?;
        drop(desk);
        say("▸ calls in two windows, and without");
        let small = self.call(&house, "pattern", arguments.seconds)?;
        let large = self.call(&house, &self.large_pictures()?, arguments.seconds)?;
        Ok(Figures { openings, idle_start, idle_desk, calls: [small, large] })
    }

    /// Milliseconds from the start of the process to its word that the first frame is shown, as heard from outside.
    fn open_once(&self) -> Result<f64> {
        let begin = Instant::now();
        let _process = self.window(&[])?;
        Ok(begin.elapsed().as_secs_f64() * 1e3)
    }

    /// A window that has drawn its first frame.
    fn window(&self, words: &[&str]) -> Result<Process> {
        let mut command = Command::new(&self.programs.app);
        command.args(words).env("HOUSECALL_LOG", "warn,housecall=debug,session=debug").env("NO_COLOR", "1");
        self.hand_to(&mut command);
        let mut process = Process::spawn("housecall", &mut command, |_| {})?;
        let is_there = wait_until(PATIENCE, || Ok(process.stderr().contains(FIRST_FRAME) || !process.is_running()))?;
        ensure!(is_there && process.is_running(), "no window: {}", process.stderr().trim());
        Ok(process)
    }

    /// A window at the desk: the password is typed, since words on the command line would begin a visit at once.
    fn desk(&self, house: &House) -> Result<Process> {
        let server = &house.server;
        let identity = house.folder().join("identity");
        let identity = identity.to_str().context("the folder's name is no text")?;
        let account = ["--server", &server.url, "--pin", &server.pin, "--user", CLINICIAN, "--identity", identity];
        let process = self.window(&account)?;
        let keys = |words: &[&str], file: Option<PathBuf>| -> Result<()> {
            let mut command = Command::new("xdotool");
            command.args(words).args(file);
            self.hand_to(&mut command);
            let output = command.output().context("xdotool could not be started")?;
            ensure!(output.status.success(), "xdotool: {}", String::from_utf8_lossy(&output.stderr).trim());
            Ok(())
        };
        keys(&["search", "--sync", "--onlyvisible", "--name", "Housecall", "windowfocus", "--sync"], None)?;
        rest(Duration::from_secs(1))?;
        keys(&["type", "--file"], Some(house.folder().join("password")))?;
        let digits = self.folder.join("digits");
        fs::write(&digits, digits_now(&fs::read_to_string(house.totp_file(CLINICIAN))?)?)?;
        keys(&["key", "Tab"], None)?;
        keys(&["type", "--file"], Some(digits))?;
        keys(&["key", "Return"], None)?;
        let signed_in = wait_until(PATIENCE, || Ok(process.stderr().contains(SIGNED_IN)))?;
        ensure!(signed_in, "the clinician did not sign in: {}", process.stderr().trim());
        Ok(process)
    }

    /// Pictures of 1280×720, and settings by which a window opens large enough for all of one.
    fn large_pictures(&self) -> Result<String> {
        let film = self.folder.join("large.y4m");
        let mut ffmpeg = Command::new("ffmpeg");
        ffmpeg.args(["-v", "error", "-y", "-f", "lavfi", "-i", LARGE_PICTURES, "-pix_fmt", "yuv420p"]).arg(&film);
        crate::cargo::run(&mut ffmpeg)?;
        let settings = self.folder.join(".config/housecall/settings.toml");
        fs::create_dir_all(settings.parent().context("settings need a folder")?)?;
        fs::write(settings, format!("[window]\nsize = [{}.0, {}.0]\n", LARGE.0, LARGE.1))?;
        Ok(format!("file:{}", film.display()))
    }

    fn call(&self, house: &House, camera: &str, seconds: u32) -> Result<Call> {
        let limit = PATIENCE + Duration::from_secs(seconds.into());
        let window = |duration_secs| WindowOptions {
            camera: camera.into(),
            microphone: "tone",
            has_loudspeaker: false,
            duration_secs,
        };
        wait_for_new_digits()?;
        let mut host = house.host_window_command(&window(seconds + 5));
        self.hand_to(&mut host);
        let mut host = house.start_host(&mut host, |_| {})?;
        let mut guest = house.join_window_command(&window(seconds))?;
        self.hand_to(&mut guest);
        guest.env("HOUSECALL_LOG", "warn,housecall=debug").env("NO_COLOR", "1");
        let mut guest = house.start_guest(&mut guest, |_| {})?;
        guest.process.wait(limit)?;
        host.process.wait(limit)?;
        let (window, span) = cost(&guest.report()?)?;
        let drawings = drawings_in_call(&guest.process.stderr())?;
        drop((host, guest));
        fs::remove_file(house.link_file())?;
        let options = |duration_secs| Options { camera: camera.into(), duration_secs, ..Options::default() };
        let here = Place::default();
        wait_for_new_digits()?;
        let mut host = house.host(&here, &options(seconds + 5), "1s", |_| {})?;
        let mut guest = house.join(&here, &options(seconds), |_| {})?;
        guest.process.wait(limit)?;
        host.process.wait(limit)?;
        let (headless, _) = cost(&guest.report()?)?;
        drop((host, guest));
        fs::remove_file(house.link_file())?;
        let per_second = drawings / span;
        let drawing_ms = (window.cpu - headless.cpu) / per_second.max(1.0) * 1e3;
        Ok(Call { window, headless, drawings_a_second: per_second, drawing_ms })
    }

    fn hand_to(&self, command: &mut Command) {
        self.display.hand_to(command);
        // No settings and no session of whoever measures.
        command.env("HOME", &self.folder).env("XDG_RUNTIME_DIR", &self.folder).env_remove("DBUS_SESSION_BUS_ADDRESS");
    }
}

/// What the program writes into its log at the desk.
const SIGNED_IN: &str = "signed in";

/// What a program costs over a while.
struct Cost {
    /// Part of one core.
    cpu: f64,
    megabytes: f64,
    pictures_a_second: f64,
}

/// Watches a program that does nothing.
fn idle(process: &mut Process, span: Duration) -> Result<Cost> {
    rest(SETTLED)?;
    let (begin, before) = (Instant::now(), cpu_secs(process.id())?);
    rest(span)?;
    let cpu = (cpu_secs(process.id())? - before) / begin.elapsed().as_secs_f64();
    ensure!(process.is_running(), "the window is gone: {}", process.stderr().trim());
    Ok(Cost { cpu, megabytes: resident_megabytes(process.id())?, pictures_a_second: 0.0 })
}

/// A call in a window, and the same without one.
struct Call {
    window: Cost,
    headless: Cost,
    drawings_a_second: f64,
    /// Milliseconds of a core for one drawing of the window.
    drawing_ms: f64,
}

/// What an authenticator app of this secret shows now (RFC 6238).
fn digits_now(secret: &str) -> Result<String> {
    let secret = Secret::try_from_base32(secret.trim()).map_err(|error| anyhow!("a secret: {error}"))?;
    let totp = Builder::new().with_secret(secret).build().map_err(|error| anyhow!("a secret: {error}"))?;
    Ok(totp.generate(unix_secs()?).to_string())
}

/// Waits until an authenticator app shows other digits than before: a server takes each once.
fn wait_for_new_digits() -> Result<()> {
    rest(Duration::from_secs(STEP_SECS - unix_secs()? % STEP_SECS))
}

fn unix_secs() -> Result<u64> {
    Ok(SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?.as_secs())
}

/// How long the digits of an authenticator app last.
const STEP_SECS: u64 = 30;

/// How often the window was drawn between the beginning of the call and its end, as it wrote into its log.
fn drawings_in_call(log: &str) -> Result<f64> {
    let told = |event: &str| -> Result<f64> {
        let line = log.lines().find(|line| line.contains(event));
        let number = line.and_then(|line| line.rsplit_once("drawings=")?.1.split_whitespace().next()?.parse().ok());
        number.with_context(|| format!("the window did not log {event:?}"))
    };
    Ok(told(CALL_ENDS)? - told(CALL_BEGINS)?)
}

/// The patient's end of a call, from its report: over the samples in which it was live, and how many seconds these are.
fn cost(report: &Report) -> Result<(Cost, f64)> {
    let live = |field: &str| -> Vec<(f64, f64)> {
        let samples = report.samples().iter().filter(|sample| sample["phase"] == "live");
        samples.filter_map(|sample| Some((sample["t"].as_f64()?, sample[field].as_f64()?))).collect()
    };
    let (cpu, memory, shown) = (live("cpu_s"), live("rss_mb"), live("fps_shown"));
    let (first, last) = cpu.first().zip(cpu.last()).context("the call was never live")?;
    let span = (last.0 - first.0).max(1.0);
    let cost = Cost {
        cpu: (last.1 - first.1) / span,
        megabytes: memory.iter().map(|(_, megabytes)| *megabytes).fold(0.0, f64::max),
        pictures_a_second: shown.iter().map(|(_, rate)| rate).sum::<f64>() / shown.len().max(1) as f64,
    };
    Ok((cost, span))
}

fn rest(span: Duration) -> Result<()> {
    let end = Instant::now() + span;
    while Instant::now() < end {
        interrupt::check()?;
        thread::sleep(Duration::from_millis(100).min(end.saturating_duration_since(Instant::now())));
    }
    Ok(())
}

fn resident_megabytes(id: u32) -> Result<f64> {
    let text = fs::read_to_string(Path::new("/proc").join(id.to_string()).join("status"))?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("no memory is told")?;
    let kilobytes: f64 = line.split_whitespace().next().and_then(|word| word.parse().ok()).context("no number")?;
    Ok(kilobytes / 1e3)
}

struct Figures {
    /// Milliseconds each.
    openings: Vec<f64>,
    idle_start: Cost,
    idle_desk: Cost,
    /// With small pictures, and with large ones.
    calls: [Call; 2],
}

impl Figures {
    fn markdown(&self) -> String {
        let mut openings = self.openings.clone();
        openings.sort_by(f64::total_cmp);
        let median = openings.get(openings.len() / 2).copied().unwrap_or_default();
        let slowest = openings.last().copied().unwrap_or_default();
        let mut text = format!(
            "| | median ms | slowest of {} |\n|---|---|---|\n\
             | from the start of the program to its first frame | {median:.0} | {slowest:.0} |\n\n\
             | | part of one core | memory MB | pictures a second |\n|---|---|---|---|\n",
            openings.len(),
        );
        let [small, large] = &self.calls;
        let rows = [
            ("idle at the start", &self.idle_start),
            ("idle at the clinician's desk", &self.idle_desk),
            ("a call in a window, 640×360", &small.window),
            ("the same call without a window", &small.headless),
            ("a call in a window, 1280×720", &large.window),
            ("the same call without a window", &large.headless),
        ];
        for (name, cost) in rows {
            let rate =
                if cost.pictures_a_second > 0.0 { format!("{:.1}", cost.pictures_a_second) } else { "–".into() };
            text += &format!("| {name} | {:.2} % | {:.0} | {rate} |\n", cost.cpu * 100.0, cost.megabytes);
        }
        text += "\n| | drawings a second | ms of a core each |\n|---|---|---|\n";
        for (name, call) in [("640×360 in a window of 1000×720", small), ("1280×720 in one of 1280×860", large)] {
            text += &format!("| {name} | {:.1} | {:.1} |\n", call.drawings_a_second, call.drawing_ms);
        }
        text
    }
}

fn page(table: &str, arguments: &WindowArguments) -> String {
    format!(
        "# What a window costs\n\n\
         Made by `cargo xtask bench window --seconds {} --openings {}`: the programs as they are shipped, on a display without a \
         graphics card, so that the processor draws every pixel; a graphics card takes most of what a call in a window costs \
         more than one without. Idle: after three seconds, {0} s long. The calls: two windows and the server on one machine, 30 \
         pictures a second each way, the patient's end; memory is the most in the call. One drawing is of both pictures and all around \
         them: what the window costs more than none, by the drawings while the call was live. The bars: a first frame within 500 ms, \
         idle at most 1 % of a core, a drawing with a picture of 1280×720 within 20 ms of a core.\n\n{table}",
        arguments.seconds, arguments.openings
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_row_of_a_table_has_as_many_cells_as_its_head() {
        let cost = |cpu, pictures_a_second| Cost { cpu, megabytes: 60.0, pictures_a_second };
        let openings = vec![110.0, 120.0, 90.0];
        let call =
            || Call { window: cost(0.5, 30.0), headless: cost(0.1, 30.0), drawings_a_second: 30.0, drawing_ms: 13.3 };
        let calls = [call(), call()];
        let text = Figures { openings, idle_start: cost(0.002, 0.0), idle_desk: cost(0.003, 0.0), calls }.markdown();
        for table in text.split("\n\n") {
            let widths: Vec<_> = table.lines().map(|line| line.matches('|').count()).collect();
            assert!(widths.len() > 2 && widths.iter().all(|width| *width == widths[0]), "{widths:?}\n{table}");
        }
        assert!(text.contains("| 30.0 | 13.3 |"), "{text}");
        assert!(text.contains("| 0.20 % |") && text.contains("| 110 | 120 |"), "{text}");
    }

    #[test]
    fn drawings_are_counted_while_the_call_is_shown() {
        let log = "DEBUG the call is shown drawings=100\nx\nDEBUG the call is shown no more drawings=1000 \n";
        assert_eq!(drawings_in_call(log).expect("two lines"), 900.0);
        assert!(drawings_in_call("DEBUG the call is shown drawings=100").is_err());
    }
}
