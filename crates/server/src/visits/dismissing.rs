//! Somebody of the staff who may do nothing here any more.

use signaling_protocol::{EndpointId, LeaveReason, Role, StaffId};
use units::Timestamp;

use super::Visits;
use crate::store::Store;

impl<S: Store> Visits<S> {
    /// The apps of this account are out of every visit, whether that can be written or not. Guests stay, as when a host's
    /// connection is lost: a colleague may come.
    pub fn dismiss(&mut self, now: Timestamp, staff: StaffId) {
        let is_theirs = |visit| self.visits.get(&visit).is_some_and(|visit| visit.row.host == staff);
        let theirs: Vec<EndpointId> = self
            .endpoints
            .iter()
            .filter(|(_, one)| one.gone_at.is_none() && one.row.role == Role::Host && is_theirs(one.row.visit))
            .map(|(endpoint, _)| *endpoint)
            .collect();
        for endpoint in theirs {
            self.depart(now, endpoint, LeaveReason::Removed);
        }
    }
}
