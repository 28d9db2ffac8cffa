//! The scoring tool, `tests/tools/score.py`, in a Python of its own under the target folder.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::Value;

use crate::cargo::{run, succeeds};
use crate::say::say;
use crate::setup;
use crate::workspace::Workspace;

/// What the tool imports; PESQ is the ITU's own code and is compiled on the spot.
const MODULES: [&str; 4] = ["numpy", "scipy", "pesq", "pystoi"];

/// The Python that can run the tool.
#[derive(Debug)]
pub(super) struct Scorer {
    python: PathBuf,
    tool: PathBuf,
}

impl Scorer {
    /// Makes the Python, unless it is there.
    pub(super) fn prepare(workspace: &Workspace) -> Result<Self> {
        let home = workspace.target.join("score-python");
        let scorer = Self { python: home.join("bin/python"), tool: workspace.root.join("tests/tools/score.py") };
        if !scorer.is_ready() {
            if !succeeds(Command::new("python3").args(["-c", "import venv, ensurepip"])) {
                setup::packages(&["python3", "python3-venv", "python3-dev"], "to score picture and sound")?;
            }
            say(
                "Setting up a Python with numpy, scipy, pesq and pystoi under the target folder, to score picture and sound.",
            );
            run(Command::new("python3").args(["-m", "venv"]).arg(&home))?;
            run(Command::new(&scorer.python).args(["-m", "pip", "install", "--quiet"]).args(MODULES))?;
        }
        scorer.check()?;
        Ok(scorer)
    }

    /// The tool's own tests, `tests/tools/test_score.py`: what measures for an hour shall not be found wrong after it.
    fn check(&self) -> Result<()> {
        let tests = self.tool.with_file_name("test_score.py");
        let output = Command::new(&self.python).arg("-B").arg(tests).output().context("no Python")?;
        ensure!(
            output.status.success(),
            "the scores are not right: {}",
            String::from_utf8_lossy(&output.stderr).trim()
        );
        Ok(())
    }

    fn is_ready(&self) -> bool {
        succeeds(Command::new(&self.python).args(["-c", &format!("import {}", MODULES.join(", "))]))
    }

    /// Scores the call that lies in the folder.
    pub(super) fn score(&self, folder: &Path) -> Result<Value> {
        let output = Command::new(&self.python).arg("-B").arg(&self.tool).arg(folder).output().context("no Python")?;
        if !output.status.success() {
            let error = String::from_utf8_lossy(&output.stderr);
            bail!("the call cannot be scored: {}", error.trim().lines().last().unwrap_or("no reason given"));
        }
        Ok(serde_json::from_slice(&fs::read(folder.join("scores.json"))?)?)
    }

    /// Scores what was heard of voices: a file with a list of runs, each with what was said and what was heard.
    pub(super) fn score_voices(&self, runs: &Path) -> Result<Value> {
        let scores = runs.with_file_name("scores.json");
        let tool = self.tool.with_file_name("score_voice.py");
        let output =
            Command::new(&self.python).arg("-B").arg(tool).args([runs, &scores]).output().context("no Python")?;
        if !output.status.success() {
            let error = String::from_utf8_lossy(&output.stderr);
            bail!("the voices cannot be scored: {}", error.trim().lines().last().unwrap_or("no reason given"));
        }
        Ok(serde_json::from_slice(&fs::read(scores)?)?)
    }
}
