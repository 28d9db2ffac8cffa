//! What is between the relay and whoever drives it: what it is started with, what it asks, and what it wants done.

use std::net::{IpAddr, SocketAddr};

use crate::credential::Grant;
use crate::instance::Client;
use crate::peers::Peers;
use crate::quota::Quotas;

/// What a relay is started with.
#[derive(Debug, Clone)]
pub struct Config {
    /// The addresses that clients are told as their relayed ones, one of a family.
    pub relayed: Vec<IpAddr>,
    /// Whom it forwards to besides them.
    pub peers: Peers,
    /// Who may have how much.
    pub quotas: Quotas,
}

impl Config {
    /// What a request gets that names no family: IPv4 (RFC 8656, section 7.2), and of a relay that has none IPv6. By the
    /// RFC it would be refused with 440, for an address that it did not insist on; WebRTC's clients never name a family.
    pub(crate) fn usual_family(&self) -> Family {
        let has_v4 = self.relayed.iter().any(IpAddr::is_ipv4);
        if has_v4 || self.relayed.is_empty() { Family::V4 } else { Family::V6 }
    }
}

/// Who is in a visit: the gate asks for every new allocation, for every refresh, and for all once a second.
pub trait Admissions {
    /// Whether this endpoint is still in this visit.
    fn admits(&self, grant: &Grant) -> bool;
}

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Output {
    /// A message to a client.
    ToClient {
        /// To whom.
        client: Client,
        /// Without the padding that a stream needs.
        bytes: Vec<u8>,
        /// Whether it may be lost: a peer's data, not an answer.
        is_data: bool,
    },
    /// A datagram to a peer.
    ToPeer {
        /// From this relayed address.
        relayed: SocketAddr,
        /// To there.
        peer: SocketAddr,
        /// What.
        bytes: Vec<u8>,
    },
    /// A socket is wanted: answer with [`Relay::handle_opened`].
    Open {
        /// By whom.
        client: Client,
        /// On an address of which family.
        family: Family,
    },
    /// A socket is of no more use.
    Close {
        /// Which.
        relayed: SocketAddr,
    },
    /// A stream is of no more use.
    HangUp {
        /// Whose.
        client: Client,
    },
}

/// The family of an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// IPv4.
    V4,
    /// IPv6.
    V6,
}

impl Family {
    pub(crate) fn of(ip: IpAddr) -> Self {
        if ip.is_ipv4() { Self::V4 } else { Self::V6 }
    }
}

/// What the relay has done since it was started.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Bytes of data that passed, both ways.
    pub forwarded_bytes: u64,
    /// Datagrams that were more than an allocation's rate.
    pub over_rate: u64,
    /// Datagrams and requests that would have led to a forbidden peer.
    pub forbidden: u64,
    /// Requests for an allocation beyond somebody's share.
    pub over_quota: u64,
}
