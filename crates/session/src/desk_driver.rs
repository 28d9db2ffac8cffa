//! The loop around the clinician's desk: asks the server what it wants asked, and runs the visit it begins.

use std::sync::Arc;
use std::time::Instant;

use call::{EndReason, Intent};
use desk::day::{Calendar, VisitCard};
use desk::{
    CallEnd, CallSummary, Desk, DeskAnswer, DeskInput, DeskIntent, DeskOutput, DeskPhase, DeskProblem, DeskRequest,
    DeskSnapshot, HostCall, KeysConfig, RequestNumber, TalkSummary,
};
use signaling_client::{ClientError, SignalingClient};
use signaling_protocol::{Code, GuestRole, InviteId, SignInReply, StaffRole};
use tokio::sync::{mpsc, watch};
use tokio::task::AbortHandle;
use trust::{DeviceIdentity, ServerAddress, TlsPin};
use units::{Phi, Timestamp};

use crate::auditor::Auditor;
use crate::day_driver::{DayDriver, DayHandle};
use crate::desk_person::{DeskPerson, DeskWish};
use crate::desk_requests::{ask, place_of};
use crate::headless::{Account, InputError, Pin, Progress, client, is_loopback, random};
use crate::identity;
use crate::keys::{Kept, KeysDriver, KeysHandle, KeysOf, Vault, keys_place};
use crate::media::Meters;
use crate::notes::Notes;
use crate::office::Office;
use crate::outcome::{self, InVain};
use crate::visit::{HostWish, Surroundings, Visit, VisitEnd, as_sentence};
use crate::whole_file::WholeFile;

/// What waits for the desk. `Block` for answers; a window's wish that does not get through is dropped.
const INPUTS: usize = 64;

/// The clinician's desk, for a window.
#[derive(Debug)]
pub struct DeskHandle {
    intents: mpsc::Sender<DeskIntent>,
    snapshots: watch::Receiver<DeskSnapshot>,
    visit: watch::Receiver<Option<Visit>>,
    keys: watch::Receiver<Option<KeysHandle>>,
    day: watch::Receiver<Option<DayHandle>>,
    notes: Arc<Notes>,
}

impl DeskHandle {
    /// Starts the loop around `desk`. To be called within the runtime.
    pub(crate) fn open(
        desk: Desk,
        secret: Option<[u8; 32]>,
        around: Arc<Surroundings>,
        unattended: AtDesk,
        vault: Vault,
        zone: Option<Calendar>,
    ) -> Self {
        let (intents_out, intents) = mpsc::channel(INPUTS);
        let (inputs, from_call) = mpsc::channel(INPUTS);
        let (answers, from_server) = mpsc::channel(INPUTS);
        let (snapshots, seen) = watch::channel(desk.snapshot().clone());
        let (visit, visit_seen) = watch::channel(None);
        let (keys, keys_seen) = watch::channel(None);
        let (day, day_seen) = watch::channel(None);
        let AtDesk { account, link_file } = unattended;
        let now = around.clock.timestamp(Instant::now());
        let person = account.map(|account| (DeskPerson::new(now, around.habits.give_up), account));
        let calendar = zone.clone().unwrap_or_else(Calendar::utc);
        let notes = Notes::open(around.memory.beside("notes"), around.clock, calendar, around.repaint.clone());
        let notes = Arc::new(notes);
        let driver = DeskDriver {
            desk,
            secret,
            around,
            inputs,
            answers,
            snapshots,
            visit,
            vault,
            keys,
            keys_task: None,
            day,
            day_task: None,
            notes: notes.clone(),
            is_noting: false,
            signed_in: None,
            identity: None,
            zone,
            client: None,
            locked: None,
            keeper: None,
            looking: None,
            person,
            link_file,
            fault: None,
            asked: None,
        };
        tokio::spawn(driver.run(intents, from_call, from_server));
        Self { intents: intents_out, snapshots: seen, visit: visit_seen, keys: keys_seen, day: day_seen, notes }
    }

    /// Tells the desk what the person wants.
    pub fn intend(&self, intent: DeskIntent) {
        let _ = self.intents.try_send(intent);
    }

    /// The desk as the person sees it.
    pub fn snapshot(&self) -> DeskSnapshot {
        self.snapshots.borrow().clone()
    }

    /// Whether who is signed in holds visits.
    pub fn enters_visits(&self) -> bool {
        self.snapshots.borrow().enters_visits
    }

    /// The keys of who is signed in, where no identity was given.
    pub fn keys(&self) -> Option<KeysHandle> {
        self.keys.borrow().clone()
    }

    /// The day of who is signed in, once their device is certified.
    pub fn day(&self) -> Option<DayHandle> {
        self.day.borrow().clone()
    }

    /// What the clinician has written about visits on this device.
    pub fn notes(&self) -> &Notes {
        &self.notes
    }

    /// The visit that goes on.
    pub fn visit(&self) -> Option<Visit> {
        self.visit.borrow().clone()
    }
}

/// What is done at a desk without anybody's hand.
#[derive(Debug, Default)]
pub(crate) struct AtDesk {
    /// Who signs in and starts a visit.
    pub(crate) account: Option<Account>,
    /// Where the link of the first visit goes.
    pub(crate) link_file: Option<WholeFile>,
}

struct DeskDriver {
    desk: Desk,
    /// Of the clinic of one, if that is what this is: its device is certified anew for each visit, for who is signed in.
    secret: Option<[u8; 32]>,
    around: Arc<Surroundings>,
    inputs: mpsc::Sender<DeskInput>,
    answers: mpsc::Sender<Answered>,
    snapshots: watch::Sender<DeskSnapshot>,
    visit: watch::Sender<Option<Visit>>,
    vault: Vault,
    keys: watch::Sender<Option<KeysHandle>>,
    keys_task: Option<AbortHandle>,
    day: watch::Sender<Option<DayHandle>>,
    day_task: Option<AbortHandle>,
    notes: Arc<Notes>,
    /// What is noted is about the visit that goes on, or is over a moment ago.
    is_noting: bool,
    /// Who signed in, and where.
    signed_in: Option<(SignInReply, ServerAddress, Option<TlsPin>)>,
    /// The certified device of who signed in, where no identity was given.
    identity: Option<DeviceIdentity>,
    /// The clinic's calendar, where there is one to be shown.
    zone: Option<Calendar>,
    client: Option<SignalingClient>,
    /// Of a desk that is locked, so that its session can be ended.
    locked: Option<SignalingClient>,
    /// Keeps what the session goes on by.
    keeper: Option<AbortHandle>,
    /// Looks at the clinic's audit log.
    looking: Option<AbortHandle>,
    person: Option<(DeskPerson, Account)>,
    link_file: Option<WholeFile>,
    /// What the server said no with, or that it was not reached.
    fault: Option<String>,
    /// Where somebody signs in just now.
    asked: Option<(ServerAddress, Option<TlsPin>)>,
}

impl DeskDriver {
    async fn run(
        mut self,
        mut intents: mpsc::Receiver<DeskIntent>,
        mut inputs: mpsc::Receiver<DeskInput>,
        mut answers: mpsc::Receiver<Answered>,
    ) {
        loop {
            self.settle();
            self.open_day();
            let person = self.person.as_ref().map(|(person, _)| person.wakes_at(self.now()));
            let wake = self.desk.poll_timeout().into_iter().chain(person).min();
            let wake = wake.and_then(|at| self.around.clock.instant(at));
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
                    if let DeskInput::Identity(identity) = &input {
                        self.identity = identity.as_deref().cloned();
                        if self.identity.is_some() {
                            // Now it is known as visits know it, too.
                            self.look_at_log();
                        }
                    }
                    if matches!(input, DeskInput::CallEnded { .. }) {
                        self.visit.send_replace(None);
                    }
                    self.desk.handle_input(self.now(), input);
                }
                Some((number, answer)) = answers.recv() => self.take(number, answer),
                () = sleep => self.desk.handle_timeout(self.now()),
            }
        }
    }

    fn now(&self) -> Timestamp {
        self.around.clock.timestamp(Instant::now())
    }

    /// Does what the desk wants, and what the person does who sees it, until both are still.
    fn settle(&mut self) {
        loop {
            while let Some(output) = self.desk.poll_output() {
                self.obey(output);
            }
            let now = self.now();
            let Some((person, account)) = &mut self.person else { return };
            match person.decide(now, self.desk.snapshot()) {
                Some(DeskWish::SignIn) => {
                    let intent = DeskIntent::SignIn {
                        server: account.server.clone(),
                        pin: account.pin.map(|Pin(pin)| pin),
                        name: account.user.clone(),
                        password: account.password.clone(),
                        // Looked at before the window was opened.
                        totp: account.digits().ok().flatten(),
                    };
                    self.desk.handle_input(now, DeskInput::Intent(intent));
                }
                Some(DeskWish::StartVisit) => {
                    self.desk.handle_input(now, DeskInput::Intent(DeskIntent::StartVisit));
                }
                Some(DeskWish::LeaveRefused) => self.in_vain(InVain::Refused),
                Some(DeskWish::LeaveInVain) => self.in_vain(InVain::Unreachable),
                None => return,
            }
        }
    }

    /// There will be no visit.
    fn in_vain(&mut self, why: fn(String) -> InVain) {
        let seen = self.desk.snapshot();
        let sentence = match &seen.phase {
            DeskPhase::Ready { .. } | DeskPhase::SignedOut { problem: Some(DeskProblem::NotAClinician) }
                if !seen.enters_visits =>
            {
                "this account is not a clinician's, and only clinicians hold visits; sign in with another".to_owned()
            }
            DeskPhase::SignedOut { problem: Some(DeskProblem::CodeNeeded) } => {
                "this account has a second factor, and no session of it is kept here; give its secret with --totp-file"
                    .to_owned()
            }
            _ => self.fault.clone().unwrap_or_else(|| ClientError::Unreachable.to_string()),
        };
        let (recorder, now) = (self.around.recorder(), self.now());
        self.around.keep(outcome::never_joined(why(sentence), now, recorder, &Meters::default()));
        (self.around.repaint)();
    }

    fn obey(&mut self, output: DeskOutput) {
        match output {
            DeskOutput::Ask { number, request } => self.ask(number, request),
            DeskOutput::StartCall(call) => {
                if let Err(sentence) = self.start(*call) {
                    let end = CallEnd::Refused { sentence };
                    let summary = CallSummary { end, talk: None };
                    let _ = self.inputs.try_send(DeskInput::CallEnded { summary });
                }
            }
            DeskOutput::EndCall => {
                if let Some(visit) = &*self.visit.borrow() {
                    visit.intend(Intent::HangUp);
                }
            }
            DeskOutput::OpenKeys { server, name, role, token } => self.open_keys(&server, name, role, token),
            DeskOutput::SignOut => self.sign_out(),
            DeskOutput::ForgetToken => {
                self.locked = self.client.take();
                self.signed_in = None;
                // What is found out about this clinic's log is none of who signs in next.
                if let Some(looking) = self.looking.take() {
                    looking.abort();
                }
                self.identity = None;
                self.close_day();
                self.close_keys();
                self.notes.lock();
            }
            DeskOutput::Changed => {
                let is_noting = matches!(self.desk.snapshot().phase, DeskPhase::InVisit { .. } | DeskPhase::Summary(_));
                if self.is_noting && !is_noting {
                    self.notes.close();
                }
                self.is_noting &= is_noting;
                self.write_link();
                self.snapshots.send_replace(self.desk.snapshot().clone());
                (self.around.repaint)();
            }
        }
    }

    /// Whoever has signed in looks whether the clinic's audit log goes on from what this machine keeps of it: once, and if the
    /// server does not answer, then not.
    fn look_at_log(&mut self) {
        let Some(auditor) = self.auditor() else { return };
        let inputs = self.inputs.clone();
        let looking = tokio::spawn(async move {
            match auditor.look().await {
                Ok((log, _)) => drop(inputs.send(DeskInput::Log(log)).await),
                Err(error) => tracing::debug!(%error, "the audit log was not looked at"),
            }
        });
        self.looking = Some(looking.abort_handle());
    }

    fn auditor(&self) -> Option<Auditor> {
        let (reply, server, _) = self.signed_in.as_ref()?;
        let (client, path) = (self.client.clone()?, self.around.memory.beside("logs"));
        let clinic = self.identity.as_ref().map(DeviceIdentity::clinic);
        Some(Auditor::new(client, reply.token.clone(), path.as_deref(), server, clinic))
    }

    /// Who may plan visits sees the day, as soon as their device is one that the clinic vouches for.
    fn open_day(&mut self) {
        let Some(calendar) = self.zone.clone().filter(|_| self.day_task.is_none()) else { return };
        let Some((reply, address, pin)) = &self.signed_in else { return };
        if !matches!(reply.role, StaffRole::Clinician | StaffRole::FrontDesk) {
            return;
        }
        let (Ok(Some(device)), Some(client)) = (self.device(), self.client.clone()) else { return };
        self.notes.unlock(&device);
        let who = (client, reply.token.clone(), reply.staff);
        let office = Office::of(who, device, (address.clone(), *pin), self.around.clock);
        let (day, task) = DayDriver::open(office, calendar, self.around.clone(), self.inputs.clone());
        self.day.send_replace(Some(day));
        self.day_task = Some(task);
    }

    /// The device of who is signed in, as visits know it; none until it is certified.
    fn device(&self) -> Result<Option<DeviceIdentity>, InputError> {
        let Some(secret) = &self.secret else { return Ok(self.identity.clone()) };
        let snapshot = self.desk.snapshot();
        let name = snapshot.name.as_ref().map(|name| name.expose().as_str());
        identity::clinic_of_one(secret, name, self.around.clock).map(Some)
    }

    fn close_day(&mut self) {
        self.day.send_replace(None);
        if let Some(task) = self.day_task.take() {
            task.abort();
        }
    }

    fn open_keys(&mut self, server: &ServerAddress, account: Phi<String>, role: StaffRole, token: Phi<String>) {
        self.close_keys();
        let (Some(client), Ok(rng)) = (self.client.clone(), random()) else { return };
        let place = keys_place(&account, server);
        let config = KeysConfig { role, account, unix_at_zero: identity::unix_at_zero(self.around.clock) };
        let of = KeysOf { config, client, token, place };
        let seen_by = (self.around.clock, self.around.repaint.clone());
        let (keys, task) = KeysDriver::open(of, self.vault.clone(), seen_by, self.inputs.clone(), rng);
        self.keys.send_replace(Some(keys));
        self.keys_task = Some(task);
    }

    /// What is kept is in the vault; nothing else of it stays.
    fn close_keys(&mut self) {
        self.keys.send_replace(None);
        if let Some(task) = self.keys_task.take() {
            task.abort();
        }
    }

    /// Writes the link of the first visit to where it was asked for.
    fn write_link(&mut self) {
        let DeskPhase::InVisit { link } = &self.desk.snapshot().phase else { return };
        let Some(file) = self.link_file.take() else { return };
        if let Err(error) = file.finish(format!("{}\n", link.expose()).as_bytes()) {
            match &self.around.tell {
                Some(tell) => {
                    tell(Progress::Complaint(&format!("the link cannot be written: {error}; make room on the disk")));
                }
                None => tracing::error!(%error, "the link cannot be written"),
            }
        }
    }

    /// Ends the session at the server, and keeps no more of it than by what the server knows the device.
    fn sign_out(&mut self) {
        let Some(client) = self.client.take().or_else(|| self.locked.take()) else { return };
        tokio::spawn(async move {
            if let Err(error) = client.sign_out().await {
                tracing::debug!(%error, "the session ends by itself");
            }
        });
    }

    fn ask(&mut self, number: RequestNumber, request: DeskRequest) {
        if let DeskRequest::SignIn { server, pin, .. } | DeskRequest::SignUp { server, pin, .. } = &request {
            self.asked = Some((server.clone(), *pin));
            self.locked = None;
            self.client = client(self.around.proxies.clone(), server, pin.as_ref())
                .map_err(|error| tracing::error!(%error, "no client for the server"))
                .ok();
            if let Some(keeper) = self.keeper.take() {
                keeper.abort();
            }
            if let Some(client) = &self.client {
                let place = place_of(&request);
                self.keeper = Some(tokio::spawn(keep(client.clone(), self.vault.clone(), place)).abort_handle());
            }
        }
        let (client, answers, vault) = (self.client.clone(), self.answers.clone(), self.vault.clone());
        let device = self.identity.clone().map(|device| (device, identity::unix_now(self.around.clock)));
        let auditor = if let DeskRequest::Audit { .. } = request { self.auditor() } else { None };
        tokio::spawn(async move {
            let answer = match client {
                Some(client) => ask(&client, &vault, (device, auditor), request).await,
                None => Err(ClientError::BadAddress),
            };
            let _ = answers.send((number, answer)).await;
        });
    }

    fn take(&mut self, number: RequestNumber, answer: Result<DeskAnswer, ClientError>) {
        let reply = match &answer {
            Ok(DeskAnswer::SignedIn(reply)) => Some(reply),
            Ok(DeskAnswer::SignedUp(reply)) => Some(&reply.signed_in),
            _ => None,
        };
        if let Some(reply) = reply {
            self.signed_in = self.asked.take().map(|(server, pin)| (reply.clone(), server, pin));
            self.look_at_log();
            let _ = self.around.signed_in.set(self.now());
            tracing::debug!("signed in");
        }
        self.fault = answer.as_ref().err().map(ToString::to_string);
        let answer = answer.unwrap_or_else(|error| match error {
            ClientError::Refused(refusal) => match refusal.retry_after {
                Some(wait) if refusal.code == Code::TooManyRequests => DeskAnswer::Delayed(wait),
                _ => DeskAnswer::Refused(refusal.code),
            },
            ClientError::Unreachable | ClientError::ProxyScript(_) => DeskAnswer::Unreachable,
            other => other.trouble().map_or(DeskAnswer::Unreachable, DeskAnswer::Failed),
        });
        self.desk.handle_input(self.now(), DeskInput::Signaling { number, answer });
    }

    fn start(&mut self, call: HostCall) -> Result<(), String> {
        let client = self.client.clone().ok_or("The sign-in is over; sign in again.")?;
        let on_this_machine = is_loopback(call.link.server.host());
        let (visit, card) = (call.visit, call.card);
        let invites = call.invites.into_iter().map(|(invite, secret, not_after)| call::HostInvite {
            invite,
            secret,
            visit,
            not_after,
            patient: call.patient,
            code: card.as_ref().and_then(|card| card.code.clone()),
            role: role_of(card.as_ref(), invite),
        });
        let device = self.device().map_err(|error| as_sentence(&error))?.unwrap_or(call.identity);
        self.notes.unlock(&device);
        self.notes.begin(visit, self.desk.snapshot().patient.clone());
        self.is_noting = true;
        let party = call::Party::Host { device, visit, invites: invites.collect() };
        let wish = HostWish { claims: call.claims, longest: call.longest };
        let visit = Visit::open(&self.around, party, client, Some(call.token), on_this_machine, None, wish)
            .map_err(|error| as_sentence(&error))?;
        visit.intend(Intent::Join);
        let (inputs, watched) = (self.inputs.clone(), visit.clone());
        let calendar = self.zone.clone().unwrap_or_else(Calendar::utc);
        self.visit.send_replace(Some(visit));
        tokio::spawn(async move {
            if let Some(end) = watched.over().await {
                let _ = inputs.send(DeskInput::CallEnded { summary: summary(end, &calendar) }).await;
            }
        });
        Ok(())
    }
}

/// The number of a question, and what came of it.
type Answered = (RequestNumber, Result<DeskAnswer, ClientError>);

/// Keeps what the session goes on by, each time that it is another, and by what the server knows the device.
async fn keep(client: SignalingClient, vault: Vault, place: String) {
    let (mut session, mut device) = (client.kept(), client.device_token());
    drop(client);
    loop {
        tokio::select! {
            changed = session.changed() => if changed.is_err() { return },
            changed = device.changed() => if changed.is_err() { return },
        }
        let mut kept = Kept::load(&vault, &place).await;
        kept.session = session.borrow_and_update().clone();
        if let Some(token) = device.borrow_and_update().clone() {
            kept.device_token = Some(token);
        }
        kept.keep(&vault, &place).await;
    }
}

/// Who comes by a link, by what colleagues share.
fn role_of(card: Option<&VisitCard>, invite: InviteId) -> GuestRole {
    let link = card.and_then(|card| card.links.iter().find(|link| link.invite == invite));
    link.map_or(GuestRole::Patient, |link| link.role)
}

fn summary(end: VisitEnd, calendar: &Calendar) -> CallSummary {
    let how = match (end.reason, end.problem) {
        (_, Some(ClientError::Refused(refusal))) => CallEnd::ServerRefused(refusal.code),
        (_, Some(error)) => error.trouble().map_or(CallEnd::NoConnection, CallEnd::Server),
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
    let talk = end.talked.map(|talked| TalkSummary {
        hours: [talked.began_unix_secs, talked.ended_unix_secs].map(|at| calendar.clock(at)),
        talked_for: talked.talked_for,
        fair_for: talked.fair_for,
        poor_for: talked.poor_for,
        reconnections: talked.reconnections,
        path: end.path,
        level: talked.level,
    });
    CallSummary { end: how, talk }
}
