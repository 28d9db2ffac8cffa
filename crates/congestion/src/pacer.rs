//! When each packet leaves: voice at once, retransmissions next, picture spread out, files in what is left.

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

/// How much of the target may leave while single pictures wait, all else that leaves counted: they have seconds, what is
/// believed of a thin link is often too much, and what the bottleneck's queue does not see does not hold the next word up.
const SLIDES_FACTOR: f64 = 1.0;

/// Beside a voice, single pictures and what is sent again of them never leave faster: one has 2.5 seconds. Faster they would
/// not only hold words up: voice and picture together would seem to use what is believed of the link, and that would grow
/// to what a moving picture needs, on a link that carries none. With a voice of 32 kbps that stops at 74.
const SLIDES_MOST: DataRate = DataRate::from_kbps(16);

/// A packet of a single picture leaves within this time after one of voice: the bottleneck is then done with both before
/// the next word. At 64 kbps 234 bytes just before a packet of voice would hold it up for 29 ms.
const BEHIND_VOICE: Duration = Duration::from_millis(5);

/// How much of the target may leave while files wait, all else that leaves counted: they would take everything, all the time. What
/// is left empties the queue that a key frame or a probe made.
const BULK_FACTOR: f64 = 0.9;

/// Below this a file's packet of 584 bytes holds the next word up for longer than 30 ms: it leaves right behind a word.
const BULK_WAITS_FOR_VOICE_BELOW: DataRate = DataRate::from_kbps(150);

/// Nobody speaks who has not for so long: packets of voice are 100 ms long at most.
const NO_VOICE: Duration = Duration::from_millis(150);

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

/// What is held waits for longer than anybody hands over more.
const HELD: Duration = Duration::from_millis(50);

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
    /// A single picture of a slow slideshow, in small packets: when the voice leaves room.
    Slide,
    /// A piece of a file: when nothing else wants to leave, and never so much that a queue grows.
    Bulk,
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
    bulk: VecDeque<Queued<T>>,
    /// Bytes of all kinds that [`BULK_FACTOR`] of the target has not yet paid for, as of `paid_at`.
    bulk_debt: f64,
    padding: VecDeque<Queued<T>>,
    /// What was queued of the picture last was a single one.
    slides: bool,
    /// Something is known of the path: single pictures may go.
    known: bool,
    /// Bytes of single pictures that [`SLIDES_MOST`] has not yet paid for, as of `paid_at`.
    slides_debt: f64,
    /// When voice left last, and how much at that moment.
    spoke: Option<(Timestamp, f64)>,
    /// Bytes that left and that the pace has not yet paid for, as of `paid_at`.
    debt: f64,
    paid_at: Timestamp,
    probe: Option<RunningProbe>,
    abandoned: Option<u32>,
    /// Only what is urgent may leave.
    held: bool,
}

impl<T> Pacer<T> {
    /// A pacer for a target of `rate`.
    pub fn new(rate: DataRate) -> Self {
        Self {
            rate,
            urgent: VecDeque::new(),
            retransmissions: VecDeque::new(),
            picture: VecDeque::new(),
            bulk: VecDeque::new(),
            bulk_debt: 0.0,
            padding: VecDeque::new(),
            slides: false,
            known: false,
            slides_debt: 0.0,
            spoke: None,
            debt: 0.0,
            paid_at: Timestamp::ZERO,
            probe: None,
            abandoned: None,
            held: false,
        }
    }

    /// The new target rate; what is queued follows it at once.
    pub fn set_rate(&mut self, now: Timestamp, rate: DataRate) {
        self.pay(now);
        self.rate = rate;
    }

    /// Something is known of the path. Until then single pictures wait: in a call's first second they would fill the queue
    /// of a link that is thinner than was thought, and nobody would understand the first words.
    pub fn set_known(&mut self, now: Timestamp) {
        self.pay(now);
        self.known = true;
    }

    /// Whether all but voice and control waits, because nobody knows what becomes of what has left.
    pub fn set_held(&mut self, now: Timestamp, held: bool) {
        if self.held != held {
            self.pay(now);
            self.held = held;
            if held {
                self.abandon_probe();
            }
        }
    }

    /// Forgets all but voice and control: it was meant for a faster link.
    pub fn forget_picture(&mut self) {
        self.retransmissions.clear();
        self.picture.clear();
        self.padding.clear();
        self.abandon_probe();
    }

    /// Queues a packet of `bytes` (of the IP packet).
    pub fn push(&mut self, now: Timestamp, class: Class, bytes: usize, item: T) {
        self.pay(now);
        let queued = Queued { bytes, item };
        match class {
            Class::Voice | Class::Control => self.urgent.push_back((class, queued)),
            Class::Retransmission => self.retransmissions.push_back(queued),
            Class::Picture | Class::Slide => {
                self.slides = class == Class::Slide;
                self.picture.push_back(queued);
            }
            Class::Bulk => self.bulk.push_back(queued),
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
            if class == Class::Voice {
                let before = self.just_spoken(now);
                self.spoke = Some((now, before + queued.bytes as f64));
            }
            return Some(self.send(class, queued));
        }
        if self.held || !self.may_send(now) {
            return None;
        }
        if self.is_too_coarse() {
            return self.pad();
        }
        if let Some(queued) = self.retransmissions.pop_front() {
            return Some(self.send(Class::Retransmission, queued));
        }
        if !self.holds_slides()
            && let Some(queued) = self.picture.pop_front()
        {
            let class = if self.slides { Class::Slide } else { Class::Picture };
            return Some(self.send(class, queued));
        }
        if self.may_send_bulk(now)
            && let Some(queued) = self.bulk.pop_front()
        {
            return Some(self.send(Class::Bulk, queued));
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
        if self.held {
            return None;
        }
        let others = !self.retransmissions.is_empty() || !self.padding.is_empty() || self.probe.is_some();
        let slides_at = if others {
            Timestamp::ZERO
        } else {
            let slides_at = if self.picture.is_empty() || self.slides && !self.known {
                None
            } else if self.slides {
                Some(self.slides_at())
            } else {
                Some(Timestamp::ZERO)
            };
            [slides_at, self.bulk_at()].into_iter().flatten().min()?
        };
        let quiet = self.quiet_at().unwrap_or_default().max(slides_at);
        let over = self.debt - self.burst_bytes();
        if over <= 0.0 {
            return Some(now.max(self.paid_at).max(quiet));
        }
        // One microsecond more: rounding down would wake the caller with the debt not quite paid.
        let wait = Duration::from_secs_f64((over * 8.0 / self.pace().as_bps().max(1) as f64).min(1.0));
        Some((self.paid_at + wait + Duration::from_micros(1)).max(quiet))
    }

    /// A probe that was given up before it had left, if there is one: the estimator waits for its end.
    pub fn take_abandoned_probe(&mut self) -> Option<u32> {
        self.abandoned.take()
    }

    /// How many pieces of files wait.
    pub fn queued_bulk(&self) -> usize {
        self.bulk.len()
    }

    /// How long what is queued takes to leave, files aside: what is handed over next does not wait for them.
    pub fn backlog(&self) -> Duration {
        let bytes: usize = self.retransmissions.iter().chain(&self.picture).map(|queued| queued.bytes).sum();
        let ahead = (self.debt - self.burst_bytes()).max(0.0);
        let least = if self.held { HELD } else { Duration::ZERO };
        self.pace().time_for(bytes as u64 + ahead as u64).clamp(least, Duration::from_secs(3_600))
    }

    /// Forgets what is queued: the path it was meant for is gone.
    pub fn clear(&mut self) {
        self.urgent.clear();
        self.retransmissions.clear();
        self.picture.clear();
        self.bulk.clear();
        self.padding.clear();
        self.abandon_probe();
        self.debt = 0.0;
        self.bulk_debt = 0.0;
    }

    fn pace(&self) -> DataRate {
        match &self.probe {
            Some(probe) => probe.rate,
            None if self.slides => self.rate * SLIDES_FACTOR,
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

    /// Whether what is not urgent may leave. A single picture waits for a word and leaves right behind it; what was spent
    /// on the word itself does not count against it then, only against the next packet.
    fn may_send(&self, now: Timestamp) -> bool {
        let waits = self.quiet_at().is_some_and(|at| now < at);
        let just_spoken = self.just_spoken(now);
        if waits && just_spoken == 0.0 {
            return false;
        }
        self.debt - if waits || self.is_bulk_behind_voice() { just_spoken } else { 0.0 } <= self.burst_bytes()
    }

    /// Whether single pictures wait for what is known or for their pace.
    fn holds_slides(&self) -> bool {
        self.slides && (!self.known || self.slides_debt > 0.0)
    }

    /// Whether a piece of a file may leave, where all that goes before it has left. A probe takes it for filler.
    fn may_send_bulk(&self, now: Timestamp) -> bool {
        let Some(next) = self.bulk.front().filter(|_| self.is_bulk_wanted()) else { return false };
        match &self.probe {
            Some(probe) => next.bytes * LEAST_PACKETS <= probe.bytes,
            None => {
                let just_spoken = if self.is_bulk_behind_voice() { self.just_spoken(now) } else { 0.0 };
                let in_between = self.is_bulk_behind_voice()
                    && just_spoken == 0.0
                    && self.spoke.is_some_and(|(at, _)| now.since(at) < NO_VOICE);
                self.picture.is_empty() && self.bulk_debt - just_spoken <= self.bulk_burst() && !in_between
            }
        }
    }

    /// Something is known of the path; where nobody speaks, files themselves find it out.
    fn is_bulk_wanted(&self) -> bool {
        self.known || self.spoke.is_none()
    }

    /// When the next piece of a file may leave, if one waits and no probe runs.
    fn bulk_at(&self) -> Option<Timestamp> {
        self.bulk.front().filter(|_| self.is_bulk_wanted() && self.picture.is_empty())?;
        let over = (self.bulk_debt - self.bulk_burst()).max(0.0);
        let wait = Duration::from_secs_f64((over * 8.0 / (self.rate * BULK_FACTOR).as_bps().max(1) as f64).min(1.0));
        let paid = if over > 0.0 { self.paid_at + wait + Duration::from_micros(1) } else { Timestamp::ZERO };
        let spoke = self.spoke.filter(|_| self.is_bulk_behind_voice()).map(|(at, _)| at);
        // Whoever speaks wakes us with the next word.
        Some(match spoke {
            Some(spoke) if paid.max(self.paid_at) > spoke + BEHIND_VOICE => paid.max(spoke + NO_VOICE),
            _ => paid,
        })
    }

    /// Whether a piece of a file is next, on a link so thin that it would hold up a word unless it leaves right behind one.
    fn is_bulk_behind_voice(&self) -> bool {
        self.rate < BULK_WAITS_FOR_VOICE_BELOW
            && !self.bulk.is_empty()
            && self.retransmissions.is_empty()
            && self.picture.is_empty()
    }

    fn bulk_burst(&self) -> f64 {
        (self.rate * BULK_FACTOR).bytes_in(BURST) as f64
    }

    /// When their pace lets the next packet of single pictures go.
    fn slides_at(&self) -> Timestamp {
        let wait = Duration::from_secs_f64(self.slides_debt * 8.0 / SLIDES_MOST.as_bps() as f64);
        if wait.is_zero() { Timestamp::ZERO } else { self.paid_at + wait + Duration::from_micros(1) }
    }

    /// When nobody is speaking any more, if single pictures wait for a word.
    fn quiet_at(&self) -> Option<Timestamp> {
        let (at, _) = self.spoke.filter(|_| self.slides && self.probe.is_none())?;
        Some(at + NO_VOICE)
    }

    /// Bytes of voice that left just now.
    fn just_spoken(&self, now: Timestamp) -> f64 {
        self.spoke.map_or(0.0, |(at, bytes)| if now.since(at) <= BEHIND_VOICE { bytes } else { 0.0 })
    }

    fn pay(&mut self, now: Timestamp) {
        let paid = self.pace().as_bps() as f64 / 8.0 * now.since(self.paid_at).as_secs_f64();
        // A probe's pace is made up for when a timer comes late; picture's is not.
        let least = match &self.probe {
            Some(probe) => -(probe.rate.bytes_in(BURST) as f64),
            None => 0.0,
        };
        self.debt = (self.debt - paid).max(least);
        let speaks = self.spoke.is_some_and(|(at, _)| now.since(at) < NO_VOICE);
        let paid = SLIDES_MOST.as_bps() as f64 / 8.0 * now.since(self.paid_at).as_secs_f64();
        self.slides_debt = if speaks { (self.slides_debt - paid).max(0.0) } else { 0.0 };
        let paid = (self.rate * BULK_FACTOR).as_bps() as f64 / 8.0 * now.since(self.paid_at).as_secs_f64();
        self.bulk_debt = (self.bulk_debt - paid).max(0.0);
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
        if self.slides && matches!(class, Class::Slide | Class::Retransmission) {
            self.slides_debt += queued.bytes as f64;
        }
        Paced::Packet { class, item: queued.item, bytes: queued.bytes, probe }
    }

    /// Whether the picture's packet that would leave next is so much of a probe that the probe would measure nothing: a
    /// handful of small ones measures it instead, and the picture goes right after.
    fn is_too_coarse(&self) -> bool {
        let picture = self.picture.front().filter(|_| !self.holds_slides());
        let next = self.retransmissions.front().or(picture);
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
        self.bulk_debt = (self.bulk_debt + bytes as f64).min((self.rate * BULK_FACTOR).bytes_in(MAX_DEBT) as f64);
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
mod tests;
