//! One app's keys, carried to the server and back; its keyring is a map.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime};

use desk::{
    Entry, Keeping, Keys, KeysAnswer, KeysConfig, KeysInput, KeysIntent, KeysOutput, KeysSnapshot, Loaded,
    RequestNumber, Standing,
};
use rand::SeedableRng;
use rand::rngs::{StdRng, SysRng};
use session::ask_server;
use signaling_client::{ClientError, SignalingClient, StaffEventStream, StreamEvent};
use signaling_protocol::{SignInReply, StaffEvent};
use tokio::sync::mpsc;
use tokio::time::timeout;
use trust::{DeviceIdentity, UnixTime};
use units::{Clock, Phi, ServerTrouble, Timestamp};

use crate::clinic::Clinic;

/// More than anything takes; less than a test may.
const PATIENCE: Duration = Duration::from_secs(20);

/// What a machine keeps when its app is closed.
pub(crate) type Keyring = Arc<Mutex<BTreeMap<Entry, Vec<u8>>>>;

type Answered = (RequestNumber, KeysAnswer);

pub(crate) struct App {
    pub(crate) keys: Keys,
    pub(crate) identity: Option<DeviceIdentity>,
    pub(crate) reply: SignInReply,
    pub(crate) client: SignalingClient,
    keyring: Keyring,
    clock: Clock,
    events: mpsc::Receiver<StreamEvent<StaffEvent>>,
    answers: (mpsc::Sender<Answered>, mpsc::Receiver<Answered>),
    pub(crate) is_signed_out: bool,
}

impl App {
    pub(crate) async fn sign_in(clinic: &Clinic, name: &str, keyring: &Keyring) -> Self {
        let (client, reply) = (clinic.client(), clinic.sign_in(name).await);
        let clock = Clock::starting_at(Instant::now(), SystemTime::now());
        let config = KeysConfig {
            role: reply.role,
            account: Phi::new(name.to_owned()),
            unix_at_zero: UnixTime(clock.unix_micros(Timestamp::ZERO) / 1_000_000),
        };
        let rng = StdRng::try_from_rng(&mut SysRng).unwrap();
        let keys = Keys::new(clock.timestamp(Instant::now()), config, Box::new(rng));
        let events = StaffEventStream::open(client.clone(), reply.token.clone());
        let keyring = keyring.clone();
        let answers = mpsc::channel(16);
        Self { keys, identity: None, reply, client, keyring, clock, events, answers, is_signed_out: false }
    }

    pub(crate) fn snapshot(&self) -> &KeysSnapshot {
        self.keys.snapshot()
    }

    fn at(&self) -> Timestamp {
        self.clock.timestamp(Instant::now())
    }

    pub(crate) fn want(&mut self, intent: KeysIntent) {
        let at = self.at();
        self.keys.handle_input(at, KeysInput::Intent(intent));
    }

    /// Waits for something that happens, and does what the keys want before and after.
    pub(crate) async fn step(&mut self) {
        self.obey();
        self.hear().await;
        self.obey();
    }

    fn obey(&mut self) {
        while let Some(output) = self.keys.poll_output() {
            let at = self.at();
            match output {
                KeysOutput::Load => {
                    let entry = |entry| self.keyring.lock().unwrap().get(&entry).cloned().map(Into::into);
                    let (device, issuing) = (entry(Entry::Device), entry(Entry::Issuing));
                    let loaded = Loaded::Read { device, issuing, keeping: Keeping::Keyring };
                    self.keys.handle_input(at, KeysInput::Loaded(loaded));
                }
                KeysOutput::Keep(entry, secret) => {
                    self.keyring.lock().unwrap().insert(entry, secret.to_vec());
                }
                KeysOutput::Ask { number, request } => {
                    let (client, token) = (self.client.clone(), self.reply.token.clone());
                    let answers = self.answers.0.clone();
                    tokio::spawn(async move {
                        let answer = match ask_server(&client, &token, &request).await {
                            Ok(answer) => answer,
                            Err(ClientError::Refused(refusal)) => KeysAnswer::Refused(refusal.code),
                            Err(error) => KeysAnswer::Failed(error.trouble().unwrap_or(ServerTrouble::Unreachable)),
                        };
                        let _ = answers.send((number, answer)).await;
                    });
                }
                KeysOutput::Identity(identity) => self.identity = identity.map(|identity| *identity),
                KeysOutput::Changed => {}
            }
        }
    }

    async fn hear(&mut self) {
        tokio::select! {
            Some((number, answer)) = self.answers.1.recv() => {
                let at = self.at();
                self.keys.handle_input(at, KeysInput::Answer { number, answer });
            }
            event = self.events.recv(), if !self.is_signed_out => match event {
                Some(StreamEvent::Event(StaffEvent::Clinic { clinic, notice, devices, checks, .. })) => {
                    let at = self.at();
                    self.keys.handle_input(at, KeysInput::Standing(Standing { clinic, notice, devices, checks }));
                }
                Some(StreamEvent::Refused(_)) | None => self.is_signed_out = true,
                Some(_) => {}
            },
        }
    }
}

/// Lets these apps work until `is_so`.
pub(crate) async fn until<'a, const N: usize>(
    what: &'static str,
    mut apps: [&'a mut App; N],
    is_so: impl Fn(&[&'a mut App; N]) -> bool,
) {
    let work = async {
        while !is_so(&apps) {
            let mut steps: Vec<_> = apps.iter_mut().map(|app| Box::pin(app.step())).collect();
            std::future::poll_fn(|context| {
                let ready = steps.iter_mut().any(|step| step.as_mut().poll(context).is_ready());
                if ready { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
            })
            .await;
        }
    };
    let came = timeout(PATIENCE, work).await.is_ok();
    let seen: Vec<_> = apps.iter().map(|app| app.snapshot().clone()).collect();
    assert!(came, "{what} did not come about: {seen:#?}");
}
