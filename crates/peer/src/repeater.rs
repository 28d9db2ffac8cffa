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

use crate::check_pacer::{CheckPacer, may_be_a_check};
use crate::relay::message::payload;

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
    /// When it was first sent.
    first: Instant,
    /// When it was last sent.
    at: Instant,
    /// How often it was sent again.
    repeats: u32,
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
        let due = progress.last.iter_mut().filter(|sent| now.duration_since(sent.at) >= repeat_after(sent.repeats));
        Some(
            due.map(|sent| {
                (sent.at, sent.repeats) = (now, sent.repeats + 1);
                sent.clone()
            })
            .collect(),
        )
    }

    fn on_heard(&self, datagram: &[u8]) {
        let datagram = content(datagram);
        if datagram.first().is_some_and(|first| DTLS.contains(first)) {
            let mut progress = self.lock();
            if progress.opened.is_none() {
                progress.heard = Some(Instant::now());
                progress.shown = shown_certificate(datagram).or(progress.shown);
            }
        }
    }

    fn on_sent(&self, socket: &Arc<dyn AsyncUdpSocket>, transmit: &Transmit<'_>) {
        let sent = content(transmit.contents);
        if !sent.first().is_some_and(|first| DTLS.contains(first)) {
            // Media, mostly.
            return;
        }
        if refuses_a_certificate(sent) {
            self.lock().certificate_refused = true;
        }
        let kept = matches!(sent.first(), Some(&(CHANGE_CIPHER_SPEC | HANDSHAKE | APPLICATION_DATA)));
        if !kept || transmit.segment_size.is_some() {
            return;
        }
        let mut progress = self.lock();
        if progress.opened.is_some() {
            return;
        }
        let now = Instant::now();
        progress.started.get_or_insert(now);
        let datagram = transmit.contents.to_vec();
        let sent = Sent { first: now, at: now, repeats: 0, to: transmit.destination, datagram, socket: socket.clone() };
        keep(&mut progress.last, sent);
    }

    fn lock(&self) -> MutexGuard<'_, Progress> {
        self.progress.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

/// A datagram, or what a relay is to pass on of it or has passed on.
fn content(datagram: &[u8]) -> &[u8] {
    payload(datagram).unwrap_or(datagram)
}

/// Keeps a datagram for being sent again, in the place of those that are of no use beside it.
fn keep(last: &mut VecDeque<Sent>, sent: Sent) {
    if is_of_handshake(&sent.datagram) {
        let again = last.iter_mut().find(|kept| kept.to == sent.to && is_the_same(&kept.datagram, &sent.datagram));
        if let Some(kept) = again {
            // The library sent it again by itself: the newer copy counts, and its pause goes on growing.
            *kept = Sent { first: kept.first, repeats: kept.repeats, ..sent };
            return;
        }
        // A side begins its next flight when the other's has come as a whole, and that was sent for having ours.
        last.retain(|kept| !is_of_handshake(&kept.datagram) || sent.first.duration_since(kept.first) < FLIGHT);
    }
    if last.len() >= MAX_KEPT {
        last.pop_front();
    }
    last.push_back(sent);
}

fn is_of_handshake(datagram: &[u8]) -> bool {
    matches!(content(datagram).first(), Some(&(CHANGE_CIPHER_SPEC | HANDSHAKE)))
}

/// Whether two datagrams of a handshake are the same messages: the same but for the numbers of their records, and of what is
/// encrypted the same length of the same epoch (RFC 6347, section 4.1).
fn is_the_same(one: &[u8], other: &[u8]) -> bool {
    let (one, other) = (content(one), content(other));
    one.len() == other.len() && clear_records(one).eq(clear_records(other))
}

/// How long to wait with sending something again that was sent again so often: on a link of 30 kbps a flight takes a fifth
/// of a second and its answer as long, and what fills the link keeps the answer away.
fn repeat_after(repeats: u32) -> Duration {
    REPEAT_AFTER.saturating_mul(2 + repeats) / 2
}

/// A socket of the library that tells [`Handshake`] what passes, and holds back checks that nobody needs.
#[derive(Debug)]
struct RepeatingSocket {
    inner: Arc<dyn AsyncUdpSocket>,
    handshake: Arc<Handshake>,
    checks: Mutex<CheckPacer>,
}

impl RepeatingSocket {
    /// Whether it is to be sent. Of several checks to one address in one go, none is but the first.
    fn lets_through(&self, transmit: &Transmit<'_>) -> bool {
        if !may_be_a_check(transmit.contents) {
            // Media, mostly.
            return true;
        }
        let mut checks = self.checks.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let size = transmit.segment_size.unwrap_or(transmit.contents.len()).max(1);
        let first = transmit.contents.chunks(size).next().unwrap_or_default();
        checks.lets_through(Instant::now(), transmit.destination, first)
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
        Ok(Arc::new(RepeatingSocket { inner, handshake: self.handshake.clone(), checks: Mutex::default() }))
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

/// A flight is sent in one go, on a busy machine too; between two there is a round trip. Where that is shorter, nothing is
/// gained by forgetting.
const FLIGHT: Duration = Duration::from_millis(150);
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

    #[derive(Debug)]
    struct NoSocket;

    impl AsyncUdpSocket for NoSocket {
        fn local_addr(&self) -> io::Result<SocketAddr> {
            Err(io::ErrorKind::NotConnected.into())
        }

        fn poll_send(&self, _: &mut Context<'_>, _: &Transmit<'_>) -> Poll<io::Result<usize>> {
            Poll::Pending
        }

        fn poll_recv(
            &self,
            _: &mut Context<'_>,
            _: &mut [IoSliceMut<'_>],
            _: &mut [RecvMeta],
        ) -> Poll<io::Result<usize>> {
            Poll::Pending
        }
    }

    fn sent(at: Instant, datagram: Vec<u8>) -> Sent {
        let to = SocketAddr::from(([192, 0, 2, 1], 1));
        Sent { first: at, at, repeats: 0, to, datagram, socket: Arc::new(NoSocket) }
    }

    #[test]
    fn of_a_handshake_the_newest_flight_is_kept_and_each_of_its_datagrams_once() {
        let (start, mut last) = (Instant::now(), VecDeque::new());
        let at = |millis| start + Duration::from_millis(millis);
        let numbered = |number, mut datagram: Vec<u8>| {
            datagram[10] = number;
            datagram
        };
        let kinds = |last: &VecDeque<Sent>| last.iter().map(|sent| sent.datagram[0]).collect::<Vec<_>>();
        keep(&mut last, sent(at(0), record(HANDSHAKE, 0, &[1; 60])));
        keep(&mut last, sent(at(0), record(HANDSHAKE, 0, &[2; 60])));
        assert_eq!(last.len(), 2, "one flight");
        last[0].repeats = 3;
        keep(&mut last, sent(at(1_000), numbered(7, record(HANDSHAKE, 0, &[1; 60]))));
        assert_eq!((last.len(), last[0].repeats, last[0].datagram[10]), (2, 3, 7), "sent again by the library");
        keep(
            &mut last,
            sent(at(1_300), [record(CHANGE_CIPHER_SPEC, 0, &[1]), record(HANDSHAKE, 1, &[3; 40])].concat()),
        );
        assert_eq!(kinds(&last), [CHANGE_CIPHER_SPEC], "the next flight");
        keep(
            &mut last,
            sent(at(2_000), [record(CHANGE_CIPHER_SPEC, 0, &[1]), record(HANDSHAKE, 1, &[4; 40])].concat()),
        );
        assert_eq!((last.len(), last[0].datagram[30]), (1, 4), "encrypted anew");
        for number in 0..9 {
            keep(&mut last, sent(at(3_000), record(APPLICATION_DATA, 1, &[number; 20])));
        }
        assert_eq!(last.len(), MAX_KEPT);
    }

    #[test]
    fn what_goes_by_way_of_a_relay_is_the_same_in_either_wrapping() {
        let (now, mut last) = (Instant::now(), VecDeque::new());
        let flight = record(HANDSHAKE, 0, &[1; 60]);
        let by_channel = |number| [&[0x40, number, 0, flight.len() as u8][..], &flight].concat();
        keep(&mut last, sent(now, by_channel(1)));
        keep(&mut last, sent(now, by_channel(2)));
        assert_eq!((last.len(), last[0].datagram[1]), (1, 2), "sent again by the library");
        assert!(is_of_handshake(&by_channel(1)) && !is_of_handshake(&[0x40, 1, 0, 2, 0x80, 0]));
    }

    #[test]
    fn what_is_sent_again_is_so_less_and_less_often() {
        let pauses: Vec<_> = (0..4).map(|repeats| repeat_after(repeats).as_millis()).collect();
        assert_eq!(pauses, [600, 900, 1_200, 1_500]);
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
