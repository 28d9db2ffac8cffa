//! TCP connections: a TLS handshake, then HTTP/2 or 1.1, each in its own task and with its own time limits. TURN comes to the same
//! port, over TLS or plain.

use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulConnection;
use rustls::ServerConfig;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tower_service::Service as _;
use tracing::{debug, warn};

use crate::driver::Driver;
use crate::front::{PROXY, TrustedProxies, read_header};
use crate::http::ClientAddress;
use crate::metrics::Metrics;
use crate::relaying::Relaying;
use crate::tls::TURN_ALPN;

mod caps;
mod idle;

pub use caps::ConnectionCaps;
pub(crate) use caps::{allowed_files, relayed_sockets};

use caps::Gate;
use idle::{MOST_IDLE, Requests};

/// How long a handshake and a request's head may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// How soon a dead HTTP/2 connection is noticed: a ping every 5 s, and 8 s for its answer. Then its streams end, and
/// the others in the visit hear that somebody is away.
const KEEP_ALIVE: Duration = Duration::from_secs(5);
/// On a link that loses every fifth packet a connection is often silent for three seconds and now and then for five.
const KEEP_ALIVE_ANSWER: Duration = Duration::from_secs(8);

/// How long requests that run may take to finish when the server goes away.
const GOODBYE: Duration = Duration::from_secs(3);

/// What all connections share.
#[derive(Clone)]
struct Service {
    tls: watch::Receiver<Arc<ServerConfig>>,
    proxies: Arc<TrustedProxies>,
    router: Router,
    driver: Arc<Driver>,
    relaying: Option<Arc<Relaying>>,
}

/// Serves until the driver says that the server goes away.
pub(crate) async fn serve(
    listener: TcpListener,
    (tls, proxies): (watch::Receiver<Arc<ServerConfig>>, TrustedProxies),
    router: Router,
    (driver, metrics): (Arc<Driver>, Arc<Metrics>),
    relaying: Option<Arc<Relaying>>,
    caps: ConnectionCaps,
) {
    let proxies = Arc::new(proxies);
    let service = Service { tls, proxies: Arc::clone(&proxies), router, driver: Arc::clone(&driver), relaying };
    let gate = Gate::new(caps);
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            Some(_) = connections.join_next() => continue,
            () = driver.closed() => break,
        };
        let (stream, from) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                // Out of file descriptors: closing connections bring them back.
                warn!(%error, "a connection was not accepted");
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        // Closed without a word: a handshake would cost more than the connection.
        let Some(admission) = gate.admit(from.ip(), proxies.trusts(from.ip())) else {
            debug!("too many connections");
            continue;
        };
        let (service, counted) = (service.clone(), metrics.connection());
        connections.spawn(async move {
            service.serve(stream, from).await;
            drop((admission, counted));
        });
    }
    drop(listener);
    let finished = async { while connections.join_next().await.is_some() {} };
    if tokio::time::timeout(GOODBYE, finished).await.is_err() {
        warn!("some requests were cut off");
    }
}

impl Service {
    async fn serve(self, mut stream: TcpStream, mut from: SocketAddr) {
        set_up(&stream);
        let by_proxy = self.proxies.trusts(from.ip());
        let mut first = first_byte(&stream).await;
        if by_proxy && first == Some(PROXY) {
            let Some(source) = read_header(&mut stream, from, PATIENCE).await else { return };
            from = source;
            first = first_byte(&stream).await;
        }
        if let Some(relaying) = &self.relaying
            && first == Some(STUN)
        {
            return Box::pin(Arc::clone(relaying).serve_stream(stream, from)).await;
        }
        if by_proxy && first.is_some_and(|first| first.is_ascii_uppercase()) {
            // It has ended TLS itself.
            return Box::pin(self.serve_http(stream, from.ip(), false)).await;
        }
        let acceptor = TlsAcceptor::from(Arc::clone(&self.tls.borrow()));
        let Some(mut stream) = Box::pin(shake_hands(&acceptor, stream)).await else { return };
        if let Some(relaying) = &self.relaying
            && is_stun_inside(&mut stream).await
        {
            return Box::pin(Arc::clone(relaying).serve_stream(stream, from)).await;
        }
        // By ALPN and not by the first bytes: for those nothing would limit the time.
        let is_http2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
        Box::pin(self.serve_http(stream, from.ip(), is_http2)).await;
    }

    async fn serve_http(
        self,
        stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
        from: IpAddr,
        is_http2: bool,
    ) {
        let requests = Requests::none();
        let (counting, router, proxies) = (requests.clone(), self.router, self.proxies);
        // Around the router and not a layer of it: a layer makes all routes anew, for each connection.
        let service = service_fn(move |mut request: Request<Incoming>| {
            let client = proxies.client_of(from, request.headers());
            request.extensions_mut().insert(ClientAddress(client));
            counting.clone().carry_out(router.clone().call(request))
        });
        let stream = TokioIo::new(stream);
        if is_http2 {
            carry(Box::pin(by_http2().serve_connection(stream, service)), &self.driver, &requests).await;
        } else {
            carry(Box::pin(by_http1().serve_connection(stream, service)), &self.driver, &requests).await;
        }
    }
}

/// Carries a connection to its end, or until it is of no more use: then it says so, lets what runs finish, and closes.
async fn carry(
    mut connection: Pin<Box<impl GracefulConnection<Error = hyper::Error>>>,
    driver: &Driver,
    requests: &Requests,
) {
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = of_no_more_use(driver, requests) => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        debug!(%error, "a connection ended");
    }
}

/// Completes when the server goes away, or nothing has been asked for long.
async fn of_no_more_use(driver: &Driver, requests: &Requests) {
    tokio::select! {
        () = driver.closed() => {}
        () = requests.idle_for(MOST_IDLE) => {}
    }
}

/// With what a client begins: a request of STUN with zero, TLS with 22.
async fn first_byte(stream: &TcpStream) -> Option<u8> {
    let mut first = [0];
    let peeked = tokio::time::timeout(PATIENCE, stream.peek(&mut first)).await;
    matches!(peeked, Ok(Ok(1))).then_some(first[0])
}

/// Whether a client comes for the relay: it says so, or says nothing, as browsers do, and begins with a request of STUN.
async fn is_stun_inside(stream: &mut TlsStream<TcpStream>) -> bool {
    match stream.get_ref().1.alpn_protocol() {
        Some(protocol) => protocol == TURN_ALPN,
        None => {
            let first = tokio::time::timeout(PATIENCE, stream.fill_buf()).await;
            matches!(first, Ok(Ok([STUN, ..])))
        }
    }
}

/// The first byte of every request of STUN and TURN that begins a stream.
const STUN: u8 = 0;

/// What comes of it lies on the heap: it is handed on, and a future keeps room for each place where something has been.
async fn shake_hands(acceptor: &TlsAcceptor, stream: TcpStream) -> Option<Box<TlsStream<TcpStream>>> {
    match tokio::time::timeout(PATIENCE, acceptor.accept(stream)).await {
        Ok(Ok(stream)) => Some(Box::new(stream)),
        Ok(Err(error)) => {
            debug!(%error, "no TLS 1.3");
            None
        }
        Err(_) => None,
    }
}

/// Signalling is small messages that should not wait for each other. Where the system can, what is lost of so little is sent
/// again at an even pace, and not after longer and longer pauses, of which joining would take ten seconds and more where every
/// fifth packet is lost. What a system cannot is done without.
fn set_up(stream: &TcpStream) {
    stream.set_nodelay(true).ok();
    #[cfg(target_os = "linux")]
    {
        let socket = socket2::SockRef::from(stream);
        socket.set_tcp_thin_linear_timeouts(true).ok();
        // What waits, waits here, where what is late can still be left out.
        socket.set_tcp_notsent_lowat(UNSENT).ok();
        let _ = CONGESTION.iter().any(|name| socket.set_tcp_congestion(name).is_ok());
    }
}

/// As apps have it: a server's BBR would stop a relayed voice for a fifth of a second every ten (ProbeRTT, draft-ietf-ccwg-bbr,
/// section 5.3.4). Reno is where CUBIC is barred.
#[cfg(target_os = "linux")]
const CONGESTION: [&[u8]; 2] = [b"cubic", b"reno"];

/// How much of a stream the system keeps that is not on its way yet.
#[cfg(target_os = "linux")]
const UNSENT: u32 = 16 * 1_024;

fn by_http1() -> http1::Builder {
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(PATIENCE);
    builder
}

fn by_http2() -> http2::Builder<TokioExecutor> {
    let mut builder = http2::Builder::new(TokioExecutor::new());
    builder
        .timer(TokioTimer::new())
        .keep_alive_interval(KEEP_ALIVE)
        .keep_alive_timeout(KEEP_ALIVE_ANSWER)
        .max_concurrent_streams(64);
    builder
}

/// Whether a failure to listen means that somebody else does.
pub(crate) fn is_taken(error: &std::io::Error) -> bool {
    error.kind() == std::io::ErrorKind::AddrInUse
}

/// The address that clients on this machine can use: a listener on all addresses is on the loopback one too.
pub(crate) fn reachable(address: SocketAddr) -> SocketAddr {
    use std::net::{Ipv4Addr, Ipv6Addr};
    let mut address = address;
    match address {
        SocketAddr::V4(v4) if v4.ip().is_unspecified() => address.set_ip(Ipv4Addr::LOCALHOST.into()),
        SocketAddr::V6(v6) if v6.ip().is_unspecified() => address.set_ip(Ipv6Addr::LOCALHOST.into()),
        _ => {}
    }
    address
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_connection_is_set_up_for_little_and_lossy_traffic() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (connected, accepted) = tokio::join!(TcpStream::connect(listener.local_addr().unwrap()), listener.accept());
        let (_connected, (stream, _)) = (connected.unwrap(), accepted.unwrap());
        set_up(&stream);
        assert!(stream.nodelay().unwrap());
        #[cfg(target_os = "linux")]
        {
            let socket = socket2::SockRef::from(&stream);
            assert!(socket.tcp_thin_linear_timeouts().unwrap());
            let congestion = socket.tcp_congestion().unwrap();
            assert!(CONGESTION.iter().any(|name| congestion.starts_with(name)), "{congestion:?}");
        }
    }
}
