//! The server: the product's visits, with restarts.

use std::collections::BTreeSet;

use call::{RequestKind, SignalingInput, SignalingRequest};
use rand::SeedableRng;
use rand::rngs::StdRng;
use server::store::{MemoryStore, Rows, Store};
use server::visits::{Command, Config, Reply, StaffMember, Timing, Visits};
use signaling_protocol::{
    Code, CreateInviteRequest, CreateVisitRequest, EndpointId, IceReply, InviteId, InviteKey, Limits, StaffId, VisitId,
    VisitState,
};
use units::Timestamp;

/// When the day began, by the wall clock.
pub(crate) const UNIX_MICROS: u64 = 1_800_000_000_000_000;
pub(crate) const STAFF: StaffId = StaffId::from_random([1; 16]);

/// A visit, whose it is, and the links to it.
pub(crate) struct Room {
    pub(crate) visit: VisitId,
    pub(crate) staff: StaffId,
    pub(crate) invites: Vec<(InviteId, InviteKey)>,
}

pub(crate) struct Clinic {
    store: MemoryStore,
    /// None while the server is down.
    pub(crate) visits: Option<Visits<MemoryStore>>,
    /// Counts its lives: the numbers of streams begin anew with each.
    pub(crate) starts: u64,
    seed: u64,
    /// The visits of the day; most days have one.
    pub(crate) rooms: Vec<Room>,
    /// Who is signed out everywhere: of the two halves of that, the accounts' one.
    pub(crate) signed_out: BTreeSet<StaffId>,
    /// Whose admission was written down; the store keeps nobody who is gone.
    admitted: BTreeSet<EndpointId>,
}

impl Clinic {
    /// A server with one visit, and links to it for these keys.
    pub(crate) fn new(seed: u64, keys: &[InviteKey]) -> Self {
        let now = Timestamp::ZERO;
        let mut clinic = Self {
            store: MemoryStore::default(),
            visits: None,
            starts: 0,
            seed,
            rooms: Vec::new(),
            signed_out: BTreeSet::new(),
            admitted: BTreeSet::new(),
        };
        clinic.start(now);
        clinic.add_room(now, STAFF, keys);
        clinic
    }

    /// Another visit, of this clinician, and links to it.
    pub(crate) fn add_room(&mut self, now: Timestamp, staff: StaffId, keys: &[InviteKey]) {
        let by = StaffMember::own(staff);
        let visits = self.visits.as_mut().expect("it runs");
        let request = CreateVisitRequest::default();
        let Ok(Reply::Visit(made)) = visits.handle(now, Command::CreateVisit { by, request }) else {
            panic!("a visit")
        };
        let visit = made.visit;
        let invites = keys.iter().map(|key| {
            let request = CreateInviteRequest::new(*key, 3 * 3_600);
            let Ok(Reply::Invite(invite)) = visits.handle(now, Command::CreateInvite { by, visit, request }) else {
                panic!("an invite")
            };
            (invite.invite, *key)
        });
        let invites = invites.collect();
        self.rooms.push(Room { visit, staff, invites });
    }

    /// Starts it from what it has written down.
    pub(crate) fn start(&mut self, now: Timestamp) {
        self.starts += 1;
        let limits = Limits { joins_per_minute: 1_000, ..Limits::default() };
        let config = Config { limits, timing: Timing::default(), origin_unix_micros: UNIX_MICROS };
        let rng = StdRng::seed_from_u64(self.seed.wrapping_mul(31).wrapping_add(self.starts));
        self.visits = Some(Visits::open(now, config, self.store.clone(), Box::new(rng)).expect("rows in memory"));
    }

    /// Kills it: whatever waits in mailboxes is lost.
    pub(crate) fn stop(&mut self) {
        self.visits = None;
    }

    /// All that is written down.
    pub(crate) fn load(&mut self) -> Rows {
        self.store.load().expect("rows in memory")
    }

    /// Where the visit stands, by what is written down.
    pub(crate) fn state(&mut self) -> VisitState {
        let rows = self.store.load().expect("rows in memory");
        // A visit that is over is kept for a while only.
        let visit = self.rooms[0].visit;
        rows.visits.iter().find(|row| row.visit == visit).map_or(VisitState::Ended, |row| row.state)
    }

    /// Whether the admission of this endpoint was ever written down.
    pub(crate) fn wrote_admission(&self, endpoint: EndpointId) -> bool {
        self.admitted.contains(&endpoint)
    }

    fn has_row_of_admission(&mut self, endpoint: EndpointId) -> bool {
        let rows = self.store.load().expect("rows in memory");
        rows.endpoints
            .iter()
            .any(|row| row.endpoint == endpoint && row.admission == signaling_protocol::Admission::Admitted)
    }

    /// Whether this endpoint is still in the visit, by what is written down.
    pub(crate) fn is_in(&mut self, endpoint: EndpointId) -> bool {
        let rows = self.store.load().expect("rows in memory");
        rows.endpoints.iter().any(|row| row.endpoint == endpoint && row.gone.is_none())
    }

    /// Carries out a request, as the HTTP layer would: the token says who asks.
    pub(crate) fn answer(
        &mut self,
        now: Timestamp,
        by: Option<EndpointId>,
        request: &SignalingRequest,
    ) -> SignalingInput {
        let kind = kind_of(request);
        let visits = self.visits.as_mut().expect("only asked while it runs");
        let refused = |code| SignalingInput::Refused { request: kind, code };
        let command = match (request.clone(), by) {
            (SignalingRequest::Challenge(invite), _) => Command::Challenge { invite },
            (SignalingRequest::JoinGuest { invite, request }, _) => Command::JoinGuest { invite, request },
            (SignalingRequest::JoinHost { visit, request }, _) => {
                // Whose token the app has: that of whose visit it is.
                let room = self.rooms.iter().find(|room| room.visit == visit);
                let staff = room.map_or(STAFF, |room| room.staff);
                if self.signed_out.contains(&staff) {
                    return refused(Code::NotSignedIn);
                }
                Command::JoinHost { staff, visit, request }
            }
            (_, None) => return refused(Code::NotSignedIn),
            (SignalingRequest::GetIce, Some(by)) => Command::Ice { by },
            (SignalingRequest::Send(messages), Some(by)) => Command::Send { by, messages },
            (SignalingRequest::Admit(endpoint), Some(by)) => Command::Admit { by, endpoint },
            (SignalingRequest::Deny(endpoint), Some(by)) => Command::Deny { by, endpoint },
            (SignalingRequest::Remove(endpoint), Some(by)) => Command::Remove { by, endpoint },
            (SignalingRequest::CountTry(endpoint), Some(by)) => Command::CountTry { by, endpoint },
            (SignalingRequest::Lock(locked), Some(by)) => Command::Lock { by, locked },
            (SignalingRequest::End, Some(by)) => Command::End { by },
            (SignalingRequest::Leave, Some(by)) => Command::Leave { by },
            (SignalingRequest::OpenEvents, Some(_)) => unreachable!("a stream is not a request"),
        };
        let reply = visits.handle(now, command);
        if let (Ok(_), RequestKind::Admit(endpoint)) = (&reply, kind)
            && self.has_row_of_admission(endpoint)
        {
            self.admitted.insert(endpoint);
        }
        match reply {
            Ok(Reply::Challenge(reply)) => SignalingInput::Challenge(reply.challenge),
            Ok(Reply::Joined(reply)) => SignalingInput::Joined(reply),
            Ok(Reply::Sent(reply)) => SignalingInput::Sent(reply.accepted),
            Ok(Reply::Ice { .. }) => {
                SignalingInput::Ice(IceReply { servers: Vec::new(), ttl_secs: 600, relay_only: false })
            }
            Ok(Reply::Done) => match kind {
                RequestKind::Admit(endpoint) => SignalingInput::Admitted(endpoint),
                kind => SignalingInput::Done(kind),
            },
            Ok(Reply::Tries(reply)) => match kind {
                RequestKind::CountTry(endpoint) => SignalingInput::TryCounted { endpoint, used: reply.used },
                _ => unreachable!("only tries are counted"),
            },
            Ok(Reply::TakenOver(_) | Reply::Visit(_) | Reply::Invite(_)) => unreachable!("nobody asks for it here"),
            Err(code) => refused(code),
        }
    }
}

fn kind_of(request: &SignalingRequest) -> RequestKind {
    match request {
        SignalingRequest::Challenge(_) => RequestKind::Challenge,
        SignalingRequest::JoinGuest { .. } | SignalingRequest::JoinHost { .. } => RequestKind::Join,
        SignalingRequest::GetIce => RequestKind::Ice,
        SignalingRequest::OpenEvents => RequestKind::Events,
        SignalingRequest::Send(_) => RequestKind::Send,
        SignalingRequest::Admit(endpoint) => RequestKind::Admit(*endpoint),
        SignalingRequest::Deny(endpoint) => RequestKind::Deny(*endpoint),
        SignalingRequest::Remove(endpoint) => RequestKind::Remove(*endpoint),
        SignalingRequest::CountTry(endpoint) => RequestKind::CountTry(*endpoint),
        SignalingRequest::Lock(_) => RequestKind::Lock,
        SignalingRequest::End => RequestKind::End,
        SignalingRequest::Leave => RequestKind::Leave,
    }
}
