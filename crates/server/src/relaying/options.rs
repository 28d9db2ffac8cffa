//! What an operator may choose of the relay.

use std::net::IpAddr;
use std::ops::RangeInclusive;

use ::relay::{Credential, Secret, coturn_credential};
use signaling_protocol::EndpointId;
use units::Phi;

use super::Quotas;

/// Which relay there is for visits whose two sides do not reach each other.
#[derive(Debug, Clone)]
pub enum RelayChoice {
    /// The server's own.
    Own(RelayOptions),
    /// A coturn of the operator's.
    Coturn(Coturn),
    /// None.
    None,
}

/// How the server's own relay works.
#[derive(Debug, Clone)]
pub struct RelayOptions {
    /// The addresses that clients are told, one of a family; those of this machine if there are none.
    pub addresses: Vec<IpAddr>,
    /// The addresses of this machine where relayed sockets are opened; those that clients are told if there are none.
    pub listen: Vec<IpAddr>,
    /// Their ports. RFC 8656 section 7.2: the dynamic ones.
    pub ports: RangeInclusive<u16>,
    /// Whether it forwards into private networks too.
    pub private_peers: bool,
    /// Who may have how much.
    pub quotas: Quotas,
}

impl Default for RelayOptions {
    fn default() -> Self {
        Self {
            addresses: Vec::new(),
            listen: Vec::new(),
            ports: 49_152..=65_535,
            private_peers: false,
            quotas: Quotas::default(),
        }
    }
}

/// How addresses of relays are written that apps can read.
pub(crate) const RELAY_URLS: &str = "turn:HOST:PORT, turn:HOST:PORT?transport=tcp or turns:HOST:PORT, \
    the host a name, an IPv4 address or an IPv6 address in brackets";

/// A coturn that takes what this server signs (`use-auth-secret`).
#[derive(Debug, Clone)]
pub struct Coturn {
    /// Its URLs, as clients are told them.
    pub urls: Vec<String>,
    /// Its `static-auth-secret`.
    pub secret: Phi<String>,
}

impl Coturn {
    /// A credential that it takes until then, under a name that tells nobody whose it is.
    pub(crate) fn issue(&self, expires_unix_secs: u64, endpoint: EndpointId) -> Credential {
        let secret = self.secret.expose().as_bytes();
        let user = Secret::of_text(secret).tag("endpoint", &endpoint.to_string());
        coturn_credential(secret, expires_unix_secs, user)
    }
}
