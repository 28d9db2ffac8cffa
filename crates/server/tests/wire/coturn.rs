//! A coturn of the operator's own takes what the server hands out.

use std::net::{SocketAddr, UdpSocket};
use std::process::Stdio;
use std::time::Duration;

use server::{Config, Coturn, RelayChoice, ServeError};
use signaling_protocol::IceReply;
use testkit::turn::{TurnAnswer, TurnClient};
use tokio::process::{Child, Command};
use units::Phi;

use crate::client::Clinic;

const SECRET: &str = "a secret of the operator's";

const NEEDED: &str =
    "the tests start a coturn: install it (on Debian `apt-get install coturn`; `cargo xtask test` does)";

fn start(address: SocketAddr, data: &std::path::Path) -> Child {
    Command::new("turnserver")
        .args(["-n", "--no-cli", "--no-tls", "--no-dtls", "--no-tcp", "--realm=clinic.example", "--log-file=stdout"])
        .args(["--use-auth-secret", &format!("--static-auth-secret={SECRET}"), "--allow-loopback-peers"])
        .arg(format!("--listening-ip={}", address.ip()))
        .arg(format!("--relay-ip={}", address.ip()))
        .arg(format!("--listening-port={}", address.port()))
        .arg(format!("--pidfile={}", data.join("pid").display()))
        .arg(format!("--userdb={}", data.join("turndb").display()))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .expect(NEEDED)
}

/// Asks until the coturn that has just been started answers.
async fn ask(socket: &tokio::net::UdpSocket, turn: &mut TurnClient, request: &[u8]) -> TurnAnswer {
    let mut buffer = [0; 2_000];
    for _ in 0..100 {
        // Before it listens, the system says that the port is closed.
        socket.send(request).await.ok();
        match tokio::time::timeout(Duration::from_millis(200), socket.recv(&mut buffer)).await {
            Ok(Ok(length)) => return turn.read(&buffer[..length]),
            Ok(Err(_)) => tokio::time::sleep(Duration::from_millis(50)).await,
            Err(_) => {}
        }
    }
    panic!("the coturn does not answer")
}

#[tokio::test]
async fn a_coturn_takes_the_credential_and_no_other() {
    let data = tempfile::tempdir().unwrap();
    let address = UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let _coturn = start(address, data.path());
    let url = format!("turn:{address}?transport=udp");
    let coturn = Coturn { urls: vec![url.clone()], secret: Phi::new(SECRET.to_owned()) };
    let clinic = Clinic::start_with(|config| config.relay = RelayChoice::Coturn(coturn)).await;
    let (_, _, guest) = clinic.call().await;
    let reply: IceReply = guest.get("ice").await.ok();
    let server = &reply.servers[1];
    assert_eq!((&server.urls, reply.ttl_secs), (&vec![url], 600));
    let (username, password) =
        (server.username.as_ref().unwrap().expose(), server.credential.as_ref().unwrap().expose());
    for (password, is_good) in [(password.as_str(), true), ("another", false)] {
        let socket = tokio::net::UdpSocket::bind("127.0.0.1:0").await.unwrap();
        socket.connect(address).await.unwrap();
        let mut turn = TurnClient::new(username, password);
        let request = turn.allocate(false);
        assert!(matches!(ask(&socket, &mut turn, &request).await, TurnAnswer::Refused { code: 401, .. }));
        let request = turn.allocate(false);
        let answer = ask(&socket, &mut turn, &request).await;
        assert_eq!(matches!(answer, TurnAnswer::Done { relayed: Some(_), .. }), is_good, "{answer:?}");
    }
}

#[test]
fn a_coturn_that_no_app_could_read_is_refused_before_anything_is_opened() {
    let check = |url: &str| {
        let mut config = Config::new("nowhere".into(), "127.0.0.1:0".parse().unwrap());
        config.relay = RelayChoice::Coturn(Coturn { urls: vec![url.to_owned()], secret: Phi::new(SECRET.to_owned()) });
        config.check()
    };
    for url in ["turn:a.example:70000", "turns:a.example?transport=udp", "stun:a.example", "a.example", ""] {
        let error = check(url).unwrap_err();
        assert!(matches!(&error, ServeError::NoRelayUrl(its) if its == url), "{url}: {error}");
    }
    for url in ["turn:a.example", "turn:a.example:99?transport=tcp", "turns:[2001:db8::1]:443?transport=tcp"] {
        check(url).unwrap();
    }
}
