//! The picture on its way over a [`Path`](crate::path::Path): packets as an encoder with temporal layers makes them, what
//! is asked for again, repair packets, assembly; and what a viewer sees of it.

use std::collections::VecDeque;
use std::time::Duration;

use congestion::{
    FrameQueue, History, NackGenerator, Protected, QueuedFrame, Rebuilder, RepairPlanner, VoiceLosses, protect,
};
use media::{FrameAssembler, PicturePacket};
use rand::RngExt;
use rand::rngs::StdRng;
use units::{DataRate, Timestamp};

/// What of the picture is in a packet.
#[derive(Debug, Clone)]
pub(crate) enum Piece {
    Packet(PicturePacket),
    Again(PicturePacket),
    Repair(Vec<u8>),
}

impl Piece {
    pub(crate) fn bytes(&self) -> usize {
        match self {
            Self::Packet(packet) => packet.payload.len(),
            Self::Again(packet) => packet.payload.len() + 2,
            Self::Repair(code) => code.len(),
        }
    }
}

/// A coded picture.
#[derive(Debug, Clone)]
pub(crate) struct Coded {
    captured: Timestamp,
    key: bool,
    layer: u8,
    number: u8,
    bytes: usize,
}

/// Who sends.
pub(crate) struct PictureSource {
    pub(crate) frames: FrameQueue<Coded>,
    pub(crate) history: History<PicturePacket>,
    pub(crate) planner: RepairPlanner,
    pub(crate) losses: VoiceLosses,
    /// Pictures since the last key frame.
    coded: u32,
    /// `frame_num` of the next picture.
    number: u8,
    rows: u32,
    sequence: u16,
    pub(crate) key_wanted: bool,
    last_key: Option<Timestamp>,
}

impl PictureSource {
    pub(crate) fn new(rate: DataRate) -> Self {
        Self {
            frames: FrameQueue::new(),
            history: History::new(rate),
            planner: RepairPlanner::new(rate),
            losses: VoiceLosses::new(),
            coded: 0,
            number: 0,
            rows: 0,
            sequence: 65_000,
            key_wanted: true,
            last_key: None,
        }
    }

    /// Codes a picture of about `mean` bytes, as OpenH264 was measured to spread them over its layers.
    pub(crate) fn code(&mut self, now: Timestamp, rows: u32, mean: f64, random: &mut StdRng) {
        let due = self.last_key.is_none_or(|last| now.since(last) >= KEY_FRAME_INTERVAL);
        // Another size begins with one.
        let key = self.key_wanted && due || rows != self.rows;
        self.rows = rows;
        if key {
            (self.key_wanted, self.last_key, self.coded, self.number) = (false, Some(now), 0, 0);
        }
        let layer = [0, 2, 1, 2][self.coded as usize % 4];
        let scale = if key { 4.0 } else { [1.76, 1.12, 0.56][usize::from(layer)] * random.random_range(0.8..1.2) };
        let bytes = ((mean * scale) as usize).max(40);
        let coded = Coded { captured: now, key, layer, number: self.number, bytes };
        self.coded += 1;
        self.number = (self.number + u8::from(layer < 2)) % 32;
        self.frames.push(now, QueuedFrame { key, layer, bytes, deadline: now + MAX_WAIT, item: coded });
    }

    /// The packets of a picture that leaves, repair packets behind them.
    pub(crate) fn packets(&mut self, now: Timestamp, coded: &Coded) -> Vec<Piece> {
        let timestamp = (coded.captured.as_micros() * 90 / 1_000) as u32;
        let cut = if coded.layer == 0 { self.planner.payload(coded.bytes, SLICE) } else { None };
        let longest = cut.unwrap_or(SLICE);
        let slices = coded.bytes.div_ceil(longest);
        let packets: Vec<PicturePacket> = (0..slices)
            .map(|slice| {
                let length = if slice + 1 == slices { coded.bytes - slice * longest } else { longest };
                let sequence = self.sequence;
                self.sequence = self.sequence.wrapping_add(1);
                let mut payload = beginning(coded, slice);
                payload.resize(length.max(payload.len()), 0xaa);
                if coded.key && slice == 0 {
                    // What follows the parameters is one unit.
                    let unit = (payload.len() - KEY_UNIT - 2) as u16;
                    payload[KEY_UNIT..KEY_UNIT + 2].copy_from_slice(&unit.to_be_bytes());
                }
                PicturePacket { sequence, timestamp, marker: slice + 1 == slices, payload }
            })
            .collect();
        let mut pieces: Vec<Piece> = packets.iter().cloned().map(Piece::Packet).collect();
        if coded.layer == 0 {
            let longest = packets.iter().map(|packet| packet.payload.len()).max().unwrap_or(0) + 10;
            let count = self.planner.plan(now, slices, longest + crate::path::OVERHEAD);
            let sources: Vec<_> = packets.iter().map(protected).collect();
            pieces.extend(protect(&sources, count).into_iter().map(Piece::Repair));
        }
        pieces
    }
}

/// The first bytes of a slice, which are all that frame assembly looks at.
fn beginning(coded: &Coded, slice: usize) -> Vec<u8> {
    let importance = [3, 1, 0][usize::from(coded.layer)];
    match (coded.key, slice) {
        // Parameters with numbers of five bits that may have gaps.
        (true, 0) => vec![0x78, 0, 6, 0x67, 66, 0xc0, 31, 0b1010_0110, 0b1110_0000, 0, 2, 0x65, 0b1110_0000],
        (true, _) => vec![0x65, 0b0101_1100],
        (false, 0) => vec![importance << 5 | 1, 0b1110_0000 | coded.number],
        (false, _) => vec![importance << 5 | 1, 0b0101_1100],
    }
}

/// Whether a key frame begins with this packet: with an aggregate of its parameters.
pub(crate) fn begins_anew(packet: &PicturePacket) -> bool {
    packet.payload.first() == Some(&0x78)
}

fn protected(packet: &PicturePacket) -> Protected<&[u8]> {
    let PicturePacket { sequence, timestamp, marker, payload } = packet;
    Protected { sequence: *sequence, timestamp: *timestamp, marker: *marker, payload }
}

/// Who receives.
pub(crate) struct PictureSink {
    assembler: FrameAssembler,
    pub(crate) nack: NackGenerator,
    rebuilder: Rebuilder,
    /// When each picture was shown, and how long after it was taken.
    pub(crate) shown: Vec<(Timestamp, Duration)>,
    pub(crate) key_frames_asked: u32,
    pub(crate) rebuilt: u32,
}

impl PictureSink {
    pub(crate) fn new() -> Self {
        Self {
            assembler: FrameAssembler::new(),
            nack: NackGenerator::new(),
            rebuilder: Rebuilder::new(),
            shown: Vec::new(),
            key_frames_asked: 0,
            rebuilt: 0,
        }
    }

    pub(crate) fn set_round_trip(&mut self, round_trip: Duration) {
        let deadline =
            (round_trip * 2 + Duration::from_millis(60)).clamp(Duration::from_millis(400), Duration::from_millis(800));
        self.assembler.set_deadline(deadline);
        self.assembler.set_patience(media::frame_assembly::patience(round_trip));
        self.nack.set_deadline(deadline);
        self.nack.set_round_trip(round_trip);
    }

    pub(crate) fn take(&mut self, now: Timestamp, piece: Piece) {
        let rebuilt = match piece {
            Piece::Packet(packet) | Piece::Again(packet) if packet.payload.is_empty() => return,
            Piece::Packet(packet) => {
                self.nack.on_packet(now, packet.sequence, false);
                let rebuilt = self.rebuilder.on_packet(&protected(&packet));
                self.assembler.push(now, packet);
                rebuilt
            }
            Piece::Again(packet) => {
                self.nack.on_packet(now, packet.sequence, true);
                let rebuilt = self.rebuilder.on_packet(&protected(&packet));
                self.assembler.push(now, packet);
                rebuilt
            }
            Piece::Repair(code) => self.rebuilder.on_repair(&code),
        };
        for Protected { sequence, timestamp, marker, payload } in rebuilt {
            self.rebuilt += 1;
            self.nack.on_packet(now, sequence, true);
            self.assembler.push(now, PicturePacket { sequence, timestamp, marker, payload });
        }
    }

    /// Shows what can be shown; whether a key frame is to be asked for.
    pub(crate) fn show(&mut self, now: Timestamp) -> bool {
        while let Some(frame) = self.assembler.next(now) {
            let captured = Timestamp::from_micros((u64::from(frame.timestamp) * 1_000).div_ceil(90));
            self.shown.push((now, now.since(captured)));
        }
        let wants = self.assembler.wants_key_frame(now);
        self.key_frames_asked += u32::from(wants);
        wants
    }

    /// Milliseconds frozen from `from` to `to`, as W3C's webrtc-stats counts freezes, the gaps at both ends included.
    pub(crate) fn frozen(&self, from: Timestamp, to: Timestamp) -> u64 {
        let mut recent: VecDeque<Duration> = VecDeque::new();
        let mut frozen = Duration::ZERO;
        let shown = self.shown.iter().map(|(at, _)| *at).filter(|at| (from..to).contains(at));
        let moments: Vec<Timestamp> = [from].into_iter().chain(shown).chain([to]).collect();
        for pair in moments.windows(2) {
            let gap = pair[1].since(pair[0]);
            let mean = recent.iter().sum::<Duration>() / recent.len().max(1) as u32;
            if gap > (mean * 3).max(mean + Duration::from_millis(150)) {
                frozen += gap;
            }
            recent.push_back(gap);
            if recent.len() > 30 {
                recent.pop_front();
            }
        }
        frozen.as_millis() as u64
    }

    /// Milliseconds without a moving picture from `from` to `to`, as the scoreboard counts them: each second with fewer
    /// than 15 pictures, and freezes in the others.
    pub(crate) fn still(&self, from: Timestamp, to: Timestamp) -> u64 {
        let second = Duration::from_secs(1);
        let seconds = (0..).map(|index| from + second * index).take_while(|at| *at < to);
        seconds
            .map(|at| {
                let shown = self.shown.iter().filter(|(shown, _)| (at..at + second).contains(shown)).count();
                if shown < 15 { 1_000 } else { self.freezes_within(at, at + second) }
            })
            .sum()
    }

    fn freezes_within(&self, from: Timestamp, to: Timestamp) -> u64 {
        let mut recent: VecDeque<Duration> = VecDeque::new();
        let mut frozen = Duration::ZERO;
        for pair in self.shown.windows(2) {
            let gap = pair[1].0.since(pair[0].0);
            let mean = recent.iter().sum::<Duration>() / recent.len().max(1) as u32;
            if gap > (mean * 3).max(mean + Duration::from_millis(150)) {
                frozen += pair[1].0.min(to).since(pair[0].0.max(from));
            }
            recent.push_back(gap);
            if recent.len() > 30 {
                recent.pop_front();
            }
        }
        frozen.as_millis() as u64
    }

    /// Pictures a second from `from` to `to`, and how long half of them and 95 of a hundred took from camera to here.
    pub(crate) fn seen(&self, from: Timestamp, to: Timestamp) -> (f64, u64, u64) {
        let within = self.shown.iter().filter(|(at, _)| (from..to).contains(at));
        let mut delays: Vec<u64> = within.map(|(_, delay)| delay.as_millis() as u64).collect();
        delays.sort_unstable();
        let part =
            |hundredth: usize| delays.get(delays.len().saturating_sub(1) * hundredth / 100).copied().unwrap_or(0);
        (delays.len() as f64 / to.since(from).as_secs_f64(), part(50), part(95))
    }
}

/// As the peer has them.
const KEY_FRAME_INTERVAL: Duration = Duration::from_millis(400);
const MAX_WAIT: Duration = Duration::from_millis(1_200);
/// Where the length of a key frame's first slice stands in its packet.
const KEY_UNIT: usize = 9;
/// As the encoder has it.
const SLICE: usize = 1_100;
