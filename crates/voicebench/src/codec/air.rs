//! The link of a row: how packets are delayed and lost. Seeded, and told the time.

use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use units::Timestamp;

/// How packets are lost.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Loss {
    /// None is.
    None,
    /// Each by itself, with this probability.
    Random(f64),
    /// All that are sent while the link is bad, which it is for `length` on average and this share of the *time*: short
    /// packets are not helped by being many.
    Bursts { share: f64, length: Duration },
}

/// What a link is like.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Weather {
    pub(super) loss: Loss,
    /// One-way delay of every packet.
    pub(super) delay: Duration,
    /// Mean of an exponential variation on top, each packet by itself: they may overtake.
    pub(super) jitter: Duration,
}

/// One way of it.
#[derive(Debug)]
pub(super) struct Air {
    weather: Weather,
    random: StdRng,
    /// Whether it is bad, and until when.
    bad: bool,
    turns: Timestamp,
}

impl Air {
    pub(super) fn new(weather: Weather, seed: u64) -> Self {
        Self { weather, random: StdRng::seed_from_u64(seed), bad: true, turns: Timestamp::ZERO }
    }

    /// When a packet that is sent now arrives; `None` if it never does. Asked in the order of time.
    pub(super) fn carry(&mut self, now: Timestamp) -> Option<Timestamp> {
        let lost = match self.weather.loss {
            Loss::None => false,
            Loss::Random(probability) => self.random.random_bool(probability),
            Loss::Bursts { share, length } => {
                while self.turns <= now {
                    self.bad = !self.bad;
                    let mean = if self.bad { length } else { length.mul_f64((1.0 - share) / share) };
                    let lasts = self.exponential(mean);
                    self.turns += lasts;
                }
                self.bad
            }
        };
        let jitter = self.exponential(self.weather.jitter);
        (!lost).then(|| now + self.weather.delay + jitter)
    }

    fn exponential(&mut self, mean: Duration) -> Duration {
        mean.mul_f64(-(1.0 - self.random.random::<f64>()).ln())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lost(loss: Loss, every_ms: u64) -> Vec<bool> {
        let weather = Weather { loss, delay: Duration::ZERO, jitter: Duration::ZERO };
        let mut air = Air::new(weather, 3);
        (0..200_000).map(|index| air.carry(Timestamp::from_millis(index * every_ms)).is_none()).collect()
    }

    fn share(lost: &[bool]) -> f64 {
        lost.iter().filter(|lost| **lost).count() as f64 / lost.len() as f64
    }

    #[test]
    fn as_much_is_lost_as_asked_for_and_bursts_last_in_time_and_not_in_packets() {
        let bursts = Loss::Bursts { share: 0.1, length: Duration::from_millis(60) };
        for (loss, every_ms, follows) in
            [(Loss::Random(0.1), 20, 0.1), (bursts, 20, 0.721), (bursts, 60, 0.396), (bursts, 120, 0.198)]
        {
            let lost = lost(loss, every_ms);
            assert!((share(&lost) - 0.1).abs() < 0.01, "{loss:?}");
            let after: Vec<bool> = lost.windows(2).filter(|pair| pair[0]).map(|pair| pair[1]).collect();
            assert!((share(&after) - follows).abs() < 0.02, "{loss:?} every {every_ms} ms: {}", share(&after));
        }
    }

    #[test]
    fn jitter_adds_its_mean() {
        let (delay, jitter) = (Duration::from_millis(50), Duration::from_millis(15));
        let mut air = Air::new(Weather { loss: Loss::None, delay, jitter }, 3);
        let now = Timestamp::from_millis(7);
        let took: f64 = (0..20_000).filter_map(|_| air.carry(now)).map(|at| at.since(now).as_secs_f64()).sum();
        assert!((took / 20_000.0 - 0.065).abs() < 0.001);
    }
}
