use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use signaling_protocol::{Code, PolledEvent};

use tokio::time::sleep;

use super::*;
use crate::ClientError;
use crate::changes::Changed;

/// What happens at one attempt to open a stream or to poll.
enum Turn {
    /// The stream opens and gives these bytes, each after its time; then it ends, or stays silent for ever.
    Stream { chunks: Vec<(u64, &'static str)>, ends: bool },
    /// The request itself gets no answer.
    Hangs,
    /// The request fails.
    Fails(ClientError, Option<u64>),
    /// The long-poll is answered after this many seconds.
    Answers(u64, Vec<(u64, Event)>),
}

/// An attempt as the source saw it: when, how, and from which cursor.
type Seen = (Duration, Attempt, Option<u64>);

#[derive(Clone)]
struct Script {
    began: Instant,
    turns: Arc<Mutex<VecDeque<Turn>>>,
    seen: Arc<Mutex<Vec<Seen>>>,
    rebuilt: Arc<Mutex<u32>>,
    network: Arc<Changed>,
}

struct ScriptBody {
    chunks: VecDeque<(u64, &'static str)>,
    ends: bool,
}

impl Script {
    fn next(&self, attempt: Attempt, cursor: Option<u64>) -> Turn {
        self.seen.lock().unwrap().push((self.began.elapsed(), attempt, cursor));
        self.turns.lock().unwrap().pop_front().unwrap_or(Turn::Hangs)
    }

    fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }
}

impl EventSource for Script {
    type Body = ScriptBody;

    async fn stream(&self, cursor: Option<u64>) -> Result<ScriptBody, Failure> {
        match self.next(Attempt::Stream, cursor) {
            Turn::Stream { chunks, ends } => Ok(ScriptBody { chunks: chunks.into(), ends }),
            Turn::Fails(error, secs) => Err(Failure { error, retry_after: secs.map(Duration::from_secs) }),
            Turn::Hangs => std::future::pending().await,
            Turn::Answers(..) => panic!("a stream was asked for, not a long-poll"),
        }
    }

    async fn poll(&self, cursor: Option<u64>) -> Result<PollReply, Failure> {
        match self.next(Attempt::Poll, cursor) {
            Turn::Answers(secs, events) => {
                sleep(Duration::from_secs(secs)).await;
                let events = events.iter().map(|(cursor, event)| PolledEvent::new(*cursor, event)).collect();
                Ok(PollReply { events })
            }
            Turn::Fails(error, secs) => Err(Failure { error, retry_after: secs.map(Duration::from_secs) }),
            Turn::Hangs => std::future::pending().await,
            Turn::Stream { .. } => panic!("a long-poll was asked for, not a stream"),
        }
    }

    fn rebuild(&self) {
        *self.rebuilt.lock().unwrap() += 1;
    }

    fn network(&self) -> Changes {
        self.network.listen()
    }
}

impl EventBody for ScriptBody {
    async fn chunk(&mut self) -> Option<Bytes> {
        match self.chunks.front() {
            // Taken out only after the wait: a chunk that the watchdog gave up on is not lost in the test.
            Some(&(secs, text)) => {
                sleep(Duration::from_secs(secs)).await;
                self.chunks.pop_front();
                Some(Bytes::from_static(text.as_bytes()))
            }
            None if self.ends => None,
            None => std::future::pending().await,
        }
    }
}

fn listen(turns: Vec<Turn>) -> (Script, mpsc::Receiver<StreamEvent>) {
    let script = Script {
        began: Instant::now(),
        turns: Arc::new(Mutex::new(turns.into())),
        seen: Arc::default(),
        rebuilt: Arc::default(),
        network: Arc::new(Changed::new()),
    };
    let (sender, receiver) = mpsc::channel(EVENTS_WAITING);
    tokio::spawn(Listener::new(script.clone(), sender).run());
    (script, receiver)
}

const UP: Option<StreamEvent> = Some(StreamEvent::Up);
const DOWN: Option<StreamEvent> = Some(StreamEvent::Down);
const DENIED: Option<StreamEvent> = Some(StreamEvent::Event(Event::Denied));
const REMOVED: Option<StreamEvent> = Some(StreamEvent::Event(Event::Removed));
const IN_CALL: &str = "id: 1\ndata: {\"kind\":\"hello\",\"endpoint\":\"end_AAAAAAAAAAAAAAAAAAAAAA\",\
                       \"admission\":\"admitted\",\"state\":\"active\",\"participants\":[]}\n\n";

fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

#[tokio::test(start_paused = true)]
async fn events_cut_by_the_network_come_whole_and_in_order() {
    let chunks = vec![
        (0, ": hi\n\nid: 4\ndata: {\"kind\":"),
        (1, "\"denied\"}\n"),
        (1, "\nid: 5\ndata: {\"kind\":\"removed\"}\n\n"),
    ];
    let (_, mut events) = listen(vec![Turn::Stream { chunks, ends: false }]);
    assert_eq!([events.recv().await, events.recv().await, events.recv().await], [UP, DENIED, REMOVED]);
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_breaks_goes_on_after_the_last_event() {
    let (script, mut events) = listen(vec![
        Turn::Stream { chunks: vec![(0, "id: 7\ndata: {\"kind\":\"denied\"}\n\nid: 8\ndata: {\"kin")], ends: true },
        Turn::Fails(ClientError::Unreachable, None),
        Turn::Fails(ClientError::PinMismatch, None),
        Turn::Stream { chunks: vec![(0, "id: 8\ndata: {\"kind\":\"removed\"}\n\n")], ends: false },
    ]);
    assert_eq!([events.recv().await, events.recv().await], [UP, DENIED]);
    assert_eq!([events.recv().await, events.recv().await, events.recv().await], [DOWN, UP, REMOVED]);
    let cursors: Vec<Option<u64>> = script.seen().iter().map(|seen| seen.2).collect();
    assert_eq!(cursors, [None, Some(7), Some(7), Some(7)]);
}

#[tokio::test(start_paused = true)]
async fn the_watchdog_gives_up_a_stream_that_fell_silent_in_a_call_after_25_seconds() {
    let beat = (20, ": beat\n\n");
    let (script, mut events) = listen(vec![Turn::Stream { chunks: vec![(0, IN_CALL), beat, beat], ends: false }]);
    assert_eq!(events.recv().await, UP);
    assert!(matches!(events.recv().await, Some(StreamEvent::Event(Event::Hello { .. }))));
    assert_eq!(events.recv().await, DOWN);
    let silence = script.began.elapsed();
    assert!(silence >= secs(65) && silence < secs(66), "{silence:?}");
    assert_eq!(*script.rebuilt.lock().unwrap(), 1, "dead connections are left");
}

#[tokio::test(start_paused = true)]
async fn the_watchdog_waits_longer_in_the_waiting_room() {
    let (script, mut events) = listen(vec![Turn::Stream { chunks: vec![(0, ":\n\n")], ends: false }]);
    assert_eq!([events.recv().await, events.recv().await], [UP, DOWN]);
    let silence = script.began.elapsed();
    assert!(silence >= Duration::from_millis(37_500) && silence < secs(38), "{silence:?}");
}

#[tokio::test(start_paused = true)]
async fn behind_a_proxy_that_holds_streams_back_events_come_by_long_poll() {
    let silent = || Turn::Stream { chunks: vec![(60, "too late")], ends: true };
    let (script, mut events) = listen(vec![
        silent(),
        Turn::Hangs,
        Turn::Answers(0, vec![(3, Event::Denied)]),
        Turn::Answers(25, vec![]),
        Turn::Answers(5, vec![(4, Event::Removed)]),
    ]);
    assert_eq!([events.recv().await, events.recv().await, events.recv().await], [UP, DENIED, REMOVED]);
    let seen = script.seen();
    let attempts: Vec<Attempt> = seen.iter().map(|seen| seen.1).collect();
    use Attempt::{Poll, Stream};
    assert_eq!(attempts[..5], [Stream, Stream, Poll, Poll, Poll]);
    assert_eq!(seen[4].2, Some(3));
    // Twice ten seconds of silence, and no pause between an answer and the next question.
    assert!(seen[2].0 >= secs(20) && seen[2].0 < secs(21), "{seen:?}");
    assert_eq!(seen[3].0, seen[2].0);
    assert_eq!(*script.rebuilt.lock().unwrap(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_says_good_bye_is_asked_again_when_it_said() {
    let (script, mut events) = listen(vec![
        Turn::Stream { chunks: vec![(0, "data: {\"kind\":\"bye\",\"retry_ms\":3000}\n\n")], ends: false },
        Turn::Stream { chunks: vec![(0, ":\n\n")], ends: false },
    ]);
    let bye = Some(StreamEvent::Event(Event::Bye { retry_ms: 3000 }));
    assert_eq!([events.recv().await, events.recv().await, events.recv().await], [UP, bye, DOWN]);
    assert_eq!(events.recv().await, UP);
    let back = script.seen()[1].0;
    assert!(back >= secs(3) && back <= Duration::from_millis(3260), "{back:?}");
}

#[tokio::test(start_paused = true)]
async fn only_the_servers_own_last_word_ends_the_stream() {
    let (_, mut events) = listen(vec![
        Turn::Fails(ClientError::NotHousecall, None),
        Turn::Fails(ClientError::CertificateNotTrusted, None),
        Turn::Fails(ClientError::Refused(Code::StorageFailed.into()), None),
        Turn::Fails(ClientError::Refused(Code::VisitEnded.into()), None),
    ]);
    assert_eq!(events.recv().await, Some(StreamEvent::Refused(Code::VisitEnded.into())));
    assert_eq!(events.recv().await, None);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_is_busy_is_not_asked_before_the_time_it_named() {
    let busy = ClientError::Refused(Code::TooManyRequests.into());
    let (script, mut events) =
        listen(vec![Turn::Fails(busy, Some(30)), Turn::Stream { chunks: vec![(0, ":\n\n")], ends: false }]);
    assert_eq!(events.recv().await, UP);
    assert!(script.seen()[1].0 >= secs(30));
}

#[tokio::test(start_paused = true)]
async fn an_event_of_a_later_version_or_a_broken_one_is_passed_over() {
    let chunks = vec![(
        0,
        "id: 1\ndata: {\"kind\":\"hologram\"}\n\nid: 2\ndata: nonsense\n\nid: 3\ndata: {\"kind\":\"denied\"}\n\n",
    )];
    let (script, mut events) = listen(vec![Turn::Stream { chunks, ends: true }]);
    assert_eq!([events.recv().await, events.recv().await, events.recv().await], [UP, DENIED, DOWN]);
    sleep(secs(1)).await;
    assert_eq!(script.seen()[1].2, Some(3));
}

#[tokio::test(start_paused = true)]
async fn when_nobody_takes_the_events_none_is_lost_and_the_watchdog_does_not_bark() {
    let text: String = (0..600).map(|number| format!("id: {number}\ndata: {{\"kind\":\"denied\"}}\n\n")).collect();
    let (script, mut events) = listen(vec![Turn::Stream { chunks: vec![(0, text.leak())], ends: false }]);
    sleep(secs(300)).await;
    assert_eq!(events.recv().await, UP);
    for number in 0..600 {
        assert_eq!(events.recv().await, DENIED, "{number}");
    }
    assert_eq!(script.seen().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn the_task_ends_with_its_receiver() {
    let (script, events) = listen(vec![Turn::Stream { chunks: vec![(0, ":\n\n")], ends: false }]);
    drop(events);
    sleep(secs(100)).await;
    assert!(script.seen().len() <= 1);
    assert_eq!(Arc::strong_count(&script.turns), 1, "the task holds its source no longer");
}
