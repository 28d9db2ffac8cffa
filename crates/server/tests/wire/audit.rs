//! The audit log of the real server: what happened stands in it, an auditor takes it out, and whoever changes it is found.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use ::audit::evidence::{Known, Verified, verify};
use ::audit::{Happened, Keeper, LogKey, PathKind, Receipt, Row, to_base64};
use axum::body::{Body, to_bytes};
use ed25519_dalek::{Signer, SigningKey};
use hyper::StatusCode;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng};
use serde_json::{Value, json};
use signaling_protocol::{AuditRowsReply, Base64, CheckpointReply, Code, CreateVisitReply, OriginReply, StaffRole};
use testkit::python::verify_evidence;

use crate::client::{Client, Clinic, People, Person};

/// The longest evidence of these tests.
const LONGEST: usize = 1 << 30;

/// A bundle as apps make them, as far as the log looks into it.
fn bundle(role: u8, key: &SigningKey) -> Vec<u8> {
    [&[2, role][..], &[7; 16], &key.verifying_key().to_bytes(), &[9; 32]].concat()
}

/// What an app says of its connection.
fn receipt(me: &Person, other: &Person, key: &SigningKey, happened: Happened, saw: u8) -> Value {
    let receipt = Receipt {
        visit: me.joined.visit.to_string(),
        endpoint: me.joined.endpoint.to_string(),
        peer: other.joined.endpoint.to_string(),
        happened,
        agreed: [saw; 32],
        path: PathKind::Direct,
        level: "app".to_owned(),
        unix_micros: 1_800_000_000_000_000,
    };
    let signature = key.sign(&receipt.signing_bytes().unwrap());
    json!({
        "peer": other.joined.endpoint, "happened": happened.word(), "agreed": Base64(vec![saw; 32]), "path": "direct",
        "level": "app", "receipt_at": receipt.unix_micros, "signature": to_base64(&signature.to_bytes()),
    })
}

impl Client {
    async fn evidence(&self, token: &str, query: &str) -> String {
        let response = self.stream(&format!("/v1/audit/evidence{query}"), token).await;
        assert_eq!(response.headers()["content-type"], "application/jsonl");
        String::from_utf8(to_bytes(Body::new(response.into_body()), LONGEST).await.unwrap().to_vec()).unwrap()
    }

    async fn checkpoint(&self, token: &str, query: &str) -> CheckpointReply {
        let path = format!("/v1/audit/checkpoint{query}");
        self.request("GET", &path, Some(token), Vec::new()).await.ok()
    }

    async fn rows(&self, token: &str, query: &str) -> Vec<String> {
        let path = format!("/v1/audit/rows{query}");
        let reply: AuditRowsReply = self.request("GET", &path, Some(token), Vec::new()).await.ok();
        reply.rows
    }
}

/// Both verifiers' word: what was found, or the name of the refusal.
fn ask(scratch: &Path, file: &str, key: &[u8], kept: &[&str]) -> Result<Verified, String> {
    let known = Known { key: key.try_into().ok(), kept: kept.iter().map(|note| (*note).to_owned()).collect() };
    let first =
        verify(file.strip_suffix('\n').unwrap().split('\n'), &known).map_err(|refusal| refusal.name().to_owned());
    let second = verify_evidence(scratch, file, Some(&to_base64(key)), kept);
    assert_eq!(first.as_ref().err(), second.as_ref(), "the two verifiers differ");
    first
}

fn key_of(reply: &CheckpointReply) -> LogKey {
    LogKey::from_bytes(reply.key.0.as_slice().try_into().unwrap()).unwrap()
}

#[tokio::test]
async fn a_visits_evidence_is_believed_by_both_verifiers_and_refused_when_it_was_tampered_with() {
    let clinic = Clinic::start().await;
    let client = clinic.client();
    let aud = clinic.staff("aud", StaffRole::Auditor).await;
    let token = aud.token.expose();
    let kept = client.checkpoint(token, "").await;
    let keeper = Keeper::first(key_of(&kept), &kept.checkpoint).unwrap();

    let lee = clinic.sign_in().await;
    let link = clinic.link(&lee, 7).await;
    let (host_key, guest_key) = (SigningKey::from_bytes(&[11; 32]), SigningKey::from_bytes(&[12; 32]));
    let host = client.host(&lee, link.visit, &bundle(1, &host_key)).await;
    let guest = Person::new(client, client.join(&link, &bundle(2, &guest_key)).await.ok());
    host.post("admit", &json!({ "endpoint": guest.joined.endpoint })).await.is(StatusCode::OK);
    for happened in [Happened::Opened, Happened::Closed] {
        let said = receipt(&host, &guest, &host_key, happened, 1);
        host.post("receipts", &said).await.is(StatusCode::OK);
        host.post("receipts", &said).await.is(StatusCode::OK);
        guest.post("receipts", &receipt(&guest, &host, &guest_key, happened, 1)).await.is(StatusCode::OK);
    }
    // By another's key, about another's connection, without a key.
    let forged = receipt(&guest, &host, &host_key, Happened::Opened, 1);
    assert_eq!(guest.post("receipts", &forged).await.code(), Code::Malformed);
    assert_eq!(
        guest.post("receipts", &receipt(&host, &guest, &host_key, Happened::Opened, 1)).await.code(),
        Code::Malformed
    );
    host.post("end", &json!({})).await.is(StatusCode::OK);

    // The app's own look at the log.
    let size = keeper.newest().checkpoint.size;
    for later in [
        client.checkpoint(token, &format!("?since={size}")).await,
        guest.get(&format!("checkpoint?since={size}")).await.ok(),
    ] {
        let proof = later.consistency.clone().unwrap().0;
        let proof: Vec<_> = proof.chunks(32).map(|hash| hash.try_into().unwrap()).collect();
        let mut another = keeper.clone();
        another.take(&key_of(&later), &later.checkpoint, &proof).unwrap();
        assert!(another.newest().checkpoint.size > size);
    }

    let scratch = tempfile::tempdir().unwrap();
    let file = client.evidence(token, &format!("?about={}&since={size}", link.visit)).await;
    let found = ask(scratch.path(), &file, &kept.key.0, &[&kept.checkpoint]).unwrap();
    assert_eq!((found.agreed, found.one_sided, found.is_gapless), (1, 0, true));
    let rows: Vec<Row<'_>> = file
        .lines()
        .filter_map(|line| line.split_once("\"row\":").map(|(_, row)| Row::parse(&row[..row.len() - 1]).unwrap()))
        .collect();
    let told: Vec<&str> = rows.iter().map(|row| row.what).collect();
    for what in ["visit", "invite", "endpoint", "receipt", "exported"] {
        assert!(told.contains(&what), "{told:?}");
    }
    assert_eq!(told.iter().filter(|what| **what == "receipt").count(), 4, "each once, however often it is sent");
    let by = |row: &Row<'_>| (row.by.to_owned(), row.origin().is_some());
    let staff = aud.staff.to_string();
    assert_eq!(by(rows.last().unwrap()), (staff.clone(), true), "who took it stands there as well");
    let joins: Vec<_> = rows.iter().filter(|row| row.what == "endpoint").map(by).collect();
    assert!(joins.contains(&("stranger".to_owned(), true)), "who holds a link: {joins:?}");
    assert!(joins.contains(&(host.joined.endpoint.to_string(), true)), "who admits: {joins:?}");
    assert!(rows.iter().any(|row| row.record().text("by_session").is_some_and(|session| session.starts_with("ses_"))));

    let lines: Vec<&str> = file.lines().collect();
    for number in 1..lines.len() {
        let without: Vec<&str> =
            lines.iter().enumerate().filter(|(at, _)| *at != number).map(|(_, line)| *line).collect();
        let is_last = number == lines.len() - 1;
        let asked = ask(scratch.path(), &(without.join("\n") + "\n"), &kept.key.0, &[&kept.checkpoint]);
        assert_eq!(asked.is_err(), !is_last, "line {number} is missed, unless it is the newest");
    }
    for (from, to) in
        [("\"admitted\"", "\"waiting\""), ("\"what\":\"invite\"", "\"what\":\"visit\""), ("\"at\":1", "\"at\":2")]
    {
        assert!(file.contains(from));
        let asked = ask(scratch.path(), &file.replacen(from, to, 1), &kept.key.0, &[&kept.checkpoint]);
        assert_eq!(asked.unwrap_err(), "not_included");
    }
}

#[tokio::test]
async fn an_auditor_finds_who_did_what_from_where() {
    let clinic = Clinic::start().await;
    let client = clinic.client();
    let aud = clinic.staff("aud", StaffRole::Auditor).await.token.into_exposed();
    let lee = client.sign_in("lee").await;
    let visit: CreateVisitReply = client.post("/v1/visits", Some(lee.token.expose()), &json!({})).await.ok();
    // From a machine to its sessions, from a session to the visits.
    let machines = client.rows(&aud, &format!("?about={}&what=machine", lee.staff)).await;
    let machine = Row::parse(&machines[0]).unwrap().record().text("machine").unwrap().to_owned();
    let sessions = client.rows(&aud, &format!("?about={machine}")).await;
    let session = Row::parse(&sessions[0]).unwrap().record().text("session").unwrap().to_owned();
    assert_eq!(session, lee.session.to_string());
    let done = client.rows(&aud, &format!("?about={session}&what=visit")).await;
    assert_eq!(Row::parse(&done[0]).unwrap().visit(), Some(visit.visit.to_string().as_str()));
    assert_eq!(client.rows(&aud, &format!("?about={session}&until=1000")).await.len(), 0);
    // From where.
    let path = "/v1/audit/origin?address=127.0.0.1";
    let here: OriginReply = client.request("GET", path, Some(&aud), Vec::new()).await.ok();
    let origin = Row::parse(&done[0]).unwrap().origin().unwrap();
    assert_eq!(here.origins[0].from.0, origin.address);
    assert!(client.rows(&aud, "").await.iter().all(|row| !row.contains("127.0.0")));
    // Who has access.
    for path in ["/v1/staff", &format!("/v1/staff/{}/sessions", lee.staff), "/v1/devices"] {
        client.request("GET", path, Some(&aud), Vec::new()).await.is(StatusCode::OK);
    }
    for (query, code) in [("?about=lee", Code::Malformed), ("?what=Free+text", Code::Malformed)] {
        let answer = client.request("GET", &format!("/v1/audit/rows{query}"), Some(&aud), Vec::new()).await;
        assert_eq!(answer.code(), code);
    }
    let answer = client.request("GET", "/v1/audit/checkpoint?since=100000", Some(&aud), Vec::new()).await;
    assert_eq!(answer.code(), Code::Malformed);
}

#[tokio::test]
async fn the_log_goes_on_over_a_restart() {
    let clinic = Clinic::start().await;
    let aud = clinic.staff("aud", StaffRole::Auditor).await.token.into_exposed();
    let kept = clinic.client().checkpoint(&aud, "").await;
    let clinic = clinic.restart().await;
    let file = clinic.client().evidence(&aud, "").await;
    let scratch = tempfile::tempdir().unwrap();
    ask(scratch.path(), &file, &kept.key.0, &[&kept.checkpoint]).unwrap();
}

#[tokio::test]
async fn other_settings_are_a_row_and_the_same_ones_are_none() {
    let clinic = Clinic::start().await;
    let aud = clinic.staff("aud", StaffRole::Auditor).await.token.into_exposed();
    let rows = async |clinic: &Clinic| {
        let rows = clinic.client().rows(&aud, "?what=settings_changed").await;
        rows.iter().map(|row| serde_json::from_str::<Value>(row).unwrap()).collect::<Vec<_>>()
    };
    let first = rows(&clinic).await;
    assert_eq!(first.len(), 1, "{first:?}");
    assert_eq!((&first[0]["by"], &first[0]["relay_only"]), (&json!("operator"), &json!(false)));
    let clinic = clinic.restart().await;
    assert_eq!(rows(&clinic).await, first, "nothing is another");
    let clinic = clinic.restart_with(|config| config.relay_only = true).await;
    let phone = "+1 555 0100";
    let clinic = clinic.restart_with(|config| config.phone = Some(phone.to_owned())).await;
    let all = rows(&clinic).await;
    let relay_only: Vec<_> = all.iter().map(|row| row["relay_only"].clone()).collect();
    assert_eq!(relay_only, [json!(false), json!(true), json!(false)], "the newest first: {all:?}");
    assert!(all[0]["others"] != all[1]["others"] && all[1]["others"] == all[2]["others"], "{all:?}");
    assert!(!format!("{all:?}").contains("555"), "that it is another one, and not which");
}

/// How often the server is killed.
const KILLS: usize = 200;

/// People who make visits at the same time.
const BUSY: usize = 6;

#[tokio::test]
async fn a_server_that_is_killed_loses_nothing_that_it_has_answered() {
    killed(5).await;
}

#[tokio::test]
async fn long_a_server_that_is_killed_two_hundred_times_loses_nothing_that_it_has_answered() {
    killed(KILLS).await;
}

async fn killed(times: usize) {
    let (data, logs) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let people = People::new();
    for (name, role) in [("cleo", StaffRole::Clinician), ("aud", StaffRole::Auditor)] {
        people.hire(data.path(), name, role);
    }
    let mut rng = StdRng::seed_from_u64(9);
    let mut answered = BTreeSet::new();
    let mut kept: Option<CheckpointReply> = None;
    let mut tokens: Option<(String, String)> = None;
    for kill in 0..=times {
        let (mut server, client) = start(data.path(), logs.path(), people).await;
        let (cleo, aud) = match &tokens {
            // Fifteen minutes are enough for all of it, or the last sign-in is a while ago.
            Some(tokens) if kill % 100 != 0 => tokens.clone(),
            _ => {
                let both = (client.sign_in("cleo").await.token, client.sign_in("aud").await.token);
                (both.0.into_exposed(), both.1.into_exposed())
            }
        };
        tokens = Some((cleo.clone(), aud.clone()));
        if kill % 20 == 0 || kill == times {
            let file = client.evidence(&aud, "").await;
            let known = Known { key: None, kept: kept.iter().map(|kept| kept.checkpoint.clone()).collect() };
            verify(file.strip_suffix('\n').unwrap().split('\n'), &known).unwrap();
            for visit in &answered {
                assert!(file.contains(visit), "{visit} was answered before kill {kill}, and is not in the log");
            }
        }
        // What an app does at each sign-in: it goes on from what was kept.
        let since = kept.as_ref().map_or(String::new(), |kept| format!("?since={}", size_of(kept)));
        let later = client.checkpoint(&aud, &since).await;
        if let Some(kept) = &kept {
            let proof: Vec<_> =
                later.consistency.clone().unwrap().0.chunks(32).map(|hash| hash.try_into().unwrap()).collect();
            Keeper::first(key_of(kept), &kept.checkpoint)
                .unwrap()
                .take(&key_of(&later), &later.checkpoint, &proof)
                .unwrap_or_else(|alarm| panic!("after kill {kill}: {alarm}"));
        }
        kept = Some(later);
        let busy: Vec<_> = (0..BUSY)
            .map(|_| {
                let cleo = cleo.clone();
                tokio::spawn(async move { make_visits(client, &cleo).await })
            })
            .collect();
        tokio::time::sleep(Duration::from_millis(rng.random_range(5..250))).await;
        // SIGKILL: nothing of the program runs after it.
        server.start_kill().unwrap();
        server.wait().await.unwrap();
        for task in busy {
            answered.extend(task.await.unwrap());
        }
    }
    assert!(answered.len() > times, "it had work to do: {}", answered.len());
}

fn size_of(reply: &CheckpointReply) -> u64 {
    Keeper::first(key_of(reply), &reply.checkpoint).unwrap().newest().checkpoint.size
}

/// Makes visits until nobody answers; those that were answered.
async fn make_visits(client: Client, token: &str) -> Vec<String> {
    let mut made = Vec::new();
    loop {
        let Some(visit) = try_to_make(client, token).await else { return made };
        made.push(visit);
    }
}

async fn try_to_make(client: Client, token: &str) -> Option<String> {
    let stream = client.connect(&[&rustls::version::TLS13], b"http/1.1").await.ok()?;
    let io = hyper_util::rt::TokioIo::new(stream);
    let (mut sender, connection) = hyper::client::conn::http1::handshake(io).await.ok()?;
    tokio::spawn(connection);
    let request = hyper::Request::post("/v1/visits")
        .header("host", client.address.to_string())
        .header("authorization", format!("Bearer {token}"))
        .body(Body::from("{}"))
        .unwrap();
    let response = sender.send_request(request).await.ok()?;
    if response.status() != StatusCode::OK {
        return None;
    }
    let body = to_bytes(Body::new(response.into_body()), 4096).await.ok()?;
    let reply: CreateVisitReply = serde_json::from_slice(&body).ok()?;
    Some(reply.visit.to_string())
}

/// The real program; its log is thrown away.
async fn start(data: &Path, logs: &Path, people: &'static People) -> (tokio::process::Child, Client) {
    crate::privacy::start_program(data, logs, people).await
}
