//! The library's runtime, with sockets of ours around its own: they see each datagram before and after the library does.

use std::future::Future;
use std::io::{self, IoSliceMut};
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use webrtc::runtime::{
    AsyncInterval, AsyncTcpListener, AsyncTcpStream, AsyncUdpSocket, JoinHandle, RecvMeta, Runtime, Transmit,
};

use crate::check_pacer::{CheckPacer, may_be_a_check};
use crate::control_repeater::ControlRepeats;
use crate::repeater::Handshake;

/// What repeats of one connection.
#[derive(Debug, Clone, Default)]
pub(crate) struct Repeaters {
    pub(crate) handshake: Arc<Handshake>,
    pub(crate) control: Arc<ControlRepeats>,
}

/// The library's runtime, with sockets that repeat handshakes and words on the control channel.
#[derive(Debug)]
pub(crate) struct RepeatingRuntime {
    inner: Arc<dyn Runtime>,
    repeaters: Repeaters,
}

impl RepeatingRuntime {
    pub(crate) fn new(inner: Arc<dyn Runtime>, repeaters: Repeaters) -> Self {
        Self { inner, repeaters }
    }
}

/// A socket of the library that tells [`Repeaters`] what passes, and holds back checks that nobody needs.
#[derive(Debug)]
struct RepeatingSocket {
    inner: Arc<dyn AsyncUdpSocket>,
    repeaters: Repeaters,
    checks: Mutex<CheckPacer>,
}

impl RepeatingSocket {
    /// Whether it is to be sent. Of several checks to one address in one go, none is but the first.
    fn lets_through(&self, transmit: &Transmit<'_>) -> bool {
        if !may_be_a_check(transmit.contents) {
            // Media, mostly.
            return true;
        }
        let size = transmit.segment_size.unwrap_or(transmit.contents.len()).max(1);
        let first = transmit.contents.chunks(size).next().unwrap_or_default();
        self.checks().lets_through(Instant::now(), transmit.destination, first)
    }

    fn checks(&self) -> MutexGuard<'_, CheckPacer> {
        self.checks.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl AsyncUdpSocket for RepeatingSocket {
    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.inner.local_addr()
    }

    fn poll_send(&self, cx: &mut Context<'_>, transmit: &Transmit<'_>) -> Poll<io::Result<usize>> {
        if !self.lets_through(transmit) {
            // To the library it is one that got lost.
            return Poll::Ready(Ok(transmit.contents.len()));
        }
        let sent = self.inner.poll_send(cx, transmit);
        if matches!(sent, Poll::Ready(Ok(_))) {
            self.repeaters.handshake.on_sent(&self.inner, transmit);
            self.repeaters.control.on_sent(&self.inner, transmit);
        }
        sent
    }

    fn poll_recv(
        &self,
        cx: &mut Context<'_>,
        bufs: &mut [IoSliceMut<'_>],
        meta: &mut [RecvMeta],
    ) -> Poll<io::Result<usize>> {
        let received = self.inner.poll_recv(cx, bufs, meta);
        if let Poll::Ready(Ok(count)) = &received {
            for (buffer, meta) in bufs.iter().zip(meta.iter()).take(*count) {
                // Datagrams received as one are of one size and of one kind.
                let datagram = buffer.get(..meta.len).unwrap_or_default();
                self.repeaters.handshake.on_heard(datagram);
                self.checks().on_received(Instant::now(), meta.addr, datagram);
            }
        }
        received
    }

    fn max_gso_segments(&self) -> usize {
        self.inner.max_gso_segments()
    }

    fn max_gro_segments(&self) -> usize {
        self.inner.max_gro_segments()
    }
}

impl Runtime for RepeatingRuntime {
    fn spawn(&self, future: Pin<Box<dyn Future<Output = ()> + Send>>) -> Box<dyn JoinHandle> {
        self.inner.spawn(future)
    }

    fn wrap_udp_socket(&self, socket: std::net::UdpSocket) -> io::Result<Arc<dyn AsyncUdpSocket>> {
        let inner = self.inner.wrap_udp_socket(socket)?;
        Ok(Arc::new(RepeatingSocket { inner, repeaters: self.repeaters.clone(), checks: Mutex::default() }))
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
        self.inner.resolve_host(host)
    }

    fn now(&self) -> Instant {
        self.inner.now()
    }

    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Future<Output = ()> + Send + 'static>> {
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
