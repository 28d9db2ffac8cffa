//! A small TURN server on this machine, by datagrams and by streams, written from the RFC. It looks at names, not at signatures.

use std::collections::{HashMap, HashSet};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use peer::{Dialing, IceServer, RelayDialer, RelayStream};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::sync::mpsc;

const ANY: (Ipv4Addr, u16) = (Ipv4Addr::LOCALHOST, 0);

/// How many addresses are lent, by datagrams and by streams.
#[derive(Debug, Default)]
pub(crate) struct Lent {
    pub(crate) by_datagrams: AtomicUsize,
    pub(crate) by_streams: AtomicUsize,
}

/// The server, as long as the test's runtime runs.
pub(crate) struct Turn {
    pub(crate) datagrams: SocketAddr,
    pub(crate) streams: SocketAddr,
    pub(crate) lent: Arc<Lent>,
}

impl Turn {
    /// With `datagrams` it answers them; without, they are lost as behind a firewall.
    pub(crate) async fn start(datagrams: bool) -> Self {
        let socket = Arc::new(UdpSocket::bind(ANY).await.expect("a socket"));
        let listener = TcpListener::bind(ANY).await.expect("a listener");
        let (at, streams) = (socket.local_addr().expect("an address"), listener.local_addr().expect("an address"));
        let lent = Arc::new(Lent::default());
        tokio::spawn(serve_datagrams(socket, datagrams, lent.clone()));
        let counted = lent.clone();
        tokio::spawn(async move {
            while let Ok((stream, client)) = listener.accept().await {
                tokio::spawn(serve_stream(stream, client, counted.clone()));
            }
        });
        Self { datagrams: at, streams, lent }
    }

    /// The server at the addresses that `urls` makes of it.
    pub(crate) fn named(&self, urls: &[&str]) -> IceServer {
        let address = |url: &&str| {
            let url = url.replace("DATAGRAMS", &self.datagrams.to_string());
            url.replace("STREAMS", &self.streams.to_string())
        };
        IceServer {
            urls: urls.iter().map(address).collect(),
            username: Some("user".to_owned().into()),
            credential: Some("secret".to_owned().into()),
        }
    }
}

/// Opens streams as they are; what encrypts them is somebody else's business.
#[derive(Debug)]
pub(crate) struct Plain;

impl RelayDialer for Plain {
    fn dial(&self, host: String, port: u16, _tls: bool) -> Dialing {
        Box::pin(async move {
            let stream = TcpStream::connect((&*host, port)).await?;
            stream.set_nodelay(true)?;
            Ok(Box::new(stream) as Box<dyn RelayStream>)
        })
    }
}

async fn serve_datagrams(socket: Arc<UdpSocket>, answers: bool, lent: Arc<Lent>) {
    let mut clients = HashMap::<SocketAddr, mpsc::Sender<Vec<u8>>>::new();
    let mut buffer = vec![0; 2_000];
    loop {
        let Ok((length, client)) = socket.recv_from(&mut buffer).await else { continue };
        if !answers {
            continue;
        }
        let to_client = clients.entry(client).or_insert_with(|| {
            let (sender, receiver) = mpsc::channel(256);
            let (socket, lent) = (socket.clone(), lent.clone());
            tokio::spawn(serve(
                client,
                receiver,
                lent,
                |lent| &lent.by_datagrams,
                move |message: Vec<u8>| {
                    let _ = socket.try_send_to(&message, client);
                },
            ));
            sender
        });
        let _ = to_client.try_send(buffer[..length].to_vec());
    }
}

async fn serve_stream(stream: TcpStream, client: SocketAddr, lent: Arc<Lent>) {
    stream.set_nodelay(true).expect("a stream");
    let (mut from, mut to) = stream.into_split();
    let (written, mut to_write) = mpsc::unbounded_channel::<Vec<u8>>();
    tokio::spawn(async move {
        while let Some(mut message) = to_write.recv().await {
            message.resize(message.len().next_multiple_of(4), 0);
            if to.write_all(&message).await.is_err() {
                return;
            }
        }
    });
    let (sender, receiver) = mpsc::channel(256);
    let send = move |message| {
        let _ = written.send(message);
    };
    tokio::spawn(serve(client, receiver, lent, |lent| &lent.by_streams, send));
    let mut head = [0; 4];
    while from.read_exact(&mut head).await.is_ok() {
        let length = usize::from(u16::from_be_bytes([head[2], head[3]]));
        let (rest, padded) = match head[0] {
            0x40.. => (length, length.next_multiple_of(4)),
            _ => (length + 16, length + 16),
        };
        let mut message = head.to_vec();
        message.resize(4 + padded, 0);
        if from.read_exact(&mut message[4..]).await.is_err() {
            return;
        }
        message.truncate(4 + rest);
        let _ = sender.send(message).await;
    }
}

/// One client, whatever brings its messages: they come whole.
async fn serve(
    client: SocketAddr,
    mut messages: mpsc::Receiver<Vec<u8>>,
    lent: Arc<Lent>,
    count: fn(&Lent) -> &AtomicUsize,
    send: impl Fn(Vec<u8>) + Send + 'static,
) {
    let mut allocation: Option<Allocation> = None;
    let mut buffer = vec![0; 2_000];
    loop {
        let from_peer = async {
            match &allocation {
                Some(allocation) => allocation.socket.recv_from(&mut buffer).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            message = messages.recv() => {
                let had = allocation.is_some();
                let Some(message) = message else {
                    count(&lent).fetch_sub(usize::from(had), Ordering::SeqCst);
                    return;
                };
                if let Some(answer) = handle(&message, client, &mut allocation).await {
                    send(answer);
                }
                match (had, allocation.is_some()) {
                    (false, true) => drop(count(&lent).fetch_add(1, Ordering::SeqCst)),
                    (true, false) => drop(count(&lent).fetch_sub(1, Ordering::SeqCst)),
                    _ => {}
                }
            }
            Ok((length, peer)) = from_peer => {
                let allocation = allocation.as_ref().expect("it has a socket");
                if !allocation.permitted.contains(&peer.ip()) {
                    continue;
                }
                match allocation.channels.iter().find(|(_, bound)| **bound == peer) {
                    Some((number, _)) => send([&number[..], &(length as u16).to_be_bytes(), &buffer[..length]].concat()),
                    None => send(stun([0, 0x17], &[0; 12], &[(PEER, xor(peer)), (DATA, buffer[..length].to_vec())])),
                }
            }
        }
    }
}

struct Allocation {
    socket: UdpSocket,
    permitted: HashSet<IpAddr>,
    channels: HashMap<[u8; 2], SocketAddr>,
}

/// The answer to a message, or what is sent on for it (RFC 8656, sections 7 to 12).
async fn handle(message: &[u8], client: SocketAddr, allocation: &mut Option<Allocation>) -> Option<Vec<u8>> {
    let kind: [u8; 2] = message[..2].try_into().expect("two bytes");
    if kind[0] >= 0x40 {
        let held = allocation.as_ref()?;
        // Some pad in datagrams too.
        let length = usize::from(u16::from_be_bytes([message[2], message[3]]));
        let _ = held.socket.try_send_to(&message[4..4 + length], *held.channels.get(&kind)?);
        return None;
    }
    let id = message[8..20].to_vec();
    let success = |attributes: &[(u16, Vec<u8>)]| Some(stun([1, kind[1]], &id, attributes));
    let failure = |code: u16, attributes: &[(u16, Vec<u8>)]| {
        let error = (ERROR, vec![0, 0, (code / 100) as u8, (code % 100) as u8]);
        Some(stun([1, kind[1] | 0x10], &id, &[&[error], attributes].concat()))
    };
    let is_known = attribute(message, USERNAME) == Some(b"user") && attribute(message, NONCE) == Some(b"nonce");
    match kind {
        [0, 0x16] => {
            let (held, peer) = (allocation.as_ref()?, unxor(attribute(message, PEER)?));
            if held.permitted.contains(&peer.ip()) {
                let _ = held.socket.try_send_to(attribute(message, DATA)?, peer);
            }
            None
        }
        _ if !is_known => failure(401, &[(REALM, b"realm".to_vec()), (NONCE, b"nonce".to_vec())]),
        [0, 3] => {
            let held = match allocation {
                Some(_) => return failure(437, &[]),
                None => allocation.insert(Allocation {
                    socket: UdpSocket::bind(ANY).await.expect("a socket"),
                    permitted: HashSet::new(),
                    channels: HashMap::new(),
                }),
            };
            let relayed = held.socket.local_addr().expect("an address");
            success(&[(RELAYED, xor(relayed)), (MAPPED, xor(client)), (LIFETIME, 600_u32.to_be_bytes().to_vec())])
        }
        [0, 4] => {
            let lifetime = attribute(message, LIFETIME)?.to_vec();
            if lifetime == [0; 4] {
                *allocation = None;
            }
            success(&[(LIFETIME, lifetime)])
        }
        [0, 8] => {
            allocation.as_mut()?.permitted.insert(unxor(attribute(message, PEER)?).ip());
            success(&[])
        }
        [0, 9] => {
            let peer = unxor(attribute(message, PEER)?);
            let held = allocation.as_mut()?;
            held.channels.insert(attribute(message, CHANNEL)?[..2].try_into().expect("two bytes"), peer);
            held.permitted.insert(peer.ip());
            success(&[])
        }
        _ => None,
    }
}

fn attribute(message: &[u8], name: u16) -> Option<&[u8]> {
    let mut rest = &message[20..];
    while rest.len() >= 4 {
        let length = usize::from(u16::from_be_bytes([rest[2], rest[3]]));
        if rest[..2] == name.to_be_bytes() {
            return rest.get(4..4 + length);
        }
        rest = rest.get(4 + length.next_multiple_of(4)..).unwrap_or_default();
    }
    None
}

fn stun(kind: [u8; 2], id: &[u8], attributes: &[(u16, Vec<u8>)]) -> Vec<u8> {
    let mut body = Vec::new();
    for (name, value) in attributes {
        body.extend(name.to_be_bytes());
        body.extend((value.len() as u16).to_be_bytes());
        body.extend(value);
        body.resize(body.len().next_multiple_of(4), 0);
    }
    [&kind[..], &(body.len() as u16).to_be_bytes(), &COOKIE, id, &body].concat()
}

/// XOR-PEER-ADDRESS and its like (RFC 8489, section 14.2), of IPv4.
fn xor(address: SocketAddr) -> Vec<u8> {
    let SocketAddr::V4(address) = address else { panic!("all is on 127.0.0.1") };
    let port = (address.port() ^ 0x2112).to_be_bytes();
    let octets = address.ip().octets();
    let ip: Vec<u8> = octets.iter().zip(COOKIE).map(|(one, other)| one ^ other).collect();
    [&[0, 1][..], &port, &ip].concat()
}

fn unxor(value: &[u8]) -> SocketAddr {
    let port = u16::from_be_bytes([value[2], value[3]]) ^ 0x2112;
    let ip: Vec<u8> = value[4..8].iter().zip(COOKIE).map(|(one, other)| one ^ other).collect();
    SocketAddr::from(([ip[0], ip[1], ip[2], ip[3]], port))
}

const COOKIE: [u8; 4] = [0x21, 0x12, 0xa4, 0x42];
const USERNAME: u16 = 0x06;
const ERROR: u16 = 0x09;
const CHANNEL: u16 = 0x0c;
const LIFETIME: u16 = 0x0d;
const PEER: u16 = 0x12;
const DATA: u16 = 0x13;
const REALM: u16 = 0x14;
const NONCE: u16 = 0x15;
const RELAYED: u16 = 0x16;
const MAPPED: u16 = 0x20;
