//! Relays (TURN, RFC 8656) by every way there is to them.
//!
//! The library asks relays by datagrams only. For one that is reached by TCP or TLS it is told an address that leads nowhere,
//! and what it sends there goes into a stream instead ([`Link`]), and back: no socket of this machine is in between, so nobody
//! else on it can take part. The streams themselves are opened by a [`RelayDialer`], which knows the clinic's certificate and
//! the network's proxies.
//!
//! ```text
//! library ▸ RelaySocket ┬▸ UDP
//!                       └▸ Link: hold until no better way is there (Ladder) ▸ frames (stream) ▸ segments ▸ TCP, TLS, proxy
//! ```

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::future::Future;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use rtc::ice::url::{ProtoType, SchemeType, Url};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::Notify;
use trust::CandidateKind;
use webrtc::peer_connection::RTCIceServer;

use crate::IceServer;

mod inbox;
mod ladder;
mod link;
pub(crate) mod message;
mod refusal;
mod runtime;
mod socket;
mod stream;
mod url;

pub use ladder::RelayProtocol;
pub(crate) use runtime::RelayRuntime;

use inbox::Inbox;
use ladder::{Ladder, Turn};
use link::Link;
use url::RelayUrl;

/// What a stream to a relay is.
pub trait RelayStream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> RelayStream for T {}

/// A stream that is being opened.
pub type Dialing = Pin<Box<dyn Future<Output = io::Result<Box<dyn RelayStream>>> + Send>>;

/// Opens streams to relays.
pub trait RelayDialer: fmt::Debug + Send + Sync {
    /// Opens a stream to this host (a name, or an address without brackets); with `tls` it is encrypted, and the other end has
    /// proved who it is.
    fn dial(&self, host: String, port: u16, tls: bool) -> Dialing;
}

/// The relays of one connection.
#[derive(Debug)]
pub(crate) struct Relays {
    dialer: Option<Arc<dyn RelayDialer>>,
    /// Nothing but what goes to a relay leaves this machine.
    relay_only: bool,
    state: Mutex<State>,
    /// Something happened that a link waits for.
    changed: Notify,
    started: Instant,
    /// When something last went to a relay or came from one, in milliseconds since `started`, and one more.
    last_used: AtomicU64,
}

#[derive(Debug)]
struct State {
    /// In the order in which they were first named: the library's address for each is made from its place.
    bridged: Vec<Bridged>,
    /// Names of relays that are asked by datagrams, as the library asks for their addresses.
    named: HashSet<String>,
    /// Their addresses.
    by_datagrams: HashSet<SocketAddr>,
    /// Since the sockets were last bound.
    ladder: Option<Ladder>,
    /// How each address that was lent to us is reached.
    lent: HashMap<SocketAddr, RelayProtocol>,
    /// Addresses that were lent to the other side, as it says.
    theirs: HashSet<SocketAddr>,
}

#[derive(Debug)]
struct Bridged {
    url: RelayUrl,
    /// No longer named, it is not asked again.
    named: bool,
    link: Option<Arc<Link>>,
}

impl Relays {
    /// Without a `dialer`, relays that are reached by a stream are passed over.
    pub(crate) fn new(dialer: Option<Arc<dyn RelayDialer>>, relay_only: bool) -> Self {
        let state = State {
            bridged: Vec::new(),
            named: HashSet::new(),
            by_datagrams: HashSet::new(),
            ladder: None,
            lent: HashMap::new(),
            theirs: HashSet::new(),
        };
        Self {
            dialer,
            relay_only,
            state: Mutex::new(state),
            changed: Notify::new(),
            started: Instant::now(),
            last_used: AtomicU64::new(0),
        }
    }

    /// These servers as the library can use them, without those that it cannot: one of them would keep it from all others.
    /// Of those named before, none is asked again that is not among them.
    pub(crate) fn for_library(&self, servers: &[IceServer]) -> Vec<RTCIceServer> {
        {
            let mut state = self.lock();
            state.named.clear();
            state.bridged.iter_mut().for_each(|bridged| bridged.named = false);
        }
        servers.iter().filter_map(|server| self.one_for_library(server)).collect()
    }

    fn one_for_library(&self, server: &IceServer) -> Option<RTCIceServer> {
        let exposed =
            |value: &Option<units::Phi<String>>| value.as_ref().map(|v| v.expose().clone()).unwrap_or_default();
        let with =
            |urls| RTCIceServer { urls, username: exposed(&server.username), credential: exposed(&server.credential) };
        let urls: Vec<String> = server
            .urls
            .iter()
            .filter_map(|url| {
                // A relay without a password is refused by the library, and all others with it.
                let usable = with(vec![url.clone()]).urls().is_ok().then(|| self.url_for_library(url)).flatten();
                if usable.is_none() {
                    tracing::warn!(%url, "a server that helps to find a path is passed over: it cannot be used");
                }
                usable
            })
            .collect();
        (!urls.is_empty()).then(|| with(urls))
    }

    fn url_for_library(&self, url: &str) -> Option<String> {
        match RelayUrl::parse(url) {
            None => {
                let url_read = Url::parse_url(url).ok()?;
                (url_read.scheme == SchemeType::Stun && url_read.proto == ProtoType::Udp).then(|| url.to_owned())
            }
            Some(relay) if relay.protocol == RelayProtocol::Udp => {
                // As the library puts the two together when it asks.
                self.lock().named.insert(format!("{}:{}", relay.host, relay.port));
                Some(url.to_owned())
            }
            Some(relay) => {
                self.dialer.as_ref()?;
                let mut state = self.lock();
                let place = match state.bridged.iter().position(|bridged| bridged.url == relay) {
                    Some(place) => place,
                    None if state.bridged.len() >= MOST_BRIDGED => return None,
                    None => {
                        state.bridged.push(Bridged { url: relay, named: false, link: None });
                        state.bridged.len() - 1
                    }
                };
                state.bridged[place].named = true;
                Some(format!("turn:{}?transport=udp", name(place)))
            }
        }
    }

    /// The sockets are about to be bound (anew): relays are then asked from the beginning, by other addresses of ours.
    fn on_bind(&self) {
        let mut state = self.lock();
        state.ladder = None;
        // A link writes what it has got and closes by itself.
        state.bridged.iter_mut().for_each(|bridged| bridged.link = None);
    }

    /// The connection is closed: streams close when what is queued is written.
    pub(crate) fn close(&self) {
        self.on_bind();
    }

    /// The library asks for a server's address: the first time since the sockets were bound, all links are begun.
    fn on_resolve(self: &Arc<Self>, now: Instant) {
        let mut state = self.lock();
        if state.ladder.is_some() {
            return;
        }
        let by_datagrams = (!state.named.is_empty()).then_some(RelayProtocol::Udp);
        let named = state.bridged.iter().filter(|bridged| bridged.named).map(|bridged| bridged.url.protocol);
        let ladder = Ladder::new(now, named.chain(by_datagrams));
        state.ladder = Some(ladder);
        let Some(dialer) = &self.dialer else { return };
        for bridged in state.bridged.iter_mut().filter(|bridged| bridged.named) {
            bridged.link = Some(Link::open(Arc::downgrade(self), bridged.url.clone(), dialer.as_ref()));
        }
    }

    /// The addresses that the library is to use for this name, if it is one that we gave.
    fn stand_in(&self, host: &str) -> Option<Vec<SocketAddr>> {
        let place = (0..self.lock().bridged.len()).find(|place| host == name(*place))?;
        Some(vec![stand_in_v4(place), stand_in_v6(place)])
    }

    fn on_resolved(&self, host: &str, addresses: &[SocketAddr]) {
        let mut state = self.lock();
        if state.named.contains(host) {
            state.by_datagrams.extend(addresses);
        }
    }

    /// The link that stands behind an address.
    fn link(&self, address: SocketAddr) -> Option<Arc<Link>> {
        let place = place(address)?;
        self.lock().bridged.get(place)?.link.clone()
    }

    /// Whether anything may be sent there.
    fn may_send_to(&self, address: SocketAddr) -> bool {
        !self.relay_only || self.lock().by_datagrams.contains(&address)
    }

    /// A STUN message came by datagram.
    fn on_datagram(&self, now: Instant, from: SocketAddr, message: &[u8]) {
        if self.lock().by_datagrams.contains(&from) {
            self.on_message(now, RelayProtocol::Udp, message);
        }
    }

    /// Something came from a relay.
    fn on_message(&self, now: Instant, protocol: RelayProtocol, message: &[u8]) {
        let mut state = self.lock();
        if let Some(ladder) = &mut state.ladder {
            ladder.on_answer(now, protocol);
        }
        if let Some(relayed) = message::relayed_address(message) {
            tracing::debug!(?protocol, "a relay lends an address");
            state.lent.insert(relayed, protocol);
            if let Some(ladder) = &mut state.ladder {
                ladder.on_lent(protocol);
            }
        }
        drop(state);
        self.changed.notify_waiters();
    }

    fn may_ask(&self, now: Instant, protocol: RelayProtocol) -> Turn {
        self.lock().ladder.as_ref().map_or(Turn::NotNeeded, |ladder| ladder.may_ask(now, protocol))
    }

    /// How an address that was lent to us is reached.
    pub(crate) fn protocol_of(&self, relayed: SocketAddr) -> Option<RelayProtocol> {
        self.lock().lent.get(&relayed).copied()
    }

    /// The other side says that this address is a relay's.
    pub(crate) fn on_their_relay(&self, relayed: SocketAddr) {
        let mut state = self.lock();
        if state.theirs.len() < MOST_THEIRS {
            state.theirs.insert(relayed);
        }
    }

    /// What an address of the other side is. The library goes on calling one peer-reflexive from which a check came before
    /// the other side had told of it.
    pub(crate) fn their_kind(&self, found: CandidateKind, address: SocketAddr) -> CandidateKind {
        let told = found == CandidateKind::PeerReflexive && self.lock().theirs.contains(&address);
        if told { CandidateKind::Relay } else { found }
    }

    /// Something went to a relay or came from one.
    fn used(&self, now: Instant) {
        let millis = u64::try_from(now.duration_since(self.started).as_millis()).unwrap_or(u64::MAX - 1);
        self.last_used.store(millis + 1, Ordering::Relaxed);
    }

    /// Whether a relay is in use: what goes by way of it takes the library's loop several rounds.
    fn in_use(&self, now: Instant) -> bool {
        let last = self.last_used.load(Ordering::Relaxed);
        last > 0 && now.duration_since(self.started) < Duration::from_millis(last) + IN_USE_FOR
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Plain values, good enough to go on with.
        self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

/// The name that stands for a relay behind a stream; none can be registered under `.invalid` (RFC 6761, section 6.4).
fn name(place: usize) -> String {
    format!("relay-{place}.invalid:{STAND_IN_PORT}")
}

/// In a block that is reserved and routed nowhere (RFC 1112, section 4).
fn stand_in_v4(place: usize) -> SocketAddr {
    let address = Ipv4Addr::new(240, 0, 0, 1 + (place % MOST_BRIDGED) as u8);
    SocketAddr::new(IpAddr::V4(address), STAND_IN_PORT)
}

/// In the block whose packets are discarded (RFC 6666).
fn stand_in_v6(place: usize) -> SocketAddr {
    let address = Ipv6Addr::new(0x100, 0, 0, 0, 0, 0, 0, 1 + (place % MOST_BRIDGED) as u16);
    SocketAddr::new(IpAddr::V6(address), STAND_IN_PORT)
}

/// The place of the relay that this address stands for. Cheap: asked of every datagram.
fn place(address: SocketAddr) -> Option<usize> {
    if address.port() != STAND_IN_PORT {
        return None;
    }
    let last = match address.ip() {
        IpAddr::V4(address) if address.octets()[..3] == [240, 0, 0] => usize::from(address.octets()[3]),
        IpAddr::V6(address) if address.segments()[..7] == [0x100, 0, 0, 0, 0, 0, 0] => {
            usize::from(address.segments()[7])
        }
        _ => return None,
    };
    last.checked_sub(1).filter(|place| *place < MOST_BRIDGED)
}

const STAND_IN_PORT: u16 = 3478;
/// A clinic names two; with an own one beside the server, four.
const MOST_BRIDGED: usize = 8;
/// Some for each time that a path is looked for.
const MOST_THEIRS: usize = 256;
/// Twice the time between two keepalives.
const IN_USE_FOR: Duration = Duration::from_secs(2);

#[cfg(test)]
mod tests;
