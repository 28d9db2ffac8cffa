//! When playout goes a little faster or slower, so that its delay becomes what it should be.

use super::FRAME;

/// What is to be done with the voice that comes next.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Wish {
    /// Nothing.
    Keep,
    /// Make it longer, if a seam of this likeness (0 to 1) can be found.
    Stretch(f32),
    /// Make it shorter, if a seam of this likeness can be found.
    Shrink(f32),
}

/// Watches how far the delay is off for a while before it asks for a change, so that one late tick of the caller's clock
/// is not acted on. In a pause of speech nobody hears a seam: there small differences are set right too.
#[derive(Debug, Default)]
pub(super) struct Steering {
    /// The least excess and the least shortage in the current stretch of observation, in microseconds.
    least: Option<(i64, i64)>,
    observed: usize,
    /// The power of the loudest that was heard lately.
    loud: f32,
    quiet: bool,
}

impl Steering {
    /// Hears 10 ms that were handed out.
    pub(super) fn hear(&mut self, frame: &[f32; FRAME]) {
        let power = frame.iter().map(|sample| sample * sample).sum::<f32>() / FRAME as f32;
        self.loud = power.max(self.loud * FORGET);
        self.quiet = power < self.loud * PAUSE || power < SILENCE;
    }

    /// 10 ms later. `excess` is how much later than necessary voice is heard, `shortage` how much too early, both in
    /// microseconds and negative if it is not so. They may overlap: between the two all is well.
    pub(super) fn watch(&mut self, excess: i64, shortage: i64) -> Wish {
        let least = self.least.map_or((excess, shortage), |least| (least.0.min(excess), least.1.min(shortage)));
        self.least = Some(least);
        self.observed += FRAME;
        let hurried = least.0 > HURRY || least.1 > HURRY_UP;
        if self.observed < if hurried { OBSERVE_HURRIED } else { OBSERVE } {
            return Wish::Keep;
        }
        let (slack, lack) = if self.quiet { (SLACK_IN_PAUSES, LACK_IN_PAUSES) } else { (SLACK, LACK) };
        let likeness = match (self.quiet, hurried) {
            (true, _) => LIKENESS_IN_PAUSES,
            (false, true) => LIKENESS_HURRIED,
            (false, false) => LIKENESS,
        };
        if least.0 > slack {
            Wish::Shrink(likeness)
        } else if least.1 > lack {
            Wish::Stretch(likeness)
        } else {
            self.forget();
            Wish::Keep
        }
    }

    /// The delay has changed, or will: what was seen so far counts no more.
    pub(super) fn forget(&mut self) {
        self.least = None;
        self.observed = 0;
    }
}

/// How long the delay is watched before it is changed…
const OBSERVE: usize = 6 * FRAME;
/// …and where it is far off.
const OBSERVE_HURRIED: usize = 2 * FRAME;
/// Delay beyond what is needed that is left alone in speech, in microseconds: a seam is worse than 14 ms.
const SLACK: i64 = 14_000;
const SLACK_IN_PAUSES: i64 = 10_000;
/// Missing delay that is left alone, in microseconds.
const LACK: i64 = 10_000;
const LACK_IN_PAUSES: i64 = 5_000;
/// From here on getting rid of delay quickly matters more than every seam, in microseconds.
const HURRY: i64 = 100_000;
/// The same for delay that is missing: the alternative is a gap.
const HURRY_UP: i64 = 20_000;
/// Correlation from which a seam cannot be heard.
const LIKENESS: f32 = 0.85;
const LIKENESS_HURRIED: f32 = 0.5;
const LIKENESS_IN_PAUSES: f32 = 0.3;
/// Forty decibels below the loudest of the last seconds nobody speaks.
const PAUSE: f32 = 1e-4;
/// -60 dB of full scale.
const SILENCE: f32 = 1e-6;
/// The loudest fades by half in three seconds.
const FORGET: f32 = 0.997_7;

#[cfg(test)]
mod tests {
    use super::*;

    fn wishes(steering: &mut Steering, frames: usize, excess: i64, shortage: i64) -> Vec<Wish> {
        (0..frames).map(|_| steering.watch(excess, shortage)).filter(|wish| *wish != Wish::Keep).collect()
    }

    fn speaking() -> Steering {
        let mut steering = Steering::default();
        steering.hear(&[0.1; FRAME]);
        steering
    }

    #[test]
    fn what_is_nearly_right_is_left_alone() {
        assert_eq!(wishes(&mut speaking(), 100, SLACK, -SLACK), []);
        assert_eq!(wishes(&mut speaking(), 100, -LACK, LACK), []);
    }

    #[test]
    fn one_late_tick_is_not_acted_on() {
        let mut steering = speaking();
        for tick in 0..100 {
            let excess = if tick % 5 == 0 { 0 } else { 60_000 };
            assert_eq!(steering.watch(excess, -excess), Wish::Keep);
        }
    }

    #[test]
    fn too_much_is_shrunk_too_little_stretched_and_sooner_in_a_pause() {
        let mut steering = speaking();
        assert_eq!(wishes(&mut steering, 6, 30_000, -30_000), [Wish::Shrink(LIKENESS)]);
        steering.forget();
        assert_eq!(wishes(&mut steering, 6, -15_000, 15_000), [Wish::Stretch(LIKENESS)]);
        steering.forget();
        assert_eq!(wishes(&mut steering, 6, 12_000, -12_000), []);
        steering.hear(&[0.000_5; FRAME]);
        steering.forget();
        assert_eq!(wishes(&mut steering, 6, 12_000, -12_000), [Wish::Shrink(LIKENESS_IN_PAUSES)]);
    }

    #[test]
    fn far_too_much_is_hurried() {
        assert_eq!(wishes(&mut speaking(), 2, 200_000, -200_000), [Wish::Shrink(LIKENESS_HURRIED)]);
    }
}
