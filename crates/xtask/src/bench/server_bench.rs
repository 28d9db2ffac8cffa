//! The benches of `server` itself, which print a table: what the relay carries, and what everything else does.

use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};

use crate::cargo::cargo;
use crate::publish::{commit, publish};
use crate::say::say;
use crate::workspace::Workspace;

/// What they are told.
#[derive(Debug, clap::Args)]
pub struct ServerBenchArguments {
    /// How long each step lasts, in seconds.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u64).range(2..))]
    pub(super) seconds: u64,
    /// Write the table elsewhere than into docs/bench.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// Measures by the bench of that name and writes the page that is made of its table, `docs/bench/{page}`. `more` are further words for
/// it.
pub(super) fn measure(
    workspace: &Workspace,
    arguments: &ServerBenchArguments,
    (name, page): (&str, &str),
    more: &[String],
    written: impl Fn(&str) -> String,
) -> Result<()> {
    say(format_args!("▸ cargo bench --package server --bench {name}"));
    let commit = commit(workspace);
    let seconds = arguments.seconds.to_string();
    let bench = ["bench", "--quiet", "--package", "server", "--bench", name, "--", &seconds];
    let measured = cargo(workspace).args(bench).args(more).output()?;
    if !measured.status.success() {
        bail!("the bench failed:\n{}", String::from_utf8_lossy(&measured.stderr));
    }
    let table = String::from_utf8(measured.stdout).context("the bench prints text")?;
    let out = arguments.out.clone().unwrap_or_else(|| workspace.root.join("docs/bench").join(page));
    say(&table);
    publish(&out, &written(&table), &commit)
}
