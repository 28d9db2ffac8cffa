//! Each way to the server and to its relays, by a question that needs no password.

use std::io::{self, ErrorKind};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use ::doctor::{Fault, Findings, Outcome, Packets, Rung, Trial, Way};
use probe::{Answer, Transaction};
use signaling_client::{ConnectFault, Dialer, SignalingClient, connect_fault};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{UdpSocket, lookup_host};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{Instant, interval, sleep, timeout, timeout_at};

use crate::headless::random_bytes;

/// How long one way is tried: what takes longer is no way for a visit.
const LIMIT: Duration = Duration::from_secs(6);
/// A datagram may be lost: the question is asked again, with pauses that double, as RFC 8489 (section 6.2.1) has it.
const FIRST_PAUSE: Duration = Duration::from_millis(250);

/// Questions at the pace of a voice in packets of 20 ms, for a second.
const QUESTIONS: u32 = 50;
const PACE: Duration = Duration::from_millis(20);
/// How long the last answers may take: a satellite's round trip, twice.
const LAST_ANSWERS: Duration = Duration::from_millis(1_300);

/// Where questions find what.
pub(super) type Found = mpsc::UnboundedSender<Trial>;

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

    /// Tries relays that are not on the server's own port; what was tried there as a relay is then none.
    pub(super) async fn try_others(&self, urls: &[String], trials: &mut Vec<Trial>) -> Vec<Trial> {
        let relays: Vec<_> = urls.iter().filter_map(|url| relay(url)).collect();
        let is_own = |(_, host, port): &(Rung, String, u16)| host.eq_ignore_ascii_case(&self.host) && *port == self.port;
        if relays.is_empty() || relays.iter().any(is_own) {
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
        let asked = timeout(LIMIT, self.allocate(rung == Rung::RelayTls)).await.unwrap_or(Err(Fault::Silent));
        let outcome = asked.map_or_else(|why| Outcome::Fails { why }, works);
        let with = with(&self.host, self.port);
        let _ = found.send(Trial { rung, way: self.way, with, outcome, seen: None });
    }

    /// Opens a stream and asks for a relayed address; how long the answer took.
    async fn allocate(&self, tls: bool) -> Result<Duration, Fault> {
        let stream = self.dialer.dial(&self.host, self.port, tls).await;
        let mut stream = stream.map_err(|error| self.fault(&error))?;
        let broken = |_: io::Error| Fault::Broken;
        let transaction = transaction()?;
        let asked = Instant::now();
        stream.write_all(&probe::allocate(transaction)).await.map_err(broken)?;
        stream.flush().await.map_err(broken)?;
        let mut message = vec![0; 4];
        stream.read_exact(&mut message).await.map_err(broken)?;
        let head = *message.first_chunk().ok_or(Fault::Broken)?;
        // A web server's words, or a refusal of TLS: the port is reached, and nobody relays there.
        message.resize(probe::length_in_stream(head).ok_or(Fault::NoRelay)?, 0);
        stream.read_exact(&mut message[4..]).await.map_err(broken)?;
        match probe::read(&message, transaction) {
            Some(Answer::WhoAsks) => Ok(asked.elapsed()),
            _ => Err(Fault::NoRelay),
        }
    }

    fn fault(&self, error: &io::Error) -> Fault {
        match connect_fault(error) {
            ConnectFault::NameUnknown => Fault::NameUnknown,
            ConnectFault::Refused => Fault::Refused,
            ConnectFault::Silent => Fault::Silent,
            ConnectFault::NoRoute => Fault::NoRoute,
            ConnectFault::Proxy => Fault::Proxy,
            ConnectFault::Certificate if self.pinned => Fault::OtherCertificate,
            ConnectFault::Certificate => Fault::Untrusted,
            ConnectFault::TooOldTls => Fault::TooOldTls,
            ConnectFault::NotTls => Fault::Stranger,
            ConnectFault::Broken => Fault::Broken,
        }
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
                let (outcome, seen) = match datagram(address, rung).await {
                    Ok((took, seen)) => (works(took), seen),
                    Err(why) => (Outcome::Fails { why }, None),
                };
                let _ = found.send(Trial { rung, way: Way::Straight, with: address.to_string(), outcome, seen });
            });
        }
    }
    drop(found);
    while under_way.join_next().await.is_some() {}
}

/// One question by datagrams, asked again until it is answered; how long that took, and what it said.
async fn datagram(to: SocketAddr, rung: Rung) -> Result<(Duration, Option<SocketAddr>), Fault> {
    let socket = connected(to).await.map_err(|error| udp_fault(&error))?;
    let transaction = transaction()?;
    let question = if rung == Rung::Stun { probe::binding(transaction) } else { probe::allocate(transaction) };
    let (mut buffer, mut pause) = ([0; 2_048], FIRST_PAUSE);
    let (mut refused, until) = (None, Instant::now() + LIMIT);
    while Instant::now() < until {
        let asked = Instant::now();
        if let Err(error) = socket.send(&question).await {
            refused = Some(udp_fault(&error));
        }
        let next = (asked + pause).min(until);
        while let Ok(received) = timeout_at(next, socket.recv(&mut buffer)).await {
            match received {
                Ok(length) => match (probe::read(&buffer[..length], transaction), rung) {
                    (Some(Answer::Seen(address)), Rung::Stun) => return Ok((asked.elapsed(), Some(address))),
                    (Some(Answer::WhoAsks), Rung::RelayUdp) => return Ok((asked.elapsed(), None)),
                    (Some(Answer::Refused(_)), Rung::RelayUdp) => return Err(Fault::NoRelay),
                    // Somebody else's words.
                    _ => {}
                },
                // What a router or the machine says about what was sent; the next one may get through.
                Err(error) => {
                    refused = Some(udp_fault(&error));
                    sleep(next - Instant::now()).await;
                }
            }
        }
        pause *= 2;
    }
    Err(refused.unwrap_or(Fault::Silent))
}

/// Sends questions at the pace of a voice and counts the answers; `None` if there was none, or this machine has no socket.
pub(super) async fn count(to: SocketAddr) -> Option<Packets> {
    let socket = connected(to).await.ok()?;
    let base = transaction().ok()?;
    let number = |n: u32| {
        let mut transaction = base;
        transaction[8..].copy_from_slice(&n.to_be_bytes());
        transaction
    };
    let begun = Instant::now();
    let mut round_trips: Vec<Option<Duration>> = vec![None; QUESTIONS as usize];
    let send = async {
        let mut ticks = interval(PACE);
        for n in 0..QUESTIONS {
            ticks.tick().await;
            // What the system does not take is lost like what the network does not.
            let _ = socket.send(&probe::binding(number(n))).await;
        }
        sleep(LAST_ANSWERS).await;
    };
    let mut buffer = [0; 2_048];
    let receive = async {
        loop {
            let Ok(length) = socket.recv(&mut buffer).await else {
                sleep(PACE).await;
                continue;
            };
            let message = &buffer[..length];
            let n = message.get(16..20).and_then(|n| n.first_chunk()).map(|n| u32::from_be_bytes(*n));
            let answered = n.filter(|n| *n < QUESTIONS && matches!(probe::read(message, number(*n)), Some(Answer::Seen(_))));
            if let Some(n) = answered {
                let sent = begun + PACE * n;
                round_trips[n as usize].get_or_insert(Instant::now().saturating_duration_since(sent));
                if round_trips.iter().all(Option::is_some) {
                    return;
                }
            }
        }
    };
    tokio::select! {
        () = send => {}
        () = receive => {}
    }
    let mut answered: Vec<Duration> = round_trips.into_iter().flatten().collect();
    answered.sort();
    let millis = |span: &Duration| span.as_millis() as u64;
    Some(Packets {
        sent: QUESTIONS,
        answered: answered.len() as u32,
        round_trip_ms: answered.get(answered.len() / 2).map(millis)?,
        slowest_ms: answered.last().map(millis)?,
    })
}

async fn connected(to: SocketAddr) -> io::Result<UdpSocket> {
    let any: IpAddr = if to.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
    let socket = UdpSocket::bind((any, 0)).await?;
    socket.connect(to).await?;
    Ok(socket)
}

fn udp_fault(error: &io::Error) -> Fault {
    match error.kind() {
        ErrorKind::ConnectionRefused => Fault::Refused,
        ErrorKind::NetworkUnreachable | ErrorKind::HostUnreachable | ErrorKind::AddrNotAvailable => Fault::NoRoute,
        // A firewall on this machine says that it may not.
        _ => Fault::Broken,
    }
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

/// Where a relay is and how it is reached (RFC 7065); `None` for what nobody here speaks.
fn relay(url: &str) -> Option<(Rung, String, u16)> {
    let (scheme, rest) = url.split_once(':')?;
    let (place, query) = rest.split_once('?').unwrap_or((rest, ""));
    let rung = match (scheme, query) {
        ("turn", "" | "transport=udp") => Rung::RelayUdp,
        ("turn", "transport=tcp") => Rung::RelayTcp,
        ("turns", "" | "transport=tcp") => Rung::RelayTls,
        _ => return None,
    };
    let usual = if scheme == "turn" { 3_478 } else { 5_349 };
    let (host, port) = match place.strip_prefix('[') {
        Some(v6) => {
            let (host, port) = v6.split_once(']')?;
            (host, port.strip_prefix(':'))
        }
        None => place.split_once(':').map_or((place, None), |(host, port)| (host, Some(port))),
    };
    let port = port.map_or(Some(usual), |port| port.parse().ok())?;
    (!host.is_empty()).then(|| (rung, host.to_owned(), port))
}

fn works(took: Duration) -> Outcome {
    Outcome::Works { took_ms: took.as_millis() as u64 }
}

fn with(host: &str, port: u16) -> String {
    if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
}

fn transaction() -> Result<Transaction, Fault> {
    let bytes = random_bytes().map_err(|_| Fault::Broken)?;
    bytes.first_chunk().copied().ok_or(Fault::Broken)
}

#[cfg(test)]
#[path = "rungs/tests.rs"]
mod tests;
