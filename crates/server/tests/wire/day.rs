//! The day over HTTP: the front desk plans, clinicians take, lists wait for news.

use hyper::StatusCode;
use serde_json::{Value, json};
use signaling_protocol::{Base64, Code, CreateVisitReply, StaffRole, VisitsReply};

use crate::client::{Clinic, Link};

async fn list(clinic: &Clinic, token: &str, query: &str) -> VisitsReply {
    let path = format!("/v1/visits?{query}");
    clinic.client().request("GET", &path, Some(token), Vec::new()).await.ok()
}

async fn make(clinic: &Clinic, token: &str, body: Value) -> CreateVisitReply {
    clinic.client().post("/v1/visits", Some(token), &body).await.ok()
}

#[tokio::test]
async fn the_front_desk_plans_sees_who_waits_and_enters_nothing() {
    let clinic = Clinic::start().await;
    let client = clinic.client();
    let lee = clinic.sign_in().await;
    let fay = clinic.staff("fay", StaffRole::FrontDesk).await.token.into_exposed();
    let cleo = clinic.staff("cleo", StaffRole::Clinician).await;
    let now = list(&clinic, &fay, "").await.now_unix_secs;
    let planned = json!({ "start_unix_secs": now + 600, "length_minutes": 30, "time_zone": "Europe/Berlin" });
    let whose = json!({ "planned": planned, "clinician": cleo.staff });
    let visit = make(&clinic, &fay, whose).await.visit;
    let link = client.link_to(&fay, visit, 7).await;
    let guest = clinic.guest(&link).await;
    let seen = list(&clinic, &fay, &format!("from={now}&until={}", now + 3_600)).await;
    assert_eq!(seen.visits.len(), 1);
    assert_eq!(seen.visits[0].waiting[0].invite, link.invite);
    assert_eq!(seen.visits[0].clinician, Some(cleo.staff));
    assert!(!seen.visits[0].hosted);
    let join = json!({ "protocol": { "min": 1, "max": 1 }, "bundle": "AAAA" });
    let entered = client.post(&format!("/v1/visits/{visit}/join"), Some(&fay), &join).await;
    assert_eq!(entered.code(), Code::NotAllowed);
    let admitted = json!({ "endpoint": guest.joined.endpoint });
    let admits = client.post(&format!("/v1/visits/{visit}/admit"), Some(&fay), &admitted).await;
    assert_eq!(admits.code(), Code::NotSignedIn, "only who is in it, and the front desk never is");
    assert!(list(&clinic, &lee, "").await.visits.is_empty(), "a colleague's");
    // Somebody of the front desk holds no visits, and nobody whom there is not.
    for nobody in [json!(list(&clinic, &fay, "").await.visits[0].creator), json!("stf_AAAAAAAAAAAAAAAAAAAAAA")] {
        let body = json!({ "clinician": nobody });
        assert_eq!(client.post("/v1/visits", Some(&fay), &body).await.code(), Code::ClinicianNotFound);
        let path = format!("/v1/visits/{visit}/assign");
        assert_eq!(client.post(&path, Some(&fay), &body).await.code(), Code::ClinicianNotFound);
    }
}

#[tokio::test]
async fn a_list_waits_until_somebody_comes() {
    let clinic = Clinic::start().await;
    let staff = clinic.sign_in().await;
    let link = clinic.link(&staff, 7).await;
    let before = list(&clinic, &staff, "").await;
    let query = format!("known={}", before.version);
    let (after, _) = tokio::join!(list(&clinic, &staff, &query), async {
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        clinic.guest(&link).await
    });
    assert!(after.version > before.version);
    assert_eq!((before.visits[0].waiting.len(), after.visits[0].waiting.len()), (0, 1));
}

#[tokio::test]
async fn who_comes_too_early_is_told_when_the_link_opens_and_a_thief_nothing() {
    let clinic = Clinic::start().await;
    let staff = clinic.sign_in().await;
    let made = clinic.link(&staff, 7).await;
    let opens = list(&clinic, &staff, "").await.now_unix_secs + 3_600;
    let key = ed25519_dalek::SigningKey::from_bytes(&[9; 32]);
    let body = json!({
        "invite_key": Base64(key.verifying_key().to_bytes().to_vec()), "expires_in_secs": 60, "opens_unix_secs": opens,
        "role": "interpreter",
    });
    let path = format!("/v1/visits/{}/invites", made.visit);
    let reply: signaling_protocol::CreateInviteReply = clinic.client().post(&path, Some(&staff), &body).await.ok();
    let link = Link { visit: made.visit, invite: reply.invite, key };
    let answer = clinic.client().join(&link, b"early").await;
    assert_eq!(answer.code(), Code::InviteTooEarly);
    let told: Value = serde_json::from_slice(&answer.body).unwrap();
    assert_eq!(told["opens_unix_secs"], json!(opens));
    let thief = Link { key: ed25519_dalek::SigningKey::from_bytes(&[1; 32]), ..link };
    assert_eq!(clinic.client().join(&thief, b"early").await.code(), Code::InviteNotUsable);
    // Taken back.
    let path = format!("/v1/visits/{}/invites/{}", made.visit, made.invite);
    clinic.client().request("DELETE", &path, Some(&staff), Vec::new()).await.is(StatusCode::OK);
    assert_eq!(clinic.client().join(&made, b"late").await.code(), Code::InviteRevoked);
}

#[tokio::test]
async fn locks_tries_and_notes_go_over_the_wire() {
    let clinic = Clinic::start().await;
    let staff = clinic.sign_in().await;
    let link = clinic.link(&staff, 7).await;
    let (host, guest) = (clinic.host(&staff, link.visit).await, clinic.guest(&link).await);
    let mut hears = guest.listen(None).await;
    hears.until("hello").await;
    let about = json!({ "endpoint": guest.joined.endpoint });
    for used in 1..=3 {
        let tries: signaling_protocol::TriesReply = host.post("tries", &about).await.ok();
        assert_eq!(tries.used, used);
    }
    assert_eq!(guest.post("tries", &about).await.code(), Code::NotAllowed);
    let note = json!({ "note": { "about": "late", "minutes": 5 } });
    let path = format!("/v1/visits/{}/note", link.visit);
    clinic.client().post(&path, Some(&staff), &note).await.is(StatusCode::OK);
    assert_eq!(hears.next().await.unwrap()["note"], note["note"]);
    host.post("lock", &json!({ "locked": true })).await.is(StatusCode::OK);
    let other = clinic.link_to(&staff, link.visit, 8).await;
    assert_eq!(clinic.client().join(&other, b"new").await.code(), Code::VisitLocked);
}
