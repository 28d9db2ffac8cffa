//! Links: made, taken back, shut for a while, and counted at their codes.

use std::time::Duration;

use ed25519_dalek::VerifyingKey;
use signaling_protocol::{
    Admission, Code, CreateInviteReply, CreateInviteRequest, EndpointId, Event, InviteId, InviteKey, LeaveReason,
    LinkWindow, Role, TriesReply, VisitId,
};
use units::Timestamp;

use super::command::StaffMember;
use super::{Visits, draw};
use crate::store::{Change, InviteRow, Store, VisitRow};

/// The longest life of a link. A quarter: follow-up appointments are made that far ahead.
const LONGEST_INVITE: Duration = Duration::from_secs(92 * 24 * 3600);

/// How far ahead a link may open: somewhat more than the yearly visit.
const FARTHEST_OPENING: Duration = Duration::from_secs(400 * 24 * 3600);

impl<S: Store> Visits<S> {
    pub(super) fn create_invite(
        &mut self,
        now: Timestamp,
        by: StaffMember,
        visit: VisitId,
        request: CreateInviteRequest,
    ) -> Result<CreateInviteReply, Code> {
        self.visit_of(by, visit)?;
        let life = Duration::from_secs(request.expires_in_secs);
        let opens = request.opens_unix_secs.unwrap_or(0).saturating_mul(1_000_000);
        let latest = self.unix_micros(now + FARTHEST_OPENING);
        if life.is_zero() || life > LONGEST_INVITE || opens > latest || !is_usable(&request.invite_key) {
            return Err(Code::Malformed);
        }
        // The key is drawn afresh for every link, so the same key is the same request, sent again.
        let known = self.invites.values().find(|row| row.visit == visit && row.key == request.invite_key);
        if let Some(row) = known {
            return Ok(CreateInviteReply { invite: row.invite });
        }
        let replaced = match request.replaces {
            Some(invite) => Some(self.invite_of(visit, invite)?),
            None => None,
        };
        let row = InviteRow {
            invite: InviteId::from_random(draw(&mut self.rng)),
            visit,
            key: request.invite_key,
            // From when it opens, or from now if that is over.
            expires_unix_micros: self.unix_micros(now).max(opens).saturating_add(life.as_micros() as u64),
            opens_unix_micros: opens,
            role: request.role,
            revoked: false,
            tries: 0,
        };
        self.take_back(now, replaced, Some(row.clone()))?;
        let invite = row.invite;
        self.remember_invite(row);
        self.changed();
        Ok(CreateInviteReply { invite })
    }

    /// A link leads nowhere from now on, and who came by it goes.
    pub(super) fn revoke_invite(
        &mut self,
        now: Timestamp,
        by: StaffMember,
        visit: VisitId,
        invite: InviteId,
    ) -> Result<(), Code> {
        self.visit_of(by, visit)?;
        let row = self.invite_of(visit, invite)?;
        if row.revoked {
            return Ok(());
        }
        self.take_back(now, Some(row), None)
    }

    /// Whether anybody new may come in.
    pub(super) fn lock(&mut self, by: EndpointId, locked: bool) -> Result<(), Code> {
        let visit = self.present_host(by)?;
        let row = self.visits.get(&visit).ok_or(Code::VisitNotFound)?.row.clone();
        if row.locked == locked {
            return Ok(());
        }
        self.rewrite(VisitRow { locked, ..row })?;
        for host in self.hosts_of(visit) {
            self.tell(host, Event::Locked { locked });
        }
        Ok(())
    }

    /// One more try at the code of the link by which this guest came. Counted here and written down before anything is
    /// compared, so that neither another device nor another start of the app gives a try back.
    pub(super) fn count_try(&mut self, by: EndpointId, endpoint: EndpointId) -> Result<TriesReply, Code> {
        let visit = self.present_host(by)?;
        let guest = self.endpoints.get(&endpoint).filter(|one| one.row.visit == visit && one.gone_at.is_none());
        let invite = guest.and_then(|one| one.row.invite).ok_or(Code::EndpointNotFound)?;
        let row = self.invite_of(visit, invite)?;
        let row = InviteRow { tries: row.tries.saturating_add(1), ..row };
        self.write(&[Change::Invite(row.clone())])?;
        let used = row.tries;
        self.invites.insert(invite, row);
        Ok(TriesReply { used })
    }

    /// Whether somebody new may come in by this link.
    pub(super) fn is_unlocked(&self, row: &InviteRow, replaces_somebody: bool) -> Result<(), Code> {
        let locked = self.visits.get(&row.visit).is_some_and(|known| known.row.locked);
        let was_admitted = || {
            let members = self.visits.get(&row.visit).map(|known| &known.members).into_iter().flatten();
            let mut came = members.filter_map(|id| self.endpoints.get(id)).map(|one| &one.row);
            came.any(|one| one.invite == Some(row.invite) && one.admission == Admission::Admitted)
        };
        if locked && !replaces_somebody && !was_admitted() { Err(Code::VisitLocked) } else { Ok(()) }
    }

    /// The links of this visit that are not taken back, as they are when they are good at another time.
    pub(super) fn moved_invites(
        &self,
        now: Timestamp,
        visit: VisitId,
        LinkWindow { opens_unix_secs, expires_unix_secs }: LinkWindow,
    ) -> Result<Vec<InviteRow>, Code> {
        let [opens, expires] = [opens_unix_secs, expires_unix_secs].map(|secs| secs.saturating_mul(1_000_000));
        let latest = self.unix_micros(now + FARTHEST_OPENING);
        let life = Duration::from_micros(expires.saturating_sub(opens.max(self.unix_micros(now))));
        if life.is_zero() || life > LONGEST_INVITE || opens > latest {
            return Err(Code::Malformed);
        }
        let moved =
            |row: &InviteRow| InviteRow { opens_unix_micros: opens, expires_unix_micros: expires, ..row.clone() };
        Ok(self.invites.values().filter(|row| row.visit == visit && !row.revoked).map(moved).collect())
    }

    /// These links of a visit are as they were written.
    pub(super) fn replace_invites(&mut self, visit: VisitId, rows: Vec<InviteRow>) {
        if rows.is_empty() {
            return;
        }
        for row in rows {
            self.invites.insert(row.invite, row);
        }
        let ends = self.invites.values().filter(|row| row.visit == visit).map(|row| row.expires_unix_micros).max();
        let ends = self.timestamp(ends.unwrap_or_default());
        if let Some(known) = self.visits.get_mut(&visit) {
            known.links_end = ends;
        }
    }

    /// A link of this visit.
    fn invite_of(&self, visit: VisitId, invite: InviteId) -> Result<InviteRow, Code> {
        self.invites.get(&invite).filter(|row| row.visit == visit).cloned().ok_or(Code::InviteNotUsable)
    }

    /// Writes in one step that `old` is taken back and `new` is there. Who came by the old one goes.
    fn take_back(&mut self, now: Timestamp, old: Option<InviteRow>, new: Option<InviteRow>) -> Result<(), Code> {
        let came = |old: &InviteRow| {
            let invite = old.invite;
            self.there(old.visit, |one| one.row.role == Role::Guest && one.row.invite == Some(invite))
        };
        let out = old.as_ref().map(came).unwrap_or_default();
        let old = old.map(|row| InviteRow { revoked: true, ..row });
        let mut changes: Vec<_> = out.iter().filter_map(|id| self.going(*id, LeaveReason::Removed)).collect();
        changes.extend(old.iter().chain(&new).cloned().map(Change::Invite));
        self.write(&changes)?;
        for endpoint in out {
            self.take_out(now, endpoint, LeaveReason::Removed);
        }
        if let Some(row) = old {
            self.invites.insert(row.invite, row);
        }
        self.changed();
        Ok(())
    }
}

fn is_usable(key: &InviteKey) -> bool {
    VerifyingKey::from_bytes(&key.0).is_ok_and(|key| !key.is_weak())
}
