//! `cargo xtask fuzz`: every fuzz target for a while, one after another.
//!
//! Needs nightly Rust and cargo-fuzz, which nothing else here does: it says so and installs neither.

use std::io::Read as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail, ensure};

use crate::cargo::succeeds;
use crate::publish::{commit, publish};
use crate::say::say;
use crate::workspace::Workspace;

/// What `fuzz` is told.
#[derive(Debug, clap::Args)]
pub struct FuzzArguments {
    /// How long each target runs.
    #[arg(long, default_value_t = 600)]
    seconds: u32,
    /// Only this target.
    #[arg(long)]
    target: Option<String>,
    /// Write the table elsewhere than docs/bench/fuzz.md.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// Where the targets are, from the workspace's root.
const FOLDERS: [&str; 5] =
    ["crates/audit/fuzz", "crates/trust/fuzz", "crates/congestion/fuzz", "crates/relay/fuzz", "crates/transfer/fuzz"];

/// How long each target runs in `cargo xtask test --all`.
const IN_SHORT_SECS: u32 = 10;

/// The longest input: a whole sealed box.
const MOST_BYTES: u32 = 16 * 1024;

/// Each target for a moment, where nightly Rust and cargo-fuzz are there: that all of them build, and that nothing lies close by.
pub fn in_short(workspace: &Workspace) -> Result<()> {
    if !is_there(workspace) {
        say("(nightly Rust or cargo-fuzz is not installed: nothing was fuzzed)");
        return Ok(());
    }
    for (folder, target) in targets(workspace)? {
        say(format_args!("▸ fuzzing {target}, {IN_SHORT_SECS} s"));
        run(workspace, folder, &target, IN_SHORT_SECS)?;
    }
    Ok(())
}

/// Runs them; fails with the first that finds something.
pub fn fuzz(workspace: &Workspace, arguments: &FuzzArguments) -> Result<()> {
    ensure!(
        is_there(workspace),
        "fuzzing needs nightly Rust and cargo-fuzz: run `rustup toolchain install nightly` and `cargo install cargo-fuzz`, \
         then this again"
    );
    let mut targets = targets(workspace)?;
    targets.retain(|(_, name)| arguments.target.as_deref().is_none_or(|one| one == *name));
    ensure!(
        !targets.is_empty(),
        "there is no such target: `cargo fuzz list --fuzz-dir FOLDER` names those of {}",
        FOLDERS.join(" and of ")
    );
    let (commit, mut rows) = (commit(workspace), Vec::new());
    for (folder, target) in &targets {
        say(format_args!("▸ {target}, {} s", arguments.seconds));
        rows.push(run(workspace, folder, target, arguments.seconds)?.row(target));
    }
    let table = [HEAD, &rows.concat()].concat();
    say(&table);
    if arguments.target.is_none() || arguments.out.is_some() {
        let out = arguments.out.clone().unwrap_or_else(|| workspace.root.join("docs/bench/fuzz.md"));
        publish(&out, &page(&table), &commit)?;
    }
    Ok(())
}

fn is_there(workspace: &Workspace) -> bool {
    succeeds(nightly(workspace).args(["fuzz", "--version"]))
}

/// Each with its folder.
fn targets(workspace: &Workspace) -> Result<Vec<(&'static str, String)>> {
    let mut targets = Vec::new();
    for folder in FOLDERS {
        let listed = nightly(workspace).args(["fuzz", "list", "--fuzz-dir", folder]).output()?;
        let listed = String::from_utf8(listed.stdout).context("the names of the targets are text")?;
        targets.extend(listed.lines().map(|name| (folder, name.to_owned())));
    }
    Ok(targets)
}

fn run(workspace: &Workspace, folder: &str, target: &str, seconds: u32) -> Result<Figures> {
    let (time, length) = (format!("-max_total_time={seconds}"), format!("-max_len={MOST_BYTES}"));
    let mut fuzzing = nightly(workspace)
        .args(["fuzz", "run", "--fuzz-dir", folder, target, "--", &time, &length, "-print_final_stats=1"])
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()?;
    let mut said = Vec::new();
    fuzzing.stderr.take().context("it was asked for")?.read_to_end(&mut said)?;
    let said = String::from_utf8_lossy(&said);
    if !fuzzing.wait()?.success() {
        let end: Vec<_> = said.lines().rev().take(30).collect();
        let end: Vec<_> = end.into_iter().rev().collect();
        bail!("{target} found something, or did not start:\n{}", end.join("\n"));
    }
    Figures::read(&said).with_context(|| format!("{target} did not say what it did"))
}

/// What a target did.
#[derive(Debug, PartialEq, Eq)]
struct Figures {
    executions: u64,
    seconds: u64,
    /// Edges of the program that some input reached.
    edges: u64,
    /// Inputs that reach something that the others do not.
    inputs: u64,
}

impl Figures {
    /// Out of libFuzzer's words.
    fn read(said: &str) -> Option<Self> {
        let done = said.lines().rev().find_map(|line| line.strip_prefix("Done ")?.split_once(" runs in "))?;
        let last = said.lines().rev().find(|line| line.contains(" cov: "))?;
        let after = |word: &str| last.split_once(word)?.1.split([' ', '/']).next()?.parse().ok();
        let seconds = done.1.split(' ').next()?.parse().ok()?;
        Some(Self { executions: done.0.parse().ok()?, seconds, edges: after(" cov: ")?, inputs: after(" corp: ")? })
    }

    fn row(&self, target: &str) -> String {
        let Self { executions, seconds, edges, inputs } = self;
        format!("| `{target}` | {seconds} | {executions} | {edges} | {inputs} |\n")
    }
}

fn nightly(workspace: &Workspace) -> Command {
    let mut command = Command::new("cargo");
    // A folder of its own: other flags, another compiler.
    let target = workspace.target.join("fuzz");
    command.arg("+nightly").current_dir(&workspace.root).env("CARGO_TARGET_DIR", target);
    command.env_remove("RUSTUP_TOOLCHAIN").env_remove("CARGO").env_remove("RUSTC");
    command
}

fn page(table: &str) -> String {
    format!(
        "# Fuzzing\n\nBy `cargo xtask fuzz`, with libFuzzer and AddressSanitizer, one target after another on one core, each \
         from an empty\ncorpus. What the bytes of each target are: [crates/trust/fuzz](../../crates/trust/fuzz/README.md),\n\
         [crates/congestion/fuzz](../../crates/congestion/fuzz/README.md), [crates/audit/fuzz](../../crates/audit/fuzz/README.md), [crates/relay/fuzz](../../crates/relay/fuzz/README.md),\n\
         [crates/transfer/fuzz](../../crates/transfer/fuzz/README.md).\n\n\
         {table}\n\
         No crash and no failed assertion.\n"
    )
}

const HEAD: &str = "| target | seconds | executions | edges reached | inputs kept |\n|---|---|---|---|---|\n";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_target_did_is_read_from_its_words() {
        let said = "INFO: seed corpus\n#2\tINITED cov: 12 ft: 13 corp: 1/1b exec/s: 0 rss: 40Mb\n\
                    #77\tREDUCE cov: 477 ft: 480 corp: 19/2229b lim: 261 exec/s: 232 rss: 52Mb\n\
                    Done 147112 runs in 601 second(s)\nstat::number_of_executed_units: 147112\n";
        let figures = Figures::read(said);
        assert_eq!(figures, Some(Figures { executions: 147_112, seconds: 601, edges: 477, inputs: 19 }));
        assert_eq!(
            figures.map(|figures| figures.row("link")).as_deref(),
            Some("| `link` | 601 | 147112 | 477 | 19 |\n")
        );
        assert_eq!(Figures::read("error: no such target"), None);
    }
}
