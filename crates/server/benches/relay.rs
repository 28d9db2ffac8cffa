//! What the relay carries: the real server, real sockets, clients and peers in the same process. Prints a table; `cargo xtask bench relay`
//! makes a page of it.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a measurement ends at the first thing that is wrong, and prints its table"
)]

use std::fs;
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream, UdpSocket};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use ::relay::Deframer;
use rustls::ClientConnection;
use rustls_pki_types::ServerName;
use server::accounts::add_user;
use server::{Config, Quotas, RelayChoice, RelayOptions, Running, serve};
use signaling_client::{EventStream, Server, ServerTrust, SignalingClient, StreamEvent};
use signaling_protocol::{Base64, HostJoinRequest, SignInRequest, StaffRole, VersionRange};
use testkit::authenticator::Authenticator;
use testkit::turn::{TurnAnswer, TurnClient};
use tokio::sync::mpsc::Receiver;
use units::{DataRate, Phi};

#[path = "../tests/wire/pinned.rs"]
mod pinned;

/// Clients, each with an allocation and a peer.
const CLIENTS: usize = 40;

/// A packet of WebRTC's, as large as they get.
const BYTES: usize = 1_200;

/// How often what is due is sent.
const PACE: Duration = Duration::from_millis(2);

/// What is sent, in Mbps, both ways together.
const STEPS: [(Way, u64); 7] = [
    (Way::Udp, 50),
    (Way::Udp, 100),
    (Way::Udp, AIM),
    (Way::Udp, 250),
    (Way::Udp, 300),
    (Way::Tcp, AIM),
    (Way::Tls, AIM),
];
/// What is aimed at, in Mbps, on two cores.
const AIM: u64 = 200;
const CORES: f64 = 2.0;
/// And the share that may be lost of it, in a hundred.
const MAY_BE_LOST: f64 = 0.5;
/// Flat is memory that grows by no more than this from the middle of the long row to its end.
const FLAT: f64 = 1.05;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Udp,
    Tcp,
    Tls,
}

fn main() {
    // `cargo bench` hands over `--bench` as well. First how long a row lasts, then how long the last one, in seconds.
    let mut seconds = std::env::args().filter_map(|word| word.parse().ok()).map(Duration::from_secs);
    let length = seconds.next().unwrap_or(Duration::from_secs(5));
    let soak = seconds.next().unwrap_or(2 * length);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .thread_name("relay")
        .enable_all()
        .build()
        .unwrap();
    let data = tempfile::tempdir().unwrap();
    // Somebody who is away loses what the relay lent them.
    let (running, credential, _present) = runtime.block_on(start(data.path()));
    println!("| clients by | for | sent, Mbps | forwarded, Mbps | lost | server's cores | memory, MiB | |");
    println!("|---|---|---|---|---|---|---|---|");
    let server = (running.address, running.pin);
    for (way, mbps) in STEPS {
        println!("{}", step(way, mbps, length, server, &credential).row(mbps, false));
    }
    println!("{}", step(Way::Udp, AIM, soak, server, &credential).row(AIM, true));
    runtime.block_on(running.shutdown());
}

/// A server, a credential of a host in a visit, and what keeps the host there.
async fn start(data: &std::path::Path) -> (Running, TurnClient, Receiver<StreamEvent>) {
    let password = Phi::new("correct horse battery".to_owned());
    let secret = add_user(data, "lee", StaffRole::Clinician, &password).unwrap();
    let quotas = Quotas {
        per_endpoint: (STEPS.len() + 1) * CLIENTS,
        per_visit: (STEPS.len() + 1) * CLIENTS,
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
    Stream(TcpStream),
    Tls(TcpStream, Box<Mutex<ClientConnection>>),
}

impl Line {
    fn send(&self, message: &[u8]) {
        match self {
            Self::Datagrams(socket) => drop(socket.send(message)),
            // The head and 1,200 bytes are a multiple of four.
            Self::Stream(stream) => drop((&*stream).write_all(message)),
            Self::Tls(stream, session) => {
                let mut session = session.lock().unwrap();
                session.writer().write_all(message).unwrap();
                while session.wants_write() && session.write_tls(&mut &*stream).is_ok() {}
            }
        }
    }

    /// What has come, of a stream wherever in messages it begins and ends.
    fn receive(&self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Datagrams(socket) => socket.recv(buffer),
            Self::Stream(stream) => (&*stream).read(buffer),
            Self::Tls(stream, session) => {
                // Nobody waits for bytes while the session is held: the other direction is sent by it.
                let mut sealed = [0; 8_192];
                let length = (&*stream).read(&mut sealed)?;
                let (mut sealed, mut session, mut opened) = (&sealed[..length], session.lock().unwrap(), 0);
                while !sealed.is_empty() {
                    session.read_tls(&mut sealed)?;
                    session.process_new_packets().map_err(io::Error::other)?;
                    while let Ok(length @ 1..) = session.reader().read(&mut buffer[opened..]) {
                        opened += length;
                    }
                }
                Ok(opened)
            }
        }
    }

    fn set_read_timeout(&self, span: Duration) {
        match self {
            Self::Datagrams(socket) => socket.set_read_timeout(Some(span)).unwrap(),
            Self::Stream(stream) | Self::Tls(stream, _) => stream.set_read_timeout(Some(span)).unwrap(),
        }
    }
}

/// As an app opens it: TURN on the port of the web (RFC 7443).
fn by_tls(server: SocketAddr, pin: [u8; 32]) -> Line {
    let mut config =
        rustls::ClientConfig::builder_with_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
            .with_protocol_versions(&[&rustls::version::TLS13])
            .unwrap()
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(pinned::Pinned(pin)))
            .with_no_client_auth();
    config.alpn_protocols = vec![b"stun.turn".to_vec()];
    let mut session = ClientConnection::new(Arc::new(config), ServerName::try_from("localhost").unwrap()).unwrap();
    let stream = TcpStream::connect(server).unwrap();
    while session.is_handshaking() {
        session.complete_io(&mut &stream).unwrap();
    }
    Line::Tls(stream, Box::new(Mutex::new(session)))
}

/// A client with an allocation, and its peer.
struct Pair {
    line: Line,
    turn: TurnClient,
    relayed: SocketAddr,
    peer: UdpSocket,
}

fn open(way: Way, (server, pin): (SocketAddr, [u8; 32]), mut turn: TurnClient) -> Pair {
    let line = match way {
        Way::Udp => {
            let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
            socket.connect(server).unwrap();
            Line::Datagrams(socket)
        }
        Way::Tcp => Line::Stream(TcpStream::connect(server).unwrap()),
        Way::Tls => by_tls(server, pin),
    };
    let peer = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    socket2::SockRef::from(&peer).set_recv_buffer_size(1 << 20).ok();
    peer.set_read_timeout(Some(Duration::from_millis(200))).unwrap();
    let mut deframer = Deframer::default();
    let mut ask = |turn: &mut TurnClient, request: Vec<u8>| {
        line.send(&request);
        let mut buffer = [0; 2_000];
        if matches!(line, Line::Datagrams(_)) {
            let length = line.receive(&mut buffer).unwrap();
            return turn.read(&buffer[..length]);
        }
        loop {
            if let Some(message) = deframer.next_message().unwrap() {
                return turn.read(message);
            }
            let length = line.receive(&mut buffer).unwrap();
            deframer.push(&buffer[..length]);
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
    line.set_read_timeout(Duration::from_millis(200));
    Pair { line, turn, relayed, peer }
}

/// What came of a row.
struct Measured {
    way: Way,
    span: Duration,
    /// Mbps.
    sent: f64,
    forwarded: f64,
    /// Of a hundred.
    lost: f64,
    cores: f64,
    /// MiB at the begin, in the middle and at the end.
    memory: [f64; 3],
}

impl Measured {
    /// A row that has a bar is marked by it.
    fn row(&self, mbps: u64, is_long: bool) -> String {
        let Self { way, span, sent, forwarded, lost, cores, memory: [begin, middle, end] } = self;
        let way = match way {
            Way::Udp => "UDP",
            Way::Tcp => "TCP",
            Way::Tls => "TLS",
        };
        let carried =
            *lost <= MAY_BE_LOST && *cores <= CORES && *forwarded >= mbps as f64 * (1.0 - MAY_BE_LOST / 100.0);
        let verdict = match (mbps == AIM, carried && (!is_long || *end <= middle * FLAT)) {
            (false, _) => "",
            (true, true) => "✓",
            (true, false) => "✗",
        };
        format!(
            "| {way} | {:.0} s | {sent:.0} | {forwarded:.0} | {lost:.2} % | {cores:.2} | {begin:.1} → {middle:.1} → {end:.1} | {verdict} |",
            span.as_secs_f64()
        )
    }
}

fn step(way: Way, mbps: u64, length: Duration, server: (SocketAddr, [u8; 32]), turn: &TurnClient) -> Measured {
    let pairs: Arc<Vec<Pair>> = Arc::new((0..CLIENTS).map(|_| open(way, server, turn.clone())).collect());
    let (over, heard) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let mut readers = Vec::new();
    for n in 0..CLIENTS {
        for is_peer in [false, true] {
            let (pairs, over, heard) = (Arc::clone(&pairs), Arc::clone(&over), Arc::clone(&heard));
            readers.push(std::thread::spawn(move || {
                let mut buffer = vec![0; 16_384];
                while !over.load(Ordering::Relaxed) {
                    let line = &pairs[n].line;
                    // Without the heads of what goes by channels, wherever in them a piece of a stream begins and ends.
                    let read = match (line, is_peer) {
                        (_, true) => pairs[n].peer.recv(&mut buffer),
                        (Line::Datagrams(_), false) => line.receive(&mut buffer).map(|length| length - 4),
                        (_, false) => line.receive(&mut buffer).map(|length| length * BYTES / (BYTES + 4)),
                    };
                    heard.fetch_add(read.unwrap_or(0) as u64, Ordering::Relaxed);
                }
            }));
        }
    }
    let (memory, cpu, begin) = (memory_mib(), server_cpu(), Instant::now());
    let message = TurnClient::channel_data(0x4000, &[7; BYTES]);
    let (mut sent, mut middle) = (0, None);
    while begin.elapsed() < length {
        if middle.is_none() && begin.elapsed() >= length / 2 {
            middle = Some(memory_mib());
            // What was lent for ten minutes is kept for ten more, as apps do (RFC 8656, sections 8 and 12).
            for Pair { line, turn, peer, .. } in pairs.iter() {
                line.send(&turn.refresh(600));
                line.send(&turn.channel(0x4000, peer.local_addr().unwrap()));
            }
        }
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
    let memory = [memory, middle.unwrap_or(memory), memory_mib()];
    Measured { way, span, sent: rate(sent * BYTES as u64), forwarded: rate(heard), lost, cores, memory }
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
