//! The delay-based rate: up while the queue is empty, down to what arrives when it grows (draft-ietf-rmcat-gcc-02, §5.5).

use std::time::Duration;

use units::{DataRate, Timestamp};

use super::EstimatorConfig;
use super::delivery::Delivery;

/// What is kept of the arriving rate when the queue grows (same draft): the rest lets the queue drain.
const DECREASE: f64 = 0.85;

/// How much the rate grows in a second far from the link's known rate (same draft).
const GROWTH_A_SECOND: f64 = 1.08;

/// Near the link's known rate it grows by about one such packet a response time (same draft), …
const PACKET_BITS: f64 = 1_200.0 * 8.0;

/// … but by no more than this part of itself.
const MOST_NEAR: f64 = 0.011;

/// What the receiver and the sender add to the round trip until a change shows (same draft).
const RESPONSE_MARGIN: Duration = Duration::from_millis(100);

/// The rate does not grow beyond this much of what arrives: more was never tried (same draft).
const BEYOND_ARRIVED: f64 = 1.5;
const BEYOND_ARRIVED_BPS: f64 = 10_000.0;

/// Arriving at less than this part of what is sent, the link is what limits.
const BOTTLENECK: f64 = 0.93;

/// The known rate of the link is an average with this weight of the newest (libwebrtc).
const CAPACITY_WEIGHT: f64 = 0.05;

/// Within this part of the known rate we are near it; libwebrtc's three deviations come to about as much.
const NEAR: f64 = 0.15;

#[derive(Debug)]
pub(super) struct RateControl {
    min: f64,
    max: f64,
    rate: f64,
    capacity: Option<f64>,
    decreased: Option<Timestamp>,
    updated: Option<Timestamp>,
}

impl RateControl {
    pub(super) fn new(config: &EstimatorConfig) -> Self {
        let min = config.min.as_bps() as f64;
        let max = (config.max.as_bps() as f64).max(min);
        let rate = (config.start.as_bps() as f64).clamp(min, max);
        Self { min, max, rate, capacity: None, decreased: None, updated: None }
    }

    /// It grows no further than this.
    pub(super) fn set_max(&mut self, max: DataRate) {
        self.max = (max.as_bps() as f64).max(self.min);
        self.set(self.rate);
    }

    pub(super) fn rate(&self) -> DataRate {
        DataRate::from_bps(self.rate as u64)
    }

    /// When the queue last made the rate fall.
    pub(super) fn decreased(&self) -> Option<Timestamp> {
        self.decreased
    }

    /// The queue is empty or stands still. Nothing grows where `limited` (less is sent than might be).
    pub(super) fn increase(&mut self, now: Timestamp, delivery: Option<Delivery>, round_trip: Duration, limited: bool) {
        let elapsed = now.since(self.updated.replace(now).unwrap_or(now)).as_secs_f64().min(1.0);
        if limited {
            return;
        }
        let arrived = delivery.map(|delivery| delivery.received.as_bps() as f64);
        if let (Some(arrived), Some(capacity)) = (arrived, self.capacity)
            && arrived > capacity * (1.0 + NEAR)
        {
            // It carries more than we knew.
            self.capacity = None;
        }
        let near = self.capacity.is_some_and(|capacity| (self.rate - capacity).abs() <= NEAR * capacity);
        let grown = if near {
            let response = (round_trip + RESPONSE_MARGIN).as_secs_f64();
            // At low rates a whole packet would be a leap. At a megabit it must not hold: two calls on one link become
            // alike because both grow by as much while the larger one loses more.
            self.rate + PACKET_BITS.min(self.rate * MOST_NEAR) / response * elapsed
        } else {
            self.rate * GROWTH_A_SECOND.powf(elapsed)
        };
        let most = arrived.map_or(self.rate, |arrived| BEYOND_ARRIVED * arrived + BEYOND_ARRIVED_BPS);
        self.set(grown.min(most.max(self.rate)));
    }

    /// The queue grows, or stands and does not go.
    pub(super) fn decrease(&mut self, now: Timestamp, delivery: Option<Delivery>) {
        self.updated = Some(now);
        self.decreased = Some(now);
        let Some(delivery) = delivery else {
            self.set(self.rate * DECREASE);
            return;
        };
        let (sent, arrived) = (delivery.sent.as_bps() as f64, delivery.received.as_bps() as f64);
        let fallen = if arrived < BOTTLENECK * sent || sent > 0.9 * self.rate {
            self.learn(arrived);
            DECREASE * arrived
        } else {
            // All that was sent arrived, and it was less than the target: what arrives is not what the link carries.
            DECREASE * self.rate.min(arrived / 0.5)
        };
        self.set(fallen.min(self.rate));
    }

    /// The link was seen to carry so much, after it fell: what lets the queue drain of that, if it is more than is believed.
    pub(super) fn raise(&mut self, now: Timestamp, carried: DataRate) {
        let carried = carried.as_bps() as f64;
        if carried * DECREASE > self.rate {
            self.updated = Some(now);
            self.learn(carried);
            self.set(carried * DECREASE);
        }
    }

    /// A probe or an outage said what the rate is.
    pub(super) fn reset(&mut self, now: Timestamp, rate: DataRate) {
        self.updated = Some(now);
        let rate = rate.as_bps() as f64;
        if self.capacity.is_some_and(|capacity| rate > capacity * (1.0 + NEAR)) {
            self.capacity = None;
        }
        self.set(rate);
    }

    fn learn(&mut self, carried: f64) {
        self.capacity = Some(match self.capacity {
            Some(known) if (carried - known).abs() <= 2.0 * NEAR * known => known + CAPACITY_WEIGHT * (carried - known),
            _ => carried,
        });
    }

    fn set(&mut self, rate: f64) {
        self.rate = rate.clamp(self.min, self.max);
    }
}
