//! Two peers in one process, over the loopback interface, with the real library between them.

mod network;
mod pair;

use std::time::{Duration, Instant};

use network::{Network, Weather};
use pair::{Pair, PairConfig, Side, key_frame, picture, voice};
use peer::{Certificate, Peer, PeerConfig, PeerError, PeerEvent, VoiceFormat, VoiceFormats, VoiceOut};
use tokio::time::timeout;
use trust::{DtlsFingerprint, Setup, VoiceParameters};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_peers_connect_within_a_second_and_talk_on_the_control_channel_before_the_gate_opens() {
    let started = Instant::now();
    let mut pair = Pair::connected(PairConfig::default()).await;
    // On an idle machine it takes a third of a second; the rest is for a busy one.
    assert!(started.elapsed() < Duration::from_secs(2), "connected after {:?}", started.elapsed());

    pair.host.peer.send_control(b"admitted".to_vec()).await.unwrap();
    pair.guest.peer.send_control(b"thank you".to_vec()).await.unwrap();
    assert_eq!(pair.guest.control().await, b"admitted");
    assert_eq!(pair.host.control().await, b"thank you");
    assert_eq!(pair.host.peer.stats().sent_packets, 0, "the gate is closed");
    pair.close().await;
}

/// The library loses what comes in one burst with the end of the handshake (see `control.rs`).
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_either_side_says_the_moment_that_the_control_channel_opens_is_heard() {
    for _ in 0..15 {
        let mut pair = Pair::new(PairConfig::default()).await;
        pair.connect_and_speak_at_once().await;
        pair.close().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn voice_and_picture_arrive_as_they_were_sent() {
    let mut pair = Pair::open(PairConfig::default()).await;

    for n in 0..20_u32 {
        pair.host.peer.send_voice(voice(n));
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    for n in 0..20_u32 {
        let packet = pair.guest.voice().await;
        assert_eq!((packet.timestamp, packet.marker), (n * 960, n == 0));
        assert_eq!(packet.payload, voice(n).payload);
    }

    let frame = key_frame(pair.now(), 90_000, 5_000);
    pair.guest.peer.send_picture(frame.clone());
    let mut packets = vec![pair.host.picture().await];
    while !packets.last().unwrap().marker {
        packets.push(pair.host.picture().await);
        // A bandwidth probe is filled with packets sent before.
        packets.dedup_by_key(|packet| packet.sequence);
    }
    assert!(packets.len() >= 5, "{} packets", packets.len());
    assert!(packets.iter().all(|packet| packet.timestamp == 90_000));
    assert!(packets.windows(2).all(|two| two[1].sequence == two[0].sequence.wrapping_add(1)));
    assert_eq!(pair::reassemble(&packets), frame.annexb);
    pair.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn red_is_agreed_on_both_ways_and_comes_as_what_it_is_even_as_the_first_packet() {
    let mut pair = Pair::open(PairConfig::default()).await;
    let red = |n| VoiceOut { format: VoiceFormat::Red, ..voice(n) };
    let agreed = Some(VoiceFormats { opus: 111, red: Some(63) });
    assert_eq!((pair.host.peer.voice_formats(), pair.guest.peer.voice_formats()), (agreed, agreed));
    for (n, sent) in [red(0), voice(1), red(2)].into_iter().enumerate() {
        pair.host.peer.send_voice(sent.clone());
        let came = pair.guest.voice().await;
        assert_eq!((came.format, came.timestamp, came.payload), (Some(sent.format), n as u32 * 960, sent.payload));
    }
    pair.guest.peer.send_voice(voice(0));
    assert_eq!(pair.host.voice().await.format, Some(VoiceFormat::Opus));
    pair.guest.peer.send_voice(red(1));
    assert_eq!(pair.host.voice().await.format, Some(VoiceFormat::Red));
    pair.guest.peer.send_picture(key_frame(pair.now(), 90_000, 500));
    assert_eq!(pair.host.picture().await.format, None);
    pair.close().await;
}

/// Either side may be an earlier version, which neither says nor reads anything of RED.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_a_peer_that_does_not_know_red_voice_goes_on_as_opus() {
    for earlier in [Side::Host, Side::Guest] {
        let mut pair = Pair::new(PairConfig::default()).await;
        let mut offer = pair.host.peer.create_offer(false).await.unwrap();
        assert_eq!(offer.voice.red_payload_type, Some(63), "it is offered");
        if earlier == Side::Host {
            offer.voice.red_payload_type = None;
        }
        let mut answer = pair.guest.peer.accept_offer(offer).await.unwrap();
        if earlier == Side::Host {
            assert_eq!(answer.voice.red_payload_type, None, "nobody is answered what was not offered");
        }
        answer.voice.red_payload_type = None;
        pair.host.peer.accept_answer(answer).await.unwrap();
        pair.until_connected().await;
        pair.open_media();
        let (later, other) = match earlier {
            Side::Host => (&pair.guest.peer, &mut pair.host),
            Side::Guest => (&pair.host.peer, &mut pair.guest),
        };
        assert_eq!(later.voice_formats(), Some(VoiceFormats { opus: 111, red: None }));
        later.send_voice(VoiceOut { format: VoiceFormat::Red, ..voice(1) });
        later.send_voice(voice(2));
        assert_eq!(other.voice().await.timestamp, 2 * 960, "what it could not read does not leave");
        pair.close().await;
    }
}

/// Whoever else answers may have other numbers.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn red_is_found_under_the_number_that_the_offer_gives_it() {
    let pair = Pair::new(PairConfig::default()).await;
    let mut offer = pair.host.peer.create_offer(false).await.unwrap();
    offer.voice = VoiceParameters { payload_type: 96, red_payload_type: Some(97), ..offer.voice };
    let answer = pair.guest.peer.accept_offer(offer).await.unwrap();
    assert_eq!((answer.voice.payload_type, answer.voice.red_payload_type), (96, Some(97)));
    let theirs = Some(VoiceFormats { opus: 96, red: Some(97) });
    assert_eq!((pair.guest.peer.voice_formats(), pair.guest.peer.own_voice_formats()), (theirs, theirs));
    pair.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_closed_gate_passes_nothing_in_either_direction() {
    let mut pair = Pair::connected(PairConfig::default()).await;
    // Sent into a closed gate of one's own.
    for n in 0..5 {
        pair.host.peer.send_voice(voice(n));
        pair.host.peer.send_picture(key_frame(pair.now(), n * 3_000, 2_000));
    }
    // Sent into a closed gate of the other side.
    pair.guest.peer.set_media_open(true);
    for n in 0..5 {
        pair.guest.peer.send_voice(voice(n));
        pair.guest.peer.send_picture(key_frame(pair.now(), n * 3_000, 2_000));
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    pair.host.nothing_heard_for(Duration::from_millis(300)).await;
    pair.guest.nothing_heard_for(Duration::from_millis(100)).await;
    assert_eq!(pair.host.peer.stats().sent_packets, 0);
    assert!(pair.guest.peer.stats().sent_packets >= 10, "the guest did send");
    assert_eq!(pair.host.peer.stats().received_packets, 0);
    assert!(pair.host.peer.stats().gated >= 10);

    // What was said before is not kept for later.
    pair.host.peer.set_media_open(true);
    pair.host.nothing_heard_for(Duration::from_millis(200)).await;
    pair.guest.peer.send_voice(voice(77));
    assert_eq!(pair.host.voice().await.timestamp, 77 * 960);

    // And closed again, nothing more.
    pair.host.peer.set_media_open(false);
    pair.guest.peer.send_voice(voice(78));
    pair.host.nothing_heard_for(Duration::from_millis(200)).await;
    pair.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_fingerprint_is_refused_by_name_and_no_media_passes() {
    // Whoever begins the handshake sees the other's certificate at another place of it.
    for misled in [Side::Host, Side::Guest] {
        let mut pair = Pair::new(PairConfig::default()).await;
        let mut offer = pair.host.peer.create_offer(false).await.unwrap();
        if misled == Side::Guest {
            offer.fingerprint = DtlsFingerprint([7; 32]);
        }
        let mut answer = pair.guest.peer.accept_offer(offer).await.unwrap();
        if misled == Side::Host {
            answer.fingerprint = DtlsFingerprint([7; 32]);
        }
        pair.host.peer.accept_answer(answer).await.unwrap();
        pair.host.peer.set_media_open(true);
        pair.guest.peer.set_media_open(true);

        let refused = pair
            .exchange_until(Duration::from_secs(14), |side, event| match event {
                PeerEvent::Refused(why) => Some((side, why.clone())),
                PeerEvent::DtlsConnected { .. } if side == misled => panic!("connected with a wrong certificate"),
                PeerEvent::Failed => panic!("taken for a fault of the link"),
                _ => None,
            })
            .await;
        assert_eq!(refused, (misled, PeerError::FingerprintMismatch));
        pair.guest.peer.send_voice(voice(1));
        pair.host.nothing_heard_for(Duration::from_millis(100)).await;
        pair.close().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_handshake_that_the_link_swallows_is_a_failure_and_not_a_refusal() {
    // The path checks get through; nothing else does.
    let mut pair = Pair::new(PairConfig::default()).await;
    let network = Network::new(Weather { only_stun: true, ..Weather::default() });
    pair.detour = Some(network.detour());
    let offer = pair.host.peer.create_offer(false).await.unwrap();
    let answer = pair.guest.peer.accept_offer(offer).await.unwrap();
    pair.host.peer.accept_answer(answer).await.unwrap();
    pair.exchange_until(Duration::from_secs(15), |_, event| match event {
        PeerEvent::Refused(why) => panic!("{why}"),
        PeerEvent::DtlsConnected { .. } => panic!("nothing but path checks passes"),
        PeerEvent::Failed => Some(()),
        _ => None,
    })
    .await;
    pair.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_ice_restart_keeps_the_encryption_the_control_channel_and_the_media() {
    let mut pair = Pair::open(PairConfig::default()).await;
    pair.host.peer.send_voice(voice(0));
    pair.guest.voice().await;

    let before = pair.host.peer.create_offer(true).await.unwrap();
    let answer = pair.guest.peer.accept_offer(before).await.unwrap();
    pair.host.peer.accept_answer(answer).await.unwrap();
    let mut connected = (false, false);
    pair.exchange_until(Duration::from_secs(10), |side, event| {
        match (side, event) {
            (Side::Host, PeerEvent::IceConnected) => connected.0 = true,
            (Side::Guest, PeerEvent::IceConnected) => connected.1 = true,
            (_, PeerEvent::ControlClosed | PeerEvent::Failed | PeerEvent::Refused(_)) => panic!("{side:?}: {event:?}"),
            _ => {}
        }
        (connected == (true, true)).then_some(())
    })
    .await;

    pair.host.peer.send_control(b"still here".to_vec()).await.unwrap();
    assert_eq!(pair.guest.control().await, b"still here");
    for n in 1..4 {
        pair.guest.peer.send_voice(voice(n));
    }
    assert_eq!(pair.host.voice().await.timestamp, 960);
    pair.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_offered_restart_leaves_the_path_as_it_is_until_it_is_answered() {
    let mut pair = Pair::open(PairConfig::default()).await;
    pair.host.peer.create_offer(true).await.unwrap();
    // Longer than the library takes to call a path without answers disconnected.
    for n in 0..50 {
        pair.host.peer.send_voice(voice(n));
        assert_eq!(pair.guest.voice().await.timestamp, voice(n).timestamp);
        pair.guest.peer.send_voice(voice(n));
        assert_eq!(pair.host.voice().await.timestamp, voice(n).timestamp);
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    pair.host.peer.send_control(b"still here".to_vec()).await.unwrap();
    assert_eq!(pair.guest.control().await, b"still here");
    pair.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restart_that_was_never_answered_does_not_stand_in_the_way_of_the_next() {
    let mut pair = Pair::open(PairConfig::default()).await;
    pair.host.peer.create_offer(true).await.unwrap();
    let offer = pair.host.peer.create_offer(true).await.unwrap();
    let answer = pair.guest.peer.accept_offer(offer).await.unwrap();
    pair.host.peer.accept_answer(answer).await.unwrap();
    let mut connected = [false; 2];
    pair.exchange_until(Duration::from_secs(10), |side, event| {
        if *event == PeerEvent::IceConnected {
            connected[usize::from(side == Side::Guest)] = true;
        }
        (connected == [true; 2]).then_some(())
    })
    .await;
    pair.host.peer.send_voice(voice(1));
    assert_eq!(pair.guest.voice().await.timestamp, 960);
    pair.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn opening_the_gate_asks_the_encoder_for_a_key_frame_once() {
    let mut pair = Pair::connected(PairConfig::default()).await;
    pair.host.peer.set_media_open(true);
    let mut wanted = 0;
    let _ = timeout(Duration::from_secs(1), async {
        loop {
            wanted += usize::from(pair.host.event().await == PeerEvent::KeyFrameWanted);
        }
    })
    .await;
    assert_eq!(wanted, 1);
    pair.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn parameters_that_are_not_ours_to_accept_are_refused_by_name() {
    let pair = Pair::new(PairConfig::default()).await;
    let good = pair.host.peer.create_offer(false).await.unwrap();
    good.validate().unwrap();

    let mut unencrypted = good.clone();
    unencrypted.srtp.clear();
    let mut active = good.clone();
    active.setup = Setup::Active;
    let mut same_source = good.clone();
    same_source.picture.ssrc = same_source.voice.ssrc;
    let mut same_type = good.clone();
    same_type.voice.red_payload_type = Some(same_type.voice.payload_type);
    let guest = &pair.guest.peer;
    assert!(matches!(guest.accept_offer(unencrypted).await, Err(PeerError::Negotiation(_) | PeerError::NoEncryption)));
    assert_eq!(guest.accept_offer(active).await.err(), Some(PeerError::WrongRole));
    assert!(matches!(guest.accept_offer(same_source).await, Err(PeerError::Negotiation(_))));
    assert!(matches!(guest.accept_offer(same_type).await, Err(PeerError::Negotiation(_))));
    assert_eq!(guest.accept_answer(good.clone()).await.err(), Some(PeerError::WrongRole));

    // Refusals leave no trace: the good offer is still taken …
    let answer = guest.accept_offer(good.clone()).await.unwrap();
    assert!(matches!(answer.setup, Setup::Active | Setup::Passive));
    // … and its certificate may not change any more.
    let mut changed = good;
    changed.fingerprint = DtlsFingerprint([9; 32]);
    assert_eq!(guest.accept_offer(changed).await.err(), Some(PeerError::FingerprintChanged));
    pair.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn closing_is_seen_by_the_other_side_at_once() {
    let mut pair = Pair::connected(PairConfig::default()).await;
    let closed = Instant::now();
    pair.guest.peer.close().await;
    timeout(Duration::from_secs(3), async { while pair.host.event().await != PeerEvent::ControlClosed {} })
        .await
        .expect("the control channel closes");
    assert!(closed.elapsed() < Duration::from_secs(2), "{:?}", closed.elapsed());
    assert_eq!(pair.guest.peer.create_offer(false).await.err(), Some(PeerError::Closed));
    pair.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_frame_request_reaches_the_encoder_of_the_other_side() {
    let mut pair = Pair::open(PairConfig::default()).await;
    pair.host.peer.send_picture(picture(pair.now(), 0, 900));
    pair.guest.picture().await;
    // The one for the opened gate.
    while pair.host.event().await != PeerEvent::KeyFrameWanted {}
    pair.guest.peer.request_key_frame();
    timeout(Duration::from_secs(2), async { while pair.host.event().await != PeerEvent::KeyFrameWanted {} })
        .await
        .expect("a request for a key frame");
    pair.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn control_messages_have_a_limit_and_need_an_open_channel() {
    let (alone, _streams) = Peer::open(PeerConfig::default(), pair::clock()).await.unwrap();
    assert_eq!(alone.send_control(b"too early".to_vec()).await, Err(PeerError::ControlNotOpen));
    assert!(matches!(alone.send_control(vec![0; 4_097]).await, Err(PeerError::ControlTooLarge(4_097, 4_096))));
    alone.close().await;

    let mut pair = Pair::connected(PairConfig::default()).await;
    let large = vec![42; 4 * 1024];
    pair.host.peer.send_control(large.clone()).await.unwrap();
    assert_eq!(pair.guest.control().await, large);
    pair.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn servers_that_cannot_be_used_do_not_keep_a_peer_from_opening() {
    let urls = vec!["turns:relay.example:443".into(), "nonsense".into()];
    let server = peer::IceServer { urls, username: None, credential: None };
    let config = PeerConfig { ice_servers: vec![server], ..PeerConfig::default() };
    let (peer, _streams) = Peer::open(config, pair::clock()).await.unwrap();
    peer.close().await;
}

#[tokio::test]
async fn connections_that_share_a_certificate_are_known_by_it_and_others_are_not() {
    let shown = async |certificate: Option<Certificate>| {
        let config = PeerConfig { certificate, ..PeerConfig::default() };
        let (peer, _streams) = Peer::open(config, pair::clock()).await.unwrap();
        let offer = peer.create_offer(false).await.unwrap();
        peer.close().await;
        offer.fingerprint
    };
    let certificate = Certificate::generate().unwrap();
    let one = shown(Some(certificate.clone())).await;
    assert_eq!(shown(Some(certificate)).await, one);
    assert_ne!(shown(Some(Certificate::generate().unwrap())).await, one);
    assert_ne!(shown(None).await, shown(None).await);
}
