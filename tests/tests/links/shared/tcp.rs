//! A download by TCP that never runs out of data: CUBIC with selective acknowledgements, as kernels have it.
//!
//! Window by RFC 9438 (cubic, Reno-friendly region, fast convergence, β 0.7) after a slow start that HyStart (RFC 9406)
//! may end; loss by three later arrivals (RFC 6675); time-out by RFC 6298 with the kernel's least of 200 ms.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use units::Timestamp;

/// A full segment as an IP packet.
pub(super) const BYTES: usize = 1_500;

const INITIAL_WINDOW: f64 = 10.0;
const LEAST_WINDOW: f64 = 2.0;
const BETA: f64 = 0.7;
const C: f64 = 0.4;
const LEAST_TIMEOUT: Duration = Duration::from_millis(200);
const REORDERING: u64 = 3;

/// One segment: its number in units of segments, and when this copy of it left.
#[derive(Debug, Clone, Copy)]
pub(super) struct Segment {
    number: u64,
    sent: Timestamp,
    again: bool,
}

/// What the receiver says on each segment.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ack {
    /// All before this are there.
    next: u64,
    /// The segment that it answers.
    of: Segment,
}

#[derive(Debug, Clone, Copy)]
struct Outstanding {
    sent: Timestamp,
    arrived: bool,
    lost: bool,
}

/// Both ends of one.
#[derive(Debug)]
pub(super) struct Download {
    window: f64,
    threshold: f64,
    window_most: f64,
    /// Since when the cubic grows, from which window, and what Reno would have by now.
    epoch: Option<(Timestamp, f64)>,
    reno: f64,
    outstanding: BTreeMap<u64, Outstanding>,
    next: u64,
    /// Until this number is there, a loss is part of the one that was answered.
    recovery: Option<u64>,
    smoothed: Option<Duration>,
    deviation: Duration,
    least_rtt: Duration,
    backoff: u32,
    heard: Timestamp,
    /// What the receiver has.
    in_order: u64,
    early: BTreeSet<u64>,
}

impl Download {
    pub(super) fn new() -> Self {
        Self {
            window: INITIAL_WINDOW,
            threshold: f64::INFINITY,
            window_most: 0.0,
            epoch: None,
            reno: 0.0,
            outstanding: BTreeMap::new(),
            next: 0,
            recovery: None,
            smoothed: None,
            deviation: Duration::ZERO,
            least_rtt: Duration::MAX,
            backoff: 0,
            heard: Timestamp::ZERO,
            in_order: 0,
            early: BTreeSet::new(),
        }
    }

    /// Sends what the window allows: what was lost first.
    pub(super) fn send(&mut self, now: Timestamp, mut out: impl FnMut(Segment)) {
        if self.outstanding.is_empty() {
            self.heard = now;
        } else if now.since(self.heard) > self.timeout() {
            self.time_out(now);
        }
        let mut flying = self.outstanding.values().filter(|segment| !segment.arrived && !segment.lost).count();
        let lost: Vec<u64> =
            self.outstanding.iter().filter(|(_, segment)| segment.lost).map(|(number, _)| *number).collect();
        for number in lost {
            if flying >= self.window as usize {
                return;
            }
            flying += 1;
            self.outstanding.insert(number, Outstanding { sent: now, arrived: false, lost: false });
            out(Segment { number, sent: now, again: true });
        }
        while flying < self.window as usize {
            flying += 1;
            self.outstanding.insert(self.next, Outstanding { sent: now, arrived: false, lost: false });
            out(Segment { number: self.next, sent: now, again: false });
            self.next += 1;
        }
    }

    /// The receiver has it.
    pub(super) fn on_segment(&mut self, segment: Segment) -> Ack {
        if segment.number >= self.in_order {
            self.early.insert(segment.number);
        }
        while self.early.remove(&self.in_order) {
            self.in_order += 1;
        }
        Ack { next: self.in_order, of: segment }
    }

    /// The sender hears of it.
    pub(super) fn on_ack(&mut self, now: Timestamp, ack: &Ack) {
        self.heard = now;
        self.backoff = 0;
        if !ack.of.again {
            self.measure(now.since(ack.of.sent));
        }
        let newly = self.outstanding.get_mut(&ack.of.number).is_some_and(|segment| {
            segment.lost = false;
            !std::mem::replace(&mut segment.arrived, true)
        });
        self.outstanding = self.outstanding.split_off(&ack.next);
        // Lost is what left before something that arrived three numbers later.
        let limit = (ack.of.number + 1).saturating_sub(REORDERING);
        let mut fell = false;
        for (number, segment) in self.outstanding.range_mut(..limit) {
            if !segment.arrived && !segment.lost && segment.sent <= ack.of.sent {
                segment.lost = true;
                fell |= self.recovery.is_none_or(|until| *number >= until);
            }
        }
        if self.recovery.is_some_and(|until| ack.next >= until) {
            self.recovery = None;
        }
        if fell {
            self.fall();
            self.recovery = Some(self.next);
        } else if newly && self.recovery.is_none() {
            self.grow(now);
        }
    }

    fn grow(&mut self, now: Timestamp) {
        if self.window < self.threshold {
            self.window += 1.0;
            // HyStart: the queue has begun to fill.
            let margin = (self.least_rtt / 8).clamp(Duration::from_millis(4), Duration::from_millis(16));
            if self.window >= 16.0 && self.smoothed.is_some_and(|rtt| rtt > self.least_rtt + margin) {
                self.threshold = self.window;
            }
            return;
        }
        let (since, from) = *self.epoch.get_or_insert((now, self.window));
        if self.reno == 0.0 {
            self.reno = from;
        }
        let most = self.window_most.max(from);
        let plateau = ((most - from) / C).cbrt();
        let ahead = (now.since(since) + self.smoothed.unwrap_or_default()).as_secs_f64();
        let cubic = (C * (ahead - plateau).powi(3) + most).min(1.5 * self.window);
        self.reno += 3.0 * (1.0 - BETA) / (1.0 + BETA) / self.window;
        self.window += ((cubic - self.window) / self.window).max(0.01 / self.window);
        self.window = self.window.max(self.reno);
    }

    fn fall(&mut self) {
        // Fast convergence.
        let most = if self.window < self.window_most { self.window * (1.0 + BETA) / 2.0 } else { self.window };
        self.window_most = most;
        self.window = (self.window * BETA).max(LEAST_WINDOW);
        self.threshold = self.window;
        (self.epoch, self.reno) = (None, 0.0);
    }

    fn time_out(&mut self, now: Timestamp) {
        self.fall();
        self.window = 1.0;
        self.recovery = Some(self.next);
        for segment in self.outstanding.values_mut().filter(|segment| !segment.arrived) {
            segment.lost = true;
        }
        self.heard = now;
        self.backoff = (self.backoff + 1).min(6);
    }

    fn timeout(&self) -> Duration {
        let usual = self.smoothed.map_or(Duration::from_secs(1), |rtt| rtt + (4 * self.deviation).max(LEAST_TIMEOUT));
        usual.max(LEAST_TIMEOUT) * 2u32.pow(self.backoff)
    }

    fn measure(&mut self, rtt: Duration) {
        self.least_rtt = self.least_rtt.min(rtt);
        let smoothed = self.smoothed.map_or(rtt, |old| {
            self.deviation = self.deviation.mul_f64(0.75) + old.abs_diff(rtt).mul_f64(0.25);
            old.mul_f64(0.875) + rtt.mul_f64(0.125)
        });
        self.smoothed = Some(smoothed);
    }
}
