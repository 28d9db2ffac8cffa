//! A proxy script that is there: fetched, and asked on a thread of its own.

use std::net::{IpAddr, ToSocketAddrs as _};
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::{Duration, Instant};

use pac::{Script, Trouble, World};
use signaling_client::{Hop, Proxy, Uri, fetch_file};
use tokio::sync::oneshot;
use tokio::time::timeout;
use units::ScriptFault;

use super::ScriptPlace;
use crate::network::own_addresses;

/// A script, and whether it was found never to end.
pub(super) struct RunningScript {
    script: Script,
    /// Once is enough: each time would cost a thread and its time.
    pub(super) endless: OnceLock<()>,
}

impl RunningScript {
    /// Fetches it.
    pub(super) async fn fetch(place: &ScriptPlace) -> Result<Self, ScriptFault> {
        let bytes = match place {
            ScriptPlace::Url(url) => fetch_file(url, LONGEST, PATIENCE).await.map(Into::into),
            ScriptPlace::File(path) => {
                let path = path.clone();
                // A folder of the network's may be away.
                let read = tokio::task::spawn_blocking(move || std::fs::read(path));
                timeout(PATIENCE, read).await.ok().and_then(Result::ok).and_then(Result::ok)
            }
        };
        let script = Script::new(bytes.ok_or(ScriptFault::Missing)?).map_err(fault)?;
        Ok(Self { script, endless: OnceLock::new() })
    }

    /// By way of what this is reached.
    pub(super) async fn find(&self, to: &Uri) -> Result<Vec<Hop>, ScriptFault> {
        if self.endless.get().is_some() {
            return Err(ScriptFault::Endless);
        }
        let (script, url) = (self.script.clone(), to.to_string());
        let host = to.host().unwrap_or_default().trim_start_matches('[').trim_end_matches(']').to_owned();
        let (answer, answered) = oneshot::channel();
        let begin = move || {
            let world: Arc<dyn World> = Arc::new(Machine { until: Instant::now() + RUN });
            // Who asked may have gone.
            let _ = answer.send(script.find(&url, &host, &world));
        };
        // Not one of the runtime's: the names that it asks for may keep it, and nobody is to wait for it at the end.
        let began = thread::Builder::new().name("proxy-script".to_owned()).spawn(begin);
        let answer = match began {
            Ok(_) => timeout(RUN + NAMES, answered).await.ok().and_then(Result::ok).unwrap_or(Err(Trouble::Endless)),
            Err(_) => Err(Trouble::Greedy),
        };
        let answer = answer.map_err(fault);
        if answer == Err(ScriptFault::Endless) && self.endless.set(()).is_ok() {
            tracing::warn!("the network's proxy script (PAC) does not come to an end; it is not asked again");
        }
        let hops: Vec<Hop> = answer?.into_iter().filter_map(hop).collect();
        if hops.is_empty() { Err(ScriptFault::NoWay) } else { Ok(hops) }
    }
}

fn hop(hop: pac::Hop) -> Option<Hop> {
    match hop {
        pac::Hop::Straight => Some(Hop::Straight),
        pac::Hop::Proxy { tls, host, port } => Proxy::at(tls, &host, port).map(Hop::Proxy),
    }
}

fn fault(trouble: Trouble) -> ScriptFault {
    match trouble {
        Trouble::Broken => ScriptFault::Broken,
        Trouble::Endless => ScriptFault::Endless,
        Trouble::Greedy => ScriptFault::Greedy,
        Trouble::NoWay => ScriptFault::NoWay,
    }
}

/// What a script learns of this machine.
struct Machine {
    until: Instant,
}

impl World for Machine {
    fn resolve(&self, name: &str) -> Vec<IpAddr> {
        // A script that asks for one name after the other waits for each.
        if self.time_is_over() {
            return Vec::new();
        }
        let found = (name, 0).to_socket_addrs();
        found.map(|all| all.map(|address| address.ip()).collect()).unwrap_or_default()
    }

    fn own_addresses(&self) -> Vec<IpAddr> {
        own_addresses()
    }

    fn time_is_over(&self) -> bool {
        Instant::now() >= self.until
    }
}

/// `pac` refuses what is longer than a megabyte; this is for not taking it in.
const LONGEST: usize = 2 * 1024 * 1024;
/// How long fetching a script may take: a server in the same building has it there at once.
const PATIENCE: Duration = Duration::from_secs(3);
/// How long a script may run. The longest ones take some hundredths of a second.
const RUN: Duration = Duration::from_secs(1);
/// How much longer the names that it asked for may keep it.
const NAMES: Duration = Duration::from_secs(2);
