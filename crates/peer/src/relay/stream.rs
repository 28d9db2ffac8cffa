//! TURN messages in a stream of bytes (RFC 8656, sections 3.1 and 12.5): taken apart as they come, and queued to be written.

use std::collections::VecDeque;

use bytes::{Buf as _, Bytes, BytesMut};

use super::message::{is_request, length_in_stream, transaction};

/// Takes a stream apart into messages.
#[derive(Debug, Default)]
pub(crate) struct Incoming {
    bytes: BytesMut,
    /// Of a message that is too long to be of use, how much is still to come.
    skip: usize,
}

/// What comes is not TURN: where the next message begins cannot be known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NotTurn;

impl Incoming {
    /// The next bytes of the stream.
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        let skipped = self.skip.min(bytes.len());
        self.skip -= skipped;
        self.bytes.extend_from_slice(&bytes[skipped..]);
    }

    /// The next whole message, without its padding.
    pub(crate) fn next(&mut self) -> Result<Option<Bytes>, NotTurn> {
        loop {
            let Some(head) = self.bytes.first_chunk::<4>() else { return Ok(None) };
            let framed = length_in_stream(*head).ok_or(NotTurn)?;
            if framed.message > LONGEST {
                // What the other side made a relay pass on; nothing of ours is so long, and no datagram would carry it.
                let here = framed.padded.min(self.bytes.len());
                self.bytes.advance(here);
                self.skip = framed.padded - here;
                continue;
            }
            if self.bytes.len() < framed.padded {
                return Ok(None);
            }
            let mut message = self.bytes.split_to(framed.padded);
            message.truncate(framed.message);
            return Ok(Some(message.freeze()));
        }
    }
}

/// What is to be written. A stream that does not keep up loses the oldest: media that comes late is worth nothing, and what
/// else goes this way is repeated by whoever sent it.
#[derive(Debug, Default)]
pub(crate) struct Outgoing {
    queue: VecDeque<Bytes>,
    queued: usize,
    /// The requests written last: a stream loses nothing, so what its sender repeats is not sent again.
    asked: VecDeque<[u8; 12]>,
    /// Messages that were not written.
    pub(crate) dropped: u64,
}

impl Outgoing {
    /// Queues a datagram.
    pub(crate) fn push(&mut self, datagram: &[u8]) {
        if is_request(datagram)
            && let Some(transaction) = transaction(datagram)
        {
            if self.asked.contains(&transaction) {
                return;
            }
            if self.asked.len() >= MOST_ASKED {
                self.asked.pop_front();
            }
            self.asked.push_back(transaction);
        }
        let Some(framed) = datagram.first_chunk::<4>().and_then(|head| length_in_stream(*head)) else { return };
        // The library pads in datagrams already.
        if !(framed.message..=framed.padded).contains(&datagram.len()) {
            return;
        }
        let mut message = BytesMut::with_capacity(framed.padded);
        message.extend_from_slice(datagram);
        message.resize(framed.padded, 0);
        self.queued += message.len();
        self.queue.push_back(message.freeze());
        while self.queued > MOST_QUEUED
            && let Some(oldest) = self.queue.pop_front()
        {
            self.queued -= oldest.len();
            self.dropped += 1;
        }
    }

    /// All that waits, as one piece of at most so many bytes, or one message.
    pub(crate) fn take(&mut self, most: usize) -> Bytes {
        let mut taken = BytesMut::new();
        while let Some(next) = self.queue.front()
            && (taken.is_empty() || taken.len() + next.len() <= most)
            && let Some(next) = self.queue.pop_front()
        {
            self.queued -= next.len();
            taken.extend_from_slice(&next);
        }
        taken.freeze()
    }

    #[cfg(test)]
    fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }
}

/// Longer than any datagram of a call.
const LONGEST: usize = 2_000;
/// Forty full packets: a fifth of a second at 2 Mbps. What waits longer than that is better sent anew.
const MOST_QUEUED: usize = 48 * 1024;
/// More than are ever under way at once.
const MOST_ASKED: usize = 32;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::message::tests::stun;
    use super::*;

    fn channel(bytes: usize) -> Vec<u8> {
        let mut message = vec![0x40, 0, (bytes >> 8) as u8, bytes as u8];
        message.extend((0..bytes).map(|n| n as u8));
        message
    }

    fn read(incoming: &mut Incoming) -> Vec<Vec<u8>> {
        std::iter::from_fn(|| incoming.next().expect("it is TURN")).map(|message| message.to_vec()).collect()
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_whatever_pieces_it_comes_in(
            lengths in prop::collection::vec(0_usize..1_300, 1..20),
            pieces in prop::collection::vec(1_usize..2_000, 1..40),
        ) {
            let sent: Vec<_> = lengths.iter().map(|length| channel(*length)).collect();
            let (mut outgoing, mut incoming) = (Outgoing::default(), Incoming::default());
            sent.iter().for_each(|message| outgoing.push(message));
            let stream = outgoing.take(usize::MAX);
            prop_assert!(outgoing.is_empty() && stream.len() % 4 == 0);
            let (mut rest, mut came) = (&stream[..], Vec::new());
            for piece in pieces.into_iter().chain([usize::MAX]) {
                let (now, later) = rest.split_at(piece.min(rest.len()));
                incoming.push(now);
                came.extend(read(&mut incoming));
                rest = later;
            }
            prop_assert_eq!(came, sent);
        }

        #[test]
        fn no_stream_is_a_fault(bytes in prop::collection::vec(any::<u8>(), 0..3_000)) {
            let mut incoming = Incoming::default();
            for piece in bytes.chunks(700) {
                incoming.push(piece);
                while let Ok(Some(message)) = incoming.next() {
                    prop_assert!(message.len() <= LONGEST);
                }
            }
        }
    }

    #[test]
    fn a_message_that_is_too_long_is_skipped_and_the_next_one_read() {
        let mut incoming = Incoming::default();
        for piece in [channel(40_000), channel(8)].concat().chunks(999) {
            incoming.push(piece);
            let came = read(&mut incoming);
            assert!(came.is_empty() || came == [channel(8)]);
        }
        assert_eq!(incoming.bytes.len() + incoming.skip, 0);
        incoming.push(&[0x16, 3, 1, 0]);
        assert_eq!(incoming.next(), Err(NotTurn), "TLS within TLS");
    }

    #[test]
    fn a_stream_that_does_not_keep_up_loses_the_oldest() {
        let mut outgoing = Outgoing::default();
        for number in 0..60_u8 {
            let mut message = channel(1_200);
            message[4] = number;
            outgoing.push(&message);
        }
        let written = outgoing.take(usize::MAX);
        assert!(written.len() <= MOST_QUEUED);
        assert_eq!(u64::from(written[4]), outgoing.dropped, "the first that is left");
        assert_eq!(written[written.len() - 1_200], 59, "the newest is there");
    }

    #[test]
    fn a_request_is_not_repeated_in_a_stream() {
        let mut outgoing = Outgoing::default();
        let request = stun([0, 3], &[]);
        outgoing.push(&request);
        outgoing.push(&request);
        assert_eq!(outgoing.take(usize::MAX), request);
        let indication = stun([0, 0x16], &[]);
        outgoing.push(&indication);
        outgoing.push(&indication);
        assert_eq!(outgoing.take(usize::MAX).len(), 2 * indication.len());
        let padded = [0x40, 0, 0, 5, 1, 2, 3, 4, 5, 0, 0, 0];
        outgoing.push(&padded);
        outgoing.push(&padded[..9]);
        assert_eq!(outgoing.take(usize::MAX), [padded, padded].concat(), "padded once");
        outgoing.push(&[0x80; 30]);
        assert!(outgoing.is_empty(), "only TURN goes to a relay");
    }
}
