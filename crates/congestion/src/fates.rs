//! What became of packets that must arrive, sooner or later: pieces of files.
//!
//! Nobody asks for them again by number, as for the picture's. The sender learns by the reports that serve its estimate which ones
//! arrived, and sends the rest again as new packets.

use std::collections::BTreeMap;
use std::time::Duration;

use units::Timestamp;

use crate::PacketReport;

/// A packet of which no report says anything for so long, while others are reported on, was lost with every report of it.
const FORGOTTEN: Duration = Duration::from_secs(3);

/// How many are remembered at most: a second of 50 Mbps. Older ones count as lost.
const MOST: usize = 8_192;

/// The packets on the way that somebody wants to hear of. `T` is what they were.
#[derive(Debug)]
pub struct Fates<T> {
    flying: BTreeMap<u64, (Timestamp, T)>,
}

impl<T> Default for Fates<T> {
    fn default() -> Self {
        Self { flying: BTreeMap::new() }
    }
}

impl<T> Fates<T> {
    /// A packet left under this unwrapped transport sequence number; what counts as lost because of it.
    pub fn on_sent(&mut self, now: Timestamp, number: u64, item: T) -> Option<T> {
        self.flying.insert(number, (now, item));
        if self.flying.len() <= MOST {
            return None;
        }
        self.flying.pop_first().map(|(_, (_, item))| item)
    }

    /// The receiver's report came: what of it is news, and whether it arrived.
    pub fn on_feedback(&mut self, now: Timestamp, reports: &[PacketReport]) -> Vec<(T, bool)> {
        let mut known = Vec::new();
        for report in reports {
            if let Some((_, item)) = self.flying.remove(&report.number) {
                known.push((item, report.received.is_some()));
            }
        }
        while let Some(oldest) = self.flying.first_entry().filter(|oldest| now.since(oldest.get().0) >= FORGOTTEN) {
            known.push((oldest.remove().1, false));
        }
        known
    }

    /// Nothing will be heard of them any more: what they were.
    pub fn take_all(&mut self) -> impl Iterator<Item = T> {
        std::mem::take(&mut self.flying).into_values().map(|(_, item)| item)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    fn report(number: u64, arrived: bool) -> PacketReport {
        PacketReport { number, received: arrived.then_some(at(1)) }
    }

    #[test]
    fn each_fate_is_told_once() {
        let mut fates = Fates::default();
        for number in 10..14 {
            assert_eq!(fates.on_sent(at(number), number, number), None);
        }
        let told = fates.on_feedback(at(50), &[report(9, true), report(10, true), report(11, false)]);
        assert_eq!(told, [(10, true), (11, false)]);
        let told = fates.on_feedback(at(60), &[report(10, true), report(11, true), report(12, true)]);
        assert_eq!(told, [(12, true)]);
        assert_eq!(fates.take_all().collect::<Vec<_>>(), [13]);
    }

    #[test]
    fn what_no_report_tells_of_is_lost_and_fills_no_memory() {
        let mut fates = Fates::default();
        assert_eq!(fates.on_sent(at(0), 1, 1), None);
        assert_eq!(fates.on_sent(at(2_000), 2, 2), None);
        assert_eq!(fates.on_feedback(at(2_999), &[]), []);
        assert_eq!(fates.on_feedback(at(3_000), &[]), [(1, false)]);
        let lost: Vec<_> = (3..20_000).filter_map(|number| fates.on_sent(at(3_000), number, number)).collect();
        assert_eq!((lost.len(), lost[0], fates.flying.len()), (20_000 - 3 + 1 - MOST, 2, MOST));
    }
}
