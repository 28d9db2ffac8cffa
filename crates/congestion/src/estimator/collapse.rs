//! When the link collapses to a fraction of what it carried: known from a few packets, suspected when reports are overdue.

use std::time::Duration;

use units::{DataRate, Timestamp};

use super::delivery::Delivery;
use super::history::Told;
use super::outage::Outage;
use super::{Estimator, queue_delay};

/// A link that carries less than this part of what was sent and believed has collapsed.
const COLLAPSED: f64 = 0.5;

/// On a thinner link every packet of a picture waits for the one before it, and all is slow anyway.
const COLLAPSES_FROM: DataRate = DataRate::from_kbps(200);

/// With so much loss two reports in a row are lost once in half an hour.
const LOSSY: f64 = 0.005;

/// Until it is known how often reports come.
const REPORT_INTERVAL: Duration = Duration::from_millis(50);

/// A packet that nothing was heard of for a round trip, so many reports' intervals and so long is overdue.
const OVERDUE_REPORTS: u32 = 2;
const OVERDUE: Duration = Duration::from_millis(30);

/// It is held back for so long at most: after that it is an outage, which is looked after elsewhere …
const HELD_AT_MOST: Duration = Duration::from_millis(2_000);

/// … and reports that have come so late for so long are what is usual.
pub(super) const USUAL_AFTER: Duration = Duration::from_millis(500);

/// For so long after a collapse, while the queue stands, what arrives says ever better what the link carries.
const REFINED_FOR: Duration = Duration::from_millis(1_000);

impl Estimator {
    /// Whether the link has collapsed to a fraction of what it carried, since this was last asked. What waits for it was
    /// made for another, and so was what is on its way.
    pub fn take_collapse(&mut self) -> bool {
        std::mem::take(&mut self.collapse)
    }

    /// Whether reports are so late that what was sent may wait in a queue that nobody knows of yet.
    pub fn is_overdue(&self, now: Timestamp) -> bool {
        self.overdue_at().is_some_and(|at| now >= at) && now.since(self.calm_at) < HELD_AT_MOST
    }

    fn overdue_at(&self) -> Option<Timestamp> {
        self.last_report?;
        // Where packets are lost reports are lost, too, and that one is missing says nothing.
        if self.fresh || self.control.rate() < COLLAPSES_FROM || self.losses.loss() >= LOSSY {
            return None;
        }
        let waiting_since = self.history.waiting_from(self.counts_from)?;
        let interval = self.report_interval.max(REPORT_INTERVAL);
        Some(waiting_since + self.round_trip? + interval * OVERDUE_REPORTS + self.noise(OVERDUE))
    }

    /// When reports begin to be overdue, or are so no longer.
    pub(super) fn overdue_timeout(&self, now: Timestamp) -> Option<Timestamp> {
        let at = self.overdue_at()?;
        Some(if at > now { at } else { self.calm_at + HELD_AT_MOST }).filter(|at| *at > now)
    }

    /// A link that carries a fraction of what it did shows it in a few packets.
    pub(super) fn look_for_collapse(&mut self, told: &[Told]) {
        let Some((quickest, _)) = self.queue.base() else { return };
        for told in told.iter().filter(|told| !told.revised) {
            let queued = queue_delay::delay(told).map_or(0, |delay| (delay - quickest).max(0).unsigned_abs());
            self.busy.on_packet(told, Duration::from_micros(queued), self.trend.jitter_ms());
        }
    }

    /// What arrives, if that is a fraction of what was believed because the link has become so slow.
    pub(super) fn collapsed(&self) -> Option<Delivery> {
        if self.rival.is_some() || self.control.rate() < COLLAPSES_FROM {
            return None;
        }
        let believed = self.control.rate();
        let much_less = |delivery: &Delivery| {
            delivery.received < believed * COLLAPSED && delivery.received < delivery.sent * COLLAPSED
        };
        self.busy.delivery(self.trend.jitter_ms()).filter(much_less)
    }

    /// Few packets say roughly what the link carries; those behind them say it better, as long as the queue stands.
    pub(super) fn refine(&mut self, now: Timestamp) {
        if self.collapsed_at.is_some_and(|at| now.since(at) < REFINED_FOR)
            && let Some(carried) = self.busy.carried()
        {
            self.control.raise(now, carried);
        }
    }

    pub(super) fn collapse(&mut self, now: Timestamp, delivery: Delivery) {
        self.collapse = true;
        self.collapsed_at = Some(now);
        self.counts_from = now;
        if let Some(since) = self.busy.began() {
            // What the queue drops of what was sent too fast is no loss of the link.
            self.outage.get_or_insert(Outage { since, noticed: now });
        }
        self.fall(now, Some(delivery));
    }
}
