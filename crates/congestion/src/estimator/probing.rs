//! When to try a higher rate with a short burst, and what came of it.

use std::time::Duration;

use units::{DataRate, Timestamp};

use super::history::Told;
use super::{Probe, SentPacket};

/// The first probe is at this many times the start rate (libwebrtc). Its second, at six times, waits here for the
/// result of the first: on a link of 64 kbps the two together would be half a second of queue.
pub(super) const INITIAL: f64 = 3.0;

/// Each further one is at this many times the rate at which the last one went through (libwebrtc).
const NEXT: f64 = 2.0;

/// How long a burst lasts at least. Shorter (libwebrtc: 15 ms) it is too few packets and too close to timers' grain.
const MIN_SPAN: Duration = Duration::from_millis(25);

/// At most: on a link with half the rate it leaves a queue as long as this.
const MAX_SPAN: Duration = Duration::from_millis(100);

/// Noise of the delays makes a short burst look faster or slower than it was: it must be this many times longer.
const JITTER_SPANS: f64 = 5.0;

/// Five packets of a hundred bytes: fewer gaps measure nothing.
const MIN_BYTES: usize = 500;

/// After a fall a probe looks this often whether the link has come back: three steps after it then reach
/// the old rate within five seconds in all. It costs 3 % of the rate.
const RECOVERY_INTERVAL: Duration = Duration::from_millis(1_500);

/// Where a probe found nothing more, the next waits twice as long, up to this many doublings: a link that is as thin as it
/// is known to be is left in peace …
const MOST_DOUBLINGS: u32 = 4;

/// … though not after a fall, where the link has room beside a voice: what a probe leaves in the queue of a thinner one
/// is heard.
pub(super) const THIN: DataRate = DataRate::from_kbps(100);

/// The noise of the delays on both ends of a burst, as a multiple of the jitter (mean deviation of differences): five
/// bursts of six look no faster than this makes them slower. Without it the luckiest of many probes would set the rate.
const NOISE: f64 = 1.5;

/// The link has come back when this part of the rate before the fall is reached.
const RECOVERED: f64 = 0.85;

/// For so long after the fall; after that as at any time:
const RECOVERY: Duration = Duration::from_secs(60);

/// At first, too: a first probe that was lost or came through a noisy moment shall not cost ten seconds of poor picture.
const START_INTERVAL: Duration = Duration::from_millis(1_500);
const START: Duration = Duration::from_secs(6);

/// Where packets got through so quickly that the link must have become faster, it is looked so often at first, without
/// counting the cost, each time in vain half as often …
const ROOM_INTERVAL: Duration = Duration::from_millis(300);

/// … and no longer than for this long.
const ROOM: Duration = Duration::from_secs(4);

/// Where there is little room beside a voice, a queue that has just gone is not begun anew at once: the picture that it held
/// up goes first. Where there is more, the moment may be another's (a download fills it again), and a thin link's queue is
/// never gone for long.
const EASE: Duration = Duration::from_secs(1);
const EASED_UP_TO: DataRate = DataRate::from_kbps(200);

/// Now and then it is looked whether there is more (libwebrtc: five seconds, while application-limited).
const IDLE_INTERVAL: Duration = Duration::from_secs(8);

/// A probe of which nothing is known after this is void.
const VOID: Duration = Duration::from_secs(3);

/// So much of a probe must have left for it to count; voice or a picture's last packet may end it early.
const LEFT: f64 = 0.8;

/// So much of it must arrive. libwebrtc wants 80 %, but a path that loses a tenth in bursts would then never be probed;
/// the times of the packets that did arrive are as good as any.
const ARRIVED: f64 = 0.5;
const ARRIVED_PACKETS: usize = 4;

/// A probe that left at this part of the rate asked for was a true one.
const KEPT_PACE: f64 = 0.8;

/// Which part of what is sent probes may take: on a link of 64 kbps one that rises above the jitter is a fifth of a
/// second's worth.
const SHARE: f64 = 0.03;
const RECOVERY_SHARE: f64 = 0.05;
const START_SHARE: f64 = 0.1;
const MAX_INTERVAL: Duration = Duration::from_secs(30);

/// A probe of which too little arrived is repeated after this long, so many times.
const RETRY: Duration = Duration::from_millis(300);
const RETRIES: u32 = 2;

/// Arriving this much slower than it left, the burst has filled the link (libwebrtc); a millisecond is timers' grain.
const SATURATED: f64 = 0.9;
const GRAIN: Duration = Duration::from_millis(1);

/// What a probe that filled the link leaves for the next moment (libwebrtc: 95 %; a weak link's rate varies more).
const BELOW_SATURATION: f64 = 0.9;

/// What a probe said.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Outcome {
    /// It arrived as fast as it left: the link carries at least this.
    Passed(DataRate),
    /// It arrived slower: the link carries this, and a little more.
    Saturated(DataRate),
}

#[derive(Debug)]
struct Cluster {
    id: u32,
    asked: Timestamp,
    rate: DataRate,
    bytes: usize,
    last_number: u64,
    sent_bytes: usize,
    arrived: Vec<(Timestamp, Timestamp, usize)>,
    /// When those left that did not arrive, and their bytes.
    lost: Vec<(Timestamp, usize)>,
}

#[derive(Debug)]
pub(super) struct Probing {
    max: DataRate,
    started: Option<Timestamp>,
    /// It was started anew after an outage.
    resumed: bool,
    wanted: Option<DataRate>,
    /// A probe that failed, when to repeat it and how often that was done.
    retry: Option<(DataRate, Timestamp)>,
    retries: u32,
    running: Option<Cluster>,
    next_id: u32,
    last: Timestamp,
    last_span: Duration,
    /// The rate before the last fall, and when that was.
    before: Option<(DataRate, Timestamp)>,
    /// Probes in a row that found nothing more.
    in_vain: u32,
    /// When there was last a queue.
    uneasy: Timestamp,
    /// When it was seen that the link has become faster, until it is known by how much.
    room: Option<Timestamp>,
}

impl Probing {
    pub(super) fn new(max: DataRate) -> Self {
        let last = Timestamp::ZERO;
        Self {
            max,
            started: None,
            resumed: false,
            wanted: None,
            retry: None,
            retries: 0,
            running: None,
            next_id: 1,
            last,
            last_span: MIN_SPAN,
            before: None,
            in_vain: 0,
            uneasy: Timestamp::ZERO,
            room: None,
        }
    }

    /// No probe goes higher: nobody could use more.
    pub(super) fn set_most(&mut self, most: DataRate) {
        self.max = most;
    }

    /// Media flow: the first probe may go, at this rate; none if nothing is to be looked for yet.
    pub(super) fn start(&mut self, now: Timestamp, first: Option<DataRate>) {
        if self.started.is_none() {
            self.started = Some(now);
            self.last = now;
            if let Some(first) = first {
                self.want(first);
            }
        }
    }

    /// After an outage it may be another path, and is looked at as one: soon, and as if nothing had been tried in vain.
    pub(super) fn start_anew(&mut self, now: Timestamp) {
        self.started = self.started.map(|_| now);
        self.resumed = true;
        self.in_vain = 0;
    }

    /// The link seems to have become faster.
    pub(super) fn on_room(&mut self, now: Timestamp) {
        (self.room, self.in_vain) = (Some(now), 0);
    }

    /// The rate fell from `before`.
    pub(super) fn on_fall(&mut self, now: Timestamp, before: DataRate) {
        (self.wanted, self.retry, self.running, self.room) = (None, None, None, None);
        self.last = now;
        self.before = match self.before {
            Some((higher, since)) if higher > before && now.since(since) < RECOVERY => Some((higher, now)),
            _ => Some((before, now)),
        };
    }

    /// A probe at this rate, as soon as may be.
    pub(super) fn want(&mut self, rate: DataRate) {
        if self.running.is_none() {
            self.wanted = Some(rate.min(self.max));
        }
    }

    pub(super) fn poll(
        &mut self,
        now: Timestamp,
        rate: DataRate,
        sent: DataRate,
        calm: bool,
        jitter_ms: f64,
    ) -> Option<Probe> {
        if self.running.as_ref().is_some_and(|cluster| now.since(cluster.asked) > VOID) {
            self.running = None;
        }
        if !calm {
            self.uneasy = now;
        }
        if self.started.is_none() || self.running.is_some() || !calm {
            return None;
        }
        if let Some((failed, at)) = self.retry
            && now >= at
        {
            self.retry = None;
            self.wanted = self.wanted.or(Some(failed));
        }
        if self.wanted.is_none() && rate < self.max && now >= self.next(now, rate, sent) {
            self.wanted = Some((rate * NEXT).min(self.max));
        }
        let wanted = self.wanted.take().filter(|wanted| *wanted > rate * 1.05)?;
        self.last = now;
        let span = Duration::from_secs_f64(JITTER_SPANS * jitter_ms.max(0.0) / 1e3).clamp(MIN_SPAN, MAX_SPAN);
        let bytes = (wanted.bytes_in(span) as usize).max(MIN_BYTES);
        self.last_span = span;
        let id = self.next_id;
        self.next_id = self.next_id.wrapping_add(1);
        self.running = Some(Cluster {
            id,
            asked: now,
            rate: wanted,
            bytes,
            last_number: 0,
            sent_bytes: 0,
            arrived: Vec::new(),
            lost: Vec::new(),
        });
        Some(Probe { cluster: id, rate: wanted, bytes })
    }

    pub(super) fn poll_timeout(&self, now: Timestamp, rate: DataRate, sent: DataRate) -> Option<Timestamp> {
        if self.started.is_none() || rate >= self.max {
            return None;
        }
        match &self.running {
            Some(cluster) => Some(cluster.asked + VOID),
            None if self.wanted.is_some() => Some(now),
            None => {
                let next = self.next(now, rate, sent);
                Some(self.retry.map_or(next, |(_, at)| at.min(next)))
            }
        }
    }

    pub(super) fn on_sent(&mut self, packet: &SentPacket) {
        if let Some(cluster) = self.running.as_mut().filter(|cluster| packet.probe == Some(cluster.id)) {
            cluster.last_number = cluster.last_number.max(packet.number);
            cluster.sent_bytes += packet.bytes;
        }
    }

    pub(super) fn on_told(&mut self, told: &Told) {
        if let Some(cluster) = self.running.as_mut().filter(|cluster| told.sent.probe == Some(cluster.id)) {
            match told.received {
                Some(received) => cluster.arrived.push((told.sent.at, received, told.sent.bytes)),
                None => cluster.lost.push((told.sent.at, told.sent.bytes)),
            }
        }
    }

    /// What the running probe said, when all of it has been told of.
    pub(super) fn outcome(
        &mut self,
        now: Timestamp,
        told_up_to: u64,
        rate: DataRate,
        jitter_ms: f64,
    ) -> Option<Outcome> {
        let all_told = |cluster: &mut Cluster| {
            cluster.sent_bytes as f64 >= LEFT * cluster.bytes as f64 && told_up_to >= cluster.last_number
        };
        let cluster = self.running.take_if(all_told)?;
        let Some((outcome, pace)) = cluster.outcome(Duration::from_secs_f64(NOISE * jitter_ms.max(0.0) / 1e3)) else {
            self.repeat(now, cluster.rate);
            return None;
        };
        self.retries = 0;
        let (Outcome::Passed(found) | Outcome::Saturated(found)) = outcome;
        self.in_vain = if found > rate { 0 } else { (self.in_vain + 1).min(MOST_DOUBLINGS) };
        if matches!(outcome, Outcome::Saturated(_)) && self.before.is_none_or(|(before, _)| found >= before * RECOVERED)
        {
            self.room = None;
        }
        // One that left slower than it should proved nothing above; the next would do no better.
        if let Outcome::Passed(proved) = outcome
            && pace >= cluster.rate * KEPT_PACE
            && proved > rate
        {
            self.want(pace * NEXT);
        }
        Some(outcome)
    }

    /// The probe did not leave.
    pub(super) fn on_failed(&mut self, now: Timestamp, id: u32) {
        if let Some(cluster) = self.running.take_if(|cluster| cluster.id == id) {
            self.repeat(now, cluster.rate);
        }
    }

    fn repeat(&mut self, now: Timestamp, rate: DataRate) {
        if self.retries < RETRIES {
            self.retries += 1;
            self.retry = Some((rate, now + RETRY));
        } else {
            self.retries = 0;
        }
    }

    /// When to look again.
    fn next(&self, now: Timestamp, rate: DataRate, sent: DataRate) -> Timestamp {
        if self.room.is_some_and(|since| now.since(since) < ROOM) {
            return self.last + ROOM_INTERVAL * (1 << self.in_vain);
        }
        let next = self.last + self.interval(now, rate, sent);
        if (THIN..=EASED_UP_TO).contains(&rate) { next.max(self.uneasy + EASE) } else { next }
    }

    fn interval(&self, now: Timestamp, rate: DataRate, sent: DataRate) -> Duration {
        let starting = self.started.is_some_and(|started| now.since(started) < START);
        let (interval, share) = match self.before {
            _ if starting => (START_INTERVAL, START_SHARE),
            Some((before, since)) if rate < before * RECOVERED && now.since(since) < RECOVERY => {
                let most = if rate < THIN { MOST_DOUBLINGS } else { 0 };
                (RECOVERY_INTERVAL * (1 << self.in_vain.min(most)), RECOVERY_SHARE)
            }
            _ => (IDLE_INTERVAL * (1 << self.in_vain), SHARE),
        };
        let bytes = (rate * NEXT).min(self.max).bytes_in(self.last_span).max(MIN_BYTES as u64);
        // After an outage hardly anything is sent but what looks for more.
        let spent = if starting && self.resumed { rate } else { sent.min(rate) };
        let affordable = (spent * share).time_for(bytes);
        interval.max(affordable.min(MAX_INTERVAL))
    }
}

impl Cluster {
    /// What it said, and how fast it left, what was lost counted.
    fn outcome(&self, noise: Duration) -> Option<(Outcome, DataRate)> {
        let arrived: usize = self.arrived.iter().map(|(_, _, bytes)| bytes).sum();
        if self.arrived.len() < ARRIVED_PACKETS || (arrived as f64) < ARRIVED * self.sent_bytes as f64 {
            return None;
        }
        let first_sent = self.arrived.iter().min_by_key(|(sent, ..)| *sent)?;
        let last_sent = self.arrived.iter().max_by_key(|(sent, ..)| *sent)?;
        let first_in = self.arrived.iter().min_by_key(|(_, received, _)| *received)?;
        let last_in = self.arrived.iter().max_by_key(|(_, received, _)| *received)?;
        // The same packets took so long to leave and so long to arrive: what was lost between them changes neither.
        let leaving = last_sent.0.since(first_sent.0);
        let arriving = last_in.1.since(first_in.1);
        if leaving <= GRAIN {
            return None;
        }
        let between = self.lost.iter().filter(|(at, _)| (first_sent.0..last_sent.0).contains(at));
        let lost: usize = between.map(|(_, bytes)| bytes).sum();
        let pace = DataRate::of_bytes((arrived - last_sent.2) as u64, leaving).min(self.rate);
        let left = DataRate::of_bytes((arrived + lost - last_sent.2) as u64, leaving).min(self.rate);
        let surely = arriving + noise;
        if leaving < arriving.saturating_sub(GRAIN + noise).mul_f64(SATURATED) {
            // The link is never idle between the first and the last: what came after the first came at its rate.
            let bytes = (arrived - first_in.2) as u64;
            let carried = DataRate::of_bytes(bytes, arriving) * BELOW_SATURATION;
            return Some((Outcome::Saturated(carried.min(DataRate::of_bytes(bytes, surely))), left));
        }
        // With losses less has arrived than was sent: the link surely kept up with what did.
        let kept = if surely > leaving { pace * (leaving.as_secs_f64() / surely.as_secs_f64()) } else { pace };
        Some((Outcome::Passed(kept), left))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_probe_that_could_not_be_sent_is_repeated_soon_and_not_for_ever() {
        let rate = DataRate::from_kbps(300);
        let at = |millis: u64| Timestamp::from_millis(1_000 + millis);
        let mut probing = Probing::new(DataRate::from_kbps(4_000));
        probing.start(at(0), Some(rate * INITIAL));
        let first = probing.poll(at(0), rate, rate, true, 0.0).expect("the first probe");
        probing.on_failed(at(10), first.cluster + 1);
        assert_eq!(probing.poll(at(320), rate, rate, true, 0.0), None, "another's failure is not its own");
        probing.on_failed(at(400), first.cluster);
        assert_eq!(probing.poll(at(690), rate, rate, true, 0.0), None);
        let again = probing.poll(at(700), rate, rate, true, 0.0).expect("again");
        assert_eq!((again.rate, again.bytes), (first.rate, first.bytes));
        probing.on_failed(at(710), again.cluster);
        let last = probing.poll(at(1_010), rate, rate, true, 0.0).expect("once more");
        probing.on_failed(at(1_020), last.cluster);
        assert_eq!(probing.poll(at(1_400), rate, rate, true, 0.0), None);
    }
}
