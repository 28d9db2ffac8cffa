//! The link laboratory: two hosts behind NATs on weak links and a server, on this machine (a measuring tool that stands
//! beside the product, not in it).

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail, ensure};

use crate::cargo::{cargo, run};
use crate::house::Place;
use crate::setup;
use crate::workspace::Workspace;

/// The name of our lab, so that others may run beside it.
const NAME: &str = "hcbench";

/// A lab that is up. Dropping it takes it down.
#[derive(Debug)]
pub(super) struct Lab {
    program: PathBuf,
}

impl Lab {
    /// Builds the laboratory's program, in a target folder of its own under ours.
    pub(super) fn build(workspace: &Workspace) -> Result<PathBuf> {
        if !setup::is_root() {
            bail!("the link laboratory makes network namespaces: run this as root (sudo -E cargo xtask bench call)");
        }
        setup::packages(&["iproute2", "nftables"], "for the link laboratory's namespaces and NATs")?;
        let source = folder(workspace).join("linklab");
        ensure!(
            source.join("Cargo.toml").is_file(),
            "the link laboratory is not at {}: set HOUSECALL_LAB to the folder that holds linklab/",
            source.display()
        );
        let target = workspace.target.join("linklab");
        let mut build = cargo(workspace);
        build.env("CARGO_TARGET_DIR", &target).args(["build", "--release", "--locked", "--manifest-path"]);
        run(build.arg(source.join("Cargo.toml")))?;
        Ok(target.join("release/linklab"))
    }

    /// Takes a lab up: the patient's host A with the profile both ways, the clinician's host B on `good`.
    pub(super) fn up(program: &Path, profile: &str, seed: u64) -> Result<Self> {
        let lab = Self { program: program.to_owned() };
        lab.ask(&["up", "--seed", &seed.to_string(), "--host", &format!("A={profile}"), "--host", "B=good"])?;
        Ok(lab)
    }

    /// Starts the link's schedule and its counters anew.
    pub(super) fn restart(&self) -> Result<()> {
        self.ask(&["restart"]).map(drop)
    }

    /// The counters so far, as JSON.
    pub(super) fn stats(&self) -> Result<String> {
        self.ask(&["stats", "--series"])
    }

    /// A place on one of its hosts.
    pub(super) fn place(&self, host: &str) -> Place {
        let program: OsString = self.program.clone().into();
        let words = ["--lab", NAME, "exec", host, "--"].map(OsString::from);
        Place { prefix: [program].into_iter().chain(words).collect() }
    }

    /// The server's address.
    pub(super) fn server_address(&self) -> Result<String> {
        let address = self.ask(&["exec", "S", "--", "printenv", "LINKLAB_S_IP"])?;
        Ok(address.trim().to_owned())
    }

    fn ask(&self, words: &[&str]) -> Result<String> {
        let output = Command::new(&self.program).args(["--lab", NAME]).args(words).output();
        let output = output.with_context(|| format!("{} could not be started", self.program.display()))?;
        ensure!(output.status.success(), "the laboratory says: {}", String::from_utf8_lossy(&output.stderr).trim());
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        // `up` replaces what an earlier run left; nothing is lost when this fails.
        let _ = self.ask(&["down"]);
    }
}

fn folder(workspace: &Workspace) -> PathBuf {
    beside(workspace, "HOUSECALL_LAB", "../shared/lab")
}

/// A folder that an environment variable names, else one beside the clone.
pub(super) fn beside(workspace: &Workspace, variable: &str, default: &str) -> PathBuf {
    workspace.root.join(env::var_os(variable).unwrap_or_else(|| default.into()))
}
