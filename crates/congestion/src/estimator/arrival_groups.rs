//! Packets that left together, and how far apart two such groups arrive.

use std::time::Duration;

use units::Timestamp;

/// Packets that leave within this time are one group (draft-ietf-rmcat-gcc-02, §5.2).
const SEND_SPAN: Duration = Duration::from_millis(5);

/// Packets that arrive this close together, though they left further apart, came out of one channel-access burst (same) …
const BURST_GAP: Duration = Duration::from_millis(5);

/// … that lasts no longer than this (libwebrtc).
const BURST_SPAN: Duration = Duration::from_millis(100);

#[derive(Debug, Clone, Copy)]
struct Group {
    first_sent: Timestamp,
    last_sent: Timestamp,
    first_received: Timestamp,
    last_received: Timestamp,
}

/// How much later a group arrived than the one before it, less how much later it left.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct GroupDelta {
    /// Change of the one-way delay in milliseconds.
    pub(super) delay_ms: f64,
    /// Between the two arrivals.
    pub(super) apart_ms: f64,
    /// When the later group had arrived, by the receiver's clock.
    pub(super) received: Timestamp,
}

#[derive(Debug, Default)]
pub(super) struct ArrivalGroups {
    previous: Option<Group>,
    current: Option<Group>,
}

impl ArrivalGroups {
    /// A packet arrived; answers with a delta when it begins a new group.
    pub(super) fn on_packet(&mut self, sent: Timestamp, received: Timestamp) -> Option<GroupDelta> {
        let begun = Group { first_sent: sent, last_sent: sent, first_received: received, last_received: received };
        let Some(current) = &mut self.current else {
            self.current = Some(begun);
            return None;
        };
        if sent < current.first_sent || received < current.last_received {
            // It overtook or was overtaken: the groups it belongs to are measured already.
            return None;
        }
        let bunched = received - current.last_received <= BURST_GAP
            && received - current.last_received < sent - current.last_sent
            && received - current.first_received < BURST_SPAN;
        if sent - current.first_sent <= SEND_SPAN || bunched {
            current.last_sent = current.last_sent.max(sent);
            current.last_received = received;
            return None;
        }
        let finished = *current;
        self.current = Some(begun);
        let previous = self.previous.replace(finished)?;
        let apart_ms = millis(previous.last_received, finished.last_received);
        Some(GroupDelta {
            delay_ms: apart_ms - millis(previous.last_sent, finished.last_sent),
            apart_ms,
            received: finished.last_received,
        })
    }
}

fn millis(from: Timestamp, to: Timestamp) -> f64 {
    (to - from).as_secs_f64() * 1e3
}
