//! Every decision of the TURN relay (RFC 8656): who may use it, for whom it forwards, how much, and when it stops.
//!
//! The protocol itself is `turn-server-proto`'s, one instance for each client; this crate is the gate in front of it. What the
//! library lacks is here: credentials that end ([`Secret`]), peers that nobody is led to ([`Peers`]), shares ([`Quotas`]),
//! revocation, and the bounds on what strangers may cost. It opens nothing and is told the time: a driver hands whole messages
//! to [`Relay::handle_client`] and [`Relay::handle_peer`], and does what [`Relay::poll_output`] says.
//!
//! **Invariant:** no datagram leaves for a peer that [`Peers`] forbids, whatever a client says and whatever the library answers.

#![forbid(unsafe_code)]

mod contract;
mod credential;
mod framing;
mod instance;
mod peers;
mod quota;
mod relay;
mod request;

pub use contract::{Admissions, Config, Counts, Family, Output};
pub use credential::{Credential, Grant, Secret, Tag, coturn_credential};
pub use framing::{Deframer, FramingError, LARGEST_MESSAGE, padding};
pub use instance::{Client, Transport};
pub use peers::{Peers, is_public};
pub use quota::Quotas;
pub use relay::Relay;

/// The realm of the credentials (RFC 8489 section 14.9). It tells nothing about the clinic.
pub const REALM: &str = "housecall";
