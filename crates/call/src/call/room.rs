//! Who is there: the waiting room at the host, the host at the guest.

use signaling_protocol::{
    Admission, Code, EndReason as VisitEndReason, EndpointId, Event, LeaveReason, Participant, Role, VisitState,
    WaitingNote,
};
use tracing::warn;
use units::Timestamp;

use super::Call;
use super::timers::ADMISSION_PATIENCE;
use crate::admission::HostGate;
use crate::remote_party::{Gate, Path};
use crate::{EndReason, MilestoneKind, PeerCommand, Phase, Problem, ReconnectCause, Refusal, SignalingRequest};

impl Call {
    pub(super) fn on_event(&mut self, now: Timestamp, event: Event) {
        match event {
            Event::Hello { endpoint, admission, state, participants } => {
                self.on_hello(now, endpoint, admission, state, participants);
            }
            Event::Joined { participant } => self.on_participant(now, participant),
            Event::Away { endpoint } => self.on_away(now, endpoint),
            Event::Back { endpoint } => self.on_back(now, endpoint),
            Event::Left { endpoint, reason } => self.on_left(now, endpoint, reason),
            Event::Admitted { endpoint } => {
                if self.me == Some(endpoint) {
                    self.on_server_admitted(now);
                }
            }
            Event::Denied if self.role() == Role::Guest => self.end(now, EndReason::Denied),
            Event::Removed => self.end(now, EndReason::Removed),
            Event::Message { envelope } => self.on_envelope(now, envelope),
            Event::Visit { state: VisitState::Ended, reason } => self.on_visit_ended(now, reason),
            Event::IceRefresh => self.ask_for_ice(now),
            Event::Notice { notice } => self.on_notice(now, &notice.notice.0),
            Event::Locked { locked } if self.role() == Role::Host => self.locked = locked,
            Event::Note { note } if self.role() == Role::Guest => {
                self.note = Some(note).filter(|note| *note != WaitingNote::Nothing);
            }
            Event::Locked { .. } | Event::Note { .. } => {}
            Event::Visit { .. } | Event::Denied | Event::Limits { .. } | Event::Reset | Event::Bye { .. } => {}
        }
    }

    /// How things stand. It replaces what we believed of who is there, never what we decided or verified.
    fn on_hello(
        &mut self,
        now: Timestamp,
        endpoint: EndpointId,
        admission: Admission,
        state: VisitState,
        participants: Vec<Participant>,
    ) {
        if self.me != Some(endpoint) {
            warn!("a hello for somebody else");
            return;
        }
        if state == VisitState::Ended {
            return self.on_visit_ended(now, None);
        }
        self.on_stream_up_by_hello(now);
        let missing: Vec<_> = self
            .remotes
            .iter()
            .map(|remote| remote.endpoint)
            .filter(|endpoint| !participants.iter().any(|participant| participant.endpoint == *endpoint))
            .collect();
        for endpoint in missing {
            self.on_left(now, endpoint, LeaveReason::ConnectionLost);
        }
        for participant in participants {
            let known = self.index(participant.endpoint).is_some();
            self.on_participant(now, participant.clone());
            if let Some(index) = self.index(participant.endpoint).filter(|_| known) {
                self.catch_up(now, index);
            }
        }
        if admission == Admission::Admitted && !self.phase.is_ended() {
            self.on_server_admitted(now);
        }
    }

    fn on_stream_up_by_hello(&mut self, now: Timestamp) {
        self.signaling_up = true;
        self.signaling_up_since.get_or_insert(now);
        if self.ice.servers.is_none() {
            self.ask_for_ice(now);
        }
    }

    /// Messages may have been lost: says again what still matters.
    fn catch_up(&mut self, now: Timestamp, index: usize) {
        let remote = &mut self.remotes[index];
        remote.unreachable = false;
        remote.negotiation.give_time(now);
        let unfinished = remote.negotiation.verified_since().is_none();
        match &mut remote.path {
            Path::Lost { reconnection, .. } => reconnection.hurry(now),
            Path::Never | Path::Up => {}
        }
        if unfinished || remote.path != Path::Up {
            remote.negotiation.say_again(now);
            self.pump(index);
        }
    }

    fn on_away(&mut self, now: Timestamp, endpoint: EndpointId) {
        let Some(index) = self.index(endpoint) else { return };
        let remote = &mut self.remotes[index];
        remote.unreachable = true;
        // A killed app's stream ends at once; a broken link's only when somebody loses patience.
        if matches!(remote.path, Path::Lost { since, .. } if now.since(since) <= KILLED_WITHIN) {
            remote.set_cause(ReconnectCause::TheirAppStopped);
        }
    }

    fn on_back(&mut self, now: Timestamp, endpoint: EndpointId) {
        let Some(index) = self.index(endpoint) else { return };
        self.remotes[index].set_cause(ReconnectCause::LinkLost);
        self.remotes[index].back = Some(now);
        self.catch_up(now, index);
    }

    fn on_left(&mut self, now: Timestamp, endpoint: EndpointId, reason: LeaveReason) {
        self.forget_successor(endpoint);
        let Some(index) = self.index(endpoint) else { return };
        if !self.is_partner(endpoint) {
            return self.make_room(now, index);
        }
        match reason {
            LeaveReason::Left => self.end(now, EndReason::TheyHungUp),
            LeaveReason::Removed if self.role() == Role::Host => self.forget(index),
            // Admitted, never met, and gone: whoever comes next is waited for.
            LeaveReason::ConnectionLost if self.remotes[index].path == Path::Never => self.make_room(now, index),
            // As long as it is heard, it is there, whatever the server says. (A host who is replaced is the clinician
            // in another app, who comes in next.)
            LeaveReason::ConnectionLost | LeaveReason::Removed => {
                let remote = &mut self.remotes[index];
                remote.gone = true;
                remote.unreachable = true;
                remote.set_cause(ReconnectCause::TheirAppStopped);
            }
        }
    }

    fn on_visit_ended(&mut self, now: Timestamp, reason: Option<VisitEndReason>) {
        let met = self.partner.is_some();
        self.end(
            now,
            match reason {
                Some(VisitEndReason::HostEnded) if met && self.role() == Role::Guest => EndReason::TheyHungUp,
                _ => EndReason::VisitOver,
            },
        );
    }

    /// The server says that we are in. Shown, but not enough to open media: see the `admission` module.
    fn on_server_admitted(&mut self, now: Timestamp) {
        if self.role() == Role::Host {
            return;
        }
        for remote in &mut self.remotes {
            if let Gate::Guest(gate) = &mut remote.gate {
                gate.on_server_event();
            }
        }
        if !self.remotes.is_empty() {
            self.milestone(MilestoneKind::Admitted, now);
        }
        if self.ice.servers.is_none() {
            self.ask_for_ice(now);
        }
    }

    // The host's person.

    pub(super) fn admit(&mut self, now: Timestamp, endpoint: EndpointId) {
        let Some(index) = self.index(endpoint) else { return };
        let one_is_asked = self.remotes.iter().any(|one| one.endpoint != endpoint && one.is_being_admitted());
        if one_is_asked || self.hears_somebody_else_than(endpoint) {
            self.problem = Some(Problem::AlreadySomebodyIn);
            return;
        }
        if self.code_comes_first(index) {
            return;
        }
        if let Gate::Host(gate @ HostGate::Closed) = &mut self.remotes[index].gate {
            *gate = HostGate::Asked { since: now };
            self.problem = None;
            self.milestone(MilestoneKind::Admitted, now);
            self.signaling(SignalingRequest::Admit(endpoint));
        }
    }

    /// Whether somebody else is in and heard. Nobody takes their place before they are gone or taken out.
    fn hears_somebody_else_than(&self, endpoint: EndpointId) -> bool {
        let partner = self.partner.filter(|partner| *partner != endpoint);
        partner.and_then(|partner| self.index(partner)).is_some_and(|index| self.remotes[index].path == Path::Up)
    }

    /// The server did not answer in time: the person decides anew.
    pub(super) fn give_up_admissions(&mut self, now: Timestamp) {
        for remote in &mut self.remotes {
            if let Gate::Host(gate @ HostGate::Asked { .. }) = &mut remote.gate
                && matches!(gate, HostGate::Asked { since } if now.since(*since) >= ADMISSION_PATIENCE)
            {
                *gate = HostGate::Closed;
                self.problem = Some(Problem::AdmissionFailed(remote.endpoint));
                self.partner = self.partner.filter(|partner| *partner != remote.endpoint);
            }
        }
    }

    pub(super) fn on_admission_written(&mut self, endpoint: EndpointId) {
        let Some(index) = self.index(endpoint) else {
            if self.turned_away.contains(&endpoint) {
                // Turned away while the server was slow to let them in.
                self.signaling(SignalingRequest::Remove(endpoint));
            }
            return;
        };
        self.remotes[index].in_visit = true;
        if !self.remotes[index].is_being_admitted() {
            // Too late: the person was told that it failed, and says so again if it is still wanted.
            return;
        }
        if self.hears_somebody_else_than(endpoint) {
            // Who was lost is back.
            self.problem = Some(Problem::AlreadySomebodyIn);
            return self.turn_away(endpoint, true);
        }
        let remote = &mut self.remotes[index];
        remote.gate = Gate::Host(HostGate::Open);
        self.admitted = Some(remote.channel.id());
        remote.failed_connections = 0;
        remote.reopen_at = None;
        let before = self.partner.replace(endpoint).filter(|before| *before != endpoint);
        if let Some(before) = before {
            // The same patient in another app, as far as the person can tell: the old one's place is theirs.
            self.signaling(SignalingRequest::Remove(before));
            if let Some(index) = self.index(before) {
                self.forget(index);
            }
            self.partner = Some(endpoint);
            self.was_live = false;
        }
    }

    pub(super) fn on_admission_refused(&mut self, endpoint: EndpointId, code: Code) {
        let Some(index) = self.index(endpoint) else { return };
        if let Gate::Host(gate @ HostGate::Asked { .. }) = &mut self.remotes[index].gate {
            *gate = HostGate::Closed;
            self.problem = Some(Problem::AdmissionFailed(endpoint));
            self.partner = self.partner.filter(|partner| *partner != endpoint);
        }
        if code == Code::EndpointNotFound {
            self.forget(index);
        }
    }

    pub(super) fn deny(&mut self, endpoint: EndpointId) {
        let Some(index) = self.index(endpoint).filter(|_| !self.is_partner(endpoint)) else { return };
        if self.role() == Role::Host {
            self.turn_away(endpoint, self.remotes[index].in_visit);
        }
    }

    /// Our person takes somebody out who is in. Their link stays good: they may knock again.
    pub(super) fn remove(&mut self, endpoint: EndpointId) {
        if self.role() != Role::Host || !self.is_partner(endpoint) {
            return;
        }
        self.turned_away.truncate(MOST_TURNED_AWAY - 1);
        self.turned_away.push_front(endpoint);
        self.admitted = None;
        self.signaling(SignalingRequest::Remove(endpoint));
        if let Some(index) = self.index(endpoint) {
            self.forget(index);
        }
    }

    /// Our person shuts the door, or opens it. It is shut when the server says so.
    pub(super) fn set_locked(&mut self, locked: bool) {
        if self.role() == Role::Host {
            self.signaling(SignalingRequest::Lock(locked));
        }
    }

    /// The server knows one word for those who wait and another for those whom it counts as admitted, or may count as
    /// such by now.
    pub(super) fn turn_away(&mut self, endpoint: EndpointId, in_visit: bool) {
        let in_visit = in_visit || self.index(endpoint).is_some_and(|index| self.remotes[index].is_being_admitted());
        self.signaling(if in_visit { SignalingRequest::Remove(endpoint) } else { SignalingRequest::Deny(endpoint) });
        self.turned_away.truncate(MOST_TURNED_AWAY - 1);
        self.turned_away.push_front(endpoint);
        if let Some(index) = self.index(endpoint) {
            self.forget(index);
        }
    }

    /// Something about this one must not be. Ends the call if it is about our partner; somebody who waits is turned
    /// away, for a stranger must not be able to end a visit.
    pub(super) fn refuse(&mut self, now: Timestamp, endpoint: EndpointId, reason: Refusal) {
        if self.role() == Role::Guest || self.is_partner(endpoint) {
            return self.end(now, reason.into());
        }
        self.problem = Some(Problem::GuestRefused { endpoint, reason });
        let in_visit = self.index(endpoint).is_some_and(|index| self.remotes[index].in_visit);
        self.turn_away(endpoint, in_visit);
    }

    /// This one is no part of the visit any more.
    pub(super) fn forget(&mut self, index: usize) {
        self.receipt_of_closing(index);
        let mut remote = self.remotes.remove(index);
        self.waiting_for_ice.retain(|(endpoint, ..)| *endpoint != remote.endpoint);
        if remote.media_open {
            self.peer(remote.endpoint, PeerCommand::CloseMedia);
        }
        if remote.negotiation.has_connection() {
            remote.negotiation.close();
            self.peer(remote.endpoint, PeerCommand::Close);
        }
        if self.partner == Some(remote.endpoint) {
            self.partner = None;
            self.was_live = false;
        }
        self.shelf.push(remote.channel);
    }

    /// We come back as somebody else: those who were connected to who we were are not.
    pub(super) fn forget_everybody(&mut self) {
        while !self.remotes.is_empty() {
            self.forget(0);
        }
        if !self.phase.is_ended() {
            self.phase = Phase::Lobby;
        }
    }
}

/// Whom we remember to have turned away: more than can have an admission on its way.
pub(super) const MOST_TURNED_AWAY: usize = 16;
/// How soon after it fell silent a killed app's stream is seen to end, the server's own patience of half a second and a
/// slow link included.
const KILLED_WITHIN: std::time::Duration = std::time::Duration::from_secs(5);
