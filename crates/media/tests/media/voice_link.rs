//! A voice over a link made of arithmetic, with a codec that writes down what it is asked to do.

use std::cell::RefCell;
use std::rc::Rc;

use media::voice::{Decoder, FRAME, Receiver, ReceiverStats, RedundantBlock, VoiceError, VoicePacket};
use units::Timestamp;

use crate::signals::Random;

/// The level of what was spoken; what is made up is half of it, so that it can be told.
pub(crate) const SPOKEN: f32 = 0.5;

/// What the codec was asked to decode, by the packet's first sample counted from the beginning of the call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Made {
    /// The packet, or its RED copy.
    Decoded { start: u32, samples: usize, copy: bool },
    /// So many samples before the packet, from its coarse copy.
    Recovered { next: u32, samples: usize },
    /// Samples so far before the packet, from its outline.
    Restored { next: u32, offset: usize, samples: usize },
}

/// A codec whose packets say what they hold. See [`payload`].
#[derive(Debug, Default, Clone)]
pub(crate) struct Ledger(pub(crate) Rc<RefCell<Vec<Made>>>);

/// A packet of `length` times 2.5 ms.
pub(crate) fn payload(start: u32, length: u8, in_band: u8, reach: u8, copy: bool) -> Vec<u8> {
    let [a, b, c, d] = start.to_be_bytes();
    vec![length, in_band, reach, u8::from(copy), a, b, c, d]
}

impl Ledger {
    fn write(&self, made: Made, samples: usize, out: &mut Vec<f32>) -> Result<usize, VoiceError> {
        self.0.borrow_mut().push(made);
        out.resize(out.len() + samples, SPOKEN);
        Ok(samples)
    }
}

fn start_of(payload: &[u8]) -> u32 {
    payload.get(4..8).map_or(0, |bytes| u32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]))
}

impl Decoder for Ledger {
    fn decode(&mut self, payload: &[u8], out: &mut Vec<f32>) -> Result<usize, VoiceError> {
        let (samples, copy) = (self.samples(payload), payload.get(3) == Some(&1));
        self.write(Made::Decoded { start: start_of(payload), samples, copy }, samples, out)
    }

    fn recover(&mut self, next: &[u8], samples: usize, out: &mut Vec<f32>) -> Result<usize, VoiceError> {
        self.write(Made::Recovered { next: start_of(next), samples }, samples, out)
    }

    fn copied(&self, next: &[u8]) -> usize {
        next.get(1).map_or(0, |&units| usize::from(units) * 120)
    }

    fn reach(&mut self, next: &[u8]) -> usize {
        next.get(2).map_or(0, |&units| usize::from(units) * 120)
    }

    fn restore(&mut self, next: &[u8], offset: usize, samples: usize, out: &mut Vec<f32>) -> Result<usize, VoiceError> {
        self.write(Made::Restored { next: start_of(next), offset, samples }, samples, out)
    }

    fn conceal(&mut self, samples: usize, out: &mut Vec<f32>) -> Result<usize, VoiceError> {
        out.resize(out.len() + samples, SPOKEN / 2.0);
        Ok(samples)
    }

    fn samples(&self, payload: &[u8]) -> usize {
        payload.first().map_or(0, |&units| usize::from(units) * 120)
    }
}

/// How the far side sends.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sending {
    pub(crate) packet_ms: u64,
    pub(crate) in_band: bool,
    /// How many packets before it each packet carries a RED copy of; 0 for none.
    pub(crate) red: u64,
    /// How many milliseconds back each packet's outline goes.
    pub(crate) outline_ms: u8,
}

/// 20 ms packets and nothing else.
pub(crate) const PLAIN: Sending = Sending { packet_ms: 20, in_band: false, red: 0, outline_ms: 0 };

/// One call in virtual time.
pub(crate) struct Call {
    pub(crate) receiver: Receiver<Ledger>,
    pub(crate) sending: Sending,
    /// Parts in a million that the sender's clock is faster.
    pub(crate) drift_ppm: f64,
    /// How many times 10 ms the loudspeaker asks for at once.
    pub(crate) at_once: u64,
    under_way: Vec<(u64, VoicePacket)>,
    history: Vec<(u32, u8)>,
    now_us: u64,
    spoken: u32,
    sequence: u16,
    /// What the receiver said after each 10 ms.
    pub(crate) stats: Vec<ReceiverStats>,
}

impl Call {
    pub(crate) fn new(sending: Sending) -> Self {
        Self {
            receiver: Receiver::with_decoder(Ledger::default()),
            sending,
            drift_ppm: 0.0,
            at_once: 1,
            under_way: Vec::new(),
            history: Vec::new(),
            now_us: 0,
            spoken: 0,
            sequence: 65_000,
            stats: Vec::new(),
        }
    }

    /// Goes on for so many seconds; `link` says how many microseconds the packet sent at a moment (in microseconds) takes,
    /// or that it is lost.
    pub(crate) fn go_on(&mut self, seconds: f64, mut link: impl FnMut(u64) -> Option<u64>) {
        let end = self.now_us + (seconds * 1e6) as u64;
        while self.now_us < end {
            self.send(&mut link);
            self.under_way.sort_by_key(|&(at, _)| at);
            let arrived = self.under_way.partition_point(|&(at, _)| at <= self.now_us);
            for (at, packet) in self.under_way.drain(..arrived) {
                self.receiver.push(Timestamp::from_micros(at), packet);
            }
            for _ in 0..self.at_once {
                self.pull();
            }
            self.now_us += 10_000 * self.at_once;
        }
    }

    fn pull(&mut self) {
        let mut out = [f32::NAN; FRAME];
        self.receiver.pull(Timestamp::from_micros(self.now_us), &mut out);
        assert!(out.iter().all(|sample| (-1.0..=1.0).contains(sample)), "{out:?}");
        self.stats.push(self.receiver.stats());
    }

    fn send(&mut self, link: &mut impl FnMut(u64) -> Option<u64>) {
        loop {
            let samples = (self.sending.packet_ms * 48) as u32;
            let done = (f64::from(self.spoken + samples) / 48e-3 / (1.0 + self.drift_ppm * 1e-6)) as u64;
            if done > self.now_us {
                return;
            }
            let Sending { in_band, red, outline_ms, .. } = self.sending;
            let (start, length) = (self.spoken, (samples / 120) as u8);
            let carried =
                usize::try_from(red).ok().and_then(|back| self.history.iter().rev().nth(back.checked_sub(1)?));
            let redundant = carried.map(|&(before, length)| RedundantBlock {
                offset: (start - before) as u16,
                payload: payload(before, length, 0, 0, true),
            });
            let packet = VoicePacket {
                sequence: self.sequence,
                timestamp: start.wrapping_add(u32::MAX - 500_000),
                payload: payload(start, length, u8::from(in_band) * length, outline_ms.saturating_mul(2) / 5, false),
                redundant: redundant.into_iter().collect(),
            };
            self.sequence = self.sequence.wrapping_add(1);
            self.spoken += samples;
            self.history.push((start, length));
            if let Some(delay) = link(done) {
                self.under_way.push((done + delay, packet));
            }
        }
    }

    /// What the receiver says now.
    pub(crate) fn now(&self) -> ReceiverStats {
        self.receiver.stats()
    }

    /// The mean delay of the last so many seconds, in milliseconds after the earliest possible moment.
    pub(crate) fn mean_delay(&self, seconds: usize) -> f32 {
        let last = &self.stats[self.stats.len().saturating_sub(seconds * 100)..];
        last.iter().map(|stats| stats.playout_delay_ms).sum::<f32>() / last.len() as f32
    }

    /// Milliseconds made up in the last so many seconds.
    pub(crate) fn made_up_ms(&self, seconds: usize) -> u64 {
        let before = self.stats.len().saturating_sub(seconds * 100 + 1);
        (self.now().concealed_samples - self.stats[before].concealed_samples) / 48
    }
}

/// Exponential jitter of this mean on a link of 30 ms, in microseconds.
pub(crate) fn jitter(random: &mut Random, mean_ms: f32) -> u64 {
    30_000 + (-mean_ms * 1e3 * (1.0 - random.share()).max(1e-6).ln()) as u64
}
