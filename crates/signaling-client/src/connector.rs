//! Opens connections: by way of a proxy if the environment names one, with TLS, and quickly where packets get lost.
//!
//! The system repeats what opens a connection after a second, and what it sends over one after longer and longer pauses. On a
//! link that loses every fifth packet joining took ten seconds and more of that; so a further attempt is made soon, and on
//! systems that can, a connection with little under way repeats at an even pace.

use std::error::Error;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::Uri;
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::client::legacy::connect::proxy::Tunnel;
use hyper_util::client::legacy::connect::{Connected, Connection};
use hyper_util::client::proxy::matcher::Matcher;
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use socket2::{SockRef, TcpKeepalive};
use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tower_service::Service;

use crate::dialer::ByteStream;
use crate::fault::{NameFault, ProxyFault};
use crate::race::{Pace, race};

type BoxError = Box<dyn Error + Send + Sync>;
type Opening<T> = Pin<Box<dyn Future<Output = Result<T, BoxError>> + Send>>;

/// Opens connections to the server, and streams to its relays.
#[derive(Clone)]
pub(crate) struct Connector {
    tls: TlsConnector,
    proxies: Option<Arc<Matcher>>,
    /// To a proxy that is spoken to by TLS as well: the same, but for what is offered to be spoken inside.
    to_proxy: TlsConnector,
}

impl Connector {
    /// With this TLS; by way of the proxy that the environment names, or else on macOS and Windows the system, if it is wanted.
    pub(crate) fn new(tls: &ClientConfig, by_proxy: bool) -> Self {
        let mut to_proxy = tls.clone();
        to_proxy.alpn_protocols.clear();
        Self {
            tls: TlsConnector::from(Arc::new(tls.clone())),
            proxies: by_proxy.then(|| Arc::new(Matcher::from_system())),
            to_proxy: TlsConnector::from(Arc::new(to_proxy)),
        }
    }

    /// The same without a proxy.
    pub(crate) fn straight(&self) -> Self {
        Self { proxies: None, ..self.clone() }
    }

    /// By way of which proxy a host is reached: its host and port, without what it is asked by.
    pub(crate) fn proxy_for(&self, to: &Uri) -> Option<String> {
        let proxy = self.proxies.as_ref()?.intercept(to)?;
        let host = proxy.uri().host()?.to_owned();
        Some(proxy.uri().port_u16().map_or(host.clone(), |port| format!("{host}:{port}")))
    }

    /// A stream for something else than HTTP.
    pub(crate) async fn stream(&self, to: Uri, tls: bool) -> Result<Path, BoxError> {
        let attempts = async {
            if tls {
                let attempt = |_| self.clone().attempt(to.clone());
                race(HANDSHAKES, attempt).await.map(|secured| Box::new(secured.0.into_inner()) as Path)
            } else {
                self.path(&to).await
            }
        };
        timeout(CONNECT_TIMEOUT, attempts)
            .await
            .map_err(|_| BoxError::from(io::Error::from(io::ErrorKind::TimedOut)))?
    }

    /// One attempt: a path to the server, and the handshake over it.
    async fn attempt(self, to: Uri) -> Result<Secured, BoxError> {
        let path = self.path(&to).await?;
        let inside = self.tls.connect(server_name(&to)?, path).await?;
        Ok(Secured(TokioIo::new(inside)))
    }

    /// A path: TCP, or what a proxy hands on.
    async fn path(&self, to: &Uri) -> Result<Path, BoxError> {
        match self.proxies.as_ref().and_then(|proxies| proxies.intercept(to)) {
            None => tcp(to).await,
            Some(proxy) => {
                let mut tunnel = Tunnel::new(proxy.uri().clone(), ToProxy(self.to_proxy.clone()));
                if let Some(auth) = proxy.basic_auth() {
                    tunnel = tunnel.with_auth(auth.clone());
                }
                let tunnel = tunnel.call(to.clone()).await.map_err(|error| ProxyFault(error.into()))?;
                Ok(tunnel.into_inner())
            }
        }
    }
}

impl Service<Uri> for Connector {
    type Response = Secured;
    type Error = BoxError;
    type Future = Opening<Secured>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, to: Uri) -> Self::Future {
        let connector = self.clone();
        Box::pin(async move {
            let attempts = race(HANDSHAKES, |_| connector.clone().attempt(to.clone()));
            timeout(CONNECT_TIMEOUT, attempts)
                .await
                .map_err(|_| BoxError::from(io::Error::from(io::ErrorKind::TimedOut)))?
        })
    }
}

/// Opens connections to a proxy.
struct ToProxy(TlsConnector);

impl Service<Uri> for ToProxy {
    type Response = TokioIo<Path>;
    type Error = BoxError;
    type Future = Opening<TokioIo<Path>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, to: Uri) -> Self::Future {
        let tls = self.0.clone();
        Box::pin(async move {
            let path = tcp(&to).await?;
            match to.scheme_str() {
                Some("http") => Ok(TokioIo::new(path)),
                Some("https") => {
                    let path: Path = Box::new(tls.connect(server_name(&to)?, path).await?);
                    Ok(TokioIo::new(path))
                }
                _ => Err("a proxy of this kind cannot be used".into()),
            }
        })
    }
}

/// What the handshake with the server goes over: TCP, or what a proxy hands on.
type Path = Box<dyn ByteStream>;

/// A connection over which requests go.
pub(crate) struct Secured(TokioIo<TlsStream<Path>>);

impl Connection for Secured {
    fn connected(&self) -> Connected {
        match self.0.inner().get_ref().1.alpn_protocol() {
            Some(b"h2") => Connected::new().negotiated_h2(),
            _ => Connected::new(),
        }
    }
}

impl Read for Secured {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, into: ReadBufCursor<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, into)
    }
}

impl Write for Secured {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}

/// The first of several TCP connections to a host that stands.
async fn tcp(to: &Uri) -> Result<Path, BoxError> {
    let port = to.port_u16().unwrap_or(if to.scheme_str() == Some("http") { 80 } else { 443 });
    let addresses = in_turn(lookup_host((host(to)?, port)).await.map_err(NameFault)?.collect());
    let pace = Pace { least: u32::try_from(addresses.len())?, ..SYNS };
    let of = |number: u32| addresses.get(number as usize % addresses.len().max(1)).copied();
    let stream = race(pace, |number| async move {
        let address = of(number).ok_or(io::ErrorKind::NotFound)?;
        TcpStream::connect(address).await
    })
    .await?;
    set_up(&stream);
    Ok(Box::new(stream))
}

/// One of each family by turns, as RFC 8305 (section 4) has it, in the system's order: a family that leads nowhere holds
/// nothing up.
fn in_turn(addresses: Vec<SocketAddr>) -> Vec<SocketAddr> {
    let first_is_v6 = addresses.first().is_some_and(SocketAddr::is_ipv6);
    let (first, second): (Vec<_>, Vec<_>) = addresses.into_iter().partition(|one| one.is_ipv6() == first_is_v6);
    let mut second = second.into_iter();
    let mut all: Vec<_> = first.into_iter().flat_map(|one| [Some(one), second.next()]).flatten().collect();
    all.extend(second);
    all
}

/// None of this is needed to speak: what a system does not know is done without.
fn set_up(stream: &TcpStream) {
    stream.set_nodelay(true).ok();
    let socket = SockRef::from(stream);
    // What the system has taken cannot be dropped any more when it is too old.
    #[cfg(target_os = "linux")]
    socket.set_tcp_notsent_lowat(NOT_SENT).ok();
    let keepalive = TcpKeepalive::new().with_time(TCP_KEEPALIVE);
    #[cfg(any(target_os = "linux", target_os = "macos", target_os = "windows"))]
    let keepalive = keepalive.with_interval(TCP_KEEPALIVE);
    socket.set_tcp_keepalive(&keepalive).ok();
    #[cfg(target_os = "linux")]
    {
        socket.set_tcp_user_timeout(Some(USER_TIMEOUT)).ok();
        socket.set_tcp_thin_linear_timeouts(true).ok();
    }
}

fn host(of: &Uri) -> Result<&str, BoxError> {
    let host = of.host().ok_or("an address without a host")?;
    Ok(host.trim_start_matches('[').trim_end_matches(']'))
}

fn server_name(of: &Uri) -> Result<ServerName<'static>, BoxError> {
    Ok(ServerName::try_from(host(of)?.to_owned())?)
}

/// A round trip within a country is over by then, and a packet of sixty bytes more costs nobody much; a system sends its second
/// one after a second. Six, in four seconds: where a fifth is lost, one of them and its answer arrive in 998 of 1,000.
const SYNS: Pace = Pace { first: Duration::from_millis(300), most: 6, least: 1 };
/// A handshake takes two round trips and a quarter of a second on a link of 64 kbps; on a satellite one is over by then.
const HANDSHAKES: Pace = Pace { first: Duration::from_millis(1_500), most: 3, least: 1 };
/// A rural line needs some seconds for three round trips; longer than this and another try is the better chance.
pub(crate) const CONNECT_TIMEOUT: Duration = Duration::from_secs(8);
/// What nothing comes of is asked whether it still stands, so that no router forgets it.
const TCP_KEEPALIVE: Duration = Duration::from_secs(15);
/// Some packets: enough for a stream to be busy until the next are there.
#[cfg(target_os = "linux")]
const NOT_SENT: u32 = 16 * 1024;
/// What is sent and not acknowledged for so long is given up.
#[cfg(target_os = "linux")]
const USER_TIMEOUT: Duration = Duration::from_secs(30);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_take_turns() {
        let all = |text: &str| text.split(' ').map(|one| one.parse().unwrap()).collect::<Vec<SocketAddr>>();
        let given = all("[::1]:1 [::2]:1 192.0.2.1:1 192.0.2.2:1 192.0.2.3:1");
        assert_eq!(in_turn(given), all("[::1]:1 192.0.2.1:1 [::2]:1 192.0.2.2:1 192.0.2.3:1"));
        assert_eq!(in_turn(all("192.0.2.1:1 [::1]:1")), all("192.0.2.1:1 [::1]:1"));
        assert_eq!(in_turn(Vec::new()), []);
    }

    /// What a proxy is asked, and that what it hands on is what is spoken over.
    #[tokio::test]
    async fn a_stream_to_a_relay_goes_by_way_of_the_proxy() {
        use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let proxy = format!("http://user:word@{}", listener.local_addr().unwrap());
        let proxies = Matcher::builder().https(proxy).no("spared.example").build();
        let tls = crate::tls::client_config(&crate::ServerTrust::Pinned([0; 32])).unwrap();
        let connector = Connector { proxies: Some(Arc::new(proxies)), ..Connector::new(&tls, false) };
        let asked = tokio::spawn(async move {
            let (mut stream, mut asked) = (listener.accept().await.unwrap().0, Vec::new());
            while !asked.ends_with(b"\r\n\r\n") {
                asked.push(stream.read_u8().await.unwrap());
            }
            stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
            // Over a tunnel our side speaks first: what came with the proxy's answer would be lost.
            let said = stream.read_u8().await.unwrap();
            stream.write_all(b"word").await.unwrap();
            (String::from_utf8(asked).unwrap().to_ascii_lowercase(), said)
        });
        let mut stream = connector.stream("https://relay.example:3478/".parse().unwrap(), false).await.unwrap();
        let mut word = [0; 4];
        stream.write_u8(7).await.unwrap();
        stream.read_exact(&mut word).await.unwrap();
        let (asked, said) = asked.await.unwrap();
        assert_eq!((&word, said), (b"word", 7));
        assert!(asked.starts_with("connect relay.example:3478 http/1.1\r\n"), "{asked}");
        assert!(asked.contains("proxy-authorization: basic"), "{asked}");
        let spared = connector.proxies.as_ref().unwrap().intercept(&"https://spared.example:3478/".parse().unwrap());
        assert!(spared.is_none(), "what is spared is reached straight");
    }

    #[tokio::test]
    async fn a_connection_is_set_up_for_little_and_lossy_traffic() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let stream = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        set_up(&stream);
        assert!(stream.nodelay().unwrap());
        let socket = SockRef::from(&stream);
        assert!(socket.keepalive().unwrap());
        #[cfg(target_os = "linux")]
        assert!(socket.tcp_thin_linear_timeouts().unwrap());
    }
}
