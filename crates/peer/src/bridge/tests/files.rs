//! Pieces of files among voice and picture.

use super::*;
use crate::bridge::repairs as repair_packets;
use crate::{BulkFate, BulkOut, Fate, bulk};

fn piece(tag: u64) -> BulkOut {
    BulkOut { tag, payload: Bytes::from(vec![tag as u8; 1_000]) }
}

/// What came over to the other end, from the one end's numbers to the other's.
fn across(mut packet: rtp::Packet) -> rtp::Packet {
    packet.header.ssrc += 10;
    packet
}

#[test]
fn both_sides_reckon_the_same_number_for_them_and_it_means_nothing_else() {
    let ours = bulk::own_payload_type(&FLOWS).expect("many are free");
    assert_eq!(bulk::their_payload_type(&FLOWS), Some(ours));
    assert!(![111, 102, 103, 63].contains(&ours));
    assert_ne!(repair_packets::own_payload_type(&FLOWS), Some(ours));
}

#[test]
fn pieces_leave_in_order_arrive_as_they_were_and_their_fates_are_told() {
    let (mut ours, mut theirs) = (Bench::open(), Bench::open());
    ours.shared.bulk.set_active(true);
    (0..3).for_each(|tag| ours.shared.bulk.push(piece(tag)).expect("room"));
    let mut left = Vec::new();
    for millis in 1..200 {
        ours.at(millis);
        left.extend(ours.written_rtp().into_iter().filter(|packet| packet.payload.len() == 1_000));
    }
    assert_eq!(left.iter().map(|packet| packet.payload[0]).collect::<Vec<_>>(), [0, 1, 2]);
    assert!(left.windows(2).all(|two| two[1].header.sequence_number > two[0].header.sequence_number));

    // The second one is lost.
    for packet in [left[0].clone(), left[2].clone()] {
        theirs.read(Packet::Rtp(across(packet)));
    }
    assert_eq!(theirs.passed_on(), 0, "the library never sees them");
    let came: Vec<_> = std::iter::from_fn(|| theirs.files.received.try_recv().ok()).map(|bytes| bytes[0]).collect();
    assert_eq!(came, [0, 2]);

    for millis in 1..200 {
        theirs.at(millis);
        for packet in theirs.written() {
            let Packet::Rtcp(packets) = packet else { continue };
            for feedback in packets.iter().filter_map(|packet| packet.as_any().downcast_ref::<TransportLayerCc>()) {
                ours.read_rtcp(feedback.clone());
            }
        }
    }
    let fates: Vec<_> = std::iter::from_fn(|| ours.files.fates.try_recv().ok()).collect();
    let fate = |tag, fate| BulkFate { tag, fate };
    assert_eq!(fates, [fate(0, Fate::Arrived), fate(1, Fate::Lost), fate(2, Fate::Arrived)]);
}

#[test]
fn a_closed_gate_holds_them_back_and_tells_that_they_are_lost() {
    let mut bench = Bench::open();
    bench.shared.bulk.set_active(true);
    bench.shared.bulk.set_rate(DataRate::from_kbps(10_000));
    (0..10).for_each(|tag| bench.shared.bulk.push(piece(tag)).expect("room"));
    bench.at(1);
    bench.shared.set_gate(false);
    bench.at(2);
    assert!(bench.written_rtp().len() <= 2);
    let mut fates: Vec<_> = std::iter::from_fn(|| bench.files.fates.try_recv().ok()).collect();
    fates.sort_unstable_by_key(|fate| fate.tag);
    assert_eq!(fates.iter().map(|fate| fate.tag).collect::<Vec<_>>(), (0..10).collect::<Vec<_>>());
    assert_eq!(fates[0].fate, Fate::Lost, "it had left");
    assert!(fates[2..].iter().all(|fate| fate.fate == Fate::NotSent));
    let payload_type = bulk::own_payload_type(&FLOWS).expect("many are free");
    let mut foreign = packet(RTX.remote_ssrc, 1, 500);
    foreign.header.payload_type = payload_type;
    bench.read(Packet::Rtp(foreign));
    assert!(bench.files.received.try_recv().is_err());
}

#[test]
fn while_files_are_sent_more_is_looked_for_than_a_call_uses() {
    let mut bench = Bench::open();
    bench.shared.set_wanted(DataRate::from_kbps(600));
    bench.shared.bulk.set_active(true);
    bench.at(1);
    assert!(bench.bridge.poll_timeout().is_some_and(|at| at <= bench.now + Duration::from_millis(5)), "it looks often");
    bench.shared.bulk.set_active(false);
    bench.at(600);
    let _ = bench.written();
    assert!(bench.bridge.poll_timeout().is_some_and(|at| at > bench.now + Duration::from_millis(100)));
}
