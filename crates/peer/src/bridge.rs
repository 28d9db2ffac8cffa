//! The one interceptor between `congestion` and the library.
//!
//! It sits next to the wire. What the application writes goes through the gate into the pacer and leaves numbered;
//! what comes in is recorded for the other side's estimate and checked for gaps. It decides nothing: when, how much and
//! what again are answers of `congestion`, which is told the time that the library tells us.

mod feedback_packet;
mod incoming;
mod outgoing;
mod repairs;
mod reports;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use congestion::{EstimatorConfig, wire_bytes};
use rtc::interceptor::{AttributedPacket, Interceptor, Packet, StreamInfo, TaggedPacket};
use rtc::rtcp;
use rtc::rtcp::payload_feedbacks::full_intra_request::FullIntraRequest;
use rtc::rtcp::payload_feedbacks::picture_loss_indication::PictureLossIndication;
use rtc::rtcp::raw_packet::RawPacket;
use rtc::rtcp::receiver_report::ReceiverReport;
use rtc::rtcp::reception_report::ReceptionReport;
use rtc::rtcp::sender_report::SenderReport;
use rtc::rtcp::transport_feedbacks::transport_layer_cc::TransportLayerCc;
use rtc::rtcp::transport_feedbacks::transport_layer_nack::TransportLayerNack;
use rtc::sansio::Protocol;
use rtc::shared::TransportContext;
use rtc::shared::error::Error;
use rtc::shared::marshal::MarshalSize;
use units::{Clock, Timestamp};

use self::incoming::Incoming;
use self::outgoing::Outgoing;
pub(crate) use self::outgoing::size;
pub(crate) use self::repairs::free_payload_types;
use self::reports::Reports;
use crate::sender_clock::{self, SenderClock};
use crate::shared::{Flows, Shared};

/// Wires `congestion` into the library's packet path.
pub(crate) struct Bridge {
    shared: Arc<Shared>,
    clock: Clock,
    now: Instant,
    outgoing: Outgoing,
    incoming: Incoming,
    reports: Reports,
    packets_lost: Vec<(u32, u32)>,
    was_open: bool,
    /// When we last sent anything.
    spoke: Option<Timestamp>,
    read_queue: VecDeque<TaggedPacket>,
    write_queue: VecDeque<TaggedPacket>,
}

impl Bridge {
    /// `rtx_sequence` is where numbering of retransmissions starts: random (RFC 3550, section 5.1).
    pub(crate) fn new(shared: Arc<Shared>, clock: Clock, config: EstimatorConfig, rtx_sequence: u16) -> Self {
        Self {
            shared,
            clock,
            now: Instant::now(),
            outgoing: Outgoing::new(config, rtx_sequence),
            incoming: Incoming::default(),
            reports: Reports::default(),
            packets_lost: Vec::new(),
            was_open: false,
            spoke: None,
            read_queue: VecDeque::new(),
            write_queue: VecDeque::new(),
        }
    }

    fn at(&mut self, now: Instant) -> Timestamp {
        self.now = self.now.max(now);
        self.clock.timestamp(self.now)
    }

    /// The flows, if the gate is open. Everything waits or falls here, in both directions.
    fn open_flows(&mut self) -> Option<Flows> {
        let flows = self.shared.flows().filter(|_| self.shared.is_open());
        if self.was_open && flows.is_none() {
            self.outgoing.clear(&self.shared);
        }
        self.was_open = flows.is_some();
        flows
    }

    fn flush(&mut self, now: Timestamp, flows: &Flows) {
        let feedback = self.incoming.poll(now, &self.shared, flows);
        if !feedback.is_empty() {
            // Each for itself: a sender report in front, as RFC 3550 wants, is not needed with rtcp-rsize (RFC 5506).
            self.write(Packet::Rtcp(feedback));
        }
        while let Some(packet) = self.outgoing.next_ready() {
            self.write(Packet::Rtp(packet));
        }
    }

    /// Says that we are there, if nothing else has for a while. An empty receiver report is what RFC 3550, section 6.4.2,
    /// has for who has nothing to report, and the gate is for media: this passes it.
    fn say_something(&mut self, now: Timestamp) {
        if self.silent_until().is_some_and(|at| now >= at)
            && let Some(flows) = self.shared.flows()
        {
            let report = ReceiverReport { ssrc: flows.voice.local_ssrc, ..ReceiverReport::default() };
            self.write(Packet::Rtcp(vec![Box::new(report)]));
        }
    }

    /// When the other side must hear of us, whatever there is to say. (The library asks only once DTLS is up.)
    fn silent_until(&self) -> Option<Timestamp> {
        self.shared.flows()?;
        Some(self.spoke.map_or(Timestamp::ZERO, |spoke| spoke + MAX_SILENCE))
    }

    fn write(&mut self, packet: Packet) {
        self.spoke = Some(self.clock.timestamp(self.now));
        let bytes = on_the_wire(&packet);
        let feedback = if matches!(packet, Packet::Rtcp(_)) { bytes } else { 0 };
        self.shared.update_stats(|stats| {
            stats.sent_bytes += bytes;
            stats.feedback_bytes += feedback;
        });
        self.write_queue.push_back(TaggedPacket {
            now: self.now,
            transport: TransportContext::default(),
            message: AttributedPacket::new(packet),
        });
    }

    fn on_rtcp(&mut self, now: Timestamp, flows: &Flows, packets: &[Box<dyn rtcp::Packet>]) {
        for packet in packets {
            let packet = packet.as_any();
            if let Some(feedback) = packet.downcast_ref::<TransportLayerCc>() {
                self.outgoing.on_feedback(now, &self.shared, flows, feedback);
            } else if let Some(nack) = packet.downcast_ref::<TransportLayerNack>() {
                if nack.media_ssrc == flows.picture.local_ssrc {
                    let sequences = nack.nacks.iter().flat_map(|pair| pair.packet_list());
                    self.outgoing.repeat(now, &self.shared, flows, sequences);
                }
            } else if let Some(raw) = packet.downcast_ref::<RawPacket>() {
                self.outgoing.on_announced(repairs::announced(raw, flows));
            } else if let Some(report) = packet.downcast_ref::<ReceiverReport>() {
                report.reports.iter().for_each(|report| self.on_reception(now, report));
            } else if let Some(report) = packet.downcast_ref::<SenderReport>() {
                if let Some(kind) = flows.theirs(report.ssrc) {
                    let clock = SenderClock { rtp: report.rtp_time, ntp: report.ntp_time };
                    self.shared.set_sender_clock(kind, clock);
                }
                report.reports.iter().for_each(|report| self.on_reception(now, report));
            } else if let Some(request) = packet.downcast_ref::<PictureLossIndication>() {
                if request.media_ssrc == flows.picture.local_ssrc {
                    self.shared.want_key_frame();
                }
            } else if let Some(request) = packet.downcast_ref::<FullIntraRequest>()
                && request.fir.iter().any(|entry| entry.ssrc == flows.picture.local_ssrc)
            {
                self.shared.want_key_frame();
            }
        }
    }

    fn on_reception(&mut self, now: Timestamp, report: &ReceptionReport) {
        // 24 bits with a sign: duplicates make it negative (RFC 3550, section 6.4.1).
        let total_lost = (((report.total_lost << 8) as i32) >> 8).max(0) as u32;
        match self.packets_lost.iter_mut().find(|(ssrc, _)| *ssrc == report.ssrc) {
            Some((_, lost)) => *lost = total_lost,
            None => {
                self.packets_lost.truncate(MAX_FLOWS - 1);
                self.packets_lost.push((report.ssrc, total_lost));
            }
        }
        let lost = self.packets_lost.iter().map(|(_, lost)| u64::from(*lost)).sum();
        self.shared.update_stats(|stats| stats.packets_lost = lost);

        let Some(round_trip) = self.reports.round_trip(now, report) else { return };
        self.outgoing.on_round_trip(now, round_trip);
        let smooth = self.outgoing.estimate(now).round_trip.unwrap_or(round_trip);
        self.shared.update_stats(|stats| stats.round_trip = Some(smooth));
    }

    /// The library's reports say when a packet was handed to it, after encoding and waiting, by a clock that may jump from
    /// one stream to the next. Ours say when it was taken.
    fn set_clocks(&self, now: Timestamp, flows: &Flows, packets: &mut [Box<dyn rtcp::Packet>]) {
        for packet in packets {
            let Some(report) = packet.as_any().downcast_ref::<SenderReport>() else { continue };
            let taken = flows.ours(report.ssrc).and_then(|kind| self.shared.capture_at(kind, now));
            if let Some(rtp_time) = taken {
                let ntp_time = sender_clock::ntp(&self.clock, now);
                *packet = Box::new(SenderReport { rtp_time, ntp_time, ..report.clone() });
            }
        }
    }
}

impl Protocol<TaggedPacket, TaggedPacket, ()> for Bridge {
    type Rout = TaggedPacket;
    type Wout = TaggedPacket;
    type Eout = ();
    type Error = Error;
    type Time = Instant;

    fn handle_read(&mut self, message: TaggedPacket) -> Result<(), Error> {
        let now = self.at(message.now);
        let bytes = on_the_wire(&message.message.packet);
        self.shared.update_stats(|stats| {
            stats.last_heard = stats.last_heard.max(Some(now));
            stats.received_bytes += bytes;
        });
        let Some(flows) = self.open_flows() else {
            if matches!(message.message.packet, Packet::Rtp(_)) {
                self.shared.update_stats(|stats| stats.gated += 1);
            }
            return Ok(());
        };
        let mut rebuilt = Vec::new();
        let mut is_ours_alone = false;
        match &message.message.packet {
            // The library would make a track of each such source, and each could speak into the call.
            Packet::Rtp(packet) if !flows.is_announced(&packet.header) => {
                self.shared.update_stats(|stats| stats.unannounced += 1);
                return Ok(());
            }
            Packet::Rtp(packet) => {
                is_ours_alone = incoming::is_repair(&flows, packet) || incoming::is_bulk(&flows, packet);
                rebuilt = self.incoming.on_packet(now, &self.shared, &flows, packet);
            }
            Packet::Rtcp(packets) => self.on_rtcp(now, &flows, packets),
            _ => {}
        }
        self.flush(now, &flows);
        for packet in rebuilt {
            let packet = AttributedPacket::new(Packet::Rtp(packet));
            self.read_queue.push_back(TaggedPacket { now: message.now, transport: message.transport, message: packet });
        }
        if !is_ours_alone {
            self.read_queue.push_back(message);
        }
        Ok(())
    }

    fn poll_read(&mut self) -> Option<TaggedPacket> {
        self.read_queue.pop_front()
    }

    fn handle_write(&mut self, message: TaggedPacket) -> Result<(), Error> {
        let now = self.at(message.now);
        let Some(flows) = self.open_flows() else {
            if matches!(message.message.packet, Packet::Rtp(_)) {
                self.shared.update_stats(|stats| stats.gated += 1);
            }
            return Ok(());
        };
        match message.message.packet {
            Packet::Rtp(packet) => self.outgoing.push(now, &self.shared, &flows, packet),
            Packet::Rtcp(packets) => {
                let mut packets = self.reports.pass(now, self.outgoing.estimate(now).target, packets);
                self.set_clocks(now, &flows, &mut packets);
                for report in packets.iter().filter_map(|packet| packet.as_any().downcast_ref::<SenderReport>()) {
                    self.reports.on_sent(now, report);
                }
                if !packets.is_empty() {
                    self.write(Packet::Rtcp(packets));
                }
            }
            _ => {}
        }
        self.flush(now, &flows);
        Ok(())
    }

    fn poll_write(&mut self) -> Option<TaggedPacket> {
        self.write_queue.pop_front()
    }

    fn handle_timeout(&mut self, now: Instant) -> Result<(), Error> {
        let now = self.at(now);
        if let Some(flows) = self.open_flows() {
            self.outgoing.handle_timeout(now, &self.shared, &flows);
            self.flush(now, &flows);
        }
        self.say_something(now);
        Ok(())
    }

    fn poll_timeout(&mut self) -> Option<Instant> {
        let now = self.clock.timestamp(self.now);
        let media = self.was_open.then(|| [self.outgoing.poll_timeout(now), self.incoming.poll_timeout()]);
        // Whoever reads the files cannot wake the library's task.
        let files = (self.was_open && self.shared.bulk.is_active()).then(|| now + FILES_LOOK);
        let next = media.into_iter().flatten().flatten().chain(self.silent_until()).chain(files).min()?;
        self.clock.instant(next.max(now))
    }
}

impl Interceptor for Bridge {
    // Which packet is whose stands in the connection parameters (`Flows`): nothing to learn here.
    fn bind_local_stream(&mut self, _info: &StreamInfo) {}
    fn unbind_local_stream(&mut self, _info: &StreamInfo) {}
    fn bind_remote_stream(&mut self, _info: &StreamInfo) {}
    fn unbind_remote_stream(&mut self, _info: &StreamInfo) {}
}

/// Bytes of the IP packet that carries `packet`.
fn on_the_wire(packet: &Packet) -> u64 {
    let bytes = match packet {
        Packet::Rtp(packet) => wire_bytes(packet.marshal_size()),
        Packet::Rtcp(packets) => {
            wire_bytes(packets.iter().map(|packet| packet.marshal_size()).sum::<usize>() + SRTCP_INDEX)
        }
        _ => 0,
    };
    bytes as u64
}

/// What SRTCP adds beyond what SRTP does (RFC 3711, section 3.4).
const SRTCP_INDEX: usize = 4;
/// How long the other side may hear nothing: several of these fit into the time after which it looks for a new path.
const MAX_SILENCE: Duration = Duration::from_millis(500);
/// How often it is looked whether a piece of a file is there to be sent, while files are sent: what waits then is what the pacer
/// lets go at once.
const FILES_LOOK: Duration = Duration::from_millis(5);
/// Voice, picture and retransmissions are reported on; anything else is not ours.
const MAX_FLOWS: usize = 8;

#[cfg(test)]
mod tests;
