//! What the peer connections say.

use std::time::Duration;

use signaling_protocol::{EndpointId, Role};
use tracing::{debug, warn};
use trust::{DtlsFingerprint, InnerMessage};
use units::Timestamp;

use super::Call;
use crate::negotiation::HandshakePatience;
use crate::quality::LinkEstimate;
use crate::reconnection::Reconnection;
use crate::remote_party::{Gate, Path};
use crate::{ControlMessage, EndReason, Milestone, MilestoneKind, NetworkInput, PeerInput, Refusal};

impl Call {
    pub(super) fn handle_peer(&mut self, now: Timestamp, endpoint: EndpointId, input: PeerInput) {
        if self.phase.is_ended() {
            if matches!(input, PeerInput::ControlClosed | PeerInput::Failed | PeerInput::Disconnected) {
                self.close_now(endpoint);
            }
            return;
        }
        let Some(index) = self.index(endpoint).filter(|index| self.remotes[*index].negotiation.has_connection()) else {
            return;
        };
        let remote = &mut self.remotes[index];
        match input {
            PeerInput::Offer(parameters) => remote.negotiation.on_local_offer(now, parameters),
            PeerInput::Answer(parameters) => {
                remote.negotiation.on_local_answer(now, parameters);
                self.reach(index, MilestoneKind::Negotiated, now);
            }
            PeerInput::Candidates(candidates) => remote.negotiation.on_local_candidates(candidates),
            PeerInput::CandidatesEnded => remote.negotiation.on_local_candidates_ended(),
            PeerInput::IceConnected => {
                remote.negotiation.on_ice_connected(now);
                remote.first_path.get_or_insert(now);
                self.reach(index, MilestoneKind::IceConnected, now);
                self.on_path_answers(index);
            }
            PeerInput::DtlsConnected { remote_fingerprint } => {
                return self.on_dtls_connected(now, index, remote_fingerprint);
            }
            PeerInput::Disconnected => {
                remote.negotiation.on_path_lost();
                self.on_path_silent(now, index, now);
            }
            PeerInput::Failed => self.on_failed(now, index),
            PeerInput::ControlOpened => remote.on_control_opened(),
            PeerInput::Control(bytes) => return self.on_control(now, endpoint, index, bytes),
            PeerInput::ControlClosed => self.on_connection_closed(now, index),
            PeerInput::Estimate { target, loss, voice_loss, loss_follows_loss, round_trip } => {
                let takes_red = remote.negotiation.takes_red();
                let link = LinkEstimate { target, loss, voice_loss, loss_follows_loss, round_trip, takes_red };
                remote.link = Some(link);
                if self.partner == Some(endpoint) && remote.media_open {
                    self.policy.on_estimate(now, link);
                }
            }
            PeerInput::HeardFirst => {
                self.milestone_of_partner(endpoint, MilestoneKind::FirstAudio, now);
            }
            PeerInput::SawFirst => {
                self.milestone_of_partner(endpoint, MilestoneKind::FirstVideo, now);
            }
            PeerInput::NothingHeard { since } => self.on_nothing_heard(now, index, since.min(now)),
            PeerInput::HeardAgain => self.on_path_answers(index),
            PeerInput::AddressLost => self.on_address_lost(now, index),
            PeerInput::AnotherCertificate => return self.refuse(now, endpoint, Refusal::FingerprintMismatch),
            PeerInput::Refused(reason) => {
                warn!(%endpoint, reason, "refused by the peer connection");
                return self.refuse(now, endpoint, Refusal::Parameters);
            }
        }
        if index < self.remotes.len() {
            self.pump(index);
        }
    }

    fn on_dtls_connected(&mut self, now: Timestamp, index: usize, fingerprint: DtlsFingerprint) {
        let remote = &mut self.remotes[index];
        let endpoint = remote.endpoint;
        if let Err(refusal) = remote.negotiation.on_dtls_connected(now, fingerprint) {
            return self.refuse(now, endpoint, refusal);
        }
        remote.path = Path::Up;
        remote.reopen_at = None;
        // Handshakes come about here: should there have to be another connection, its time is its own.
        remote.first_path = None;
        if remote.negotiation.is_complete() {
            remote.failed_connections = 0;
        }
        let early = std::mem::take(&mut remote.early_control);
        self.reach(index, MilestoneKind::DtlsConnected, now);
        for bytes in early {
            if let Some(index) = self.index(endpoint) {
                self.on_control(now, endpoint, index, bytes);
            }
        }
    }

    /// Host: a new connection to this one, in place of the old.
    pub(super) fn open_connection(&mut self, now: Timestamp, index: usize) {
        let ice = self.ice.servers.clone().unwrap_or_default();
        let remote = &mut self.remotes[index];
        let patience = if remote.failed_connections == 0 { HandshakePatience::First } else { HandshakePatience::Last };
        remote.negotiation.open(now, ice, patience);
        self.pump(index);
    }

    /// A connection to this one did not come about: at the host because it is late, at either because it said so.
    ///
    /// One more is made at once, further ones after a while. Somebody who waits gets two and then goes on waiting
    /// without. Somebody admitted gets two where there was a path and no handshake came over it: 10 s for the first and
    /// 20 s for the second are 30 s in all. Without a path it may be a bad moment of the network, and only the deadline
    /// of the phase ends it.
    pub(super) fn on_connection_failed(&mut self, now: Timestamp, index: usize) {
        let role = self.role();
        let live = self.was_live && self.is_partner(self.remotes[index].endpoint);
        let remote = &mut self.remotes[index];
        if remote.negotiation.is_failed() {
            return;
        }
        if remote.path == Path::Up && live {
            remote.lose_path(now, Reconnection::after_close(now));
        }
        let had_path = remote.negotiation.has_path();
        remote.failed_connections += 1;
        match role {
            Role::Host => {
                remote.negotiation.close();
                remote.media_open = false;
            }
            // Kept, so that an offer for it is known from one for another.
            Role::Guest => remote.negotiation.set_failed(),
        }
        if let Path::Lost { reconnection, .. } = &mut remote.path {
            reconnection.connection_failed(now);
            return self.pump(index);
        }
        remote.path = Path::Never;
        let ends = role == Role::Host && remote.is_admitted() && had_path && !live;
        if ends && remote.failed_connections >= CONNECTIONS_TRIED {
            return self.end(now, EndReason::HandshakeUnfinished);
        }
        let failures = remote.failed_connections as usize;
        remote.reopen_at = Some(now + REOPEN_AFTER[(failures - 1).min(REOPEN_AFTER.len() - 1)]);
        self.pump(index);
    }

    /// It is time for another connection: the host makes it in what follows from this, the guest asks for it.
    pub(super) fn reopen(&mut self, index: usize) {
        self.remotes[index].reopen_at = None;
        if self.role() == Role::Guest {
            self.say(index, &InnerMessage::OfferRequest);
        }
    }

    /// An offer, an answer or a handshake is late.
    pub(super) fn on_late(&mut self, now: Timestamp, index: usize) {
        let remote = &mut self.remotes[index];
        if remote.path == Path::Up && remote.negotiation.is_complete() {
            // What is heard is not replaced because of a question about its path.
            remote.negotiation.give_up_step(now);
        } else {
            self.on_connection_failed(now, index);
        }
    }

    // The path.

    fn on_path_answers(&mut self, index: usize) {
        let remote = &mut self.remotes[index];
        let dead = remote.reconnection().is_some_and(|reconnection| reconnection.is_connection_dead());
        if remote.negotiation.verified_since().is_some() && !dead {
            remote.path = Path::Up;
        }
    }

    fn on_path_silent(&mut self, now: Timestamp, index: usize, since: Timestamp) {
        let remote = &mut self.remotes[index];
        if remote.path == Path::Up {
            remote.lose_path(since, Reconnection::after_silence(now));
        }
    }

    /// Our packets do not leave by this path any more. The other side hears that from us, if it can be told.
    fn on_address_lost(&mut self, now: Timestamp, index: usize) {
        let remote = &mut self.remotes[index];
        remote.negotiation.on_path_lost();
        match &mut remote.path {
            Path::Up => remote.lose_path(now, Reconnection::after_address_lost(now)),
            Path::Lost { reconnection, .. } => reconnection.address_lost(now),
            // It is still looked for, and has its time.
            Path::Never => {}
        }
    }

    pub(super) fn handle_network(&mut self, now: Timestamp, input: NetworkInput) {
        for remote in &mut self.remotes {
            match (&mut remote.path, input) {
                (Path::Lost { reconnection, .. }, _) => reconnection.hurry(now),
                // Of others it is not known whether they are heard; their checks tell.
                (Path::Up, NetworkInput::Woke) if remote.media_open => {
                    remote.lose_path(now, Reconnection::after_sleep(now));
                }
                (Path::Up | Path::Never, _) => {}
            }
        }
    }

    /// The connection cannot go on as it is: it could not be made, did not come about, or has no path any more.
    fn on_failed(&mut self, now: Timestamp, index: usize) {
        let remote = &mut self.remotes[index];
        let unusable = remote.negotiation.is_describing() && remote.path != Path::Up;
        if remote.negotiation.verified_since().is_none() || unusable {
            return self.on_connection_failed(now, index);
        }
        remote.negotiation.on_path_lost();
        match &mut remote.path {
            Path::Lost { reconnection, .. } => reconnection.path_failed(now),
            Path::Up => remote.lose_path(now, Reconnection::after_failure(now)),
            Path::Never => {}
        }
    }

    /// The other end closed the connection without a word: its app is gone, or about to be.
    fn on_connection_closed(&mut self, now: Timestamp, index: usize) {
        let remote = &mut self.remotes[index];
        remote.negotiation.set_control_open(false);
        match &mut remote.path {
            Path::Lost { reconnection, .. } => reconnection.connection_died(now),
            Path::Up => remote.lose_path(now, Reconnection::after_close(now)),
            Path::Never => {}
        }
        remote.set_cause(crate::ReconnectCause::TheirAppStopped);
    }

    fn on_nothing_heard(&mut self, now: Timestamp, index: usize, since: Timestamp) {
        let remote = &self.remotes[index];
        let quiet = remote.switches.is_some_and(|switches| switches.muted && switches.camera_off);
        let patience = match (quiet, remote.unreachable) {
            (true, _) => SILENCE_OF_THE_QUIET,
            (false, true) => SILENCE_OF_THE_UNREACHABLE,
            (false, false) => SILENCE,
        };
        if remote.media_open && now.since(since) >= patience {
            self.on_path_silent(now, index, since);
        }
    }

    // The control channel.

    fn on_control(&mut self, now: Timestamp, endpoint: EndpointId, index: usize, bytes: Vec<u8>) {
        let remote = &mut self.remotes[index];
        if remote.negotiation.verified_since().is_none() {
            // Who speaks is not known yet; the two events may have crossed on their way here.
            if remote.early_control.len() < MOST_EARLY {
                remote.early_control.push(bytes);
            }
            return;
        }
        let message = match ControlMessage::from_bytes(&bytes) {
            Ok(message) => message,
            Err(error) => return debug!(%endpoint, %error, "ignored"),
        };
        match (message, &mut remote.gate) {
            (ControlMessage::Admitted, Gate::Guest(gate)) => {
                gate.on_host_word();
                self.milestone(MilestoneKind::Admitted, now);
            }
            (ControlMessage::Admitted, Gate::Host(_)) => debug!(%endpoint, "a guest cannot admit"),
            (ControlMessage::MediaState(state), _) => remote.switches = Some(state),
            (ControlMessage::Check { check }, _) => self.on_check(now, index, &check),
            (ControlMessage::Facts { facts }, Gate::Host(_)) => self.on_facts(index, facts),
            (ControlMessage::Code { code }, Gate::Host(_)) => self.on_code(index, code),
            (ControlMessage::CodeAsked { wrong }, Gate::Guest(_)) => self.on_code_asked(index, wrong),
            (ControlMessage::CodeRight, Gate::Guest(_)) => self.on_code_right(index),
            (
                ControlMessage::Facts { .. }
                | ControlMessage::Code { .. }
                | ControlMessage::CodeAsked { .. }
                | ControlMessage::CodeRight,
                _,
            ) => debug!(%endpoint, "not theirs to say"),
            (ControlMessage::Chat { chat }, _) => self.on_chat(now, index, chat),
            (ControlMessage::Transfer { transfer }, _) => self.on_transfer(now, index, transfer),
            (ControlMessage::Log { checkpoint }, _) => self.on_their_log(index, checkpoint),
            (ControlMessage::Bye { reason }, _) => self.on_bye(now, endpoint, reason),
        }
    }

    // Milestones: kept with the connection until it is known whose it is.

    pub(super) fn reach(&mut self, index: usize, kind: MilestoneKind, at: Timestamp) {
        let remote = &mut self.remotes[index];
        let endpoint = remote.endpoint;
        if self.partner == Some(endpoint) {
            self.milestone(kind, at);
        } else if !remote.milestones.iter().any(|reached| reached.kind == kind) {
            remote.milestones.push(Milestone { kind, at });
        }
    }

    fn milestone_of_partner(&mut self, endpoint: EndpointId, kind: MilestoneKind, at: Timestamp) {
        if self.is_partner(endpoint) {
            self.milestone(kind, at);
        }
    }

    /// Whether somebody who waits has a connection that could carry media at once.
    pub(super) fn is_warm(&self, index: usize) -> bool {
        let remote = &self.remotes[index];
        self.role() == Role::Host && remote.path == Path::Up && remote.negotiation.is_control_open()
    }
}

/// A connection that did not come about is tried once more.
pub(super) const CONNECTIONS_TRIED: u32 = 2;
/// When another connection is tried after so many that did not come about: a fault of our own must not become a storm
/// of offers.
const REOPEN_AFTER: [Duration; 4] =
    [Duration::ZERO, Duration::from_secs(2), Duration::from_secs(5), Duration::from_secs(10)];
/// How long nothing at all may come from somebody who speaks: a hundred packets of voice.
const SILENCE: Duration = Duration::from_secs(2);
/// The same, when the server does not hear them either.
const SILENCE_OF_THE_UNREACHABLE: Duration = Duration::from_secs(1);
/// The same for somebody who sends neither voice nor picture: only reports and path checks come, seconds apart.
const SILENCE_OF_THE_QUIET: Duration = Duration::from_secs(6);
/// Messages that may wait for the connection to be verified: the host's word, its switches, and some of a later version.
const MOST_EARLY: usize = 8;
