//! Breaking the glass: a clinician takes over the visit of a colleague who cannot hand it over.

use signaling_protocol::{
    Base64, Code, NoteCommitment, StaffId, TakeOverId, TakeOverReason, TakeOverReply, VisitId, VisitState, VisitsReply,
};
use tracing::warn;
use units::Timestamp;

use super::{Visits, draw};
use crate::store::{Change, Store, TakeOverRow, VisitRow};

impl<S: Store> Visits<S> {
    /// Whether this clinician may take the visit over: from whom, or, asked again because the answer got lost, by what they
    /// did. To be asked before they prove who they are, so that nobody's digits are used up for nothing.
    ///
    /// # Errors
    /// There is no such visit, it is over, or it is nobody's or their own.
    pub fn may_take_over(
        &self,
        by: StaffId,
        visit: VisitId,
        commitment: &NoteCommitment,
    ) -> Result<Result<StaffId, TakeOverReply>, Code> {
        let known = self.visits.get(&visit).ok_or(Code::VisitNotFound)?;
        let is_it = |taken: &&TakeOverRow| taken.by == by && taken.commitment == *commitment;
        match (known.row.host, known.taken_over.as_ref().filter(is_it)) {
            (Some(host), Some(taken)) if host == by => Ok(Err(TakeOverReply { take_over: taken.take_over })),
            _ if known.row.state == VisitState::Ended => Err(Code::VisitEnded),
            (Some(host), _) if host != by => Ok(Ok(host)),
            _ => Err(Code::TakeOverNotNeeded),
        }
    }

    /// The visit is this clinician's from now on. A host who is there goes, also in the middle of a call: the glass is broken
    /// when the one who could hand over cannot. Guests stay where they are.
    pub(super) fn take_over(
        &mut self,
        now: Timestamp,
        by: StaffId,
        visit: VisitId,
        (reason, commitment, sealed): (TakeOverReason, NoteCommitment, Base64),
    ) -> Result<TakeOverReply, Code> {
        let from = match self.may_take_over(by, visit, &commitment)? {
            Ok(from) => from,
            Err(reply) => return Ok(reply),
        };
        let Some(row) = self.visits.get(&visit).map(|known| known.row.clone()) else { return Err(Code::VisitNotFound) };
        let take_over = TakeOverId::from_random(draw(&mut self.rng));
        let at_unix_micros = self.unix_micros(now);
        let taken = TakeOverRow { take_over, visit, by, from, reason, commitment, at_unix_micros };
        self.give(now, VisitRow { host: Some(by), ..row }, Some(Change::TakeOver(taken, sealed)))?;
        if let Some(known) = self.visits.get_mut(&visit) {
            known.taken_over = Some(taken);
        }
        warn!(%visit, staff = %by, ?reason, "a visit was taken over: it is to be reviewed");
        Ok(TakeOverReply { take_over })
    }

    /// What this clinician could take over: colleagues' visits that are not over, without their links.
    pub fn list_of_colleagues(&self, now: Timestamp, by: StaffId, from: u64, until: u64) -> VisitsReply {
        let is_one = |row: &VisitRow| row.state != VisitState::Ended && row.host.is_some_and(|host| host != by);
        let mut reply = self.listed_where(now, (from, until), is_one);
        for listed in &mut reply.visits {
            listed.invites.clear();
        }
        reply
    }
}
