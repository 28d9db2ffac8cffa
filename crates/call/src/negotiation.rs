//! Making and healing the connection to one endpoint: who says what to whom, and in which order.

use std::collections::VecDeque;
use std::time::Duration;

use signaling_protocol::{IceServer, Role};
use trust::{Candidate, ConnectionParameters, DtlsFingerprint, InnerMessage, MAX_CANDIDATES, compare_certificate};
use units::Timestamp;

use crate::{PeerCommand, Refusal};

/// What is to be done, in order.
#[derive(Debug, Clone)]
pub(crate) enum Action {
    /// Tell the peer connection.
    Command(PeerCommand),
    /// Put this into a box for the other side.
    Message(InnerMessage),
    /// What was said before does not count any more.
    BeginEpoch,
}

/// The negotiation with one endpoint. Only the host offers, so two offers never cross and nothing is rolled back.
///
/// ```text
///  host    Idle ──open──▶ Offering ──offer made──▶ Offered ──answer came──▶ Settled
///                            ▲                                                 │
///                            └───────────── restart, or a new connection ──────┘
///  guest   Idle ──offer came──▶ Answering ──answer made──▶ Settled ──offer came──▶ Answering ...
/// ```
/// `generation` counts the host's offers. Everything may be said again at any time: an offer that is already answered
/// is answered again with the same words, anything else that is already known is passed over.
#[derive(Debug)]
pub(crate) struct Negotiation {
    role: Role,
    step: Step,
    generation: Option<u32>,
    /// The sender's epoch in which the offer of this connection came.
    offer_epoch: u32,
    last_offer: Timestamp,
    /// Guest: the generation of another path that was offered while the old one was heard, and when it first was.
    passed_over: Option<(u32, Timestamp)>,
    /// Host: the generation of another path that nobody answered to until the old one came back.
    let_go: Option<u32>,
    connection: Option<Connection>,
    actions: VecDeque<Action>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Idle,
    Offering {
        since: Timestamp,
        restart: bool,
    },
    Offered {
        since: Timestamp,
        said: Timestamp,
        restart: bool,
    },
    Answering {
        since: Timestamp,
    },
    /// `said`: when the host's words were said last.
    Settled {
        at: Timestamp,
        said: Timestamp,
    },
}

/// What is known of one peer connection.
#[derive(Debug, Default)]
struct Connection {
    local: Option<ConnectionParameters>,
    local_candidates: Vec<Candidate>,
    local_ended: bool,
    remote: Option<ConnectionParameters>,
    remote_candidates: Vec<Candidate>,
    ice_since: Option<Timestamp>,
    dtls_since: Option<Timestamp>,
    control_open: bool,
    /// Whether the control channel was ever open.
    control_was_open: bool,
    /// The other side asked for it to be said again.
    asked_again: bool,
    /// It will not come about; it is kept until another takes its place, to be told from that one.
    failed: bool,
    patience: HandshakePatience,
}

/// How long a handshake may take once there is a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum HandshakePatience {
    /// Ten seconds.
    #[default]
    First,
    /// Twenty, where ten were too little: thirty in all.
    Last,
}

impl Negotiation {
    pub(crate) fn new(role: Role) -> Self {
        Self {
            role,
            step: Step::Idle,
            generation: None,
            offer_epoch: 0,
            last_offer: Timestamp::ZERO,
            passed_over: None,
            let_go: None,
            connection: None,
            actions: VecDeque::new(),
        }
    }

    pub(crate) fn poll_action(&mut self) -> Option<Action> {
        self.actions.pop_front()
    }

    // What changes it: the host's side.

    /// Host: makes a connection, in place of the old one if there is one.
    pub(crate) fn open(&mut self, now: Timestamp, ice: Vec<IceServer>, patience: HandshakePatience) {
        debug_assert_eq!(self.role, Role::Host);
        self.close();
        self.connection = Some(Connection { patience, ..Connection::default() });
        self.actions.push_back(Action::BeginEpoch);
        self.command(PeerCommand::Open { ice, offerer: true, relay_only: false });
        self.create_offer(now, false);
    }

    /// Host: looks for another path for the same connection, once this is answered: until then the old path may come back
    /// by itself.
    pub(crate) fn restart_ice(&mut self, now: Timestamp) {
        debug_assert_eq!(self.role, Role::Host);
        if let Some(connection) = &mut self.connection {
            connection.forget_paths();
            self.create_offer(now, true);
        }
    }

    fn create_offer(&mut self, now: Timestamp, restart: bool) {
        self.generation = Some(self.generation.map_or(0, |generation| generation.wrapping_add(1)));
        self.step = Step::Offering { since: now, restart };
        self.last_offer = now;
        self.let_go = None;
        self.command(PeerCommand::CreateOffer { restart });
    }

    /// Host: the offer that was asked for.
    pub(crate) fn on_local_offer(&mut self, now: Timestamp, parameters: ConnectionParameters) {
        let (Step::Offering { restart, .. }, Some(connection)) = (self.step, &mut self.connection) else { return };
        connection.local = Some(parameters);
        self.step = Step::Offered { since: now, said: now, restart };
        self.say_description();
    }

    /// Host: what they answered. Who answers has left the old path: that counts for a question that was let go as well, or they
    /// would look for the next path alone.
    pub(crate) fn on_answer(
        &mut self,
        now: Timestamp,
        generation: u32,
        parameters: ConnectionParameters,
    ) -> Result<(), Refusal> {
        // Only a host has ever offered.
        let waits = matches!(self.step, Step::Offered { .. }) || self.let_go == Some(generation);
        let Some(connection) = self.connection.as_mut().filter(|_| waits && self.generation == Some(generation)) else {
            return Ok(());
        };
        if connection.remote.as_ref().is_some_and(|before| before.fingerprint != parameters.fingerprint) {
            return Err(Refusal::FingerprintChanged);
        }
        connection.remote = Some(parameters.clone());
        self.let_go = None;
        self.step = Step::Settled { at: now, said: now };
        self.command(PeerCommand::AcceptAnswer(parameters));
        Ok(())
    }

    // What changes it: the guest's side.

    /// Guest: what they offered, in this epoch of theirs. Whether it began a new connection.
    ///
    /// Another path for a connection on which the host is `heard` is taken only when it is offered again after a while: the
    /// first offer may have been made before the old path came back, and taking it would break that. Several that come at
    /// once were kept by the server while we could not be told, and say no more than one.
    pub(crate) fn on_offer(
        &mut self,
        now: Timestamp,
        generation: u32,
        parameters: ConnectionParameters,
        epoch: u32,
        ice: &[IceServer],
        heard: bool,
    ) -> Result<bool, Refusal> {
        if self.role != Role::Guest || self.generation.is_some_and(|current| generation < current) {
            return Ok(false);
        }
        let before = self.connection.as_ref().and_then(|connection| connection.remote.as_ref());
        if self.generation == Some(generation) {
            return match before {
                Some(before) if before.fingerprint != parameters.fingerprint => Err(Refusal::FingerprintChanged),
                Some(before) if *before == parameters && matches!(self.step, Step::Settled { .. }) => {
                    self.actions.push_back(Action::BeginEpoch);
                    self.say_description();
                    Ok(false)
                }
                _ => Ok(false),
            };
        }
        let same = before.is_some_and(|before| is_same_connection(before, &parameters));
        if same && heard {
            let first = self.passed_over.filter(|(offered, _)| *offered == generation).map_or(now, |(_, first)| first);
            self.passed_over = Some((generation, first));
            if now.since(first) < KEPT_WORDS {
                return Ok(false);
            }
        }
        if before.is_some() && !same && epoch <= self.offer_epoch {
            return Err(Refusal::FingerprintChanged);
        }
        if !same {
            self.close();
            self.connection = Some(Connection::default());
            self.offer_epoch = epoch;
            // Our certificate may be another one now, and within an epoch it must not be.
            self.actions.push_back(Action::BeginEpoch);
            self.command(PeerCommand::Open { ice: ice.to_vec(), offerer: false, relay_only: false });
        }
        self.generation = Some(generation);
        if let Some(connection) = &mut self.connection {
            connection.forget_paths();
            connection.remote = Some(parameters.clone());
        }
        self.step = Step::Answering { since: now };
        self.command(PeerCommand::AcceptOffer(parameters));
        Ok(!same)
    }

    /// Guest: the answer to the offer that was accepted.
    pub(crate) fn on_local_answer(&mut self, now: Timestamp, parameters: ConnectionParameters) {
        let (Step::Answering { .. }, Some(connection)) = (self.step, &mut self.connection) else { return };
        connection.local = Some(parameters);
        self.step = Step::Settled { at: now, said: now };
        self.say_description();
    }

    // What changes it: both sides.

    pub(crate) fn on_local_candidates(&mut self, candidates: Vec<Candidate>) {
        let Some(connection) = &mut self.connection else { return };
        let fresh: Vec<_> =
            candidates.into_iter().filter(|candidate| !connection.local_candidates.contains(candidate)).collect();
        connection.local_candidates.extend(fresh.iter().cloned());
        if self.has_said_description() {
            self.say_candidates(&fresh);
        }
    }

    pub(crate) fn on_local_candidates_ended(&mut self) {
        let Some(connection) = &mut self.connection else { return };
        connection.local_ended = true;
        if self.has_said_description() {
            self.say_end_of_candidates();
        }
    }

    pub(crate) fn on_remote_candidates(&mut self, generation: u32, candidates: Vec<Candidate>) {
        let Some(connection) = self.connection.as_mut().filter(|_| self.generation == Some(generation)) else { return };
        if connection.remote.is_none() {
            return;
        }
        let room = MOST_CANDIDATES.saturating_sub(connection.remote_candidates.len());
        let known = &connection.remote_candidates;
        let fresh: Vec<_> = candidates.into_iter().filter(|candidate| !known.contains(candidate)).take(room).collect();
        if !fresh.is_empty() {
            connection.remote_candidates.extend(fresh.iter().cloned());
            self.command(PeerCommand::AddCandidates(fresh));
        }
    }

    pub(crate) fn on_ice_connected(&mut self, now: Timestamp) {
        if let Some(connection) = &mut self.connection {
            connection.ice_since.get_or_insert(now);
        }
    }

    /// The path stopped answering: a handshake over it cannot be expected.
    pub(crate) fn on_path_lost(&mut self) {
        if let Some(connection) = &mut self.connection {
            connection.ice_since = None;
        }
    }

    /// Whether a path was found, so that a handshake that does not come is not the network's fault.
    pub(crate) fn has_path(&self) -> bool {
        self.connection.as_ref().is_some_and(|connection| connection.ice_since.is_some())
    }

    /// The encrypted connection stands: who is at its other end must be who was announced.
    pub(crate) fn on_dtls_connected(&mut self, now: Timestamp, fingerprint: DtlsFingerprint) -> Result<(), Refusal> {
        let Some(connection) = &mut self.connection else { return Ok(()) };
        let remote = connection.remote.as_ref().ok_or(Refusal::FingerprintMismatch)?;
        compare_certificate(&remote.fingerprint, &fingerprint).map_err(|_| Refusal::FingerprintMismatch)?;
        connection.dtls_since.get_or_insert(now);
        connection.failed = false;
        Ok(())
    }

    pub(crate) fn set_control_open(&mut self, open: bool) {
        if let Some(connection) = &mut self.connection {
            connection.control_open = open;
            connection.control_was_open |= open;
        }
    }

    /// Says everything anew that the other side may have lost. From the host it makes the guest do the same.
    pub(crate) fn say_again(&mut self, now: Timestamp) {
        if let (Step::Offered { said, .. } | Step::Settled { said, .. }, Role::Host) = (&mut self.step, self.role) {
            *said = now;
        }
        if self.has_said_description() {
            self.actions.push_back(Action::BeginEpoch);
            self.say_description();
        }
    }

    /// The other side could not be told anything for a while: what it owes us is waited for from now on.
    pub(crate) fn give_time(&mut self, now: Timestamp) {
        match &mut self.step {
            Step::Offered { since, .. } => *since = now,
            Step::Settled { at, .. } if self.connection.as_ref().is_some_and(|it| it.dtls_since.is_none()) => *at = now,
            _ => {}
        }
    }

    /// Host: they ask for the offer again. Whether they asked before: then it is no use to them.
    pub(crate) fn was_asked_again(&mut self) -> bool {
        self.connection.as_mut().is_some_and(|connection| std::mem::replace(&mut connection.asked_again, true))
    }

    /// Guest: this connection will not come about.
    pub(crate) fn set_failed(&mut self) {
        if let Some(connection) = &mut self.connection {
            connection.failed = true;
        }
    }

    /// Whether another path was offered and nobody has answered.
    pub(crate) fn has_offered_restart(&self) -> bool {
        matches!(self.step, Step::Offered { restart: true, .. })
    }

    /// A question about the path that nobody answered, while the path is there: it is let go.
    pub(crate) fn give_up_step(&mut self, now: Timestamp) {
        self.let_go = self.generation.filter(|_| self.has_offered_restart());
        self.step = Step::Settled { at: now, said: now };
    }

    /// Closes the connection, if there is one.
    pub(crate) fn close(&mut self) {
        if self.connection.take().is_some() {
            self.command(PeerCommand::Close);
        }
        self.step = Step::Idle;
    }

    // What asks it.

    pub(crate) fn is_idle(&self) -> bool {
        self.step == Step::Idle
    }

    pub(crate) fn is_settled(&self) -> bool {
        matches!(self.step, Step::Settled { .. })
    }

    /// Since when the encrypted connection stands and was found to be who was announced.
    pub(crate) fn verified_since(&self) -> Option<Timestamp> {
        self.connection.as_ref().and_then(|connection| connection.dtls_since)
    }

    pub(crate) fn is_control_open(&self) -> bool {
        self.connection.as_ref().is_some_and(|connection| connection.control_open)
    }

    /// Whether all of it stands: verified, and words could be said over it.
    pub(crate) fn is_complete(&self) -> bool {
        self.connection.as_ref().is_some_and(|it| it.dtls_since.is_some() && it.control_was_open)
    }

    /// Guest: whether it is known not to come about.
    pub(crate) fn is_failed(&self) -> bool {
        self.connection.as_ref().is_some_and(|connection| connection.failed)
    }

    /// Whether we were asked to describe ourselves and have not yet.
    pub(crate) fn is_describing(&self) -> bool {
        matches!(self.step, Step::Offering { .. } | Step::Answering { .. })
    }

    /// Host: whether this answers the offer that was already answered in other words: their first attempt came to nothing.
    /// (The words for the same attempt are the same, the certificate may be for another one.)
    pub(crate) fn is_another_answer(&self, generation: u32, parameters: &ConnectionParameters) -> bool {
        let Some(connection) = self.connection.as_ref().filter(|it| it.dtls_since.is_none()) else { return false };
        self.is_settled()
            && self.generation == Some(generation)
            && connection.remote.as_ref().is_some_and(|before| before != parameters)
    }

    pub(crate) fn has_connection(&self) -> bool {
        self.connection.is_some()
    }

    /// Whether an offer is on its way, or a new connection is being made and may still succeed.
    pub(crate) fn is_busy(&self, now: Timestamp) -> bool {
        match self.step {
            Step::Idle => false,
            Step::Offering { .. } | Step::Offered { .. } | Step::Answering { .. } => !self.is_failed(),
            Step::Settled { .. } => self.handshake_deadline().is_some_and(|deadline| now < deadline),
        }
    }

    /// Whether nothing is on its way: settled, or nothing there.
    pub(crate) fn is_free(&self) -> bool {
        matches!(self.step, Step::Idle | Step::Settled { .. })
    }

    /// Whether both sides take voice with copies of what was said just before (RFC 2198).
    pub(crate) fn takes_red(&self) -> bool {
        let Some(connection) = &self.connection else { return false };
        let takes = |side: &Option<ConnectionParameters>| {
            side.as_ref().is_some_and(|parameters| parameters.voice.red_payload_type.is_some())
        };
        takes(&connection.local) && takes(&connection.remote)
    }

    /// Whether these parameters are about the connection that we have, not about a new one.
    pub(crate) fn is_for_this_connection(&self, parameters: &ConnectionParameters) -> bool {
        let remote = self.connection.as_ref().and_then(|connection| connection.remote.as_ref());
        remote.is_some_and(|remote| is_same_connection(remote, parameters))
    }

    /// Whether the last offer was made so recently that a wish for another one is about the same trouble.
    pub(crate) fn offered_lately(&self, now: Timestamp) -> bool {
        now.since(self.last_offer) < SAME_TROUBLE
    }

    /// Whether the connection did not come about in time, or a question about it was not answered in time. The
    /// handshake is the host's to watch, since only the host can make another connection.
    pub(crate) fn is_late(&self, now: Timestamp) -> bool {
        self.deadline().is_some_and(|deadline| now >= deadline)
    }

    /// When to ask [`is_late`](Self::is_late).
    pub(crate) fn deadline(&self) -> Option<Timestamp> {
        match (self.step, self.role) {
            _ if self.is_failed() => None,
            (Step::Idle, _) | (Step::Settled { .. }, Role::Guest) => None,
            (Step::Offering { since, .. } | Step::Answering { since }, _) => Some(since + DESCRIBE_TIMEOUT),
            // The connection stays as it is: whoever does not answer cannot be reached at present.
            (Step::Offered { restart: true, .. }, _) => None,
            (Step::Offered { since, .. }, _) => Some(since + CONNECT_TIMEOUT),
            (Step::Settled { .. }, Role::Host) => self.handshake_deadline(),
        }
    }

    /// When a new connection must stand: thirty seconds after both have spoken, ten after a path was found (twenty, the
    /// second time), ten from the handshake to the control channel.
    pub(crate) fn handshake_deadline(&self) -> Option<Timestamp> {
        let (Step::Settled { at, .. }, Some(connection)) = (self.step, &self.connection) else { return None };
        match connection.dtls_since {
            Some(_) if connection.control_was_open => None,
            Some(verified) => Some(verified.max(at) + HANDSHAKE_TIMEOUT),
            None => {
                let whole = at + CONNECT_TIMEOUT;
                let handshake = match connection.patience {
                    HandshakePatience::First => HANDSHAKE_TIMEOUT,
                    HandshakePatience::Last => HANDSHAKE_TIMEOUT * 2,
                };
                Some(connection.ice_since.map_or(whole, |since| whole.min(since.max(at) + handshake)))
            }
        }
    }

    /// Host: when an offer that nobody answered is to be said again, and all of it where both have spoken and no path is
    /// found: the candidates may have been lost on both sides, and nothing that comes after them would tell.
    pub(crate) fn say_again_at(&self) -> Option<Timestamp> {
        let said = match (self.step, self.role) {
            (Step::Offered { said, .. }, Role::Host) => said,
            (Step::Settled { said, .. }, Role::Host) if self.looks_for_first_path() => said,
            _ => return None,
        };
        Some(said + ANSWER_PATIENCE)
    }

    // Helpers.

    fn looks_for_first_path(&self) -> bool {
        let first = |connection: &Connection| connection.ice_since.is_none() && connection.dtls_since.is_none();
        self.connection.as_ref().is_some_and(first) && !self.is_failed()
    }

    fn has_said_description(&self) -> bool {
        matches!(self.step, Step::Offered { .. } | Step::Settled { .. })
    }

    fn say_description(&mut self) {
        let (Some(connection), Some(generation)) = (&self.connection, self.generation) else { return };
        let Some(parameters) = connection.local.clone() else { return };
        let (candidates, ended) = (connection.local_candidates.clone(), connection.local_ended);
        self.actions.push_back(Action::Message(match self.role {
            Role::Host => InnerMessage::Offer { generation, parameters },
            Role::Guest => InnerMessage::Answer { generation, parameters },
        }));
        self.say_candidates(&candidates);
        if ended {
            self.say_end_of_candidates();
        }
    }

    fn say_candidates(&mut self, candidates: &[Candidate]) {
        let Some(generation) = self.generation else { return };
        for candidates in candidates.chunks(MAX_CANDIDATES) {
            let candidates = candidates.to_vec();
            self.actions.push_back(Action::Message(InnerMessage::Candidates { generation, candidates }));
        }
    }

    fn say_end_of_candidates(&mut self) {
        let Some(generation) = self.generation else { return };
        self.actions.push_back(Action::Message(InnerMessage::EndOfCandidates { generation }));
    }

    fn command(&mut self, command: PeerCommand) {
        self.actions.push_back(Action::Command(command));
    }
}

impl Connection {
    /// Another generation of paths: candidates of the old one do not count.
    fn forget_paths(&mut self) {
        self.local = None;
        self.local_candidates.clear();
        self.local_ended = false;
        self.remote_candidates.clear();
    }
}

/// An ICE restart changes the credentials and nothing else; a new connection has another certificate or other sources.
fn is_same_connection(before: &ConnectionParameters, after: &ConnectionParameters) -> bool {
    before.fingerprint == after.fingerprint && before.voice == after.voice && before.picture == after.picture
}

/// How long an offer may stay without an answer, and both sides' words without a path, before they are said again: a guest
/// whose app was asleep, a box that was lost in a server that was started again.
const ANSWER_PATIENCE: Duration = Duration::from_secs(5);
/// What a server kept comes within this of the first of it, also over a thin link; a host says an offer again later.
const KEPT_WORDS: Duration = Duration::from_secs(2);
/// How long an offer or an answer may take to be made: it is local work, a second on a slow machine.
const DESCRIBE_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a new connection may take in all, and how long after a path was found: the library waits for ever when the
/// certificate is not the announced one.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(30);
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);
/// Both sides notice the same loss within about this.
const SAME_TROUBLE: Duration = Duration::from_secs(2);
/// The protocol's limit of candidates in one generation.
const MOST_CANDIDATES: usize = 64;

#[cfg(test)]
mod tests;
