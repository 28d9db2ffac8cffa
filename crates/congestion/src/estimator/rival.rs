//! Somebody else fills the queue: who backs off from it then gives up the link, and the queue stands as it was.
//!
//! A queue of our own obeys us: sending less than the link carries shortens it by just that much. One that does not was
//! filled by a flow that looks at losses only (a download by TCP). From then on losses count here, too, and delays do not,
//! with the window of that TCP in place of ours, until the queue has been empty for once. The idea is Copa's competitive
//! mode (Arun and Balakrishnan, NSDI 2018, §2.2) and NADA's loss-based mode (RFC 8698, §4.2); that a flow shows itself by
//! how the queue answers to ours is Nimbus' (Goyal et al., SIGCOMM 2022).

use std::collections::VecDeque;
use std::time::Duration;

use units::{DataRate, Timestamp};

use super::delivery::Delivery;
use super::queue_delay::QueueDelay;
use super::{DEFAULT_ROUND_TRIP, DRAINED, Estimator};

/// What arrives is measured over half a second: before it has stood for longer, the measure is of the time before.
const MEASURED: Duration = Duration::from_millis(600);

/// What the link carries is the most that arrived within this time while the queue stood.
const CARRIED_FOR: Duration = Duration::from_secs(3);

/// So much more than the queue must have had room to drain (a report's and a round trip's wait), …
const MARGIN: Duration = Duration::from_millis(150);

/// … and still stand at this part of the most: ours would be empty by then.
const STANDS: f64 = 0.5;

/// Beside a flow that was not there before, the fair share is half of what was had; one that only had a rest (its queue
/// was short for a moment) was there for so long already.
const FAIR: f64 = 0.5;
const REST: Duration = Duration::from_secs(10);

/// The window of CUBIC, which is what kernels send with (RFC 9438, §4.1, §4.3, §4.6): what is kept on a loss, …
const KEPT: f64 = 0.7;

/// … how steep the curve is that leads back, in packets and seconds, …
const STEEPNESS: f64 = 0.4;

/// … and how many packets it grows in a round trip at least, so that it gets as much as Reno: 3 (1 − β) / (1 + β).
const GROWTH: f64 = 3.0 * (1.0 - KEPT) / (1.0 + KEPT);

/// It grows by no more than half in a round trip (same, §4.4).
const MOST_GROWTH: f64 = 0.5;

/// The packet that it is counted in.
const PACKET_BITS: f64 = 1_200.0 * 8.0;

/// A queue that has stood so still for so long is none: the path has become longer. A window of TCP grows until it loses,
/// and CUBIC's flattest stretch, around the window of its last loss, changes by six packets in this time.
const STILL_FOR: Duration = Duration::from_secs(5);

/// A queue that changes by less stands still: two packets on a megabit.
const STILL: Duration = Duration::from_millis(15);

/// Two calls of ours that a download has left would go on as if it were there, each beside the other. So now and then
/// one sends this part …
const LOOK: f64 = 0.5;

/// … for long enough to empty the queue when even the other takes half of the link, twice the time that its own half would
/// need, and a little (at most so long, and picture only: the voice goes first), …
const LOOK_QUEUES: u32 = 4;
const LOOK_LEAST: Duration = Duration::from_millis(500);
const LOOK_MOST: Duration = Duration::from_secs(4);

/// … every so often: it costs a twentieth of the rate on a queue of 300 ms.
const LOOK_EVERY: Duration = Duration::from_secs(12);

/// Whether the queue obeys us.
#[derive(Debug, Default)]
pub(super) struct Obedience {
    since: Option<Timestamp>,
    updated: Timestamp,
    /// The rate before it began to stand, and when that was.
    before: (DataRate, Timestamp),
    arrived: VecDeque<(Timestamp, DataRate)>,
    /// How much of a queue there was room for to go, so far.
    room: Duration,
    most: Duration,
}

impl Obedience {
    /// The queue is short, or what it is says nothing of us.
    pub(super) fn forget(&mut self) {
        *self = Self { before: self.before, ..Self::default() };
    }

    /// The queue stands at `queue` while `sent` leaves in a second. Answers with the rate before if it is not ours.
    pub(super) fn on_standing(
        &mut self,
        now: Timestamp,
        queue: Duration,
        rate: DataRate,
        sent: DataRate,
        delivery: Option<Delivery>,
    ) -> Option<DataRate> {
        let Some(since) = self.since else {
            // A flow that begins fills the queue more than once before it stays full, and each time we give way: what we
            // had is what we had before the first.
            let (higher, at) = self.before;
            let before = if higher > rate && now.since(at) < REST { (higher, at) } else { (rate, now) };
            *self = Self { since: Some(now), updated: now, before, ..Self::default() };
            return None;
        };
        let elapsed = now.since(std::mem::replace(&mut self.updated, now)).min(Duration::from_secs(1));
        self.most = self.most.max(queue);
        if now.since(since) < MEASURED {
            return None;
        }
        if let Some(delivery) = delivery {
            self.arrived.push_back((now, delivery.received));
        }
        while self.arrived.front().is_some_and(|(at, _)| now.since(*at) > CARRIED_FOR) {
            self.arrived.pop_front();
        }
        let carried = self.arrived.iter().map(|(_, rate)| *rate).max()?;
        let spare = 1.0 - sent.as_bps() as f64 / carried.as_bps().max(1) as f64;
        self.room += elapsed.mul_f64(spare.max(0.0));
        let disobeys = self.room > self.most + MARGIN && queue > self.most.mul_f64(STANDS);
        disobeys.then_some(self.before.0)
    }
}

/// What we take beside it.
///
/// A rate and not a window: when the other is gone the queue drains, because what we send does not grow with it, and so
/// the end is seen.
#[derive(Debug)]
pub(super) struct Rival {
    bounds: (f64, f64),
    rate: f64,
    /// The rate of the last loss, from where the curve goes on upwards.
    most: f64,
    grows_since: Timestamp,
    /// A loss of what left before this has been answered.
    answered: Timestamp,
    updated: Timestamp,
    /// The queue was between these since then.
    still: (Timestamp, Duration, Duration),
    looks_from: Timestamp,
    looks_until: Timestamp,
}

impl Rival {
    /// It begins at `rate`; there it may go between `bounds`.
    pub(super) fn new(now: Timestamp, rate: DataRate, bounds: (DataRate, DataRate)) -> Self {
        let rate = rate.as_bps() as f64;
        let least = bounds.0.as_bps() as f64;
        let bounds = (least, (bounds.1.as_bps() as f64).max(least));
        let still = (now, Duration::MAX, Duration::ZERO);
        Self {
            bounds,
            rate,
            most: rate,
            grows_since: now,
            answered: now,
            updated: now,
            still,
            looks_from: now + LOOK_EVERY,
            looks_until: now,
        }
    }

    /// What to send now.
    pub(super) fn rate(&self) -> DataRate {
        let part = if self.updated < self.looks_until { LOOK } else { 1.0 };
        DataRate::from_bps((self.rate * part) as u64)
    }

    /// A packet that left then was lost. Once in a round trip that means less.
    pub(super) fn on_lost(&mut self, now: Timestamp, sent: Timestamp) {
        if sent < self.answered {
            return;
        }
        (self.answered, self.grows_since) = (now, now);
        // Who lost before it was back where it had lost before leaves more to others (fast convergence).
        self.most = if self.rate < self.most { self.rate * (1.0 + KEPT) / 2.0 } else { self.rate };
        self.rate = (self.rate * KEPT).max(self.bounds.0);
    }

    /// Time passed; nothing grows where `limited` (less is sent than might be).
    pub(super) fn on_time(&mut self, now: Timestamp, queue: Duration, round_trip: Duration, limited: bool) {
        let before = std::mem::replace(&mut self.updated, now).max(self.grows_since);
        let elapsed = now.since(before).min(Duration::from_secs(1));
        if now >= self.looks_from {
            self.looks_until = now + (queue * LOOK_QUEUES).clamp(LOOK_LEAST, LOOK_MOST);
            self.looks_from = self.looks_until + LOOK_EVERY;
        }
        if limited || now < self.looks_until {
            self.grows_since += elapsed;
            return;
        }
        let round_trip = round_trip.as_secs_f64().max(0.01);
        let packet = PACKET_BITS / round_trip;
        // How fast the curve rises at this rate: its slope where it passes through it, which is least at `most`.
        let most = self.most / packet;
        let plateau = (most * (1.0 - KEPT) / STEEPNESS).cbrt();
        let at = |time: f64| STEEPNESS * (time - plateau).powi(3);
        let since = before.since(self.grows_since).as_secs_f64();
        let cubic = at(since + elapsed.as_secs_f64()) - at(since);
        let reno = GROWTH / round_trip * elapsed.as_secs_f64();
        let most_growth = MOST_GROWTH * self.rate / round_trip * elapsed.as_secs_f64();
        self.rate = (self.rate + (cubic.max(reno) * packet).min(most_growth)).min(self.bounds.1);
    }

    /// Whether the queue has stood still, but for `noise`: there is none, and nobody to compete with.
    pub(super) fn stands_still(&mut self, now: Timestamp, queue: Duration, noise: Duration) -> bool {
        let (since, least, most) = self.still;
        let (least, most) = (least.min(queue), most.max(queue));
        self.still = if most - least > noise { (now, queue, queue) } else { (since, least, most) };
        now.since(self.still.0) >= STILL_FOR
    }
}

impl Estimator {
    /// Whether another's queue stands on the path, beside which delays say nothing of our rate.
    pub(super) fn competes(&mut self, now: Timestamp, queue: Duration, delivery: Option<Delivery>) -> bool {
        if queue <= self.noise(DRAINED) {
            self.obedience.forget();
            self.rested = self.rival.take().map(|_| now).or(self.rested);
            return false;
        }
        let rate = self.control.rate();
        if self.rival.is_none() {
            let sent = self.sent_rate.over_last_second();
            let part = if self.rested.is_some_and(|at| now.since(at) < REST) { 1.0 } else { FAIR };
            let before = self.obedience.on_standing(now, queue, rate, sent, delivery);
            self.rival =
                before.map(|before| Rival::new(now, (before * part).max(rate), (self.config.min, self.config.max)));
        }
        let still = self.noise(STILL);
        let Some(rival) = &mut self.rival else {
            return false;
        };
        if rival.stands_still(now, queue, still) {
            self.queue = QueueDelay::default();
            self.busy.forget();
            self.obedience.forget();
            self.rival = None;
            return false;
        }
        rival.on_time(now, queue, self.round_trip.unwrap_or(DEFAULT_ROUND_TRIP), self.limited);
        let rate = rival.rate();
        self.control.reset(now, rate);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STEP: Duration = Duration::from_millis(50);

    fn kbps(rate: u64) -> DataRate {
        DataRate::from_kbps(rate)
    }

    /// Two seconds in which 800 kbps arrive and then, as 400 are sent, the queue is what `queue` says it is after so many
    /// milliseconds of that; what we had if it is another's.
    fn obey(queue: impl Fn(u64) -> u64) -> Option<DataRate> {
        let mut obedience = Obedience::default();
        let delivery = |rate| Some(Delivery { sent: kbps(rate), received: kbps(rate) });
        (0..20).chain(20..80).find_map(|step| {
            let now = Timestamp::from_millis(1_000) + STEP * step;
            let (sent, millis) = if step < 20 { (800, 0) } else { (400, u64::from(step - 20) * 50) };
            let queue = Duration::from_millis(queue(millis));
            obedience.on_standing(now, queue, kbps(800), kbps(sent), delivery(sent))
        })
    }

    #[test]
    fn a_queue_that_goes_as_less_is_sent_is_ours() {
        assert_eq!(obey(|millis| 300_u64.saturating_sub(millis / 2).max(45)), None);
    }

    #[test]
    fn a_queue_that_stands_though_half_is_sent_is_anothers() {
        assert_eq!(obey(|millis| 300 - millis / 20), Some(kbps(800)));
    }

    fn rival() -> Rival {
        Rival::new(Timestamp::from_millis(1_000), kbps(500), (kbps(20), kbps(4_000)))
    }

    /// The rate after each step of these milliseconds in a queue of 200 ms.
    fn pass(rival: &mut Rival, from: u64, to: u64) -> Vec<u64> {
        let queue = Duration::from_millis(200);
        let times = (from..to).step_by(50).map(Timestamp::from_millis);
        let after = |now| {
            rival.on_time(now, queue, queue, false);
            rival.rate().as_kbps()
        };
        times.map(after).collect()
    }

    #[test]
    fn the_losses_of_one_round_trip_are_answered_once_and_the_rate_comes_back_as_cubics_does() {
        let mut rival = rival();
        for sent in [2_000, 2_010, 2_100] {
            rival.on_lost(Timestamp::from_millis(2_200), Timestamp::from_millis(sent));
        }
        assert_eq!(rival.rate(), kbps(350));
        let rates = pass(&mut rival, 2_200, 12_000);
        assert!(rates.is_sorted(), "{rates:?}");
        let back = rates.iter().position(|rate| *rate >= 500).expect("back") * 50;
        // Ten packets in flight: the cubic alone takes the third root of 10 × 0.3 / 0.4, two seconds.
        assert!((1_000..2_500).contains(&back), "back after {back} ms");
        rival.on_lost(Timestamp::from_millis(12_000), Timestamp::from_millis(11_900));
        assert!(rival.rate().as_kbps() <= rates[rates.len() - 1] * 7 / 10 + 1);
    }

    #[test]
    fn however_long_it_lasts_the_rate_stays_within_its_bounds() {
        let mut rival = rival();
        pass(&mut rival, 1_000, 600_000);
        assert!(rival.rate() <= kbps(4_000), "{}", rival.rate().as_kbps());
        for round in 0..50 {
            let now = Timestamp::from_millis(600_000 + round * 300);
            rival.on_lost(now, now);
        }
        assert_eq!(rival.rate, 20_000.0);
    }

    #[test]
    fn every_twelve_seconds_less_is_sent_to_see_whether_the_queue_goes() {
        let mut rival = rival();
        let rates = pass(&mut rival, 1_000, 16_000);
        let looks: Vec<usize> = (1..rates.len()).filter(|at| rates[*at] < rates[at - 1]).collect();
        assert_eq!(looks, [240], "{rates:?}");
        assert!(rates[240..255].iter().all(|rate| *rate <= rates[239] / 2 + 1), "{rates:?}");
        assert!(rates[257] >= rates[239]);
    }

    #[test]
    fn a_delay_that_does_not_change_is_the_paths_own() {
        let noise = Duration::from_millis(15);
        let after = |swing: u64| {
            let mut rival = rival();
            let mut still = |step: u64| {
                let queue = Duration::from_millis(200 + step % 20 * swing / 20);
                rival.stands_still(Timestamp::from_millis(1_000 + step * 50), queue, noise)
            };
            (0..400).find(|step| still(*step)).map(|step| step * 50)
        };
        assert_eq!(after(10), Some(5_000));
        assert_eq!(after(60), None);
    }
}
