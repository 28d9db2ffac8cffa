//! From RTP packets to whole pictures that can be decoded.
//!
//! A picture is handed out when all its packets are there and either the one before it was handed out too, or it is a key
//! frame, or H.264's own numbers prove that it needs nothing of what is missing ([`references`]): what was lost of an
//! upper temporal layer is left out. The decoder is not asked: it answers a missing reference with errors until the
//! next key frame.

mod frame;
mod references;

use std::collections::BTreeMap;
use std::time::Duration;

use units::Timestamp;

pub use self::frame::{AssembledFrame, AssemblyStats, PicturePacket};
use self::references::References;
use crate::h264::depacketize::{Depacketizer, starts_key_frame};

/// Puts pictures together again: orders packets, leaves out repeated ones, waits for what is missing and gives it up.
#[derive(Debug)]
pub struct FrameAssembler {
    deadline: Duration,
    /// How long what nobody needs is waited for.
    patience: Duration,
    references: References,
    packets: BTreeMap<u64, Held>,
    bytes: usize,
    /// The highest sequence number seen, counted on beyond 16 bits.
    newest: Option<u64>,
    position: Position,
    /// When the packet at the position was first missed.
    missing_since: Option<Timestamp>,
    /// When the first packet came that no key frame came before.
    waiting_since: Option<Timestamp>,
    asked: Option<Timestamp>,
    last_arrival: Timestamp,
    /// When the next picture was last asked for.
    last_looked: Timestamp,
    /// Packets in a row that were too old: a sender that began anew.
    too_old: u32,
    stats: AssemblyStats,
}

/// How far the stream was handed out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Position {
    /// Everything was handed out up to this packet, which comes next.
    At(u64),
    /// A reference is missing: only a key frame that begins at this packet or later can go on.
    KeyFrameFrom(u64),
}

#[derive(Debug)]
struct Held {
    timestamp: u32,
    marker: bool,
    payload: Vec<u8>,
    arrived: Timestamp,
}

impl FrameAssembler {
    /// An assembler that has seen nothing and waits for a key frame.
    pub fn new() -> Self {
        Self {
            deadline: DEFAULT_DEADLINE,
            patience: Duration::ZERO,
            references: References::default(),
            packets: BTreeMap::new(),
            bytes: 0,
            newest: None,
            position: Position::KeyFrameFrom(0),
            missing_since: None,
            waiting_since: None,
            asked: None,
            last_arrival: Timestamp::ZERO,
            last_looked: Timestamp::ZERO,
            too_old: 0,
            stats: AssemblyStats::default(),
        }
    }

    /// How long to wait for a retransmission before a picture is given up, from when its first gap showed.
    pub fn set_deadline(&mut self, deadline: Duration) {
        self.deadline = deadline;
    }

    /// How long to wait for a picture that no other needs when one after it could be shown. Less than a round trip is in
    /// vain, and longer than this it is better left out.
    pub fn set_patience(&mut self, patience: Duration) {
        self.patience = patience;
    }

    /// Takes a packet.
    pub fn push(&mut self, now: Timestamp, packet: PicturePacket) {
        self.stats.packets += 1;
        let sequence = self.unwrapped(packet.sequence);
        let (Position::At(earliest) | Position::KeyFrameFrom(earliest)) = self.position;
        if sequence < earliest {
            self.stats.useless_packets += 1;
            self.too_old += 1;
            if self.too_old >= RESTARTED_AFTER {
                self.forget();
            }
            return;
        }
        self.too_old = 0;
        self.last_arrival = now;
        if matches!(self.position, Position::KeyFrameFrom(_)) {
            self.waiting_since.get_or_insert(now);
        }
        let PicturePacket { timestamp, marker, payload, .. } = packet;
        let length = payload.len();
        if self.packets.contains_key(&sequence) {
            self.stats.useless_packets += 1;
            return;
        }
        self.newest = self.newest.max(Some(sequence));
        self.packets.insert(sequence, Held { timestamp, marker, payload, arrived: now });
        self.bytes += length;
        if self.packets.len() > MAX_PACKETS || self.bytes > MAX_BYTES {
            // A sender that never finishes a picture: start over rather than keep it all.
            self.wait_for_key_frame(sequence);
            self.waiting_since.get_or_insert(now);
        }
    }

    /// The next picture in order, if it is whole and everything it needs was handed out before.
    pub fn next(&mut self, now: Timestamp) -> Option<AssembledFrame> {
        self.last_looked = self.last_looked.max(now);
        // Every turn hands out, moves the position forward or ends; packets are finite.
        loop {
            let found = match self.position {
                Position::At(sequence) => self.in_order(now, sequence)?,
                Position::KeyFrameFrom(earliest) => self.key_frame(now, earliest)?,
            };
            match found {
                Found::Frame(first, last) => {
                    if let Some(frame) = self.hand_out(first, last) {
                        return Some(frame);
                    }
                }
                Found::Moved => {}
            }
        }
    }

    /// Tells that the decoder refused the last picture: nothing is handed out before the next key frame.
    pub fn decoder_failed(&mut self, now: Timestamp) {
        if let Position::At(sequence) = self.position {
            self.wait_for_key_frame(sequence);
            self.waiting_since = Some(now);
        }
    }

    /// Whether the sender must be asked for a key frame now. True once per request; again when none came for a while.
    pub fn wants_key_frame(&mut self, now: Timestamp) -> bool {
        let due = self.request_due().is_some_and(|due| due <= now);
        if due {
            self.asked = Some(now);
        }
        due
    }

    /// When to call [`next`](Self::next) and [`wants_key_frame`](Self::wants_key_frame) at the latest though no packet
    /// comes.
    pub fn poll_timeout(&self) -> Option<Timestamp> {
        match self.position {
            Position::At(_) => self.missing_since.map(|since| {
                let patience = since + self.patience;
                if patience > self.last_looked { patience } else { since + self.deadline }
            }),
            Position::KeyFrameFrom(_) => self.request_due(),
        }
    }

    /// What became of the pictures so far.
    pub fn stats(&self) -> AssemblyStats {
        self.stats
    }

    /// The picture that begins at `sequence`, or the decision not to wait for it any longer.
    fn in_order(&mut self, now: Timestamp, sequence: u64) -> Option<Found> {
        if let Some(held) = self.packets.get(&sequence)
            && held.payload.is_empty()
        {
            // It only filled the link.
            self.discard_before(sequence + 1);
            self.position = Position::At(sequence + 1);
            self.missing_since = None;
            return Some(Found::Moved);
        }
        if let Some(last) = self.whole_from(sequence) {
            return Some(Found::Frame(sequence, last));
        }
        let complete_to = self.contiguous_from(sequence);
        if self.newest.is_none_or(|newest| newest < complete_to) {
            // Nothing is missing: the rest is still being sent.
            self.missing_since = None;
            return None;
        }
        let since = *self.missing_since.get_or_insert(now);
        if now >= since + self.patience
            && let Some((first, last)) = self.find_independent(sequence, complete_to)
        {
            return Some(Found::Frame(first, last));
        }
        if now >= since + self.deadline || self.find_key_frame(complete_to).is_some() {
            self.wait_for_key_frame(sequence);
            self.waiting_since = Some(now);
            return Some(Found::Moved);
        }
        None
    }

    /// The first whole key frame from `earliest` on.
    fn key_frame(&mut self, now: Timestamp, earliest: u64) -> Option<Found> {
        if let Some((first, last)) = self.find_key_frame(earliest) {
            return Some(Found::Frame(first, last));
        }
        let has_gap = self.newest_key_start().is_some_and(|first| Some(self.contiguous_from(first)) <= self.newest);
        self.missing_since = has_gap.then(|| self.missing_since.unwrap_or(now));
        None
    }

    fn newest_key_start(&self) -> Option<u64> {
        self.packets.iter().rev().find(|(_, held)| starts_key_frame(&held.payload)).map(|(&first, _)| first)
    }

    fn find_key_frame(&self, earliest: u64) -> Option<(u64, u64)> {
        let starts = self.packets.range(earliest..).filter(|(_, held)| starts_key_frame(&held.payload));
        starts.filter_map(|(&first, _)| Some((first, self.whole_from(first)?))).next()
    }

    /// The first whole picture after the gap at `missing` that needs nothing from `sequence` on.
    fn find_independent(&self, sequence: u64, missing: u64) -> Option<(u64, u64)> {
        let held_before = missing - sequence;
        self.packets.range(missing..).zip(held_before..).find_map(|((&first, held), held_before)| {
            let lost = first - sequence - held_before;
            self.references.allow(&held.payload, lost).then(|| Some((first, self.whole_from(first)?)))?
        })
    }

    /// The last packet of the picture that begins at `first`, if all of it is there.
    fn whole_from(&self, first: u64) -> Option<u64> {
        let timestamp = self.packets.get(&first)?.timestamp;
        for (expected, (&sequence, held)) in (first..).zip(self.packets.range(first..)) {
            if sequence != expected {
                return None;
            }
            if held.timestamp != timestamp && !held.payload.is_empty() {
                // No marker, but the next picture begins: the sender forgot it, or it is not ours to demand.
                return Some(sequence - 1);
            }
            if held.marker && held.timestamp == timestamp {
                return Some(sequence);
            }
        }
        None
    }

    /// The first packet from `sequence` on that is not there.
    fn contiguous_from(&self, sequence: u64) -> u64 {
        (sequence..).zip(self.packets.range(sequence..)).find(|(expected, (at, _))| expected != *at).map_or_else(
            || self.packets.last_key_value().map_or(sequence, |(&last, _)| (last + 1).max(sequence)),
            |(expected, _)| expected,
        )
    }

    fn hand_out(&mut self, first: u64, last: u64) -> Option<AssembledFrame> {
        self.drop_before(first);
        let mut depacketizer = Depacketizer::new();
        let mut timestamp = 0;
        let mut arrived = Timestamp::ZERO;
        let mut intact = true;
        for (_, held) in self.packets.range(first..=last) {
            if !held.payload.is_empty() {
                intact &= depacketizer.push(&held.payload).is_ok();
                timestamp = held.timestamp;
            }
            arrived = arrived.max(held.arrived);
        }
        let was_waiting = matches!(self.position, Position::KeyFrameFrom(_));
        let unit = depacketizer.finish().ok().filter(|_| intact);
        let Some((annexb, key)) = unit.filter(|(_, key)| *key || !was_waiting) else {
            self.drop_before(last + 1);
            self.wait_for_key_frame(last + 1);
            self.waiting_since.get_or_insert(arrived);
            return None;
        };
        self.discard_before(last + 1);
        self.position = Position::At(last + 1);
        (self.missing_since, self.waiting_since, self.asked) = (None, None, None);
        self.references.on_frame(&annexb, key);
        self.stats.frames += 1;
        self.stats.key_frames += u64::from(key);
        Some(AssembledFrame { annexb, timestamp, key, arrived })
    }

    fn wait_for_key_frame(&mut self, from: u64) {
        self.position = Position::KeyFrameFrom(from);
        self.missing_since = None;
        if self.packets.len() > MAX_PACKETS || self.bytes > MAX_BYTES {
            self.drop_before(from);
        }
        // What belongs to no key frame will never be decoded.
        let keep = self.packets.iter().find(|(_, held)| starts_key_frame(&held.payload)).map(|(&first, _)| first);
        let past = self.newest.map_or(from, |newest| newest + 1);
        self.drop_before(keep.unwrap_or(past));
    }

    /// When the sender is to be asked for a key frame; `None` if it is not.
    fn request_due(&self) -> Option<Timestamp> {
        let Position::KeyFrameFrom(_) = self.position else { return None };
        let since = self.waiting_since?;
        let first = match (self.newest_key_start(), self.missing_since) {
            (Some(_), Some(missing)) => since.max(missing + self.deadline),
            // One is on its way: ask only if it gets stuck. On a slow link it takes its time.
            (Some(_), None) => since.max(self.last_arrival + self.deadline),
            (None, _) if self.stats.key_frames == 0 => since + FIRST_PATIENCE,
            (None, _) => since,
        };
        Some(self.asked.map_or(first, |asked| first.max(asked + REQUEST_INTERVAL)))
    }

    /// Forgets packets before `sequence` that were never handed out.
    fn drop_before(&mut self, sequence: u64) {
        let mut last = None;
        for held in self.packets.range(..sequence).map(|(_, held)| held).filter(|held| !held.payload.is_empty()) {
            if last != Some(held.timestamp) {
                last = Some(held.timestamp);
                self.stats.dropped_frames += 1;
            }
        }
        self.discard_before(sequence);
    }

    fn discard_before(&mut self, sequence: u64) {
        let kept = self.packets.split_off(&sequence);
        self.bytes -= self.packets.values().map(|held| held.payload.len()).sum::<usize>();
        self.packets = kept;
    }

    fn forget(&mut self) {
        self.drop_before(u64::MAX);
        self.newest = None;
        self.position = Position::KeyFrameFrom(0);
        self.missing_since = None;
        self.too_old = 0;
    }

    /// `sequence` counted on beyond 16 bits: the number nearest to the newest one (RFC 3550 §A.1).
    fn unwrapped(&self, sequence: u16) -> u64 {
        let Some(newest) = self.newest else {
            // Room below for packets that were overtaken by the first.
            return u64::from(sequence) + (1 << 16);
        };
        let step = sequence.wrapping_sub(newest as u16) as i16;
        newest.saturating_add_signed(i64::from(step))
    }
}

impl Default for FrameAssembler {
    fn default() -> Self {
        Self::new()
    }
}

/// How long a picture that no other needs is worth waiting for, where asking for its packets again takes `round_trip`:
/// nothing if they could not come before everybody sees the picture stand still.
pub fn patience(round_trip: Duration) -> Duration {
    let answered = round_trip + ANSWER_MARGIN;
    if answered <= MOST_PATIENCE { answered } else { Duration::ZERO }
}

enum Found {
    Frame(u64, u64),
    Moved,
}

/// Two round trips over a slow link, less than what people call a freeze.
const DEFAULT_DEADLINE: Duration = Duration::from_millis(300);
/// What a request and its answer take beyond a round trip: the moment for which reordering is forgiven, and jitter.
const ANSWER_MARGIN: Duration = Duration::from_millis(20);
/// Of the 150 ms beyond a picture's own time after which a standstill counts as a freeze (W3C webrtc-stats), what is left
/// when the next picture had to come first.
const MOST_PATIENCE: Duration = Duration::from_millis(100);
/// At the very start the first key frame is on its way: ask only when it seems lost.
const FIRST_PATIENCE: Duration = Duration::from_millis(200);
/// A request may be lost, but asking more often than a key frame can answer only fills the link.
const REQUEST_INTERVAL: Duration = Duration::from_millis(500);
/// Packets in a row older than what was handed out: more than any network repeats, so the sender began anew.
const RESTARTED_AFTER: u32 = 100;
/// Over a second of 1080p at its best.
const MAX_PACKETS: usize = 2_048;
const MAX_BYTES: usize = 4 << 20;
