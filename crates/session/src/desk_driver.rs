//! The loop around the clinician's desk: asks the server what it wants asked, and runs the visit it begins.

use std::sync::Arc;
use std::time::{Duration, Instant};

use call::{EndReason, Intent};
use desk::{CallEnd, CallSummary, Desk, DeskAnswer, DeskInput, DeskIntent, DeskOutput, DeskRequest, DeskSnapshot};
use desk::{HostCall, RequestNumber};
use signaling_client::{ClientError, SignalingClient};
use tokio::sync::{mpsc, watch};
use units::Timestamp;

use crate::headless::{client, is_loopback};
use crate::visit::{Surroundings, Visit, VisitEnd};

/// What waits for the desk. `Block` for answers; a window's wish that does not get through is dropped.
const INPUTS: usize = 64;

/// The clinician's desk, for a window.
#[derive(Debug)]
pub struct DeskHandle {
    intents: mpsc::Sender<DeskIntent>,
    snapshots: watch::Receiver<DeskSnapshot>,
    visit: watch::Receiver<Option<Visit>>,
}

impl DeskHandle {
    /// Starts the loop around `desk`. To be called within the runtime.
    pub(crate) fn open(desk: Desk, around: Arc<Surroundings>) -> Self {
        let (intents_out, intents) = mpsc::channel(INPUTS);
        let (inputs, from_others) = mpsc::channel(INPUTS);
        let (snapshots, seen) = watch::channel(desk.snapshot().clone());
        let (visit, visit_seen) = watch::channel(None);
        let driver = DeskDriver { desk, around, inputs, snapshots, visit, client: None };
        tokio::spawn(driver.run(intents, from_others));
        Self { intents: intents_out, snapshots: seen, visit: visit_seen }
    }

    /// Tells the desk what the person wants.
    pub fn intend(&self, intent: DeskIntent) {
        let _ = self.intents.try_send(intent);
    }

    /// The desk as the person sees it.
    pub fn snapshot(&self) -> DeskSnapshot {
        self.snapshots.borrow().clone()
    }

    /// The visit that goes on.
    pub fn visit(&self) -> Option<Visit> {
        self.visit.borrow().clone()
    }
}

struct DeskDriver {
    desk: Desk,
    around: Arc<Surroundings>,
    inputs: mpsc::Sender<DeskInput>,
    snapshots: watch::Sender<DeskSnapshot>,
    visit: watch::Sender<Option<Visit>>,
    client: Option<SignalingClient>,
}

impl DeskDriver {
    async fn run(mut self, mut intents: mpsc::Receiver<DeskIntent>, mut inputs: mpsc::Receiver<DeskInput>) {
        loop {
            while let Some(output) = self.desk.poll_output() {
                self.obey(output);
            }
            let wake = self.desk.poll_timeout().and_then(|at| self.around.clock.instant(at));
            let sleep = async {
                match wake {
                    Some(wake) => tokio::time::sleep_until(wake.into()).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                intent = intents.recv() => match intent {
                    Some(intent) => self.desk.handle_input(self.now(), DeskInput::Intent(intent)),
                    // The window is closed.
                    None => return,
                },
                Some(input) = inputs.recv() => {
                    if matches!(input, DeskInput::CallEnded { .. }) {
                        self.visit.send_replace(None);
                    }
                    self.desk.handle_input(self.now(), input);
                }
                () = sleep => self.desk.handle_timeout(self.now()),
            }
        }
    }

    fn now(&self) -> Timestamp {
        self.around.clock.timestamp(Instant::now())
    }

    fn obey(&mut self, output: DeskOutput) {
        match output {
            DeskOutput::Ask { number, request } => self.ask(number, request),
            DeskOutput::StartCall(call) => {
                if let Err(sentence) = self.start(*call) {
                    let end = CallEnd::Refused { sentence };
                    let summary = CallSummary { talked_for: Duration::ZERO, reconnections: 0, end };
                    let _ = self.inputs.try_send(DeskInput::CallEnded { summary });
                }
            }
            DeskOutput::EndCall => {
                if let Some(visit) = &*self.visit.borrow() {
                    visit.intend(Intent::HangUp);
                }
            }
            DeskOutput::ForgetToken => self.client = None,
            DeskOutput::Changed => {
                self.snapshots.send_replace(self.desk.snapshot().clone());
                (self.around.repaint)();
            }
        }
    }

    fn ask(&mut self, number: RequestNumber, request: DeskRequest) {
        if let DeskRequest::SignIn { server, pin, .. } = &request {
            self.client =
                client(server, pin.as_ref()).map_err(|error| tracing::error!(%error, "no client for the server")).ok();
        }
        let (client, inputs) = (self.client.clone(), self.inputs.clone());
        tokio::spawn(async move {
            let answer = match client {
                Some(client) => answer(&client, request).await,
                None => DeskAnswer::Failed { sentence: "The server could not be asked; sign in again.".to_owned() },
            };
            let _ = inputs.send(DeskInput::Signaling { number, answer }).await;
        });
    }

    fn start(&mut self, call: HostCall) -> Result<(), String> {
        let client = self.client.clone().ok_or("The sign-in is over; sign in again.")?;
        let on_this_machine = is_loopback(call.link.server.host());
        let party = call::Party::Host { identity: call.identity, visit: call.visit, invites: call.invites };
        let visit = Visit::open(&self.around, party, client, Some(call.token), on_this_machine)
            .map_err(|error| error.to_string())?;
        visit.intend(Intent::Join);
        let (inputs, watched) = (self.inputs.clone(), visit.clone());
        self.visit.send_replace(Some(visit));
        tokio::spawn(async move {
            if let Some(end) = watched.over().await {
                let _ = inputs.send(DeskInput::CallEnded { summary: summary(end) }).await;
            }
        });
        Ok(())
    }
}

async fn answer(client: &SignalingClient, request: DeskRequest) -> DeskAnswer {
    let answer = match request {
        DeskRequest::SignIn { request, .. } => client.sign_in(&request).await.map(DeskAnswer::SignedIn),
        DeskRequest::CreateVisit { token } => {
            client.create_visit(&token).await.map(|reply| DeskAnswer::VisitMade(reply.visit))
        }
        DeskRequest::CreateInvite { token, visit, request } => {
            client.create_invite(&token, visit, &request).await.map(|reply| DeskAnswer::InviteMade(reply.invite))
        }
    };
    answer.unwrap_or_else(|error| match error {
        ClientError::Refused(problem) => DeskAnswer::Refused(problem.code),
        other => DeskAnswer::Failed { sentence: other.to_string() },
    })
}

fn summary(end: VisitEnd) -> CallSummary {
    let how = match (end.reason, end.problem) {
        (_, Some(sentence)) => CallEnd::Refused { sentence },
        (Some(EndReason::HungUp), None) => CallEnd::ByUs,
        (Some(EndReason::TheyHungUp), None) => CallEnd::ByThem,
        (Some(EndReason::NoConnection), None) => CallEnd::NoConnection,
        (Some(EndReason::HandshakeUnfinished), None) => CallEnd::HandshakeUnfinished,
        (Some(EndReason::ConnectionLost), None) => CallEnd::ConnectionLost,
        (Some(reason @ (EndReason::Denied | EndReason::Removed | EndReason::Refused(_))), None) => {
            CallEnd::Refused { sentence: reason.to_string() }
        }
        (Some(EndReason::VisitOver) | None, None) => CallEnd::VisitOver,
    };
    CallSummary { talked_for: end.talked_for, reconnections: end.reconnections, end: how }
}
