//! When each packet leaves: voice at once, retransmissions next, picture spread out.

use std::collections::VecDeque;
use std::time::Duration;

use units::{DataRate, Timestamp};

use crate::estimator::Probe;

/// How much faster than the target picture leaves.
///
/// libwebrtc's 2.5 puts a key frame into the bottleneck's queue in 40 % of the time it takes to drain, and the next
/// voice packet waits there for the other 60 %. With 1.5 it waits for a third at most, and a frame of average size
/// still leaves in two thirds of its frame time, so the queue here stays empty.
const PACING_FACTOR: f64 = 1.5;

/// How much may leave at once: five milliseconds' worth, libwebrtc's burst interval. Below it timers cost more
/// than smoothness gains, and the arrival groups of the estimator are as long anyway.
const BURST: Duration = Duration::from_millis(5);

/// How far ahead of the pace the undelayed classes may put us before the rest is forgiven. A voice packet must never
/// wait, but voice alone must not starve the picture for ever where the target is below what voice needs.
const MAX_DEBT: Duration = Duration::from_millis(500);

/// The longest padding packet that is asked for: an ordinary picture packet's size.
const MAX_PADDING: usize = 1_200;

/// The shortest padding that is worth a packet; less is dropped from the end of a probe.
const MIN_PADDING: usize = 40;

/// Packets of a probe: fewer gaps measure nothing. (libwebrtc's minimum, too.)
const LEAST_PACKETS: usize = 5;

/// A probe is over after this long, sent in full or not: later packets tell nothing about its rate.
const PROBE_TIMEOUT: Duration = Duration::from_millis(500);

/// What a packet is, in the order in which they leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// Somebody's voice: at once, whatever the rate.
    Voice,
    /// RTCP and what else the call itself needs: at once.
    Control,
    /// A packet that was asked for again: before new picture, because older picture waits for it.
    Retransmission,
    /// New picture.
    Picture,
    /// Filler that a probe asked for and that was queued instead of sent.
    Padding,
}

/// What to send now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Paced<T> {
    /// This packet.
    Packet {
        /// What it is.
        class: Class,
        /// What was pushed.
        item: T,
        /// Its size as pushed.
        bytes: usize,
        /// The probe that it is part of: goes into [`SentPacket::probe`](crate::SentPacket::probe).
        probe: Option<u32>,
    },
    /// A packet that only fills: an old one over RTX, or padding. Whoever can make none tells the estimator that the probe
    /// failed.
    Padding {
        /// How large the IP packet should be, about.
        bytes: usize,
        /// The probe that it is part of.
        probe: u32,
    },
}

#[derive(Debug)]
struct Queued<T> {
    bytes: usize,
    item: T,
}

#[derive(Debug)]
struct RunningProbe {
    cluster: u32,
    rate: DataRate,
    bytes: usize,
    sent: usize,
    started: Timestamp,
}

/// Decides when each packet leaves.
///
/// Voice and control leave on the next [`poll`](Pacer::poll), always; what they take is taken from what follows.
/// Retransmissions and picture leave at 1.5 times the target rate. Nothing here is dropped: old picture is dropped as
/// whole frames before it gets here ([`FrameQueue`](crate::FrameQueue)).
#[derive(Debug)]
pub struct Pacer<T> {
    rate: DataRate,
    urgent: VecDeque<(Class, Queued<T>)>,
    retransmissions: VecDeque<Queued<T>>,
    picture: VecDeque<Queued<T>>,
    padding: VecDeque<Queued<T>>,
    /// Bytes that left and that the pace has not yet paid for, as of `paid_at`.
    debt: f64,
    paid_at: Timestamp,
    probe: Option<RunningProbe>,
    abandoned: Option<u32>,
}

impl<T> Pacer<T> {
    /// A pacer for a target of `rate`.
    pub fn new(rate: DataRate) -> Self {
        Self {
            rate,
            urgent: VecDeque::new(),
            retransmissions: VecDeque::new(),
            picture: VecDeque::new(),
            padding: VecDeque::new(),
            debt: 0.0,
            paid_at: Timestamp::ZERO,
            probe: None,
            abandoned: None,
        }
    }

    /// The new target rate; what is queued follows it at once.
    pub fn set_rate(&mut self, now: Timestamp, rate: DataRate) {
        self.pay(now);
        self.rate = rate;
    }

    /// Queues a packet of `bytes` (of the IP packet).
    pub fn push(&mut self, now: Timestamp, class: Class, bytes: usize, item: T) {
        self.pay(now);
        let queued = Queued { bytes, item };
        match class {
            Class::Voice | Class::Control => self.urgent.push_back((class, queued)),
            Class::Retransmission => self.retransmissions.push_back(queued),
            Class::Picture => self.picture.push_back(queued),
            Class::Padding => self.padding.push_back(queued),
        }
    }

    /// Sends at the probe's rate until its bytes have left, with padding where there is nothing else.
    pub fn start_probe(&mut self, now: Timestamp, probe: Probe) {
        self.pay(now);
        self.probe =
            Some(RunningProbe { cluster: probe.cluster, rate: probe.rate, bytes: probe.bytes, sent: 0, started: now });
        // A probe measures its own pace, not what was sent before.
        self.debt = 0.0;
    }

    /// The next packet that leaves now, if one does. Call until it answers `None`.
    pub fn poll(&mut self, now: Timestamp) -> Option<Paced<T>> {
        self.pay(now);
        if let Some((class, queued)) = self.urgent.pop_front() {
            return Some(self.send(class, queued));
        }
        if !self.may_send() {
            return None;
        }
        if self.is_too_coarse() {
            return self.pad();
        }
        if let Some(queued) = self.retransmissions.pop_front() {
            return Some(self.send(Class::Retransmission, queued));
        }
        if let Some(queued) = self.picture.pop_front() {
            return Some(self.send(Class::Picture, queued));
        }
        if let Some(queued) = self.padding.pop_front() {
            return Some(self.send(Class::Padding, queued));
        }
        self.pad()
    }

    /// When to poll again; `None` while there is nothing to send.
    pub fn poll_timeout(&self, now: Timestamp) -> Option<Timestamp> {
        if !self.urgent.is_empty() {
            return Some(now);
        }
        let idle = self.retransmissions.is_empty() && self.picture.is_empty() && self.padding.is_empty();
        if idle && self.probe.is_none() {
            return None;
        }
        let over = self.debt - self.burst_bytes();
        if over <= 0.0 {
            return Some(now.max(self.paid_at));
        }
        // One microsecond more: rounding down would wake the caller with the debt not quite paid.
        let wait = Duration::from_secs_f64((over * 8.0 / self.pace().as_bps().max(1) as f64).min(1.0));
        Some(self.paid_at + wait + Duration::from_micros(1))
    }

    /// A probe that was given up before it had left, if there is one: the estimator waits for its end.
    pub fn take_abandoned_probe(&mut self) -> Option<u32> {
        self.abandoned.take()
    }

    /// How long what is queued takes to leave.
    pub fn backlog(&self) -> Duration {
        let bytes: usize = self.retransmissions.iter().chain(&self.picture).map(|queued| queued.bytes).sum();
        let ahead = (self.debt - self.burst_bytes()).max(0.0);
        self.pace().time_for(bytes as u64 + ahead as u64).min(Duration::from_secs(3_600))
    }

    /// Forgets what is queued: the path it was meant for is gone.
    pub fn clear(&mut self) {
        self.urgent.clear();
        self.retransmissions.clear();
        self.picture.clear();
        self.padding.clear();
        self.abandon_probe();
        self.debt = 0.0;
    }

    fn pace(&self) -> DataRate {
        match &self.probe {
            Some(probe) => probe.rate,
            None => self.rate * PACING_FACTOR,
        }
    }

    fn burst_bytes(&self) -> f64 {
        match self.probe {
            // A probe is spread evenly: its rate is what is measured.
            Some(_) => 0.0,
            None => self.pace().bytes_in(BURST) as f64,
        }
    }

    fn may_send(&self) -> bool {
        self.debt <= self.burst_bytes()
    }

    fn pay(&mut self, now: Timestamp) {
        let paid = self.pace().as_bps() as f64 / 8.0 * now.since(self.paid_at).as_secs_f64();
        // A probe's pace is made up for when a timer comes late; picture's is not.
        let least = match &self.probe {
            Some(probe) => -(probe.rate.bytes_in(BURST) as f64),
            None => 0.0,
        };
        self.debt = (self.debt - paid).max(least);
        self.paid_at = self.paid_at.max(now);
        if self.probe.as_ref().is_some_and(|probe| now.since(probe.started) > PROBE_TIMEOUT) {
            self.abandon_probe();
        }
    }

    fn abandon_probe(&mut self) {
        self.abandoned = self.probe.take().map(|probe| probe.cluster).or(self.abandoned);
    }

    fn send(&mut self, class: Class, queued: Queued<T>) -> Paced<T> {
        let probe = self.spend(queued.bytes);
        Paced::Packet { class, item: queued.item, bytes: queued.bytes, probe }
    }

    /// Whether the picture's packet that would leave next is so much of a probe that the probe would measure nothing: a
    /// handful of small ones measures it instead, and the picture goes right after.
    fn is_too_coarse(&self) -> bool {
        let next = self.retransmissions.front().or(self.picture.front());
        let (Some(probe), Some(next)) = (&self.probe, next) else { return false };
        next.bytes * LEAST_PACKETS > probe.bytes
    }

    fn pad(&mut self) -> Option<Paced<T>> {
        let probe = self.probe.as_ref()?;
        let bytes = (probe.bytes / LEAST_PACKETS)
            .clamp(MIN_PADDING, MAX_PADDING)
            .min(probe.bytes - probe.sent)
            .max(MIN_PADDING);
        let cluster = probe.cluster;
        self.spend(bytes);
        Some(Paced::Padding { bytes, probe: cluster })
    }

    /// Counts `bytes` as sent and tells of which probe they are part.
    fn spend(&mut self, bytes: usize) -> Option<u32> {
        self.debt += bytes as f64;
        let Some(probe) = &mut self.probe else {
            self.debt = self.debt.min(self.pace().bytes_in(MAX_DEBT) as f64);
            return None;
        };
        let cluster = probe.cluster;
        probe.sent += bytes;
        if probe.sent + MIN_PADDING > probe.bytes {
            self.probe = None;
            // The burst of the probe is over and above the pace: libwebrtc forgives it too, else picture would stand
            // still after each probe.
            self.debt = self.debt.min(self.burst_bytes());
        }
        Some(cluster)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(micros: u64) -> Timestamp {
        Timestamp::from_micros(1_000_000 + micros)
    }

    /// Follows the pacer's own timer and answers when each packet left (microseconds), what it was and its size.
    fn run(pacer: &mut Pacer<&'static str>, for_micros: u64) -> Vec<(u64, &'static str, usize)> {
        let mut left = Vec::new();
        let mut now = at(0);
        while now <= at(for_micros) {
            while let Some(paced) = pacer.poll(now) {
                let micros = now.since(at(0)).as_micros() as u64;
                left.push(match paced {
                    Paced::Packet { item, bytes, .. } => (micros, item, bytes),
                    Paced::Padding { bytes, .. } => (micros, "padding", bytes),
                });
            }
            match pacer.poll_timeout(now) {
                Some(next) => {
                    assert!(next > now, "the timer stands still");
                    now = next;
                }
                None => break,
            }
        }
        left
    }

    #[test]
    fn voice_leaves_at_once_whatever_waits() {
        let mut pacer = Pacer::new(DataRate::from_kbps(100));
        for _ in 0..20 {
            pacer.push(at(0), Class::Picture, 1_000, "picture");
        }
        while pacer.poll(at(0)).is_some() {}
        pacer.push(at(1), Class::Retransmission, 1_000, "again");
        pacer.push(at(1), Class::Voice, 100, "voice");
        assert!(matches!(pacer.poll(at(1)), Some(Paced::Packet { item: "voice", .. })));
        assert_eq!(pacer.poll(at(1)), None);
    }

    #[test]
    fn retransmissions_go_before_new_picture() {
        let mut pacer = Pacer::new(DataRate::from_kbps(1_000));
        pacer.push(at(0), Class::Picture, 1_000, "picture");
        pacer.push(at(0), Class::Retransmission, 1_000, "again");
        let order: Vec<_> = run(&mut pacer, 100_000).into_iter().map(|(_, item, _)| item).collect();
        assert_eq!(order, ["again", "picture"]);
    }

    #[test]
    fn picture_leaves_at_one_and_a_half_times_the_target() {
        let mut pacer = Pacer::new(DataRate::from_kbps(800));
        for _ in 0..151 {
            pacer.push(at(0), Class::Picture, 1_000, "picture");
        }
        assert!(pacer.backlog() > Duration::from_millis(990));
        let left = run(&mut pacer, 2_000_000);
        let last = left.last().expect("packets").0;
        assert_eq!(left.len(), 151);
        assert!((980_000..=1_000_000).contains(&last), "{last} µs");
        assert_eq!(pacer.poll_timeout(at(2_000_000)), None);
    }

    #[test]
    fn a_probe_is_filled_up_with_padding_at_its_rate() {
        let mut pacer = Pacer::new(DataRate::from_kbps(100));
        pacer.push(at(0), Class::Picture, 600, "picture");
        let probe = Probe { cluster: 7, rate: DataRate::from_kbps(800), bytes: 3_000 };
        pacer.start_probe(at(0), probe);
        let left = run(&mut pacer, 100_000);
        assert_eq!(left[0].1, "picture");
        let bytes: usize = left.iter().map(|(_, _, bytes)| bytes).sum();
        assert!((2_950..=3_050).contains(&bytes), "{bytes}");
        let last = left.last().expect("packets");
        let rate = DataRate::of_bytes((bytes - last.2) as u64, Duration::from_micros(last.0));
        assert!((760..=840).contains(&rate.as_kbps()), "{rate}");
    }

    #[test]
    fn a_probe_that_few_packets_of_the_picture_would_fill_is_of_small_ones() {
        let mut pacer = Pacer::new(DataRate::from_kbps(100));
        for item in ["first", "second"] {
            pacer.push(at(0), Class::Picture, 1_100, item);
        }
        pacer.push(at(0), Class::Voice, 140, "voice");
        pacer.start_probe(at(0), Probe { cluster: 7, rate: DataRate::from_kbps(450), bytes: 1_406 });
        let left: Vec<_> = run(&mut pacer, 1_000_000).into_iter().map(|(_, item, _)| item).collect();
        assert_eq!(left[0], "voice");
        assert!(left[1..].starts_with(&["padding"; 4]), "{left:?}");
        assert!(left.ends_with(&["first", "second"]), "{left:?}");
    }

    #[test]
    fn a_probe_that_is_given_up_is_told_of() {
        let mut pacer: Pacer<&str> = Pacer::new(DataRate::from_kbps(100));
        let probe = |cluster| Probe { cluster, rate: DataRate::from_kbps(800), bytes: 3_000 };
        pacer.start_probe(at(0), probe(7));
        run(&mut pacer, 100_000);
        assert_eq!(pacer.take_abandoned_probe(), None, "it left in full");
        pacer.start_probe(at(100_000), probe(8));
        pacer.clear();
        assert_eq!(pacer.take_abandoned_probe(), Some(8));
        assert_eq!(pacer.take_abandoned_probe(), None);
        pacer.start_probe(at(200_000), probe(9));
        pacer.poll(at(900_000));
        assert_eq!(pacer.take_abandoned_probe(), Some(9));
    }

    #[test]
    fn voice_alone_above_the_target_does_not_starve_the_picture_for_ever() {
        let mut pacer = Pacer::new(DataRate::from_kbps(40));
        for _ in 0..100 {
            pacer.push(at(0), Class::Voice, 1_000, "voice");
        }
        pacer.push(at(0), Class::Picture, 1_000, "picture");
        let left = run(&mut pacer, 5_000_000);
        assert_eq!(left.iter().filter(|(micros, item, _)| *item == "voice" && *micros == 0).count(), 100);
        let picture = left.iter().find(|(_, item, _)| *item == "picture").expect("the picture");
        assert!(picture.0 <= 500_000);
    }
}
