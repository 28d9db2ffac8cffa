//! What a receiver asks for again, when, and when it gives up.

use std::collections::BTreeMap;
use std::time::Duration;

use units::Timestamp;

use crate::sequence::SequenceUnwrapper;

/// A gap counts as a loss when this many later packets came (RFC 5681's duplicate-acknowledgement threshold) …
const REORDER_PACKETS: u64 = 3;

/// … or after this long: reordering on access links is within a few milliseconds (RFC 4737's measurements), and at
/// low rates three more packets would take too long.
const REORDER_WAIT: Duration = Duration::from_millis(10);

/// What is added to the round-trip time and an eighth of it before a packet is asked for again, for the jitter of the
/// answer and the time that it waits in the other side's pacer. Little, because on a link of 50 ms the second answer must
/// come within 150 ms too, or the picture is seen to stand still.
const RETRY_MARGIN: Duration = Duration::from_millis(10);

/// How often a packet is asked for at most. At 20 % loss both ways one in a thousand is still missing after six
/// requests; by then the deadline has usually passed.
const MAX_REQUESTS: u32 = 6;

/// How many packets are asked for at a time: a compound NACK of this size fits a packet, and a storm has a top.
const MAX_PER_POLL: usize = 64;

/// With more missing than this, asking is hopeless and a key frame cheaper (about two seconds of 1 Mbps).
const MAX_MISSING: usize = 250;

/// Until somebody measures one.
const DEFAULT_ROUND_TRIP: Duration = Duration::from_millis(100);

/// Until the jitter buffer says how long it waits: a queue of 300 ms and a frame.
const DEFAULT_DEADLINE: Duration = Duration::from_millis(400);

#[derive(Debug, Clone, Copy)]
struct Missing {
    noticed: Timestamp,
    requests: u32,
    next: Timestamp,
}

/// Asks for missing packets again: each at most once a round trip, a few times, and only while an answer could still
/// come before the playout deadline. It must be told of packets that came over RTX by their original number.
#[derive(Debug)]
pub struct NackGenerator {
    unwrapper: SequenceUnwrapper,
    highest: Option<u64>,
    missing: BTreeMap<u64, Missing>,
    round_trip: Duration,
    deadline: Duration,
    given_up: u32,
}

impl Default for NackGenerator {
    fn default() -> Self {
        Self::new()
    }
}

impl NackGenerator {
    /// A generator that has seen nothing.
    pub const fn new() -> Self {
        Self {
            unwrapper: SequenceUnwrapper::new(),
            highest: None,
            missing: BTreeMap::new(),
            round_trip: DEFAULT_ROUND_TRIP,
            deadline: DEFAULT_DEADLINE,
            given_up: 0,
        }
    }

    /// A packet came; `recovered` if over RTX, with the original sequence number.
    pub fn on_packet(&mut self, now: Timestamp, sequence: u16, recovered: bool) {
        let number = self.unwrapper.peek(sequence);
        let Some(highest) = self.highest else {
            if !recovered {
                self.unwrapper.unwrap(sequence);
                self.highest = Some(number);
            }
            return;
        };
        if number <= highest || recovered {
            self.missing.remove(&number);
            return;
        }
        self.unwrapper.unwrap(sequence);
        self.highest = Some(number);
        if number - highest > MAX_MISSING as u64 {
            // An outage or a restart of the numbering: nothing before this is worth asking for.
            self.given_up += self.missing.len() as u32 + 1;
            self.missing.clear();
            return;
        }
        for gap in highest + 1..number {
            self.missing.insert(gap, Missing { noticed: now, requests: 0, next: now + REORDER_WAIT });
        }
        while self.missing.len() > MAX_MISSING {
            self.missing.pop_first();
            self.given_up += 1;
        }
        for (_, missing) in self.missing.range_mut(..number.saturating_sub(REORDER_PACKETS - 1)) {
            if missing.requests == 0 {
                missing.next = missing.next.min(now);
            }
        }
    }

    /// The round-trip time as last measured.
    pub fn set_round_trip(&mut self, round_trip: Duration) {
        self.round_trip = round_trip;
    }

    /// How long after its gap was noticed a packet is of use: what the jitter buffer waits.
    pub fn set_deadline(&mut self, deadline: Duration) {
        self.deadline = deadline;
    }

    /// Forgets what is missing before `sequence`: a key frame starts there.
    pub fn forget_before(&mut self, sequence: u16) {
        let number = self.unwrapper.peek(sequence);
        self.missing = self.missing.split_off(&number);
    }

    /// The sequence numbers to ask for now, in order; empty for none.
    pub fn poll(&mut self, now: Timestamp) -> Vec<u16> {
        let retry = self.round_trip + self.round_trip / 8 + RETRY_MARGIN;
        let (round_trip, deadline) = (self.round_trip, self.deadline);
        let mut asked = Vec::new();
        let mut given_up = 0;
        self.missing.retain(|number, missing| {
            if now < missing.next {
                return true;
            }
            // The answer would come a round trip from now.
            if missing.requests >= MAX_REQUESTS || now + round_trip > missing.noticed + deadline {
                given_up += 1;
                return false;
            }
            if asked.len() < MAX_PER_POLL {
                missing.requests += 1;
                missing.next = now + retry;
                asked.push(*number as u16);
            }
            true
        });
        self.given_up += given_up;
        asked
    }

    /// When to poll again; `None` while nothing is missing.
    pub fn poll_timeout(&self) -> Option<Timestamp> {
        self.missing.values().map(|missing| missing.next).min()
    }

    /// How many packets are being asked for.
    pub fn missing(&self) -> usize {
        self.missing.len()
    }

    /// How many packets were given up since this was last asked.
    pub fn take_given_up(&mut self) -> u32 {
        std::mem::take(&mut self.given_up)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    fn with_a_gap() -> NackGenerator {
        let mut nack = NackGenerator::new();
        nack.set_round_trip(Duration::from_millis(80));
        nack.on_packet(at(0), 65_534, false);
        nack.on_packet(at(10), 0, false);
        nack
    }

    #[test]
    fn a_gap_is_asked_for_after_a_moment_and_then_once_a_round_trip() {
        let mut nack = with_a_gap();
        assert_eq!(nack.poll(at(12)), []);
        assert_eq!(nack.poll_timeout(), Some(at(20)));
        assert_eq!(nack.poll(at(20)), [65_535]);
        assert_eq!(nack.poll(at(119)), []);
        assert_eq!(nack.poll(at(120)), [65_535]);
    }

    #[test]
    fn three_later_packets_make_a_loss_at_once() {
        let mut nack = with_a_gap();
        nack.on_packet(at(11), 1, false);
        assert_eq!(nack.poll(at(11)), []);
        nack.on_packet(at(12), 2, false);
        assert_eq!(nack.poll(at(12)), [65_535]);
    }

    #[test]
    fn a_packet_that_comes_over_rtx_is_not_asked_for_again() {
        let mut nack = with_a_gap();
        assert_eq!(nack.poll(at(20)), [65_535]);
        nack.on_packet(at(60), 65_535, true);
        assert_eq!(nack.poll_timeout(), None);
        assert_eq!(nack.poll(at(1_000)), []);
    }

    #[test]
    fn nothing_is_asked_for_that_could_not_come_in_time() {
        let mut nack = with_a_gap();
        nack.set_deadline(Duration::from_millis(250));
        let asked: usize = (0..100).map(|step| nack.poll(at(10 + 10 * step)).len()).sum();
        assert_eq!(asked, 2);
        assert_eq!(nack.take_given_up(), 1);
        nack.set_round_trip(Duration::from_millis(600));
        nack.on_packet(at(2_000), 2, false);
        assert_eq!(nack.poll(at(2_020)), []);
    }

    #[test]
    fn an_outage_is_not_asked_for() {
        let mut nack = with_a_gap();
        nack.on_packet(at(500), 5_000, false);
        assert_eq!(nack.missing(), 0);
    }

    #[test]
    fn a_key_frame_ends_the_wait_for_what_is_before_it() {
        let mut nack = with_a_gap();
        nack.forget_before(0);
        assert_eq!(nack.poll(at(100)), []);
    }
}
