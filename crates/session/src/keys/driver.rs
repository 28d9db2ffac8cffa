//! The loop around the keys of who is signed in: the keyring, the server's news, its answers.

use std::time::Instant;

use desk::{
    DeskInput, Keys, KeysAnswer, KeysConfig, KeysInput, KeysIntent, KeysOutput, KeysRequest, KeysSnapshot,
    RequestNumber, Standing,
};
use rand::rngs::StdRng;
use signaling_client::{ClientError, SignalingClient, StaffEventStream, StreamEvent};
use signaling_protocol::StaffEvent;
use tokio::sync::{mpsc, watch};
use units::{Clock, Phi, ServerTrouble, Timestamp};

use super::{Vault, ask_server};
use crate::pictures::Repaint;

/// What waits for the keys. `Block` for answers; a window's wish that does not get through is dropped.
const INPUTS: usize = 64;

/// The keys of who is signed in, for a window.
#[derive(Debug, Clone)]
pub struct KeysHandle {
    intents: mpsc::Sender<KeysIntent>,
    snapshots: watch::Receiver<KeysSnapshot>,
}

impl KeysHandle {
    /// Tells the keys what the person wants.
    pub fn intend(&self, intent: KeysIntent) {
        let _ = self.intents.try_send(intent);
    }

    /// The keys as the person sees them.
    pub fn snapshot(&self) -> KeysSnapshot {
        self.snapshots.borrow().clone()
    }

    /// Waits until they are seen otherwise than when this was asked last; for ever once the loop has ended.
    pub(crate) async fn changed(&mut self) {
        if self.snapshots.changed().await.is_err() {
            std::future::pending().await
        }
    }
}

/// Whose keys, and where.
#[derive(Debug)]
pub(crate) struct KeysOf {
    pub(crate) config: KeysConfig,
    pub(crate) client: SignalingClient,
    pub(crate) token: Phi<String>,
    /// Under which name the keyring has them.
    pub(crate) place: String,
}

/// Runs until it is dropped: when somebody signs out.
pub(crate) struct KeysDriver {
    keys: Keys,
    of: KeysOf,
    vault: Vault,
    clock: Clock,
    repaint: Repaint,
    desk: mpsc::Sender<DeskInput>,
    inputs: mpsc::Sender<KeysInput>,
    snapshots: watch::Sender<KeysSnapshot>,
}

impl KeysDriver {
    /// Starts the loop. What the desk must know goes to `desk`. To be called within the runtime.
    pub(crate) fn open(
        of: KeysOf,
        vault: Vault,
        (clock, repaint): (Clock, Repaint),
        desk: mpsc::Sender<DeskInput>,
        rng: StdRng,
    ) -> (KeysHandle, tokio::task::AbortHandle) {
        let now = clock.timestamp(Instant::now());
        let keys = Keys::new(now, of.config.clone(), Box::new(rng));
        let (intents_out, intents) = mpsc::channel(INPUTS);
        let (inputs_out, inputs) = mpsc::channel(INPUTS);
        let (snapshots, seen) = watch::channel(keys.snapshot().clone());
        let driver = Self { keys, of, vault, clock, repaint, desk, inputs: inputs_out, snapshots };
        let task = tokio::spawn(driver.run(intents, inputs));
        (KeysHandle { intents: intents_out, snapshots: seen }, task.abort_handle())
    }

    async fn run(mut self, mut intents: mpsc::Receiver<KeysIntent>, mut inputs: mpsc::Receiver<KeysInput>) {
        let mut events = Some(StaffEventStream::open(self.of.client.clone(), self.of.token.clone()));
        loop {
            self.settle().await;
            let wake = self.clock.instant(self.keys.poll_timeout());
            let sleep = async {
                match wake {
                    Some(wake) => tokio::time::sleep_until(wake.into()).await,
                    None => std::future::pending().await,
                }
            };
            let news = async {
                match &mut events {
                    Some(events) => events.recv().await,
                    None => std::future::pending().await,
                }
            };
            let input = tokio::select! {
                intent = intents.recv() => match intent {
                    Some(intent) => KeysInput::Intent(intent),
                    // The window is closed.
                    None => return,
                },
                Some(input) = inputs.recv() => input,
                event = news => match event {
                    Some(StreamEvent::Event(StaffEvent::Clinic { clinic, notice, devices, checks, .. })) => {
                        KeysInput::Standing(Standing { clinic, notice, devices, checks })
                    }
                    Some(StreamEvent::Refused(_)) | None => {
                        events = None;
                        let _ = self.desk.send(DeskInput::SignedOut).await;
                        continue;
                    }
                    Some(_) => continue,
                },
                () = sleep => {
                    self.keys.handle_timeout(self.now());
                    continue;
                }
            };
            let now = self.now();
            self.keys.handle_input(now, input);
        }
    }

    fn now(&self) -> Timestamp {
        self.clock.timestamp(Instant::now())
    }

    async fn settle(&mut self) {
        while let Some(output) = self.keys.poll_output() {
            match output {
                KeysOutput::Load => {
                    let (vault, place, inputs) = (self.vault.clone(), self.of.place.clone(), self.inputs.clone());
                    tokio::spawn(async move {
                        let loaded = vault.load(place).await;
                        let _ = inputs.send(KeysInput::Loaded(loaded)).await;
                    });
                }
                // Told to the thread now, so that what is kept last is there last.
                KeysOutput::Keep(entry, secret) => {
                    let kept = self.vault.keep(self.of.place.clone(), entry, secret);
                    let inputs = self.inputs.clone();
                    tokio::spawn(async move {
                        let keeping = kept.await;
                        let _ = inputs.send(KeysInput::Kept(keeping)).await;
                    });
                }
                KeysOutput::Ask { number, request } => self.ask(number, request),
                KeysOutput::Identity(identity) => {
                    let _ = self.desk.send(DeskInput::Identity(identity)).await;
                }
                KeysOutput::Changed => {
                    self.snapshots.send_replace(self.keys.snapshot().clone());
                    (self.repaint)();
                }
            }
        }
    }

    fn ask(&self, number: RequestNumber, request: KeysRequest) {
        let (asker, token, inputs) = (self.of.client.clone(), self.of.token.clone(), self.inputs.clone());
        tokio::spawn(async move {
            let client = asker.clone();
            // Each try owns what it asks with: a future that borrowed it could not move between threads.
            let tries = move || {
                let (client, token, request) = (client.clone(), token.clone(), request.clone());
                async move { ask_server(&client, &token, &request).await }
            };
            let answered = tokio::select! {
                answered = asker.until_definite(tries) => answered,
                // Whoever asked has signed out.
                () = inputs.closed() => return,
            };
            let answer = answered.unwrap_or_else(|error| match error {
                ClientError::Refused(refusal) => KeysAnswer::Refused(refusal.code),
                other => KeysAnswer::Failed(other.trouble().unwrap_or(ServerTrouble::Unreachable)),
            });
            let _ = inputs.send(KeysInput::Answer { number, answer }).await;
        });
    }
}
