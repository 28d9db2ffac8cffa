//! A mouth and an ear at the two ends of a path: real packets of voice, and what is heard of them.

use std::time::Duration;

use media::voice::{Encoder, FRAME, Receiver, ReceiverStats, RedundantBlock, VoicePacket, VoiceSettings};
use units::Timestamp;

/// 10 ms of voice.
const FRAME_TIME: Duration = Duration::from_millis(10);

/// Coded as planned on one side, played on the other.
pub(crate) struct Talk {
    said: Vec<[f32; FRAME]>,
    encoder: Encoder,
    next_frame: usize,
    sequence: u16,
    receiver: Receiver,
    /// What was heard, from the first 10 ms of the call on.
    pub(crate) heard: Vec<f32>,
    /// What the receiver said at the end of each 10 ms.
    stats: Vec<ReceiverStats>,
    next_pull: Timestamp,
    began: Timestamp,
}

impl Talk {
    pub(crate) fn new(began: Timestamp, said: &[f32]) -> Self {
        Self {
            said: said.as_chunks::<FRAME>().0.to_vec(),
            encoder: Encoder::new(VoiceSettings::default()).expect("an encoder"),
            next_frame: 0,
            sequence: 0,
            receiver: Receiver::new().expect("a decoder"),
            heard: Vec::new(),
            stats: Vec::new(),
            next_pull: began,
            began,
        }
    }

    /// What was said until now, as packets that are to leave: each with its payload's size.
    pub(crate) fn say(&mut self, now: Timestamp, settings: VoiceSettings) -> Option<(VoicePacket, usize)> {
        let spoken = self.began + FRAME_TIME * (self.next_frame as u32 + 1);
        if now < spoken {
            return None;
        }
        self.encoder.set(settings);
        let frame = self.said[self.next_frame % self.said.len()];
        self.next_frame += 1;
        let voice = self.encoder.push(&frame)?;
        self.sequence = self.sequence.wrapping_add(1);
        let copies: usize = voice.redundant.iter().map(|block: &RedundantBlock| block.payload.len() + 4).sum();
        let bytes = voice.payload.len() + copies + usize::from(copies > 0);
        let packet = VoicePacket {
            sequence: self.sequence,
            timestamp: voice.timestamp,
            payload: voice.payload,
            redundant: voice.redundant,
        };
        Some((packet, bytes))
    }

    pub(crate) fn hear(&mut self, at: Timestamp, packet: VoicePacket) {
        self.receiver.push(at, packet);
    }

    pub(crate) fn play(&mut self, now: Timestamp) {
        if now < self.next_pull {
            return;
        }
        self.next_pull += FRAME_TIME;
        let mut out = [0.0; FRAME];
        self.receiver.pull(now, &mut out);
        self.heard.extend_from_slice(&out);
        self.stats.push(self.receiver.stats());
    }

    /// What was heard from one second to another.
    pub(crate) fn tally(&self, from: f64, to: f64) -> Heard {
        let within = &self.stats[(from * 100.0) as usize..(to * 100.0) as usize];
        let (first, last) = (within[0], within[within.len() - 1]);
        let played = (last.played_samples - first.played_samples).max(1) as f64;
        let bent = |stats: &ReceiverStats| stats.stretched_samples + stats.shrunk_samples + stats.skipped_samples;
        Heard {
            made_up: (last.concealed_samples - first.concealed_samples) as f64 / played,
            bent: (bent(&last) - bent(&first)) as f64 / played,
            playout_ms: within.iter().map(|stats| f64::from(stats.playout_delay_ms)).sum::<f64>() / within.len() as f64,
        }
    }

    #[allow(clippy::print_stderr, reason = "for whoever asks with TRAJECTORY=1")]
    pub(crate) fn print(&self) {
        let seconds = self.stats.len() / 100;
        for from in (0..seconds).step_by(5) {
            eprintln!("{from:3} s {:.3?}", self.tally(from as f64, (from + 5).min(seconds) as f64));
        }
    }
}

/// What was heard.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Heard {
    /// Part that was made up.
    pub(crate) made_up: f64,
    /// Part that was stretched, squeezed or left out.
    pub(crate) bent: f64,
    /// From the earliest possible moment on, on average.
    pub(crate) playout_ms: f64,
}

/// Eight seconds of something that a codec takes for a voice: syllables of a few harmonics, and a pause now and then.
pub(crate) fn words() -> Vec<f32> {
    let mut phase = 0.0_f32;
    let sample = |index: usize| {
        let at = index as f32 / 48_000.0;
        phase += (120.0 + 25.0 * (at * 2.1).sin()) / 48_000.0;
        let syllable = (at * 4.0 * std::f32::consts::PI).sin().max(0.0) * f32::from(at % 4.0 < 3.2);
        let voice = |harmonic: f32| (phase * harmonic * std::f32::consts::TAU).sin() / harmonic;
        syllable * 0.25 * (1..12).map(|harmonic| voice(harmonic as f32)).sum::<f32>()
    };
    (0..8 * 48_000).map(sample).collect()
}
