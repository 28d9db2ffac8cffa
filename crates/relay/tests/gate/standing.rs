//! Who may: credentials, visits, shares.

use relay::{Quotas, Secret};
use testkit::turn::{TurnAnswer, TurnClient};

use crate::house::{House, at, by_udp, refused};

const HERE: &str = "198.18.0.1:4000";

#[test]
fn a_good_credential_gets_an_address_and_data_passes_both_ways() {
    let mut house = House::open();
    let mut client = house.client("visit", "guest");
    let from = by_udp(HERE);
    let relayed = house.must_allocate(from, &mut client);
    let peer = at("8.8.8.8:5000");
    let done = house.say(from, &client.permission(&[peer]), &mut client);
    assert!(matches!(done, TurnAnswer::Done { .. }), "{done:?}");
    house.raw(from, &client.send(peer, b"hello"));
    assert_eq!(house.to_peers.pop(), Some((relayed, peer, b"hello".to_vec())));
    house.peer_says(relayed, peer, b"hi");
    let came = house.to_clients.remove(&from).unwrap().pop().unwrap();
    assert_eq!(client.read(&came), TurnAnswer::Data { peer, bytes: b"hi".to_vec() });
    // By a channel, with four bytes of head.
    let done = house.say(from, &client.channel(0x4001, peer), &mut client);
    assert!(matches!(done, TurnAnswer::Done { .. }), "{done:?}");
    house.raw(from, &TurnClient::channel_data(0x4001, b"hello"));
    assert_eq!(house.to_peers.pop(), Some((relayed, peer, b"hello".to_vec())));
    house.peer_says(relayed, peer, b"hi");
    assert_eq!(house.to_clients.remove(&from).unwrap(), [TurnClient::channel_data(0x4001, b"hi")]);
    // Nobody else's.
    house.peer_says(relayed, at("8.8.4.4:5000"), b"spam");
    house.raw(by_udp("198.18.0.2:4000"), &TurnClient::channel_data(0x4001, b"mine"));
    assert!(house.to_clients.is_empty() && house.to_peers.is_empty());
}

#[test]
fn two_clients_of_the_relay_reach_each_other_without_the_network() {
    let mut house = House::open();
    let (mut host, mut guest) = (house.client("visit", "host"), house.client("visit", "guest"));
    let (here, there) = (by_udp(HERE), by_udp("198.18.0.2:4000"));
    let (of_host, of_guest) = (house.must_allocate(here, &mut host), house.must_allocate(there, &mut guest));
    house.say(here, &host.permission(&[of_guest]), &mut host);
    house.raw(here, &host.send(of_guest, b"early"));
    assert_eq!(house.to_clients.remove(&there), None, "the guest has not said that the host may");
    house.say(there, &guest.channel(0x4000, of_host), &mut guest);
    house.raw(here, &host.send(of_guest, b"hello"));
    assert_eq!(house.to_clients.remove(&there).unwrap(), [TurnClient::channel_data(0x4000, b"hello")]);
    house.raw(there, &TurnClient::channel_data(0x4000, b"hi"));
    let came = house.to_clients.remove(&here).unwrap().pop().unwrap();
    assert_eq!(host.read(&came), TurnAnswer::Data { peer: of_guest, bytes: b"hi".to_vec() });
    assert!(house.to_peers.is_empty());
}

#[test]
fn expired_foreign_and_garbled_credentials_get_nothing() {
    let mut house = House::open();
    let good = house.client("visit", "guest");
    let foreign = Secret::new([6; 32]).issue(&relay::Grant::of(&good.username).unwrap());
    let garbled = [
        TurnClient::new(&good.username, "password"),
        TurnClient::new(&good.username, &good.password[..good.password.len() - 1]),
        TurnClient::new(&foreign.username, &foreign.password),
        TurnClient::new(&good.username.replacen('1', "2", 1), &good.password),
        TurnClient::new("admin", "admin"),
        TurnClient::new("", ""),
        TurnClient::new("1790000500::", &good.password),
    ];
    for (n, mut client) in garbled.into_iter().enumerate() {
        assert_eq!(
            house.allocate(by_udp(&format!("198.18.0.3:{}", 4_000 + n)), &mut client),
            refused(401, false),
            "{n}"
        );
    }
    house.pass(601);
    assert_eq!(house.allocate(by_udp(HERE), &mut good.clone()), refused(401, false), "expired");
    assert!(house.sockets.is_empty());
}

#[test]
fn a_credential_that_expires_between_two_words_is_expired() {
    let mut house = House::open();
    let mut client = house.client("visit", "guest");
    let from = by_udp(HERE);
    house.pass(595);
    // Known to the library, because of a request that is no allocation.
    house.say(from, &client.refresh(600), &mut client);
    assert_eq!(house.say(from, &client.refresh(600), &mut client), refused(437, true));
    house.pass(10);
    assert!(matches!(house.allocate(from, &mut client), TurnAnswer::Refused { code: 401, .. }));
    assert!(house.sockets.is_empty());
}

#[test]
fn another_ones_allocation_is_not_touched() {
    let mut house = House::open();
    let (mut guest, mut thief) = (house.client("visit", "guest"), house.client("visit", "thief"));
    let from = by_udp(HERE);
    house.must_allocate(from, &mut guest);
    // From the very same address, with a good credential that is not the allocation's.
    house.say(from, &thief.refresh(0), &mut thief);
    assert!(matches!(house.say(from, &thief.refresh(0), &mut thief), TurnAnswer::Refused { code: 441, .. }));
    house.say(from, &thief.permission(&[at("8.8.8.8:5000")]), &mut thief);
    house.raw(from, &thief.send(at("8.8.8.8:5000"), b"x"));
    assert!(house.to_peers.is_empty());
    assert_eq!(house.sockets.len(), 1);
    // And the one whose it is goes on.
    assert!(matches!(house.say(from, &guest.refresh(600), &mut guest), TurnAnswer::Done { .. }));
}

#[test]
fn nobody_has_more_than_a_share() {
    let mut house =
        House::with(|config| config.quotas = Quotas { per_endpoint: 2, per_visit: 3, in_all: 4, ..Quotas::default() });
    let from = |n: u16| by_udp(&format!("198.18.0.1:{}", 4_000 + n));
    let mut guest = house.client("visit", "guest");
    for n in 0..2 {
        house.must_allocate(from(n), &mut guest.clone());
    }
    assert_eq!(house.allocate(from(2), &mut guest), refused(486, true));
    let mut host = house.client("visit", "host");
    house.must_allocate(from(3), &mut host.clone());
    assert_eq!(house.allocate(from(4), &mut host), refused(486, true), "the visit has its share");
    let mut other = house.client("other", "a");
    house.must_allocate(from(5), &mut other.clone());
    assert_eq!(house.allocate(from(6), &mut other), refused(486, true), "all have theirs");
    assert_eq!(house.relay.counts().over_quota, 3);
    // What is given back is there for others.
    let mut first = guest.clone();
    house.say(from(0), &first.refresh(0), &mut first);
    house.say(from(0), &first.refresh(0), &mut first);
    assert_eq!((house.sockets.len(), house.relay.allocations()), (3, 3));
    house.must_allocate(from(7), &mut other);
}

#[test]
fn what_is_faster_than_its_share_is_thinned_out() {
    let mut house = House::open();
    let mut client = house.client("visit", "guest");
    let (from, peer) = (by_udp(HERE), at("8.8.8.8:5000"));
    let relayed = house.must_allocate(from, &mut client);
    house.say(from, &client.channel(0x4000, peer), &mut client);
    for _ in 0..10_000 {
        house.raw(from, &TurnClient::channel_data(0x4000, &[1; 1_200]));
        house.peer_says(relayed, peer, &[2; 1_200]);
    }
    let most = 500_000 / 1_200;
    assert_eq!(house.to_peers.len(), most);
    assert_eq!(house.to_clients[&from].len(), most);
    assert_eq!(house.relay.counts().over_rate, 2 * (10_000 - most as u64));
}

#[test]
fn ports_of_ones_choice_allocations_of_tcp_and_their_like_are_refused() {
    use turn_types::attribute::{EvenPort, RequestedTransport, XorPeerAddress};
    use turn_types::message::{ALLOCATE, CONNECT, CONNECTION_BIND};
    let mut house = House::open();
    let mut client = house.client("visit", "guest");
    let from = by_udp(HERE);
    house.say(from, &client.allocate(false), &mut client);
    let udp = RequestedTransport::new(RequestedTransport::UDP);
    let choosy = client.request(ALLOCATE, &[&udp, &EvenPort::new(true)]);
    assert_eq!(house.say(from, &choosy, &mut client), refused(508, true));
    let tcp = client.request(ALLOCATE, &[&RequestedTransport::new(RequestedTransport::TCP)]);
    assert!(matches!(house.say(from, &tcp, &mut client), TurnAnswer::Refused { .. }));
    house.must_allocate(from, &mut client);
    for method in [CONNECT, CONNECTION_BIND] {
        let peer = XorPeerAddress::new(at("8.8.8.8:5000"), 1.into());
        assert_eq!(house.say(from, &client.request(method, &[&peer]), &mut client), refused(400, false));
    }
    assert_eq!(house.sockets.len(), 1);
}

#[test]
fn a_client_that_shows_only_the_hash_of_its_name_is_known_by_it() {
    let mut house = House::open();
    let mut client = house.client("visit", "guest");
    client.anonymous = true;
    let from = by_udp(HERE);
    house.must_allocate(from, &mut client);
    assert!(matches!(house.say(from, &client.refresh(600), &mut client), TurnAnswer::Done { .. }));
    client.username = client.username.replace(':', ".");
    assert!(matches!(house.say(from, &client.refresh(600), &mut client), TurnAnswer::Refused { code: 401, .. }));
}
