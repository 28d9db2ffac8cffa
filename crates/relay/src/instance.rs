//! One client of the relay: its own small TURN server, and what the gate knows of it.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, SocketAddrV4};
use std::time::Duration;

use stun_types::attribute::ErrorCode;
use stun_types::message::TransactionId;
use turn_server_proto::api::{SocketAllocateError, Transmit, TurnServerApi};
use turn_server_proto::server::TurnServer;
use turn_server_proto::types::Instant;
use turn_types::{AddressFamily, TransportType};
use units::Timestamp;

use crate::REALM;
use crate::contract::Family;
use crate::credential::Grant;
use crate::quota::{Bucket, Quotas};
use crate::request::{Kind, Request};

/// By what a client is known: RFC 8656's 5-tuple, without this side of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Client {
    /// How its messages come.
    pub transport: Transport,
    /// From where.
    pub address: SocketAddr,
}

/// How a client's messages come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Transport {
    /// Each in a datagram.
    Datagrams,
    /// On a connection, by the driver's number of it: TCP, or TLS over TCP.
    Stream(u64),
}

/// The library's word for this side of the 5-tuple. Nobody's relayed address is this one.
pub(crate) const HERE: SocketAddr = SocketAddr::V4(SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, 0));

/// Messages come whole, whatever brings them, so to the library all clients speak UDP: its own cutting of streams and its
/// allocations of TCP stay out of reach.
pub(crate) const TRANSPORT: TransportType = TransportType::Udp;

/// How long a client without an allocation is remembered: two round trips of the worst link, and some tries.
pub(crate) const STRANGER: Duration = Duration::from_secs(15);

/// How long the library keeps a permission (RFC 8656 section 9), and a channel (section 12).
const PERMISSION: Duration = Duration::from_secs(300);
const CHANNEL: Duration = Duration::from_secs(600);

#[derive(Debug)]
pub(crate) struct Instance {
    pub(crate) server: TurnServer,
    pub(crate) born: Timestamp,
    /// The names that the library knows here.
    pub(crate) users: Vec<String>,
    /// Who asks for an allocation just now.
    pub(crate) applicant: Option<Applicant>,
    /// Sockets that are being opened.
    pub(crate) opening: Vec<Opening>,
    /// Whose the allocation is.
    pub(crate) holder: Option<Holder>,
    /// Its relayed addresses, one for each family.
    pub(crate) relayed: Vec<SocketAddr>,
    /// The request that made it, and the answer, for the case that it got lost.
    pub(crate) granted: Option<(TransactionId, Vec<u8>)>,
    permissions: HashMap<IpAddr, Timestamp>,
    channels: HashMap<u16, (SocketAddr, Timestamp)>,
    /// From the client, and to it.
    pub(crate) up: Bucket,
    pub(crate) down: Bucket,
}

/// What becomes of a request.
pub(crate) enum Proceed {
    /// The library decides.
    Ask,
    /// It is being carried out already.
    Wait,
    /// It was carried out already: this was the answer.
    Again(Vec<u8>),
    /// Not with us.
    Refuse(u16),
}

/// Who asks for an allocation.
#[derive(Debug)]
pub(crate) struct Applicant {
    pub(crate) holder: Holder,
    /// By which request.
    pub(crate) transaction: TransactionId,
    /// Whether the request says of which family.
    pub(crate) names_family: bool,
}

/// A socket that is being opened.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Opening {
    /// Which family the library asked for.
    pub(crate) asked: AddressFamily,
    /// Of which it will be.
    pub(crate) family: Family,
    /// What came of it.
    pub(crate) result: Option<Result<SocketAddr, SocketAllocateError>>,
}

/// Whose an allocation is.
#[derive(Debug, Clone)]
pub(crate) struct Holder {
    pub(crate) username: String,
    pub(crate) grant: Grant,
}

impl Instance {
    pub(crate) fn new(now: Timestamp, quotas: &Quotas) -> Self {
        Self {
            server: TurnServer::new(TRANSPORT, HERE, REALM.to_owned()),
            born: now,
            users: Vec::new(),
            applicant: None,
            opening: Vec::new(),
            holder: None,
            relayed: Vec::new(),
            granted: None,
            permissions: HashMap::new(),
            channels: HashMap::new(),
            up: Bucket::full(now, quotas.rate),
            down: Bucket::full(now, quotas.rate),
        }
    }

    /// Of whom the allocation is, if there is one.
    pub(crate) fn grant(&self) -> Option<Grant> {
        self.holder.as_ref().map(|holder| holder.grant)
    }

    /// Lets the library know a name whose password was proven.
    pub(crate) fn know(&mut self, username: &str, password: &str) {
        if !self.users.iter().any(|known| known == username) {
            self.users.push(username.to_owned());
            self.server.add_user(username.to_owned(), password.to_owned());
        }
    }

    /// Notes that the client speaks with these from now on; whether there is room for them.
    pub(crate) fn permit(&mut self, now: Timestamp, peers: &[SocketAddr], most: usize) -> bool {
        self.permissions.retain(|_, until| *until > now);
        let new = peers.iter().filter(|peer| !self.permissions.contains_key(&peer.ip())).count();
        if self.permissions.len() + new > most {
            return false;
        }
        self.permissions.extend(peers.iter().map(|peer| (peer.ip(), now + PERMISSION)));
        true
    }

    /// Notes a channel; whether it may be had: a number is one peer's, and a peer has one number (RFC 8656 section 12).
    pub(crate) fn bind(&mut self, now: Timestamp, number: u16, peer: SocketAddr, most: usize) -> bool {
        self.channels.retain(|_, (_, until)| *until > now);
        let is_free = match self.channels.get(&number) {
            Some((bound, _)) => *bound == peer,
            None => self.channels.len() < most && self.channels.values().all(|(bound, _)| *bound != peer),
        };
        if is_free {
            self.channels.insert(number, (peer, now + CHANNEL));
        }
        is_free
    }

    /// The results of opening, once all are there: the failed ones first, because the library forgets an allocation whose last
    /// socket failed.
    pub(crate) fn opened(&mut self) -> Option<Vec<(AddressFamily, Result<SocketAddr, SocketAllocateError>)>> {
        let all: Option<Vec<_>> = self.opening.iter().map(|opening| Some((opening.asked, opening.result?))).collect();
        let mut all = all.filter(|all| !all.is_empty())?;
        self.opening.clear();
        all.sort_by_key(|(_, result)| result.is_ok());
        Some(all)
    }

    /// Tells the library what came of opening a socket.
    pub(crate) fn tell_opened(
        &mut self,
        now: Timestamp,
        client: SocketAddr,
        family: AddressFamily,
        result: Result<SocketAddr, SocketAllocateError>,
    ) {
        self.server.allocated_socket(TRANSPORT, HERE, client, TransportType::Udp, family, result, instant(now));
    }

    /// What becomes of a request about an allocation by whose it is.
    pub(crate) fn may_proceed(&mut self, now: Timestamp, request: &Request<'_>, quotas: &Quotas) -> Proceed {
        match request.kind {
            // Sent again because the answer was lost: the library would call it a second allocation.
            Kind::Allocate => match &self.granted {
                Some((transaction, answer)) if *transaction == request.transaction() => Proceed::Again(answer.clone()),
                _ => Proceed::Ask,
            },
            Kind::Refresh => Proceed::Ask,
            Kind::CreatePermission => match self.permit(now, &request.peers, quotas.peers) {
                true => Proceed::Ask,
                false => Proceed::Refuse(ErrorCode::INSUFFICIENT_CAPACITY),
            },
            Kind::ChannelBind => match (request.channel, request.peers.first()) {
                (Some(number), Some(peer)) if !self.bind(now, number, *peer, quotas.peers) => {
                    Proceed::Refuse(ErrorCode::BAD_REQUEST)
                }
                (Some(_), Some(peer)) if !self.permit(now, &[*peer], quotas.peers) => {
                    Proceed::Refuse(ErrorCode::INSUFFICIENT_CAPACITY)
                }
                _ => Proceed::Ask,
            },
        }
    }
}

/// The library's word for a moment.
pub(crate) fn instant(now: Timestamp) -> Instant {
    Instant::from_nanos(i64::try_from(now.as_micros().saturating_mul(1_000)).unwrap_or(i64::MAX / 2))
}

/// A message for the library.
pub(crate) fn transmit(bytes: &[u8], from: SocketAddr, to: SocketAddr) -> Transmit<&[u8]> {
    Transmit::new(bytes, TRANSPORT, from, to)
}
