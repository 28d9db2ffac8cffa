//! A link that falls to a fraction, seen in a few packets, before a line through their delays shows it.
//!
//! From the packet on that first waits until one does not, the bottleneck is never idle: what arrives then, by the time it
//! took, is what the link carries (the dispersion of a packet train: Dovrolis et al., IEEE/ACM Transactions on Networking
//! 12, 2004). Where that is a fraction of what was sent, and several packets came as slowly as that, only a slower link
//! explains it: what a radio held up comes in a bunch, only the first packet of which comes slowly.

use std::collections::VecDeque;
use std::time::Duration;

use units::{DataRate, Timestamp};

use super::delivery::Delivery;
use super::history::Told;

/// So many packets must have come as slowly as they would over the slower link: a radio's pause shows one.
const LEAST_SLOW: usize = 3;

/// A packet that came after this part of the time that it takes over the slower link came slowly.
const SLOW: f64 = 0.5;

/// The last must wait so long …
const GROWN: Duration = Duration::from_millis(50);

/// … and this many times the jitter on top.
const JITTERS: f64 = 4.0;

/// A queue that is shorter than this part of what it was drains: whoever filled it has stopped.
const GROWS: f64 = 0.8;

/// A packet that waits less than this, and the jitter, has met no queue: two packets of a picture on a megabit.
const IDLE: Duration = Duration::from_millis(15);

/// Packets that are looked at: older ones are of the time before.
const MOST: usize = 64;

#[derive(Debug, Default)]
pub(super) struct BusyPeriod {
    /// When the first would have arrived had it not waited.
    from: Timestamp,
    last_queued: Duration,
    most_queued: Duration,
    /// A probe is in it, which was to fill the queue.
    probed: bool,
    arrived: VecDeque<Told>,
    lost: usize,
}

impl BusyPeriod {
    /// The next packet in the order of sending; `queued` is how long it waited, by what is known of the path.
    pub(super) fn on_packet(&mut self, told: &Told, queued: Duration, jitter_ms: f64) {
        let Some(received) = told.received else {
            self.lost += told.sent.bytes;
            return;
        };
        if queued <= IDLE + Duration::from_secs_f64(jitter_ms.max(0.0) / 1e3) {
            self.forget();
            return;
        }
        if self.arrived.is_empty() {
            self.from = Timestamp::from_micros(received.as_micros().saturating_sub(queued.as_micros() as u64));
            self.lost = 0;
        } else if self.arrived.len() == MOST {
            return;
        }
        self.last_queued = queued;
        self.most_queued = self.most_queued.max(queued);
        self.probed |= told.sent.probe.is_some();
        self.arrived.push_back(*told);
    }

    /// How fast packets arrive if that is because the link has become slower.
    pub(super) fn delivery(&self, jitter_ms: f64) -> Option<Delivery> {
        let (first, last) = (self.arrived.front()?, self.arrived.back()?);
        let grown = GROWN + Duration::from_secs_f64(JITTERS * jitter_ms.max(0.0) / 1e3);
        if self.probed || self.last_queued < grown.max(self.most_queued.mul_f64(GROWS)) {
            return None;
        }
        let received = self.carried()?;
        let mut before = self.from;
        let slow = self.arrived.iter().filter(|told| {
            let at = told.received.unwrap_or(before);
            let gap = at.since(std::mem::replace(&mut before, at));
            gap >= received.time_for(told.sent.bytes as u64).mul_f64(SLOW)
        });
        if slow.count() < LEAST_SLOW {
            return None;
        }
        let left = last.sent.at.since(first.sent.at).max(Duration::from_millis(1));
        let bytes: usize = self.arrived.iter().map(|told| told.sent.bytes).sum();
        let sent = DataRate::of_bytes((bytes + self.lost - first.sent.bytes) as u64, left);
        Some(Delivery { sent, received })
    }

    /// How fast packets have arrived since the queue began to stand.
    pub(super) fn carried(&self) -> Option<DataRate> {
        let last = self.arrived.back().filter(|_| self.arrived.len() >= LEAST_SLOW)?;
        let bytes: usize = self.arrived.iter().map(|told| told.sent.bytes).sum();
        let span = last.received?.since(self.from);
        (!span.is_zero()).then(|| DataRate::of_bytes(bytes as u64, span))
    }

    /// When the first packet left that had to wait.
    pub(super) fn began(&self) -> Option<Timestamp> {
        self.arrived.front().map(|told| told.sent.at)
    }

    /// What was before says nothing any more.
    pub(super) fn forget(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use rand::rngs::StdRng;
    use rand::{RngExt, SeedableRng};

    use super::*;
    use crate::estimator::SentPacket;

    /// Pictures of four packets each 33 ms, at 1,100 kbps in all, over a link of `kbps` with `stall` milliseconds more at
    /// some milliseconds; the first delivery that is told of, and at which millisecond the packet behind it arrived.
    fn told(kbps: impl Fn(u64) -> u64, stall: impl Fn(u64) -> u64) -> Option<(u64, Delivery)> {
        let mut busy = BusyPeriod::default();
        let (mut free, mut arrived) = (0.0_f64, 0_u64);
        for number in 0..400_u64 {
            let left = number / 4 * 33 + number % 4 * 2;
            let rate = kbps(left) as f64;
            free = free.max(left as f64) + 1_100.0 * 8.0 / rate;
            arrived = arrived.max(free as u64 + stall(left));
            let sent = SentPacket { number, at: Timestamp::from_millis(1_000 + left), bytes: 1_100, probe: None };
            let packet = Told { sent, received: Some(Timestamp::from_millis(5_000 + arrived)), revised: false };
            busy.on_packet(&packet, Duration::from_millis(arrived - left), 0.0);
            if let Some(delivery) = busy.delivery(0.0).filter(|delivery| delivery.received < delivery.sent * 0.6) {
                return Some((arrived, delivery));
            }
        }
        None
    }

    #[test]
    fn a_link_that_falls_to_a_seventh_is_known_by_three_packets() {
        let (at, delivery) = told(|at| if at < 1_000 { 4_000 } else { 150 }, |_| 0).expect("seen");
        assert!((1_000..1_250).contains(&at), "{at}");
        assert!((130..=160).contains(&delivery.received.as_kbps()), "{delivery:?}");
    }

    #[test]
    fn what_a_radio_holds_up_and_lets_go_in_a_bunch_is_no_slower_link() {
        assert_eq!(told(|_| 4_000, |at| 150_u64.saturating_sub(at % 300)), None);
        assert_eq!(told(|_| 4_000, |at| if at == 1_000 { 400 } else { 0 }), None);
    }

    #[test]
    fn jitter_alone_is_no_slower_link() {
        for seed in 0..50 {
            let random = std::cell::RefCell::new(StdRng::seed_from_u64(seed));
            assert_eq!(told(|_| 4_000, |_| random.borrow_mut().random_range(0..40)), None, "seed {seed}");
        }
    }

    #[test]
    fn the_queue_of_a_probe_is_no_slower_link() {
        let mut busy = BusyPeriod::default();
        for number in 0..5_u64 {
            let sent = SentPacket { number, at: Timestamp::from_millis(1_000 + number), bytes: 1_100, probe: Some(1) };
            let received = Some(Timestamp::from_millis(5_000 + number * 60));
            busy.on_packet(&Told { sent, received, revised: false }, Duration::from_millis(60 + number * 59), 0.0);
        }
        assert_eq!(busy.delivery(0.0), None);
    }
}
