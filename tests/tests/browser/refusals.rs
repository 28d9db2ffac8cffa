//! Whom neither side talks to.

use peer::{PeerError, PeerEvent};
use serde_json::Value;
use trust::DtlsFingerprint;

use crate::visit::{Offers, Visit};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_certificate_than_the_announced_one_is_refused_by_whoever_sees_it() {
    let mut visit = Visit::new(None).await;
    // Whoever begins the handshake sees the other's certificate at another place of it.
    for offers in [Offers::App, Offers::Browser] {
        let wrong = |lies: Offers| {
            move |of, parameters: &mut trust::ConnectionParameters| {
                if of == lies {
                    parameters.fingerprint = DtlsFingerprint([7; 32]);
                }
            }
        };
        visit.negotiate(offers, wrong(Offers::Browser)).await;
        visit.app.peer.set_media_open(true);
        let refused = PeerEvent::Refused(PeerError::FingerprintMismatch);
        visit.until("we refuse", |told| told.app.contains(&refused)).await;
        assert!(!visit.told.app.iter().any(|event| matches!(event, PeerEvent::DtlsConnected { .. })));
        assert_eq!(visit.app.peer.stats().sent_packets, 0);
        visit.begin_anew().await;

        visit.negotiate(offers, wrong(Offers::App)).await;
        visit.app.peer.set_media_open(true);
        visit.until("Chromium refuses", |told| told.page_said("connection", "failed")).await;
        assert!(!visit.told.page_said("connection", "connected"));
        assert!(!visit.told.page_said("channel", "open"));
        visit.begin_anew().await;
    }
    visit.app.hang_up().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_data_channel_that_nobody_agreed_on_ends_the_connection() {
    let mut visit = Visit::new(None).await;
    visit.connect(Offers::Browser).await;
    visit.page.run("openAnotherChannel", Value::Null).await;
    let refused = PeerEvent::Refused(PeerError::ForeignChannel);
    visit.until("we refuse", |told| told.app.contains(&refused)).await;
    visit.until("the page sees the end", |told| told.page_said("channel", "closed")).await;
    visit.app.hang_up().await;
}
