//! Links on which what is sent does not arrive: another connection, another try, and nothing done twice that must not be.

mod support;

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use signaling_client::{EventStream, StreamEvent};
use signaling_protocol::{Base64, Challenge, EndpointId, InviteId, JoinRequest, SendRequest, Signature, VersionRange};
use signaling_protocol::{SignInRequest, VisitId};
use support::{Answer, AnswerBody, Asked, TestServer, Tls};
use tokio::sync::mpsc;
use units::Phi;

const INVITE: InviteId = InviteId::from_random([1; 16]);
const VISIT: VisitId = VisitId::from_random([2; 16]);
const SOMEBODY: EndpointId = EndpointId::from_random([3; 16]);
const H2: &[&[u8]] = &[b"h2", b"http/1.1"];

fn token() -> Phi<String> {
    Phi::new("a-token".to_owned())
}

fn challenge() -> Answer {
    Answer::json(&format!(r#"{{"challenge":"{}"}}"#, "A".repeat(64)))
}

/// Answers, but for the first so many requests, of which only the head comes.
fn late(answer: impl Fn(&Asked) -> Answer + Send + Sync, first: usize) -> impl Fn(&Asked) -> Answer + Send + Sync {
    let (asked, open) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    move |request| {
        let mut answer = answer(request);
        if asked.fetch_add(1, Ordering::SeqCst) < first {
            let (sender, never) = mpsc::unbounded_channel();
            open.lock().expect("nobody panicked").push(sender);
            answer.body = AnswerBody::Stream(never);
        }
        answer
    }
}

#[tokio::test]
async fn a_connection_by_which_nothing_comes_is_not_waited_for() {
    let server = TestServer::start_deaf(1, Tls::V13, H2, |_| challenge()).await;
    server.client().challenge(INVITE).await.unwrap();
    assert_eq!(server.connections(), 2);
    assert_eq!(server.asked().len(), 1, "another connection is not another request");
}

#[tokio::test]
async fn a_request_whose_answer_stays_away_is_made_again_by_the_other_connection() {
    let server = TestServer::start(late(|_| challenge(), 1)).await;
    server.client().challenge(INVITE).await.unwrap();
    assert_eq!((server.connections(), server.asked().len()), (2, 2));
    let asked = server.asked();
    assert_eq!((&asked[0].path, &asked[0].body), (&asked[1].path, &asked[1].body));
}

#[tokio::test]
async fn what_twice_would_be_something_else_is_asked_once() {
    let server = TestServer::start(late(|_| Answer::json("{}"), usize::MAX)).await;
    let client = server.client();
    let sign_in = SignInRequest::new("ada".to_owned().into(), "secret".to_owned().into(), None);
    let staff = token();
    // Longer than anything else is waited for before it is asked again.
    let patience = Duration::from_secs(4);
    let (signed_in, made) = tokio::join!(
        tokio::time::timeout(patience, client.sign_in(&sign_in)),
        tokio::time::timeout(patience, client.create_visit(&staff)),
    );
    assert!(signed_in.is_err() && made.is_err(), "no answer came");
    let mut paths: Vec<_> = server.asked().into_iter().map(|asked| asked.path).collect();
    paths.sort_unstable();
    assert_eq!(paths, ["/v1/auth/sign-in", "/v1/visits"]);
}

#[tokio::test]
async fn joining_takes_two_connections_and_six_requests() {
    let joined = format!(
        r#"{{"protocol":1,"visit":"{VISIT}","endpoint":"{SOMEBODY}","endpoint_token":"t","role":"guest","limits":{{}}}}"#
    );
    let streams = Mutex::new(Vec::new());
    let server = TestServer::start(move |asked| match asked.path.rsplit('/').next().unwrap() {
        "healthz" => Answer::new(200, "text/plain", "ok"),
        "challenge" => challenge(),
        "join" => Answer::json(&joined),
        "ice" => Answer::json(r#"{"servers":[{"urls":["stun:127.0.0.1:1"]}],"ttl_secs":60}"#),
        "messages" => Answer::json(r#"{"accepted":[]}"#),
        _ => {
            let (sender, answer) = Answer::stream();
            sender.send(": here\n\n".into()).unwrap();
            streams.lock().unwrap().push(sender);
            answer
        }
    })
    .await;
    let client = server.client();
    client.warm_up();
    client.challenge(INVITE).await.unwrap();
    let join = JoinRequest {
        protocol: VersionRange::CURRENT,
        challenge: Challenge([0; 48]),
        signature: Signature([0; 64]),
        bundle: Base64(vec![1]),
    };
    client.join_guest(INVITE, &join).await.unwrap();
    let mut events = EventStream::open(client.clone(), VISIT, token());
    client.ice(&token(), VISIT).await.unwrap();
    client.send(&token(), VISIT, &SendRequest { messages: vec![] }).await.unwrap();
    assert_eq!(events.recv().await, Some(StreamEvent::Up));
    assert_eq!(server.connections(), 2);
    // Each once, unless this machine is so busy that an answer was late.
    let mut paths: Vec<_> = server.asked().into_iter().map(|asked| asked.path).collect();
    paths.sort_unstable();
    paths.dedup();
    assert_eq!(paths.len(), 6, "{paths:?}");
}
