//! What needs no server; how it fares with one is a suite of its own (`tests/tests/doctor`).

use std::net::TcpListener;
use std::sync::Arc;
use std::time::{Instant, SystemTime};

use ::doctor::{Reason, Works};
use trust::{InviteSecret, KeyFingerprint, TlsPin};

use super::*;
use crate::headless::client;
use crate::proxies::{ProxyChoice, ProxyFinder};

/// A check of the way to a port where nobody listens, and who says that the person joins.
fn begin() -> (QuietCheck, watch::Sender<bool>) {
    crate::install_crypto_provider();
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let link = Link {
        server: format!("127.0.0.1:{port}").parse().unwrap(),
        app_only: true,
        invite: signaling_protocol::InviteId::from_random([1; 16]),
        secret: InviteSecret::from_random([7; 32]),
        clinic_key: KeyFingerprint([9; 32]),
        epoch: None,
        pin: Some(TlsPin([3; 32])),
    };
    let client = client(ProxyFinder::new(ProxyChoice::System), &link.server, link.pin.as_ref()).unwrap();
    let clock = Clock::starting_at(Instant::now(), SystemTime::now());
    let (joins, joining) = watch::channel(false);
    (QuietCheck::begin(client, link, false, joining, (clock, Arc::new(|| {}))), joins)
}

#[tokio::test]
async fn what_is_found_is_told_and_stands_when_the_person_joins() {
    let (mut check, joins) = begin();
    check.checked.changed().await.expect("it is told");
    let checked = check.checked().unwrap();
    assert_eq!((checked.verdict.works, &checked.verdict.reasons[..]), (Works::Nothing, &[Reason::ServerRefuses][..]));
    joins.send_replace(true);
    assert!(check.checked.changed().await.is_err(), "it is over");
    assert!(check.checked().is_some());
}

#[tokio::test]
async fn who_joins_at_once_is_not_disturbed() {
    let (mut check, joins) = begin();
    joins.send_replace(true);
    assert!(check.checked.changed().await.is_err(), "it is over before it told anything");
    assert_eq!(check.checked(), None);
}

#[tokio::test]
async fn a_visit_that_is_gone_is_not_checked_on() {
    let (mut check, joins) = begin();
    drop(joins);
    assert!(check.checked.changed().await.is_err());
}
