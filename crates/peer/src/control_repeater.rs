//! Sends words on the control channel again before SCTP would.
//!
//! The library's SCTP waits a second at least before it sends again what was lost, and twice as long each time (RFC 9260,
//! section 6.3): on a link that loses a fifth each way, one word in twenty took three seconds and more. The words are small and few,
//! so the sockets remember the last datagrams that can hold one and send them again, as they are, until SCTP has heard of all it
//! sent. A copy of one that had arrived is thrown away by the receiver's replay window (RFC 6347, section 4.1.2.6), and no
//! answer comes of it; a copy of a lost one is the word itself.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use tokio::sync::Notify;
use webrtc::data_channel::DataChannel;
use webrtc::runtime::{AsyncUdpSocket, Transmit};

use crate::dtls_record::APPLICATION_DATA;
use crate::relay::message::content;
use crate::shared::Shared;

/// Decides what is sent again and when; told the time. `W` is the way on which a datagram went.
#[derive(Debug)]
pub(crate) struct ControlRepeater<W> {
    kept: VecDeque<Kept<W>>,
    /// Until when what was sent again is paid for, at the rate that is allowed.
    paid_until: Option<Instant>,
}

#[derive(Debug)]
struct Kept<W> {
    /// When it was last sent.
    at: Instant,
    /// How often it was sent again.
    repeats: u32,
    repeat: Repeat<W>,
}

/// A datagram to be sent again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Repeat<W> {
    pub(crate) way: W,
    pub(crate) to: SocketAddr,
    pub(crate) datagram: Vec<u8>,
}

impl<W> Default for ControlRepeater<W> {
    fn default() -> Self {
        Self { kept: VecDeque::new(), paid_until: None }
    }
}

impl<W: Clone> ControlRepeater<W> {
    /// The library sent this. Whether it is remembered.
    pub(crate) fn on_sent(&mut self, now: Instant, way: &W, to: SocketAddr, datagram: &[u8]) -> bool {
        let sent = content(datagram);
        if sent.first() != Some(&APPLICATION_DATA) || !(LEAST_BYTES..=MOST_BYTES).contains(&sent.len()) {
            return false;
        }
        if self.kept.len() >= MAX_KEPT {
            // The older ones hold up all that follow: the channel keeps its order.
            return false;
        }
        let repeat = Repeat { way: way.clone(), to, datagram: datagram.to_vec() };
        self.kept.push_back(Kept { at: now, repeats: 0, repeat });
        true
    }

    /// Of all words, the other side has not acknowledged so many bytes. They are the last ones: the channel keeps its order.
    pub(crate) fn on_unacknowledged(&mut self, bytes: usize) {
        let mut explained = 0;
        let first = self.kept.iter().rposition(|kept| {
            explained += content(&kept.repeat.datagram).len().saturating_sub(OVERHEAD);
            explained >= bytes
        });
        if bytes == 0 {
            self.kept.clear();
        } else if let Some(first) = first {
            self.kept.drain(..first);
        }
    }

    /// What is to be sent again now, where a round trip takes so long.
    pub(crate) fn due(&mut self, now: Instant, round_trip: Option<Duration>) -> Vec<Repeat<W>> {
        let mut due = Vec::new();
        for kept in &mut self.kept {
            if now < kept.at + pause(kept.repeats, round_trip) {
                continue;
            }
            let bytes = (kept.repeat.datagram.len() + IP_AND_UDP) as u32;
            let paid_until = self.paid_until.map_or(now, |until| until.max(now)) + PRICE_OF_A_BYTE * bytes;
            // A first copy is worth more than a third one of another word.
            let most = if kept.repeats == 0 { MOST_AHEAD } else { MOST_AHEAD / 2 };
            if paid_until.duration_since(now) > most {
                continue;
            }
            self.paid_until = Some(paid_until);
            (kept.at, kept.repeats) = (now, kept.repeats + 1);
            due.push(kept.repeat.clone());
        }
        self.kept.retain(|kept| kept.repeats < MAX_REPEATS);
        due
    }

    /// When something may be due.
    pub(crate) fn poll_timeout(&self, round_trip: Option<Duration>) -> Option<Instant> {
        self.kept.iter().map(|kept| kept.at + pause(kept.repeats, round_trip)).min()
    }
}

/// How long to wait with sending something again that was sent again so often.
fn pause(repeats: u32, round_trip: Option<Duration>) -> Duration {
    let first = round_trip.map_or(PAUSE_UNKNOWN, |taken| (taken * 5 / 4 + SACK_DELAY).clamp(PAUSE_LEAST, PAUSE_MOST));
    first * (2 + repeats) / 2
}

/// The driver: what goes out by the sockets of one connection, and the task that sends it again.
#[derive(Debug, Default)]
pub(crate) struct ControlRepeats {
    repeater: Mutex<ControlRepeater<Arc<dyn AsyncUdpSocket>>>,
    kept: Notify,
}

impl ControlRepeats {
    /// The library sent this by this socket.
    pub(crate) fn on_sent(&self, socket: &Arc<dyn AsyncUdpSocket>, transmit: &Transmit<'_>) {
        if content(transmit.contents).first() != Some(&APPLICATION_DATA) {
            // Media, mostly.
            return;
        }
        let now = Instant::now();
        let size = transmit.segment_size.unwrap_or(transmit.contents.len()).max(1);
        let mut repeater = self.lock();
        for datagram in transmit.contents.chunks(size) {
            if repeater.on_sent(now, socket, transmit.destination, datagram) {
                self.kept.notify_one();
            }
        }
    }

    /// Sends again what is due, until the channel is closed.
    pub(crate) async fn run(self: Arc<Self>, channel: Arc<dyn DataChannel>, shared: Arc<Shared>) {
        loop {
            let Some(at) = self.lock().poll_timeout(shared.stats().round_trip) else {
                self.kept.notified().await;
                continue;
            };
            // What cannot be afforded yet is due all the time.
            tokio::time::sleep_until(at.max(Instant::now() + LEAST_SLEEP).into()).await;
            let Ok(unacknowledged) = channel.outstanding_bytes().await else { return };
            self.lock().on_unacknowledged(unacknowledged);
            let due = self.lock().due(Instant::now(), shared.stats().round_trip);
            for Repeat { way, to, datagram } in due {
                let _ = way.send_to(&datagram, to).await;
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, ControlRepeater<Arc<dyn AsyncUdpSocket>>> {
        self.repeater.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

/// A record's header, explicit nonce and tag (RFC 6347, section 4.1; RFC 5288, section 3).
const RECORD: usize = 13 + 8 + 16;
/// The header of an SCTP packet (RFC 9260, section 3).
const SCTP_HEADER: usize = 12;
/// A header of a DATA chunk, and an acknowledgement without gaps: both 16 bytes (RFC 9260, sections 3.3.1 and 3.3.4).
const CHUNK: usize = 16;
/// What a datagram has beside a word. This is filled up to four bytes, of all that are kept by less than the shortest word.
const OVERHEAD: usize = RECORD + SCTP_HEADER + CHUNK;
/// What is no longer is an acknowledgement, for which nothing would ever be heard.
const LEAST_BYTES: usize = OVERHEAD + 1;
/// Today's longest word makes 230; what is longer is no word, and too dear.
const MOST_BYTES: usize = 300;
/// As many words as are said in one breath: admitted, the state of the media, the digits.
const MAX_KEPT: usize = 4;
/// Within five seconds. SCTP's own pauses may be half a minute by then, since each loss doubles them until a word got through
/// unharmed; where a fifth is lost, all these copies are once in sixteen thousand times.
const MAX_REPEATS: u32 = 5;
/// How long SCTP may hold an acknowledgement back (RFC 9260, section 6.2).
const SACK_DELAY: Duration = Duration::from_millis(200);
/// On a short path with a few packets in front.
const PAUSE_LEAST: Duration = Duration::from_millis(300);
/// Longer than that a round trip is a queue, and a word gets through sooner when it has emptied.
const PAUSE_MOST: Duration = Duration::from_secs(3);
/// While the round trip is not known.
const PAUSE_UNKNOWN: Duration = Duration::from_millis(500);
/// One kilobit a second …
const PRICE_OF_A_BYTE: Duration = Duration::from_millis(8);
/// … and three words of the longest at once.
const MOST_AHEAD: Duration = Duration::from_secs(8);
const IP_AND_UDP: usize = 28;
const LEAST_SLEEP: Duration = Duration::from_millis(20);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::dtls_record::HANDSHAKE;

    const TO: ([u8; 4], u16) = ([192, 0, 2, 1], 1);
    const RTT: Option<Duration> = Some(Duration::from_millis(200));

    /// A datagram that holds a word of so many bytes.
    fn word(bytes: usize, number: u8) -> Vec<u8> {
        let mut datagram = vec![number; OVERHEAD + bytes.next_multiple_of(4)];
        datagram[0] = APPLICATION_DATA;
        datagram
    }

    struct Scene {
        repeater: ControlRepeater<()>,
        start: Instant,
    }

    impl Scene {
        fn new() -> Self {
            Self { repeater: ControlRepeater::default(), start: Instant::now() }
        }

        fn say(&mut self, millis: u64, datagram: &[u8]) -> bool {
            self.repeater.on_sent(self.start + Duration::from_millis(millis), &(), TO.into(), datagram)
        }

        /// The numbers of what is sent again then.
        fn due(&mut self, millis: u64) -> Vec<u8> {
            let due = self.repeater.due(self.start + Duration::from_millis(millis), RTT);
            due.iter().map(|repeat| repeat.datagram[1]).collect()
        }
    }

    #[test]
    fn a_word_that_nobody_acknowledges_is_sent_again_less_and_less_often_and_then_no_more() {
        let mut scene = Scene::new();
        assert!(scene.say(0, &word(20, 1)));
        let at: Vec<u64> = (0..10_000).filter(|millis| !scene.due(*millis).is_empty()).collect();
        assert_eq!(at, [450, 1_125, 2_025, 3_150, 4_500]);
        assert_eq!(scene.repeater.poll_timeout(RTT), None);
    }

    #[test]
    fn the_pause_leaves_the_acknowledgement_its_time() {
        let first = |millis| pause(0, Some(Duration::from_millis(millis))).as_millis();
        assert_eq!((first(0), first(50), first(420), first(60_000)), (300, 300, 725, 3_000));
        assert_eq!((pause(0, None).as_millis(), pause(1, None).as_millis()), (500, 750));
    }

    #[test]
    fn what_is_acknowledged_is_not_sent_again() {
        let mut scene = Scene::new();
        (1..=3).for_each(|number| assert!(scene.say(0, &word(40, number))));
        scene.repeater.on_unacknowledged(80);
        assert_eq!(scene.due(500), [2, 3]);
        scene.repeater.on_unacknowledged(0);
        assert!(scene.due(5_000).is_empty());
    }

    #[test]
    fn acknowledgements_long_messages_handshakes_and_media_are_not_kept() {
        let mut scene = Scene::new();
        let mut handshake = word(20, 1);
        handshake[0] = HANDSHAKE;
        let mut media = word(20, 1);
        media[0] = 0x80;
        for other in [&word(0, 1)[..], &word(400, 1), &handshake, &media, &[]] {
            assert!(!scene.say(0, other), "{} bytes", other.len());
        }
        assert!(scene.due(5_000).is_empty());
    }

    #[test]
    fn a_flood_of_words_is_sent_again_as_slowly_as_is_allowed() {
        let mut scene = Scene::new();
        let mut bytes = 0;
        for tick in 0..6_000 {
            scene.say(tick * 10, &word(200, 1));
            bytes += scene.due(tick * 10).len() * (word(200, 1).len() + IP_AND_UDP);
        }
        assert!((6_000..=8_500).contains(&bytes), "{bytes} bytes in a minute");
    }

    proptest! {
        #[test]
        fn nothing_is_sent_again_for_ever(
            steps in prop::collection::vec((0_u64..400, 0_usize..260, prop::option::of(0_usize..300)), 1..120),
        ) {
            let mut scene = Scene::new();
            let (mut now, mut bytes, mut repeats) = (0, 0, [0; 256]);
            let mut acknowledged = [false; 256];
            for (number, (passed, size, unacknowledged)) in (0_u8..).zip(steps) {
                now += passed;
                scene.say(now, &word(size, number));
                if let Some(left) = unacknowledged {
                    scene.repeater.on_unacknowledged(left);
                    if left == 0 {
                        acknowledged[..=usize::from(number)].fill(true);
                    }
                }
                prop_assert!(scene.repeater.kept.len() <= MAX_KEPT);
                for repeat in scene.repeater.due(scene.start + Duration::from_millis(now), RTT) {
                    let number = usize::from(repeat.datagram[1]);
                    bytes += repeat.datagram.len() + IP_AND_UDP;
                    repeats[number] += 1;
                    prop_assert!(repeats[number] <= MAX_REPEATS);
                    prop_assert!(!acknowledged[number], "{number} was acknowledged");
                }
                // 8 ms a byte.
                prop_assert!(bytes as u64 <= (now + MOST_AHEAD.as_millis() as u64) / 8);
            }
        }
    }
}
