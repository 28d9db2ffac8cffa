//! How things stand at the clinic, told to signed-in apps: by stream and by long-poll, and across a restart.

use std::time::Duration;

use hyper::StatusCode;
use serde_json::{Value, json};
use signaling_client::{StaffEventStream, StreamEvent};
use signaling_protocol::{PollReply, StaffEvent, StaffRole};
use tokio::time::timeout;

use crate::client::{Client, Clinic, PATIENCE};

/// One long-poll after this cursor.
async fn poll(client: &Client, token: &str, cursor: Option<u64>) -> PollReply {
    let cursor = cursor.map(|cursor| cursor.to_string());
    let headers: Vec<_> = cursor.iter().map(|cursor| ("last-event-id", cursor.as_str())).collect();
    client.request_with("GET", "/v1/events?poll=1", Some(token), &headers, Vec::new()).await.ok()
}

fn boxes_of(reply: &PollReply) -> u64 {
    reply.events[0].event["boxes"].as_u64().unwrap()
}

async fn write_box(client: &Client, token: &str, revision: u32) {
    let body = json!({ "revision": revision, "box": "AQID" });
    client.post("/v1/boxes/7/obj_AAAAAAAAAAAAAAAAAAAAAA", Some(token), &body).await.is(StatusCode::OK);
}

#[tokio::test]
async fn a_long_poll_says_how_things_stand_and_waits_for_what_is_new() {
    let clinic = Clinic::start().await;
    let client = clinic.client();
    let fay = clinic.staff("fay", StaffRole::FrontDesk).await.token.into_exposed();
    let first = poll(&client, &fay, None).await;
    assert_eq!(first.events[0].event["kind"], "clinic");
    let cursor = first.events[0].cursor;
    let change = async {
        tokio::time::sleep(Duration::from_millis(200)).await;
        write_box(&client, &fay, 1).await;
    };
    let (next, ()) = tokio::join!(poll(&client, &fay, Some(cursor)), change);
    assert!(next.events[0].cursor > cursor && boxes_of(&next) > boxes_of(&first));
    let again = poll(&client, &fay, Some(cursor)).await;
    assert_eq!(again.events, next.events, "who is behind hears the newest at once");
}

#[tokio::test]
async fn a_restart_says_bye_and_what_comes_after_counts_from_higher() {
    let clinic = Clinic::start().await;
    let fay = clinic.staff("fay", StaffRole::FrontDesk).await.token;
    write_box(&clinic.client(), fay.expose(), 1).await;
    let before = poll(&clinic.client(), fay.expose(), None).await;
    let mut stream = StaffEventStream::open(clinic.signaling(), fay.clone());
    let mut heard = Vec::new();
    while !matches!(heard.last(), Some(StreamEvent::Event(StaffEvent::Clinic { .. }))) {
        heard.push(timeout(PATIENCE, stream.recv()).await.unwrap().unwrap());
    }
    assert_eq!(heard[0], StreamEvent::Up);
    let clinic = clinic.restart().await;
    let bye = timeout(PATIENCE, stream.recv()).await.unwrap();
    assert!(matches!(bye, Some(StreamEvent::Event(StaffEvent::Bye { .. }))), "{bye:?}");
    let fay = clinic.client().sign_in("fay").await.token.into_exposed();
    let after = poll(&clinic.client(), &fay, Some(before.events[0].cursor)).await;
    assert!(after.events[0].cursor > before.events[0].cursor && boxes_of(&after) > boxes_of(&before));
}

#[tokio::test]
async fn whatever_is_sent_is_answered_by_a_refusal_that_is_no_fault() {
    let clinic = Clinic::start().await;
    let client = clinic.client();
    let ada = clinic.staff("ada", StaffRole::Admin).await.token.into_exposed();
    let id = "AAAAAAAAAAAAAAAAAAAAAA";
    let paths = [
        "/v1/clinic".to_owned(),
        "/v1/clinic/notice".to_owned(),
        "/v1/devices".to_owned(),
        format!("/v1/devices/dev_{id}/certificate"),
        format!("/v1/devices/dev_{id}/check"),
        format!("/v1/boxes/7/obj_{id}"),
    ];
    let large = format!("{{\"revision\":1,\"request\":\"{}\"}}", "A".repeat(100_000));
    let bodies = [
        "",
        "{",
        "null",
        "[[]]",
        "{}",
        "\u{0}",
        r#"{"fingerprint":"AA","generation":1,"head":"AA"}"#,
        r#"{"fingerprint":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA","generation":65536,"head":"AA"}"#,
        r#"{"epoch":4294967296,"notice":"AA","revision":4294967296,"box":"AA"}"#,
        r#"{"epoch":-1,"notice":"AA","revision":-1,"box":"AA","issuer":"AA","certificate":"AA"}"#,
        r#"{"epoch":1,"notice":"!","revision":1,"box":"!","request":"AA=="}"#,
        r#"{"epoch":1,"notice":"","revision":1,"box":"","request":"","issuer":"","certificate":""}"#,
        r#"{"epoch":1,"notice":"AA","revoked":["vis_AAAAAAAAAAAAAAAAAAAAAA"],"run":256,"side":"x","number":0}"#,
        &large,
    ];
    for path in &paths {
        for body in bodies {
            let answer = client.request("POST", path, Some(&ada), body.as_bytes().to_vec()).await;
            let shown = &body[..body.len().min(80)];
            assert!(answer.status.is_client_error(), "{path} {shown}: {}", answer.status);
            let problem: Value = serde_json::from_slice(&answer.body).unwrap();
            assert!(problem["title"].as_str().is_some_and(|title| title.ends_with('.')), "{problem}");
        }
    }
}
