//! Calls between the real programs by way of the real server's relay, each way to it by itself.
//!
//! These run in real time, one at a time (`.config/nextest.toml`).

#![allow(clippy::unwrap_used, reason = "all of this crate is a test, the helpers too")]

use std::time::Duration;

use xtask::house::{End, House, Options, Place};
use xtask::programs::Programs;
use xtask::report::Report;

const CALL_SECS: u32 = 4;
/// How long an end may take beside its call: a busy machine, a slow password hash, files to finish.
const AROUND: Duration = Duration::from_secs(40);

/// Both ends of one call with these words, over; its reports.
fn call(host: &[&str], guest: &[&str]) -> [Report; 2] {
    let folder = tempfile::Builder::new().prefix("housecall-relay-").tempdir().expect("a folder");
    let programs = Programs::for_tests().expect("the programs");
    let house = House::open(programs, folder.path(), &Place::default(), "127.0.0.1:0").expect("a server");
    let options = |words: &[&str], duration_secs| Options {
        duration_secs,
        more: words.iter().map(Into::into).collect(),
        ..Options::default()
    };
    let place = Place::default();
    let mut host = house.host(&place, &options(host, CALL_SECS + 10), "1s", |_| {}).expect("the clinician's end");
    let mut guest = house.join(&place, &options(guest, CALL_SECS), |_| {}).expect("the patient's end");
    [&mut guest, &mut host].map(|end: &mut End| {
        let status = end.process.wait(Duration::from_secs(u64::from(CALL_SECS)) + AROUND).expect("an end that ends");
        let stderr = end.process.stderr();
        assert_eq!(status.code(), Some(0), "{stderr}");
        end.report().expect("a report")
    })
}

/// What this field was in the samples of a side, each value once.
fn values(report: &Report, field: &str) -> Vec<String> {
    let samples = report.samples().iter().filter_map(|sample| sample[field].as_str());
    let mut values: Vec<String> = samples.map(ToOwned::to_owned).collect();
    values.dedup();
    values
}

fn by_way_of(way: &str) {
    let words = ["--relay-by", way];
    for report in call(&words, &words) {
        assert_eq!(values(&report, "way"), [format!("relay_{way}")]);
        assert_eq!(values(&report, "path"), ["relay-relay"], "no other address was told or found");
        assert!(report.shown_unix_us().len() > 20, "pictures came");
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
fn of_all_ways_to_a_relay_datagrams_are_taken() {
    for report in call(&["--relay-only"], &["--relay-only"]) {
        assert_eq!(values(&report, "way"), ["relay_udp"]);
    }
}

#[test]
fn two_who_do_not_hide_go_straight_though_there_is_a_relay() {
    for report in call(&[], &[]) {
        assert_eq!(values(&report, "way"), ["direct"]);
    }
}
