//! Samples about to be heard: decoded, restored or made up, joined without clicks, stretched and shrunk.

use super::time_scale::{self, Change};
use super::{Decoder, FRAME};

/// The decoder and what it has made so far.
#[derive(Debug)]
pub(super) struct Playout<D> {
    decoder: D,
    /// Decoded and not yet handed out.
    ready: Vec<f32>,
    /// The last that was handed out.
    history: Vec<f32>,
    /// Samples made up in a row.
    made_up: usize,
    /// What the voice would have gone on with, where it does not go on with the beginning of a packet.
    seam: Vec<f32>,
    /// Scratch for what is decoded before it is joined.
    fresh: Vec<f32>,
}

/// What to fill a gap with.
#[derive(Debug, Clone, Copy)]
pub(super) enum Source<'a> {
    /// The packet itself.
    Packet(&'a [u8]),
    /// The coarse copy, in the packet that follows, of so many samples before it.
    InBand(&'a [u8], usize),
}

impl<D: Decoder> Playout<D> {
    pub(super) fn new(decoder: D) -> Self {
        Self {
            decoder,
            ready: Vec::with_capacity(8 * FRAME),
            history: vec![0.0; time_scale::MAX_LAG],
            made_up: 0,
            seam: Vec::new(),
            fresh: Vec::new(),
        }
    }

    pub(super) fn decoder(&mut self) -> &mut D {
        &mut self.decoder
    }

    /// How many samples are there to be handed out.
    pub(super) fn ready(&self) -> usize {
        self.ready.len()
    }

    /// Whether what was made last is made up.
    pub(super) fn is_made_up(&self) -> bool {
        self.made_up > 0
    }

    /// Hands out 10 ms, which must be ready.
    pub(super) fn hand_out(&mut self, out: &mut [f32; FRAME]) {
        self.ready.resize(self.ready.len().max(FRAME), 0.0);
        for (out, sample) in out.iter_mut().zip(self.ready.drain(..FRAME)) {
            *out = if sample.is_finite() { sample.clamp(-1.0, 1.0) } else { 0.0 };
        }
        self.history.drain(..FRAME);
        self.history.extend_from_slice(out);
    }

    /// Back to silence.
    pub(super) fn clear(&mut self) {
        self.ready.clear();
        self.seam.clear();
        self.history.fill(0.0);
        self.made_up = 0;
    }

    /// Goes on with `source` from about its sample `skip` on, and answers from which sample: where it does not begin with
    /// its first one, it is joined where the two fit best. `None`, and nothing done, if it cannot be decoded.
    pub(super) fn go_on_with(&mut self, source: Source<'_>, skip: usize) -> Option<Joined> {
        if skip > 0 && self.seam.is_empty() {
            self.note_seam();
        }
        let mut fresh = std::mem::take(&mut self.fresh);
        fresh.clear();
        let decoded = match source {
            Source::Packet(payload) => self.decoder.decode(payload, &mut fresh),
            Source::InBand(next, samples) => self.decoder.recover(next, samples, &mut fresh),
        };
        let joined = match decoded {
            Ok(_) => {
                let samples = fresh.len();
                let from = time_scale::best_join(&self.seam, &fresh, skip.min(samples));
                let start = self.ready.len();
                self.ready.extend_from_slice(&fresh[from..]);
                self.mend_seam(start);
                self.made_up = 0;
                Some(Joined { from, samples })
            }
            Err(error) => {
                tracing::debug!(%error, "voice packet not decoded");
                None
            }
        };
        self.fresh = fresh;
        joined
    }

    /// Restores exactly `samples` samples that begin `back` samples before `next`; `false` if it cannot be done.
    pub(super) fn restore(&mut self, next: &[u8], back: usize, samples: usize) -> bool {
        let start = self.ready.len();
        if let Err(error) = self.decoder.restore(next, back, samples, &mut self.ready) {
            tracing::debug!(%error, "voice not restored");
            self.ready.truncate(start);
            return false;
        }
        self.ready.resize(start + samples, 0.0);
        self.mend_seam(start);
        self.made_up = 0;
        true
    }

    /// Appends exactly `samples` made-up samples, fading to silence the longer it goes on.
    pub(super) fn make_up(&mut self, samples: usize) {
        let start = self.ready.len();
        if self.made_up < FADE_END
            && let Err(error) = self.decoder.conceal(samples, &mut self.ready)
        {
            tracing::debug!(%error, "voice not concealed");
            self.ready.truncate(start);
        }
        self.ready.resize(start + samples, 0.0);
        for (index, sample) in self.ready[start..].iter_mut().enumerate() {
            let gone = (self.made_up + index).saturating_sub(FADE_START) as f32;
            *sample *= (1.0 - gone / (FADE_END - FADE_START) as f32).max(0.0);
        }
        self.mend_seam(start);
        self.made_up = self.made_up.saturating_add(samples);
    }

    /// Remembers what the voice would go on with, before it goes on with something else.
    pub(super) fn note_seam(&mut self) {
        self.seam.clear();
        if self.decoder.conceal(SEAM, &mut self.seam).is_err() {
            self.seam.clear();
        }
        let faded = (1.0 - self.made_up.saturating_sub(FADE_START) as f32 / (FADE_END - FADE_START) as f32).max(0.0);
        self.seam.iter_mut().for_each(|sample| *sample *= faded);
    }

    /// Fades from where the voice left off into what was made from `start` on.
    fn mend_seam(&mut self, start: usize) {
        let length = self.seam.len().min(self.ready.len() - start);
        for (index, old) in self.seam.drain(..).take(length).enumerate() {
            let fade = (index as f32 + 0.5) / length as f32;
            let new = &mut self.ready[start + index];
            *new = old * (1.0 - fade) + *new * fade;
        }
    }

    /// Makes what is ready shorter, by about `most` samples at most.
    pub(super) fn shrink(&mut self, least_likeness: f32, most: usize) -> Option<Change> {
        time_scale::shrink(&mut self.ready, least_likeness, most)
    }

    /// Makes what is ready longer, by about `most` samples at most.
    pub(super) fn stretch(&mut self, least_likeness: f32, most: usize) -> Option<Change> {
        time_scale::stretch(&self.history, &mut self.ready, least_likeness, most)
    }
}

/// Where a packet was joined.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Joined {
    /// The first of its samples to be heard.
    pub(super) from: usize,
    /// How many it has.
    pub(super) samples: usize,
}

/// 5 ms: enough to fade and to compare.
const SEAM: usize = FRAME / 2;
/// Made-up voice turns to a hum: after 100 ms it is faded, after 250 ms it is silent.
const FADE_START: usize = 4_800;
const FADE_END: usize = 12_000;
