//! The two programs as they were built: `housecall` and `housecall-server`.

use std::env;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use anyhow::{Context as _, Result, ensure};

use crate::cargo::{cargo, run};
use crate::workspace::Workspace;

/// Names the folder of the built programs to the tests, so that they need not ask cargo once each; and to whoever wants
/// to measure a build of another day.
const VARIABLE: &str = "HOUSECALL_PROGRAMS";

/// How the programs are built.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Profile {
    /// The one profile of the demo and the tests: dependencies optimised.
    Dev,
    /// What is shipped, and what is measured.
    Release,
}

/// Where the two programs are.
#[derive(Debug, Clone)]
pub struct Programs {
    /// `housecall`.
    pub app: PathBuf,
    /// `housecall-server`.
    pub server: PathBuf,
}

impl Programs {
    /// Builds the programs alone.
    pub fn build(workspace: &Workspace, profile: Profile) -> Result<Self> {
        let mut command = cargo(workspace);
        command.args(["build", "--package", "app", "--package", "server", "--package", "verify", "--bins"]);
        Self::build_by(workspace, profile, &mut command)
    }

    /// The programs to measure: as they are shipped, or those in the folder that `HOUSECALL_PROGRAMS` names.
    pub fn to_measure(workspace: &Workspace) -> Result<Self> {
        match env::var_os(VARIABLE) {
            Some(folder) => Self::at(Path::new(&folder)),
            None => Self::build(workspace, Profile::Release),
        }
    }

    /// What they are, in words that a page of measurements has: what one profile gives is not what another does.
    pub fn told(&self) -> Result<&'static str> {
        let output = Command::new(&self.app).arg("--version").output();
        let output = output.with_context(|| format!("{} could not be started", self.app.display()))?;
        Ok(told(&String::from_utf8_lossy(&output.stdout)))
    }

    /// Builds the programs and all the tests in one go, with the same features of the dependencies for both: apart,
    /// cargo would build some of these twice.
    pub fn build_with_tests(workspace: &Workspace, profile: Profile) -> Result<Self> {
        let mut command = cargo(workspace);
        command.args(["build", "--workspace", "--bins", "--tests"]);
        Self::build_by(workspace, profile, &mut command)
    }

    fn build_by(workspace: &Workspace, profile: Profile, command: &mut Command) -> Result<Self> {
        if profile == Profile::Release {
            command.arg("--release");
        }
        run(command)?;
        Self::at(&workspace.target.join(if profile == Profile::Release { "release" } else { "debug" }))
    }

    /// The programs for the running test: those that `cargo xtask test` names, else built beside the test by cargo,
    /// which says nothing and takes a second when they are fresh.
    pub fn for_tests() -> Result<&'static Self> {
        static FOUND: OnceLock<Result<Programs, String>> = OnceLock::new();
        let found = FOUND.get_or_init(|| Self::find_for_tests().map_err(|error| format!("{error:#}")));
        found.as_ref().map_err(|error| anyhow::anyhow!("{error}"))
    }

    fn find_for_tests() -> Result<Self> {
        if let Some(folder) = env::var_os(VARIABLE) {
            return Self::at(Path::new(&folder));
        }
        let test = env::current_exe()?;
        // TARGET/PROFILE/deps/TEST
        let (profile, target) = test
            .ancestors()
            .nth(2)
            .and_then(|folder| Some((folder, folder.parent()?)))
            .with_context(|| format!("{} does not look like a test that cargo built", test.display()))?;
        let workspace = Workspace { target: target.to_owned(), ..Workspace::find()? };
        let mut command = cargo(&workspace);
        command.args(["build", "--quiet", "--package", "app", "--package", "server", "--package", "verify", "--bins"]);
        match profile.file_name().and_then(OsStr::to_str) {
            Some("debug") | None => {}
            Some(name) => drop(command.args(["--profile", name])),
        }
        let output = command.output().context("cargo could not be started")?;
        ensure!(output.status.success(), "the programs do not build:\n{}", String::from_utf8_lossy(&output.stderr));
        Self::at(profile)
    }

    fn at(folder: &Path) -> Result<Self> {
        let program = |name: &str| {
            let path = folder.join(format!("{name}{}", env::consts::EXE_SUFFIX));
            ensure!(path.is_file(), "{} is not there", path.display());
            Ok(path)
        };
        Ok(Self { app: program("housecall")?, server: program("housecall-server")? })
    }

    /// The program that verifies evidence, beside them.
    #[must_use]
    pub fn verifier(&self) -> PathBuf {
        self.app.with_file_name(format!("housecall-verify{}", env::consts::EXE_SUFFIX))
    }

    /// Names these programs to the tests that the command will run.
    pub fn hand_to(&self, command: &mut Command) {
        if let Some(folder) = self.app.parent() {
            command.env(VARIABLE, folder);
        }
    }
}

fn told(version: &str) -> &'static str {
    if version.contains("development") {
        "the two programs, built by the profile of the tests and not as they are shipped"
    } else {
        "the two programs as they are shipped"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_says_which_build_was_measured() {
        assert!(told("housecall 0.1.0 (development build)\n").contains("not as they are shipped"));
        assert!(!told("housecall 0.1.0\n").contains("not"));
    }
}
