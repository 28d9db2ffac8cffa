//! `cargo xtask bench call`: the two programs as they are shipped, on two hosts of the link laboratory, with real
//! footage and real voices; what each wrote down is scored against what the other showed and said.

use std::path::{Path, PathBuf};

use anyhow::Result;
use serde_json::json;

use super::score::Scorer;
use super::table;
use super::visit::{self, Equipment, Plan, STEP_SECS};
use crate::interrupt;
use crate::publish::{commit, publish};
use crate::say::say;
use crate::workspace::Workspace;

/// How long whoever knocks waits: long enough for the two to have met before.
const ADMIT_AFTER: &str = "2s";

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
    let commit = commit(workspace);
    let equipment = Equipment::prepare(workspace, "bench-call", false)?;
    let mut scores = Vec::new();
    for link in &arguments.links {
        let folder = equipment.home.join(link.replace(['/', ','], "_"));
        say(format_args!("▸ a call over {link}"));
        let plan = plan(link, arguments);
        visit::empty(&folder)?;
        match visit::hold(&equipment, &plan, &folder).and_then(|()| equipment.scorer.score(&folder)) {
            Ok(score) => scores.push(score),
            // One link on which no call came about must not cost the others their rows.
            Err(error) => {
                interrupt::check()?;
                say(format_args!("  {link}: {error:#}"));
                scores.push(json!({ "profile": link, "rows": [], "call": {} }));
            }
        }
        if !arguments.keep {
            visit::drop_recordings(&folder)?;
        }
    }
    let text = table::markdown(&scores);
    let usual = if arguments.voice_alone { "docs/bench/call-voice-alone.md" } else { "docs/bench/call.md" };
    let out = arguments.out.clone().unwrap_or_else(|| workspace.root.join(usual));
    say(&text);
    publish(&out, &page(&text, arguments), &commit)
}

/// Scores once more what a run with `--keep` left in a folder.
pub fn score_again(workspace: &Workspace, folder: &Path) -> Result<()> {
    let score = Scorer::prepare(workspace)?.score(folder)?;
    say(table::markdown(&[score]));
    Ok(())
}

fn plan(link: &str, arguments: &CallArguments) -> Plan {
    Plan {
        profile: link.to_owned(),
        seed: arguments.seed,
        seconds: if link.starts_with("step") { STEP_SECS } else { arguments.seconds },
        admit_after: ADMIT_AFTER.to_owned(),
        voice_alone: arguments.voice_alone,
        is_tall: false,
        cut: None,
        half_core: false,
        sends: None,
        more: arguments.more.clone(),
    }
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
         very frame that was sent, PESQ-WB in pieces of 8 s, STOI in pieces of 2 s. Frozen is time without a moving \
         picture: gaps as webrtc-stats counts them, and the whole of a second with fewer than 15. Window `steady`: from 10 s after the admission. \
         `step`: 1 Mbps for 20 s from the admission, 150 kbps for 20 s, then 1 Mbps again. All on one machine, which also encodes for both: \
         compare rows of one table, not of two machines.\n\n{table}",
        arguments.seconds, arguments.seed
    )
}
