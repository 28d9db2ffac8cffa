//! One visit between two networks of the link laboratory: whether it comes about, by which way, and how soon.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use super::lab::{Lab, Laboratory};
use super::{visit, wire};
use crate::house::{End, EndFiles, House, Options};
use crate::programs::Programs;
use crate::report::Report;

/// How a network treats what leaves it and what comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Network {
    /// A public address, nothing filtered.
    None,
    /// One mapping for each port, open to whom something was sent: most homes.
    PortRestricted,
    /// Another port for each whom something is sent to: many mobile networks.
    Symmetric,
    /// Nothing leaves but TCP to port 443, and nobody is told.
    UdpBlocked,
    /// Nothing leaves but TCP to a proxy, which tunnels to port 443 alone.
    ProxyOnly,
}

impl Network {
    pub(super) const ALL: [Self; 5] =
        [Self::None, Self::PortRestricted, Self::Symmetric, Self::UdpBlocked, Self::ProxyOnly];

    /// As the command line has it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::PortRestricted => "port-restricted",
            Self::Symmetric => "symmetric",
            Self::UdpBlocked => "udp-blocked",
            Self::ProxyOnly => "proxy-only",
        }
    }

    /// As the laboratory calls it, or what is nearest to it: a proxy's network is made of a common one.
    fn nat(self) -> &'static str {
        if self == Self::ProxyOnly { Self::PortRestricted.name() } else { self.name() }
    }

    /// Lets nothing through but what goes to the proxy.
    fn close(self, lab: &Lab, host: &str) -> Result<()> {
        if self != Self::ProxyOnly {
            return Ok(());
        }
        let proxy = lab.address(PROXY)?;
        lab.first_rule(host, &format!("iifname lan ip daddr != {proxy} drop"))?;
        lab.first_rule(host, &format!("iifname lan tcp dport != {PROXY_PORT} drop"))?;
        lab.first_rule(host, "iifname lan meta l4proto != tcp drop")
    }
}

/// The host of the lab on which the proxy runs, and its port.
const PROXY: &str = "P";
const PROXY_PORT: u16 = 3128;
/// The patient's and the clinician's.
const HOSTS: [&str; 2] = ["A", "B"];
/// What a patient hangs up after, in seconds of call: long enough for a better way to be taken after the first.
const CALL_SECS: u32 = 4;
const GIVE_UP_SECS: u32 = 40;
const AROUND_THE_CALL: Duration = Duration::from_secs(30);

/// One visit to hold.
#[derive(Debug, Clone)]
pub(super) struct Between {
    /// The patient's and the clinician's.
    pub(super) networks: [Network; 2],
    /// Of each of the two links, one way.
    pub(super) delay_ms: f64,
    /// How long whoever knocks waits.
    pub(super) admit_after: &'static str,
    /// Further words for both programs.
    pub(super) words: Vec<&'static str>,
    pub(super) seed: u64,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Met {
    /// The patient's and the clinician's, by their reports; all that were used, in their order.
    pub(super) ways: [String; 2],
    /// From the admission until both had seen the other, and until both had heard the other.
    pub(super) picture_ms: f64,
    pub(super) voice_ms: f64,
    /// Nothing of the path was found before the admission.
    pub(super) is_cold: bool,
}

impl Met {
    pub(super) fn to_json(&self) -> Value {
        let Self { ways, picture_ms, voice_ms, is_cold } = self;
        json!({ "ways": ways, "picture_ms": picture_ms, "voice_ms": voice_ms, "is_cold": is_cold })
    }

    /// None for a visit that did not come about.
    pub(super) fn from_json(value: &Value) -> Option<Self> {
        let way = |end: usize| Some(value["ways"][end].as_str()?.to_owned());
        Some(Self {
            ways: [way(0)?, way(1)?],
            picture_ms: value["picture_ms"].as_f64()?,
            voice_ms: value["voice_ms"].as_f64()?,
            is_cold: value["is_cold"].as_bool()?,
        })
    }

    fn read(folder: &Path) -> Result<Self> {
        let report = |name| Report::read(&EndFiles::new(folder, name).report);
        let (patient, clinician) = (report("patient")?, report("clinician")?);
        let admitted = clinician.unix_ms("admitted").context("nobody was admitted")?;
        let last = |step: &str| {
            let both = [&patient, &clinician].map(|end| end.unix_ms(step));
            Some(both[0]?.max(both[1]?) - admitted)
        };
        // A path begins with an offer; what the clinician's app has agreed on by then is older than the admission.
        let negotiated = clinician.unix_ms("negotiated").context("nothing was negotiated")?;
        Ok(Self {
            ways: [ways(&patient), ways(&clinician)],
            picture_ms: last("first_video").context("a side saw nothing")?,
            voice_ms: last("first_audio").context("a side heard nothing")?,
            is_cold: negotiated >= admitted,
        })
    }
}

/// What the samples of a side say, each way once.
fn ways(report: &Report) -> String {
    let mut ways: Vec<&str> = report.samples().iter().filter_map(|sample| sample["way"].as_str()).collect();
    ways.dedup();
    ways.join(" → ")
}

/// Holds the visit; what both ends wrote lies in the folder afterwards.
pub(super) fn hold(laboratory: &Laboratory, programs: &Programs, call: &Between, folder: &Path) -> Result<Met> {
    visit::empty(folder)?;
    let topology = folder.join("lab.toml");
    fs::write(&topology, topology_of(call))?;
    let lab = Lab::up_by(laboratory, &topology)?;
    let proxy = format!("{}:{PROXY_PORT}", lab.address(PROXY)?);
    let _proxy = wire::listen(&lab.place(PROXY), ["proxy", &proxy])?;
    for (host, network) in HOSTS.into_iter().zip(call.networks) {
        network.close(&lab, host)?;
    }
    // The lab's public addresses are of a range for laboratories (RFC 2544), which relays do not lead to.
    let (listen, words) = (format!("{}:443", lab.server_address()?), ["--relay-private-peers"]);
    let house = House::open_with(programs, folder, &lab.place("S"), &listen, &words)?;
    let options = |duration_secs| Options {
        duration_secs,
        give_up_secs: GIVE_UP_SECS,
        more: call.words.iter().map(Into::into).collect(),
        ..Options::default()
    };
    let [of_patient, of_clinician] = call.networks.map(|network| (network == Network::ProxyOnly).then_some(&proxy));
    // The patient hangs up.
    let mut command = house.host_command(&lab.place(HOSTS[1]), &options(CALL_SECS + 20), call.admit_after);
    let mut host = house.start_host(by_proxy(&mut command, of_clinician), |_| {})?;
    let mut command = house.join_command(&lab.place(HOSTS[0]), &options(CALL_SECS));
    let mut guest = house.start_guest(by_proxy(&mut command, of_patient), |_| {})?;
    let limit = AROUND_THE_CALL + Duration::from_secs((CALL_SECS + GIVE_UP_SECS).into());
    ended_well("patient", &mut guest, limit)?;
    ended_well("clinician", &mut host, limit)?;
    Met::read(folder)
}

/// Names the proxy to a program, or none: whatever this machine goes by is not in the lab.
fn by_proxy<'a>(command: &'a mut Command, proxy: Option<&String>) -> &'a mut Command {
    for variable in ["HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"] {
        command.env_remove(variable).env_remove(variable.to_ascii_lowercase());
    }
    if let Some(proxy) = proxy {
        command.env("HTTPS_PROXY", format!("http://{proxy}"));
    }
    command
}

fn ended_well(name: &str, end: &mut End, limit: Duration) -> Result<()> {
    let status = end.process.wait(limit)?;
    let how = end.report().ok().and_then(|report| report.value()["end"].as_str().map(ToOwned::to_owned));
    let said = end.process.stderr();
    ensure!(status.success(), "the {name}: {status}, {}. {}", how.unwrap_or_default(), said.trim());
    Ok(())
}

fn topology_of(call: &Between) -> String {
    let client = |(host, network): (&str, Network)| {
        format!("[hosts.{host}]\nprofile = \"good,delay_ms={}\"\nnat = \"{}\"\n", call.delay_ms, network.nat())
    };
    let clients: String = HOSTS.into_iter().zip(call.networks).map(client).collect();
    format!("seed = {}\n{clients}[hosts.S]\nserver = true\n[hosts.{PROXY}]\nserver = true\n", call.seed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_came_of_a_visit_is_kept_and_a_failure_is_none() {
        let met = Met { ways: ["direct".into(), "relay_theirs".into()], picture_ms: 1.5, voice_ms: 2.0, is_cold: true };
        assert_eq!(Met::from_json(&met.to_json()), Some(met));
        assert_eq!(Met::from_json(&json!({ "failed": "no_connection" })), None);
    }

    #[test]
    fn each_side_has_its_own_network() {
        let call = Between {
            networks: [Network::ProxyOnly, Network::Symmetric],
            delay_ms: 12.5,
            admit_after: "0s",
            words: vec![],
            seed: 7,
        };
        let topology = topology_of(&call);
        assert!(
            topology.contains("[hosts.A]\nprofile = \"good,delay_ms=12.5\"\nnat = \"port-restricted\""),
            "{topology}"
        );
        assert!(topology.contains("[hosts.B]\nprofile = \"good,delay_ms=12.5\"\nnat = \"symmetric\""), "{topology}");
    }
}
