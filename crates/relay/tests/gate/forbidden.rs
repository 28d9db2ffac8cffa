//! To whom: nobody is led into the clinic, nor to the server itself.

use proptest::prelude::*;
use relay::Client;
use testkit::turn::{TurnAnswer, TurnClient};

use crate::house::{House, RELAYED, RELAYED_V6, at, by_udp, refused};

const HERE: &str = "198.18.0.1:4000";

fn allocated(v6: bool) -> (House, TurnClient, Client) {
    let mut house = House::open();
    let mut client = house.client("visit", "guest");
    let from = by_udp(HERE);
    let done = house.allocate_on(from, &mut client, v6);
    assert!(matches!(done, TurnAnswer::Done { .. }));
    (house, client, from)
}

#[test]
fn a_permission_or_a_channel_into_a_private_network_is_forbidden_and_the_answer_signed() {
    let peers = [
        "10.0.0.1:5000",
        "172.16.1.1:5000",
        "192.168.1.1:5000",
        "127.0.0.1:5000",
        "169.254.169.254:5000",
        "100.64.0.1:5000",
        "224.0.0.1:5000",
        "255.255.255.255:5000",
        "0.0.0.0:5000",
        "192.0.2.1:5000",
        "[::1]:5000",
        "[fe80::1]:5000",
        "[fd00::1]:5000",
        "[ff02::1]:5000",
        "[::]:5000",
        "[::ffff:10.0.0.1]:5000",
        "[64:ff9b::10.0.0.1]:5000",
        "[2002:a00:1::]:5000",
        "[2001:db8::1]:5000",
    ];
    for peer in peers.map(at) {
        let (mut house, mut client, from) = allocated(peer.is_ipv6());
        assert_eq!(house.say(from, &client.permission(&[peer]), &mut client), refused(403, true), "{peer}");
        let mixed = client.permission(&[at("8.8.8.8:5000"), peer]);
        assert_eq!(house.say(from, &mixed, &mut client), refused(403, true), "{peer}");
        assert_eq!(house.say(from, &client.channel(0x4000, peer), &mut client), refused(403, true), "{peer}");
        house.raw(from, &client.send(peer, b"x"));
        house.raw(from, &TurnClient::channel_data(0x4000, b"x"));
        assert!(house.to_peers.is_empty(), "{peer}");
        assert!(house.relay.counts().forbidden >= 3);
    }
}

#[test]
fn of_the_relays_own_addresses_only_allocations_are_reached() {
    for own in [RELAYED, RELAYED_V6] {
        let (mut house, mut client, from) = allocated(own == RELAYED_V6);
        let ip: std::net::IpAddr = own.parse().unwrap();
        for port in [443, 22, 5_432, 60_000] {
            let peer = std::net::SocketAddr::new(ip, port);
            // A permission is for an address, and others of this relay are there.
            assert!(matches!(house.say(from, &client.permission(&[peer]), &mut client), TurnAnswer::Done { .. }));
            house.raw(from, &client.send(peer, b"x"));
            assert!(house.to_peers.is_empty(), "{peer}");
        }
        assert_eq!(house.relay.counts().forbidden, 4);
    }
}

#[test]
fn a_channel_is_one_peers_and_there_are_not_many() {
    let (mut house, mut client, from) = allocated(false);
    let bind = |house: &mut House, client: &mut TurnClient, number: u16, peer: &str| {
        house.say(from, &client.channel(number, at(peer)), client)
    };
    assert!(matches!(bind(&mut house, &mut client, 0x4000, "8.8.8.8:5000"), TurnAnswer::Done { .. }));
    assert!(matches!(bind(&mut house, &mut client, 0x4000, "8.8.8.8:5000"), TurnAnswer::Done { .. }), "again");
    assert_eq!(bind(&mut house, &mut client, 0x4000, "8.8.4.4:5000"), refused(400, true), "taken");
    assert_eq!(bind(&mut house, &mut client, 0x4001, "8.8.8.8:5000"), refused(400, true), "has one");
    let many: Vec<_> = (0..64).map(|n| at(&format!("9.0.0.{n}:5000"))).collect();
    assert_eq!(house.say(from, &client.permission(&many), &mut client), refused(508, true));
    assert!(matches!(house.say(from, &client.permission(&many[..60]), &mut client), TurnAnswer::Done { .. }));
    house.pass(301);
    assert!(
        matches!(house.say(from, &client.permission(&many), &mut client), TurnAnswer::Done { .. }),
        "in their time"
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    /// Whatever a client with a good credential says: what leaves goes to the open internet.
    #[test]
    fn no_datagram_leaves_for_a_forbidden_peer(
        v6 in any::<bool>(),
        peers in prop::collection::vec((any::<u128>(), any::<u32>(), 0_u16..4, any::<bool>()), 1..12),
    ) {
        let (mut house, mut client, from) = allocated(v6);
        for (n, (six, four, sort, low)) in peers.into_iter().enumerate() {
            // Half of them near the borders of what is forbidden.
            let four = match sort { 0 => 0x0a00_0000 | (four & 0xff), 1 => 0xc0a8_0000 | (four & 0xffff), 2 => 0x7f00_0000 | (four & 0xff), _ => four };
            let six = match sort { 0 => 0xfd << 120 | six >> 8, 1 => 0xffff_0000_0000 | u128::from(four), 2 => 1, _ => six };
            let ip: std::net::IpAddr = if v6 { std::net::Ipv6Addr::from(six).into() } else { std::net::Ipv4Addr::from(four).into() };
            let peer = std::net::SocketAddr::new(ip, if low { 53 } else { 40_000 });
            let number = 0x4000 + n as u16;
            house.say(from, &client.permission(&[peer]), &mut client);
            house.say(from, &client.channel(number, peer), &mut client);
            house.raw(from, &client.send(peer, b"x"));
            house.raw(from, &TurnClient::channel_data(number, b"x"));
        }
        for (_, peer, _) in &house.to_peers {
            prop_assert!(relay::is_public(peer.ip()) && peer.port() >= 1_024, "{}", peer);
        }
    }
}
