//! How far lips and voice were apart.

use std::fmt;

/// Counts pictures by how much later than its voice each was shown, in whole milliseconds.
#[derive(Clone)]
pub(crate) struct LipMeter {
    /// From `-MOST` to `MOST`.
    pictures: Vec<u32>,
}

impl Default for LipMeter {
    fn default() -> Self {
        Self { pictures: vec![0; 2 * MOST as usize + 1] }
    }
}

impl fmt::Debug for LipMeter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LipMeter({:?}, {:?})", self.median(), self.apart())
    }
}

impl LipMeter {
    /// A picture was shown `offset` microseconds after its voice was heard, or before if that is negative.
    pub(crate) fn on_shown(&mut self, offset: i64) {
        let millis = offset.div_euclid(1_000).clamp(-MOST, MOST);
        let count = &mut self.pictures[(millis + MOST) as usize];
        *count = count.saturating_add(1);
    }

    /// How much later than its voice a picture was shown, in milliseconds: as many came sooner as later.
    pub(crate) fn median(&self) -> Option<f64> {
        let of = |place: usize| place as i64 - MOST;
        quantile(self.pictures.iter().enumerate().map(|(place, count)| (of(place), *count)), 0.5)
    }

    /// How far apart, either way, 95 of 100 were at most, in milliseconds.
    pub(crate) fn apart(&self) -> Option<f64> {
        let middle = MOST as usize;
        let sooner = |apart: usize| if apart == 0 { 0 } else { self.pictures[middle - apart] };
        let both =
            (0..=middle).map(|apart| (apart as i64, self.pictures[middle + apart].saturating_add(sooner(apart))));
        quantile(both, 0.95)
    }
}

/// The value below or at which a `share` of all lies; values rise.
fn quantile(counts: impl Iterator<Item = (i64, u32)> + Clone, share: f64) -> Option<f64> {
    let all: u64 = counts.clone().map(|(_, count)| u64::from(count)).sum();
    let wanted = (all as f64 * share).ceil().max(1.0) as u64;
    let mut seen = 0;
    counts.map(|(value, count)| (value, u64::from(count))).find_map(|(value, count)| {
        seen += count;
        (seen >= wanted).then_some(value as f64)
    })
}

/// Two seconds either way; what is further apart is not lip sync.
const MOST: i64 = 2_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_known_of_no_pictures() {
        assert_eq!((LipMeter::default().median(), LipMeter::default().apart()), (None, None));
    }

    #[test]
    fn the_median_has_a_sign_and_how_far_apart_has_none() {
        let mut meter = LipMeter::default();
        for millis in 0..100_i64 {
            meter.on_shown((millis - 80) * 1_000);
        }
        assert_eq!((meter.median(), meter.apart()), (Some(-31.0), Some(75.0)));
        for _ in 0..300 {
            meter.on_shown(12_345);
        }
        assert_eq!(meter.median(), Some(12.0));
        meter.on_shown(i64::MAX);
        meter.on_shown(i64::MIN);
        assert_eq!(meter.median(), Some(12.0));
    }
}
