//! Finds out what a network lets through: who answers where, by questions that need no password.

use std::io::{self, ErrorKind};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use rand::TryRng as _;
use rand::rngs::SysRng;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::UdpSocket;
use tokio::time::{Instant, interval, sleep, timeout, timeout_at};

use crate::stun::{self, Answer, Transaction};
use crate::{ConnectFault, Dialer, connect_fault};

/// What is asked by datagrams.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Question {
    /// By which address one is seen (STUN, RFC 8489).
    WhoAmI,
    /// Whether there is a relay (TURN, RFC 8656).
    Relay,
}

/// Somebody answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Probed {
    /// From the question to the answer; opening a connection for it is not counted.
    pub took: Duration,
    /// By which address one is seen, if that was asked.
    pub seen: Option<SocketAddr>,
}

/// Nobody answered as asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ProbeFault {
    /// There is no way there.
    Connect(ConnectFault),
    /// Somebody is reached who does not relay.
    NoRelay,
}

/// How packets fared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PacketCount {
    /// So many were sent.
    pub sent: u32,
    /// There and back, of each that was answered, the shortest first.
    pub round_trips: Vec<Duration>,
}

/// Asks one question by datagrams, again and again until it is answered or `limit` is over.
///
/// # Errors
/// Nobody answers.
pub async fn by_datagrams(to: SocketAddr, question: Question, limit: Duration) -> Result<Probed, ProbeFault> {
    let connect = |error: &io::Error| ProbeFault::Connect(of_datagrams(error));
    let socket = connected(to).await.map_err(|error| connect(&error))?;
    let transaction = transaction().map_err(|error| connect(&error))?;
    let message = match question {
        Question::WhoAmI => stun::binding(transaction),
        Question::Relay => stun::allocate(transaction),
    };
    let (mut buffer, mut pause) = ([0; 2_048], FIRST_PAUSE);
    let (mut fault, until) = (ProbeFault::Connect(ConnectFault::Silent), Instant::now() + limit);
    let mut refusals = 0;
    while Instant::now() < until {
        let asked = Instant::now();
        if let Err(error) = socket.send(&message).await {
            fault = connect(&error);
        }
        let next = (asked + pause).min(until);
        while let Ok(received) = timeout_at(next, socket.recv(&mut buffer)).await {
            match received {
                Ok(length) => match (stun::read(&buffer[..length], transaction), question) {
                    (Some(Answer::Seen(address)), Question::WhoAmI) => {
                        return Ok(Probed { took: asked.elapsed(), seen: Some(address) });
                    }
                    (Some(Answer::WhoAsks), Question::Relay) => {
                        return Ok(Probed { took: asked.elapsed(), seen: None });
                    }
                    (Some(Answer::Refused(_)), Question::Relay) => return Err(ProbeFault::NoRelay),
                    // Somebody else's words.
                    _ => {}
                },
                // What a router or the machine says about what was sent; the next one may get through.
                Err(error) => {
                    fault = connect(&error);
                    refusals += 1;
                    if refusals == ENOUGH_REFUSALS {
                        return Err(fault);
                    }
                    sleep(next.saturating_duration_since(Instant::now())).await;
                }
            }
        }
        pause *= 2;
    }
    Err(fault)
}

/// Sends questions at the pace of a voice and counts the answers; `None` if there was none, or this machine has no socket.
pub async fn count_packets(to: SocketAddr) -> Option<PacketCount> {
    let socket = connected(to).await.ok()?;
    let base = transaction().ok()?;
    let number = |n: u32| {
        let mut transaction = base;
        transaction[8..].copy_from_slice(&n.to_be_bytes());
        transaction
    };
    let mut sent: Vec<Instant> = Vec::new();
    let mut answered: Vec<Option<Duration>> = vec![None; QUESTIONS as usize];
    let (mut buffer, mut ticks) = ([0; 2_048], interval(PACE));
    let mut until = None;
    while answered.iter().any(Option::is_none) {
        tokio::select! {
            _ = ticks.tick(), if sent.len() < answered.len() => {
                let question = stun::binding(number(sent.len() as u32));
                sent.push(Instant::now());
                // What the system does not take is lost like what the network does not.
                let _ = socket.send(&question).await;
                if sent.len() == answered.len() {
                    until = Some(Instant::now() + LAST_ANSWERS);
                }
            }
            received = socket.recv(&mut buffer) => match received {
                Ok(length) => {
                    let message = &buffer[..length];
                    let n = message.get(16..20).and_then(<[u8]>::first_chunk).map(|n| u32::from_be_bytes(*n));
                    let Some((n, at)) = n.and_then(|n| Some((n, *sent.get(n as usize)?))) else { continue };
                    if matches!(stun::read(message, number(n)), Some(Answer::Seen(_))) {
                        answered[n as usize].get_or_insert(at.elapsed());
                    }
                }
                // Said of one that was sent; the next tick brings the next.
                Err(_) => tokio::task::yield_now().await,
            },
            () = over(until) => break,
        }
    }
    let mut round_trips: Vec<Duration> = answered.into_iter().flatten().collect();
    round_trips.sort();
    (!round_trips.is_empty()).then_some(PacketCount { sent: QUESTIONS, round_trips })
}

impl Dialer {
    /// Asks for a relay by a stream, with `tls` an encrypted one.
    ///
    /// # Errors
    /// Nobody answers within `limit`, or somebody who does not relay.
    pub async fn ask_relay(&self, host: &str, port: u16, tls: bool, limit: Duration) -> Result<Probed, ProbeFault> {
        let silent = ProbeFault::Connect(ConnectFault::Silent);
        timeout(limit, self.ask(host, port, tls)).await.unwrap_or(Err(silent))
    }

    async fn ask(&self, host: &str, port: u16, tls: bool) -> Result<Probed, ProbeFault> {
        let mut stream =
            self.dial(host, port, tls).await.map_err(|error| ProbeFault::Connect(connect_fault(&error)))?;
        let broken = |_: io::Error| ProbeFault::Connect(ConnectFault::Broken);
        let transaction = transaction().map_err(broken)?;
        let asked = Instant::now();
        stream.write_all(&stun::allocate(transaction)).await.map_err(broken)?;
        stream.flush().await.map_err(broken)?;
        let mut head = [0; 4];
        stream.read_exact(&mut head).await.map_err(broken)?;
        // A web server's words, or a refusal of TLS: the port is reached, and nobody relays there.
        let mut message = head.to_vec();
        message.resize(stun::length_in_stream(head).ok_or(ProbeFault::NoRelay)?, 0);
        stream.read_exact(&mut message[head.len()..]).await.map_err(broken)?;
        match stun::read(&message, transaction) {
            Some(Answer::WhoAsks) => Ok(Probed { took: asked.elapsed(), seen: None }),
            _ => Err(ProbeFault::NoRelay),
        }
    }
}

async fn over(until: Option<Instant>) {
    match until {
        Some(until) => tokio::time::sleep_until(until).await,
        None => std::future::pending().await,
    }
}

async fn connected(to: SocketAddr) -> io::Result<UdpSocket> {
    let any: IpAddr = if to.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
    let socket = UdpSocket::bind((any, 0)).await?;
    socket.connect(to).await?;
    Ok(socket)
}

fn of_datagrams(error: &io::Error) -> ConnectFault {
    match error.kind() {
        ErrorKind::ConnectionRefused => ConnectFault::Refused,
        ErrorKind::NetworkUnreachable | ErrorKind::HostUnreachable | ErrorKind::AddrNotAvailable => {
            ConnectFault::NoRoute
        }
        // A firewall on this machine says that it may not.
        _ => ConnectFault::Broken,
    }
}

fn transaction() -> io::Result<Transaction> {
    let mut bytes = [0; 12];
    SysRng.try_fill_bytes(&mut bytes).map_err(io::Error::other)?;
    Ok(bytes)
}

/// A datagram may be lost: the question is asked again, with pauses that double, as RFC 8489 (section 6.2.1) has it.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
/// Who says so often that nobody is there means it.
const ENOUGH_REFUSALS: u32 = 3;
/// Questions at the pace of a voice in packets of 20 ms, for a second.
const QUESTIONS: u32 = 50;
const PACE: Duration = Duration::from_millis(20);
/// How long the last answers may take: a satellite's round trip, twice.
const LAST_ANSWERS: Duration = Duration::from_millis(1_300);

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_port_where_nobody_is_is_no_answer() {
        let nobody = UdpSocket::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
        let asked = by_datagrams(nobody, Question::WhoAmI, Duration::from_millis(300)).await;
        // Not every system tells of what the other end says.
        let [refused, silent] =
            [ConnectFault::Refused, ConnectFault::Silent].map(|fault| Err(ProbeFault::Connect(fault)));
        assert!(asked == refused || asked == silent, "{asked:?}");
    }

    /// Of a server that answers all but every fifth question the loss is counted, and what answers something else counts nothing.
    #[tokio::test]
    async fn answers_are_counted() {
        let server = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let to = server.local_addr().unwrap();
        tokio::spawn(async move {
            let mut buffer = [0; 100];
            for n in 0_u32.. {
                let (length, from) = server.recv_from(&mut buffer).await.unwrap();
                let mut answer = vec![1, 1, 0, 12];
                answer.extend_from_slice(&buffer[4..length]);
                answer.extend([0, 0x20, 0, 8, 0, 1, 0, 0, 0, 0, 0, 0]);
                if n % 5 != 0 {
                    server.send_to(&answer, from).await.unwrap();
                }
                server.send_to(b"noise", from).await.unwrap();
            }
        });
        let counted = count_packets(to).await.unwrap();
        assert_eq!((counted.sent, counted.round_trips.len()), (50, 40));
    }
}
