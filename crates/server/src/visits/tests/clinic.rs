//! A clinic to try things in: visits over rows in memory, a link, and people who hold it.

use std::time::Duration;

use ed25519_dalek::{Signer, SigningKey};
use rand::SeedableRng;
use rand::rngs::StdRng;
use signaling_protocol::{
    Base64, Challenge, Code, CreateInviteRequest, EndpointId, Envelope, Event, HostJoinRequest, InviteId, InviteKey,
    JoinReply, JoinRequest, MessageId, SCHEME_OPEN, Signature, StaffId, VersionRange, VisitId, VisitState,
    join_signing_bytes,
};
use units::Timestamp;

use super::super::{Closed, Command, Config, Numbered, Reply, StreamId, Timing, Visits};
use crate::store::MemoryStore;

pub(super) const CLINICIAN: StaffId = StaffId::from_random([0xC1; 16]);
pub(super) const HOUR: u64 = 3600;

/// 2026-01-01: rows hold Unix times.
const ORIGIN: u64 = 1_767_225_600_000_000;

pub(super) struct Clinic {
    pub(super) now: Timestamp,
    pub(super) visits: Visits<MemoryStore>,
    pub(super) store: MemoryStore,
    config: Config,
    starts: u64,
}

/// A link: what it names, and its secret half.
pub(super) struct Link {
    pub(super) visit: VisitId,
    pub(super) invite: InviteId,
    pub(super) key: SigningKey,
}

impl Clinic {
    pub(super) fn new() -> Self {
        Self::with(|_| {})
    }

    pub(super) fn with(change: impl FnOnce(&mut Config)) -> Self {
        let mut config = Config {
            limits: signaling_protocol::Limits::default(),
            timing: Timing::default(),
            origin_unix_micros: ORIGIN,
        };
        change(&mut config);
        let (now, store) = (Timestamp::from_millis(1_000), MemoryStore::default());
        let visits = Visits::open(now, config, store.clone(), Box::new(StdRng::seed_from_u64(0))).unwrap();
        Self { now, visits, store, config, starts: 0 }
    }

    /// The process is gone and another starts over the same rows, with a clock of its own.
    pub(super) fn restart(&mut self) {
        self.starts += 1;
        self.config.origin_unix_micros += self.now.as_micros();
        self.now = Timestamp::ZERO;
        let rng = Box::new(StdRng::seed_from_u64(self.starts));
        self.visits = Visits::open(self.now, self.config, self.store.clone(), rng).unwrap();
    }

    /// Lets time pass, timer by timer.
    pub(super) fn pass(&mut self, span: Duration) {
        let end = self.now + span;
        while let Some(at) = self.visits.poll_timeout().filter(|at| *at <= end) {
            self.now = self.now.max(at);
            self.visits.handle_timeout(self.now);
            let next = self.visits.poll_timeout();
            assert!(next.is_none_or(|next| next > at), "a timer at {at:?} that does not move: {next:?}");
        }
        self.now = end;
    }

    pub(super) fn ask(&mut self, command: Command) -> Result<Reply, Code> {
        self.visits.handle(self.now, command)
    }

    pub(super) fn done(&mut self, command: Command) {
        assert_eq!(self.ask(command), Ok(Reply::Done));
    }

    pub(super) fn link(&mut self) -> Link {
        let Ok(Reply::Visit(reply)) = self.ask(Command::CreateVisit {
            by: crate::visits::StaffMember::own(CLINICIAN),
            request: signaling_protocol::CreateVisitRequest::default(),
        }) else {
            panic!()
        };
        self.link_to(reply.visit, 7)
    }

    pub(super) fn link_to(&mut self, visit: VisitId, secret: u8) -> Link {
        let key = SigningKey::from_bytes(&[secret; 32]);
        let invite_key = InviteKey(key.verifying_key().to_bytes());
        let request = CreateInviteRequest::new(invite_key, HOUR);
        let reply = self.ask(Command::CreateInvite { by: crate::visits::StaffMember::own(CLINICIAN), visit, request });
        let Ok(Reply::Invite(reply)) = reply else { panic!("{reply:?}") };
        Link { visit, invite: reply.invite, key }
    }

    pub(super) fn challenge(&mut self, invite: InviteId) -> Challenge {
        let Ok(Reply::Challenge(reply)) = self.ask(Command::Challenge { invite }) else { panic!() };
        reply.challenge
    }

    pub(super) fn request(&mut self, link: &Link, bundle: &[u8]) -> JoinRequest {
        let challenge = self.challenge(link.invite);
        let signature = link.key.sign(&join_signing_bytes(link.invite, &challenge, bundle));
        JoinRequest {
            protocol: VersionRange::CURRENT,
            challenge,
            signature: Signature(signature.to_bytes()),
            bundle: Base64(bundle.to_vec()),
        }
    }

    pub(super) fn try_join(&mut self, link: &Link, bundle: &[u8]) -> Result<JoinReply, Code> {
        let request = self.request(link, bundle);
        match self.ask(Command::JoinGuest { invite: link.invite, request })? {
            Reply::Joined(reply) => Ok(reply),
            other => panic!("{other:?}"),
        }
    }

    pub(super) fn try_host(&mut self, visit: VisitId, bundle: &[u8]) -> Result<JoinReply, Code> {
        self.try_host_as(visit, bundle, true)
    }

    /// As an app that comes back by itself, unless somebody wants it to take over.
    pub(super) fn try_host_as(&mut self, visit: VisitId, bundle: &[u8], take_over: bool) -> Result<JoinReply, Code> {
        let bundle = Base64(bundle.to_vec());
        let request = HostJoinRequest { protocol: VersionRange::CURRENT, bundle, take_over };
        match self.ask(Command::JoinHost { staff: CLINICIAN, visit, request })? {
            Reply::Joined(reply) => Ok(reply),
            other => panic!("{other:?}"),
        }
    }

    /// Joins as a guest and opens a stream.
    pub(super) fn guest(&mut self, link: &Link, bundle: &[u8]) -> Person {
        let joined = self.try_join(link, bundle).unwrap();
        Person::new(self, joined.endpoint)
    }

    /// Joins as the host and opens a stream.
    pub(super) fn host(&mut self, visit: VisitId) -> Person {
        let joined = self.try_host(visit, b"host").unwrap();
        Person::new(self, joined.endpoint)
    }

    /// A visit with a host in it and an admitted guest, both caught up.
    pub(super) fn call(&mut self) -> (Link, Person, Person) {
        let link = self.link();
        let mut host = self.host(link.visit);
        let mut guest = self.guest(&link, b"guest");
        self.done(Command::Admit { by: host.id, endpoint: guest.id });
        host.hears(self);
        guest.hears(self);
        (link, host, guest)
    }

    pub(super) fn state(&self, link: &Link) -> VisitState {
        self.visits.state(link.visit).unwrap()
    }
}

/// An endpoint with its stream and its cursor.
pub(super) struct Person {
    pub(super) id: EndpointId,
    pub(super) stream: StreamId,
    pub(super) cursor: Option<u64>,
    seq: u32,
}

impl Person {
    pub(super) fn new(clinic: &mut Clinic, id: EndpointId) -> Self {
        let stream = clinic.visits.stream_opened(clinic.now, id).unwrap();
        Self { id, stream, cursor: None, seq: 0 }
    }

    /// What came since last time.
    pub(super) fn hears(&mut self, clinic: &mut Clinic) -> Vec<Event> {
        let news: Vec<Numbered> = clinic.visits.events_after(clinic.now, self.id, self.cursor).unwrap();
        assert!(news.windows(2).all(|pair| pair[0].cursor < pair[1].cursor), "{news:?}");
        self.cursor = news.last().map(|one| one.cursor).or(self.cursor);
        news.into_iter().map(|one| one.event).collect()
    }

    pub(super) fn breaks(&mut self, clinic: &mut Clinic) {
        clinic.visits.stream_closed(clinic.now, self.id, self.stream, Closed::Broken);
    }

    pub(super) fn returns(&mut self, clinic: &mut Clinic) {
        self.stream = clinic.visits.stream_opened(clinic.now, self.id).unwrap();
    }

    pub(super) fn writes(&mut self, to: &Person, text: &str) -> Envelope {
        self.seq += 1;
        let mut id = [self.seq as u8; 16];
        id[0] = self.id.as_bytes()[0];
        Envelope {
            id: MessageId::from_random(id),
            to: to.id,
            from: None,
            seq: self.seq - 1,
            epoch: 0,
            scheme: SCHEME_OPEN,
            ttl_ms: 30_000,
            sealed: Base64(text.as_bytes().to_vec()),
        }
    }

    pub(super) fn sends(&mut self, clinic: &mut Clinic, to: &Person, text: &str) {
        let message = self.writes(to, text);
        clinic.ask(Command::Send { by: self.id, messages: vec![message] }).unwrap();
    }
}

/// The texts of the messages among `events`.
pub(super) fn texts(events: &[Event]) -> Vec<String> {
    let boxes = events.iter().filter_map(|event| match event {
        Event::Message { envelope } => Some(String::from_utf8(envelope.sealed.0.clone()).unwrap()),
        _ => None,
    });
    boxes.collect()
}

/// The kinds of `events`.
pub(super) fn kinds(events: &[Event]) -> Vec<&'static str> {
    events.iter().map(Event::kind).collect()
}
