//! Visits and their waiting rooms: the mirror image of an app's call engine, pure and told the time.
//!
//! A driver asks with [`Visits::handle`], tells when event streams open and close, reads
//! [`Visits::events_after`] for whoever is in [`Visits::take_woken`], and calls [`Visits::handle_timeout`] when
//! [`Visits::poll_timeout`] says. It opens nothing: rows go to the [`Store`] it was given, randomness comes from the
//! generator it was given, and boxes are never looked into. Opening it again from the same rows is a restart: visits,
//! endpoints and their tokens are there again, mailboxes are not, and a resumed stream hears `reset` and `hello`.
//!
//! ```text
//! visit     Scheduled ─join▸ Open ─admit▸ Active ⇄ Paused (nobody there) ─▸ Ended (by the host, abandoned, expired)
//! endpoint  Waiting ─admit▸ Admitted ─▸ gone (left, removed or denied, connection lost)
//! presence  Here ─stream ends▸ Leaving ─a moment▸ Away ─grace▸ gone;  a new stream: Here
//! ```

mod challenge;
mod command;
mod endpoint;
mod hosting;
mod inviting;
mod joining;
mod mailbox;
mod messages;
mod presence;
mod relaying;
mod restoring;
mod scheduling;
mod sent;
mod taking_over;
mod timing;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use rand::Rng;
use sha2::{Digest, Sha256};
use signaling_protocol::{
    Admission, Base64, ChallengeReply, Code, EndpointId, InviteId, InviteKey, JoinReply, Limits, Notice, Role, VisitId,
    VisitState, WaitingNote,
};
use tracing::warn;
use units::Timestamp;

use crate::metrics::Census;
use crate::rate::TokenBucket;
use crate::store::acting::By;
use crate::store::{Change, InviteRow, Store, StoreError, TakeOverRow, TokenHash, VisitRow};
use challenge::Challenger;
use endpoint::Endpoint;

pub use command::{Command, Reach, Reply, StaffMember};
pub(crate) use joining::PROVEN_JOIN_EVERY;
pub use mailbox::Numbered;
pub use presence::{Closed, StreamId};
pub use timing::Timing;

/// How long the answer to a join is kept for the case that it got lost; as long as its challenge is good.
const JOIN_REPLAY: Duration = Duration::from_secs(60);

/// By how much the wall clock must be off before it is set anew.
const CLOCK_JUMP: Duration = Duration::from_secs(1);

/// How soon what could not be written is tried again.
const WRITE_AGAIN: Duration = Duration::from_secs(5);

/// What the visits are started with.
#[derive(Debug, Clone, Copy)]
pub struct Config {
    /// What is taken at most.
    pub limits: Limits,
    /// How long things may take.
    pub timing: Timing,
    /// What the wall clock said at [`Timestamp::ZERO`], in microseconds of Unix time: rows outlive the process, and so
    /// their times are Unix times.
    pub origin_unix_micros: u64,
}

/// All visits of a clinic. See the [module](self).
pub struct Visits<S> {
    config: Config,
    store: S,
    rng: Box<dyn Rng + Send>,
    challenger: Challenger,
    /// Verifies against nothing: stands in for the key of an invite that does not exist.
    nobodys_key: InviteKey,
    visits: BTreeMap<VisitId, Visit>,
    /// Those that are not over: what time brings is looked for among these only.
    going_on: BTreeSet<VisitId>,
    /// The others, by when they ended, in microseconds of Unix time.
    over: BTreeSet<(u64, VisitId)>,
    invites: BTreeMap<InviteId, InviteRow>,
    endpoints: BTreeMap<EndpointId, Endpoint>,
    tokens: HashMap<TokenHash, EndpointId>,
    /// The links whose holder was denied: they lead nowhere any more.
    denied: BTreeSet<InviteId>,
    /// How often the holder of a link may join.
    proven_joins: BTreeMap<InviteId, TokenBucket>,
    /// Answers to joins, by the digest of the request.
    joins: HashMap<[u8; 32], (Timestamp, JoinReply)>,
    /// What could not be written and must not be lost: hanging up never waits for a disk.
    unwritten: Vec<Change>,
    /// Whether the last write succeeded.
    writing: bool,
    write_again: Timestamp,
    woken: BTreeSet<EndpointId>,
    /// The clinic's newest revocations.
    notice: Option<Notice>,
    first_cursor: u64,
    last_stream: u64,
    /// Rises with everything that stands on the list of the day.
    version: u64,
}

/// A visit, and who is in it.
struct Visit {
    row: VisitRow,
    members: BTreeSet<EndpointId>,
    /// Since when nobody is there.
    empty_since: Option<Timestamp>,
    /// Since when no guest is in it.
    no_guest_since: Option<Timestamp>,
    /// When its last link is over.
    links_end: Timestamp,
    /// What those who wait are told.
    note: Option<WaitingNote>,
    /// How it was taken over last, if it was.
    taken_over: Option<TakeOverRow>,
}

impl Visit {
    fn new(row: VisitRow, empty_since: Option<Timestamp>, links_end: Timestamp) -> Self {
        Self {
            row,
            members: BTreeSet::new(),
            empty_since,
            no_guest_since: empty_since,
            links_end,
            note: None,
            taken_over: None,
        }
    }
}

impl<S: Store> Visits<S> {
    /// The visits of `store`, as they were when it was last written.
    ///
    /// # Errors
    /// When the store cannot be read, or at the first start not be written.
    pub fn open(
        now: Timestamp,
        config: Config,
        mut store: S,
        mut rng: Box<dyn Rng + Send>,
    ) -> Result<Self, StoreError> {
        let rows = store.load()?;
        let key = match rows.challenge_key {
            Some(key) => key,
            None => {
                let key = draw(&mut rng);
                store.apply(&[Change::ChallengeKey(key)])?;
                key
            }
        };
        let nobodys_key = ed25519_dalek::SigningKey::from_bytes(&draw(&mut rng)).verifying_key().to_bytes();
        let unix_micros = config.origin_unix_micros.saturating_add(now.as_micros());
        let mut visits = Self {
            config,
            store,
            rng,
            challenger: Challenger::new(key),
            nobodys_key: InviteKey(nobodys_key),
            visits: BTreeMap::new(),
            going_on: BTreeSet::new(),
            over: BTreeSet::new(),
            invites: BTreeMap::new(),
            endpoints: BTreeMap::new(),
            tokens: HashMap::new(),
            denied: BTreeSet::new(),
            proven_joins: BTreeMap::new(),
            joins: HashMap::new(),
            unwritten: Vec::new(),
            writing: true,
            write_again: Timestamp::NEVER,
            woken: BTreeSet::new(),
            notice: None,
            first_cursor: first_cursor(unix_micros),
            last_stream: 0,
            version: first_cursor(unix_micros),
        };
        for row in rows.visits {
            visits.restore_visit(now, row);
        }
        for row in rows.take_overs {
            if let Some(known) = visits.visits.get_mut(&row.visit) {
                known.taken_over = Some(row);
            }
        }
        for row in rows.invites {
            visits.remember_invite(row);
        }
        for row in rows.endpoints {
            visits.restore_endpoint(now, row);
        }
        for (hash, endpoint) in rows.tokens {
            if visits.endpoints.contains_key(&endpoint) {
                visits.tokens.insert(hash, endpoint);
            }
        }
        Ok(visits)
    }

    /// Carries out one request, whole or not at all.
    ///
    /// # Errors
    /// The code that the caller is answered; nothing has changed then.
    pub fn handle(&mut self, now: Timestamp, command: Command) -> Result<Reply, Code> {
        match command {
            Command::CreateVisit { by, request } => self.create_visit(now, by, request).map(Reply::Visit),
            Command::Plan { by, visit, request } => self.plan(now, by, visit, request).map(|()| Reply::Done),
            Command::Assign { by, visit, request } => self.assign(now, by, visit, request).map(|()| Reply::Done),
            Command::TakeOver { by, visit, reason, commitment, sealed } => {
                self.take_over(now, by, visit, (reason, commitment, sealed)).map(Reply::TakenOver)
            }
            Command::Cancel { by, visit, reason } => self.cancel(now, by, visit, reason).map(|()| Reply::Done),
            Command::Note { by, visit, note } => self.note(by, visit, note).map(|()| Reply::Done),
            Command::CreateInvite { by, visit, request } => {
                self.create_invite(now, by, visit, request).map(Reply::Invite)
            }
            Command::RevokeInvite { by, visit, invite } => {
                self.revoke_invite(now, by, visit, invite).map(|()| Reply::Done)
            }
            Command::Lock { by, locked } => self.lock(by, locked).map(|()| Reply::Done),
            Command::CountTry { by, endpoint } => self.count_try(by, endpoint).map(Reply::Tries),
            Command::Challenge { invite } => Ok(Reply::Challenge(self.challenge(now, invite))),
            Command::JoinGuest { invite, request } => self.join_guest(now, invite, request).map(Reply::Joined),
            Command::JoinHost { staff, visit, request } => {
                self.join_host(now, staff, visit, request).map(Reply::Joined)
            }
            Command::Send { by, messages } => self.send(now, by, messages).map(Reply::Sent),
            Command::Admit { by, endpoint } => self.admit(now, by, endpoint).map(|()| Reply::Done),
            Command::Deny { by, endpoint } => self.deny(now, by, endpoint).map(|()| Reply::Done),
            Command::Remove { by, endpoint } => self.remove(now, by, endpoint).map(|()| Reply::Done),
            Command::End { by } => self.end(now, by).map(|()| Reply::Done),
            Command::Leave { by } => self.leave(now, by).map(|()| Reply::Done),
            Command::Ice { by } => self.ice(by).map(|relay| Reply::Ice { relay }),
        }
    }

    /// Whose token this is, in which visit.
    ///
    /// # Errors
    /// [`Code::NotSignedIn`] if it is nobody's, [`Code::VisitNotFound`] if it belongs to another visit.
    pub fn endpoint_of(&self, token: &str, visit: VisitId) -> Result<EndpointId, Code> {
        let endpoint = *self.tokens.get(&hash_of(token)).ok_or(Code::NotSignedIn)?;
        let known = self.endpoints.get(&endpoint).ok_or(Code::NotSignedIn)?;
        if known.row.visit == visit { Ok(endpoint) } else { Err(Code::VisitNotFound) }
    }

    /// The public bundle of an endpoint that is known, also for a while after it is gone.
    pub(crate) fn bundle_of(&self, endpoint: EndpointId) -> Option<Base64> {
        self.endpoints.get(&endpoint).map(|known| known.row.bundle.clone())
    }

    /// Where a visit stands; none if there is no such visit.
    pub fn state(&self, visit: VisitId) -> Option<VisitState> {
        self.visits.get(&visit).map(|visit| visit.row.state)
    }

    /// Where an endpoint stands; none if there is no such endpoint.
    pub fn admission(&self, endpoint: EndpointId) -> Option<Admission> {
        self.endpoints.get(&endpoint).map(|known| known.row.admission)
    }

    /// What is taken at most.
    pub fn limits(&self) -> &Limits {
        &self.config.limits
    }

    /// The endpoints for whom there is something new since the last call: an event, a newer stream, or the end.
    pub fn take_woken(&mut self) -> BTreeSet<EndpointId> {
        std::mem::take(&mut self.woken)
    }

    /// Tells what the wall clock says: if somebody has set it, links end by the new time.
    pub fn set_wall_clock(&mut self, now: Timestamp, unix_micros: u64) {
        let origin = unix_micros.saturating_sub(now.as_micros());
        // Reading two clocks takes a moment; only a jump is worth knowing.
        if origin.abs_diff(self.config.origin_unix_micros) < CLOCK_JUMP.as_micros() as u64 {
            return;
        }
        self.config.origin_unix_micros = origin;
        for visit in self.visits.values_mut() {
            visit.links_end = Timestamp::ZERO;
        }
        for row in self.invites.values() {
            let ends = self.timestamp(row.expires_unix_micros);
            if let Some(visit) = self.visits.get_mut(&row.visit) {
                visit.links_end = visit.links_end.max(ends);
            }
        }
    }

    /// Whether what people ask for can be written. After a failure it is tried, with a row that stands there already.
    pub fn is_ready(&mut self) -> bool {
        if !self.writing {
            let row = self.visits.values().next().map(|visit| Change::Visit(visit.row.clone()));
            self.write(row.as_slice()).ok();
        }
        self.writing
    }

    /// How many there are of everything.
    pub(crate) fn census(&self) -> Census {
        let mut census = Census::default();
        for visit in self.visits.values() {
            let state = match visit.row.state {
                VisitState::Scheduled => 0,
                VisitState::Open => 1,
                VisitState::Active => 2,
                VisitState::Paused => 3,
                VisitState::Ended => 4,
            };
            census.visits[state] += 1;
        }
        for endpoint in self.endpoints.values().filter(|endpoint| endpoint.gone_at.is_none()) {
            census.endpoints[usize::from(endpoint.row.admission == Admission::Admitted)] += 1;
        }
        census
    }

    /// The store, for reading what was written.
    pub fn store(&self) -> &S {
        &self.store
    }

    fn challenge(&mut self, now: Timestamp, invite: InviteId) -> ChallengeReply {
        let nonce = draw(&mut self.rng);
        let challenge = self.challenger.issue(self.unix_micros(now), invite, nonce);
        // The clinic's number is no matter of visits.
        ChallengeReply { challenge, phone: None }
    }

    /// An endpoint that is in its visit, and the visit is not over.
    fn present(&self, id: EndpointId) -> Result<&Endpoint, Code> {
        let endpoint = self.endpoints.get(&id).ok_or(Code::NotSignedIn)?;
        match self.visits.get(&endpoint.row.visit) {
            Some(visit) if visit.row.state == VisitState::Ended => Err(Code::VisitEnded),
            Some(_) if endpoint.gone_at.is_none() => Ok(endpoint),
            _ => Err(Code::NotSignedIn),
        }
    }

    /// An endpoint as above that is its visit's host; the visit's id.
    fn present_host(&self, id: EndpointId) -> Result<VisitId, Code> {
        let endpoint = self.present(id)?;
        if endpoint.row.role == Role::Host { Ok(endpoint.row.visit) } else { Err(Code::NotAllowed) }
    }

    /// Writes `changes`, or says that nothing is changed.
    fn write(&mut self, changes: &[Change]) -> Result<(), Code> {
        let result = match self.unwritten.is_empty() {
            true => Ok(()),
            // By itself: who asks for something now has not done it.
            false => {
                let by = Change::By(By::SERVER);
                self.store.apply(&[by].into_iter().chain(self.unwritten.iter().cloned()).collect::<Vec<_>>())
            }
        };
        if result.is_ok() {
            self.unwritten.clear();
        }
        let result = result.and_then(|()| self.store.apply(changes));
        self.writing = result.is_ok();
        match result {
            Ok(()) => {
                self.write_again = Timestamp::NEVER;
                Ok(())
            }
            Err(error) => {
                warn!(%error, "refused");
                Err(Code::StorageFailed)
            }
        }
    }

    /// Writes `changes`, now or as soon as it can be: for what happens whether it can be written or not.
    fn write_even_later(&mut self, now: Timestamp, changes: Vec<Change>) {
        if self.write(&changes).is_err() {
            for change in changes {
                self.write_later(change);
            }
            self.write_again = now + WRITE_AGAIN;
        }
    }

    /// Keeps `change` for later, in place of what it makes void: what is kept does not grow with time.
    fn write_later(&mut self, change: Change) {
        let void = |earlier: &&mut Change| match (&**earlier, &change) {
            (Change::Visit(earlier), Change::Visit(later)) => earlier.visit == later.visit,
            (Change::Endpoint(earlier), Change::Endpoint(later)) => earlier.endpoint == later.endpoint,
            (Change::Endpoint(earlier), Change::ForgetEndpoint(later)) => earlier.endpoint == *later,
            _ => false,
        };
        match self.unwritten.iter_mut().find(void) {
            Some(earlier) => *earlier = change,
            None => self.unwritten.push(change),
        }
    }

    fn unix_micros(&self, at: Timestamp) -> u64 {
        self.config.origin_unix_micros.saturating_add(at.as_micros())
    }

    fn timestamp(&self, unix_micros: u64) -> Timestamp {
        Timestamp::from_micros(unix_micros.saturating_sub(self.config.origin_unix_micros))
    }
}

/// Where a start of the server begins to count what it tells: a later start, also within the same second, counts from
/// higher, and below 2^53 for clients whose numbers are doubles: a million events a second until the year 2242.
pub(crate) fn first_cursor(unix_micros: u64) -> u64 {
    ((u128::from(unix_micros) << 20) / 1_000_000) as u64
}

/// `N` random bytes.
fn draw<const N: usize>(rng: &mut (dyn Rng + Send)) -> [u8; N] {
    let mut bytes = [0; N];
    rng.fill_bytes(&mut bytes);
    bytes
}

fn hash_of(token: &str) -> TokenHash {
    Sha256::digest(token).into()
}
