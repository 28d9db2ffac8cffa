//! A reverse proxy before the real server that reads and rewrites all that passes: what a hostile server, or who
//! decrypts TLS on the way, can do. HTTP/1.1 on both sides; event streams are carried event by event.

use std::collections::HashMap;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request, Response, StatusCode, header};
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use signaling_protocol::{Base64, EndpointId, Envelope, Event, JoinReply, Role, SendRequest, VisitId};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::AbortHandle;
use tokio_rustls::{TlsAcceptor, TlsConnector};

use crate::script::{Passed, Script, Seat};

/// A proxy that runs until it is dropped.
pub(crate) struct Proxy {
    pub(crate) address: SocketAddr,
    pub(crate) liar: Arc<Liar>,
    accepting: AbortHandle,
}

/// What the proxy knows and does.
pub(crate) struct Liar {
    upstream: SocketAddr,
    connector: TlsConnector,
    script: Mutex<Script>,
    books: Mutex<Books>,
}

/// All that passed.
#[derive(Default)]
pub(crate) struct Books {
    seats: HashMap<String, Seat>,
    streams: HashMap<EndpointId, mpsc::UnboundedSender<String>>,
    /// The bundle that each joined with.
    pub(crate) bundles: Vec<(Seat, Base64)>,
    /// Boxes as their senders posted them.
    pub(crate) boxes: Vec<(Seat, Envelope)>,
    /// Every byte of every head and body in either direction, TLS taken off.
    pub(crate) seen: Vec<u8>,
}

impl Proxy {
    /// Stands before `upstream`. To be called within a runtime.
    pub(crate) async fn start(
        upstream: SocketAddr,
        connector: TlsConnector,
        acceptor: TlsAcceptor,
        script: Script,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (script, books) = (Mutex::new(script), Mutex::default());
        let liar = Arc::new(Liar { upstream, connector, script, books });
        let accepting = tokio::spawn(accept(listener, acceptor, liar.clone())).abort_handle();
        Self { address, liar, accepting }
    }

    pub(crate) fn url(&self) -> String {
        format!("https://{}", self.address)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn accept(listener: TcpListener, acceptor: TlsAcceptor, liar: Arc<Liar>) {
    while let Ok((tcp, _)) = listener.accept().await {
        let (acceptor, liar) = (acceptor.clone(), liar.clone());
        tokio::spawn(async move {
            // Who does not like the certificate goes away.
            let Ok(tls) = acceptor.accept(tcp).await else { return };
            let service = hyper::service::service_fn(move |request: Request<Incoming>| {
                let liar = liar.clone();
                async move { Ok::<_, Infallible>(liar.carry(request).await.unwrap_or_else(|()| bad_gateway())) }
            });
            let _ = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(tls), service).await;
        });
    }
}

fn bad_gateway() -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::BAD_GATEWAY;
    response
}

impl Liar {
    pub(crate) fn books(&self) -> MutexGuard<'_, Books> {
        self.books.lock().unwrap()
    }

    /// Everybody who joined in this role, in their order.
    pub(crate) fn seats(&self, role: Role) -> Vec<Seat> {
        self.books().bundles.iter().map(|(seat, _)| *seat).filter(|seat| seat.role == role).collect()
    }

    /// Says this to an endpoint, as if the server had.
    pub(crate) fn tell(&self, to: EndpointId, event: &Event) {
        if let Some(stream) = self.books().streams.get(&to) {
            let _ = stream.send(frame(None, event));
        }
    }

    async fn carry(self: Arc<Self>, request: Request<Incoming>) -> Result<Response<Body>, ()> {
        let (mut head, body) = request.into_parts();
        let path = head.uri.path().to_owned();
        let seat = bearer(&head.headers).and_then(|token| self.books().seats.get(&token).copied());
        let mut body = to_bytes(Body::new(body), MOST_BYTES).await.map_err(drop)?.to_vec();
        self.note(format!("{} {} {:?}\n", head.method, head.uri, head.headers).as_bytes(), &body);
        if let (true, Some(seat)) = (path.ends_with("/messages"), seat)
            && let Ok(sent) = serde_json::from_slice::<SendRequest>(&body)
        {
            self.books().boxes.extend(sent.messages.into_iter().map(|envelope| (seat, envelope)));
        }
        let asked = body.clone();
        let passed = (self.script.lock().unwrap().request)(&path, seat.as_ref(), &mut body);
        if let Passed::Answered(answer) = passed {
            let response = Response::builder().header(header::CONTENT_TYPE, "application/json");
            return response.body(Body::from(answer)).map_err(drop);
        }
        head.headers.insert(header::CONTENT_LENGTH, body.len().into());
        // By its own name: it also tells apps where its STUN is.
        head.headers.insert(header::HOST, self.upstream.to_string().parse().map_err(drop)?);
        let answer = self.ask(Request::from_parts(head, Body::from(body))).await?;
        let (mut head, body) = answer.into_parts();
        let is_stream = head.headers.get(header::CONTENT_TYPE).is_some_and(|kind| kind == "text/event-stream");
        if let (true, Some(seat)) = (is_stream, seat) {
            return Ok(Response::from_parts(head, self.carry_events(seat, body)));
        }
        let mut body = to_bytes(Body::new(body), MOST_BYTES).await.map_err(drop)?.to_vec();
        self.note(format!("{} {:?}\n", head.status, head.headers).as_bytes(), &body);
        if path.ends_with("/join") {
            self.seat(&asked, &body);
        }
        (self.script.lock().unwrap().answer)(&path, seat.as_ref(), &mut body);
        head.headers.insert(header::CONTENT_LENGTH, body.len().into());
        Ok(Response::from_parts(head, Body::from(body)))
    }

    async fn ask(&self, request: Request<Body>) -> Result<Response<Incoming>, ()> {
        let tcp = TcpStream::connect(self.upstream).await.map_err(drop)?;
        let name = ServerName::from(self.upstream.ip());
        let tls = self.connector.connect(name, tcp).await.map_err(drop)?;
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(tls)).await.map_err(drop)?;
        tokio::spawn(connection);
        sender.send_request(request).await.map_err(drop)
    }

    /// Somebody joined: their token says from now on who asks.
    fn seat(&self, asked: &[u8], answer: &[u8]) {
        let bundle = serde_json::from_slice::<serde_json::Value>(asked)
            .ok()
            .and_then(|mut asked| serde_json::from_value::<Base64>(asked["bundle"].take()).ok());
        if let (Ok(reply), Some(bundle)) = (serde_json::from_slice::<JoinReply>(answer), bundle) {
            let seat = Seat { role: reply.role, visit: reply.visit, endpoint: reply.endpoint };
            let mut books = self.books();
            books.seats.insert(reply.endpoint_token.expose().clone(), seat);
            books.bundles.push((seat, bundle));
        }
    }

    /// The stream of this seat, event by event. It ends with either side's.
    fn carry_events(self: Arc<Self>, seat: Seat, body: Incoming) -> Body {
        let (sender, receiver) = mpsc::unbounded_channel();
        self.books().streams.insert(seat.endpoint, sender.clone());
        tokio::spawn(async move {
            let mut text = Vec::new();
            let mut chunks = Body::new(body).into_data_stream();
            loop {
                let chunk = tokio::select! {
                    chunk = chunks.next() => chunk,
                    () = sender.closed() => None,
                };
                let Some(Ok(chunk)) = chunk else { break };
                self.note(b"", &chunk);
                text.extend_from_slice(&chunk);
                while let Some(end) = text.windows(2).position(|two| two == b"\n\n") {
                    let block: Vec<u8> = text.drain(..end + 2).collect();
                    self.carry_event(&seat, &String::from_utf8(block).unwrap(), &sender);
                }
            }
            let mut books = self.books();
            if books.streams.get(&seat.endpoint).is_some_and(|newest| newest.same_channel(&sender)) {
                books.streams.remove(&seat.endpoint);
            }
        });
        let frames = stream::unfold(receiver, |mut receiver| async move {
            receiver.recv().await.map(|frame: String| (Ok::<_, Infallible>(Bytes::from(frame)), receiver))
        });
        Body::from_stream(frames)
    }

    fn carry_event(self: &Arc<Self>, seat: &Seat, block: &str, to: &mpsc::UnboundedSender<String>) {
        let field = |name: &str| block.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
        let event = field("data:").and_then(|data| Event::from_json(data.as_bytes()).ok());
        let Some(event) = event else {
            let _ = to.send(block.to_owned());
            return;
        };
        let told = (self.script.lock().unwrap().event)(seat, event);
        for (after, event) in told {
            if after == Duration::ZERO {
                let _ = to.send(frame(field("id:"), &event));
            } else {
                let (liar, to) = (self.clone(), seat.endpoint);
                tokio::spawn(async move {
                    tokio::time::sleep(after).await;
                    liar.tell(to, &event);
                });
            }
        }
    }

    fn note(&self, head: &[u8], body: &[u8]) {
        let mut books = self.books();
        books.seen.extend_from_slice(head);
        books.seen.extend_from_slice(body);
    }

    /// Boxes of this side in this visit, as they were posted.
    pub(crate) fn boxes_of(&self, visit: VisitId, role: Role) -> Vec<Envelope> {
        let books = self.books();
        let of = books.boxes.iter().filter(|(seat, _)| (seat.visit, seat.role) == (visit, role));
        of.map(|(_, envelope)| envelope.clone()).collect()
    }
}

fn frame(id: Option<&str>, event: &Event) -> String {
    let json = serde_json::to_string(event).unwrap();
    let id = id.map_or(String::new(), |id| format!("id: {id}\n"));
    format!("{id}event: {}\ndata: {json}\n\n", event.kind())
}

fn bearer(headers: &HeaderMap) -> Option<String> {
    Some(headers.get(header::AUTHORIZATION)?.to_str().ok()?.strip_prefix("Bearer ")?.to_owned())
}

/// Of a body that is looked at whole: more than the server takes.
const MOST_BYTES: usize = 1 << 20;
