//! The events that wait for one endpoint, numbered, in memory only.

use std::collections::VecDeque;

use signaling_protocol::{EndpointId, Event, Limits};
use units::Timestamp;

/// An event with its number, which is the `id:` of the stream and the cursor of long-poll.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Numbered {
    /// Its number. Within one mailbox every event has a higher one than the event before.
    pub cursor: u64,
    /// The event.
    pub event: Event,
}

/// When full: undelivered events mean [`Overflow`], delivered ones (kept for a stream that resumes) make room.
#[derive(Debug)]
pub(super) struct Mailbox {
    slots: VecDeque<Slot>,
    bytes: usize,
    next: u64,
    /// The highest cursor after which nothing has been forgotten.
    resumable_from: u64,
    /// The highest cursor that was handed out.
    delivered: u64,
}

#[derive(Debug)]
struct Slot {
    cursor: u64,
    event: Event,
    bytes: usize,
    expires: Timestamp,
}

/// The mailbox ran over: what was in it is gone, and the endpoint needs `reset` and a fresh `hello`.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Overflow;

/// What waits of one sender.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Waiting {
    pub(super) boxes: usize,
    pub(super) bytes: usize,
}

impl Waiting {
    /// The same and a box of so many bytes.
    pub(super) fn and(self, sealed: usize) -> Self {
        Self { boxes: self.boxes + 1, bytes: self.bytes + LABEL + sealed }
    }
}

impl Mailbox {
    /// An empty mailbox whose numbers begin after `start`. A restarted server must start higher than it ever came
    /// before, so that a cursor from then is not taken for one of now.
    pub(super) fn new(start: u64) -> Self {
        Self { slots: VecDeque::new(), bytes: 0, next: start + 1, resumable_from: start, delivered: start }
    }

    /// Adds an event that is worth delivering until `expires`.
    pub(super) fn push(&mut self, event: Event, expires: Timestamp, limits: &Limits) -> Result<(), Overflow> {
        let bytes = size_of(&event);
        while self.slots.len() + 1 > limits.mailbox_messages || self.bytes + bytes > limits.mailbox_bytes {
            match self.slots.front() {
                Some(oldest) if oldest.cursor <= self.delivered => self.forget_oldest(),
                _ => {
                    self.clear();
                    return Err(Overflow);
                }
            }
        }
        self.slots.push_back(Slot { cursor: self.next, event, bytes, expires });
        self.bytes += bytes;
        self.next += 1;
        Ok(())
    }

    /// How many boxes of `sender` wait here that were not handed out yet, and their weight in bytes. Those past their time
    /// are forgotten.
    pub(super) fn waiting_from(&mut self, now: Timestamp, sender: EndpointId) -> Waiting {
        self.forget_expired(now);
        let delivered = self.delivered;
        let from = |slot: &&Slot| slot.cursor > delivered && is_from(&slot.event, sender);
        let waiting = self.slots.iter().filter(from);
        waiting.fold(Waiting::default(), |sum, slot| Waiting { boxes: sum.boxes + 1, bytes: sum.bytes + slot.bytes })
    }

    /// Forgets everything that is in it, so that no older cursor can be resumed from.
    pub(super) fn clear(&mut self) {
        self.slots.clear();
        self.bytes = 0;
        self.resumable_from = self.next - 1;
        self.delivered = self.resumable_from;
    }

    /// Takes everything out, oldest first.
    pub(super) fn take(&mut self) -> Vec<(Event, Timestamp)> {
        let all = self.slots.drain(..).map(|slot| (slot.event, slot.expires)).collect();
        self.clear();
        all
    }

    /// Whether an endpoint that saw everything up to `cursor` can go on from there.
    pub(super) fn can_resume(&self, cursor: u64) -> bool {
        (self.resumable_from..self.next).contains(&cursor)
    }

    /// What came after `cursor` and is still worth delivering; from now on it counts as delivered.
    pub(super) fn after(&mut self, now: Timestamp, cursor: u64) -> Vec<Numbered> {
        self.delivered = self.delivered.max(self.next - 1);
        self.forget_expired(now);
        let first = self.slots.partition_point(|slot| slot.cursor <= cursor);
        let news = self.slots.range(first..);
        news.map(|slot| Numbered { cursor: slot.cursor, event: slot.event.clone() }).collect()
    }

    /// The number of the newest event.
    pub(super) fn newest(&self) -> u64 {
        self.next - 1
    }

    /// Forgets what nobody will be given any more, and the room that it took. Who resumes from before it misses nothing.
    fn forget_expired(&mut self, now: Timestamp) {
        let before = self.slots.len();
        self.slots.retain(|slot| slot.expires > now);
        if self.slots.len() < before {
            self.bytes = self.slots.iter().map(|slot| slot.bytes).sum();
            self.slots.shrink_to_fit();
        }
    }

    fn forget_oldest(&mut self) {
        if let Some(slot) = self.slots.pop_front() {
            self.bytes -= slot.bytes;
            self.resumable_from = slot.cursor;
        }
    }
}

/// What an event weighs: its box, its bundles, and a round figure for the rest.
fn size_of(event: &Event) -> usize {
    LABEL
        + match event {
            Event::Message { envelope } => envelope.sealed.len(),
            Event::Joined { participant } => participant.bundle.len(),
            Event::Hello { participants, .. } => participants.iter().map(|one| LABEL + one.bundle.len()).sum(),
            Event::Notice { notice } => notice.notice.len(),
            _ => 0,
        }
}

fn is_from(event: &Event, sender: EndpointId) -> bool {
    matches!(event, Event::Message { envelope } if envelope.from == Some(sender))
}

/// What an event weighs beside what it carries.
const LABEL: usize = 256;

#[cfg(test)]
mod tests {
    use super::*;

    fn limits(mailbox_messages: usize) -> Limits {
        Limits { mailbox_messages, ..Limits::default() }
    }

    fn bye(retry_ms: u32) -> Event {
        Event::Bye { retry_ms }
    }

    #[test]
    fn a_stream_that_resumes_gets_what_it_missed_and_nothing_twice() {
        let mut mailbox = Mailbox::new(100);
        for n in 0..3 {
            mailbox.push(bye(n), Timestamp::NEVER, &limits(8)).unwrap();
        }
        let cursors = |events: Vec<Numbered>| events.iter().map(|one| one.cursor).collect::<Vec<_>>();
        assert_eq!(cursors(mailbox.after(Timestamp::ZERO, 100)), [101, 102, 103]);
        assert_eq!(cursors(mailbox.after(Timestamp::ZERO, 102)), [103]);
        assert_eq!(cursors(mailbox.after(Timestamp::ZERO, 103)), [] as [u64; 0]);
    }

    #[test]
    fn cursors_of_another_life_or_of_the_future_cannot_be_resumed() {
        let mut mailbox = Mailbox::new(100);
        mailbox.push(bye(0), Timestamp::NEVER, &limits(8)).unwrap();
        assert!(mailbox.can_resume(100) && mailbox.can_resume(101));
        assert!(!mailbox.can_resume(99) && !mailbox.can_resume(102) && !mailbox.can_resume(0));
    }

    #[test]
    fn delivered_events_make_room_and_undelivered_ones_overflow() {
        let mut mailbox = Mailbox::new(0);
        mailbox.push(bye(0), Timestamp::NEVER, &limits(2)).unwrap();
        mailbox.push(bye(1), Timestamp::NEVER, &limits(2)).unwrap();
        mailbox.after(Timestamp::ZERO, 0);
        mailbox.push(bye(2), Timestamp::NEVER, &limits(2)).unwrap();
        mailbox.push(bye(3), Timestamp::NEVER, &limits(2)).unwrap();
        assert!(!mailbox.can_resume(1) && mailbox.can_resume(2));
        assert_eq!(mailbox.push(bye(4), Timestamp::NEVER, &limits(2)), Err(Overflow));
        assert!(!mailbox.can_resume(2) && mailbox.after(Timestamp::ZERO, 2).is_empty());
    }

    #[test]
    fn a_message_past_its_time_is_not_delivered() {
        let mut mailbox = Mailbox::new(0);
        mailbox.push(bye(0), Timestamp::from_millis(10), &limits(8)).unwrap();
        assert_eq!(mailbox.after(Timestamp::from_millis(9), 0).len(), 1);
        assert!(mailbox.after(Timestamp::from_millis(10), 0).is_empty());
    }

    #[test]
    fn what_is_past_its_time_takes_no_room_and_is_missed_by_nobody() {
        let mut mailbox = Mailbox::new(0);
        mailbox.push(bye(0), Timestamp::NEVER, &limits(8)).unwrap();
        mailbox.push(bye(1), Timestamp::from_millis(10), &limits(8)).unwrap();
        mailbox.push(bye(2), Timestamp::NEVER, &limits(8)).unwrap();
        let heard = |mailbox: &mut Mailbox, millis, cursor| {
            let news = mailbox.after(Timestamp::from_millis(millis), cursor);
            news.iter().map(|one| one.cursor).collect::<Vec<_>>()
        };
        assert_eq!(heard(&mut mailbox, 9, 0), [1, 2, 3]);
        let before = mailbox.bytes;
        assert_eq!(heard(&mut mailbox, 10, 0), [1, 3]);
        assert_eq!((mailbox.slots.len(), mailbox.bytes * 3), (2, before * 2));
        for cursor in 0..=3 {
            assert!(mailbox.can_resume(cursor), "{cursor}");
        }
        assert_eq!(heard(&mut mailbox, 10, 2), [3]);
    }
}
