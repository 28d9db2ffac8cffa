//! A relay in virtual time, and its clients.

use std::collections::{HashMap, HashSet};
use std::net::{IpAddr, SocketAddr};

use relay::{Admissions, Client, Config, Family, Grant, Output, Peers, Quotas, Relay, Secret, Tag, Transport};
use testkit::turn::{TurnAnswer, TurnClient};
use units::Timestamp;

/// What the wall clock says when the relay starts.
pub(crate) const UNIX: u64 = 1_790_000_000;

pub(crate) const RELAYED: &str = "203.0.112.9";
pub(crate) const RELAYED_V6: &str = "2a00:1::9";

/// Who is in their visit: all but these.
#[derive(Default)]
pub(crate) struct Gone(pub(crate) HashSet<Tag>);

impl Admissions for Gone {
    fn admits(&self, grant: &Grant) -> bool {
        !self.0.contains(&grant.endpoint) && !self.0.contains(&grant.visit)
    }
}

pub(crate) struct House {
    pub(crate) relay: Relay,
    pub(crate) now: Timestamp,
    pub(crate) gone: Gone,
    pub(crate) sockets: HashSet<SocketAddr>,
    /// Datagrams that left, with where to.
    pub(crate) to_peers: Vec<(SocketAddr, SocketAddr, Vec<u8>)>,
    pub(crate) to_clients: HashMap<Client, Vec<Vec<u8>>>,
    pub(crate) hung_up: Vec<Client>,
    /// One address of each family that it has.
    addresses: Vec<IpAddr>,
    next_port: u16,
}

impl House {
    pub(crate) fn open() -> Self {
        Self::with(|_| {})
    }

    pub(crate) fn with(change: impl FnOnce(&mut Config)) -> Self {
        let relayed: Vec<IpAddr> = vec![RELAYED.parse().expect("an address"), RELAYED_V6.parse().expect("an address")];
        let peers = Peers { private: false, own: relayed.clone(), listen_port: 443 };
        let mut config = Config { relayed, peers, quotas: Quotas::default() };
        change(&mut config);
        let addresses = config.relayed.clone();
        Self {
            addresses,
            relay: Relay::new(config, Secret::new([5; 32])),
            now: Timestamp::from_millis(1_000),
            gone: Gone::default(),
            sockets: HashSet::new(),
            to_peers: Vec::new(),
            to_clients: HashMap::new(),
            hung_up: Vec::new(),
            next_port: 50_000,
        }
    }

    pub(crate) fn unix(&self) -> u64 {
        UNIX + self.now.as_micros() / 1_000_000
    }

    /// A client with a credential for `endpoint` in `visit`.
    pub(crate) fn client(&mut self, visit: &str, endpoint: &str) -> TurnClient {
        let (visit, endpoint) = (self.relay.tag("visit", visit), self.relay.tag("endpoint", endpoint));
        let (credential, ttl_secs) = self.relay.issue(self.unix(), visit, endpoint);
        assert_eq!(ttl_secs, 600);
        TurnClient::new(&credential.username, &credential.password)
    }

    pub(crate) fn pass(&mut self, secs: u64) {
        for _ in 0..secs {
            self.now += std::time::Duration::from_secs(1);
            self.relay.handle_timeout(self.now, self.unix(), &self.gone);
            self.carry_out();
        }
    }

    /// Says something, and reads the last that came back.
    pub(crate) fn say(&mut self, from: Client, message: &[u8], client: &mut TurnClient) -> TurnAnswer {
        self.to_clients.remove(&from);
        self.raw(from, message);
        let answers = self.to_clients.remove(&from).unwrap_or_default();
        answers.last().map_or(TurnAnswer::Other, |answer| client.read(answer))
    }

    pub(crate) fn raw(&mut self, from: Client, message: &[u8]) {
        let unix = self.unix();
        self.relay.handle_client(self.now, unix, from, message, &self.gone);
        self.carry_out();
    }

    pub(crate) fn peer_says(&mut self, relayed: SocketAddr, peer: SocketAddr, bytes: &[u8]) {
        self.relay.handle_peer(self.now, relayed, peer, bytes);
        self.carry_out();
    }

    /// Asks twice, as the challenge wants it, for a relayed address.
    pub(crate) fn allocate(&mut self, from: Client, client: &mut TurnClient) -> TurnAnswer {
        self.allocate_on(from, client, false)
    }

    pub(crate) fn allocate_on(&mut self, from: Client, client: &mut TurnClient, v6: bool) -> TurnAnswer {
        let first = self.say(from, &client.allocate(v6), client);
        if matches!(first, TurnAnswer::Refused { code: 401 | 438, .. }) {
            return self.say(from, &client.allocate(v6), client);
        }
        first
    }

    pub(crate) fn must_allocate(&mut self, from: Client, client: &mut TurnClient) -> SocketAddr {
        match self.allocate(from, client) {
            TurnAnswer::Done { relayed: Some(relayed), mapped, lifetime: Some(_) } => {
                assert_eq!(mapped, Some(from.address));
                relayed
            }
            other => panic!("{other:?}"),
        }
    }

    fn carry_out(&mut self) {
        while let Some(output) = self.relay.poll_output() {
            match output {
                Output::ToClient { client, bytes, .. } => self.to_clients.entry(client).or_default().push(bytes),
                Output::ToPeer { relayed, peer, bytes } => {
                    assert!(self.sockets.contains(&relayed), "from a socket that is not open");
                    self.to_peers.push((relayed, peer, bytes));
                }
                Output::Open { client, family } => {
                    self.next_port += 1;
                    let ip = self.addresses.iter().find(|ip| ip.is_ipv4() == (family == Family::V4));
                    let relayed = ip.map(|ip| SocketAddr::new(*ip, self.next_port));
                    self.sockets.extend(relayed);
                    self.relay.handle_opened(self.now, client, family, relayed);
                }
                Output::Close { relayed } => assert!(self.sockets.remove(&relayed), "closed twice"),
                Output::HangUp { client } => self.hung_up.push(client),
            }
        }
    }
}

pub(crate) fn at(address: &str) -> SocketAddr {
    address.parse().expect("an address")
}

pub(crate) fn by_udp(address: &str) -> Client {
    Client { transport: Transport::Datagrams, address: at(address) }
}

pub(crate) fn refused(code: u16, signed: bool) -> TurnAnswer {
    TurnAnswer::Refused { code, signed }
}
