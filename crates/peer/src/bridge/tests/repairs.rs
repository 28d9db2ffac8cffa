//! A picture over a long and lossy way, from bridge to bridge.

use super::*;

/// What became of the pictures of one call.
struct Outcome {
    /// Packets of the picture that came out at the far end, by sequence number, repaired ones among them.
    came: Vec<u16>,
    near: crate::PeerStats,
    far: crate::PeerStats,
    /// Payload types of what left on the source of the retransmissions.
    repair_types: Vec<u8>,
    /// Packets on that source that the far end's library got to see.
    seen_by_library: usize,
}

/// Ten seconds of pictures of three packets each, every tenth packet of which is lost, on a way of 300 ms. Nothing that is
/// asked for again is answered: only repair packets help. `speaks` is whether the far end says that it takes them.
fn ten_seconds(lowest_layer: bool, speaks: bool) -> Outcome {
    let start = Instant::now();
    let back = |flow: Flow| Flow { local_ssrc: flow.remote_ssrc, remote_ssrc: flow.local_ssrc, ..flow };
    let mirrored = Flows { voice: back(VOICE), picture: back(PICTURE), rtx: back(RTX), ..FLOWS };
    let mut near = Bench::with(start, FLOWS, DataRate::from_kbps(2_000));
    let mut far = Bench::with(start, mirrored, DataRate::from_kbps(2_000));
    near.shared.set_gate(true);
    far.shared.set_gate(true);
    near.shared.set_first_round_trip(Duration::from_millis(600));
    let mut way: VecDeque<(u64, Packet)> = VecDeque::new();
    let mut way_back: VecDeque<(u64, Packet)> = VecDeque::new();
    let (mut sequence, mut sent) = (65_500_u16, 0);
    let mut outcome = Outcome {
        came: Vec::new(),
        near: near.shared.stats(),
        far: far.shared.stats(),
        repair_types: Vec::new(),
        seen_by_library: 0,
    };
    for millis in 0..10_000_u64 {
        for bench in [&mut near, &mut far] {
            bench.at(millis);
        }
        if millis % 100 == 0 && millis < 9_000 {
            for place in 0..3 {
                let mut picture = packet(PICTURE.local_ssrc, sequence, 700 + 100 * place);
                picture.header.timestamp = millis as u32 * 90;
                picture.header.marker = place == 2;
                let mut payload = picture.payload.to_vec();
                payload[0] = if lowest_layer { 0x61 } else { 0x01 };
                picture.payload = Bytes::from(payload);
                near.write(picture);
                sequence = sequence.wrapping_add(1);
            }
        }
        for packet in near.written() {
            let lost = match &packet {
                Packet::Rtp(packet) => {
                    sent += 1;
                    if packet.header.ssrc == RTX.local_ssrc {
                        outcome.repair_types.push(packet.header.payload_type);
                    }
                    sent % 10 == 0 || packet.header.payload_type == RTX.payload_type
                }
                _ => false,
            };
            if !lost {
                way.push_back((millis + 300, packet));
            }
        }
        while let Some((_, packet)) = way.pop_front_if(|(at, _)| *at <= millis) {
            far.read(packet);
        }
        while let Some(tagged) = far.bridge.poll_read() {
            if let Packet::Rtp(packet) = tagged.message.packet {
                if packet.header.ssrc == PICTURE.local_ssrc {
                    outcome.came.push(packet.header.sequence_number);
                } else {
                    outcome.seen_by_library += 1;
                }
            }
        }
        for packet in far.written() {
            let is_announcement = |packet: &Packet| match packet {
                Packet::Rtcp(packets) => packets.iter().any(|it| it.as_any().is::<RawPacket>()),
                _ => false,
            };
            if speaks || !is_announcement(&packet) {
                way_back.push_back((millis + 300, packet));
            }
        }
        while let Some((_, packet)) = way_back.pop_front_if(|(at, _)| *at <= millis) {
            near.read(packet);
        }
    }
    (outcome.near, outcome.far) = (near.shared.stats(), far.shared.stats());
    outcome
}

#[test]
fn what_a_long_way_loses_of_the_lowest_layer_is_brought_back_without_being_asked_for() {
    let outcome = ten_seconds(true, true);
    assert!(outcome.far.rebuilt >= 15, "{} rebuilt", outcome.far.rebuilt);
    assert!(outcome.near.repairs > DataRate::ZERO);
    assert_eq!(outcome.seen_by_library, 0, "a repair packet is nothing for the library");
    // From when losses are known of, no packet is missing.
    let mut late: Vec<u16> = outcome.came.iter().map(|it| it.wrapping_sub(65_500)).filter(|it| *it >= 150).collect();
    late.sort_unstable();
    late.dedup();
    let missing = (150..270).filter(|it| !late.contains(it)).count();
    assert!(missing <= 3, "{missing} of 120 missing");
}

#[test]
fn upper_layers_and_who_does_not_speak_of_them_get_no_repair_packets() {
    for (lowest_layer, speaks) in [(false, true), (true, false)] {
        let outcome = ten_seconds(lowest_layer, speaks);
        assert!(outcome.repair_types.iter().all(|it| *it == RTX.payload_type), "{:?}", outcome.repair_types);
        assert_eq!(outcome.far.rebuilt, 0);
        assert_eq!(outcome.near.repairs, DataRate::ZERO);
    }
}
