//! Into the visit, and back into it when the server has forgotten us.

use std::time::Duration;

use signaling_protocol::{Base64, Challenge, Code, HostJoinRequest, JoinReply, JoinRequest, VERSION, VersionRange};
use tracing::debug;
use trust::PatientDevice;
use units::Timestamp;

use super::Call;
use super::timers::REJOIN_PATIENCE;
use crate::{
    EndReason, MilestoneKind, Party, Paths, PeerCommand, Phase, Refusal, RequestKind, SignalingInput, SignalingRequest,
};

/// ```text
/// NotYet ──Join──▶ Asking ──joined──▶ In ──server forgot us──▶ Forgotten ──▶ Asking
///                  │  ▲ place kept for an app of ours that died
///                  ▼  │
///                PlaceKept
/// ```
/// `Forgotten` lasts as long as the call is live: media needs no server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Joining {
    NotYet,
    Asking {
        /// A person wants it here and now. An app that comes back by itself takes nobody's place.
        by_person: bool,
        /// Since when we are told that the place is kept for another app with our link: most likely our own, before it died.
        kept_since: Option<Timestamp>,
    },
    PlaceKept {
        by_person: bool,
        since: Timestamp,
        again_at: Timestamp,
    },
    In,
    Forgotten,
}

impl Call {
    pub(super) fn join(&mut self) {
        if self.joining == Joining::NotYet {
            self.ask_to_join(true, None);
        }
    }

    /// What was said of it to the other side holds for the whole visit: only before it begins.
    pub(super) fn take_own_device(&mut self, found: PatientDevice) {
        if let (Joining::NotYet, Party::Guest { device, .. }) = (self.joining, &mut self.config.party) {
            *device = Some(found);
        }
    }

    /// The other side is told addresses from the first connection on: only before it begins.
    pub(super) fn set_relay_only(&mut self, relay_only: bool) {
        let paths = &mut self.config.preferences.paths;
        match (self.joining, *paths) {
            (Joining::NotYet, Paths::All) if relay_only => *paths = Paths::Relays,
            (Joining::NotYet, Paths::Relays) if !relay_only => *paths = Paths::All,
            _ => {}
        }
    }

    fn ask_to_join(&mut self, by_person: bool, kept_since: Option<Timestamp>) {
        self.joining = Joining::Asking { by_person, kept_since };
        let request = match &self.config.party {
            Party::Guest { link, .. } => SignalingRequest::Challenge(link.invite),
            Party::Host { visit, .. } => SignalingRequest::JoinHost {
                visit: *visit,
                request: HostJoinRequest {
                    protocol: VersionRange::CURRENT,
                    bundle: Base64(self.own.bytes().to_vec()),
                    take_over: by_person && !self.config.claims,
                },
            },
        };
        self.signaling(request);
    }

    pub(super) fn handle_signaling(&mut self, now: Timestamp, input: SignalingInput) {
        if self.phase.is_ended() {
            if let SignalingInput::Joined(_) = input {
                // We hung up while the server let us in: it must not wait for us.
                self.say_goodbye_to_server(EndReason::HungUp);
            }
            return;
        }
        match input {
            SignalingInput::Challenge(challenge) => self.on_challenge(now, challenge),
            SignalingInput::Joined(reply) => self.on_joined(now, reply),
            SignalingInput::Ice(reply) => {
                if self.ice.on_reply(now, reply, self.config.preferences.paths) {
                    self.tell_servers();
                }
                self.on_ice_settled(now);
            }
            SignalingInput::Event(event) => self.on_event(now, event),
            SignalingInput::Sent(_) | SignalingInput::Done(_) => {}
            SignalingInput::Admitted(endpoint) => self.on_admission_written(endpoint),
            SignalingInput::TryCounted { endpoint, used } => self.on_try_counted(now, endpoint, used),
            SignalingInput::StreamUp => self.on_stream_up(now),
            SignalingInput::StreamDown => {
                self.signaling_up = false;
                self.signaling_up_since = None;
            }
            SignalingInput::Refused { request, code } => self.on_refused(now, request, code),
        }
    }

    fn on_challenge(&mut self, now: Timestamp, challenge: Challenge) {
        self.compare_clocks(now, challenge.unix_micros() / 1_000_000);
        let (Joining::Asking { .. }, Party::Guest { link, .. }) = (self.joining, &self.config.party) else { return };
        let request = JoinRequest {
            protocol: VersionRange::CURRENT,
            challenge,
            signature: link.secret.sign_join(link.invite, &challenge, self.own.bytes()),
            bundle: Base64(self.own.bytes().to_vec()),
        };
        let invite = link.invite;
        self.signaling(SignalingRequest::JoinGuest { invite, request });
    }

    /// What the server's clock says. It is only told to the person, and decides nothing: a server may lie.
    fn compare_clocks(&mut self, now: Timestamp, server_unix_secs: u64) {
        let ahead = self.config.unix(now).0 as i64 - server_unix_secs as i64;
        self.clock_ahead_secs = Some(ahead).filter(|ahead| ahead.unsigned_abs() > CLOCK_TOLERANCE_SECS);
    }

    fn on_joined(&mut self, now: Timestamp, reply: JoinReply) {
        if !matches!(self.joining, Joining::Asking { .. }) {
            return;
        }
        if reply.protocol != VERSION {
            return self.end(now, Refusal::Version.into());
        }
        self.joining = Joining::In;
        self.me = Some(reply.endpoint);
        self.visit = Some(reply.visit);
        self.ice.on_joined(reply.relay_only);
        if self.phase == Phase::Lobby {
            self.phase = Phase::WaitingRoom { since: now };
        }
        self.milestone(MilestoneKind::Joined, now);
        self.signaling(SignalingRequest::OpenEvents);
        self.ask_for_ice(now);
    }

    pub(super) fn ask_for_ice(&mut self, now: Timestamp) {
        if self.ice.asked.is_none() {
            self.ice.asked = Some(now);
            self.signaling(SignalingRequest::GetIce);
        }
    }

    /// When to ask for servers again, as long as the server knows us.
    pub(super) fn ice_refresh_at(&self) -> Option<Timestamp> {
        self.ice.refresh_at().filter(|_| self.joining == Joining::In)
    }

    /// The connections there are look for their next path with the servers as they are now.
    fn tell_servers(&mut self) {
        let servers = self.ice.servers.clone().unwrap_or_default();
        let connected = self.remotes.iter().filter(|remote| remote.negotiation.has_connection());
        for endpoint in connected.map(|remote| remote.endpoint).collect::<Vec<_>>() {
            self.peer(endpoint, PeerCommand::SetIceServers(servers.clone()));
        }
    }

    fn on_stream_up(&mut self, now: Timestamp) {
        self.signaling_up = true;
        self.signaling_up_since.get_or_insert(now);
        for remote in &mut self.remotes {
            remote.negotiation.give_time(now);
            if let Some(reconnection) = remote.reconnection() {
                reconnection.hurry(now);
            }
        }
    }

    fn on_refused(&mut self, now: Timestamp, request: RequestKind, code: Code) {
        debug!(?request, ?code, "refused by the server");
        match (request, code) {
            // Our clinician has come in with another device meanwhile: this one is not wanted any more.
            (RequestKind::Join, Code::HostPresent)
                if matches!(self.joining, Joining::Asking { by_person: false, .. }) =>
            {
                self.end(now, EndReason::Removed);
            }
            (RequestKind::Join, Code::InvitePlaceKept) => self.on_place_kept(now),
            (RequestKind::Challenge | RequestKind::Join, code) => self.end(now, Refusal::Server(code).into()),
            (RequestKind::Ice, _) => self.on_ice_refused(now),
            (RequestKind::Events | RequestKind::Send, Code::VisitEnded) => self.end(now, EndReason::VisitOver),
            (RequestKind::Events, code) => self.on_forgotten(now, code),
            (RequestKind::Admit(endpoint), code) => self.on_admission_refused(endpoint, code),
            (RequestKind::CountTry(endpoint), code) => self.on_try_refused(endpoint, code),
            // A receiver who is gone is told by the events; what we turned away or left may be gone as well.
            _ => {}
        }
    }

    /// Our link was in use until a moment ago. Whoever had it may come back, and then we are told that it is in use; else
    /// the place will be ours.
    fn on_place_kept(&mut self, now: Timestamp) {
        let Joining::Asking { by_person, kept_since } = self.joining else { return };
        let since = kept_since.unwrap_or(now);
        if now.since(since) >= PLACE_PATIENCE {
            return self.end(now, Refusal::Server(Code::InvitePlaceKept).into());
        }
        self.joining = Joining::PlaceKept { by_person, since, again_at: now + ASK_AGAIN };
    }

    /// When to ask again for a place that is kept.
    pub(super) fn ask_again_at(&self) -> Option<Timestamp> {
        match self.joining {
            Joining::PlaceKept { again_at, .. } => Some(again_at),
            _ => None,
        }
    }

    pub(super) fn ask_again(&mut self) {
        if let Joining::PlaceKept { by_person, since, .. } = self.joining {
            self.ask_to_join(by_person, Some(since));
        }
    }

    /// The server does not know us any more: we were away for too long. A call whose media flows goes on without it,
    /// and joins anew when the media does not flow any more.
    fn on_forgotten(&mut self, now: Timestamp, code: Code) {
        if self.joining != Joining::In {
            return;
        }
        self.signaling_up = false;
        self.signaling_up_since = None;
        match self.phase {
            Phase::WaitingRoom { .. } | Phase::Connecting { .. } => self.rejoin(),
            Phase::Live { .. } | Phase::Reconnecting { .. } => self.joining = Joining::Forgotten,
            _ => self.end(now, Refusal::Server(code).into()),
        }
    }

    /// When an app that the server forgot joins anew: once the path has had its time to come back by itself.
    pub(super) fn rejoin_at(&self) -> Option<Timestamp> {
        match self.phase {
            Phase::Reconnecting { since, .. } if self.joining == Joining::Forgotten => Some(since + REJOIN_PATIENCE),
            // Their new connection or their good-bye cannot reach us: whoever else is there is met in the waiting room.
            Phase::WaitingRoom { since } | Phase::Connecting { since } if self.joining == Joining::Forgotten => {
                Some(since)
            }
            _ => None,
        }
    }

    /// Comes in anew, as somebody else.
    pub(super) fn rejoin(&mut self) {
        self.me = None;
        self.ice.forget_servers();
        self.forget_everybody();
        self.ask_to_join(false, None);
    }
}

/// How soon to ask again for a place that is kept: two or three round trips on a very bad link.
const ASK_AGAIN: Duration = Duration::from_secs(3);

/// How far a clock may be off before its person is told: a minute or two are everywhere.
const CLOCK_TOLERANCE_SECS: u64 = 120;

/// How long to ask: a server keeps a place for half a minute, and for as long again after each restart of its own.
const PLACE_PATIENCE: Duration = Duration::from_secs(180);
