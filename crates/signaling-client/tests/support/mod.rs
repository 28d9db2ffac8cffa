//! A tiny HTTPS server that answers by a script: real TLS and real HTTP on the loopback, nothing of the product.

#![allow(dead_code, unreachable_pub, reason = "each test binary uses its own part")]
#![allow(clippy::unwrap_used, reason = "a test: what fails here fails the test")]

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::body::{Body, Frame, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use rustls::pki_types::PrivateKeyDer;
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use sha2::{Digest, Sha256};
use signaling_client::{Server, ServerTrust, SignalingClient};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio_rustls::TlsAcceptor;

/// What a request was, its body read.
#[derive(Debug, Clone)]
pub struct Asked {
    pub method: String,
    pub path: String,
    pub headers: hyper::HeaderMap,
    pub body: Vec<u8>,
    pub version: hyper::Version,
}

impl Asked {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }
}

/// What to answer.
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(&'static str, String)>,
    pub body: AnswerBody,
}

pub enum AnswerBody {
    Whole(Option<Bytes>),
    /// What is sent into the channel; the end of the channel ends the body.
    Stream(mpsc::UnboundedReceiver<Bytes>),
}

impl Answer {
    pub fn new(status: u16, content_type: &str, body: impl Into<Bytes>) -> Self {
        let headers = vec![("content-type", content_type.to_owned())];
        Self { status, headers, body: AnswerBody::Whole(Some(body.into())) }
    }

    pub fn json(body: &str) -> Self {
        Self::new(200, "application/json", body.to_owned())
    }

    pub fn problem(status: u16, code: &str) -> Self {
        let body = format!(r#"{{"code":"{code}","title":"whatever the server says","status":{status}}}"#);
        Self::new(status, "application/problem+json", body)
    }

    /// An event stream, and where to write it.
    pub fn stream() -> (mpsc::UnboundedSender<Bytes>, Self) {
        let (sender, receiver) = mpsc::unbounded_channel();
        let headers = vec![("content-type", "text/event-stream".to_owned())];
        (sender, Self { status: 200, headers, body: AnswerBody::Stream(receiver) })
    }

    /// An event stream of this text, which then ends.
    pub fn stream_of(text: &str) -> Self {
        let (sender, answer) = Self::stream();
        sender.send(Bytes::copy_from_slice(text.as_bytes())).unwrap();
        answer
    }
}

impl Body for AnswerBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        match self.get_mut() {
            Self::Whole(bytes) => Poll::Ready(bytes.take().map(|bytes| Ok(Frame::data(bytes)))),
            Self::Stream(chunks) => chunks.poll_recv(cx).map(|chunk| chunk.map(|chunk| Ok(Frame::data(chunk)))),
        }
    }
}

/// What the server's TLS is like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tls {
    V13,
    /// Needed to see that the client refuses it.
    OnlyV12,
    /// Shows the pinned certificate and signs with another key, as who has copied the certificate would.
    ForeignKey,
    /// No TLS at all.
    None,
}

pub struct TestServer {
    pub address: SocketAddr,
    pub pin: [u8; 32],
    asked: Arc<Mutex<Vec<Asked>>>,
    connections: Arc<AtomicUsize>,
}

impl TestServer {
    /// A server that gives each request to this.
    pub async fn start(answer: impl Fn(&Asked) -> Answer + Send + Sync + 'static) -> Self {
        Self::start_with(Tls::V13, &[b"h2", b"http/1.1"], answer).await
    }

    pub async fn start_with(
        tls: Tls,
        alpn: &[&[u8]],
        answer: impl Fn(&Asked) -> Answer + Send + Sync + 'static,
    ) -> Self {
        Self::start_deaf(0, tls, alpn, answer).await
    }

    /// A server to which nothing gets through by the first so many connections.
    pub async fn start_deaf(
        deaf: usize,
        tls: Tls,
        alpn: &[&[u8]],
        answer: impl Fn(&Asked) -> Answer + Send + Sync + 'static,
    ) -> Self {
        let certificate = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
        let pin = Sha256::digest(certificate.cert.der()).into();
        let versions: &[&rustls::SupportedProtocolVersion] =
            if tls == Tls::OnlyV12 { &[&rustls::version::TLS12] } else { &[&rustls::version::TLS13] };
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let foreign_key = rcgen::KeyPair::generate().unwrap();
        let key = if tls == Tls::ForeignKey { &foreign_key } else { &certificate.signing_key };
        let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        let key = provider.key_provider.load_private_key(key).unwrap();
        let certified = CertifiedKey::new(vec![certificate.cert.der().clone()], key);
        let mut config = rustls::ServerConfig::builder_with_provider(provider.clone())
            .with_protocol_versions(versions)
            .unwrap()
            .with_no_client_auth()
            .with_cert_resolver(Arc::new(SingleCertAndKey::from(certified)));
        config.alpn_protocols = alpn.iter().map(|name| name.to_vec()).collect();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let service = Service { asked: asked.clone(), answer: Arc::new(answer) };
        let connections = Arc::new(AtomicUsize::new(0));
        let counted = connections.clone();
        tokio::spawn(async move {
            let mut unheard = Vec::new();
            while let Ok((stream, _)) = listener.accept().await {
                if counted.fetch_add(1, Ordering::SeqCst) < deaf {
                    unheard.push(stream);
                    continue;
                }
                let (acceptor, service) = (acceptor.clone(), service.clone());
                tokio::spawn(async move {
                    if tls == Tls::None {
                        service.serve(stream).await;
                    } else if let Ok(stream) = acceptor.accept(stream).await {
                        service.serve(stream).await;
                    }
                });
            }
        });
        Self { address, pin, asked, connections }
    }

    pub fn base_url(&self) -> String {
        format!("https://{}", self.address)
    }

    /// A client that pins this server.
    pub fn client(&self) -> SignalingClient {
        self.client_with(ServerTrust::Pinned(self.pin))
    }

    pub fn client_with(&self, trust: ServerTrust) -> SignalingClient {
        SignalingClient::new(Server { base_url: self.base_url(), trust }).unwrap()
    }

    /// How often somebody connected.
    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    /// All requests so far.
    pub fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }
}

#[derive(Clone)]
struct Service {
    asked: Arc<Mutex<Vec<Asked>>>,
    answer: Arc<dyn Fn(&Asked) -> Answer + Send + Sync>,
}

impl Service {
    async fn serve(self, stream: impl tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send + 'static) {
        let service = service_fn(move |request| {
            let service = self.clone();
            async move { Ok::<_, Infallible>(service.respond(request).await) }
        });
        // A client that goes away in the middle is none of the server's faults.
        let _ = auto::Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(stream), service).await;
    }

    async fn respond(&self, request: Request<Incoming>) -> Response<AnswerBody> {
        let (head, mut incoming) = request.into_parts();
        let mut body = Vec::new();
        while let Some(Ok(frame)) = std::future::poll_fn(|cx| Pin::new(&mut incoming).poll_frame(cx)).await {
            body.extend_from_slice(frame.data_ref().unwrap());
        }
        let asked = Asked {
            method: head.method.to_string(),
            path: head.uri.path_and_query().unwrap().to_string(),
            headers: head.headers,
            body,
            version: head.version,
        };
        self.asked.lock().unwrap().push(asked.clone());
        let answer = (self.answer)(&asked);
        let mut response = Response::builder().status(answer.status);
        for (name, value) in answer.headers {
            response = response.header(name, value);
        }
        response.body(answer.body).unwrap()
    }
}
