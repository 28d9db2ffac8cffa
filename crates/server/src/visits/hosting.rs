//! Who is let in, who goes, and how a visit ends.

use signaling_protocol::{Admission, Code, EndReason, EndpointId, Event, LeaveReason, Role, VisitId, VisitState};
use tracing::info;
use units::Timestamp;

use super::Visits;
use super::endpoint::Endpoint;
use crate::store::{Change, EndpointRow, Store, VisitRow};

impl<S: Store> Visits<S> {
    pub(super) fn admit(&mut self, now: Timestamp, by: EndpointId, endpoint: EndpointId) -> Result<(), Code> {
        let visit = self.present_host(by)?;
        let row = self.member(visit, endpoint)?.row.clone();
        if row.admission == Admission::Admitted {
            return Ok(());
        }
        if self.count(visit, Admission::Admitted) >= self.config.limits.endpoints_per_visit {
            return Err(Code::VisitFull);
        }
        let admitted = EndpointRow { admission: Admission::Admitted, ..row };
        let active = VisitRow { state: VisitState::Active, ..self.visits[&visit].row.clone() };
        self.write(&[Change::Endpoint(admitted.clone()), Change::Visit(active)])?;
        if let Some(known) = self.endpoints.get_mut(&endpoint) {
            known.row = admitted;
        }
        self.tell(endpoint, Event::Admitted { endpoint });
        self.tell_others(endpoint, &Event::Admitted { endpoint });
        self.enter_state(visit, VisitState::Active, None);
        self.settle(now, visit);
        self.offer_relay(visit);
        Ok(())
    }

    pub(super) fn deny(&mut self, now: Timestamp, by: EndpointId, endpoint: EndpointId) -> Result<(), Code> {
        // Somebody admitted goes as well: the host's last word counts, also when `admit` was faster than it seemed.
        let Some(_) = self.put_out_target(by, endpoint)? else { return Ok(()) };
        let Some(row) = self.endpoints.get(&endpoint).map(|known| known.row.clone()) else { return Ok(()) };
        let invite = row.invite;
        // Never let in, whatever it was for a moment: so the link stays shut after a restart as well.
        let denied = EndpointRow { admission: Admission::Waiting, gone: Some(LeaveReason::Removed), ..row };
        self.write(&[Change::Endpoint(denied)])?;
        self.denied.extend(invite);
        self.take_out(now, endpoint, LeaveReason::Removed);
        Ok(())
    }

    pub(super) fn remove(&mut self, now: Timestamp, by: EndpointId, endpoint: EndpointId) -> Result<(), Code> {
        match self.put_out_target(by, endpoint)? {
            Some(_) => self.put_out(now, endpoint),
            None => Ok(()),
        }
    }

    pub(super) fn end(&mut self, now: Timestamp, by: EndpointId) -> Result<(), Code> {
        // Asked again, because the answer got lost: it is over, as wished.
        match self.present_host(by) {
            Err(Code::VisitEnded) => Ok(()),
            Err(code) => Err(code),
            Ok(visit) => {
                self.finish(now, visit, EndReason::HostEnded);
                Ok(())
            }
        }
    }

    pub(super) fn leave(&mut self, now: Timestamp, by: EndpointId) -> Result<(), Code> {
        match self.present(by) {
            Err(Code::VisitEnded) => Ok(()),
            Err(code) if self.endpoints.contains_key(&by) => {
                // Gone already, however that came.
                (code == Code::NotSignedIn).then_some(()).ok_or(code)
            }
            Err(code) => Err(code),
            Ok(_) => {
                self.depart(now, by, LeaveReason::Left);
                Ok(())
            }
        }
    }

    /// Somebody goes whether that can be written or not.
    pub(super) fn depart(&mut self, now: Timestamp, endpoint: EndpointId, reason: LeaveReason) {
        let changes: Vec<_> = self.going(endpoint, reason).into_iter().collect();
        self.write_even_later(now, changes);
        self.take_out(now, endpoint, reason);
    }

    /// The visit is over, for all.
    pub(super) fn finish(&mut self, now: Timestamp, visit: VisitId, reason: EndReason) {
        let ended = self.unix_micros(now);
        let Some(known) = self.visits.get_mut(&visit) else { return };
        info!(%visit, ?reason, "visit ended");
        known.row.ended_unix_micros = Some(ended);
        let row = VisitRow { state: VisitState::Ended, ended: Some(reason), ..known.row.clone() };
        let members = known.members.clone();
        self.write_even_later(now, vec![Change::Visit(row)]);
        self.enter_state(visit, VisitState::Ended, Some(reason));
        self.going_on.remove(&visit);
        self.over.insert((ended, visit));
        for id in members {
            if let Some(endpoint) = self.endpoints.get_mut(&id) {
                endpoint.gone_at.get_or_insert(now);
            }
        }
    }

    /// Everybody in the visit hears that it is somewhere else in its life. The row has been written.
    pub(super) fn enter_state(&mut self, visit: VisitId, state: VisitState, reason: Option<EndReason>) {
        let Some(known) = self.visits.get_mut(&visit) else { return };
        if known.row.state == state {
            return;
        }
        self.version += 1;
        known.row.state = state;
        known.row.ended = reason;
        for id in known.members.clone() {
            if self.endpoints.get(&id).is_some_and(|one| one.gone_at.is_none()) {
                self.tell(id, Event::Visit { state, reason });
            }
        }
    }

    /// What is to be written when somebody goes.
    pub(super) fn going(&self, endpoint: EndpointId, reason: LeaveReason) -> Option<Change> {
        let known = self.endpoints.get(&endpoint)?;
        Some(Change::Endpoint(EndpointRow { gone: Some(reason), ..known.row.clone() }))
    }

    /// Somebody is out, and hears it if it was not their own doing; the others hear it too. The row has been written.
    pub(super) fn take_out(&mut self, now: Timestamp, endpoint: EndpointId, reason: LeaveReason) {
        let Some(known) = self.endpoints.get_mut(&endpoint) else { return };
        known.gone_at = Some(now);
        known.row.gone = Some(reason);
        let (visit, admission) = (known.row.visit, known.row.admission);
        if reason == LeaveReason::Removed {
            self.tell(endpoint, Endpoint::farewell(admission));
        }
        self.woken.insert(endpoint);
        self.tell_others(endpoint, &Event::Left { endpoint, reason });
        self.settle(now, visit);
        self.offer_relay(visit);
    }

    /// How many are in the visit and stand there.
    pub(super) fn count(&self, visit: VisitId, admission: Admission) -> usize {
        let members = self.visits.get(&visit).map(|visit| &visit.members).into_iter().flatten();
        let members = members.filter_map(|id| self.endpoints.get(id));
        members.filter(|one| one.gone_at.is_none() && one.row.admission == admission).count()
    }

    /// Somebody who is in this visit.
    fn member(&self, visit: VisitId, endpoint: EndpointId) -> Result<&Endpoint, Code> {
        let known = self.endpoints.get(&endpoint).filter(|one| one.row.visit == visit && one.gone_at.is_none());
        known.ok_or(Code::EndpointNotFound)
    }

    /// Where the guest stands whom the host wants out; none if they are out already.
    fn put_out_target(&self, by: EndpointId, endpoint: EndpointId) -> Result<Option<Admission>, Code> {
        let visit = self.present_host(by)?;
        let known = self.endpoints.get(&endpoint).filter(|one| one.row.visit == visit).ok_or(Code::EndpointNotFound)?;
        if known.row.role == Role::Host {
            return Err(Code::NotAllowed);
        }
        Ok(known.gone_at.is_none().then_some(known.row.admission))
    }

    fn put_out(&mut self, now: Timestamp, endpoint: EndpointId) -> Result<(), Code> {
        let changes: Vec<_> = self.going(endpoint, LeaveReason::Removed).into_iter().collect();
        self.write(&changes)?;
        self.take_out(now, endpoint, LeaveReason::Removed);
        Ok(())
    }
}
