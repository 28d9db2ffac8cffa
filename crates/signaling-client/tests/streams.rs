//! The event stream and the outbox over real TLS and HTTP/2. What needs time is tested in virtual time in the crate.

mod support;

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use signaling_client::{EventStream, Outbox, OutboxEvent, StreamEvent};
use signaling_protocol::{
    Base64, Code, EndpointId, Envelope, Event, Limits, MessageId, SCHEME_OPEN, SendReply, SendRequest, VisitId,
};
use support::{Answer, TestServer};
use tokio::sync::mpsc;
use units::Phi;

const VISIT: VisitId = VisitId::from_random([2; 16]);

fn token() -> Phi<String> {
    Phi::new("a-token".to_owned())
}

/// The next of a channel; a test that waits for nothing fails instead of hanging.
async fn next<T>(receiver: &mut mpsc::Receiver<T>) -> Option<T> {
    tokio::time::timeout(Duration::from_secs(20), receiver.recv()).await.expect("something within 20 s")
}

fn event(event: Event) -> Option<StreamEvent> {
    Some(StreamEvent::Event(event))
}

fn envelope(number: u8) -> Envelope {
    Envelope {
        id: MessageId::from_random([number; 16]),
        to: EndpointId::from_random([9; 16]),
        from: None,
        seq: number.into(),
        epoch: 0,
        scheme: SCHEME_OPEN,
        ttl_ms: 30_000,
        sealed: Base64(vec![number]),
    }
}

#[tokio::test]
async fn the_stream_takes_the_connection_that_was_warmed_up_for_it() {
    let server = TestServer::start(|asked| match asked.path.as_str() {
        "/healthz" => Answer::new(200, "text/plain", "ok"),
        _ => Answer::stream_of(": here\n\n"),
    })
    .await;
    let client = server.client();
    client.warm_up();
    let warm = async {
        while server.asked().is_empty() {
            tokio::time::sleep(Duration::from_millis(5)).await
        }
    };
    tokio::time::timeout(Duration::from_secs(20), warm).await.expect("it asks something");
    assert_eq!(server.asked()[0].header("authorization"), None, "who asks is nobody's business");
    let mut events = EventStream::open(client, VISIT, token());
    assert_eq!(next(&mut events).await, Some(StreamEvent::Up));
    assert_eq!(server.connections(), 1);
}

#[tokio::test]
async fn events_come_as_they_are_sent_in_whatever_pieces() {
    let (write, stream) = Answer::stream();
    let stream = Mutex::new(Some(stream));
    let server =
        TestServer::start(move |_| stream.lock().unwrap().take().unwrap_or(Answer::problem(500, "internal"))).await;
    let mut events = EventStream::open(server.client(), VISIT, token());
    for piece in [": he", "re\n\nid: 1\nev", "ent: denied\ndata: {\"ki"] {
        write.send(Bytes::from_static(piece.as_bytes())).unwrap();
    }
    assert_eq!(next(&mut events).await, Some(StreamEvent::Up));
    write.send(Bytes::from_static(b"nd\":\"denied\"}\n\n")).unwrap();
    assert_eq!(next(&mut events).await, event(Event::Denied));
    let asked = &server.asked()[0];
    assert_eq!(asked.path, format!("/v1/visits/{VISIT}/events"));
    assert_eq!(asked.header("accept"), Some("text/event-stream"));
    assert_eq!(asked.header("authorization"), Some("Bearer a-token"));
    assert_eq!(asked.header("last-event-id"), None);
}

#[tokio::test]
async fn a_stream_that_breaks_comes_back_with_the_last_events_id() {
    let turn = AtomicUsize::new(0);
    let server = TestServer::start(move |_| match turn.fetch_add(1, Ordering::SeqCst) {
        0 => Answer::stream_of("id: 41\ndata: {\"kind\":\"denied\"}\n\nid: 42\ndata: {\"kind\":\"rem"),
        1 => Answer::problem(503, "storage_failed"),
        2 => Answer::new(502, "text/html", "Bad Gateway"),
        3 => Answer::stream_of("id: 42\ndata: {\"kind\":\"removed\"}\n\n"),
        _ => Answer::problem(410, "visit_ended"),
    })
    .await;
    let mut events = EventStream::open(server.client(), VISIT, token());
    assert_eq!(next(&mut events).await, Some(StreamEvent::Up));
    assert_eq!(next(&mut events).await, event(Event::Denied));
    assert_eq!(next(&mut events).await, Some(StreamEvent::Down));
    assert_eq!(next(&mut events).await, Some(StreamEvent::Up));
    assert_eq!(next(&mut events).await, event(Event::Removed));
    assert_eq!(next(&mut events).await, Some(StreamEvent::Down));
    let Some(StreamEvent::Refused(problem)) = next(&mut events).await else { panic!("the last word was wanted") };
    assert_eq!(problem.code, Code::VisitEnded);
    assert_eq!(next(&mut events).await, None);
    let cursors: Vec<Option<String>> =
        server.asked().iter().map(|asked| asked.header("last-event-id").map(str::to_owned)).collect();
    let after = |id: &str| Some(id.to_owned());
    assert_eq!(cursors, [None, after("41"), after("41"), after("41"), after("42")]);
}

#[tokio::test]
async fn after_a_change_of_the_network_stream_and_messages_are_begun_anew_at_once() {
    let (streams, posts) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let (held, silent) = Answer::stream();
    held.send(Bytes::from_static(b"id: 41\ndata: {\"kind\":\"denied\"}\n\n")).unwrap();
    let silent = Mutex::new(Some(silent));
    // The head of an answer, and then nothing: what is left of a network that is gone.
    let (unfinished, mut half) = Answer::stream();
    half.headers = vec![("content-type", "application/json".to_owned())];
    let half = Mutex::new(Some(half));
    let accepted = "{\"accepted\":[]}";
    let server = TestServer::start(move |asked| {
        let turn = if asked.method == "GET" { &streams } else { &posts }.fetch_add(1, Ordering::SeqCst);
        match (asked.method.as_str(), turn) {
            ("GET", 0) => silent.lock().unwrap().take().unwrap(),
            ("GET", _) => Answer::stream_of("id: 42\ndata: {\"kind\":\"removed\"}\n\n"),
            (_, 0) => half.lock().unwrap().take().unwrap(),
            _ => Answer::json(accepted),
        }
    })
    .await;
    let client = server.client();
    let mut events = EventStream::open(client.clone(), VISIT, token());
    assert_eq!(next(&mut events).await, Some(StreamEvent::Up));
    assert_eq!(next(&mut events).await, event(Event::Denied));
    let (outbox, mut sent) = Outbox::open(client.clone(), VISIT, token(), Limits::default());
    outbox.send(vec![envelope(1)]).unwrap();
    while server.asked().len() < 2 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    // Neither watchdog nor time-out is over before ten seconds.
    let changed = tokio::time::Instant::now();
    client.network_changed();
    assert_eq!(next(&mut events).await, Some(StreamEvent::Down));
    assert_eq!(next(&mut events).await, Some(StreamEvent::Up));
    assert_eq!(next(&mut events).await, event(Event::Removed));
    assert_eq!(next(&mut sent).await, Some(OutboxEvent::Sent(Vec::new())));
    assert!(changed.elapsed() < Duration::from_secs(8), "{:?}", changed.elapsed());
    let cursor = server.asked().iter().find_map(|asked| asked.header("last-event-id").map(str::to_owned));
    assert_eq!(cursor.as_deref(), Some("41"));
    drop((held, unfinished));
}

#[tokio::test]
async fn a_token_that_is_over_ends_the_stream() {
    let server = TestServer::start(|_| Answer::problem(401, "not_signed_in")).await;
    let mut events = EventStream::open(server.client(), VISIT, token());
    let Some(StreamEvent::Refused(problem)) = next(&mut events).await else { panic!("the last word was wanted") };
    assert_eq!(problem.code, Code::NotSignedIn);
}

#[tokio::test]
async fn messages_arrive_once_under_their_ids_though_the_answers_are_lost() {
    let turn = AtomicUsize::new(0);
    let server = TestServer::start(move |asked| match turn.fetch_add(1, Ordering::SeqCst) {
        // Taken, but nobody hears of it: the body breaks off.
        0 => Answer::new(200, "application/json", "{\"accepted\":["),
        1 => Answer::problem(500, "internal"),
        _ => {
            let request: SendRequest = serde_json::from_slice(&asked.body).unwrap();
            let accepted = request.messages.iter().map(|envelope| envelope.id).collect();
            Answer::json(&serde_json::to_string(&SendReply { accepted }).unwrap())
        }
    })
    .await;
    let (outbox, mut events) = Outbox::open(server.client(), VISIT, token(), Limits::default());
    let id = |number| envelope(number).id;
    outbox.send(vec![envelope(1), envelope(2)]).unwrap();
    assert_eq!(next(&mut events).await, Some(OutboxEvent::Sent(vec![id(1), id(2)])));
    let bodies: Vec<Vec<u8>> = server.asked().into_iter().map(|asked| asked.body).collect();
    assert_eq!(bodies.len(), 3);
    assert!(bodies.iter().all(|body| *body == bodies[0]), "the same, byte for byte");
}
