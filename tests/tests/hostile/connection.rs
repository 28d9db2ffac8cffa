//! What stands on the path between the two apps themselves.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use call::{EndReason, Phase};
use signaling_protocol::Role;
use tokio::net::UdpSocket;
use tokio::task::{AbortHandle, JoinSet};

use crate::clinic::Clinic;
use crate::crook::{Conduct, at};
use crate::liars::{is_live, meets};

#[test]
fn a_path_on_which_no_handshake_packet_comes_through() {
    let clinic = Clinic::open();
    std::thread::scope(|scope| {
        let twin = scope.spawn(|| {
            let honest = through_a_relay(&clinic, false, Arc::default());
            let (seen, _) = meets(&clinic, Role::Host, honest, LIMIT, is_live);
            assert!(seen.last().is_some_and(is_live), "the twin: {:?}", seen.last());
        });
        let relays = Arc::new(AtomicU32::new(0));
        let conduct = through_a_relay(&clinic, true, relays.clone());
        let (seen, outcome) = meets(&clinic, Role::Host, conduct, LIMIT, |_| false);
        let last = seen.last().unwrap();
        assert_eq!(last.phase, Phase::Ended(EndReason::HandshakeUnfinished), "{last:?}");
        assert_eq!(relays.load(Ordering::Relaxed), 2, "two connections were tried");
        assert!(seen.iter().all(|snapshot| !snapshot.media_open));
        assert_eq!(outcome.problem, Some(EndReason::HandshakeUnfinished.to_string()));
        assert_eq!((outcome.report.totals.frames_shown, outcome.report.timeline_ms.first_audio), (0, None));
        twin.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
    });
}

/// An app that can be reached by a relay of its own alone, another for each connection; it may swallow the handshake.
fn through_a_relay(clinic: &Clinic, swallows: bool, opened: Arc<AtomicU32>) -> Conduct {
    let runtime = clinic.runtime.handle().clone();
    let mut relays: Vec<Relay> = Vec::new();
    Conduct {
        reaches_out: false,
        candidate: Box::new(move |mut candidate| {
            if !candidate.address.is_loopback() || !candidate.address.is_ipv4() {
                return None;
            }
            let relay = Relay::open(&runtime, at(&candidate), swallows);
            opened.fetch_add(1, Ordering::Relaxed);
            candidate.port = relay.port;
            relays.push(relay);
            Some(candidate)
        }),
        ..Conduct::default()
    }
}

/// Carries datagrams between an app and whoever else sends some: as a relay or NAT does, the app sees each of them by an
/// address of its own, so that what it answers goes to the one it answers.
struct Relay {
    port: u16,
    carrying: AbortHandle,
}

impl Relay {
    fn open(runtime: &tokio::runtime::Handle, app: SocketAddr, swallows: bool) -> Self {
        let front = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
        front.set_nonblocking(true).unwrap();
        let port = front.local_addr().unwrap().port();
        let carrying = runtime.spawn(async move {
            let front = Arc::new(UdpSocket::from_std(front).unwrap());
            let (mut backs, mut returning) = (HashMap::new(), JoinSet::new());
            let mut datagram = [0; 2_048];
            while let Ok((bytes, from)) = front.recv_from(&mut datagram).await {
                if swallows && is_of_handshake(&datagram) {
                    continue;
                }
                if let Entry::Vacant(place) = backs.entry(from) {
                    let back = Arc::new(UdpSocket::bind("127.0.0.1:0").await.unwrap());
                    back.connect(app).await.unwrap();
                    returning.spawn(carry_back(back.clone(), front.clone(), from, swallows));
                    place.insert(back);
                }
                let _ = backs[&from].send(&datagram[..bytes]).await;
            }
        });
        Self { port, carrying: carrying.abort_handle() }
    }
}

/// What the app answers.
async fn carry_back(back: Arc<UdpSocket>, front: Arc<UdpSocket>, to: SocketAddr, swallows: bool) {
    let mut datagram = [0; 2_048];
    // An app that has closed its socket is an error and may come back.
    loop {
        match back.recv(&mut datagram).await {
            Ok(bytes) if !(swallows && is_of_handshake(&datagram)) => {
                let _ = front.send_to(&datagram[..bytes], to).await;
            }
            Ok(_) => {}
            Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
        }
    }
}

/// The first byte tells DTLS from the rest (RFC 7983).
fn is_of_handshake(datagram: &[u8]) -> bool {
    matches!(datagram[0], 20..=63)
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.carrying.abort();
    }
}

/// Thirty seconds, and what a busy machine needs beside.
const LIMIT: Duration = Duration::from_secs(75);
