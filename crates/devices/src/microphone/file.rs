//! A microphone into which a loop of samples is spoken.

use std::path::Path;

use units::Timestamp;

use super::Microphone;
use crate::sound::{Pace, SoundFrame};
use crate::{DeviceError, wav};

/// Speaks a loop at the pace of the program's clock. The loop is held whole, so nothing can go wrong later.
pub(super) struct LoopMicrophone {
    samples: Vec<f32>,
    position: usize,
    pace: Pace,
}

impl LoopMicrophone {
    pub(super) fn open(path: &Path) -> Result<Self, DeviceError> {
        Ok(Self::playing(wav::read(path)?))
    }

    /// Speaks `samples` of 48 kHz again and again; there must be one at least.
    pub(super) fn playing(samples: Vec<f32>) -> Self {
        debug_assert!(!samples.is_empty());
        Self { samples, position: 0, pace: Pace::default() }
    }
}

impl Microphone for LoopMicrophone {
    fn started(&self) -> Option<Timestamp> {
        self.pace.started()
    }

    fn pull(&mut self, now: Timestamp, frame: &mut SoundFrame) -> bool {
        if !self.pace.has_ended(now) {
            return false;
        }
        self.pace.take();
        let mut rest = frame.as_mut_slice();
        while !rest.is_empty() {
            let ahead = &self.samples[self.position..];
            let count = ahead.len().min(rest.len());
            let (filled, unfilled) = rest.split_at_mut(count);
            filled.copy_from_slice(&ahead[..count]);
            rest = unfilled;
            self.position = (self.position + count) % self.samples.len();
        }
        true
    }

    fn take_problem(&mut self) -> Option<DeviceError> {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sound::FRAME_SAMPLES;

    fn at(millis: u64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    fn counting(length: usize) -> LoopMicrophone {
        LoopMicrophone::playing((0..length).map(|n| n as f32).collect())
    }

    #[test]
    fn a_frame_comes_when_it_has_been_spoken() {
        let mut microphone = counting(10_000);
        let mut frame = [-1.0; FRAME_SAMPLES];
        assert_eq!(microphone.started(), None);
        assert!(!microphone.pull(at(100), &mut frame));
        assert_eq!(microphone.started(), Some(at(100)));
        assert!(!microphone.pull(at(109), &mut frame));
        assert_eq!(frame[0], -1.0);
        assert!(microphone.pull(at(110), &mut frame));
        assert_eq!((frame[0], frame[479]), (0.0, 479.0));
        assert!(!microphone.pull(at(110), &mut frame));
    }

    #[test]
    fn sample_n_is_spoken_at_the_start_plus_n_over_the_rate_however_late_we_are() {
        for length in [1, 7, 479, 480, 481, 48_000] {
            let mut microphone = counting(length);
            let mut frame = [0.0; FRAME_SAMPLES];
            let (mut spoken, mut now) = (0, at(5));
            microphone.pull(now, &mut frame);
            // Ticks that come late, sometimes by much.
            for stall in [10, 10, 13, 250, 1, 9, 4_000, 10] {
                now += std::time::Duration::from_millis(stall);
                while microphone.pull(now, &mut frame) {
                    for &sample in &frame {
                        assert_eq!(sample, (spoken % length) as f32);
                        spoken += 1;
                    }
                }
                assert_eq!(spoken as u64, (now - at(5)).as_millis() as u64 / 10 * 480);
            }
        }
    }
}
