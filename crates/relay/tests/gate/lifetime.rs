//! Until when: the visit's end, time's, the client's own.

use testkit::turn::{TurnAnswer, TurnClient};

use crate::house::{House, at, by_udp, refused};
use relay::{Client, Transport};

const HERE: &str = "198.18.0.1:4000";

#[test]
fn whoever_is_out_of_the_visit_loses_all_at_the_next_look() {
    let mut house = House::open();
    let (mut host, mut guest) = (house.client("visit", "host"), house.client("visit", "guest"));
    let (here, there) = (by_udp(HERE), by_udp("198.18.0.2:4000"));
    house.must_allocate(here, &mut host);
    let relayed = house.must_allocate(there, &mut guest);
    let peer = at("8.8.8.8:5000");
    house.say(there, &guest.channel(0x4000, peer), &mut guest);
    house.gone.0.insert(house.relay.tag("endpoint", "guest"));
    house.pass(1);
    assert_eq!((house.sockets.len(), house.relay.allocations()), (1, 1), "only the host's is left");
    house.raw(there, &TurnClient::channel_data(0x4000, b"x"));
    house.peer_says(relayed, peer, b"x");
    assert!(house.to_peers.is_empty() && !house.to_clients.contains_key(&there));
    assert!(matches!(house.allocate(there, &mut guest), TurnAnswer::Refused { code: 401, .. }), "nor gets a new one");
    // The visit ends: so has everybody.
    house.gone.0.insert(house.relay.tag("visit", "visit"));
    house.pass(1);
    assert!(house.sockets.is_empty() && house.relay.allocations() == 0);
}

#[test]
fn a_request_of_whoever_is_out_is_the_last_one_at_once() {
    let mut house = House::open();
    let mut guest = house.client("visit", "guest");
    let from = by_udp(HERE);
    house.must_allocate(from, &mut guest);
    house.gone.0.insert(house.relay.tag("endpoint", "guest"));
    assert!(matches!(house.say(from, &guest.refresh(600), &mut guest), TurnAnswer::Refused { code: 401 | 438, .. }));
    assert!(house.sockets.is_empty());
}

#[test]
fn an_expired_credential_refreshes_what_was_made_with_it_for_as_long_as_the_visit_goes_on() {
    for anonymous in [false, true] {
        let mut house = House::open();
        let mut guest = house.client("visit", "guest");
        let from = by_udp(HERE);
        guest.anonymous = anonymous;
        house.must_allocate(from, &mut guest);
        let mut refreshed = |house: &mut House| {
            house.pass(300);
            let done = house.say(from, &guest.refresh(600), &mut guest);
            let is_stale = matches!(done, TurnAnswer::Refused { code: 438, .. });
            if is_stale { house.say(from, &guest.refresh(600), &mut guest) } else { done }
        };
        for fifth_minute in 0..12 * 12 {
            let done = refreshed(&mut house);
            assert!(matches!(done, TurnAnswer::Done { .. }), "{fifth_minute}: {done:?}");
        }
        assert_eq!(house.relay.allocations(), 1, "a crisis is not cut off");
        // Another one needs another credential, and this one ends with the visit.
        let elsewhere = by_udp("198.18.0.1:4001");
        let mut again = guest.clone();
        assert!(matches!(house.allocate(elsewhere, &mut again), TurnAnswer::Refused { code: 401, .. }));
        house.gone.0.insert(house.relay.tag("visit", "visit"));
        house.pass(1);
        assert_eq!(house.relay.allocations(), 0);
    }
}

#[test]
fn what_is_not_refreshed_ends_by_itself() {
    let mut house = House::open();
    let mut guest = house.client("visit", "guest");
    house.must_allocate(by_udp(HERE), &mut guest);
    house.pass(599);
    assert_eq!(house.sockets.len(), 1);
    house.pass(3);
    assert!(house.sockets.is_empty() && !house.relay.knows(by_udp(HERE)));
}

#[test]
fn an_answer_that_was_lost_is_given_again() {
    let mut house = House::open();
    let mut guest = house.client("visit", "guest");
    let from = by_udp(HERE);
    house.say(from, &guest.allocate(false), &mut guest);
    let request = guest.allocate(false);
    let first = house.say(from, &request, &mut guest);
    assert!(matches!(first, TurnAnswer::Done { relayed: Some(_), .. }));
    assert_eq!(house.say(from, &request, &mut guest), first);
    assert_eq!(
        house.say(from, &guest.allocate(false), &mut guest),
        refused(437, true),
        "a second one is not to be had"
    );
    assert_eq!(house.sockets.len(), 1);
}

#[test]
fn strangers_cost_little_and_are_forgotten() {
    let mut house = House::with(|config| {
        config.quotas.strangers_per_subscriber = 10;
        config.quotas.strangers = 50;
    });
    let nobody = TurnClient::new("x", "y");
    for n in 0..100 {
        house.raw(by_udp(&format!("198.18.0.1:{}", 4_000 + n)), &nobody.allocate(false));
    }
    assert_eq!(house.relay.strangers(), 10, "of one address");
    for n in 0..100 {
        house.raw(by_udp(&format!("[2a00:1:1:1::{n:x}]:4000")), &nobody.allocate(false));
    }
    assert_eq!(house.relay.strangers(), 20, "of one network");
    for n in 0..100 {
        house.raw(by_udp(&format!("198.18.1.{n}:4000")), &nobody.allocate(false));
    }
    assert_eq!(house.relay.strangers(), 50, "in all");
    // Meanwhile somebody who may comes through.
    let mut guest = house.client("visit", "guest");
    house.must_allocate(by_udp("198.18.9.9:4000"), &mut guest);
    house.pass(16);
    assert_eq!((house.relay.strangers(), house.relay.allocations()), (0, 1));
}

#[test]
fn a_stream_that_ends_takes_its_allocation_with_it_and_one_that_has_none_is_hung_up() {
    let mut house = House::open();
    let mut guest = house.client("visit", "guest");
    let stream = |number| Client { transport: Transport::Stream(number), address: at(HERE) };
    house.must_allocate(stream(1), &mut guest);
    house.must_allocate(stream(2), &mut guest);
    house.raw(stream(3), &TurnClient::new("x", "y").allocate(false));
    house.relay.handle_closed(stream(1));
    house.pass(16);
    assert_eq!(house.hung_up, [stream(1), stream(3)]);
    assert_eq!(house.sockets.len(), 1);
}

#[test]
fn both_families_are_relayed_and_not_mixed() {
    let mut house = House::open();
    let mut guest = house.client("visit", "guest");
    let from = by_udp("[2a00:5::1]:4000");
    let TurnAnswer::Done { relayed: Some(relayed), .. } = house.allocate_on(from, &mut guest, true) else { panic!() };
    assert!(relayed.is_ipv6());
    assert_eq!(house.say(from, &guest.permission(&[at("8.8.8.8:5000")]), &mut guest), refused(443, true));
    let peer = at("[2606:4700::1]:5000");
    house.say(from, &guest.permission(&[peer]), &mut guest);
    house.raw(from, &guest.send(peer, b"six"));
    assert_eq!(house.to_peers, [(relayed, peer, b"six".to_vec())]);
}

#[test]
fn who_names_no_family_is_given_ipv4_and_by_a_relay_that_has_none_ipv6() {
    let ask = |house: &mut House, guest: &mut TurnClient, from| {
        house.say(from, &guest.allocate_any(), guest);
        house.say(from, &guest.allocate_any(), guest)
    };
    let mut both = House::open();
    let mut guest = both.client("visit", "guest");
    let TurnAnswer::Done { relayed: Some(relayed), .. } = ask(&mut both, &mut guest, by_udp("[2a00:5::1]:4000")) else {
        panic!()
    };
    assert!(relayed.is_ipv4(), "RFC 8656, section 7.2");

    let mut six = House::with(|config| config.relayed.retain(std::net::IpAddr::is_ipv6));
    let mut guest = six.client("visit", "guest");
    let from = by_udp("[2a00:5::1]:4000");
    let TurnAnswer::Done { relayed: Some(relayed), .. } = ask(&mut six, &mut guest, from) else { panic!() };
    assert!(relayed.is_ipv6());
    assert_eq!(six.say(from, &guest.permission(&[at("8.8.8.8:5000")]), &mut guest), refused(443, true));
    let peer = at("[2606:4700::1]:5000");
    six.say(from, &guest.permission(&[peer]), &mut guest);
    six.raw(from, &guest.send(peer, b"six"));
    assert_eq!(six.to_peers, [(relayed, peer, b"six".to_vec())]);
    six.say(from, &guest.refresh(0), &mut guest);
    six.pass(1);
    assert!(six.sockets.is_empty(), "given back");

    let mut other = six.client("visit", "other");
    let from = by_udp("[2a00:5::2]:4000");
    assert_eq!(six.allocate_on(from, &mut other, false), refused(440, true), "who insists is told that there is none");
}
