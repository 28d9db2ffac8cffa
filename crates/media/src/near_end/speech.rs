//! Whether somebody speaks, for the hint to who is muted.

use std::fmt;

use sonora_agc2::vad_wrapper::VoiceActivityDetectorWrapper;

use super::bands::FULL_SCALE;
use super::chain::Chain;
use super::{NearEndSettings, NoiseSuppression, SoundFrame};
use crate::voice::SAMPLE_RATE;

/// A recurrent network (RNNoise's, J.-M. Valin 2018, as WebRTC's gain control has it) says of each frame how likely it is
/// a voice; only a row of likely ones counts. It takes a steady noise for a voice at times, so it hears none.
pub(super) struct Speech {
    detector: VoiceActivityDetectorWrapper,
    /// For sound whose noise was left in.
    quieten: Chain,
    voiced: Voiced,
}

impl Speech {
    pub(super) fn new() -> Self {
        let detector = VoiceActivityDetectorWrapper::new(sonora_simd::detect_backend(), SAMPLE_RATE as i32);
        let settings = NearEndSettings { noise_suppression: NoiseSuppression::Moderate, ..NearEndSettings::OFF };
        Self { detector, quieten: Chain::new(settings), voiced: Voiced::default() }
    }

    /// Takes the next frame; `noisy` says that its steady noise was left in.
    pub(super) fn hear(&mut self, frame: &SoundFrame, noisy: bool) {
        let mut frame = *frame;
        if noisy {
            self.quieten.capture(&mut frame);
        }
        let likely = self.detector.analyze(&frame.map(|sample| sample * FULL_SCALE));
        let power = frame.iter().map(|sample| sample * sample).sum::<f32>() / frame.len() as f32;
        self.voiced.hear(likely > LIKELY && power > QUIETEST);
    }

    pub(super) fn speaks(&self) -> bool {
        self.voiced.speaks
    }
}

impl fmt::Debug for Speech {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Speech").field("speaks", &self.voiced.speaks).finish_non_exhaustive()
    }
}

/// How much of the last half second was voiced.
#[derive(Debug, Default)]
struct Voiced {
    /// The last 50 frames, a bit each, the newest lowest.
    frames: u64,
    speaks: bool,
}

impl Voiced {
    fn hear(&mut self, voiced: bool) {
        self.frames = (self.frames << 1 | u64::from(voiced)) & HALF_A_SECOND;
        let count = self.frames.count_ones();
        self.speaks = count >= if self.speaks { GOES_ON } else { BEGINS };
    }
}

/// Of 1.
const LIKELY: f32 = 0.8;
/// −50 dBFS: a voice in the next room is not meant.
const QUIETEST: f32 = 1e-5;
const HALF_A_SECOND: u64 = (1 << 50) - 1;
/// A quarter of a second of voice within half a second: a syllable or two. A key is heard for a few frames.
const BEGINS: u32 = 25;
const GOES_ON: u32 = 5;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_of_voiced_frames_is_speech_and_a_few_are_not() {
        let mut voiced = Voiced::default();
        (0..24).for_each(|_| voiced.hear(true));
        assert!(!voiced.speaks);
        voiced.hear(true);
        assert!(voiced.speaks);
        (0..45).for_each(|_| voiced.hear(false));
        assert!(voiced.speaks, "a pause between two words");
        voiced.hear(false);
        assert!(!voiced.speaks);
    }

    #[test]
    fn keys_that_sound_like_a_voice_for_a_moment_are_no_speech() {
        let mut voiced = Voiced::default();
        for frame in 0..1_000 {
            voiced.hear(frame % 15 < 5);
            assert!(!voiced.speaks);
        }
    }
}
