//! TCP connections: a TLS handshake, then HTTP/2 or 1.1, each in its own task and with its own time limits.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::{Extension, Router};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use rustls::ServerConfig;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_rustls::TlsAcceptor;
use tracing::{debug, warn};

use crate::driver::Driver;
use crate::http::ClientAddress;

/// How long a handshake and a request's head may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// How soon a dead HTTP/2 connection is noticed: a ping every 5 s, and 5 s for its answer. Then its streams end, and
/// the others in the visit hear that somebody is away.
const KEEP_ALIVE: Duration = Duration::from_secs(5);

/// Connections at once: a clinic has a few hundred; a file descriptor each must be there.
const MOST_CONNECTIONS: usize = 4_096;

/// How long requests that run may take to finish when the server goes away.
const GOODBYE: Duration = Duration::from_secs(3);

/// Serves until the driver says that the server goes away.
pub(crate) async fn serve(listener: TcpListener, tls: Arc<ServerConfig>, router: Router, driver: Arc<Driver>) {
    let acceptor = TlsAcceptor::from(tls);
    let room = Arc::new(Semaphore::new(MOST_CONNECTIONS));
    let graceful = GracefulShutdown::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
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
        let Ok(permit) = Arc::clone(&room).try_acquire_owned() else {
            debug!("too many connections");
            continue;
        };
        let (acceptor, router, watcher) = (acceptor.clone(), router.clone(), graceful.watcher());
        tokio::spawn(async move {
            if let Some(stream) = shake_hands(&acceptor, stream).await {
                let service = TowerToHyperService::new(router.layer(Extension(ClientAddress(from.ip()))));
                // By ALPN and not by the first bytes: for those nothing would limit the time.
                let is_http2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
                let builder = if is_http2 { http().http2_only() } else { http().http1_only() };
                let connection = builder.serve_connection(TokioIo::new(stream), service);
                if let Err(error) = watcher.watch(connection).await {
                    debug!(%error, "a connection ended");
                }
            }
            drop(permit);
        });
    }
    drop(listener);
    if tokio::time::timeout(GOODBYE, graceful.shutdown()).await.is_err() {
        warn!("some requests were cut off");
    }
}

async fn shake_hands(acceptor: &TlsAcceptor, stream: TcpStream) -> Option<tokio_rustls::server::TlsStream<TcpStream>> {
    // Signalling is small messages that should not wait for each other.
    stream.set_nodelay(true).ok();
    match tokio::time::timeout(PATIENCE, acceptor.accept(stream)).await {
        Ok(Ok(stream)) => Some(stream),
        Ok(Err(error)) => {
            debug!(%error, "no TLS 1.3");
            None
        }
        Err(_) => None,
    }
}

fn http() -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(PATIENCE);
    builder
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(KEEP_ALIVE)
        .keep_alive_timeout(KEEP_ALIVE)
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
