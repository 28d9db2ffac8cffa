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
    /// A packet that only fills: an old one over RTX, or RTP padding. Whoever can make none sends none.
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
        self.probe = Some(RunningProbe {
            cluster: probe.cluster,
            rate: probe.rate,
            bytes: probe.bytes,
            sent: 0,
            started: now,
        });
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
        self.probe = None;
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
            self.probe = None;
        }
    }

    fn send(&mut self, class: Class, queued: Queued<T>) -> Paced<T> {
        let probe = self.spend(queued.bytes);
        Paced::Packet { class, item: queued.item, bytes: queued.bytes, probe }
    }

    fn pad(&mut self) -> Option<Paced<T>> {
        let probe = self.probe.as_ref()?;
        // At least five packets a probe: fewer gaps measure nothing. (libwebrtc's minimum, too.)
        let bytes = (probe.bytes / 5).clamp(MIN_PADDING, MAX_PADDING).min(probe.bytes - probe.sent).max(MIN_PADDING);
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
