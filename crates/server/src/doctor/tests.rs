use std::io::{Error, ErrorKind};
use std::net::SocketAddr;
use std::time::{Duration, SystemTime};

use rcgen::{CertificateParams, KeyPair, date_time_ymd};
use rustls_pki_types::CertificateDer;

use relay::is_public;

use super::*;
use crate::relaying::{RelayChoice, RelayOptions};

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn states(checks: &[Check]) -> Vec<State> {
    checks.iter().map(|check| check.state).collect()
}

/// 2026-06-01 to 2026-09-01.
fn certificate(names: &[&str]) -> CertificateDer<'static> {
    let mut params = CertificateParams::new(names.iter().map(ToString::to_string).collect::<Vec<_>>()).unwrap();
    (params.not_before, params.not_after) = (date_time_ymd(2026, 6, 1), date_time_ymd(2026, 9, 1));
    params.self_signed(&KeyPair::generate().unwrap()).unwrap().der().clone()
}

#[test]
fn a_certificate_is_looked_at_for_its_time_and_its_names() {
    let of = |name, now| {
        certificate::of_certificate(&certificate(&["clinic.example", "*.a.example", "192.0.2.7"]), name, now)
    };
    let (june, july, late_august, october) = (1_780_272_000, 1_782_864_000, 1_787_443_200, 1_790_812_800);
    assert_eq!(of(None, july).state, State::Good);
    assert_eq!(of(None, june - 86_400).state, State::Bad, "not yet");
    assert_eq!(of(None, late_august).state, State::Warning, "soon");
    assert_eq!(of(None, october).state, State::Bad, "over");
    for name in ["clinic.example", "CLINIC.example", "b.a.example", "192.0.2.7"] {
        assert_eq!(of(Some(name), july).state, State::Good, "{name}");
    }
    for name in ["other.example", "a.example", "c.b.a.example", "192.0.2.8"] {
        assert_eq!(of(Some(name), july).state, State::Bad, "{name}");
    }
    let broken = certificate::of_certificate(&CertificateDer::from(vec![0x30, 3, 1, 2]), None, july);
    assert_eq!(broken.state, State::Bad);
}

#[test]
fn a_relay_behind_a_nat_says_so() {
    let plain = RelayOptions::default();
    let within = RelayOptions { private_peers: true, ..RelayOptions::default() };
    let named = RelayOptions { addresses: vec![ip("9.9.9.9")], ..RelayOptions::default() };
    assert_eq!(network::address(&[ip("9.9.9.9")], &named).state, State::Good);
    assert_eq!(network::address(&[ip("9.9.9.9")], &plain).state, State::Good);
    let behind = network::address(&[ip("192.168.1.2")], &plain);
    assert!(behind.state == State::Warning && behind.next.contains("--relay-address"), "{behind:?}");
    assert_eq!(network::address(&[ip("192.168.1.2")], &within).state, State::Good);
    assert_eq!(network::address(&[ip("127.0.0.1")], &plain).state, State::Warning);
    assert_eq!(network::address(&[], &plain).state, State::Bad);
    assert_eq!(network::address(&[ip("9.9.9.9"), ip("2606:4700::1")], &plain).state, State::Good);
    assert_eq!(network::address(&[ip("10.0.0.2"), ip("2606:4700::1")], &within).state, State::Good);
    // Whoever names no family gets IPv4.
    for both in [[ip("10.0.0.2"), ip("2606:4700::1")], [ip("9.9.9.9"), ip("fd00::1")]] {
        let check = network::address(&both, &plain);
        let hidden = both.iter().find(|ip| !is_public(**ip)).unwrap().to_string();
        assert!(check.state == State::Warning && check.says.contains(&hidden), "{check:?}");
    }
}

#[test]
fn ports_that_are_taken_or_few_are_told() {
    let of =
        |range, tried, taken, running| network::of_ports(ip("192.0.2.1"), &range, tried, taken, None, running).state;
    assert_eq!(of(49_152..=65_535, 32, 0, false), State::Good);
    assert_eq!(of(49_152..=65_535, 32, 20, false), State::Warning);
    assert_eq!(of(49_152..=65_535, 32, 20, true), State::Good, "they are its own");
    assert_eq!(of(49_152..=65_535, 32, 32, false), State::Bad);
    assert_eq!(of(50_000..=50_019, 20, 0, false), State::Warning);
    let nowhere = Error::from(ErrorKind::AddrNotAvailable);
    let check = network::of_ports(ip("192.0.2.1"), &(49_152..=65_535), 32, 0, Some(&nowhere), false);
    assert_eq!(check.state, State::Bad);
}

#[test]
fn a_family_that_the_server_does_not_listen_to_is_told() {
    let (v4, v6) = (Some(ip("192.0.2.1")), Some(ip("2001:db8::1")));
    let of = |listen, v4, v6| states(&network::of_families(ip(listen), v4, v6));
    assert_eq!(of("::", v4, v6), [State::Good, State::Good]);
    assert_eq!(of("0.0.0.0", v4, v6), [State::Good, State::Warning]);
    assert_eq!(of("0.0.0.0", v4, None), [State::Good, State::Good]);
    assert_eq!(of("192.0.2.1", v4, v6), [State::Good, State::Good], "chosen by the operator");
    assert_eq!(of("::", None, None), [State::Warning], "a network of its own");
    assert_eq!(of("127.0.0.1", None, None), [State::Good, State::Good]);
}

#[test]
fn little_room_few_files_and_a_clock_that_stands_still_are_told() {
    assert_eq!(machine::of_space(2_000_000_000).state, State::Good);
    assert_eq!(machine::of_space(500_000_000).state, State::Warning);
    assert_eq!(machine::of_space(1_000_000).state, State::Bad);
    assert_eq!(machine::of_files(usize::MAX).state, State::Good);
    assert_eq!(machine::of_files(1_024).state, State::Warning);
    assert_eq!(machine::of_clock(SystemTime::UNIX_EPOCH + Duration::from_secs(60)).state, State::Bad);
    assert_eq!(machine::of_clock(SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000)).state, State::Good);
}

#[test]
fn a_folder_is_looked_at_and_nothing_is_left_there() {
    let data = tempfile::tempdir().unwrap();
    let missing = data.path().join("a/b");
    for folder in [data.path(), &missing] {
        assert_eq!(machine::folder(folder).state, State::Good);
    }
    assert_eq!(std::fs::read_dir(data.path()).unwrap().count(), 0);
    let file = data.path().join("file");
    std::fs::write(&file, "").unwrap();
    assert_eq!(machine::folder(&file).state, State::Bad);
    assert_eq!(machine::folder(std::path::Path::new("/proc/none")).state, State::Bad);
}

#[test]
fn a_port_that_another_program_has_is_told() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let check = network::port(taken.local_addr().unwrap(), false);
    assert!(check.state == State::Bad && check.next.contains("Another program"), "{check:?}");
    let elsewhere: SocketAddr = "192.0.2.1:8443".parse().unwrap();
    assert_eq!(network::port(elsewhere, false).state, State::Bad, "no address of this machine");
    assert_eq!(network::port("127.0.0.1:0".parse().unwrap(), false).state, State::Warning);
}

#[tokio::test]
async fn the_worst_is_the_exit_status_and_what_is_wrong_is_said_with_what_to_do() {
    let data = tempfile::tempdir().unwrap();
    let mut config = Config::new(data.path().join("clinic"), "127.0.0.1:0".parse().unwrap());
    config.relay = RelayChoice::None;
    let checkup = doctor(&config, None).await;
    assert_eq!((checkup.running, checkup.exit()), (false, 1), "{}", checkup.page());
    let page = checkup.page();
    assert!(page.contains("--no-relay") && page.contains("warning  relay"), "{page}");
    assert!(!data.path().join("clinic").exists(), "nothing was made");
    for check in &checkup.checks {
        assert_eq!(check.next.is_empty(), check.state == State::Good, "{check:?}");
    }
}
