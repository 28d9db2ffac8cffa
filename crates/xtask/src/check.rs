//! `cargo xtask test`: the style and the tests, with all the set-up they need.

use std::fs;
use std::path::Path;

use anyhow::{Result, bail};

use crate::cargo::{cargo, run, succeeds};
use crate::fuzz;
use crate::programs::{Profile, Programs};
use crate::say::say;
use crate::setup;
use crate::workspace::Workspace;

/// Runs everything, cheapest first; nextest last, so that its summary is the last thing said. `all` adds what is long
/// or needs the network.
pub fn all_checks(workspace: &Workspace, all: bool) -> Result<()> {
    setup::run()?;
    setup::for_tests()?;
    ensure_components(workspace)?;
    ensure_nextest(workspace)?;
    run(cargo(workspace).args(["fmt", "--all", "--check"]))?;
    run(cargo(workspace).args(["clippy", "--workspace", "--all-targets", "--", "--deny", "warnings"]))?;
    deny(workspace, all)?;
    if has_examples(&workspace.root.join("crates"))? || has_examples(&workspace.root.join("signaling-protocol"))? {
        run(cargo(workspace).args(["test", "--quiet", "--workspace", "--doc"]))?;
    }
    if all {
        fuzz::in_short(workspace)?;
    }
    let programs = Programs::build_with_tests(workspace, Profile::Dev)?;
    let mut nextest = cargo(workspace);
    nextest.args(["nextest", "run", "--workspace", "--profile", if all { "all" } else { "default" }]);
    programs.hand_to(&mut nextest);
    run(&mut nextest)
}

fn ensure_components(workspace: &Workspace) -> Result<()> {
    let missing: Vec<_> = [("fmt", "rustfmt"), ("clippy", "clippy")]
        .into_iter()
        .filter(|(command, _)| !succeeds(cargo(workspace).args([command, "--version"])))
        .map(|(_, component)| component)
        .collect();
    if !missing.is_empty() {
        let missing = missing.join(" ");
        bail!("the Rust toolchain lacks {missing}: run `rustup component add {missing}`, then this again");
    }
    Ok(())
}

fn ensure_nextest(workspace: &Workspace) -> Result<()> {
    if succeeds(cargo(workspace).args(["nextest", "--version"])) {
        return Ok(());
    }
    say("Installing cargo-nextest, which runs the tests (some minutes, once).");
    run(cargo(workspace).args(["install", "cargo-nextest", "--locked"]))
}

/// Licences, sources and banned crates; known holes too when their database can be had. Runs where cargo-deny is
/// there; `all` installs it.
fn deny(workspace: &Workspace, all: bool) -> Result<()> {
    if !succeeds(cargo(workspace).args(["deny", "--version"])) {
        if !all {
            return Ok(());
        }
        say("Installing cargo-deny, which checks licences and sources of the dependencies (some minutes, once).");
        run(cargo(workspace).args(["install", "cargo-deny", "--locked"]))?;
    }
    run(cargo(workspace).args(["deny", "check", "bans", "licenses", "sources"]))?;
    if all && !succeeds(cargo(workspace).args(["deny", "fetch", "db"])) {
        say("(the database of known holes cannot be fetched here: advisories were NOT checked)");
    } else if all {
        run(cargo(workspace).args(["deny", "check", "advisories"]))?;
    }
    Ok(())
}

/// Whether any documentation under the folder holds an example that the compiler would run.
fn has_examples(folder: &Path) -> Result<bool> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let found = if path.is_dir() {
            has_examples(&path)?
        } else {
            path.extension().is_some_and(|e| e == "rs") && holds_example(&fs::read_to_string(&path)?)
        };
        if found {
            return Ok(true);
        }
    }
    Ok(false)
}

fn holds_example(source: &str) -> bool {
    let mut inside = false;
    for line in source.lines() {
        let line = line.trim_start();
        let Some(text) = line.strip_prefix("///").or_else(|| line.strip_prefix("//!")) else { continue };
        let Some(language) = text.trim_start().strip_prefix("```") else { continue };
        let runs = language.is_empty() || language.starts_with("rust") || language.starts_with("should_panic");
        if !inside && runs {
            return true;
        }
        inside = !inside;
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_example_in_documentation_is_seen_and_a_diagram_is_not() {
        assert!(holds_example("/// Words.\n/// ```\n/// let a = 1;\n/// ```\n"));
        assert!(holds_example("//! ```rust\n//! ```\n"));
        assert!(!holds_example("/// ```text\n/// A → B\n/// ```\nfn a() {}\n"));
        assert!(!holds_example("let fence = \"```\";\n"));
    }
}
