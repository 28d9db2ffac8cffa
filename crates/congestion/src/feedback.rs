//! What a receiver tells of each packet's arrival (transport-wide feedback, draft-holmer-rmcat-transport-wide-cc).

use std::collections::BTreeMap;
use std::time::Duration;

use units::{DataRate, Timestamp};

use crate::sequence::SequenceUnwrapper;

/// The shortest time between two reports. At 50 ms the sender sees a drop of the link within two of them; shorter
/// costs more packets for nothing (libwebrtc's minimum as well).
const MIN_INTERVAL: Duration = Duration::from_millis(50);

/// The longest. From 64 kbps up it is 250 ms at most; below, the share rules, as on a link of 30 kbps every byte is
/// somebody's voice: of 20 kbps in packets of 60 ms, of which a fifth is lost, the share is used up by a report each 920 ms.
const MAX_INTERVAL: Duration = Duration::from_millis(1_000);

/// Which share of the received rate RTCP may take (RFC 3550, section 6.2) …
const SHARE: f64 = 0.05;

/// … and what of it the sender reports of a voice take, in bytes a second, where that is much of it: they go every five seconds at
/// the latest, with IPv4, UDP, SRTCP's index and tag and a name (90 bytes), a seventh of the share of 20 kbps.
const SENDER_REPORTS: f64 = 90.0 / 5.0;
const SENDER_REPORTS_COUNT_BELOW: DataRate = DataRate::from_kbps(32);

/// An IP packet with a report: IPv4, UDP, SRTCP's index and tag (20), the report's fixed part (20).
const REPORT_BYTES: f64 = (28 + 20 + 20) as f64;

/// What a reported packet adds, about: two bits of status and one or two bytes of delta, the repetition included.
const REPORT_BYTES_A_PACKET: f64 = 2.5;

/// How many packets a report may tell of. The wire allows 65 535; half a second of 10 Mbps is 500.
const MAX_REPORTED: u64 = 2_048;

/// The rate is measured over this long.
const RATE_WINDOW: Duration = Duration::from_millis(500);

/// What one report says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Feedback {
    /// The report's own number (`fb_pkt_count`).
    pub count: u8,
    /// The transport sequence number of the first packet.
    pub base: u16,
    /// When each packet from `base` on arrived, by this program's clock; `None` if it did not.
    pub arrivals: Vec<Option<Timestamp>>,
}

/// Records arrivals and makes reports of them, every 50 ms to a second by the rate received.
///
/// Each report repeats what the one before told, so that a lost one loses nothing.
#[derive(Debug, Default)]
pub struct FeedbackRecorder {
    unwrapper: SequenceUnwrapper,
    arrivals: BTreeMap<u64, Timestamp>,
    /// The first number that has never been told of.
    next: Option<u64>,
    /// Where the last report began: where the next one begins, if nothing older came late.
    previous: Option<u64>,
    late: Option<u64>,
    news: bool,
    due: Option<Timestamp>,
    reported: Option<Timestamp>,
    count: u8,
    window_from: Timestamp,
    window_bytes: u64,
    window_packets: u64,
    rate: Option<(DataRate, f64)>,
}

impl FeedbackRecorder {
    /// A recorder that has seen nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// A packet of `bytes` (of the IP packet) with this transport sequence number arrived.
    pub fn on_packet(&mut self, now: Timestamp, sequence: u16, bytes: usize) {
        let number = self.unwrapper.peek(sequence);
        let next = *self.next.get_or_insert(number);
        if number + MAX_REPORTED < next {
            return;
        }
        self.unwrapper.unwrap(sequence);
        self.measure(now, bytes);
        if self.arrivals.contains_key(&number) {
            return;
        }
        self.arrivals.insert(number, now);
        if number < next {
            // It was told of as missing: say so again, now that it came.
            self.late = Some(self.late.map_or(number, |late| late.min(number)));
        }
        self.news = true;
        if self.due.is_none() {
            let interval = self.interval();
            self.due = Some(match self.reported {
                Some(reported) => now.max(reported + interval),
                // The first report goes early: the initial probe waits for it.
                None => now + MIN_INTERVAL / 2,
            });
        }
    }

    /// The report that is due, if one is.
    pub fn poll(&mut self, now: Timestamp) -> Option<Feedback> {
        if self.due.is_none_or(|due| now < due) || !self.news {
            return None;
        }
        let last = *self.arrivals.last_key_value()?.0;
        let next = self.next?;
        let mut base = self.previous.unwrap_or(next).min(self.late.unwrap_or(next));
        base = base.max((last + 1).saturating_sub(MAX_REPORTED));
        // Start at something that arrived: leading gaps were told before.
        if base < next {
            base = self.arrivals.range(base..).next().map_or(next, |(number, _)| (*number).min(next));
        }
        let arrivals = (base..=last).map(|number| self.arrivals.get(&number).copied()).collect();
        self.previous = Some(next);
        self.next = Some(last + 1);
        self.late = None;
        self.news = false;
        self.due = None;
        self.reported = Some(now);
        self.arrivals = self.arrivals.split_off(&(last + 1).saturating_sub(MAX_REPORTED));
        let count = self.count;
        self.count = count.wrapping_add(1);
        Some(Feedback { count, base: base as u16, arrivals })
    }

    /// When the next report is due; `None` while there is nothing new to tell.
    pub fn poll_timeout(&self) -> Option<Timestamp> {
        self.due
    }

    /// How long from one report to the next at the rate received now.
    pub fn interval(&self) -> Duration {
        let Some((rate, packets_a_second)) = self.rate else {
            return MIN_INTERVAL;
        };
        // Reports every t seconds take (fixed + each × packets × t) / t bytes a second: solved for t.
        let others = if rate < SENDER_REPORTS_COUNT_BELOW { SENDER_REPORTS } else { 0.0 };
        let allowed = rate.as_bps() as f64 / 8.0 * SHARE - others - REPORT_BYTES_A_PACKET * packets_a_second;
        if allowed <= 0.0 {
            return MAX_INTERVAL;
        }
        Duration::from_secs_f64((REPORT_BYTES / allowed).min(1.0)).clamp(MIN_INTERVAL, MAX_INTERVAL)
    }

    fn measure(&mut self, now: Timestamp, bytes: usize) {
        let span = now.since(self.window_from);
        if self.window_packets == 0 || span > RATE_WINDOW * 4 {
            // The first packet, or the first after a silence, of which nothing is known.
            (self.window_from, self.window_bytes, self.window_packets) = (now, 0, 0);
        } else if span >= RATE_WINDOW {
            let rate = DataRate::of_bytes(self.window_bytes, span);
            self.rate = Some((rate, self.window_packets as f64 / span.as_secs_f64()));
            (self.window_from, self.window_bytes, self.window_packets) = (now, 0, 0);
        }
        self.window_bytes += bytes as u64;
        self.window_packets += 1;
    }
}
