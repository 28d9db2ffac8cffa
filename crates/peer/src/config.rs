//! What a peer connection is opened with.

use std::sync::Arc;
use std::time::Duration;

use units::{DataRate, Phi};

use crate::{Certificate, RelayDialer};

/// How to open a [`crate::Peer`].
#[derive(Debug, Clone)]
pub struct PeerConfig {
    /// Servers that help to find a path.
    pub ice_servers: Vec<IceServer>,
    /// Where the bandwidth estimate starts on a path with a short round trip.
    pub start_rate: DataRate,
    /// What the estimate never exceeds, where the person wants to save data.
    pub max_rate: Option<DataRate>,
    /// What our end shows in the handshake; a fresh one if there is none.
    pub certificate: Option<Certificate>,
    /// How long a small question to the clinic's server and its answer take on this device's link, if that is known: on a slow
    /// one the path is looked for less often, since many checks fill it.
    pub server_round_trip: Option<Duration>,
    /// Opens the streams to relays that are reached by TCP or TLS; without it they are passed over.
    pub relay_dialer: Option<Arc<dyn RelayDialer>>,
    /// Relays alone are used: the other side learns no address of this machine or its network, and nothing is sent to any of
    /// theirs but by a relay.
    pub relay_only: bool,
    /// Also offer the loopback address: for two programs on one machine.
    pub include_loopback: bool,
}

impl Default for PeerConfig {
    fn default() -> Self {
        Self {
            ice_servers: Vec::new(),
            start_rate: DEFAULT_START_RATE,
            max_rate: None,
            certificate: None,
            server_round_trip: None,
            relay_dialer: None,
            relay_only: false,
            include_loopback: false,
        }
    }
}

/// A STUN or TURN server, in the form of WebRTC's `RTCIceServer`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IceServer {
    /// `stun:host:port` (RFC 7064), `turn:host:port?transport=udp`, the same with `tcp`, or `turns:host:port?transport=tcp`
    /// (RFC 7065).
    pub urls: Vec<String>,
    /// For relays.
    pub username: Option<Phi<String>>,
    /// For relays.
    pub credential: Option<Phi<String>>,
}

/// Enough for voice and a picture, on a path with a short round trip; probing finds the rest in a second. Less is believed of
/// a longer one ([`congestion::start_rate`]).
const DEFAULT_START_RATE: DataRate = DataRate::from_kbps(500);
