use bytes::Bytes;
use rtc::rtcp::transport_feedbacks::transport_layer_nack::nack_pairs_from_sequence_numbers;
use rtc::rtp;
use tokio::sync::mpsc;
use units::DataRate;

use super::*;
use crate::bulk::Bulk;
use crate::shared::{Flow, Red};
use crate::{BulkStreams, PeerEvent};

mod files;
mod repairs;
mod voice;

const VOICE: Flow = Flow { local_ssrc: 1, remote_ssrc: 11, payload_type: 111, own_payload_type: 111 };
const PICTURE: Flow = Flow { local_ssrc: 2, remote_ssrc: 12, payload_type: 102, own_payload_type: 102 };
const RTX: Flow = Flow { local_ssrc: 3, remote_ssrc: 13, payload_type: 103, own_payload_type: 103 };
const RED: Red = Red { payload_type: 63, own_payload_type: 63 };
const FLOWS: Flows = Flows { voice: VOICE, picture: PICTURE, rtx: RTX, red: Some(RED), transport_cc: 2 };

/// A bridge, its shared state and a time that only moves when told.
struct Bench {
    bridge: Bridge,
    shared: Arc<Shared>,
    start: Instant,
    now: Instant,
    events: mpsc::Receiver<PeerEvent>,
    files: BulkStreams,
}

impl Bench {
    fn new() -> Self {
        Self::with(Instant::now(), FLOWS, DataRate::from_kbps(1_000))
    }

    fn with(start: Instant, flows: Flows, rate: DataRate) -> Self {
        let (sender, events) = mpsc::channel(256);
        let config = EstimatorConfig { start: rate, ..EstimatorConfig::default() };
        let (bulk, files) = Bulk::new(DataRate::from_kbps(50_000));
        let shared = Arc::new(Shared::new(sender, config.start, bulk));
        shared.set_flows(flows);
        shared.set_secured(true);
        let clock = Clock::starting_at(start, std::time::SystemTime::UNIX_EPOCH);
        let bridge = Bridge::new(shared.clone(), clock, config, 500);
        Self { bridge, shared, start, now: start, events, files }
    }

    fn open() -> Self {
        let bench = Self::new();
        bench.shared.set_gate(true);
        bench
    }

    fn at(&mut self, millis: u64) {
        self.now = self.start + Duration::from_millis(millis);
        self.bridge.handle_timeout(self.now).unwrap();
    }

    fn tagged(&self, packet: Packet) -> TaggedPacket {
        let message = AttributedPacket::new(packet);
        TaggedPacket { now: self.now, transport: TransportContext::default(), message }
    }

    fn write(&mut self, packet: rtp::Packet) {
        let packet = self.tagged(Packet::Rtp(packet));
        self.bridge.handle_write(packet).unwrap();
    }

    fn read(&mut self, packet: Packet) {
        let packet = self.tagged(packet);
        self.bridge.handle_read(packet).unwrap();
    }

    fn read_rtcp(&mut self, packet: impl rtcp::Packet + 'static) {
        self.read(Packet::Rtcp(vec![Box::new(packet)]));
    }

    fn written(&mut self) -> Vec<Packet> {
        std::iter::from_fn(|| self.bridge.poll_write()).map(|packet| packet.message.packet).collect()
    }

    fn written_rtp(&mut self) -> Vec<rtp::Packet> {
        let rtp = |packet| if let Packet::Rtp(packet) = packet { Some(packet) } else { None };
        self.written().into_iter().filter_map(rtp).collect()
    }

    fn requested(&mut self) -> Vec<u16> {
        let mut sequences = Vec::new();
        for packet in self.written() {
            let Packet::Rtcp(packets) = packet else { continue };
            for nack in packets.iter().filter_map(|packet| packet.as_any().downcast_ref::<TransportLayerNack>()) {
                assert_eq!(nack.media_ssrc, PICTURE.remote_ssrc);
                sequences.extend(nack.nacks.iter().flat_map(|pair| pair.packet_list()));
            }
        }
        sequences
    }

    fn heard_millis(&self) -> Option<u64> {
        let origin = self.bridge.clock.timestamp(self.start);
        self.shared.stats().last_heard.map(|heard| heard.since(origin).as_millis() as u64)
    }

    fn passed_on(&mut self) -> usize {
        std::iter::from_fn(|| self.bridge.poll_read()).count()
    }
}

fn packet(ssrc: u32, sequence_number: u16, bytes: usize) -> rtp::Packet {
    let payload_type = if [VOICE.local_ssrc, VOICE.remote_ssrc].contains(&ssrc) { VOICE.payload_type } else { 0 };
    let header =
        rtp::Header { version: 2, payload_type, ssrc, sequence_number, timestamp: 90_000, ..rtp::Header::default() };
    rtp::Packet { header, payload: Bytes::from(vec![sequence_number as u8; bytes]) }
}

fn number(packet: &rtp::Packet) -> u16 {
    let bytes = packet.header.get_extension(FLOWS.transport_cc).expect("a transport-wide number");
    u16::from_be_bytes([bytes[0], bytes[1]])
}

fn nothing_but_a_sign_of_life(packet: &Packet) -> bool {
    let Packet::Rtcp(packets) = packet else { return false };
    let report = packets[0].as_any().downcast_ref::<ReceiverReport>();
    packets.len() == 1 && report.is_some_and(|report| report.reports.is_empty() && report.ssrc == VOICE.local_ssrc)
}

fn nack(sequences: &[u16]) -> TransportLayerNack {
    TransportLayerNack {
        sender_ssrc: 99,
        media_ssrc: PICTURE.local_ssrc,
        nacks: nack_pairs_from_sequence_numbers(sequences),
    }
}

#[test]
fn a_closed_gate_lets_nothing_through_in_either_direction() {
    let mut bench = Bench::new();
    bench.write(packet(VOICE.local_ssrc, 1, 60));
    bench.write(packet(PICTURE.local_ssrc, 1, 900));
    let request = nack(&[1]);
    let rtcp = bench.tagged(Packet::Rtcp(vec![Box::new(request)]));
    bench.bridge.handle_write(rtcp).unwrap();
    bench.read(Packet::Rtp(packet(VOICE.remote_ssrc, 1, 60)));
    bench.read_rtcp(nack(&[1]));
    bench.at(500);
    assert!(bench.written().iter().all(nothing_but_a_sign_of_life));
    assert_eq!(bench.passed_on(), 0);
    assert_eq!(bench.shared.stats().gated, 3);
}

#[test]
fn the_other_side_is_heard_whatever_it_sends_and_whether_or_not_the_gate_is_open() {
    let mut bench = Bench::new();
    assert_eq!(bench.shared.stats().last_heard, None);
    bench.at(40);
    bench.read(Packet::Rtp(packet(VOICE.remote_ssrc, 1, 60)));
    assert_eq!(bench.heard_millis(), Some(40), "voice before a closed gate");
    bench.at(90);
    bench.read_rtcp(ReceiverReport::default());
    assert_eq!(bench.heard_millis(), Some(90), "a report before a closed gate");
    bench.shared.set_gate(true);
    bench.at(130);
    bench.read_rtcp(ReceiverReport::default());
    assert_eq!(bench.heard_millis(), Some(130));
    bench.at(900);
    assert_eq!(bench.heard_millis(), Some(130), "our own packets are not theirs");
}

#[test]
fn whoever_has_neither_camera_nor_microphone_is_still_heard_twice_a_second() {
    for open in [false, true] {
        let mut bench = Bench::new();
        bench.shared.set_gate(open);
        let mut left = Vec::new();
        let end = bench.start + Duration::from_secs(10);
        while let Some(next) = bench.bridge.poll_timeout().filter(|next| *next < end) {
            bench.now = next;
            bench.bridge.handle_timeout(next).unwrap();
            let written = bench.written();
            assert!(written.iter().all(nothing_but_a_sign_of_life));
            left.extend(written.iter().map(|_| next));
        }
        assert!((20..=21).contains(&left.len()), "{} in ten seconds", left.len());
        assert!(left.windows(2).all(|two| two[1] - two[0] <= Duration::from_millis(501)));
    }
}

#[test]
fn the_librarys_reports_are_rarer_where_there_is_little_room() {
    for (kbps, expected) in [(500, 20), (60, 7), (27, 4)] {
        let mut bench = Bench::with(Instant::now(), FLOWS, DataRate::from_kbps(kbps));
        bench.shared.set_gate(true);
        let mut sent = 0;
        for second in 0..20 {
            bench.now = bench.start + Duration::from_secs(second);
            for ssrc in [VOICE.local_ssrc, PICTURE.local_ssrc] {
                let packet_count = second as u32;
                let reports = vec![ReceptionReport::default()];
                let report = SenderReport { ssrc, packet_count, reports, ..SenderReport::default() };
                let report = bench.tagged(Packet::Rtcp(vec![Box::new(report)]));
                bench.bridge.handle_write(report).unwrap();
            }
            sent += bench.written().iter().filter(|packet| matches!(packet, Packet::Rtcp(_))).count();
        }
        assert_eq!(sent, expected * 2, "at {kbps} kbps");
    }
}

#[test]
fn bytes_are_those_of_ip_packets_reports_included_both_ways() {
    let mut bench = Bench::open();
    bench.write(packet(VOICE.local_ssrc, 1, 60));
    assert_eq!(bench.shared.stats().sent_bytes, 12 + 8 + 60 + 44);
    let mut received = packet(VOICE.remote_ssrc, 1, 60);
    received.header.set_extension(FLOWS.transport_cc, Bytes::from_static(&[0, 1])).unwrap();
    bench.read(Packet::Rtp(received));
    assert_eq!(bench.shared.stats().received_bytes, 12 + 8 + 60 + 44);

    let report = bench.tagged(Packet::Rtcp(vec![Box::new(ReceiverReport::default())]));
    bench.bridge.handle_write(report).unwrap();
    bench.read_rtcp(ReceiverReport::default());
    let stats = bench.shared.stats();
    assert_eq!((stats.sent_bytes, stats.received_bytes), (124 + 8 + 4 + 44, 124 + 8 + 4 + 44));
    assert_eq!(stats.feedback_bytes, 8 + 4 + 44);
}

#[test]
fn who_talks_needs_no_other_sign_of_life() {
    let mut bench = Bench::open();
    for sequence in 0..150 {
        bench.at(20 * u64::from(sequence));
        bench.write(packet(VOICE.local_ssrc, sequence, 60));
    }
    let written = bench.written();
    assert_eq!(written.iter().filter(|packet| nothing_but_a_sign_of_life(packet)).count(), 1, "the very first");
}

#[test]
fn without_a_proven_certificate_an_open_gate_is_closed() {
    let mut bench = Bench::open();
    bench.shared.set_secured(false);
    bench.write(packet(VOICE.local_ssrc, 1, 60));
    bench.read(Packet::Rtp(packet(VOICE.remote_ssrc, 1, 60)));
    assert!(bench.written().is_empty());
    assert_eq!(bench.passed_on(), 0);
}

#[test]
fn what_waits_in_the_pacer_when_the_gate_closes_never_leaves() {
    let mut bench = Bench::open();
    for sequence in 0..40 {
        bench.write(packet(PICTURE.local_ssrc, sequence, 1_000));
    }
    let left = bench.written_rtp().len();
    assert!(left < 40, "a second of picture does not leave at once");
    bench.shared.set_gate(false);
    bench.at(50);
    bench.shared.set_gate(true);
    for millis in (100..2_000).step_by(10) {
        bench.at(millis);
    }
    // Probes may repeat what had left; nothing new leaves.
    assert!(bench.written_rtp().iter().all(|packet| packet.header.ssrc == RTX.local_ssrc));
}

#[test]
fn all_flows_share_one_numbering_without_gaps_and_voice_passes_the_picture() {
    let mut bench = Bench::open();
    for sequence in 0..20 {
        bench.write(packet(PICTURE.local_ssrc, sequence, 1_000));
    }
    bench.write(packet(VOICE.local_ssrc, 7, 60));
    let at_once = bench.written_rtp();
    assert_eq!(at_once.last().expect("a packet").header.ssrc, VOICE.local_ssrc, "voice does not wait");
    let mut all = at_once;
    for millis in (5..400).step_by(5) {
        bench.at(millis);
        all.extend(bench.written_rtp());
    }
    assert!(all.len() >= 21);
    assert!(all.windows(2).all(|two| number(&two[1]) == number(&two[0]).wrapping_add(1)));
}

#[test]
fn a_missed_packet_comes_again_as_rfc_4588_has_it_and_only_once_a_round_trip() {
    let mut bench = Bench::open();
    bench.write(packet(PICTURE.local_ssrc, 41, 800));
    bench.at(20);
    bench.written();
    bench.read_rtcp(nack(&[41]));
    bench.at(30);
    let repeated = bench.written_rtp();
    let again = repeated.iter().find(|packet| packet.header.ssrc == RTX.local_ssrc).expect("a retransmission");
    assert_eq!(again.header.payload_type, RTX.payload_type);
    assert_eq!(again.header.timestamp, 90_000);
    assert_eq!(again.payload[..2], 41_u16.to_be_bytes());
    assert_eq!(again.payload[2..], vec![41; 800]);

    let before = bench.shared.stats().retransmitted;
    bench.read_rtcp(nack(&[41]));
    bench.read_rtcp(nack(&[41]));
    bench.at(40);
    assert_eq!(bench.shared.stats().retransmitted, before, "asked again within the round trip");
}

#[test]
fn a_flood_of_requests_gets_no_more_than_its_share() {
    let mut bench = Bench::open();
    for sequence in 0..500 {
        bench.at(u64::from(sequence) * 10);
        bench.write(packet(PICTURE.local_ssrc, sequence, 1_000));
    }
    bench.written();
    let all: Vec<u16> = (0..500).collect();
    for millis in (5_000..6_000).step_by(10) {
        bench.at(millis);
        bench.read_rtcp(nack(&all));
    }
    let bytes: usize = bench
        .written_rtp()
        .iter()
        .filter(|packet| packet.header.ssrc == RTX.local_ssrc)
        .map(|packet| packet.payload.len())
        .sum();
    // 30 % of at most the target for a second and a half, and what a probe may fill.
    let share = bench.shared.stats().target.as_bps() as usize / 8;
    assert!(bytes < share, "{bytes} bytes of a share of {share}");
}

/// When (milliseconds after the first packet) the target has passed a megabit, starting from 300 kbps, on a link of
/// 20 Mbps and 20 ms each way. Voice flows from the beginning, the picture from `picture_from`.
fn time_to_a_megabit(picture_from: u64, until: u64) -> Option<u64> {
    let start = Instant::now();
    let back = |flow: Flow| Flow { local_ssrc: flow.remote_ssrc, remote_ssrc: flow.local_ssrc, ..flow };
    let mirrored = Flows { voice: back(VOICE), picture: back(PICTURE), rtx: back(RTX), ..FLOWS };
    let mut near = Bench::with(start, FLOWS, DataRate::from_kbps(300));
    let mut far = Bench::with(start, mirrored, DataRate::from_kbps(300));
    near.shared.set_gate(true);
    far.shared.set_gate(true);
    let mut way: VecDeque<(u64, Packet)> = VecDeque::new();
    let mut way_back: VecDeque<(u64, Packet)> = VecDeque::new();
    let (mut free_at, mut sequence) = (0, 0);
    for micros in (0..until * 1_000).step_by(250) {
        for bench in [&mut near, &mut far] {
            bench.now = start + Duration::from_micros(micros);
            bench.bridge.handle_timeout(bench.now).unwrap();
        }
        if micros % 20_000 == 0 {
            near.write(packet(VOICE.local_ssrc, (micros / 20_000) as u16, 60));
        }
        if micros % 40_000 == 0 && micros >= picture_from * 1_000 {
            // A key frame, then what 200 kbps make of a frame.
            for _ in 0..if micros == picture_from * 1_000 { 8 } else { 1 } {
                near.write(packet(PICTURE.local_ssrc, sequence, 1_000));
                sequence += 1;
            }
        }
        for packet in near.written() {
            free_at = micros.max(free_at) + on_the_wire(&packet) * 8 / 20;
            way.push_back((free_at + 20_000, packet));
        }
        way_back.extend(far.written().into_iter().map(|packet| (micros + 20_000, packet)));
        while let Some((_, packet)) = way.pop_front_if(|(at, _)| *at <= micros) {
            far.read(packet);
        }
        while let Some((_, packet)) = way_back.pop_front_if(|(at, _)| *at <= micros) {
            near.read(packet);
        }
        if near.shared.stats().target > DataRate::from_kbps(1_000) {
            return Some(micros / 1_000);
        }
    }
    None
}

#[test]
fn a_fast_link_is_found_within_a_second_and_a_half_with_a_picture_or_without() {
    for picture_from in [0, 100, 10_000] {
        let found = time_to_a_megabit(picture_from, 4_000);
        assert!(found.is_some_and(|millis| millis <= 1_500), "picture from {picture_from} ms: {found:?}");
    }
}

#[test]
fn a_probe_with_nothing_to_repeat_is_filled_with_empty_packets_of_the_size_it_wants() {
    let mut bench = Bench::open();
    bench.write(packet(VOICE.local_ssrc, 1, 60));
    let mut left = Vec::new();
    for millis in 1..60 {
        bench.at(millis);
        left.extend(bench.written_rtp().into_iter().filter(|packet| packet.header.ssrc == RTX.local_ssrc));
    }
    assert!(left.len() >= 5, "{} packets", left.len());
    let bytes: usize = left.iter().map(|packet| wire_bytes(packet.marshal_size())).sum();
    // Three times a megabit for 25 ms.
    assert!((8_500..=10_500).contains(&bytes), "{bytes}");
    for packet in &left {
        use rtc::shared::marshal::{Marshal, Unmarshal};
        let mut wire = packet.marshal().unwrap();
        let read_back = rtp::Packet::unmarshal(&mut wire).unwrap();
        assert!(read_back.payload.is_empty());
        assert_eq!(number(&read_back), number(packet), "it counts like any other");
    }
    assert!(left.windows(2).all(|two| two[1].header.sequence_number == two[0].header.sequence_number + 1));
}

#[test]
fn only_pictures_whose_last_packet_left_are_told_of_and_each_once() {
    let mut bench = Bench::open();
    let taken = |bench: &Bench| bench.shared.take_sent_frames();
    for sequence in 0..40_u16 {
        let mut packet = packet(PICTURE.local_ssrc, sequence, 1_000);
        packet.header.timestamp = 3_000 * u32::from(sequence / 20);
        packet.header.marker = sequence % 20 == 19;
        bench.write(packet);
    }
    assert!(taken(&bench).is_empty(), "the first packets of a picture are not the picture");
    let mut told = Vec::new();
    for millis in 1..140 {
        bench.at(millis);
        told.extend(taken(&bench));
    }
    assert_eq!(told, [0], "the second picture waits");
    bench.shared.set_gate(false);
    bench.at(150);
    bench.shared.set_gate(true);
    bench.at(2_000);
    assert!(taken(&bench).is_empty(), "and fell when the gate closed");

    for sequence in 40..140_u16 {
        bench.at(2_000 + 100 * u64::from(sequence));
        let mut packet = packet(PICTURE.local_ssrc, sequence, 100);
        (packet.header.timestamp, packet.header.marker) = (sequence.into(), true);
        bench.write(packet);
    }
    bench.at(20_000);
    assert_eq!(taken(&bench), (76..140).collect::<Vec<u32>>(), "the latest, if nobody asked");
}

#[test]
fn a_gap_is_asked_for_and_not_again_once_it_came_over_rtx() {
    let mut bench = Bench::open();
    for sequence in [1, 2, 4, 5, 6, 7] {
        bench.read(Packet::Rtp(packet(PICTURE.remote_ssrc, sequence, 100)));
    }
    bench.at(30);
    assert_eq!(bench.requested(), [3]);

    let mut repeated = packet(RTX.remote_ssrc, 900, 0);
    repeated.payload = Bytes::from_static(&[0, 3, 1, 2, 3]);
    bench.read(Packet::Rtp(repeated));
    assert_eq!(bench.passed_on(), 7, "the repeated packet is handed on too");
    for millis in (40..1_000).step_by(10) {
        bench.at(millis);
        assert!(bench.requested().is_empty(), "asked again at {millis} ms");
    }
    assert_eq!((bench.shared.stats().requested, bench.shared.stats().repaired), (1, 1));
}

#[test]
fn what_comes_from_a_source_that_nobody_announced_is_dropped() {
    let mut bench = Bench::open();
    let mut stranger = packet(4_711, 1, 60);
    stranger.header.set_extension(FLOWS.transport_cc, Bytes::from_static(&[0, 1])).unwrap();
    bench.read(Packet::Rtp(stranger));
    assert_eq!(bench.passed_on(), 0);
    bench.at(300);
    let reports =
        |packet: &Packet| matches!(packet, Packet::Rtcp(packets) if packets[0].as_any().is::<TransportLayerCc>());
    assert!(!bench.written().iter().any(reports), "nor is it reported on");
    for flow in [VOICE, PICTURE, RTX] {
        bench.read(Packet::Rtp(packet(flow.remote_ssrc, 1, 60)));
    }
    assert_eq!(bench.passed_on(), 3);
    let stats = bench.shared.stats();
    assert_eq!((stats.received_packets, stats.unannounced), (3, 1));
}

#[test]
fn arrivals_are_reported_to_the_sender() {
    let mut bench = Bench::open();
    for transport_number in [100_u16, 101, 103] {
        let mut packet = packet(VOICE.remote_ssrc, transport_number, 60);
        let extension = Bytes::copy_from_slice(&transport_number.to_be_bytes());
        packet.header.set_extension(FLOWS.transport_cc, extension).unwrap();
        bench.read(Packet::Rtp(packet));
    }
    bench.at(300);
    let written = bench.written();
    let Some(Packet::Rtcp(packets)) = written.first() else { panic!("{written:?}") };
    let feedback = packets[0].as_any().downcast_ref::<TransportLayerCc>().expect("feedback");
    assert_eq!((feedback.base_sequence_number, feedback.packet_status_count), (100, 4));
    assert_eq!(feedback.recv_deltas.len(), 3);
}

#[test]
fn a_report_on_our_report_tells_the_round_trip() {
    let mut bench = Bench::open();
    let report = SenderReport { ssrc: VOICE.local_ssrc, ntp_time: 0x1234_5678_9abc_def0, ..SenderReport::default() };
    let report = bench.tagged(Packet::Rtcp(vec![Box::new(report)]));
    bench.bridge.handle_write(report).unwrap();
    bench.at(180);
    let reception = ReceptionReport {
        ssrc: VOICE.local_ssrc,
        last_sender_report: 0x5678_9abc,
        // The other side held it for 100 ms.
        delay: 6_554,
        total_lost: 0xff_ffff,
        ..ReceptionReport::default()
    };
    bench.read_rtcp(ReceiverReport { ssrc: 9, reports: vec![reception], ..ReceiverReport::default() });
    let stats = bench.shared.stats();
    assert_eq!(stats.round_trip.map(|rtt| rtt.as_millis()), Some(79));
    assert_eq!(stats.packets_lost, 0, "minus one, as duplicates make it");
}

#[test]
fn a_request_for_a_key_frame_of_ours_is_passed_on_and_one_of_others_is_not() {
    let mut bench = Bench::open();
    bench.shared.key_frame_asked_for();
    bench.read_rtcp(PictureLossIndication { sender_ssrc: 9, media_ssrc: 77 });
    assert!(!bench.shared.key_frame_wanted());
    bench.read_rtcp(PictureLossIndication { sender_ssrc: 9, media_ssrc: PICTURE.local_ssrc });
    assert!(bench.shared.key_frame_wanted());
}
