//! The link of a row: how packets are delayed and lost. Seeded, and told the time.

use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use units::{DataRate, Timestamp};

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
    /// What the link carries in all, if that is so little that each packet holds it for a while.
    pub(super) rate: Option<DataRate>,
}

impl Weather {
    /// What a packet of voice takes one way, if nothing is before it.
    pub(super) fn one_way(&self) -> Duration {
        self.delay + self.rate.map_or(Duration::ZERO, |rate| rate.time_for(VOICE_BYTES))
    }
}

/// One way of it.
#[derive(Debug)]
pub(super) struct Air {
    weather: Weather,
    random: StdRng,
    /// Whether it is bad, and until when.
    bad: bool,
    turns: Timestamp,
    /// When what was sent so far has left, and when reports and checks go next.
    busy_until: Timestamp,
    others_at: Timestamp,
}

impl Air {
    /// Weather that begins at `now`, well.
    pub(super) fn new(now: Timestamp, weather: Weather, seed: u64) -> Self {
        Self { weather, random: StdRng::seed_from_u64(seed), bad: true, turns: now, busy_until: now, others_at: now }
    }

    /// When a packet of so many bytes that is sent now arrives; `None` if it never does. Asked in the order of time.
    pub(super) fn carry(&mut self, now: Timestamp, bytes: u64) -> Option<Timestamp> {
        let left = self.pass_through(now, bytes);
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
        (!lost).then(|| left + self.weather.delay + jitter)
    }

    /// When a packet has left a thin link, on which reports and checks of the path go as well.
    fn pass_through(&mut self, now: Timestamp, bytes: u64) -> Timestamp {
        let Some(rate) = self.weather.rate else { return now };
        while self.others_at <= now {
            self.busy_until = self.busy_until.max(self.others_at) + rate.time_for(OTHERS_BYTES);
            let gap = self.exponential(OTHERS_EVERY - OTHERS_LEAST);
            self.others_at += OTHERS_LEAST + gap;
        }
        self.busy_until = self.busy_until.max(now) + rate.time_for(bytes);
        self.busy_until
    }

    fn exponential(&mut self, mean: Duration) -> Duration {
        mean.mul_f64(-(1.0 - self.random.random::<f64>()).ln())
    }
}

/// 60 ms of a voice at 24 kbps, headers included.
const VOICE_BYTES: u64 = 180;
/// A report or a check of the path, headers included, and how often one goes: 1.9 kbps (as measured at 30 kbps).
const OTHERS_BYTES: u64 = 100;
const OTHERS_EVERY: Duration = Duration::from_millis(420);
const OTHERS_LEAST: Duration = Duration::from_millis(100);

#[cfg(test)]
mod tests {
    use super::*;

    fn lost(loss: Loss, every_ms: u64) -> Vec<bool> {
        let weather = Weather { loss, delay: Duration::ZERO, jitter: Duration::ZERO, rate: None };
        let mut air = Air::new(Timestamp::ZERO, weather, 3);
        (0..200_000).map(|index| air.carry(Timestamp::from_millis(index * every_ms), 178).is_none()).collect()
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
        let mut air = Air::new(Timestamp::ZERO, Weather { loss: Loss::None, delay, jitter, rate: None }, 3);
        let now = Timestamp::from_millis(7);
        let took: f64 = (0..20_000).filter_map(|_| air.carry(now, 178)).map(|at| at.since(now).as_secs_f64()).sum();
        assert!((took / 20_000.0 - 0.065).abs() < 0.001);
    }

    #[test]
    fn a_packet_holds_a_thin_link_for_its_bytes_and_waits_for_what_goes_before() {
        let delay = Duration::from_millis(100);
        let rate = Some(DataRate::from_kbps(30));
        let mut air = Air::new(Timestamp::ZERO, Weather { loss: Loss::None, delay, jitter: Duration::ZERO, rate }, 3);
        let took: Vec<_> = (1..=2_000_u64)
            .filter_map(|index| {
                let now = Timestamp::from_millis(index * 60);
                Some(air.carry(now, 180)?.since(now).as_millis())
            })
            .collect();
        assert_eq!(took.iter().min(), Some(&148));
        let waited = took.iter().filter(|took| **took > 150).count();
        assert!((100..700).contains(&waited), "{waited}");
        assert!(took.iter().all(|took| *took < 400), "{took:?}");
    }
}
