//! How loud it is, for a bar on the screen.

use std::sync::atomic::{AtomicU32, Ordering};

/// The peak of the last moment; falls by half in about 70 ms.
#[derive(Debug, Default)]
pub(crate) struct Level(AtomicU32);

impl Level {
    /// Takes 10 ms of sound.
    pub(crate) fn hear(&self, frame: &[f32]) {
        let peak = frame.iter().fold(0.0_f32, |peak, sample| peak.max(sample.abs()));
        let level = peak.max(self.get() * FALL).min(1.0);
        self.0.store(level.to_bits(), Ordering::Relaxed);
    }

    /// 0 to 1 of full scale.
    pub(crate) fn get(&self) -> f32 {
        f32::from_bits(self.0.load(Ordering::Relaxed))
    }
}

const FALL: f32 = 0.9;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_rises_at_once_and_falls_slowly() {
        let level = Level::default();
        level.hear(&[0.1, -0.5, 0.2]);
        assert_eq!(level.get(), 0.5);
        level.hear(&[0.0; 480]);
        assert_eq!(level.get(), 0.45);
        level.hear(&[7.0]);
        assert_eq!(level.get(), 1.0);
    }
}
