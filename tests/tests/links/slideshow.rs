//! Single pictures over a link: cut into packets, asked for again, whole at last.

use std::collections::BTreeMap;
use std::time::Duration;

use congestion::{History, NackGenerator};
use units::{DataRate, Timestamp};

/// As the peer cuts them.
const PAYLOAD: usize = 170;
const OVERHEAD: usize = 64;
/// As the session waits after one that became large.
const LONGEST_WAIT: Duration = Duration::from_secs(3);
/// How long the receiver waits for what is missing of one.
const DEADLINE: Duration = Duration::from_secs(4);

/// A packet of a slide.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SlidePacket {
    sequence: u16,
    slide: usize,
    /// How many packets it has.
    of: usize,
    payload: usize,
}

impl SlidePacket {
    /// Of the IP packet.
    pub(crate) fn bytes(&self) -> usize {
        self.payload + OVERHEAD
    }
}

/// Both ends of a slideshow.
pub(crate) struct Slideshow {
    // The sender's.
    next_sequence: u16,
    taken: Option<Timestamp>,
    slides: usize,
    /// Of the last one.
    bytes: usize,
    /// Packets that have not left yet.
    waiting: usize,
    history: History<SlidePacket>,
    // The receiver's.
    nack: NackGenerator,
    partly: BTreeMap<usize, BTreeMap<u16, SlidePacket>>,
    whole: Vec<(Timestamp, usize)>,
    /// Each refers to the one before: they are decoded in their order.
    next: usize,
}

impl Slideshow {
    pub(crate) fn new(round_trip: Duration) -> Self {
        let mut history = History::new(DataRate::from_kbps(60));
        history.set_round_trip(round_trip);
        let mut nack = NackGenerator::new();
        nack.set_round_trip(round_trip);
        nack.set_deadline(DEADLINE);
        Self {
            next_sequence: 1,
            taken: None,
            slides: 0,
            bytes: 0,
            waiting: 0,
            history,
            nack,
            partly: BTreeMap::new(),
            whole: Vec::new(),
            next: 1,
        }
    }

    /// The next picture, if it is due and the one before has left.
    pub(crate) fn take(&mut self, now: Timestamp, every: Duration, rate: DataRate) -> Vec<SlidePacket> {
        let paid = rate.time_for(self.bytes as u64).min(LONGEST_WAIT).max(every);
        if self.waiting > 0 || self.taken.is_some_and(|taken| now.since(taken) < paid) {
            return Vec::new();
        }
        self.taken = Some(now);
        let bytes = self.next_bytes(rate.bytes_in(every) as usize);
        self.bytes = bytes;
        let of = bytes.div_ceil(PAYLOAD);
        self.slides += 1;
        self.waiting = of;
        (0..of)
            .map(|index| {
                let payload = PAYLOAD.min(bytes - index * PAYLOAD);
                let sequence = self.next_sequence;
                self.next_sequence = sequence.wrapping_add(1);
                SlidePacket { sequence, slide: self.slides, of, payload }
            })
            .collect()
    }

    /// As our encoder makes them, which knows nothing of seconds without a picture: the first is a key frame.
    fn next_bytes(&self, wanted: usize) -> usize {
        match self.slides {
            0 => 3_900,
            1 => wanted * 9 / 5,
            more => wanted * [18, 13, 16, 20, 24, 17, 14, 21][more % 8] / 16,
        }
    }

    /// It left for the first time.
    pub(crate) fn on_sent(&mut self, now: Timestamp, packet: SlidePacket) {
        self.waiting = self.waiting.saturating_sub(1);
        self.history.on_sent(now, packet.sequence, packet.bytes(), packet);
    }

    /// What of this can be sent again.
    pub(crate) fn repeat(&mut self, now: Timestamp, missing: &[u16]) -> Vec<(SlidePacket, usize)> {
        missing
            .iter()
            .filter_map(|sequence| self.history.get(now, *sequence).copied())
            .map(|packet| (packet, packet.bytes() + 2))
            .collect()
    }

    /// It came.
    pub(crate) fn on_packet(&mut self, now: Timestamp, packet: SlidePacket) {
        self.nack.on_packet(now, packet.sequence, false);
        self.partly.entry(packet.slide).or_default().insert(packet.sequence, packet);
        let whole = |there: &BTreeMap<u16, SlidePacket>| there.values().next().is_some_and(|one| one.of == there.len());
        while let Some(there) = self.partly.get(&self.next).filter(|there| whole(there)) {
            self.whole.push((now, there.values().map(|packet| packet.payload).sum()));
            self.next += 1;
        }
    }

    /// What is to be asked for.
    pub(crate) fn missing(&mut self, now: Timestamp) -> Vec<u16> {
        self.nack.poll(now)
    }

    /// When pictures were whole, from `from` to `to` (seconds), and of how many bytes.
    pub(crate) fn arrived(&self, from: f64, to: f64) -> Vec<(f64, usize)> {
        let second = |at: Timestamp| at.as_secs_f64() - 1.0;
        self.whole.iter().map(|(at, bytes)| (second(*at), *bytes)).filter(|(at, _)| (from..to).contains(at)).collect()
    }
}
