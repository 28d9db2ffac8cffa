//! Whole calls, from the first word to the last, whoever makes the offer.

use std::sync::atomic::Ordering;
use std::time::Duration;

use devices::camera::PatternKind;
use peer::{MediaKind, PeerEvent};
use serde_json::{Value, json};
use trust::CandidateKind;
use units::PictureSize;

use crate::caller::START_RATE;
use crate::footage::{CLINICIANS_TONE, PATIENTS_TONE};
use crate::stats::Stats;
use crate::visit::{Offers, Visit};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_offer_of_ours_brings_picture_and_voice_both_ways_until_we_hang_up() {
    let mut visit = Visit::new(None).await;
    whole_call(&mut visit, Offers::App).await;

    visit.app.hang_up().await;
    visit.until("the page sees that we hung up", |told| told.page_said("channel", "closed")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_offer_of_chromiums_brings_picture_and_voice_both_ways_until_it_hangs_up() {
    let mut visit = Visit::new(None).await;
    whole_call(&mut visit, Offers::Browser).await;

    visit.page.run("hangUp", Value::Null).await;
    visit.until("we see that the page hung up", |told| told.app.contains(&PeerEvent::ControlClosed)).await;
    visit.app.hang_up().await;
}

async fn whole_call(visit: &mut Visit, offers: Offers) {
    visit.connect(offers).await;
    talk_on_the_control_channel(visit).await;
    nothing_passes_the_closed_gate(visit).await;

    visit.start_media();
    chromium_decodes_what_we_send(visit).await;
    we_decode_what_chromium_sends(visit).await;
    both_find_the_rate(visit).await;
    both_know_what_was_taken_when(visit).await;
    chromium_follows_when_pictures_get_smaller_and_packets_longer(visit).await;
    let stats = visit.stats().await;
    the_encryption_is_what_we_offered(&stats, offers);
    the_codecs_are_what_we_offered(&stats);
    let path = visit.app.peer.stats().path.expect("the path is known");
    assert!(matches!(path.local, CandidateKind::Host), "{path:?}");
}

async fn talk_on_the_control_channel(visit: &mut Visit) {
    visit.app.peer.send_control(b"from the app".to_vec()).await.expect("the channel is open");
    visit.page.run("send", json!("from the browser")).await;
    let said = PeerEvent::Control(b"from the browser".to_vec());
    visit.until("both heard each other", |t| t.page_said("control", "from the app") && t.app.contains(&said)).await;
}

/// Chromium sends from the first moment; we do not listen, and say nothing.
async fn nothing_passes_the_closed_gate(visit: &mut Visit) {
    let stats = visit
        .until_stats("Chromium sends into the closed gate", |app, stats| {
            app.peer.stats().gated >= 20 && stats.number("outbound-rtp", "video", "packetsSent") > 0.0
        })
        .await;
    for kind in ["audio", "video"] {
        assert_eq!(stats.number("inbound-rtp", kind, "packetsReceived"), 0.0, "{kind}");
    }
    let ours = visit.app.peer.stats();
    assert_eq!((ours.sent_packets, ours.received_packets), (0, 0));
    assert_eq!(visit.app.seen.so_far().pictures, 0);
}

async fn chromium_decodes_what_we_send(visit: &mut Visit) {
    visit
        .until_stats("Chromium decodes our picture and plays our voice", |_, stats| {
            stats.number("inbound-rtp", "video", "framesDecoded") >= 60.0
                && stats.number("inbound-rtp", "video", "keyFramesDecoded") >= 1.0
                && stats.number("inbound-rtp", "video", "frameWidth") == 640.0
                && stats.number("inbound-rtp", "video", "frameHeight") == 360.0
                && stats.number("inbound-rtp", "audio", "totalAudioEnergy") > 0.0
                && mostly_not_made_up(stats)
        })
        .await;

    // Not only decoded, but it is our picture, and it moves; and it is our tone.
    let mut numbers = Vec::new();
    while numbers.len() < 5 {
        visit.carry_for(LOOK_INTERVAL).await;
        let shown = visit.look().await.expect("a picture is shown");
        if let Some((kind, number)) = PatternKind::read(&shown) {
            assert_eq!(kind, PatternKind::Clinician);
            numbers.push(number);
            numbers.dedup();
        }
    }
    assert!(numbers.is_sorted(), "the picture moves on: {numbers:?}");
    let is_ours = |(frequency, level): (f64, f64)| {
        (frequency - f64::from(CLINICIANS_TONE)).abs() < FREQUENCY_TOLERANCE && level > QUIETEST
    };
    let mut heard = Vec::new();
    while !heard.last().is_some_and(|last| is_ours(*last)) {
        assert!(heard.len() < 100, "Chromium plays something else than our tone: {heard:?}");
        visit.carry_for(LOOK_INTERVAL).await;
        heard.extend(visit.listen().await);
    }

    // What a sender tells of itself and a receiver of what it got.
    visit
        .until_stats("the reports of both reach Chromium", |_, stats| {
            ["audio", "video"].iter().all(|kind| {
                stats.number("remote-outbound-rtp", kind, "reportsSent") > 0.0
                    && stats.number("remote-inbound-rtp", kind, "roundTripTimeMeasurements") > 0.0
            })
        })
        .await;
}

/// As our policy has it on a weak link.
async fn chromium_follows_when_pictures_get_smaller_and_packets_longer(visit: &mut Visit) {
    visit.app.plan.height.store(180, Ordering::Relaxed);
    visit.app.plan.packet_ms.store(60, Ordering::Relaxed);
    let before = visit.stats().await;
    let grown =
        |stats: &Stats, key| stats.number("inbound-rtp", "audio", key) - before.number("inbound-rtp", "audio", key);
    visit
        .until_stats("Chromium decodes the smaller picture and the longer packets", |_, stats| {
            let packets = grown(stats, "packetsReceived");
            stats.number("inbound-rtp", "video", "frameHeight") == 180.0
                // A second of voice, in packets of which each has more than 50 ms.
                && grown(stats, "totalSamplesReceived") >= 48_000.0
                && packets >= 10.0
                && grown(stats, "totalSamplesReceived") / packets > 2_400.0
                && grown(stats, "concealedSamples") < 0.5 * grown(stats, "totalSamplesReceived")
        })
        .await;
    let shown = visit.look().await.expect("a picture is shown");
    assert_eq!(PatternKind::read(&shown).map(|(kind, _)| kind), Some(PatternKind::Clinician));
}

/// A busy machine makes gaps; but what is heard is our voice and not concealment.
fn mostly_not_made_up(stats: &Stats) -> bool {
    let number = |key| stats.number("inbound-rtp", "audio", key);
    let silent = number("silentConcealedSamples");
    number("totalSamplesReceived") - silent > 48_000.0
        && number("concealedSamples") - silent < 0.5 * (number("totalSamplesReceived") - silent)
}

async fn we_decode_what_chromium_sends(visit: &mut Visit) {
    visit
        .until_stats("we decode Chromium's picture and play its voice", |app, stats| {
            let decoded = app.seen.so_far();
            decoded.pictures >= 60
                && decoded.patients_pictures >= 30
                && decoded.key_frames >= 1
                && decoded.size == Some(PictureSize::new(640, 360))
                && decoded.share_of(PATIENTS_TONE) > 0.8
                && stats.number("outbound-rtp", "video", "framesEncoded") >= 60.0
        })
        .await;
}

/// By sender reports: Chromium says of which moment what it plays is, of voice and picture each by our own reports of it.
async fn both_know_what_was_taken_when(visit: &mut Visit) {
    visit
        .until_stats("the reports tie voice and picture to one clock", |app, stats| {
            let played = |kind| stats.number("inbound-rtp", kind, "estimatedPlayoutTimestamp");
            let (voice, picture) = (played("audio"), played("video"));
            let [theirs, of_picture] = [MediaKind::Voice, MediaKind::Picture].map(|kind| app.peer.sender_clock(kind));
            voice > 0.0
                && picture > 0.0
                && (voice - picture).abs() < 100.0
                && theirs.zip(of_picture).is_some_and(|(voice, picture)| voice.ntp.abs_diff(picture.ntp) < 60 << 32)
        })
        .await;
}

/// Without feedback that it understands, a sender stays where it began.
async fn both_find_the_rate(visit: &mut Visit) {
    let risen = 2.0 * START_RATE.as_bps() as f64;
    visit
        .until_stats("both estimates have risen to twice where they began", |app, stats| {
            app.peer.stats().target.as_bps() as f64 > risen && stats.path("availableOutgoingBitrate") > risen
        })
        .await;
}

fn the_encryption_is_what_we_offered(stats: &Stats, offers: Offers) {
    assert_eq!(stats.transport("dtlsState"), "connected");
    assert_eq!(stats.srtp_cipher(), "AEAD_AES_256_GCM");
    assert_eq!(stats.transport("dtlsCipher"), "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256");
    assert_eq!(stats.transport("tlsVersion"), "FEFD", "DTLS 1.2");
    // Who answers begins the handshake (RFC 8842, section 5.3), who offers leads ICE (RFC 8445, section 6.1.1).
    let (dtls, ice) = match offers {
        Offers::App => ("client", "controlled"),
        Offers::Browser => ("server", "controlling"),
    };
    assert_eq!((stats.transport("dtlsRole").as_str(), stats.transport("iceRole").as_str()), (dtls, ice));
}

fn the_codecs_are_what_we_offered(stats: &Stats) {
    for way in ["inbound-rtp", "outbound-rtp"] {
        let (codec, format) = stats.codec(way, "video");
        assert_eq!(codec, "video/H264");
        assert!(format.contains("packetization-mode=1") && format.contains("profile-level-id=42e01f"), "{format}");
        let (codec, format) = stats.codec(way, "audio");
        assert_eq!(codec, "audio/opus");
        assert!(format.contains("useinbandfec=1"), "{format}");
    }
}

/// Several pictures.
const LOOK_INTERVAL: Duration = Duration::from_millis(200);
/// Two steps of the page's spectrum, in Hz.
const FREQUENCY_TOLERANCE: f64 = 12.0;
/// In dB of full scale; the tone is sent at -8.
const QUIETEST: f64 = -40.0;
