//! Packets in the order in which they were spoken, whatever the order in which they came.

use std::collections::BTreeMap;

use units::Timestamp;

use super::{SAMPLE_RATE, VoicePacket};

/// A packet that waits to be decoded.
#[derive(Debug)]
pub(super) struct Waiting {
    pub(super) payload: Vec<u8>,
    pub(super) samples: usize,
    pub(super) origin: Origin,
}

/// How a packet came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin {
    /// By itself.
    Sent,
    /// As a copy in a later packet (RED).
    Copy,
}

/// Where a packet belongs, its numbers counted on beyond their 32 and 16 bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) timestamp: i64,
    pub(super) sequence: u64,
    /// The sender's clock has jumped: nothing before this packet belongs to the same voice.
    pub(super) anew: bool,
    /// It came before.
    pub(super) repeated: bool,
}

/// Packets by the RTP timestamp of their first sample.
#[derive(Debug, Default)]
pub(super) struct JitterBuffer {
    packets: BTreeMap<i64, Waiting>,
    bytes: usize,
    last: Option<Last>,
    seen: Seen,
    /// A packet far from all others: the next one tells whether it was a stray or a new beginning.
    stray: Option<u32>,
}

#[derive(Debug, Clone, Copy)]
struct Last {
    timestamp: i64,
    sequence: u64,
    at: Timestamp,
}

impl JitterBuffer {
    /// Finds where a packet belongs; `None` if its timestamp is that of no voice heard so far.
    pub(super) fn place(&mut self, now: Timestamp, packet: &VoicePacket) -> Option<Place> {
        let Some(last) = self.last else {
            // Room below for packets that were overtaken by the first.
            let place = Place {
                timestamp: i64::from(packet.timestamp) + (1 << 32),
                sequence: u64::from(packet.sequence) + (1 << 16),
                anew: true,
                repeated: false,
            };
            self.seen.begin(place.sequence);
            self.remember(now, place);
            return Some(place);
        };
        let step = i64::from(packet.timestamp.wrapping_sub(last.timestamp as u32) as i32);
        let elapsed = i64::try_from((now - last.at).as_micros()).unwrap_or(i64::MAX) / 1_000 * SAMPLES_PER_MS;
        let believable = step >= -LATEST && step <= elapsed.saturating_add(AHEAD);
        let anew = if believable {
            false
        } else {
            let follows = |stray: u32| (packet.timestamp.wrapping_sub(stray) as i32).unsigned_abs() <= SAMPLE_RATE;
            if !self.stray.is_some_and(follows) {
                self.stray = Some(packet.timestamp);
                return None;
            }
            self.packets.clear();
            self.bytes = 0;
            true
        };
        self.stray = None;
        let sequence_step = i64::from(packet.sequence.wrapping_sub(last.sequence as u16) as i16);
        let mut sequence = last.sequence.saturating_add_signed(sequence_step);
        if anew {
            // A new beginning numbers anew as well: count on from ahead, so that nothing seems repeated.
            sequence = (last.sequence + (1 << 16)) & !0xffff | u64::from(packet.sequence);
            self.seen.begin(sequence);
        }
        let repeated = !anew && !self.seen.note(sequence);
        let place = Place { timestamp: last.timestamp + step, sequence, anew, repeated };
        if anew || place.timestamp > last.timestamp {
            self.remember(now, place);
        }
        Some(place)
    }

    /// Keeps a packet. What came by itself takes the place of a copy; a copy takes no place that is taken.
    pub(super) fn insert(&mut self, timestamp: i64, waiting: Waiting) -> bool {
        let free = match (self.packets.get(&timestamp), waiting.origin) {
            (None, Origin::Sent) => true,
            (None, Origin::Copy) => !self.overlaps(timestamp, waiting.samples),
            (Some(there), origin) => there.origin == Origin::Copy && origin == Origin::Sent,
        };
        if !free {
            return false;
        }
        self.bytes += waiting.payload.len();
        if let Some(replaced) = self.packets.insert(timestamp, waiting) {
            self.bytes -= replaced.payload.len();
        }
        while self.packets.len() > MAX_PACKETS || self.bytes > MAX_BYTES {
            let Some((_, dropped)) = self.packets.pop_first() else { break };
            self.bytes -= dropped.payload.len();
        }
        true
    }

    /// Takes the packet that holds the sample `timestamp`, and where it begins.
    pub(super) fn take_covering(&mut self, timestamp: i64) -> Option<(i64, Waiting)> {
        let (&start, waiting) = self.packets.range(..=timestamp).next_back()?;
        if start + waiting.samples as i64 <= timestamp {
            return None;
        }
        let waiting = self.packets.remove(&start)?;
        self.bytes -= waiting.payload.len();
        Some((start, waiting))
    }

    /// How long the packet is that holds the sample `timestamp`.
    pub(super) fn covering(&self, timestamp: i64) -> Option<(i64, usize)> {
        let (&start, waiting) = self.packets.range(..=timestamp).next_back()?;
        (start + waiting.samples as i64 > timestamp).then_some((start, waiting.samples))
    }

    /// The earliest packet.
    pub(super) fn first(&self) -> Option<(i64, &Waiting)> {
        self.packets.first_key_value().map(|(&timestamp, waiting)| (timestamp, waiting))
    }

    /// The earliest packet that begins after `timestamp`.
    pub(super) fn next_after(&self, timestamp: i64) -> Option<(i64, &Waiting)> {
        self.packets.range(timestamp + 1..).next().map(|(&timestamp, waiting)| (timestamp, waiting))
    }

    /// Leaves out what ends before `timestamp`.
    pub(super) fn discard_before(&mut self, timestamp: i64) {
        while let Some(first) = self.packets.first_entry() {
            if *first.key() + first.get().samples as i64 > timestamp {
                return;
            }
            self.bytes -= first.remove().payload.len();
        }
    }

    /// Samples from `timestamp` to the end of the last packet, gaps included.
    pub(super) fn span_from(&self, timestamp: i64) -> i64 {
        self.packets.last_key_value().map_or(0, |(&last, waiting)| (last + waiting.samples as i64 - timestamp).max(0))
    }

    fn overlaps(&self, start: i64, samples: usize) -> bool {
        let before = self.packets.range(..start + samples as i64).next_back();
        before.is_some_and(|(&other, waiting)| other + waiting.samples as i64 > start)
    }

    fn remember(&mut self, now: Timestamp, place: Place) {
        self.last = Some(Last { timestamp: place.timestamp, sequence: place.sequence, at: now });
    }
}

const SAMPLES_PER_MS: i64 = SAMPLE_RATE as i64 / 1_000;
/// Ten seconds: no network keeps a packet longer.
const LATEST: i64 = 10 * SAMPLE_RATE as i64;
/// Two seconds: no sender's clock runs farther ahead of the time that has passed, whatever the network kept back before.
const AHEAD: i64 = 2 * SAMPLE_RATE as i64;
/// Four seconds of 10 ms packets.
const MAX_PACKETS: usize = 400;
/// Four seconds at the highest rate that a voice is sent with.
const MAX_BYTES: usize = 64 * 1_024;

/// Which of the last numbers came.
#[derive(Debug, Default)]
struct Seen {
    highest: u64,
    /// One bit a number, by its last bits.
    bits: [u64; SEEN / 64],
}

impl Seen {
    fn begin(&mut self, sequence: u64) {
        *self = Self { highest: sequence, ..Self::default() };
        self.note(sequence);
    }

    /// Notes a number; `false` if it came before, or is too old to tell.
    fn note(&mut self, sequence: u64) -> bool {
        let steps = sequence.saturating_sub(self.highest);
        for passed in 1..=steps.min(SEEN as u64) {
            self.set(self.highest + passed, false);
        }
        self.highest += steps;
        if self.highest - sequence >= SEEN as u64 {
            return false;
        }
        let bit = sequence as usize % SEEN;
        let new = self.bits[bit / 64] & 1 << (bit % 64) == 0;
        self.set(sequence, true);
        new
    }

    fn set(&mut self, sequence: u64, came: bool) {
        let bit = sequence as usize % SEEN;
        let mask = 1 << (bit % 64);
        if came { self.bits[bit / 64] |= mask } else { self.bits[bit / 64] &= !mask }
    }
}

/// Ten seconds of 20 ms packets.
const SEEN: usize = 512;

#[cfg(test)]
mod tests {
    use super::*;

    fn packet(sequence: u16, timestamp: u32) -> VoicePacket {
        VoicePacket { sequence, timestamp, payload: Vec::new(), redundant: Vec::new() }
    }

    #[test]
    fn numbers_count_on_when_they_wrap() {
        let mut buffer = JitterBuffer::default();
        let first = buffer.place(Timestamp::ZERO, &packet(65_534, u32::MAX - 959)).expect("a place");
        for index in [2_u32, 1, 3, 4] {
            let place = buffer
                .place(
                    Timestamp::ZERO,
                    &packet(65_534_u16.wrapping_add(index as u16), (u32::MAX - 959).wrapping_add(index * 960)),
                )
                .expect("a place");
            assert_eq!(place.timestamp - first.timestamp, i64::from(index) * 960);
            assert_eq!(place.sequence - first.sequence, u64::from(index));
            assert!(!place.anew);
        }
    }

    #[test]
    fn a_stray_packet_is_left_out_and_two_of_a_kind_are_a_new_beginning() {
        let mut buffer = JitterBuffer::default();
        let now = Timestamp::from_millis(5);
        assert!(buffer.place(now, &packet(1, 0)).is_some());
        assert_eq!(buffer.place(now, &packet(9, 2_000_000_000)), None);
        assert!(buffer.place(now, &packet(2, 960)).is_some_and(|place| !place.anew));
        assert_eq!(buffer.place(now, &packet(9, 2_000_000_000)), None);
        assert!(buffer.place(now, &packet(10, 2_000_000_960)).is_some_and(|place| place.anew));
        assert!(buffer.place(now, &packet(11, 2_000_001_920)).is_some_and(|place| !place.anew));
    }

    #[test]
    fn what_is_late_is_no_new_beginning_and_what_is_early_beyond_belief_is() {
        let mut buffer = JitterBuffer::default();
        let (now, start) = (Timestamp::from_millis(5), 1_000_000_000_u32);
        assert!(buffer.place(now, &packet(1, start)).is_some());
        for index in 1..4_u16 {
            let late = packet(1_u16.wrapping_sub(100 * index), start - u32::from(index) * 96_000);
            assert!(buffer.place(now, &late).is_some_and(|place| !place.anew));
        }
        assert_eq!(buffer.place(now, &packet(2, start + 144_000)), None);
        assert!(buffer.place(now, &packet(3, start + 144_960)).is_some_and(|place| place.anew));
    }

    #[test]
    fn a_long_pause_is_no_jump_while_the_clock_runs_on() {
        let mut buffer = JitterBuffer::default();
        assert!(buffer.place(Timestamp::ZERO, &packet(1, 0)).is_some());
        let place = buffer.place(Timestamp::from_millis(60_000), &packet(2, 60 * 48_000));
        assert!(place.is_some_and(|place| !place.anew));
    }

    fn sent(samples: usize, bytes: usize) -> Waiting {
        Waiting { payload: vec![0; bytes], samples, origin: Origin::Sent }
    }

    fn copy(samples: usize) -> Waiting {
        Waiting { payload: vec![1; 10], samples, origin: Origin::Copy }
    }

    #[test]
    fn the_packet_itself_takes_the_place_of_its_copy_and_no_copy_takes_a_place() {
        let mut buffer = JitterBuffer::default();
        assert!(buffer.insert(960, copy(960)));
        assert!(!buffer.insert(960, copy(960)));
        assert!(buffer.insert(960, sent(960, 20)));
        assert!(!buffer.insert(960, sent(960, 20)));
        assert!(!buffer.insert(1_440, copy(960)), "it overlaps");
        assert!(buffer.insert(1_920, copy(960)));
        let (start, waiting) = buffer.take_covering(1_500).expect("a packet");
        assert_eq!((start, waiting.origin), (960, Origin::Sent));
        assert_eq!(buffer.next_after(960).map(|(next, _)| next), Some(1_920));
        assert!(buffer.take_covering(1_919).is_none());
    }

    #[test]
    fn a_flood_costs_no_more_than_its_share_of_memory() {
        let mut buffer = JitterBuffer::default();
        for index in 0..10_000 {
            buffer.insert(index * 960, sent(960, 1_000));
            let bytes: usize = buffer.packets.values().map(|waiting| waiting.payload.len()).sum();
            assert!(bytes == buffer.bytes && bytes <= MAX_BYTES && buffer.packets.len() <= MAX_PACKETS);
        }
        buffer.insert(0, sent(960, 1_000_000));
        assert!(buffer.bytes <= MAX_BYTES);
        buffer.discard_before(i64::MAX);
        assert_eq!((buffer.bytes, buffer.packets.len()), (0, 0));
    }

    #[test]
    fn what_came_before_is_known_as_such() {
        let mut buffer = JitterBuffer::default();
        let mut repeated = |sequence: u16, timestamp: u32| {
            buffer.place(Timestamp::ZERO, &packet(sequence, timestamp)).expect("a place").repeated
        };
        assert!(!repeated(65_535, 0));
        assert!(repeated(65_535, 0));
        assert!(!repeated(1, 1_920));
        assert!(!repeated(0, 960));
        assert!(repeated(0, 960));
        assert!(repeated(1, 1_920));
    }
}
