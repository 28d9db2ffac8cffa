//! The TURN relay: sockets and clocks around [`relay::Relay`], which decides.
//!
//! Clients come by UDP, TCP and TLS to the one port of the server; each allocation has sockets of its own. All of it stands behind
//! one lock, which is held for a handful of datagrams at a time: forwarding is a look-up and a system call.

mod engine;
mod options;
mod queue;
mod sockets;
mod streams;

use std::io::ErrorKind;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use ::relay::{Client, Config, Credential, Peers, Relay, Secret, Transport};
use signaling_protocol::{EndpointId, VisitId};
use socket2::SockRef;
use tokio::net::UdpSocket;
use tracing::{debug, info};

use crate::driver::Driver;
use crate::stun;
use engine::Engine;
use sockets::Addresses;

pub(crate) use sockets::{outgoing, relayed_addresses};

pub use ::relay::Quotas;
pub(crate) use options::RELAY_URLS;
pub use options::{Coturn, RelayChoice, RelayOptions};

/// How often it is looked whether everybody is still in their visit: within two seconds of its end nothing passes any more.
const TICK: Duration = Duration::from_millis(500);

/// How many datagrams are handled before others have their turn.
const BATCH: usize = 32;

/// What one system call reads at most: a longer datagram is none of WebRTC's, and goes.
const LARGEST: usize = ::relay::LARGEST_MESSAGE;

/// How much the system keeps of what came while others had their turn: a tenth of a second of a full relay.
const RECEIVE_BUFFER: usize = 4 << 20;

/// The relay of a server.
pub(crate) struct Relaying {
    driver: Arc<Driver>,
    udp: UdpSocket,
    engine: Mutex<Engine>,
}

impl Relaying {
    /// `secret` and `seed` are random bytes.
    pub(crate) fn new(
        driver: Arc<Driver>,
        udp: UdpSocket,
        options: &RelayOptions,
        secret: [u8; 32],
        seed: [u8; 32],
    ) -> std::io::Result<Self> {
        let listen = udp.local_addr()?;
        let addresses = Addresses::of(listen.ip(), options);
        info!(addresses = ?addresses.told(), "relaying");
        let peers = Peers { private: options.private_peers, own: addresses.own(), listen_port: listen.port() };
        let config = Config { relayed: addresses.told(), peers, quotas: options.quotas };
        let relay = Relay::new(config, Secret::new(secret));
        SockRef::from(&udp).set_recv_buffer_size(RECEIVE_BUFFER).ok();
        let engine = Mutex::new(Engine::new(relay, addresses, options.ports.clone(), seed));
        Ok(Self { driver, udp, engine })
    }

    /// A credential for an endpoint, and for how many seconds it is good.
    pub(crate) fn issue(&self, visit: VisitId, endpoint: EndpointId) -> (Credential, u64) {
        self.engine().issue(self.driver.unix_secs(), visit, endpoint)
    }

    /// Answers what comes by UDP, for as long as the server runs.
    pub(crate) async fn serve_udp(self: Arc<Self>) {
        let mut buffer = [0; LARGEST + 1];
        loop {
            if self.udp.readable().await.is_err() {
                tokio::task::yield_now().await;
                continue;
            }
            let mut engine = self.engine();
            for _ in 0..BATCH {
                match self.udp.try_recv_from(&mut buffer) {
                    Ok((length, from)) if length <= LARGEST => self.datagram(&mut engine, &buffer[..length], from),
                    Ok(_) => {}
                    Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                    // An ICMP error for an earlier answer comes up here; it says nothing about the socket.
                    Err(error) => debug!(%error, "TURN"),
                }
            }
        }
    }

    /// Lets time pass, and looks who is still in their visit.
    pub(crate) async fn keep_time(self: Arc<Self>) {
        let mut ticks = tokio::time::interval(TICK);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            let (now, unix_secs) = (self.driver.now(), self.driver.unix_secs());
            let mut engine = self.engine();
            engine.handle_timeout(now, unix_secs, &self.driver);
            self.carry_out(&mut engine);
        }
    }

    /// How many allocations there are.
    pub(crate) fn allocations(&self) -> usize {
        self.engine().allocations()
    }

    /// Closes every socket of its own.
    pub(crate) fn close(&self) {
        self.engine().close();
    }

    fn datagram(self: &Arc<Self>, engine: &mut Engine, bytes: &[u8], from: SocketAddr) {
        if let Some(reply) = stun::reply_to(bytes, from) {
            return self.send(&reply, from);
        }
        let client = Client { transport: Transport::Datagrams, address: canonical(from) };
        self.message(engine, client, bytes);
    }

    /// A client's message, however it came.
    fn message(self: &Arc<Self>, engine: &mut Engine, client: Client, bytes: &[u8]) {
        engine.handle_client(self.driver.now(), self.driver.unix_secs(), client, bytes, &self.driver);
        self.carry_out(engine);
    }

    /// A datagram to a client. What the system has no room for is lost, as it would be on the way.
    fn send(&self, bytes: &[u8], to: SocketAddr) {
        let is_v6 = self.udp.local_addr().is_ok_and(|own| own.is_ipv6());
        let to = match to {
            SocketAddr::V4(v4) if is_v6 => SocketAddr::new(v4.ip().to_ipv6_mapped().into(), v4.port()),
            to => to,
        };
        // Not by the runtime: it would first have to hear from the system that the socket can be written to.
        if let Err(error) = SockRef::from(&self.udp).send_to(bytes, &to.into()) {
            debug!(%error, "a datagram was not sent");
        }
    }

    fn engine(&self) -> std::sync::MutexGuard<'_, Engine> {
        self.engine.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An IPv4 client on a dual-stack socket is an IPv4 client.
fn canonical(address: SocketAddr) -> SocketAddr {
    match address.ip().to_canonical() {
        IpAddr::V4(ip) => SocketAddr::new(ip.into(), address.port()),
        // With its scope: an answer to a link-local address needs it.
        IpAddr::V6(_) => address,
    }
}
