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
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use trust::DtlsFingerprint;
use webrtc::runtime::{AsyncUdpSocket, Transmit};

use crate::dtls_record::{
    APPLICATION_DATA, CHANGE_CIPHER_SPEC, DTLS, HANDSHAKE, is_of_handshake, is_the_same, refuses_a_certificate,
    shown_certificate,
};
use crate::relay::message::content;

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

    /// How long both handshakes took, from our first datagram until the control channel was open; zero before that.
    pub(crate) fn took(&self) -> Duration {
        let progress = self.lock();
        let (Some(started), Some(opened)) = (progress.started, progress.opened) else { return Duration::ZERO };
        opened.saturating_duration_since(started)
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

    pub(crate) fn on_heard(&self, datagram: &[u8]) {
        let datagram = content(datagram);
        if datagram.first().is_some_and(|first| DTLS.contains(first)) {
            let mut progress = self.lock();
            if progress.opened.is_none() {
                progress.heard = Some(Instant::now());
                progress.shown = shown_certificate(datagram).or(progress.shown);
            }
        }
    }

    pub(crate) fn on_sent(&self, socket: &Arc<dyn AsyncUdpSocket>, transmit: &Transmit<'_>) {
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

/// Keeps a datagram for being sent again, in the place of those that are of no use beside it.
fn keep(last: &mut VecDeque<Sent>, sent: Sent) {
    if is_of_handshake(content(&sent.datagram)) {
        let is_again =
            |kept: &&mut Sent| kept.to == sent.to && is_the_same(content(&kept.datagram), content(&sent.datagram));
        let again = last.iter_mut().find(is_again);
        if let Some(kept) = again {
            // The library sent it again by itself: the newer copy counts, and its pause goes on growing.
            *kept = Sent { first: kept.first, repeats: kept.repeats, ..sent };
            return;
        }
        // A side begins its next flight when the other's has come as a whole, and that was sent for having ours.
        last.retain(|kept| !is_of_handshake(content(&kept.datagram)) || sent.first.duration_since(kept.first) < FLIGHT);
    }
    if last.len() >= MAX_KEPT {
        last.pop_front();
    }
    last.push_back(sent);
}

/// How long to wait with sending something again that was sent again so often: on a link of 30 kbps a flight takes a fifth
/// of a second and its answer as long, and what fills the link keeps the answer away.
fn repeat_after(repeats: u32) -> Duration {
    REPEAT_AFTER.saturating_mul(2 + repeats) / 2
}

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
    use std::io::{self, IoSliceMut};
    use std::task::{Context, Poll};

    use webrtc::runtime::RecvMeta;

    use super::*;
    use crate::dtls_record::tests::record;

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
        assert!(!is_of_handshake(content(&[0x40, 1, 0, 2, 0x80, 0])));
    }

    #[test]
    fn what_is_sent_again_is_so_less_and_less_often() {
        let pauses: Vec<_> = (0..4).map(|repeats| repeat_after(repeats).as_millis()).collect();
        assert_eq!(pauses, [600, 900, 1_200, 1_500]);
    }
}
