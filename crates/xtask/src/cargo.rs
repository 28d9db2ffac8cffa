//! Starting cargo from a program that cargo started.

use std::env;
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use crate::say::say;
use crate::workspace::Workspace;

/// `cargo`, in the workspace's root and building into its target folder.
///
/// What `cargo run` and `cargo nextest` put into the environment for us is taken out again: build scripts of some
/// dependencies watch these variables and would build anew each time a command comes from here and not from a shell.
pub fn cargo(workspace: &Workspace) -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    for (name, _) in env::vars_os() {
        if name.to_str().is_some_and(is_about_the_running_package) {
            command.env_remove(name);
        }
    }
    command.current_dir(&workspace.root).env("CARGO_TARGET_DIR", &workspace.target);
    command
}

fn is_about_the_running_package(name: &str) -> bool {
    ["CARGO_MANIFEST_", "CARGO_PKG_", "CARGO_BIN_", "CARGO_CRATE_", "NEXTEST"]
        .iter()
        .any(|start| name.starts_with(start))
        || ["CARGO_PRIMARY_PACKAGE", "OUT_DIR", "LD_LIBRARY_PATH", "DYLD_FALLBACK_LIBRARY_PATH"].contains(&name)
}

/// Runs a command, shown first, and fails when it does.
pub fn run(command: &mut Command) -> Result<()> {
    let shown = shown(command);
    say(format_args!("▸ {shown}"));
    let status = command.status().with_context(|| format!("`{shown}` could not be started"))?;
    if !status.success() {
        bail!("`{shown}` failed ({status})");
    }
    Ok(())
}

/// Whether the command runs and succeeds, without a word of its own.
pub fn succeeds(command: &mut Command) -> bool {
    command.output().is_ok_and(|output| output.status.success())
}

/// The command as one would type it, without the folder of the program.
fn shown(command: &Command) -> String {
    let program = std::path::Path::new(command.get_program()).file_name().unwrap_or(command.get_program());
    std::iter::once(program).chain(command.get_args()).map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_shown_as_one_would_type_it() {
        assert_eq!(shown(Command::new("/usr/bin/cargo").args(["fmt", "--check"])), "cargo fmt --check");
    }

    #[test]
    fn the_variables_of_the_running_package_go_and_those_of_the_person_stay() {
        for gone in ["CARGO_MANIFEST_DIR", "CARGO_PKG_NAME", "OUT_DIR", "NEXTEST_RUN_ID"] {
            assert!(is_about_the_running_package(gone), "{gone}");
        }
        for stays in ["CARGO_TARGET_DIR", "CARGO_HOME", "CARGO_TERM_COLOR", "RUSTFLAGS", "PATH"] {
            assert!(!is_about_the_running_package(stays), "{stays}");
        }
    }
}
