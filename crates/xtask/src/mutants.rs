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
    /// Only this file of them, from the workspace's root.
    #[arg(long)]
    file: Option<String>,
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

/// Runs them all; fails when a mutant is missed.
pub fn mutants(workspace: &Workspace, arguments: &MutantsArguments) -> Result<()> {
    ensure!(
        succeeds(cargo(workspace).args(["mutants", "--version"])),
        "this needs cargo-mutants: run `cargo install cargo-mutants`, then this again"
    );
    let wanted = to_try(arguments);
    ensure!(!wanted.is_empty(), "these crates verify: {}", VERIFYING.map(|(name, _)| name).join(", "));
    let mut missed = Vec::new();
    for (name, files) in wanted {
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
        // The crate's own unit tests: what needs other crates to notice would be noticed late.
        command.args(["--", "--lib"]);
        // What one crate misses says nothing of the next.
        missed.extend(run(&mut command).err());
        say(format_args!("(what was caught and what not: {})", out.join("mutants.out").display()));
    }
    ensure!(
        missed.is_empty(),
        "not every check is tested: see `missed.txt` and `timeout.txt` in the folders named above"
    );
    Ok(())
}

/// The crates that are asked for, with the files of each: none for all.
fn to_try(arguments: &MutantsArguments) -> Vec<(&'static str, Vec<&str>)> {
    let is_wanted = |name: &str| arguments.package.as_deref().is_none_or(|one| one == name);
    let files_of = |name: &str, files: &'static [&str]| match arguments.file.as_deref() {
        Some(file) => file.starts_with(&format!("crates/{name}/")).then(|| vec![file]),
        None => Some(files.to_vec()),
    };
    let crates = VERIFYING.into_iter().filter(|(name, _)| is_wanted(name));
    crates.filter_map(|(name, files)| Some((name, files_of(name, files)?))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_that_verifies_is_tried_unless_a_crate_or_a_file_is_named() {
        let names = |package: Option<&str>, file: Option<&str>| {
            let arguments = MutantsArguments { package: package.map(str::to_owned), file: file.map(str::to_owned) };
            let tried = to_try(&arguments);
            tried.into_iter().map(|(name, files)| format!("{name} {}", files.len())).collect::<Vec<_>>()
        };
        assert_eq!(names(None, None), ["trust 0", "clinic 0", "call 5"]);
        assert_eq!(names(Some("trust"), None), ["trust 0"]);
        assert_eq!(names(None, Some("crates/trust/src/check.rs")), ["trust 1"]);
        assert_eq!(names(None, Some("crates/desk/src/lib.rs")), [""; 0]);
        assert_eq!(names(Some("desk"), None), [""; 0]);
    }

    #[test]
    fn what_verifies_is_where_it_is_said_to_be() {
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        for (name, files) in VERIFYING {
            assert!(root.join("crates").join(name).is_dir(), "{name}");
            files.iter().for_each(|file| assert!(root.join(file).is_file(), "{file}"));
        }
    }
}
