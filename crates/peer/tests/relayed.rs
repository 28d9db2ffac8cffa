//! Calls by way of a relay, reached by each way that there is, and what hiding behind one hides.

mod pair;
mod turn;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use pair::{Pair, PairConfig, Side, key_frame, reassemble, voice};
use peer::{IceServer, PeerConfig, PeerEvent, RelayProtocol};
use trust::CandidateKind;
use turn::{Plain, Turn};

const UDP: &str = "turn:DATAGRAMS?transport=udp";
const TCP: &str = "turn:STREAMS?transport=tcp";
const TLS: &str = "turns:STREAMS?transport=tcp";

fn config(servers: Vec<IceServer>, relay_only: bool) -> PairConfig {
    let base =
        PeerConfig { ice_servers: servers, relay_only, relay_dialer: Some(Arc::new(Plain)), ..PeerConfig::default() };
    PairConfig { base, ..PairConfig::default() }
}

fn path(pair: &Pair) -> [(CandidateKind, Option<RelayProtocol>); 2] {
    [&pair.host, &pair.guest].map(|end| {
        let path = end.peer.stats().path.expect("there is a path");
        (path.local, path.relay)
    })
}

/// Some voice, and a picture.
async fn talk(pair: &mut Pair) {
    for n in 0..20_u32 {
        pair.host.peer.send_voice(voice(n));
        assert_eq!(pair.guest.voice().await.timestamp, n * 960);
    }
    let frame = key_frame(pair.now(), 90_000, 5_000);
    pair.guest.peer.send_picture(frame.clone());
    let mut packets = vec![pair.host.picture().await];
    while !packets.last().expect("a packet").marker {
        packets.push(pair.host.picture().await);
        packets.dedup_by_key(|packet| packet.sequence);
    }
    assert_eq!(reassemble(&packets), frame.annexb);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_who_hide_their_addresses_talk_by_every_way_to_a_relay() {
    for (url, protocol) in [(UDP, RelayProtocol::Udp), (TCP, RelayProtocol::Tcp), (TLS, RelayProtocol::Tls)] {
        let turn = Turn::start(true).await;
        let mut pair = Pair::new(config(vec![turn.named(&[url])], true)).await;
        pair.detour = Some(Box::new(|_, candidate| {
            assert_eq!((candidate.kind, candidate.related), (CandidateKind::Relay, None), "nothing else is told");
            Some(candidate)
        }));
        pair.connect().await;
        pair.open_media();
        talk(&mut pair).await;
        assert_eq!(path(&pair), [(CandidateKind::Relay, Some(protocol)); 2]);
        pair.close().await;
        let lent = || turn.lent.by_datagrams.load(Ordering::SeqCst) + turn.lent.by_streams.load(Ordering::SeqCst);
        for _ in 0..100 {
            if lent() == 0 {
                break;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        assert_eq!(lent(), 0, "what was lent by {protocol:?} is given back");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_straight_way_is_taken_though_there_are_relays() {
    let turn = Turn::start(true).await;
    let pair = Pair::connected(config(vec![turn.named(&[UDP, TCP, TLS])], false)).await;
    assert!(path(&pair).iter().all(|(kind, relay)| *kind != CandidateKind::Relay && relay.is_none()));
    pair.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_datagrams_come_through_streams_are_not_used_and_where_they_do_not_they_are() {
    for answers in [true, false] {
        let turn = Turn::start(answers).await;
        let mut pair = Pair::new(config(vec![turn.named(&[UDP, TLS])], true)).await;
        pair.connect().await;
        let expected = if answers { RelayProtocol::Udp } else { RelayProtocol::Tls };
        assert_eq!(path(&pair), [(CandidateKind::Relay, Some(expected)); 2]);
        assert_eq!(turn.lent.by_streams.load(Ordering::SeqCst), if answers { 0 } else { 2 }, "one a side");
        pair.close().await;
    }
}

/// The passwords of the servers in use end, and others are named: the next path is looked for with those.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_next_path_is_looked_for_with_the_servers_named_last() {
    let [first, second] = [Turn::start(true).await, Turn::start(true).await];
    let mut pair = Pair::new(config(vec![first.named(&[TLS])], true)).await;
    pair.connect().await;
    pair.open_media();
    for peer in [&pair.host.peer, &pair.guest.peer] {
        peer.set_ice_servers(vec![second.named(&[TCP])]).await.expect("they are taken");
    }
    talk(&mut pair).await;
    assert_eq!(second.lent.by_streams.load(Ordering::SeqCst), 0, "the path in use stays");
    let offer = pair.host.peer.create_offer(true).await.expect("an offer");
    let answer = pair.guest.peer.accept_offer(offer).await.expect("an answer");
    pair.host.peer.accept_answer(answer).await.expect("it is taken");
    let mut found = [false; 2];
    pair.exchange_until(Duration::from_secs(12), |side: Side, event| {
        found[side as usize] |= *event == PeerEvent::IceConnected;
        (found == [true; 2]).then_some(())
    })
    .await;
    assert_eq!(second.lent.by_streams.load(Ordering::SeqCst), 2);
    for _ in 0..100 {
        if path(&pair) == [(CandidateKind::Relay, Some(RelayProtocol::Tcp)); 2] {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(path(&pair), [(CandidateKind::Relay, Some(RelayProtocol::Tcp)); 2]);
    pair.close().await;
}
