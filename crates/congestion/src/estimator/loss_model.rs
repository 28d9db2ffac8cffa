//! Whether packets are lost because the link is full or because it is bad.
//!
//! Two explanations are weighed for what was seen over the last seconds: "the path loses a part p whatever we send",
//! and "it carries B, and what is above is dropped (and a part p of the rest)". Only when the second explains far
//! better is B a limit. A constant loss at any rate is therefore no reason to slow down; a loss that comes and goes
//! with the rate is. (The idea of libwebrtc's second loss-based estimator, simplified.)

use std::collections::VecDeque;
use std::time::Duration;

use units::{DataRate, Timestamp};

/// An observation is of at least this long and this many packets, or of the longest time: a percentage of fewer says
/// nothing, and at 20 packets a second one must not wait for ever.
const MIN_SPAN: Duration = Duration::from_millis(250);
const MIN_PACKETS: u32 = 20;
const MAX_SPAN: Duration = Duration::from_millis(1_000);

/// How many observations are weighed, and how much less each older one weighs: half after seven (two to five seconds).
const OBSERVATIONS: usize = 20;
const AGEING: f64 = 0.9;

/// How much better the limit must explain, as the logarithm of the ratio of likelihoods: 3 is odds of 20 to 1, "strong"
/// in Kass and Raftery, Bayes Factors (1995).
const STRONG: f64 = 3.0;

/// The losses of a bad path that are considered. Above 35 % there is no conversation, whatever the reason: slower it is.
const INHERENT: [f64; 10] = [0.002, 0.01, 0.02, 0.04, 0.07, 0.10, 0.15, 0.20, 0.27, 0.35];

/// The limits that are considered, as parts of the highest rate seen.
const LIMITS: [f64; 14] = [0.12, 0.18, 0.25, 0.33, 0.42, 0.5, 0.58, 0.66, 0.74, 0.8, 0.86, 0.91, 0.95, 0.98];

#[derive(Debug, Clone, Copy)]
struct Observation {
    rate: f64,
    received: f64,
    lost: f64,
    runs: f64,
}

#[derive(Debug, Default)]
pub(super) struct LossModel {
    observations: VecDeque<Observation>,
    from: Option<Timestamp>,
    to: Timestamp,
    bytes: u64,
    received: u32,
    lost: u32,
    runs: u32,
    in_run: bool,
    loss: f64,
    limit: Option<DataRate>,
}

impl LossModel {
    /// A packet that left at `sent` was told of for the first time.
    pub(super) fn on_packet(&mut self, sent: Timestamp, bytes: usize, arrived: bool) {
        let from = *self.from.get_or_insert(sent);
        self.to = self.to.max(sent);
        self.bytes += bytes as u64;
        if arrived {
            self.received += 1;
        } else {
            self.lost += 1;
            if !self.in_run {
                self.runs += 1;
            }
        }
        self.in_run = !arrived;
        let span = self.to.since(from);
        let packets = self.received + self.lost;
        if (span >= MIN_SPAN && packets >= MIN_PACKETS) || (span >= MAX_SPAN && packets >= 4) {
            self.observe(span, packets);
        }
    }

    /// A packet that was told of as lost came after all.
    pub(super) fn on_revised(&mut self) {
        if self.lost > 0 {
            self.lost -= 1;
            self.received += 1;
        } else if let Some(last) = self.observations.back_mut()
            && last.lost >= 1.0
        {
            last.lost -= 1.0;
            last.received += 1.0;
        }
    }

    /// Which part is lost, lately.
    pub(super) fn loss(&self) -> f64 {
        self.loss
    }

    /// Which part was lost over all that is remembered, five seconds at least: steadier than [`loss`](Self::loss).
    pub(super) fn lasting_loss(&self) -> f64 {
        let (lost, received) =
            self.observations.iter().fold((0.0, 0.0), |sum, seen| (sum.0 + seen.lost, sum.1 + seen.received));
        if self.observations.len() < OBSERVATIONS { 0.0 } else { lost / (lost + received).max(1.0) }
    }

    /// Above which rate packets are lost because there are too many of them, if that is why.
    pub(super) fn limit(&self) -> Option<DataRate> {
        self.limit
    }

    /// Forgets what has not been weighed yet: it was lost in an outage, which says nothing of the rate.
    pub(super) fn skip(&mut self) {
        (self.from, self.to) = (None, Timestamp::ZERO);
        (self.bytes, self.received, self.lost, self.runs, self.in_run) = (0, 0, 0, 0, false);
    }

    fn observe(&mut self, span: Duration, packets: u32) {
        let rate = DataRate::of_bytes(self.bytes, span).as_bps() as f64;
        let (received, lost) = (f64::from(self.received), f64::from(self.lost));
        self.observations.push_back(Observation { rate, received, lost, runs: f64::from(self.runs) });
        if self.observations.len() > OBSERVATIONS {
            self.observations.pop_front();
        }
        self.loss += 0.3 * (lost / f64::from(packets) - self.loss);
        self.skip();
        self.limit = self.weigh();
    }

    fn weigh(&self) -> Option<DataRate> {
        let highest = self.observations.iter().map(|seen| seen.rate).fold(0.0, f64::max);
        let lost: f64 = self.observations.iter().map(|seen| seen.lost).sum();
        let runs: f64 = self.observations.iter().map(|seen| seen.runs).sum();
        if lost < 4.0 || highest <= 0.0 {
            return None;
        }
        // Losses in bursts are fewer events than packets: the evidence counts for that much less.
        let events = runs.max(1.0) / lost;
        let bad = self.best(f64::INFINITY);
        let (full, limit) =
            LIMITS.iter().map(|part| (self.best(part * highest), part * highest)).max_by(|a, b| a.0.total_cmp(&b.0))?;
        ((full - bad) * events.min(1.0) > STRONG).then(|| DataRate::from_bps(limit as u64))
    }

    /// How well the best inherent loss explains what was seen if the path carries `limit`, as a log-likelihood.
    fn best(&self, limit: f64) -> f64 {
        INHERENT.iter().map(|inherent| self.explain(*inherent, limit)).fold(f64::NEG_INFINITY, f64::max)
    }

    fn explain(&self, inherent: f64, limit: f64) -> f64 {
        let mut weight = 1.0;
        let mut sum = 0.0;
        for seen in self.observations.iter().rev() {
            let through = (limit / seen.rate.max(1.0)).min(1.0);
            let arrives = ((1.0 - inherent) * through).clamp(1e-3, 1.0 - 1e-3);
            sum += weight * (seen.received * arrives.ln() + seen.lost * (1.0 - arrives).ln());
            weight *= AGEING;
        }
        sum
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sends at `kbps` for two seconds over a path that drops every `every`th packet and what is above `limit_kbps`.
    fn send(model: &mut LossModel, from_ms: u64, kbps: u64, every: u64, limit_kbps: u64) {
        let packets = kbps * 2_000 / 8 / 1_000;
        let mut credit = 0.0;
        for packet in 0..packets {
            let at = Timestamp::from_millis(from_ms + packet * 2_000 / packets);
            credit += (limit_kbps as f64 / kbps as f64).min(1.0);
            let through = credit >= 1.0;
            credit -= f64::from(u8::from(through));
            model.on_packet(at, 1_000, through && packet % every != 0);
        }
    }

    #[test]
    fn a_path_that_loses_one_in_ten_at_any_rate_is_not_full() {
        let mut model = LossModel::default();
        for round in 0..6 {
            send(&mut model, round * 2_000, 500 + 300 * round, 10, 100_000);
        }
        assert!((0.07..0.13).contains(&model.loss()), "{}", model.loss());
        assert_eq!(model.limit(), None);
    }

    #[test]
    fn a_loss_that_comes_with_the_rate_is_a_limit() {
        let mut model = LossModel::default();
        for (round, kbps) in [500, 700, 900, 1_100, 1_400].into_iter().enumerate() {
            send(&mut model, round as u64 * 2_000, kbps, 1_000, 1_000);
        }
        let limit = model.limit().expect("a limit").as_kbps();
        assert!((800..1_200).contains(&limit), "{limit}");
    }
}
