//! How late packets come, and so how long playout has to wait for them.

use std::collections::VecDeque;
use std::time::Duration;

use units::Timestamp;

use super::{MICROS_PER_SECOND, SAMPLE_RATE};

/// Watches arrivals of the last seconds.
///
/// A packet's delay is its arrival less its RTP time: the origin is arbitrary, so only differences count. The smallest
/// of the window is the base; what lies above is jitter. A route that becomes slower, or a sender's clock that drifts,
/// moves the base along within the window's length.
#[derive(Debug, Default)]
pub(super) struct DelayEstimator {
    window: VecDeque<Arrival>,
    base: i64,
    target: i64,
    /// Scratch for the quantile.
    sorted: Vec<i64>,
    /// What the target was before the window was cleared: the best guess until new packets tell.
    inherited: i64,
}

#[derive(Debug)]
struct Arrival {
    at: Timestamp,
    delay: i64,
    sequence: u64,
}

impl DelayEstimator {
    pub(super) fn new() -> Self {
        Self { inherited: INITIAL_TARGET, target: INITIAL_TARGET, ..Self::default() }
    }

    /// A packet came whose first sample is `timestamp` on the sender's clock, counted on beyond 32 bits.
    pub(super) fn on_packet(&mut self, now: Timestamp, timestamp: i64, sequence: u64) {
        let delay = Self::delay(now, timestamp);
        while self.window.len() >= MAX_WINDOW || self.window.front().is_some_and(|first| now - first.at > WINDOW) {
            self.window.pop_front();
        }
        self.window.push_back(Arrival { at: now, delay, sequence });
        self.base = self.window.iter().map(|arrival| arrival.delay).min().unwrap_or(delay);
        self.target = self.aim();
    }

    /// Starts over after a pause; the last target holds until the new packets tell.
    pub(super) fn clear(&mut self) {
        self.inherited = self.target.max(INITIAL_TARGET);
        self.window.clear();
    }

    /// How many microseconds after the earliest possible moment the sample `timestamp` would be heard now.
    pub(super) fn playout_delay(&self, now: Timestamp, timestamp: i64) -> i64 {
        Self::delay(now, timestamp) - self.base
    }

    /// How many microseconds that should be.
    pub(super) fn target(&self) -> i64 {
        self.target
    }

    /// The share of packets of the window that never came.
    pub(super) fn loss(&self) -> f32 {
        let sequences = self.window.iter().map(|arrival| arrival.sequence);
        let (Some(first), Some(last)) = (sequences.clone().min(), sequences.max()) else { return 0.0 };
        let sent = last - first + 1;
        1.0 - (self.window.len() as f32 / sent as f32).min(1.0)
    }

    fn aim(&mut self) -> i64 {
        let mut lateness = std::mem::take(&mut self.sorted);
        lateness.clear();
        lateness.extend(self.everyday().map(|(_, late)| late));
        self.sorted = lateness;
        let Some(last) = self.sorted.len().checked_sub(1) else { return self.target };
        let index = ((self.sorted.len() as f64 * QUANTILE) as usize).min(last);
        let (_, &mut quantile, _) = self.sorted.select_nth_unstable(index);
        let mut target = (quantile + MARGIN).max(self.repeated_peak() + MARGIN).clamp(MIN_TARGET, MAX_TARGET);
        if self.window.len() < ENOUGH {
            target = target.max(self.inherited);
        }
        target
    }

    /// The second highest of the spikes in the window: one may be an accident, two are the link.
    ///
    /// Spikes are told apart by the second in which they came; neighbouring seconds count as one. The height of each is
    /// that of its third latest packet, so that the tail of everyday jitter is no spike.
    fn repeated_peak(&self) -> i64 {
        let mut peaks: Vec<(u64, [i64; 3])> = Vec::with_capacity(WINDOW.as_secs() as usize + 2);
        for (at, mut height) in self.everyday() {
            let second = at.as_micros() / MICROS_PER_SECOND as u64;
            if peaks.last().is_none_or(|(last, _)| *last != second) {
                peaks.push((second, [0; 3]));
            }
            let Some((_, latest)) = peaks.last_mut() else { continue };
            for place in latest {
                if height > *place {
                    std::mem::swap(place, &mut height);
                }
            }
        }
        let heights = peaks.iter().map(|&(second, latest)| (second, latest[2]));
        let highest = heights.clone().max_by_key(|&(_, height)| height);
        let apart = |at: u64| heights.filter(move |(second, _)| second.abs_diff(at) > 1).map(|(_, height)| height);
        highest.and_then(|(at, _)| apart(at).max()).unwrap_or(0)
    }

    /// When the packets of the window came and how late, without those that an outage kept back and then let go together:
    /// no buffer could have covered it, so it says nothing about how much to keep.
    fn everyday(&self) -> impl Iterator<Item = (Timestamp, i64)> + '_ {
        let mut outage: Option<Timestamp> = None;
        self.window.iter().filter_map(move |arrival| {
            let late = arrival.delay - self.base;
            if late > OUTAGE {
                outage = Some(arrival.at);
            }
            let after_outage = outage.is_some_and(|at| arrival.at - at < OUTAGE_BURST);
            (!after_outage).then_some((arrival.at, late))
        })
    }

    fn delay(now: Timestamp, timestamp: i64) -> i64 {
        let spoken = timestamp.saturating_mul(MICROS_PER_SECOND / 1_000) / i64::from(SAMPLE_RATE / 1_000);
        i64::try_from(now.as_micros()).unwrap_or(i64::MAX).saturating_sub(spoken)
    }
}

/// Long enough to remember spikes that come every few seconds, short enough to forget a bad minute.
const WINDOW: Duration = Duration::from_secs(10);
/// Against a flood of packets: four times what 10 ms packets bring.
const MAX_WINDOW: usize = 4_000;
/// The rest comes from FEC or is made up; waiting for the last few would cost everyone delay.
const QUANTILE: f64 = 0.96;
/// Playout happens in steps of 10 ms: a packet may be needed that much before its quantile says.
const MARGIN: i64 = 10_000;
const MIN_TARGET: i64 = 20_000;
/// Beyond this a conversation is worse off than with gaps (ITU-T G.114: 400 ms mouth to ear is the limit).
const MAX_TARGET: i64 = 500_000;
/// Twice what the buffer may hold at most, in microseconds.
const OUTAGE: i64 = 2 * MAX_TARGET;
/// How long the packets that an outage kept back keep coming.
const OUTAGE_BURST: Duration = Duration::from_millis(300);
/// Until the link is known: most links are better.
const INITIAL_TARGET: i64 = 30_000;
/// Packets after which the window tells more than a guess.
const ENOUGH: usize = 40;

#[cfg(test)]
mod tests {
    use super::*;

    /// A second of 20 ms packets, each delayed by what `delay_ms` says of its number.
    fn feed(estimator: &mut DelayEstimator, from: u64, packets: u64, delay_ms: impl Fn(u64) -> u64) {
        for index in from..from + packets {
            let now = Timestamp::from_millis(1_000 + index * 20 + delay_ms(index));
            estimator.on_packet(now, index as i64 * 960, index);
        }
    }

    #[test]
    fn a_link_without_jitter_wants_the_least() {
        let mut estimator = DelayEstimator::new();
        feed(&mut estimator, 0, 100, |_| 35);
        assert_eq!(estimator.target(), MIN_TARGET);
        assert_eq!(estimator.loss(), 0.0);
    }

    #[test]
    fn jitter_raises_the_target_to_its_quantile_and_is_forgotten_after_the_window() {
        let mut estimator = DelayEstimator::new();
        feed(&mut estimator, 0, 500, |index| index % 10 * 10);
        assert_eq!(estimator.target(), 100_000);
        feed(&mut estimator, 500, 510, |_| 0);
        assert_eq!(estimator.target(), MIN_TARGET);
    }

    #[test]
    fn one_spike_is_an_accident_and_two_are_the_link() {
        let spike =
            |at: u64| move |index: u64| 200_u64.saturating_sub((index - at.min(index)) * 20) * u64::from(index >= at);
        let mut estimator = DelayEstimator::new();
        feed(&mut estimator, 0, 200, spike(100));
        feed(&mut estimator, 200, 150, |_| 0);
        assert_eq!(estimator.target(), MIN_TARGET);
        feed(&mut estimator, 350, 50, spike(380));
        assert!(estimator.target() >= 160_000, "{}", estimator.target());
    }

    #[test]
    fn a_slower_route_moves_the_base_and_not_the_target() {
        let mut estimator = DelayEstimator::new();
        feed(&mut estimator, 0, 200, |_| 20);
        feed(&mut estimator, 200, 520, |_| 150);
        assert_eq!(estimator.target(), MIN_TARGET);
    }

    #[test]
    fn loss_is_what_the_numbers_leave_out() {
        let mut estimator = DelayEstimator::new();
        for index in (0..100).filter(|index| index % 10 != 5) {
            estimator.on_packet(Timestamp::from_millis(index * 20), index as i64 * 960, index);
        }
        assert!((estimator.loss() - 0.1).abs() < 0.01, "{}", estimator.loss());
    }
}
