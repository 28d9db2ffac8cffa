//! Coming in.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ed25519_dalek::VerifyingKey;
use sha2::{Digest, Sha256};
use signaling_protocol::{
    Admission, Base64, Challenge, Code, EndpointId, Event, HostJoinRequest, InviteId, InviteKey, JoinReply,
    JoinRequest, LeaveReason, MeasureByInviteRequest, Role, Signature, StaffId, VersionRange, VisitId, VisitState,
    join_signing_bytes, measure_signing_bytes,
};
use units::{Phi, Timestamp};

use super::command::StaffMember;
use super::endpoint::Endpoint;
use super::presence::Presence;
use super::{JOIN_REPLAY, Visit, Visits, draw, hash_of};
use crate::rate::TokenBucket;
use crate::store::{Change, EndpointRow, InviteRow, Store, TokenHash, VisitRow};

/// Joins with a proof that write something, by link: ten at once, then one every so often. An app that is started again
/// and again by its user stays below that.
const PROVEN_JOINS: f64 = 10.0;
pub(crate) const PROVEN_JOIN_EVERY: Duration = Duration::from_secs(20);

/// How long somebody admitted keeps their place while away: whoever else has the link could otherwise put a patient out
/// whose stream breaks for a moment. Ten seconds: an app whose network changed is back by then, and a patient whose app was
/// killed has hardly opened the link again. On a link that is gone for longer the two apps go on without a place: they
/// need none to hear each other.
const ADMITTED_KEEPS_PLACE: Duration = Duration::from_secs(10);

impl<S: Store> Visits<S> {
    pub(super) fn join_guest(
        &mut self,
        now: Timestamp,
        invite: InviteId,
        request: JoinRequest,
    ) -> Result<JoinReply, Code> {
        let protocol = self.check_join(request.protocol, &request.bundle)?;
        let row = self.prove(now, invite, &request)?;
        // From here on the caller holds the link and may know the truth about it.
        let visit = self.visit_behind(&row)?;
        let replay = digest(&[invite.as_bytes(), &request.bundle.0]);
        let mut guests = visit.members.iter().filter_map(|id| self.endpoints.get(id));
        let holder = guests.find(|one| one.gone_at.is_none() && one.row.invite == Some(invite));
        let holder = holder.map(|one| (one.row.endpoint, one.row.bundle == request.bundle, one.presence));
        let replaced = match holder {
            Some((endpoint, true, _)) => return self.join_again(now, protocol, endpoint, replay),
            // The app that held the link is not there: its user has come back with another.
            Some((endpoint, false, Presence::Away { since })) if since + self.patience_with(endpoint) <= now => {
                Some(endpoint)
            }
            Some((_, _, Presence::Here { .. })) => return Err(Code::InviteInUse),
            Some(_) => return Err(Code::InvitePlaceKept),
            None => None,
        };
        self.is_in_time(now, &row)?;
        self.is_unlocked(&row, replaced.is_some())?;
        let gives_place = |id| self.endpoints.get(&id).is_some_and(|one| one.row.admission == Admission::Waiting);
        let waiting = self.count(row.visit, Admission::Waiting);
        if waiting - usize::from(replaced.is_some_and(gives_place)) >= self.config.limits.waiting_per_visit {
            return Err(Code::VisitFull);
        }
        self.may_join(now, invite)?;
        let fresh = EndpointRow {
            endpoint: EndpointId::from_random(draw(&mut self.rng)),
            visit: row.visit,
            role: Role::Guest,
            admission: Admission::Waiting,
            invite: Some(invite),
            bundle: request.bundle,
            gone: None,
            joined_unix_micros: self.unix_micros(now),
        };
        let replaced = replaced.map(|endpoint| (endpoint, LeaveReason::ConnectionLost));
        let unchanged = self.visits.get(&fresh.visit).ok_or(Code::VisitNotFound)?.row.clone();
        self.come_in(now, protocol, unchanged, fresh, replaced.as_slice(), replay)
    }

    pub(super) fn join_host(
        &mut self,
        now: Timestamp,
        staff: StaffId,
        visit: VisitId,
        request: HostJoinRequest,
    ) -> Result<JoinReply, Code> {
        let protocol = self.check_join(request.protocol, &request.bundle)?;
        let known = match self.visit_of(StaffMember::own(staff), visit) {
            // Who joins nobody's visit first has it.
            Err(Code::VisitNotFound) => self.nobodys(visit)?,
            known => known?,
        };
        let taken = VisitRow { host: Some(staff), ..known.row.clone() };
        let members = &known.members;
        let replay = digest(&[visit.as_bytes(), &request.bundle.0]);
        let hosts = members.iter().filter_map(|id| self.endpoints.get(id));
        let hosts: Vec<_> = hosts.filter(|one| one.gone_at.is_none() && one.row.role == Role::Host).collect();
        if let Some(same) = hosts.iter().find(|one| one.row.bundle == request.bundle) {
            return self.join_again(now, protocol, same.row.endpoint, replay);
        }
        // An app that comes back by itself must not put out the device that its user went on to.
        if !request.take_over && hosts.iter().any(|one| !matches!(one.presence, Presence::Away { .. })) {
            return Err(Code::HostPresent);
        }
        // One host at a time: the same clinician on another device, or in an app that was started again, takes over.
        let replaced: Vec<_> = hosts.iter().map(|one| (one.row.endpoint, LeaveReason::Removed)).collect();
        let fresh = EndpointRow {
            endpoint: EndpointId::from_random(draw(&mut self.rng)),
            visit,
            role: Role::Host,
            admission: Admission::Admitted,
            invite: None,
            bundle: request.bundle,
            gone: None,
            joined_unix_micros: self.unix_micros(now),
        };
        self.come_in(now, protocol, taken, fresh, &replaced, replay)
    }

    /// What can be refused before looking at any invite.
    fn check_join(&self, versions: VersionRange, bundle: &Base64) -> Result<u16, Code> {
        if bundle.len() > self.config.limits.bundle_bytes {
            return Err(Code::TooLarge);
        }
        if bundle.is_empty() {
            return Err(Code::Malformed);
        }
        versions.common(VersionRange::CURRENT).ok_or(Code::VersionNotSpoken)
    }

    /// The invite, if the request proves that its sender holds the link. Otherwise the same answer for every reason,
    /// after the same work.
    fn prove(&self, now: Timestamp, invite: InviteId, request: &JoinRequest) -> Result<InviteRow, Code> {
        let bytes = join_signing_bytes(invite, &request.challenge, &request.bundle.0);
        self.proven(now, invite, &request.challenge, &bytes, &request.signature)
    }

    /// The invite whose key has signed these bytes, over a challenge that is good.
    fn proven(
        &self,
        now: Timestamp,
        invite: InviteId,
        challenge: &Challenge,
        bytes: &[u8],
        signature: &Signature,
    ) -> Result<InviteRow, Code> {
        let row = self.invites.get(&invite);
        let key = row.map_or(&self.nobodys_key, |row| &row.key);
        let signed = is_signed(key, bytes, signature);
        let fresh = self.challenger.is_good(self.unix_micros(now), invite, challenge);
        match row {
            Some(row) if signed && fresh => Ok(row.clone()),
            _ => Err(Code::InviteNotUsable),
        }
    }

    /// Whether the request proves that its sender holds a link that leads somewhere still; it changes nothing.
    ///
    /// # Errors
    /// As of a join: without a proof the same for every reason, with one the truth.
    pub fn holds_link(&self, now: Timestamp, invite: InviteId, request: &MeasureByInviteRequest) -> Result<(), Code> {
        let bytes = measure_signing_bytes(invite, &request.challenge);
        let row = self.proven(now, invite, &request.challenge, &bytes, &request.signature)?;
        self.visit_behind(&row)?;
        self.is_in_time(now, &row)
    }

    /// When this link opens, in seconds of Unix time: for whoever was told `invite_too_early`, and so has proved to hold it.
    pub fn opens_unix_secs(&self, invite: InviteId) -> Option<u64> {
        self.invites.get(&invite).map(|row| row.opens_unix_micros / 1_000_000)
    }

    /// The visit that a link leads to, if it still leads to one.
    fn visit_behind(&self, row: &InviteRow) -> Result<&Visit, Code> {
        let visit = self.visits.get(&row.visit).ok_or(Code::InviteNotUsable)?;
        if self.denied.contains(&row.invite) {
            return Err(Code::InviteNotUsable);
        }
        if visit.row.state == VisitState::Ended {
            return Err(Code::VisitEnded);
        }
        if row.revoked {
            return Err(Code::InviteRevoked);
        }
        Ok(visit)
    }

    fn is_in_time(&self, now: Timestamp, row: &InviteRow) -> Result<(), Code> {
        let unix_micros = self.unix_micros(now);
        if unix_micros < row.opens_unix_micros {
            return Err(Code::InviteTooEarly);
        }
        if unix_micros >= row.expires_unix_micros { Err(Code::InviteExpired) } else { Ok(()) }
    }

    /// How long somebody must be away before another app with the same link takes their place.
    fn patience_with(&self, endpoint: EndpointId) -> Duration {
        match self.endpoints.get(&endpoint).map(|known| known.row.admission) {
            Some(Admission::Admitted) => ADMITTED_KEEPS_PLACE,
            _ => Duration::ZERO,
        }
    }

    /// Whether whoever holds this link may write rows once more.
    fn may_join(&mut self, now: Timestamp, invite: InviteId) -> Result<(), Code> {
        self.proven_joins.retain(|_, bucket| !bucket.is_full(now));
        let fresh = || TokenBucket::new(now, PROVEN_JOINS, 1.0 / PROVEN_JOIN_EVERY.as_secs_f64());
        let bucket = self.proven_joins.entry(invite).or_insert_with(fresh);
        if bucket.take(now, 1.0) { Ok(()) } else { Err(Code::TooManyRequests) }
    }

    /// The same app once more: its answer got lost. It is the same endpoint and stands where it stood.
    fn join_again(
        &mut self,
        now: Timestamp,
        protocol: u16,
        endpoint: EndpointId,
        replay: [u8; 32],
    ) -> Result<JoinReply, Code> {
        if let Some((_, reply)) = self.joins.get(&replay).filter(|(_, reply)| reply.endpoint == endpoint) {
            return Ok(reply.clone());
        }
        let row = self.present(endpoint)?.row.clone();
        if let Some(invite) = row.invite {
            self.may_join(now, invite)?;
        }
        let (token, hash) = self.draw_token();
        self.write(&[Change::Token(hash, endpoint)])?;
        self.tokens.retain(|_, owner| *owner != endpoint);
        Ok(self.joined(now, protocol, &row, token, hash, replay))
    }

    /// A new endpoint comes in to the visit, which may be its host's from now on, and those whom it replaces go.
    fn come_in(
        &mut self,
        now: Timestamp,
        protocol: u16,
        visit: VisitRow,
        row: EndpointRow,
        replaced: &[(EndpointId, LeaveReason)],
        replay: [u8; 32],
    ) -> Result<JoinReply, Code> {
        let state = if visit.state == VisitState::Scheduled { VisitState::Open } else { visit.state };
        let (token, hash) = self.draw_token();
        let mut changes: Vec<_> = replaced.iter().filter_map(|(id, reason)| self.going(*id, *reason)).collect();
        changes.extend([
            Change::Visit(VisitRow { state, ..visit.clone() }),
            Change::Endpoint(row.clone()),
            Change::Token(hash, row.endpoint),
        ]);
        self.write(&changes)?;
        for (id, reason) in replaced {
            self.take_out(now, *id, *reason);
        }
        let endpoint = Endpoint::new(now, row.clone(), &self.config, self.first_cursor, false);
        let participant = endpoint.participant();
        self.endpoints.insert(row.endpoint, endpoint);
        if let Some(known) = self.visits.get_mut(&row.visit) {
            known.members.insert(row.endpoint);
            known.row.host = visit.host;
            known.empty_since = None;
        }
        self.tell_others(row.endpoint, &Event::Joined { participant });
        self.enter_state(row.visit, state, None);
        self.settle(now, row.visit);
        Ok(self.joined(now, protocol, &row, token, hash, replay))
    }

    /// The answer to a join, remembered for a while.
    fn joined(
        &mut self,
        now: Timestamp,
        protocol: u16,
        row: &EndpointRow,
        token: Phi<String>,
        hash: TokenHash,
        replay: [u8; 32],
    ) -> JoinReply {
        self.tokens.insert(hash, row.endpoint);
        let reply = JoinReply {
            protocol,
            visit: row.visit,
            endpoint: row.endpoint,
            endpoint_token: token,
            role: row.role,
            limits: self.config.limits,
            // Said by whoever knows how the server relays.
            relay_only: false,
        };
        self.joins.insert(replay, (now + JOIN_REPLAY, reply.clone()));
        reply
    }

    fn draw_token(&mut self) -> (Phi<String>, TokenHash) {
        let token = format!("ept_{}", URL_SAFE_NO_PAD.encode(draw::<32>(&mut self.rng)));
        let hash = hash_of(&token);
        (Phi::new(token), hash)
    }
}

fn is_signed(key: &InviteKey, bytes: &[u8], signature: &Signature) -> bool {
    let signature = ed25519_dalek::Signature::from_bytes(&signature.0);
    VerifyingKey::from_bytes(&key.0).is_ok_and(|key| key.verify_strict(bytes, &signature).is_ok())
}

fn digest(parts: &[&[u8]]) -> [u8; 32] {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hash.finalize().into()
}
