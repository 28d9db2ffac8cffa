//! Streams and long-polls: resumed, replaced, broken, and said good-bye to.

use std::time::{Duration, Instant};

use hyper::StatusCode;
use serde_json::json;
use signaling_protocol::{Code, PollReply};

use crate::client::Clinic;

#[tokio::test]
async fn a_stream_resumes_after_the_last_event_it_saw() {
    let clinic = Clinic::start().await;
    let (_, host, guest) = clinic.call().await;
    let mut stream = guest.listen(None).await;
    stream.until("hello").await;
    host.says(&guest, 1, "one").await;
    stream.until("message").await;
    let cursor = stream.cursor;
    drop(stream);
    host.says(&guest, 2, "two").await;
    let mut stream = guest.listen(cursor).await;
    let event = stream.next().await.unwrap();
    assert_eq!((&event["kind"], &event["envelope"]["seq"]), (&json!("message"), &json!(2)));
}

#[tokio::test]
async fn the_newest_stream_wins() {
    let clinic = Clinic::start().await;
    let (_, host, guest) = clinic.call().await;
    let mut old = guest.listen(None).await;
    old.until("hello").await;
    let mut new = guest.listen(old.cursor).await;
    assert_eq!(old.next().await, None);
    host.says(&guest, 1, "one").await;
    assert_eq!(new.kind().await.as_deref(), Some("message"));
}

#[tokio::test]
async fn a_stream_that_breaks_is_told_to_the_others_within_a_second_or_so() {
    let clinic = Clinic::start().await;
    let (_, host, guest) = clinic.call().await;
    let mut heard = host.listen(None).await;
    heard.until("hello").await;
    let stream = guest.listen(None).await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    let broken = Instant::now();
    drop(stream);
    assert_eq!(heard.next().await.unwrap(), json!({ "kind": "away", "endpoint": guest.joined.endpoint }));
    assert!(broken.elapsed() < Duration::from_secs(2), "{:?}", broken.elapsed());
    let _stream = guest.listen(None).await;
    assert_eq!(heard.kind().await.as_deref(), Some("back"));
}

#[tokio::test]
async fn a_long_poll_waits_for_news_and_goes_on_with_its_cursor() {
    let clinic = Clinic::start().await;
    let (_, host, guest) = clinic.call().await;
    let hello: PollReply = guest.poll(None).await.ok();
    assert_eq!(hello.events[0].event["kind"], "hello");
    let cursor = hello.events.last().map(|event| event.cursor);
    let news = async {
        tokio::time::sleep(Duration::from_millis(200)).await;
        host.says(&guest, 1, "news").await;
    };
    let (answer, ()) = tokio::join!(guest.poll(cursor), news);
    let reply: PollReply = answer.ok();
    assert_eq!(reply.events.len(), 1);
    assert_eq!(reply.events[0].event["kind"], "message");
}

#[tokio::test]
async fn a_restart_says_bye_and_keeps_the_visit_and_the_tokens() {
    let clinic = Clinic::start().await;
    let (_, host, guest) = clinic.call().await;
    let mut stream = guest.listen(None).await;
    stream.until("hello").await;
    let cursor = stream.cursor;
    let began = Instant::now();
    let clinic = clinic.restart().await;
    assert!(began.elapsed() < Duration::from_secs(3), "an open stream does not hold the server up");
    let bye = stream.next().await.unwrap();
    assert!(bye["kind"] == "bye" && bye["retry_ms"].as_u64().is_some(), "{bye}");
    assert_eq!(stream.cursor, cursor, "bye has no cursor");
    assert_eq!(stream.next().await, None);
    let mut stream = guest.listen(cursor).await;
    assert_eq!(stream.kind().await.as_deref(), Some("reset"));
    let hello = stream.next().await.unwrap();
    assert_eq!((&hello["admission"], &hello["state"]), (&json!("admitted"), &json!("active")));
    host.says(&guest, 1, "still here").await;
    stream.until("message").await;
    let answer = clinic.client().post("/v1/visits", Some("stt_old"), &json!({})).await;
    assert_eq!(answer.code(), Code::NotSignedIn);
}

#[tokio::test]
async fn who_was_put_out_hears_why_and_their_stream_ends() {
    let clinic = Clinic::start().await;
    let staff = clinic.sign_in().await;
    let link = clinic.link(&staff, 7).await;
    let (host, guest) = (clinic.host(&staff, link.visit).await, clinic.guest(&link).await);
    let mut stream = guest.listen(None).await;
    stream.until("hello").await;
    host.post("deny", &json!({ "endpoint": guest.joined.endpoint })).await.is(StatusCode::OK);
    assert_eq!(stream.next().await.unwrap(), json!({ "kind": "denied" }));
    assert_eq!(stream.next().await, None);
    assert_eq!(guest.poll(stream.cursor).await.code(), Code::NotSignedIn);
}
