//! Links that lead nowhere, or not for this person: without a proof nobody learns which kind theirs is, by nothing that is said
//! and not by the time that it takes.

use std::time::{Duration, Instant};

use axum::body::{Body, to_bytes};
use ed25519_dalek::{Signer, SigningKey};
use hyper::{HeaderMap, Request, StatusCode};
use hyper_util::rt::TokioIo;
use rand::SeedableRng;
use serde_json::json;
use server::store::MemoryStore;
use server::visits::{Command, Config, Reply, StaffMember, Timing, Visits};
use signaling_protocol::{
    Base64, Challenge, ChallengeReply, Code, CreateInviteReply, CreateInviteRequest, CreateVisitRequest, EndpointId,
    HostJoinRequest, InviteId, InviteKey, JoinRequest, Limits, Signature, StaffId, VersionRange, VisitId,
    join_signing_bytes,
};
use units::Timestamp;

use crate::client::{Client, Clinic, Link, Person, Stream};

/// What a link may be, to who has no proof.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Case {
    Good,
    Expired,
    TooEarly,
    TakenBack,
    VisitOver,
    Denied,
    InUse,
    Unknown,
}

const CASES: [Case; 8] = [
    Case::Good,
    Case::Expired,
    Case::TooEarly,
    Case::TakenBack,
    Case::VisitOver,
    Case::Denied,
    Case::InUse,
    Case::Unknown,
];

/// What a proven join comes to: the cases are what they are called.
const fn truth(case: Case) -> Option<Code> {
    match case {
        Case::Good => None,
        Case::Expired => Some(Code::InviteExpired),
        Case::TooEarly => Some(Code::InviteTooEarly),
        Case::TakenBack => Some(Code::InviteRevoked),
        Case::VisitOver => Some(Code::VisitEnded),
        Case::Denied | Case::Unknown => Some(Code::InviteNotUsable),
        Case::InUse => Some(Code::InviteInUse),
    }
}

/// A secret of its own for each.
fn key_of(case: Case) -> SigningKey {
    SigningKey::from_bytes(&[case as u8 + 1; 32])
}

/// A link of each kind at a real server.
struct House {
    clinic: Clinic,
    links: Vec<Link>,
    /// Keeps a link in use.
    _listening: Vec<Stream>,
}

impl House {
    async fn open() -> Self {
        let clinic = Clinic::start_with(|config| config.limits.joins_per_minute = 100_000_000).await;
        let staff = clinic.sign_in().await;
        let (mut links, mut listening) = (Vec::new(), Vec::new());
        for case in CASES {
            let link = link(&clinic.client(), &staff, case).await;
            listening.extend(make(&clinic, &staff, &link, case).await);
            links.push(link);
        }
        // The one that is good for a second.
        tokio::time::sleep(Duration::from_millis(2_100)).await;
        Self { clinic, links, _listening: listening }
    }
}

async fn link(client: &Client, staff: &str, case: Case) -> Link {
    let key = key_of(case);
    let made: signaling_protocol::CreateVisitReply = client.post("/v1/visits", Some(staff), &json!({})).await.ok();
    let mut body = json!({
        "invite_key": Base64(key.verifying_key().to_bytes().to_vec()),
        "expires_in_secs": if case == Case::Expired { 1 } else { 3_600 },
    });
    if case == Case::TooEarly {
        let now = std::time::SystemTime::now().duration_since(std::time::SystemTime::UNIX_EPOCH).unwrap();
        body["opens_unix_secs"] = json!(now.as_secs() + 7_200);
    }
    let path = format!("/v1/visits/{}/invites", made.visit);
    let reply: CreateInviteReply = client.post(&path, Some(staff), &body).await.ok();
    let invite = if case == Case::Unknown { InviteId::from_random([9; 16]) } else { reply.invite };
    Link { visit: made.visit, invite, key }
}

/// Makes a link what it is called, by what people do.
async fn make(clinic: &Clinic, staff: &str, link: &Link, case: Case) -> Option<Stream> {
    let join = async || Person::new(clinic.client(), clinic.client().join(link, b"guest").await.ok());
    match case {
        Case::TakenBack => {
            let path = format!("/v1/visits/{}/invites/{}", link.visit, link.invite);
            clinic.client().request("DELETE", &path, Some(staff), Vec::new()).await.is(StatusCode::OK);
        }
        Case::VisitOver => {
            clinic.host(staff, link.visit).await.post("end", &json!({})).await.is(StatusCode::OK);
        }
        Case::Denied => {
            let (host, guest) = (clinic.host(staff, link.visit).await, join().await);
            host.post("deny", &json!({ "endpoint": guest.joined.endpoint })).await.is(StatusCode::OK);
        }
        Case::InUse => {
            let mut hears = join().await.listen(None).await;
            hears.until("hello").await;
            return Some(hears);
        }
        Case::Good | Case::Expired | Case::TooEarly | Case::Unknown => {}
    }
    None
}

/// A connection that goes on.
struct Wire {
    sender: hyper::client::conn::http1::SendRequest<Body>,
    address: String,
}

impl Wire {
    async fn open(client: &Client) -> Self {
        let stream = client.connect(&[&rustls::version::TLS13], b"http/1.1").await.unwrap();
        let (sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.unwrap();
        tokio::spawn(connection);
        Self { sender, address: client.address.to_string() }
    }

    async fn post(&mut self, path: &str, body: Vec<u8>) -> (StatusCode, HeaderMap, Vec<u8>) {
        let request = Request::builder().method("POST").uri(path).header("host", &self.address);
        self.sender.ready().await.unwrap();
        let response = self.sender.send_request(request.body(Body::from(body)).unwrap()).await.unwrap();
        let (head, body) = response.into_parts();
        (head.status, head.headers, to_bytes(Body::new(body), 1 << 20).await.unwrap().to_vec())
    }

    async fn challenge(&mut self, invite: InviteId) -> Challenge {
        let (_, _, body) = self.post(&format!("/v1/invites/{invite}/challenge"), b"{}".to_vec()).await;
        serde_json::from_slice::<ChallengeReply>(&body).unwrap().challenge
    }
}

/// A join without a proof: the signature is one, of nothing that counts.
fn unproven(challenge: Challenge, number: u64) -> JoinRequest {
    let mut signature = [3; 64];
    signature[..8].copy_from_slice(&number.to_be_bytes());
    let (signature, bundle) = (Signature(signature), Base64(vec![7; 700]));
    JoinRequest { protocol: VersionRange::CURRENT, challenge, signature, bundle }
}

#[tokio::test]
async fn without_a_proof_every_link_gets_the_same_answer_to_the_last_byte() {
    let house = House::open().await;
    let mut wire = Wire::open(&house.clinic.client()).await;
    let mut answers = Vec::new();
    for link in &house.links {
        let path = format!("/v1/invites/{}/join", link.invite);
        let challenge = wire.challenge(link.invite).await;
        let mut requests = vec![unproven(challenge, 0), unproven(Challenge([0; 48]), 0)];
        // Signed well, by another's key; and by the right one, over a challenge that the server never gave.
        for (key, challenge) in [(&SigningKey::from_bytes(&[77; 32]), challenge), (&link.key, Challenge([1; 48]))] {
            let mut request = unproven(challenge, 0);
            let bytes = join_signing_bytes(link.invite, &challenge, &request.bundle.0);
            request.signature = Signature(key.sign(&bytes).to_bytes());
            requests.push(request);
        }
        let mut heard = Vec::new();
        for request in requests {
            let (status, mut headers, body) = wire.post(&path, serde_json::to_vec(&request).unwrap()).await;
            headers.remove("date");
            heard.push((status, headers, body));
        }
        answers.push(heard);
    }
    assert_eq!(answers[0][0].0, StatusCode::NOT_FOUND);
    for (case, heard) in CASES.iter().zip(&answers) {
        assert_eq!(heard.len(), 4);
        for answer in heard {
            assert_eq!(answer, &answers[0][0], "{case:?}");
        }
    }
    // And each is what it is called, to who has the proof.
    for (case, link) in CASES.into_iter().zip(&house.links) {
        let answer = house.clinic.client().join(link, b"another app").await;
        assert_eq!((!answer.status.is_success()).then(|| answer.code()), truth(case), "{case:?}");
    }
}

/// Welch's t of two samples of times: how sure it is that they differ.
fn t_of(one: &[f64], other: &[f64]) -> f64 {
    let mean = |of: &[f64]| of.iter().sum::<f64>() / of.len() as f64;
    let spread = |of: &[f64], mean: f64| {
        of.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (of.len() as f64 - 1.0) / of.len() as f64
    };
    let (a, b) = (mean(one), mean(other));
    (a - b) / (spread(one, a) + spread(other, b)).sqrt()
}

/// Requests of a case.
const ROUNDS: u64 = 10_000;

/// |t| < 4.5: the bar of TVLA (ISO/IEC 17825).
const MOST_T: f64 = 4.5;

/// In turn, and from the other end every other time, so that nothing that drifts is one case's alone.
fn turns(round: u64) -> impl Iterator<Item = usize> {
    (0..CASES.len()).map(move |step| if round.is_multiple_of(2) { step } else { CASES.len() - 1 - step })
}

/// What the machine did meanwhile is nobody's secret: the slowest twentieth of all is left out of every case alike.
#[track_caller]
fn assert_as_long(times: &[Vec<f64>]) {
    let mut all: Vec<f64> = times.iter().flatten().copied().collect();
    all.sort_by(f64::total_cmp);
    let most = all[all.len() * 19 / 20];
    let kept = |case: &Vec<f64>| case.iter().copied().filter(|time| *time <= most).collect::<Vec<_>>();
    let times: Vec<Vec<f64>> = times.iter().map(kept).collect();
    for (case, sample) in CASES.iter().zip(&times).skip(1) {
        let t = t_of(&times[0], sample);
        assert!(t.abs() < MOST_T, "{case:?}: t = {t:.2} over {} and {}", times[0].len(), sample.len());
    }
}

/// Over TLS on this machine, where what a stranger can measure is measured.
#[tokio::test]
async fn long_a_link_without_a_proof_takes_as_long_over_https_whatever_it_is() {
    let house = House::open().await;
    let mut wire = Wire::open(&house.clinic.client()).await;
    let mut times: Vec<Vec<f64>> = vec![Vec::new(); CASES.len()];
    let mut challenges = Vec::new();
    for round in 0..ROUNDS {
        if round.is_multiple_of(200) {
            challenges.clear();
            for link in &house.links {
                challenges.push(wire.challenge(link.invite).await);
            }
        }
        for case in turns(round) {
            let path = format!("/v1/invites/{}/join", house.links[case].invite);
            let body = serde_json::to_vec(&unproven(challenges[case], round)).unwrap();
            let began = Instant::now();
            let (status, ..) = wire.post(&path, body).await;
            times[case].push(began.elapsed().as_secs_f64());
            assert_eq!(status, StatusCode::NOT_FOUND, "{:?}", CASES[case]);
        }
    }
    assert_as_long(&times);
}

/// The same against the visits themselves, where no network hides a difference.
#[test]
fn long_a_link_without_a_proof_takes_as_long_whatever_it_is() {
    let (mut visits, invites) = Rooms::open();
    let mut times: Vec<Vec<f64>> = vec![Vec::new(); CASES.len()];
    for round in 0..ROUNDS {
        for case in turns(round) {
            let invite = invites[case];
            let Ok(Reply::Challenge(reply)) = visits.handle(at(10), Command::Challenge { invite }) else { panic!() };
            let request = unproven(reply.challenge, round);
            let began = Instant::now();
            let answer = visits.handle(at(10), Command::JoinGuest { invite, request });
            times[case].push(began.elapsed().as_secs_f64());
            assert_eq!(answer, Err(Code::InviteNotUsable), "{:?}", CASES[case]);
        }
    }
    assert_as_long(&times);
}

const BEGAN: u64 = 1_800_000_000;

fn at(secs: u64) -> Timestamp {
    Timestamp::from_millis(secs * 1_000)
}

/// A link of each kind, at the visits alone.
struct Rooms(Visits<MemoryStore>);

impl Rooms {
    fn open() -> (Visits<MemoryStore>, Vec<InviteId>) {
        let config =
            Config { limits: Limits::default(), timing: Timing::default(), origin_unix_micros: BEGAN * 1_000_000 };
        let rng = Box::new(rand::rngs::StdRng::seed_from_u64(1));
        let mut rooms = Self(Visits::open(at(0), config, MemoryStore::default(), rng).unwrap());
        let invites: Vec<_> = CASES.map(|case| rooms.make(case)).to_vec();
        // Each is what it is called, to who has the proof; but for the good one, which stays unused.
        for (case, invite) in CASES.into_iter().zip(&invites).skip(1) {
            assert_eq!(rooms.join(at(10), *invite, case, b"another app").err(), truth(case), "{case:?}");
        }
        (rooms.0, invites)
    }

    fn make(&mut self, case: Case) -> InviteId {
        let by = StaffMember::own(StaffId::from_random([1; 16]));
        let Ok(Reply::Visit(made)) =
            self.0.handle(at(0), Command::CreateVisit { by, request: CreateVisitRequest::default() })
        else {
            panic!()
        };
        let visit = made.visit;
        let key = InviteKey(key_of(case).verifying_key().to_bytes());
        let mut request = CreateInviteRequest::new(key, if case == Case::Expired { 1 } else { 3_600 });
        request.opens_unix_secs = (case == Case::TooEarly).then_some(BEGAN + 7_200);
        let Ok(Reply::Invite(reply)) = self.0.handle(at(0), Command::CreateInvite { by, visit, request }) else {
            panic!()
        };
        let invite = reply.invite;
        match case {
            Case::TakenBack => {
                self.0.handle(at(0), Command::RevokeInvite { by, visit, invite }).unwrap();
            }
            Case::VisitOver => {
                let by = self.host(visit);
                self.0.handle(at(0), Command::End { by }).unwrap();
            }
            Case::Denied => {
                let by = self.host(visit);
                let endpoint = self.join(at(0), invite, case, b"guest").unwrap();
                self.0.handle(at(0), Command::Deny { by, endpoint }).unwrap();
            }
            Case::InUse => {
                let endpoint = self.join(at(0), invite, case, b"guest").unwrap();
                self.0.stream_opened(at(0), endpoint).unwrap();
            }
            Case::Unknown => return InviteId::from_random([9; 16]),
            Case::Good | Case::Expired | Case::TooEarly => {}
        }
        invite
    }

    fn host(&mut self, visit: VisitId) -> EndpointId {
        let request =
            HostJoinRequest { protocol: VersionRange::CURRENT, bundle: Base64(b"host".to_vec()), take_over: true };
        let command = Command::JoinHost { staff: StaffId::from_random([1; 16]), visit, request };
        let Ok(Reply::Joined(reply)) = self.0.handle(at(0), command) else { panic!() };
        reply.endpoint
    }

    /// With a proof.
    fn join(&mut self, now: Timestamp, invite: InviteId, case: Case, bundle: &[u8]) -> Result<EndpointId, Code> {
        let Ok(Reply::Challenge(reply)) = self.0.handle(now, Command::Challenge { invite }) else { panic!() };
        let signature = key_of(case).sign(&join_signing_bytes(invite, &reply.challenge, bundle));
        let request = JoinRequest {
            protocol: VersionRange::CURRENT,
            challenge: reply.challenge,
            signature: Signature(signature.to_bytes()),
            bundle: Base64(bundle.to_vec()),
        };
        match self.0.handle(now, Command::JoinGuest { invite, request })? {
            Reply::Joined(reply) => Ok(reply.endpoint),
            other => panic!("{other:?}"),
        }
    }
}
