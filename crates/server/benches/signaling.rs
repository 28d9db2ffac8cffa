//! What the server carries: the real program, real sockets and TLS, its store on a disk, and in another process as many apps, which
//! speak HTTP/2 as the product's do. Prints a table; `cargo xtask bench server` makes a page of it.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a measurement ends at the first thing that is wrong, and prints its table"
)]

use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use axum::body::{Body, to_bytes};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ed25519_dalek::{Signer, SigningKey};
use futures_util::StreamExt as _;
use hyper::client::conn::http2::{self, Connection, SendRequest};
use hyper::{Request, Response, body::Incoming};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use rustls_pki_types::ServerName;
use serde_json::{Value, json};
use server::accounts::add_user;
use signaling_protocol::{Base64, ChallengeReply, JoinReply, StaffRole, VersionRange, join_signing_bytes};
use testkit::authenticator::Authenticator;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::net::TcpStream;
use tokio::sync::{Semaphore, SemaphorePermit, mpsc};
use tokio::task::JoinSet;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use units::Phi;

#[path = "../tests/wire/pinned.rs"]
mod pinned;

/// Visits of two: each end has a stream of its own.
const VISITS: usize = 5_000;
const STREAMS: usize = 2 * VISITS;
/// Messages a second, all together.
const RATE: u64 = 2_000;
/// Connections by which they are sent.
const SENDERS: usize = 64;
/// How many set up or come back at the same time.
const AT_ONCE: usize = 256;

const PASSWORD: &str = "correct horse battery";

/// How often an app asks whether its connection is alive, and for how long it waits for the answer: as the product's.
const KEEP_ALIVE: Duration = Duration::from_secs(5);
const KEEP_ALIVE_ANSWER: Duration = Duration::from_secs(8);

/// The longest answer.
const LONGEST: usize = 1 << 20;

/// A connection by which requests go.
struct Line(SendRequest<Body>);

/// What carries it.
type Carrier = Connection<TokioIo<TlsStream<TcpStream>>, Body, TokioExecutor>;

/// How to reach the server.
#[derive(Clone)]
struct Reach {
    address: String,
    tls: TlsConnector,
}

impl Reach {
    fn of_ready_line(line: &str) -> Self {
        let words: Vec<_> = line.split_whitespace().collect();
        let pin = URL_SAFE_NO_PAD.decode(words[2].strip_prefix("sha256:").unwrap()).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let mut config = rustls::ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&rustls::version::TLS13])
            .unwrap()
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(pinned::Pinned(pin.try_into().unwrap())))
            .with_no_client_auth();
        config.alpn_protocols = vec![b"h2".to_vec()];
        let address = words[1].strip_prefix("https://").unwrap().to_owned();
        Self { address, tls: TlsConnector::from(Arc::new(config)) }
    }

    async fn open(&self) -> Result<(Line, Carrier), Box<dyn std::error::Error + Send + Sync>> {
        let stream = TcpStream::connect(&self.address).await?;
        stream.set_nodelay(true)?;
        let stream = self.tls.connect(ServerName::try_from("localhost")?, stream).await?;
        let mut builder = http2::Builder::new(TokioExecutor::new());
        builder.timer(TokioTimer::new()).keep_alive_interval(KEEP_ALIVE).keep_alive_timeout(KEEP_ALIVE_ANSWER);
        let (line, carrier) = builder.keep_alive_while_idle(true).handshake(TokioIo::new(stream)).await?;
        Ok((Line(line), carrier))
    }

    /// A connection that lasts for as long as it is used.
    async fn line(&self) -> Line {
        let (line, carrier) = self.open().await.unwrap();
        tokio::spawn(carrier);
        line
    }
}

impl Line {
    /// `head` is method and path.
    async fn send(&mut self, head: &str, token: &str, body: Body) -> hyper::Result<Response<Incoming>> {
        let (method, path) = head.split_once(' ').unwrap();
        let request = Request::builder()
            .method(method)
            .uri(format!("https://localhost{path}"))
            .header("authorization", format!("Bearer {token}"))
            .header("content-type", "application/json");
        self.0.ready().await?;
        self.0.send_request(request.body(body).unwrap()).await
    }

    async fn ask(&mut self, head: &str, token: &str, body: &Value) -> (u16, Value) {
        let answer = self.send(head, token, Body::from(body.to_string())).await.unwrap();
        let status = answer.status().as_u16();
        let body = to_bytes(Body::new(answer.into_body()), LONGEST).await.unwrap();
        (status, serde_json::from_slice(&body).unwrap_or_default())
    }

    async fn ok(&mut self, head: &str, token: &str, body: Value) -> Value {
        let (status, answer) = self.ask(head, token, &body).await;
        assert_eq!(status, 200, "{head}: {answer}");
        answer
    }
}

/// One end of a visit.
struct End {
    visit: String,
    token: String,
    own: String,
    other: String,
    sent: AtomicUsize,
}

/// What all measure together.
struct Measure {
    begin: Instant,
    /// When each message was due, in microseconds since the begin.
    due: Vec<AtomicU64>,
    heard: mpsc::UnboundedSender<(usize, u64)>,
    opened: AtomicUsize,
}

fn main() {
    let seconds: u64 = std::env::args().filter_map(|word| word.parse().ok()).next().unwrap_or(20);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(run(seconds));
}

async fn run(seconds: u64) {
    let data = tempfile::tempdir().unwrap();
    let secret = add_user(data.path(), "lee", StaffRole::Clinician, &Phi::new(PASSWORD.to_owned())).unwrap();
    let mut server = tokio::process::Command::new(env!("CARGO_BIN_EXE_housecall-server"))
        .args(["serve", "--listen", "127.0.0.1:0", "--data"])
        .arg(data.path())
        .env("HOUSECALL_LOG", "warn")
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut ready = String::new();
    BufReader::new(server.stdout.take().unwrap()).read_line(&mut ready).await.unwrap();
    let (reach, process) = (Reach::of_ready_line(&ready), server.id().unwrap());
    let digits = Authenticator::new(secret.expose()).digits();
    let body = json!({ "name": "lee", "password": PASSWORD, "totp": digits });
    let staff = reach.line().await.ok("POST /v1/auth/sign-in", "", body).await;
    let staff = staff["token"].as_str().unwrap().to_owned();
    let idle = memory(process);

    let begin = Instant::now();
    let ends = set_up(&reach, &staff).await;
    eprintln!("{} ends in {:.1} s", ends.len(), begin.elapsed().as_secs_f64());
    let total = usize::try_from(RATE * seconds).unwrap();
    let (heard, mut latencies) = mpsc::unbounded_channel();
    let due = (0..total).map(|_| AtomicU64::new(0)).collect();
    let measure = Arc::new(Measure { begin: Instant::now(), due, heard, opened: AtomicUsize::new(0) });

    let (streams, took) = open_all(&reach, &ends, &measure).await;
    eprintln!("{STREAMS} streams in {took:.1} s");
    tokio::time::sleep(Duration::from_secs(3)).await;
    let before = cpu(process);
    let from = Instant::now();
    send_all(&reach, &staff, &ends, &measure, total).await;
    let cores = (cpu(process) - before) / from.elapsed().as_secs_f64();
    // What is on its way still.
    tokio::time::sleep(Duration::from_secs(5)).await;
    let mut micros = Vec::new();
    let mut once = vec![false; total];
    while let Ok((number, took)) = latencies.try_recv() {
        if !std::mem::replace(&mut once[number], true) {
            micros.push(took);
        }
    }
    micros.sort_unstable();
    let busy = memory(process);
    let at = |share: f64| micros[((micros.len() - 1) as f64 * share) as usize] as f64 / 1_000.0;

    drop(streams);
    tokio::time::sleep(Duration::from_secs(2)).await;
    measure.opened.store(0, Ordering::SeqCst);
    let (_streams, storm) = open_all(&reach, &ends, &measure).await;

    println!("| | aimed at | came out |\n|---|---|---|");
    println!("| event streams open, each its own TLS connection | 10,000 | {STREAMS} |");
    println!("| messages a second, for {seconds} s | 2,000 | {:.0} |", total as f64 / seconds as f64);
    println!("| from when a message was due until the other end had it: p50 | | {:.1} ms |", at(0.50));
    println!("| p99 | ≤ 50 ms | {:.1} ms |", at(0.99));
    println!("| longest | | {:.1} ms |", at(1.0));
    println!("| lost | 0 | {} of {total} |", total - micros.len());
    println!("| the server's memory: idle, then the most with all of it | ≤ 400 MB | {idle:.0} MB, {busy:.0} MB |");
    println!("| the server's cores meanwhile | 2 | {cores:.2} |");
    println!("| all {STREAMS} come back at once after all were cut | ≤ 20 s | {storm:.1} s |");
    println!("| the server's memory after that, the most | ≤ 400 MB | {:.0} MB |", memory(process));
    server.kill().await.unwrap();
}

/// All visits, with both ends admitted.
async fn set_up(reach: &Reach, staff: &str) -> Vec<Arc<End>> {
    let mut tasks = JoinSet::new();
    for worker in 0..SENDERS {
        let (reach, staff) = (reach.clone(), staff.to_owned());
        tasks.spawn(async move {
            let mut line = reach.line().await;
            let mut ends = Vec::new();
            for number in (worker..VISITS).step_by(SENDERS) {
                ends.extend(visit(&mut line, &staff, number).await);
            }
            ends
        });
    }
    tasks.join_all().await.into_iter().flatten().collect()
}

async fn visit(line: &mut Line, staff: &str, number: usize) -> [Arc<End>; 2] {
    let made = line.ok("POST /v1/visits", staff, json!({})).await;
    let visit = made["visit"].as_str().unwrap().to_owned();
    let mut seed = [7; 32];
    seed[..8].copy_from_slice(&(number as u64).to_be_bytes());
    let key = SigningKey::from_bytes(&seed);
    let invite_key = Base64(key.verifying_key().to_bytes().to_vec());
    let body = json!({ "invite_key": invite_key, "expires_in_secs": 3600 });
    let invite = line.ok(&format!("POST /v1/visits/{visit}/invites"), staff, body).await["invite"].clone();
    let host = json!({ "protocol": VersionRange::CURRENT, "bundle": Base64(vec![1; 600]) });
    let host: JoinReply =
        serde_json::from_value(line.ok(&format!("POST /v1/visits/{visit}/join"), staff, host).await).unwrap();
    let name = invite.as_str().unwrap();
    let challenge = line.ok(&format!("POST /v1/invites/{name}/challenge"), "", json!({})).await;
    let challenge: ChallengeReply = serde_json::from_value(challenge).unwrap();
    let bundle = vec![2; 600];
    let signature = key.sign(&join_signing_bytes(name.parse().unwrap(), &challenge.challenge, &bundle));
    let body = json!({ "protocol": VersionRange::CURRENT, "challenge": challenge.challenge,
        "signature": Base64(signature.to_bytes().to_vec()), "bundle": Base64(bundle) });
    let guest: JoinReply =
        serde_json::from_value(line.ok(&format!("POST /v1/invites/{name}/join"), "", body).await).unwrap();
    let token = |reply: &JoinReply| reply.endpoint_token.expose().clone();
    let admit = json!({ "endpoint": guest.endpoint });
    line.ok(&format!("POST /v1/visits/{visit}/admit"), &token(&host), admit).await;
    [(&host, &guest), (&guest, &host)].map(|(own, other)| {
        Arc::new(End {
            visit: visit.clone(),
            token: token(own),
            own: own.endpoint.to_string(),
            other: other.endpoint.to_string(),
            sent: AtomicUsize::new(0),
        })
    })
}

/// Opens a stream for each end, and answers how long that took.
async fn open_all(reach: &Reach, ends: &[Arc<End>], measure: &Arc<Measure>) -> (JoinSet<()>, f64) {
    let (begin, room) = (Instant::now(), Arc::new(Semaphore::new(AT_ONCE)));
    let mut streams = JoinSet::new();
    for end in ends {
        let (reach, end, measure, room) = (reach.clone(), Arc::clone(end), Arc::clone(measure), Arc::clone(&room));
        streams.spawn(async move { listen(&reach, &end, &measure, &room).await });
    }
    while measure.opened.load(Ordering::SeqCst) < ends.len() {
        assert!(begin.elapsed() < Duration::from_secs(300), "only {}", measure.opened.load(Ordering::SeqCst));
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    (streams, begin.elapsed().as_secs_f64())
}

async fn listen(reach: &Reach, end: &End, measure: &Measure, room: &Semaphore) {
    let mut is_open = false;
    while !is_open {
        let place = room.acquire().await.unwrap();
        // What carries the stream is a part of this: whoever ends it cuts the connection without a word.
        if let Ok((mut line, carrier)) = reach.open().await {
            tokio::select! {
                ended = carrier => drop(ended),
                () = hear(&mut line, end, measure, (place, &mut is_open)) => {}
            }
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

/// Hears a stream to its end; until it is open it has a place among those that are opened at once.
async fn hear(line: &mut Line, end: &End, measure: &Measure, (place, is_open): (SemaphorePermit<'_>, &mut bool)) {
    let answer = line.send(&format!("GET /v1/visits/{}/events", end.visit), &end.token, Body::empty()).await;
    let stream = match answer {
        Ok(answer) if answer.status() == 200 => answer.into_body(),
        other => return eprintln!("{}: {other:?}", end.own),
    };
    drop(place);
    *is_open = true;
    measure.opened.fetch_add(1, Ordering::SeqCst);
    let (mut chunks, mut rest) = (Body::new(stream).into_data_stream(), Vec::new());
    while let Some(Ok(chunk)) = chunks.next().await {
        rest.extend_from_slice(&chunk);
        while let Some(at) = rest.iter().position(|byte| *byte == b'\n') {
            heard(&rest[..at], measure);
            rest.drain(..=at);
        }
    }
}

/// One line of a stream; of those with a box it is looked for how long they were on their way.
fn heard(line: &[u8], measure: &Measure) {
    let text = std::str::from_utf8(line).unwrap();
    let Some((_, rest)) = text.split_once("\"box\":\"") else { return };
    let Ok(number) = URL_SAFE_NO_PAD.decode(&rest[..16]) else { return };
    let number = u64::from_be_bytes(number[..8].try_into().unwrap()) as usize;
    let now = measure.begin.elapsed().as_micros() as u64;
    let due = measure.due[number].load(Ordering::SeqCst);
    measure.heard.send((number, now.saturating_sub(due))).ok();
}

/// Sends each message when it is due, whatever became of those before; and ten visits a second are made beside, so that the disk
/// has something to write.
async fn send_all(reach: &Reach, staff: &str, ends: &[Arc<End>], measure: &Arc<Measure>, total: usize) {
    let mut senders = JoinSet::new();
    let begin = measure.begin.elapsed();
    for sender in 0..SENDERS {
        let (reach, measure, ends) = (reach.clone(), Arc::clone(measure), ends.to_vec());
        senders.spawn(async move {
            let mut line = reach.line().await;
            for number in (sender..total).step_by(SENDERS) {
                let due = begin + Duration::from_micros(number as u64 * 1_000_000 / RATE);
                tokio::time::sleep_until((measure.begin + due).into()).await;
                measure.due[number].store(due.as_micros() as u64, Ordering::SeqCst);
                say(&mut line, &ends[number % ends.len()], number).await;
            }
        });
    }
    let (reach, staff) = (reach.clone(), staff.to_owned());
    let making = tokio::spawn(async move {
        let mut line = reach.line().await;
        loop {
            line.ok("POST /v1/visits", &staff, json!({})).await;
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    });
    while senders.join_next().await.is_some() {}
    making.abort();
}

async fn say(line: &mut Line, end: &End, number: usize) {
    // As large as an answer of a negotiation that is sealed.
    let mut sealed = vec![0x5a; 1_024];
    sealed[..8].copy_from_slice(&(number as u64).to_be_bytes());
    let mut id = [0; 16];
    id[..8].copy_from_slice(&(number as u64).to_be_bytes());
    let seq = end.sent.fetch_add(1, Ordering::SeqCst);
    let message = json!({ "id": signaling_protocol::MessageId::from_random(id), "to": end.other, "seq": seq, "epoch": 0,
        "scheme": 0, "ttl_ms": 30_000, "box": Base64(sealed) });
    let body = json!({ "messages": [message] });
    line.ok(&format!("POST /v1/visits/{}/messages", end.visit), &end.token, body).await;
}

/// The most memory that a process has had, in MB.
fn memory(process: u32) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.split_whitespace().next().unwrap().parse::<f64>().unwrap() * 1_024.0 / 1e6
}

/// Seconds of processor that a process has had: in hundredths, as Linux counts.
fn cpu(process: u32) -> f64 {
    let stat = std::fs::read_to_string(Path::new("/proc").join(process.to_string()).join("stat")).unwrap();
    let (_, rest) = stat.rsplit_once(") ").unwrap();
    let numbers: Vec<f64> = rest.split(' ').skip(11).take(2).map(|word| word.parse().unwrap()).collect();
    numbers.iter().sum::<f64>() / 100.0
}
