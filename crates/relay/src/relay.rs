//! The gate: every message passes here before the library sees it, and every datagram before it leaves.

use std::collections::{HashMap, HashSet, VecDeque};
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use stun_types::attribute::{ErrorCode, Userhash};
use stun_types::message::{IntegrityAlgorithm, LongTermKeyCredentials, MessageIntegrityCredentials};
use turn_server_proto::api::{SocketAllocateError, TurnServerApi, TurnServerPollRet};
use turn_types::AddressFamily;
use turn_types::prelude::DelayedTransmitBuild;
use units::Timestamp;

use crate::REALM;
use crate::contract::{Admissions, Config, Counts, Family, Output};
use crate::credential::{Credential, Grant, Secret, Tag};
use crate::instance::{
    Applicant, Client, HERE, Holder, Instance, Opening, Proceed, STRANGER, Transport, instant, transmit,
};
use crate::quota::Shares;
use crate::request::{Kind, Name, Request, Sort, refuse_unread, sort};

/// The relay. See the [crate](crate).
#[derive(Debug)]
pub struct Relay {
    config: Config,
    secret: Secret,
    clients: HashMap<Client, Instance>,
    by_relayed: HashMap<SocketAddr, Client>,
    /// Those without an allocation, the oldest first.
    strangers: VecDeque<Client>,
    shares: Shares,
    /// The names that were given out, by their hash: for clients that show no more of them (RFC 8489 section 14.4).
    names: HashMap<[u8; 32], Grant>,
    counts: Counts,
    outputs: VecDeque<Output>,
}

/// Who signed a request.
struct Standing {
    username: String,
    password: String,
    grant: Grant,
    credentials: MessageIntegrityCredentials,
    algorithm: IntegrityAlgorithm,
}

/// How long a credential is good for new allocations.
const CREDENTIAL: Duration = Duration::from_secs(600);

/// Names that are remembered; beyond it clients must show theirs.
const MOST_NAMES: usize = 16_384;

impl Relay {
    /// A relay that nobody uses yet.
    pub fn new(config: Config, secret: Secret) -> Self {
        Self {
            config,
            secret,
            clients: HashMap::new(),
            by_relayed: HashMap::new(),
            strangers: VecDeque::new(),
            shares: Shares::default(),
            names: HashMap::new(),
            counts: Counts::default(),
            outputs: VecDeque::new(),
        }
    }

    /// What a visit or an endpoint is called here.
    pub fn tag(&self, kind: &str, id: &str) -> Tag {
        self.secret.tag(kind, id)
    }

    /// A credential for an endpoint in a visit, and for how many seconds it is good.
    pub fn issue(&mut self, unix_secs: u64, visit: Tag, endpoint: Tag) -> (Credential, u64) {
        let ttl_secs = CREDENTIAL.as_secs();
        let grant = Grant { expires_unix_secs: unix_secs + ttl_secs, visit, endpoint };
        if self.names.len() < MOST_NAMES {
            self.names.insert(Userhash::compute(&grant.username(), REALM), grant);
        }
        (self.secret.issue(&grant), ttl_secs)
    }

    /// A client's message, whole and without a stream's padding.
    pub fn handle_client(
        &mut self,
        now: Timestamp,
        unix_secs: u64,
        client: Client,
        bytes: &[u8],
        admissions: &impl Admissions,
    ) {
        match sort(bytes) {
            Sort::Data => self.handle_data(now, client, bytes),
            Sort::Request(kind) => match Request::read(kind, bytes) {
                Ok(request) => self.handle_request(now, unix_secs, client, &request, bytes, admissions),
                Err(_) => self.answer(client, refuse_unread(bytes, ErrorCode::BAD_REQUEST)),
            },
            Sort::Foreign => self.answer(client, refuse_unread(bytes, ErrorCode::BAD_REQUEST)),
            Sort::Nothing => {}
        }
    }

    /// A datagram that came to a relayed address.
    pub fn handle_peer(&mut self, now: Timestamp, relayed: SocketAddr, peer: SocketAddr, bytes: &[u8]) {
        let Some(&client) = self.by_relayed.get(&relayed) else { return };
        let Some(instance) = self.clients.get_mut(&client) else { return };
        // The library looks whether the peer has a permission.
        let Some(built) = instance.server.recv(transmit(bytes, peer, relayed), instant(now)) else { return };
        if !instance.down.take(now, bytes.len()) {
            self.counts.over_rate += 1;
            return;
        }
        self.counts.forwarded_bytes += bytes.len() as u64;
        self.outputs.push_back(Output::ToClient { client, bytes: built.data.build(), is_data: true });
    }

    /// What came of [`Output::Open`]: the relayed address, or none if there is no socket to be had.
    pub fn handle_opened(&mut self, now: Timestamp, client: Client, family: Family, relayed: Option<SocketAddr>) {
        let Some(instance) = self.clients.get_mut(&client) else {
            self.outputs.extend(relayed.map(|relayed| Output::Close { relayed }));
            return;
        };
        let waiting = instance.opening.iter_mut().find(|opening| opening.family == family && opening.result.is_none());
        let Some(opening) = waiting else {
            self.outputs.extend(relayed.map(|relayed| Output::Close { relayed }));
            return;
        };
        opening.result = Some(relayed.ok_or(match self.config.relayed.iter().any(|ip| Family::of(*ip) == family) {
            true => SocketAllocateError::InsufficientCapacity,
            false => SocketAllocateError::AddressFamilyNotSupported,
        }));
        let Some(all) = instance.opened() else { return };
        let Some(Applicant { holder, transaction, .. }) = instance.applicant.take() else { return };
        for (family, result) in all {
            instance.relayed.extend(result.ok());
            instance.tell_opened(now, client.address, family, result);
        }
        if !instance.relayed.is_empty() {
            self.by_relayed.extend(instance.relayed.iter().map(|relayed| (*relayed, client)));
            self.shares.add(&holder.grant);
            instance.holder = Some(holder);
            instance.granted = Some((transaction, Vec::new()));
            self.strangers.retain(|stranger| *stranger != client);
        }
        self.settle(now, client);
    }

    /// A client's stream has ended, and so has what it had.
    pub fn handle_closed(&mut self, client: Client) {
        self.forget(client);
    }

    /// Lets time pass: to be called every second. Whoever is no longer in their visit loses what they had, and nobody else: a
    /// client cannot change the name of what it has (RFC 8656 section 5), and no visit is cut off for its length.
    pub fn handle_timeout(&mut self, now: Timestamp, unix_secs: u64, admissions: &impl Admissions) {
        let clients: Vec<Client> = self.clients.keys().copied().collect();
        for client in clients {
            let Some(instance) = self.clients.get(&client) else { continue };
            let over = match &instance.holder {
                None => now.since(instance.born) >= STRANGER,
                Some(holder) => !admissions.admits(&holder.grant),
            };
            if over { self.forget(client) } else { self.settle(now, client) }
        }
        // An expired name may still refresh, so long as what was made with it lasts.
        let held: HashSet<Grant> = self.clients.values().filter_map(Instance::grant).collect();
        self.names.retain(|_, grant| grant.expires_unix_secs > unix_secs || held.contains(grant));
    }

    /// What is to be done; to be asked until there is nothing.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// What was done so far.
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// Whether anything is remembered of a client.
    pub fn knows(&self, client: Client) -> bool {
        self.clients.contains_key(&client)
    }

    /// How many clients have an allocation.
    pub fn allocations(&self) -> usize {
        self.shares.all()
    }

    /// How many clients have none.
    pub fn strangers(&self) -> usize {
        self.strangers.len()
    }

    fn handle_data(&mut self, now: Timestamp, client: Client, bytes: &[u8]) {
        let Some(instance) = self.clients.get_mut(&client) else { return };
        let Some(built) = instance.server.recv(transmit(bytes, client.address, HERE), instant(now)) else { return };
        // Data leads to a peer, from a relayed address of this client's own, or nowhere.
        let (relayed, peer) = (built.from, built.to);
        if !instance.relayed.contains(&relayed) {
            return;
        }
        let bytes = built.data.build();
        if !instance.up.take(now, bytes.len()) {
            self.counts.over_rate += 1;
            return;
        }
        self.forward(now, relayed, peer, bytes);
    }

    /// The last look at every datagram that leaves.
    fn forward(&mut self, now: Timestamp, relayed: SocketAddr, peer: SocketAddr, bytes: Vec<u8>) {
        if self.by_relayed.contains_key(&peer) {
            // Both are here: no way round by the network, which a router in front might not know.
            self.handle_peer(now, peer, relayed, &bytes);
        } else if self.config.relayed.contains(&peer.ip()) && !self.config.peers.allows(peer) {
            // Another allocation that is gone, or something else on this machine.
            self.counts.forbidden += 1;
        } else if self.config.peers.allows(peer) {
            self.counts.forwarded_bytes += bytes.len() as u64;
            self.outputs.push_back(Output::ToPeer { relayed, peer, bytes });
        } else {
            self.counts.forbidden += 1;
        }
    }

    fn handle_request(
        &mut self,
        now: Timestamp,
        unix_secs: u64,
        client: Client,
        request: &Request<'_>,
        bytes: &[u8],
        admissions: &impl Admissions,
    ) {
        let standing = self.standing(request);
        if let Some(instance) = self.clients.get(&client) {
            // One whose visit is over is a stranger from now on.
            if instance.holder.as_ref().is_some_and(|holder| !admissions.admits(&holder.grant)) {
                self.forget(client);
            }
        }
        let forbidden = |peer: &SocketAddr| !self.config.peers.allows_permission(peer.ip(), &self.config.relayed);
        if request.peers.iter().any(forbidden) {
            self.counts.forbidden += 1;
            let signer = standing.as_ref().map(Standing::signer);
            return self.answer(client, request.refuse(ErrorCode::FORBIDDEN, signer));
        }
        let admitted = standing.filter(|standing| admissions.admits(&standing.grant));
        self.remember(now, client);
        let Some(instance) = self.clients.get_mut(&client) else { return };
        let quotas = self.config.quotas;
        let proceed = match (&admitted, &instance.holder) {
            (Some(standing), Some(holder)) if standing.username == holder.username => {
                instance.may_proceed(now, request, &quotas)
            }
            // Another name than the allocation's: the library says so, once it knows that the name is good.
            (Some(standing), Some(_)) => {
                instance.know(&standing.username, &standing.password);
                Proceed::Ask
            }
            (Some(standing), None) if unix_secs < standing.grant.expires_unix_secs => {
                if request.kind != Kind::Allocate {
                    instance.know(&standing.username, &standing.password);
                    Proceed::Ask
                } else if request.is_choosy {
                    Proceed::Refuse(ErrorCode::INSUFFICIENT_CAPACITY)
                } else if !self.shares.has_room(&quotas, &standing.grant) {
                    self.counts.over_quota += 1;
                    Proceed::Refuse(ErrorCode::ALLOCATION_QUOTA_REACHED)
                } else if instance.opening.is_empty() {
                    instance.know(&standing.username, &standing.password);
                    let holder = Holder { username: standing.username.clone(), grant: standing.grant };
                    let (transaction, names_family) = (request.transaction(), request.names_family);
                    instance.applicant = Some(Applicant { holder, transaction, names_family });
                    Proceed::Ask
                } else {
                    Proceed::Wait
                }
            }
            // The library must not find good what is not good here: the bounds would not count it.
            (None, Some(_)) if request.name.is_some() => Proceed::Refuse(ErrorCode::UNAUTHORIZED),
            (_, Some(_)) => Proceed::Ask,
            (_, None) => {
                // Expired or not admitted any more since the library learned the name: it must not know it still.
                if !instance.users.is_empty() {
                    *instance = Instance::new(instance.born, &quotas);
                }
                Proceed::Ask
            }
        };
        match proceed {
            Proceed::Ask => {}
            Proceed::Wait => return,
            Proceed::Again(answer) => return self.answer(client, Some(answer)),
            Proceed::Refuse(code) => {
                let signer = admitted.as_ref().map(Standing::signer);
                return self.answer(client, request.refuse(code, signer));
            }
        }
        let Some(instance) = self.clients.get_mut(&client) else { return };
        let built = instance.server.recv(transmit(bytes, client.address, HERE), instant(now));
        let answer = built.filter(|built| built.from == HERE).map(|built| built.data.build());
        self.answer(client, answer);
        self.settle(now, client);
    }

    /// Whose signature a request bears; none if it bears no good one.
    fn standing(&self, request: &Request<'_>) -> Option<Standing> {
        let (username, grant) = match request.name.as_ref()? {
            Name::Plain(username) => (username.clone(), Grant::of(username)?),
            Name::Hash(hash) => self.names.get(hash).map(|grant| (grant.username(), *grant))?,
        };
        let password = self.secret.password(&username);
        let credentials = LongTermKeyCredentials::new(username.clone(), password.clone(), REALM.to_owned()).into();
        let algorithm = request.signed_by(&credentials)?;
        Some(Standing { username, password, grant, credentials, algorithm })
    }

    /// Remembers a client; in the place of the oldest stranger, if there are too many.
    fn remember(&mut self, now: Timestamp, client: Client) {
        if self.clients.contains_key(&client) {
            return;
        }
        let quotas = self.config.quotas;
        let home = subscriber(client.address.ip());
        let mut same = self.strangers.iter().filter(|stranger| subscriber(stranger.address.ip()) == home);
        let oldest = same.next().copied();
        let crowded = 1 + same.count() >= quotas.strangers_per_subscriber;
        let gives_way = oldest.filter(|_| crowded).or_else(|| {
            let is_full = self.strangers.len() >= quotas.strangers;
            self.strangers.front().copied().filter(|_| is_full)
        });
        if let Some(oldest) = gives_way {
            self.forget(oldest);
        }
        self.strangers.push_back(client);
        self.clients.insert(client, Instance::new(now, &quotas));
    }

    /// Does what the library wants done for a client.
    fn settle(&mut self, now: Timestamp, client: Client) {
        let Some(instance) = self.clients.get_mut(&client) else { return };
        for _ in 0..MOST_STEPS {
            match instance.server.poll(instant(now)) {
                TurnServerPollRet::WaitUntil(_) => break,
                TurnServerPollRet::AllocateSocket { family, .. } => {
                    let is_told = instance.applicant.as_ref().is_some_and(|applicant| applicant.names_family);
                    let opened = match family {
                        AddressFamily::IPV6 => Family::V6,
                        _ if is_told => Family::V4,
                        _ => self.config.usual_family(),
                    };
                    instance.opening.push(Opening { asked: family, family: opened, result: None });
                    self.outputs.push_back(Output::Open { client, family: opened });
                }
                TurnServerPollRet::SocketClose { listen_addr, .. } => {
                    instance.relayed.retain(|relayed| *relayed != listen_addr);
                    self.by_relayed.remove(&listen_addr);
                    self.outputs.push_back(Output::Close { relayed: listen_addr });
                }
                // Allocations of TCP, which are refused at the door.
                TurnServerPollRet::TcpConnect { .. } | TurnServerPollRet::TcpClose { .. } => {}
            }
        }
        while let Some(transmit) = instance.server.poll_transmit(instant(now)) {
            if let Some((_, answer)) = instance.granted.as_mut().filter(|(_, answer)| answer.is_empty()) {
                answer.clone_from(&transmit.data);
            }
            self.outputs.push_back(Output::ToClient { client, bytes: transmit.data, is_data: false });
        }
        if instance.holder.is_some() && instance.relayed.is_empty() {
            self.forget(client);
        }
    }

    /// Ends all that a client has.
    fn forget(&mut self, client: Client) {
        let Some(instance) = self.clients.remove(&client) else { return };
        for relayed in instance.relayed {
            self.by_relayed.remove(&relayed);
            self.outputs.push_back(Output::Close { relayed });
        }
        match instance.holder {
            Some(holder) => self.shares.remove(&holder.grant),
            None => self.strangers.retain(|stranger| *stranger != client),
        }
        if matches!(client.transport, Transport::Stream(_)) {
            self.outputs.push_back(Output::HangUp { client });
        }
    }

    fn answer(&mut self, client: Client, bytes: Option<Vec<u8>>) {
        self.outputs.extend(bytes.map(|bytes| Output::ToClient { client, bytes, is_data: false }));
    }
}

/// The library has at most two sockets to open and two to close for a client.
const MOST_STEPS: usize = 16;

impl Standing {
    fn signer(&self) -> (&MessageIntegrityCredentials, IntegrityAlgorithm) {
        (&self.credentials, self.algorithm)
    }
}

/// Whom an address belongs to: of IPv6 a subscriber has a /64.
fn subscriber(ip: IpAddr) -> IpAddr {
    match ip.to_canonical() {
        IpAddr::V4(ip) => ip.into(),
        IpAddr::V6(ip) => std::net::Ipv6Addr::from(u128::from(ip) & !u128::from(u64::MAX)).into(),
    }
}
