//! When nothing is heard of the receiver, and what is not to be believed of what was sent then.

use std::time::Duration;

use units::{DataRate, Timestamp};

use super::arrival_groups::ArrivalGroups;
use super::delivery::Deliveries;
use super::history::Told;
use super::queue_delay::QueueDelay;
use super::{DEFAULT_ROUND_TRIP, Estimator};

/// Without a word from the receiver for this long (or three times as long as from one report to the next: two may be
/// lost) and a round trip, nothing is known to arrive; the target is halved then and each time …
pub(super) const SILENCE: Duration = Duration::from_millis(750);
const SILENT_REPORTS: u32 = 3;

/// … as long again passes.
const SILENCE_STEP: Duration = Duration::from_millis(500);

/// After a silence the first probe is at this part of the rate before it.
const AFTER_SILENCE: f64 = 0.5;

/// Where a fifth of all packets is lost, reports are silent for a while now and then; this is longer than that. After it, it
/// may be another path.
const REAL_OUTAGE: Duration = Duration::from_secs(2);

/// Nothing is heard of the receiver.
#[derive(Debug, Clone, Copy)]
pub(super) struct Silence {
    pub(super) since: Timestamp,
    pub(super) rate_before: DataRate,
    pub(super) stepped: Timestamp,
}

/// When nothing got through, whatever the rate.
#[derive(Debug, Clone, Copy)]
pub(super) struct Outage {
    pub(super) since: Timestamp,
    pub(super) noticed: Timestamp,
}

impl Outage {
    /// Takes out what was lost in it; whether it was over within these, which are in the order of sending.
    pub(super) fn take_out_losses(self, told: &mut Vec<Told>) -> bool {
        let over = told.iter().position(|told| told.received.is_some() && told.sent.at >= self.noticed);
        let mut index = 0;
        told.retain(|told| {
            let within = told.sent.at >= self.since && over.is_none_or(|over| index < over);
            index += 1;
            told.received.is_some() || !within
        });
        over.is_some()
    }
}

impl Estimator {
    /// When the receiver has been silent for too long, if nothing comes.
    pub(super) fn silent_at(&self) -> Option<Timestamp> {
        let waiting_since = self.history.waiting_since()?;
        let step = self.silence.map_or(Timestamp::ZERO, |silence| silence.stepped + SILENCE_STEP);
        let patience = SILENCE.max(self.report_interval * SILENT_REPORTS);
        // Reports that come, however late, are no silence: a queue holds them up that is looked after otherwise.
        let heard = self.last_report.map_or(Timestamp::ZERO, |at| at + patience);
        Some((waiting_since + patience + self.round_trip.unwrap_or(DEFAULT_ROUND_TRIP)).max(heard).max(step))
    }

    /// Something arrived again: what was learned before the silence is of another time.
    pub(super) fn end_silence(&mut self, now: Timestamp) {
        let Some(silence) = self.silence.take() else {
            return;
        };
        self.groups = ArrivalGroups::default();
        self.trend = self.trend.anew();
        // After a short one the path is what it was. (Where reports take long to come and some are lost, silences are usual, and
        // the queue that stands after one may be full: it would be taken for the bottom.)
        let lasted = self.last_report.map_or(Duration::ZERO, |at| now.since(at));
        if lasted >= REAL_OUTAGE + self.round_trip.unwrap_or(DEFAULT_ROUND_TRIP) {
            self.queue = QueueDelay::default();
            self.long_queue.forget();
            self.least_round_trip = None;
        }
        self.passages.forget();
        self.busy.forget();
        (self.counts_from, self.calm_at) = (now, now);
        self.deliveries = Deliveries::default();
        self.losses.skip();
        self.standing_since = None;
        self.obedience.forget();
        self.rival = None;
        self.deaf_until = now;
        self.probing.on_fall(now, silence.rate_before);
        if now.since(silence.since) >= REAL_OUTAGE {
            self.probing.start_anew(now);
        }
        self.probing.want((silence.rate_before * AFTER_SILENCE).max(self.control.rate() * 2.0));
    }
}
