//! The library's runtime, with sockets from which relays are reached by streams as well.
//!
//! It also makes up for the order of the library's loop, in which relayed packets come too late: what is to go out by a relay
//! is wrapped in one round and sent in the next, and a check that came in is looked at in one round and answered in the next. A round
//! begins when something happens, after 100 ms and more where nothing does: a handshake by way of two relays took seconds. So
//! while a relay is in use, two more rounds follow each at once.

use std::future::{Future, ready};
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use tokio::task;
use webrtc::runtime::{AsyncInterval, AsyncTcpListener, AsyncTcpStream, AsyncUdpSocket, JoinHandle, Runtime};

use super::Relays;
use super::socket::RelaySocket;

#[derive(Debug)]
pub(crate) struct RelayRuntime {
    inner: Arc<dyn Runtime>,
    relays: Arc<Relays>,
    rounds: Arc<Mutex<Rounds>>,
}

/// The rounds of the library's loop.
#[derive(Debug, Default)]
struct Rounds {
    /// The task that the loop is.
    task: Option<task::Id>,
    /// How many are to follow at once.
    left: u8,
    /// Whether the present one followed at once, as it was to.
    followed: bool,
}

impl Rounds {
    /// Whether the next round is to follow this one at once.
    fn another(&mut self) -> bool {
        self.left = if std::mem::take(&mut self.followed) { self.left.saturating_sub(1) } else { MORE_ROUNDS };
        self.left > 0
    }
}

/// The wait for nothing that ends a round at once.
struct AtOnce(Arc<Mutex<Rounds>>);

impl Future for AtOnce {
    type Output = ();

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        lock(&self.0).followed = true;
        Poll::Ready(())
    }
}

impl RelayRuntime {
    pub(crate) fn new(inner: Arc<dyn Runtime>, relays: Arc<Relays>) -> Self {
        Self { inner, relays, rounds: Arc::default() }
    }
}

impl Runtime for RelayRuntime {
    fn spawn(&self, future: Pin<Box<dyn Future<Output = ()> + Send>>) -> Box<dyn JoinHandle> {
        self.inner.spawn(future)
    }

    fn wrap_udp_socket(&self, socket: std::net::UdpSocket) -> io::Result<Arc<dyn AsyncUdpSocket>> {
        // The loop binds its sockets itself.
        lock(&self.rounds).task = task::try_id();
        self.relays.on_bind();
        let inner = self.inner.wrap_udp_socket(socket)?;
        Ok(Arc::new(RelaySocket::new(inner, self.relays.clone())))
    }

    fn wrap_tcp_listener(&self, listener: std::net::TcpListener) -> io::Result<Arc<dyn AsyncTcpListener>> {
        self.inner.wrap_tcp_listener(listener)
    }

    fn connect_tcp<'a>(
        &'a self,
        remote_addr: SocketAddr,
    ) -> Pin<Box<dyn Future<Output = io::Result<Arc<dyn AsyncTcpStream>>> + Send + 'a>> {
        self.inner.connect_tcp(remote_addr)
    }

    fn resolve_host<'a>(
        &'a self,
        host: &'a str,
    ) -> Pin<Box<dyn Future<Output = io::Result<Vec<SocketAddr>>> + Send + 'a>> {
        self.relays.on_resolve(Instant::now());
        if let Some(stand_in) = self.relays.stand_in(host) {
            return Box::pin(ready(Ok(stand_in)));
        }
        Box::pin(async move {
            let asked = with_brackets(host);
            // The library's loop stands still meanwhile, and where names are not answered all other ways would wait.
            let resolved = tokio::time::timeout(RESOLVE_TIMEOUT, self.inner.resolve_host(&asked)).await;
            let addresses = resolved.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))??;
            self.relays.on_resolved(host, &addresses);
            Ok(addresses)
        })
    }

    fn now(&self) -> Instant {
        self.inner.now()
    }

    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Future<Output = ()> + Send + 'static>> {
        if self.relays.in_use(self.inner.now()) {
            let mut rounds = lock(&self.rounds);
            if rounds.task.is_some() && rounds.task == task::try_id() && rounds.another() {
                return Box::pin(AtOnce(self.rounds.clone()));
            }
        }
        self.inner.sleep(duration)
    }

    fn interval(&self, period: Duration) -> Box<dyn AsyncInterval> {
        self.inner.interval(period)
    }

    fn block_on(&self, future: Pin<Box<dyn Future<Output = ()> + '_>>) {
        self.inner.block_on(future);
    }

    fn yield_now(&self) -> Pin<Box<dyn Future<Output = ()> + Send + 'static>> {
        self.inner.yield_now()
    }

    fn name(&self) -> &'static str {
        self.inner.name()
    }
}

/// The library forgets the brackets around an IPv6 address (RFC 3986, section 3.2.2).
fn with_brackets(host: &str) -> String {
    match host.rsplit_once(':') {
        Some((address, port)) if address.contains(':') && !address.starts_with('[') => format!("[{address}]:{port}"),
        _ => host.to_owned(),
    }
}

fn lock(rounds: &Mutex<Rounds>) -> MutexGuard<'_, Rounds> {
    rounds.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// What came is looked at in the first round, answered in the second, and sent in the third.
const MORE_ROUNDS: u8 = 2;
/// The signalling server has been reached by then, most often by the same name.
const RESOLVE_TIMEOUT: Duration = Duration::from_millis(1_500);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_rounds_follow_each_that_something_began() {
        let mut rounds = Rounds::default();
        let mut follow = || {
            let another = rounds.another();
            rounds.followed = another;
            another
        };
        let seen: Vec<bool> = (0..6).map(|_| follow()).collect();
        assert_eq!(seen, [true, true, false, true, true, false]);
    }

    #[test]
    fn a_round_that_something_else_began_counts_anew() {
        let mut rounds = Rounds::default();
        assert!(rounds.another());
        rounds.followed = true;
        assert!(rounds.another());
        // It was to follow at once, but a packet came first.
        assert!(rounds.another());
        rounds.followed = true;
        assert!(rounds.another());
        rounds.followed = true;
        assert!(!rounds.another());
    }

    #[test]
    fn an_address_of_ipv6_gets_its_brackets() {
        assert_eq!(with_brackets("2001:db8::1:3478"), "[2001:db8::1]:3478");
        assert_eq!(with_brackets("[2001:db8::1]:3478"), "[2001:db8::1]:3478");
        assert_eq!(with_brackets("a.example:3478"), "a.example:3478");
        assert_eq!(with_brackets("192.0.2.1:3478"), "192.0.2.1:3478");
    }
}
