//! Starting the server, in the program or in a test, and ending it.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rand::rngs::{StdRng, SysRng};
use rand::{SeedableRng, TryRng};
use signaling_protocol::{IceUrl, Limits, is_phone_number};
use tokio::net::{TcpListener, UdpSocket};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tracing::{info, warn};
use units::{Clock, Timestamp};

use crate::accounts::{Accounts, AddUserError, NOTICE_OTHERS_EVERY, WRITE_FAILURES_EVERY};
use crate::audit_log::AuditLog;
use crate::connections::{self, ConnectionCaps, is_taken, reachable, relayed_sockets};
use crate::data_lock::{DataLock, LockError};
use crate::driver::Driver;
use crate::front::TrustedProxies;
use crate::http::{self, IceSource, Shared};
use crate::metrics::{self, Metrics};
use crate::rate::Buckets;
use crate::relaying::{RELAY_URLS, RelayChoice, RelayOptions, Relaying};
use crate::retention::Retention;
use crate::staff::Staff;
use crate::storage_key::{KeySource, Place};
use crate::store::{OpenError, QueuedStore, SqliteStore, StoreError, make_private};
use crate::stun;
use crate::tls::{self, CertificateFiles, TlsError};
use crate::visits::{self, Timing, Visits};

/// How often another port is tried when the system's choice for TCP is taken for UDP.
const PORT_TRIES: usize = 16;

/// What a server is started with.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where everything is kept.
    pub data: PathBuf,
    /// Where the key is that seals what would let somebody in.
    pub key: KeySource,
    /// TCP for HTTPS and TURN, UDP for STUN and TURN. Port 0: any that is free for both.
    pub listen: SocketAddr,
    /// The operator's certificate; without one, a self-signed one.
    pub certificate: Option<CertificateFiles>,
    /// What is taken at most.
    pub limits: Limits,
    /// How many pages of 4 KiB the database may still grow by; without end if none.
    pub database_room: Option<u32>,
    /// How many connections are kept; as many as the machine allows if none.
    pub connections: Option<ConnectionCaps>,
    /// Which relay there is.
    pub relay: RelayChoice,
    /// Whether apps are to use the relay alone, so that nobody learns the other's address.
    pub relay_only: bool,
    /// The clinic's telephone number, for people whose visit does not come about.
    pub phone: Option<String>,
    /// Where numbers and health are told, by plain HTTP.
    pub metrics: Option<SocketAddr>,
    /// The reverse proxies whose word is taken for where somebody comes from.
    pub proxies: TrustedProxies,
    /// How long is kept what may be forgotten.
    pub retention: Retention,
}

impl Config {
    /// With the defaults of the product.
    pub fn new(data: PathBuf, listen: SocketAddr) -> Self {
        Self {
            data,
            key: KeySource::default(),
            listen,
            certificate: None,
            limits: Limits::default(),
            database_room: None,
            connections: None,
            relay: RelayChoice::Own(RelayOptions::default()),
            relay_only: false,
            phone: None,
            metrics: None,
            proxies: TrustedProxies::default(),
            retention: Retention::default(),
        }
    }

    /// What can never do is known before anything is opened.
    ///
    /// # Errors
    /// A public relay, an address of a relay that no app can read, no relay where nothing else is allowed, a telephone number that is none.
    pub fn check(&self) -> Result<(), ServeError> {
        let urls = if let RelayChoice::Coturn(coturn) = &self.relay { coturn.urls.as_slice() } else { &[] };
        for text in urls {
            match IceUrl::parse(text) {
                Some(url) if url.is_public() => return Err(ServeError::PublicRelay(text.clone())),
                Some(url) if url.is_relay() => {}
                _ => return Err(ServeError::NoRelayUrl(text.clone())),
            }
        }
        if self.relay_only && matches!(self.relay, RelayChoice::None) {
            return Err(ServeError::NoRelayAlone);
        }
        match &self.phone {
            Some(phone) if !is_phone_number(phone) => Err(ServeError::Phone(phone.clone())),
            _ => Ok(()),
        }
    }
}

/// The server cannot start.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The relay is one that serves everybody.
    #[error(
        "{0} serves everybody, and whoever runs it would learn who speaks with this clinic and when; name a coturn of your \
         own, or leave --coturn out: this server relays by itself"
    )]
    PublicRelay(String),
    /// No app could read where the relay is.
    #[error("{0} is no address of a relay that apps can read; write it as {RELAY_URLS}")]
    NoRelayUrl(String),
    /// There is no relay, and nothing else is allowed.
    #[error("with --relay-only and without a relay there would be no visit; leave one of them out")]
    NoRelayAlone,
    /// The telephone number is none.
    #[error("{0:?} is no telephone number; write digits, as in --phone \"+1 555 0100\"")]
    Phone(String),
    /// Somebody listens there already.
    #[error("port {} is in use on {} by another program; stop it or choose another port with --listen", .0.port(), .0.ip())]
    PortInUse(SocketAddr),
    /// Nobody can listen there.
    #[error("the server cannot listen on {address}: {source}; choose an address of this machine with --listen")]
    Listen {
        /// Where.
        address: SocketAddr,
        /// Why.
        source: io::Error,
    },
    /// The certificate will not do.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The data directory is another server's.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// The database will not open.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The accounts will not open.
    #[error(transparent)]
    Accounts(#[from] AddUserError),
    /// The rows cannot be read.
    #[error("the stored visits cannot be used: {0}")]
    Store(#[from] StoreError),
    /// The system gives no randomness.
    #[error("the operating system gives no random numbers: {0}")]
    Random(String),
}

/// A server that serves, until it is shut down or dropped.
pub struct Running {
    /// Where it listens.
    pub address: SocketAddr,
    /// Where clients on this machine reach it.
    pub base_url: String,
    /// SHA-256 of its certificate's DER: what `--pin` and links take.
    pub pin: [u8; 32],
    /// Where numbers and health are told, if anywhere.
    pub metrics: Option<SocketAddr>,
    certificate: CertificateReload,
    driver: Arc<Driver>,
    accounts: Arc<Accounts>,
    connections: JoinHandle<()>,
    relaying: Option<Arc<Relaying>>,
    helpers: Vec<JoinHandle<()>>,
    _lock: DataLock,
}

impl Running {
    /// The pin as text, as in the `ready` line.
    pub fn pin_text(&self) -> String {
        format!("sha256:{}", URL_SAFE_NO_PAD.encode(self.pin))
    }

    /// Reads the certificate anew: who connects from now on is shown it, connections that are there stay.
    ///
    /// # Errors
    /// When it cannot be used; then the one before it is shown still.
    pub fn reload_certificate(&self) -> Result<(), TlsError> {
        self.certificate.reload()
    }

    /// Says `bye` to every stream, lets requests that run finish, and closes.
    pub async fn shutdown(mut self) {
        self.driver.close();
        // It ends by itself within seconds; a panic in it has been reported where it happened.
        (&mut self.connections).await.ok();
        // Waited for, so that the port is free for the next server when this returns.
        for helper in &mut self.helpers {
            helper.abort();
            helper.await.ok();
        }
        if let Some(relaying) = &self.relaying {
            relaying.close();
        }
        self.accounts.write_failures().await;
        if !self.driver.flush().await {
            warn!("the disk fails: who has hung up last may seem to be there still after the next start");
        }
        info!("stopped");
    }
}

impl fmt::Debug for Running {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Running({})", self.base_url)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.driver.close();
        for task in self.helpers.iter().chain([&self.connections]) {
            task.abort();
        }
        if let Some(relaying) = &self.relaying {
            relaying.close();
        }
    }
}

/// Where the certificate comes from, and who is told of another.
struct CertificateReload {
    files: Option<CertificateFiles>,
    data: PathBuf,
    listen: SocketAddr,
    tls: watch::Sender<Arc<rustls::ServerConfig>>,
}

impl CertificateReload {
    fn reload(&self) -> Result<(), TlsError> {
        let identity = tls::identity(&self.data, self.files.as_ref(), self.listen.ip())?;
        self.tls.send_replace(identity.config);
        info!("the certificate was read anew");
        Ok(())
    }
}

/// Starts a server. It is ready when this returns.
///
/// # Errors
/// When it cannot start: each with one clear sentence.
pub async fn serve(config: Config) -> Result<Running, ServeError> {
    config.check()?;
    let clock = Clock::starting_at(Instant::now(), SystemTime::now());
    make_private(&config.data).map_err(|source| OpenError::Directory { path: config.data.clone(), source })?;
    let lock = DataLock::take(&config.data)?;
    let place = Place { directory: config.data.clone(), key: config.key.clone() };
    let mut store = SqliteStore::open(&place)?;
    let accounts = Accounts::open(&place, clock.unix_micros(Timestamp::ZERO))?;
    let staff = Staff::open(&place, clock.unix_micros(Timestamp::ZERO), config.database_room)?;
    let audit = Arc::new(AuditLog::open(&place)?);
    let identity = tls::identity(&config.data, config.certificate.as_ref(), config.listen.ip())?;
    let (tcp, udp) = listen(config.listen).await?;
    let address = tcp.local_addr().map_err(|source| ServeError::Listen { address: config.listen, source })?;
    let unwritten = |source| OpenError::Database { path: config.data.clone(), source };
    audit.note_settings(&config).map_err(unwritten)?;
    let rng = StdRng::try_from_rng(&mut SysRng).map_err(|error| ServeError::Random(error.to_string()))?;
    let visits_config = visits::Config {
        limits: config.limits,
        timing: Timing { forget_after: config.retention.names, ..Timing::default() },
        origin_unix_micros: clock.unix_micros(Timestamp::ZERO),
    };
    let now = clock.timestamp(Instant::now());
    if let Some(pages) = config.database_room {
        store.set_room(pages)?;
    }
    let store = QueuedStore::start(Box::new(store))?;
    let mut visits = Visits::open(now, visits_config, store, Box::new(rng))?;
    if let Some(notice) = staff.clinic().notice {
        visits.set_notice(notice);
    }
    let driver = Arc::new(Driver::new(clock, visits));
    if !driver.flush().await {
        return Err(ServeError::Store(StoreError::passing("the disk is full or fails".to_owned())));
    }
    let mut helpers = vec![
        tokio::spawn(Arc::clone(&driver).keep_time()),
        tokio::spawn(keep_log(Arc::clone(&audit), Arc::clone(&driver), config.retention.log)),
    ];
    let (ice, relaying) = match config.relay {
        RelayChoice::Own(mut options) => {
            options.quotas.in_all = options.quotas.in_all.min(relayed_sockets() / 2);
            let relaying = Relaying::new(Arc::clone(&driver), udp, &options, random()?, random()?);
            let relaying = relaying.map(Arc::new).map_err(|source| ServeError::Listen { address, source })?;
            helpers.push(tokio::spawn(Arc::clone(&relaying).serve_udp()));
            helpers.push(tokio::spawn(Arc::clone(&relaying).keep_time()));
            (IceSource::Own(Arc::clone(&relaying)), Some(relaying))
        }
        choice => {
            helpers.push(tokio::spawn(stun::answer(udp)));
            (
                if let RelayChoice::Coturn(coturn) = choice { IceSource::Coturn(coturn) } else { IceSource::StunAlone },
                None,
            )
        }
    };
    let accounts = Arc::new(accounts);
    helpers.push(tokio::spawn(notice_others(Arc::clone(&accounts), Arc::clone(&driver))));
    helpers.push(tokio::spawn(write_failures(Arc::clone(&accounts))));
    let joins = f64::from(config.limits.joins_per_minute);
    let metrics = Arc::new(Metrics::new());
    let mut metrics_address = None;
    if let Some(address) = config.metrics {
        let failed = |source: io::Error| match is_taken(&source) {
            true => ServeError::PortInUse(address),
            false => ServeError::Listen { address, source },
        };
        let listener = TcpListener::bind(address).await.map_err(failed)?;
        metrics_address = listener.local_addr().ok();
        helpers.push(tokio::spawn(metrics::serve(
            listener,
            Arc::clone(&metrics),
            Arc::clone(&driver),
            relaying.clone(),
        )));
    }
    let shared = Shared {
        driver: Arc::clone(&driver),
        metrics: Arc::clone(&metrics),
        accounts: Arc::clone(&accounts),
        staff: Arc::new(staff),
        audit,
        limits: config.limits,
        unproven_joins: Mutex::new(Buckets::new(joins, joins / 60.0)),
        measurements: Mutex::new(http::measurement_buckets()),
        ice,
        relay_only: config.relay_only,
        phone: config.phone,
    };
    let router = http::router(Arc::new(shared));
    let caps = config.connections.unwrap_or_else(ConnectionCaps::of_this_machine);
    let (tls, seen) = watch::channel(identity.config);
    let certificate = CertificateReload { files: config.certificate, data: config.data, listen: config.listen, tls };
    let front = (seen, config.proxies);
    let serving = connections::serve(tcp, front, router, (Arc::clone(&driver), metrics), relaying.clone(), caps);
    let connections = tokio::spawn(serving);
    let base_url = format!("https://{}", reachable(address));
    info!(%address, "serving");
    Ok(Running {
        address,
        base_url,
        pin: identity.pin,
        metrics: metrics_address,
        certificate,
        driver,
        accounts,
        connections,
        relaying,
        helpers,
        _lock: lock,
    })
}

/// Puts out of their visits whom another process has signed out.
async fn notice_others(accounts: Arc<Accounts>, driver: Arc<Driver>) {
    loop {
        tokio::time::sleep(NOTICE_OTHERS_EVERY).await;
        let these = Arc::clone(&accounts);
        let put_out = tokio::task::spawn_blocking(move || these.notice_others()).await.unwrap_or_default();
        for staff in put_out {
            driver.with(|visits, now| visits.put_out_staff(now, staff));
        }
    }
}

/// Writes down which tries to sign in failed.
async fn write_failures(accounts: Arc<Accounts>) {
    loop {
        tokio::time::sleep(WRITE_FAILURES_EVERY).await;
        accounts.write_failures().await;
    }
}

/// How often it is looked for what need not be kept any longer.
const KEEP_LOG_EVERY: Duration = Duration::from_secs(3600);

/// Erases what is older than it must be kept, for as long as the server runs.
async fn keep_log(audit: Arc<AuditLog>, driver: Arc<Driver>, kept: Duration) {
    loop {
        let (this, now) = (Arc::clone(&audit), driver.unix_micros());
        let erased = tokio::task::spawn_blocking(move || this.erase_old(now, kept)).await;
        match erased {
            // A part of them; the others have waited meanwhile.
            Ok(Ok(rows)) if rows > 0 => tokio::time::sleep(Duration::from_millis(100)).await,
            _ => tokio::time::sleep(KEEP_LOG_EVERY).await,
        }
    }
}

/// Random bytes of the system's.
fn random<const N: usize>() -> Result<[u8; N], ServeError> {
    let mut bytes = [0; N];
    SysRng.try_fill_bytes(&mut bytes).map_err(|error| ServeError::Random(error.to_string()))?;
    Ok(bytes)
}

/// TCP and UDP on the same port.
async fn listen(address: SocketAddr) -> Result<(TcpListener, UdpSocket), ServeError> {
    let failed = |source: io::Error| match is_taken(&source) {
        true => ServeError::PortInUse(address),
        false => ServeError::Listen { address, source },
    };
    let mut tries = if address.port() == 0 { PORT_TRIES } else { 1 };
    loop {
        let tcp = TcpListener::bind(address).await.map_err(failed)?;
        let both = tcp.local_addr().map_err(failed)?;
        match UdpSocket::bind(both).await {
            Ok(udp) => return Ok((tcp, udp)),
            Err(error) => {
                tries -= 1;
                if tries == 0 || !is_taken(&error) {
                    return Err(failed(error));
                }
            }
        }
    }
}
