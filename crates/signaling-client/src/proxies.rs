//! By way of which proxy what is reached: whoever knows it, and the rules of the environment.

use std::fmt;
use std::future::Future;
use std::pin::Pin;

use hyper::Uri;
use hyper::header::HeaderValue;
use hyper_util::client::proxy::matcher::Matcher;
use units::ScriptFault;

/// By way of what a connection is opened.
#[derive(Clone, PartialEq, Eq)]
pub enum Hop {
    /// By no proxy.
    Straight,
    /// By this one.
    Proxy(Proxy),
}

/// A proxy that tunnels (HTTP CONNECT, RFC 9110 section 9.3.6).
#[derive(Clone, PartialEq, Eq)]
pub struct Proxy {
    /// `http://` or, if it is spoken to by TLS, `https://`.
    pub(crate) uri: Uri,
    /// By what it is asked.
    pub(crate) auth: Option<HeaderValue>,
}

impl Proxy {
    /// At this host (a name, or an address without brackets), spoken to by TLS or not. `None` if that is no host.
    pub fn at(tls: bool, host: &str, port: u16) -> Option<Self> {
        let authority = if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") };
        let scheme = if tls { "https" } else { "http" };
        let uri = Uri::builder().scheme(scheme).authority(authority).path_and_query("/").build().ok()?;
        Some(Self { uri, auth: None })
    }

    /// Where it is, `host:port`, without what it is asked by.
    pub(crate) fn place(&self) -> String {
        let host = self.uri.host().unwrap_or_default();
        self.uri.port_u16().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Proxy({})", self.place())
    }
}

impl fmt::Debug for Hop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Straight => f.write_str("Straight"),
            Self::Proxy(proxy) => proxy.fmt(f),
        }
    }
}

/// What a [`FindProxy`] answers, later.
pub type Finding<'a> = Pin<Box<dyn Future<Output = Result<Vec<Hop>, ScriptFault>> + Send + 'a>>;

/// Knows by way of what a server is reached.
pub trait FindProxy: Send + Sync {
    /// By way of what this is reached, the best way first. Without one, and where there is a fault, it is gone straight. Takes
    /// some seconds at most.
    fn find(&self, to: Uri) -> Finding<'_>;

    /// This device's network is another: what was learnt of the last one does not count.
    fn network_changed(&self) {}
}

/// The rules of the environment or of a system's settings: one proxy, and what is spared.
pub struct ProxyRules(Matcher);

impl ProxyRules {
    /// Those of the environment (`HTTPS_PROXY`, `ALL_PROXY`, `NO_PROXY`), or else on macOS and Windows of the system.
    pub fn of_environment() -> Self {
        Self(Matcher::from_system())
    }

    /// By this proxy (`http://host:port`), but for these hosts, domains and networks, with commas between.
    pub fn by(proxy: &str, spared: &str) -> Self {
        Self(Matcher::builder().https(proxy.to_owned()).no(spared.to_owned()).build())
    }

    /// By way of what this is reached.
    pub fn hop(&self, to: &Uri) -> Hop {
        match self.0.intercept(to) {
            None => Hop::Straight,
            Some(found) => Hop::Proxy(Proxy { uri: found.uri().clone(), auth: found.basic_auth().cloned() }),
        }
    }
}

impl FindProxy for ProxyRules {
    fn find(&self, to: Uri) -> Finding<'_> {
        let hop = self.hop(&to);
        Box::pin(async move { Ok(vec![hop]) })
    }
}

impl fmt::Debug for ProxyRules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProxyRules").finish_non_exhaustive()
    }
}
