//! Two behind routers that translate addresses: the product's own peers, the real server's STUN and relay, and between them small routers in
//! user space. The addresses of their own networks lead nowhere from outside, and so the two are not told them.

mod router;

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use bytes::Bytes;
use peer::{IceServer, Peer, PeerConfig, PeerEvent, PeerStreams, RelayProtocol, VoiceFormat, VoiceOut};
use server::accounts::add_user;
use server::{Config, RelayChoice, RelayOptions, Running, serve};
use signaling_client::{EventStream, Server, ServerTrust, SignalingClient, StreamEvent};
use signaling_protocol::{Base64, HostJoinRequest, SignInRequest, StaffRole, VersionRange};
use tempfile::TempDir;
use testkit::authenticator::Authenticator;
use tokio::sync::mpsc::Receiver;
use tokio::time::timeout;
use trust::CandidateKind;
use units::{Clock, Phi, Timestamp};

use crate::clinic::RELAY;
use router::{Kind, Routers};

/// How long a path may take to be found on a busy machine.
const PATIENCE: Duration = Duration::from_secs(40);

/// A server whose relay may be used.
struct Clinic {
    running: Running,
    /// The relay's name and password.
    credential: [Phi<String>; 2],
    /// Who is away loses what the relay lent them.
    _present: Receiver<StreamEvent>,
    _data: TempDir,
}

impl Clinic {
    async fn opens() -> Self {
        let data = tempfile::tempdir().unwrap();
        let password = || Phi::new("correct horse battery".to_owned());
        let secret = add_user(data.path(), "lee", StaffRole::Clinician, &password()).unwrap();
        // Nobody's address (RFC 5737), so that the ends cannot go around their routers to what the relay lends.
        let outside = RelayOptions { addresses: vec![RELAY.parse().unwrap()], ..RelayOptions::default() };
        let listen = "127.0.0.1:0".parse().unwrap();
        let config = Config { relay: RelayChoice::Own(outside), ..Config::new(data.path().to_owned(), listen) };
        let running = serve(config).await.unwrap();
        let trust = ServerTrust::Pinned(running.pin);
        let client = SignalingClient::new(Server { base_url: running.base_url.clone(), trust }).unwrap();
        let totp = Some(Phi::new(Authenticator::new(secret.expose()).digits()));
        let sign_in = SignInRequest::new(Phi::new("lee".to_owned()), password(), totp);
        let staff = client.sign_in(&sign_in).await.unwrap().token;
        let visit = client.create_visit(&staff).await.unwrap().visit;
        let join =
            HostJoinRequest { protocol: VersionRange::CURRENT, bundle: Base64(b"host".to_vec()), take_over: false };
        let joined = client.join_host(&staff, visit, &join).await.unwrap();
        let present = EventStream::open(client.clone(), visit, joined.endpoint_token.clone());
        let ice = client.ice(&joined.endpoint_token, visit).await.unwrap();
        let relay = ice.servers.into_iter().find(|server| server.username.is_some()).expect("a relay");
        let credential = [relay.username.unwrap(), relay.credential.unwrap()];
        Self { running, credential, _present: present, _data: data }
    }

    /// The clinic's servers for finding a path, as they are reached by this gate.
    fn by(&self, gate: std::net::SocketAddr) -> Vec<IceServer> {
        let [username, credential] = self.credential.clone().map(Some);
        let stun = IceServer { urls: vec![format!("stun:{gate}")], username: None, credential: None };
        vec![stun, IceServer { urls: vec![format!("turn:{gate}?transport=udp")], username, credential }]
    }
}

struct End {
    peer: Peer,
    streams: PeerStreams,
    connected: bool,
}

impl End {
    async fn opens(servers: Vec<IceServer>) -> Self {
        let clock = Clock::starting_at(Instant::now(), SystemTime::now());
        let config = PeerConfig { ice_servers: servers, include_loopback: true, ..PeerConfig::default() };
        let (peer, streams) = Peer::open(config, clock).await.expect("a peer opens");
        Self { peer, streams, connected: false }
    }

    /// Candidates for the other, but for those of networks behind a router.
    async fn hear(&mut self, event: PeerEvent, other: &Peer) {
        match event {
            PeerEvent::Candidate(candidate) if candidate.kind != CandidateKind::Host => {
                other.add_candidates(vec![candidate]).await.expect("it is taken");
            }
            PeerEvent::ControlOpened => self.connected = true,
            PeerEvent::Failed | PeerEvent::Refused(_) => panic!("{event:?}"),
            _ => {}
        }
    }

    async fn hears_a_voice(&mut self, of: &Peer) {
        let heard = async {
            for n in 0_u32.. {
                of.send_voice(VoiceOut {
                    payload: Bytes::from_static(&[7; 60]),
                    format: VoiceFormat::Opus,
                    timestamp: n * 960,
                    captured: Timestamp::from_millis(20 * u64::from(n)),
                    marker: n == 0,
                });
                if timeout(Duration::from_millis(20), self.streams.voice.recv()).await.is_ok_and(|it| it.is_some()) {
                    return;
                }
            }
        };
        timeout(PATIENCE, heard).await.expect("the other is heard");
    }
}

/// Two behind routers of these kinds find each other and are heard; by what kind of address and which way to a relay each sends.
async fn meet(kinds: [Kind; 2]) -> ([(CandidateKind, Option<RelayProtocol>); 2], Arc<Routers>) {
    let clinic = Clinic::opens().await;
    let routers = Routers::before(clinic.running.address, kinds).await;
    let mut host = End::opens(clinic.by(routers.gate(0))).await;
    let mut guest = End::opens(clinic.by(routers.gate(1))).await;
    let offer = host.peer.create_offer(false).await.expect("an offer");
    let answer = guest.peer.accept_offer(offer).await.expect("an answer");
    host.peer.accept_answer(answer).await.expect("it is taken");
    let connect = async {
        while !(host.connected && guest.connected) {
            tokio::select! {
                Some(event) = host.streams.events.recv() => host.hear(event, &guest.peer).await,
                Some(event) = guest.streams.events.recv() => guest.hear(event, &host.peer).await,
                else => panic!("a peer is gone"),
            }
        }
    };
    timeout(PATIENCE, connect).await.expect("they find each other");
    for peer in [&host.peer, &guest.peer] {
        peer.set_media_open(true);
    }
    host.hears_a_voice(&guest.peer).await;
    guest.hears_a_voice(&host.peer).await;
    let paths = [&host, &guest].map(|end| {
        let path = end.peer.stats().path.expect("there is a path");
        (path.local, path.relay)
    });
    host.peer.close().await;
    guest.peer.close().await;
    (paths, routers)
}

#[tokio::test(flavor = "multi_thread")]
async fn two_behind_routers_that_keep_an_ends_port_meet_straight() {
    let (paths, _) = meet([Kind::PortRestricted; 2]).await;
    assert!(paths.iter().all(|(kind, relay)| *kind != CandidateKind::Relay && relay.is_none()), "{paths:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn behind_a_symmetric_router_one_meets_who_is_behind_a_port_restricted_one_by_the_relay() {
    for kinds in [[Kind::PortRestricted, Kind::Symmetric], [Kind::Symmetric, Kind::PortRestricted]] {
        let (paths, routers) = meet(kinds).await;
        assert_eq!(paths, [(CandidateKind::Relay, Some(RelayProtocol::Udp)); 2], "{kinds:?}");
        assert!(routers.refused() > 0, "a straight way was tried, and no router let it in");
    }
}
