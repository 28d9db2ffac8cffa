//! Calls between the real programs by way of the real server's relay, each way to it by itself, and through what networks put
//! in the way. The whole table of networks is `cargo xtask bench paths`, which needs the link laboratory.
//!
//! These run in real time, one at a time (`.config/nextest.toml`).

#![allow(clippy::unwrap_used, reason = "all of this crate is a test, the helpers too")]

mod clinic;
mod nat;
mod proxies;
mod tls_proxy;

use std::net::{Ipv4Addr, Ipv6Addr};

use xtask::middlebox::TcpAlone;

use crate::clinic::{Clinic, Side, values};

fn by_way_of(way: &str) {
    let words = ["--relay-by", way];
    let side = Side { words: &words, ..Side::default() };
    for report in Clinic::open().call(side, side) {
        assert_eq!(values(&report, "way"), [format!("relay_{way}")]);
        assert_eq!(values(&report, "path"), ["relay-relay"], "no other address was told or found");
    }
}

#[test]
fn two_who_hide_their_addresses_meet_by_datagrams_to_the_relay() {
    by_way_of("udp");
}

#[test]
fn two_who_hide_their_addresses_meet_by_tcp_to_the_relay() {
    by_way_of("tcp");
}

#[test]
fn two_who_hide_their_addresses_meet_by_tls_to_the_relay_on_the_port_of_the_web() {
    by_way_of("tls");
}

#[test]
fn two_whose_clinic_is_reached_by_ipv6_meet_straight() {
    for report in Clinic::at(Ipv6Addr::LOCALHOST.into()).call(Side::default(), Side::default()) {
        assert_eq!(values(&report, "way"), ["direct"]);
    }
}

#[test]
fn two_who_hide_their_addresses_meet_by_a_relay_of_ipv6_alone() {
    let side = Side { words: &["--relay-only"], ..Side::default() };
    for report in Clinic::at(Ipv6Addr::LOCALHOST.into()).call(side, side) {
        assert_eq!(values(&report, "way"), ["relay_udp"]);
        assert_eq!(values(&report, "path"), ["relay-relay"], "no other address was told or found");
    }
}

#[test]
fn where_the_clinic_hides_addresses_two_who_say_nothing_meet_by_the_relay_alone() {
    for report in Clinic::with(Ipv4Addr::LOCALHOST.into(), &["--relay-only"]).call(Side::default(), Side::default()) {
        assert_eq!(values(&report, "way"), ["relay_udp"]);
        assert_eq!(values(&report, "path"), ["relay-relay"], "no other address was told or found");
    }
}

#[test]
fn of_all_ways_to_a_relay_datagrams_are_taken() {
    let side = Side { words: &["--relay-only"], ..Side::default() };
    for report in Clinic::open().call(side, side) {
        assert_eq!(values(&report, "way"), ["relay_udp"]);
    }
}

#[test]
fn two_who_do_not_hide_go_straight_though_there_is_a_relay() {
    for report in Clinic::open().call(Side::default(), Side::default()) {
        assert_eq!(values(&report, "way"), ["direct"]);
    }
}

#[test]
fn one_who_reaches_the_relay_by_tls_alone_meets_one_who_hides_nothing() {
    let [patient, clinician] =
        Clinic::open().call(Side::default(), Side { words: &["--relay-by", "tls"], ..Side::default() });
    assert_eq!(values(&patient, "way"), ["relay_tls"]);
    // By the patient's relay straight, or by a relay of its own; there is no other way to who hides.
    let ways = values(&clinician, "way");
    assert!(ways.iter().all(|way| way == "relay_theirs" || way == "relay_udp"), "{ways:?}");
    assert!(values(&clinician, "path").iter().all(|path| path.ends_with("-relay")), "no other address was told");
}

#[test]
fn where_no_datagram_gets_through_the_relay_is_found_by_tcp_without_being_told() {
    let mut clinic = Clinic::open();
    let firewall = TcpAlone::before(clinic.address()).expect("a firewall");
    // What the app reaches its server by, it reaches its relay by.
    clinic.house.server.url = format!("https://{}", firewall.address);
    let side = Side { words: &["--relay-only"], ..Side::default() };
    for report in clinic.call(side, side) {
        let ways = values(&report, "way");
        assert!(ways == ["relay_tcp"] || ways == ["relay_tls"], "{ways:?}");
    }
    assert!(firewall.lost_a_datagram(), "datagrams were tried");
}
