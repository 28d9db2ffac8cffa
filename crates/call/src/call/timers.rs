//! What happens because nothing happened.

use std::time::Duration;

use signaling_protocol::Role;
use trust::InnerMessage;
use units::Timestamp;

use super::Call;
use crate::admission::HostGate;
use crate::channel::Lost;
use crate::reconnection::Attempt;
use crate::remote_party::{Gate, Path};
use crate::{EndReason, Phase, Refusal};

impl Call {
    pub(super) fn run_timers(&mut self, now: Timestamp) {
        self.close_those_due(now);
        if self.phase.is_ended() {
            return;
        }
        if let Some((_, reason)) = self.deadline().filter(|(at, _)| now >= *at) {
            return self.end(now, reason);
        }
        if self.has_waited_for_ice(now) && !self.waiting_for_ice.is_empty() {
            self.on_ice_settled(now);
        }
        if self.ice_refresh_at().is_some_and(|at| now >= at) {
            self.ice.on_refresh(now);
            self.ask_for_ice(now);
        }
        self.give_up_admissions(now);
        if self.rejoin_at().is_some_and(|at| now >= at) {
            self.rejoin();
        }
        if self.ask_again_at().is_some_and(|at| now >= at) {
            self.ask_again();
        }
        // By id: what one timer does may take somebody else out of the list.
        let endpoints: Vec<_> = self.remotes.iter().map(|remote| remote.endpoint).collect();
        for endpoint in endpoints {
            if let Some(index) = self.index(endpoint) {
                self.run_timers_of(now, index);
            }
            if self.phase.is_ended() {
                return;
            }
        }
    }

    fn run_timers_of(&mut self, now: Timestamp, index: usize) {
        if let Some((_, refusal)) = self.remotes[index].channel.suspicion().filter(|(at, _)| now >= *at) {
            return self.settle_suspicion(now, index, refusal);
        }
        let role = self.role();
        let can_tell = self.can_tell(&self.remotes[index]);
        if !can_tell {
            return;
        }
        let remote = &mut self.remotes[index];
        match (remote.channel.has_lost(now), role) {
            (Some(Lost::AskAgain), _) => {
                let sealed = remote.channel.ask_again();
                self.send(index, sealed);
            }
            // Who is heard is not disturbed for what may never have been said.
            (Some(Lost::SayAnew), _) if remote.path == Path::Up => {}
            // Our offer, said again, makes them say everything again.
            (Some(Lost::SayAnew), Role::Host) => remote.negotiation.say_again(now),
            (Some(Lost::SayAnew), Role::Guest) => self.say(index, &InnerMessage::OfferRequest),
            (None, _) => {}
        }
        let remote = &mut self.remotes[index];
        if remote.negotiation.say_again_at().is_some_and(|at| now >= at) {
            if remote.path == Path::Up && remote.negotiation.has_offered_restart() {
                // The old path came back by itself.
                remote.negotiation.give_up_step(now);
            } else {
                remote.negotiation.say_again(now);
            }
        }
        if remote.negotiation.is_late(now) {
            self.on_late(now, index);
            if self.phase.is_ended() {
                return;
            }
        }
        if self.remotes[index].reopen_at.is_some_and(|at| now >= at) {
            self.reopen(index);
        } else {
            self.heal(now, index);
        }
        if index < self.remotes.len() {
            self.pump(index);
        }
    }

    /// Nothing authentic came after what somebody made up.
    fn settle_suspicion(&mut self, now: Timestamp, index: usize, refusal: Refusal) {
        self.remotes[index].channel.settle_suspicion();
        self.refuse_unless_heard(now, index, refusal);
    }

    /// Tries what is due to get a lost path back.
    fn heal(&mut self, now: Timestamp, index: usize) {
        let role = self.role();
        let remote = &mut self.remotes[index];
        let busy = remote.negotiation.is_busy(now);
        let Some(reconnection) = remote.reconnection() else { return };
        if busy && !reconnection.is_connection_dead() {
            return;
        }
        let Some(attempt) = reconnection.due(now, true) else { return };
        let hopeless = reconnection.is_hopeless();
        match (role, attempt) {
            (Role::Host, Attempt::IceRestart) => {
                if hopeless {
                    // They may not have missed us yet, and take no other path while they hear us.
                    self.say(index, &InnerMessage::IceRestartRequest);
                }
                self.remotes[index].negotiation.restart_ice(now);
            }
            (Role::Host, Attempt::NewConnection) => self.open_connection(now, index),
            (Role::Guest, Attempt::IceRestart) => self.say(index, &InnerMessage::IceRestartRequest),
            (Role::Guest, Attempt::NewConnection) => self.say(index, &InnerMessage::OfferRequest),
        }
    }

    pub(super) fn next_timer(&self) -> Option<Timestamp> {
        let closing = self.closing.iter().map(|(_, at)| *at).min();
        if self.phase.is_ended() {
            return closing;
        }
        let mut next = closing.into_iter().chain(self.deadline().map(|(at, _)| at)).collect::<Vec<_>>();
        next.extend(self.rejoin_at());
        next.extend(self.ask_again_at());
        next.extend(self.ice_refresh_at());
        next.extend(self.span_timer());
        if !self.waiting_for_ice.is_empty() {
            next.extend(self.ice.asked.map(|asked| asked + ICE_PATIENCE));
        }
        for remote in &self.remotes {
            if let Gate::Host(HostGate::Asked { since }) = remote.gate {
                next.push(since + ADMISSION_PATIENCE);
            }
            next.extend(remote.channel.suspicion().map(|(at, _)| at));
            if !self.can_tell(remote) {
                continue;
            }
            next.extend(remote.channel.poll_timeout());
            next.extend(remote.negotiation.say_again_at());
            next.extend(remote.negotiation.deadline());
            next.extend(remote.reopen_at);
            let handshake = remote.negotiation.handshake_deadline();
            if let Path::Lost { reconnection, .. } = &remote.path {
                // While a connection is being made, it is waited for.
                let from = handshake.filter(|_| !reconnection.is_connection_dead());
                if remote.negotiation.is_free() || reconnection.is_connection_dead() {
                    next.extend(reconnection.poll_timeout(true).map(|at| from.map_or(at, |from| at.max(from))));
                }
            }
        }
        next.into_iter().min()
    }

    /// When the phase we are in has lasted too long, and what that means.
    fn deadline(&self) -> Option<(Timestamp, EndReason)> {
        match self.phase {
            Phase::Reconnecting { since, .. } => Some((since + self.config.reconnect_grace, EndReason::ConnectionLost)),
            Phase::Connecting { since } => {
                let grace = since + self.config.reconnect_grace;
                let partner = self.partner.and_then(|partner| self.index(partner));
                let partner = partner.map(|partner| &self.remotes[partner]);
                // Who is away (a machine that sleeps, a link that is gone) or without the server cannot be reached: then
                // only the grace counts.
                if partner.is_some_and(|partner| partner.unreachable) {
                    return Some((grace, EndReason::NoConnection));
                }
                let since = partner.and_then(|partner| partner.back).map_or(since, |back| back.max(since));
                let at = self.signaling_up_since.map_or(grace, |up| (up.max(since) + CONNECTING_PATIENCE).min(grace));
                // A path that comes and goes gives whoever is on it no more time.
                let unsure = partner.filter(|partner| partner.negotiation.verified_since().is_none());
                let found = unsure.filter(|_| self.signaling_up).and_then(|partner| partner.first_path);
                let owed = found.map(|found| found.max(since) + HANDSHAKE_IN_ALL).filter(|owed| *owed <= at);
                let has_path = partner.is_some_and(|partner| partner.negotiation.has_path()) || owed.is_some();
                let reason = if has_path { EndReason::HandshakeUnfinished } else { EndReason::NoConnection };
                Some((owed.unwrap_or(at), reason))
            }
            _ => None,
        }
    }

    /// Whether the answer about servers for finding a path took so long that we go on without.
    pub(super) fn has_waited_for_ice(&self, now: Timestamp) -> bool {
        self.ice.asked.is_some_and(|asked| now.since(asked) >= ICE_PATIENCE)
    }
}

/// From the first path to a handshake that is done, whatever becomes of the path: ten seconds for the first connection and
/// twenty for the second, and the moment in which that is made.
const HANDSHAKE_IN_ALL: Duration = Duration::from_millis(30_500);
/// Two whole tries of a connection, and half a minute for boxes that were lost.
const CONNECTING_PATIENCE: Duration = Duration::from_secs(90);
/// How long the server may take to write an admission down before the person may decide anew: with every try of the
/// request lost but the last. What it writes later counts for nothing by itself.
pub(super) const ADMISSION_PATIENCE: Duration = Duration::from_secs(30);
/// How long a path that fell silent may take to come back before an app that the server forgot joins anew.
pub(super) const REJOIN_PATIENCE: Duration = Duration::from_secs(3);
/// Between two apps of one network a path is found without any server; a slow answer must not hold that up for long.
const ICE_PATIENCE: Duration = Duration::from_secs(3);
