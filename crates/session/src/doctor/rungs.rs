//! Each way to the server and to its relays, by a question that needs no password.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use ::doctor::{Fault, Findings, Outcome, Packets, Rung, Trial, Way};
use signaling_client::{ConnectFault, Dialer, ProbeFault, Probed, Question, SignalingClient, connect_fault};
use signaling_protocol::{IceScheme, IceUrl};
use tokio::net::lookup_host;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};

/// How long one way is tried: what takes longer is no way for a visit.
pub(super) const LIMIT: Duration = Duration::from_secs(6);

/// How long datagrams may take to be answered before streams are tried beside them, where little is to be asked.
const HEAD_START: Duration = Duration::from_millis(1_500);

/// Where questions find what.
pub(super) type Found = mpsc::UnboundedSender<Trial>;

/// What of media is asked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asks {
    /// By which address the server sees this machine.
    pub(super) own_address: bool,
    /// Whether its relay answers.
    pub(super) relay: bool,
}

/// The clinic's server, and the ways there.
pub(super) struct Server {
    host: String,
    port: u16,
    dialer: Dialer,
    by_proxy: bool,
    pinned: bool,
}

impl Server {
    pub(super) fn new(client: &SignalingClient, findings: &Findings) -> Self {
        Self {
            host: findings.host.clone(),
            port: findings.port,
            dialer: client.dialer(),
            by_proxy: findings.proxy.is_some(),
            pinned: client.is_pinned(),
        }
    }

    /// Tries every way to the server, all at once.
    pub(super) async fn try_all(&self, found: Found) {
        let mut under_way = JoinSet::new();
        for rung in [Rung::RelayTcp, Rung::RelayTls] {
            for way in self.ways() {
                under_way.spawn(self.stream(way).ask(rung, found.clone()));
            }
        }
        under_way.spawn(by_datagrams(self.host.clone(), self.port, vec![Rung::Stun, Rung::RelayUdp], found));
        while under_way.join_next().await.is_some() {}
    }

    /// Tries what decides whether media gets through, as little of it as does: datagrams, and where those are not answered soon,
    /// streams by the app's own way.
    pub(super) async fn try_quietly(&self, Asks { own_address, relay }: Asks, found: Found) {
        let rungs = [(Rung::Stun, own_address), (Rung::RelayUdp, relay)];
        let rungs: Vec<Rung> = rungs.into_iter().filter_map(|(rung, asked)| asked.then_some(rung)).collect();
        if rungs.is_empty() {
            return;
        }
        let datagrams = by_datagrams(self.host.clone(), self.port, rungs, found.clone());
        let streams = async {
            if relay {
                sleep(HEAD_START).await;
                let ask = |rung| self.stream(self.ways()[0]).ask(rung, found.clone());
                tokio::join!(ask(Rung::RelayTls), ask(Rung::RelayTcp));
            }
            drop(found);
        };
        tokio::join!(datagrams, streams);
    }

    /// Whether one of these relays is on the server's own port.
    pub(super) fn is_among(&self, urls: &[String]) -> bool {
        urls.iter().filter_map(|url| relay(url)).any(|relay| self.is_own(&relay))
    }

    fn is_own(&self, (_, host, port): &(Rung, String, u16)) -> bool {
        host.eq_ignore_ascii_case(&self.host) && *port == self.port
    }

    /// Tries relays that are not on the server's own port; what was tried there as a relay is then none.
    pub(super) async fn try_others(&self, urls: &[String], trials: &mut Vec<Trial>) -> Vec<Trial> {
        let relays: Vec<_> = urls.iter().filter_map(|url| relay(url)).collect();
        if relays.is_empty() || relays.iter().any(|relay| self.is_own(relay)) {
            return Vec::new();
        }
        trials.retain(|trial| matches!(trial.rung, Rung::Https | Rung::Stun));
        let (found, mut tried) = mpsc::unbounded_channel();
        let mut under_way = JoinSet::new();
        for (rung, host, port) in relays {
            if rung == Rung::RelayUdp {
                under_way.spawn(by_datagrams(host, port, vec![rung], found.clone()));
                continue;
            }
            for way in self.ways() {
                let stream = Stream { host: host.clone(), port, pinned: false, ..self.stream(way) };
                under_way.spawn(stream.ask(rung, found.clone()));
            }
        }
        drop(found);
        while under_way.join_next().await.is_some() {}
        let mut all = Vec::new();
        while let Some(trial) = tried.recv().await {
            all.push(trial);
        }
        all
    }

    /// By which ways streams are tried: as the app does, and straight where that would be by a proxy.
    pub(super) fn ways(&self) -> Vec<Way> {
        if self.by_proxy { vec![Way::Proxy, Way::Straight] } else { vec![Way::Straight] }
    }

    /// What a stream to the server's own port fails by, or how long opening it took.
    pub(super) async fn open(&self, way: Way) -> Result<Duration, Fault> {
        let stream = self.stream(way);
        let asked = Instant::now();
        match timeout(LIMIT, stream.dialer.dial(&stream.host, stream.port, true)).await {
            Ok(Ok(_)) => Ok(asked.elapsed()),
            Ok(Err(error)) => Err(stream.fault(&error)),
            Err(_) => Err(Fault::Silent),
        }
    }

    pub(super) fn with(&self) -> String {
        with(&self.host, self.port)
    }

    fn stream(&self, way: Way) -> Stream {
        let dialer = if way == Way::Straight { self.dialer.straight() } else { self.dialer.clone() };
        Stream { host: self.host.clone(), port: self.port, dialer, way, pinned: self.pinned }
    }
}

/// A way to a relay by a stream.
struct Stream {
    host: String,
    port: u16,
    dialer: Dialer,
    way: Way,
    pinned: bool,
}

impl Stream {
    async fn ask(self, rung: Rung, found: Found) {
        let asked = self.dialer.ask_relay(&self.host, self.port, rung == Rung::RelayTls, LIMIT).await;
        let (outcome, _) = outcome(asked, self.pinned);
        let with = with(&self.host, self.port);
        let _ = found.send(Trial { rung, way: self.way, with, outcome, seen: None });
    }

    fn fault(&self, error: &io::Error) -> Fault {
        fault(connect_fault(error), self.pinned)
    }
}

fn outcome(asked: Result<Probed, ProbeFault>, pinned: bool) -> (Outcome, Option<SocketAddr>) {
    match asked {
        Ok(Probed { took, seen }) => (Outcome::Works { took_ms: took.as_millis() as u64 }, seen),
        Err(ProbeFault::NoRelay) => (Outcome::Fails { why: Fault::NoRelay }, None),
        Err(ProbeFault::Connect(why)) => (Outcome::Fails { why: fault(why, pinned) }, None),
    }
}

fn fault(why: ConnectFault, pinned: bool) -> Fault {
    match why {
        ConnectFault::NameUnknown => Fault::NameUnknown,
        ConnectFault::Refused => Fault::Refused,
        ConnectFault::Silent => Fault::Silent,
        ConnectFault::NoRoute => Fault::NoRoute,
        ConnectFault::Proxy => Fault::Proxy,
        ConnectFault::ProxyScript(_) => Fault::ProxyScript,
        ConnectFault::Certificate if pinned => Fault::OtherCertificate,
        ConnectFault::Certificate => Fault::Untrusted,
        ConnectFault::TooOldTls => Fault::TooOldTls,
        ConnectFault::NotTls => Fault::Stranger,
        ConnectFault::Broken => Fault::Broken,
    }
}

/// Asks every address of a host, one of each family, by datagrams.
async fn by_datagrams(host: String, port: u16, rungs: Vec<Rung>, found: Found) {
    let addresses = timeout(LIMIT, lookup_host((host.as_str(), port))).await;
    let addresses: Vec<SocketAddr> = match addresses {
        Ok(Ok(addresses)) => one_of_each_family(addresses),
        Ok(Err(_)) | Err(_) => Vec::new(),
    };
    if addresses.is_empty() {
        for rung in rungs {
            let outcome = Outcome::Fails { why: Fault::NameUnknown };
            let with = with(&host, port);
            let _ = found.send(Trial { rung, way: Way::Straight, with, outcome, seen: None });
        }
        return;
    }
    let mut under_way = JoinSet::new();
    for address in addresses {
        for rung in rungs.clone() {
            let found = found.clone();
            under_way.spawn(async move {
                let question = if rung == Rung::Stun { Question::WhoAmI } else { Question::Relay };
                let asked = signaling_client::by_datagrams(address, question, LIMIT).await;
                let (outcome, seen) = outcome(asked, false);
                let _ = found.send(Trial { rung, way: Way::Straight, with: address.to_string(), outcome, seen });
            });
        }
    }
    drop(found);
    while under_way.join_next().await.is_some() {}
}

/// How packets like a voice's fare.
pub(super) async fn count(to: SocketAddr) -> Option<Packets> {
    let counted = signaling_client::count_packets(to).await?;
    let millis = |span: &Duration| span.as_millis() as u64;
    Some(Packets {
        sent: counted.sent,
        answered: counted.round_trips.len() as u32,
        round_trip_ms: counted.round_trips.get(counted.round_trips.len() / 2).map(millis)?,
        slowest_ms: counted.round_trips.last().map(millis)?,
    })
}

/// The first address of each family.
fn one_of_each_family(addresses: impl Iterator<Item = SocketAddr>) -> Vec<SocketAddr> {
    let mut one: Vec<SocketAddr> = Vec::new();
    for address in addresses {
        if one.iter().all(|known| known.is_ipv4() != address.is_ipv4()) {
            one.push(address);
        }
    }
    one
}

/// Where a relay is and by which rung it is tried; `None` for what nobody here speaks.
fn relay(url: &str) -> Option<(Rung, String, u16)> {
    let IceUrl { scheme, host, port } = IceUrl::parse(url)?;
    let rung = match scheme {
        IceScheme::Stun => return None,
        IceScheme::RelayUdp => Rung::RelayUdp,
        IceScheme::RelayTcp => Rung::RelayTcp,
        IceScheme::RelayTls => Rung::RelayTls,
    };
    Some((rung, host, port))
}

fn with(host: &str, port: u16) -> String {
    if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
}
