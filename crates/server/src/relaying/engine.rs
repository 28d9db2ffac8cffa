//! What stands behind the relay's lock: who decides, the sockets, and whose names are whose.

use std::collections::HashMap;
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::sync::Arc;

use ::relay::{Admissions, Client, Credential, Grant, Output, Relay, Tag, Transport};
use rand::SeedableRng;
use rand::rngs::StdRng;
use signaling_protocol::{EndpointId, VisitId};
use socket2::SockRef;
use tokio::net::UdpSocket;
use tokio::task::AbortHandle;
use tracing::debug;
use units::Timestamp;

use super::queue::Queue;
use super::sockets::Addresses;
use super::{BATCH, LARGEST, Relaying};
use crate::driver::Driver;

pub(super) struct Engine {
    relay: Relay,
    addresses: Addresses,
    ports: RangeInclusive<u16>,
    rng: StdRng,
    sockets: HashMap<SocketAddr, Relayed>,
    streams: HashMap<u64, Arc<Queue>>,
    last_stream: u64,
    /// Who got a credential, by what they are called in it.
    seats: HashMap<Tag, Seat>,
}

/// A relayed socket, and who reads it.
struct Relayed {
    socket: Arc<UdpSocket>,
    reader: AbortHandle,
}

/// Whose name it is.
#[derive(Debug, Clone, Copy)]
struct Seat {
    visit: Tag,
    endpoint: EndpointId,
}

/// The seats, and who knows whether they are taken still.
struct Seats<'a>(&'a HashMap<Tag, Seat>, &'a Driver);

impl Admissions for Seats<'_> {
    fn admits(&self, grant: &Grant) -> bool {
        let seat = self.0.get(&grant.endpoint).filter(|seat| seat.visit == grant.visit);
        seat.is_some_and(|seat| self.1.is_present(seat.endpoint))
    }
}

impl Engine {
    pub(super) fn new(relay: Relay, addresses: Addresses, ports: RangeInclusive<u16>, seed: [u8; 32]) -> Self {
        Self {
            relay,
            addresses,
            ports,
            rng: StdRng::from_seed(seed),
            sockets: HashMap::new(),
            streams: HashMap::new(),
            last_stream: 0,
            seats: HashMap::new(),
        }
    }

    pub(super) fn issue(&mut self, unix_secs: u64, visit: VisitId, endpoint: EndpointId) -> (Credential, u64) {
        let visit = self.relay.tag("visit", &visit.to_string());
        let tag = self.relay.tag("endpoint", &endpoint.to_string());
        self.seats.insert(tag, Seat { visit, endpoint });
        self.relay.issue(unix_secs, visit, tag)
    }

    pub(super) fn handle_client(
        &mut self,
        now: Timestamp,
        unix_secs: u64,
        client: Client,
        bytes: &[u8],
        driver: &Driver,
    ) {
        self.relay.handle_client(now, unix_secs, client, bytes, &Seats(&self.seats, driver));
    }

    pub(super) fn allocations(&self) -> usize {
        self.relay.allocations()
    }

    pub(super) fn handle_timeout(&mut self, now: Timestamp, unix_secs: u64, driver: &Driver) {
        self.relay.handle_timeout(now, unix_secs, &Seats(&self.seats, driver));
        self.seats.retain(|_, seat| driver.is_present(seat.endpoint));
    }

    /// Numbers a stream, which sends what comes into `queue`.
    pub(super) fn add_stream(&mut self, queue: Arc<Queue>) -> u64 {
        self.last_stream += 1;
        self.streams.insert(self.last_stream, queue);
        self.last_stream
    }

    pub(super) fn remove_stream(&mut self, client: Client) {
        if let Transport::Stream(number) = client.transport {
            self.streams.remove(&number);
        }
        self.relay.handle_closed(client);
    }

    /// Whether a client has asked for anything that needs it to be remembered.
    pub(super) fn knows(&self, client: Client) -> bool {
        self.relay.knows(client)
    }

    pub(super) fn close(&mut self) {
        for (_, relayed) in self.sockets.drain() {
            relayed.reader.abort();
        }
        for (_, queue) in self.streams.drain() {
            queue.close();
        }
    }
}

impl Relaying {
    /// Does what the relay wants done.
    pub(super) fn carry_out(self: &Arc<Self>, engine: &mut Engine) {
        while let Some(output) = engine.relay.poll_output() {
            match output {
                Output::ToClient { client, bytes, is_data } => match client.transport {
                    Transport::Datagrams => self.send(&bytes, client.address),
                    Transport::Stream(number) => {
                        if let Some(queue) = engine.streams.get(&number) {
                            queue.push(bytes, is_data);
                        }
                    }
                },
                Output::ToPeer { relayed, peer, bytes } => {
                    let Some(Relayed { socket, .. }) = engine.sockets.get(&relayed) else { continue };
                    if let Err(error) = SockRef::from(&**socket).send_to(&bytes, &peer.into()) {
                        debug!(%error, "a datagram was not sent");
                    }
                }
                Output::Open { client, family } => {
                    let opened = engine.addresses.open(family, &engine.ports, &mut engine.rng);
                    let opened = opened.inspect_err(|error| debug!(%error, ?family, "no relayed socket"));
                    let relayed = opened.ok().map(|(socket, relayed)| {
                        let socket = Arc::new(socket);
                        let reader =
                            tokio::spawn(Arc::clone(self).read_relayed(Arc::clone(&socket), relayed)).abort_handle();
                        engine.sockets.insert(relayed, Relayed { socket, reader });
                        relayed
                    });
                    engine.relay.handle_opened(self.driver.now(), client, family, relayed);
                }
                Output::Close { relayed } => {
                    if let Some(Relayed { reader, .. }) = engine.sockets.remove(&relayed) {
                        reader.abort();
                    }
                }
                Output::HangUp { client } => {
                    if let Transport::Stream(number) = client.transport
                        && let Some(queue) = engine.streams.get(&number)
                    {
                        queue.close();
                    }
                }
            }
        }
    }

    /// Takes in what peers send to a relayed address, until the socket is closed.
    async fn read_relayed(self: Arc<Self>, socket: Arc<UdpSocket>, relayed: SocketAddr) {
        let mut buffer = vec![0; LARGEST + 1];
        loop {
            if socket.readable().await.is_err() {
                tokio::task::yield_now().await;
                continue;
            }
            let mut engine = self.engine();
            let now = self.driver.now();
            for _ in 0..BATCH {
                match socket.try_recv_from(&mut buffer) {
                    Ok((length, peer)) if length <= LARGEST => {
                        engine.relay.handle_peer(now, relayed, peer, &buffer[..length]);
                    }
                    Ok(_) => {}
                    Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                    // That a peer's port is closed is for the peer's other end to notice.
                    Err(error) => debug!(%error, "a relayed socket"),
                }
            }
            self.carry_out(&mut engine);
        }
    }
}
