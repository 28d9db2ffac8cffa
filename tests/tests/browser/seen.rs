//! What came out of our decoders.

use std::collections::VecDeque;
use std::f32::consts::TAU;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use devices::camera::PatternKind;
use devices::sound::SAMPLE_RATE;
use media::I420;
use units::PictureSize;

/// What was seen and heard; shared with the tasks that decode.
#[derive(Clone, Default)]
pub(crate) struct Seen(Arc<Mutex<Decoded>>);

/// All of it, so far.
#[derive(Debug, Clone, Default)]
pub(crate) struct Decoded {
    /// Pictures decoded.
    pub(crate) pictures: u64,
    /// Key frames among them.
    pub(crate) key_frames: u64,
    /// Pictures that showed another number of the patient's pattern than the one before.
    pub(crate) patients_pictures: u64,
    /// The number in the last of them.
    pub(crate) number: Option<u16>,
    /// Of the last picture.
    pub(crate) size: Option<PictureSize>,
    /// Samples played, made-up ones included.
    pub(crate) voice_played: u64,
    /// Samples made up.
    pub(crate) voice_concealed: u64,
    /// Voice packets that came as Opus alone.
    pub(crate) opus_packets: u64,
    /// Voice packets that came as RED.
    pub(crate) red_packets: u64,
    /// Copies in them that were what an earlier packet held, and that were not.
    pub(crate) true_copies: u64,
    pub(crate) false_copies: u64,
    /// The last tenth of a second.
    voice: VecDeque<f32>,
}

impl Seen {
    /// All of it, so far.
    pub(crate) fn so_far(&self) -> Decoded {
        self.lock().clone()
    }

    pub(crate) fn see(&self, picture: &I420, key: bool) {
        let mut decoded = self.lock();
        decoded.pictures += 1;
        decoded.key_frames += u64::from(key);
        decoded.size = Some(picture.size());
        if let Some((PatternKind::Patient, number)) = PatternKind::read(picture)
            && decoded.number.replace(number) != Some(number)
        {
            decoded.patients_pictures += 1;
        }
    }

    pub(crate) fn hear(&self, samples: &[f32], played: u64, concealed: u64) {
        let mut decoded = self.lock();
        decoded.voice.extend(samples);
        let too_many = decoded.voice.len().saturating_sub(TENTH);
        decoded.voice.drain(..too_many);
        (decoded.voice_played, decoded.voice_concealed) = (played, concealed);
    }

    /// A packet as Opus alone.
    pub(crate) fn came_as_opus(&self) {
        self.lock().opus_packets += 1;
    }

    /// A packet as RED, and how many of its copies were what an earlier packet held, and were not.
    pub(crate) fn came_as_red(&self, true_copies: u64, false_copies: u64) {
        let mut decoded = self.lock();
        decoded.red_packets += 1;
        decoded.true_copies += true_copies;
        decoded.false_copies += false_copies;
    }

    fn lock(&self) -> MutexGuard<'_, Decoded> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Decoded {
    /// How much of what was heard last is a tone of this frequency, 0 to 1: the power of its projection on sine and
    /// cosine, of all power. Zero for silence.
    pub(crate) fn share_of(&self, frequency: f32) -> f32 {
        let all: f32 = self.voice.iter().map(|sample| sample * sample).sum();
        if self.voice.len() < TENTH || all < SILENCE {
            return 0.0;
        }
        let (mut sine, mut cosine) = (0.0, 0.0);
        for (n, sample) in self.voice.iter().enumerate() {
            let phase = TAU * frequency * n as f32 / SAMPLE_RATE as f32;
            sine += sample * phase.sin();
            cosine += sample * phase.cos();
        }
        2.0 * (sine * sine + cosine * cosine) / (self.voice.len() as f32 * all)
    }
}

/// Samples.
const TENTH: usize = SAMPLE_RATE as usize / 10;
/// Squares of samples summed over a tenth of a second, as from noise 60 dB below full scale.
const SILENCE: f32 = 1e-6 * TENTH as f32;

#[cfg(test)]
mod tests {
    use super::*;

    fn heard(samples: impl Iterator<Item = f32>) -> Decoded {
        let seen = Seen::default();
        seen.hear(&samples.collect::<Vec<_>>(), 0, 0);
        seen.so_far()
    }

    #[test]
    fn a_tone_is_told_from_another_and_from_silence() {
        let tone = |frequency: f32| {
            heard((0..TENTH).map(move |n| 0.1 * (TAU * frequency * n as f32 / SAMPLE_RATE as f32 + 1.0).sin()))
        };
        assert!(tone(1_100.0).share_of(1_100.0) > 0.99);
        assert!(tone(1_100.0).share_of(700.0) < 0.01);
        assert_eq!(heard(std::iter::repeat_n(0.0, TENTH)).share_of(1_100.0), 0.0);
    }
}
