//! The relay over real sockets: by UDP, TCP and TLS, for whom it is, and for how long.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use hyper::StatusCode;
use serde_json::json;
use server::{Config, Coturn, Quotas, RelayChoice, RelayOptions};
use signaling_protocol::{ChallengeReply, IceReply, IceServer, InviteId, StaffRole};
use testkit::turn::{TurnAnswer, TurnClient};
use tokio::net::UdpSocket;
use tokio::time::timeout;
use units::Phi;

use crate::client::{Clinic, PATIENCE, Person};
use crate::revoked::Way as PutOut;
use crate::turn::{Line, Way};

/// A relay among private addresses: the tests' peers are on this machine.
fn lab(config: &mut Config) {
    config.relay = RelayChoice::Own(RelayOptions { private_peers: true, ..RelayOptions::default() });
}

/// The relay that somebody is given.
async fn relay_of(person: &Person) -> IceServer {
    let reply: IceReply = person.get("ice").await.ok();
    assert_eq!(reply.ttl_secs, 600);
    reply.servers.into_iter().nth(1).expect("a relay")
}

fn turn_client(server: &IceServer) -> TurnClient {
    TurnClient::new(server.username.as_ref().unwrap().expose(), server.credential.as_ref().unwrap().expose())
}

/// A socket of somebody on the internet, as far as the relay can see.
async fn peer(ip: &str) -> (UdpSocket, SocketAddr) {
    let socket = UdpSocket::bind((ip, 0)).await.unwrap();
    let address = socket.local_addr().unwrap();
    (socket, address)
}

async fn heard(socket: &UdpSocket) -> (Vec<u8>, SocketAddr) {
    let mut buffer = vec![0; 2_000];
    let (length, from) = timeout(PATIENCE, socket.recv_from(&mut buffer)).await.expect("a datagram in time").unwrap();
    buffer.truncate(length);
    (buffer, from)
}

#[tokio::test]
async fn data_passes_both_ways_by_udp_tcp_and_tls() {
    let clinic = Clinic::start_with(lab).await;
    let (_, _, guest) = clinic.call().await;
    let server = relay_of(&guest).await;
    let at = clinic.running.address;
    let urls = ["turn:{}?transport=udp", "turn:{}?transport=tcp", "turns:{}?transport=tcp"];
    assert_eq!(server.urls, urls.map(|url| url.replace("{}", &at.to_string())));
    for way in [Way::Udp, Way::Tcp, Way::Tls(&b"stun.turn"[..]), Way::Tls(b"")] {
        let mut line = Line::open(&clinic.client(), way).await;
        let mut turn = turn_client(&server);
        let relayed = line.must_allocate(&mut turn).await;
        let (socket, address) = peer("127.0.0.1").await;
        line.must(&mut turn, |turn| turn.channel(0x4000, address)).await;
        // Of lengths that a stream has to fill up, and many at once.
        for length in [0, 1, 2, 3, 4, 5, 1_199, 1_200] {
            line.say(&TurnClient::channel_data(0x4000, &vec![length as u8; length])).await;
            assert_eq!(heard(&socket).await, (vec![length as u8; length], relayed), "{way:?}");
        }
        for n in 0..20_u8 {
            socket.send_to(&vec![n; 100 + usize::from(n)], relayed).await.unwrap();
        }
        for n in 0..20_u8 {
            let bytes = vec![n; 100 + usize::from(n)];
            assert_eq!(line.hear(&mut turn).await, TurnAnswer::Channel { number: 0x4000, bytes }, "{way:?}");
        }
    }
}

#[tokio::test]
async fn two_people_meet_on_the_relay_and_both_families_are_relayed() {
    for ip in ["127.0.0.1", "::1"] {
        // With the defaults: that the relay's own address is a private one is no hindrance to its own.
        let clinic = Clinic::start_with(|config| config.listen = SocketAddr::new(ip.parse().unwrap(), 0)).await;
        let (_, host, guest) = clinic.call().await;
        let (mut here, mut there) =
            (Line::open(&clinic.client(), Way::Udp).await, Line::open(&clinic.client(), Way::Tcp).await);
        let (mut of_host, mut of_guest) = (turn_client(&relay_of(&host).await), turn_client(&relay_of(&guest).await));
        let (at_host, at_guest) = (here.must_allocate(&mut of_host).await, there.must_allocate(&mut of_guest).await);
        here.must(&mut of_host, |turn| turn.channel(0x4000, at_guest)).await;
        there.must(&mut of_guest, |turn| turn.channel(0x4001, at_host)).await;
        here.say(&TurnClient::channel_data(0x4000, b"good morning")).await;
        let bytes = b"good morning".to_vec();
        assert_eq!(there.hear(&mut of_guest).await, TurnAnswer::Channel { number: 0x4001, bytes });
        there.say(&TurnClient::channel_data(0x4001, b"hello")).await;
        assert_eq!(here.hear(&mut of_host).await, TurnAnswer::Channel { number: 0x4000, bytes: b"hello".to_vec() });
        assert_eq!(at_host.ip(), ip.parse::<std::net::IpAddr>().unwrap());
    }
}

#[tokio::test]
async fn nobody_is_led_into_a_private_network() {
    let clinic = Clinic::start().await;
    let (_, _, guest) = clinic.call().await;
    let server = relay_of(&guest).await;
    let (socket, address) = peer("127.0.0.2").await;
    for way in [Way::Udp, Way::Tcp, Way::Tls(b"stun.turn")] {
        let (mut line, mut turn) = (Line::open(&clinic.client(), way).await, turn_client(&server));
        line.must_allocate(&mut turn).await;
        for forbidden in [address, "10.0.0.1:5000".parse().unwrap(), "192.168.0.1:5000".parse().unwrap()] {
            let request = turn.permission(&[forbidden]);
            assert_eq!(line.ask(&mut turn, &request).await, TurnAnswer::Refused { code: 403, signed: true }, "{way:?}");
        }
        // The address of the relay itself may be permitted, since others of it are there; what else listens on it is not reached.
        let server = clinic.running.address;
        line.must(&mut turn, |turn| turn.permission(&[server])).await;
        line.say(&turn.send(server, &turn.allocate(false))).await;
        line.say(&turn.send(address, b"x")).await;
        line.must(&mut turn, |turn| turn.refresh(600)).await;
    }
    assert_eq!(socket.try_recv(&mut [0; 10]).unwrap_err().kind(), std::io::ErrorKind::WouldBlock);
}

#[tokio::test]
async fn by_ipv6_data_passes_and_nobody_is_led_into_a_private_network_by_any_of_its_wrappings() {
    let at = "[::1]:0".parse().unwrap();
    let open = Clinic::start_with(|config| {
        lab(config);
        config.listen = at;
    })
    .await;
    let strict = Clinic::start_with(|config| config.listen = at).await;
    let (of_open, of_strict) = (open.call().await.2, strict.call().await.2);
    let (of_open, of_strict) = (relay_of(&of_open).await, relay_of(&of_strict).await);
    for way in [Way::Udp, Way::Tcp, Way::Tls(b"stun.turn")] {
        let (mut line, mut turn) = (Line::open(&open.client(), way).await, turn_client(&of_open));
        let relayed = line.must_allocate(&mut turn).await;
        assert!(relayed.is_ipv6(), "{relayed}");
        let (socket, address) = peer("::1").await;
        line.must(&mut turn, |turn| turn.permission(&[address])).await;
        line.say(&turn.send(address, b"good morning")).await;
        assert_eq!(heard(&socket).await, (b"good morning".to_vec(), relayed), "{way:?}");
        line.must(&mut turn, |turn| turn.channel(0x4000, address)).await;
        socket.send_to(b"hello", relayed).await.unwrap();
        let answer = line.hear(&mut turn).await;
        assert_eq!(answer, TurnAnswer::Channel { number: 0x4000, bytes: b"hello".to_vec() }, "{way:?}");

        let (mut line, mut turn) = (Line::open(&strict.client(), way).await, turn_client(&of_strict));
        line.must_allocate(&mut turn).await;
        for forbidden in FORBIDDEN_V6 {
            let peer = SocketAddr::new(forbidden.parse().unwrap(), address.port());
            let refused = TurnAnswer::Refused { code: 403, signed: true };
            for request in [turn.permission(&[peer]), turn.channel(0x4000, peer)] {
                assert_eq!(line.ask(&mut turn, &request).await, refused, "{forbidden}, {way:?}");
            }
            line.say(&turn.send(peer, b"x")).await;
            line.say(&TurnClient::channel_data(0x4000, b"x")).await;
        }
        // Its own relayed address is there for others of it; a socket beside it on the same machine is not reached.
        line.must(&mut turn, |turn| turn.permission(&[address])).await;
        line.say(&turn.send(address, b"x")).await;
        line.must(&mut turn, |turn| turn.refresh(600)).await;
        assert_eq!(socket.try_recv(&mut [0; 10]).unwrap_err().kind(), std::io::ErrorKind::WouldBlock, "{way:?}");
    }
}

/// The WebRTC library of our own apps never says of which family, by whatever it reaches a relay.
#[tokio::test]
async fn a_relay_of_ipv6_alone_serves_whoever_names_no_family() {
    let clinic = Clinic::start_with(|config| {
        lab(config);
        config.listen = "[::1]:0".parse().unwrap();
    })
    .await;
    let server = relay_of(&clinic.call().await.2).await;
    for way in [Way::Udp, Way::Tcp, Way::Tls(b"stun.turn")] {
        let (mut line, mut turn) = (Line::open(&clinic.client(), way).await, turn_client(&server));
        let first = turn.allocate_any();
        assert!(matches!(line.ask(&mut turn, &first).await, TurnAnswer::Refused { code: 401, .. }), "{way:?}");
        let again = turn.allocate_any();
        let TurnAnswer::Done { relayed: Some(relayed), .. } = line.ask(&mut turn, &again).await else {
            panic!("{way:?}")
        };
        let (socket, address) = peer("::1").await;
        line.must(&mut turn, |turn| turn.channel(0x4000, address)).await;
        line.say(&TurnClient::channel_data(0x4000, b"good morning")).await;
        assert_eq!(heard(&socket).await, (b"good morning".to_vec(), relayed), "{way:?}");
    }
}

/// Unique local and link-local addresses, multicast, and private IPv4 addresses in every wrapping: mapped, compatible, NAT64 (both
/// prefixes), 6to4, Teredo.
const FORBIDDEN_V6: [&str; 15] = [
    "fd00::1",
    "fc00::1",
    "fe80::1",
    "fec0::1",
    "ff02::1",
    "::",
    "::ffff:10.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:8.8.8.8",
    "::10.0.0.1",
    "64:ff9b::192.168.0.1",
    "64:ff9b:1::10.0.0.1",
    "2002:a00:1::1",
    "2002:7f00:1::1",
    "2001:0:a00:1::1",
];

#[tokio::test]
async fn a_clinic_that_hides_addresses_says_so_and_names_relays_alone() {
    let clinic = Clinic::start_with(|config| config.relay_only = true).await;
    let (_, host, guest) = clinic.call().await;
    for person in [&host, &guest] {
        let reply: IceReply = person.get("ice").await.ok();
        assert!(reply.relay_only && person.joined.relay_only, "said twice: one answer may be lost");
        let urls: Vec<_> = reply.servers.iter().flat_map(|server| &server.urls).collect();
        assert!(urls.len() == 3 && urls.iter().all(|url| url.starts_with("turn")), "{urls:?}");
    }
    let clinic = Clinic::start().await;
    let (_, _, guest) = clinic.call().await;
    let usual: IceReply = guest.get("ice").await.ok();
    assert!(!usual.relay_only && !guest.joined.relay_only);
}

#[tokio::test]
async fn who_has_a_link_is_told_the_clinics_telephone_number_without_a_login() {
    let phone = Some("+1 555 0100".to_owned());
    for (said, expected) in [(phone.clone(), phone), (None, None)] {
        let clinic = Clinic::start_with(|config| config.phone = said).await;
        let path = format!("/v1/invites/{}/challenge", InviteId::from_random([7; 16]));
        let reply: ChallengeReply = clinic.client().post(&path, None, &json!({})).await.ok();
        assert_eq!(reply.phone, expected, "known or not");
    }
}

#[tokio::test]
async fn expired_foreign_and_garbled_credentials_get_nothing() {
    let clinic = Clinic::start_with(lab).await;
    let (_, _, guest) = clinic.call().await;
    let good = turn_client(&relay_of(&guest).await);
    let another = Clinic::start_with(lab).await;
    let foreign = turn_client(&relay_of(&another.call().await.2).await);
    let (_, rest) = good.username.split_once(':').unwrap();
    let mut expired = good.clone();
    expired.username = format!("1000000000:{rest}");
    let mut garbled = good.clone();
    garbled.password.pop();
    for way in [Way::Udp, Way::Tcp, Way::Tls(b"stun.turn")] {
        for mut turn in [foreign.clone(), expired.clone(), garbled.clone(), TurnClient::new("", "")] {
            let mut line = Line::open(&clinic.client(), way).await;
            assert_eq!(line.allocate(&mut turn).await, TurnAnswer::Refused { code: 401, signed: false }, "{way:?}");
        }
    }
}

#[tokio::test]
async fn two_seconds_after_somebody_is_out_of_the_visit_nothing_passes() {
    let clinic = Clinic::start_with(lab).await;
    let ada = clinic.staff("ada", StaffRole::Admin).await.token;
    // The guest by their host, the host by an admin.
    for (number, how) in (1..).zip([Ok("remove"), Ok("end"), Err(PutOut::DeviceRevoked), Err(PutOut::Disabled)]) {
        let (staff, victim) = match how {
            Ok(_) => (clinic.sign_in().await, None),
            Err(way) => {
                let victim = way.victim(&clinic).await;
                (victim.token.expose().clone(), Some((way, victim)))
            }
        };
        let link = clinic.link(&staff, number).await;
        let (host, guest) = (clinic.host(&staff, link.visit).await, clinic.guest(&link).await);
        let mut turn = turn_client(&relay_of(if victim.is_some() { &host } else { &guest }).await);
        let mut line = Line::open(&clinic.client(), Way::Udp).await;
        let relayed = line.must_allocate(&mut turn).await;
        let mut stream = Line::open(&clinic.client(), Way::Tcp).await;
        stream.must_allocate(&mut turn.clone()).await;
        let (socket, address) = peer("127.0.0.1").await;
        line.must(&mut turn, |turn| turn.channel(0x4000, address)).await;
        match (how, &victim) {
            (Ok(how), _) => host.post(how, &json!({ "endpoint": guest.joined.endpoint })).await.is(StatusCode::OK),
            (_, Some((way, victim))) => way.carry_out(&clinic, &ada, victim).await,
            (_, None) => unreachable!("of the staff"),
        }
        let begin = Instant::now();
        // What passes still, passes for two seconds at most; a peer sees that the address is gone.
        loop {
            line.say(&TurnClient::channel_data(0x4000, b"x")).await;
            match timeout(Duration::from_millis(400), socket.recv_from(&mut [0; 10])).await {
                Ok(heard) => assert_eq!(heard.unwrap().1, relayed),
                Err(_) => break,
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        assert!(begin.elapsed() < Duration::from_secs(2), "{:?} after {how:?}", begin.elapsed());
        assert!(stream.is_closed().await, "so is the stream");
        assert!(
            matches!(line.allocate(&mut turn).await, TurnAnswer::Refused { code: 401, .. }),
            "nor is there a new one"
        );
        // Its port is free.
        UdpSocket::bind(relayed).await.unwrap();
    }
}

#[tokio::test]
async fn nobody_has_more_than_a_share() {
    let quotas = Quotas { per_endpoint: 2, ..Quotas::default() };
    let clinic = Clinic::start_with(|config| {
        config.relay = RelayChoice::Own(RelayOptions { quotas, ..RelayOptions::default() });
    })
    .await;
    let (_, _, guest) = clinic.call().await;
    let turn = turn_client(&relay_of(&guest).await);
    let mut kept = Vec::new();
    for way in [Way::Udp, Way::Tcp] {
        let mut line = Line::open(&clinic.client(), way).await;
        line.must_allocate(&mut turn.clone()).await;
        kept.push(line);
    }
    let mut line = Line::open(&clinic.client(), Way::Udp).await;
    assert_eq!(line.allocate(&mut turn.clone()).await, TurnAnswer::Refused { code: 486, signed: true });
    // A stream that ends gives back what it had.
    drop(kept.pop());
    let begin = Instant::now();
    while let TurnAnswer::Refused { .. } = line.allocate(&mut turn.clone()).await {
        assert!(begin.elapsed() < PATIENCE);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn https_and_stun_go_on_beside_it() {
    let clinic = Clinic::start().await;
    let client = clinic.client();
    let mut binding = vec![0, 1, 0, 0, 0x21, 0x12, 0xA4, 0x42];
    binding.extend([7; 12]);
    for way in [Way::Udp, Way::Tcp, Way::Tls(b"stun.turn"), Way::Tls(b"")] {
        let mut line = Line::open(&client, way).await;
        line.say(&binding).await;
        let answer = line.hear(&mut TurnClient::new("", "")).await;
        assert!(
            matches!(answer, TurnAnswer::Done { mapped: Some(mapped), .. } if mapped == line.local()),
            "{way:?}: {answer:?}"
        );
        client.request("GET", "/healthz", None, Vec::new()).await.is(StatusCode::OK);
    }
}

#[tokio::test]
async fn who_waits_behind_the_next_two_hears_when_there_is_a_relay() {
    let clinic = Clinic::start().await;
    let staff = clinic.sign_in().await;
    let visit = clinic.link(&staff, 1).await;
    let host = clinic.host(&staff, visit.visit).await;
    let mut guests = Vec::new();
    for n in 1..4 {
        let link = if n == 1 { &visit } else { &clinic.link_to(&staff, visit.visit, n).await };
        guests.push(clinic.guest(link).await);
    }
    for guest in guests.iter().take(2).chain([&host]) {
        relay_of(guest).await;
    }
    let third: IceReply = guests[2].get("ice").await.ok();
    assert_eq!(third.servers.len(), 1, "too many wait before it");
    let mut heard = guests[2].listen(None).await;
    heard.until("hello").await;
    host.post("admit", &json!({ "endpoint": guests[0].joined.endpoint })).await.is(StatusCode::OK);
    heard.until("ice_refresh").await;
    relay_of(&guests[2]).await;
}

#[tokio::test]
async fn an_operator_may_have_none_or_a_coturn() {
    let none = Clinic::start_with(|config| config.relay = RelayChoice::None).await;
    let (_, _, guest) = none.call().await;
    let reply: IceReply = guest.get("ice").await.ok();
    assert_eq!((reply.servers.len(), reply.ttl_secs), (1, 3_600));
    let mut line = Line::open(&none.client(), Way::Udp).await;
    line.say(&TurnClient::new("", "").allocate(false)).await;
    assert!(
        timeout(Duration::from_millis(300), line.hear(&mut TurnClient::new("", ""))).await.is_err(),
        "nobody answers"
    );
    let coturn = Coturn { urls: vec!["turn:relay.example:3478".to_owned()], secret: Phi::new("secret".to_owned()) };
    let other = Clinic::start_with(|config| config.relay = RelayChoice::Coturn(coturn)).await;
    let server = relay_of(&other.call().await.2).await;
    assert_eq!(server.urls, ["turn:relay.example:3478"]);
    let username = server.username.unwrap();
    let (expires, user) = username.expose().split_once(':').unwrap();
    assert!(expires.parse::<u64>().is_ok() && user.len() == 16 && !user.contains(':'), "{expires}:{user}");
}
