//! What a sender keeps in case it is asked for again.

use std::collections::BTreeMap;
use std::time::Duration;

use units::{DataRate, Timestamp};

use crate::sequence::SequenceUnwrapper;

/// How long a packet is kept: a single picture on a thin link takes seconds to arrive, and its last packet is missed when
/// the next picture begins. Of a moving picture nobody asks for anything that old.
const KEEP: Duration = Duration::from_millis(6_000);

/// How many packets are kept at most: two seconds of 4 Mbps.
const MAX_PACKETS: usize = 1_024;

/// Which share of the target retransmissions may take. At 20 % loss repeating each lost packet, and the lost ones of
/// those, takes 25 %; more than that is a storm and would only make the loss worse.
const SHARE: f64 = 0.3;

/// How long a quiet share may be saved up: a burst of loss asks for much at once.
const SAVED: Duration = Duration::from_millis(500);

/// A request that comes this much before a round trip is over was sent before the answer could have come.
const MIN_REPEAT: Duration = Duration::from_millis(20);

/// Which part of the filler that a probe wants a packet must be.
const FILLS: f64 = 0.9;

#[derive(Debug)]
struct Sent<T> {
    at: Timestamp,
    repeated: Option<Timestamp>,
    bytes: usize,
    item: T,
}

/// The packets sent in the last two seconds, by RTP sequence number, and the share that repeating them may take.
#[derive(Debug)]
pub struct History<T> {
    unwrapper: SequenceUnwrapper,
    sent: BTreeMap<u64, Sent<T>>,
    round_trip: Duration,
    rate: DataRate,
    /// Bytes that may be repeated, as of `earned_at`.
    allowance: f64,
    earned_at: Timestamp,
}

impl<T> History<T> {
    /// An empty history for a target of `rate`.
    pub fn new(rate: DataRate) -> Self {
        Self {
            unwrapper: SequenceUnwrapper::new(),
            sent: BTreeMap::new(),
            round_trip: Duration::from_millis(100),
            rate,
            allowance: (rate * SHARE).bytes_in(SAVED) as f64,
            earned_at: Timestamp::ZERO,
        }
    }

    /// The target rate of which retransmissions may take a share.
    pub fn set_rate(&mut self, now: Timestamp, rate: DataRate) {
        self.earn(now);
        self.rate = rate;
    }

    /// The round-trip time as last measured.
    pub fn set_round_trip(&mut self, round_trip: Duration) {
        self.round_trip = round_trip;
    }

    /// A packet of `bytes` was sent for the first time.
    pub fn on_sent(&mut self, now: Timestamp, sequence: u16, bytes: usize, item: T) {
        let number = self.unwrapper.unwrap(sequence);
        self.sent.insert(number, Sent { at: now, repeated: None, bytes, item });
        while let Some(oldest) = self.sent.first_entry() {
            if now.since(oldest.get().at) <= KEEP && self.sent.len() <= MAX_PACKETS {
                break;
            }
            self.sent.pop_first();
        }
    }

    /// Everything can be decoded from this packet on: what was before is not worth a place on the link.
    pub fn begin_anew(&mut self, sequence: u16) {
        self.sent = self.sent.split_off(&self.unwrapper.peek(sequence));
    }

    /// Nothing that was sent is worth repeating.
    pub fn clear(&mut self) {
        self.sent.clear();
    }

    /// The packet that somebody asks for again, unless it is too old, was repeated within most of a round trip (they
    /// reckon with another one, and a request that is passed over costs a whole one), or the share is used up.
    pub fn get(&mut self, now: Timestamp, sequence: u16) -> Option<&T> {
        self.earn(now);
        let repeat_after = (self.round_trip * 3 / 4).max(MIN_REPEAT);
        let sent = self.sent.get_mut(&self.unwrapper.peek(sequence))?;
        if now.since(sent.at) > KEEP || sent.repeated.is_some_and(|at| now.since(at) < repeat_after) {
            return None;
        }
        if self.allowance < sent.bytes as f64 {
            return None;
        }
        self.allowance -= sent.bytes as f64;
        sent.repeated = Some(now);
        Some(&sent.item)
    }

    /// The most recent packet of about `bytes` (not more, nor much less), to fill a probe with something of use; the share
    /// does not count. With much smaller ones a probe would never be as fast as it should be.
    pub fn filler(&self, bytes: usize) -> Option<&T> {
        let fits = |sent: &&Sent<T>| sent.bytes <= bytes && sent.bytes as f64 >= bytes as f64 * FILLS;
        self.sent.values().rev().find(fits).map(|sent| &sent.item)
    }

    fn earn(&mut self, now: Timestamp) {
        let share = self.rate * SHARE;
        let earned = share.as_bps() as f64 / 8.0 * now.since(self.earned_at).as_secs_f64();
        self.earned_at = self.earned_at.max(now);
        // Never so little that not even one packet could be saved up for.
        let most = (share.bytes_in(SAVED) as f64).max(1_500.0);
        self.allowance = (self.allowance + earned).min(most);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    fn history(kbps: u64) -> History<u16> {
        let mut history = History::new(DataRate::from_kbps(kbps));
        for packet in 0..50u16 {
            history.on_sent(at(10 * u64::from(packet)), packet.wrapping_sub(10), 1_000, packet);
        }
        history
    }

    #[test]
    fn a_packet_is_repeated_once_a_round_trip() {
        let mut history = history(5_000);
        assert_eq!(history.get(at(500), 65_530), Some(&4));
        assert_eq!(history.get(at(550), 65_530), None);
        assert_eq!(history.get(at(601), 65_530), Some(&4));
        assert_eq!(history.get(at(601), 1_000), None);
    }

    #[test]
    fn repeating_takes_no_more_than_its_share() {
        let mut history = history(100);
        // 30 % of 100 kbps is 3 750 bytes a second; half a second may be saved up.
        let repeated = (0..40).filter(|packet| history.get(at(500), *packet).is_some()).count();
        assert_eq!(repeated, 1);
        let later = (0..40).filter(|packet| history.get(at(1_000), *packet).is_some()).count();
        assert_eq!(later, 1);
    }

    #[test]
    fn what_was_before_a_new_beginning_is_not_repeated() {
        let mut history = history(5_000);
        history.begin_anew(65_530);
        assert_eq!(history.get(at(500), 65_529), None);
        assert_eq!(history.get(at(500), 65_530), Some(&4));
    }

    #[test]
    fn what_was_cleared_is_not_repeated_and_what_follows_is() {
        let mut history = history(5_000);
        history.clear();
        assert_eq!(history.get(at(500), 65_530), None);
        history.on_sent(at(500), 40, 1_000, 50);
        assert_eq!(history.get(at(600), 40), Some(&50));
    }

    #[test]
    fn filler_is_about_as_large_as_the_probe_wants() {
        let history = history(5_000);
        assert_eq!(history.filler(999), None);
        assert_eq!(history.filler(1_000), Some(&49));
        assert_eq!(history.filler(1_100), Some(&49));
        assert_eq!(history.filler(1_200), None, "several of these would leave a probe short");
    }

    #[test]
    fn what_is_too_old_is_gone() {
        let mut history = history(5_000);
        assert_eq!(history.get(at(6_100), 65_530), None);
        assert_eq!(history.get(at(6_100), 30), Some(&40));
    }
}
