//! What the library is told of servers, and what of its datagrams goes where.

use std::io::IoSliceMut;
use std::task::{Context, Waker};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex};
use tokio::sync::mpsc;
use tokio::time::sleep;

use webrtc::runtime::RecvMeta;

use super::message::tests::stun;
use super::*;

/// To which host and port a stream was wanted, whether with TLS, and its other end.
type Dialed = (String, u16, bool, DuplexStream);

/// Opens streams whose other ends the test holds.
#[derive(Debug)]
struct ToTest(mpsc::UnboundedSender<Dialed>);

impl RelayDialer for ToTest {
    fn dial(&self, host: String, port: u16, tls: bool) -> Dialing {
        let (ours, theirs) = duplex(100_000);
        let told = self.0.send((host, port, tls, theirs));
        Box::pin(async move {
            told.map_err(|_| io::ErrorKind::ConnectionRefused)?;
            Ok(Box::new(ours) as Box<dyn RelayStream>)
        })
    }
}

fn server(urls: &[&str], secret: Option<&str>) -> IceServer {
    IceServer {
        urls: urls.iter().map(|url| (*url).to_owned()).collect(),
        username: secret.map(|secret| secret.to_owned().into()),
        credential: secret.map(|secret| secret.to_owned().into()),
    }
}

fn relays(urls: &[&str]) -> (Arc<Relays>, mpsc::UnboundedReceiver<Dialed>) {
    let (dialed, ends) = mpsc::unbounded_channel();
    let relays = Arc::new(Relays::new(Some(Arc::new(ToTest(dialed))), false));
    relays.for_library(&[server(urls, Some("secret"))]);
    (relays, ends)
}

const ALLOCATE: [u8; 2] = [0, 3];

#[test]
fn servers_that_cannot_be_used_are_passed_over_and_the_others_stay() {
    let left = |server: &IceServer| {
        let relays = Relays::new(None, false);
        relays.for_library(std::slice::from_ref(server)).pop().map(|server| server.urls)
    };
    let mixed = ["turns:a.example:443", "turn:a.example?transport=tcp", "nonsense", "turn:a.example", "stun:a.example"];
    let good = ["turn:a.example".to_owned(), "stun:a.example".to_owned()];
    assert_eq!(left(&server(&mixed, Some("secret"))).as_deref(), Some(&good[..]), "nobody opens streams");
    assert_eq!(left(&server(&["turn:a.example"], None)), None, "a relay without a password");
    assert_eq!(left(&server(&["stuns:a.example"], None)), None);
}

#[test]
fn an_address_is_a_relays_if_the_other_side_says_so_though_a_check_from_it_was_sooner() {
    let relays = Relays::new(None, false);
    let [lent, other]: [SocketAddr; 2] = ["192.0.2.1:50000", "192.0.2.1:50001"].map(|text| text.parse().unwrap());
    let found = |address| relays.their_kind(CandidateKind::PeerReflexive, address);
    assert_eq!(found(lent), CandidateKind::PeerReflexive);
    relays.on_their_relay(lent);
    assert_eq!((found(lent), found(other)), (CandidateKind::Relay, CandidateKind::PeerReflexive));
    assert_eq!(relays.their_kind(CandidateKind::Host, lent), CandidateKind::Host);
}

#[test]
fn each_relay_behind_a_stream_has_an_address_of_its_own_and_keeps_it() {
    let (relays, _ends) = relays(&["turns:a.example:443", "turn:a.example?transport=tcp"]);
    let again = relays.for_library(&[server(&["turn:a.example?transport=tcp", "turns:b.example:443"], Some("fresh"))]);
    let names = ["turn:relay-1.invalid:3478?transport=udp", "turn:relay-2.invalid:3478?transport=udp"];
    assert_eq!(again[0].urls, names);
    assert!(again[0].urls().is_ok(), "the library reads it");
    for number in 0..3 {
        let stand_in = relays.stand_in(&format!("relay-{number}.invalid:3478")).expect("it stands for a relay");
        assert!(stand_in[0].is_ipv4() && stand_in[1].is_ipv6());
        assert_eq!([place(stand_in[0]), place(stand_in[1])], [Some(number); 2]);
    }
    assert_eq!(relays.stand_in("a.example:3478"), None);
    for others in
        ["240.0.0.1:80", "240.0.1.1:3478", "192.0.2.1:3478", "[100::1]:80", "[100:1::1]:3478", "240.0.0.0:3478"]
    {
        assert_eq!(place(others.parse().unwrap()), None, "{others}");
    }
}

#[test]
fn there_is_a_limit_to_the_relays_that_a_server_names() {
    let urls: Vec<String> = (0..20).map(|number| format!("turns:a{number}.example:443")).collect();
    let urls: Vec<&str> = urls.iter().map(String::as_str).collect();
    let (relays, _ends) = relays(&urls);
    assert_eq!(relays.lock().bridged.len(), MOST_BRIDGED);
}

#[tokio::test(start_paused = true)]
async fn the_library_asks_by_one_socket_and_is_refused_by_the_others() {
    let (relays, mut ends) = relays(&["turns:a.example:443"]);
    relays.on_resolve(Instant::now());
    let (host, port, tls, mut end) = ends.recv().await.expect("it is dialed");
    assert_eq!((&*host, port, tls), ("a.example", 443, true));
    let (first, second) = (Arc::new(Inbox::default()), Arc::new(Inbox::default()));
    let link = relays.link(stand_in_v4(0)).expect("there is a link");
    let request = stun(ALLOCATE, &[]);
    link.send(&first, stand_in_v4(0), &request);
    link.send(&second, stand_in_v4(0), &request);
    let mut came = vec![0; request.len()];
    end.read_exact(&mut came).await.unwrap();
    assert_eq!(came, request);
    let answer = stun([1, 0x13], &[]);
    end.write_all(&answer).await.unwrap();
    assert_eq!(taken(&first).await, answer);
    assert_eq!(taken(&second).await[..2], [1, 0x13], "refused");

    // The connection closes: what is queued is written before the stream ends.
    link.send(&first, stand_in_v4(0), &[0x40, 0, 0, 1, 9]);
    drop(link);
    relays.close();
    let mut rest = Vec::new();
    end.read_to_end(&mut rest).await.unwrap();
    assert_eq!(rest, [0x40, 0, 0, 1, 9, 0, 0, 0]);
}

#[tokio::test(start_paused = true)]
async fn a_stream_is_not_used_where_datagrams_come_through() {
    let (relays, mut ends) = relays(&["turn:a.example", "turns:a.example:443"]);
    relays.on_resolve(Instant::now());
    let by_datagrams: SocketAddr = "192.0.2.9:3478".parse().unwrap();
    relays.on_resolved("a.example:3478", &[by_datagrams]);
    let (.., mut end) = ends.recv().await.expect("it is dialed at once");
    let inbox = Arc::new(Inbox::default());
    let link = relays.link(stand_in_v4(0)).unwrap();
    link.send(&inbox, stand_in_v4(0), &stun(ALLOCATE, &[]));
    let value = [0, 1, 0xc3 ^ 0x21, 0x50 ^ 0x12, 203 ^ 0x21, 0x12, 113 ^ 0xa4, 5 ^ 0x42];
    let lent = stun([1, 3], &[([0, 0x16], &value)]);
    relays.on_datagram(Instant::now(), "192.0.2.8:3478".parse().unwrap(), &lent);
    assert_eq!(relays.protocol_of("203.0.113.5:50000".parse().unwrap()), None, "somebody else says so");
    relays.on_datagram(Instant::now(), by_datagrams, &lent);
    assert_eq!(relays.protocol_of("203.0.113.5:50000".parse().unwrap()), Some(RelayProtocol::Udp));
    assert_eq!(taken(&inbox).await[..2], [1, 0x13], "refused");
    let mut written = Vec::new();
    end.read_to_end(&mut written).await.unwrap();
    assert!(written.is_empty(), "the relay was not even asked");
}

#[tokio::test(start_paused = true)]
async fn a_relay_that_cannot_be_reached_is_refused_and_later_ones_are_asked_anew() {
    let (relays, mut ends) = relays(&["turns:a.example:443"]);
    relays.on_resolve(Instant::now());
    drop(ends.recv().await);
    let inbox = Arc::new(Inbox::default());
    let send = || relays.link(stand_in_v4(0)).unwrap().send(&inbox, stand_in_v4(0), &stun(ALLOCATE, &[]));
    send();
    assert_eq!(taken(&inbox).await[..2], [1, 0x13]);
    relays.on_bind();
    assert!(relays.link(stand_in_v4(0)).is_none());
    relays.on_resolve(Instant::now());
    let (.., mut end) = ends.recv().await.expect("it is dialed again");
    send();
    end.read_exact(&mut [0; 20]).await.expect("it is asked again");
}

#[test]
fn with_relays_only_nothing_is_sent_elsewhere() {
    let relays = Relays::new(None, true);
    relays.for_library(&[server(&["turn:a.example"], Some("secret"))]);
    let (relay, other) = ("192.0.2.9:3478".parse().unwrap(), "192.0.2.9:3479".parse().unwrap());
    relays.on_resolved("b.example:3478", &[relay]);
    assert!(!relays.may_send_to(relay));
    relays.on_resolved("a.example:3478", &[relay]);
    assert!(relays.may_send_to(relay) && !relays.may_send_to(other));
    assert!(Relays::new(None, false).may_send_to(other));
}

async fn taken(inbox: &Inbox) -> Vec<u8> {
    let mut buffer = vec![0; 2_000];
    let (cx, mut meta) = (Context::from_waker(Waker::noop()), [RecvMeta::default()]);
    for _ in 0..1_000 {
        if inbox.poll(&cx, &mut [IoSliceMut::new(&mut buffer)], &mut meta) {
            buffer.truncate(meta[0].len);
            return buffer;
        }
        // Virtual time, so that the links' tasks run.
        sleep(Duration::from_millis(1)).await;
    }
    panic!("nothing came");
}
