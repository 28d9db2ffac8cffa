//! The real server, a clinician's account for each visit, and the key of the clinic: what all worlds of a test share.

use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

use server::{Config, Running, serve};
use signaling_protocol::StaffRole;
use tempfile::TempDir;
use tokio::runtime::Runtime;
use units::Phi;

use crate::pki::{Authority, Identity};
use crate::proxy::Proxy;
use crate::script::Script;

/// The password of all accounts.
pub(crate) const PASSWORD: &str = "a password of nobody else";

/// Where in a visit's folder the secret of the second factor is.
pub(crate) const SECRET: &str = "totp";

/// A server that runs until it is dropped.
pub(crate) struct Clinic {
    pub(crate) server: Running,
    pub(crate) authority: Authority,
    /// The server's own: who stands before it as a hostile host has it too.
    pub(crate) identity: Identity,
    visits: AtomicU32,
    pub(crate) runtime: Runtime,
    // Last: the folder goes when nothing writes into it any more.
    folder: TempDir,
}

impl Clinic {
    pub(crate) fn open() -> Self {
        session::install_crypto_provider();
        let folder = tempfile::Builder::new().prefix("housecall-hostile-").tempdir().unwrap();
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let authority = Authority::new();
        let identity = authority.server();
        let mut config = Config::new(folder.path().join("server"), "127.0.0.1:0".parse().unwrap());
        config.certificate = Some(identity.write(folder.path()));
        config.limits.joins_per_minute = 1_000;
        let server = runtime.block_on(serve(config)).unwrap();
        Self { server, authority, identity, visits: AtomicU32::new(0), runtime, folder }
    }

    /// A proxy with the server's own certificate, and this script.
    pub(crate) fn proxy(&self, script: Script) -> Proxy {
        self.proxy_as(&self.identity, script)
    }

    /// A proxy with another certificate.
    pub(crate) fn proxy_as(&self, identity: &Identity, script: Script) -> Proxy {
        let (connector, acceptor) = (self.authority.connector(), identity.acceptor());
        self.runtime.block_on(Proxy::start(self.server.address, connector, acceptor, script))
    }

    /// A folder for another visit, with the secret of a clinician's second factor: digits are good once, so each visit has an
    /// account of its own, which is called like the folder.
    pub(crate) fn folder(&self) -> PathBuf {
        let (name, secret) = self.hire();
        let folder = self.folder.path().join(name);
        fs::create_dir(&folder).unwrap();
        fs::write(folder.join(SECRET), secret.expose()).unwrap();
        folder
    }

    /// Another clinician's account: its name, and the secret of its second factor.
    pub(crate) fn hire(&self) -> (String, Phi<String>) {
        let name = format!("visit-{}", self.visits.fetch_add(1, Ordering::Relaxed));
        let (data, password) = (self.folder.path().join("server"), Phi::new(PASSWORD.to_owned()));
        let secret = server::accounts::add_user(&data, &name, StaffRole::Clinician, &password).unwrap();
        (name, secret)
    }
}
