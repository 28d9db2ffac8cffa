//! Playout: packets in at any time, 10 ms of voice out whenever asked.
//!
//! ```text
//! Idle ──a packet, and its time has come──▶ playing ──nothing for a second, or a new beginning──▶ Idle
//! ```
//! While playing, samples are made just in time, from the best that is there: the packet itself, its copy that came with a
//! later one (RED), the coarse copy in the next one (in-band FEC), the outline in a later one (DRED); else they are made
//! up. Where nothing later is there yet, or a copy is about to come, voice is made up *without* moving on in the stream:
//! whatever comes late is still heard, and the delay has grown by itself. Stretching and shrinking then lead the delay
//! back to what the [`DelayEstimator`] and the [`LookAhead`] say.

use std::time::Duration;

use units::Timestamp;

use super::delay::DelayEstimator;
use super::jitter_buffer::{JitterBuffer, Origin, Place, Waiting};
use super::look_ahead::{Bringing, LookAhead};
use super::playout::{Playout, Source};
use super::steering::{Steering, Wish};
use super::time_scale::{self, Change};
use super::{
    Decoder, FRAME, MAX_RED_COPIES, OpusDecoder, ReceiverStats, RedundantBlock, SAMPLE_RATE, VoiceError, VoicePacket,
    micros_of, samples_of,
};

/// One far voice: order, delay and loss in, an even stream out.
#[derive(Debug)]
pub struct Receiver<D = OpusDecoder> {
    playout: Playout<D>,
    buffer: JitterBuffer,
    delays: DelayEstimator,
    look_ahead: LookAhead,
    steering: Steering,
    /// The timestamp of the next sample to decode; `None` while idle.
    position: Option<i64>,
    /// Samples made up since the stream last moved on.
    waited: usize,
    /// Samples in a packet, lately.
    packet_samples: usize,
    /// The least delay that somebody wants, in microseconds.
    least: i64,
    /// How late the last 10 ms were when they were handed out, in microseconds.
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
            playout: Playout::new(decoder),
            buffer: JitterBuffer::default(),
            delays: DelayEstimator::new(),
            look_ahead: LookAhead::default(),
            steering: Steering::default(),
            position: None,
            waited: 0,
            packet_samples: FRAME * 2,
            least: 0,
            lateness: None,
            stats: ReceiverStats::default(),
        }
    }

    /// Takes a packet that arrived at `now`.
    pub fn push(&mut self, now: Timestamp, packet: VoicePacket) {
        self.stats.packets += 1;
        let samples = self.playout.decoder().samples(&packet.payload);
        let place = if samples == 0 { None } else { self.buffer.place(now, &packet) };
        let Some(place) = place else {
            self.stats.refused_packets += 1;
            return;
        };
        if place.anew {
            self.rest();
        } else if place.repeated {
            self.stats.repeated_packets += 1;
            return;
        }
        self.packet_samples = samples;
        self.delays.on_packet(now, place.timestamp + samples as i64, samples);
        self.look_for_help(now, place, samples, &packet);
        // Copies first: they take no place that the packet itself needs.
        let VoicePacket { payload, redundant, .. } = packet;
        redundant.into_iter().rev().take(MAX_COPIES).for_each(|block| self.insert_copy(place.timestamp, block));
        if self.is_over(place.timestamp + samples as i64) {
            self.stats.late_packets += 1;
            return;
        }
        self.buffer.insert(place.timestamp, Waiting { payload, samples, origin: Origin::Sent });
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
        while self.playout.ready() < FRAME {
            self.go_on(now);
        }
        let heard = self.position.unwrap_or(position) - self.playout.ready() as i64;
        self.lateness = Some(self.delays.lateness(now, heard + self.packet_samples as i64));
        self.playout.hand_out(out);
        self.steering.hear(out);
        self.stats.played_samples += FRAME as u64;
        if self.waited >= PAUSE {
            self.rest();
        }
    }

    /// Asks that voice be heard no sooner than `delay` after the earliest possible moment, so that lips are not late. It is
    /// followed as far as [`MOST_FOR_LIPS`] beyond what the link asks for.
    pub fn set_least_delay(&mut self, delay: Duration) {
        self.least = i64::try_from(delay.as_micros()).unwrap_or(i64::MAX);
    }

    /// How long after the earliest possible moment voice is heard now; `None` while nothing is to be heard.
    ///
    /// The earliest possible moment is that at which a packet comes that nothing has delayed more than the quickest of the
    /// last ten seconds.
    pub fn playout_delay(&self) -> Option<Duration> {
        self.lateness.map(|late| Duration::from_micros(late.max(0) as u64))
    }

    /// The RTP timestamp of the sample that the next [`pull`](Self::pull) begins with; `None` while nothing is to be heard.
    pub fn next_timestamp(&self) -> Option<u32> {
        self.position.map(|position| (position - self.playout.ready() as i64) as u32)
    }

    /// What became of the voice so far.
    pub fn stats(&self) -> ReceiverStats {
        let from = self.position.or(self.buffer.first().map(|(first, _)| first)).unwrap_or(0);
        let waiting = self.buffer.span_from(from) + self.playout.ready() as i64;
        ReceiverStats {
            buffer_ms: waiting as f32 * 1e3 / SAMPLE_RATE as f32,
            target_ms: self.target() as f32 / 1e3,
            playout_delay_ms: self.lateness.map_or(0.0, |late| late as f32 / 1e3),
            ..self.stats
        }
    }

    /// Tells the look-ahead what came, and what it brings of voice that did not.
    fn look_for_help(&mut self, now: Timestamp, place: Place, samples: usize, packet: &VoicePacket) {
        let start = place.timestamp;
        let blocks = packet.redundant.iter().rev().take(MAX_COPIES);
        let copies: Vec<i64> = blocks.map(|block| start - i64::from(block.offset)).filter(|&at| at < start).collect();
        let decoder = self.playout.decoder();
        let in_band = decoder.copied(&packet.payload);
        let bringing = Bringing { start, samples, sequence: place.sequence, copies: &copies, in_band };
        self.look_ahead.on_packet(now, bringing, || decoder.reach(&packet.payload));
    }

    fn insert_copy(&mut self, of: i64, block: RedundantBlock) {
        let samples = self.playout.decoder().samples(&block.payload);
        let start = of - i64::from(block.offset);
        // Before anything is heard, a copy of what was before the first packet would only delay the beginning.
        let wanted = self.position.is_some() || self.buffer.first().is_some_and(|(first, _)| first < start);
        let fits = samples > 0 && start + samples as i64 <= of;
        if wanted && fits && !self.is_over(start + samples as i64) {
            self.buffer.insert(start, Waiting { payload: block.payload, samples, origin: Origin::Copy });
        }
    }

    /// Whether voice that ends there has been heard, or as good as.
    fn is_over(&self, end: i64) -> bool {
        self.position.is_some_and(|position| end < position + LEAST_USE)
    }

    /// Where to begin, once the first packet has waited as long as the target wants.
    fn start(&mut self, now: Timestamp) -> Option<i64> {
        let (first, waiting) = self.buffer.first()?;
        let late = self.delays.lateness(now, first + waiting.samples as i64);
        (late >= self.target()).then_some(first)
    }

    /// Back to silence until packets come again, keeping nothing but what the link was like.
    fn rest(&mut self) {
        self.position = None;
        self.waited = 0;
        self.lateness = None;
        self.playout.clear();
        self.delays.clear();
        self.look_ahead.clear();
        self.steering.forget();
    }

    /// Makes what comes next.
    fn go_on(&mut self, now: Timestamp) {
        let Some(position) = self.position else { return };
        self.buffer.discard_before(position + LEAST_USE);
        if let Some((start, waiting)) = self.buffer.take_covering(position) {
            self.play(now, position, start, &waiting);
        } else if self.buffer.next_after(position).is_none() || self.copy_is_imminent(now, position) {
            self.make_up(FRAME);
            self.waited += FRAME;
        } else {
            self.bridge(now, position);
        }
    }

    fn play(&mut self, now: Timestamp, position: i64, start: i64, waiting: &Waiting) {
        let passed = (position - start) as usize;
        // What was only late is played in full after a longer wait: more would swallow syllables.
        let late = waiting.origin == Origin::Sent && self.waited > MOST_OWED;
        let owed = if late { 0 } else { self.owed(now, position).min(waiting.samples - passed) };
        let skip = passed + owed;
        self.position = Some(start + waiting.samples as i64);
        self.waited = 0;
        match self.playout.go_on_with(Source::Packet(&waiting.payload), skip) {
            Some(joined) if waiting.origin == Origin::Copy => {
                self.stats.red_samples += (joined.samples - joined.from) as u64;
            }
            Some(_) => {}
            None => self.make_up(waiting.samples - passed),
        }
    }

    /// Fills some or all of the gap between `position` and the next packet.
    fn bridge(&mut self, now: Timestamp, position: i64) {
        let owed = self.owed(now, position);
        let Some((next, waiting)) = self.buffer.next_after(position) else { return };
        let gap = (next - position) as usize;
        let decoder = self.playout.decoder();
        let copied = decoder.copied(&waiting.payload);
        let in_band = copied.min(gap);
        let reach = if in_band < gap { decoder.reach(&waiting.payload).min(gap) } else { 0 };
        let dark = gap - in_band.max(reach);
        if dark > 0 {
            // What was made up while nothing was there has stood for its first part already. The rest a little at a time, in
            // case it comes after all.
            let stood = self.waited.min(dark);
            self.waited -= stood;
            let step = (dark - stood).min(2 * FRAME);
            self.position = Some(position + (stood + step) as i64);
            if step > 0 {
                self.make_up(step);
            }
            return;
        }
        self.waited = 0;
        if in_band == gap {
            // Where the gap is shorter than the copy, only the end of that is wanted.
            self.position = Some(next);
            match self.playout.go_on_with(Source::InBand(&waiting.payload, copied), copied - gap + owed.min(gap)) {
                Some(joined) => self.stats.fec_samples += (joined.samples - joined.from) as u64,
                None => self.make_up(gap),
            }
            return;
        }
        let outlined = gap - in_band;
        let skip = owed.min(outlined);
        let step = (outlined - skip).min(2 * FRAME);
        self.position = Some(position + (skip + step) as i64);
        if skip > 0 {
            self.playout.note_seam();
        }
        if step > 0 && self.playout.restore(&waiting.payload, gap - skip, step) {
            self.stats.dred_samples += step as u64;
        } else {
            self.make_up(step);
        }
    }

    /// How much of what was made up while waiting stands for the beginning of what came at last: as much as the delay would
    /// otherwise be too long.
    fn owed(&self, now: Timestamp, position: i64) -> usize {
        let excess = samples_of(self.slack(now, position) - self.target().max(self.delays.level()));
        usize::try_from(excess).unwrap_or(0).min(self.waited)
    }

    /// Whether a copy of what is missing there should come soon enough, and the delay shall grow anyway: then nothing of it
    /// is given up. (Else what is made up until it comes stands for its beginning.)
    fn copy_is_imminent(&self, now: Timestamp, position: i64) -> bool {
        let Some(end) = self.look_ahead.copy_expected(position) else { return false };
        let overdue = self.delays.lateness(now, end);
        let soon = micros_of(self.packet_samples as i64 / 2);
        let due = overdue >= -soon && overdue <= self.late_copies() + OVERDUE;
        due && self.waited < self.packet_samples && self.slack(now, position) < self.target()
    }

    fn make_up(&mut self, samples: usize) {
        self.playout.make_up(samples);
        self.stats.concealed_samples += samples as u64;
    }

    /// Skips voice when so much waits that shrinking would take many seconds: after an outage, the talk goes on now.
    fn keep_delay_bounded(&mut self, now: Timestamp) {
        let Some(position) = self.position else { return };
        let excess = self.slack(now, position) - self.target();
        let waiting = samples_of(excess);
        if excess < MAX_EXCESS || self.buffer.span_from(position) < waiting {
            return;
        }
        self.buffer.discard_before(position + waiting);
        let Some((next, _)) = self.buffer.first() else { return };
        self.playout.note_seam();
        self.stats.skipped_samples += (next - position).max(0) as u64;
        self.position = Some(next.max(position));
        self.waited = 0;
        self.steering.forget();
    }

    /// Stretches or shrinks by a pitch period when the delay has been off for a while.
    fn steer(&mut self, now: Timestamp) {
        let Some(position) = self.position else { return };
        if self.waited > 0 {
            // How long that lasts is not known yet.
            return;
        }
        let (slack, target) = (self.slack(now, position), self.target());
        let wish = self.steering.watch(slack - target.max(self.delays.highest_lately()), target - slack);
        if self.playout.is_made_up() {
            // Made-up voice is neither stretched nor shrunk.
            return;
        }
        let off = samples_of((slack - target).abs()) as usize;
        let (changed, count) = match wish {
            Wish::Keep => return,
            Wish::Shrink(likeness) => {
                self.decode_ahead(now);
                (self.playout.shrink(likeness, off), &mut self.stats.shrunk_samples)
            }
            Wish::Stretch(likeness) => {
                self.decode_ahead(now);
                (self.playout.stretch(likeness, off), &mut self.stats.stretched_samples)
            }
        };
        if let Some(Change(samples)) = changed {
            *count += samples as u64;
            self.steering.forget();
        }
    }

    /// Decodes what is there and comes next anyway, until there is enough to find a pitch in.
    fn decode_ahead(&mut self, now: Timestamp) {
        while self.playout.ready() < ENOUGH_TO_SCALE {
            let Some(position) = self.position else { return };
            if self.buffer.covering(position).is_none_or(|(start, _)| start != position) {
                return;
            }
            let Some((start, waiting)) = self.buffer.take_covering(position) else { return };
            self.play(now, position, start, &waiting);
        }
    }

    /// How late, in microseconds, the packet at `position` may come or could have come to be there when it is needed: with
    /// the 10 ms in which its first sample is to be heard.
    fn slack(&self, now: Timestamp, position: i64) -> i64 {
        let (start, samples) = self.buffer.covering(position).unwrap_or((position, self.packet_samples));
        let whole_frames = self.playout.ready() / FRAME * FRAME;
        self.delays.lateness(now, start + samples as i64) + micros_of(whole_frames as i64)
    }

    /// How much that should be.
    fn target(&self) -> i64 {
        let wait = self.look_ahead.wait();
        let for_copies = if wait > 0 { wait + self.late_copies().max(LEAST_FOR_COPIES) } else { 0 };
        let link = self.delays.target().max(for_copies);
        link.max(self.least.min(link + MOST_FOR_LIPS.as_micros() as i64))
    }

    /// How late those packets may be that bring copies: the more is lost, the more of them are waited for.
    fn late_copies(&self) -> i64 {
        self.delays.for_copies(self.look_ahead.copied())
    }
}

/// Without a packet this long the far side is silent or gone, and whatever comes next begins anew.
const PAUSE: usize = SAMPLE_RATE as usize;
/// 2.5 ms: less of a packet is not worth decoding it.
const LEAST_USE: i64 = 120;
/// Copies in one packet that are looked at.
const MAX_COPIES: usize = MAX_RED_COPIES as usize * 2;
/// A wait as short as 30 ms may stand for the beginning of a late packet.
const MOST_OWED: usize = 3 * FRAME;
/// A copy that is later than usual by that much, in microseconds, is not waited for any longer.
const OVERDUE: i64 = 10_000;
/// A packet that brings a copy may be that late, in microseconds, on any link.
const LEAST_FOR_COPIES: i64 = 5_000;
/// Voice is never delayed for the picture by more than that (ITU-R BT.1359: 45 ms early sound is noticed).
pub const MOST_FOR_LIPS: Duration = Duration::from_millis(45);
/// Excess that is skipped instead of drained, in microseconds: two seconds of quick draining.
const MAX_EXCESS: i64 = 600_000;
/// Two of the longest periods and a frame to hand out after one is gone.
const ENOUGH_TO_SCALE: usize = 2 * time_scale::MAX_LAG + FRAME;
