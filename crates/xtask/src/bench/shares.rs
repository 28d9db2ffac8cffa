//! Who gets how much of one link: two calls of ours, or one beside a TCP download.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use super::lab::Lab;
use super::visit::{Equipment, Plan, Visit};
use super::wire;
use crate::process::Process;
use crate::report::Report;

/// Seconds in which rates are found, before anything is counted.
const SETTLING: f64 = 10.0;
/// Seconds that must be left to count.
const LEAST: f64 = 5.0;
/// The first of two calls lasts this many seconds longer: on a busy machine the other's server, sign-in and admission
/// take a while, and only what both were live for counts.
const HEAD_START: u32 = 20;

/// Holds two calls over the patient's link at once; the score is the first one's, with the shares of both in it.
pub(super) fn two_calls(with: &Equipment, plan: &Plan, folder: &Path) -> Result<Value> {
    let lab = Arc::new(Lab::up(&with.laboratory, &plan.profile, plan.seed)?);
    let folders = ["one", "other"].map(|name| folder.join(name));
    let longer = Plan { seconds: plan.seconds + HEAD_START, ..plan.clone() };
    let one = Visit::start(with, &lab, &longer, &folders[0], 8443)?;
    let other = Visit::start(with, &lab, plan, &folders[1], 9443)?;
    one.finish(with, &longer, &lab)?;
    other.finish(with, plan, &lab)?;
    let spans = [span(&folders[0])?, span(&folders[1])?];
    let both = (spans[0].0.max(spans[1].0) + SETTLING, spans[0].1.min(spans[1].1));
    ensure!(
        both.1 > both.0 + LEAST,
        "the two calls were live together for {:.0} s, and {:.0} are needed: measure again with more `--seconds`",
        (both.1 - both.0 + SETTLING).max(0.0),
        SETTLING + LEAST
    );
    let mut shares = serde_json::Map::new();
    for receiver in ["clinician", "patient"] {
        let [one, other] = [received(&folders[0], receiver, both)?, received(&folders[1], receiver, both)?];
        let share = one / (one + other);
        shares.insert(format!("{receiver} one"), share.into());
        shares.insert(format!("{receiver} other"), (1.0 - share).into());
    }
    let score = with.scorer.score(&folders[0])?;
    with_shares(score, Value::Object(shares))
}

/// Holds a call while the patient's host downloads as fast as TCP can; the score has our share in it.
pub(super) fn beside_tcp(with: &Equipment, plan: &Plan, folder: &Path) -> Result<Value> {
    let lab = Arc::new(Lab::up(&with.laboratory, &plan.profile, plan.seed)?);
    let mut visit = Visit::start(with, &lab, plan, folder, 8443)?;
    ensure!(visit.wait_for_admission()?, "nobody was admitted");
    let address = format!("{}:8445", lab.server_address()?);
    let _source = wire::listen(&lab.place("S"), ["pour", &address])?;
    let drain = Process::spawn("the download", &mut wire::command(&lab.place("A"), ["drain", &address])?, |_| {})?;
    let begun = super::pair_report::unix_ms() / 1e3;
    visit.finish(with, plan, &lab)?;
    let drained: Vec<f64> = drain.stdout().lines().filter_map(|line| line.parse().ok()).collect();
    drop(drain);
    let (_, end) = span(folder)?;
    // Of each second in which both ran and had found their rates.
    let last = (end - begun).max(0.0) as usize;
    let seconds =
        drained.get(SETTLING as usize..last.min(drained.len())).filter(|seconds| seconds.len() as f64 > LEAST);
    let seconds = seconds.context("the download did not run beside the call for long enough")?;
    let tcp = seconds.iter().sum::<f64>() / seconds.len() as f64 * 8.0 / 1e3;
    let ours = received(folder, "patient", (begun + SETTLING, end))?;
    let score = with.scorer.score(folder)?;
    with_shares(score, json!({ "down": ours / (ours + tcp) }))
}

fn with_shares(mut score: Value, shares: Value) -> Result<Value> {
    score["call"].as_object_mut().context("a score without a call")?.insert("shares".to_owned(), shares);
    Ok(score)
}

/// From when to when the call was live, in Unix seconds.
fn span(folder: &Path) -> Result<(f64, f64)> {
    let report = report(folder, "patient")?;
    let begun = begun(&report)?;
    let live =
        report.samples().iter().filter(|sample| sample["phase"] == "live").filter_map(|sample| sample["t"].as_f64());
    let times: Vec<f64> = live.collect();
    let (first, last) = times.first().zip(times.last()).context("the call was never live")?;
    Ok((begun + first, begun + last))
}

/// Mean of what an end received meanwhile, in kbps.
fn received(folder: &Path, end: &str, (from, to): (f64, f64)) -> Result<f64> {
    let report = report(folder, end)?;
    let begun = begun(&report)?;
    let rates = report.series("received_kbps");
    let inside: Vec<f64> =
        rates.iter().filter(|(t, _)| (from..to).contains(&(begun + t))).map(|(_, rate)| *rate).collect();
    ensure!(!inside.is_empty(), "the {end} counted nothing");
    Ok(inside.iter().sum::<f64>() / inside.len() as f64)
}

fn report(folder: &Path, end: &str) -> Result<Report> {
    Report::read(&folder.join(format!("{end}-report.json")))
}

fn begun(report: &Report) -> Result<f64> {
    Ok(report.number("/started_unix_us").context("a report without a start")? / 1e6)
}
