//! `cargo xtask bench join`: what sealing costs when two people join; and with `--link`, how long joining takes over a link.

use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};

use super::join_links;
use crate::cargo::cargo;
use crate::publish::{commit, publish};
use crate::say::say;
use crate::workspace::Workspace;

/// What `bench join` is told.
#[derive(Debug, clap::Args)]
pub struct JoinArguments {
    /// Measure joining over this link of the laboratory instead, again for each: docs/bench/join-links.md.
    #[arg(long = "link", value_name = "NAME")]
    links: Vec<String>,
    /// How many joins over each link.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..), requires = "links")]
    seeds: u64,
    /// Write the table elsewhere than docs/bench/join.md.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// Measures and writes the tables that the bench of `clinic` prints.
pub fn join(workspace: &Workspace, arguments: &JoinArguments) -> Result<()> {
    if !arguments.links.is_empty() {
        let usual = || workspace.root.join("docs/bench/join-links.md");
        let out = arguments.out.clone().unwrap_or_else(usual);
        return join_links::measure(workspace, &arguments.links, arguments.seeds, &out);
    }
    let commit = commit(workspace);
    say("▸ cargo bench --package clinic --bench join");
    let measured = cargo(workspace).args(["bench", "--quiet", "--package", "clinic", "--bench", "join"]).output()?;
    if !measured.status.success() {
        bail!("the bench failed:\n{}", String::from_utf8_lossy(&measured.stderr));
    }
    let tables = String::from_utf8(measured.stdout).context("the bench prints text")?;
    let out = arguments.out.clone().unwrap_or_else(|| workspace.root.join("docs/bench/join.md"));
    say(&tables);
    publish(&out, &page(&tables), &commit)
}

fn page(tables: &str) -> String {
    format!(
        "# What sealing costs a join\n\nBy `cargo xtask bench join`, built for release, one thread: the least of 40 steps of 50 joins. A join is a \
         bundle, another's\nbundle verified (a clinician's with its whole chain), and an offer or answer, its candidates and their end, \
         sealed and opened.\nAimed at: 5 ms and 1,536 bytes a join, and no message more than the two have to say.\n\n{tables}\n\
         `crates/clinic/tests/join_cost.rs` asserts the bytes; that no message is added is asserted by two whole engines in\n\
         `crates/call/src/simulation/honest.rs`. Nothing asserts a time.\n"
    )
}
