//! How loud the other side is played.

/// Makes what is played quieter.
#[derive(Debug)]
pub(super) struct Volume {
    /// By what the last sample was multiplied.
    gain: f32,
}

impl Default for Volume {
    fn default() -> Self {
        Self { gain: 1.0 }
    }
}

impl Volume {
    /// To so many percent, over the length of the frame: a step would click. Loudness is heard in ratios, so half the way is a
    /// quarter of the amplitude.
    pub(super) fn apply(&mut self, frame: &mut [f32], percent: u8) {
        let wanted = (f32::from(percent.min(100)) / 100.0).powi(2);
        if wanted >= 1.0 && self.gain >= 1.0 {
            return;
        }
        let step = (wanted - self.gain) / frame.len().max(1) as f32;
        for sample in frame.iter_mut() {
            self.gain += step;
            *sample *= self.gain;
        }
        self.gain = wanted;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_goes_down_and_up_without_a_step_and_full_is_what_came() {
        let mut volume = Volume::default();
        let mut played = Vec::new();
        for percent in [100, 0, 0, 50, 100, 100] {
            let mut frame = [1.0_f32; 480];
            volume.apply(&mut frame, percent);
            played.extend(frame);
        }
        let largest = played.windows(2).map(|pair| (pair[1] - pair[0]).abs()).fold(0.0, f32::max);
        assert!(largest < 0.01, "a step of {largest}");
        let at_end_of = |frame: usize| played[(frame + 1) * 480 - 1];
        for (frame, loud) in [(0, 1.0), (1, 0.0), (2, 0.0), (3, 0.25), (4, 1.0), (5, 1.0)] {
            assert!((at_end_of(frame) - loud).abs() < 1e-4, "{frame}: {}", at_end_of(frame));
        }
        assert!(played[5 * 480..].iter().all(|sample| (*sample - 1.0).abs() < f32::EPSILON));
    }
}
