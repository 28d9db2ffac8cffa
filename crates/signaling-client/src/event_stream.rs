//! What the server tells, for as long as the visit lasts: a stream that comes back by itself.

use std::future::Future;
use std::time::Duration;

use bytes::Bytes;
use signaling_protocol::{Event, EventError, PollReply, StaffEvent, VisitId};
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout, timeout_at};
use tracing::{debug, warn};
use units::Phi;

use crate::SignalingClient;
use crate::answer::Answer;
use crate::changes::Changes;
use crate::error::{Failure, Refusal};
use crate::schedule::{Attempt, Ended, FIRST_BYTE, POLL_TIMEOUT, Schedule};
use crate::sse::SseParser;

/// What comes of an event stream: of a visit's, or with [`StaffEvent`] of the clinic's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StreamEvent<E = Event> {
    /// The server can be heard.
    Up,
    /// The server cannot be heard; it is tried again.
    Down,
    /// Something happened.
    Event(E),
    /// The server says that there is nothing to hear any more. Nothing comes after this.
    Refused(Refusal),
}

/// The stream of a visit's events. It is a task, and lives as long as its receiver.
#[derive(Debug)]
pub struct EventStream;

impl EventStream {
    /// Begins to listen as the endpoint whose token this is.
    ///
    /// Goes on after whatever happens on the way, from the event after the last; only the server's own last word ends
    /// it. When nobody takes the events, it waits with reading (the channel blocks), and the server keeps them.
    ///
    /// Must be called inside a tokio runtime.
    pub fn open(client: SignalingClient, visit: VisitId, token: Phi<String>) -> mpsc::Receiver<StreamEvent> {
        let (sender, receiver) = mpsc::channel(EVENTS_WAITING);
        let path = format!("/v1/visits/{visit}/events");
        tokio::spawn(Listener::new(ServerEvents { client, path, token }, sender).run());
        receiver
    }
}

/// The stream of how things stand at the clinic, for an app whose user is signed in. It is a task, and lives as long as its
/// receiver.
#[derive(Debug)]
pub struct StaffEventStream;

impl StaffEventStream {
    /// Begins to listen as the member of the staff whose token this is. Goes on as [`EventStream`] does; the server's last
    /// word comes when somebody is signed out.
    ///
    /// Must be called inside a tokio runtime.
    pub fn open(client: SignalingClient, staff: Phi<String>) -> mpsc::Receiver<StreamEvent<StaffEvent>> {
        let (sender, receiver) = mpsc::channel(STANDINGS_WAITING);
        let source = ServerEvents { client, path: "/v1/events".to_owned(), token: staff };
        tokio::spawn(Listener::new(source, sender).run());
        receiver
    }
}

/// What a stream tells of.
trait Told: Sized + Send + 'static {
    /// Reads one of them.
    fn from_json(json: &[u8]) -> Result<Self, EventError>;

    /// For how long to stay away, if it is good-bye.
    fn bye_ms(&self) -> Option<u32>;

    /// What it says about how to ask.
    fn observe(&self, _: &mut Schedule) {}
}

impl Told for Event {
    fn from_json(json: &[u8]) -> Result<Self, EventError> {
        Self::from_json(json)
    }

    fn bye_ms(&self) -> Option<u32> {
        if let Self::Bye { retry_ms } = self { Some(*retry_ms) } else { None }
    }

    fn observe(&self, schedule: &mut Schedule) {
        schedule.observe(self);
    }
}

impl Told for StaffEvent {
    fn from_json(json: &[u8]) -> Result<Self, EventError> {
        Self::from_json(json)
    }

    fn bye_ms(&self) -> Option<u32> {
        if let Self::Bye { retry_ms } = self { Some(*retry_ms) } else { None }
    }
}

/// Each says everything: older ones are not worth keeping, and the server sends none that were not asked for by reading.
/// When full: `Block`.
const STANDINGS_WAITING: usize = 4;

/// As many as the server's mailbox holds. When full: `Block`.
const EVENTS_WAITING: usize = 256;

/// Where events come from: the server, or a test's script.
trait EventSource: Send + Sync {
    /// A stream that is open.
    type Body: EventBody;

    /// Opens a stream of what came after `cursor`.
    fn stream(&self, cursor: Option<u64>) -> impl Future<Output = Result<Self::Body, Failure>> + Send;

    /// Asks once for what came after `cursor`.
    fn poll(&self, cursor: Option<u64>) -> impl Future<Output = Result<PollReply, Failure>> + Send;

    /// Leaves the connections that there are.
    fn rebuild(&self);

    /// Hears when the network is another.
    fn network(&self) -> Changes;
}

/// The bytes of an open stream.
trait EventBody: Send {
    /// The next of them; `None` at the end, however it came.
    fn chunk(&mut self) -> impl Future<Output = Option<Bytes>> + Send;
}

struct Listener<S, E> {
    source: S,
    sender: mpsc::Sender<StreamEvent<E>>,
    schedule: Schedule,
    cursor: Option<u64>,
    up: bool,
    unknown_kinds: u64,
}

/// What ends the listening, as opposed to one attempt of it.
enum Over {
    Refused(Refusal),
    NobodyListens,
}

impl<S: EventSource, E: Told> Listener<S, E> {
    fn new(source: S, sender: mpsc::Sender<StreamEvent<E>>) -> Self {
        Self { source, sender, schedule: Schedule::default(), cursor: None, up: false, unknown_kinds: 0 }
    }

    async fn run(mut self) {
        let sender = self.sender.clone();
        tokio::select! {
            () = sender.closed() => {}
            over = self.listen() => if let Over::Refused(problem) = over {
                // Nobody listens any more: then nobody needs to know.
                let _ = sender.send(StreamEvent::Refused(problem)).await;
            }
        }
    }

    async fn listen(&mut self) -> Over {
        let mut network = self.source.network();
        loop {
            let began = Instant::now();
            let attempt = self.schedule.attempt();
            let ended = match attempt {
                Attempt::Stream => self.read_stream().await,
                Attempt::Poll => self.poll().await,
            };
            let ended = match ended {
                Ok(ended) => ended,
                Err(over) => return over,
            };
            if matches!(ended, Ended::Silent | Ended::Stalled) {
                self.source.rebuild();
            }
            if !matches!(ended, Ended::Polled { .. })
                && let Err(over) = self.set_up(false).await
            {
                return over;
            }
            let (pause, least) = self.schedule.after(ended, began.elapsed());
            debug!(?attempt, ?ended, ?pause, ?least, "the event stream ended");
            if network.pause(pause, least).await {
                self.schedule.network_changed();
            }
        }
    }

    async fn read_stream(&mut self) -> Result<Ended, Over> {
        let first_byte_by = Instant::now() + FIRST_BYTE;
        let mut body = match timeout_at(first_byte_by, self.source.stream(self.cursor)).await {
            Ok(Ok(body)) => body,
            Ok(Err(failure)) => return failed(&failure),
            Err(_) => return Ok(Ended::Silent),
        };
        let Ok(mut next) = timeout_at(first_byte_by, body.chunk()).await else { return Ok(Ended::Silent) };
        let mut parser = SseParser::default();
        loop {
            let Some(bytes) = next else { return Ok(Ended::Broke) };
            self.set_up(true).await?;
            let Ok(events) = parser.push(&bytes) else {
                warn!("an event without end");
                return Ok(Ended::Broke);
            };
            for event in events {
                if let Some(retry) = self.take(event.id, &event.data).await? {
                    return Ok(Ended::Bye(retry));
                }
            }
            // Only the waiting for the server counts, not that for whoever takes the events.
            next = match timeout(self.schedule.watchdog(), body.chunk()).await {
                Ok(next) => next,
                Err(_) => return Ok(Ended::Stalled),
            };
        }
    }

    async fn poll(&mut self) -> Result<Ended, Over> {
        let reply = match timeout(POLL_TIMEOUT, self.source.poll(self.cursor)).await {
            Ok(Ok(reply)) => reply,
            Ok(Err(failure)) => return failed(&failure),
            Err(_) => return Ok(Ended::Failed { retry_after: None }),
        };
        self.set_up(true).await?;
        let empty = reply.events.is_empty();
        for polled in reply.events {
            if let Some(retry) = self.take(Some(polled.cursor), polled.event.to_string().as_bytes()).await? {
                return Ok(Ended::Bye(retry));
            }
        }
        Ok(Ended::Polled { empty })
    }

    /// Hands on one event. Gives the time to stay away if it was good-bye.
    async fn take(&mut self, cursor: Option<u64>, json: &[u8]) -> Result<Option<Duration>, Over> {
        let mut bye = None;
        match E::from_json(json) {
            Ok(event) => {
                event.observe(&mut self.schedule);
                bye = event.bye_ms().map(|retry_ms| Duration::from_millis(retry_ms.into()));
                self.say(StreamEvent::Event(event)).await?;
            }
            Err(EventError::UnknownKind) => {
                self.unknown_kinds += 1;
                debug!(so_far = self.unknown_kinds, "an event of a kind that a later version knows");
            }
            Err(EventError::Malformed) => warn!("an event that is not what the protocol says"),
        }
        // Only now: what was not handed on is asked for again.
        self.cursor = cursor.or(self.cursor);
        Ok(bye)
    }

    async fn set_up(&mut self, up: bool) -> Result<(), Over> {
        if self.up == up {
            return Ok(());
        }
        self.up = up;
        self.say(if up { StreamEvent::Up } else { StreamEvent::Down }).await
    }

    async fn say(&self, event: StreamEvent<E>) -> Result<(), Over> {
        self.sender.send(event).await.map_err(|_| Over::NobodyListens)
    }
}

fn failed(failure: &Failure) -> Result<Ended, Over> {
    match failure.last_word() {
        Some(refusal) => Err(Over::Refused(refusal)),
        None => Ok(Ended::Failed { retry_after: failure.retry_after }),
    }
}

/// The server itself.
struct ServerEvents {
    client: SignalingClient,
    /// `…/events`, of a visit or of the clinic.
    path: String,
    token: Phi<String>,
}

impl EventSource for ServerEvents {
    type Body = Answer;

    async fn stream(&self, cursor: Option<u64>) -> Result<Answer, Failure> {
        self.client.open_events(&self.path, &self.token, cursor, "text/event-stream", None).await
    }

    async fn poll(&self, cursor: Option<u64>) -> Result<PollReply, Failure> {
        let path = format!("{}?poll=1", self.path);
        let timeout = Some(POLL_TIMEOUT);
        let response = self.client.open_events(&path, &self.token, cursor, "application/json", timeout).await?;
        self.client.read_json(response, MAX_POLL_BYTES).await
    }

    fn rebuild(&self) {
        self.client.rebuild();
    }

    fn network(&self) -> Changes {
        self.client.network()
    }
}

impl EventBody for Answer {
    async fn chunk(&mut self) -> Option<Bytes> {
        Answer::chunk(self).await.ok().flatten()
    }
}

/// A whole mailbox of 1 MiB, and the JSON around it.
const MAX_POLL_BYTES: usize = 2 * 1024 * 1024;

#[cfg(test)]
mod tests;
