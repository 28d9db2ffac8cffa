//! A server with its accounts, in this process.

use std::collections::HashMap;

use server::accounts::add_user;
use server::{Config, Running, serve};
use signaling_client::{Server, ServerTrust, SignalingClient};
use signaling_protocol::{SignInReply, SignInRequest, StaffRole};
use tempfile::TempDir;
use testkit::authenticator::Authenticator;
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
        let data = tempfile::tempdir().unwrap();
        let apps = [("ada", StaffRole::Admin), ("lee", StaffRole::Clinician)].map(|(name, role)| {
            let secret = add_user(data.path(), name, role, &password()).unwrap();
            (name, Authenticator::new(secret.expose()))
        });
        let config = Config::new(data.path().to_owned(), "127.0.0.1:0".parse().unwrap());
        Self { running: serve(config).await.unwrap(), apps: apps.into(), _data: data }
    }

    pub(crate) fn client(&self) -> SignalingClient {
        let trust = ServerTrust::Pinned(self.running.pin);
        SignalingClient::new(Server { base_url: self.running.base_url.clone(), trust }).unwrap()
    }

    pub(crate) async fn sign_in(&self, name: &str) -> SignInReply {
        let totp = Some(Phi::new(self.apps[name].digits()));
        let request = SignInRequest::new(Phi::new(name.to_owned()), password(), totp);
        self.client().sign_in(&request).await.unwrap()
    }
}

fn password() -> Phi<String> {
    Phi::new(PASSWORD.to_owned())
}
