//! Calls between the real programs by way of the real server's relay, each way to it by itself, and through what networks put
//! in the way. The whole table of networks is `cargo xtask bench paths`, which needs the link laboratory.
//!
//! These run in real time, one at a time (`.config/nextest.toml`).

#![allow(clippy::unwrap_used, reason = "all of this crate is a test, the helpers too")]

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use tempfile::TempDir;
use xtask::house::{End, House, Options, Place};
use xtask::middlebox::{ConnectProxy, TcpAlone};
use xtask::programs::Programs;
use xtask::recording::Sound;
use xtask::report::Report;
use xtask::say::complain;

const CALL_SECS: u32 = 3;
/// How long an end may take beside its call: a busy machine, a slow password hash, files to finish.
const AROUND: Duration = Duration::from_secs(40);

/// A server with an account.
struct Clinic {
    house: House,
    // Last: the folder goes when nothing writes into it any more.
    _folder: TempDir,
}

/// One end of a call: its further words, the proxy that it is told of, and the folder of its desktop's settings.
#[derive(Default, Clone, Copy)]
struct Side<'a> {
    words: &'a [&'a str],
    proxy: Option<SocketAddr>,
    settings: Option<&'a Path>,
}

impl Side<'_> {
    fn options(self, duration_secs: u32) -> Options {
        Options { duration_secs, more: self.words.iter().map(Into::into).collect(), ..Options::default() }
    }

    /// Whatever this machine goes by, no test does, unless it says so.
    fn prepare(self, mut command: Command) -> Command {
        for variable in ["HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"] {
            command.env_remove(variable).env_remove(variable.to_ascii_lowercase());
        }
        if let Some(proxy) = self.proxy {
            command.env("HTTPS_PROXY", format!("http://{proxy}"));
        }
        command.env_remove("XDG_CURRENT_DESKTOP");
        if let Some(folder) = self.settings {
            command
                .env("XDG_CURRENT_DESKTOP", "GNOME")
                .env("XDG_CONFIG_HOME", folder)
                .env("GSETTINGS_BACKEND", "keyfile");
        }
        command
    }
}

impl Clinic {
    fn open() -> Self {
        Self::at(Ipv4Addr::LOCALHOST.into())
    }

    fn at(address: IpAddr) -> Self {
        Self::with(address, &[])
    }

    /// With further words for the server.
    fn with(address: IpAddr, more: &[&str]) -> Self {
        let folder = tempfile::Builder::new().prefix("housecall-relay-").tempdir().expect("a folder");
        let programs = Programs::for_tests().expect("the programs");
        let listen = SocketAddr::new(address, 0).to_string();
        let house = House::open_with(programs, folder.path(), &Place::default(), &listen, more).expect("a server");
        Self { house, _folder: folder }
    }

    fn address(&self) -> SocketAddr {
        self.house.server.url.strip_prefix("https://").expect("a URL").parse().expect("an address")
    }

    /// Both ends of one call, over: the patient's report and the clinician's. Each has seen and heard the other.
    fn call(&self, host: Side<'_>, guest: Side<'_>) -> [Report; 2] {
        let place = Place::default();
        let command = self.house.host_command(&place, &host.options(CALL_SECS + 10), "1s");
        let mut host = self.house.start_host(&mut host.prepare(command), |_| {}).expect("the clinician's end");
        let command = self.house.join_command(&place, &guest.options(CALL_SECS));
        let mut guest = self.house.start_guest(&mut guest.prepare(command), |_| {}).expect("the patient's end");
        [&mut guest, &mut host].map(|end: &mut End| {
            let status = end.process.wait(Duration::from_secs(CALL_SECS.into()) + AROUND).expect("an end that ends");
            assert_eq!(status.code(), Some(0), "{}{}", end.process.stdout(), end.process.stderr());
            let heard = Sound::read(&end.files().speaker).expect("what was heard");
            assert!(heard.audible_secs() > 0.5, "the other's tone is heard");
            let report = end.report().expect("a report");
            assert!(report.shown_unix_us().len() > 20, "pictures came");
            report
        })
    }
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

#[test]
fn who_has_nothing_but_a_proxy_meets_one_who_has_none_by_tls_through_it() {
    // A server on the loopback interface is asked without a proxy.
    let Some(here) = own_address() else {
        return complain("not tried: this machine has no address by which it reaches others");
    };
    let clinic = Clinic::at(here);
    let proxy = ConnectProxy::start("127.0.0.1:0", clinic.address().port()).expect("a proxy");
    let patient = Side { words: &["--relay-by", "tls"], proxy: Some(proxy.address), ..Side::default() };
    let [patient, _] = clinic.call(Side::default(), patient);
    assert_eq!(values(&patient, "way"), ["relay_tls"]);
    // For what is said to the server, and for the relay.
    let tunnels = proxy.tunnels();
    assert!(tunnels.len() >= 2 && tunnels.iter().all(|to| *to == clinic.address().to_string()), "{tunnels:?}");
}

/// A clinic that is not on the loopback interface, and a proxy that leads to its port.
fn clinic_and_proxy() -> Option<(Clinic, ConnectProxy)> {
    let Some(here) = own_address() else {
        complain("not tried: this machine has no address by which it reaches others");
        return None;
    };
    let clinic = Clinic::at(here);
    let proxy = ConnectProxy::start("127.0.0.1:0", clinic.address().port()).expect("a proxy");
    Some((clinic, proxy))
}

/// A script that sends whoever wants to go to this clinic by way of this proxy, and everybody else straight.
fn script(clinic: &Clinic, proxy: &ConnectProxy) -> String {
    let (clinic, proxy) = (clinic.address(), proxy.address);
    format!(
        "function FindProxyForURL(url, host) {{\n  if (host === '{}' && shExpMatch(url, 'https://*:{}/*')) return 'PROXY \
         127.0.0.1:1; PROXY {proxy}';\n  return 'DIRECT';\n}}\n",
        clinic.ip(),
        clinic.port()
    )
}

/// Both ends' reports of a call whose patient knows a proxy by a script alone.
fn by_script(clinic: &Clinic, proxy: &ConnectProxy, patient: Side<'_>) {
    let [patient, _] = clinic.call(Side::default(), patient);
    assert_eq!(values(&patient, "way"), ["relay_tls"]);
    let tunnels = proxy.tunnels();
    assert!(tunnels.len() >= 2 && tunnels.iter().all(|to| *to == clinic.address().to_string()), "{tunnels:?}");
}

#[test]
fn who_is_told_a_proxy_by_a_script_alone_meets_the_other_by_way_of_it() {
    let Some((clinic, proxy)) = clinic_and_proxy() else { return };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("proxy.pac");
    std::fs::write(&path, script(&clinic, &proxy)).unwrap();
    let words = ["--relay-by", "tls", "--pac", path.to_str().unwrap()];
    by_script(&clinic, &proxy, Side { words: &words, ..Side::default() });
}

#[cfg(target_os = "linux")]
#[test]
fn the_script_that_the_settings_of_the_desktop_name_is_fetched_and_asked() {
    if Command::new("gsettings")
        .args(["get", "org.gnome.system.proxy", "mode"])
        .output()
        .is_ok_and(|said| said.status.success())
    {
        let Some((clinic, proxy)) = clinic_and_proxy() else { return };
        let page = serve(script(&clinic, &proxy));
        let folder = tempfile::tempdir().unwrap();
        let settings = folder.path().join("glib-2.0/settings");
        std::fs::create_dir_all(&settings).unwrap();
        let keys = format!("[system/proxy]\nmode='auto'\nautoconfig-url='{page}'\n");
        std::fs::write(settings.join("keyfile"), keys).unwrap();
        let patient = Side { words: &["--relay-by", "tls"], settings: Some(folder.path()), ..Side::default() };
        by_script(&clinic, &proxy, patient);
    } else {
        complain("not tried: this machine has no gsettings, or not GNOME's schemas");
    }
}

#[test]
fn a_script_that_never_ends_keeps_nobody_from_a_visit_and_is_told() {
    let Some((clinic, proxy)) = clinic_and_proxy() else { return };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("proxy.pac");
    std::fs::write(&path, "function FindProxyForURL(url, host) { for (;;) {} }").unwrap();
    let words = ["--pac", path.to_str().unwrap()];
    let side = Side { words: &words, ..Side::default() };
    for report in clinic.call(Side::default(), side) {
        assert_eq!(values(&report, "way"), ["direct"]);
    }
    assert_eq!(proxy.tunnels(), Vec::<String>::new());
    let doctor = |server: &str| {
        let mut command = Command::new(&Programs::for_tests().unwrap().app);
        command.args(["doctor", "--language", "en", "--camera", "none", "--microphone", "none", "--speaker", "none"]);
        command.args(words).args(["--server", server]).args(["--pin", &clinic.house.server.pin]);
        let said = side.prepare(command).output().unwrap();
        (said.status.code(), String::from_utf8(said.stdout).unwrap())
    };
    let (exit, said) = doctor(&clinic.house.server.url);
    assert_eq!(exit, Some(0), "{said}");
    assert!(said.contains("does not come to an end; visits do without it."), "{said}");
    // And where nobody is reached without a proxy, that is why.
    let (exit, said) = doctor(&format!("https://{}:1", clinic.address().ip()));
    assert_eq!(exit, Some(2), "{said}");
    assert!(said.contains("does not come to an end, and without a proxy nobody is reached."), "{said}");
}

/// Serves this text to whoever asks, as a page of its own.
#[cfg(target_os = "linux")]
fn serve(text: String) -> String {
    use std::io::{Read as _, Write as _};

    let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for mut client in listener.incoming().flatten() {
            let _ = client.read(&mut [0; 4_096]);
            let _ = write!(client, "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{text}", text.len());
        }
    });
    format!("http://{address}/proxy.pac")
}

/// By which address this machine reaches others; nothing is sent for that.
fn own_address() -> Option<IpAddr> {
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).ok()?;
    socket.connect((Ipv4Addr::new(192, 0, 2, 1), 9)).ok()?;
    socket.local_addr().ok().map(|address| address.ip())
}
