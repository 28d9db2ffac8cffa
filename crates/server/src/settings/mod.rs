//! The operator's settings, from three places that know the same words: the command line, above the environment
//! (`HOUSECALL_SERVER_…`), above one TOML file. `packaging/server.toml` is the example that says what each is for.
//!
//! **Invariant:** a word that is no setting is refused, wherever it stands: a setting that was misspelled would be one that is
//! not in force.

mod relay;
mod weak;

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use serde::Deserialize;
use units::Phi;

use crate::front::TrustedProxies;
use crate::retention::{Retention, days, years};
use crate::serve::{Config, ServeError};
use crate::storage_key::{KeySource, Place};
use crate::tls::CertificateFiles;

pub use relay::RelaySettings;
pub use weak::check;

/// All settings. What is absent is as it is by default.
#[derive(Debug, Clone, Default, PartialEq, Args, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Settings {
    /// Where everything is kept; made if it is not there.
    #[arg(long, value_name = "DIR", env = "HOUSECALL_SERVER_DATA")]
    pub data: Option<PathBuf>,
    /// The file with the key of what is sealed there; made if it is not there. Without it, one in the data directory.
    #[arg(long, value_name = "F", env = "HOUSECALL_SERVER_STORAGE_KEY_FILE")]
    pub storage_key_file: Option<PathBuf>,
    /// Address and port, for HTTPS and TURN by TCP and for STUN and TURN by UDP.
    #[arg(long, value_name = "ADDR:PORT", env = "HOUSECALL_SERVER_LISTEN")]
    pub listen: Option<SocketAddr>,
    /// The host in the links, if it is a name or none of this machine's addresses: what `check` and `doctor` look by.
    #[arg(long, value_name = "HOST", env = "HOUSECALL_SERVER_NAME")]
    pub name: Option<String>,
    /// The clinic's telephone number: apps name it to people whose visit does not come about.
    #[arg(long, value_name = "NUMBER", env = "HOUSECALL_SERVER_PHONE")]
    pub phone: Option<String>,
    /// The certificate.
    #[command(flatten)]
    pub tls: TlsSettings,
    /// The relay.
    #[command(flatten)]
    pub relay: RelaySettings,
    /// What stands in front of the server.
    #[command(flatten)]
    pub proxy: ProxySettings,
    /// Numbers and health.
    #[command(flatten)]
    pub metrics: MetricsSettings,
    /// The log.
    #[command(flatten)]
    pub log: LogSettings,
    /// How long is kept what may be forgotten.
    #[command(flatten)]
    pub retention: RetentionSettings,
}

/// The operator's own certificate.
#[derive(Debug, Clone, Default, PartialEq, Args, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct TlsSettings {
    /// A certificate chain in PEM; without it, a self-signed one is made and links carry its pin.
    #[arg(long = "tls-cert", value_name = "F", requires = "tls_key", env = "HOUSECALL_SERVER_TLS_CERT")]
    pub certificate: Option<PathBuf>,
    /// The certificate's private key in PEM.
    #[arg(
        id = "tls_key",
        long = "tls-key",
        value_name = "F",
        requires = "certificate",
        env = "HOUSECALL_SERVER_TLS_KEY"
    )]
    pub key: Option<PathBuf>,
}

/// What stands in front of the server.
#[derive(Debug, Clone, Default, PartialEq, Args, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
#[command(next_help_heading = "Reverse proxy")]
pub struct ProxySettings {
    /// The addresses of reverse proxies, whose word is taken for where somebody comes from (X-Forwarded-For, PROXY protocol 2),
    /// and who may come without TLS; may be given several times.
    #[arg(long = "trusted-proxy", value_name = "ADDR", value_delimiter = ',', env = "HOUSECALL_SERVER_TRUSTED_PROXY")]
    pub trusted: Vec<std::net::IpAddr>,
}

/// Numbers and health, on an address of their own.
#[derive(Debug, Clone, Default, PartialEq, Args, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
#[command(next_help_heading = "Numbers and health")]
pub struct MetricsSettings {
    /// Where numbers (/metrics) and health (/live, /ready) are told, by plain HTTP; nowhere without it.
    #[arg(
        id = "metrics_listen",
        long = "metrics-listen",
        value_name = "ADDR:PORT",
        env = "HOUSECALL_SERVER_METRICS_LISTEN"
    )]
    pub listen: Option<SocketAddr>,
}

/// The log, on standard error.
#[derive(Debug, Clone, Default, PartialEq, Args, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
#[command(next_help_heading = "Log")]
pub struct LogSettings {
    /// As lines for people, or one JSON object a line.
    #[arg(id = "log_format", long = "log-format", value_enum, env = "HOUSECALL_SERVER_LOG_FORMAT")]
    pub format: Option<LogFormat>,
}

/// How long is kept what may be forgotten.
#[derive(Debug, Clone, Default, PartialEq, Args, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
#[command(next_help_heading = "Retention")]
pub struct RetentionSettings {
    /// How many years a row of the audit log is kept; 6 without it.
    #[arg(long = "keep-log-years", value_name = "N", env = "HOUSECALL_SERVER_KEEP_LOG_YEARS")]
    pub log_years: Option<u8>,
    /// How many days after its end a visit is forgotten, with the sealed boxes that name the patient; 30 without it.
    #[arg(long = "keep-names-days", value_name = "N", env = "HOUSECALL_SERVER_KEEP_NAMES_DAYS")]
    pub names_days: Option<u16>,
}

impl RetentionSettings {
    fn retention(&self) -> Retention {
        let usual = Retention::default();
        Retention {
            log: self.log_years.map_or(usual.log, |count| years(u64::from(count))),
            names: self.names_days.map_or(usual.names, |count| days(u64::from(count))),
        }
    }
}

/// How the log is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// For programs: one JSON object a line.
    Json,
}

/// The settings cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// The file cannot be read.
    #[error("the settings {} cannot be read: {source}; see that the file is there and may be read", path.display())]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file says something that is no setting.
    #[error("the settings {}{line}: {reason}; packaging/server.toml says what there is", path.display())]
    Malformed {
        /// Which file.
        path: PathBuf,
        /// Where in it, as ", line 3".
        line: String,
        /// What.
        reason: String,
    },
    /// A variable that begins as ours do is none of them.
    #[error("the environment's {0} is no setting; `housecall-server serve --help` says what there is")]
    Variable(String),
    /// Something that must be said was not.
    #[error(
        "{what} is not set; give it by --{flag}, by HOUSECALL_SERVER_{variable} or as `{flag}` in the settings' file"
    )]
    Absent {
        /// In words.
        what: &'static str,
        /// As a flag and in the file.
        flag: &'static str,
        /// In the environment.
        variable: &'static str,
    },
    /// They do not go together, or cannot be used.
    #[error("{0}")]
    Useless(String),
    /// The server would not start with them.
    #[error(transparent)]
    Serve(#[from] ServeError),
}

impl Settings {
    /// What a file says.
    ///
    /// # Errors
    /// When it cannot be read, or says something that is no setting.
    pub fn read(path: &Path) -> Result<Self, SettingsError> {
        let unreadable = |source| SettingsError::Unreadable { path: path.to_owned(), source };
        let text = fs::read_to_string(path).map_err(unreadable)?;
        toml::from_str(&text).map_err(|error| {
            // Not the error's own picture of the line: only its place and what is wrong there.
            let before = error.span().map(|span| &text[..span.start.min(text.len())]);
            let line = before.map_or(String::new(), |before| format!(", line {}", before.matches('\n').count() + 1));
            SettingsError::Malformed { path: path.to_owned(), line, reason: error.message().to_owned() }
        })
    }

    /// These, and where they say nothing, those.
    pub fn over(self, below: Self) -> Self {
        Self {
            data: self.data.or(below.data),
            storage_key_file: self.storage_key_file.or(below.storage_key_file),
            listen: self.listen.or(below.listen),
            name: self.name.or(below.name),
            phone: self.phone.or(below.phone),
            tls: if self.tls.certificate.is_some() { self.tls } else { below.tls },
            relay: self.relay.over(below.relay),
            proxy: if self.proxy.trusted.is_empty() { below.proxy } else { self.proxy },
            metrics: MetricsSettings { listen: self.metrics.listen.or(below.metrics.listen) },
            log: LogSettings { format: self.log.format.or(below.log.format) },
            retention: RetentionSettings {
                log_years: self.retention.log_years.or(below.retention.log_years),
                names_days: self.retention.names_days.or(below.retention.names_days),
            },
        }
    }

    /// The data directory and its key. `variable` reads the environment: a key that was given there, or as a credential of
    /// systemd's, goes before a file that nobody named.
    ///
    /// # Errors
    /// When no data directory is named, or a credential cannot be read.
    pub fn place(&self, variable: impl Fn(&str) -> Option<String>) -> Result<Place, SettingsError> {
        let absent = SettingsError::Absent { what: "the data directory", flag: "data", variable: "DATA" };
        let directory = self.data.clone().ok_or(absent)?;
        let key = match (&self.storage_key_file, variable(KEY_VARIABLE), variable("CREDENTIALS_DIRECTORY")) {
            (Some(path), ..) => KeySource::File(path.clone()),
            (None, Some(key), _) => KeySource::Given(Phi::new(key)),
            (None, None, Some(credentials)) if Path::new(&credentials).join(CREDENTIAL).exists() => {
                let path = Path::new(&credentials).join(CREDENTIAL);
                let unreadable = |source| SettingsError::Unreadable { path: path.clone(), source };
                KeySource::Given(Phi::new(fs::read_to_string(&path).map_err(unreadable)?))
            }
            _ => KeySource::Beside,
        };
        Ok(Place { directory, key })
    }

    /// What the server is started with.
    ///
    /// # Errors
    /// When something is absent that must be there, or does not go together.
    pub fn config(&self, place: Place) -> Result<Config, SettingsError> {
        let absent = SettingsError::Absent { what: "the address to serve at", flag: "listen", variable: "LISTEN" };
        let listen = self.listen.ok_or(absent)?;
        let certificate = match (&self.tls.certificate, &self.tls.key) {
            (Some(certificate), Some(key)) => {
                Some(CertificateFiles { certificate: certificate.clone(), key: key.clone() })
            }
            (None, None) => None,
            _ => return Err(SettingsError::Useless("a certificate and its key are given together, or neither".into())),
        };
        let config = Config {
            certificate,
            key: place.key,
            relay: self.relay.choice()?,
            relay_only: self.relay.relay_only,
            phone: self.phone.clone(),
            metrics: self.metrics.listen,
            proxies: TrustedProxies::new(self.proxy.trusted.iter().copied()),
            retention: self.retention.retention(),
            ..Config::new(place.directory, listen)
        };
        config.check()?;
        Ok(config)
    }
}

/// The storage key itself.
const KEY_VARIABLE: &str = "HOUSECALL_SERVER_STORAGE_KEY";

/// The storage key among systemd's credentials (`LoadCredential=`, systemd.exec(5)).
const CREDENTIAL: &str = "housecall-storage-key";

/// Where the file is named.
pub const FILE_VARIABLE: &str = "HOUSECALL_SERVER_CONFIG";

/// Refuses a variable that begins as ours do and is none. `known` are those of the command line.
///
/// # Errors
/// Names the first of them.
pub fn refuse_unknown(
    variables: impl IntoIterator<Item = String>,
    known: impl Fn(&str) -> bool,
) -> Result<(), SettingsError> {
    let mut ours = variables.into_iter().filter(|name| name.starts_with("HOUSECALL_SERVER_"));
    let unknown = ours.find(|name| name != KEY_VARIABLE && name != FILE_VARIABLE && !known(name));
    unknown.map_or(Ok(()), |name| Err(SettingsError::Variable(name)))
}

#[cfg(test)]
mod tests;
