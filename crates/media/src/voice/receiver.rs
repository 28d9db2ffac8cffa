//! Playout: packets in at any time, 10 ms of voice out whenever asked.
//!
//! ```text
//! Idle ──a packet, and its time has come──▶ playing ──nothing for a second, or a new beginning──▶ Idle
//! ```
//! While playing, samples are decoded just in time. Where a packet is missing and a later one is there, the gap is
//! filled from the later one's coarse copy, or made up. Where nothing later is there either, voice is made up *without*
//! moving on in the stream: whatever comes late is still heard, and the delay has grown by itself. Stretching and
//! shrinking then lead the delay back to what the [`DelayEstimator`] says.

use std::time::Duration;

use units::Timestamp;

use super::delay::DelayEstimator;
use super::jitter_buffer::{JitterBuffer, Waiting};
use super::time_scale::{self, Change};
use super::{Decoder, FRAME, MICROS_PER_SECOND, OpusDecoder, SAMPLE_RATE, VoiceError, VoicePacket};

/// What became of the voice so far.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct ReceiverStats {
    /// Milliseconds of voice that wait now, decoded or not.
    pub buffer_ms: f32,
    /// Milliseconds that voice shall wait for later packets, by the delays seen lately.
    pub target_ms: f32,
    /// Samples handed out, made-up ones included, silence before the first packet and in long pauses not.
    pub played_samples: u64,
    /// Those that were made up because nothing was there.
    pub concealed_samples: u64,
    /// Those that came from the coarse copy in a later packet.
    pub recovered_samples: u64,
    /// Samples inserted by stretching, to let the buffer grow.
    pub stretched_samples: u64,
    /// Samples left out by shrinking, to let the buffer drain.
    pub shrunk_samples: u64,
    /// Samples skipped because far too much waited.
    pub skipped_samples: u64,
    /// Packets pushed.
    pub packets: u64,
    /// Packets that came after their time was over.
    pub late_packets: u64,
    /// Packets that had come before.
    pub repeated_packets: u64,
    /// Packets that were no voice, or of no voice heard so far.
    pub refused_packets: u64,
}

/// One far voice: order, delay and loss in, an even stream out.
#[derive(Debug)]
pub struct Receiver<D = OpusDecoder> {
    decoder: D,
    buffer: JitterBuffer,
    delays: DelayEstimator,
    /// The timestamp of the next sample to decode; `None` while idle.
    position: Option<i64>,
    /// Decoded and not yet handed out.
    ready: Vec<f32>,
    /// The last that was handed out, for stretching.
    history: Vec<f32>,
    /// Samples made up since the stream last moved on.
    waited: usize,
    /// Samples made up in a row, with or without moving on.
    made_up: usize,
    /// What the voice would have gone on with, where some of it was skipped: faded into what comes next.
    seam: Vec<f32>,
    /// For how many more packets the sender counts as one that sends coarse copies, though a pause needs none.
    copies: u32,
    /// Samples in a packet, lately.
    packet_samples: usize,
    /// The least playout delay beyond the target in the current stretch of observation.
    least_excess: Option<i64>,
    observed: usize,
    /// How late voice shall be heard at least, in microseconds.
    least_delay: i64,
    /// How late what was handed out last was, in microseconds.
    lateness: Option<i64>,
    stats: ReceiverStats,
}

impl Receiver {
    /// A receiver of Opus that has heard nothing.
    pub fn new() -> Result<Self, VoiceError> {
        Ok(Self::with_decoder(OpusDecoder::new()?))
    }
}

impl<D: Decoder> Receiver<D> {
    /// A receiver with another codec.
    pub fn with_decoder(decoder: D) -> Self {
        Self {
            decoder,
            buffer: JitterBuffer::default(),
            delays: DelayEstimator::new(),
            position: None,
            ready: Vec::with_capacity(4 * FRAME),
            history: vec![0.0; time_scale::MAX_LAG],
            waited: 0,
            made_up: 0,
            seam: Vec::new(),
            copies: 0,
            packet_samples: FRAME * 2,
            least_excess: None,
            observed: 0,
            least_delay: 0,
            lateness: None,
            stats: ReceiverStats::default(),
        }
    }

    /// Takes a packet that arrived at `now`.
    pub fn push(&mut self, now: Timestamp, packet: VoicePacket) {
        self.stats.packets += 1;
        let samples = self.decoder.samples(&packet.payload);
        let place = if samples == 0 { None } else { self.buffer.place(now, &packet) };
        let Some(place) = place else {
            self.stats.refused_packets += 1;
            return;
        };
        if place.anew {
            self.rest();
        }
        self.delays.on_packet(now, place.timestamp, place.sequence);
        if self.position.is_some_and(|position| place.timestamp < position) {
            self.stats.late_packets += 1;
            return;
        }
        let has_copy = self.decoder.has_copy(&packet.payload);
        self.copies = if has_copy { COPIES_REMEMBERED } else { self.copies.saturating_sub(1) };
        self.packet_samples = samples;
        if !self.buffer.insert(place.timestamp, Waiting { payload: packet.payload, samples }) {
            self.stats.repeated_packets += 1;
        }
    }

    /// Fills the next 10 ms to be heard, with silence while nothing has come yet. Call it every 10 ms.
    pub fn pull(&mut self, now: Timestamp, out: &mut [f32; FRAME]) {
        let Some(position) = self.position.or_else(|| self.start(now)) else {
            out.fill(0.0);
            self.lateness = None;
            return;
        };
        self.position = Some(position);
        self.keep_delay_bounded(now);
        self.steer(now);
        while self.ready.len() < FRAME {
            self.decode_next();
        }
        self.lateness = self.position.map(|position| self.playout_delay_of(now, position));
        for (out, sample) in out.iter_mut().zip(self.ready.drain(..FRAME)) {
            *out = if sample.is_finite() { sample.clamp(-1.0, 1.0) } else { 0.0 };
        }
        self.history.drain(..FRAME);
        self.history.extend_from_slice(out);
        self.stats.played_samples += FRAME as u64;
        if self.waited >= PAUSE {
            self.rest();
        }
    }

    /// Asks that voice be heard no sooner than `delay` after the earliest possible moment, so that lips are not late. It is
    /// followed as far as 45 ms beyond what the link asks for.
    pub fn set_least_delay(&mut self, delay: Duration) {
        self.least_delay = i64::try_from(delay.as_micros()).unwrap_or(i64::MAX);
    }

    /// How long after the earliest possible moment voice is heard now; `None` while nothing is to be heard.
    pub fn playout_delay(&self) -> Option<Duration> {
        self.lateness.map(|late| Duration::from_micros(late.max(0) as u64))
    }

    /// The RTP timestamp of the sample that the next [`pull`](Self::pull) begins with; `None` while nothing is to be heard.
    pub fn next_timestamp(&self) -> Option<u32> {
        self.position.map(|position| (position - self.ready.len() as i64) as u32)
    }

    /// What became of the voice so far.
    pub fn stats(&self) -> ReceiverStats {
        let from = self.position.or(self.buffer.first().map(|(first, _)| first)).unwrap_or(0);
        let waiting = self.buffer.span_from(from) + self.ready.len() as i64;
        ReceiverStats {
            buffer_ms: waiting as f32 * 1e3 / SAMPLE_RATE as f32,
            target_ms: self.target() as f32 / 1e3,
            ..self.stats
        }
    }

    /// Where to begin, once the first packet has waited as long as the target wants.
    fn start(&mut self, now: Timestamp) -> Option<i64> {
        let (first, _) = self.buffer.first()?;
        (self.delays.playout_delay(now, first) >= self.target()).then_some(first)
    }

    /// Back to silence until packets come again, keeping nothing but what the link was like.
    fn rest(&mut self) {
        self.position = None;
        self.ready.clear();
        self.seam.clear();
        self.history.fill(0.0);
        (self.waited, self.made_up) = (0, 0);
        self.delays.clear();
        self.forget_observation();
    }

    /// Decodes, recovers or makes up what comes next.
    fn decode_next(&mut self) {
        let Some(position) = self.position else { return };
        let start = self.ready.len();
        // A packet that overlaps what was decoded already (a confused sender) must not stand in the way.
        self.buffer.discard_before(position);
        if let Some(waiting) = self.buffer.take(position) {
            self.decode(position, &waiting);
        } else if let Some((next, waiting)) = self.buffer.first() {
            let gap = next.saturating_sub(position).max(0) as usize;
            let samples = waiting.samples;
            self.bridge(position, gap, samples);
        } else {
            self.make_up(FRAME);
            self.waited += FRAME;
        }
        self.mend_seam(start);
    }

    fn decode(&mut self, position: i64, waiting: &Waiting) {
        match self.decoder.decode(&waiting.payload, &mut self.ready) {
            Ok(decoded) => {
                self.position = Some(position + decoded as i64);
                (self.waited, self.made_up) = (0, 0);
            }
            Err(error) => {
                tracing::debug!(%error, "voice packet not decoded");
                self.make_up(waiting.samples);
                self.position = Some(position + waiting.samples as i64);
            }
        }
    }

    /// Fills some or all of the `gap` samples before the next packet, which holds `next_samples`.
    fn bridge(&mut self, position: i64, gap: usize, next_samples: usize) {
        // What was made up while nothing was there has stood for the first part of the gap already.
        let skipped = self.waited.min(gap);
        self.waited -= skipped;
        let left = gap - skipped;
        if gap > next_samples && left > 0 {
            // Too long for the copy: make up the beginning, a little at a time, in case the rest comes after all.
            let step = left.min(gap - next_samples).clamp(1, 2 * FRAME);
            self.make_up(step);
            self.position = Some(position + (skipped + step) as i64);
            return;
        }
        self.position = Some(position + gap as i64);
        if left == 0 {
            return;
        }
        let start = self.ready.len();
        let copied = match self.buffer.first() {
            Some((_, next)) if self.decoder.has_copy(&next.payload) => {
                self.decoder.recover(&next.payload, codec_samples(gap), &mut self.ready).is_ok()
            }
            _ => false,
        };
        if copied {
            // The copy stands for the whole gap: only its end is wanted.
            let recovered = self.ready.len() - start;
            self.ready.drain(start..start + recovered.saturating_sub(left));
            self.stats.recovered_samples += left as u64;
            self.made_up = 0;
        } else {
            self.make_up(left);
        }
    }

    /// Appends exactly `samples` made-up samples, fading to silence the longer it goes on.
    fn make_up(&mut self, samples: usize) {
        let start = self.ready.len();
        if self.made_up < FADE_END {
            let wanted = codec_samples(samples);
            if let Err(error) = self.decoder.conceal(wanted, &mut self.ready) {
                tracing::debug!(%error, "voice not concealed");
            }
        }
        self.ready.resize(start + samples, 0.0);
        for (index, sample) in self.ready[start..].iter_mut().enumerate() {
            let gone = (self.made_up + index).saturating_sub(FADE_START) as f32;
            *sample *= (1.0 - gone / (FADE_END - FADE_START) as f32).max(0.0);
        }
        self.made_up = self.made_up.saturating_add(samples);
        self.stats.concealed_samples += samples as u64;
    }

    /// Fades from where the voice left off into what was decoded from `start` on.
    fn mend_seam(&mut self, start: usize) {
        let length = self.seam.len().min(self.ready.len() - start);
        for (index, old) in self.seam.drain(..).take(length).enumerate() {
            let fade = (index as f32 + 0.5) / length as f32;
            let new = &mut self.ready[start + index];
            *new = old * (1.0 - fade) + *new * fade;
        }
    }

    /// Skips voice when so much waits that shrinking would take many seconds: after an outage, the talk goes on now.
    fn keep_delay_bounded(&mut self, now: Timestamp) {
        let Some(position) = self.position else { return };
        let target = self.target();
        let excess = self.playout_delay_of(now, position) - target;
        let waiting = samples_of(excess);
        if excess < MAX_EXCESS || self.buffer.span_from(position) < waiting {
            return;
        }
        let aim = position + waiting;
        self.buffer.discard_before(aim);
        let Some((next, _)) = self.buffer.first() else { return };
        if self.decoder.conceal(FRAME / 2, &mut self.seam).is_err() {
            self.seam.clear();
        }
        self.stats.skipped_samples += (next - position) as u64;
        self.position = Some(next);
        (self.waited, self.made_up) = (0, 0);
        self.forget_observation();
    }

    /// Stretches or shrinks by a pitch period when the delay has been off its target for a while.
    fn steer(&mut self, now: Timestamp) {
        let Some(position) = self.position else { return };
        if self.waited > 0 || self.made_up > 0 {
            // Made-up voice is neither stretched nor shrunk, and how long it lasts is not known yet.
            self.forget_observation();
            return;
        }
        let excess = self.playout_delay_of(now, position) - self.target();
        let least = self.least_excess.map_or(excess, |least| least.min(excess));
        self.least_excess = Some(least);
        self.observed += FRAME;
        let hurried = least > HURRY;
        if self.observed < if hurried { OBSERVE_HURRIED } else { OBSERVE } {
            return;
        }
        if least > SLACK {
            // The further off, the less alike the seam needs to be; never so little that a word is mangled in normal use.
            let least_likeness = if hurried { LIKENESS_HURRIED } else { LIKENESS };
            self.decode_ahead();
            if let Some(Change(samples)) = time_scale::shrink(&mut self.ready, least_likeness) {
                self.stats.shrunk_samples += samples as u64;
                self.forget_observation();
            }
        } else if excess < -SHORTAGE {
            self.decode_ahead();
            if let Some(Change(samples)) = time_scale::stretch(&self.history, &mut self.ready, LIKENESS) {
                self.stats.stretched_samples += samples as u64;
                self.forget_observation();
            }
        } else {
            self.forget_observation();
        }
    }

    /// Decodes what is there and comes next anyway, until there is enough to find a pitch in.
    fn decode_ahead(&mut self) {
        while self.ready.len() < ENOUGH_TO_SCALE {
            let Some(position) = self.position else { return };
            let Some(waiting) = self.buffer.take(position) else { return };
            let start = self.ready.len();
            self.decode(position, &waiting);
            self.mend_seam(start);
        }
    }

    fn forget_observation(&mut self) {
        self.least_excess = None;
        self.observed = 0;
    }

    /// How late the next sample to be *heard* is, in microseconds.
    fn playout_delay_of(&self, now: Timestamp, position: i64) -> i64 {
        self.delays.playout_delay(now, position - self.ready.len() as i64)
    }

    /// How late it should be: where packets are lost and carry copies, one packet more, so that the copy is there in time.
    fn target(&self) -> i64 {
        let look_ahead =
            if self.copies > 0 && self.delays.loss() >= LOSSY { micros_of(self.packet_samples) } else { 0 };
        let link = self.delays.target() + look_ahead;
        link.max(self.least_delay.min(link + MOST_FOR_LIPS))
    }
}

fn micros_of(samples: usize) -> i64 {
    samples as i64 * MICROS_PER_SECOND / i64::from(SAMPLE_RATE)
}

fn samples_of(micros: i64) -> i64 {
    micros * i64::from(SAMPLE_RATE) / MICROS_PER_SECOND
}

/// Opus conceals in multiples of 2.5 ms.
fn codec_samples(samples: usize) -> usize {
    samples.div_ceil(120).min(48) * 120
}

/// Without a packet this long the far side is silent or gone, and whatever comes next begins anew.
const PAUSE: usize = SAMPLE_RATE as usize;
/// Made-up voice turns to a hum: after 100 ms it is faded, after 250 ms it is silent.
const FADE_START: usize = 4_800;
const FADE_END: usize = 12_000;
/// How long the delay is watched before it is changed, so that one late tick of the caller's clock is not acted on…
const OBSERVE: usize = 6 * FRAME;
/// …but quickly where much has piled up.
const OBSERVE_HURRIED: usize = 2 * FRAME;
/// Delay beyond the target that is left alone, in microseconds: a seam is worse than 20 ms.
const SLACK: i64 = 20_000;
/// Delay missing to the target that is left alone, in microseconds.
const SHORTAGE: i64 = 10_000;
/// Excess from which draining it quickly matters more than every seam, in microseconds.
const HURRY: i64 = 120_000;
/// Excess that is skipped instead of drained: two seconds of quick draining.
const MAX_EXCESS: i64 = 600_000;
/// Correlation from which a seam cannot be heard.
const LIKENESS: f32 = 0.85;
const LIKENESS_HURRIED: f32 = 0.5;
/// Two of the longest periods and a frame to hand out after one is gone.
const ENOUGH_TO_SCALE: usize = 2 * time_scale::MAX_LAG + FRAME;
/// Packets without a copy after which the sender is taken to send none: a pause in speech is seldom longer.
const COPIES_REMEMBERED: u32 = 150;
/// Loss from which waiting for the copy is worth its delay.
const LOSSY: f32 = 0.01;
/// What lips may cost the voice, in microseconds: from there on they are seen to be off (ITU-R BT.1359-1).
const MOST_FOR_LIPS: i64 = 45_000;
