//! Boxes in order and once: what is counted on the envelopes of one sender and one receiver.
//!
//! The server keeps order and delivers at least once, but what waits in it is in memory only: after its restart boxes
//! that it had taken are gone. The receiver sees that as a gap. Nobody asks for single boxes again: the sender begins
//! a new epoch and says anew what still matters.

use std::collections::BTreeMap;
use std::time::Duration;

use signaling_protocol::{Base64, EndpointId, Envelope, MessageId, SCHEME_OPEN};
use units::Timestamp;

/// What we send to one endpoint.
#[derive(Debug, Default)]
pub(crate) struct Outgoing {
    epoch: u32,
    next: u32,
}

impl Outgoing {
    /// Counts from 0 again, so that the receiver stops waiting for what was lost.
    pub(crate) fn begin_epoch(&mut self) {
        if self.next > 0 {
            self.epoch += 1;
            self.next = 0;
        }
    }

    /// The next envelope.
    pub(crate) fn wrap(&mut self, id: MessageId, to: EndpointId, bytes: Vec<u8>) -> Envelope {
        let seq = self.next;
        self.next += 1;
        Envelope {
            id,
            to,
            from: None,
            seq,
            epoch: self.epoch,
            scheme: SCHEME_OPEN,
            ttl_ms: TTL.as_millis() as u32,
            sealed: Base64(bytes),
        }
    }
}

/// What comes from one endpoint.
#[derive(Debug, Default)]
pub(crate) struct Incoming {
    epoch: u32,
    next: u32,
    held: BTreeMap<u32, Base64>,
    gap_since: Option<Timestamp>,
}

impl Incoming {
    /// What is to be read now, in order, with its epoch. Empty for what came before, belongs to an epoch that is over,
    /// or must wait for another.
    pub(crate) fn take(&mut self, now: Timestamp, envelope: Envelope) -> Vec<Base64> {
        if envelope.epoch < self.epoch || envelope.scheme != SCHEME_OPEN {
            return Vec::new();
        }
        if envelope.epoch > self.epoch {
            *self = Self { epoch: envelope.epoch, ..Self::default() };
        }
        if envelope.seq < self.next || (self.held.len() >= MOST_HELD && envelope.seq != self.next) {
            return Vec::new();
        }
        self.held.insert(envelope.seq, envelope.sealed);
        let mut ready = Vec::new();
        while let Some(sealed) = self.held.remove(&self.next) {
            ready.push(sealed);
            self.next += 1;
        }
        self.gap_since =
            if self.held.is_empty() { None } else { self.gap_since.filter(|_| ready.is_empty()).or(Some(now)) };
        ready
    }

    /// The epoch of what came last.
    pub(crate) fn epoch(&self) -> u32 {
        self.epoch
    }

    /// Whether something is missing for so long that the sender is to say everything anew; says so once a while.
    pub(crate) fn has_lost(&mut self, now: Timestamp) -> bool {
        let lost = self.gap_since.is_some_and(|since| now.since(since) >= GAP_PATIENCE);
        if lost {
            self.gap_since = Some(now);
        }
        lost
    }

    /// When to ask [`has_lost`](Self::has_lost).
    pub(crate) fn poll_timeout(&self) -> Option<Timestamp> {
        self.gap_since.map(|since| since + GAP_PATIENCE)
    }
}

/// How long a box is worth delivering. Half a minute: whoever comes back later than that needs a new offer, because the
/// addresses in the old one are gone.
const TTL: Duration = Duration::from_secs(30);
/// A gap is filled within a round trip if the box is only late; two seconds are one on a very bad link.
const GAP_PATIENCE: Duration = Duration::from_secs(2);
/// More than a whole negotiation; bounds what a hostile server can make us keep.
const MOST_HELD: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    const TO: EndpointId = EndpointId::from_random([1; 16]);

    fn send(outgoing: &mut Outgoing, letter: u8) -> Envelope {
        outgoing.wrap(MessageId::from_random([letter; 16]), TO, vec![letter])
    }

    fn at(millis: u64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    fn letters(boxes: Vec<Base64>) -> String {
        boxes.into_iter().flat_map(|sealed| sealed.0).map(char::from).collect()
    }

    #[test]
    fn each_box_is_read_once_and_in_order() {
        let mut outgoing = Outgoing::default();
        let sent: Vec<_> = b"abcd".iter().map(|letter| send(&mut outgoing, *letter)).collect();
        let mut incoming = Incoming::default();
        let mut read = String::new();
        for index in [0, 0, 2, 3, 2, 1, 1, 0] {
            read += &letters(incoming.take(at(0), sent[index].clone()));
        }
        assert_eq!(read, "abcd");
        assert_eq!(incoming.poll_timeout(), None);
    }

    #[test]
    fn a_gap_is_noticed_and_a_new_epoch_ends_it() {
        let mut outgoing = Outgoing::default();
        let mut incoming = Incoming::default();
        let (lost, late) = (send(&mut outgoing, b'a'), send(&mut outgoing, b'b'));
        assert_eq!(letters(incoming.take(at(100), late.clone())), "");
        assert_eq!(incoming.poll_timeout(), Some(at(2_100)));
        assert!(!incoming.has_lost(at(2_099)));
        assert!(incoming.has_lost(at(2_100)) && !incoming.has_lost(at(2_101)), "once a while");

        outgoing.begin_epoch();
        assert_eq!(letters(incoming.take(at(2_200), send(&mut outgoing, b'c'))), "c");
        assert_eq!((incoming.epoch(), incoming.poll_timeout()), (1, None));
        assert_eq!(letters(incoming.take(at(2_300), lost)) + &letters(incoming.take(at(2_300), late)), "");
    }

    #[test]
    fn an_epoch_in_which_nothing_was_said_is_not_ended() {
        let mut outgoing = Outgoing::default();
        outgoing.begin_epoch();
        assert_eq!(send(&mut outgoing, b'a').epoch, 0);
    }

    #[test]
    fn a_server_cannot_make_us_keep_more_than_a_negotiation() {
        let mut outgoing = Outgoing::default();
        let mut incoming = Incoming::default();
        let first = send(&mut outgoing, b'a');
        for _ in 0..1_000 {
            incoming.take(at(0), send(&mut outgoing, b'b'));
        }
        assert_eq!(incoming.held.len(), MOST_HELD);
        assert_eq!(incoming.take(at(0), first).len(), MOST_HELD + 1);
    }

    #[test]
    fn a_box_of_another_scheme_is_not_read() {
        let mut envelope = send(&mut Outgoing::default(), b'a');
        envelope.scheme = signaling_protocol::SCHEME_SEALED;
        assert!(Incoming::default().take(at(0), envelope).is_empty());
    }
}
