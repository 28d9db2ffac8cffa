//! The workspace: what happened goes in, what is to be done comes out.

use std::collections::VecDeque;
use std::fmt;
use std::time::Duration;

use rand_core::Rng;
use signaling_protocol::{
    Code, CreateInviteRequest, GuestRole, InviteId, SignInReply, SignInRequest, StaffRole, VisitId,
};
use tracing::debug;
use trust::{DeviceIdentity, InviteSecret, KnownDevices, Link, ServerAddress, TlsPin, UnixTime};
use units::{Phi, Timestamp};

use crate::auditing::LogStanding;
use crate::day::{Calendar, CardLink, VisitCard};
use crate::{
    CallSummary, DeskAnswer, DeskConfig, DeskInput, DeskIntent, DeskOutput, DeskPhase, DeskProblem, DeskRequest,
    DeskSnapshot, HostCall, RequestNumber,
};

mod accounts;
mod audit;
mod colleagues;
mod own_account;
mod reviews;
mod state;
mod typed;

#[cfg(test)]
mod tests;

use accounts::{Beginning, Sessions};
use audit::AuditDesk;
use colleagues::Colleagues;
use own_account::OwnAccount;
use reviews::Reviews;
use state::{KnownAs, SignedIn, State};
use typed::{Credentials, problem_of, read};

/// A clinician's workspace.
///
/// It is told the time with everything and keeps no clock. After each `handle_*` the driver takes all of
/// [`poll_output`](Self::poll_output) and asks [`poll_timeout`](Self::poll_timeout) anew.
///
/// **Invariant:** the token leaves it only inside of [`DeskRequest`] and [`HostCall`], and is gone with
/// [`DeskOutput::ForgetToken`].
pub struct Desk {
    config: DeskConfig,
    rng: Box<dyn Rng + Send>,
    state: State,
    /// The device of who is signed in, once it is certified.
    identity: Option<DeviceIdentity>,
    /// The name and server of the last sign-in, kept through a lock.
    known_as: Option<KnownAs>,
    last_visit: Option<CallSummary>,
    /// Of the visit that is made or goes on.
    patient: Option<Phi<String>>,
    sessions: Sessions,
    colleagues: Colleagues,
    account: OwnAccount,
    reviews: Reviews,
    audit: AuditDesk,
    /// How the clinic's log stands, for as long as somebody is signed in.
    log: LogStanding,
    /// When somebody was last seen at the desk.
    active_at: Timestamp,
    next_number: u64,
    outputs: VecDeque<DeskOutput>,
    snapshot: DeskSnapshot,
}

impl Desk {
    /// A desk at which nobody is signed in. `rng` gives the secrets of links: the operating system's in the product.
    pub fn new(config: DeskConfig, rng: Box<dyn Rng + Send>) -> Self {
        let phase = DeskPhase::SignedOut { problem: None };
        Self {
            identity: config.identity.clone(),
            config,
            rng,
            state: State::SignedOut { problem: None },
            known_as: None,
            last_visit: None,
            patient: None,
            sessions: Sessions::default(),
            colleagues: Colleagues::default(),
            account: OwnAccount::default(),
            reviews: Reviews::default(),
            audit: AuditDesk::default(),
            log: LogStanding::default(),
            active_at: Timestamp::ZERO,
            next_number: 0,
            outputs: VecDeque::new(),
            snapshot: DeskSnapshot::of(phase),
        }
    }

    /// Something happened.
    pub fn handle_input(&mut self, now: Timestamp, input: DeskInput) {
        // Whoever comes when the time is over finds the desk locked, also when that is not yet told.
        self.handle_timeout(now);
        match input {
            DeskInput::Intent(intent) => {
                self.active_at = now;
                self.intent(intent);
            }
            DeskInput::Signaling { number, answer } => self.answered(now, number, answer),
            DeskInput::CallEnded { summary } => self.call_ended(now, summary),
            DeskInput::Identity(identity) => self.identified(identity.map(|identity| *identity)),
            DeskInput::Log(log) => self.log_stands(log),
            DeskInput::SignedOut => self.signed_out(),
        }
        self.refresh();
    }

    /// Time passed.
    pub fn handle_timeout(&mut self, now: Timestamp) {
        match &self.state {
            State::Keys { signed_in } | State::Ready { signed_in, .. } | State::Summary { signed_in, .. } => {
                if now >= signed_in.until {
                    self.sign_out(Some(DeskProblem::SignInOver));
                } else if now >= self.active_at + self.config.idle_lock {
                    self.lock();
                }
            }
            // A visit is not disturbed, and a question to the server is short.
            _ => {}
        }
        self.refresh();
    }

    /// What is to be done next.
    pub fn poll_output(&mut self) -> Option<DeskOutput> {
        self.outputs.pop_front()
    }

    /// When [`handle_timeout`](Self::handle_timeout) is to be called, if nothing happens before.
    pub fn poll_timeout(&self) -> Option<Timestamp> {
        match &self.state {
            State::Keys { signed_in } | State::Ready { signed_in, .. } | State::Summary { signed_in, .. } => {
                Some(signed_in.until.min(self.active_at + self.config.idle_lock))
            }
            _ => None,
        }
    }

    /// How things stand.
    pub const fn snapshot(&self) -> &DeskSnapshot {
        &self.snapshot
    }

    fn intent(&mut self, intent: DeskIntent) {
        match (&mut self.state, intent) {
            (_, DeskIntent::Activity) => {}
            (
                State::SignedOut { .. } | State::Locked { .. },
                DeskIntent::SignIn { server, pin, name, password, totp },
            ) => self.sign_in(Credentials { server, pin, name, password, totp }),
            (State::SignedOut { .. }, DeskIntent::ShowBeginning) => self.show_beginning(),
            (State::Beginning { .. }, DeskIntent::Begin { server, pin, code, name, password, totp }) => {
                self.begin(Beginning { server, pin, code, name, password, totp });
            }
            (State::ShowingCodes { .. }, DeskIntent::CodesAreKept) => self.codes_are_kept(),
            (State::Keys { .. } | State::Ready { .. } | State::Summary { .. }, DeskIntent::Lock) => self.lock(),
            (_, DeskIntent::ShowSessions) => self.show_sessions(),
            (_, DeskIntent::HideSessions) => self.sessions = Sessions::default(),
            (_, DeskIntent::EndSession(session)) => self.end_session(session),
            (_, DeskIntent::ShowColleagues) => self.ask_for_colleagues(None),
            (_, DeskIntent::ChangeColleague(change)) => self.ask_for_colleagues(Some(change)),
            (_, DeskIntent::HideColleagues) => self.colleagues = Colleagues::default(),
            (_, DeskIntent::ShowAccount) => self.show_account(),
            (_, DeskIntent::HideAccount) => self.account = OwnAccount::default(),
            (_, DeskIntent::ChangePassword { password, new_password, totp }) => {
                self.change_password(password, new_password, &totp);
            }
            (_, DeskIntent::RenewRecoveryCodes { totp }) => self.renew_codes(&totp),
            (_, DeskIntent::ShowReviews) => self.show_reviews(true),
            (_, DeskIntent::HideReviews) => self.show_reviews(false),
            (_, DeskIntent::Audit(intent)) => self.audit_intent(intent),
            (_, DeskIntent::Review(take_over, outcome)) => self.ask_for_reviews(Some((take_over, outcome))),
            (
                State::Ready { signed_in, .. } | State::Summary { signed_in, .. },
                intent @ (DeskIntent::StartVisit | DeskIntent::StartVisitWith(_)),
            ) if signed_in.holds_visits => {
                let signed_in = signed_in.clone();
                self.patient = intent.patient();
                let number = self.ask(DeskRequest::CreateVisit { token: signed_in.token.clone() });
                self.state = State::MakingVisit { signed_in, number };
            }
            (
                State::Ready { signed_in, .. } | State::Summary { signed_in, .. },
                DeskIntent::HoldVisit { visit, card, length, takes_over },
            ) if signed_in.holds_visits => {
                let signed_in = signed_in.clone();
                self.hold(signed_in, (visit, *card), length, takes_over);
            }
            (
                State::MakingVisit { signed_in, .. }
                | State::MakingInvite { signed_in, .. }
                | State::Summary { signed_in, .. },
                DeskIntent::CloseVisit,
            ) => self.state = State::Ready { signed_in: signed_in.clone(), problem: None },
            (State::InVisit { .. }, DeskIntent::CloseVisit) => self.outputs.push_back(DeskOutput::EndCall),
            (State::InVisit { sign_out_after, .. }, DeskIntent::SignOut) => {
                *sign_out_after = true;
                self.outputs.push_back(DeskOutput::EndCall);
            }
            (State::SignedOut { .. }, DeskIntent::SignOut) => {}
            (_, DeskIntent::SignOut) => self.sign_out(None),
            (_, intent) => debug!(?intent, "ignored"),
        }
    }

    fn sign_in(&mut self, typed: Credentials) {
        let was_locked = matches!(self.state, State::Locked { .. });
        let (server, request) = match read(typed.server.trim(), typed.name, typed.password, typed.totp) {
            Ok(read) => read,
            Err(problem) => return self.not_signed_in(was_locked, problem),
        };
        if was_locked && self.known_as.as_ref().is_none_or(|known| known.name != request.name) {
            // Another person takes the desk over: nothing of the first one's stays.
            self.last_visit = None;
        }
        self.known_as = Some(KnownAs { name: request.name.clone(), server: server.clone() });
        let pin = typed.pin;
        let number = self.ask(DeskRequest::SignIn { server: server.clone(), pin, request });
        self.state = State::SigningIn { number, server, pin, was_locked };
    }

    fn answered(&mut self, now: Timestamp, number: RequestNumber, answer: DeskAnswer) {
        let Some(answer) = self.answered_sessions(now, number, answer) else { return };
        let Some(answer) = self.answered_colleagues(now, number, answer) else { return };
        let Some(answer) = self.answered_account(now, number, answer) else { return };
        let Some(answer) = self.answered_reviews(now, number, answer) else { return };
        let Some(answer) = self.answered_audit(now, number, answer) else { return };
        let Some(answer) = self.began(now, number, answer) else { return };
        match (&self.state, answer) {
            (State::SigningIn { number: asked, server, pin, was_locked }, answer) if *asked == number => match answer {
                DeskAnswer::SignedIn(reply) => {
                    let (server, pin) = (server.clone(), *pin);
                    self.signed_in(now, server, pin, reply);
                }
                other => {
                    let was_locked = *was_locked;
                    self.outputs.push_back(DeskOutput::ForgetToken);
                    self.not_signed_in(was_locked, problem_of(now, other));
                }
            },
            (State::MakingVisit { signed_in, number: asked }, answer) if *asked == number => {
                let signed_in = signed_in.clone();
                match answer {
                    DeskAnswer::VisitMade(visit) => self.make_invite(signed_in, visit),
                    other => self.visit_not_made(signed_in, problem_of(now, other)),
                }
            }
            (State::MakingInvite { signed_in, number: asked, visit, secret }, answer) if *asked == number => {
                let signed_in = signed_in.clone();
                match answer {
                    DeskAnswer::InviteMade(invite) => {
                        let (visit, secret) = (*visit, secret.clone());
                        self.start_call(now, signed_in, visit, invite, secret);
                    }
                    other => self.visit_not_made(signed_in, problem_of(now, other)),
                }
            }
            (_, _) => debug!(?number, "an answer that nobody waits for"),
        }
    }

    fn signed_in(&mut self, now: Timestamp, server: ServerAddress, pin: Option<TlsPin>, reply: SignInReply) {
        let has_own_keys = self.config.identity.is_none();
        if !has_own_keys && !matches!(reply.role, StaffRole::Clinician | StaffRole::FrontDesk) {
            return self.sign_out(Some(DeskProblem::NotAClinician));
        }
        self.active_at = now;
        // The client keeps the token new for as long as the session goes on.
        let until = now + Duration::from_secs(reply.session_ends_in_secs);
        let signed_in = SignedIn {
            server,
            pin,
            token: reply.token,
            until,
            staff: reply.staff,
            is_admin: reply.role == StaffRole::Admin,
            reviews: matches!(reply.role, StaffRole::Admin | StaffRole::Auditor),
            reads_log: reply.role == StaffRole::Auditor,
            holds_visits: reply.role == StaffRole::Clinician,
            has_day: matches!(reply.role, StaffRole::Clinician | StaffRole::FrontDesk),
        };
        if !has_own_keys {
            self.state = State::Ready { signed_in, problem: None };
            return;
        }
        self.outputs.push_back(DeskOutput::OpenKeys {
            server: signed_in.server.clone(),
            name: self.known_as.as_ref().map(|known| known.name.clone()).unwrap_or_default(),
            role: reply.role,
            token: signed_in.token.clone(),
        });
        self.state = State::Keys { signed_in };
        // So that who reviews sees that something waits without looking for it.
        self.ask_for_reviews(None);
    }

    /// The device is certified, or is not any more. A visit that goes on is left to the call, which hears of revocations.
    fn identified(&mut self, identity: Option<DeviceIdentity>) {
        if self.config.identity.is_some() {
            return;
        }
        self.identity = identity;
        match (&self.state, &self.identity) {
            (State::Keys { signed_in }, Some(_)) if signed_in.has_day => {
                self.state = State::Ready { signed_in: signed_in.clone(), problem: None };
            }
            (
                State::Ready { signed_in, .. }
                | State::Summary { signed_in, .. }
                | State::MakingVisit { signed_in, .. }
                | State::MakingInvite { signed_in, .. },
                None,
            ) => self.state = State::Keys { signed_in: signed_in.clone() },
            _ => {}
        }
    }

    fn signed_out(&mut self) {
        match &mut self.state {
            State::Keys { .. }
            | State::Ready { .. }
            | State::Summary { .. }
            | State::MakingVisit { .. }
            | State::MakingInvite { .. } => self.sign_out(Some(DeskProblem::SignInOver)),
            State::InVisit { sign_out_after, .. } => *sign_out_after = true,
            State::SignedOut { .. }
            | State::Locked { .. }
            | State::SigningIn { .. }
            | State::Beginning { .. }
            | State::ShowingCodes { .. } => {}
        }
    }

    fn make_invite(&mut self, signed_in: SignedIn, visit: VisitId) {
        let mut bits = [0; 32];
        self.rng.fill_bytes(&mut bits);
        let secret = InviteSecret::from_random(bits);
        let request = CreateInviteRequest::new(secret.invite_key(), self.config.link_lifetime.as_secs());
        let number = self.ask(DeskRequest::CreateInvite { token: signed_in.token.clone(), visit, request });
        self.state = State::MakingInvite { signed_in, number, visit, secret };
    }

    fn start_call(
        &mut self,
        now: Timestamp,
        signed_in: SignedIn,
        visit: VisitId,
        invite: InviteId,
        secret: InviteSecret,
    ) {
        let Some(identity) = self.identity.clone() else {
            self.state = State::Keys { signed_in };
            return;
        };
        let lifetime = self.config.link_lifetime.as_secs();
        let not_after = self.config.unix_at_zero.plus(now.as_micros() / 1_000_000 + lifetime);
        let invites = vec![(invite, secret.clone(), not_after)];
        let call = self.call(&signed_in, identity, visit, invites, (invite, secret));
        self.enter(signed_in, call);
    }

    /// A visit that was planned before: its links are those of its card, and the patient is called what it says.
    fn hold(
        &mut self,
        signed_in: SignedIn,
        (visit, card): (VisitId, VisitCard),
        longest: Option<Duration>,
        takes_over: bool,
    ) {
        let Some(identity) = self.identity.clone() else {
            self.state = State::Keys { signed_in };
            return;
        };
        let by_link = |link: &CardLink| Some((link.invite, link.secret()?, UnixTime(link.not_after)));
        let invites: Vec<_> = card.links.iter().filter_map(by_link).collect();
        // The patient's own link, where there are others as well.
        let own = card.links.iter().position(|link| link.role == GuestRole::Patient).unwrap_or_default();
        let Some((invite, secret, _)) = invites.get(own).cloned() else {
            self.state = State::Ready { signed_in, problem: Some(DeskProblem::OddAnswer) };
            return;
        };
        self.patient = Some(card.name.clone()).filter(|name| !name.expose().trim().is_empty());
        let call = self.call(&signed_in, identity, visit, invites, (invite, secret));
        self.enter(signed_in, HostCall { card: Some(card), longest, claims: !takes_over, ..call });
    }

    /// The call of a visit with these links, of which one is the patient's.
    fn call(
        &self,
        signed_in: &SignedIn,
        identity: DeviceIdentity,
        visit: VisitId,
        invites: Vec<(InviteId, InviteSecret, UnixTime)>,
        (invite, secret): (InviteId, InviteSecret),
    ) -> HostCall {
        let link = Link {
            server: signed_in.server.clone(),
            app_only: signed_in.pin.is_some(),
            invite,
            secret,
            clinic_key: identity.clinic(),
            epoch: Some(identity.epoch().0),
            pin: signed_in.pin,
        };
        let token = signed_in.token.clone();
        let opaque = |called: &Phi<String>| KnownDevices::patient(&self.config.names_secret, called.expose());
        let patient = self.patient.as_ref().map(opaque);
        HostCall { identity, visit, invites, link, token, patient, card: None, longest: None, claims: false }
    }

    fn enter(&mut self, signed_in: SignedIn, call: HostCall) {
        let (visit, link) = (call.visit, Phi::new(call.link.to_string()));
        self.outputs.push_back(DeskOutput::StartCall(Box::new(call)));
        self.state = State::InVisit { signed_in, visit, link, sign_out_after: false };
    }

    fn visit_not_made(&mut self, signed_in: SignedIn, problem: DeskProblem) {
        if problem == DeskProblem::Refused(Code::NotSignedIn) {
            return self.sign_out(Some(DeskProblem::SignInOver));
        }
        self.state = State::Ready { signed_in, problem: Some(problem) };
    }

    fn call_ended(&mut self, now: Timestamp, summary: CallSummary) {
        let State::InVisit { signed_in, sign_out_after, .. } = &self.state else {
            return debug!("a call ended that the desk did not begin");
        };
        // Whoever talked was there: the desk does not lock in the moment in which the call ends.
        self.active_at = now;
        if *sign_out_after {
            return self.sign_out(None);
        }
        if now >= signed_in.until {
            return self.sign_out(Some(DeskProblem::SignInOver));
        }
        self.state = match self.identity {
            Some(_) => State::Summary { signed_in: signed_in.clone(), summary: summary.clone() },
            None => State::Keys { signed_in: signed_in.clone() },
        };
        self.last_visit = Some(summary);
    }

    fn lock(&mut self) {
        self.forget_identity();
        self.outputs.push_back(DeskOutput::ForgetToken);
        self.state = State::Locked { problem: None };
    }

    fn not_signed_in(&mut self, was_locked: bool, problem: DeskProblem) {
        let problem = Some(problem);
        self.state = if was_locked { State::Locked { problem } } else { State::SignedOut { problem } };
    }

    /// Who comes next has a device of their own.
    fn forget_identity(&mut self) {
        self.identity.clone_from(&self.config.identity);
    }

    fn sign_out(&mut self, problem: Option<DeskProblem>) {
        self.forget_identity();
        // After the end of a token the same person signs in again; who signs out leaves nothing behind.
        if problem.is_none() {
            self.known_as = None;
            self.outputs.push_back(DeskOutput::SignOut);
        }
        self.outputs.push_back(DeskOutput::ForgetToken);
        self.last_visit = None;
        self.state = State::SignedOut { problem };
    }

    fn ask(&mut self, request: DeskRequest) -> RequestNumber {
        let number = RequestNumber(self.next_number);
        self.next_number += 1;
        self.outputs.push_back(DeskOutput::Ask { number, request });
        number
    }

    fn refresh(&mut self) {
        self.patient.take_if(|_| !self.state.is_of_a_visit());
        if self.state.beside_visits().is_none() {
            self.sessions = Sessions::default();
            self.colleagues = Colleagues::default();
            self.account = OwnAccount::default();
            self.reviews = Reviews::default();
            self.audit = AuditDesk::default();
        }
        if self.state.signed_in().is_none() {
            self.log = LogStanding::default();
        }
        let snapshot = DeskSnapshot {
            phase: self.state.phase(),
            name: self.known_as.as_ref().map(|known| known.name.clone()),
            server: self.known_as.as_ref().map(|known| known.server.to_string()),
            last_visit: self.last_visit.clone(),
            patient: self.patient.clone(),
            visit: if let State::InVisit { visit, .. } = &self.state { Some(*visit) } else { None },
            sessions: self.sessions.view(),
            is_admin: self.state.signed_in().is_some_and(|signed_in| signed_in.is_admin),
            colleagues: self.colleagues.view(),
            account: self.account.view(),
            reviewer: self.state.signed_in().is_some_and(|signed_in| signed_in.reviews),
            open_reviews: self.reviews.open(),
            reviews: self.reviews.view(),
            reads_log: self.state.signed_in().is_some_and(|signed_in| signed_in.reads_log),
            log_trouble: self.log.trouble(),
            audit: self.audit.view().map(Box::new),
            enters_visits: self.state.signed_in().is_some_and(|signed_in| signed_in.holds_visits),
        };
        if snapshot != self.snapshot {
            self.snapshot = snapshot;
            self.outputs.push_back(DeskOutput::Changed);
        }
    }
}

impl fmt::Debug for Desk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Desk").field("snapshot", &self.snapshot).finish_non_exhaustive()
    }
}
