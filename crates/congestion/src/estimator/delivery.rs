//! How fast packets left and how fast they arrived: the same packets, so that the two can be compared.

use std::collections::VecDeque;
use std::time::Duration;

use units::DataRate;

use super::history::Told;

/// Rates are measured over this long (libwebrtc's first window): fifteen frames, ten packets of voice.
const WINDOW: Duration = Duration::from_millis(500);

/// Enough to see that the link has collapsed: some ten packets at the rates where it matters.
const SHORT_WINDOW: Duration = Duration::from_millis(200);

/// So many packets and one more: fewer measure nothing. On 64 kbps four picture packets take half a second.
const MIN_PACKETS: usize = 3;

/// Nothing older than this counts, however few packets there are.
const MAX_AGE: Duration = Duration::from_millis(1_500);

/// Both rates of the same packets.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Delivery {
    /// At which rate they left, lost ones included.
    pub(super) sent: DataRate,
    /// At which rate those arrived that did.
    pub(super) received: DataRate,
}

/// Of what loses more, nobody knows what it would carry.
const MOST_LOSS: f64 = 0.35;

/// Arriving at less than this part of what is sent, with a queue standing, packets meet a bottleneck.
const CHOKED: f64 = 0.9;

impl Delivery {
    /// Whether less arrives than is sent.
    pub(super) fn chokes(self) -> bool {
        self.received < self.sent * CHOKED
    }

    /// What would have arrived of a path that loses this part of all whatever its rate: what the link itself carries.
    pub(super) fn before_losses(self, loss: f64) -> Self {
        let through = 1.0 - loss.clamp(0.0, MOST_LOSS);
        Self { received: (self.received * (1.0 / through)).min(self.sent.max(self.received)), ..self }
    }
}

#[derive(Debug, Default)]
pub(super) struct Deliveries {
    packets: VecDeque<Told>,
}

impl Deliveries {
    pub(super) fn on_told(&mut self, told: Told) {
        if told.revised {
            // It came late; its place in the window is past.
            return;
        }
        if self.packets.back().is_some_and(|last| last.sent.number + 1 != told.sent.number) {
            // Reports are missing: bytes that nobody told of would look like a slow link.
            self.packets.clear();
        }
        self.packets.push_back(told);
        while self.packets.front().is_some_and(|first| told.sent.at.since(first.sent.at) > MAX_AGE) {
            self.packets.pop_front();
        }
    }

    /// What arrived lately.
    pub(super) fn lately(&self) -> Option<Delivery> {
        self.over(WINDOW)
    }

    /// What arrived just now: less certain.
    pub(super) fn just_now(&self) -> Option<Delivery> {
        self.over(SHORT_WINDOW)
    }

    fn over(&self, window: Duration) -> Option<Delivery> {
        let last = self.packets.iter().rev().find_map(|told| told.received)?;
        let mut received = 0;
        let mut count = 0;
        let mut first = self.packets.len();
        let mut first_bytes = 0;
        let mut from = last;
        for (index, told) in self.packets.iter().enumerate().rev() {
            let Some(at) = told.received else { continue };
            if last.since(at) > window && count > MIN_PACKETS {
                break;
            }
            (first, first_bytes, from) = (index, told.sent.bytes, at.min(from));
            received += told.sent.bytes;
            count += 1;
        }
        let span = last.since(from);
        if count <= MIN_PACKETS || span < window / 2 {
            return None;
        }
        let packets = self.packets.range(first..);
        let sent: usize = packets.clone().map(|told| told.sent.bytes).sum();
        let left = packets.map(|told| told.sent.at);
        let send_span = left.clone().max()?.since(left.min()?);
        Some(Delivery {
            sent: DataRate::of_bytes((sent - first_bytes) as u64, send_span.max(Duration::from_millis(1))),
            received: DataRate::of_bytes((received - first_bytes) as u64, span),
        })
    }
}
