//! Who may use a relay: who is admitted, and the next two who wait, to whom the host's app already opens a path.

use signaling_protocol::{Admission, Code, EndpointId, Event, VisitId};

use super::Visits;
use crate::store::Store;

/// As many as the host's app warms a path to (ARCHITECTURE.md, "Admission").
const NEXT: usize = 2;

impl<S: Store> Visits<S> {
    /// Whether an endpoint may use a relay. If not, it hears `ice_refresh` when it may.
    pub(super) fn ice(&mut self, by: EndpointId) -> Result<bool, Code> {
        let row = &self.present(by)?.row;
        let visit = row.visit;
        let may = row.admission == Admission::Admitted || self.next_who_wait(visit).contains(&by);
        if let Some(known) = self.endpoints.get_mut(&by) {
            known.wants_relay = !may;
        }
        Ok(may)
    }

    /// Whether an endpoint is in its visit, and the visit not over: what it was given before is good as long.
    pub fn is_present(&self, endpoint: EndpointId) -> bool {
        self.present(endpoint).is_ok()
    }

    /// Tells those who wait and have come to the front that there is a relay for them now.
    pub(super) fn offer_relay(&mut self, visit: VisitId) {
        for id in self.next_who_wait(visit) {
            let wants = self.endpoints.get_mut(&id).is_some_and(|known| std::mem::take(&mut known.wants_relay));
            if wants {
                self.tell(id, Event::IceRefresh);
            }
        }
    }

    /// The first who wait, in the order in which they came.
    fn next_who_wait(&self, visit: VisitId) -> Vec<EndpointId> {
        let members = self.visits.get(&visit).map(|visit| &visit.members).into_iter().flatten();
        let members = members.filter_map(|id| self.endpoints.get(id));
        let waiting = members.filter(|one| one.gone_at.is_none() && one.row.admission == Admission::Waiting);
        let mut waiting: Vec<_> = waiting.map(|one| (one.row.joined_unix_micros, one.row.endpoint)).collect();
        waiting.sort();
        waiting.into_iter().take(NEXT).map(|(_, endpoint)| endpoint).collect()
    }
}
