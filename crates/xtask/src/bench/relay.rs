//! `cargo xtask bench relay`: what the server's relay carries, over real sockets.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};

use crate::cargo::cargo;
use crate::say::say;
use crate::workspace::Workspace;

/// What `bench relay` is told.
#[derive(Debug, clap::Args)]
pub struct RelayArguments {
    /// How long each step lasts, in seconds.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u64).range(2..))]
    seconds: u64,
    /// Write the table elsewhere than docs/bench/relay.md.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// Measures and writes the table that the bench of `server` prints.
pub fn relay(workspace: &Workspace, arguments: &RelayArguments) -> Result<()> {
    say("▸ cargo bench --package server --bench relay");
    let seconds = arguments.seconds.to_string();
    let bench = ["bench", "--quiet", "--package", "server", "--bench", "relay", "--", &seconds];
    let measured = cargo(workspace).args(bench).output()?;
    if !measured.status.success() {
        bail!("the bench failed:\n{}", String::from_utf8_lossy(&measured.stderr));
    }
    let table = String::from_utf8(measured.stdout).context("the bench prints text")?;
    let out = arguments.out.clone().unwrap_or_else(|| workspace.root.join("docs/bench/relay.md"));
    fs::write(&out, page(&table, arguments.seconds)).with_context(|| format!("{} cannot be written", out.display()))?;
    say(&table);
    say(format_args!("(written to {})", out.display()));
    Ok(())
}

fn page(table: &str, seconds: u64) -> String {
    format!(
        "# What the relay carries\n\nBy `cargo xtask bench relay`, built for release: the server in one process with 40 clients and their 40 \
         peers, on real sockets of\nthe loopback interface, {seconds} s a row, datagrams of 1,200 bytes by channels, half of them each way. \
         Cores are those that the server's\nthreads used; the clients and peers used what was left. Aimed at: 200 Mbps forwarded on two cores, \
         with flat memory.\n\n{table}\n\
         A row says *lost* of what was sent; the sender is not slowed by losses, as real ones are. Memory is the whole process's, at the \
         begin and\nthe end of the row.\n"
    )
}
