//! What the server learns, as `docs/trust.md` lists it, beside what it kept and logged after a whole visit.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use hyper::StatusCode;
use serde_json::{Value, json};
use signaling_protocol::{Base64, DeviceReply, StaffRole};
use units::Phi;

use crate::client::{People, Person};
use crate::privacy::start_program;

type Names = BTreeSet<String>;

/// Everything that an account, its devices and two people in a visit give to the server; what it
/// kept is read while they are there, and what it logged when it is killed.
#[tokio::test]
async fn what_is_kept_and_logged_after_a_visit_is_what_the_trust_document_lists_and_no_more() {
    let (data, logs) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let people = People::new();
    for (name, role) in [("cleo", StaffRole::Clinician), ("lee", StaffRole::Clinician), ("ada", StaffRole::Admin)] {
        people.hire(data.path(), name, role);
    }
    let (mut server, client) = start_program(data.path(), logs.path(), people).await;
    let (cleo, ada) = (client.sign_in("cleo").await, client.sign_in("ada").await.token);
    let refresh = json!({ "refresh_token": cleo.refresh_token, "nonce": Base64(vec![1; 16]) });
    client.post("/v1/auth/refresh", None, &refresh).await.is(StatusCode::OK);
    let cleo = cleo.token;
    client.post("/v1/auth/sign-in", None, &json!({ "name": "cleo", "password": "another" })).await;
    let post = async |token: &Phi<String>, path: &str, body: Value| {
        let answer = client.post(path, Some(token.expose()), &body).await;
        answer.is(StatusCode::OK);
        answer
    };
    post(&ada, "/v1/auth/recovery-codes", json!({ "totp": people.digits("ada") })).await;
    post(&ada, "/v1/staff", json!({ "name": "sam", "role": "front_desk" })).await;
    let bytes = |byte: u8, count| Base64(vec![byte; count]);
    let clinic = json!({ "fingerprint": bytes(1, 32), "generation": 1, "head": bytes(2, 147) });
    post(&ada, "/v1/clinic", clinic).await;
    let device: DeviceReply = post(&cleo, "/v1/devices", json!({ "request": bytes(3, 64) })).await.ok();
    let certificate = json!({ "revision": 1, "issuer": bytes(2, 147), "certificate": bytes(4, 186) });
    post(&ada, &format!("/v1/devices/{}/certificate", device.device), certificate).await;
    let notice = json!({ "epoch": 0x1_0001, "notice": bytes(5, 233), "revoked": [] });
    post(&ada, "/v1/clinic/notice", notice).await;
    let shared = json!({ "revision": 1, "box": bytes(6, 1_000) });
    post(&cleo, "/v1/boxes/7/obj_AAAAAAAAAAAAAAAAAAAAAA", shared).await;

    let colleagues = client.link(client.sign_in("lee").await.token.expose(), 6).await;
    let take_over = json!({
        "reason": "asked", "totp": people.digits("cleo"), "commitment": bytes(1, 32), "box": bytes(6, 1_000),
    });
    post(&cleo, &format!("/v1/visits/{}/take-over", colleagues.visit), take_over).await;
    let link = client.link(cleo.expose(), 7).await;
    let host = client.host(cleo.expose(), link.visit, &[7; 700]).await;
    let guest = Person::new(client, client.join(&link, &[8; 200]).await.ok());
    let mut hears = guest.listen(None).await;
    let sealed = json!({
        "id": signaling_protocol::MessageId::from_random([9; 16]), "to": guest.joined.endpoint, "seq": 0, "epoch": 0,
        "scheme": 1, "ttl_ms": 30_000, "box": Base64([&[1][..], &[0; 1_023]].concat()),
    });
    host.post("messages", &json!({ "messages": [sealed] })).await.is(StatusCode::OK);
    hears.until("message").await;
    host.post("admit", &json!({ "endpoint": guest.joined.endpoint })).await.is(StatusCode::OK);
    let path = "/v1/audit/checkpoint";
    client.request("GET", path, Some(cleo.expose()), Vec::new()).await.is(StatusCode::OK);
    server::audit_log::hold(data.path(), "all", true).unwrap();
    // While they are there: who has joined is forgotten soon after.
    let kept = columns(data.path());
    assert_eq!(kept.empty, Names::new(), "a whole visit leaves something in every table");
    host.post("end", &json!({})).await.is(StatusCode::OK);
    // No TLS at all.
    let mut stranger = tokio::net::TcpStream::connect(client.address).await.unwrap();
    tokio::io::AsyncWriteExt::write_all(&mut stranger, b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
    let _ = tokio::io::AsyncReadExt::read_to_end(&mut stranger, &mut Vec::new()).await;
    // It logs after it has closed the connection.
    let log = logs.path().join("stderr.log");
    for _ in 0..200 {
        if logged(&log).contains("error") {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    server.kill().await.unwrap();

    let listed = Listed::read();
    assert_eq!(kept.all, listed.columns, "kept in the database | listed in docs/trust.md");
    assert_eq!(in_source(), listed.logged, "written to the log | listed in docs/trust.md");
    let logged = logged(&log);
    assert!(logged.is_subset(&listed.logged), "logged {logged:?} | listed {:?}", listed.logged);
    for name in ["address", "devices", "error", "generation", "reason", "staff", "visit"] {
        assert!(logged.contains(name), "what a visit makes the server say was read: {logged:?}");
    }
}

/// What the document says.
struct Listed {
    /// `table.column`.
    columns: Names,
    /// Fields of the log.
    logged: Names,
}

impl Listed {
    fn read() -> Self {
        let text = include_str!("../../../../docs/trust.md");
        let section = |begin: &str, end: &str| {
            let (_, rest) = text.split_once(begin).unwrap_or_else(|| panic!("{begin} is missing"));
            rest.split_once(end).unwrap_or_else(|| panic!("{end} is missing")).0
        };
        let is_column =
            |name: &&str| name.split_once('.').is_some_and(|(table, column)| is_name(table) && is_name(column));
        let kept = section("\n## What the server learns\n", "\n### What its log says\n");
        let columns = code(kept).filter(is_column).map(str::to_owned).collect();
        let rows = section("\n### What its log says\n", "\n## ").lines().filter(|line| line.starts_with("| `"));
        let logged = rows.flat_map(|row| code(row.split('|').nth(1).unwrap())).map(str::to_owned).collect();
        Self { columns, logged }
    }
}

/// What stands between backticks.
fn code(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
}

struct Columns {
    all: Names,
    /// Tables without a row.
    empty: Names,
}

fn columns(data: &Path) -> Columns {
    let database = rusqlite::Connection::open(data.join("housecall.sqlite3")).unwrap();
    let names = |sql: &str| -> Names {
        let mut statement = database.prepare(sql).unwrap();
        statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    };
    let all = "SELECT tables.name || '.' || columns.name FROM sqlite_schema AS tables
               JOIN pragma_table_info(tables.name) AS columns WHERE tables.type = 'table'";
    let tables = names("SELECT name FROM sqlite_schema WHERE type = 'table'");
    let is_empty = |table: &String| {
        let count: u32 = database.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0)).unwrap();
        count == 0
    };
    Columns { all: names(all), empty: tables.into_iter().filter(is_empty).collect() }
}

/// The fields in the server's own lines: `time LEVEL target: message field=value …`. Lines of libraries are of lower levels
/// than what is written unless somebody looks for a fault.
fn logged(path: &Path) -> Names {
    let text = std::fs::read_to_string(path).unwrap();
    let mut fields = Names::new();
    for line in text.lines() {
        let mut words = line.split_whitespace().skip(1);
        let (level, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        let is_ours = target.starts_with("server::") || target == "server:";
        assert!(is_ours || !["INFO", "WARN", "ERROR"].contains(&level), "not the server's: {line}");
        if is_ours {
            let names = words.filter_map(|word| word.split_once('=')).map(|(name, _)| name);
            fields.extend(names.filter(|name| is_name(name)).map(str::to_owned));
        }
    }
    fields
}

/// The fields of every line that the program could ever write, by its source.
fn in_source() -> Names {
    let mut fields = Names::new();
    let mut open = vec![PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/src"))];
    while let Some(path) = open.pop() {
        if path.is_dir() {
            open.extend(std::fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
        } else if path.extension().is_some_and(|kind| kind == "rs") {
            fields.extend(fields_of(&std::fs::read_to_string(&path).unwrap()));
        }
    }
    fields
}

/// The fields of the macros of `tracing` in this source. Spans and attributes would bring fields in other ways: there must
/// be none.
fn fields_of(source: &str) -> Names {
    for other in ["span!(", "instrument", "event!(", ".record("] {
        assert!(!source.contains(other), "{other} brings fields that are not looked for here");
    }
    let mut fields = Names::new();
    for level in ["trace!(", "debug!(", "info!(", "warn!(", "error!("] {
        for (at, _) in source.match_indices(level) {
            let arguments = arguments(&source[at + level.len()..]);
            for argument in arguments {
                if let Some(text) = argument.strip_prefix('"') {
                    assert!(!text.contains('{'), "people read fields, and they are listed: {argument}");
                    continue;
                }
                let name = argument.split_once('=').map_or(argument.as_str(), |(name, _)| name);
                fields.insert(name.trim().trim_start_matches(['%', '?']).to_owned());
            }
        }
    }
    fields
}

/// The arguments of a macro, up to its closing parenthesis.
fn arguments(text: &str) -> Vec<String> {
    let (mut all, mut one, mut depth, mut is_text) = (Vec::new(), String::new(), 0, false);
    for letter in text.chars() {
        match letter {
            '"' => is_text = !is_text,
            '(' | '[' | '{' if !is_text => depth += 1,
            ')' if !is_text && depth == 0 => break,
            ')' | ']' | '}' if !is_text => depth -= 1,
            ',' if !is_text && depth == 0 => {
                all.push(std::mem::take(&mut one));
                continue;
            }
            _ => {}
        }
        one.push(letter);
    }
    all.push(one);
    all.into_iter().map(|one| one.trim().to_owned()).filter(|one| !one.is_empty()).collect()
}

#[test]
fn fields_are_found_in_every_form_that_the_macros_have() {
    let source = "info!(%visit, ?reason, \"it (ended), so\"); warn!(\n    count = all.len(),\n    error,\n    \"x\"\n); debug!(\"y\");";
    let expected = ["count", "error", "reason", "visit"].map(str::to_owned);
    assert_eq!(fields_of(source), Names::from(expected));
}
