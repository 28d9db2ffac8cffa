//! The operator's drill with the real program: install, check, back up, lose the disk, restore, upgrade. And what it tells of
//! itself meanwhile.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hyper::StatusCode;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use signaling_protocol::CreateVisitReply;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};

use crate::client::{Client, PASSWORD, People};

/// A machine with a settings' file: data on one disk, the key and the backups on others.
struct Machine {
    root: tempfile::TempDir,
}

struct Ended {
    code: i32,
    said: String,
    complained: String,
}

impl Machine {
    fn new() -> Self {
        let machine = Self { root: tempfile::tempdir().unwrap() };
        machine.configure("listen = \"127.0.0.1:0\"\n[metrics]\nlisten = \"127.0.0.1:0\"\n");
        machine
    }

    fn path(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    fn configure(&self, settings: &str) {
        let (data, key) = (self.path("data"), self.path("key"));
        let head = format!("data = {data:?}\nstorage-key-file = {key:?}\n{settings}");
        std::fs::write(self.path("server.toml"), head).unwrap();
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_housecall-server"));
        command.args(words).arg("--config").arg(self.path("server.toml")).kill_on_drop(true);
        command
    }

    async fn run(&self, words: &[&str]) -> Ended {
        self.run_with(words, "").await
    }

    async fn run_with(&self, words: &[&str], input: &str) -> Ended {
        let mut command = self.command(words);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).await.unwrap();
        let output = child.wait_with_output().await.unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        Ended { code: output.status.code().unwrap(), said: text(output.stdout), complained: text(output.stderr) }
    }

    /// The server, once it is ready, and the words of its line.
    async fn serve(&self) -> (Child, Vec<String>) {
        let mut command = self.command(&["serve"]);
        let log = std::fs::File::options().append(true).create(true).open(self.path("log")).unwrap();
        let mut child =
            command.env("HOUSECALL_SERVER_LOG_FORMAT", "json").stdout(Stdio::piped()).stderr(log).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).await.unwrap();
        assert!(line.starts_with("ready "), "{line} {}", std::fs::read_to_string(self.path("log")).unwrap());
        (child, line.split_whitespace().map(str::to_owned).collect())
    }

    async fn hire(&self, people: &People, name: &str, role: &str) {
        let totp = self.path(&format!("{name}.totp"));
        let words = ["user", "add", name, "--role", role, "--totp-out", totp.to_str().unwrap()];
        let added = self.run_with(&words, &format!("{PASSWORD}\n")).await;
        assert_eq!(added.code, 0, "{}", added.complained);
        people.knows(name, std::fs::read_to_string(totp).unwrap().trim());
    }
}

#[cfg(unix)]
async fn stop(mut server: Child) {
    let id = rustix::process::Pid::from_raw(server.id().unwrap().cast_signed()).unwrap();
    rustix::process::kill_process(id, rustix::process::Signal::TERM).unwrap();
    assert!(server.wait().await.unwrap().success());
}

/// A page by plain HTTP, whole.
pub(crate) async fn page(address: &str, path: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).await.unwrap();
    text
}

fn client(words: &[String], people: &'static People) -> Client {
    Client::of_ready_line(&words.join(" "), people)
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

#[cfg(unix)]
#[tokio::test]
async fn the_operators_drill_from_the_first_day_to_the_lost_disk() {
    let (machine, people) = (Machine::new(), People::new());
    // Install, check.
    let set_up = machine.run(&["setup"]).await;
    assert!(set_up.code == 0 && set_up.said.len() == 20, "{}", set_up.complained);
    let checked = machine.run(&["check"]).await;
    assert_eq!(checked.code, 0, "{}{}", checked.said, checked.complained);
    assert!(checked.said.starts_with("The settings will do."), "{}", checked.said);
    machine.hire(people, "lee", "clinician").await;
    let (server, words) = machine.serve().await;
    let staff = client(&words, people).sign_in("lee").await.token.into_exposed();
    let made: CreateVisitReply = client(&words, people).post("/v1/visits", Some(&staff), &json!({})).await.ok();
    // Back up, while it serves.
    let backup = machine.path("backup");
    let backed_up = machine.run(&["backup", "--to", backup.to_str().unwrap()]).await;
    assert_eq!(backed_up.code, 0, "{}", backed_up.complained);
    let checked = machine.run(&["restore", "--check", "--from", backup.to_str().unwrap()]).await;
    assert!(checked.code == 0 && checked.complained.contains("is whole and opens"), "{}", checked.complained);
    let living = machine.run(&["restore", "--from", backup.to_str().unwrap()]).await;
    assert!(living.code == 1 && living.complained.contains("serves from the data directory"), "{}", living.complained);
    stop(server).await;
    let living = machine.run(&["restore", "--from", backup.to_str().unwrap()]).await;
    assert!(living.code == 1 && living.complained.contains("there is a database in"), "{}", living.complained);
    // Lose the disk.
    std::fs::remove_dir_all(machine.path("data")).unwrap();
    let restored = machine.run(&["restore", "--from", backup.to_str().unwrap()]).await;
    assert_eq!(restored.code, 0, "{}", restored.complained);
    let (server, again) = machine.serve().await;
    assert_eq!(words[2], again[2], "links pin the same certificate");
    let restored = client(&again, people);
    restored.request("GET", "/v1/visits", Some(&staff), Vec::new()).await.is(StatusCode::UNAUTHORIZED);
    // The second factor is good once in half a minute, also over this.
    let signed_in = loop {
        let body = json!({ "name": "lee", "password": PASSWORD, "totp": people.digits("lee") });
        let answer = restored.post("/v1/auth/sign-in", None, &body).await;
        if answer.status == StatusCode::OK {
            break answer.ok::<signaling_protocol::SignInReply>();
        }
        tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    };
    let _host = restored.host(signed_in.token.expose(), made.visit, b"host").await;
    stop(server).await;
    // Another storage key, and everything is there still.
    let rotated = machine.run(&["key", "rotate"]).await;
    assert_eq!(rotated.code, 0, "{}", rotated.complained);
    stop(machine.serve().await.0).await;
    std::fs::remove_dir_all(machine.path("data")).unwrap();
    let restored = machine.run(&["restore", "--from", backup.to_str().unwrap()]).await;
    assert_eq!(restored.code, 0, "an earlier backup opens with the key before: {}", restored.complained);
}

#[cfg(unix)]
#[tokio::test]
async fn an_older_database_is_backed_up_as_it_is_and_upgraded_at_the_next_start() {
    let (machine, people) = (Machine::new(), People::new());
    machine.hire(people, "lee", "clinician").await;
    let path = machine.path("data").join("housecall.sqlite3");
    std::fs::remove_file(&path).unwrap();
    // As the version before sealing left it.
    let seed = b"a seed of twenty byt";
    let old = rusqlite::Connection::open(&path).unwrap();
    old.execute_batch(include_str!("version5.sql")).unwrap();
    let secret = "INSERT INTO staff (staff, name, role, password_hash, totp_secret) VALUES (?, 'ada', 'admin', '', ?)";
    old.execute(secret, rusqlite::params!["stf_AQEBAQEBAQEBAQEBAQEBAQ", seed]).unwrap();
    drop(old);
    let backup = machine.path("backup");
    let backed_up = machine.run(&["backup", "--to", backup.to_str().unwrap()]).await;
    assert!(backed_up.complained.contains("database version 5"), "{}", backed_up.complained);
    let holds = |path: &Path| {
        let bytes = std::fs::read(path).unwrap();
        bytes.windows(seed.len()).any(|window| window == seed)
    };
    assert!(holds(&path) && !holds(&backup));
    std::fs::remove_dir_all(machine.path("data")).unwrap();
    let restored = machine.run(&["restore", "--from", backup.to_str().unwrap()]).await;
    assert_eq!(restored.code, 0, "{}", restored.complained);
    stop(machine.serve().await.0).await;
    for path in files(&machine.path("data")) {
        assert!(!holds(&path), "{}", path.display());
    }
}

#[tokio::test]
async fn a_server_does_not_start_with_a_door_left_open_and_check_says_which() {
    let machine = Machine::new();
    machine.configure("listen = \"127.0.0.1:0\"\n[metrics]\nlisten = \"0.0.0.0:0\"\n");
    let refused = machine.run(&["serve"]).await;
    assert!(refused.code == 1 && refused.complained.contains("could be read by everybody"), "{}", refused.complained);
    let checked = machine.run(&["check", "--json"]).await;
    let found: Value = serde_json::from_str(&checked.said).unwrap();
    assert_eq!((checked.code, found["exit"].as_u64()), (2, Some(2)));
    machine.configure("listn = \"127.0.0.1:0\"\n");
    let refused = machine.run(&["check"]).await;
    assert!(refused.code == 64 && refused.complained.contains("unknown field `listn`"), "{}", refused.complained);
    machine.configure("listen = \"127.0.0.1:0\"\n");
    let mut command = machine.command(&["setup"]);
    let output = command.env("HOUSECALL_SERVER_DAT", "x").output().await.unwrap();
    assert!(!output.status.success() && String::from_utf8_lossy(&output.stderr).contains("HOUSECALL_SERVER_DAT is no"));
}

#[tokio::test]
async fn numbers_and_health_are_told_apart_from_visits() {
    let (machine, people) = (Machine::new(), People::new());
    machine.hire(people, "lee", "clinician").await;
    let (_server, words) = machine.serve().await;
    let metrics = words[4].strip_prefix("http://").unwrap();
    let staff = client(&words, people).sign_in("lee").await.token.into_exposed();
    let made: CreateVisitReply = client(&words, people).post("/v1/visits", Some(&staff), &json!({})).await.ok();
    let _host = client(&words, people).host(&staff, made.visit, b"host").await;
    for path in ["/live", "/ready"] {
        let said = page(metrics, path).await;
        assert!(said.starts_with("HTTP/1.1 200") && said.ends_with("ok\n"), "{said}");
    }
    let numbers = page(metrics, "/metrics").await;
    for line in [
        "housecall_requests_total{route=\"POST /v1/auth/sign-in\",outcome=\"Done\"} 1",
        "housecall_visits{state=\"Ended\"} 0",
        "housecall_endpoints{place=\"Admitted\"} 1",
        "housecall_ready 1",
        "# EOF",
    ] {
        assert!(numbers.contains(line), "{line}\n{numbers}");
    }
    for planted in [&staff[4..], "lee", &made.visit.to_string(), "127.0.0.1"] {
        let body = numbers.split_once("\r\n\r\n").unwrap().1;
        assert!(!body.contains(planted), "{planted}");
    }
    assert!(page(metrics, "/v1/visits").await.starts_with("HTTP/1.1 404"), "nothing of visits there");
    client(&words, people).request("GET", "/metrics", None, Vec::new()).await.is(StatusCode::NOT_FOUND);
    let log = std::fs::read_to_string(machine.path("log")).unwrap();
    for line in log.lines() {
        let entry: Value = serde_json::from_str(line).unwrap();
        assert!(entry["level"].is_string() && entry["time"].is_string() && entry["message"].is_string(), "{line}");
    }
    assert!(log.contains("\"message\":\"signed in\""), "{log}");
}

#[cfg(unix)]
#[tokio::test]
async fn another_certificate_is_shown_after_sighup_and_streams_go_on() {
    let (machine, people) = (Machine::new(), People::new());
    let write = |name: &str| {
        let made = rcgen::generate_simple_self_signed(vec![name.to_owned()]).unwrap();
        std::fs::write(machine.path("certificate.pem"), made.cert.pem()).unwrap();
        std::fs::write(machine.path("key.pem"), made.signing_key.serialize_pem()).unwrap();
        let private = std::os::unix::fs::PermissionsExt::from_mode(0o600);
        std::fs::set_permissions(machine.path("key.pem"), private).unwrap();
    };
    write("one.example");
    let (certificate, key) = (machine.path("certificate.pem"), machine.path("key.pem"));
    machine.configure(&format!("listen = \"127.0.0.1:0\"\n[tls]\ncertificate = {certificate:?}\nkey = {key:?}\n"));
    machine.hire(people, "lee", "clinician").await;
    let (server, words) = machine.serve().await;
    let before = client(&words, people);
    let staff = before.sign_in("lee").await.token.into_exposed();
    let link = before.link(&staff, 7).await;
    let host = before.host(&staff, link.visit, b"host").await;
    let mut hears = host.listen(None).await;
    hears.until("hello").await;
    write("two.example");
    let id = rustix::process::Pid::from_raw(server.id().unwrap().cast_signed()).unwrap();
    rustix::process::kill_process(id, rustix::process::Signal::HUP).unwrap();
    let begin = std::time::Instant::now();
    // A client that pins the first ends at the second.
    while tokio::spawn(async move { before.connect(&[&rustls::version::TLS13], b"h2").await.is_ok() }).await.is_ok() {
        assert!(begin.elapsed() < crate::client::PATIENCE, "the first is shown still");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    let second = CertificateDer::from_pem_file(machine.path("certificate.pem")).unwrap();
    let pin = URL_SAFE_NO_PAD.encode(Sha256::digest(&second));
    let after = Client::of_ready_line(&format!("ready {} sha256:{pin}", words[1]), people);
    // A stream that was open before goes on by its own connection, and hears of who comes by the new one.
    after.join(&after.link_to(&staff, link.visit, 8).await, b"guest").await.is(StatusCode::OK);
    hears.until("joined").await;
    // A file that cannot be used changes nothing.
    std::fs::write(machine.path("certificate.pem"), "no PEM").unwrap();
    rustix::process::kill_process(id, rustix::process::Signal::HUP).unwrap();
    stop(server).await;
    let log = std::fs::read_to_string(machine.path("log")).unwrap();
    assert!(log.contains("was read anew"), "{log}");
}

#[tokio::test]
async fn only_a_trusted_proxy_may_come_without_tls_and_say_where_somebody_comes_from() {
    let people = People::new();
    let start = async |trusted: &str| {
        let machine = Machine::new();
        machine.configure(&format!("listen = \"127.0.0.1:0\"\n[proxy]\ntrusted = [{trusted}]\n"));
        machine.hire(people, "lee", "clinician").await;
        let (server, words) = machine.serve().await;
        let address = words[1].strip_prefix("https://").unwrap().to_owned();
        (machine, server, address)
    };
    let ask = async |address: &str, from: &str, head: &[u8]| {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let body = "{\"name\":\"x\",\"password\":\"yyyyyyyyyy\",\"totp\":\"123456\"}";
        let request = format!(
            "POST /v1/auth/sign-in HTTP/1.1\r\nhost: a\r\nx-forwarded-for: {from}\r\nconnection: close\r\n\
             content-length: {}\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(&[head, request.as_bytes()].concat()).await.unwrap();
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).await.ok();
        String::from_utf8_lossy(&bytes).into_owned()
    };
    let (_machine, _server, address) = start("\"127.0.0.1\"").await;
    // Who guesses is slowed down by address, and each address by itself.
    let mut tries = 0;
    while !ask(&address, "198.51.100.1", b"").await.starts_with("HTTP/1.1 429") {
        tries += 1;
        assert!(tries < 12, "nobody is slowed down");
    }
    let other = ask(&address, "198.51.100.2", b"").await;
    assert!(other.starts_with("HTTP/1.1 401"), "{other}");
    // The PROXY protocol goes before what stands in the request.
    let head =
        [&b"\r\n\r\n\0\r\nQUIT\n\x21\x11\x00\x0c"[..], &[198, 51, 100, 3, 127, 0, 0, 1, 0x30, 0x39, 1, 0xbb]].concat();
    let other = ask(&address, "198.51.100.1", &head).await;
    assert!(other.starts_with("HTTP/1.1 401"), "{other}");
    let (_machine, _server, address) = start("").await;
    for head in [&b""[..], &head] {
        let said = ask(&address, "198.51.100.1", head).await;
        assert!(!said.starts_with("HTTP"), "{said}");
    }
}
