//! `cargo xtask bench links`: the scoreboard on weak links, our two programs and two browsers side by side in one run.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use super::board::{Board, Who};
use super::cases::{ALL, Case, Kind};
use super::links_page::{self, Made};
use super::visit::{self, Equipment, STEADY};
use super::{pair, shares};
use crate::publish::{commit, publish};
use crate::say::say;
use crate::workspace::Workspace;
use crate::{interrupt, setup};

/// The clinician's own link, which is `good`, in milliseconds one way.
const CLINICIANS_DELAY_MS: f64 = 10.0;

/// What `bench links` is told.
#[derive(Debug, clap::Args)]
pub struct LinksArguments {
    /// What to measure, by name (else all): links as the laboratory calls them, and good-same-rate, 30k-lossy, good-720p,
    /// outage-10s, outage-60s, two-calls, beside-tcp.
    #[arg(long = "link", value_name = "NAME", default_values = ALL)]
    links: Vec<String>,
    /// How many seeds: the page shows their medians.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u64).range(1..))]
    seeds: u64,
    /// Seconds of each call; steps and outages take theirs by their nature.
    #[arg(long, default_value_t = 45, value_parser = clap::value_parser!(u32).range(12..))]
    seconds: u32,
    /// How long whoever knocks waits before the admission.
    #[arg(long, default_value = "5s")]
    admit_after: String,
    /// Each client held to half a core; the page goes to docs/bench/links-half-core.md.
    #[arg(long)]
    half_core: bool,
    /// Ours alone, though there is a Chromium.
    #[arg(long)]
    ours_alone: bool,
    /// Measure nothing: write the page again of what the last run measured.
    #[arg(long)]
    again: bool,
    /// Go on with a run that was interrupted: what it has measured is not measured again, and a call that did not come
    /// about stays one.
    #[arg(long, conflicts_with = "again")]
    resume: bool,
    /// Keep the recordings (under bench-links in the target folder); else only reports and scores stay.
    #[arg(long)]
    keep: bool,
    /// Write the page elsewhere.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// Measures everything and writes the page and its plots.
pub fn links(workspace: &Workspace, arguments: &LinksArguments) -> Result<()> {
    interrupt::listen();
    let home = if arguments.half_core { "bench-links-half-core" } else { "bench-links" };
    let browser = setup::browser().filter(|_| !arguments.ours_alone);
    let mut cases: Vec<_> = arguments.links.iter().map(|name| Case::named(name, arguments.seconds)).collect();
    // Its rate is the browser's.
    cases.retain(|case| case.kind != Kind::SameRate || browser.is_some());
    let folder = workspace.target.join(home);
    let (board_file, made_file) = (folder.join("board.json"), folder.join("made.json"));
    let (board, made): (Board, Value) = if arguments.again {
        (Board::read(&board_file)?, serde_json::from_slice(&fs::read(&made_file)?)?)
    } else {
        let mut commit = commit(workspace);
        let needs_tall = cases.iter().any(|case| case.kind == Kind::Tall);
        let equipment = Equipment::prepare(workspace, home, needs_tall)?;
        fs::create_dir_all(&equipment.home)?;
        if browser.is_none() {
            say("(no Chromium: what is measured against it cannot be judged)");
        }
        let mut made = how(arguments, &equipment, browser.as_deref(), &cases)?;
        if arguments.resume {
            let mut begun: Value =
                serde_json::from_slice(&fs::read(&made_file).context("there is no run to go on with")?)?;
            let before = begun.as_object_mut().and_then(|begun| begun.remove("commit"));
            if let Some(before) = before.as_ref().and_then(Value::as_str).filter(|before| *before != commit) {
                commit = format!("{before}, then {commit}");
            }
            ensure!(
                begun == made,
                "the run to go on with was begun as `bench links{}`: say the same",
                begun["by"].as_str().unwrap_or_default()
            );
        }
        made["commit"] = commit.into();
        fs::write(&made_file, made.to_string())?;
        let run = Run { equipment, browser, arguments };
        (run.all(&cases, &board_file)?, made)
    };
    let usual = if arguments.half_core { "docs/bench/links-half-core.md" } else { "docs/bench/links.md" };
    let out = arguments.out.clone().unwrap_or_else(|| workspace.root.join(usual));
    let page = links_page::write(&out, &board, &told(&made))?;
    say(&page);
    publish(&out, &page, made["commit"].as_str().unwrap_or("a commit that was not noted"))
}

struct Run<'a> {
    equipment: Equipment,
    browser: Option<PathBuf>,
    arguments: &'a LinksArguments,
}

impl Run<'_> {
    /// All cases of one seed before the next seed, so that a busy hour of the machine falls on all cases alike.
    fn all(&self, cases: &[Case], board_file: &Path) -> Result<Board> {
        let mut board = if self.arguments.resume { Board::read(board_file)? } else { Board::default() };
        for seed in 1..=self.arguments.seeds {
            for case in cases {
                for who in [Who::Browser, Who::Ours] {
                    let is_wanted = who == Who::Ours || case.has_yardstick && self.browser.is_some();
                    if is_wanted && board.score(&case.name, seed, who).is_none() {
                        say(format_args!("▸ {}, {}, seed {seed}", case.name, who.word()));
                        let score = self.one(case, who, seed, &board).or_else(|error| {
                            interrupt::check()?;
                            // One call that does not come about must not cost the others their rows.
                            say(format_args!("  {error:#}"));
                            anyhow::Ok(Value::Null)
                        })?;
                        board.add(&case.name, seed, who, score);
                        board.write(board_file)?;
                    }
                }
            }
        }
        Ok(board)
    }

    fn one(&self, case: &Case, who: Who, seed: u64, board: &Board) -> Result<Value> {
        let name = format!("{}-{}-{seed}", case.name.replace(['/', ',', '='], "_"), who.word());
        let folder = self.equipment.home.join(name);
        let most = if case.kind == Kind::SameRate { Some(browsers_kbps(board, seed)?) } else { None };
        let plan = case.plan(seed, &self.arguments.admit_after, self.arguments.half_core, most);
        visit::empty(&folder)?;
        let score = match (who, &self.browser, case.kind) {
            (Who::Browser, Some(browser), _) => {
                pair::hold(&self.equipment, browser, &plan, &folder)?;
                self.equipment.scorer.score(&folder)
            }
            (_, _, Kind::TwoCalls) => shares::two_calls(&self.equipment, &plan, &folder),
            (_, _, Kind::BesideTcp) => shares::beside_tcp(&self.equipment, &plan, &folder),
            _ => {
                visit::hold(&self.equipment, &plan, &folder)?;
                self.equipment.scorer.score(&folder)
            }
        };
        if !self.arguments.keep {
            visit::drop_recordings(&folder)?;
        }
        score
    }
}

/// What the browsers sent over `good` with this seed, in kbps, headers included: the more of the two.
fn browsers_kbps(board: &Board, seed: u64) -> Result<u32> {
    let score = board.score("good", seed, Who::Browser).context("good must be measured before good-same-rate")?;
    let rows = score["rows"].as_array().into_iter().flatten().filter(|row| row["window"] == STEADY);
    let most = rows.filter_map(|row| row["link_kbps"].as_f64()).reduce(f64::max);
    Ok(most.context("the browsers' rate on good is not known")?.round() as u32)
}

/// How it is measured, so that the page can be written again.
fn how(arguments: &LinksArguments, equipment: &Equipment, browser: Option<&Path>, cases: &[Case]) -> Result<Value> {
    let mut by = format!(" --seeds {} --seconds {}", arguments.seeds, arguments.seconds);
    if arguments.links != ALL {
        arguments.links.iter().for_each(|link| by += &format!(" --link {link}"));
    }
    if arguments.half_core {
        by += " --half-core";
    }
    if arguments.ours_alone {
        by += " --ours-alone";
    }
    let delays = cases
        .iter()
        .map(|case| Ok(json!([case.name, equipment.laboratory.delay_ms(&case.profile)? + CLINICIANS_DELAY_MS])));
    let version = browser.and_then(|browser| Command::new(browser).arg("--version").output().ok());
    let name = version.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
    Ok(json!({ "by": by, "seeds": arguments.seeds, "seconds": arguments.seconds, "half_core": arguments.half_core,
        "browser": name, "delays": delays.collect::<Result<Vec<_>>>()? }))
}

fn told(made: &Value) -> Made {
    let delays = made["delays"].as_array().into_iter().flatten();
    Made {
        by: made["by"].as_str().unwrap_or_default().to_owned(),
        seeds: made["seeds"].as_u64().unwrap_or_default(),
        half_core: made["half_core"] == true,
        browser: made["browser"].as_str().map(|name| name.split(" built").next().unwrap_or(name).to_owned()),
        delays: delays.filter_map(|pair| Some((pair[0].as_str()?.to_owned(), pair[1].as_f64()?))).collect(),
        seconds: made["seconds"].as_u64().unwrap_or_default() as u32,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_that_ours_is_held_to_is_the_browsers_of_the_same_seed() {
        let mut board = Board::default();
        for (seed, kbps) in [(1, 1500.0), (2, 1744.4)] {
            let rows = [kbps - 100.0, kbps].map(|sent| json!({ "window": STEADY, "link_kbps": sent }));
            board.add("good", seed, Who::Browser, json!({ "rows": rows }));
        }
        assert_eq!(browsers_kbps(&board, 2).unwrap(), 1744);
        assert!(browsers_kbps(&board, 3).is_err());
    }
}
