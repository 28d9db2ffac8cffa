//! What was sent, until the receiver has told of it.

use std::collections::BTreeMap;
use std::time::Duration;

use units::Timestamp;

use super::{PacketReport, SentPacket};

/// How long a packet is remembered: an outage of ten seconds and the report after it.
const KEEP: Duration = Duration::from_secs(15);

/// How many are remembered at most: fifteen seconds of 10 Mbps.
const MAX_PACKETS: usize = 16_384;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Unknown,
    Received,
    Lost,
}

/// A packet of which the receiver told something new.
#[derive(Debug, Clone, Copy)]
pub(super) struct Told {
    pub(super) sent: SentPacket,
    /// When it arrived, by the receiver's clock.
    pub(super) received: Option<Timestamp>,
    /// It had been told of as lost.
    pub(super) revised: bool,
}

#[derive(Debug, Default)]
pub(super) struct History {
    packets: BTreeMap<u64, (SentPacket, Fate)>,
    told_up_to: Option<u64>,
}

impl History {
    pub(super) fn on_sent(&mut self, packet: SentPacket) {
        self.packets.insert(packet.number, (packet, Fate::Unknown));
        while let Some(oldest) = self.packets.first_entry() {
            if packet.at.since(oldest.get().0.at) <= KEEP && self.packets.len() <= MAX_PACKETS {
                break;
            }
            self.packets.pop_first();
        }
    }

    /// What is new in a report; `None` if it is known already or of a packet that was never sent.
    pub(super) fn on_report(&mut self, report: PacketReport) -> Option<Told> {
        let (sent, fate) = self.packets.get_mut(&report.number)?;
        let revised = *fate == Fate::Lost;
        *fate = match (*fate, report.received) {
            (Fate::Received, _) | (Fate::Lost, None) => return None,
            (_, Some(_)) => Fate::Received,
            (Fate::Unknown, None) => Fate::Lost,
        };
        self.told_up_to = self.told_up_to.max(Some(report.number));
        Some(Told { sent: *sent, received: report.received, revised })
    }

    /// When the oldest packet left that is later than all that were told of.
    pub(super) fn waiting_since(&self) -> Option<Timestamp> {
        self.waiting_from(Timestamp::ZERO)
    }

    /// The same of packets that left at `earliest` or later.
    pub(super) fn waiting_from(&self, earliest: Timestamp) -> Option<Timestamp> {
        let from = self.told_up_to.map_or(0, |number| number + 1);
        self.packets.range(from..).map(|(_, (packet, _))| packet.at).find(|at| *at >= earliest)
    }

    pub(super) fn told_up_to(&self) -> Option<u64> {
        self.told_up_to
    }
}
