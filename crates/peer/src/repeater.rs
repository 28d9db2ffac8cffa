//! Repeats the last datagrams of the handshakes, DTLS and then SCTP, until the control channel is open.
//!
//! The library's DTLS stops its retransmission timer as soon as *any* part of the next flight arrives. When both sides
//! lose a part of a flight, both wait for ever: measured at 10 % loss, one connection in twelve never came up. Its SCTP
//! doubles its timer at each loss, so that a control channel took ten seconds and more to open.
//!
//! So the sockets that the library gets remember the DTLS datagrams that went out last and send them again, as they
//! are. A copy that had arrived is thrown away by the receiver's replay window (RFC 6347, section 4.1.2.6) and changes
//! nothing; a copy of a lost one is what was missing.

use std::collections::VecDeque;
use std::fmt;
use std::future::Future;
use std::io::{self, IoSliceMut};
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use trust::DtlsFingerprint;
use webrtc::runtime::{
    AsyncInterval, AsyncTcpListener, AsyncTcpStream, AsyncUdpSocket, JoinHandle, RecvMeta, Runtime, Transmit,
};

/// The library's runtime, with sockets that repeat handshakes.
#[derive(Debug)]
pub(crate) struct RepeatingRuntime {
    inner: Arc<dyn Runtime>,
    handshake: Arc<Handshake>,
}

impl RepeatingRuntime {
    pub(crate) fn new(inner: Arc<dyn Runtime>, handshake: Arc<Handshake>) -> Self {
        Self { inner, handshake }
    }
}

/// What is known of one connection's handshake.
#[derive(Debug, Default)]
pub(crate) struct Handshake {
    progress: Mutex<Progress>,
}

#[derive(Debug, Default)]
struct Progress {
    /// When the control channel opened on our side. The other side may still miss our last word.
    opened: Option<Instant>,
    started: Option<Instant>,
    /// When the other side's last datagram of a handshake came.
    heard: Option<Instant>,
    /// Of the certificate that the other side showed.
    shown: Option<DtlsFingerprint>,
    /// Whether the library turned the handshake's certificate or its signature down.
    certificate_refused: bool,
    last: VecDeque<Sent>,
}

#[derive(Clone)]
struct Sent {
    at: Instant,
    to: SocketAddr,
    datagram: Vec<u8>,
    socket: Arc<dyn AsyncUdpSocket>,
}

impl fmt::Debug for Sent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sent").field("bytes", &self.datagram.len()).finish_non_exhaustive()
    }
}

impl Handshake {
    /// The control channel is open: what goes out from now on is SCTP's to repeat.
    pub(crate) fn opened(&self) {
        self.lock().opened.get_or_insert_with(Instant::now);
    }

    /// When the other side's last datagram of a handshake came.
    pub(crate) fn heard(&self) -> Option<Instant> {
        self.lock().heard
    }

    /// The certificate that the library turned down, of which its alert is the only trace. The alert alone could also
    /// come of a flight that a bad link tore apart.
    pub(crate) fn certificate_refused(&self) -> Option<DtlsFingerprint> {
        let progress = self.lock();
        progress.shown.filter(|_| progress.certificate_refused)
    }

    /// Sends again what is due, until the handshake is over or given up.
    pub(crate) async fn repeat(self: Arc<Self>) {
        loop {
            tokio::time::sleep(LOOK_INTERVAL).await;
            let Some(due) = self.due(Instant::now()) else { return };
            for Sent { socket, datagram, to, .. } in due {
                let _ = socket.send_to(&datagram, to).await;
            }
        }
    }

    /// `None` when there is nothing to do any more.
    fn due(&self, now: Instant) -> Option<Vec<Sent>> {
        let mut progress = self.lock();
        let passed = |since: Option<Instant>, span| since.is_some_and(|since| now.duration_since(since) > span);
        if passed(progress.opened, GO_ON_FOR) || passed(progress.started, GIVE_UP_AFTER) {
            progress.last.clear();
            return None;
        }
        let due = progress.last.iter_mut().filter(|sent| now.duration_since(sent.at) >= REPEAT_AFTER);
        Some(
            due.map(|sent| {
                sent.at = now;
                sent.clone()
            })
            .collect(),
        )
    }

    fn on_heard(&self, datagram: &[u8]) {
        if datagram.first().is_some_and(|first| DTLS.contains(first)) {
            let mut progress = self.lock();
            if progress.opened.is_none() {
                progress.heard = Some(Instant::now());
                progress.shown = shown_certificate(datagram).or(progress.shown);
            }
        }
    }

    fn on_sent(&self, socket: &Arc<dyn AsyncUdpSocket>, transmit: &Transmit<'_>) {
        if !transmit.contents.first().is_some_and(|first| DTLS.contains(first)) {
            // Media, mostly.
            return;
        }
        if refuses_a_certificate(transmit.contents) {
            self.lock().certificate_refused = true;
        }
        let kept = matches!(transmit.contents.first(), Some(&(CHANGE_CIPHER_SPEC | HANDSHAKE | APPLICATION_DATA)));
        if !kept || transmit.segment_size.is_some() {
            return;
        }
        let mut progress = self.lock();
        if progress.opened.is_some() {
            return;
        }
        let now = Instant::now();
        progress.started.get_or_insert(now);
        if progress.last.len() >= MAX_KEPT {
            progress.last.pop_front();
        }
        let datagram = transmit.contents.to_vec();
        progress.last.push_back(Sent { at: now, to: transmit.destination, datagram, socket: socket.clone() });
    }

    fn lock(&self) -> MutexGuard<'_, Progress> {
        self.progress.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

/// A socket of the library that tells [`Handshake`] what passes.
#[derive(Debug)]
struct RepeatingSocket {
    inner: Arc<dyn AsyncUdpSocket>,
    handshake: Arc<Handshake>,
}

impl AsyncUdpSocket for RepeatingSocket {
    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.inner.local_addr()
    }

    fn poll_send(&self, cx: &mut Context<'_>, transmit: &Transmit<'_>) -> Poll<io::Result<usize>> {
        let sent = self.inner.poll_send(cx, transmit);
        if matches!(sent, Poll::Ready(Ok(_))) {
            self.handshake.on_sent(&self.inner, transmit);
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
                self.handshake.on_heard(buffer.get(..meta.len).unwrap_or_default());
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
        Ok(Arc::new(RepeatingSocket { inner, handshake: self.handshake.clone() }))
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

/// Whether a datagram holds the fatal alert `bad_certificate` in the clear (RFC 5246, section 7.2.2), which the library
/// sends when the certificate it was shown is not the one announced.
fn refuses_a_certificate(datagram: &[u8]) -> bool {
    clear_records(datagram).any(|(kind, content)| kind == ALERT && content == [FATAL, BAD_CERTIFICATE])
}

/// The certificate that a datagram shows in the clear, where it is not torn into fragments (RFC 6347, section 4.2.2).
fn shown_certificate(datagram: &[u8]) -> Option<DtlsFingerprint> {
    clear_records(datagram).filter(|(kind, _)| *kind == HANDSHAKE).find_map(|(_, content)| {
        // Kind, length, number, fragment's offset and length; then the length of the list and that of its first.
        let (header, rest) = content.split_at_checked(18)?;
        let whole = header[1..4] == header[9..12] && header[6..9] == [0; 3];
        let length = usize::from(header[15]) << 16 | usize::from(header[16]) << 8 | usize::from(header[17]);
        let certificate = rest.get(..length)?;
        (header[0] == CERTIFICATE && whole && length > 0).then(|| DtlsFingerprint::of_certificate(certificate))
    })
}

/// Type and content of the records of a datagram that are not encrypted (RFC 6347, section 4.1).
fn clear_records(mut datagram: &[u8]) -> impl Iterator<Item = (u8, &[u8])> {
    std::iter::from_fn(move || {
        let (header, rest) = datagram.split_at_checked(13)?;
        let length = usize::from(u16::from_be_bytes([header[11], header[12]]));
        let (content, next) = rest.split_at_checked(length)?;
        datagram = next;
        Some((header[0], header[3..5] == [0, 0], content))
    })
    .filter_map(|(kind, clear, content)| clear.then_some((kind, content)))
}

/// First bytes of what is DTLS and not STUN, RTP or TURN (RFC 7983, section 7).
const DTLS: std::ops::RangeInclusive<u8> = 20..=63;
const FATAL: u8 = 2;
const BAD_CERTIFICATE: u8 = 42;
/// Of the messages of a handshake (RFC 5246, section 7.4).
const CERTIFICATE: u8 = 11;

/// Content types of DTLS records (RFC 5246, section 6.2.1). RFC 7983 keeps them apart from STUN, RTP and the rest.
const CHANGE_CIPHER_SPEC: u8 = 20;
const ALERT: u8 = 21;
const HANDSHAKE: u8 = 22;
const APPLICATION_DATA: u8 = 23;

/// The longest flight is two or three datagrams, as certificates here are small.
const MAX_KEPT: usize = 4;
/// How long our last word is repeated after the control channel opened here: four times.
const GO_ON_FOR: Duration = Duration::from_millis(2_600);
/// A round trip of a bad satellite link: sooner would mostly repeat what is only on its way.
const REPEAT_AFTER: Duration = Duration::from_millis(600);
/// How often to look.
const LOOK_INTERVAL: Duration = Duration::from_millis(100);
/// The supervisor gives a handshake as long in all.
const GIVE_UP_AFTER: Duration = Duration::from_secs(30);

#[cfg(test)]
mod tests {
    use super::*;

    fn record(content_type: u8, epoch: u8, content: &[u8]) -> Vec<u8> {
        let mut record = vec![content_type, 0xfe, 0xfd, 0, epoch, 0, 0, 0, 0, 0, 1, 0, content.len() as u8];
        record.extend_from_slice(content);
        record
    }

    #[test]
    fn a_certificate_turned_down_is_told_from_other_alerts() {
        assert!(refuses_a_certificate(&record(ALERT, 0, &[FATAL, BAD_CERTIFICATE])));
        let after_a_flight = [record(HANDSHAKE, 0, &[1; 40]), record(ALERT, 0, &[FATAL, BAD_CERTIFICATE])].concat();
        assert!(refuses_a_certificate(&after_a_flight));
        assert!(!refuses_a_certificate(&record(ALERT, 0, &[1, 0])), "close_notify");
        assert!(!refuses_a_certificate(&record(ALERT, 1, &[FATAL, BAD_CERTIFICATE])), "encrypted: not to be read");
        assert!(!refuses_a_certificate(&record(HANDSHAKE, 0, &[FATAL, BAD_CERTIFICATE])));
        for cut in 0..after_a_flight.len() {
            assert!(!refuses_a_certificate(&after_a_flight[..cut]), "cut at {cut}");
        }
    }
}
