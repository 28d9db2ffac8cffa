//! How fast the path carries: the one number that decides everything else.
//!
//! After draft-ietf-rmcat-gcc-02 (delay-based control with acknowledged rate) with a trendline in place of its Kalman
//! filter, a loss model of its own, and probing.

mod arrival_groups;
mod busy_period;
mod collapse;
mod delivery;
mod history;
mod long_queue;
mod loss_model;
mod outage;
mod passage;
mod probing;
mod queue_delay;
mod rate_control;
mod rival;
mod sent_rate;
mod trendline;
mod types;

use std::time::Duration;

use units::{DataRate, Timestamp};

use arrival_groups::ArrivalGroups;
use busy_period::BusyPeriod;
use collapse::USUAL_AFTER;
use delivery::{Deliveries, Delivery};
use history::{History, Told};
use long_queue::LongQueue;
use loss_model::LossModel;
use outage::{Outage, SILENCE, Silence};
use passage::Passages;
use probing::{INITIAL, Outcome, Probing, THIN};
use queue_delay::QueueDelay;
use rate_control::RateControl;
use rival::{Obedience, Rival};
use sent_rate::SentRate;
use trendline::{Trendline, Usage};
pub use types::{Estimate, EstimatorConfig, PacketReport, Probe, SentPacket, start_rate};
use types::{LONG_INITIAL, is_full, is_slow};

/// A queue that stands for this long is ours to drain, whatever its trend: a full drop-tail queue does not grow. Twice
/// what a key frame of ours leaves in it for a moment.
const STANDING_QUEUE: Duration = Duration::from_millis(90);

/// A queue that stands at less is left alone while draining: noise, or the last packets of a frame.
const DRAINED: Duration = Duration::from_millis(40);

/// A thin path that loses this part or more does so whatever its rate.
const BAD_LOSS: f64 = 0.1;

/// How many times the jitter is added to these: on a noisy path the least delay of a report is noisy, too.
const JITTERS: f64 = 3.0;

/// More is no noise on such a path, whatever the delays look like: nobody speaks freely over a queue of a third of a second.
const MOST_NOISE: Duration = Duration::from_millis(300);

/// A standing queue that packets get through as fast as they come must stand this long before anything is done.
const STANDING_FOR: Duration = Duration::from_millis(400);

/// For so long after a fall the target stays below what the link carries, so that the queue goes …
const DRAIN_FOR: Duration = Duration::from_millis(3_000);

/// … by as much as empties it in this time (a voice call must not limp for longer than a sentence), …
const DRAIN_WITHIN: f64 = 0.8;

/// … but never below this part.
const DRAIN_LEAST: f64 = 0.4;

/// On the thinnest links that is for a moment less than the least: a voice without copies. At the least, a second of queue
/// would stay on a link of 30 kbps.
const DRAIN_FLOOR: f64 = 0.5;

/// A long queue of a thin path is emptied with no more than this part of what is believed.
const DRAIN_LONG: f64 = 0.5;

/// The target loses nothing to a fall of less than this: probes look for rates that were really there.
const REAL_FALL: f64 = 0.7;

/// Before the first report the start rate is a guess: after this long, about the round trip of an ordinary path and the
/// first report's wait, it is halved …
const FIRST_REPORT: Duration = Duration::from_millis(250);

/// … in each such time that passes, down to what a voice needs. Else 300 kbps would fill a second of queue on a link of
/// 64 kbps before anything was heard.
const GUESS_HALVES_IN: f64 = 0.15;
const LEAST_GUESS: DataRate = DataRate::from_kbps(24);

/// Which part of the target must be sent for the estimate to go on growing (libwebrtc's detector starts at 65 %).
const LIMITED_BELOW: f64 = 0.65;

/// The smoothed round-trip time moves by an eighth with each sample (RFC 6298).
const ROUND_TRIP_WEIGHT: f64 = 0.125;

/// No clock runs for 36 000 years: what claims so is not a time of arrival, and its differences would overflow.
const LATEST: Timestamp = Timestamp::from_micros(1 << 60);

/// Until one is known.
const DEFAULT_ROUND_TRIP: Duration = Duration::from_millis(200);

/// Estimates how fast the path carries, from what was sent and what the receiver tells of it.
///
/// The target is the lowest of three: what the delays allow, what the losses allow, and, while a queue drains, what
/// lets it drain. Beside a flow that fills the queue whatever the delay, it is what a TCP in our place would take.
#[derive(Debug)]
pub struct Estimator {
    config: EstimatorConfig,
    wanted: DataRate,
    history: History,
    sent_rate: SentRate,
    groups: ArrivalGroups,
    trend: Trendline,
    queue: QueueDelay,
    long_queue: LongQueue,
    passages: Passages,
    busy: BusyPeriod,
    deliveries: Deliveries,
    control: RateControl,
    losses: LossModel,
    probing: Probing,
    round_trip: Option<Duration>,
    /// The quickest of this path.
    least_round_trip: Option<Duration>,
    limited: bool,
    /// Since when a queue stands.
    standing_since: Option<Timestamp>,
    /// Whether the queue that stands is ours, …
    obedience: Obedience,
    /// … and if it is another's, what we take beside it.
    rival: Option<Rival>,
    /// When its queue was last short.
    rested: Option<Timestamp>,
    /// Packets sent before this were sent at an old rate: what becomes of them says nothing new.
    deaf_until: Timestamp,
    /// The link has collapsed, and nobody has asked yet.
    collapse: bool,
    collapsed_at: Option<Timestamp>,
    /// What left before the link collapsed, or was gone, is known to be late or lost.
    counts_from: Timestamp,
    /// When a report came last that was not overdue.
    calm_at: Timestamp,
    /// The handshake was slow: nothing is looked for before a report says that the queue is short.
    careful: bool,
    /// Nothing has been measured: the first probe sets the rate either way.
    fresh: bool,
    silence: Option<Silence>,
    /// The last silence, until a packet that was sent after it was noticed is told of as arrived.
    outage: Option<Outage>,
    first_sent: Option<Timestamp>,
    last_report: Option<Timestamp>,
    /// From one report to the next, smoothed.
    report_interval: Duration,
}

impl Estimator {
    /// An estimator that knows nothing of the path.
    pub fn new(config: EstimatorConfig) -> Self {
        Self {
            history: History::default(),
            sent_rate: SentRate::default(),
            groups: ArrivalGroups::default(),
            trend: Trendline::default(),
            queue: QueueDelay::default(),
            long_queue: LongQueue::default(),
            passages: Passages::default(),
            busy: BusyPeriod::default(),
            deliveries: Deliveries::default(),
            control: RateControl::new(&config),
            losses: LossModel::default(),
            probing: Probing::new(config.max),
            round_trip: None,
            least_round_trip: None,
            limited: true,
            standing_since: None,
            obedience: Obedience::default(),
            rival: None,
            rested: None,
            deaf_until: Timestamp::ZERO,
            collapse: false,
            collapsed_at: None,
            counts_from: Timestamp::ZERO,
            calm_at: Timestamp::ZERO,
            careful: false,
            fresh: true,
            silence: None,
            outage: None,
            first_sent: None,
            last_report: None,
            report_interval: Duration::ZERO,
            wanted: config.max,
            config,
        }
    }

    /// More than this, headers counted, nobody could use: no probe looks for it, and nothing is believed of it before it
    /// was tried.
    pub fn set_wanted(&mut self, wanted: DataRate) {
        let before = std::mem::replace(&mut self.wanted, wanted.clamp(self.config.min, self.config.max));
        self.probing.set_most(self.wanted);
        // A camera that is switched on shall not wait for the next look.
        if self.first_sent.is_some() && self.wanted > before && before <= self.control.rate() {
            self.probing.want(self.control.rate() * INITIAL);
        }
    }

    /// The estimate goes no higher than this from now on: files can use what no call could.
    pub fn set_most(&mut self, most: DataRate) {
        self.config.max = most.max(self.config.min);
        self.control.set_max(self.config.max);
    }

    /// A packet left.
    pub fn on_sent(&mut self, packet: SentPacket) {
        self.first_sent.get_or_insert(packet.at);
        // Where less is believed than usual, more is looked for at first: an answer takes long there.
        let first = (self.control.rate() * INITIAL).max(self.config.start * LONG_INITIAL);
        self.probing.start(packet.at, Some(first).filter(|_| !self.careful));
        self.probing.on_sent(&packet);
        self.sent_rate.on_sent(packet.at, packet.bytes);
        self.history.on_sent(packet);
    }

    /// The receiver's report came. Repeated, late and foreign reports do no harm.
    pub fn on_feedback(&mut self, now: Timestamp, reports: &[PacketReport]) {
        let possible = |report: &&PacketReport| report.received.is_none_or(|at| at < LATEST);
        let mut told: Vec<Told> =
            reports.iter().filter(possible).filter_map(|report| self.history.on_report(*report)).collect();
        told.sort_by_key(|told| told.sent.number);
        let Some(last_sent) = told.iter().rev().find(|told| told.received.is_some()).map(|told| told.sent.at) else {
            // All lost, or nothing new. If it goes on like that, the silence is noticed.
            return;
        };
        let overdue = self.is_overdue(now);
        if !overdue {
            self.calm_at = now;
        }
        self.end_silence(now);
        if self.outage.is_some_and(|outage| outage.take_out_losses(&mut told)) {
            self.outage = None;
        }
        if let Some(last) = self.last_report.replace(now) {
            // Two of a batch that came together are not an interval, nor is an outage.
            let interval = now.since(last).clamp(Duration::from_millis(20), SILENCE);
            self.report_interval = self.report_interval.mul_f64(0.8) + interval.mul_f64(0.2);
        }
        for told in &told {
            self.take_in(now, told);
        }
        self.queue.on_report(now, &told, self.rival.is_some());
        self.look_for_collapse(&told);
        self.look_for_room(now, &told);
        // What waited in a queue that is not to stand is no round trip to reckon with, unless it stays so.
        if !overdue || now.since(self.calm_at) >= USUAL_AFTER {
            self.smooth_round_trip(now.since(last_sent));
        }
        self.sent_rate.forget(now);
        self.limited = self.sent_rate.over_last_second() < self.control.rate() * LIMITED_BELOW;
        let (rate, jitter_ms) = (self.control.rate(), self.trend.jitter_ms());
        let outcome = self.history.told_up_to().and_then(|number| self.probing.outcome(now, number, rate, jitter_ms));
        if let Some(outcome) = outcome {
            self.take_probe(now, outcome);
        }
        self.look_for_long_queue(now, now.since(last_sent));
        self.decide(now, last_sent);
        if self.careful && self.calm() {
            self.careful = false;
            self.probing.want(self.control.rate() * INITIAL);
        }
    }

    /// A round-trip time was measured elsewhere.
    pub fn on_round_trip(&mut self, round_trip: Duration) {
        self.smooth_round_trip(round_trip);
    }

    /// What is known of the path before anything is sent: the round trip of its checks, and how long the handshake took.
    pub fn on_path(&mut self, now: Timestamp, round_trip: Duration, handshake: Option<Duration>) {
        self.smooth_round_trip(round_trip);
        self.careful = is_slow(round_trip, handshake);
        if self.careful && is_full(round_trip, handshake) {
            self.long_queue.expect(now);
        }
        self.control.reset(now, start_rate(self.config.start, round_trip, handshake));
    }

    /// Time has passed.
    pub fn handle_timeout(&mut self, now: Timestamp) {
        if self.silent_at().is_some_and(|at| now >= at) {
            let rate_before = self.silence.map_or(self.control.rate(), |silence| silence.rate_before);
            let since = self.silence.map(|silence| silence.since).or(self.history.waiting_since()).unwrap_or(now);
            self.silence = Some(Silence { since, rate_before, stepped: now });
            self.outage.get_or_insert(Outage { since, noticed: now });
            self.probing.on_fall(now, rate_before);
            self.control.reset(now, self.control.rate() * 0.5);
        }
    }

    /// When to call [`handle_timeout`](Estimator::handle_timeout) and [`poll_probe`](Estimator::poll_probe) again.
    pub fn poll_timeout(&self, now: Timestamp) -> Option<Timestamp> {
        let sent = self.sent_rate.over_last_second();
        let probe = self.probing.poll_timeout(now, self.control.rate(), sent).filter(|_| self.calm());
        self.silent_at().into_iter().chain(probe).chain(self.overdue_timeout(now)).min()
    }

    /// What is known of the path.
    pub fn estimate(&self, now: Timestamp) -> Estimate {
        Estimate {
            target: self.target(now),
            loss: self.losses.loss() as f32,
            queueing_delay: self.queue.standing(),
            acknowledged: self.deliveries.lately().map(|delivery| delivery.received),
            round_trip: self.round_trip,
            application_limited: self.limited,
        }
    }

    /// A probe that is wanted now: hand it to [`Pacer::start_probe`](crate::Pacer::start_probe).
    pub fn poll_probe(&mut self, now: Timestamp) -> Option<Probe> {
        let calm = self.calm();
        let sent = self.sent_rate.over_last_second();
        self.probing.poll(now, self.control.rate(), sent, calm, self.trend.jitter_ms())
    }

    /// A probe could not be sent, or not all of it: it is repeated a little later. Any other than the one that is awaited
    /// changes nothing.
    pub fn probe_failed(&mut self, now: Timestamp, cluster: u32) {
        self.probing.on_failed(now, cluster);
    }

    fn target(&self, now: Timestamp) -> DataRate {
        let mut target = self.control.rate();
        if let Some(limit) = self.losses.limit().filter(|_| self.rival.is_none()) {
            target = target.min(limit);
        }
        if self.fresh {
            target = target.min(self.wanted);
        }
        if let (None, Some(first)) = (self.last_report, self.first_sent) {
            let late = now.since(first).saturating_sub(FIRST_REPORT).as_secs_f64();
            target = target.min((target * 0.5f64.powf(late / GUESS_HALVES_IN)).max(LEAST_GUESS));
        }
        let fell = self.control.decreased().is_some_and(|at| now.since(at) < DRAIN_FOR);
        let drains = fell && self.queue.standing() > self.noise(DRAINED);
        let is_long = self.long_queue.drains();
        if self.rival.is_none() && (drains || is_long) {
            let factor = 1.0 - self.queue.standing().as_secs_f64() / DRAIN_WITHIN;
            target = target * factor.clamp(DRAIN_LEAST, if is_long { DRAIN_LONG } else { 1.0 });
            return target.max(self.config.min.min(self.control.rate() * DRAIN_FLOOR));
        }
        target.max(self.config.min)
    }

    fn take_in(&mut self, now: Timestamp, told: &Told) {
        self.deliveries.on_told(*told);
        self.probing.on_told(told);
        if told.revised {
            self.losses.on_revised();
        } else {
            self.losses.on_packet(told.sent.at, told.sent.bytes, told.received.is_some());
            if let Some(rival) = self.rival.as_mut().filter(|_| told.received.is_none()) {
                rival.on_lost(now, told.sent.at);
            }
        }
        if let Some(delta) = told.received.and_then(|received| self.groups.on_packet(told.sent.at, received)) {
            self.trend.on_group(delta);
        }
    }

    fn take_probe(&mut self, now: Timestamp, outcome: Outcome) {
        let rate = self.control.rate();
        match outcome {
            Outcome::Passed(proved) if proved > rate => {
                self.control.reset(now, proved);
                self.fresh = false;
            }
            Outcome::Passed(_) => {}
            Outcome::Saturated(carried) => {
                if self.fresh || carried > rate {
                    self.control.reset(now, carried);
                }
                // The queue is the probe's own. On a thin link the answer takes too long to wait for.
                if self.control.rate() >= THIN {
                    self.deaf_until = now;
                }
                self.fresh = false;
            }
        }
    }

    /// A link that carries much more than before is looked at at once.
    fn look_for_room(&mut self, now: Timestamp, told: &[Told]) {
        let Some((quickest, least)) = self.queue.base() else { return };
        self.passages.set_quickest(quickest);
        for told in told {
            if let (Some(delay), Some(more)) = (queue_delay::delay(told), told.sent.bytes.checked_sub(least)) {
                let longer = Duration::from_micros((delay - quickest).max(0).unsigned_abs());
                self.passages.on_packet(now, more, longer);
            }
        }
        if self.passages.has_widened(self.control.rate()) {
            self.passages.forget();
            self.probing.on_room(now);
        }
    }

    /// On a thin path all may come late from the beginning.
    fn look_for_long_queue(&mut self, now: Timestamp, round_trip: Duration) {
        let Some((base, _)) = self.queue.base().filter(|_| self.control.rate() < THIN) else {
            self.long_queue.forget();
            return;
        };
        let waits = round_trip.saturating_sub(self.least_round_trip.unwrap_or(round_trip));
        self.long_queue.on_report(now, self.queue.standing(), base, waits, self.noise(DRAINED));
    }

    /// Up, down, or as it is.
    fn decide(&mut self, now: Timestamp, last_sent: Timestamp) {
        let queue = self.queue.standing();
        if queue <= self.noise(STANDING_QUEUE) {
            self.standing_since = None;
        } else {
            self.standing_since.get_or_insert(now);
        }
        self.refine(now);
        if let Some(delivery) = self.collapsed() {
            self.collapse(now, delivery);
            return;
        }
        if last_sent < self.deaf_until {
            return;
        }
        // A bad path loses behind its bottleneck as well as before it: what is lost there has been carried. On a thin one that is
        // the difference between what a voice needs and less; on others, what two calls learn of each other by.
        let loss = self.bad_loss().unwrap_or(0.0);
        let just_now = self.deliveries.just_now().map(|delivery| delivery.before_losses(loss));
        let lately = self.deliveries.lately().map(|delivery| delivery.before_losses(loss));
        let round_trip = self.round_trip.unwrap_or(DEFAULT_ROUND_TRIP);
        if self.competes(now, queue, just_now.or(lately)) {
            return;
        }
        let stands = self.standing_since.is_some();
        let chokes = stands && just_now.is_some_and(Delivery::chokes);
        let stays = self.standing_since.is_some_and(|since| now.since(since) >= STANDING_FOR);
        if self.trend.usage() == Usage::Over || chokes || stays {
            self.fall(now, just_now.or(lately));
        } else if self.trend.usage() == Usage::Normal && !stands {
            // Of a thin and lossy path too much is believed soon; probes find what there is more.
            let is_bad = self.control.rate() < THIN && self.losses.loss() >= BAD_LOSS;
            let held = self.limited || is_bad || self.losses.limit().is_some() || self.long_queue.drains();
            self.control.increase(now, lately, round_trip, held);
        }
    }

    fn fall(&mut self, now: Timestamp, delivery: Option<Delivery>) {
        let before = self.control.rate();
        self.control.decrease(now, delivery);
        if !self.fresh && self.control.rate() < before * REAL_FALL {
            self.probing.on_fall(now, before);
            self.passages.forget();
        }
        self.fresh = false;
        // What is on the way was sent too fast, and says so again: listen when the new rate has arrived. A queue
        // that was there takes its time on top.
        self.deaf_until = now;
    }

    /// Whether a probe would measure the link and not the mess on it.
    fn calm(&self) -> bool {
        self.silence.is_none()
            && !self.long_queue.drains()
            && self.trend.usage() != Usage::Over
            && self.queue.standing() <= self.noise(DRAINED)
    }

    /// Which part a thin path loses that loses much, however little is sent.
    fn bad_loss(&self) -> Option<f64> {
        let is_thin = self.control.rate() < THIN && self.losses.limit().is_none();
        is_thin.then(|| self.losses.lasting_loss()).filter(|loss| *loss >= BAD_LOSS)
    }

    fn noise(&self, span: Duration) -> Duration {
        let noise = Duration::from_secs_f64(JITTERS * self.trend.jitter_ms() / 1e3);
        span + if self.bad_loss().is_some() { noise.min(MOST_NOISE) } else { noise }
    }

    fn smooth_round_trip(&mut self, sample: Duration) {
        self.least_round_trip = Some(self.least_round_trip.map_or(sample, |least| least.min(sample)));
        self.round_trip = Some(match self.round_trip {
            Some(old) => old.mul_f64(1.0 - ROUND_TRIP_WEIGHT) + sample.mul_f64(ROUND_TRIP_WEIGHT),
            None => sample,
        });
    }
}
