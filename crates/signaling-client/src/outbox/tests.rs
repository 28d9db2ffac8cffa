use std::sync::{Arc, Mutex};
use std::time::Duration;

use signaling_protocol::{Base64, Code, EndpointId, SCHEME_OPEN};
use tokio::time::{Instant, sleep};

use super::*;
use crate::ClientError;
use crate::changes::Changed;

type Asked = Arc<Mutex<Vec<Vec<MessageId>>>>;
type ScriptAnswer = dyn Fn(usize, &SendRequest) -> Result<(), Failure> + Send + Sync;

/// Answers by a script, and keeps what it was asked.
struct Script {
    asked: Asked,
    answer: Box<ScriptAnswer>,
    network: Changed,
}

impl Post for Script {
    async fn post(&self, request: &SendRequest) -> Result<SendReply, Failure> {
        let ids: Vec<MessageId> = request.messages.iter().map(|envelope| envelope.id).collect();
        let turn = {
            let mut asked = self.asked.lock().unwrap();
            asked.push(ids.clone());
            asked.len()
        };
        sleep(Duration::from_millis(10)).await;
        (self.answer)(turn, request).map(|()| SendReply { accepted: ids })
    }

    fn network(&self) -> Changes {
        self.network.listen()
    }
}

fn open(
    answer: impl Fn(usize, &SendRequest) -> Result<(), Failure> + Send + Sync + 'static,
) -> (Outbox, mpsc::Receiver<OutboxEvent>, Asked) {
    let asked = Asked::default();
    let script = Script { asked: asked.clone(), answer: Box::new(answer), network: Changed::new() };
    let (outbox, events) = Outbox::open_with(script, Limits::default());
    (outbox, events, asked)
}

fn id(number: u8) -> MessageId {
    MessageId::from_random([number; 16])
}

fn envelope(number: u8, bytes: usize) -> Envelope {
    Envelope {
        id: id(number),
        to: EndpointId::from_random([9; 16]),
        from: None,
        seq: number.into(),
        epoch: 0,
        scheme: SCHEME_OPEN,
        ttl_ms: 30_000,
        sealed: Base64(vec![0; bytes]),
    }
}

#[tokio::test(start_paused = true)]
async fn what_did_not_arrive_is_sent_again_under_the_same_ids() {
    let (outbox, mut events, asked) = open(|turn, _| match turn {
        ..=20 => Err(ClientError::Unreachable.into()),
        21 => Err(ClientError::Refused(Code::Internal.into()).into()),
        22 => Err(ClientError::NotHousecall.into()),
        _ => Ok(()),
    });
    outbox.send(vec![envelope(1, 10), envelope(2, 10)]).unwrap();
    assert_eq!(events.recv().await, Some(OutboxEvent::Sent(vec![id(1), id(2)])));
    assert_eq!(*asked.lock().unwrap(), vec![vec![id(1), id(2)]; 23]);
}

#[tokio::test(start_paused = true)]
async fn what_comes_later_waits_for_what_came_before() {
    let (outbox, mut events, asked) = open(|turn, _| match turn {
        1 | 2 => Err(ClientError::Unreachable.into()),
        _ => Ok(()),
    });
    outbox.send(vec![envelope(1, 10)]).unwrap();
    tokio::task::yield_now().await;
    outbox.send(vec![envelope(2, 10)]).unwrap();
    outbox.send(vec![envelope(3, 10)]).unwrap();
    assert_eq!(events.recv().await, Some(OutboxEvent::Sent(vec![id(1)])));
    assert_eq!(events.recv().await, Some(OutboxEvent::Sent(vec![id(2), id(3)])));
    assert_eq!(*asked.lock().unwrap(), [vec![id(1)], vec![id(1)], vec![id(1)], vec![id(2), id(3)]]);
}

#[tokio::test(start_paused = true)]
async fn one_message_that_is_refused_does_not_take_the_others_with_it() {
    let (outbox, mut events, _) =
        open(|_, request| match request.messages.iter().any(|envelope| envelope.id == id(2)) {
            true => Err(ClientError::Refused(Code::EndpointNotFound.into()).into()),
            false => Ok(()),
        });
    outbox.send(vec![envelope(1, 10), envelope(2, 10), envelope(3, 10)]).unwrap();
    assert_eq!(events.recv().await, Some(OutboxEvent::Sent(vec![id(1)])));
    assert_eq!(events.recv().await, Some(OutboxEvent::Refused(id(2), Code::EndpointNotFound.into())));
    assert_eq!(events.recv().await, Some(OutboxEvent::Sent(vec![id(3)])));
}

#[tokio::test(start_paused = true)]
async fn a_request_keeps_the_servers_limits() {
    let (outbox, mut events, asked) = open(|_, request| {
        let bytes = serde_json::to_vec(request).unwrap().len();
        assert!(request.messages.len() <= 16 && bytes <= 64 * 1024, "{} {bytes}", request.messages.len());
        Ok(())
    });
    let mut envelopes: Vec<Envelope> = (0..40).map(|number| envelope(number, 10)).collect();
    envelopes.extend((40..48).map(|number| envelope(number, 16 * 1024)));
    outbox.send(envelopes).unwrap();
    let mut sent = Vec::new();
    while sent.len() < 48 {
        match events.recv().await {
            Some(OutboxEvent::Sent(ids)) => sent.extend(ids),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(sent, (0..48).map(id).collect::<Vec<_>>());
    // 40 small ones in three requests (the last takes what still fits), then at most two of 22 KiB in each.
    assert!(asked.lock().unwrap().len() <= 7, "{:?}", asked.lock().unwrap());
}

#[tokio::test(start_paused = true)]
async fn the_server_is_not_asked_before_the_time_it_named() {
    let (outbox, mut events, _) = open(|turn, _| match turn {
        1 => Err(Failure {
            error: ClientError::Refused(Code::TooManyRequests.into()),
            retry_after: Some(Duration::from_secs(7)),
        }),
        _ => Ok(()),
    });
    let began = Instant::now();
    outbox.send(vec![envelope(1, 10)]).unwrap();
    assert_eq!(events.recv().await, Some(OutboxEvent::Sent(vec![id(1)])));
    assert!(began.elapsed() >= Duration::from_secs(7));
}

#[tokio::test(start_paused = true)]
async fn what_was_taken_is_sent_even_when_the_outbox_is_dropped() {
    let (outbox, mut events, _) = open(|_, _| Ok(()));
    outbox.send(vec![envelope(1, 10)]).unwrap();
    drop(outbox);
    assert_eq!(events.recv().await, Some(OutboxEvent::Sent(vec![id(1)])));
    assert_eq!(events.recv().await, None);
}

#[tokio::test(start_paused = true)]
async fn a_full_outbox_says_so() {
    let (outbox, _events, _) = open(|_, _| Err(ClientError::Unreachable.into()));
    let taken = (0..1000).take_while(|_| outbox.send(vec![envelope(1, 1)]).is_ok()).count();
    assert_eq!(taken, WAITING);
    assert_eq!(outbox.send(vec![envelope(1, 1)]), Err(OutboxFull));
}
