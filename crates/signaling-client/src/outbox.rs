//! What is to be sent, in its order, until it has arrived.

use std::collections::VecDeque;
use std::future::Future;

use signaling_protocol::{Envelope, Limits, MessageId, SendReply, SendRequest, VisitId};
use tokio::sync::mpsc;
use tracing::debug;
use units::Phi;

use crate::SignalingClient;
use crate::backoff::Backoff;
use crate::changes::Changes;
use crate::error::{Failure, Refusal};

/// What became of what was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OutboxEvent {
    /// These wait for their receivers now.
    Sent(Vec<MessageId>),
    /// This one the server does not take; those after it go on.
    Refused(MessageId, Refusal),
}

/// Too much waits to be sent; nothing of the last was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many messages wait to be sent to the server")]
pub struct OutboxFull;

/// Sends boxes in their order, and again with the same ids until the server has said yes or no to each.
///
/// One request is under way at a time, so nothing can overtake. A task does it, and lives as long as this or until
/// nobody receives what became of it.
#[derive(Debug)]
pub struct Outbox {
    sender: mpsc::Sender<Vec<Envelope>>,
}

impl Outbox {
    /// An outbox of the endpoint whose token this is. Must be called inside a tokio runtime.
    pub fn open(
        client: SignalingClient,
        visit: VisitId,
        token: Phi<String>,
        limits: Limits,
    ) -> (Self, mpsc::Receiver<OutboxEvent>) {
        Self::open_with(ServerPost { client, visit, token }, limits)
    }

    /// Takes envelopes to be sent after those that were taken before.
    ///
    /// # Errors
    /// If too much waits already.
    pub fn send(&self, envelopes: Vec<Envelope>) -> Result<(), OutboxFull> {
        self.sender.try_send(envelopes).map_err(|_| OutboxFull)
    }

    fn open_with<P: Post + 'static>(post: P, limits: Limits) -> (Self, mpsc::Receiver<OutboxEvent>) {
        let (sender, waiting) = mpsc::channel(WAITING);
        let (events, receiver) = mpsc::channel(WAITING);
        let courier = Courier { post, limits, waiting, queue: VecDeque::new(), events };
        tokio::spawn(courier.run());
        (Self { sender }, receiver)
    }
}

/// Calls of [`Outbox::send`] that may wait, and reports. When full: the first refuses, the second is `Block`.
const WAITING: usize = 256;

/// Who takes the boxes: the server, or a test's script.
trait Post: Send + Sync {
    fn post(&self, request: &SendRequest) -> impl Future<Output = Result<SendReply, Failure>> + Send;

    /// Hears when the network is another.
    fn network(&self) -> Changes;
}

struct ServerPost {
    client: SignalingClient,
    visit: VisitId,
    token: Phi<String>,
}

impl Post for ServerPost {
    async fn post(&self, request: &SendRequest) -> Result<SendReply, Failure> {
        self.client.send_once(&self.token, self.visit, request).await
    }

    fn network(&self) -> Changes {
        self.client.network()
    }
}

struct Courier<P> {
    post: P,
    limits: Limits,
    waiting: mpsc::Receiver<Vec<Envelope>>,
    queue: VecDeque<Envelope>,
    events: mpsc::Sender<OutboxEvent>,
}

impl<P: Post> Courier<P> {
    async fn run(mut self) {
        let events = self.events.clone();
        tokio::select! {
            () = events.closed() => {}
            () = self.carry() => {}
        }
    }

    /// Until there is nothing more to send and nobody who could send more.
    async fn carry(&mut self) {
        loop {
            if self.queue.is_empty() {
                let Some(envelopes) = self.waiting.recv().await else { return };
                self.queue.extend(envelopes);
            }
            while let Ok(envelopes) = self.waiting.try_recv() {
                self.queue.extend(envelopes);
            }
            let batch = self.next_batch();
            if !batch.is_empty() && !self.deliver(batch).await {
                return;
            }
        }
    }

    /// As many as one request may hold.
    fn next_batch(&mut self) -> Vec<Envelope> {
        let mut batch = Vec::new();
        let mut bytes = BODY_OVERHEAD;
        while let Some(envelope) = self.queue.front() {
            bytes += json_bytes(envelope);
            let full = batch.len() >= self.limits.boxes_per_request.max(1) || bytes > self.limits.json_bytes;
            // One that is too large by itself is for the server to refuse.
            if full && !batch.is_empty() {
                break;
            }
            batch.extend(self.queue.pop_front());
        }
        batch
    }

    /// Posts a batch until there is an answer. `false` when nobody wants to know any more.
    async fn deliver(&mut self, batch: Vec<Envelope>) -> bool {
        match self.post_until_answered(SendRequest { messages: batch.clone() }).await {
            Ok(reply) => self.say(OutboxEvent::Sent(reply.accepted)).await,
            Err(refusal) if batch.len() == 1 => self.say(OutboxEvent::Refused(batch[0].id, refusal)).await,
            // One of them spoiled the request: by themselves the others arrive. Sent twice under one id is sent once.
            Err(_) => {
                for envelope in batch {
                    let id = envelope.id;
                    let event = match self.post_until_answered(SendRequest { messages: vec![envelope] }).await {
                        Ok(reply) => OutboxEvent::Sent(reply.accepted),
                        Err(refusal) => OutboxEvent::Refused(id, refusal),
                    };
                    if !self.say(event).await {
                        return false;
                    }
                }
                true
            }
        }
    }

    async fn post_until_answered(&self, request: SendRequest) -> Result<SendReply, Refusal> {
        let (mut backoff, mut network) = (Backoff::default(), self.post.network());
        loop {
            let failure = match self.post.post(&request).await {
                Ok(reply) => return Ok(reply),
                Err(failure) => failure,
            };
            if let Some(refusal) = failure.last_word() {
                return Err(refusal);
            }
            let (pause, least) = (backoff.next_delay(), failure.retry_after.unwrap_or_default());
            debug!(error = %failure.error, ?pause, ?least, "messages wait to be sent again");
            if network.pause(pause, least).await {
                backoff.reset();
            }
        }
    }

    async fn say(&self, event: OutboxEvent) -> bool {
        self.events.send(event).await.is_ok()
    }
}

fn json_bytes(envelope: &Envelope) -> usize {
    // The box in base64url, and all the other fields at their longest.
    envelope.sealed.len().div_ceil(3) * 4 + ENVELOPE_OVERHEAD
}

/// `{"messages":[]}`, rounded up.
const BODY_OVERHEAD: usize = 32;
/// Two ids, four numbers and their names take about 190 bytes.
const ENVELOPE_OVERHEAD: usize = 256;

#[cfg(test)]
mod tests;
