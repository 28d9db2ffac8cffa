//! What a side that breaks the rules can do to us.

use std::time::{Duration, Instant, SystemTime};

use super::*;
use crate::PeerEvent;

async fn open(include_loopback: bool) -> (Peer, PeerStreams) {
    let config = PeerConfig { include_loopback, ..PeerConfig::default() };
    let clock = Clock::starting_at(Instant::now(), SystemTime::now());
    Peer::open(config, clock).await.expect("a peer opens")
}

/// An honest side, and one that does what it wants, connected.
async fn connected() -> [(Peer, PeerStreams); 2] {
    let [mut honest, mut hostile] = [open(true).await, open(true).await];
    let offer = honest.0.create_offer(false).await.unwrap();
    honest.0.accept_answer(hostile.0.accept_offer(offer).await.unwrap()).await.unwrap();
    let mut opened = [false; 2];
    while opened != [true; 2] {
        let (event, other, index) = tokio::select! {
            event = honest.1.events.recv() => (event, &hostile.0, 0),
            event = hostile.1.events.recv() => (event, &honest.0, 1),
        };
        match event.expect("both are there") {
            PeerEvent::Candidate(candidate) => other.add_candidates(vec![candidate]).await.unwrap(),
            PeerEvent::ControlOpened => opened[index] = true,
            _ => {}
        }
    }
    [honest, hostile]
}

async fn until<T>(streams: &mut PeerStreams, mut look: impl FnMut(PeerEvent) -> Option<T>) -> T {
    let search = async {
        loop {
            if let Some(found) = look(streams.events.recv().await.expect("the peer is there")) {
                return found;
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(10), search).await.expect("it happens in time")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_data_channel_that_nobody_agreed_on_ends_the_connection_by_name() {
    let [mut honest, hostile] = connected().await;
    hostile.0.inner.connection.create_data_channel("more", None).await.unwrap();
    let why = until(&mut honest.1, |event| match event {
        PeerEvent::Refused(why) => Some(why),
        _ => None,
    })
    .await;
    assert_eq!(why, PeerError::ForeignChannel);
    assert!(!honest.0.inner.shared.is_open());
    honest.0.close().await;
    hostile.0.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_control_message_that_is_too_large_is_dropped_before_the_queue() {
    let [mut honest, hostile] = connected().await;
    for bytes in [MAX_CONTROL_MESSAGE + 1, 60_000, 7] {
        hostile.0.inner.control.try_send(vec![1; bytes].as_slice().into()).await.unwrap();
    }
    let bytes = until(&mut honest.1, |event| match event {
        PeerEvent::Control(message) => Some(message.len()),
        _ => None,
    })
    .await;
    assert_eq!(bytes, 7);
    honest.0.close().await;
    hostile.0.close().await;
}

fn candidate(address: &str) -> Candidate {
    Candidate {
        foundation: "1".parse().unwrap(),
        component: 1,
        transport: trust::Transport::Udp,
        priority: 1,
        address: address.parse().unwrap(),
        port: 50_000,
        kind: trust::CandidateKind::Host,
        related: None,
    }
}

#[tokio::test]
async fn nobody_outside_makes_us_check_this_machine_or_its_link() {
    let near = || ["127.0.0.1", "::1", "169.254.1.1", "fe80::1", "192.0.2.1"].map(candidate).to_vec();
    for (include_loopback, taken) in [(false, 1), (true, 5)] {
        let (peer, _streams) = open(include_loopback).await;
        peer.add_candidates(near()).await.unwrap();
        assert_eq!(peer.inner.negotiation.lock().await.early.len(), taken);
        peer.close().await;
    }
}

#[tokio::test]
async fn who_is_not_admitted_gets_a_limited_number_of_candidates_checked() {
    let (peer, _streams) = open(false).await;
    for _ in 0..40 {
        peer.inner.negotiation.lock().await.early.clear();
        peer.add_candidates(vec![candidate("192.0.2.1"); 32]).await.unwrap();
    }
    let negotiation = peer.inner.negotiation.lock().await;
    assert_eq!((negotiation.taken, negotiation.early.len()), (MAX_CANDIDATES_BEFORE_ADMISSION, 0));
    drop(negotiation);
    peer.close().await;
}
