use proptest::prelude::*;

use super::*;

fn packets(first: u16, lengths: &[usize]) -> Vec<Protected<Vec<u8>>> {
    let last = lengths.len() - 1;
    let packet = |(place, length): (usize, &usize)| Protected {
        sequence: first.wrapping_add(place as u16),
        timestamp: 90_000 + u32::from(first),
        marker: place == last,
        payload: (0..*length).map(|byte| (byte * 7 + place * 31 + usize::from(first)) as u8).collect(),
    };
    lengths.iter().enumerate().map(packet).collect()
}

#[test]
fn one_repair_packet_brings_back_any_one_packet() {
    for lost in 0..3 {
        let sent = packets(65_534, &[900, 1_100, 30]);
        let repair = protect(&sent, 1);
        let mut rebuilder = Rebuilder::new();
        for (place, packet) in sent.iter().enumerate() {
            if place != lost {
                assert_eq!(rebuilder.on_packet(packet), []);
            }
        }
        assert_eq!(rebuilder.on_repair(&repair[0]), [sent[lost].clone()]);
        assert_eq!(rebuilder.on_repair(&repair[0]), [], "it is there now");
    }
}

#[test]
fn a_packet_that_comes_after_the_repair_packet_completes_the_picture() {
    let sent = packets(10, &[500, 600, 700]);
    let repair = protect(&sent, 1);
    let mut rebuilder = Rebuilder::new();
    assert_eq!(rebuilder.on_packet(&sent[0]), []);
    assert_eq!(rebuilder.on_repair(&repair[0]), []);
    assert_eq!(rebuilder.on_packet(&sent[2]), [sent[1].clone()]);
}

#[test]
fn what_cannot_be_protected_is_not() {
    assert!(protect::<Vec<u8>>(&[], 3).is_empty());
    assert!(protect(&packets(0, &[10; MAX_PROTECTED + 1]), 1).is_empty());
    let mut gap = packets(0, &[10, 10]);
    gap[1].sequence = 5;
    assert!(protect(&gap, 1).is_empty());
    assert_eq!(protect(&packets(0, &[10; MAX_PROTECTED]), 99).len(), MAX_REPAIRS);
}

proptest! {
    /// Any as many as were sent bring all of them back, in any order.
    #[test]
    fn any_packets_as_many_as_were_protected_are_enough(
        first in any::<u16>(),
        lengths in prop::collection::vec(1_usize..60, 1..20),
        repairs in 1_usize..12,
        order in prop::collection::vec(any::<u32>(), 32),
    ) {
        let sent = packets(first, &lengths);
        let codes = protect(&sent, repairs);
        prop_assert_eq!(codes.len(), repairs);
        let mut all: Vec<usize> = (0..sent.len() + repairs).collect();
        all.sort_by_key(|place| order[*place]);
        let mut rebuilder = Rebuilder::new();
        // As if it had been going on before.
        rebuilder.on_packet(&packets(first.wrapping_sub(1), &[5])[0]);
        let mut came: Vec<Protected<Vec<u8>>> = Vec::new();
        for place in &all[..sent.len()] {
            match sent.get(*place) {
                Some(packet) => {
                    came.push(packet.clone());
                    came.extend(rebuilder.on_packet(packet));
                }
                None => came.extend(rebuilder.on_repair(&codes[*place - sent.len()])),
            }
        }
        came.sort_by_key(|packet| packet.sequence.wrapping_sub(first));
        prop_assert_eq!(came, sent);
    }

    #[test]
    fn no_bytes_make_it_panic_or_hoard(
        events in prop::collection::vec((any::<bool>(), any::<u16>(), prop::collection::vec(any::<u8>(), 0..40)), 0..200),
    ) {
        let mut rebuilder = Rebuilder::new();
        for (repair, sequence, bytes) in events {
            if repair {
                rebuilder.on_repair(&bytes);
            } else {
                rebuilder.on_packet(&Protected { sequence, timestamp: 0, marker: false, payload: bytes });
            }
            prop_assert!(rebuilder.packets.len() <= KEPT_PACKETS && rebuilder.groups.len() <= KEPT_GROUPS);
            prop_assert!(rebuilder.groups.iter().all(|group| group.repairs.len() <= MAX_REPAIRS));
        }
    }
}
