//! Loudspeaker and microphone have clocks of their own. What is played is brought to the microphone's clock before its
//! echo is looked for: a filter of 120 ms that has learnt the room is wrong by a sample after a fifth of a second of
//! 100 ppm.

use std::fmt;

use rubato::audioadapter_buffers::direct::InterleavedSlice;
use rubato::{
    Adjustable, Async, FixedAsync, Resampler, SincInterpolationParameters, SincInterpolationType, WindowFunction,
};

use super::SoundFrame;
use crate::voice::FRAME;

/// Brings frames from one clock to another; hands them out in frames again, now and then one more or one less.
///
/// Always at work, also while the clocks are the same: to begin later would move the sound by the length of a filter, and
/// who has learnt a room would have to learn it again.
pub(super) struct ClockBridge {
    resampler: Async<f32>,
    /// How much faster the clock behind is, as a share.
    faster: f64,
    out: Vec<f32>,
    waiting: Vec<f32>,
}

impl ClockBridge {
    /// `faster` is by what share the clock behind is faster than the one before.
    pub(super) fn new(faster: f64) -> Self {
        let parameters = SincInterpolationParameters {
            sinc_len: 32,
            f_cutoff: Some(0.95),
            oversampling_factor: 256,
            interpolation: SincInterpolationType::Linear,
            window: WindowFunction::BlackmanHarris2,
        };
        let resampler = Async::new_sinc(1.0, 1.0 + 2.0 * MOST, &parameters, FRAME, 1, FixedAsync::Input)
            .expect("a ratio of 1 with bounds around it is one that it takes");
        let mut waiting = Vec::with_capacity(4 * FRAME);
        // Half a frame in hand, so that a frame that comes out a sample short is no frame that is missing.
        waiting.resize(FRAME / 2, 0.0);
        let mut bridge = Self { out: vec![0.0; resampler.output_frames_max()], resampler, faster: 0.0, waiting };
        bridge.set(faster);
        bridge
    }

    /// What was set last.
    pub(super) fn faster(&self) -> f64 {
        self.faster
    }

    /// Changes by what share the clock behind is faster.
    pub(super) fn set(&mut self, faster: f64) {
        let faster = faster.clamp(-MOST, MOST);
        // It refuses ratios beyond its bounds, and these are within.
        if self.resampler.set_resample_ratio(1.0 + faster, true).is_ok() {
            self.faster = faster;
        }
    }

    /// Takes a frame and gives to `ready` each that is complete.
    pub(super) fn pass(&mut self, frame: &SoundFrame, ready: impl FnMut(&SoundFrame)) {
        let samples = self.out.len();
        let adapters = (InterleavedSlice::new(frame, 1, FRAME), InterleavedSlice::new_mut(&mut self.out, 1, samples));
        let (Ok(input), Ok(mut output)) = adapters else { return };
        let Ok((_, made)) = self.resampler.process_into_buffer(&input, &mut output, None) else { return };
        self.waiting.extend_from_slice(&self.out[..made]);
        let (frames, rest) = self.waiting.as_chunks::<FRAME>();
        frames.iter().for_each(ready);
        let rest = rest.len();
        self.waiting.drain(..self.waiting.len() - rest);
    }
}

impl fmt::Debug for ClockBridge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClockBridge").field("faster", &self.faster).finish_non_exhaustive()
    }
}

/// 500 ppm: quartz is within 100, and two of them within 200.
const MOST: f64 = 500e-6;

#[cfg(test)]
mod tests {
    use super::*;

    fn tone(hz: f32, n: usize) -> f32 {
        (std::f32::consts::TAU * hz * n as f32 / 48_000.0).sin() * 0.5
    }

    fn pass(bridge: &mut ClockBridge, frames: usize) -> Vec<f32> {
        let mut out = Vec::new();
        for frame in 0..frames {
            let frame: SoundFrame = std::array::from_fn(|index| tone(1_000.0, frame * FRAME + index));
            bridge.pass(&frame, |ready| out.extend_from_slice(ready));
        }
        out
    }

    #[test]
    fn clocks_that_are_the_same_give_a_frame_for_each_frame_and_the_same_sound() {
        let mut bridge = ClockBridge::new(0.0);
        assert!((0..100).all(|_| pass(&mut bridge, 1).len() == FRAME));
        let out = pass(&mut ClockBridge::new(0.0), 20);
        let best =
            (0..480).map(|late| (960..4_800).map(|n| (out[n + late] - tone(1_000.0, n)).abs()).fold(0.0, f32::max));
        let best = best.fold(1.0, f32::min);
        assert!(best < 0.03, "{best}: it falls between two samples");
    }

    #[test]
    fn a_faster_clock_behind_wants_more_frames_of_the_same_sound() {
        for (ppm, frames) in [(200.0, 100_020), (-200.0, 99_980)] {
            let mut bridge = ClockBridge::new(ppm * 1e-6);
            let (mut made, mut loudest) = (0_i64, 0.0_f32);
            for frame in 0..100_000 {
                let frame: SoundFrame = std::array::from_fn(|index| tone(1_000.0, (frame * FRAME + index) % 48));
                bridge.pass(&frame, |ready| {
                    made += 1;
                    loudest = ready.iter().fold(loudest, |peak, sample| peak.max(sample.abs()));
                });
            }
            assert!((made - frames).abs() <= 2, "{made} frames at {ppm} ppm");
            assert!((0.48..0.52).contains(&loudest), "{loudest}");
        }
    }

    #[test]
    fn what_no_quartz_does_is_not_followed() {
        assert_eq!(ClockBridge::new(0.3).faster(), MOST);
        let mut bridge = ClockBridge::new(1e-6);
        bridge.set(-7.0);
        assert_eq!(bridge.faster(), -MOST);
        assert!(pass(&mut bridge, 100).len() > 98 * FRAME);
    }
}
