//! `cargo xtask mutants`: whether a test fails when any one check of the verify paths is taken out.
//!
//! cargo-mutants changes one thing at a time and runs the crate's tests. What it may pass over, and why, stands in
//! `.cargo/mutants.toml`.

use anyhow::{Result, ensure};

use crate::cargo::{cargo, run, succeeds};
use crate::say::say;
use crate::workspace::Workspace;

/// What `mutants` is told.
#[derive(Debug, clap::Args)]
pub struct MutantsArguments {
    /// Only this crate of those that verify.
    #[arg(long)]
    package: Option<String>,
}

/// The crates that verify, and which files of each: none for all.
const VERIFYING: [(&str, &[&str]); 3] = [
    ("trust", &[]),
    ("clinic", &[]),
    (
        "call",
        &[
            "crates/call/src/call/meeting.rs",
            "crates/call/src/call/assurance.rs",
            "crates/call/src/channel.rs",
            "crates/call/src/refusal.rs",
            "crates/call/src/negotiation.rs",
        ],
    ),
];

/// Runs them; fails when a mutant is missed.
pub fn mutants(workspace: &Workspace, arguments: &MutantsArguments) -> Result<()> {
    ensure!(
        succeeds(cargo(workspace).args(["mutants", "--version"])),
        "this needs cargo-mutants: run `cargo install cargo-mutants`, then this again"
    );
    let wanted = |name: &str| arguments.package.as_deref().is_none_or(|one| one == name);
    let crates: Vec<_> = VERIFYING.into_iter().filter(|(name, _)| wanted(name)).collect();
    ensure!(!crates.is_empty(), "these crates verify: {}", VERIFYING.map(|(name, _)| name).join(", "));
    for (name, files) in crates {
        let out = workspace.target.join("mutants").join(name);
        std::fs::create_dir_all(&out)?;
        let mut command = cargo(workspace);
        // A property that fails would be made small for minutes, to no use: that it fails is enough.
        command.env("PROPTEST_MAX_SHRINK_ITERS", "0").env("RUST_BACKTRACE", "0");
        // Building takes longer than testing: nothing is optimised that changes each time.
        command.env("CARGO_PROFILE_DEV_OPT_LEVEL", "0").env("CARGO_PROFILE_DEV_DEBUG", "0");
        command.env("CARGO_TARGET_DIR", workspace.target.join("mutants/target"));
        command
            .args(["mutants", "--package", name, "--no-shuffle", "--minimum-test-timeout", "60", "--output"])
            .arg(&out);
        for file in files {
            command.args(["--file", file]);
        }
        run(&mut command)?;
        say(format_args!("(what was caught and what not: {})", out.join("mutants.out").display()));
    }
    Ok(())
}
