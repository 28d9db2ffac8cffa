//! The link laboratory: two hosts behind NATs on weak links and a server, on this machine (a measuring tool that stands
//! beside the product, not in it).

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};

use crate::cargo::{cargo, run};
use crate::house::Place;
use crate::setup;
use crate::workspace::Workspace;

/// The laboratory's program, and the name of our lab in it.
#[derive(Debug, Clone)]
pub(super) struct Laboratory {
    program: PathBuf,
    /// The same for every run of one clone: so that a run takes the place of what a crash left, and not of another
    /// clone's lab.
    name: String,
}

impl Laboratory {
    /// Builds the laboratory's program, in a target folder of its own under ours.
    pub(super) fn build(workspace: &Workspace) -> Result<Self> {
        if !setup::is_root() {
            bail!("the link laboratory makes network namespaces: run this as root (sudo -E cargo xtask bench …)");
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
        Ok(Self { program: target.join("release/linklab"), name: name(&workspace.target) })
    }

    /// The one-way delay of a link in milliseconds, as its profile says.
    pub(super) fn delay_ms(&self, profile: &str) -> Result<f64> {
        let profiles = self.ask(&["profiles"])?;
        delay_ms(&profiles, profile).with_context(|| format!("the laboratory knows no link {profile}"))
    }

    fn ask(&self, words: &[&str]) -> Result<String> {
        let output = Command::new(&self.program).args(["--lab", &self.name]).args(words).output();
        let output = output.with_context(|| format!("{} could not be started", self.program.display()))?;
        ensure!(output.status.success(), "the laboratory says: {}", String::from_utf8_lossy(&output.stderr).trim());
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }
}

/// A lab that is up. Dropping it takes it down.
#[derive(Debug)]
pub(super) struct Lab(Laboratory);

impl Lab {
    /// Takes a lab up: the patient's host A with the profile both ways, the clinician's host B on `good`.
    pub(super) fn up(laboratory: &Laboratory, profile: &str, seed: u64) -> Result<Self> {
        let lab = Self(laboratory.clone());
        lab.0.ask(&["up", "--seed", &seed.to_string(), "--host", &format!("A={profile}"), "--host", "B=good"])?;
        Ok(lab)
    }

    /// Takes a lab up by a file, as the laboratory's README describes it.
    pub(super) fn up_by(laboratory: &Laboratory, topology: &Path) -> Result<Self> {
        let lab = Self(laboratory.clone());
        lab.0.ask(&["up", "--file", &topology.to_string_lossy()])?;
        Ok(lab)
    }

    /// Adds a rule to the router of a host, before all others for what it forwards, in the words of nftables.
    pub(super) fn first_rule(&self, host: &str, rule: &str) -> Result<()> {
        let router = self.namespace(&format!("{host}-gw"));
        let mut words = Command::new("ip");
        words.args(["netns", "exec", &router, "nft", "insert", "rule", "ip", "lab", "forward"]);
        let output = words.args(rule.split_whitespace()).output()?;
        ensure!(output.status.success(), "nft {rule}: {}", String::from_utf8_lossy(&output.stderr).trim());
        Ok(())
    }

    /// Starts the link's schedule and its counters anew.
    pub(super) fn restart(&self) -> Result<()> {
        self.0.ask(&["restart"]).map(drop)
    }

    /// Cuts the patient's link for so many seconds, from now.
    pub(super) fn cut(&self, seconds: u32) -> Result<()> {
        self.0.ask(&["outage", "A", &seconds.to_string()]).map(drop)
    }

    /// Takes a host from its network to another, with none for so many seconds in between; returns when it has the other.
    pub(super) fn switch(&self, host: &str, gap_secs: u32) -> Result<()> {
        self.0.ask(&["switch", host, "--gap", &gap_secs.to_string()]).map(drop)
    }

    /// Takes a host's interface down for so long; it has its address and its way out again when this returns.
    pub(super) fn down_for(&self, host: &str, span: Duration) -> Result<()> {
        let ip = |words: &[&str]| -> Result<String> {
            let output = Command::new("ip").args(["-n", &self.namespace(host)]).args(words).output()?;
            ensure!(
                output.status.success(),
                "ip {}: {}",
                words.join(" "),
                String::from_utf8_lossy(&output.stderr).trim()
            );
            Ok(String::from_utf8_lossy(&output.stdout).into_owned())
        };
        let route = ip(&["route", "show", "default"])?;
        let route: Vec<&str> = route.split_whitespace().collect();
        ip(&["link", "set", "eth0", "down"])?;
        thread::sleep(span);
        ip(&["link", "set", "eth0", "up"])?;
        ip(&[&["route", "replace"], &route[..]].concat()).map(drop)
    }

    /// The counters so far, as JSON.
    pub(super) fn stats(&self) -> Result<String> {
        self.0.ask(&["stats", "--series"])
    }

    /// A place on one of its hosts.
    pub(super) fn place(&self, host: &str) -> Place {
        let program: OsString = self.0.program.clone().into();
        let words = ["--lab", &self.0.name, "exec", host, "--"].map(OsString::from);
        Place { prefix: [program].into_iter().chain(words).collect() }
    }

    /// The network namespace of one of its hosts, as `ip netns` calls it.
    pub(super) fn namespace(&self, host: &str) -> String {
        format!("ll-{}-{host}", self.0.name)
    }

    /// The server's address.
    pub(super) fn server_address(&self) -> Result<String> {
        self.address("S")
    }

    /// The address by which a host knows itself.
    pub(super) fn address(&self, host: &str) -> Result<String> {
        let address = self.0.ask(&["exec", "S", "--", "printenv", &format!("LINKLAB_{host}_IP")])?;
        Ok(address.trim().to_owned())
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        // `up` replaces what an earlier run left; nothing is lost when this fails.
        let _ = self.0.ask(&["down"]);
    }
}

fn folder(workspace: &Workspace) -> PathBuf {
    beside(workspace, "HOUSECALL_LAB", "../shared/lab")
}

/// A short name for a folder: names of network interfaces are made of it.
fn name(folder: &Path) -> String {
    // FNV-1a: the same in every build, which the standard library's hash does not promise.
    let hash = folder
        .as_os_str()
        .as_encoded_bytes()
        .iter()
        .fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193));
    format!("hc{:04x}", hash >> 16)
}

/// The delay that a profile such as `edge,delay_ms=10` has, by the laboratory's list of profiles in TOML.
fn delay_ms(profiles: &str, wanted: &str) -> Option<f64> {
    let wanted = wanted.split('/').next()?;
    if let Some((_, own)) = wanted.split_once("delay_ms=") {
        return own.split(',').next()?.parse().ok();
    }
    let name = wanted.split(',').next()?;
    // `[name]`, or at once `[name.both]`, and in between the steps, `[[name.steps]]`.
    let is_its = |line: &str| {
        let rest = line.trim_start_matches('[').strip_prefix(name);
        rest.is_some_and(|rest| rest.starts_with(']') || rest.starts_with('.'))
    };
    let is_head = |line: &str| line.starts_with('[');
    let mut lines = profiles.lines().skip_while(|line| !is_head(line) || !is_its(line)).peekable();
    lines.peek()?;
    let own = lines.take_while(|line| !is_head(line) || is_its(line)).find_map(|line| line.strip_prefix("delay_ms = "));
    own.map_or(Some(0.0), |delay| delay.parse().ok())
}

/// A folder that an environment variable names, else one beside the clone.
pub(super) fn beside(workspace: &Workspace, variable: &str, default: &str) -> PathBuf {
    workspace.root.join(env::var_os(variable).unwrap_or_else(|| default.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_delay_of_a_link_is_its_own_or_that_of_its_profile() {
        let profiles = "[edge]\n\n[edge.both]\nrate_kbps = 64.0\ndelay_ms = 200.0\n\n[good]\n\n[good.both]\n\
            delay_ms = 10.0\n\n[ideal]\nsteps = []\n\n[ideal.both]\n\n[step.both]\ndelay_ms = 30.0\n\n[[step.steps]]\nat_s = 20.0\n";
        assert_eq!(delay_ms(profiles, "good"), Some(10.0));
        assert_eq!(delay_ms(profiles, "edge/symmetric"), Some(200.0));
        assert_eq!(delay_ms(profiles, "edge,loss_pct=2,delay_ms=35.5,queue_ms=9"), Some(35.5));
        assert_eq!(delay_ms(profiles, "ideal"), Some(0.0));
        assert_eq!(delay_ms(profiles, "step"), Some(30.0));
        assert_eq!(delay_ms(profiles, "nowhere"), None);
    }

    #[test]
    fn labs_of_two_clones_do_not_take_each_others_place() {
        assert_ne!(name(Path::new("/one/target")), name(Path::new("/another/target")));
    }
}
