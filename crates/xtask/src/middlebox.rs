//! What stands in some networks between an app and the clinic's server: a proxy, and a firewall that lets no datagram through.
//! Each works for as long as the program does that started it.

use std::io::{self, Read as _, Write as _};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, Result};

/// A proxy that tunnels to one port (HTTP CONNECT, RFC 9110 section 9.3.6) and serves nothing else.
#[derive(Debug)]
pub struct ConnectProxy {
    /// Where it listens.
    pub address: SocketAddr,
    asked: Arc<Mutex<Vec<String>>>,
}

impl ConnectProxy {
    /// Listens there, and tunnels to that port of any host.
    pub fn start(listen: &str, port: u16) -> Result<Self> {
        Self::leading(listen, port, None)
    }

    /// Listens on this machine, and knows where the one server is, whatever it is called: only its port counts.
    pub fn before(server: SocketAddr) -> Result<Self> {
        Self::leading("127.0.0.1:0", server.port(), Some(server))
    }

    fn leading(listen: &str, port: u16, server: Option<SocketAddr>) -> Result<Self> {
        let listener = TcpListener::bind(listen).with_context(|| format!("cannot listen at {listen}"))?;
        let (address, asked) = (listener.local_addr()?, Arc::<Mutex<Vec<String>>>::default());
        let noted = Arc::clone(&asked);
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let noted = Arc::clone(&noted);
                // Who goes away before the end is done with.
                thread::spawn(move || tunnel(client, port, server, &noted));
            }
        });
        Ok(Self { address, asked })
    }

    /// Which `HOST:PORT` were asked for and tunnelled to, in their order.
    #[must_use]
    pub fn tunnels(&self) -> Vec<String> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

fn tunnel(mut client: TcpStream, port: u16, server: Option<SocketAddr>, noted: &Mutex<Vec<String>>) -> io::Result<()> {
    let Some(to) = wanted(&read_head(&mut client)?).filter(|to| to.ends_with(&format!(":{port}"))) else {
        return client.write_all(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    };
    let Ok(server) = server.map_or_else(|| TcpStream::connect(&to), TcpStream::connect) else {
        return client.write_all(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    };
    client.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n")?;
    noted.lock().unwrap_or_else(PoisonError::into_inner).push(to);
    join(client, server)
}

/// The head of a request. Not a byte more: what comes behind it is for the other end of the tunnel.
fn read_head(client: &mut TcpStream) -> io::Result<Vec<u8>> {
    client.set_read_timeout(Some(PATIENCE))?;
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") && head.len() < LONGEST_HEAD {
        client.read_exact(&mut byte)?;
        head.push(byte[0]);
    }
    client.set_read_timeout(None)?;
    Ok(head)
}

/// The `HOST:PORT` in `CONNECT HOST:PORT HTTP/1.1`.
fn wanted(head: &[u8]) -> Option<String> {
    let line = std::str::from_utf8(head).ok()?.lines().next()?;
    let (to, version) = line.strip_prefix("CONNECT ")?.split_once(' ')?;
    version.starts_with("HTTP/1.").then(|| to.to_owned())
}

/// A firewall in front of a server: TCP passes, and every datagram is lost without a word.
#[derive(Debug)]
pub struct TcpAlone {
    /// What the server is reached by.
    pub address: SocketAddr,
    datagrams: UdpSocket,
}

impl TcpAlone {
    /// Stands before the server, on this machine.
    pub fn before(server: SocketAddr) -> Result<Self> {
        let (listener, datagrams) = one_port().context("no port is free for both TCP and UDP")?;
        datagrams.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                thread::spawn(move || join(client, TcpStream::connect(server)?));
            }
        });
        Ok(Self { address, datagrams })
    }

    /// Whether a datagram was lost here since this was last asked.
    #[must_use]
    pub fn lost_a_datagram(&self) -> bool {
        let mut lost = false;
        while self.datagrams.recv(&mut [0; 2_048]).is_ok() {
            lost = true;
        }
        lost
    }
}

/// A port of the loopback interface, for TCP and for UDP.
fn one_port() -> io::Result<(TcpListener, UdpSocket)> {
    let both = || {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let datagrams = UdpSocket::bind(listener.local_addr()?)?;
        Ok((listener, datagrams))
    };
    (0..TRIES).find_map(|_| both().ok()).map_or_else(both, Ok)
}

/// Carries what each sends to the other, until both have ended.
fn join(one: TcpStream, other: TcpStream) -> io::Result<()> {
    one.set_nodelay(true)?;
    other.set_nodelay(true)?;
    let back = (other.try_clone()?, one.try_clone()?);
    let there = thread::spawn(move || pour(one, other));
    pour(back.0, back.1);
    // It ends as this one did, whatever it says.
    let _ = there.join();
    Ok(())
}

fn pour(mut from: TcpStream, mut to: TcpStream) {
    // A connection that breaks has ended, and the other is told so.
    let _ = io::copy(&mut from, &mut to);
    let _ = to.shutdown(Shutdown::Write);
}

/// How long a client may take to say where it wants to go.
const PATIENCE: Duration = Duration::from_secs(10);
const LONGEST_HEAD: usize = 8 * 1024;
const TRIES: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    /// A server that sends back what it gets, once.
    fn echo() -> SocketAddr {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                let mut word = [0; 4];
                stream.read_exact(&mut word).unwrap();
                stream.write_all(&word).unwrap();
            }
        });
        address
    }

    fn said_back(stream: &mut TcpStream) -> [u8; 4] {
        let mut word = [0; 4];
        stream.write_all(b"word").unwrap();
        stream.read_exact(&mut word).unwrap();
        word
    }

    #[test]
    fn the_proxy_leads_to_its_one_port_and_nowhere_else() {
        let server = echo();
        let proxy = ConnectProxy::start("127.0.0.1:0", server.port()).unwrap();
        let ask = |request: &str| {
            let mut stream = TcpStream::connect(proxy.address).unwrap();
            stream.write_all(request.as_bytes()).unwrap();
            let head = String::from_utf8(read_head(&mut stream).unwrap()).unwrap();
            (stream, head.lines().next().unwrap_or_default().to_owned())
        };
        let (mut stream, answer) = ask(&format!("CONNECT {server} HTTP/1.1\r\nHost: {server}\r\n\r\n"));
        assert_eq!(answer, "HTTP/1.1 200 Connection established");
        assert_eq!(&said_back(&mut stream), b"word");
        for refused in
            [format!("CONNECT 127.0.0.1:1{} HTTP/1.1\r\n\r\n", server.port()), "GET / HTTP/1.1\r\n\r\n".into()]
        {
            assert_eq!(ask(&refused).1, "HTTP/1.1 403 Forbidden");
        }
        assert_eq!(proxy.tunnels(), [server.to_string()]);
    }

    #[test]
    fn the_proxy_before_a_server_knows_names_that_its_clients_do_not() {
        let server = echo();
        let proxy = ConnectProxy::before(server).unwrap();
        let mut stream = TcpStream::connect(proxy.address).unwrap();
        let to = format!("clinic.invalid:{}", server.port());
        write!(stream, "CONNECT {to} HTTP/1.1\r\nHost: {to}\r\n\r\n").unwrap();
        assert!(read_head(&mut stream).unwrap().starts_with(b"HTTP/1.1 200"));
        assert_eq!(&said_back(&mut stream), b"word");
        assert_eq!(proxy.tunnels(), [to]);
    }

    #[test]
    fn behind_the_firewall_tcp_is_answered_and_a_datagram_is_not() {
        let firewall = TcpAlone::before(echo()).unwrap();
        assert_eq!(&said_back(&mut TcpStream::connect(firewall.address).unwrap()), b"word");
        assert!(!firewall.lost_a_datagram());
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        socket.send_to(b"word", firewall.address).unwrap();
        assert!(firewall.lost_a_datagram());
    }
}
