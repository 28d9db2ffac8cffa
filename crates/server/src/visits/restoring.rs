//! The rows of an earlier life of the server become visits again.

use std::time::Duration;

use signaling_protocol::{Admission, Event, LeaveReason, Role, VisitState};
use units::Timestamp;

use super::endpoint::Endpoint;
use super::{Visit, Visits};
use crate::store::{EndpointRow, InviteRow, Store, VisitRow};

/// How old an endpoint that is gone may be to hear why after a restart of the server.
const REMEMBERED_AFTER_RESTART: Duration = Duration::from_secs(24 * 3600);

impl<S: Store> Visits<S> {
    pub(super) fn restore_visit(&mut self, now: Timestamp, row: VisitRow) {
        match row.ended_unix_micros {
            Some(ended) => drop(self.over.insert((ended, row.visit))),
            None => drop(self.going_on.insert(row.visit)),
        }
        let visit = Visit::new(row, Some(now), Timestamp::ZERO);
        self.visits.insert(visit.row.visit, visit);
    }

    pub(super) fn remember_invite(&mut self, row: InviteRow) {
        let ends = self.timestamp(row.expires_unix_micros);
        if let Some(visit) = self.visits.get_mut(&row.visit) {
            visit.links_end = visit.links_end.max(ends);
            self.invites.insert(row.invite, row);
        }
    }

    pub(super) fn restore_endpoint(&mut self, now: Timestamp, row: EndpointRow) {
        let Some(visit) = self.visits.get_mut(&row.visit) else { return };
        let over = visit.row.state == VisitState::Ended || row.gone.is_some();
        if is_denial(&row) {
            self.denied.extend(row.invite);
        }
        let age = self.config.origin_unix_micros.saturating_add(now.as_micros()).saturating_sub(row.joined_unix_micros);
        if over && Duration::from_micros(age) > REMEMBERED_AFTER_RESTART {
            return;
        }
        visit.members.insert(row.endpoint);
        if !over {
            visit.empty_since = None;
            visit.no_guest_since.take_if(|_| row.role == Role::Guest);
        }
        let id = row.endpoint;
        let (state, reason) = (visit.row.state, visit.row.ended);
        let farewell = match row.gone {
            Some(LeaveReason::Removed) => Some(Endpoint::farewell(row.admission)),
            _ if state == VisitState::Ended => Some(Event::Visit { state, reason }),
            _ => None,
        };
        let endpoint = Endpoint::new(now, row, &self.config, self.first_cursor, over);
        self.endpoints.insert(id, endpoint);
        if let Some(event) = farewell {
            self.tell(id, event);
        }
    }
}

/// Whether the row says that the host did not let somebody in; it is kept for as long as the link is.
fn is_denial(row: &EndpointRow) -> bool {
    row.gone == Some(LeaveReason::Removed) && row.admission == Admission::Waiting
}
