//! After each input: what follows from how things stand now.
//!
//! Inputs change what is known; this turns it into gates, words over the control channel, phase, plans and snapshot.
//! Nothing here asks what happened, so nothing can be forgotten on one of the ways that lead here.

use signaling_protocol::{GuestRole, InviteId, Limits, Role};
use units::{Phi, Timestamp};

use super::Call;
use super::connections::CONNECTIONS_TRIED;
use crate::admission::HostGate;
use crate::remote_party::{Gate, Path};
use crate::{
    Around, ControlMessage, MediaState, Output, Party, PeerCommand, Phase, PictureOff, PicturePlan, PictureSent,
    Remote, SignalingRequest, Snapshot, Waiting,
};

impl Call {
    pub(super) fn conclude(&mut self, now: Timestamp) {
        if !self.phase.is_ended() {
            self.adopt_successors(now);
            self.warm_up(now);
            self.choose_partner();
            self.follow_wishes(now);
            self.settle_gates(now);
            self.settle_phase(now);
            self.settle_handing(now);
            self.ask_inside();
            self.begin_span(now);
        }
        self.end_handing();
        self.post();
        self.tell_plans();
        self.tell_snapshot(now);
    }

    /// Host: connections to the one who is in and to those who come next, media closed.
    fn warm_up(&mut self, now: Timestamp) {
        if self.role() != Role::Host || self.ice.servers.is_none() {
            return;
        }
        let mut waiting = 0;
        for index in 0..self.remotes.len() {
            let remote = &self.remotes[index];
            let in_or_asked = !matches!(remote.gate, Gate::Host(HostGate::Closed));
            if !in_or_asked {
                waiting += 1;
            }
            // A path that was there and is lost is healed by its own timetable.
            let is_lost = matches!(remote.path, Path::Lost { .. });
            if (in_or_asked || (waiting <= WARMED && remote.failed_connections < CONNECTIONS_TRIED))
                && remote.negotiation.is_idle()
                && remote.reopen_at.is_none_or(|at| now >= at)
                && !is_lost
                && self.can_tell(remote)
            {
                self.open_connection(now, index);
            }
        }
    }

    /// Guest: the host who gave its word, or the one of whom the server says that we are in.
    fn choose_partner(&mut self) {
        if self.role() == Role::Host {
            return;
        }
        let current = self.partner.and_then(|partner| self.index(partner));
        if current.is_some_and(|index| self.remotes[index].path == Path::Up) {
            return;
        }
        let worded = |index: &usize| self.remotes[*index].may_open_media();
        let newest = (0..self.remotes.len()).rev();
        let chosen = newest
            .clone()
            .find(worded)
            .or(current)
            .or_else(|| newest.clone().find(|index| self.remotes[*index].is_admitted()));
        let Some(chosen) = chosen.filter(|chosen| Some(*chosen) != current) else { return };
        let endpoint = self.remotes[chosen].endpoint;
        if let Some(before) = current {
            // The clinician came back in another app: the old one's connection leads nowhere.
            let (was_live, phase) = (self.was_live, self.phase);
            self.forget(before);
            (self.was_live, self.phase) = (was_live, phase);
        }
        self.partner = Some(endpoint);
    }

    fn settle_gates(&mut self, now: Timestamp) {
        let switches = self.switches();
        for index in 0..self.remotes.len() {
            let remote = &mut self.remotes[index];
            let endpoint = remote.endpoint;
            let open = self.partner == Some(endpoint) && remote.may_open_media();
            if open {
                for milestone in std::mem::take(&mut remote.milestones) {
                    self.milestone(milestone.kind, milestone.at);
                }
            }
            let remote = &mut self.remotes[index];
            let can_hear = open && remote.negotiation.is_control_open();
            let gives_word = can_hear && matches!(remote.gate, Gate::Host(_)) && !remote.word_given;
            let tells_switches = can_hear && remote.told_switches != Some(switches);
            let changes = open != remote.media_open;
            remote.word_given |= gives_word;
            if tells_switches {
                remote.told_switches = Some(switches);
            }
            remote.media_open = open;
            // The word first, so that it is not queued behind the first picture.
            if gives_word {
                self.peer(endpoint, PeerCommand::SendControl(ControlMessage::Admitted.to_bytes()));
            }
            if let (true, true, Some(link)) = (changes, open, self.remotes[index].link) {
                // What to begin with: the first pictures are made before another word of the path.
                self.policy.on_estimate(now, link);
            }
            if changes {
                self.peer(endpoint, if open { PeerCommand::OpenMedia } else { PeerCommand::CloseMedia });
                if open {
                    self.receipt_of_opening(index);
                }
            }
            if tells_switches {
                self.peer(endpoint, PeerCommand::SendControl(ControlMessage::MediaState(switches).to_bytes()));
            }
        }
    }

    /// What we tell of ourselves.
    fn switches(&self) -> MediaState {
        MediaState {
            muted: self.muted || self.microphone_lost || !self.config.media.sends_voice,
            camera_off: self.sends_no_picture(),
            receives_picture: self.config.media.receives_picture,
            picture: match self.policy.plans().1 {
                PicturePlan::Slides { .. } => PictureSent::Slides,
                PicturePlan::Off(PictureOff::LinkTooThin) => PictureSent::LinkTooThin,
                PicturePlan::On { .. } | PicturePlan::Off(_) => PictureSent::Moving,
            },
            save_data: self.config.preferences.save_data,
            mode: self.config.preferences.mode,
            mode_choice: self.mode_choice,
        }
    }

    /// What our person and the partner want of what is sent, and what either chose for both.
    fn follow_wishes(&mut self, now: Timestamp) {
        let partner = self.partner.and_then(|partner| self.index(partner));
        let theirs = partner.and_then(|partner| self.remotes[partner].switches).unwrap_or_default();
        // Of two who choose at the same moment, both must find the same one to hold.
        let (we_host, they_host) = (self.role() == Role::Host, self.role() == Role::Guest);
        let their_choice = theirs.mode_choice.min(MOST_CHOICES);
        if (their_choice, they_host) > (self.mode_choice, we_host) && their_choice > 0 {
            self.mode_choice = their_choice;
            self.config.preferences.mode = theirs.mode;
        }
        self.policy.set_wanted(now, theirs.receives_picture);
        self.policy.set_mode(now, self.config.preferences.mode);
        // Data that is dear to one of the two is dear: what comes is paid as well.
        self.policy.set_save_data(now, self.config.preferences.save_data || theirs.save_data);
    }

    fn sends_no_picture(&self) -> bool {
        self.camera_off || self.camera_lost || self.config.media.camera.is_none()
    }

    fn settle_phase(&mut self, now: Timestamp) {
        let Some(partner) = self.partner.and_then(|partner| self.index(partner)) else {
            if !matches!(self.phase, Phase::Lobby | Phase::WaitingRoom { .. }) {
                self.phase = Phase::WaitingRoom { since: now };
            }
            return;
        };
        let remote = &self.remotes[partner];
        match (&remote.path, self.phase) {
            (Path::Up, phase) if remote.media_open => {
                if !matches!(phase, Phase::Live { .. }) {
                    self.phase = Phase::Live { since: now };
                    self.was_live = true;
                }
            }
            (Path::Lost { since, cause, .. }, _) if self.was_live => {
                self.phase = Phase::Reconnecting { since: *since, cause: *cause };
            }
            // The path is back, the host's word for the new connection is on its way.
            (_, Phase::Reconnecting { .. }) if self.was_live => {}
            (_, Phase::Connecting { .. }) => {}
            _ => self.phase = Phase::Connecting { since: now },
        }
    }

    /// Boxes of one moment go in as few requests as the limits allow, in order, and one receiver a request: the server
    /// refuses a request whole, and one receiver's leaving must not cost another their box.
    fn post(&mut self) {
        let limits = Limits::default();
        let mut batch: Vec<signaling_protocol::Envelope> = Vec::new();
        let mut bytes = 0;
        for envelope in std::mem::take(&mut self.outbox) {
            // Base64 makes four of three; the label is small beside a quarter of a kilobyte.
            let size = envelope.sealed.len() * 4 / 3 + LABEL_BYTES;
            let full = batch.len() >= limits.boxes_per_request || bytes + size > limits.json_bytes;
            if full || batch.last().is_some_and(|last| last.to != envelope.to) {
                self.outputs.push_back(Output::Signaling(SignalingRequest::Send(std::mem::take(&mut batch))));
                bytes = 0;
            }
            bytes += size;
            batch.push(envelope);
        }
        if !batch.is_empty() {
            self.outputs.push_back(Output::Signaling(SignalingRequest::Send(batch)));
        }
    }

    fn tell_plans(&mut self) {
        self.tell_wanted();
        let plans = self.policy.plans();
        if self.joining != super::joining::Joining::NotYet && self.told_plans != Some(plans) {
            self.told_plans = Some(plans);
            let (voice, picture) = plans;
            self.outputs.push_back(Output::Quality { voice, picture });
        }
    }

    /// How much we can use goes to the connection over which it would be sent.
    fn tell_wanted(&mut self) {
        let Some(partner) = self.partner.and_then(|partner| self.index(partner)) else { return };
        let wanted = self.policy.wanted();
        let remote = &mut self.remotes[partner];
        if remote.media_open && remote.told_wanted.replace(wanted) != Some(wanted) {
            let endpoint = remote.endpoint;
            self.peer(endpoint, PeerCommand::SetWanted(wanted));
        }
    }

    fn tell_snapshot(&mut self, now: Timestamp) {
        let partner = self.partner.and_then(|partner| self.index(partner));
        let (voice_plan, picture_plan) = self.policy.plans();
        let waiting = (0..self.remotes.len()).filter_map(|index| self.waiting(index)).collect();
        let snapshot = Snapshot {
            phase: self.phase,
            role: self.role(),
            waiting,
            remote: partner.and_then(|index| self.remotes[index].switches).map(Remote::from),
            partner: self.partner,
            media_open: partner.is_some_and(|index| self.remotes[index].media_open),
            signaling_up: self.signaling_up,
            muted: self.muted,
            camera_off: self.camera_off,
            mode: self.config.preferences.mode,
            save_data: self.config.preferences.save_data,
            voice_plan,
            picture_plan,
            problem: self.problem,
            assurance: partner.and_then(|index| self.assurance(index)),
            around: Around {
                facts: partner.and_then(|index| self.remotes[index].facts.clone()).or_else(|| self.last_facts.clone()),
                own_facts: self.own_facts.clone().filter(|_| !self.phase.is_ended()),
                code_asked: self.remotes.iter().find_map(|remote| remote.asks_code),
                clinician: self.clinician_who_is_there(),
                note: self.note,
                locked: self.locked,
                time_left: self.time_left(now),
                clock_ahead_secs: self.clock_ahead_secs,
                handed: self.handing.shown(),
            },
        };
        if snapshot != self.snapshot {
            self.snapshot = snapshot;
            self.outputs.push_back(Output::Changed);
        }
    }

    /// While a guest waits: whose app is in the visit, if it has spoken.
    fn clinician_who_is_there(&self) -> Option<Phi<String>> {
        let waits = matches!(self.phase, Phase::WaitingRoom { .. }) && self.role() == Role::Guest;
        let named = || self.remotes.iter().rev().find_map(|remote| remote.channel.facts()?.name.clone());
        waits.then(named).flatten()
    }

    /// Who comes by one of our links.
    fn role_of(&self, invite: InviteId) -> GuestRole {
        let Party::Host { invites, .. } = &self.config.party else { return GuestRole::Patient };
        invites.iter().find(|ours| ours.invite == invite).map_or(GuestRole::Patient, |ours| ours.role)
    }

    fn waiting(&self, index: usize) -> Option<Waiting> {
        let remote = &self.remotes[index];
        let Gate::Host(HostGate::Closed | HostGate::Asked { .. }) = remote.gate else { return None };
        Some(Waiting {
            endpoint: remote.endpoint,
            invite: remote.invite?,
            since: remote.since,
            warm: self.is_warm(index),
            reused: self.is_reused(index),
            role: self.role_of(remote.invite?),
            code: self.code_standing(index),
        })
    }
}

/// Those who wait whose path is warmed: the server gives servers for finding a path to so many.
const WARMED: usize = 2;
/// People do not choose more often; who says that they did leaves our person the last word here.
const MOST_CHOICES: u32 = 1_000_000;
/// What stands around a box in JSON: two ids, five numbers, names.
const LABEL_BYTES: usize = 256;
