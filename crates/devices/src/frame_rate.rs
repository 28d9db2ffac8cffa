//! How many pictures come in a second, as the exact fraction that films and cameras use.

use std::fmt;
use std::time::Duration;

/// Pictures in a second: a fraction, because "29.97" is 30000/1001 and a rounded one drifts by a picture in 17 minutes.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct FrameRate {
    numerator: u32,
    denominator: u32,
}

impl FrameRate {
    /// `numerator / denominator` pictures in a second; `None` unless that is from 1 to [`Self::MAX`].
    pub fn new(numerator: u32, denominator: u32) -> Option<Self> {
        let sensible = denominator > 0
            && numerator >= denominator
            && u64::from(numerator) <= u64::from(Self::MAX) * u64::from(denominator);
        sensible.then_some(Self { numerator, denominator })
    }

    /// More than any camera gives; a file that claims more has a broken header.
    pub const MAX: u32 = 240;

    /// What cameras give unless asked for something else.
    pub const THIRTY: Self = Self { numerator: 30, denominator: 1 };

    /// The number above the line.
    pub fn numerator(self) -> u32 {
        self.numerator
    }

    /// The number below the line.
    pub fn denominator(self) -> u32 {
        self.denominator
    }

    /// Pictures in a second.
    pub fn as_f64(self) -> f64 {
        f64::from(self.numerator) / f64::from(self.denominator)
    }

    /// Pictures in a second, to the nearest whole number and at least 1.
    pub fn rounded(self) -> u32 {
        (self.as_f64().round() as u32).max(1)
    }

    /// How long after the first picture picture `index` is taken.
    pub fn time_of(self, index: u64) -> Duration {
        let micros = u128::from(index) * 1_000_000 * u128::from(self.denominator) / u128::from(self.numerator);
        Duration::from_micros(u64::try_from(micros).unwrap_or(u64::MAX))
    }

    /// The last picture that was taken when `elapsed` has passed since the first.
    pub fn newest_at(self, elapsed: Duration) -> u64 {
        let by_division = elapsed.as_micros() * u128::from(self.numerator) / (u128::from(self.denominator) * 1_000_000);
        let index = u64::try_from(by_division).unwrap_or(u64::MAX);
        // `time_of` rounds down to a microsecond, so a picture may be due one earlier than the division says.
        if index < u64::MAX && self.time_of(index + 1) <= elapsed { index + 1 } else { index }
    }
}

impl fmt::Debug for FrameRate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.numerator, self.denominator)
    }
}

impl fmt::Display for FrameRate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.2}", self.as_f64())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_that_no_camera_has_is_none() {
        for (numerator, denominator) in [(0, 1), (1, 0), (0, 0), (1, 2), (241, 1), (u32::MAX, 1)] {
            assert_eq!(FrameRate::new(numerator, denominator), None, "{numerator}/{denominator}");
        }
        assert_eq!(FrameRate::new(u32::MAX, u32::MAX).map(FrameRate::rounded), Some(1));
    }

    #[test]
    fn an_hour_of_ntsc_does_not_drift() {
        let ntsc = FrameRate::new(30_000, 1_001).expect("a rate");
        assert_eq!(ntsc.time_of(30_000), Duration::from_secs(1_001));
        assert_eq!(ntsc.rounded(), 30);
    }

    #[test]
    fn the_newest_picture_is_the_one_whose_time_has_come() {
        for rate in [FrameRate::THIRTY, FrameRate::new(30_000, 1_001).expect("a rate")] {
            for index in [0, 1, 2, 3, 29, 30, 1_000, 999_999] {
                let due = rate.time_of(index);
                assert_eq!(rate.newest_at(due), index);
                if index > 0 {
                    assert_eq!(rate.newest_at(due - Duration::from_micros(1)), index - 1);
                }
            }
        }
    }
}
