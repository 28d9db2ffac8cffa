//! The voice with copies of what was said just before (RFC 2198): agreed on both ways, and of use.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use peer::VoiceFormats;
use serde_json::Value;

use crate::link::{Link, Way};
use crate::stats::Stats;
use crate::visit::{Offers, Visit};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn chromium_takes_our_offer_of_red_and_fills_with_our_copies_what_the_link_loses() {
    let link = Link::new();
    let mut visit = Visit::new(Some(link.clone())).await;
    let voice_source = AtomicU64::new(0);
    visit
        .negotiate(Offers::App, |of, parameters| {
            assert_eq!(parameters.voice.red_payload_type, Some(63), "{of:?}");
            if of == Offers::App {
                voice_source.store(parameters.voice.ssrc.into(), Ordering::Relaxed);
            }
        })
        .await;
    visit.until_connected().await;
    assert_eq!(visit.app.peer.voice_formats(), Some(VoiceFormats { opus: 111, red: Some(63) }));
    visit.app.plan.fec.store(false, Ordering::Relaxed);
    visit.start_media();
    visit.until_stats("Chromium plays our voice", |_, stats| voice(stats, "totalSamplesReceived") > 96_000.0).await;

    // Every fourth packet of our voice: without a copy its 20 ms are made up, with one in the next they are not.
    let lost = Arc::new(AtomicU64::new(0));
    let (counted, source) = (lost.clone(), voice_source.into_inner());
    link.set_loss(move |way, rtp| {
        let loses = way == Way::ToBrowser && u64::from(rtp.ssrc) == source && rtp.sequence % 4 == 0;
        counted.fetch_add(u64::from(loses), Ordering::Relaxed);
        loses
    });
    let without = made_up_for_a_packet(&mut visit, &lost).await;
    visit.app.plan.red.store(true, Ordering::Relaxed);
    // What was sent before the copies began is played by then.
    visit.carry_for(Duration::from_secs(1)).await;
    let with = made_up_for_a_packet(&mut visit, &lost).await;
    assert!(without > 700.0 && with < 0.4 * without, "{without} samples without copies, {with} with");
    visit.app.hang_up().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_offer_of_chromiums_with_red_first_brings_its_voice_with_copies() {
    let mut visit = Visit::new(None).await;
    visit.page.run("preferRed", Value::Null).await;
    visit.connect(Offers::Browser).await;
    visit.start_media();
    visit
        .until_stats("Chromium's copies are what it sent before", |app, _| {
            let heard = app.seen.so_far();
            heard.red_packets >= 100 && heard.true_copies >= 90 && heard.share_of(crate::footage::PATIENTS_TONE) > 0.8
        })
        .await;
    let heard = visit.app.seen.so_far();
    assert_eq!(heard.false_copies, 0, "{heard:?}");
    assert!(heard.red_packets > 9 * heard.opus_packets, "{heard:?}");
    visit.app.hang_up().await;
}

/// It answers in the form that it prefers of those that we offer.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn chromium_answers_us_with_red_where_it_prefers_that() {
    let mut visit = Visit::new(None).await;
    visit.page.run("preferRed", Value::Null).await;
    visit.connect(Offers::App).await;
    visit.start_media();
    visit.until_stats("its copies come", |app, _| app.seen.so_far().true_copies >= 50).await;
    visit.app.hang_up().await;
}

/// How many samples Chromium makes up for a packet that is lost, over some seconds of voice.
async fn made_up_for_a_packet(visit: &mut Visit, lost: &AtomicU64) -> f64 {
    let before = (visit.stats().await, lost.load(Ordering::Relaxed));
    let after = visit
        .until_stats("some seconds of voice pass", |_, stats| {
            voice(stats, "totalSamplesReceived") - voice(&before.0, "totalSamplesReceived") > 4.0 * 48_000.0
        })
        .await;
    let grown = |key| voice(&after, key) - voice(&before.0, key);
    let lost = (lost.load(Ordering::Relaxed) - before.1) as f64;
    assert!(lost >= 40.0, "{lost} lost");
    (grown("concealedSamples") - grown("silentConcealedSamples")) / lost
}

fn voice(stats: &Stats, key: &str) -> f64 {
    stats.number("inbound-rtp", "audio", key)
}
