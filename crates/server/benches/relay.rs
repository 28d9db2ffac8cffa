//! What the relay carries: the real server, real sockets, clients and peers in the same process. Prints a table; `cargo xtask bench relay`
//! makes a page of it.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a measurement ends at the first thing that is wrong, and prints its table"
)]

use std::fs;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use ::relay::Deframer;
use server::accounts::add_user;
use server::{Config, Quotas, RelayChoice, RelayOptions, Running, serve};
use signaling_client::{EventStream, Server, ServerTrust, SignalingClient, StreamEvent};
use signaling_protocol::{Base64, HostJoinRequest, SignInRequest, StaffRole, VersionRange};
use testkit::authenticator::Authenticator;
use testkit::turn::{TurnAnswer, TurnClient};
use tokio::sync::mpsc::Receiver;
use units::{DataRate, Phi};

/// Clients, each with an allocation and a peer.
const CLIENTS: usize = 40;

/// A packet of WebRTC's, as large as they get.
const BYTES: usize = 1_200;

/// How often what is due is sent.
const PACE: Duration = Duration::from_millis(2);

/// What is sent, in Mbps, both ways together.
const STEPS: [(Way, u64); 6] =
    [(Way::Udp, 50), (Way::Udp, 100), (Way::Udp, 200), (Way::Udp, 250), (Way::Udp, 300), (Way::Tcp, 200)];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Udp,
    Tcp,
}

fn main() {
    // `cargo bench` hands over `--bench` as well.
    let seconds = std::env::args().filter_map(|word| word.parse().ok()).next().unwrap_or(5);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .thread_name("relay")
        .enable_all()
        .build()
        .unwrap();
    let data = tempfile::tempdir().unwrap();
    // Somebody who is away loses what the relay lent them.
    let (running, credential, _present) = runtime.block_on(start(data.path()));
    println!("| clients by | sent, Mbps | forwarded, Mbps | lost | server's cores | memory, MiB |");
    println!("|---|---|---|---|---|---|");
    for (way, mbps) in STEPS {
        println!("{}", step(way, mbps, Duration::from_secs(seconds), running.address, &credential));
    }
    runtime.block_on(running.shutdown());
}

/// A server, a credential of a host in a visit, and what keeps the host there.
async fn start(data: &std::path::Path) -> (Running, TurnClient, Receiver<StreamEvent>) {
    let password = Phi::new("correct horse battery".to_owned());
    let secret = add_user(data, "lee", StaffRole::Clinician, &password).unwrap();
    let quotas = Quotas {
        per_endpoint: STEPS.len() * CLIENTS,
        per_visit: STEPS.len() * CLIENTS,
        strangers_per_subscriber: 2 * CLIENTS,
        rate: DataRate::from_kbps(20_000),
        ..Quotas::default()
    };
    let relay = RelayChoice::Own(RelayOptions { private_peers: true, quotas, ..RelayOptions::default() });
    let config = Config { relay, ..Config::new(data.to_owned(), "127.0.0.1:0".parse().unwrap()) };
    let running = serve(config).await.unwrap();
    let trust = ServerTrust::Pinned(running.pin);
    let client = SignalingClient::new(Server { base_url: running.base_url.clone(), trust }).unwrap();
    let request = SignInRequest::new(
        Phi::new("lee".to_owned()),
        password,
        Some(Phi::new(Authenticator::new(secret.expose()).digits())),
    );
    let staff = client.sign_in(&request).await.unwrap().token;
    let visit = client.create_visit(&staff).await.unwrap().visit;
    let join = HostJoinRequest { protocol: VersionRange::CURRENT, bundle: Base64(b"host".to_vec()), take_over: false };
    let joined = client.join_host(&staff, visit, &join).await.unwrap();
    let present = EventStream::open(client.clone(), visit, joined.endpoint_token.clone());
    let ice = client.ice(&joined.endpoint_token, visit).await.unwrap();
    let turn = &ice.servers[1];
    let turn = TurnClient::new(turn.username.as_ref().unwrap().expose(), turn.credential.as_ref().unwrap().expose());
    (running, turn, present)
}

/// A client's end, which blocks.
enum Line {
    Datagrams(UdpSocket),
    Stream(std::net::TcpStream),
}

impl Line {
    fn send(&self, message: &[u8]) {
        match self {
            Self::Datagrams(socket) => drop(socket.send(message)),
            // The head and 1,200 bytes are a multiple of four.
            Self::Stream(stream) => drop(std::io::Write::write_all(&mut &*stream, message)),
        }
    }
}

/// A client with an allocation, and its peer.
struct Pair {
    line: Line,
    turn: TurnClient,
    relayed: SocketAddr,
    peer: UdpSocket,
}

fn open(way: Way, server: SocketAddr, mut turn: TurnClient) -> Pair {
    let line = match way {
        Way::Udp => {
            let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
            socket.connect(server).unwrap();
            Line::Datagrams(socket)
        }
        Way::Tcp => Line::Stream(std::net::TcpStream::connect(server).unwrap()),
    };
    let peer = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    socket2::SockRef::from(&peer).set_recv_buffer_size(1 << 20).ok();
    peer.set_read_timeout(Some(Duration::from_millis(200))).unwrap();
    let mut deframer = Deframer::default();
    let mut ask = |turn: &mut TurnClient, request: Vec<u8>| {
        line.send(&request);
        let mut buffer = [0; 2_000];
        match &line {
            Line::Datagrams(socket) => {
                let length = socket.recv(&mut buffer).unwrap();
                turn.read(&buffer[..length])
            }
            Line::Stream(stream) => loop {
                if let Some(message) = deframer.next_message().unwrap() {
                    return turn.read(message);
                }
                let length = std::io::Read::read(&mut &*stream, &mut buffer).unwrap();
                deframer.push(&buffer[..length]);
            },
        }
    };
    let request = turn.allocate(false);
    ask(&mut turn, request);
    let request = turn.allocate(false);
    let relayed = match ask(&mut turn, request) {
        TurnAnswer::Done { relayed: Some(relayed), .. } => relayed,
        refused => panic!("no allocation: {refused:?}"),
    };
    let request = turn.channel(0x4000, peer.local_addr().unwrap());
    assert!(matches!(ask(&mut turn, request), TurnAnswer::Done { .. }));
    match &line {
        Line::Datagrams(socket) => socket.set_read_timeout(Some(Duration::from_millis(200))).unwrap(),
        Line::Stream(stream) => stream.set_read_timeout(Some(Duration::from_millis(200))).unwrap(),
    }
    Pair { line, turn, relayed, peer }
}

fn step(way: Way, mbps: u64, length: Duration, server: SocketAddr, turn: &TurnClient) -> String {
    let pairs: Arc<Vec<Pair>> = Arc::new((0..CLIENTS).map(|_| open(way, server, turn.clone())).collect());
    let (over, heard) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let mut readers = Vec::new();
    for n in 0..CLIENTS {
        for is_peer in [false, true] {
            let (pairs, over, heard) = (Arc::clone(&pairs), Arc::clone(&over), Arc::clone(&heard));
            readers.push(std::thread::spawn(move || {
                let mut buffer = vec![0; 16_384];
                while !over.load(Ordering::Relaxed) {
                    let read = match (&pairs[n].line, is_peer) {
                        (_, true) => pairs[n].peer.recv(&mut buffer),
                        (Line::Datagrams(socket), false) => socket.recv(&mut buffer).map(|length| length - 4),
                        // Without the heads, wherever in them this piece begins and ends.
                        (Line::Stream(stream), false) => {
                            std::io::Read::read(&mut &*stream, &mut buffer).map(|length| length * BYTES / (BYTES + 4))
                        }
                    };
                    heard.fetch_add(read.unwrap_or(0) as u64, Ordering::Relaxed);
                }
            }));
        }
    }
    let (memory, cpu, begin) = (memory_mib(), server_cpu(), Instant::now());
    let message = TurnClient::channel_data(0x4000, &[7; BYTES]);
    let mut sent = 0;
    while begin.elapsed() < length {
        let due = (begin.elapsed().as_secs_f64() * mbps as f64 * 1e6 / 8.0 / BYTES as f64) as u64;
        while sent < due {
            let pair = &pairs[(sent as usize / 2) % CLIENTS];
            if sent % 2 == 0 {
                pair.line.send(&message);
            } else {
                pair.peer.send_to(&message[4..], pair.relayed).ok();
            }
            sent += 1;
        }
        std::thread::sleep(PACE);
    }
    let span = begin.elapsed();
    let cores = (server_cpu() - cpu).as_secs_f64() / span.as_secs_f64();
    std::thread::sleep(Duration::from_millis(300));
    over.store(true, Ordering::Relaxed);
    for reader in readers {
        reader.join().unwrap();
    }
    // Else a later step's client that happens to have the same port would be told that it has an allocation.
    for Pair { line, turn, .. } in pairs.iter() {
        line.send(&turn.refresh(0));
    }
    let heard = heard.load(Ordering::Relaxed);
    let rate = |bytes: u64| bytes as f64 * 8.0 / 1e6 / span.as_secs_f64();
    let lost = 100.0 * (1.0 - heard as f64 / (sent * BYTES as u64) as f64);
    let way = if way == Way::Udp { "UDP" } else { "TCP" };
    let (sent, heard, after) = (rate(sent * BYTES as u64), rate(heard), memory_mib());
    format!("| {way} | {sent:.0} | {heard:.0} | {lost:.2} % | {cores:.2} | {memory:.1} → {after:.1} |")
}

/// What this process holds of the machine's memory.
fn memory_mib() -> f64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<f64>().ok()).map_or(f64::NAN, |kib| kib / 1_024.0)
}

/// What the server's threads have used of the processor.
fn server_cpu() -> Duration {
    let Ok(threads) = fs::read_dir("/proc/self/task") else { return Duration::ZERO };
    let ticks: u64 = threads
        .filter_map(|thread| fs::read_to_string(thread.ok()?.path().join("stat")).ok())
        .filter(|stat| stat.contains("(relay)"))
        .filter_map(|stat| {
            // After the name: state is the first, user and system time the twelfth and thirteenth.
            let fields: Vec<_> = stat.rsplit_once(')')?.1.split_whitespace().collect();
            Some(fields.get(11)?.parse::<u64>().ok()? + fields.get(12)?.parse::<u64>().ok()?)
        })
        .sum();
    // A hundredth of a second each, on every Linux there is.
    Duration::from_millis(ticks * 10)
}
