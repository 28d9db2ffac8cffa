//! When the library's reports (RFC 3550, section 6.4) go, and in how few packets.
//!
//! The library makes one each second for each source of either side, whatever the link and whether anything was sent, each in a
//! packet of its own, of which half is headers. On a link of 30 kbps they would be a tenth of it, and fill the queue that the
//! voice waits in.

use std::collections::VecDeque;
use std::time::Duration;

use congestion::wire_bytes;
use rtc::rtcp;
use rtc::rtcp::receiver_report::ReceiverReport;
use rtc::rtcp::reception_report::ReceptionReport;
use rtc::rtcp::sender_report::SenderReport;
use rtc::shared::marshal::MarshalSize;
use units::{DataRate, Timestamp};

/// Decides about reports and remembers those that went.
#[derive(Debug, Default)]
pub(super) struct Reports {
    /// Our sender reports, to measure the round trip by what the other side answers (RFC 3550, section 6.4.1).
    sent: VecDeque<(u32, Timestamp)>,
    /// When the next report of each source of ours may go; of none, for what is reported without one.
    next: Vec<(Option<u32>, Timestamp)>,
    /// How many packets each source of ours had sent when it was last reported.
    counted: Vec<(u32, u32)>,
    /// What is to be told of their sources, and since when it is known.
    blocks: Vec<(ReceptionReport, Timestamp)>,
    /// The last packet of each source of theirs that was told of.
    received: Vec<(u32, u32)>,
    /// When the library last had something to report of a source of ours.
    sending: Option<Timestamp>,
}

impl Reports {
    /// What of the library's packets is to be sent now, where `target` may be. All but reports always are.
    pub(super) fn pass(
        &mut self,
        now: Timestamp,
        target: DataRate,
        packets: Vec<Box<dyn rtcp::Packet>>,
    ) -> Vec<Box<dyn rtcp::Packet>> {
        packets.into_iter().filter_map(|packet| self.pass_one(now, target, packet)).collect()
    }

    fn pass_one(
        &mut self,
        now: Timestamp,
        target: DataRate,
        packet: Box<dyn rtcp::Packet>,
    ) -> Option<Box<dyn rtcp::Packet>> {
        if let Some(report) = packet.as_any().downcast_ref::<SenderReport>() {
            if self.counted.contains(&(report.ssrc, report.packet_count)) {
                // Nothing was sent since the last one: there is nothing to report (section 6.4).
                return None;
            }
            self.sending = Some(now);
            if !self.may_go(now, Some(report.ssrc)) {
                return None;
            }
            remember(&mut self.counted, report.ssrc, report.packet_count);
            let mut reports = report.reports.clone();
            reports.extend(self.take_blocks(now));
            let report = SenderReport { reports, ..report.clone() };
            self.went(now, target, Some(report.ssrc), report.marshal_size());
            return Some(Box::new(report));
        }
        if let Some(report) = packet.as_any().downcast_ref::<ReceiverReport>()
            && !report.reports.is_empty()
        {
            report.reports.iter().for_each(|block| self.keep(now, block));
            let with_ours = self.sending.is_some_and(|at| now.since(at) < STILL_SENDING);
            if with_ours || self.blocks.is_empty() || !self.may_go(now, None) {
                return None;
            }
            let report = ReceiverReport { reports: self.take_blocks(now), ..report.clone() };
            self.went(now, target, None, report.marshal_size());
            return Some(Box::new(report));
        }
        Some(packet)
    }

    /// One of our sender reports leaves as it is.
    pub(super) fn on_sent(&mut self, now: Timestamp, report: &SenderReport) {
        // The middle 32 bits are what the answer repeats.
        self.sent.push_back(((report.ntp_time >> 16) as u32, now));
        if self.sent.len() > MAX_SENT {
            self.sent.pop_front();
        }
    }

    /// How long the path and back took of the report of ours that `block` answers.
    pub(super) fn round_trip(&self, now: Timestamp, block: &ReceptionReport) -> Option<Duration> {
        let answered = self.sent.iter().rev().find(|(middle, _)| *middle == block.last_sender_report);
        let (_, sent) = answered.filter(|_| block.last_sender_report != 0)?;
        let held = Duration::from_secs_f64(f64::from(block.delay) / UNITS_A_SECOND);
        now.since(*sent).checked_sub(held)
    }

    fn may_go(&self, now: Timestamp, source: Option<u32>) -> bool {
        self.next.iter().all(|(known, at)| *known != source || *at <= now)
    }

    fn went(&mut self, now: Timestamp, target: DataRate, source: Option<u32>, rtcp_bytes: usize) {
        let bytes = wire_bytes(rtcp_bytes + super::SRTCP_INDEX) as u64;
        let interval = (target * SHARE).time_for(bytes).min(LONGEST_INTERVAL);
        remember(&mut self.next, source, now + interval);
    }

    fn keep(&mut self, now: Timestamp, block: &ReceptionReport) {
        self.blocks.retain(|(kept, _)| kept.ssrc != block.ssrc);
        // A source that says nothing is none to report of.
        let before = self.received.iter().find(|(ssrc, _)| *ssrc == block.ssrc);
        if before.map_or(0, |(_, last)| *last) != block.last_sequence_number && self.blocks.len() < super::MAX_FLOWS {
            self.blocks.push((block.clone(), now));
        }
    }

    fn take_blocks(&mut self, now: Timestamp) -> Vec<ReceptionReport> {
        let blocks = std::mem::take(&mut self.blocks);
        let told = blocks.into_iter().map(|(mut block, since)| {
            remember(&mut self.received, block.ssrc, block.last_sequence_number);
            if block.last_sender_report != 0 {
                let waited = now.since(since).as_secs_f64() * UNITS_A_SECOND;
                block.delay = block.delay.saturating_add(waited as u32);
            }
            block
        });
        told.collect()
    }
}

/// Sets what is known under a key; of a few keys, since only a few are ours and theirs.
fn remember<K: PartialEq, V>(list: &mut Vec<(K, V)>, key: K, value: V) {
    match list.iter_mut().find(|(known, _)| *known == key) {
        Some((_, known)) => *known = value,
        None => {
            list.truncate(super::MAX_FLOWS - 1);
            list.push((key, value));
        }
    }
}

/// Delays are told in 1/65,536 seconds (RFC 3550, section 6.4.1).
const UNITS_A_SECOND: f64 = 65_536.0;
/// Reports are sent once a second for each flow: an answer to one older than this tells of a path that is gone.
const MAX_SENT: usize = 32;
/// Which part of the target the reports of one source may take: of two, with the arrival times of all packets, that is about
/// what RFC 3550 allows …
const SHARE: f64 = 0.005;
/// … and its usual interval (section 6.2) is as rare as they become: round trip and lips are known by them.
const LONGEST_INTERVAL: Duration = Duration::from_millis(4_900);
/// Two of the library's intervals: within them a report of ours comes by, if we send, and takes with it what there is to tell.
const STILL_SENDING: Duration = Duration::from_millis(2_100);

#[cfg(test)]
mod tests {
    use super::*;

    const THIN: DataRate = DataRate::from_kbps(30);

    fn at(millis: u64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    fn ours(ssrc: u32, packet_count: u32) -> Box<dyn rtcp::Packet> {
        Box::new(SenderReport { ssrc, packet_count, ..SenderReport::default() })
    }

    fn theirs(ssrc: u32, last_sequence_number: u32) -> Box<dyn rtcp::Packet> {
        let block = ReceptionReport { ssrc, last_sequence_number, last_sender_report: 7, ..ReceptionReport::default() };
        Box::new(ReceiverReport { ssrc: 9, reports: vec![block], ..ReceiverReport::default() })
    }

    /// When a report goes and of whom it tells, if the library makes one of each each second.
    fn told(
        sends: [bool; 2],
        receives: [bool; 2],
        seconds: u64,
        target: DataRate,
    ) -> Vec<(u64, Option<u32>, Vec<u32>)> {
        let mut reports = Reports::default();
        let mut told = Vec::new();
        for second in 1..=seconds {
            let now = at(second * 1_000);
            let of = |is: bool| if is { second as u32 } else { 0 };
            let made = [theirs(11, of(receives[0])), theirs(12, of(receives[1]))];
            let made = made.into_iter().chain(sends[0].then(|| ours(1, of(true)))).chain([ours(2, of(sends[1]))]);
            for packet in made.filter_map(|packet| reports.pass_one(now, target, packet)) {
                let packet = packet.as_any();
                let blocks = |reports: &[ReceptionReport]| reports.iter().map(|block| block.ssrc).collect();
                if let Some(report) = packet.downcast_ref::<SenderReport>() {
                    told.push((second, Some(report.ssrc), blocks(&report.reports)));
                } else if let Some(report) = packet.downcast_ref::<ReceiverReport>() {
                    told.push((second, None, blocks(&report.reports)));
                }
            }
        }
        told
    }

    #[test]
    fn on_a_thin_link_one_packet_tells_all_every_few_seconds() {
        let voice_alone = told([true, false], [true, false], 12, THIN);
        // In the first second nobody knows yet that there will be one of ours to go with.
        let first = [(1, None, vec![11]), (1, Some(1), vec![]), (1, Some(2), vec![])];
        assert_eq!(voice_alone[..3], first);
        assert_eq!(voice_alone[3..], [(6, Some(1), vec![11]), (11, Some(1), vec![11])]);
    }

    #[test]
    fn on_a_wide_link_each_source_is_reported_each_second() {
        let all = told([true; 2], [true; 2], 20, DataRate::from_kbps(1_000));
        assert_eq!(all.iter().filter(|(_, source, _)| *source == Some(1)).count(), 20);
        assert_eq!(all.iter().filter(|(_, source, _)| *source == Some(2)).count(), 20);
        let later = all.iter().filter(|(second, ..)| *second > 1);
        assert!(later.clone().all(|(_, source, blocks)| blocks.len() == if *source == Some(1) { 2 } else { 0 }));
        assert_eq!(later.count(), 2 * 19, "none for blocks alone");
    }

    #[test]
    fn who_sends_nothing_reports_all_the_same_what_comes() {
        let mut reports = Reports::default();
        let told: Vec<u64> = (1..=12)
            .filter(|second| reports.pass_one(at(second * 1_000), THIN, theirs(11, *second as u32)).is_some())
            .collect();
        assert_eq!(told, [1, 6, 11]);
        assert!(reports.pass_one(at(20_000), THIN, Box::new(ReceiverReport::default())).is_some(), "a sign of life");
    }

    #[test]
    fn who_stops_sending_goes_on_to_report_what_comes() {
        let mut reports = Reports::default();
        let mut told = Vec::new();
        for second in 1..=12_u32 {
            let now = at(u64::from(second) * 1_000);
            for packet in [theirs(11, second), ours(1, second.min(4))] {
                let is_ours = packet.as_any().is::<SenderReport>();
                if reports.pass_one(now, DataRate::from_kbps(1_000), packet).is_some() {
                    told.push((second, is_ours));
                }
            }
        }
        let (with_ours, alone) = ((1..=4).map(|second| (second, true)), (7..=12).map(|second| (second, false)));
        assert_eq!(told, [(1, false)].into_iter().chain(with_ours).chain(alone).collect::<Vec<_>>());
    }

    #[test]
    fn an_answer_that_waits_says_for_how_long() {
        let mut reports = Reports::default();
        assert!(reports.pass_one(at(1_000), THIN, ours(1, 1)).is_some());
        assert!(reports.pass_one(at(1_500), THIN, theirs(11, 5)).is_none());
        let packet = reports.pass_one(at(6_000), THIN, ours(1, 2)).expect("it may go");
        let report = packet.as_any().downcast_ref::<SenderReport>().expect("ours").clone();
        assert_eq!(report.reports[0].delay, (4.5 * UNITS_A_SECOND) as u32);
    }

    #[test]
    fn a_report_on_our_report_tells_the_round_trip_without_the_time_it_was_held() {
        let mut reports = Reports::default();
        reports.on_sent(at(1_000), &SenderReport { ntp_time: 0x1234_5678_9abc_def0, ..SenderReport::default() });
        let block = |last_sender_report| ReceptionReport { last_sender_report, delay: 65_536, ..Default::default() };
        assert_eq!(reports.round_trip(at(2_300), &block(0x5678_9abc)), Some(Duration::from_millis(300)));
        assert_eq!(reports.round_trip(at(1_300), &block(0x5678_9abc)), None, "held longer than it took");
        assert_eq!(reports.round_trip(at(2_300), &block(0)), None);
    }
}
