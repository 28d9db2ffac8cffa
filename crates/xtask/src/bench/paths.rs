//! `cargo xtask bench paths`: which networks a visit gets through and by which way, how soon without anything warmed, and what
//! a relay costs voice and picture.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Result;
use serde_json::{Map, Value, json};

use super::lab::Laboratory;
use super::paths_call::{Between, Met, Network, hold};
use super::{paths_page, paths_relayed, visit};
use crate::interrupt;
use crate::programs::Programs;
use crate::publish::{commit, publish};
use crate::say::say;
use crate::workspace::Workspace;

/// What `bench paths` is told.
#[derive(Debug, clap::Args)]
pub struct PathsArguments {
    /// What to measure (else all); the page keeps what was last measured of the others.
    #[arg(long = "part", value_enum)]
    parts: Vec<Part>,
    /// Of the matrix, the patient's networks to measure (else all): none, port-restricted, symmetric, udp-blocked, proxy-only.
    #[arg(long = "row", value_name = "NETWORK", value_parser = Network::ALL.map(Network::name))]
    rows: Vec<String>,
    /// Of the relayed calls, the ways to hold (else all): straight, udp, tcp, tls.
    #[arg(long = "way", value_name = "WAY", value_parser = paths_relayed::WAYS.map(|way| way.word))]
    ways: Vec<String>,
    /// How many visits for each cold path, and calls for each way of the relayed ones: the page shows medians.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u64).range(1..))]
    seeds: u64,
    /// Seconds of each call of `relayed`.
    #[arg(long, default_value_t = 45, value_parser = clap::value_parser!(u32).range(15..))]
    seconds: u32,
    /// Measure nothing: write the page again of what was last measured.
    #[arg(long, conflicts_with_all = ["parts", "rows"])]
    again: bool,
    /// Write the page elsewhere than docs/bench/paths.md.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// A part of the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Part {
    /// Every network with every other.
    Matrix,
    /// From the admission to the first picture, with nothing warmed before.
    Cold,
    /// A relayed call beside a straight one.
    Relayed,
}

/// A way whose cold path is measured.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cold {
    pub(super) name: &'static str,
    pub(super) network: Network,
    pub(super) words: &'static [&'static str],
    /// In seconds.
    pub(super) bar: f64,
}

pub(super) const COLD: [Cold; 5] = [
    Cold { name: "straight", network: Network::PortRestricted, words: &[], bar: 1.0 },
    Cold { name: "relay, UDP", network: Network::Symmetric, words: &[], bar: 1.5 },
    Cold { name: "relay, whatever TCP to port 443 allows", network: Network::UdpBlocked, words: &[], bar: 2.5 },
    Cold { name: "relay, TLS", network: Network::UdpBlocked, words: &["--relay-by", "tls"], bar: 2.5 },
    Cold { name: "relay, TLS by way of a proxy", network: Network::ProxyOnly, words: &["--relay-by", "tls"], bar: 2.5 },
];

/// Of the matrix: an ordinary line.
const MATRIX_DELAY_MS: f64 = 10.0;
/// Each link of the cold paths: a round trip of 50 ms between the two, which is what the bars are for, and one of 100 ms.
pub(super) const COLD_DELAYS_MS: [f64; 2] = [12.5, 25.0];

/// Measures and writes the page.
pub fn paths(workspace: &Workspace, arguments: &PathsArguments) -> Result<()> {
    interrupt::listen();
    let home = workspace.target.join("bench-paths");
    fs::create_dir_all(&home)?;
    let mut measured = Measured::read(&home.join("measured.json"))?;
    let commit = commit(workspace);
    let wants = |part| !arguments.again && (arguments.parts.is_empty() || arguments.parts.contains(&part));
    if wants(Part::Matrix) || wants(Part::Cold) {
        let laboratory = Laboratory::build(workspace)?;
        let programs = Programs::to_measure(workspace)?;
        measured.keep("programs", "matrix", json!(programs.told()?))?;
        for (part, name) in [(Part::Matrix, "matrix"), (Part::Cold, "cold")] {
            if wants(part) {
                measured.keep("commits", name, json!(commit))?;
            }
        }
        let run = Run { laboratory, programs, home: &home };
        if wants(Part::Matrix) {
            run.matrix(&mut measured, &arguments.rows)?;
        }
        if wants(Part::Cold) {
            run.cold(&mut measured, arguments.seeds)?;
        }
    }
    if wants(Part::Relayed) {
        measured.keep("commits", "relayed", json!(commit))?;
        paths_relayed::measure(workspace, &mut measured, arguments.seeds, arguments.seconds, &arguments.ways)?;
    }
    let text = paths_page::page(&measured);
    let out = arguments.out.clone().unwrap_or_else(|| workspace.root.join("docs/bench/paths.md"));
    say(&text);
    publish(&out, &text, &paths_page::commits(&measured))
}

struct Run<'a> {
    laboratory: Laboratory,
    programs: Programs,
    home: &'a Path,
}

impl Run<'_> {
    fn matrix(&self, measured: &mut Measured, rows: &[String]) -> Result<()> {
        for patient in Network::ALL {
            if !rows.is_empty() && !rows.iter().any(|row| row == patient.name()) {
                continue;
            }
            for clinician in Network::ALL {
                let call = Between {
                    networks: [patient, clinician],
                    delay_ms: MATRIX_DELAY_MS,
                    admit_after: "3s",
                    words: vec![],
                    seed: 1,
                };
                let name = pair_name(patient, clinician);
                let met = self.one(&call, &name)?;
                measured.keep("matrix", &name, met)?;
            }
        }
        Ok(())
    }

    fn cold(&self, measured: &mut Measured, seeds: u64) -> Result<()> {
        for (Cold { name, network, words, .. }, delay_ms) in
            COLD.into_iter().flat_map(|cold| COLD_DELAYS_MS.map(|delay_ms| (cold, delay_ms)))
        {
            let mut all = Vec::new();
            for seed in 1..=seeds {
                let call = Between { networks: [network; 2], delay_ms, admit_after: "0s", words: words.to_vec(), seed };
                all.push(self.one(&call, &format!("cold, {}, {seed}", cold_name(name, delay_ms)))?);
            }
            measured.keep("cold", &cold_name(name, delay_ms), Value::Array(all))?;
        }
        Ok(())
    }

    /// One that does not come about must not cost the others their cells; its files are kept.
    fn one(&self, call: &Between, name: &str) -> Result<Value> {
        let folder = self.home.join(name.replace([' ', ','], "-"));
        let met = hold(&self.laboratory, &self.programs, call, &folder);
        interrupt::check()?;
        say(format_args!("▸ {name}: {met:?}"));
        if met.is_ok() {
            visit::drop_recordings(&folder)?;
        }
        Ok(met.map_or_else(|error| json!({ "failed": format!("{error:#}") }), |met| met.to_json()))
    }
}

/// The name of a cell.
pub(super) fn pair_name(patient: Network, clinician: Network) -> String {
    format!("{} × {}", patient.name(), clinician.name())
}

/// What was measured so far, this time or before.
#[derive(Debug)]
pub(super) struct Measured {
    file: PathBuf,
    parts: Map<String, Value>,
}

impl Measured {
    fn read(file: &Path) -> Result<Self> {
        let parts = if file.exists() { serde_json::from_slice(&fs::read(file)?)? } else { Map::new() };
        Ok(Self { file: file.to_owned(), parts })
    }

    /// Keeps it at once: a run may be interrupted.
    pub(super) fn keep(&mut self, part: &str, name: &str, value: Value) -> Result<()> {
        let part = self.parts.entry(part).or_insert_with(|| json!({}));
        part[name] = value;
        Ok(fs::write(&self.file, serde_json::to_string_pretty(&self.parts)?)?)
    }

    /// What was measured by this name; null if nothing was.
    pub(super) fn get(&self, part: &str, name: &str) -> &Value {
        self.parts.get(part).and_then(|part| part.get(name)).unwrap_or(&Value::Null)
    }

    #[cfg(test)]
    pub(super) fn of(parts: Value) -> Self {
        let parts = if let Value::Object(parts) = parts { parts } else { Map::new() };
        Self { file: PathBuf::new(), parts }
    }
}

/// The name of the visits by a cold path over two links of this delay.
fn cold_name(name: &str, delay_ms: f64) -> String {
    format!("{name}, {} ms", delay_ms * 4.0)
}

/// The visits of a cold path, without those that did not come about; and how many there were.
pub(super) fn cold_visits(measured: &Measured, name: &str, delay_ms: f64) -> (Vec<Met>, usize) {
    let all = measured.get("cold", &cold_name(name, delay_ms)).as_array().map(Vec::as_slice).unwrap_or_default();
    (all.iter().filter_map(Met::from_json).collect(), all.len())
}
