//! A server with its accounts, in this process.

use std::collections::HashMap;

use server::accounts::add_user;
use server::{Config, Running, serve};
use signaling_client::{Server, ServerTrust, SignalingClient};
use signaling_protocol::{SignInReply, SignInRequest, StaffRole};
use tempfile::TempDir;
use testkit::authenticator::Authenticator;
use trust::ServerAddress;
use units::Phi;

const PASSWORD: &str = "correct horse battery";

pub(crate) struct Clinic {
    running: Running,
    /// What is in people's authenticator apps.
    apps: HashMap<&'static str, Authenticator>,
    // Last: the folder goes when nothing writes into it any more.
    _data: TempDir,
}

impl Clinic {
    /// With an admin `ada` and a clinician `lee`.
    pub(crate) async fn opens() -> Self {
        Self::with(&[("ada", StaffRole::Admin), ("lee", StaffRole::Clinician)]).await
    }

    /// With these people.
    pub(crate) async fn with(people: &[(&'static str, StaffRole)]) -> Self {
        let data = tempfile::tempdir().unwrap();
        let apps = people.iter().map(|(name, role)| {
            let secret = add_user(data.path(), name, *role, &password()).unwrap();
            (*name, Authenticator::new(secret.expose()))
        });
        let apps = apps.collect();
        let config = Config::new(data.path().to_owned(), "127.0.0.1:0".parse().unwrap());
        Self { running: serve(config).await.unwrap(), apps, _data: data }
    }

    pub(crate) fn client(&self) -> SignalingClient {
        let trust = ServerTrust::Pinned(self.running.pin);
        SignalingClient::new(Server { base_url: self.running.base_url.clone(), trust }).unwrap()
    }

    pub(crate) async fn sign_in(&self, name: &str) -> SignInReply {
        self.sign_in_by(&self.client(), name).await
    }

    /// The same by this client, which keeps the session going.
    pub(crate) async fn sign_in_by(&self, client: &SignalingClient, name: &str) -> SignInReply {
        let request = SignInRequest::new(Phi::new(name.to_owned()), password(), Some(self.digits(name)));
        client.sign_in(&request).await.unwrap()
    }

    /// Digits that were not used yet.
    pub(crate) fn digits(&self, name: &str) -> Phi<String> {
        Phi::new(self.apps[name].digits())
    }

    /// The server's certificate, as people read it.
    pub(crate) fn pin(&self) -> String {
        self.running.pin_text()
    }

    /// Where the server is.
    pub(crate) fn address(&self) -> ServerAddress {
        ServerAddress::from_base_url(&self.running.base_url).unwrap()
    }
}

pub(crate) fn password() -> Phi<String> {
    Phi::new(PASSWORD.to_owned())
}
