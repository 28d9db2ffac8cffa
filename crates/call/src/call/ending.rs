//! The end: told to the other side and to the server, once.

use std::time::Duration;

use signaling_protocol::{EndpointId, Role};
use tracing::info;
use trust::ByeReason;
use units::Timestamp;

use super::Call;
use crate::{ControlMessage, EndReason, PeerCommand, Phase, Refusal, SignalingRequest};

impl Call {
    /// Ends the call, if it is not over yet.
    pub(super) fn end(&mut self, now: Timestamp, reason: EndReason) {
        if self.phase.is_ended() {
            return;
        }
        info!(reason = reason.name(), "the call is over");
        if !matches!(reason, EndReason::Refused(_)) {
            self.remember_by_itself();
        }
        self.phase = Phase::Ended(reason);
        // Where nobody hung up, the telephone is what is left.
        let partner = self.partner.and_then(|partner| self.index(partner)).filter(|_| reason.is_lost());
        self.last_facts = partner.and_then(|index| self.remotes[index].facts.clone());
        self.outbox.clear();
        self.waiting_for_ice.clear();
        let bye = bye_for(reason).map(|reason| ControlMessage::Bye { reason }.to_bytes());
        for index in 0..self.remotes.len() {
            self.receipt_of_closing(index);
        }
        for mut remote in std::mem::take(&mut self.remotes) {
            if !remote.negotiation.has_connection() {
                continue;
            }
            if remote.media_open {
                self.peer(remote.endpoint, PeerCommand::CloseMedia);
            }
            let can_hear = remote.negotiation.is_control_open() && remote.negotiation.verified_since().is_some();
            match &bye {
                Some(bye) if can_hear => {
                    self.peer(remote.endpoint, PeerCommand::SendControl(bye.clone()));
                    self.closing.push((remote.endpoint, now + LINGER));
                }
                _ => self.peer(remote.endpoint, PeerCommand::Close),
            }
            remote.negotiation.close();
        }
        if self.me.is_none() {
            return;
        }
        if reason == EndReason::Refused(Refusal::DigitsDiffer) && !self.closing.is_empty() {
            // The server's word that the visit is over may be quicker than ours, and the other person must read why.
            self.late_goodbye = Some(reason);
        } else {
            self.say_goodbye_to_server(reason);
        }
    }

    /// The server is told unless it was the server that told us.
    pub(super) fn say_goodbye_to_server(&mut self, reason: EndReason) {
        match (self.role(), reason) {
            (_, EndReason::VisitOver | EndReason::Denied | EndReason::Removed) => {}
            (Role::Host, _) => self.signaling(SignalingRequest::End),
            (Role::Guest, _) => self.signaling(SignalingRequest::Leave),
        }
    }

    pub(super) fn close_now(&mut self, endpoint: EndpointId) {
        if let Some(position) = self.closing.iter().position(|(closing, _)| *closing == endpoint) {
            self.closing.remove(position);
            self.peer(endpoint, PeerCommand::Close);
            if let Some(reason) = self.late_goodbye.take_if(|_| self.closing.is_empty()) {
                self.say_goodbye_to_server(reason);
            }
        }
    }

    pub(super) fn close_those_due(&mut self, now: Timestamp) {
        let due: Vec<_> = self.closing.iter().filter(|(_, at)| *at <= now).map(|(endpoint, _)| *endpoint).collect();
        for endpoint in due {
            self.close_now(endpoint);
        }
    }
}

/// What the other side is told; nothing, where it was they who told us.
fn bye_for(reason: EndReason) -> Option<ByeReason> {
    match reason {
        EndReason::HungUp => Some(ByeReason::HungUp),
        EndReason::Refused(_) => Some(ByeReason::Refused),
        EndReason::NoConnection | EndReason::HandshakeUnfinished | EndReason::ConnectionLost => Some(ByeReason::Failed),
        EndReason::TheyHungUp | EndReason::Denied | EndReason::Removed | EndReason::VisitOver => None,
    }
}

/// How long a connection stays open so that the good-bye gets through: one loss and a round trip on a slow link. The
/// other end's close ends it sooner.
const LINGER: Duration = Duration::from_millis(1_000);
