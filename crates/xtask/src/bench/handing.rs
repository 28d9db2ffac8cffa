//! `cargo xtask bench handing`: what a file gets of a link beside a call, and what the call notices of it: each call is held once with
//! the file and once without, by the same seed.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use super::handing_page::{self, Row, Side};
use super::visit::{self, ACCEPTED, Equipment, Plan};
use crate::house::EndFiles;
use crate::interrupt;
use crate::publish::{commit, publish};
use crate::report::Report;
use crate::say::say;
use crate::workspace::Workspace;

/// What `bench handing` is told.
#[derive(Debug, clap::Args)]
pub struct HandingArguments {
    /// What to measure, by name (else all).
    #[arg(long = "case", value_name = "NAME", default_values = CASES.map(|case| case.name))]
    cases: Vec<String>,
    /// How many seeds: the page shows each, and the worst decides.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..))]
    seeds: u64,
    /// Keep the recordings (under bench-handing in the target folder); else only reports and scores stay.
    #[arg(long)]
    keep: bool,
    /// Write the page elsewhere than docs/bench/handing.md.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// One file over one link.
#[derive(Debug, Clone, Copy)]
pub(super) struct Case {
    pub(super) name: &'static str,
    pub(super) told: &'static str,
    /// The patient's link, as the laboratory calls it.
    profile: &'static str,
    /// What it carries.
    pub(super) link_kbps: f64,
    bytes: usize,
    /// Of call: enough for the file, and for a bad day.
    seconds: u32,
    /// By what way, in words for both programs.
    words: &'static [&'static str],
    pub(super) bars: Bars,
}

/// What is asked of it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bars {
    /// The least part of the link that the file gets.
    pub(super) share: Option<f64>,
    /// By how much STOI may fall.
    pub(super) stoi: Option<f64>,
    /// The least pictures a second.
    pub(super) fps: Option<f64>,
    /// How much more of the voice may be made up.
    pub(super) concealed: Option<f64>,
    /// How much longer 95 of 100 pieces of the voice may take, in milliseconds.
    pub(super) delay_p95_ms: Option<f64>,
}

pub(super) const CASES: [Case; 4] = [
    Case {
        name: "good",
        told: "50 MB on `good`",
        profile: "good",
        link_kbps: 20_000.0,
        bytes: 50_000_000,
        seconds: 90,
        words: &[],
        bars: Bars { share: Some(0.4), stoi: Some(0.01), fps: Some(24.0), concealed: None, delay_p95_ms: None },
    },
    Case {
        name: "thin",
        told: "2 MB, as a photograph has, on 300 kbps",
        profile: "good,rate_kbps=300,delay_ms=75,queue_ms=500",
        link_kbps: 300.0,
        bytes: 2_000_000,
        seconds: 330,
        words: &[],
        bars: Bars { concealed: Some(0.005), delay_p95_ms: Some(30.0), ..Bars::NONE },
    },
    // Nothing is asked of these: the relay forwards 8 Mbps for each side at most.
    Case {
        name: "relay-udp",
        told: "20 MB on `good`, by the relay, UDP",
        profile: "good",
        link_kbps: 20_000.0,
        bytes: 20_000_000,
        seconds: 90,
        words: &["--relay-by", "udp"],
        bars: Bars::NONE,
    },
    Case {
        name: "relay-tls",
        told: "20 MB on `good`, by the relay, TLS",
        profile: "good",
        link_kbps: 20_000.0,
        bytes: 20_000_000,
        seconds: 90,
        words: &["--relay-by", "tls"],
        bars: Bars::NONE,
    },
];

impl Bars {
    const NONE: Self = Self { share: None, stoi: None, fps: None, concealed: None, delay_p95_ms: None };
}

/// When looking at a call begins, in seconds after the admission: by then it has found its rate.
const SETTLED_S: f64 = 5.0;

/// Measures everything and writes the page.
pub fn handing(workspace: &Workspace, arguments: &HandingArguments) -> Result<()> {
    interrupt::listen();
    let commit = commit(workspace);
    let equipment = Equipment::prepare(workspace, "bench-handing", false)?;
    fs::create_dir_all(&equipment.home)?;
    let mut rows = Vec::new();
    for seed in 1..=arguments.seeds {
        for name in &arguments.cases {
            let case =
                CASES.iter().find(|case| case.name == name).with_context(|| format!("there is no case {name}"))?;
            say(format_args!("▸ {name}, seed {seed}"));
            let row = measure(&equipment, case, seed, arguments.keep).map_err(|error| format!("{error:#}"));
            interrupt::check()?;
            if let Err(error) = &row {
                // One call that does not come about must not cost the others their rows.
                say(format_args!("  {error}"));
            }
            rows.push((*case, seed, row.ok()));
        }
    }
    let out = arguments.out.clone().unwrap_or_else(|| workspace.root.join("docs/bench/handing.md"));
    let page = handing_page::page(arguments.seeds, equipment.programs.told()?, &rows);
    say(&page);
    publish(&out, &page, &commit)
}

/// Holds a call with the file and one without, and compares them over the time in which the file was on its way.
fn measure(with: &Equipment, case: &Case, seed: u64, keep: bool) -> Result<Row> {
    let file = with.home.join(format!("{}.bin", case.name));
    fs::write(&file, noise(case.bytes))?;
    let [beside, alone] = ["beside", "alone"].map(|what| with.home.join(format!("{}-{seed}-{what}", case.name)));
    let plan = plan(case, seed, Some(file.clone()));
    visit::empty(&beside)?;
    visit::hold(with, &plan, &beside)?;
    let came = beside.join(ACCEPTED).join(file.file_name().unwrap_or_default());
    ensure!(came.is_file(), "the file did not arrive");
    ensure!(fs::read(&came)? == fs::read(&file)?, "what arrived is not what was sent");
    let [clinician, patient] = ["clinician", "patient"].map(|name| Report::read(&EndFiles::new(&beside, name).report));
    let (clinician, patient) = (clinician?, patient?);
    let (began, ended) = way(&beside, &clinician)?;
    let count = |report: &Report, field: &str| report.number(&format!("/handed/{field}")).unwrap_or_default();
    let mut row = Row {
        kbps: case.bytes as f64 * 8.0 / 1e3 / (ended - began),
        seconds: ended - began,
        again: count(&patient, "sent_again_bytes") / count(&patient, "sent_bytes").max(1.0),
        sides: Vec::new(),
    };
    visit::empty(&alone)?;
    visit::hold(with, &Plan { sends: None, ..plan }, &alone)?;
    let [beside_rows, alone_rows] = [&beside, &alone].map(|folder| score(with, folder, began.max(SETTLED_S), ended));
    for (beside, alone) in beside_rows?.into_iter().zip(alone_rows?) {
        row.sides.push(Side { beside, alone });
    }
    if !keep {
        [&beside, &alone].into_iter().try_for_each(|folder| visit::drop_recordings(folder))?;
    }
    Ok(row)
}

/// From when to when the file was on its way, in seconds after the admission, as its receiver saw it.
fn way(folder: &Path, receiver: &Report) -> Result<(f64, f64)> {
    let run: Value = serde_json::from_slice(&fs::read(folder.join("run.json"))?)?;
    let admitted = run["link_started_unix_s"].as_f64().context("nobody was admitted")?;
    let started = receiver.number("/started_unix_us").context("a report without a start")? / 1e6 - admitted;
    let at = |field: &str| receiver.number(&format!("/handed/transfers/0/{field}")).map(|ms| started + ms / 1e3);
    at("offered_ms").zip(at("ended_ms")).context("the file was not handed over")
}

/// The rows of one call, both ways, over this stretch of it.
fn score(with: &Equipment, folder: &Path, from_s: f64, to_s: f64) -> Result<Vec<Value>> {
    let path = folder.join("run.json");
    let mut run: Value = serde_json::from_slice(&fs::read(&path)?)?;
    run["windows"] = json!([{ "name": "file", "from_s": from_s, "to_s": to_s }]);
    fs::write(&path, serde_json::to_string_pretty(&run)?)?;
    let score = with.scorer.score(folder)?;
    Ok(score["rows"].as_array().cloned().unwrap_or_default())
}

fn plan(case: &Case, seed: u64, sends: Option<PathBuf>) -> Plan {
    Plan {
        profile: case.profile.to_owned(),
        seed,
        seconds: case.seconds,
        admit_after: "2s".to_owned(),
        voice_alone: false,
        is_tall: false,
        cut: None,
        half_core: false,
        sends,
        more: case.words.iter().map(OsString::from).collect(),
    }
}

/// Bytes that do not repeat: nothing on the way could make them fewer.
fn noise(bytes: usize) -> Vec<u8> {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 32) as u8
    };
    std::iter::repeat_with(next).take(bytes).collect()
}
