//! The relay, for visits whose two sides do not reach each other.

use std::fs;
use std::net::IpAddr;
use std::path::PathBuf;
use std::str::FromStr;

use clap::Args;
use serde::Deserialize;
use signaling_protocol::IceUrl;
use units::Phi;

use super::SettingsError;
use crate::relaying::{Coturn, RELAY_URLS, RelayChoice, RelayOptions};

/// Which relay there is.
#[derive(Debug, Clone, Default, PartialEq, Args, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
#[command(next_help_heading = "Relay")]
pub struct RelaySettings {
    /// Relays nothing.
    #[arg(long, env = "HOUSECALL_SERVER_NO_RELAY",
        conflicts_with_all = ["relay_address", "relay_listen", "relay_ports", "relay_private_peers", "coturn"])]
    #[serde(rename = "off")]
    pub no_relay: bool,
    /// The address that others reach the relay by, if it is none of this machine's (behind a NAT); twice for IPv4 and IPv6.
    #[arg(long, value_name = "ADDR", value_delimiter = ',', env = "HOUSECALL_SERVER_RELAY_ADDRESS")]
    #[serde(rename = "address")]
    pub relay_address: Vec<IpAddr>,
    /// The address of this machine where relayed sockets are opened; twice for IPv4 and IPv6.
    #[arg(long, value_name = "ADDR", value_delimiter = ',', env = "HOUSECALL_SERVER_RELAY_LISTEN")]
    #[serde(rename = "listen")]
    pub relay_listen: Vec<IpAddr>,
    /// Their ports, by UDP: what a firewall must let through; 49152-65535 without it.
    #[arg(long, value_name = "LOW-HIGH", env = "HOUSECALL_SERVER_RELAY_PORTS")]
    #[serde(rename = "ports")]
    pub relay_ports: Option<Ports>,
    /// Forwards into private networks too: only if all who wait for a visit may reach what is there.
    #[arg(long, env = "HOUSECALL_SERVER_RELAY_PRIVATE_PEERS")]
    #[serde(rename = "private-peers")]
    pub relay_private_peers: bool,
    /// Lets visits go by the relay alone, so that nobody learns the other's address.
    #[arg(long, conflicts_with = "no_relay", env = "HOUSECALL_SERVER_RELAY_ONLY")]
    #[serde(rename = "only")]
    pub relay_only: bool,
    /// Hands out credentials for a coturn (`use-auth-secret`) instead, by this URL; may be given several times.
    #[arg(long, value_name = "URL", value_parser = turn_url, value_delimiter = ',', requires = "coturn_secret_file",
        env = "HOUSECALL_SERVER_COTURN",
        conflicts_with_all = ["relay_address", "relay_listen", "relay_ports", "relay_private_peers"])]
    pub coturn: Vec<String>,
    /// The file with the coturn's `static-auth-secret`.
    #[arg(long, value_name = "F", requires = "coturn", env = "HOUSECALL_SERVER_COTURN_SECRET_FILE")]
    pub coturn_secret_file: Option<PathBuf>,
}

/// The lowest and the highest of a range of ports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Ports(u16, u16);

/// Fewer would not do for one visit.
const FEWEST_PORTS: u16 = 8;

impl FromStr for Ports {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let both = text.split_once('-').and_then(|(low, high)| Some((low.parse().ok()?, high.parse().ok()?)));
        match both {
            Some((low, high)) if low >= 1_024 && high >= low && high - low >= FEWEST_PORTS => Ok(Self(low, high)),
            _ => Err("write ports as 49152-65535, from 1024 on and with room for at least nine".to_owned()),
        }
    }
}

impl TryFrom<String> for Ports {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

/// A relay's address as the apps read it.
fn turn_url(text: &str) -> Result<String, String> {
    let is_relay = IceUrl::parse(text).is_some_and(|url| url.is_relay());
    is_relay.then(|| text.to_owned()).ok_or_else(|| format!("write it as {RELAY_URLS}"))
}

impl RelaySettings {
    /// As [`super::Settings::over`]: who chooses another kind of relay above chooses all of it.
    pub(super) fn over(self, below: Self) -> Self {
        if self.no_relay || !self.coturn.is_empty() {
            return Self { relay_only: self.relay_only || below.relay_only, ..self };
        }
        let list = |above: Vec<IpAddr>, below| if above.is_empty() { below } else { above };
        Self {
            no_relay: below.no_relay,
            relay_address: list(self.relay_address, below.relay_address),
            relay_listen: list(self.relay_listen, below.relay_listen),
            relay_ports: self.relay_ports.or(below.relay_ports),
            relay_private_peers: self.relay_private_peers || below.relay_private_peers,
            relay_only: self.relay_only || below.relay_only,
            coturn: below.coturn,
            coturn_secret_file: below.coturn_secret_file,
        }
    }

    /// Which relay that makes.
    pub(super) fn choice(&self) -> Result<RelayChoice, SettingsError> {
        let useless = |sentence: String| Err(SettingsError::Useless(sentence));
        let own = !self.relay_address.is_empty()
            || !self.relay_listen.is_empty()
            || self.relay_ports.is_some()
            || self.relay_private_peers;
        if (self.no_relay && (own || !self.coturn.is_empty())) || (own && !self.coturn.is_empty()) {
            return useless(
                "no relay, the server's own relay and a coturn are three ways; leave the settings of two of them out"
                    .into(),
            );
        }
        if self.no_relay && self.relay_only {
            return useless(
                "with the relay alone and without a relay there would be no visit; leave one of them out".into(),
            );
        }
        if self.no_relay {
            return Ok(RelayChoice::None);
        }
        match (&self.coturn[..], &self.coturn_secret_file) {
            ([], None) => Ok(RelayChoice::Own(self.own())),
            ([], Some(_)) | ([_, ..], None) => {
                useless("a coturn takes both its addresses and the file with its secret".into())
            }
            (urls, Some(path)) => {
                for url in urls {
                    turn_url(url).map_err(|what| SettingsError::Useless(format!("{url} is no relay: {what}")))?;
                }
                let unreadable = |source| SettingsError::Unreadable { path: path.clone(), source };
                let secret = fs::read_to_string(path).map_err(unreadable)?;
                let secret = secret.trim();
                if secret.is_empty() {
                    let path = path.display();
                    return useless(format!(
                        "there is no secret in {path}; write the coturn's static-auth-secret into it"
                    ));
                }
                Ok(RelayChoice::Coturn(Coturn { urls: urls.to_vec(), secret: Phi::new(secret.to_owned()) }))
            }
        }
    }

    fn own(&self) -> RelayOptions {
        let usual = RelayOptions::default();
        RelayOptions {
            addresses: self.relay_address.clone(),
            listen: self.relay_listen.clone(),
            ports: self.relay_ports.map_or(usual.ports.clone(), |Ports(low, high)| low..=high),
            private_peers: self.relay_private_peers,
            ..usual
        }
    }
}
