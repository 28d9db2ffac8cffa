//! By way of which proxy the clinic's server and its relays are reached: as the person says, else the environment, else the
//! system's settings; a proxy script (PAC) that one of them names is fetched and asked.
//!
//! **No discovery:** a script is never looked for by DHCP or DNS (WPAD). Whoever answers such questions first, in any Wi-Fi,
//! would be the way of everything that is said.

mod desktop;
mod script;
mod system;

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use signaling_client::{FindProxy, Finding, ProxyRules};
use tokio::sync::Mutex;
use tokio::task::spawn_blocking;
use tokio::time::timeout;
use units::ScriptFault;

use script::RunningScript;

/// By way of which proxies servers are reached.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum ProxyChoice {
    /// As the environment says, else as the system's settings say.
    #[default]
    System,
    /// As this script says.
    Script(ScriptPlace),
}

/// Where a proxy script is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ScriptPlace {
    /// `http://` or `https://`.
    Url(String),
    /// On this machine.
    File(PathBuf),
}

impl FromStr for ScriptPlace {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.starts_with("http://") || text.starts_with("https://") {
            return Ok(Self::Url(text.to_owned()));
        }
        // file:///etc/proxy.pac, and on Windows file:///C:/proxy.pac or file://C:/proxy.pac.
        let path = text.strip_prefix("file://").unwrap_or(text);
        let path = path.strip_prefix('/').filter(|rest| rest.as_bytes().get(1) == Some(&b':')).unwrap_or(path);
        match path.split_once("://") {
            Some((scheme, _)) => {
                Err(format!("a proxy script is a file, or at http:// or https://, not at {scheme}://"))
            }
            None if path.is_empty() => Err("name the file or the address of the proxy script".to_owned()),
            None => Ok(Self::File(path.into())),
        }
    }
}

/// What is named by the environment or a system.
#[derive(Debug)]
enum Named {
    /// A proxy and what is spared, or nothing.
    Rules(Arc<ProxyRules>),
    /// A script.
    Script(ScriptPlace),
}

/// Finds proxies by a [`ProxyChoice`]. What it has learnt holds until the network changes.
pub(crate) struct ProxyFinder {
    choice: ProxyChoice,
    known: Mutex<Option<Known>>,
    /// Counts the networks that there were.
    network: AtomicU64,
}

#[derive(Clone)]
struct Known {
    what: What,
    network: u64,
    /// When it is looked up again in any case.
    until: Option<Instant>,
}

#[derive(Clone)]
enum What {
    Rules(Arc<ProxyRules>),
    Script(Arc<RunningScript>),
    Fault(ScriptFault),
}

impl ProxyFinder {
    pub(crate) fn new(choice: ProxyChoice) -> Arc<Self> {
        Arc::new(Self { choice, known: Mutex::default(), network: AtomicU64::default() })
    }

    /// Looked up once for all who ask at the same time.
    async fn known(&self) -> What {
        let mut known = self.known.lock().await;
        let network = self.network.load(Ordering::Relaxed);
        let holds = |known: &&Known| known.network == network && known.until.is_none_or(|until| Instant::now() < until);
        if let Some(known) = known.as_ref().filter(holds) {
            return known.what.clone();
        }
        let what = self.look().await;
        let until = matches!(what, What::Fault(_)).then(|| Instant::now() + AGAIN);
        *known = Some(Known { what: what.clone(), network, until });
        what
    }

    async fn look(&self) -> What {
        let named = match &self.choice {
            ProxyChoice::Script(place) => Named::Script(place.clone()),
            // Settings are asked of other programs, which may not answer.
            ProxyChoice::System => match timeout(SYSTEM, spawn_blocking(system::named)).await {
                Ok(Ok(named)) => named,
                Ok(Err(_)) | Err(_) => {
                    tracing::warn!("the system does not say what its proxy is");
                    Named::Rules(Arc::new(ProxyRules::of_environment()))
                }
            },
        };
        match named {
            Named::Rules(rules) => What::Rules(rules),
            Named::Script(place) => match RunningScript::fetch(&place).await {
                Ok(script) => What::Script(Arc::new(script)),
                Err(fault) => {
                    tracing::warn!(%fault, "the network's proxy script (PAC) cannot be used");
                    What::Fault(fault)
                }
            },
        }
    }
}

impl FindProxy for ProxyFinder {
    fn find(&self, to: signaling_client::Uri) -> Finding<'_> {
        Box::pin(async move {
            match self.known().await {
                What::Rules(rules) => Ok(vec![rules.hop(&to)]),
                What::Script(script) => script.find(&to).await,
                What::Fault(fault) => Err(fault),
            }
        })
    }

    fn network_changed(&self) {
        self.network.fetch_add(1, Ordering::Relaxed);
    }
}

impl fmt::Debug for ProxyFinder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProxyFinder").field("choice", &self.choice).finish_non_exhaustive()
    }
}

/// How long a system may take to say what its settings are.
const SYSTEM: Duration = Duration::from_secs(2);
/// When a script that could not be had is asked for again.
const AGAIN: Duration = Duration::from_secs(30);

#[cfg(test)]
mod tests;
