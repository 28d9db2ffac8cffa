//! Links that work, and links that do not.

use hyper::StatusCode;
use serde_json::json;
use signaling_protocol::{Base64, Challenge, Code, IceReply, InviteId, Signature, VersionRange};

use crate::client::{Clinic, Link};

#[tokio::test]
async fn host_and_guest_meet_and_exchange_a_box() {
    let clinic = Clinic::start().await;
    let (_, host, guest) = clinic.call().await;
    let mut heard = guest.listen(None).await;
    assert_eq!(heard.next().await.unwrap()["admission"], "admitted");
    host.says(&guest, 1, "an offer").await;
    let event = heard.next().await.unwrap();
    assert_eq!(event["envelope"]["box"], json!(Base64(b"an offer".to_vec())));
    assert_eq!(event["envelope"]["from"], json!(host.joined.endpoint));
}

#[tokio::test]
async fn the_server_lists_itself_for_stun_by_the_address_that_was_used() {
    let clinic = Clinic::start().await;
    let (_, _, guest) = clinic.call().await;
    let ice: IceReply = guest.get("ice").await.ok();
    assert_eq!(ice.servers[0].urls, [format!("stun:{}", clinic.running.address)]);
}

#[tokio::test]
async fn without_proof_unknown_expired_used_and_good_links_look_the_same() {
    let clinic = Clinic::start().await;
    let staff = clinic.sign_in().await;
    let (good, used) = (clinic.link(&staff, 1).await, clinic.link(&staff, 2).await);
    clinic.guest(&used).await;
    let body = json!({
        "protocol": VersionRange::CURRENT, "challenge": Challenge([0; 48]), "signature": Signature([1; 64]),
        "bundle": Base64(b"mallory".to_vec()),
    });
    let mut answers = Vec::new();
    for invite in [good.invite, used.invite, InviteId::from_random([9; 16])] {
        answers.push(clinic.client().post(&format!("/v1/invites/{invite}/join"), None, &body).await);
    }
    for answer in &answers {
        assert_eq!(answer.code(), Code::InviteNotUsable);
        assert_eq!(answer.body, answers[0].body);
    }
    let names = |at: usize| answers[at].headers.keys().cloned().collect::<Vec<_>>();
    assert!(names(0) == names(1) && names(0) == names(2));
}

#[tokio::test]
async fn with_proof_a_link_in_use_says_so() {
    let clinic = Clinic::start().await;
    let staff = clinic.sign_in().await;
    let link = clinic.link(&staff, 1).await;
    let guest = clinic.guest(&link).await;
    let mut listens = guest.listen(None).await;
    listens.until("hello").await;
    assert_eq!(clinic.client().join(&link, b"another app").await.code(), Code::InviteInUse);
    let unknown = Link { invite: InviteId::from_random([9; 16]), ..link };
    assert_eq!(clinic.client().join(&unknown, b"another app").await.code(), Code::InviteNotUsable);
}

#[tokio::test]
async fn guessing_at_links_is_slowed_down_and_a_good_link_from_elsewhere_is_not() {
    let clinic = Clinic::start().await;
    let staff = clinic.sign_in().await;
    let good = clinic.link(&staff, 1).await;
    let link = |n| Link { visit: good.visit, invite: InviteId::from_random([n; 16]), key: good.key.clone() };
    for n in 10..15 {
        assert_eq!(clinic.client().join(&link(n), b"x").await.code(), Code::InviteNotUsable);
    }
    let answer = clinic.client().join(&link(15), b"x").await;
    assert_eq!(answer.code(), Code::TooManyRequests);
    assert!(answer.headers.contains_key("retry-after"));
}

#[tokio::test]
async fn the_host_ends_the_visit_for_all() {
    let clinic = Clinic::start().await;
    let (link, host, guest) = clinic.call().await;
    let mut heard = guest.listen(None).await;
    heard.until("hello").await;
    assert_eq!(guest.post("end", &json!({})).await.code(), Code::NotAllowed);
    host.post("end", &json!({})).await.is(StatusCode::OK);
    assert_eq!(heard.next().await.unwrap(), json!({ "kind": "visit", "state": "ended", "reason": "host_ended" }));
    assert_eq!(heard.next().await, None, "nothing more can come");
    assert_eq!(clinic.client().join(&link, b"late").await.code(), Code::VisitEnded);
    assert_eq!(guest.get("ice").await.code(), Code::VisitEnded);
}
