//! A weak link in user space: a UDP forwarder with a rate, a delay, a queue and random loss, both ways.
#![allow(dead_code, reason = "each test binary uses its part")]

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tokio::net::UdpSocket;
use tokio::sync::mpsc;
use trust::{Candidate, CandidateKind};

use crate::pair::{Detour, Pair, PairConfig, Side};

/// How the link is at a moment; may be changed while it carries.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Weather {
    pub(crate) loss: f64,
    pub(crate) delay: Duration,
    /// Bits per second.
    pub(crate) rate: u64,
    /// How long a packet may wait before it is dropped at the tail.
    pub(crate) queue: Duration,
    /// As behind a firewall that knows path checks and nothing else.
    pub(crate) only_stun: bool,
    /// Somebody on the way sends a changed copy after each datagram.
    pub(crate) tampered: bool,
}

impl Default for Weather {
    fn default() -> Self {
        let queue = Duration::from_millis(300);
        Self {
            loss: 0.0,
            delay: Duration::from_millis(20),
            rate: 100_000_000,
            queue,
            only_stun: false,
            tampered: false,
        }
    }
}

/// The link. Its [`before`](Network::before) is a detour for a pair.
#[derive(Clone)]
pub(crate) struct Network {
    weather: Arc<Mutex<Weather>>,
    seed: u64,
    /// All directions, for who puts datagrams of his own among the others.
    lanes: Arc<Mutex<Vec<mpsc::UnboundedSender<Vec<u8>>>>>,
    words: Arc<Words>,
}

/// The datagrams in which words pass, and all that DTLS protects.
#[derive(Default)]
struct Words {
    /// How many of the next ones are to be lost.
    to_lose: AtomicUsize,
    /// How many records of data came by, acknowledgements counted and copies of the last word not.
    records: AtomicUsize,
    last: Mutex<Vec<u8>>,
}

impl Words {
    /// Whether this one is to be lost.
    fn loses(&self, datagram: &[u8]) -> bool {
        // RFC 6347: data.
        if datagram.first() != Some(&23) {
            return false;
        }
        let mut last = self.last.lock().expect("the loopback network works");
        if *last == datagram {
            return false;
        }
        self.records.fetch_add(1, Ordering::Relaxed);
        // No longer is an acknowledgement.
        if datagram.len() <= 65 {
            return false;
        }
        *last = datagram.to_vec();
        self.to_lose.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |count| count.checked_sub(1)).is_ok()
    }
}

impl Network {
    pub(crate) fn new(weather: Weather) -> Self {
        Self { weather: Arc::new(Mutex::new(weather)), seed: 1, lanes: Arc::default(), words: Arc::default() }
    }

    pub(crate) fn seeded(self, seed: u64) -> Self {
        Self { seed: seed * 1_000, ..self }
    }

    /// Connects two through here, with both gates open.
    pub(crate) async fn open(&self, config: PairConfig) -> Pair {
        let mut pair = Pair::new(config).await;
        pair.detour = Some(self.detour());
        pair.connect().await;
        pair.host.peer.set_media_open(true);
        pair.guest.peer.set_media_open(true);
        pair
    }

    /// Only the way through here is offered.
    pub(crate) fn detour(&self) -> Detour {
        let link = self.clone();
        Box::new(move |side, candidate| if side == Side::Host { link.before(&candidate) } else { None })
    }

    pub(crate) fn set(&self, weather: Weather) {
        *self.weather.lock().expect("the loopback network works") = weather;
    }

    /// Loses the next datagram with a word, either way.
    pub(crate) fn lose_next_word(&self) {
        self.words.to_lose.store(1, Ordering::Relaxed);
    }

    /// Whether it came by.
    pub(crate) fn has_lost_it(&self) -> bool {
        self.words.to_lose.load(Ordering::Relaxed) == 0
    }

    /// The last datagram with a word.
    pub(crate) fn last_word(&self) -> Vec<u8> {
        self.words.last.lock().expect("the loopback network works").clone()
    }

    /// How many records of data came by so far, acknowledgements counted and copies of the last word not.
    pub(crate) fn records(&self) -> usize {
        self.words.records.load(Ordering::Relaxed)
    }

    /// Sends this to both sides, as if it came from the other.
    pub(crate) fn inject(&self, datagram: &[u8]) {
        for lane in self.lanes.lock().expect("the loopback network works").iter() {
            let _ = lane.send(datagram.to_vec());
        }
    }

    /// Puts itself before a host's loopback candidate: what the answer is sent to goes through here.
    pub(crate) fn before(&self, candidate: &Candidate) -> Option<Candidate> {
        if candidate.kind != CandidateKind::Host || !candidate.address.is_loopback() {
            return None;
        }
        let front = std::net::UdpSocket::bind("127.0.0.1:0").expect("the loopback network works");
        front.set_nonblocking(true).expect("the loopback network works");
        let port = front.local_addr().expect("the loopback network works").port();
        let front = Arc::new(UdpSocket::from_std(front).expect("the loopback network works"));
        tokio::spawn(self.clone().serve(front, SocketAddr::new(candidate.address, candidate.port)));
        Some(Candidate { port, ..candidate.clone() })
    }

    async fn serve(self, front: Arc<UdpSocket>, behind: SocketAddr) {
        let mut callers: HashMap<SocketAddr, mpsc::UnboundedSender<Vec<u8>>> = HashMap::new();
        let mut buffer = vec![0; 2_048];
        let mut seed = self.seed;
        while let Ok((length, caller)) = front.recv_from(&mut buffer).await {
            let towards = match callers.get(&caller) {
                Some(towards) => towards.clone(),
                None => {
                    let back = Arc::new(UdpSocket::bind("127.0.0.1:0").await.expect("the loopback network works"));
                    seed += 2;
                    let towards = self.lane(back.clone(), behind, seed);
                    let homewards = self.lane(front.clone(), caller, seed + 1);
                    tokio::spawn(async move {
                        let mut buffer = vec![0; 2_048];
                        while let Ok(length) = back.recv(&mut buffer).await {
                            let _ = homewards.send(buffer[..length].to_vec());
                        }
                    });
                    callers.insert(caller, towards.clone());
                    towards
                }
            };
            let _ = towards.send(buffer[..length].to_vec());
        }
    }

    /// One direction: drops, queues, delays, in order.
    fn lane(&self, socket: Arc<UdpSocket>, to: SocketAddr, seed: u64) -> mpsc::UnboundedSender<Vec<u8>> {
        let (sender, mut arrivals) = mpsc::unbounded_channel::<Vec<u8>>();
        let (late_sender, mut late) = mpsc::unbounded_channel::<(Instant, Vec<u8>)>();
        let network = self.clone();
        tokio::spawn(async move {
            let mut random = Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
            let mut busy_until = Instant::now();
            while let Some(packet) = arrivals.recv().await {
                let weather = *network.weather.lock().expect("the loopback network works");
                // RFC 7983: the first byte tells.
                if weather.only_stun && packet.first().is_none_or(|first| *first > 3) {
                    continue;
                }
                let now = Instant::now();
                let wire_bits = (packet.len() as u64 + 28) * 8;
                let free = busy_until.max(now);
                if network.words.loses(&packet) || random.next() < weather.loss || free - now > weather.queue {
                    continue;
                }
                busy_until = free + Duration::from_secs_f64(wire_bits as f64 / weather.rate as f64);
                let changed = weather.tampered.then(|| random.change(&packet));
                let _ = late_sender.send((busy_until + weather.delay, packet));
                if let Some(changed) = changed {
                    let _ = late_sender.send((busy_until + weather.delay, changed));
                }
            }
        });
        tokio::spawn(async move {
            while let Some((due, packet)) = late.recv().await {
                tokio::time::sleep_until(due.into()).await;
                let _ = socket.send_to(&packet, to).await;
            }
        });
        self.lanes.lock().expect("the loopback network works").push(sender.clone());
        sender
    }
}

/// SplitMix64: the same loss in every run.
struct Random(u64);

impl Random {
    /// A copy that is shorter, longer, or has some other bytes.
    fn change(&mut self, datagram: &[u8]) -> Vec<u8> {
        let mut copy = datagram.to_vec();
        let mut below = |limit: usize| ((self.next() * limit as f64) as usize).min(limit - 1);
        match below(4) {
            0 => copy.truncate(below(datagram.len() + 1)),
            1 => copy.extend((0..below(64)).map(|n| n as u8)),
            _ => {
                for _ in 0..=below(4) {
                    if !copy.is_empty() {
                        // More often at the start, where lengths and types stand.
                        let at = if below(2) == 0 { below(copy.len().min(24)) } else { below(copy.len()) };
                        copy[at] = below(256) as u8;
                    }
                }
            }
        }
        copy
    }

    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }
}
