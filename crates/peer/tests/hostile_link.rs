//! Somebody on the way who knows no key: changed, cut and made-up datagrams do not disturb a call that has begun.

#[path = "network/mod.rs"]
mod network;
#[path = "pair/mod.rs"]
mod pair;

use std::time::Duration;

use network::{Network, Weather};
use pair::{Pair, PairConfig, key_frame, voice};
use peer::PeerEvent;

/// Voice, a picture and a word each way, though the other side may have to say it again.
async fn still_talk(pair: &mut Pair, from: u32) {
    for n in from..from + 50 {
        pair.host.peer.send_voice(voice(n));
        pair.guest.peer.send_voice(voice(n));
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    for (sender, receiver) in [(&pair.host.peer, &mut pair.guest.streams), (&pair.guest.peer, &mut pair.host.streams)] {
        sender.send_picture(key_frame(pair.clock.timestamp(std::time::Instant::now()), from * 3_000, 5_000));
        sender.send_control(b"still here".to_vec()).await.expect("the channel is open");
        let mut heard = Vec::new();
        let (mut seen, mut said) = (false, false);
        let enough = async {
            while heard.len() < 45 || !seen || !said {
                tokio::select! {
                    packet = receiver.voice.recv() => {
                        let packet = packet.expect("the peer is there");
                        let n = packet.timestamp / 960;
                        assert_eq!(packet.payload, voice(n).payload, "what was changed on the way is not heard");
                        if n >= from && !heard.contains(&n) {
                            heard.push(n);
                        }
                    }
                    packet = receiver.picture.recv() => {
                        seen |= packet.expect("the peer is there").timestamp == from * 3_000;
                    }
                    event = receiver.events.recv() => match event.expect("the peer is there") {
                        PeerEvent::Control(message) => said |= message == b"still here",
                        PeerEvent::ControlClosed => panic!("the control channel was closed from outside"),
                        PeerEvent::Failed | PeerEvent::Refused(_) => panic!("the connection was ended from outside"),
                        _ => {}
                    },
                }
            }
        };
        let waited = tokio::time::timeout(Duration::from_secs(12), enough).await;
        assert!(waited.is_ok(), "voice: {heard:?}, picture: {seen}, control: {said}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn changed_copies_of_everything_do_not_disturb_a_call() {
    for seed in 1..=3 {
        let network = Network::new(Weather::default()).seeded(seed);
        let mut pair = network.open(PairConfig::default()).await;
        network.set(Weather { tampered: true, ..Weather::default() });
        still_talk(&mut pair, 100).await;
        still_talk(&mut pair, 200).await;
        network.set(Weather::default());
        still_talk(&mut pair, 300).await;
        pair.close().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn words_in_the_clear_do_not_end_an_encrypted_connection() {
    let network = Network::new(Weather::default());
    let mut pair = network.open(PairConfig::default()).await;
    still_talk(&mut pair, 100).await;
    // Of epoch 0, which is not encrypted, with every sequence number that could be next (RFC 6347, section 4.1).
    let record = |kind: u8, number: u8, content: &[u8]| {
        let mut record = vec![kind, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, number, 0, content.len() as u8];
        record.extend_from_slice(content);
        record
    };
    for number in 0..64 {
        // close_notify, and fatal alerts: unexpected_message, bad_record_mac, handshake_failure (RFC 5246, section 7.2).
        for alert in [[1, 0], [2, 10], [2, 20], [2, 40]] {
            network.inject(&record(21, number, &alert));
        }
        // An empty ClientHello, a ChangeCipherSpec, and data.
        network.inject(&record(22, number, &[1, 0, 0, 0, 0, number, 0, 0, 0, 0, 0, 0]));
        network.inject(&record(20, number, &[1]));
        network.inject(&record(23, number, b"hello"));
    }
    still_talk(&mut pair, 200).await;
    pair.close().await;
}
