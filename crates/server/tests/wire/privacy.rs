//! What the server has on its disk and writes to its log after a visit: labels and public keys, and nothing of what was said.

use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use hyper::StatusCode;
use serde_json::{Value, json};
use server::accounts::add_user;
use signaling_protocol::{Base64, DeviceReply, MessageId, StaffRole};
use tokio::io::AsyncBufReadExt;
use units::Phi;

use crate::client::{Client, PASSWORD, People, Person};

/// People and connections as an app would put them into a message.
const PLANTED: [&str; 6] = [
    "Wilhelmina Planted-Patient",
    "MRN-00471100",
    "v=0\r\no=- 4611731400430051336 2 IN IP4 127.0.0.1",
    "a=fingerprint:sha-256 4A:AD:B9:B1:3F:82:18:3B:54:02",
    "a=ice-ufrag:EsAwqXpL",
    "candidate:1 1 UDP 2130706431 192.0.2.77 50000 typ host",
];

/// Where something was found, and what.
type Found = Vec<(PathBuf, String)>;

/// Each of `needles` in each file of the folders, plain and in the ways in which bytes are written as text.
fn search(folders: &[&Path], needles: &[Vec<u8>]) -> Found {
    let mut found = Found::new();
    let mut open: Vec<PathBuf> = folders.iter().map(|folder| folder.to_path_buf()).collect();
    while let Some(path) = open.pop() {
        if path.is_dir() {
            open.extend(std::fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
            continue;
        }
        let bytes = std::fs::read(&path).unwrap();
        for needle in needles {
            if spellings(needle).iter().any(|spelling| holds(&bytes, spelling)) {
                found.push((path.clone(), String::from_utf8_lossy(needle).into_owned()));
            }
        }
    }
    found
}

fn holds(bytes: &[u8], needle: &[u8]) -> bool {
    bytes.windows(needle.len()).any(|window| window == needle)
}

/// The bytes themselves, in both hexadecimals, escaped, as a list, and in both base64s wherever in a longer text they begin.
fn spellings(needle: &[u8]) -> Vec<Vec<u8>> {
    let hex: String = needle.iter().map(|byte| format!("{byte:02x}")).collect();
    let list = needle.iter().map(u8::to_string).collect::<Vec<_>>().join(", ");
    let mut all = vec![needle.to_vec(), hex.to_uppercase().into_bytes(), hex.into_bytes(), list.into_bytes()];
    all.push(needle.escape_ascii().to_string().into_bytes());
    for skipped in 0..3 {
        // What comes before decides how the letters fall; the first and last ones hang on their neighbours.
        let shifted = [vec![0; skipped], needle.to_vec()].concat();
        for text in [URL_SAFE_NO_PAD.encode(&shifted), STANDARD.encode(&shifted)] {
            let text = text.trim_end_matches('=');
            all.push(text.as_bytes()[4..text.len() - 2].to_vec());
        }
    }
    all
}

/// The program with a log of everything, and the folder of that log.
pub(crate) async fn start_program(
    data: &Path,
    logs: &Path,
    people: &'static People,
) -> (tokio::process::Child, Client) {
    let log = std::fs::File::create(logs.join("stderr.log")).unwrap();
    let mut server = tokio::process::Command::new(env!("CARGO_BIN_EXE_housecall-server"))
        .args(["serve", "--listen", "127.0.0.1:0", "--metrics-listen", "127.0.0.1:0", "--data"])
        .arg(data)
        .env("HOUSECALL_LOG", "trace")
        .stdout(std::process::Stdio::piped())
        .stderr(log)
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut lines = tokio::io::BufReader::new(server.stdout.take().unwrap());
    let mut line = String::new();
    lines.read_line(&mut line).await.unwrap();
    std::fs::write(logs.join("ready"), &line).unwrap();
    (server, Client::of_ready_line(&line, people))
}

/// A message of this scheme whose box holds `text`, at a size that is allowed.
fn message(from: u8, to: &Person, number: u8, scheme: u8, text: &[u8]) -> Value {
    let mut sealed = text.to_vec();
    // Not zeros: this is to be found if it is anywhere.
    let padding = (sealed.len()..1_024).map(|at| (at as u8).wrapping_mul(31).wrapping_add(from ^ number));
    sealed.extend(padding.collect::<Vec<_>>());
    json!({
        "id": MessageId::from_random([from + number; 16]), "to": to.joined.endpoint, "seq": number, "epoch": 0,
        "scheme": scheme, "ttl_ms": 30_000, "box": Base64(sealed),
    })
}

#[tokio::test]
async fn nothing_that_is_said_in_a_visit_is_on_the_disk_or_in_a_log() {
    let (data, logs) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let people = People::new();
    for (name, role) in [("cleo", StaffRole::Clinician), ("ada", StaffRole::Admin)] {
        people.hire(data.path(), name, role);
    }
    let (mut server, client) = start_program(data.path(), logs.path(), people).await;
    let (cleo, ada) = (client.sign_in("cleo").await.token, client.sign_in("ada").await.token);
    let stored = |what: &str| format!("{what} that is stored: {}", "0123456789".repeat(4));
    let post = async |token: &Phi<String>, path: &str, body: Value| {
        let answer = client.post(path, Some(token.expose()), &body).await;
        answer.is(StatusCode::OK);
        answer
    };
    // What colleagues keep.
    let head = stored("a clinic key");
    let clinic = json!({ "fingerprint": Base64(vec![1; 32]), "generation": 1, "head": Base64(head.clone().into()) });
    post(&ada, "/v1/clinic", clinic).await;
    let device: DeviceReply = post(&cleo, "/v1/devices", json!({ "request": "AQID" })).await.ok();
    let said_in_check = "a commitment of the spoken check, which nobody keeps";
    let check = json!({ "run": 1, "side": "device", "number": 0, "message": Base64(said_in_check.into()) });
    post(&cleo, &format!("/v1/devices/{}/check", device.device), check).await;
    let staff_box = stored("a staff box");
    let body = json!({ "revision": 1, "box": Base64(staff_box.clone().into()) });
    post(&cleo, "/v1/boxes/7/obj_AAAAAAAAAAAAAAAAAAAAAA", body).await;
    // A visit.
    let link = client.link(cleo.expose(), 7).await;
    let bundle = stored("a bundle");
    let host = client.host(cleo.expose(), link.visit, b"host").await;
    let guest = Person::new(client, client.join(&link, bundle.as_bytes()).await.ok());
    let (mut host_hears, mut guest_hears) = (host.listen(None).await, guest.listen(None).await);
    let mut needles: Vec<Vec<u8>> = PLANTED.iter().map(|text| text.as_bytes().to_vec()).collect();
    for (number, scheme) in [(0, 0), (1, 1)] {
        let text = PLANTED.join("\r\n").into_bytes();
        for (by, to, from) in [(&host, &guest, 10), (&guest, &host, 20)] {
            let message = message(from, to, number, scheme, &text);
            let sealed: Base64 = serde_json::from_value(message["box"].clone()).unwrap();
            // The padding as well: a box is nowhere, not even in part.
            needles.push(sealed.0[sealed.len() - 64..].to_vec());
            by.post("messages", &json!({ "messages": [message] })).await.is(StatusCode::OK);
        }
    }
    for stream in [&mut host_hears, &mut guest_hears] {
        stream.until("message").await;
        stream.until("message").await;
    }
    // One that nobody has taken yet, and one that is refused.
    drop(guest_hears);
    host.post("messages", &json!({ "messages": [message(30, &guest, 0, 0, &needles[0])] })).await.is(StatusCode::OK);
    let mut refused = message(40, &guest, 0, 1, &needles[0]);
    refused["box"] = json!(Base64(PLANTED.join(" ").into_bytes().into_iter().cycle().take(1_000).collect()));
    host.post("messages", &json!({ "messages": [refused] })).await.is(StatusCode::UNPROCESSABLE_ENTITY);
    client.post("/v1/auth/sign-in", None, &json!({ "name": PLANTED[0], "password": PLANTED[1] })).await;
    client.post("/v1/auth/sign-in", None, &json!({ "name": { "x": PLANTED[0] } })).await;
    client.post(&format!("/v1/visits/{}/join", PLANTED[1]), Some(cleo.expose()), &json!({})).await;
    host.post("admit", &json!({ "endpoint": guest.joined.endpoint })).await.is(StatusCode::OK);

    needles.push(said_in_check.into());
    needles.push(PASSWORD.into());
    for token in [&cleo, &ada, &host.joined.endpoint_token, &guest.joined.endpoint_token] {
        needles.push(token.expose().as_bytes()[4..].to_vec());
    }
    let folders = [data.path(), logs.path()];
    let kept: Vec<Vec<u8>> = [head, staff_box, bundle].map(String::into_bytes).into();
    let in_database = |found: &Found, what: &[u8]| {
        let what = String::from_utf8_lossy(what);
        found.iter().any(|(path, text)| *text == what && path.to_string_lossy().contains("housecall.sqlite3"))
    };
    // While it runs, with what is beside the database; and what is left of it when it is killed.
    for _ in 0..2 {
        assert_eq!(search(&folders, &needles), Found::new());
        let found = search(&folders, &kept);
        assert!(kept.iter().all(|what| in_database(&found, what)), "what is stored would be found: {found:?}");
        server.kill().await.unwrap();
    }
    let log = std::fs::read_to_string(logs.path().join("stderr.log")).unwrap();
    assert!(log.contains("DEBUG") && log.contains("signed in"), "a log of everything: {log}");
    let in_log = search(&[logs.path()], &kept);
    assert_eq!(in_log, Found::new(), "what is stored is in no log either");
}

#[test]
fn what_is_searched_for_is_found_however_it_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log");
    let needle = PLANTED[3].as_bytes();
    for before in ["", "x", "xy"] {
        let whole = [before.as_bytes(), needle, b"and more"].concat();
        let list = format!("{whole:?}");
        let spelled = [
            String::from_utf8(whole.clone()).unwrap(),
            URL_SAFE_NO_PAD.encode(&whole),
            STANDARD.encode(&whole),
            whole.iter().map(|byte| format!("{byte:02X}")).collect(),
            list,
        ];
        for text in spelled {
            std::fs::write(&path, format!("TRACE body={text}")).unwrap();
            assert_eq!(search(&[folder.path()], &[needle.to_vec()]).len(), 1, "{text}");
            assert_eq!(search(&[folder.path()], &[PLANTED[4].as_bytes().to_vec()]).len(), 0);
        }
    }
}

#[tokio::test]
async fn the_database_has_the_columns_that_the_specification_lists_and_no_others() {
    let clinic = crate::client::Clinic::start().await;
    let database = rusqlite::Connection::open(clinic.data.path().join("housecall.sqlite3")).unwrap();
    let sql = "SELECT tables.name || '.' || columns.name FROM sqlite_schema AS tables
               JOIN pragma_table_info(tables.name) AS columns WHERE tables.type = 'table'";
    let mut statement = database.prepare(sql).unwrap();
    let mut columns: Vec<String> = statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    let text = include_str!("../../../../signaling-protocol/PROTOCOL.md");
    let (_, kept) = text.split_once("## What the server keeps").unwrap();
    let (kept, _) = kept.split_once("\n## ").unwrap();
    let rows = kept.lines().filter(|line| line.starts_with("| `"));
    let listed = rows.flat_map(|row| row.split('|').nth(1).unwrap().split(", "));
    let mut listed: Vec<String> = listed.map(|name| name.trim().trim_matches('`').to_owned()).collect();
    columns.sort();
    listed.sort();
    assert_eq!(columns, listed);
}

/// Every value of every column, with its table and column.
fn cells(database: &Path) -> Vec<(String, Vec<u8>)> {
    let database = rusqlite::Connection::open(database).unwrap();
    let sql = "SELECT tables.name, columns.name FROM sqlite_schema AS tables
               JOIN pragma_table_info(tables.name) AS columns WHERE tables.type = 'table'";
    let mut statement = database.prepare(sql).unwrap();
    let columns = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    let columns: Vec<(String, String)> = columns.map(Result::unwrap).collect();
    let mut all = Vec::new();
    for (table, column) in columns {
        let sql = format!("SELECT CAST(\"{column}\" AS BLOB) FROM {table} WHERE \"{column}\" IS NOT NULL");
        let mut statement = database.prepare(&sql).unwrap();
        let values = statement.query_map([], |row| row.get::<_, Vec<u8>>(0)).unwrap();
        all.extend(values.map(|value| (format!("{table}.{column}"), value.unwrap())));
    }
    all
}

/// Whatever people can write, holds something of theirs; no log, number, backup or column shows it.
#[tokio::test]
async fn what_is_planted_in_every_input_is_in_no_log_no_number_no_backup_and_no_unsealed_column() {
    const STAFF: &str = "Theodora Planted-Staff";
    let (data, logs) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let people = People::new();
    let secret = add_user(data.path(), STAFF, StaffRole::Clinician, &Phi::new(PASSWORD.to_owned())).unwrap();
    people.knows(STAFF, secret.expose());
    let (server, client) = start_program(data.path(), logs.path(), people).await;
    let signed_in = client.sign_in(STAFF).await;
    let token = signed_in.token.expose().as_str();
    let link = client.link(token, 7).await;
    let host = client.host(token, link.visit, b"host").await;
    let planted = PLANTED.map(|text| text.replace(['\r', '\n'], " "));
    for text in &planted {
        let encoded: String = text.bytes().map(|byte| format!("%{byte:02x}")).collect();
        let headers: Vec<(&str, &str)> =
            ["user-agent", "x-forwarded-for", "forwarded", "referer", "cookie", "last-event-id"]
                .map(|name| (name, text.as_str()))
                .into();
        let paths = [
            "/healthz".to_owned(),
            format!("/{encoded}"),
            format!("/v1/visits/{encoded}/events?poll={encoded}"),
            format!("/v1/invites/{encoded}/join"),
            format!("/v1/staff/{encoded}/sessions"),
            format!("/v1/visits?from={encoded}"),
            format!("/v1/boxes/{encoded}/{encoded}?below={encoded}"),
            host.path("events?poll=1"),
        ];
        for path in &paths {
            for (method, bearer) in
                [("GET", Some(token)), ("POST", Some(token)), ("GET", Some(text.as_str())), ("BREW", None)]
            {
                if path.ends_with("poll=1") && bearer == Some(token) {
                    continue;
                }
                let body = json!({ "name": text, "password": text, "messages": [{ "box": text }], text: text });
                client.request_with(method, path, bearer, &headers, body.to_string().into_bytes()).await;
            }
        }
        for (path, body) in [
            (
                "/v1/auth/sign-in",
                json!({ "name": text, "password": text, "totp": text, "label": text, "device_token": text }),
            ),
            (
                "/v1/auth/sign-up",
                json!({ "code": text, "name": text, "password": text, "totp_secret": "AAAA", "totp": text }),
            ),
            ("/v1/auth/refresh", json!({ "refresh_token": text, "nonce": Base64(text.clone().into_bytes()) })),
            ("/v1/visits", json!({ "planned": { "start_unix_secs": 1, "length_minutes": 30, "time_zone": text } })),
        ] {
            client.post(path, Some(token), &body).await;
        }
        client.post(&host.path("note"), Some(token), &json!({ "note": { "kind": text } })).await;
        host.post("messages", &json!({ "messages": [message(50, &host, 0, 1, text.as_bytes())] })).await;
        client.post("/v1/devices", Some(token), &json!({ "request": text })).await;
    }
    // A relay's client that is a stranger, and words of TURN.
    let socket = tokio::net::UdpSocket::bind("127.0.0.1:0").await.unwrap();
    socket.send_to(planted.join(" ").as_bytes(), client.address).await.unwrap();
    let mut needles: Vec<Vec<u8>> = planted.iter().map(|text| text.as_bytes().to_vec()).collect();
    for secret in [token, signed_in.refresh_token.expose(), host.joined.endpoint_token.expose()] {
        needles.push(secret.as_bytes()[4..].to_vec());
    }
    // What it tells of itself, and a backup that is made while it runs.
    let numbers = crate::drill::page(&metrics_of(logs.path()), "/metrics").await;
    assert!(numbers.contains("housecall_requests_total"), "{numbers}");
    std::fs::write(logs.path().join("numbers"), numbers).unwrap();
    let place = server::storage_key::Place::from(data.path());
    server::backup::back_up(&place, &logs.path().join("backup")).unwrap();
    assert_eq!(search(&[data.path(), logs.path()], &needles), Found::new());
    // A colleague's name is in one column, and in nothing that leaves the machine; nor is how they sign in.
    assert_eq!(search(&[logs.path()], &[STAFF.as_bytes().to_vec()]), Found::new());
    drop(server);
    let cells = cells(&data.path().join("housecall.sqlite3"));
    let named: Vec<_> =
        cells.iter().filter(|(_, value)| holds(value, STAFF.as_bytes())).map(|(at, _)| at.as_str()).collect();
    assert_eq!(named, ["staff.name"]);
    let sealed = ["secrets.value", "staff.totp_secret"];
    for at in sealed {
        let values: Vec<_> = cells.iter().filter(|(its, _)| its == at).collect();
        assert!(!values.is_empty() && values.iter().all(|(_, value)| value.len() > 33), "{at} is sealed");
    }
    let seed = totp_rs::Secret::try_from_base32(secret.expose()).unwrap();
    let seeds = [seed.as_ref().to_vec(), secret.expose().as_bytes().to_vec()];
    assert_eq!(search(&[data.path(), logs.path()], &seeds), Found::new(), "the secret of the second factor");
}

fn metrics_of(logs: &Path) -> String {
    std::fs::read_to_string(logs.join("ready")).unwrap().split_once("metrics http://").unwrap().1.trim().to_owned()
}
