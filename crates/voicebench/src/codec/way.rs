//! One way of a call in virtual time: voice, encoder, RED, link, playout.

use std::time::Duration;

use anyhow::Result;
use media::voice::{Encoder, FRAME, Receiver, VoicePacket, VoiceSettings, red};
use units::{Timestamp, VoiceRedundancy};

use super::air::{Air, Weather};
use super::sender::{Choice, Sender};

/// What came of it.
#[derive(Debug)]
pub(super) struct Heard {
    /// What was heard, at 48 kHz, on the clock of what was said; as long as it.
    pub(super) samples: Vec<f32>,
    /// Of the scored time:
    pub(super) tally: Tally,
}

/// Counts of the scored time.
#[derive(Debug, Clone, Default)]
pub(super) struct Tally {
    /// Bytes on the wire: each packet's payload and 64 around it.
    pub(super) wire_bytes: u64,
    /// Those of the busiest second.
    pub(super) busiest_second_bytes: u64,
    pub(super) packets: u64,
    pub(super) lost: u64,
    /// How long after the earliest possible moment the voice was heard, on average, and how much of it waited.
    pub(super) playout_delay_ms: f64,
    pub(super) waiting_ms: f64,
    /// Of what was heard: made up because nothing was there, and lost but come a second time.
    pub(super) concealed: f64,
    pub(super) recovered: f64,
    /// How often the settings changed.
    pub(super) changes: u64,
    /// Packet length and redundancy at the end, in words.
    pub(super) settled: String,
}

/// Sends `before`, round and round for a while, and then `said` (both at 48 kHz) over the link.
///
/// First the policy hears what the link is like. Then all but its knowledge begins anew and settles, so that a policy and
/// the single scheme that it has come to send the very same packets, and schemes of one packet length lose the same words.
pub(super) fn send(before: &[f32], said: &[f32], choice: &Choice, weather: Weather, seed: u64) -> Result<Heard> {
    let mut way = Way::new(choice, weather, seed)?;
    way.pass(before, POLICY_HEARS)?;
    way.begin_anew()?;
    way.pass(before, SETTLES)?;
    way.air = Air::new(way.now, weather, seed);
    way.tally = Tally::default();
    let before = way.receiver.stats();
    let mut samples = Vec::with_capacity(said.len());
    let mut seconds = Vec::new();
    let (mut delays, mut waiting, mut pulls) = (0.0, 0.0, 0_u64);
    for frame in said.as_chunks::<FRAME>().0 {
        samples.extend_from_slice(&way.hear());
        let stats = way.receiver.stats();
        delays += f64::from(stats.playout_delay_ms);
        waiting += f64::from(stats.buffer_ms);
        pulls += 1;
        way.say(frame)?;
        if pulls.is_multiple_of(TICKS_A_SECOND) {
            seconds.push(way.tally.wire_bytes);
        }
    }
    let after = way.receiver.stats();
    let played = (after.played_samples - before.played_samples).max(1) as f64;
    let mut tally = way.tally;
    let by_second = std::iter::once(0).chain(seconds.iter().copied()).zip(&seconds).map(|(from, to)| to - from);
    tally.busiest_second_bytes = by_second.max().unwrap_or(0);
    tally.playout_delay_ms = delays / pulls.max(1) as f64;
    tally.waiting_ms = waiting / pulls.max(1) as f64;
    tally.concealed = (after.concealed_samples - before.concealed_samples) as f64 / played;
    tally.recovered = (after.recovered_samples() - before.recovered_samples()) as f64 / played;
    tally.settled = in_words(&way.sender.settings());
    Ok(Heard { samples, tally })
}

/// Packet length and redundancy.
fn in_words(settings: &VoiceSettings) -> String {
    let redundancy = match settings.redundancy {
        VoiceRedundancy::None => "deep PLC".to_owned(),
        VoiceRedundancy::InBand => "in-band FEC".to_owned(),
        VoiceRedundancy::Red { copies: 1, distance: 1 } => "RED".to_owned(),
        VoiceRedundancy::Red { copies: 1, distance: 2 } => "RED two back".to_owned(),
        VoiceRedundancy::Red { copies, distance } => format!("RED, {copies} copies, {distance} apart"),
        VoiceRedundancy::Dred { .. } => "DRED".to_owned(),
    };
    format!("{} ms, {redundancy}", settings.packet_ms)
}

/// All that stands between a mouth and an ear.
#[derive(Debug)]
struct Way {
    now: Timestamp,
    weather: Weather,
    seed: u64,
    sender: Sender,
    encoder: Encoder,
    sequence: u16,
    air: Air,
    under_way: Vec<(Timestamp, VoicePacket)>,
    receiver: Receiver,
    tally: Tally,
}

impl Way {
    fn new(choice: &Choice, weather: Weather, seed: u64) -> Result<Self> {
        let sender = Sender::new(choice, weather.one_way());
        Ok(Self {
            now: Timestamp::ZERO,
            weather,
            seed,
            encoder: Encoder::new(sender.settings())?,
            sender,
            sequence: 0,
            // Other weather than that of the scored time.
            air: Air::new(Timestamp::ZERO, weather, !seed),
            under_way: Vec::new(),
            receiver: Receiver::new()?,
            tally: Tally::default(),
        })
    }

    /// Another call over the same link, with what the policy knows of it.
    fn begin_anew(&mut self) -> Result<()> {
        self.encoder = Encoder::new(self.sender.settings())?;
        self.receiver = Receiver::new()?;
        self.under_way.clear();
        self.sequence = 0;
        self.air = Air::new(self.now, self.weather, !self.seed);
        Ok(())
    }

    /// Sends words that nobody scores, at least for so long and to the end of a packet.
    fn pass(&mut self, words: &[f32], least: Duration) -> Result<()> {
        let until = self.now + least;
        for frame in words.as_chunks::<FRAME>().0.iter().cycle() {
            self.hear();
            if self.say(frame)? && self.now >= until {
                break;
            }
        }
        Ok(())
    }

    /// What is heard in the next 10 ms.
    fn hear(&mut self) -> [f32; FRAME] {
        self.under_way.sort_by_key(|(at, _)| *at);
        let arrived = self.under_way.partition_point(|(at, _)| *at <= self.now);
        for (at, packet) in self.under_way.drain(..arrived) {
            self.receiver.push(at, packet);
        }
        let mut out = [0.0; FRAME];
        self.receiver.pull(self.now, &mut out);
        out
    }

    /// What is said in the same 10 ms, sent when they are over; whether a packet left.
    fn say(&mut self, frame: &[f32; FRAME]) -> Result<bool> {
        self.now += TICK;
        self.tally.changes += u64::from(self.sender.look(self.now));
        self.encoder.set(self.sender.settings());
        let Some(voice) = self.encoder.push(frame) else { return Ok(false) };
        self.sequence = self.sequence.wrapping_add(1);
        let packed = (!voice.redundant.is_empty()).then(|| red::pack(OPUS, &voice));
        let bytes = packed.as_ref().unwrap_or(&voice.payload).len() as u64 + HEADERS;
        let arrives = self.air.carry(self.now, bytes);
        self.sender.sent(self.now, arrives);
        self.tally.wire_bytes += bytes;
        self.tally.packets += 1;
        self.tally.lost += u64::from(arrives.is_none());
        if let Some(at) = arrives {
            let (payload, redundant) = match &packed {
                Some(packed) => {
                    let parsed = red::parse(OPUS, packed)?;
                    (parsed.primary.to_vec(), parsed.redundant_blocks())
                }
                None => (voice.payload, Vec::new()),
            };
            let packet = VoicePacket { sequence: self.sequence, timestamp: voice.timestamp, payload, redundant };
            self.under_way.push((at, packet));
        }
        Ok(true)
    }
}

/// The policy counts losses over 15 seconds …
const POLICY_HEARS: Duration = Duration::from_secs(20);
/// … and playout over ten.
const SETTLES: Duration = Duration::from_secs(12);
const TICK: Duration = Duration::from_millis(10);
const TICKS_A_SECOND: u64 = 100;
/// Around a voice packet: IPv4 20, UDP 8, RTP 12, header extensions 8, AES-GCM's tag 16.
pub(super) const HEADERS: u64 = 64;
const OPUS: u8 = 111;
