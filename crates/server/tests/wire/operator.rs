//! What an operator meets: ports, certificates, other protocols.

use std::path::Path;

use axum::body::Body;
use futures_util::StreamExt;
use hyper::StatusCode;
use serde_json::json;
use server::{CertificateFiles, Config, ConnectionCaps, ServeError, serve};
use signaling_protocol::{Base64, Code, CreateVisitReply, StaffRole, VersionRange};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::client::{Client, Clinic, PATIENCE, People};

#[tokio::test]
async fn a_port_in_use_is_said_in_one_sentence() {
    let clinic = Clinic::start().await;
    let data = tempfile::tempdir().unwrap();
    let error = serve(Config::new(data.path().to_owned(), clinic.running.address)).await.unwrap_err();
    assert!(matches!(error, ServeError::PortInUse(_)));
    assert!(error.to_string().contains("is in use"), "{error}");
}

#[tokio::test]
async fn a_data_directory_serves_one_server_at_a_time() {
    let clinic = Clinic::start().await;
    let again = || serve(Config::new(clinic.data.path().to_owned(), "127.0.0.1:0".parse().unwrap()));
    let error = again().await.unwrap_err();
    assert!(matches!(error, ServeError::Lock(_)));
    assert!(error.to_string().contains("serves from the data directory"), "{error}");
    clinic.running.shutdown().await;
    again().await.unwrap();
}

#[tokio::test]
async fn one_connection_too_many_is_closed_and_those_that_are_there_go_on() {
    let caps = ConnectionCaps { total: 3, per_address: 3 };
    let clinic = Clinic::start_with(|config| config.connections = Some(caps)).await;
    let client = clinic.client();
    let mut kept = Vec::new();
    for _ in 0..3 {
        kept.push(client.connect(&[&rustls::version::TLS13], b"h2").await.unwrap());
    }
    client.connect(&[&rustls::version::TLS13], b"h2").await.unwrap_err();
    drop(kept.pop());
    // The server notices a moment later.
    let begin = std::time::Instant::now();
    while let Err(error) = client.connect(&[&rustls::version::TLS13], b"http/1.1").await {
        assert!(begin.elapsed() < PATIENCE, "{error}");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn an_older_tls_is_refused_and_both_http_versions_are_spoken() {
    let clinic = Clinic::start().await;
    let client = clinic.client();
    let error = client.connect(&[&rustls::version::TLS12], b"http/1.1").await.unwrap_err();
    assert!(error.to_string().contains("ProtocolVersion"), "{error}");
    for alpn in [&b"h2"[..], b"http/1.1"] {
        let stream = client.connect(&[&rustls::version::TLS13], alpn).await.unwrap();
        assert_eq!(stream.get_ref().1.alpn_protocol(), Some(alpn));
    }
}

#[tokio::test]
async fn plain_http_gets_no_http() {
    let clinic = Clinic::start().await;
    let mut stream = TcpStream::connect(clinic.running.address).await.unwrap();
    stream.write_all(b"GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n").await.unwrap();
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).await.ok();
    assert!(!bytes.starts_with(b"HTTP"), "{}", String::from_utf8_lossy(&bytes));
}

#[tokio::test]
async fn a_given_certificate_is_used_and_a_missing_one_named() {
    let first = Clinic::start().await;
    let tls = first.data.path().join("tls");
    let given = CertificateFiles { certificate: tls.join("certificate.pem"), key: tls.join("key.pem") };
    let second = Clinic::start_with(|config| config.certificate = Some(given.clone())).await;
    assert_eq!(second.running.pin, first.running.pin);
    second.client().request("GET", "/healthz", None, Vec::new()).await.is(StatusCode::OK);
    let data = tempfile::tempdir().unwrap();
    let mut config = Config::new(data.path().to_owned(), "127.0.0.1:0".parse().unwrap());
    config.certificate = Some(CertificateFiles { certificate: data.path().join("none.pem"), ..given });
    let error = serve(config).await.unwrap_err();
    assert!(error.to_string().contains("none.pem cannot be read"), "{error}");
}

/// The program itself, and the line that it prints when it is ready. It ends with what is given back.
async fn start_program(data: &Path) -> (tokio::process::Child, String) {
    let mut server = tokio::process::Command::new(env!("CARGO_BIN_EXE_housecall-server"))
        .args(["serve", "--listen", "127.0.0.1:0", "--data"])
        .arg(data)
        .stdout(std::process::Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut output = tokio::io::BufReader::new(server.stdout.take().unwrap());
    let mut line = String::new();
    tokio::io::AsyncBufReadExt::read_line(&mut output, &mut line).await.unwrap();
    (server, line)
}

#[tokio::test]
async fn the_program_itself_starts_says_ready_and_stops() {
    let data = tempfile::tempdir().unwrap();
    let (_server, line) = start_program(data.path()).await;
    let words: Vec<_> = line.split_whitespace().collect();
    assert!(words[0] == "ready" && words[1].starts_with("https://127.0.0.1:"), "{line}");
    assert_eq!(words[2].strip_prefix("sha256:").unwrap().len(), 43);
    let mut add = tokio::process::Command::new(env!("CARGO_BIN_EXE_housecall-server"))
        .args(["user", "add", "lee", "--role", "clinician", "--data"])
        .arg(data.path())
        .arg("--totp-out")
        .arg(data.path().join("totp"))
        .stdin(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    add.stdin.take().unwrap().write_all(b"correct horse\n").await.unwrap();
    assert!(add.wait().await.unwrap().success(), "while the server serves");
    let run = async |words: &[&str]| {
        let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_housecall-server"));
        command.args(words).arg("--data").arg(data.path()).output().await.unwrap()
    };
    let code = run(&["user", "code", "lee"]).await;
    assert!(code.status.success() && code.stdout.len() == 20, "four groups of four: {:?}", code.stderr);
    assert!(!run(&["user", "code", "nobody"]).await.status.success());
    let claim = run(&["setup"]).await;
    assert!(claim.status.success() && claim.stdout.len() == 20, "there is no admin yet: {:?}", claim.stderr);
}

#[tokio::test]
async fn a_new_code_by_the_command_line_signs_out_at_the_server_that_runs() {
    let data = tempfile::tempdir().unwrap();
    let people = People::new();
    people.hire(data.path(), "lee", StaffRole::Clinician);
    people.hire(data.path(), "kim", StaffRole::Clinician);
    let (_server, line) = start_program(data.path()).await;
    let client = Client::of_ready_line(&line, people);
    let (lee, kim) = (client.sign_in("lee").await.token.into_exposed(), client.sign_in("kim").await.token);
    let link = client.link(&lee, 7).await;
    let host = client.host(&lee, link.visit, b"host").await;
    let mut hears = host.listen(None).await;
    let mut stream = Body::new(client.stream("/v1/events", &lee).await.into_body()).into_data_stream();
    let mut code = tokio::process::Command::new(env!("CARGO_BIN_EXE_housecall-server"));
    let code = code.args(["user", "code", "lee", "--data"]).arg(data.path()).output().await.unwrap();
    assert!(code.status.success(), "{code:?}");
    // No request more than a second later.
    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    let answer = client.request("GET", "/v1/clinic", Some(&lee), Vec::new()).await;
    assert_eq!(answer.code(), Code::NotSignedIn);
    hears.until("removed").await;
    let read = async { while stream.next().await.is_some_and(|chunk| chunk.is_ok()) {} };
    tokio::time::timeout(PATIENCE, read).await.expect("the stream ends");
    client.request("GET", "/v1/clinic", Some(kim.expose()), Vec::new()).await.is(StatusCode::OK);
}

#[tokio::test]
async fn what_was_answered_is_there_after_the_program_was_killed() {
    let data = tempfile::tempdir().unwrap();
    let people = People::new();
    people.hire(data.path(), "lee", StaffRole::Clinician);
    let start = || async {
        let (server, line) = start_program(data.path()).await;
        (server, Client::of_ready_line(&line, people))
    };
    let (mut server, client) = start().await;
    let staff = client.sign_in("lee").await.token.into_exposed();
    let mut made = Vec::new();
    for _ in 0..20 {
        let reply: CreateVisitReply = client.post("/v1/visits", Some(&staff), &json!({})).await.ok();
        made.push(reply.visit);
    }
    // At once: SIGKILL leaves it no time to write anything.
    server.kill().await.unwrap();
    // Nobody is signed out by it either.
    let (_server, client) = start().await;
    for visit in made {
        let body = json!({ "protocol": VersionRange::CURRENT, "bundle": Base64(b"host".to_vec()) });
        client.post(&format!("/v1/visits/{visit}/join"), Some(&staff), &body).await.is(StatusCode::OK);
    }
}

#[tokio::test]
async fn long_a_connection_that_says_nothing_is_closed() {
    let clinic = Clinic::start().await;
    let mut stream = clinic.client().connect(&[&rustls::version::TLS13], b"http/1.1").await.unwrap();
    let read = tokio::time::timeout(std::time::Duration::from_secs(20), stream.read_to_end(&mut Vec::new())).await;
    assert!(read.is_ok(), "still open");
}

#[tokio::test]
async fn long_a_connection_over_http2_that_asks_nothing_is_closed() {
    let clinic = Clinic::start().await;
    let stream = clinic.client().connect(&[&rustls::version::TLS13], b"h2").await.unwrap();
    let io = hyper_util::rt::TokioIo::new(stream);
    let executor = hyper_util::rt::TokioExecutor::new();
    let (sender, connection) =
        hyper::client::conn::http2::handshake::<_, _, axum::body::Body>(executor, io).await.unwrap();
    // It answers pings, as a real one does.
    let ended = tokio::time::timeout(std::time::Duration::from_secs(90), connection).await;
    ended.expect("still open").unwrap();
    drop(sender);
}

#[cfg(unix)]
#[tokio::test]
async fn the_database_is_for_its_owner_alone_in_whatever_folder() {
    use std::os::unix::fs::PermissionsExt;
    let data = tempfile::tempdir().unwrap();
    std::fs::set_permissions(data.path(), PermissionsExt::from_mode(0o755)).unwrap();
    let running = serve(Config::new(data.path().to_owned(), "127.0.0.1:0".parse().unwrap())).await.unwrap();
    let files = std::fs::read_dir(data.path()).unwrap().map(|entry| entry.unwrap());
    let files: Vec<_> = files.filter(|entry| entry.file_name().to_string_lossy().contains("sqlite3")).collect();
    assert!(files.len() > 1, "with those beside it");
    for file in files {
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{:?}", file.file_name());
    }
    running.shutdown().await;
}
