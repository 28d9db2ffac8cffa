//! The sending half of the bridge: pacing, numbering, retransmission, the bandwidth estimate.

use std::collections::VecDeque;
use std::time::Duration;

use bytes::{BufMut, Bytes, BytesMut};
use congestion::repair::MAX_PROTECTED;
use congestion::{
    Class, Estimate, Estimator, EstimatorConfig, Fates, History, Paced, Pacer, Protected, RepairPlanner, SentPacket,
    VoiceLosses, protect, wire_bytes,
};
use rtc::rtcp::transport_feedbacks::transport_layer_cc::TransportLayerCc;
use rtc::rtp;
use rtc::rtp::header::{EXTENSION_PROFILE_TWO_BYTE, Extension};
use rtc::shared::marshal::MarshalSize;
use units::{DataRate, Timestamp};

use super::{feedback_packet, repairs};
use crate::bulk::{self, Fate};
use crate::shared::{Flows, Shared};

/// What the transport-wide number adds to a packet that has no header extension yet (RFC 8285: four bytes of header,
/// one of id, two of number, one of padding).
const EXTENSION_BYTES: usize = 8;
/// The RTP header without anything optional (RFC 3550, section 5.1).
const RTP_HEADER: usize = 12;
/// Id and length of a two-byte header's element (RFC 8285, section 4.3).
const ELEMENT_HEADER: usize = 2;
/// Packets of one picture that are protected at most: a key frame of 280 kB.
const MOST_UNPROTECTED: usize = 4 * MAX_PROTECTED;
/// What a repair packet has beyond the longest packet that it protects ([`protect`]).
const REPAIR_FIELDS: usize = 10;
/// Ids of filler: none of those (1 to 14) that a negotiation gives out.
const FILLER_IDS: std::ops::Range<u8> = 200..206;
/// Pieces of files that wait in the pacer: what leaves between two looks at what waits before it, and what a probe takes …
const BULK_AHEAD: Duration = Duration::from_millis(10);
/// … in such pieces, about.
const BULK_BYTES: usize = 1_100;
const LEAST_BULK: usize = 2;
const MOST_BULK: usize = 64;
/// Numbering starts a full turn above zero, so that a report of "the packet before the first" is a number too.
const FIRST_NUMBER: u64 = 0x1_0000;
/// The estimate is told at most this often; the policy above reacts in seconds.
const TELL_INTERVAL: std::time::Duration = std::time::Duration::from_millis(200);

pub(super) struct Outgoing {
    pacer: Pacer<rtp::Packet>,
    estimator: Estimator,
    voice_losses: VoiceLosses,
    /// The same count of the picture's packets.
    picture_losses: VoiceLosses,
    planner: RepairPlanner,
    /// As which payload type the other side takes repair packets, once it has said so.
    repairs_as: Option<u8>,
    /// Packets of the picture that is being handed over.
    unprotected: Vec<Protected<Bytes>>,
    /// By what their sender knows the pieces of files that wait in the pacer, in their order.
    bulk_tags: VecDeque<u64>,
    /// The same of those that have left.
    fates: Fates<u64>,
    /// How much a call's estimate may find, and whether it may find more at present, for files.
    most: DataRate,
    finds_more: bool,
    history: History<rtp::Packet>,
    next_number: u64,
    rtx_sequence: u16,
    rate: DataRate,
    told: Option<Timestamp>,
    ready: VecDeque<rtp::Packet>,
}

impl Outgoing {
    pub(super) fn new(config: EstimatorConfig, rtx_sequence: u16) -> Self {
        Self {
            pacer: Pacer::new(config.start),
            estimator: Estimator::new(config),
            voice_losses: VoiceLosses::new(),
            picture_losses: VoiceLosses::new(),
            planner: RepairPlanner::new(config.start),
            repairs_as: None,
            unprotected: Vec::new(),
            bulk_tags: VecDeque::new(),
            fates: Fates::default(),
            most: config.max,
            finds_more: false,
            history: History::new(config.start),
            next_number: FIRST_NUMBER,
            rtx_sequence,
            rate: config.start,
            told: None,
            ready: VecDeque::new(),
        }
    }

    /// A packet of ours wants to leave.
    pub(super) fn push(&mut self, now: Timestamp, shared: &Shared, flows: &Flows, packet: rtp::Packet) {
        if self.next_number == FIRST_NUMBER {
            if let Some(round_trip) = shared.stats().round_trip {
                self.estimator.on_path(now, round_trip, shared.handshake());
                self.spread_round_trip(now, round_trip);
            }
            self.follow_estimate(now, shared);
        }
        let bytes = size(&packet);
        if packet.header.ssrc == flows.voice.local_ssrc {
            self.pacer.push(now, Class::Voice, bytes, packet);
        } else {
            shared.reached_the_pacer(bytes);
            let class = if shared.slides() { Class::Slide } else { Class::Picture };
            self.pacer.push(now, class, bytes, packet.clone());
            // A slide has seconds in which it can be asked for again.
            if class == Class::Picture {
                self.protect(now, flows, &packet);
            }
        }
        self.pump(now, shared, flows);
    }

    /// The other side may have said as which payload type it takes repair packets.
    pub(super) fn on_announced(&mut self, payload_type: Option<u8>) {
        self.repairs_as = payload_type.or(self.repairs_as);
    }

    /// Lets repair packets follow a picture that all later ones need, as many as are planned.
    fn protect(&mut self, now: Timestamp, flows: &Flows, packet: &rtp::Packet) {
        let Some(payload_type) = self.repairs_as else { return };
        if self.unprotected.first().is_some_and(|first| first.timestamp != packet.header.timestamp) {
            self.unprotected.clear();
        }
        if self.unprotected.len() < MOST_UNPROTECTED {
            self.unprotected.push(repairs::protected(packet));
        }
        if !packet.header.marker {
            return;
        }
        let picture = std::mem::take(&mut self.unprotected);
        if !picture.first().is_some_and(|first| repairs::is_of_lowest_layer(&first.payload)) {
            return;
        }
        for packets in picture.chunks(MAX_PROTECTED) {
            let longest = packets.iter().map(|packet| packet.payload.len()).max().unwrap_or(0);
            let bytes = wire_bytes(RTP_HEADER + EXTENSION_BYTES + REPAIR_FIELDS + longest);
            let count = self.planner.plan(now, packets.len(), bytes);
            for code in protect(packets, count) {
                // Its number is given when it leaves, as that of all packets of this source.
                let header = rtp::Header {
                    version: 2,
                    payload_type,
                    timestamp: packet.header.timestamp,
                    ssrc: flows.rtx.local_ssrc,
                    ..rtp::Header::default()
                };
                let repair = rtp::Packet { header, payload: Bytes::from(code) };
                self.pacer.push(now, Class::Picture, size(&repair), repair);
            }
        }
    }

    /// The other side misses these.
    pub(super) fn repeat(
        &mut self,
        now: Timestamp,
        shared: &Shared,
        flows: &Flows,
        sequences: impl Iterator<Item = u16>,
    ) {
        let mut repeated = 0;
        for sequence in sequences.take(MAX_ASKED) {
            if let Some(packet) = self.history.get(now, sequence).cloned() {
                repeated += 1;
                self.pacer.push(now, Class::Retransmission, size(&packet) + 2, packet);
            }
        }
        shared.update_stats(|stats| stats.retransmitted += repeated);
        self.pump(now, shared, flows);
    }

    pub(super) fn on_feedback(&mut self, now: Timestamp, shared: &Shared, flows: &Flows, packet: &TransportLayerCc) {
        let reports = feedback_packet::read(packet, self.next_number.saturating_sub(1));
        self.estimator.on_feedback(now, &reports);
        self.voice_losses.on_feedback(now, &reports);
        self.picture_losses.on_feedback(now, &reports);
        for (tag, arrived) in self.fates.on_feedback(now, &reports) {
            shared.bulk.tell(tag, if arrived { Fate::Arrived } else { Fate::Lost });
        }
        self.planner.set_loss(self.picture_losses.loss(), self.picture_losses.loss_follows_loss());
        let collapsed = self.estimator.take_collapse();
        if collapsed {
            self.forget_picture();
        }
        self.follow_estimate(now, shared);
        if collapsed {
            // Behind the estimate: the next picture is to be as small as the link has become.
            shared.forget_picture();
        }
        self.pump(now, shared, flows);
    }

    /// What waits of the picture, or could be asked for again, was made for a faster link: it would hold up what is made
    /// for this one. The estimate is told at once.
    fn forget_picture(&mut self) {
        self.pacer.forget_picture();
        self.unprotected.clear();
        self.history.clear();
        self.voice_losses.skip();
        self.picture_losses.skip();
        self.told = None;
    }

    pub(super) fn on_round_trip(&mut self, now: Timestamp, round_trip: std::time::Duration) {
        self.estimator.on_round_trip(round_trip);
        self.spread_round_trip(now, round_trip);
    }

    fn spread_round_trip(&mut self, now: Timestamp, round_trip: std::time::Duration) {
        let smooth = self.estimate(now).round_trip.unwrap_or(round_trip);
        self.history.set_round_trip(smooth);
        self.planner.set_round_trip(smooth);
    }

    pub(super) fn estimate(&self, now: Timestamp) -> Estimate {
        self.estimator.estimate(now)
    }

    pub(super) fn handle_timeout(&mut self, now: Timestamp, shared: &Shared, flows: &Flows) {
        self.estimator.handle_timeout(now);
        if let Some(probe) = self.estimator.poll_probe(now) {
            self.pacer.start_probe(now, probe);
        }
        self.follow_estimate(now, shared);
        self.pump(now, shared, flows);
    }

    pub(super) fn poll_timeout(&self, now: Timestamp) -> Option<Timestamp> {
        [self.pacer.poll_timeout(now), self.estimator.poll_timeout(now)].into_iter().flatten().min()
    }

    /// What may leave now, in order.
    pub(super) fn next_ready(&mut self) -> Option<rtp::Packet> {
        self.ready.pop_front()
    }

    /// The gate closed: nothing that waits may leave any more, now or after it opens again.
    pub(super) fn clear(&mut self, shared: &Shared) {
        self.bulk_tags.drain(..).for_each(|tag| shared.bulk.tell(tag, Fate::NotSent));
        self.fates.take_all().for_each(|tag| shared.bulk.tell(tag, Fate::Lost));
        shared.bulk.drop_waiting();
        self.pacer.clear();
        self.unprotected.clear();
        self.ready.clear();
    }

    fn follow_estimate(&mut self, now: Timestamp, shared: &Shared) {
        let repairs = self.planner.spending(now);
        let files = shared.bulk.is_active();
        if files != self.finds_more {
            self.finds_more = files;
            self.estimator.set_most(if files { shared.bulk.most() } else { self.most });
            self.estimator.set_wanted(self.most);
        }
        if files {
            // A file takes whatever there is.
            self.estimator.set_wanted(shared.bulk.most());
        } else if let Some(wanted) = shared.wanted() {
            self.estimator.set_wanted(wanted + repairs);
        }
        let estimate = self.estimator.estimate(now);
        if estimate.target != self.rate {
            self.rate = estimate.target;
            self.pacer.set_rate(now, estimate.target);
            shared.bulk.set_rate(estimate.target);
            self.history.set_rate(now, estimate.target);
            self.planner.set_rate(now, estimate.target);
        }
        if estimate.acknowledged.is_some() {
            self.pacer.set_known(now);
        }
        if self.told.is_some_and(|told| now.since(told) < TELL_INTERVAL) {
            return;
        }
        self.told = Some(now);
        if self.repairs_as.is_some() {
            shared.set_repairs(self.planner.clone());
        }
        shared.update_stats(|stats| {
            stats.target = estimate.target;
            stats.repairs = repairs;
            stats.loss = estimate.loss;
            stats.voice_loss = self.voice_losses.loss();
            stats.loss_follows_loss = self.voice_losses.loss_follows_loss();
            stats.queueing_delay = estimate.queueing_delay;
            stats.round_trip = estimate.round_trip.or(stats.round_trip);
        });
        shared.tell_estimate();
    }

    /// Hands the pacer pieces of files, a few.
    fn fill_up(&mut self, now: Timestamp, shared: &Shared, flows: &Flows) {
        let Some(payload_type) = bulk::their_payload_type(flows).filter(|_| shared.bulk.is_active()) else { return };
        let bytes = self.rate.bytes_in(BULK_AHEAD) as usize;
        let most = (bytes / BULK_BYTES).clamp(LEAST_BULK, MOST_BULK);
        while self.pacer.queued_bulk() < most
            && let Some(bulk::BulkOut { tag, payload }) = shared.bulk.pop()
        {
            let packet = rtp::Packet { header: rtp::Header { payload_type, ..self.bulk_header(flows) }, payload };
            self.bulk_tags.push_back(tag);
            self.pacer.push(now, Class::Bulk, size(&packet), packet);
        }
    }

    fn pump(&mut self, now: Timestamp, shared: &Shared, flows: &Flows) {
        self.pacer.set_held(now, self.estimator.is_overdue(now));
        self.fill_up(now, shared, flows);
        while let Some(paced) = self.pacer.poll(now) {
            let (packet, probe) = match paced {
                Paced::Packet { class: Class::Retransmission | Class::Padding, item, probe, .. } => {
                    (self.retransmission(&item, flows), probe)
                }
                Paced::Packet { class: Class::Picture, mut item, probe, .. }
                    if item.header.ssrc == flows.rtx.local_ssrc =>
                {
                    item.header.sequence_number = self.next_rtx_sequence();
                    (item, probe)
                }
                Paced::Packet { class: Class::Bulk, mut item, probe, .. } => {
                    item.header.sequence_number = self.next_rtx_sequence();
                    if let Some(tag) = self.bulk_tags.pop_front()
                        && let Some(forgotten) = self.fates.on_sent(now, self.next_number, tag)
                    {
                        shared.bulk.tell(forgotten, Fate::Lost);
                    }
                    self.fill_up(now, shared, flows);
                    (item, probe)
                }
                Paced::Packet { class, item, bytes, probe } => {
                    if matches!(class, Class::Picture | Class::Slide) {
                        if item.header.marker {
                            shared.frame_left(item.header.timestamp);
                        }
                        self.history.on_sent(now, item.header.sequence_number, bytes, item.clone());
                        if repairs::begins_key_frame(&item.payload) {
                            self.history.begin_anew(item.header.sequence_number);
                        }
                    }
                    (item, probe)
                }
                Paced::Padding { bytes, probe } => {
                    // Something that the other side may have missed is better filler than nothing. Before the first
                    // picture there is none, and after a key frame all of it is larger than a probe's packets.
                    let packet = match self.history.filler(bytes).cloned() {
                        Some(packet) => self.retransmission(&packet, flows),
                        None => self.padding(bytes, flows),
                    };
                    (packet, Some(probe))
                }
            };
            self.send(now, shared, flows, packet, probe);
        }
        if let Some(probe) = self.pacer.take_abandoned_probe() {
            self.estimator.probe_failed(now, probe);
        }
        shared.set_backlog(now, self.pacer.backlog(), self.rate);
    }

    fn send(&mut self, now: Timestamp, shared: &Shared, flows: &Flows, mut packet: rtp::Packet, probe: Option<u32>) {
        let number = self.next_number;
        let extension = Bytes::copy_from_slice(&(number as u16).to_be_bytes());
        if packet.header.set_extension(flows.transport_cc, extension).is_err() {
            // Only a header with extensions of another form refuses; ours have none.
            return;
        }
        self.next_number += 1;
        if packet.header.ssrc == flows.voice.local_ssrc {
            self.voice_losses.on_sent(now, number);
        } else {
            self.picture_losses.on_sent(now, number);
        }
        let bytes = packet.marshal_size();
        self.estimator.on_sent(SentPacket { number, at: now, bytes: wire_bytes(bytes), probe });
        shared.update_stats(|stats| stats.sent_packets += 1);
        self.ready.push_back(packet);
    }

    /// RFC 4588, section 4: the original sequence number before the original payload, in a stream of its own.
    fn retransmission(&mut self, original: &rtp::Packet, flows: &Flows) -> rtp::Packet {
        let mut payload = BytesMut::with_capacity(2 + original.payload.len());
        payload.put_u16(original.header.sequence_number);
        payload.extend_from_slice(&original.payload);
        let header = rtp::Header {
            marker: original.header.marker,
            timestamp: original.header.timestamp,
            ..self.rtx_header(flows)
        };
        rtp::Packet { header, payload: payload.freeze() }
    }

    /// A packet without payload, which repeats nothing (RFC 4588 receivers pass it over), about `bytes` long on the wire.
    /// The library cannot write more than four bytes of RTP padding: header extensions that nobody has agreed on, and
    /// that every receiver must ignore (RFC 8285, section 4.1.1), take its place.
    fn padding(&mut self, bytes: usize, flows: &Flows) -> rtp::Packet {
        let mut header =
            rtp::Header { extension: true, extension_profile: EXTENSION_PROFILE_TWO_BYTE, ..self.rtx_header(flows) };
        let mut left = bytes.saturating_sub(wire_bytes(RTP_HEADER + EXTENSION_BYTES));
        for id in FILLER_IDS {
            let element = left.min(ELEMENT_HEADER + usize::from(u8::MAX));
            if element <= ELEMENT_HEADER {
                break;
            }
            left -= element;
            let payload = Bytes::from_static(&[0; u8::MAX as usize]).slice(..element - ELEMENT_HEADER);
            header.extensions.push(Extension { id, payload });
        }
        rtp::Packet { header, payload: Bytes::new() }
    }

    /// Of a packet whose number is given when it leaves.
    fn bulk_header(&self, flows: &Flows) -> rtp::Header {
        rtp::Header { version: 2, ssrc: flows.rtx.local_ssrc, ..rtp::Header::default() }
    }

    fn next_rtx_sequence(&mut self) -> u16 {
        let sequence = self.rtx_sequence;
        self.rtx_sequence = sequence.wrapping_add(1);
        sequence
    }

    fn rtx_header(&mut self, flows: &Flows) -> rtp::Header {
        rtp::Header {
            version: 2,
            payload_type: flows.rtx.payload_type,
            sequence_number: self.next_rtx_sequence(),
            ssrc: flows.rtx.local_ssrc,
            ..rtp::Header::default()
        }
    }
}

/// Bytes of the IP packet that `packet` will be.
pub(crate) fn size(packet: &rtp::Packet) -> usize {
    wire_bytes(packet.marshal_size() + EXTENSION_BYTES)
}

/// How many packets one feedback packet may ask for again; an honest one asks for 64 (`NackGenerator`).
const MAX_ASKED: usize = 256;
