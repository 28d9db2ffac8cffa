//! Who is spoken to at all: pins, certificate authorities, versions of TLS, and what is no Housecall server.

mod support;

use signaling_client::{ClientError, Server, ServerTrust, SignalingClient};
use signaling_protocol::InviteId;
use support::{Answer, TestServer, Tls};

const INVITE: InviteId = InviteId::from_random([1; 16]);
const H2: &[&[u8]] = &[b"h2"];

fn challenge() -> Answer {
    Answer::json(&format!(r#"{{"challenge":"{}"}}"#, "A".repeat(64)))
}

#[tokio::test]
async fn the_pinned_certificate_is_trusted_by_its_pin_alone() {
    let server = TestServer::start(|_| challenge()).await;
    // The certificate names `localhost`, the address is 127.0.0.1: only the pin counts.
    server.client().challenge(INVITE).await.unwrap();
    assert_eq!(server.asked()[0].version, hyper::Version::HTTP_2);
}

#[tokio::test]
async fn another_certificate_than_the_pinned_one_is_refused_before_a_word_is_said() {
    let server = TestServer::start(|_| challenge()).await;
    let mut pin = server.pin;
    pin[31] ^= 1;
    let client = server.client_with(ServerTrust::Pinned(pin));
    assert_eq!(client.challenge(INVITE).await, Err(ClientError::PinMismatch));
    assert!(server.asked().is_empty());
}

#[tokio::test]
async fn a_copy_of_the_pinned_certificate_is_worth_nothing_without_its_key() {
    let server = TestServer::start_with(Tls::ForeignKey, H2, |_| challenge()).await;
    assert_eq!(server.client().challenge(INVITE).await, Err(ClientError::PinMismatch));
    assert!(server.asked().is_empty());
}

#[tokio::test]
async fn a_self_signed_certificate_without_a_pin_is_refused() {
    let server = TestServer::start(|_| challenge()).await;
    match SignalingClient::new(Server { base_url: server.base_url(), trust: ServerTrust::PlatformRoots }) {
        Ok(client) => {
            assert_eq!(client.challenge(INVITE).await, Err(ClientError::CertificateNotTrusted));
            assert!(server.asked().is_empty());
        }
        // A machine without certificate authorities cannot even ask.
        Err(error) => assert_eq!(error, ClientError::NoAuthorities),
    }
}

#[tokio::test]
async fn a_server_that_speaks_only_tls_1_2_is_refused() {
    let server = TestServer::start_with(Tls::OnlyV12, H2, |_| challenge()).await;
    assert_eq!(server.client().challenge(INVITE).await, Err(ClientError::TooOldTls));
    assert!(server.asked().is_empty());
}

#[tokio::test]
async fn a_server_without_tls_is_no_housecall_server() {
    let server = TestServer::start_with(Tls::None, &[], |_| challenge()).await;
    assert_eq!(server.client().challenge(INVITE).await, Err(ClientError::NotHousecall));
    assert!(server.asked().is_empty());
}

#[tokio::test]
async fn a_server_that_is_not_there_is_unreachable() {
    // A port that was free a moment ago.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let server = Server { base_url: format!("https://{address}"), trust: ServerTrust::Pinned([0; 32]) };
    let error = SignalingClient::new(server).unwrap().challenge(INVITE).await.unwrap_err();
    assert_eq!(error, ClientError::Unreachable);
    assert!(!error.is_definite());
}

#[tokio::test]
async fn without_http_2_the_older_one_does() {
    let server = TestServer::start_with(Tls::V13, &[b"http/1.1"], |_| challenge()).await;
    server.client().challenge(INVITE).await.unwrap();
    assert_eq!(server.asked()[0].version, hyper::Version::HTTP_11);
}

#[tokio::test]
async fn fresh_connections_are_as_good_as_the_first() {
    let server = TestServer::start(|_| challenge()).await;
    let client = server.client();
    client.challenge(INVITE).await.unwrap();
    client.rebuild();
    client.challenge(INVITE).await.unwrap();
    assert_eq!(server.asked().len(), 2);
}
