//! The receiving half of the bridge: transport-wide feedback and requests for what is missing.

use std::time::Duration;

use congestion::{FeedbackRecorder, NackGenerator, Rebuilder, wire_bytes};
use rtc::rtcp;
use rtc::rtcp::transport_feedbacks::transport_layer_nack::{TransportLayerNack, nack_pairs_from_sequence_numbers};
use rtc::rtp;
use rtc::shared::marshal::MarshalSize;
use units::Timestamp;

use super::feedback_packet;
use super::repairs::{self, Announcer};
use crate::bulk;
use crate::shared::{Flows, Shared};

#[derive(Default)]
pub(super) struct Incoming {
    recorder: FeedbackRecorder,
    nack: NackGenerator,
    rebuilder: Rebuilder,
    announcer: Announcer,
    round_trip: Option<Duration>,
}

impl Incoming {
    /// Takes note of a packet; answers the packets of the picture that repair packets bring back with it.
    pub(super) fn on_packet(
        &mut self,
        now: Timestamp,
        shared: &Shared,
        flows: &Flows,
        packet: &rtp::Packet,
    ) -> Vec<rtp::Packet> {
        let header = &packet.header;
        let bytes = packet.marshal_size();
        if let Some(&[high, low, ..]) = header.get_extension(flows.transport_cc).as_deref() {
            self.recorder.on_packet(now, u16::from_be_bytes([high, low]), wire_bytes(bytes));
        }
        let mut repaired = 0;
        let mut rebuilt = Vec::new();
        if header.ssrc == flows.picture.remote_ssrc {
            self.announcer.on_picture(now);
            shared.picture_came();
            self.nack.on_packet(now, header.sequence_number, false);
            rebuilt = self.rebuilder.on_packet(&repairs::protected(packet));
        } else if is_repair(flows, packet) {
            rebuilt = self.rebuilder.on_repair(&packet.payload);
        } else if is_bulk(flows, packet) {
            shared.bulk.take(packet.payload.clone());
        } else if header.ssrc == flows.rtx.remote_ssrc
            && let Some(original) = repairs::repeated(packet)
        {
            let missing = self.nack.missing();
            self.nack.on_packet(now, original.sequence, true);
            repaired = missing.saturating_sub(self.nack.missing()) as u64;
            rebuilt = self.rebuilder.on_packet(&original);
        }
        rebuilt.iter().for_each(|packet| self.nack.on_packet(now, packet.sequence, true));
        shared.update_stats(|stats| {
            stats.received_packets += 1;
            stats.repaired += repaired;
            stats.rebuilt += rebuilt.len() as u64;
        });
        rebuilt.into_iter().map(|packet| repairs::rebuilt(packet, flows)).collect()
    }

    /// The round trip as last known. Who only receives hears no reports on its own packets and knows it from the STUN
    /// checks alone.
    fn follow_round_trip(&mut self, shared: &Shared) {
        let known = shared.stats().round_trip;
        if known != self.round_trip
            && let Some(round_trip) = known
        {
            self.round_trip = known;
            self.nack.set_round_trip(round_trip);
        }
    }

    /// What the other side is to be told now.
    pub(super) fn poll(&mut self, now: Timestamp, shared: &Shared, flows: &Flows) -> Vec<Box<dyn rtcp::Packet>> {
        let mut packets: Vec<Box<dyn rtcp::Packet>> = Vec::new();
        let sender_ssrc = flows.voice.local_ssrc;
        if let Some(feedback) = self.recorder.poll(now) {
            let written = feedback_packet::write(&feedback, sender_ssrc, flows.voice.remote_ssrc);
            packets.extend(written.into_iter().map(|packet| Box::new(packet) as Box<dyn rtcp::Packet>));
        }
        if let Some(announcement) = self.announcer.poll(now, flows) {
            packets.push(Box::new(announcement));
        }
        self.follow_round_trip(shared);
        if let Some(deadline) = shared.playout_deadline() {
            self.nack.set_deadline(deadline);
        }
        let wanted = self.nack.poll(now);
        if !wanted.is_empty() {
            shared.update_stats(|stats| stats.requested += wanted.len() as u64);
            packets.push(Box::new(TransportLayerNack {
                sender_ssrc,
                media_ssrc: flows.picture.remote_ssrc,
                nacks: nack_pairs_from_sequence_numbers(&wanted),
            }));
        }
        packets
    }

    pub(super) fn poll_timeout(&self) -> Option<Timestamp> {
        [self.recorder.poll_timeout(), self.nack.poll_timeout()].into_iter().flatten().min()
    }
}

/// Whether this is a piece of a file, as we take them.
pub(super) fn is_bulk(flows: &Flows, packet: &rtp::Packet) -> bool {
    let rtp::Header { ssrc, payload_type, .. } = packet.header;
    ssrc == flows.rtx.remote_ssrc && bulk::own_payload_type(flows) == Some(payload_type)
}

/// Whether this is a repair packet, as we take them: nobody but us looks into it.
pub(super) fn is_repair(flows: &Flows, packet: &rtp::Packet) -> bool {
    let rtp::Header { ssrc, payload_type, .. } = packet.header;
    ssrc == flows.rtx.remote_ssrc && repairs::own_payload_type(flows) == Some(payload_type)
}
