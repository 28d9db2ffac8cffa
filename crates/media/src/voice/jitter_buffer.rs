//! Packets in the order in which they were spoken, whatever the order in which they came.

use std::collections::BTreeMap;

use units::Timestamp;

use super::{SAMPLE_RATE, VoicePacket};

/// A packet that waits to be decoded.
#[derive(Debug)]
pub(super) struct Waiting {
    pub(super) payload: Vec<u8>,
    pub(super) samples: usize,
}

/// Where a packet belongs, its numbers counted on beyond their 32 and 16 bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) timestamp: i64,
    pub(super) sequence: u64,
    /// The sender's clock has jumped: nothing before this packet belongs to the same voice.
    pub(super) anew: bool,
}

/// Packets by the RTP timestamp of their first sample.
#[derive(Debug, Default)]
pub(super) struct JitterBuffer {
    packets: BTreeMap<i64, Waiting>,
    last: Option<Last>,
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
            };
            self.remember(now, place);
            return Some(place);
        };
        let step = i64::from(packet.timestamp.wrapping_sub(last.timestamp as u32) as i32);
        let elapsed = i64::try_from((now - last.at).as_micros()).unwrap_or(i64::MAX) / 1_000 * SAMPLES_PER_MS;
        let believable = step.abs() <= JUMP || step.abs_diff(elapsed) <= JUMP.unsigned_abs();
        let anew = if believable {
            false
        } else {
            let follows = |stray: u32| (packet.timestamp.wrapping_sub(stray) as i32).unsigned_abs() <= SAMPLE_RATE;
            if !self.stray.is_some_and(follows) {
                self.stray = Some(packet.timestamp);
                return None;
            }
            self.packets.clear();
            true
        };
        self.stray = None;
        let sequence_step = i64::from(packet.sequence.wrapping_sub(last.sequence as u16) as i16);
        let place = Place {
            timestamp: last.timestamp + step,
            // A new beginning numbers anew as well: count on from far ahead, so that nothing seems repeated.
            sequence: last.sequence.saturating_add_signed(sequence_step),
            anew,
        };
        if anew || place.timestamp > last.timestamp {
            self.remember(now, place);
        }
        Some(place)
    }

    /// Keeps a packet; `false` if it is there already.
    pub(super) fn insert(&mut self, timestamp: i64, waiting: Waiting) -> bool {
        if self.packets.contains_key(&timestamp) {
            return false;
        }
        self.packets.insert(timestamp, waiting);
        if self.packets.len() > MAX_PACKETS {
            self.packets.pop_first();
        }
        true
    }

    /// Takes the packet that begins exactly there.
    pub(super) fn take(&mut self, timestamp: i64) -> Option<Waiting> {
        self.packets.remove(&timestamp)
    }

    /// The earliest packet.
    pub(super) fn first(&self) -> Option<(i64, &Waiting)> {
        self.packets.first_key_value().map(|(&timestamp, waiting)| (timestamp, waiting))
    }

    /// Leaves out what begins before `timestamp`.
    pub(super) fn discard_before(&mut self, timestamp: i64) {
        self.packets = self.packets.split_off(&timestamp);
    }

    /// Samples from `timestamp` to the end of the last packet, gaps included.
    pub(super) fn span_from(&self, timestamp: i64) -> i64 {
        self.packets.last_key_value().map_or(0, |(&last, waiting)| (last + waiting.samples as i64 - timestamp).max(0))
    }

    fn remember(&mut self, now: Timestamp, place: Place) {
        self.last = Some(Last { timestamp: place.timestamp, sequence: place.sequence, at: now });
    }
}

const SAMPLES_PER_MS: i64 = SAMPLE_RATE as i64 / 1_000;
/// Ten seconds: no network keeps a packet longer, no pause in a running clock is longer unless time itself passed.
const JUMP: i64 = 10 * SAMPLE_RATE as i64;
/// Four seconds of 10 ms packets.
const MAX_PACKETS: usize = 400;

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
    fn a_long_pause_is_no_jump_while_the_clock_runs_on() {
        let mut buffer = JitterBuffer::default();
        assert!(buffer.place(Timestamp::ZERO, &packet(1, 0)).is_some());
        let place = buffer.place(Timestamp::from_millis(60_000), &packet(2, 60 * 48_000));
        assert!(place.is_some_and(|place| !place.anew));
    }
}
