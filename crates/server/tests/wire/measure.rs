//! Measuring a link before anybody joins.

use ed25519_dalek::Signer;
use hyper::StatusCode;
use serde_json::{Value, json};
use signaling_protocol::{
    Base64, Challenge, ChallengeReply, Code, InviteId, MEASURE_BYTES, MeasureReply, Signature, join_signing_bytes,
    measure_signing_bytes,
};

use crate::client::{Answer, Clinic, Link};

async fn challenge(clinic: &Clinic, link: &Link) -> Challenge {
    let path = format!("/v1/invites/{}/challenge", link.invite);
    let ChallengeReply { challenge, .. } = clinic.client().post(&path, None, &json!({})).await.ok();
    challenge
}

fn request(challenge: Challenge, signed: [u8; 64], up: usize, down: usize) -> Value {
    json!({ "challenge": challenge, "signature": Signature(signed), "padding": Base64(vec![9; up]), "bytes": down })
}

/// Measures by a proof that is good.
async fn measure(clinic: &Clinic, link: &Link, up: usize, down: usize) -> Answer {
    let challenge = challenge(clinic, link).await;
    let signed = link.key.sign(&measure_signing_bytes(link.invite, &challenge)).to_bytes();
    ask(clinic, link, &request(challenge, signed, up, down)).await
}

async fn ask(clinic: &Clinic, link: &Link, body: &Value) -> Answer {
    clinic.client().post(&format!("/v1/invites/{}/measure", link.invite), None, body).await
}

#[tokio::test]
async fn who_holds_a_link_gets_as_many_bytes_as_were_asked_for_and_is_nowhere_by_it() {
    let clinic = Clinic::start().await;
    let staff = clinic.sign_in().await;
    let link = clinic.link(&staff, 1).await;
    for (up, down) in [(0, 0), (100, 4_096), (MEASURE_BYTES, MEASURE_BYTES)] {
        let reply: MeasureReply = measure(&clinic, &link, up, down).await.ok();
        assert_eq!(reply.padding.len(), down);
        let address = clinic.running.address;
        assert_eq!(reply.relays[2], format!("turns:{address}?transport=tcp"), "the addresses alone");
    }
    let one: MeasureReply = measure(&clinic, &link, 0, 64).await.ok();
    let other: MeasureReply = measure(&clinic, &link, 0, 64).await.ok();
    assert_ne!(one.padding, other.padding, "nothing on the way makes them shorter");
    let host = clinic.host(&staff, link.visit).await;
    let hello = host.listen(None).await.until("hello").await;
    assert_eq!(hello["participants"], json!([]), "nobody came in");
    // And the link is as fresh as before.
    clinic.guest(&link).await;
}

#[tokio::test]
async fn without_a_proof_nothing_is_measured_and_all_links_look_the_same() {
    let clinic = Clinic::start().await;
    let link = clinic.link(&clinic.sign_in().await, 1).await;
    let unknown = Link { visit: link.visit, invite: InviteId::from_random([9; 16]), key: link.key.clone() };
    let challenge = challenge(&clinic, &link).await;
    // What is signed to join does not measure, and what is signed to measure does not join.
    let to_join = link.key.sign(&join_signing_bytes(link.invite, &challenge, b"")).to_bytes();
    let to_measure = link.key.sign(&measure_signing_bytes(link.invite, &challenge)).to_bytes();
    for answer in [
        ask(&clinic, &link, &request(challenge, [1; 64], 0, 64)).await,
        ask(&clinic, &link, &request(challenge, to_join, 0, 64)).await,
        ask(&clinic, &unknown, &request(challenge, to_measure, 0, 64)).await,
    ] {
        assert_eq!(answer.code(), Code::InviteNotUsable);
    }
    let body = json!({
        "protocol": signaling_protocol::VersionRange::CURRENT, "challenge": challenge,
        "signature": Signature(to_measure), "bundle": Base64(b"x".to_vec()),
    });
    let joined = clinic.client().post(&format!("/v1/invites/{}/join", link.invite), None, &body).await;
    assert_eq!(joined.code(), Code::InviteNotUsable);
}

#[tokio::test]
async fn guessing_counts_as_a_join_without_a_proof() {
    let clinic = Clinic::start().await;
    let link = clinic.link(&clinic.sign_in().await, 1).await;
    let challenge = challenge(&clinic, &link).await;
    for _ in 0..5 {
        assert_eq!(ask(&clinic, &link, &request(challenge, [1; 64], 0, 0)).await.code(), Code::InviteNotUsable);
    }
    let answer = ask(&clinic, &link, &request(challenge, [1; 64], 0, 0)).await;
    assert_eq!(answer.code(), Code::TooManyRequests);
    assert!(answer.headers.contains_key("retry-after"));
}

#[tokio::test]
async fn more_than_a_check_needs_is_refused() {
    let clinic = Clinic::start().await;
    let staff = clinic.sign_in().await;
    let link = clinic.link(&staff, 1).await;
    for (up, down) in [(MEASURE_BYTES + 1, 0), (0, MEASURE_BYTES + 1), (0, usize::MAX / 2)] {
        assert_eq!(measure(&clinic, &link, up, down).await.code(), Code::TooLarge);
    }
    let by_staff = |token: Option<String>| {
        let client = clinic.client();
        async move { client.post("/v1/measure", token.as_deref(), &json!({ "bytes": 10 })).await }
    };
    assert_eq!(by_staff(None).await.code(), Code::NotSignedIn);
    // Eighty at once from one address, links and staff together; those that were too large among them.
    let mut refused = None;
    for n in 3..400 {
        let answer = by_staff(Some(staff.clone())).await;
        if answer.status != StatusCode::OK {
            refused = Some((n, answer.code()));
            break;
        }
    }
    let (n, code) = refused.expect("there is an end to it");
    // Some came back while this went on.
    assert!(code == Code::TooManyRequests && n >= 80, "{n} {code:?}");
}

#[tokio::test]
async fn a_visit_that_is_over_is_told_to_who_holds_the_link() {
    let clinic = Clinic::start().await;
    let staff = clinic.sign_in().await;
    let link = clinic.link(&staff, 1).await;
    clinic.host(&staff, link.visit).await.post("end", &json!({})).await.is(StatusCode::OK);
    assert_eq!(measure(&clinic, &link, 0, 0).await.code(), Code::VisitEnded);
}
