//! The two HTTP clients, and one request through them.

use std::fmt;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use hyper::{Method, Request, Uri};
use hyper_util::client::legacy;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use serde::Serialize;
use serde::de::DeserializeOwned;
use signaling_protocol::{Code, Problem, is_phone_number};
use tokio::time::Instant;
use units::Phi;

use crate::answer::{Answer, by, is_of_type, read_body, retry_after};
use crate::changes::{Changed, Changes};
use crate::connector::{CONNECT_TIMEOUT, Connector};
use crate::dialer::{Dialer, host_of};
use crate::error::{Failure, Refusal, from_transport};
use crate::proxies::{FindProxy, ProxyRules};
use crate::race::{Pace, race};
use crate::session::Sessions;
use crate::tls::client_config;
use crate::{ClientError, ServerTrust};

/// Which server, and by what it is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    /// `https://host:port`.
    pub base_url: String,
    /// By what its certificate is checked.
    pub trust: ServerTrust,
}

/// Asks a clinic's server. Cheap to clone: the clones share their connections.
#[derive(Clone)]
pub struct SignalingClient {
    pub(crate) shared: Arc<Shared>,
}

pub(crate) struct Shared {
    base_url: Uri,
    trust: ServerTrust,
    tls: rustls::ClientConfig,
    /// None for a server on this machine.
    proxies: Option<Arc<dyn FindProxy>>,
    clients: Mutex<Clients>,
    round_trip: Mutex<Option<Duration>>,
    phone: Mutex<Option<String>>,
    network: Changed,
    pub(crate) sessions: Sessions,
}

/// One for the stream and one for the rest, so that a connection that has silently died under the stream does not stall
/// every request too (hyper issue 4186); and so that there is a second way for a request that the first lets wait.
#[derive(Clone)]
struct Clients {
    events: Way,
    post: Way,
    /// Tells whoever still waits for an answer by these that none will come.
    left: Arc<Changed>,
}

/// One connection to the server, or the next one in its place.
#[derive(Clone)]
pub(crate) struct Way {
    client: legacy::Client<Connector, Full<Bytes>>,
    left: Changes,
}

impl SignalingClient {
    /// A client for this server, by way of the proxy that the environment names, or else on macOS and Windows the system.
    /// Connects to nothing yet.
    ///
    /// # Errors
    /// [`ClientError::BadAddress`] or [`ClientError::NoAuthorities`].
    pub fn new(server: Server) -> Result<Self, ClientError> {
        Self::by_way_of(Arc::new(ProxyRules::of_environment()), server)
    }

    /// The same, by way of the proxies that are found.
    ///
    /// # Errors
    /// As [`SignalingClient::new`].
    pub fn by_way_of(proxies: Arc<dyn FindProxy>, server: Server) -> Result<Self, ClientError> {
        let base_url = read_base_url(&server.base_url).ok_or(ClientError::BadAddress)?;
        let tls = client_config(&server.trust)?;
        let proxies = (!is_this_machine(&base_url)).then_some(proxies);
        let clients = Clients::new(&tls, proxies.as_ref());
        let (clients, round_trip, phone) = (Mutex::new(clients), Mutex::default(), Mutex::default());
        let network = Changed::new();
        let sessions = Sessions::new();
        let trust = server.trust;
        let shared = Shared { base_url, trust, tls, proxies, clients, round_trip, phone, network, sessions };
        Ok(Self { shared: Arc::new(shared) })
    }

    /// Leaves every connection there is and begins anew, as when the stream fell silent. What is under way may still be
    /// answered.
    pub fn rebuild(&self) {
        drop(self.replace_connections());
    }

    /// This device's network is another: whatever is under way by the old one is given up and asked again at once, where it
    /// is asked until there is an answer; the event stream goes on after its last event.
    pub fn network_changed(&self) {
        if let Some(proxies) = &self.shared.proxies {
            proxies.network_changed();
        }
        self.replace_connections().left.tell();
        self.shared.network.tell();
    }

    fn replace_connections(&self) -> Clients {
        let fresh = Clients::new(&self.shared.tls, self.shared.proxies.as_ref());
        let mut clients = self.shared.clients.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::replace(&mut *clients, fresh)
    }

    /// Hears of [`network_changed`](Self::network_changed), from now on.
    pub(crate) fn network(&self) -> Changes {
        self.shared.network.listen()
    }

    /// The shortest time from a request to its answer so far: the round trip, and as long as the link takes for a kilobyte or
    /// two.
    pub fn round_trip(&self) -> Option<Duration> {
        *self.shared.round_trip.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The clinic's telephone number, if its server has said one: with the answer to a [challenge](Self::challenge).
    pub fn phone(&self) -> Option<String> {
        self.shared.phone.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What a server says is shown to people: nothing but a number is kept.
    pub(crate) fn keep_phone(&self, phone: Option<&String>) {
        if let Some(phone) = phone.filter(|phone| is_phone_number(phone)) {
            *self.shared.phone.lock().unwrap_or_else(PoisonError::into_inner) = Some(phone.clone());
        }
    }

    /// Opens streams to the clinic's relays.
    pub fn dialer(&self) -> Dialer {
        let Shared { base_url, tls, trust, proxies, .. } = &*self.shared;
        Dialer::new(base_url, tls, trust, proxies.clone())
    }

    /// Whether the server is known by its certificate, and not by who vouches for it.
    pub fn is_pinned(&self) -> bool {
        matches!(self.shared.trust, ServerTrust::Pinned(_))
    }

    /// The host of the clinic's server, without brackets.
    pub fn host(&self) -> String {
        host_of(&self.shared.base_url)
    }

    /// Opens the connection of the event stream ahead of it: its three round trips, two seconds over a satellite, are then
    /// over when the answer to a join is there. Inside a runtime of tokio.
    pub fn warm_up(&self) {
        let (client, events) = (self.clone(), self.clients().events);
        // Whatever is wrong, the stream will say.
        tokio::spawn(async move {
            let until = Some(Instant::now() + CONNECT_TIMEOUT);
            drop(client.request(&events, Method::GET, "/healthz", HeaderMap::new(), None, until).await);
        });
    }

    /// One request and its answer, both JSON: made once, since made twice it could come to something else.
    pub(crate) async fn ask<R: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        token: Option<&Phi<String>>,
        body: &(impl Serialize + Sync),
    ) -> Result<R, Failure> {
        let body = json_body(&method, body)?;
        let way = self.clients().post;
        self.by_session(token, |shown| {
            let (way, method, body) = (way.clone(), method.clone(), body.clone());
            async move { self.ask_over(&way, method, path, shown.as_ref(), body).await }
        })
        .await
    }

    /// The same with this very token, whatever session it is of.
    pub(crate) async fn ask_as<R: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        token: Option<&Phi<String>>,
        body: &(impl Serialize + Sync),
    ) -> Result<R, Failure> {
        let body = json_body(&method, body)?;
        self.ask_over(&self.clients().post, method, path, token, body).await
    }

    /// Asks with the newest token of the session that `token` is of, and once more with the session's next, if the server did
    /// not know the one that was shown.
    async fn by_session<R, F: Future<Output = Result<R, Failure>>>(
        &self,
        token: Option<&Phi<String>>,
        ask: impl Fn(Option<Phi<String>>) -> F,
    ) -> Result<R, Failure> {
        let Some(token) = token else { return ask(None).await };
        let shown = self.newest_of(token).await;
        let answer = ask(Some(shown.clone())).await;
        match &answer {
            Err(Failure { error: ClientError::Refused(refusal), .. }) if refusal.code == Code::NotSignedIn => {}
            _ => return answer,
        }
        match self.another_than(token, &shown).await {
            Some(next) => ask(Some(next)).await,
            None => answer,
        }
    }

    /// The same of a request that does no harm when it is made twice. If the answer stays away it is made again by the other
    /// connection, and the first answer counts: what is lost of one connection holds up everything behind it, the longer the
    /// oftener.
    pub(crate) async fn ask_by_both_ways<R: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        token: Option<&Phi<String>>,
        body: &(impl Serialize + Sync),
    ) -> Result<R, Failure> {
        let body = json_body(&method, body)?;
        self.by_session(token, |shown| {
            let (method, body) = (method.clone(), body.clone());
            async move { self.race_over(method, path, shown.as_ref(), body).await }
        })
        .await
    }

    async fn race_over<R: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        token: Option<&Phi<String>>,
        body: Option<Bytes>,
    ) -> Result<R, Failure> {
        let clients = self.clients();
        race(second_way(self.round_trip()), |number| {
            let way = if number == 0 { clients.post.clone() } else { clients.events.clone() };
            let (method, body) = (method.clone(), body.clone());
            async move { self.ask_over(&way, method, path, token, body).await }
        })
        .await
    }

    /// The same as [`ask`](Self::ask), of an answer that may be of `limit` bytes.
    pub(crate) async fn ask_for_long<R: DeserializeOwned>(
        &self,
        path: &str,
        token: &Phi<String>,
        limit: usize,
    ) -> Result<R, Failure> {
        let text = self.ask_for_text(path, token, "application/json", (limit, REQUEST_TIMEOUT)).await?;
        serde_json::from_str(&text).map_err(|_| ClientError::NotHousecall.into())
    }

    /// A text of this type, of at most so many bytes and within so long.
    pub(crate) async fn ask_for_text(
        &self,
        path: &str,
        token: &Phi<String>,
        content_type: &'static str,
        (limit, patience): (usize, Duration),
    ) -> Result<String, Failure> {
        let way = self.clients().post;
        self.by_session(Some(token), |shown| {
            let way = way.clone();
            async move {
                let headers = headers(shown.as_ref(), content_type)?;
                let deadline = Some(Instant::now() + patience);
                let answer = self.request(&way, Method::GET, path, headers, None, deadline).await?;
                let answer = self.accept(answer, content_type).await?;
                let bytes = read_body(answer, limit).await?;
                String::from_utf8(bytes).map_err(|_| ClientError::NotHousecall.into())
            }
        })
        .await
    }

    async fn ask_over<R: DeserializeOwned>(
        &self,
        way: &Way,
        method: Method,
        path: &str,
        token: Option<&Phi<String>>,
        body: Option<Bytes>,
    ) -> Result<R, Failure> {
        let mut headers = headers(token, "application/json")?;
        if body.is_some() {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        let asked = Instant::now();
        let answer = self.request(way, method, path, headers, body, Some(asked + REQUEST_TIMEOUT)).await?;
        self.took(asked.elapsed());
        self.read_json(answer, MAX_ANSWER_BYTES).await
    }

    /// The event stream, or one long-poll: the answer's head has come when this returns.
    pub(crate) async fn open_events(
        &self,
        path: &str,
        token: &Phi<String>,
        cursor: Option<u64>,
        accept: &'static str,
        timeout: Option<Duration>,
    ) -> Result<Answer, Failure> {
        let ask = |shown: Option<Phi<String>>| async move {
            self.open_once(path, shown.as_ref(), cursor, accept, timeout).await
        };
        self.by_session(Some(token), ask).await
    }

    async fn open_once(
        &self,
        path: &str,
        token: Option<&Phi<String>>,
        cursor: Option<u64>,
        accept: &'static str,
        timeout: Option<Duration>,
    ) -> Result<Answer, Failure> {
        let mut headers = headers(token, accept)?;
        if let Some(cursor) = cursor {
            headers.insert(LAST_EVENT_ID, HeaderValue::from(cursor));
        }
        let until = timeout.map(|timeout| Instant::now() + timeout);
        let answer = self.request(&self.clients().events, Method::GET, path, headers, None, until).await?;
        self.accept(answer, accept).await
    }

    pub(crate) async fn request(
        &self,
        way: &Way,
        method: Method,
        path: &str,
        headers: HeaderMap,
        body: Option<Bytes>,
        until: Option<Instant>,
    ) -> Result<Answer, ClientError> {
        let mut request = Request::new(Full::new(body.unwrap_or_default()));
        *request.method_mut() = method;
        *request.uri_mut() = self.url(path)?;
        *request.headers_mut() = headers;
        let mut left = way.left.clone();
        match by(until, &mut left, way.client.request(request)).await {
            Some(Ok(response)) => Ok(Answer { response, trust: self.shared.trust, until, left }),
            Some(Err(error)) => Err(from_transport(&error, &self.shared.trust)),
            None => Err(ClientError::Unreachable),
        }
    }

    /// An answer's JSON, at most `limit` bytes of it.
    pub(crate) async fn read_json<R: DeserializeOwned>(&self, answer: Answer, limit: usize) -> Result<R, Failure> {
        let answer = self.accept(answer, "application/json").await?;
        let bytes = read_body(answer, limit).await?;
        serde_json::from_slice(&bytes).map_err(|_| ClientError::NotHousecall.into())
    }

    /// Passes on a success of the wanted kind; whatever else becomes its error.
    async fn accept(&self, answer: Answer, content_type: &str) -> Result<Answer, Failure> {
        let status = answer.status();
        if status.is_success() && is_of_type(&answer, content_type) {
            return Ok(answer);
        }
        if is_of_type(&answer, "application/problem+json") && !status.is_success() {
            let retry_after = retry_after(answer.headers());
            let bytes = read_body(answer, MAX_PROBLEM_BYTES).await?;
            let problem: Problem = serde_json::from_slice(&bytes).map_err(|_| ClientError::NotHousecall)?;
            let refusal = Refusal { code: problem.code, status: status.as_u16(), retry_after };
            return Err(Failure { error: ClientError::Refused(refusal), retry_after });
        }
        // A reverse proxy whose server is away.
        let error = match status.as_u16() {
            502..=504 => ClientError::Unreachable,
            _ => ClientError::NotHousecall,
        };
        Err(Failure { error, retry_after: retry_after(answer.headers()) })
    }

    fn took(&self, span: Duration) {
        let mut shortest = self.shared.round_trip.lock().unwrap_or_else(PoisonError::into_inner);
        *shortest = Some(shortest.map_or(span, |before| before.min(span)));
    }

    /// The connection for requests.
    pub(crate) fn post_way(&self) -> Way {
        self.clients().post
    }

    fn clients(&self) -> Clients {
        self.shared.clients.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn url(&self, path: &str) -> Result<Uri, ClientError> {
        let mut parts = self.shared.base_url.clone().into_parts();
        parts.path_and_query = Some(path.try_into().map_err(|_| ClientError::BadAddress)?);
        Uri::from_parts(parts).map_err(|_| ClientError::BadAddress)
    }
}

impl fmt::Debug for SignalingClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SignalingClient({})", self.shared.base_url)
    }
}

impl Clients {
    fn new(tls: &rustls::ClientConfig, proxies: Option<&Arc<dyn FindProxy>>) -> Self {
        let left = Changed::new();
        let build = || {
            let mut builder = legacy::Client::builder(TokioExecutor::new());
            builder
                .timer(TokioTimer::new())
                .pool_timer(TokioTimer::new())
                .http2_keep_alive_interval(KEEP_ALIVE)
                .http2_keep_alive_timeout(KEEP_ALIVE_ANSWER)
                .http2_keep_alive_while_idle(true);
            let client = builder.build(Connector::new(tls, proxies.cloned()));
            Way { client, left: left.listen() }
        };
        Self { events: build(), post: build(), left: Arc::new(left) }
    }
}

/// When a request that may be made twice is.
fn second_way(round_trip: Option<Duration>) -> Pace {
    let first =
        round_trip.map_or(SECOND_WAY_UNKNOWN, |span| span.mul_f64(2.5).clamp(SECOND_WAY_LEAST, SECOND_WAY_UNKNOWN));
    Pace { first, most: 2, least: 1 }
}

/// A request that is no POST says all in its path.
fn json_body(method: &Method, body: &impl Serialize) -> Result<Option<Bytes>, ClientError> {
    if method != Method::POST {
        return Ok(None);
    }
    serde_json::to_vec(body).map(|bytes| Some(bytes.into())).map_err(|_| ClientError::BadAddress)
}

fn read_base_url(text: &str) -> Option<Uri> {
    let uri: Uri = text.parse().ok()?;
    let plain = uri.path() == "/" && uri.query().is_none() && !text.contains(['#', '@']);
    let is_host = uri.host().is_some_and(|host| !host.is_empty());
    (uri.scheme_str() == Some("https") && is_host && plain).then_some(uri)
}

/// A proxy is for the way out, not for a server on this machine.
fn is_this_machine(uri: &Uri) -> bool {
    let host = uri.host().unwrap_or_default();
    let address = host.trim_matches(['[', ']']).parse::<std::net::IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

fn headers(token: Option<&Phi<String>>, accept: &'static str) -> Result<HeaderMap, ClientError> {
    let mut headers = HeaderMap::new();
    headers.insert(ACCEPT, HeaderValue::from_static(accept));
    if let Some(token) = token {
        // A token with a line break in it came from no Housecall server.
        let mut value =
            HeaderValue::from_str(&format!("Bearer {}", token.expose())).map_err(|_| ClientError::NotHousecall)?;
        value.set_sensitive(true);
        headers.insert(AUTHORIZATION, value);
    }
    Ok(headers)
}

const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");
/// A question and its answer that were lost and sent again by the system are there by then where a round trip is a quarter of a
/// second; half of it, and a request over a link with a short round trip would be made twice whenever the server's disk is slow.
const SECOND_WAY_LEAST: Duration = Duration::from_millis(600);
/// Before anything was answered: a connection and a round trip over a satellite.
const SECOND_WAY_UNKNOWN: Duration = Duration::from_millis(2_500);
/// From the first byte of a request to the last of its answer; none is larger than a staff box of 64 KiB in base64.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(20);
/// How often a connection is asked whether it still stands, also while nothing else is asked.
const KEEP_ALIVE: Duration = Duration::from_secs(5);
/// One that does not answer that within this is given up. Where a fifth is lost and every other second something is sent again,
/// five seconds pass without an answer once in a hundred times, and a new connection takes as long.
const KEEP_ALIVE_ANSWER: Duration = Duration::from_secs(8);
/// Nothing that a Housecall server answers to a request is longer: the largest is a page of devices, about 100 KiB.
const MAX_ANSWER_BYTES: usize = 128 * 1024;
const MAX_PROBLEM_BYTES: usize = 16 * 1024;
#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_https_a_host_and_a_port() {
        let new = |base_url: &str| {
            let server = Server { base_url: base_url.to_owned(), trust: ServerTrust::Pinned([0; 32]) };
            SignalingClient::new(server).err()
        };
        for good in ["https://clinic.example", "https://clinic.example:8443/", "https://[::1]:1", "https://192.0.2.1"] {
            assert_eq!(new(good), None, "{good}");
        }
        for bad in
            ["", "clinic.example", "http://clinic.example", "https://", "https://a/b", "https://u@a", "https://a?b"]
        {
            assert_eq!(new(bad), Some(ClientError::BadAddress), "{bad}");
        }
    }

    #[test]
    fn a_request_is_made_again_when_its_answer_is_late() {
        let after = |millis| second_way(Some(Duration::from_millis(millis))).first.as_millis();
        assert_eq!(second_way(None).first, SECOND_WAY_UNKNOWN);
        assert_eq!((after(1), after(40), after(400), after(5_000)), (600, 600, 1_000, 2_500));
    }

    #[test]
    fn only_this_machine_is_asked_without_a_proxy() {
        let is = |url: &str| is_this_machine(&url.parse().unwrap());
        assert!(is("https://127.0.0.1:1") && is("https://[::1]:1") && is("https://localhost"));
        assert!(!is("https://192.0.2.1") && !is("https://localhost.example"));
    }
}
