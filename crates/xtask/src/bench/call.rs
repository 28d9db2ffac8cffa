//! `cargo xtask bench call`: the two programs as they are shipped, on two hosts of the link laboratory, with real
//! footage and real voices; what each wrote down is scored against what the other showed and said.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use super::lab::Lab;
use super::media::{self, Footage};
use super::score::Scorer;
use super::table;
use crate::house::{House, Options};
use crate::programs::{Profile, Programs};
use crate::say::say;
use crate::workspace::Workspace;
use crate::{interrupt, setup};

/// How long whoever knocks waits: long enough for the two to have met before.
const ADMIT_AFTER: &str = "2s";

/// How long the ends may take beside the call itself.
const AROUND_THE_CALL: Duration = Duration::from_secs(90);

/// The step's schedule ends after this; other links are looked at for the time asked.
const STEP_SECS: u32 = 62;

/// What `bench call` is told.
#[derive(Debug, clap::Args)]
pub struct CallArguments {
    /// The links to measure, by the laboratory's names; the patient has it both ways, the clinician is on `good`.
    #[arg(long = "link", value_name = "PROFILE", default_values = ["good", "step", "rural-3g", "lossy-wifi", "satellite", "bufferbloat", "edge"])]
    links: Vec<String>,
    /// Seconds of each call; `step` takes 62 by its nature.
    #[arg(long, default_value_t = 45)]
    seconds: u32,
    /// The laboratory's seed.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// No cameras: what the link does to a voice that has it alone.
    #[arg(long)]
    voice_alone: bool,
    /// Keep the recordings (under bench-call in the target folder); else only reports and scores stay.
    #[arg(long)]
    keep: bool,
    /// Write the table elsewhere than docs/bench/call.md, or call-voice-alone.md.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Further words for both programs, after `--`.
    #[arg(last = true)]
    more: Vec<std::ffi::OsString>,
}

/// Measures a call over each link and writes the table.
pub fn call(workspace: &Workspace, arguments: &CallArguments) -> Result<()> {
    interrupt::listen();
    setup::run()?;
    let linklab = Lab::build(workspace)?;
    let scorer = Scorer::prepare(workspace)?;
    let programs = Programs::build(workspace, Profile::Release)?;
    let home = workspace.target.join("bench-call");
    let footage = media::make(workspace, &home.join("footage"))?;
    let bench = Bench { linklab, programs, footage, arguments };
    let mut scores = Vec::new();
    for link in &arguments.links {
        let folder = home.join(link.replace(['/', ','], "_"));
        say(format_args!("▸ a call over {link}"));
        match bench.measure(link, &folder).and_then(|()| scorer.score(&folder)) {
            Ok(score) => scores.push(score),
            // One link on which no call came about must not cost the others their rows.
            Err(error) => {
                interrupt::check()?;
                say(format_args!("  {link}: {error:#}"));
                scores.push(json!({ "profile": link, "rows": [], "call": {} }));
            }
        }
        if !arguments.keep {
            drop_recordings(&folder)?;
        }
    }
    let text = table::markdown(&scores);
    let usual = if arguments.voice_alone { "docs/bench/call-voice-alone.md" } else { "docs/bench/call.md" };
    let out = arguments.out.clone().unwrap_or_else(|| workspace.root.join(usual));
    fs::create_dir_all(out.parent().context("the table needs a folder")?)?;
    fs::write(&out, page(&text, arguments))?;
    say(&text);
    say(format_args!("(written to {})", out.display()));
    Ok(())
}

/// Scores once more what a run with `--keep` left in a folder.
pub fn score_again(workspace: &Workspace, folder: &Path) -> Result<()> {
    let score = Scorer::prepare(workspace)?.score(folder)?;
    say(table::markdown(&[score]));
    Ok(())
}

struct Bench<'a> {
    linklab: PathBuf,
    programs: Programs,
    footage: [Footage; 2],
    arguments: &'a CallArguments,
}

impl Bench<'_> {
    /// Holds one call; everything about it lies in the folder afterwards.
    fn measure(&self, link: &str, folder: &Path) -> Result<()> {
        if folder.exists() {
            fs::remove_dir_all(folder)?;
        }
        let is_step = link.starts_with("step");
        let seconds = if is_step { STEP_SECS } else { self.arguments.seconds };
        let lab = Lab::up(&self.linklab, link, self.arguments.seed)?;
        let address = lab.server_address()?;
        let house = House::open(&self.programs, folder, &lab.place("S"), &format!("{address}:8443"))?;
        let [clinician, patient] = &self.footage;
        let host = house.host(&lab.place("B"), &self.options(clinician, seconds + 20), ADMIT_AFTER, |_| {});
        let mut host = host.context("the clinician's end")?;
        // The link's schedule begins when the patient knocks.
        lab.restart()?;
        let link_started = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs_f64();
        let mut guest = house.join(&lab.place("A"), &self.options(patient, seconds), |_| {})?;
        let limit = AROUND_THE_CALL + Duration::from_secs(seconds.into());
        let guest_status = guest.process.wait(limit)?;
        let host_status = host.process.wait(limit)?;
        say(format_args!("  clinician {host_status}, patient {guest_status}"));
        for said in [host.process.stderr(), guest.process.stderr()] {
            said.lines().for_each(|line| say(format_args!("  {line}")));
        }
        fs::write(folder.join("link.json"), lab.stats()?)?;
        let ends = [("clinician", &host, clinician), ("patient", &guest, patient)].map(|(name, end, footage)| {
            let files = end.files();
            let name_of = |path: &Path| path.file_name().map(|name| name.to_string_lossy().into_owned());
            let end = json!({ "camera": footage.film, "microphone": footage.voice, "screen": name_of(&files.screen),
                "speaker": name_of(&files.speaker), "report": name_of(&files.report) });
            (name.to_owned(), end)
        });
        let run = json!({ "profile": link, "seed": self.arguments.seed, "link_started_unix_s": link_started,
            "hangs_up": "patient", "windows": windows(is_step, seconds), "ends": Value::Object(ends.into_iter().collect()) });
        Ok(fs::write(folder.join("run.json"), serde_json::to_string_pretty(&run)?)?)
    }

    fn options(&self, footage: &Footage, seconds: u32) -> Options {
        let file = |path: &Path| format!("file:{}", path.display());
        let mut more = self.arguments.more.clone();
        more.extend(["--processing", "off"].map(Into::into));
        Options {
            camera: if self.arguments.voice_alone { "none".into() } else { file(&footage.film) },
            microphone: file(&footage.voice),
            duration_secs: seconds,
            more,
            ..Options::default()
        }
    }
}

/// Which stretches of the call to look at: as the browser's baseline does, from 10 s on; a step by its phases.
fn windows(is_step: bool, seconds: u32) -> Value {
    let window = |name: &str, from: &str, start: u32, end: u32| json!({ "name": name, "counts_from": from, "from_s": start, "to_s": end });
    if is_step {
        json!([
            window("1 Mbps", "link", 6, 20),
            window("150 kbps", "link", 20, 40),
            window("150 kbps, settled", "link", 25, 40),
            window("1 Mbps again", "link", 40, 60)
        ])
    } else {
        json!([window("steady", "admission", 10, seconds)])
    }
}

fn drop_recordings(folder: &Path) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|kind| kind == "y4m" || kind == "wav") {
            fs::remove_file(path)?;
        }
    }
    Ok(())
}

fn page(table: &str, arguments: &CallArguments) -> String {
    let links: String = arguments.links.iter().map(|link| format!("--link {link} ")).collect();
    let (voice_alone, seen) = if arguments.voice_alone {
        (" --voice-alone", "no cameras and")
    } else {
        ("", "640×360 footage at 30 pictures a second and")
    };
    format!(
        "# A call over the link laboratory\n\n\
         Made by `cargo xtask bench call {links}--seconds {} --seed {}{voice_alone}`: the two programs as they are \
         shipped, the patient on the link named, the clinician on `good`, both behind port-restricted NATs, {seen} \
         real voices, processing off. Each way is judged by what its receiver wrote down: SSIM of brightness against the \
         very frame that was sent, PESQ-WB and STOI in pieces of 8 s. Window `steady`: from 10 s after the admission. \
         `step`: 1 Mbps for 20 s, 150 kbps for 20 s, then 1 Mbps again. All on one machine, which also encodes for both: \
         compare rows of one table, not of two machines.\n\n{table}",
        arguments.seconds, arguments.seed
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_is_looked_at_by_its_phases_and_other_links_as_a_whole() {
        assert_eq!(windows(false, 45).as_array().unwrap().len(), 1);
        let step = windows(true, 62);
        let ends: Vec<_> = step.as_array().unwrap().iter().map(|window| window["to_s"].as_u64().unwrap()).collect();
        assert!(ends.iter().all(|end| *end <= STEP_SECS.into()));
    }
}
