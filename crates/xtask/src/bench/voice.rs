//! `cargo xtask bench voice`: the scoreboard of the voice, part by part, and its table.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::{Value, json};

use super::lab::beside;
use super::score::Scorer;
use super::{voice_near, voice_table};
use crate::cargo::{cargo, run};
use crate::interrupt;
use crate::publish::{commit, publish};
use crate::say::say;
use crate::setup;
use crate::workspace::Workspace;

/// What `bench voice` is told.
#[derive(Debug, clap::Args)]
pub struct VoiceArguments {
    /// Seeds of each link.
    #[arg(long, default_value_t = 5)]
    seeds: u64,
    /// Seconds of each voice that are scored, in pieces of 8.
    #[arg(long, default_value_t = 24)]
    seconds: u32,
    /// Keep what was heard (under bench-voice in the target folder).
    #[arg(long)]
    keep: bool,
    /// Write the table elsewhere than docs/bench/voice.md.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// Measures the voice and writes the table.
pub fn voice(workspace: &Workspace, arguments: &VoiceArguments) -> Result<()> {
    interrupt::listen();
    setup::run()?;
    let media = beside(workspace, "HOUSECALL_MEDIA", "../shared/media");
    ensure!(
        media.join("clinician.wav").is_file(),
        "no voices at {}: set HOUSECALL_MEDIA to a folder with clinician.wav and patient.wav",
        media.display()
    );
    let (commit, scorer) = (commit(workspace), Scorer::prepare(workspace)?);
    let program = build(workspace)?;
    let bench = Bench { program, media, home: workspace.target.join("bench-voice"), scorer, arguments };
    let mut rows = Vec::new();
    let mut cost = Value::Null;
    for index in 0.. {
        let Some(part) = bench.row(index)? else { break };
        if !part["cost"].is_null() {
            cost = part["cost"].clone();
        }
        let row = voice_table::Row::of(&part["rows"][0]);
        say(row.line());
        rows.push(row);
    }
    let mut page = voice_table::page(&rows, &cost, arguments.seeds, arguments.seconds);
    say("▸ echoes");
    page += &voice_near::echo(&bench.echo()?);
    say("▸ through real device code");
    page += &voice_near::devices(&bench.devices()?);
    let out = arguments.out.clone().unwrap_or_else(|| workspace.root.join("docs/bench/voice.md"));
    publish(&out, &page, &commit)
}

fn build(workspace: &Workspace) -> Result<PathBuf> {
    run(cargo(workspace).args(["build", "--release", "-p", "voicebench"]))?;
    Ok(workspace.target.join("release").join(format!("voicebench{}", std::env::consts::EXE_SUFFIX)))
}

struct Bench<'a> {
    program: PathBuf,
    media: PathBuf,
    home: PathBuf,
    scorer: Scorer,
    arguments: &'a VoiceArguments,
}

impl Bench<'_> {
    /// One row of the codec's part, its runs scored; `None` beyond the last.
    fn row(&self, index: usize) -> Result<Option<Value>> {
        interrupt::check()?;
        let heard = self.home.join(format!("row-{index}"));
        let mut command = Command::new(&self.program);
        command.arg("codec").arg("--media").arg(&self.media).arg("--out").arg(&heard);
        command.args(["--row", &index.to_string(), "--seeds", &self.arguments.seeds.to_string()]);
        command.args(["--seconds", &self.arguments.seconds.to_string()]);
        let mut part = json_of(&mut command)?;
        if part["rows"].as_array().is_none_or(Vec::is_empty) {
            return Ok(None);
        }
        let runs = heard.join("runs.json");
        fs::write(&runs, serde_json::to_vec(&part["rows"][0]["runs"])?)?;
        part["rows"][0]["runs"] = self.scorer.score_voices(&runs)?;
        if !self.arguments.keep {
            drop_recordings(&heard)?;
        }
        Ok(Some(part))
    }

    /// The part of the echo, both voices at once scored.
    fn echo(&self) -> Result<Value> {
        interrupt::check()?;
        let heard = self.home.join("echo");
        let mut command = Command::new(&self.program);
        let mut part = json_of(command.arg("echo").arg("--media").arg(&self.media).arg("--out").arg(&heard))?;
        let pairs = || part["rows"].as_array().into_iter().flatten().flat_map(|row| row["pairs"].as_array());
        let runs: Vec<Value> = pairs()
            .flatten()
            .map(|pair| json!({ "voice": pair["clean"], "heard": pair["sent"], "seconds": DOUBLE_TALK_SECS }))
            .collect();
        let file = heard.join("runs.json");
        fs::write(&file, serde_json::to_vec(&runs)?)?;
        let scored = self.scorer.score_voices(&file)?;
        let mut stoi = scored.as_array().into_iter().flatten().map(|run| run["stoi"].clone());
        for row in part["rows"].as_array_mut().into_iter().flatten() {
            for pair in row["pairs"].as_array_mut().into_iter().flatten() {
                pair["stoi"] = stoi.next().unwrap_or(Value::Null);
            }
        }
        if !self.arguments.keep {
            drop_recordings(&heard)?;
        }
        Ok(part)
    }

    /// The part of real device code.
    fn devices(&self) -> Result<Value> {
        interrupt::check()?;
        setup::packages(&["pulseaudio", "pulseaudio-utils"], "for sound cards that are none")?;
        json_of(Command::new(&self.program).arg("devices").arg("--media").arg(&self.media))
    }
}

/// Two pieces of those that are scored.
const DOUBLE_TALK_SECS: u32 = 16;

fn json_of(command: &mut Command) -> Result<Value> {
    let output = command.output().context("the scoreboard does not start")?;
    if !output.status.success() {
        bail!("{}", String::from_utf8_lossy(&output.stderr).trim());
    }
    serde_json::from_slice(&output.stdout).context("the scoreboard's answer is no JSON")
}

fn drop_recordings(folder: &Path) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|kind| kind == "wav") {
            fs::remove_file(path)?;
        }
    }
    Ok(())
}
