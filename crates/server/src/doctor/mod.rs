//! What is wrong with the server's machine, its network and its settings, before anybody else finds out.
//!
//! With the settings that the server is run with; it changes nothing, makes no key, and may run beside the server, which it then asks as
//! clients do.

mod answers;
mod certificate;
mod machine;
mod network;

use std::fmt::Write as _;
use std::net::IpAddr;
use std::path::Path;

use serde::Serialize;

use crate::data_lock::DataLock;
use crate::serve::Config;

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Check {
    /// What.
    pub what: &'static str,
    /// How it stands.
    pub state: State,
    /// What was found: a sentence.
    pub says: String,
    /// What to do: one or two sentences; empty where nothing is to be done.
    pub next: String,
}

/// How something stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Well.
    Good,
    /// Visits work, but not all, or not for long.
    Warning,
    /// Visits do not work.
    Bad,
}

/// All that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Checkup {
    /// Whether the server was running, and was asked as clients ask.
    pub running: bool,
    /// In the order in which they matter.
    pub checks: Vec<Check>,
}

impl Check {
    pub(crate) fn good(what: &'static str, says: impl Into<String>) -> Self {
        Self { what, state: State::Good, says: says.into(), next: String::new() }
    }

    pub(crate) fn warning(what: &'static str, says: impl Into<String>, next: impl Into<String>) -> Self {
        Self { what, state: State::Warning, says: says.into(), next: next.into() }
    }

    pub(crate) fn bad(what: &'static str, says: impl Into<String>, next: impl Into<String>) -> Self {
        Self { what, state: State::Bad, says: says.into(), next: next.into() }
    }
}

impl Checkup {
    /// The worst that was found.
    pub fn state(&self) -> State {
        self.checks.iter().map(|check| check.state).max().unwrap_or(State::Good)
    }

    /// The program's exit status: 0 all is well, 1 something is not, 2 visits do not work.
    pub fn exit(&self) -> u8 {
        self.state() as u8
    }

    /// What comes of a look at the settings alone.
    pub fn settings_page(&self) -> String {
        self.page_under(match self.state() {
            State::Good => "The settings will do.",
            State::Warning => "The settings will do, but could be better.",
            State::Bad => "The server does not start with these settings.",
        })
    }

    /// What comes of it, for everybody: what will work, then what is wrong and what to do; then the page for who looks after it.
    pub fn page(&self) -> String {
        let headline = match (self.state(), self.running) {
            (State::Good, true) => "The server runs, and all is well.",
            (State::Good, false) => "The server can be started, and all is well.",
            (State::Warning, _) => "Visits will work, but not all of them, or not for long.",
            (State::Bad, _) => "Visits will not work.",
        };
        self.page_under(headline)
    }

    fn page_under(&self, headline: &str) -> String {
        let mut page = format!("{headline}\n");
        for state in [State::Bad, State::Warning] {
            for check in self.checks.iter().filter(|check| check.state == state) {
                // A string takes whatever is written to it.
                let _ = writeln!(page, "{} {}", check.says, check.next);
            }
        }
        page.push('\n');
        for Check { what, state, says, .. } in &self.checks {
            let state = match state {
                State::Good => "good",
                State::Warning => "warning",
                State::Bad => "bad",
            };
            let _ = writeln!(page, "{state:<8} {what:<18} {says}");
        }
        page
    }
}

/// Looks at everything. `name` is the host in the links, where it is none of the machine's addresses.
pub async fn doctor(config: &Config, name: Option<&str>) -> Checkup {
    let running = DataLock::is_held(&config.data);
    let mut checks = vec![machine::folder(&config.data)];
    checks.extend(machine::space(&config.data));
    checks.push(machine::files());
    checks.push(machine::clock());
    let (certificate, pin) = certificate::check(config, name);
    checks.push(certificate);
    checks.push(network::port(config.listen, running));
    checks.extend(network::families(config.listen));
    checks.extend(network::relay(config, running));
    if running && let Some(pin) = pin {
        checks.extend(answers::check(config, name, pin).await);
    }
    checks.extend(answers::coturn(config).await);
    Checkup { running, checks }
}

/// How the certificate stands.
pub(crate) fn certificate_check(config: &Config, name: Option<&str>) -> Check {
    certificate::check(config, name).0
}

/// The nearest folder above that is there.
fn nearest(path: &Path) -> &Path {
    let mut above = path.ancestors().filter(|above| above.is_dir());
    above.next().unwrap_or(Path::new("."))
}

/// As it stands in an address.
fn bracketed(ip: IpAddr) -> String {
    if ip.is_ipv6() { format!("[{ip}]") } else { ip.to_string() }
}

#[cfg(test)]
mod tests;
