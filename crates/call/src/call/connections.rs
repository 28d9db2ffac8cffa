//! What the peer connections say.

use signaling_protocol::{EndpointId, Role};
use tracing::{debug, warn};
use trust::DtlsFingerprint;
use units::Timestamp;

use super::Call;
use crate::reconnection::Reconnection;
use crate::remote_party::{Gate, Path};
use crate::{ControlMessage, Milestone, MilestoneKind, PeerInput, Refusal, Remote};

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
            PeerInput::Failed => {
                remote.negotiation.on_path_lost();
                self.on_path_failed(now, index);
            }
            PeerInput::ControlOpened => remote.negotiation.set_control_open(true),
            PeerInput::Control(bytes) => return self.on_control(now, endpoint, index, bytes),
            PeerInput::ControlClosed => self.on_connection_closed(now, index),
            PeerInput::Estimate { target, loss, .. } => {
                if self.partner == Some(endpoint) && remote.media_open {
                    self.policy.on_estimate(now, target, loss);
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
        remote.failed_connections = 0;
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
        self.remotes[index].negotiation.open(now, ice);
        self.pump(index);
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

    fn on_path_failed(&mut self, now: Timestamp, index: usize) {
        let remote = &mut self.remotes[index];
        if remote.negotiation.verified_since().is_none() {
            return;
        }
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
            (ControlMessage::MediaState { muted, camera_off, receives_picture }, _) => {
                remote.switches = Some(Remote { muted, camera_off });
                remote.wants_picture = receives_picture;
            }
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

/// How long nothing at all may come from somebody who speaks: a hundred packets of voice.
const SILENCE: std::time::Duration = std::time::Duration::from_secs(2);
/// The same, when the server does not hear them either.
const SILENCE_OF_THE_UNREACHABLE: std::time::Duration = std::time::Duration::from_secs(1);
/// The same for somebody who sends neither voice nor picture: only reports and path checks come, seconds apart.
const SILENCE_OF_THE_QUIET: std::time::Duration = std::time::Duration::from_secs(6);
/// Messages that may wait for the connection to be verified: the host's word, its switches, and some of a later version.
const MOST_EARLY: usize = 8;
