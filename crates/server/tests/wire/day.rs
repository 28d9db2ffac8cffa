//! The day over HTTP: the front desk plans, clinicians take, lists wait for news.

use hyper::StatusCode;
use serde_json::{Value, json};
use signaling_protocol::{Base64, Code, CreateVisitReply, StaffRole, VisitsReply};

use crate::client::{Clinic, Link};

async fn list(clinic: &Clinic, token: &str, query: &str) -> VisitsReply {
    let path = format!("/v1/visits?{query}");
    clinic.client().request("GET", &path, Some(token), Vec::new()).await.ok()
}

async fn make(clinic: &Clinic, token: &str, body: Value) -> CreateVisitReply {
    clinic.client().post("/v1/visits", Some(token), &body).await.ok()
}

#[tokio::test]
async fn the_front_desk_plans_sees_who_waits_and_enters_nothing() {
    let clinic = Clinic::start().await;
    let client = clinic.client();
    let lee = clinic.sign_in().await;
    let fay = clinic.staff("fay", StaffRole::FrontDesk).await.token.into_exposed();
    let cleo = clinic.staff("cleo", StaffRole::Clinician).await;
    let now = list(&clinic, &fay, "").await.now_unix_secs;
    let planned = json!({ "start_unix_secs": now + 600, "length_minutes": 30, "time_zone": "Europe/Berlin" });
    let whose = json!({ "planned": planned, "clinician": cleo.staff });
    let visit = make(&clinic, &fay, whose).await.visit;
    let link = client.link_to(&fay, visit, 7).await;
    let guest = clinic.guest(&link).await;
    let seen = list(&clinic, &fay, &format!("from={now}&until={}", now + 3_600)).await;
    assert_eq!(seen.visits.len(), 1);
    assert_eq!(seen.visits[0].waiting[0].invite, link.invite);
    assert_eq!(seen.visits[0].clinician, Some(cleo.staff));
    assert!(!seen.visits[0].hosted);
    let join = json!({ "protocol": { "min": 1, "max": 1 }, "bundle": "AAAA" });
    let entered = client.post(&format!("/v1/visits/{visit}/join"), Some(&fay), &join).await;
    assert_eq!(entered.code(), Code::NotAllowed);
    let admitted = json!({ "endpoint": guest.joined.endpoint });
    let admits = client.post(&format!("/v1/visits/{visit}/admit"), Some(&fay), &admitted).await;
    assert_eq!(admits.code(), Code::NotSignedIn, "only who is in it, and the front desk never is");
    assert!(list(&clinic, &lee, "").await.visits.is_empty(), "a colleague's");
    // Somebody of the front desk holds no visits, and nobody whom there is not.
    for nobody in [json!(list(&clinic, &fay, "").await.visits[0].creator), json!("stf_AAAAAAAAAAAAAAAAAAAAAA")] {
        let body = json!({ "clinician": nobody });
        assert_eq!(client.post("/v1/visits", Some(&fay), &body).await.code(), Code::ClinicianNotFound);
        let path = format!("/v1/visits/{visit}/assign");
        assert_eq!(client.post(&path, Some(&fay), &body).await.code(), Code::ClinicianNotFound);
    }
}

#[tokio::test]
async fn a_list_waits_until_somebody_comes() {
    let clinic = Clinic::start().await;
    let staff = clinic.sign_in().await;
    let link = clinic.link(&staff, 7).await;
    let before = list(&clinic, &staff, "").await;
    let query = format!("known={}", before.version);
    let (after, _) = tokio::join!(list(&clinic, &staff, &query), async {
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        clinic.guest(&link).await
    });
    assert!(after.version > before.version);
    assert_eq!((before.visits[0].waiting.len(), after.visits[0].waiting.len()), (0, 1));
}

#[tokio::test]
async fn who_comes_too_early_is_told_when_the_link_opens_and_a_thief_nothing() {
    let clinic = Clinic::start().await;
    let staff = clinic.sign_in().await;
    let made = clinic.link(&staff, 7).await;
    let opens = list(&clinic, &staff, "").await.now_unix_secs + 3_600;
    let key = ed25519_dalek::SigningKey::from_bytes(&[9; 32]);
    let body = json!({
        "invite_key": Base64(key.verifying_key().to_bytes().to_vec()), "expires_in_secs": 60, "opens_unix_secs": opens,
        "role": "interpreter",
    });
    let path = format!("/v1/visits/{}/invites", made.visit);
    let reply: signaling_protocol::CreateInviteReply = clinic.client().post(&path, Some(&staff), &body).await.ok();
    let link = Link { visit: made.visit, invite: reply.invite, key };
    let answer = clinic.client().join(&link, b"early").await;
    assert_eq!(answer.code(), Code::InviteTooEarly);
    let told: Value = serde_json::from_slice(&answer.body).unwrap();
    assert_eq!(told["opens_unix_secs"], json!(opens));
    let thief = Link { key: ed25519_dalek::SigningKey::from_bytes(&[1; 32]), ..link };
    assert_eq!(clinic.client().join(&thief, b"early").await.code(), Code::InviteNotUsable);
    // Taken back.
    let path = format!("/v1/visits/{}/invites/{}", made.visit, made.invite);
    clinic.client().request("DELETE", &path, Some(&staff), Vec::new()).await.is(StatusCode::OK);
    assert_eq!(clinic.client().join(&made, b"late").await.code(), Code::InviteRevoked);
}

#[tokio::test]
async fn locks_tries_and_notes_go_over_the_wire() {
    let clinic = Clinic::start().await;
    let staff = clinic.sign_in().await;
    let link = clinic.link(&staff, 7).await;
    let (host, guest) = (clinic.host(&staff, link.visit).await, clinic.guest(&link).await);
    let mut hears = guest.listen(None).await;
    hears.until("hello").await;
    let about = json!({ "endpoint": guest.joined.endpoint });
    for used in 1..=3 {
        let tries: signaling_protocol::TriesReply = host.post("tries", &about).await.ok();
        assert_eq!(tries.used, used);
    }
    assert_eq!(guest.post("tries", &about).await.code(), Code::NotAllowed);
    let note = json!({ "note": { "about": "late", "minutes": 5 } });
    let path = format!("/v1/visits/{}/note", link.visit);
    clinic.client().post(&path, Some(&staff), &note).await.is(StatusCode::OK);
    assert_eq!(hears.next().await.unwrap()["note"], note["note"]);
    host.post("lock", &json!({ "locked": true })).await.is(StatusCode::OK);
    let other = clinic.link_to(&staff, link.visit, 8).await;
    assert_eq!(clinic.client().join(&other, b"new").await.code(), Code::VisitLocked);
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

/// Every kind of bad invite without a proof is the same 404, and takes as long: |t| < 4.5 (the bar of TVLA, ISO/IEC 17825)
/// over ten thousand requests a case, in turn, against the visits themselves, where no network hides a difference.
#[test]
fn long_a_bad_link_without_proof_takes_as_long_whatever_is_wrong_with_it() {
    use ed25519_dalek::SigningKey;
    use rand::SeedableRng;
    use server::store::MemoryStore;
    use server::visits::{Command, Config, Reply, StaffMember, Timing, Visits};
    use signaling_protocol::{
        Challenge, CreateInviteRequest, CreateVisitRequest, InviteId, InviteKey, JoinRequest, Limits, Signature,
        StaffId, VersionRange,
    };
    use units::Timestamp;

    let at = |secs: u64| Timestamp::from_millis(secs * 1_000);
    let config =
        Config { limits: Limits::default(), timing: Timing::default(), origin_unix_micros: 1_800_000_000_000_000 };
    let rng = Box::new(rand::rngs::StdRng::seed_from_u64(1));
    let mut visits = Visits::open(at(0), config, MemoryStore::default(), rng).unwrap();
    let by = StaffMember::own(StaffId::from_random([1; 16]));
    let mut made = Vec::new();
    for number in 0..4_u8 {
        let request = CreateVisitRequest::default();
        let Ok(Reply::Visit(visit)) = visits.handle(at(0), Command::CreateVisit { by, request }) else { panic!() };
        let key = InviteKey(SigningKey::from_bytes(&[number + 1; 32]).verifying_key().to_bytes());
        let mut request = CreateInviteRequest::new(key, if number == 1 { 1 } else { 3_600 });
        request.opens_unix_secs = (number == 2).then_some(1_800_000_000 + 7_200);
        let visit = visit.visit;
        let Ok(Reply::Invite(reply)) = visits.handle(at(0), Command::CreateInvite { by, visit, request }) else {
            panic!()
        };
        made.push((visit, reply.invite));
    }
    let (visit, invite) = made[3];
    visits.handle(at(0), Command::RevokeInvite { by, visit, invite }).unwrap();
    // Good, expired, too early, taken back, unknown.
    let mut cases: Vec<InviteId> = made.iter().map(|(_, invite)| *invite).collect();
    cases.push(InviteId::from_random([9; 16]));
    let mut times: Vec<Vec<f64>> = vec![Vec::new(); cases.len()];
    let bundle = Base64(vec![7; 700]);
    // In turn and from the other end every other time, so that nothing that drifts is one case's alone.
    for round in 0..10_000_u64 {
        for step in 0..cases.len() {
            let case = if round % 2 == 0 { step } else { cases.len() - 1 - step };
            let invite = cases[case];
            let Ok(Reply::Challenge(reply)) = visits.handle(at(10), Command::Challenge { invite }) else { panic!() };
            let Challenge(challenge) = reply.challenge;
            let mut signature = [3; 64];
            signature[..8].copy_from_slice(&round.to_be_bytes());
            let request = JoinRequest {
                protocol: VersionRange::CURRENT,
                challenge: Challenge(challenge),
                signature: Signature(signature),
                bundle: bundle.clone(),
            };
            let began = std::time::Instant::now();
            let answer = visits.handle(at(10), Command::JoinGuest { invite, request });
            times[case].push(began.elapsed().as_secs_f64());
            assert_eq!(answer, Err(Code::InviteNotUsable), "case {case}");
        }
    }
    // What the machine did meanwhile is nobody's secret: the slowest twentieth of all is left out of every case alike.
    let mut all: Vec<f64> = times.iter().flatten().copied().collect();
    all.sort_by(f64::total_cmp);
    let most = all[all.len() * 19 / 20];
    let times: Vec<Vec<f64>> =
        times.into_iter().map(|case| case.into_iter().filter(|time| *time <= most).collect()).collect();
    for (case, sample) in times.iter().enumerate().skip(1) {
        let t = t_of(&times[0], sample);
        assert!(t.abs() < 4.5, "case {case}: t = {t:.2} over {} and {}", times[0].len(), sample.len());
    }
}
