//! A small HTTPS client, and people who use it.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::body::{Body, BodyDataStream, to_bytes};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ed25519_dalek::{Signer, SigningKey};
use futures_util::StreamExt;
use hyper::{HeaderMap, Request, StatusCode};
use hyper_util::rt::TokioIo;
use rustls::{ClientConfig, SupportedProtocolVersion};
use rustls_pki_types::ServerName;
use serde_json::{Value, json};
use server::{Config, Running, accounts::add_user, serve};
use signaling_client::{Server, ServerTrust, SignalingClient};
use signaling_protocol::{
    Base64, ChallengeReply, Code, CreateInviteReply, CreateVisitReply, InviteId, JoinReply, JoinRequest, Problem,
    SignInReply, Signature, StaffRole, VersionRange, VisitId, join_signing_bytes,
};
use tempfile::TempDir;
use testkit::authenticator::Authenticator;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use units::Phi;

use crate::pinned::Pinned;

pub(crate) const PASSWORD: &str = "correct horse battery";

/// More than anything takes; less than a test may.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

/// A server with one clinician, `lee`.
pub(crate) struct Clinic {
    pub(crate) data: TempDir,
    pub(crate) running: Running,
    people: &'static People,
}

/// Who works there, with their authenticator apps.
#[derive(Default)]
pub(crate) struct People {
    apps: Mutex<HashMap<String, Arc<Authenticator>>>,
    /// Lee's token of the first sign-in.
    lee: Mutex<Option<String>>,
}

impl People {
    /// For as long as the test runs.
    pub(crate) fn new() -> &'static Self {
        Box::leak(Box::default())
    }

    /// A new account, whose password is [`PASSWORD`].
    pub(crate) fn hire(&self, data: &Path, name: &str, role: StaffRole) {
        let secret = add_user(data, name, role, &Phi::new(PASSWORD.to_owned())).unwrap();
        self.knows(name, secret.expose());
    }

    /// Somebody has this secret in their authenticator app.
    pub(crate) fn knows(&self, name: &str, secret: &str) {
        self.apps.lock().unwrap().insert(name.to_owned(), Arc::new(Authenticator::new(secret)));
    }

    /// The digits of the moment; those of nobody have no use.
    pub(crate) fn digits(&self, name: &str) -> String {
        let app = self.apps.lock().unwrap().get(name).cloned();
        app.map_or_else(|| "123456".to_owned(), |app| app.digits())
    }
}

pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Clinic {
    pub(crate) async fn start() -> Self {
        Self::start_with(|_| {}).await
    }

    pub(crate) async fn start_with(change: impl FnOnce(&mut Config)) -> Self {
        let data = tempfile::tempdir().unwrap();
        let people = People::new();
        people.hire(data.path(), "lee", StaffRole::Clinician);
        let mut config = Config::new(data.path().to_owned(), "127.0.0.1:0".parse().unwrap());
        change(&mut config);
        let running = serve(config).await.unwrap();
        Self { data, running, people }
    }

    /// Goes away and comes back on the same port with the same data.
    pub(crate) async fn restart(self) -> Self {
        self.restart_with(|_| {}).await
    }

    /// The same, with other settings.
    pub(crate) async fn restart_with(self, change: impl FnOnce(&mut Config)) -> Self {
        let Self { data, running, people } = self;
        let address = running.address;
        running.shutdown().await;
        let mut config = Config::new(data.path().to_owned(), address);
        change(&mut config);
        let running = serve(config).await.unwrap();
        Self { data, running, people }
    }

    pub(crate) fn client(&self) -> Client {
        Client { address: self.running.address, pin: self.running.pin, people: self.people }
    }

    /// Lee's token, of one sign-in.
    pub(crate) async fn sign_in(&self) -> String {
        let known = self.people.lee.lock().unwrap().clone();
        if let Some(token) = known {
            return token;
        }
        let token = self.client().sign_in("lee").await.token.into_exposed();
        self.people.lee.lock().unwrap().insert(token).clone()
    }

    /// A new account, signed in.
    pub(crate) async fn staff(&self, name: &str, role: StaffRole) -> SignInReply {
        self.people.hire(self.data.path(), name, role);
        self.client().sign_in(name).await
    }

    /// The product's own client.
    pub(crate) fn signaling(&self) -> SignalingClient {
        let trust = ServerTrust::Pinned(self.running.pin);
        SignalingClient::new(Server { base_url: self.running.base_url.clone(), trust }).unwrap()
    }

    pub(crate) async fn link(&self, staff: &str, secret: u8) -> Link {
        self.client().link(staff, secret).await
    }

    /// Another link to a visit.
    pub(crate) async fn link_to(&self, staff: &str, visit: VisitId, secret: u8) -> Link {
        self.client().link_to(staff, visit, secret).await
    }

    pub(crate) async fn host(&self, staff: &str, visit: VisitId) -> Person {
        self.client().host(staff, visit, b"host").await
    }

    pub(crate) async fn guest(&self, link: &Link) -> Person {
        Person::new(self.client(), self.client().join(link, b"guest").await.ok())
    }

    /// A host and an admitted guest.
    pub(crate) async fn call(&self) -> (Link, Person, Person) {
        let staff = self.sign_in().await;
        let link = self.link(&staff, 7).await;
        let (host, guest) = (self.host(&staff, link.visit).await, self.guest(&link).await);
        host.post("admit", &json!({ "endpoint": guest.joined.endpoint })).await.is(StatusCode::OK);
        (link, host, guest)
    }
}

pub(crate) struct Link {
    pub(crate) visit: VisitId,
    pub(crate) invite: InviteId,
    pub(crate) key: SigningKey,
}

#[derive(Clone, Copy)]
pub(crate) struct Client {
    pub(crate) address: SocketAddr,
    pin: [u8; 32],
    pub(crate) people: &'static People,
}

impl Client {
    /// By the line that the program prints when it is ready.
    pub(crate) fn of_ready_line(line: &str, people: &'static People) -> Self {
        let words: Vec<_> = line.split_whitespace().collect();
        let address = words[1].strip_prefix("https://").unwrap().parse().unwrap();
        let pin = URL_SAFE_NO_PAD.decode(words[2].strip_prefix("sha256:").unwrap()).unwrap();
        Self { address, pin: pin.try_into().unwrap(), people }
    }

    pub(crate) async fn connect(
        &self,
        versions: &[&'static SupportedProtocolVersion],
        alpn: &[u8],
    ) -> std::io::Result<TlsStream<TcpStream>> {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(versions)
            .unwrap()
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(Pinned(self.pin)))
            .with_no_client_auth();
        config.alpn_protocols = if alpn.is_empty() { Vec::new() } else { vec![alpn.to_vec()] };
        let stream = TcpStream::connect(self.address).await?;
        TlsConnector::from(Arc::new(config)).connect(ServerName::try_from("localhost").unwrap(), stream).await
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> hyper::Response<hyper::body::Incoming> {
        let stream = self.connect(&[&rustls::version::TLS13], b"http/1.1").await.unwrap();
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.unwrap();
        tokio::spawn(connection);
        timeout(PATIENCE * 3, sender.send_request(request)).await.unwrap().unwrap()
    }

    pub(crate) async fn request(&self, method: &str, path: &str, token: Option<&str>, body: Vec<u8>) -> Answer {
        self.request_with(method, path, token, &[], body).await
    }

    pub(crate) async fn request_with(
        &self,
        method: &str,
        path: &str,
        token: Option<&str>,
        headers: &[(&str, &str)],
        body: Vec<u8>,
    ) -> Answer {
        let builder = self.build(method, path, token);
        let builder = headers.iter().fold(builder, |builder, (name, value)| builder.header(*name, *value));
        let response = self.send(builder.body(Body::from(body)).unwrap()).await;
        let (status, headers) = (response.status(), response.headers().clone());
        let body = to_bytes(Body::new(response.into_body()), 1 << 22).await.unwrap().to_vec();
        Answer { status, headers, body }
    }

    /// An answer that goes on for as long as it is kept.
    pub(crate) async fn stream(&self, path: &str, token: &str) -> hyper::Response<hyper::body::Incoming> {
        let response = self.send(self.build("GET", path, Some(token)).body(Body::empty()).unwrap()).await;
        assert_eq!(response.status(), StatusCode::OK);
        response
    }

    pub(crate) async fn post(&self, path: &str, token: Option<&str>, body: &Value) -> Answer {
        self.request("POST", path, token, serde_json::to_vec(body).unwrap()).await
    }

    pub(crate) async fn sign_in(&self, name: &str) -> SignInReply {
        let body = json!({ "name": name, "password": PASSWORD, "totp": self.people.digits(name) });
        self.post("/v1/auth/sign-in", None, &body).await.ok()
    }

    pub(crate) async fn join(&self, link: &Link, bundle: &[u8]) -> Answer {
        let path = format!("/v1/invites/{}/challenge", link.invite);
        let ChallengeReply { challenge, .. } = self.post(&path, None, &json!({})).await.ok();
        let signature = link.key.sign(&join_signing_bytes(link.invite, &challenge, bundle));
        let request = JoinRequest {
            protocol: VersionRange::CURRENT,
            challenge,
            signature: Signature(signature.to_bytes()),
            bundle: Base64(bundle.to_vec()),
        };
        let body = serde_json::to_value(&request).unwrap();
        self.post(&format!("/v1/invites/{}/join", link.invite), None, &body).await
    }

    pub(crate) async fn host(&self, staff: &str, visit: VisitId, bundle: &[u8]) -> Person {
        let body = json!({ "protocol": VersionRange::CURRENT, "bundle": Base64(bundle.to_vec()) });
        Person::new(*self, self.post(&format!("/v1/visits/{visit}/join"), Some(staff), &body).await.ok())
    }

    /// A visit and a link to it, whose secret is `secret`.
    pub(crate) async fn link(&self, staff: &str, secret: u8) -> Link {
        let reply: CreateVisitReply = self.post("/v1/visits", Some(staff), &json!({})).await.ok();
        self.link_to(staff, reply.visit, secret).await
    }

    /// Another link to a visit.
    pub(crate) async fn link_to(&self, staff: &str, visit: VisitId, secret: u8) -> Link {
        let key = SigningKey::from_bytes(&[secret; 32]);
        let invite_key = Base64(key.verifying_key().to_bytes().to_vec());
        let path = format!("/v1/visits/{visit}/invites");
        let body = json!({ "invite_key": invite_key, "expires_in_secs": 3600 });
        let invite: CreateInviteReply = self.post(&path, Some(staff), &body).await.ok();
        Link { visit, invite: invite.invite, key }
    }

    fn build(&self, method: &str, path: &str, token: Option<&str>) -> hyper::http::request::Builder {
        let builder = Request::builder().method(method).uri(path).header("host", self.address.to_string());
        match token {
            Some(token) => builder.header("authorization", format!("Bearer {token}")),
            None => builder,
        }
    }
}

impl Answer {
    #[track_caller]
    pub(crate) fn is(&self, status: StatusCode) {
        assert_eq!(self.status, status, "{}", String::from_utf8_lossy(&self.body));
    }

    /// The body of a success.
    #[track_caller]
    pub(crate) fn ok<T: serde::de::DeserializeOwned>(&self) -> T {
        self.is(StatusCode::OK);
        assert_eq!(self.headers["content-type"], "application/json");
        assert_eq!(self.headers["cache-control"], "no-store");
        serde_json::from_slice(&self.body).unwrap()
    }

    /// The code of a problem.
    #[track_caller]
    pub(crate) fn code(&self) -> Code {
        assert_eq!(self.headers["content-type"], "application/problem+json");
        let problem: Problem = serde_json::from_slice(&self.body).unwrap();
        assert_eq!(problem.status, self.status.as_u16());
        assert_eq!(problem.status, problem.code.status());
        problem.code
    }
}

/// Somebody in a visit.
pub(crate) struct Person {
    pub(crate) client: Client,
    pub(crate) joined: JoinReply,
}

impl Person {
    pub(crate) fn new(client: Client, joined: JoinReply) -> Self {
        Self { client, joined }
    }

    fn token(&self) -> &str {
        self.joined.endpoint_token.expose()
    }

    pub(crate) fn path(&self, what: &str) -> String {
        format!("/v1/visits/{}/{what}", self.joined.visit)
    }

    pub(crate) async fn post(&self, what: &str, body: &Value) -> Answer {
        self.client.post(&self.path(what), Some(self.token()), body).await
    }

    pub(crate) async fn get(&self, what: &str) -> Answer {
        self.client.request("GET", &self.path(what), Some(self.token()), Vec::new()).await
    }

    /// A message to `to`, as JSON.
    pub(crate) fn message(&self, to: &Person, number: u8, text: &str) -> Value {
        let id = signaling_protocol::MessageId::from_random([number; 16]);
        let text = Base64(text.as_bytes().to_vec());
        json!({
            "id": id, "to": to.joined.endpoint, "seq": number, "epoch": 0, "scheme": 0, "ttl_ms": 30_000, "box": text,
        })
    }

    pub(crate) async fn says(&self, to: &Person, number: u8, text: &str) {
        let body = json!({ "messages": [self.message(to, number, text)] });
        self.post("messages", &body).await.is(StatusCode::OK);
    }

    /// Opens an event stream.
    pub(crate) async fn listen(&self, cursor: Option<u64>) -> Stream {
        let mut builder = self.client.build("GET", &self.path("events"), Some(self.token()));
        if let Some(cursor) = cursor {
            builder = builder.header("last-event-id", cursor.to_string());
        }
        let response = self.client.send(builder.body(Body::empty()).unwrap()).await;
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        assert_eq!(response.headers()["cache-control"], "no-store, no-transform");
        assert_eq!(response.headers()["x-accel-buffering"], "no");
        Stream { body: Body::new(response.into_body()).into_data_stream(), text: String::new(), cursor }
    }

    /// One long-poll: the answer, or the code of a problem.
    pub(crate) async fn poll(&self, cursor: Option<u64>) -> Answer {
        let mut builder = self.client.build("GET", &self.path("events?poll=1"), Some(self.token()));
        if let Some(cursor) = cursor {
            builder = builder.header("last-event-id", cursor.to_string());
        }
        let response = self.client.send(builder.body(Body::empty()).unwrap()).await;
        let (status, headers) = (response.status(), response.headers().clone());
        let body = to_bytes(Body::new(response.into_body()), 1 << 22).await.unwrap().to_vec();
        Answer { status, headers, body }
    }
}

/// An event stream. Dropping it breaks the connection.
pub(crate) struct Stream {
    body: BodyDataStream,
    text: String,
    pub(crate) cursor: Option<u64>,
}

impl Stream {
    /// The next event; none when the stream has ended.
    pub(crate) async fn next(&mut self) -> Option<Value> {
        timeout(PATIENCE, self.next_frame()).await.expect("an event in time")
    }

    async fn next_frame(&mut self) -> Option<Value> {
        loop {
            if let Some((frame, rest)) = self.text.split_once("\n\n") {
                let (frame, rest) = (frame.to_owned(), rest.to_owned());
                self.text = rest;
                let field = |name: &str| frame.lines().find_map(|line| line.strip_prefix(name)).map(str::to_owned);
                let Some(data) = field("data: ") else { continue };
                let event: Value = serde_json::from_str(&data).unwrap();
                assert_eq!(event["kind"], field("event: ").unwrap());
                self.cursor = field("id: ").map(|id| id.parse().unwrap()).or(self.cursor);
                return Some(event);
            }
            let chunk = self.body.next().await?.ok()?;
            self.text.push_str(std::str::from_utf8(&chunk).unwrap());
        }
    }

    /// The kind of the next event.
    pub(crate) async fn kind(&mut self) -> Option<String> {
        Some(self.next().await?["kind"].as_str().unwrap().to_owned())
    }

    /// Reads until an event of this kind.
    pub(crate) async fn until(&mut self, kind: &str) -> Value {
        loop {
            let event = self.next().await.expect("the stream goes on");
            if event["kind"] == kind {
                return event;
            }
        }
    }
}
