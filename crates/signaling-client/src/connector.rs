//! Opens connections: by way of a proxy if there is one, with TLS, and quickly where packets get lost.
//!
//! The system repeats what opens a connection after a second, and what it sends over one after longer and longer pauses. On a
//! link that loses every fifth packet joining took ten seconds and more of that; so a further attempt is made soon, and on
//! systems that can, a connection with little under way repeats at an even pace.

use std::error::Error;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::Uri;
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::client::legacy::connect::proxy::Tunnel;
use hyper_util::client::legacy::connect::{Connected, Connection};
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::sync::OnceCell;
use tokio::task::spawn_blocking;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tower_service::Service;
use units::ScriptFault;

use crate::dialer::ByteStream;
use crate::fault::{ProxyFault, ProxyScriptFault};
use crate::proxies::{FindProxy, Hop, Proxy};
use crate::race::{Pace, race};
use crate::tcp::tcp;
use crate::tls::network_config;

pub(crate) type BoxError = Box<dyn Error + Send + Sync>;
type Opening<T> = Pin<Box<dyn Future<Output = Result<T, BoxError>> + Send>>;

/// Opens connections to the server, and streams to its relays.
#[derive(Clone)]
pub(crate) struct Connector {
    tls: TlsConnector,
    proxies: Option<Arc<dyn FindProxy>>,
    /// To proxies that are spoken to by TLS themselves, once there is one: the platform's roots are read for it.
    to_proxy: Arc<OnceCell<TlsConnector>>,
    /// Whether addresses of `http` are meant as such. Whatever is said to the server is said by TLS.
    plain: bool,
}

/// The ways that there are, and why it is these alone.
#[derive(Debug, Clone)]
struct Ways {
    hops: Vec<Hop>,
    fault: Option<ScriptFault>,
}

impl Connector {
    /// With this TLS; by way of the proxies that are found.
    pub(crate) fn new(tls: &ClientConfig, proxies: Option<Arc<dyn FindProxy>>) -> Self {
        Self { tls: TlsConnector::from(Arc::new(tls.clone())), proxies, to_proxy: Arc::default(), plain: false }
    }

    /// For what is nobody's secret, also without TLS; without a proxy.
    pub(crate) fn for_files(tls: &ClientConfig) -> Self {
        Self { plain: true, ..Self::new(tls, None) }
    }

    /// The same without a proxy.
    pub(crate) fn straight(&self) -> Self {
        Self { proxies: None, ..self.clone() }
    }

    /// By way of which proxy a host is reached, if by one: its host and port, without what it is asked by.
    pub(crate) async fn proxy_for(&self, to: &Uri) -> Result<Option<String>, ScriptFault> {
        let Ways { hops, fault } = self.ways(to).await;
        match (hops.first(), fault) {
            (_, Some(fault)) => Err(fault),
            (Some(Hop::Proxy(proxy)), None) => Ok(Some(proxy.place())),
            (Some(Hop::Straight) | None, None) => Ok(None),
        }
    }

    /// A stream for something else than HTTP.
    pub(crate) async fn stream(&self, to: Uri, tls: bool) -> Result<Path, BoxError> {
        let ways = self.ways(&to).await;
        let attempts = async {
            if tls {
                let attempt = |_| self.clone().attempt(to.clone(), ways.clone());
                race(HANDSHAKES, attempt).await.map(|secured| Box::new(secured) as Path)
            } else {
                self.path(&to, &ways).await
            }
        };
        in_time(&ways, attempts).await
    }

    /// What is asked in vain is reached straight.
    async fn ways(&self, to: &Uri) -> Ways {
        let straight = |fault| Ways { hops: vec![Hop::Straight], fault };
        let Some(proxies) = &self.proxies else { return straight(None) };
        match proxies.find(to.clone()).await {
            Ok(hops) if hops.is_empty() => straight(None),
            Ok(hops) => Ways { hops, fault: None },
            Err(fault) => straight(Some(fault)),
        }
    }

    /// One attempt: a path to the server, and the handshake over it.
    async fn attempt(self, to: Uri, ways: Ways) -> Result<TlsStream<Path>, BoxError> {
        let path = self.path(&to, &ways).await?;
        Ok(self.tls.connect(server_name(&to)?, path).await?)
    }

    /// A path by the first of the ways that leads there.
    async fn path(&self, to: &Uri, ways: &Ways) -> Result<Path, BoxError> {
        let mut last = None;
        for (number, hop) in ways.hops.iter().enumerate() {
            let is_last = number + 1 == ways.hops.len();
            let by_this = timeout(if is_last { CONNECT_TIMEOUT } else { ONE_OF_SEVERAL }, self.path_by(to, hop));
            match by_this.await.unwrap_or_else(|_| Err(timed_out())) {
                Ok(path) => return Ok(path),
                Err(error) => last = Some(error),
            }
        }
        let error = last.unwrap_or_else(|| io::Error::from(io::ErrorKind::NotFound).into());
        Err(because(ways.fault, error))
    }

    /// TCP, or what a proxy hands on.
    async fn path_by(&self, to: &Uri, hop: &Hop) -> Result<Path, BoxError> {
        let Hop::Proxy(Proxy { uri, auth }) = hop else { return tcp(to).await };
        let mut tunnel = Tunnel::new(uri.clone(), ToProxy(self.to_proxy.clone()));
        if let Some(auth) = auth {
            tunnel = tunnel.with_auth(auth.clone());
        }
        let tunnel = tunnel.call(to.clone()).await.map_err(|error| ProxyFault(error.into()))?;
        Ok(tunnel.into_inner())
    }
}

/// What comes in time; with a script that cannot be used its fault is said, since by a proxy there might be a way.
async fn in_time<T>(ways: &Ways, work: impl Future<Output = Result<T, BoxError>>) -> Result<T, BoxError> {
    timeout(CONNECT_TIMEOUT, work).await.unwrap_or_else(|_| Err(because(ways.fault, timed_out())))
}

fn because(fault: Option<ScriptFault>, error: BoxError) -> BoxError {
    match fault {
        Some(fault) => ProxyScriptFault { fault, error }.into(),
        None => error,
    }
}

fn timed_out() -> BoxError {
    io::Error::from(io::ErrorKind::TimedOut).into()
}

impl Service<Uri> for Connector {
    type Response = Carrier;
    type Error = BoxError;
    type Future = Opening<Carrier>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, to: Uri) -> Self::Future {
        let connector = self.clone();
        Box::pin(async move {
            let ways = connector.ways(&to).await;
            if connector.plain && to.scheme_str() == Some("http") {
                let path = in_time(&ways, connector.path(&to, &ways)).await?;
                return Ok(Carrier(TokioIo::new(path), false));
            }
            let attempts = race(HANDSHAKES, |_| connector.clone().attempt(to.clone(), ways.clone()));
            let secured = in_time(&ways, attempts).await?;
            let is_h2 = secured.get_ref().1.alpn_protocol() == Some(b"h2");
            Ok(Carrier(TokioIo::new(Box::new(secured)), is_h2))
        })
    }
}

/// Opens connections to a proxy.
struct ToProxy(Arc<OnceCell<TlsConnector>>);

/// By the roots of this machine, which are read from its disk.
async fn by_platform_roots() -> Result<TlsConnector, BoxError> {
    let config = spawn_blocking(network_config).await??;
    Ok(TlsConnector::from(Arc::new(config)))
}

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
                    let tls = tls.get_or_try_init(by_platform_roots).await?;
                    let path: Path = Box::new(tls.connect(server_name(&to)?, path).await?);
                    Ok(TokioIo::new(path))
                }
                _ => Err("a proxy of this kind cannot be used".into()),
            }
        })
    }
}

/// What the handshake with the server goes over: TCP, or what a proxy hands on.
pub(crate) type Path = Box<dyn ByteStream>;

/// A connection over which requests go, and whether by HTTP/2.
pub(crate) struct Carrier(TokioIo<Path>, bool);

impl Connection for Carrier {
    fn connected(&self) -> Connected {
        if self.1 { Connected::new().negotiated_h2() } else { Connected::new() }
    }
}

impl Read for Carrier {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, into: ReadBufCursor<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, into)
    }
}

impl Write for Carrier {
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

pub(crate) fn host(of: &Uri) -> Result<&str, BoxError> {
    let host = of.host().ok_or("an address without a host")?;
    Ok(host.trim_start_matches('[').trim_end_matches(']'))
}

fn server_name(of: &Uri) -> Result<ServerName<'static>, BoxError> {
    Ok(ServerName::try_from(host(of)?.to_owned())?)
}

/// A handshake takes two round trips and a quarter of a second on a link of 64 kbps; on a satellite one is over by then.
const HANDSHAKES: Pace = Pace { first: Duration::from_millis(1_500), most: 3, least: 1 };
/// A rural line needs some seconds for three round trips; longer than this and another try is the better chance.
pub(crate) const CONNECT_TIMEOUT: Duration = Duration::from_secs(8);
/// Where further ways stand behind a proxy, it gets so long; one that is there answers within two round trips.
const ONE_OF_SEVERAL: Duration = Duration::from_secs(3);

#[cfg(test)]
mod tests {
    use super::*;

    /// What a proxy is asked, and that what it hands on is what is spoken over.
    #[tokio::test]
    async fn a_stream_to_a_relay_goes_by_way_of_the_proxy() {
        use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let proxy = format!("http://user:word@{}", listener.local_addr().unwrap());
        let rules = crate::ProxyRules::by(&proxy, "spared.example");
        let connector = Connector::new(&tls(), Some(Arc::new(rules)));
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
        let by = async |to: &str| connector.proxy_for(&to.parse().unwrap()).await;
        assert_eq!(by("https://spared.example:3478/").await, Ok(None), "what is spared is reached straight");
        let named = by("https://relay.example:3478/").await.unwrap().unwrap();
        assert!(named.starts_with("127.0.0.1:"), "without what it is asked by: {named}");
    }

    /// Finds what it is told to.
    struct Found(Result<Vec<Hop>, ScriptFault>);

    impl FindProxy for Found {
        fn find(&self, _: Uri) -> crate::Finding<'_> {
            let found = self.0.clone();
            Box::pin(async move { found })
        }
    }

    fn tls() -> ClientConfig {
        crate::tls::client_config(&crate::ServerTrust::Pinned([0; 32])).unwrap()
    }

    async fn stream(found: Result<Vec<Hop>, ScriptFault>, to: &str) -> Result<(), crate::ConnectFault> {
        let connector = Connector::new(&tls(), Some(Arc::new(Found(found))));
        let opened = connector.stream(to.parse().unwrap(), false).await;
        opened.map(drop).map_err(|error| crate::connect_fault(&io::Error::other(error)))
    }

    #[tokio::test]
    async fn of_several_ways_the_first_that_leads_there_is_gone() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let open = format!("https://{}/", listener.local_addr().unwrap());
        let dead = Hop::Proxy(Proxy::at(false, "127.0.0.1", 1).unwrap());
        assert_eq!(stream(Ok(vec![dead.clone(), Hop::Straight]), &open).await, Ok(()));
        assert_eq!(stream(Ok(vec![dead.clone()]), &open).await, Err(crate::ConnectFault::Proxy));
        assert_eq!(stream(Ok(vec![]), &open).await, Ok(()));
    }

    #[tokio::test]
    async fn where_the_script_fails_it_is_gone_straight_and_said_if_that_fails_too() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let open = format!("https://{}/", listener.local_addr().unwrap());
        assert_eq!(stream(Err(ScriptFault::Endless), &open).await, Ok(()));
        let fault = stream(Err(ScriptFault::Endless), "https://127.0.0.1:1/").await;
        assert_eq!(fault, Err(crate::ConnectFault::ProxyScript(ScriptFault::Endless)));
    }
}
