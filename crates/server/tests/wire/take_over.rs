//! Breaking the glass over HTTP: the second factor, what the server knows of the note, and the review.

use hyper::StatusCode;
use serde_json::{Value, json};
use signaling_protocol::{
    Base64, Code, NoteReply, ReviewOutcome, StaffRole, TakeOverReply, TakeOversReply, VisitId, VisitsReply,
};

use crate::client::{Answer, Client, Clinic};

fn request(client: &Client, who: &str, note: u8) -> Value {
    json!({
        "reason": "clinician_absent", "totp": client.people.digits(who), "commitment": Base64(vec![note; 32]),
        "box": Base64(vec![note; 100]),
    })
}

async fn take_over(client: &Client, token: &str, visit: VisitId, body: &Value) -> Answer {
    client.post(&format!("/v1/visits/{visit}/take-over"), Some(token), body).await
}

async fn list(client: &Client, token: &str, query: &str) -> TakeOversReply {
    client.request("GET", &format!("/v1/take-overs{query}"), Some(token), Vec::new()).await.ok()
}

#[tokio::test]
async fn a_visit_is_taken_over_with_fresh_digits_and_reviewed_by_somebody_else() {
    let clinic = Clinic::start().await;
    let client = clinic.client();
    let (link, host, guest) = clinic.call().await;
    let cleo = clinic.staff("cleo", StaffRole::Clinician).await;
    let ada = clinic.staff("ada", StaffRole::Admin).await;
    let aud = clinic.staff("aud", StaffRole::Auditor).await.token.into_exposed();
    let token = cleo.token.expose().as_str();
    let seen: VisitsReply = client.request("GET", "/v1/visits/colleagues", Some(token), Vec::new()).await.ok();
    assert_eq!(seen.visits.iter().map(|one| one.visit).collect::<Vec<_>>(), [link.visit]);
    assert!(seen.visits[0].invites.is_empty());
    // Wrong digits, and a note that is none: nothing has happened.
    let mut wrong = request(&client, "cleo", 1);
    wrong["totp"] = json!("000000");
    assert_eq!(take_over(&client, token, link.visit, &wrong).await.code(), Code::SignInRefused);
    let mut long = request(&client, "cleo", 1);
    long["box"] = json!(Base64(vec![1; 17 * 1024]));
    assert_eq!(take_over(&client, token, link.visit, &long).await.code(), Code::TooLarge);
    host.get("ice").await.is(StatusCode::OK);
    let mut hears = host.listen(None).await;
    let asked = request(&client, "cleo", 1);
    let first: TakeOverReply = take_over(&client, token, link.visit, &asked).await.ok();
    hears.until("removed").await;
    // The answer got lost: the digits are used up, and it is the same again.
    let again: TakeOverReply = take_over(&client, token, link.visit, &asked).await.ok();
    assert_eq!(again, first);
    let other = clinic.link(&clinic.sign_in().await, 8).await;
    assert_eq!(
        take_over(&client, token, other.visit, &asked).await.code(),
        Code::SignInRefused,
        "digits are good once"
    );
    let new_host = client.host(token, link.visit, b"cleo").await;
    assert_eq!(new_host.joined.visit, guest.joined.visit);
    // Reviewed by nobody who did it, by the admin, once.
    let open = list(&client, &aud, "?open=1").await;
    assert_eq!(open.take_overs.len(), 1);
    let row = open.take_overs[0];
    assert_eq!((row.take_over, row.visit, row.by), (first.take_over, link.visit, cleo.staff));
    assert_eq!((row.commitment.0, row.review), ([1; 32], None));
    assert_eq!(row.review_by_unix_secs - row.at_unix_secs, 72 * 3600);
    assert_eq!(list(&client, token, "").await.take_overs, open.take_overs, "their own");
    let lee = clinic.sign_in().await;
    assert!(list(&client, &lee, "").await.take_overs.is_empty());
    let path = format!("/v1/take-overs/{}", first.take_over);
    let note: NoteReply = client.request("GET", &format!("{path}/note"), Some(&aud), Vec::new()).await.ok();
    assert_eq!(note.sealed.0, vec![1; 100]);
    let review = async |token: &str, outcome: &str| {
        client.post(&format!("{path}/review"), Some(token), &json!({ "outcome": outcome })).await
    };
    let admin = ada.token.expose().as_str();
    assert_eq!(review(token, "justified").await.code(), Code::NotAllowed);
    for _ in 0..2 {
        review(admin, "justified").await.is(StatusCode::OK);
    }
    assert_eq!(review(admin, "not_justified").await.code(), Code::ReviewedAlready);
    assert_eq!(review(&aud, "justified").await.code(), Code::ReviewedAlready);
    assert!(list(&client, &aud, "?open=1").await.take_overs.is_empty());
    let done = list(&client, &aud, "").await.take_overs[0].review.unwrap();
    assert_eq!((done.by, done.outcome), (ada.staff, ReviewOutcome::Justified));
}

#[tokio::test]
async fn nobody_reviews_what_they_did_themselves_whatever_they_are_by_now() {
    let clinic = Clinic::start().await;
    let client = clinic.client();
    let visit = clinic.link(&clinic.sign_in().await, 7).await.visit;
    let cleo = clinic.staff("cleo", StaffRole::Clinician).await;
    let asked = request(&client, "cleo", 1);
    let taken: TakeOverReply = take_over(&client, cleo.token.expose(), visit, &asked).await.ok();
    let ada = clinic.staff("ada", StaffRole::Admin).await.token.into_exposed();
    let role = json!({ "role": "auditor" });
    client.post(&format!("/v1/staff/{}/role", cleo.staff), Some(&ada), &role).await.is(StatusCode::OK);
    let auditor = client.sign_in("cleo").await.token.into_exposed();
    let path = format!("/v1/take-overs/{}/review", taken.take_over);
    let answer = client.post(&path, Some(&auditor), &json!({ "outcome": "justified" })).await;
    assert_eq!(answer.code(), Code::NotAllowed);
    // It outlives a restart, and is open still.
    let clinic = clinic.restart().await;
    assert_eq!(list(&clinic.client(), &ada, "?open=1").await.take_overs.len(), 1);
}
