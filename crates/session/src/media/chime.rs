//! Two soft notes that call somebody back to the window.

/// Adds the chime to what is played, from when it was rung.
#[derive(Debug, Default)]
pub(super) struct Chime {
    /// Samples that are still to be played.
    left: usize,
}

impl Chime {
    /// Begins, again if it sounds already.
    pub(super) fn ring(&mut self) {
        self.left = NOTE * NOTES_HZ.len();
    }

    /// Adds the next samples.
    pub(super) fn mix(&mut self, frame: &mut [f32]) {
        for sample in frame.iter_mut().take(self.left) {
            let played = NOTE * NOTES_HZ.len() - self.left;
            let (note, into) = (played / NOTE, played % NOTE);
            let time = into as f32 / SAMPLES_A_SECOND;
            // A struck bar: it begins within 5 ms and dies away.
            let envelope = (time / 0.005).min(1.0) * (-time * 7.0).exp();
            *sample += LOUDNESS * envelope * (std::f32::consts::TAU * NOTES_HZ[note] * time).sin();
            self.left -= 1;
        }
    }
}

/// E and A, a fourth upward: heard as friendly, and both well within small loudspeakers and most hearing loss.
pub(super) const NOTES_HZ: [f32; 2] = [659.3, 880.0];
/// 350 ms.
const NOTE: usize = 16_800;
pub(super) const SAMPLES_A_SECOND: f32 = 48_000.0;
/// -12 dB: over speech, and no fright.
const LOUDNESS: f32 = 0.25;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_sounds_for_both_notes_and_is_quiet_before_and_after() {
        let mut chime = Chime::default();
        let mut frame = [0.0; 480];
        chime.mix(&mut frame);
        assert_eq!(frame, [0.0; 480]);
        chime.ring();
        let mut loud = 0;
        for _ in 0..100 {
            let mut frame = [0.0; 480];
            chime.mix(&mut frame);
            assert!(frame.iter().all(|sample| sample.abs() <= LOUDNESS));
            loud += usize::from(frame.iter().any(|sample| *sample != 0.0));
        }
        assert_eq!(loud, 70, "0.7 s of 1 s");
    }
}
