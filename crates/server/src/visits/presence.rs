//! Who is there: streams that open and close, and what happens when nobody comes back.

use signaling_protocol::{Admission, Code, EndReason, EndpointId, Event, LeaveReason, Role, VisitId, VisitState};
use std::collections::BTreeSet;
use units::Timestamp;

use super::Visits;
use crate::store::{Change, Store, VisitRow};

/// One event stream or long-poll of an endpoint; the newest wins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StreamId(u64);

/// How a stream ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Closed {
    /// The connection is gone.
    Broken,
    /// A long-poll was answered; the next one is on its way.
    Answered,
}

/// Whether an endpoint is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Presence {
    /// It has a stream.
    Here { stream: StreamId },
    /// It has none; the others do not know yet.
    Leaving { since: Timestamp, announce_at: Timestamp },
    /// It has none, and the others know.
    Away { since: Timestamp },
}

impl<S: Store> Visits<S> {
    /// An endpoint opens a stream or a long-poll, which takes the place of an older one.
    ///
    /// # Errors
    /// [`Code::NotSignedIn`] if there is no such endpoint any more.
    pub fn stream_opened(&mut self, now: Timestamp, endpoint: EndpointId) -> Result<StreamId, Code> {
        let known = self.endpoints.get_mut(&endpoint).ok_or(Code::NotSignedIn)?;
        self.last_stream += 1;
        let stream = StreamId(self.last_stream);
        let before = std::mem::replace(&mut known.presence, Presence::Here { stream });
        let visit = known.row.visit;
        self.woken.insert(endpoint);
        if known.gone_at.is_none() {
            if matches!(before, Presence::Away { .. }) {
                self.tell_others(endpoint, &Event::Back { endpoint });
            }
            self.settle(now, visit);
        }
        Ok(stream)
    }

    /// Whether `stream` is the newest of `endpoint`; an older one is to be closed.
    pub fn is_newest(&self, endpoint: EndpointId, stream: StreamId) -> bool {
        self.endpoints.get(&endpoint).is_some_and(|known| known.presence == Presence::Here { stream })
    }

    /// A stream or a long-poll ended. If it was the newest, its endpoint has a moment to come back before others hear.
    pub fn stream_closed(&mut self, now: Timestamp, endpoint: EndpointId, stream: StreamId, how: Closed) {
        if !self.is_newest(endpoint, stream) {
            return;
        }
        let timing = &self.config.timing;
        let patience = match how {
            Closed::Broken => timing.away_after_stream,
            Closed::Answered => timing.away_after_poll,
        };
        if let Some(known) = self.endpoints.get_mut(&endpoint) {
            known.presence = Presence::Leaving { since: now, announce_at: now + patience };
        }
    }

    /// Lets pass what time brings: somebody is away, is gone for good, a visit is over.
    pub fn handle_timeout(&mut self, now: Timestamp) {
        if self.write_again <= now {
            self.write_even_later(now, Vec::new());
        }
        self.joins.retain(|_, (until, _)| *until > now);
        for id in self.endpoints.keys().copied().collect::<Vec<_>>() {
            self.time_passes_for(now, id);
        }
        let over: Vec<_> = self.going_on.iter().filter_map(|id| Some((*id, self.end_of(*id)?))).collect();
        for (visit, (at, reason)) in over {
            if at <= now {
                self.finish(now, visit, reason);
            }
        }
        self.forget_visits(now);
    }

    /// When [`Self::handle_timeout`] is to be called next, if ever.
    pub fn poll_timeout(&self) -> Option<Timestamp> {
        let endpoints = self.endpoints.keys().filter_map(|id| self.next_of(*id));
        let visits = self.going_on.iter().filter_map(|id| self.end_of(*id)).map(|(at, _)| at);
        let oldest = self.over.first().map(|(ended, _)| self.forgotten_at(*ended));
        let joins = self.joins.values().map(|(until, _)| *until);
        let writes = Some(self.write_again).filter(|at| *at != Timestamp::NEVER);
        endpoints.chain(visits).chain(oldest).chain(joins).chain(writes).min()
    }

    /// Notes whether somebody is there, and pauses or resumes the visit accordingly.
    pub(super) fn settle(&mut self, now: Timestamp, visit: VisitId) {
        self.changed();
        let Some(known) = self.visits.get_mut(&visit) else { return };
        let mut members = known.members.iter().filter_map(|id| self.endpoints.get(id));
        let somebody = members.any(|one| one.gone_at.is_none() && !matches!(one.presence, Presence::Away { .. }));
        let mut members = known.members.iter().filter_map(|id| self.endpoints.get(id));
        let a_guest = members.any(|one| one.gone_at.is_none() && one.row.role == Role::Guest);
        known.empty_since = if somebody { None } else { known.empty_since.or(Some(now)) };
        known.no_guest_since = if a_guest { None } else { known.no_guest_since.or(Some(now)) };
        let state = match (known.row.state, somebody) {
            (VisitState::Active, false) => VisitState::Paused,
            (VisitState::Paused, true) => VisitState::Active,
            (state, _) => state,
        };
        if state != known.row.state {
            let row = VisitRow { state, ..known.row.clone() };
            self.write_even_later(now, vec![Change::Visit(row)]);
            self.enter_state(visit, state, None);
        }
    }

    fn time_passes_for(&mut self, now: Timestamp, endpoint: EndpointId) {
        if self.next_of(endpoint).is_none_or(|at| at > now) {
            return;
        }
        let Some(known) = self.endpoints.get_mut(&endpoint) else { return };
        let visit = known.row.visit;
        if known.gone_at.is_some() {
            self.forget(now, endpoint);
            return;
        }
        if let Presence::Leaving { since, .. } = known.presence {
            known.presence = Presence::Away { since };
            self.tell_others(endpoint, &Event::Away { endpoint });
            self.settle(now, visit);
        }
        // Time may have passed in one long step.
        if self.next_of(endpoint).is_some_and(|at| at <= now) {
            self.depart(now, endpoint, LeaveReason::ConnectionLost);
        }
    }

    /// When something happens for an endpoint of itself.
    fn next_of(&self, endpoint: EndpointId) -> Option<Timestamp> {
        let known = self.endpoints.get(&endpoint)?;
        let timing = &self.config.timing;
        if let Some(gone_at) = known.gone_at {
            return Some(gone_at + timing.linger);
        }
        match known.presence {
            Presence::Here { .. } => None,
            Presence::Leaving { announce_at, .. } => Some(announce_at),
            Presence::Away { since } => Some(match known.row.admission {
                Admission::Waiting => since + timing.waiting_grace,
                Admission::Admitted => since + timing.admitted_grace,
            }),
        }
    }

    /// When a visit ends of itself, and why.
    fn end_of(&self, visit: VisitId) -> Option<(Timestamp, EndReason)> {
        let known = self.visits.get(&visit)?;
        let timing = &self.config.timing;
        let micros = known.row.planned.as_ref().map_or(0, |planned| planned.end_unix_secs().saturating_mul(1_000_000));
        let planned_end = self.timestamp(micros);
        // Somebody who waits or is away may come back: only of a host alone it is known that nothing goes on.
        let since_idle = known.no_guest_since.map(|since| since + timing.idle_after);
        let (nobody, idle) = match known.row.state {
            VisitState::Ended => return None,
            VisitState::Active | VisitState::Paused => {
                (known.empty_since.map(|since| (since + timing.abandoned_after, EndReason::Abandoned)), since_idle)
            }
            VisitState::Scheduled | VisitState::Open => {
                let over = known.links_end.max(planned_end + timing.unused_after);
                let expired =
                    known.empty_since.map(|since| ((since + timing.unused_after).max(over), EndReason::Expired));
                let idle = since_idle.map(|at| at.max(known.links_end).max(planned_end + timing.idle_after));
                // Nobody's host is there to be idle.
                (expired, idle.filter(|_| known.empty_since.is_none()))
            }
        };
        let idle = idle.map(|at| (at, EndReason::Abandoned));
        nobody.into_iter().chain(idle).min_by_key(|(at, _)| *at)
    }

    /// When a visit that ended then is forgotten.
    fn forgotten_at(&self, ended_unix_micros: u64) -> Timestamp {
        // Added to the Unix time: a visit may have ended long before this program's clock began.
        let span = u64::try_from(self.config.timing.forget_after.as_micros()).unwrap_or(u64::MAX);
        self.timestamp(ended_unix_micros.saturating_add(span))
    }

    /// Forgets the visits that ended long ago: a link to one of them leads nowhere from now on. What is to be known of them
    /// for longer is to be written elsewhere, when it happens.
    fn forget_visits(&mut self, now: Timestamp) {
        let mut forgotten = BTreeSet::new();
        while let Some(&(ended, visit)) = self.over.first()
            && self.forgotten_at(ended) <= now
        {
            self.over.pop_first();
            forgotten.insert(visit);
        }
        if forgotten.is_empty() {
            return;
        }
        self.write_even_later(now, forgotten.iter().copied().map(Change::ForgetVisit).collect());
        self.visits.retain(|visit, _| !forgotten.contains(visit));
        self.endpoints.retain(|_, known| !forgotten.contains(&known.row.visit));
        self.tokens.retain(|_, owner| self.endpoints.contains_key(owner));
        self.invites.retain(|_, row| !forgotten.contains(&row.visit));
        self.denied.retain(|invite| self.invites.contains_key(invite));
        self.proven_joins.retain(|invite, _| self.invites.contains_key(invite));
    }

    /// Nobody can ask for it any more. Only the row of somebody denied stays: it keeps the link shut.
    fn forget(&mut self, now: Timestamp, endpoint: EndpointId) {
        let Some(known) = self.endpoints.remove(&endpoint) else { return };
        let denied = known.row.invite.is_some_and(|invite| self.denied.contains(&invite));
        if !(denied && known.row.gone == Some(LeaveReason::Removed)) {
            self.write_even_later(now, vec![Change::ForgetEndpoint(endpoint)]);
        }
        self.tokens.retain(|_, owner| *owner != endpoint);
        if let Some(visit) = self.visits.get_mut(&known.row.visit) {
            visit.members.remove(&endpoint);
        }
        self.woken.insert(endpoint);
    }
}
