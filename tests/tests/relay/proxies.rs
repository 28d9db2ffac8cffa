//! Networks whose way out is a proxy, however the app learns of it. The clinic is known by a name that only the proxy knows, so that
//! there is no other way and no test needs a network around this machine.

use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;
use std::process::Command;

use xtask::middlebox::{ConnectProxy, TcpAlone};
use xtask::programs::Programs;
use xtask::report::Report;

use crate::clinic::{Clinic, NAME, RELAY, Side, own_address, values};
use crate::tls_proxy::{Authority, TlsProxy};

/// A clinic that a patient knows by its name, and a proxy that knows where that is.
fn clinic_and_proxy() -> (Clinic, ConnectProxy) {
    let clinic = Clinic::with_a_name();
    let proxy = ConnectProxy::before(clinic.address()).expect("a proxy");
    (clinic, proxy)
}

/// The patient went by TLS to the relay, and by way of the proxy with that as with what is said to the server.
fn went_by_the_proxy(clinic: &Clinic, proxy: &ConnectProxy, patient: &Report) {
    assert_eq!(values(patient, "way"), ["relay_tls"]);
    let tunnels = proxy.tunnels();
    assert!(tunnels.len() >= 2 && tunnels.iter().all(|to| *to == clinic.named()), "{tunnels:?}");
}

#[test]
fn who_has_nothing_but_a_proxy_meets_one_who_has_none_by_tls_through_it() {
    let (clinic, proxy) = clinic_and_proxy();
    let by = format!("http://{}", proxy.address);
    let patient = Side { words: &["--relay-by", "tls"], proxy: Some(&by), name: Some(NAME), ..Side::default() };
    let [patient, _] = clinic.call(Side::default(), patient);
    went_by_the_proxy(&clinic, &proxy, &patient);
}

#[test]
fn who_has_nothing_but_a_proxy_meets_one_whose_network_lets_no_datagram_through() {
    let mut clinic = Clinic::with_a_name();
    let firewall = TcpAlone::before(clinic.address()).expect("a firewall");
    clinic.house.server.url = format!("https://{}", firewall.address);
    let proxy = ConnectProxy::before(firewall.address).expect("a proxy");
    let by = format!("http://{}", proxy.address);
    let hides = ["--relay-only"];
    let clinician = Side { words: &hides, ..Side::default() };
    let patient = Side { words: &hides, proxy: Some(&by), name: Some(NAME), ..Side::default() };
    for report in clinic.call(clinician, patient) {
        let ways = values(&report, "way");
        assert!(ways.iter().all(|way| way == "relay_tcp" || way == "relay_tls") && !ways.is_empty(), "{ways:?}");
        assert_eq!(values(&report, "path"), ["relay-relay"]);
    }
    assert!(firewall.lost_a_datagram(), "the clinician tried datagrams");
    assert!(proxy.tunnels().len() >= 2, "{:?}", proxy.tunnels());
}

/// A proxy that is spoken to by TLS has a certificate of its network's, not the clinic's, and may know TLS 1.2 alone.
#[cfg(target_os = "linux")]
#[test]
fn a_proxy_that_is_spoken_to_by_tls_is_known_by_this_machines_authorities_and_the_clinic_by_its_pin() {
    let (clinic, proxy) = clinic_and_proxy();
    let folder = tempfile::tempdir().unwrap();
    let network = Authority::new();
    let roots = network.write(&folder.path().join("roots.pem"));
    let by_tls = TlsProxy::before(proxy.address, &network, &rustls::version::TLS12);
    let by = format!("https://{}", by_tls.address);
    let words = ["--relay-by", "tls"];
    let patient = Side { words: &words, proxy: Some(&by), name: Some(NAME), roots: Some(&roots), ..Side::default() };
    let [report, _] = clinic.call(Side::default(), patient);
    went_by_the_proxy(&clinic, &proxy, &report);
    // Inside of the tunnel it is the clinic or nobody; and a proxy for which nobody vouches is none.
    let (named, pin) = (clinic.named(), &clinic.house.server.pin);
    let from_here = Side { words: &[], ..patient };
    let (exit, said) = asks_doctor(&named, pin, from_here);
    assert_eq!(exit, Some(1), "datagrams cannot go by it: {said}");
    let (exit, said) = asks_doctor(&named, &format!("sha256:{}", "A".repeat(43)), from_here);
    assert!(exit == Some(2) && said.contains("certificate is not the one"), "{said}");
    let others = Authority::new().write(&folder.path().join("others.pem"));
    let (exit, said) = asks_doctor(&named, pin, Side { roots: Some(&others), ..from_here });
    assert!(exit == Some(2) && said.contains("proxy does not connect"), "{said}");
}

/// The doctor's exit status and what it says of the way to a server, `HOST:PORT`.
fn asks_doctor(server: &str, pin: &str, side: Side<'_>) -> (Option<i32>, String) {
    let mut command = Command::new(&Programs::for_tests().unwrap().app);
    command.args(["doctor", "--language", "en", "--camera", "none", "--microphone", "none", "--speaker", "none"]);
    command.args(side.words).args(["--server", &format!("https://{server}"), "--pin", pin]);
    let said = side.prepare(command).output().unwrap();
    (said.status.code(), String::from_utf8(said.stdout).unwrap())
}

/// A script that sends whoever wants to go to this clinic by way of this proxy, and everybody else straight.
fn script(clinic: &Clinic, proxy: &ConnectProxy) -> String {
    let (port, proxy) = (clinic.address().port(), proxy.address);
    format!(
        "function FindProxyForURL(url, host) {{\n  if (host === '{NAME}' && shExpMatch(url, 'https://*:{port}/*')) return 'PROXY \
         127.0.0.1:1; PROXY {proxy}';\n  return 'DIRECT';\n}}\n"
    )
}

/// A call whose patient knows the proxy by a script alone.
fn by_script(clinic: &Clinic, proxy: &ConnectProxy, patient: Side<'_>) {
    let [patient, _] = clinic.call(Side::default(), Side { name: Some(NAME), ..patient });
    went_by_the_proxy(clinic, proxy, &patient);
}

#[test]
fn who_is_told_a_proxy_by_a_script_alone_meets_the_other_by_way_of_it() {
    let (clinic, proxy) = clinic_and_proxy();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("proxy.pac");
    std::fs::write(&path, script(&clinic, &proxy)).unwrap();
    let words = ["--relay-by", "tls", "--pac", path.to_str().unwrap()];
    by_script(&clinic, &proxy, Side { words: &words, ..Side::default() });
}

/// KDE keeps its settings in a file.
#[cfg(target_os = "linux")]
#[test]
fn the_script_that_the_settings_of_kde_name_is_fetched_and_asked() {
    let (clinic, proxy) = clinic_and_proxy();
    let page = serve(script(&clinic, &proxy));
    let folder = tempfile::tempdir().unwrap();
    let settings = format!("[Proxy Settings]\nProxyType=2\nProxy Config Script={page}\n");
    std::fs::write(folder.path().join("kioslaverc"), settings).unwrap();
    let patient = Side { words: &["--relay-by", "tls"], desktop: Some(("KDE", folder.path())), ..Side::default() };
    by_script(&clinic, &proxy, patient);
}

/// GNOME's are asked of its own program; where this machine does not have it, one stands in that prints what it prints.
#[cfg(target_os = "linux")]
#[test]
fn the_script_that_the_settings_of_gnome_name_is_fetched_and_asked() {
    let (clinic, proxy) = clinic_and_proxy();
    let page = serve(script(&clinic, &proxy));
    let folder = tempfile::tempdir().unwrap();
    let asked = Command::new("gsettings").args(["get", "org.gnome.system.proxy", "mode"]).output();
    let stand_in = folder.path().join("programs");
    if asked.is_ok_and(|said| said.status.success()) {
        let settings = folder.path().join("glib-2.0/settings");
        std::fs::create_dir_all(&settings).unwrap();
        let keys = format!("[system/proxy]\nmode='auto'\nautoconfig-url='{page}'\n");
        std::fs::write(settings.join("keyfile"), keys).unwrap();
    } else {
        stand_in_for_gsettings(&stand_in, &page);
    }
    let patient = Side {
        words: &["--relay-by", "tls"],
        desktop: Some(("GNOME", folder.path())),
        programs: stand_in.exists().then_some(&stand_in),
        ..Side::default()
    };
    by_script(&clinic, &proxy, patient);
}

#[cfg(target_os = "linux")]
fn stand_in_for_gsettings(folder: &Path, page: &str) {
    use std::os::unix::fs::PermissionsExt as _;

    std::fs::create_dir_all(folder).unwrap();
    let program = folder.join("gsettings");
    let rows = [
        format!("org.gnome.system.proxy autoconfig-url '{page}'"),
        "org.gnome.system.proxy ignore-hosts ['localhost', '127.0.0.0/8', '::1']".to_owned(),
        "org.gnome.system.proxy mode 'auto'".to_owned(),
        "org.gnome.system.proxy.https host ''".to_owned(),
        "org.gnome.system.proxy.https port 0".to_owned(),
    ];
    let asked = "[ \"$*\" = 'list-recursively org.gnome.system.proxy' ] || exit 1";
    std::fs::write(&program, format!("#!/bin/sh\n{asked}\ncat <<'END'\n{}\nEND\n", rows.join("\n"))).unwrap();
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn a_script_that_never_ends_keeps_nobody_from_a_visit_and_is_told() {
    // Nobody is asked by way of what for a server on the loopback interface. Where this machine has no other address, the one
    // that means this very host (RFC 1122, section 3.2.1.3) is none of that interface's and leads there.
    let (clinic, way) = match own_address() {
        Some(here) => (Clinic::at(here), "direct"),
        None => (here_without_a_network(), "relay_udp"),
    };
    let proxy = ConnectProxy::before(clinic.address()).expect("a proxy");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("proxy.pac");
    std::fs::write(&path, "function FindProxyForURL(url, host) { for (;;) {} }").unwrap();
    let words = ["--pac", path.to_str().unwrap()];
    let side = Side { words: &words, ..Side::default() };
    for report in clinic.call(Side::default(), side) {
        assert_eq!(values(&report, "way"), [way]);
    }
    assert_eq!(proxy.tunnels(), Vec::<String>::new());
    let (exit, said) = asks_doctor(&clinic.address().to_string(), &clinic.house.server.pin, side);
    assert_eq!(exit, Some(0), "{said}");
    assert!(said.contains("does not come to an end; visits do without it."), "{said}");
    // And where nobody is reached without a proxy, that is why.
    let nobody = format!("{}:1", clinic.address().ip());
    let (exit, said) = asks_doctor(&nobody, &clinic.house.server.pin, side);
    assert_eq!(exit, Some(2), "{said}");
    assert!(said.contains("does not come to an end, and without a proxy nobody is reached."), "{said}");
}

fn here_without_a_network() -> Clinic {
    let mut clinic = Clinic::with(Ipv4Addr::LOCALHOST.into(), &["--relay-address", RELAY]);
    let here = IpAddr::from(Ipv4Addr::UNSPECIFIED);
    clinic.house.server.url = format!("https://{here}:{}", clinic.address().port());
    clinic
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
