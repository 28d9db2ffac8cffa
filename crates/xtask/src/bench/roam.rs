//! `cargo xtask bench roam`: how long voice and picture stay away when an end goes to another network, loses its only one for a
//! while, or is killed and started again.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};

use super::lab::{Lab, Laboratory};
use super::pair_report::unix_ms;
use super::visit;
use crate::house::{End, EndFiles, House, Options};
use crate::interrupt;
use crate::process::wait_until;
use crate::programs::Programs;
use crate::publish::{commit, publish};
use crate::recording::Sound;
use crate::report::Report;
use crate::say::say;
use crate::workspace::Workspace;

/// What `bench roam` is told.
#[derive(Debug, clap::Args)]
pub struct RoamArguments {
    /// What to measure, by name (else all).
    #[arg(long = "case", value_name = "NAME", default_values = CASES.map(|case| case.name))]
    cases: Vec<String>,
    /// How many seeds: the page shows the median and the worst.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u64).range(1..))]
    seeds: u64,
    /// Write the page elsewhere than docs/bench/roam.md.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// One thing that happens in a call.
#[derive(Debug, Clone, Copy)]
struct Case {
    name: &'static str,
    told: &'static str,
    what: What,
    /// The most seconds without picture and without voice, from when there is a network again (or the app is started).
    bars: (f64, f64),
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum What {
    /// The host of the lab has another network after so many seconds without one.
    Moves(&'static str, u32),
    /// The patient's interface goes down for so many seconds and has the same address afterwards.
    Down(u32),
    /// The patient's link carries nothing for so many seconds, and nothing on the device shows it.
    Cut(u32),
    /// The patient's machine stands still for so many seconds.
    Sleeps(u32),
    /// The patient's app is killed, and the link opened again after so many seconds.
    Killed(u32),
}

const MOVE: (f64, f64) = (2.0, 1.5);
const RETURN: (f64, f64) = (2.0, 2.0);

const CASES: [Case; 8] = [
    Case { name: "patient-moves", told: "the patient's address changes", what: What::Moves("A", 0), bars: MOVE },
    Case { name: "clinician-moves", told: "the clinician's address changes", what: What::Moves("B", 0), bars: MOVE },
    Case {
        name: "patient-moves-2s",
        told: "the same with 2 s of no network, patient",
        what: What::Moves("A", 2),
        bars: MOVE,
    },
    Case { name: "clinician-moves-2s", told: "and clinician", what: What::Moves("B", 2), bars: MOVE },
    Case {
        name: "down-30s",
        told: "the patient's interface down for 30 s, same address",
        what: What::Down(30),
        bars: RETURN,
    },
    Case {
        name: "cut-30s",
        told: "the patient's link cut for 30 s, nothing to see on the device",
        what: What::Cut(30),
        bars: RETURN,
    },
    Case {
        name: "sleeps-30s",
        told: "the patient's app stopped for 30 s, as by sleep",
        what: What::Sleeps(30),
        bars: RETURN,
    },
    Case {
        name: "killed",
        told: "the patient's app killed, and the link opened again after 3 s",
        what: What::Killed(3),
        bars: (15.0, 15.0),
    },
];

/// Both links: 25 ms one way.
const PROFILE: &str = "good,delay_ms=15";
/// Of call before it happens, and after it is over.
const BEFORE: Duration = Duration::from_secs(8);
const AFTER: Duration = Duration::from_secs(12);
/// How long the server keeps a place for an app that is gone, and a moment.
const PLACE_KEPT: Duration = Duration::from_secs(15);

/// What one call gave, in seconds.
#[derive(Debug, Clone, Copy, Default)]
struct Roamed {
    /// From when there was a network again to the first picture, of the end that waited longer.
    picture_back: f64,
    /// For how long nothing was heard beyond the time without a network, likewise.
    voice_gap: f64,
}

/// Measures everything and writes the page.
pub fn roam(workspace: &Workspace, arguments: &RoamArguments) -> Result<()> {
    interrupt::listen();
    let commit = commit(workspace);
    let laboratory = Laboratory::build(workspace)?;
    let programs = Programs::to_measure(workspace)?;
    let home = workspace.target.join("bench-roam");
    fs::create_dir_all(&home)?;
    let tone = home.join("tone.wav");
    steady_tone().write(&tone)?;
    let mut rows = String::new();
    for name in &arguments.cases {
        let case = CASES.iter().find(|case| case.name == name).with_context(|| format!("there is no case {name}"))?;
        let mut measured = Vec::new();
        for seed in 1..=arguments.seeds {
            let folder = home.join(format!("{name}-{seed}"));
            visit::empty(&folder)?;
            let roamed = hold(&laboratory, &programs, *case, seed, &folder, &tone);
            interrupt::check()?;
            visit::drop_recordings(&folder)?;
            say(format_args!("▸ {name}, seed {seed}: {roamed:?}"));
            measured.push(roamed);
        }
        rows += &row(case, &measured);
    }
    let out = arguments.out.clone().unwrap_or_else(|| workspace.root.join("docs/bench/roam.md"));
    say(&rows);
    publish(&out, &page(arguments, programs.told()?, &rows), &commit)
}

/// Holds one call, lets it happen, and looks at what both ends saw and heard.
fn hold(
    laboratory: &Laboratory,
    programs: &Programs,
    case: Case,
    seed: u64,
    folder: &Path,
    tone: &Path,
) -> Result<Roamed> {
    let lab = Lab::up(laboratory, PROFILE, seed)?;
    let house = House::open(programs, folder, &lab.place("S"), &format!("{}:8443", lab.server_address()?))?;
    let options = Options {
        camera: "pattern".into(),
        microphone: format!("file:{}", tone.display()),
        duration_secs: 300,
        give_up_secs: 60,
        more: ["--processing", "off"].map(Into::into).to_vec(),
    };
    let mut host = house.host(&lab.place("B"), &options, "0s", |_| {})?;
    let mut guest = house.join(&lab.place("A"), &options, |_| {})?;
    let live = |end: &End| end.process.stdout().lines().any(|line| line.ends_with("  live"));
    wait_until(Duration::from_secs(40), || Ok(live(&host) && live(&guest)))?;
    ensure!(live(&host) && live(&guest), "the call did not come about");
    thread::sleep(BEFORE);
    let began = unix_ms();
    match case.what {
        What::Moves(host, gap) => lab.switch(host, gap)?,
        What::Down(seconds) => lab.down_for("A", Duration::from_secs(seconds.into()))?,
        What::Cut(seconds) => {
            lab.cut(seconds)?;
            thread::sleep(Duration::from_secs(seconds.into()));
        }
        What::Sleeps(seconds) => {
            signal(guest.process.id(), "STOP")?;
            thread::sleep(Duration::from_secs(seconds.into()));
            signal(guest.process.id(), "CONT")?;
        }
        What::Killed(seconds) => {
            guest.process.kill();
            thread::sleep(Duration::from_secs(seconds.into()));
        }
    }
    let back = unix_ms();
    let is_new = matches!(case.what, What::Killed(_));
    if is_new {
        guest = house.join(&lab.place("A"), &options, |_| {})?;
    }
    thread::sleep(if is_new { AFTER + PLACE_KEPT } else { AFTER });
    // The patient first: the clinician's hanging up would end both in one moment.
    guest.process.terminate()?;
    guest.process.wait(Duration::from_secs(20))?;
    if host.process.is_running() {
        host.process.terminate()?;
    }
    host.process.wait(Duration::from_secs(20))?;
    let mut roamed = Roamed::default();
    for name in ["clinician", "patient"] {
        let files = EndFiles::new(folder, name);
        let report = Report::read(&files.report).with_context(|| format!("the {name}'s report"))?;
        let is_new = is_new && name == "patient";
        let shown = report.shown_unix_us();
        let picture = picture_back(&shown, if is_new { f64::MAX } else { began }, back)
            .with_context(|| format!("the {name} saw nothing again"))?;
        let voice = if is_new {
            (report.unix_ms("first_audio").context("the patient heard nothing again")? - back) / 1e3
        } else {
            silence(&Sound::read(&files.speaker)?) - (back - began) / 1e3
        };
        roamed.picture_back = roamed.picture_back.max(picture);
        roamed.voice_gap = roamed.voice_gap.max(voice);
    }
    Ok(roamed)
}

/// From `back` to the picture that ended the longest standstill since `began`, in seconds; all times but the pictures' in Unix
/// milliseconds. Of an app that is new there is no picture before `began`: then to its first.
fn picture_back(shown_us: &[u64], began: f64, back: f64) -> Option<f64> {
    let shown: Vec<f64> = shown_us.iter().map(|at| *at as f64 / 1e3).collect();
    let since = |at: f64| ((at - back) / 1e3).max(0.0);
    if began == f64::MAX {
        return shown.first().map(|at| since(*at));
    }
    let stands = shown.windows(2).filter(|pair| pair[1] > began);
    let longest = stands.max_by(|one, other| (one[1] - one[0]).total_cmp(&(other[1] - other[0])))?;
    let last = shown.last()?;
    // What never came back has its last picture before it was over.
    (*last > back).then(|| since(longest[1]))
}

/// For how long the steady tone was not heard between its first and its last, in seconds: all that anybody would miss, also
/// where it came back for a moment and went again.
fn silence(heard: &Sound) -> f64 {
    let loud: Vec<bool> = heard.loudness(STRETCH_MS).iter().map(|loud| *loud > TONE / 8.0).collect();
    let Some(first) = loud.iter().position(|loud| *loud) else { return f64::INFINITY };
    let last = loud.iter().rposition(|loud| *loud).unwrap_or(first);
    let stretches = loud[first..=last].split(|loud| *loud).map(<[bool]>::len);
    let missed: usize = stretches.filter(|stretch| *stretch >= MISSED_STRETCHES).sum();
    missed as f64 * f64::from(STRETCH_MS) / 1e3
}

const STRETCH_MS: u32 = 20;
/// A tenth of a second: less is made up, and not missed.
const MISSED_STRETCHES: usize = 5;
/// Of 1.0.
const TONE: f32 = 0.2;

/// What can be missed at any moment: speech has pauses.
fn steady_tone() -> Sound {
    let rate = 48_000;
    let samples = (0..rate * 10).map(|n| {
        let turn = n as f32 / rate as f32 * std::f32::consts::TAU;
        TONE * ((turn * 220.0).sin() + 0.5 * (turn * 440.0).sin() + 0.25 * (turn * 880.0).sin())
    });
    Sound { rate, samples: samples.collect() }
}

fn signal(process: u32, name: &str) -> Result<()> {
    let status = Command::new("kill").args(["-s", name, &process.to_string()]).status()?;
    if !status.success() {
        bail!("the program could not be told {name}");
    }
    Ok(())
}

fn row(case: &Case, measured: &[Result<Roamed>]) -> String {
    let of = |value: fn(&Roamed) -> f64, bar: f64| {
        let mut values: Vec<f64> = measured.iter().map(|one| one.as_ref().map_or(f64::INFINITY, value)).collect();
        values.sort_by(f64::total_cmp);
        let (median, worst) = (values[values.len() / 2], values.last().copied().unwrap_or(f64::INFINITY));
        let shown = |value: f64| if value.is_finite() { format!("{value:.2}") } else { "not".to_owned() };
        format!("{} | {} | {bar:.1} {}", shown(median), shown(worst), if worst <= bar { "✓" } else { "✗" })
    };
    let Case { told, bars, .. } = case;
    format!("| {told} | {} | {} |\n", of(|one| one.picture_back, bars.0), of(|one| one.voice_gap, bars.1))
}

fn page(arguments: &RoamArguments, programs: &str, rows: &str) -> String {
    format!(
        "# When the network changes\n\nBy `cargo xtask bench roam --seeds {}`: {programs}, in the link laboratory, both behind \
         port-restricted\nNATs, 25 ms one way between them and to the server. Seconds of {} calls each, of the end that waited longer.\n\n\
         *Picture back*: from when there is a network again (or the app is started again) to the picture that ends the longest\nstandstill. \
         *Voice gap*: for how long a steady tone is not heard, beyond the time without a network.\n\n\
         | what happens | picture back | worst | bar | voice gap | worst | bar |\n|---|---|---|---|---|---|---|\n{rows}\n\
         [docs/network-details.md](../network-details.md) tells how it is done.\n",
        arguments.seeds, arguments.seeds
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_standstill_counts_from_when_there_is_a_network_again() {
        let shown = [0_u64, 33, 66, 99, 3_099, 3_132, 3_165].map(|millis| millis * 1_000);
        assert_eq!(picture_back(&shown, 90.0, 2_099.0), Some(1.0));
        assert_eq!(picture_back(&shown, 90.0, 4_000.0), None, "it never came back");
        assert_eq!(picture_back(&shown, f64::MAX, 0.0), Some(0.0), "of a new app its first");
    }

    #[test]
    fn a_tone_that_is_missed_is_missed_for_as_long_as_it_was_not_there() {
        let mut sound = steady_tone();
        assert!(silence(&sound) < 0.021);
        let rate = sound.rate as usize;
        sound.samples[rate * 3..rate * 4].fill(0.0);
        sound.samples[..rate].fill(0.0);
        assert!((silence(&sound) - 1.0).abs() < 0.041, "{}", silence(&sound));
        sound.samples[rate * 5..rate * 11 / 2].fill(0.0);
        assert!((silence(&sound) - 1.5).abs() < 0.081, "it went again: {}", silence(&sound));
        sound.samples.fill(0.0);
        assert!(silence(&sound).is_infinite());
    }

    #[test]
    fn a_call_that_did_not_come_back_misses_its_bar() {
        let good = Roamed { picture_back: 0.8, voice_gap: 0.5 };
        assert!(!row(&CASES[0], &[Ok(good)]).contains('✗'));
        let failed = row(&CASES[0], &[Ok(good), Err(anyhow::anyhow!("no")), Ok(good)]);
        assert!(failed.contains("| 0.80 | not | 2.0 ✗ |"), "{failed}");
    }
}
