//! What a call survives: packets lost that are sent again, packets lost for good, and a new path.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use peer::PeerEvent;
use trust::ConnectionParameters;

use crate::link::{Link, Rtp, Way};
use crate::stats::Stats;
use crate::visit::{Offers, Visit};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_link_loses_is_sent_again_both_ways() {
    let link = Link::new();
    let (mut visit, sources) = flowing(&link).await;
    let before = visit.stats().await;
    let app_before = visit.app.peer.stats();

    // Every twentieth packet of a picture, and every twentieth that is sent again.
    let lost = [Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0))];
    let counted = lost.clone();
    let mut passed = [0_u64; 2];
    link.set_loss(move |way, rtp| {
        if !sources.is_picture(way, rtp) && !sources.is_rtx(way, rtp) {
            return false;
        }
        let passed = &mut passed[way as usize];
        *passed += 1;
        let loses = passed.is_multiple_of(20);
        counted[way as usize].fetch_add(u64::from(loses), Ordering::Relaxed);
        loses
    });
    let lost = move |way: Way| lost[way as usize].load(Ordering::Relaxed);

    let frames = before.number("inbound-rtp", "video", "framesDecoded");
    let pictures = visit.app.seen.so_far().pictures;
    let after = visit
        .until_stats("both mend what is lost and go on", |app, stats| {
            let grown = |key| stats.number("inbound-rtp", "video", key) - before.number("inbound-rtp", "video", key);
            let sent = |key| stats.number("outbound-rtp", "video", key) - before.number("outbound-rtp", "video", key);
            let ours = app.peer.stats();
            // Enough to lose, and most of it mended.
            lost(Way::ToBrowser) >= 20
                && grown("retransmittedPacketsReceived") >= 10.0
                && grown("nackCount") >= 1.0
                && ours.retransmitted - app_before.retransmitted >= 10
                && stats.number("inbound-rtp", "video", "framesDecoded") - frames >= 90.0
                // And back.
                && lost(Way::ToApp) >= 20
                && ours.repaired - app_before.repaired >= 10
                && ours.requested - app_before.requested >= 10
                && sent("retransmittedPacketsSent") >= 10.0
                && app.seen.so_far().pictures - pictures >= 90
        })
        .await;
    let asked = |stats: &Stats| stats.number("inbound-rtp", "video", "pliCount");
    assert_eq!(asked(&after), asked(&before), "Chromium needed no key frame");
    visit.app.hang_up().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_lost_for_good_is_mended_by_a_key_frame_both_ways() {
    let link = Link::new();
    let (mut visit, sources) = flowing(&link).await;

    for way in [Way::ToBrowser, Way::ToApp] {
        let before = visit.stats().await;
        let (seen, wanted) = (visit.app.seen.so_far(), visit.app.key_frames_wanted());
        // One packet of a picture, however often it is sent.
        let mut gone: Option<u16> = None;
        link.set_loss(move |this_way, rtp| {
            if this_way != way {
                return false;
            }
            if sources.is_rtx(way, rtp) {
                return true;
            }
            sources.is_picture(way, rtp) && *gone.get_or_insert(rtp.sequence) == rtp.sequence
        });
        visit
            .until_stats("a key frame is asked for and comes", |app, stats| {
                let grown = |typ, key| stats.number(typ, "video", key) > before.number(typ, "video", key);
                match way {
                    Way::ToBrowser => {
                        grown("inbound-rtp", "pliCount")
                            && grown("inbound-rtp", "keyFramesDecoded")
                            && app.key_frames_wanted() > wanted
                    }
                    Way::ToApp => {
                        grown("outbound-rtp", "pliCount")
                            && grown("outbound-rtp", "keyFramesEncoded")
                            && app.seen.so_far().key_frames > seen.key_frames
                    }
                }
            })
            .await;
        link.set_loss(|_, _| false);
        go_on(&mut visit).await;
    }
    visit.app.hang_up().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_ice_restart_keeps_the_encryption_the_control_channel_and_the_media() {
    let mut visit = Visit::new(None).await;
    visit.connect(Offers::App).await;
    visit.start_media();
    go_on(&mut visit).await;
    let before = visit.stats().await;

    visit.told.app.clear();
    visit.told.page.clear();
    visit.negotiate(Offers::App, |_, _| {}).await;
    visit.until("a path is found again", |told| told.app.contains(&PeerEvent::IceConnected)).await;
    go_on(&mut visit).await;

    let stats = visit.stats().await;
    let changes = |stats: &Stats| stats.transport_number("selectedCandidatePairChanges");
    assert!(changes(&stats) > changes(&before), "another path, and not the old one");
    assert_ne!(stats.transport("iceLocalUsernameFragment"), before.transport("iceLocalUsernameFragment"));
    assert_eq!(stats.srtp_cipher(), "AEAD_AES_256_GCM");
    visit.app.peer.send_control(b"still here".to_vec()).await.expect("the channel is still open");
    visit.until("the page hears us", |told| told.page_said("control", "still here")).await;
    assert!(!visit.told.app.iter().any(|event| matches!(event, PeerEvent::ControlClosed | PeerEvent::Failed)));
    visit.app.hang_up().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_link_that_falls_silent_is_noticed_by_both_and_the_call_goes_on_when_it_is_back() {
    let link = Link::new();
    let (mut visit, _) = flowing(&link).await;

    link.set_cut(true);
    visit
        .until("both notice", |told| {
            told.app.contains(&PeerEvent::Disconnected) && told.page_said("connection", "disconnected")
        })
        .await;
    visit.told.app.clear();
    visit.told.page.clear();
    link.set_cut(false);
    visit
        .until("both find the path again", |told| {
            told.app.contains(&PeerEvent::IceConnected) && told.page_said("connection", "connected")
        })
        .await;
    go_on(&mut visit).await;
    visit.app.hang_up().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_browser_that_is_gone_without_a_word_is_missed() {
    let mut visit = Visit::new(None).await;
    visit.connect(Offers::App).await;
    visit.page.kill();
    visit.until("we miss it", |told| told.app.contains(&PeerEvent::Disconnected)).await;
    visit.app.hang_up().await;
}

/// A call over `link` in which both see the other, and the numbers by which its packets are known.
async fn flowing(link: &Link) -> (Visit, Sources) {
    let mut visit = Visit::new(Some(link.clone())).await;
    let sources = std::cell::RefCell::new(Sources::default());
    visit.negotiate(Offers::App, |of, parameters| sources.borrow_mut().note(of, parameters)).await;
    visit.until_connected().await;
    visit.start_media();
    go_on(&mut visit).await;
    (visit, sources.into_inner())
}

/// Both decode another second of the other.
async fn go_on(visit: &mut Visit) {
    let frames = visit.stats().await.number("inbound-rtp", "video", "framesDecoded");
    let pictures = visit.app.seen.so_far().patients_pictures;
    visit
        .until_stats("both go on", |app, stats| {
            stats.number("inbound-rtp", "video", "framesDecoded") >= frames + 30.0
                && app.seen.so_far().patients_pictures >= pictures + 20
        })
        .await;
}

/// The sources of the pictures (RFC 3550, section 3) and of what is sent again, by who sends.
#[derive(Debug, Clone, Copy, Default)]
struct Sources {
    app: (u32, u32),
    browser: (u32, u32),
}

impl Sources {
    fn note(&mut self, of: Offers, parameters: &ConnectionParameters) {
        let sources = (parameters.picture.ssrc, parameters.picture.rtx_ssrc);
        match of {
            Offers::App => self.app = sources,
            Offers::Browser => self.browser = sources,
        }
    }

    fn sender(&self, way: Way) -> (u32, u32) {
        match way {
            Way::ToBrowser => self.app,
            Way::ToApp => self.browser,
        }
    }

    fn is_picture(&self, way: Way, rtp: Rtp) -> bool {
        rtp.ssrc == self.sender(way).0
    }

    fn is_rtx(&self, way: Way, rtp: Rtp) -> bool {
        rtp.ssrc == self.sender(way).1
    }
}
