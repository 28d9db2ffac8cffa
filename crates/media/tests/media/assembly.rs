//! Pictures through packets, a bad link and back.

use std::time::Duration;

use media::h264::{Decoder, Encoder};
use media::{AssembledFrame, FrameAssembler, PicturePacket};
use proptest::prelude::*;
use units::{DataRate, PictureSize, Timestamp};

use crate::picture::units_of;
use crate::signals::{Random, picture};

/// Packets of a stream that begins at `sequence`: each frame says whether it is a key frame and how many packets it has.
/// The last byte of a packet is its frame's number.
fn stream(sequence: u16, frames: &[(bool, u8)]) -> Vec<PicturePacket> {
    let mut packets: Vec<PicturePacket> = Vec::new();
    for (number, &(key, length)) in frames.iter().enumerate() {
        for index in 0..length.max(1) {
            let payload = match (key, index) {
                (true, 0) => vec![0x78, 0, 2, 0x67, 1, 0, 3, 0x65, 1, number as u8],
                (true, _) => vec![0x65, 2, number as u8],
                (false, _) => vec![0x41, 3, number as u8],
            };
            packets.push(PicturePacket {
                sequence: sequence.wrapping_add(packets.len() as u16),
                timestamp: (number as u32).wrapping_mul(3_000).wrapping_add(u32::MAX - 7_000),
                marker: index + 1 == length.max(1),
                payload,
            });
        }
    }
    packets
}

fn number(frame: &AssembledFrame) -> u8 {
    *frame.annexb.last().expect("a frame with bytes")
}

fn at(ms: u64) -> Timestamp {
    Timestamp::from_millis(ms)
}

fn drain(assembler: &mut FrameAssembler, now: Timestamp) -> Vec<u8> {
    std::iter::from_fn(|| assembler.next(now)).map(|frame| number(&frame)).collect()
}

#[test]
fn frames_come_out_in_order_once_whatever_the_order_of_packets() {
    let packets = stream(65_530, &[(true, 4), (false, 3), (false, 1), (false, 2)]);
    let mut assembler = FrameAssembler::new();
    for index in [1, 0, 0, 3, 5, 2, 2, 9, 8, 7, 4, 6, 3] {
        assembler.push(at(10), packets[index].clone());
    }
    assert_eq!(drain(&mut assembler, at(10)), [0, 1, 2, 3]);
    assert!(!assembler.wants_key_frame(at(5_000)));
    assert_eq!(assembler.stats().frames, 4);
    assert_eq!(assembler.stats().useless_packets, 3);
}

#[test]
fn a_missing_packet_is_waited_for_and_then_a_key_frame_is_asked_for_once_in_a_while() {
    let packets = stream(7, &[(true, 2), (false, 3), (false, 3), (true, 2), (false, 1)]);
    let mut assembler = FrameAssembler::new();
    assembler.set_deadline(Duration::from_millis(200));
    for index in [0, 1, 2, 4] {
        assembler.push(at(0), packets[index].clone());
    }
    assert_eq!(drain(&mut assembler, at(0)), [0]);
    assert_eq!(assembler.poll_timeout(), Some(at(200)));
    // Sent again in time.
    assembler.push(at(150), packets[3].clone());
    assert_eq!(drain(&mut assembler, at(150)), [1]);
    // Never sent again.
    assembler.push(at(160), packets[5].clone());
    assembler.push(at(160), packets[7].clone());
    assert_eq!(drain(&mut assembler, at(359)), [0_u8; 0]);
    assert!(!assembler.wants_key_frame(at(359)));
    assert_eq!(drain(&mut assembler, at(560)), [0_u8; 0]);
    assert!(assembler.wants_key_frame(at(560)));
    assert!(!assembler.wants_key_frame(at(700)));
    assert!(assembler.wants_key_frame(at(1_060)));
    assembler.push(at(1_100), packets[8].clone());
    assert!(!assembler.wants_key_frame(at(1_290)), "one is on its way");
    assembler.push(at(1_200), packets[9].clone());
    assembler.push(at(1_200), packets[10].clone());
    assert_eq!(drain(&mut assembler, at(1_200)), [3, 4]);
    assert!(!assembler.wants_key_frame(at(9_000)));
}

#[test]
fn a_key_frame_that_lost_a_packet_for_good_is_asked_for_again() {
    let packets = stream(7, &[(true, 4), (false, 1), (false, 1), (false, 1)]);
    let mut assembler = FrameAssembler::new();
    for (index, packet) in packets.into_iter().enumerate().filter(|&(index, _)| index != 2) {
        assembler.push(at(index as u64 * 30), packet);
        assert_eq!(assembler.next(at(index as u64 * 30)), None);
    }
    assert!(!assembler.wants_key_frame(at(200)));
    assert!(assembler.wants_key_frame(at(600)));
}

#[test]
fn after_the_decoder_failed_only_a_key_frame_goes_on() {
    let packets = stream(7, &[(true, 1), (false, 1), (false, 1), (true, 1), (false, 1)]);
    let mut assembler = FrameAssembler::new();
    let mut shown = Vec::new();
    for (index, packet) in packets.into_iter().enumerate() {
        assembler.push(at(index as u64), packet);
        shown.extend(drain(&mut assembler, at(index as u64)));
        if index == 1 {
            assembler.decoder_failed(at(1));
            assert!(assembler.wants_key_frame(at(1)));
        }
    }
    assert_eq!(shown, [0, 1, 3, 4]);
}

#[test]
fn packets_that_only_fill_the_link_do_no_harm() {
    let mut packets = stream(7, &[(true, 2), (false, 1)]);
    packets[2].sequence += 2;
    for sequence in [9, 10] {
        packets.push(PicturePacket { sequence, timestamp: packets[0].timestamp, marker: false, payload: Vec::new() });
    }
    let mut assembler = FrameAssembler::new();
    packets.into_iter().for_each(|packet| assembler.push(at(1), packet));
    assert_eq!(drain(&mut assembler, at(1)), [0, 1]);
}

#[test]
fn a_sender_that_begins_anew_is_found_again() {
    let mut assembler = FrameAssembler::new();
    stream(20_000, &[(true, 2), (false, 1)]).into_iter().for_each(|packet| assembler.push(at(0), packet));
    assert_eq!(drain(&mut assembler, at(0)), [0, 1]);
    let anew: Vec<_> = std::iter::repeat_n((false, 1), 120).chain([(true, 2), (false, 1)]).collect();
    stream(10_000, &anew).into_iter().for_each(|packet| assembler.push(at(50), packet));
    assert_eq!(drain(&mut assembler, at(50)), [120, 121]);
}

/// Pictures in three temporal layers, and in two.
const LARGE: PictureSize = PictureSize::new(656, 368);
const SMALL: PictureSize = PictureSize::new(320, 180);

/// What became of 300 pictures over a link that loses a share of packets, or all of a picture that `loses` points at. What
/// is shown is compared with what a decoder makes of all of them.
fn over_a_link(size: PictureSize, loss: f32, loses: impl Fn(u32, u8) -> bool) -> (media::AssemblyStats, Vec<u32>) {
    let mut encoder = Encoder::new(size, 30, DataRate::from_kbps(400)).expect("an encoder");
    let mut decoder = Decoder::new().expect("a decoder");
    let mut whole = Decoder::new().expect("a decoder");
    let mut assembler = FrameAssembler::new();
    let mut random = Random(11);
    let (mut sequence, mut shown, mut pictures) = (65_000_u16, Vec::new(), Vec::new());
    for index in 0..300_u32 {
        let now = at(u64::from(index) * 33);
        if assembler.wants_key_frame(now) {
            encoder.force_key_frame();
        }
        let coded = encoder.encode(&picture(size, index)).expect("a coded picture");
        pictures.push(coded.as_ref().and_then(|coded| whole.decode(&coded.data).expect("decodable")));
        if let Some(coded) = coded {
            let units = units_of(&coded.data);
            for (place, unit) in units.iter().enumerate() {
                let marker = place + 1 == units.len();
                if random.share() >= loss && !loses(index, coded.layer) {
                    let timestamp = index.wrapping_mul(3_000);
                    assembler.push(now, PicturePacket { sequence, timestamp, marker, payload: unit.to_vec() });
                }
                sequence = sequence.wrapping_add(1);
            }
        }
        while let Some(frame) = assembler.next(now) {
            let decoded = decoder.decode(&frame.annexb).expect("decodable");
            let index = frame.timestamp / 3_000;
            assert!(decoded.is_some() && decoded == pictures[index as usize], "picture {index} is smeared");
            shown.push(index);
        }
    }
    (assembler.stats(), shown)
}

#[test]
fn what_is_handed_out_over_a_lossy_link_always_decodes_to_what_was_coded() {
    // A key frame of the large ones is three times as many packets, of which none may be lost.
    let links = [(LARGE, 0.02, 90), (LARGE, 0.04, 60), (SMALL, 0.02, 150), (SMALL, 0.04, 150), (SMALL, 0.1, 30)];
    for (size, loss, least) in links {
        let (stats, shown) = over_a_link(size, loss, |_, _| false);
        assert!(stats.key_frames > 1 && stats.dropped_frames > 0, "the link was too good: {stats:?}");
        assert!(shown.len() > least, "{} of 300 shown: {stats:?}", shown.len());
    }
}

#[test]
fn the_loss_of_an_upper_layer_costs_its_own_pictures_and_no_key_frame() {
    let (stats, all) = over_a_link(LARGE, 0.0, |_, _| false);
    assert_eq!((stats.key_frames, stats.dropped_frames), (1, 0));
    let (stats, shown) = over_a_link(LARGE, 0.0, |index, layer| layer == 2 && index % 3 == 0);
    assert_eq!(stats.key_frames, 1, "the highest layer");
    assert!(shown.len() * 10 >= all.len() * 8, "{} of {}", shown.len(), all.len());
    // From when it was seen that there is a middle layer.
    let (stats, shown) = over_a_link(LARGE, 0.0, |index, layer| layer == 1 && index > 30);
    assert_eq!(stats.key_frames, 1, "the middle layer");
    assert!(shown.len() * 10 >= all.len() * 5, "{} of {}", shown.len(), all.len());
    let gap = shown.windows(2).map(|pair| pair[1] - pair[0]).max();
    assert!(gap <= Some(3), "{gap:?} pictures from one to the next");
    let (stats, shown) = over_a_link(SMALL, 0.0, |index, layer| layer > 0 && index % 3 == 0);
    assert_eq!(stats.key_frames, 1, "the upper one of two");
    assert!(shown.len() * 10 >= all.len() * 8, "{} of {}", shown.len(), all.len());
}

#[test]
fn the_loss_of_the_lowest_layer_is_waited_for_and_then_costs_a_key_frame() {
    let lost = std::cell::Cell::new(None);
    let (stats, shown) = over_a_link(LARGE, 0.0, |index, layer| {
        if layer == 0 && index > 100 && lost.get().is_none() {
            lost.set(Some(index));
        }
        lost.get() == Some(index)
    });
    assert_eq!(stats.key_frames, 2);
    let lost = lost.get().expect("one was lost");
    assert!(!shown.iter().any(|index| (lost..lost + 9).contains(index)), "shown without what it needs");
    assert!(shown.iter().any(|index| (lost + 9..lost + 20).contains(index)), "no key frame came");
}

proptest! {
    /// Loss, order and repetition at random: what comes out goes on from the one before or is a key frame.
    #[test]
    fn no_frame_comes_out_whose_reference_did_not(
        start in any::<u16>(),
        lengths in prop::collection::vec(1_u8..6, 40),
        keys in prop::collection::vec(0_u8..8, 40),
        fates in prop::collection::vec((0_u8..12, 0_u64..120), 250),
    ) {
        let frames: Vec<_> =
            lengths.iter().zip(&keys).enumerate().map(|(at, (&length, &key))| (at == 0 || key == 0, length)).collect();
        let mut arrivals: Vec<(u64, PicturePacket)> = Vec::new();
        for (index, packet) in stream(start, &frames).into_iter().enumerate() {
            let (fate, delay) = fates[index];
            let sent = index as u64 * 8;
            if fate != 0 {
                arrivals.push((sent + if fate < 6 { delay } else { 0 }, packet.clone()));
            }
            if fate == 11 {
                arrivals.push((sent + delay, packet));
            }
        }
        arrivals.sort_by_key(|&(at, _)| at);
        let mut assembler = FrameAssembler::new();
        assembler.set_deadline(Duration::from_millis(60));
        let mut last: Option<u8> = None;
        for (ms, packet) in arrivals {
            assembler.push(at(ms), packet);
            while let Some(frame) = assembler.next(at(ms)) {
                let number = number(&frame);
                let (key, length) = frames[usize::from(number)];
                prop_assert_eq!(frame.key, key);
                prop_assert_eq!(frame.annexb.windows(4).filter(|w| **w == [0, 0, 0, 1]).count(), usize::from(length + u8::from(key)));
                prop_assert!(key || last == number.checked_sub(1), "{number} after {last:?}");
                prop_assert!(last.is_none_or(|last| last < number));
                last = Some(number);
            }
            let _ = (assembler.wants_key_frame(at(ms)), assembler.poll_timeout());
        }
    }

    #[test]
    fn no_packets_make_it_panic_or_hoard(
        packets in prop::collection::vec(
            (any::<u16>(), 0_u32..3, any::<bool>(), prop::collection::vec(any::<u8>(), 0..12), 0_u64..100), 0..300),
    ) {
        let mut assembler = FrameAssembler::default();
        let mut now = 0;
        for (sequence, timestamp, marker, payload, later) in packets {
            now += later;
            assembler.push(at(now), PicturePacket { sequence, timestamp, marker, payload });
            while assembler.next(at(now)).is_some() {}
            let _ = (assembler.wants_key_frame(at(now)), assembler.poll_timeout());
        }
    }
}
