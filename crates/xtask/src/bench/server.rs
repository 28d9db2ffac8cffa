//! `cargo xtask bench server`: what the server carries, with ten thousand apps.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};

use crate::cargo::cargo;
use crate::say::say;
use crate::workspace::Workspace;

/// What `bench server` is told.
#[derive(Debug, clap::Args)]
pub struct ServerArguments {
    /// How long messages are sent, in seconds.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u64).range(2..))]
    seconds: u64,
    /// Write the table elsewhere than docs/bench/server.md.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// Measures and writes the table that the bench of `server` prints.
pub fn server(workspace: &Workspace, arguments: &ServerArguments) -> Result<()> {
    say("▸ cargo bench --package server --bench signaling");
    let seconds = arguments.seconds.to_string();
    let bench = ["bench", "--quiet", "--package", "server", "--bench", "signaling", "--", &seconds];
    let measured = cargo(workspace).args(bench).output()?;
    if !measured.status.success() {
        bail!("the bench failed:\n{}", String::from_utf8_lossy(&measured.stderr));
    }
    let table = String::from_utf8(measured.stdout).context("the bench prints text")?;
    let out = arguments.out.clone().unwrap_or_else(|| workspace.root.join("docs/bench/server.md"));
    fs::write(&out, page(&table, arguments.seconds)).with_context(|| format!("{} cannot be written", out.display()))?;
    say(&table);
    say(format_args!("(written to {})", out.display()));
    Ok(())
}

fn page(table: &str, seconds: u64) -> String {
    format!(
        "# What the server carries\n\nBy `cargo xtask bench server --seconds {seconds}`, built for release: the program, with its store on \
         the disk, and in another process 5,000 visits of\ntwo ends, each with an event stream by a TLS connection of its own, over the \
         loopback interface of one machine. Messages of\n1 KiB are sent by 64 further connections, each when it is due, whatever became of \
         those before; ten visits a second are made beside, so that\nthe disk has something to write. **The apps use the same processors \
         as the server:** a server with two cores to itself does better.\n\n{table}"
    )
}
