//! Bytes that nobody sends in good faith.

use proptest::prelude::*;
use testkit::turn::{TurnAnswer, TurnClient};

use crate::house::{House, at, by_udp};

const HERE: &str = "198.18.0.1:4000";

/// A message with these attributes, whole by its head.
fn message(kind: u16, attributes: &[(u16, Vec<u8>)]) -> Vec<u8> {
    let mut body = Vec::new();
    for (sort, value) in attributes {
        body.extend(sort.to_be_bytes());
        body.extend((value.len() as u16).to_be_bytes());
        body.extend(value);
        body.resize(body.len().next_multiple_of(4), 0);
    }
    let mut bytes = kind.to_be_bytes().to_vec();
    bytes.extend((body.len() as u16).to_be_bytes());
    bytes.extend([0x21, 0x12, 0xa4, 0x42]);
    bytes.extend([3; 12]);
    bytes.extend(body);
    bytes
}

const NONCE: u16 = 0x0015;
const USERNAME: u16 = 0x0006;
const REALM: u16 = 0x0014;
const INTEGRITY: u16 = 0x0008;

#[test]
fn a_nonce_that_the_library_would_stumble_over_is_refused() {
    let mut house = House::open();
    // The library cuts what follows the cookie after four bytes: here in the middle of a letter.
    let nonce = "obMatJos2€éé".as_bytes().to_vec();
    let bytes = message(
        3,
        &[(USERNAME, b"x".to_vec()), (REALM, b"housecall".to_vec()), (NONCE, nonce), (INTEGRITY, vec![0; 20])],
    );
    let answer = house.say(by_udp(HERE), &bytes, &mut TurnClient::new("x", "y"));
    assert_eq!(answer, TurnAnswer::Refused { code: 400, signed: false });
}

#[test]
fn a_name_or_a_nonce_written_twice_is_refused() {
    let mut house = House::open();
    let name = (USERNAME, b"x".to_vec());
    let answer = house.say(by_udp(HERE), &message(3, &[name.clone(), name]), &mut TurnClient::new("x", "y"));
    assert_eq!(answer, TurnAnswer::Refused { code: 400, signed: false });
}

#[test]
fn what_says_to_be_longer_or_shorter_than_it_is_gets_no_answer() {
    let mut house = House::open();
    let good = TurnClient::new("x", "y").allocate(false);
    for bytes in [&good[..good.len() - 4], &[&good[..], &[0; 4]].concat(), &good[..19], b"", b"\0", &[0x40, 0, 0, 9, 1]]
    {
        house.raw(by_udp(HERE), bytes);
    }
    assert!(house.to_clients.is_empty() && !house.relay.knows(by_udp(HERE)));
}

#[test]
fn an_answer_is_not_much_longer_than_what_was_asked() {
    let mut house = House::open();
    let bytes = TurnClient::new("x", "y").allocate(false);
    house.raw(by_udp(HERE), &bytes);
    let answer = house.to_clients.remove(&by_udp(HERE)).unwrap().pop().unwrap();
    assert!(answer.len() <= 4 * bytes.len(), "{} of {}", answer.len(), bytes.len());
}

fn attribute() -> impl Strategy<Value = (u16, Vec<u8>)> {
    let known = prop::sample::select(vec![
        0x0006_u16, 0x0008, 0x0009, 0x000a, 0x000c, 0x000d, 0x0012, 0x0013, 0x0014, 0x0015, 0x0016, 0x0017, 0x0018,
        0x0019, 0x001a, 0x001c, 0x001d, 0x001e, 0x0020, 0x0022, 0x002a, 0x8000, 0x8001, 0x8002, 0x8003, 0x8004, 0x8022,
        0x8028,
    ]);
    let value = prop_oneof![prop::collection::vec(any::<u8>(), 0..40), "[ -~é€]{0,24}".prop_map(String::into_bytes)];
    (prop_oneof![4 => known, 1 => any::<u16>()], value)
}

proptest! {
    #[test]
    fn no_message_makes_it_panic_or_send(
        kind in prop_oneof![prop::sample::select(vec![1_u16, 3, 4, 8, 9, 0x16, 0x0a, 0x0b, 0x17, 0x103, 0x113]), any::<u16>()],
        attributes in prop::collection::vec(attribute(), 0..8),
        allocated in any::<bool>(),
    ) {
        let mut house = House::open();
        let mut client = house.client("visit", "guest");
        if allocated {
            house.must_allocate(by_udp(HERE), &mut client);
            house.say(by_udp(HERE), &client.permission(&[at("8.8.8.8:5000")]), &mut client);
        }
        house.raw(by_udp(HERE), &message(kind, &attributes));
        house.pass(1);
        for (_, peer, _) in &house.to_peers {
            prop_assert_eq!(peer.ip(), at("8.8.8.8:1").ip());
        }
    }

    /// A good request, changed in one place: it does nothing, or what it did before.
    #[test]
    fn a_request_that_was_changed_on_the_way_gets_nothing(at_byte in any::<prop::sample::Index>(), bits in 1_u8..) {
        let mut house = House::open();
        let mut client = house.client("visit", "guest");
        let from = by_udp(HERE);
        house.say(from, &client.allocate(false), &mut client);
        let mut bytes = client.allocate(false);
        // Where it begins to be signed: the cookie and what follows.
        let index = at_byte.index(bytes.len());
        bytes[index] ^= bits;
        house.raw(from, &bytes);
        prop_assert!(house.sockets.is_empty(), "byte {}", index);
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let mut house = House::open();
        house.raw(by_udp(HERE), &bytes);
        house.peer_says(at("203.0.112.9:50001"), at("8.8.8.8:5000"), &bytes);
        prop_assert!(house.to_peers.is_empty());
    }
}
