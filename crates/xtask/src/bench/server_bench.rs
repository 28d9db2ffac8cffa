//! The benches of `server` itself, which print a table: what the relay carries, and what everything else does.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};

use crate::cargo::cargo;
use crate::say::say;
use crate::workspace::Workspace;

/// What they are told.
#[derive(Debug, clap::Args)]
pub struct ServerBenchArguments {
    /// How long each step lasts, in seconds.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u64).range(2..))]
    seconds: u64,
    /// Write the table elsewhere than into docs/bench.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// Measures by the bench of that name and writes the page that is made of its table and the seconds, `docs/bench/{page}`.
pub(super) fn measure(
    workspace: &Workspace,
    arguments: &ServerBenchArguments,
    (name, page): (&str, &str),
    written: fn(&str, u64) -> String,
) -> Result<()> {
    say(format_args!("▸ cargo bench --package server --bench {name}"));
    let seconds = arguments.seconds.to_string();
    let bench = ["bench", "--quiet", "--package", "server", "--bench", name, "--", &seconds];
    let measured = cargo(workspace).args(bench).output()?;
    if !measured.status.success() {
        bail!("the bench failed:\n{}", String::from_utf8_lossy(&measured.stderr));
    }
    let table = String::from_utf8(measured.stdout).context("the bench prints text")?;
    let out = arguments.out.clone().unwrap_or_else(|| workspace.root.join("docs/bench").join(page));
    fs::write(&out, written(&table, arguments.seconds))
        .with_context(|| format!("{} cannot be written", out.display()))?;
    say(&table);
    say(format_args!("(written to {})", out.display()));
    Ok(())
}
