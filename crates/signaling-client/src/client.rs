//! The two HTTP clients, and one request through them.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER};
use reqwest::{Method, Response, Url};
use serde::Serialize;
use serde::de::DeserializeOwned;
use signaling_protocol::Problem;
use units::Phi;

use crate::error::{Failure, Refusal, from_reqwest};
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
    shared: Arc<Shared>,
}

struct Shared {
    base_url: Url,
    trust: ServerTrust,
    tls: rustls::ClientConfig,
    clients: Mutex<Clients>,
}

/// One for the stream and one for the rest, so that a connection that has silently died under the stream does not stall
/// every request too (hyper issue 4186, reqwest issue 1323).
#[derive(Clone)]
struct Clients {
    events: reqwest::Client,
    post: reqwest::Client,
}

impl SignalingClient {
    /// A client for this server. Connects to nothing yet.
    ///
    /// # Errors
    /// [`ClientError::BadAddress`] or [`ClientError::NoAuthorities`].
    pub fn new(server: Server) -> Result<Self, ClientError> {
        let base_url = read_base_url(&server.base_url).ok_or(ClientError::BadAddress)?;
        let tls = client_config(&server.trust)?;
        let clients = Clients::new(&base_url, &tls)?;
        let shared = Shared { base_url, trust: server.trust, tls, clients: Mutex::new(clients) };
        Ok(Self { shared: Arc::new(shared) })
    }

    /// Leaves every connection there is and begins anew: after the network changed, or when the stream fell silent.
    pub fn rebuild(&self) {
        // What was built once is built again: the same address, the same TLS.
        if let Ok(fresh) = Clients::new(&self.shared.base_url, &self.shared.tls) {
            *self.shared.clients.lock().unwrap_or_else(PoisonError::into_inner) = fresh;
        }
    }

    /// One request and its answer, both JSON.
    pub(crate) async fn ask<R: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        token: Option<&Phi<String>>,
        body: &(impl Serialize + Sync),
    ) -> Result<R, Failure> {
        let mut request = self.clients().post.request(method.clone(), self.url(path)).timeout(REQUEST_TIMEOUT);
        request = request.headers(headers(token, "application/json")?);
        if method == Method::POST {
            let body = serde_json::to_vec(body).map_err(|_| ClientError::BadAddress)?;
            request = request.header(CONTENT_TYPE, "application/json").body(body);
        }
        let response = request.send().await.map_err(|error| self.failure(&error))?;
        self.read_json(response, MAX_ANSWER_BYTES).await
    }

    /// The event stream, or one long-poll: the answer's head has come when this returns.
    pub(crate) async fn open_events(
        &self,
        path: &str,
        token: &Phi<String>,
        cursor: Option<u64>,
        accept: &'static str,
        timeout: Option<Duration>,
    ) -> Result<Response, Failure> {
        let mut headers = headers(Some(token), accept)?;
        if let Some(cursor) = cursor {
            headers.insert(LAST_EVENT_ID, HeaderValue::from(cursor));
        }
        let mut request = self.clients().events.get(self.url(path)).headers(headers);
        if let Some(timeout) = timeout {
            request = request.timeout(timeout);
        }
        let response = request.send().await.map_err(|error| self.failure(&error))?;
        self.accept(response, accept).await
    }

    /// An answer's JSON, at most `limit` bytes of it.
    pub(crate) async fn read_json<R: DeserializeOwned>(&self, response: Response, limit: usize) -> Result<R, Failure> {
        let response = self.accept(response, "application/json").await?;
        let bytes = self.read_body(response, limit).await?;
        serde_json::from_slice(&bytes).map_err(|_| ClientError::NotHousecall.into())
    }

    /// What a network error was.
    pub(crate) fn failure(&self, error: &reqwest::Error) -> Failure {
        from_reqwest(error, &self.shared.trust).into()
    }

    /// Passes on a success of the wanted kind; whatever else becomes its error.
    async fn accept(&self, response: Response, content_type: &str) -> Result<Response, Failure> {
        let status = response.status();
        if status.is_success() && is_of_type(&response, content_type) {
            return Ok(response);
        }
        if is_of_type(&response, "application/problem+json") && !status.is_success() {
            let retry_after = retry_after(response.headers());
            let bytes = self.read_body(response, MAX_PROBLEM_BYTES).await?;
            let problem: Problem = serde_json::from_slice(&bytes).map_err(|_| ClientError::NotHousecall)?;
            let refusal = Refusal { code: problem.code, status: status.as_u16(), retry_after };
            return Err(Failure { error: ClientError::Refused(refusal), retry_after });
        }
        // A reverse proxy whose server is away.
        let error = match status.as_u16() {
            502..=504 => ClientError::Unreachable,
            _ => ClientError::NotHousecall,
        };
        Err(Failure { error, retry_after: retry_after(response.headers()) })
    }

    async fn read_body(&self, mut response: Response, limit: usize) -> Result<Vec<u8>, Failure> {
        let mut bytes = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| self.failure(&error))? {
            if bytes.len() + chunk.len() > limit {
                return Err(ClientError::NotHousecall.into());
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok(bytes)
    }

    fn clients(&self) -> Clients {
        self.shared.clients.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn url(&self, path: &str) -> Url {
        let mut url = self.shared.base_url.clone();
        let (path, query) = path.split_once('?').map_or((path, None), |(path, query)| (path, Some(query)));
        url.set_path(path);
        url.set_query(query);
        url
    }
}

impl fmt::Debug for SignalingClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SignalingClient({})", self.shared.base_url)
    }
}

impl Clients {
    fn new(base_url: &Url, tls: &rustls::ClientConfig) -> Result<Self, ClientError> {
        let build = || {
            let mut builder = reqwest::Client::builder()
                .tls_backend_preconfigured(tls.clone())
                .https_only(true)
                // A Housecall server never sends anybody elsewhere.
                .redirect(reqwest::redirect::Policy::none())
                .connect_timeout(CONNECT_TIMEOUT)
                .http2_keep_alive_interval(KEEP_ALIVE)
                .http2_keep_alive_timeout(KEEP_ALIVE)
                .http2_keep_alive_while_idle(true);
            if is_this_machine(base_url) {
                builder = builder.no_proxy();
            }
            builder.build().map_err(|_| ClientError::BadAddress)
        };
        Ok(Self { events: build()?, post: build()? })
    }
}

fn read_base_url(text: &str) -> Option<Url> {
    let url = Url::parse(text).ok()?;
    let plain = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
    let nobody = url.username().is_empty() && url.password().is_none();
    (url.scheme() == "https" && url.host_str().is_some() && plain && nobody).then_some(url)
}

/// A proxy set in the environment is for the way out, not for a server on this machine.
fn is_this_machine(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
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

fn is_of_type(response: &Response, content_type: &str) -> bool {
    let value = response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    value.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case(content_type)
}

/// `Retry-After` in seconds; as a date it is passed over, and back-off alone decides.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let secs: u64 = headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(secs).min(LONGEST_RETRY_AFTER))
}

const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");
/// A rural line needs some seconds for three round trips; longer than this and another try is the better chance.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(8);
/// From the first byte of a request to the last of its answer; none is larger than a staff box of 64 KiB in base64.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(20);
/// A connection that answers no ping within this is given up, also while nothing is asked.
const KEEP_ALIVE: Duration = Duration::from_secs(5);
/// Nothing that a Housecall server answers to a request is longer: the largest is a page of devices, about 100 KiB.
const MAX_ANSWER_BYTES: usize = 128 * 1024;
const MAX_PROBLEM_BYTES: usize = 16 * 1024;
/// However long a server asks to wait, a person is waiting too.
const LONGEST_RETRY_AFTER: Duration = Duration::from_secs(60);

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
    fn only_this_machine_is_asked_without_a_proxy() {
        let is = |url: &str| is_this_machine(&Url::parse(url).unwrap());
        assert!(is("https://127.0.0.1:1") && is("https://[::1]:1") && is("https://localhost"));
        assert!(!is("https://192.0.2.1") && !is("https://localhost.example"));
    }

    #[test]
    fn a_waiting_time_is_taken_in_seconds_and_within_reason() {
        let of =
            |text: &'static str| retry_after(&HeaderMap::from_iter([(RETRY_AFTER, HeaderValue::from_static(text))]));
        assert_eq!(of("3"), Some(Duration::from_secs(3)));
        assert_eq!(of("86400"), Some(LONGEST_RETRY_AFTER));
        assert_eq!(of("Wed, 21 Oct 2026 07:28:00 GMT"), None);
    }
}
