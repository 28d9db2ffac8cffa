//! Carries out what the engine asks of the server, and brings back only what is definite.
//!
//! A request that meets a broken network is tried again with the same ids until the server has answered; the engine is
//! told of the answer, never of the weather. Boxes go out in order through one queue, everything else on its own.

use std::future::Future;

use audit::Alarm;
use call::{RequestKind, SignalingInput, SignalingRequest};
use signaling_client::{ClientError, EventStream, Outbox, OutboxEvent, SignalingClient, StreamEvent};
use signaling_protocol::{Code, JoinReply, Limits, ReceiptRequest, VisitId};
use tokio::sync::{mpsc, watch};
use tokio::task::{AbortHandle, JoinSet};
use units::Phi;

use crate::auditor::beside;
use crate::kept_logs::KeptLog;

/// Answers that wait for the engine. `Block`: the engine is quick, and an answer must not be lost.
const ANSWERS: usize = 256;

/// What comes back: an input for the engine, or the end of all trying.
#[derive(Debug)]
pub(crate) enum Answer {
    Input(SignalingInput),
    /// Trying again cannot help: the server is not the one that the link means, or not a server of ours.
    Hopeless(ClientError),
    /// The clinic's audit log was looked at: what to show the other side of it, or what is wrong.
    Log(Result<Option<String>, Alarm>),
}

/// Who we are in the visit, once joined.
#[derive(Clone)]
struct Seat {
    visit: VisitId,
    token: Phi<String>,
    limits: Limits,
}

/// The doer of signalling requests.
pub(crate) struct Signaling {
    client: SignalingClient,
    staff_token: Option<Phi<String>>,
    seat: Option<Seat>,
    outbox: Option<Outbox>,
    /// Ends with the seat.
    events: Option<AbortHandle>,
    answers: mpsc::Sender<Answer>,
    tasks: JoinSet<()>,
    last_fault: watch::Sender<Option<String>>,
}

impl Signaling {
    /// A doer that talks to the server of `client`; a host has signed in and brings its token.
    pub(crate) fn new(client: SignalingClient, staff_token: Option<Phi<String>>) -> (Self, mpsc::Receiver<Answer>) {
        let (answers, receiver) = mpsc::channel(ANSWERS);
        let (last_fault, _) = watch::channel(None);
        (
            Self {
                client,
                staff_token,
                seat: None,
                outbox: None,
                events: None,
                answers,
                tasks: JoinSet::new(),
                last_fault,
            },
            receiver,
        )
    }

    /// What the network said when a request last failed, for a person who waits in vain.
    pub(crate) fn last_fault(&self) -> Option<String> {
        self.last_fault.borrow().clone()
    }

    /// The app has joined: from now on requests are about this visit.
    pub(crate) fn seated(&mut self, reply: &JoinReply) {
        let seat = Seat { visit: reply.visit, token: reply.endpoint_token.clone(), limits: reply.limits };
        self.outbox = None;
        self.seat = Some(seat);
        self.stop_events();
    }

    /// Does what the engine asks.
    pub(crate) fn request(&mut self, request: SignalingRequest) {
        while self.tasks.try_join_next().is_some() {}
        let client = self.client.clone();
        match request {
            SignalingRequest::Challenge(invite) => {
                client.warm_up();
                self.ask(
                    RequestKind::Challenge,
                    move || {
                        let client = client.clone();
                        async move { client.challenge(invite).await }
                    },
                    |reply| SignalingInput::Challenge(reply.challenge),
                );
            }
            SignalingRequest::JoinGuest { invite, request } => self.ask(
                RequestKind::Join,
                move || {
                    let (client, request) = (client.clone(), request.clone());
                    async move { client.join_guest(invite, &request).await }
                },
                SignalingInput::Joined,
            ),
            SignalingRequest::JoinHost { visit, request } => {
                let token = self.staff_token.clone().unwrap_or_default();
                self.ask(
                    RequestKind::Join,
                    move || {
                        let (client, request, token) = (client.clone(), request.clone(), token.clone());
                        async move { client.join_host(&token, visit, &request).await }
                    },
                    SignalingInput::Joined,
                );
            }
            SignalingRequest::GetIce => self.ask_seated(
                RequestKind::Ice,
                |client, seat| async move { client.ice(&seat.token, seat.visit).await },
                SignalingInput::Ice,
            ),
            SignalingRequest::OpenEvents => self.open_events(),
            SignalingRequest::Send(envelopes) => self.send(envelopes),
            SignalingRequest::Admit(endpoint) => self.ask_seated(
                RequestKind::Admit(endpoint),
                move |client, seat| async move { client.admit(&seat.token, seat.visit, endpoint).await },
                move |()| SignalingInput::Admitted(endpoint),
            ),
            SignalingRequest::Deny(endpoint) => self
                .tell(RequestKind::Deny(endpoint), move |client, seat| async move {
                    client.deny(&seat.token, seat.visit, endpoint).await
                }),
            SignalingRequest::Remove(endpoint) => self
                .tell(RequestKind::Remove(endpoint), move |client, seat| async move {
                    client.remove(&seat.token, seat.visit, endpoint).await
                }),
            SignalingRequest::CountTry(endpoint) => self.ask_seated(
                RequestKind::CountTry(endpoint),
                move |client, seat| async move { client.count_try(&seat.token, seat.visit, endpoint).await },
                move |reply| SignalingInput::TryCounted { endpoint, used: reply.used },
            ),
            SignalingRequest::Lock(locked) => self.tell(RequestKind::Lock, move |client, seat| async move {
                client.lock_visit(&seat.token, seat.visit, locked).await
            }),
            SignalingRequest::End => {
                self.tell(RequestKind::End, |client, seat| async move { client.end(&seat.token, seat.visit).await });
            }
            SignalingRequest::Leave => {
                self.tell(
                    RequestKind::Leave,
                    |client, seat| async move { client.leave(&seat.token, seat.visit).await },
                );
            }
        }
    }

    /// Says to the audit log what became of a connection.
    pub(crate) fn give(&mut self, receipt: ReceiptRequest) {
        self.tell(RequestKind::Receipt, move |client, seat| {
            let receipt = receipt.clone();
            async move { client.give_receipt(&seat.token, seat.visit, &receipt).await }
        });
    }

    /// Looks whether the clinic's audit log goes on from what is kept of it; once, and if the server does not answer, then not.
    pub(crate) fn look_at_log(&mut self, log: KeptLog) {
        let Some(seat) = self.seat.clone() else { return };
        let (client, answers) = (self.client.clone(), self.answers.clone());
        self.tasks.spawn(async move {
            let seen = goes_on(&client, &seat, log).await;
            let _ = answers.send(Answer::Log(seen)).await;
        });
    }

    /// Looks whether what the other side keeps of the clinic's audit log is the same log.
    pub(crate) fn compare_log(&mut self, log: KeptLog, theirs: String) {
        let Some(seat) = self.seat.clone() else { return };
        let (client, answers) = (self.client.clone(), self.answers.clone());
        self.tasks.spawn(async move {
            let seen = agrees(&client, &seat, log, theirs).await.map(|()| None);
            let _ = answers.send(Answer::Log(seen)).await;
        });
    }

    /// This device's network is another: everything is asked anew by it, at once.
    pub(crate) fn network_changed(&self) {
        self.client.network_changed();
    }

    /// Whether an answer may still come.
    pub(crate) fn is_waiting(&mut self) -> bool {
        while self.tasks.try_join_next().is_some() {}
        !self.tasks.is_empty()
    }

    fn send(&mut self, envelopes: Vec<signaling_protocol::Envelope>) {
        let Some(seat) = self.seat.clone() else { return };
        let outbox = self.outbox.get_or_insert_with(|| {
            let (outbox, mut events) = Outbox::open(self.client.clone(), seat.visit, seat.token, seat.limits);
            let answers = self.answers.clone();
            tokio::spawn(async move {
                while let Some(event) = events.recv().await {
                    let input = match event {
                        OutboxEvent::Sent(ids) => SignalingInput::Sent(ids),
                        OutboxEvent::Refused(_, problem) => {
                            SignalingInput::Refused { request: RequestKind::Send, code: problem.code }
                        }
                    };
                    if answers.send(Answer::Input(input)).await.is_err() {
                        break;
                    }
                }
            });
            outbox
        });
        if outbox.send(envelopes).is_err() {
            // The engine sends again what was not acknowledged.
            tracing::warn!("too many messages wait for the server; some are left out");
        }
    }

    fn open_events(&mut self) {
        let Some(seat) = self.seat.clone() else { return };
        self.stop_events();
        let mut stream = EventStream::open(self.client.clone(), seat.visit, seat.token);
        let answers = self.answers.clone();
        let listening = tokio::spawn(async move {
            while let Some(event) = stream.recv().await {
                let answer = match event {
                    StreamEvent::Up => Answer::Input(SignalingInput::StreamUp),
                    StreamEvent::Down => Answer::Input(SignalingInput::StreamDown),
                    StreamEvent::Event(event) => Answer::Input(SignalingInput::Event(event)),
                    StreamEvent::Refused(problem) => {
                        Answer::Input(SignalingInput::Refused { request: RequestKind::Events, code: problem.code })
                    }
                };
                if answers.send(answer).await.is_err() {
                    break;
                }
            }
        });
        self.events = Some(listening.abort_handle());
    }

    fn stop_events(&mut self) {
        if let Some(events) = self.events.take() {
            events.abort();
        }
    }

    fn tell<F, Fut>(&mut self, kind: RequestKind, attempt: F)
    where
        F: Fn(SignalingClient, Seat) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<(), ClientError>> + Send + 'static,
    {
        self.ask_seated(kind, attempt, move |()| SignalingInput::Done(kind));
    }

    fn ask_seated<F, Fut, T>(
        &mut self,
        kind: RequestKind,
        attempt: F,
        input: impl FnOnce(T) -> SignalingInput + Send + 'static,
    ) where
        F: Fn(SignalingClient, Seat) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<T, ClientError>> + Send + 'static,
        T: Send + 'static,
    {
        let Some(seat) = self.seat.clone() else { return };
        let client = self.client.clone();
        self.ask(kind, move || attempt(client.clone(), seat.clone()), input);
    }

    fn ask<F, Fut, T>(
        &mut self,
        kind: RequestKind,
        attempt: F,
        input: impl FnOnce(T) -> SignalingInput + Send + 'static,
    ) where
        F: Fn() -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<T, ClientError>> + Send + 'static,
        T: Send + 'static,
    {
        let answers = self.answers.clone();
        let (client, last_fault) = (self.client.clone(), self.last_fault.clone());
        self.tasks.spawn(async move {
            // The inner result is what the engine hears of, the outer one what is tried again.
            let tries = move || {
                let (attempt, last_fault) = (attempt(), last_fault.clone());
                async move {
                    match attempt.await {
                        Err(error) if !error.is_definite() && !matters_now(kind, &error) => {
                            tracing::debug!(?kind, %error, "will be tried again");
                            last_fault.send_replace(Some(error.to_string()));
                            Err(error)
                        }
                        answer => Ok(answer),
                    }
                }
            };
            let reply = client.until_definite(tries).await;
            let answer = match reply {
                Ok(Ok(reply)) => Answer::Input(input(reply)),
                Ok(Err(error)) | Err(error) => definite(kind, error),
            };
            let _ = answers.send(answer).await;
        });
    }
}

/// Whether the log goes on from what is kept; then what is kept now.
async fn goes_on(client: &SignalingClient, seat: &Seat, log: KeptLog) -> Result<Option<String>, Alarm> {
    let since = beside(&log, KeptLog::since).await.unwrap_or_default();
    match client.checkpoint_of_visit(&seat.token, seat.visit, since, None).await {
        Ok(reply) => beside(&log, move |log| log.take(&reply).map(|_| log.note())).await.unwrap_or(Ok(None)),
        Err(error) => missing(&error).map(|()| None),
    }
}

/// Whether the log that the other side keeps is ours.
async fn agrees(client: &SignalingClient, seat: &Seat, log: KeptLog, theirs: String) -> Result<(), Alarm> {
    let note = theirs.clone();
    let Some((since, until)) = beside(&log, move |log| log.between(&note)).await.unwrap_or(Ok(None))? else {
        return Ok(());
    };
    match client.checkpoint_of_visit(&seat.token, seat.visit, since, Some(until)).await {
        Ok(reply) => beside(&log, move |log| log.agrees(&theirs, &reply)).await.unwrap_or(Ok(())),
        Err(error) => missing(&error),
    }
}

/// A log that has not so many rows as somebody keeps a checkpoint of was cut. Any other failure says nothing of it.
fn missing(error: &ClientError) -> Result<(), Alarm> {
    match error {
        ClientError::Refused(problem) if problem.code == Code::Malformed => Err(Alarm::RolledBack),
        _ => Ok(()),
    }
}

/// Whether a passing fault must be told: an admission that could not be written down must not come true minutes later.
fn matters_now(request: RequestKind, error: &ClientError) -> bool {
    let not_stored = matches!(error, ClientError::Refused(problem) if problem.code == Code::StorageFailed);
    matches!(request, RequestKind::Admit(_)) && not_stored
}

fn definite(request: RequestKind, error: ClientError) -> Answer {
    match error {
        ClientError::Refused(problem) => Answer::Input(SignalingInput::Refused { request, code: problem.code }),
        hopeless => match request {
            // What is asked after the visit began may fail: signalling down is not call down.
            RequestKind::Challenge | RequestKind::Join => Answer::Hopeless(hopeless),
            _ => Answer::Input(SignalingInput::Refused { request, code: Code::Unknown }),
        },
    }
}
