//! A server with a visit, and who checks the way to it.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use server::accounts::add_user;
use server::{Config, RelayChoice, Running, serve};
use session::doctor::{Clinic as Whom, DoctorConfig, DoctorEvent, Findings};
use session::{Account, CameraChoice, MicrophoneChoice, PatternKind, ProxyChoice, SpeakerChoice, ToneKind};
use signaling_client::{EventStream, Server, ServerTrust, SignalingClient, StreamEvent};
use signaling_protocol::{
    Base64, CreateInviteRequest, Event, HostJoinRequest, Role, SignInRequest, StaffRole, VersionRange, VisitId,
};
use tempfile::TempDir;
use testkit::authenticator::Authenticator;
use trust::{InviteSecret, KeyFingerprint, Link, TlsPin};
use units::Phi;

const PASSWORD: &str = "correct horse battery";

pub(crate) struct Clinic {
    running: Running,
    visit: VisitId,
    staff: Phi<String>,
    totp_secret: Phi<String>,
    config: Config,
    // Last: the folder goes when nothing writes into it any more.
    _data: TempDir,
}

impl Clinic {
    pub(crate) async fn opens() -> Self {
        Self::with(|_| {}).await
    }

    pub(crate) async fn without_a_relay() -> Self {
        Self::with(|config| config.relay = RelayChoice::None).await
    }

    /// One whose telephone number is told to who has a link.
    pub(crate) async fn with_phone(phone: &str) -> Self {
        Self::with(|config| config.phone = Some(phone.to_owned())).await
    }

    async fn with(change: impl FnOnce(&mut Config)) -> Self {
        let data = tempfile::tempdir().unwrap();
        let totp_secret = add_user(data.path(), "lee", StaffRole::Clinician, &password()).unwrap();
        let mut config = Config::new(data.path().to_owned(), "127.0.0.1:0".parse().unwrap());
        change(&mut config);
        let running = serve(config.clone()).await.unwrap();
        config.listen = running.address;
        let client = client(&running);
        // The earliest that are good: the doctor takes those of the moment.
        let totp = Some(Phi::new(Authenticator::new(totp_secret.expose()).digits()));
        let request = SignInRequest::new(Phi::new("lee".to_owned()), password(), totp);
        let staff = client.sign_in(&request).await.unwrap().token;
        let visit = client.create_visit(&staff).await.unwrap().visit;
        Self { running, visit, staff, totp_secret, config, _data: data }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.running.address
    }

    /// What it was started with, and the port that it took.
    pub(crate) fn config(&self) -> Config {
        self.config.clone()
    }

    pub(crate) fn by_address(&self, port: u16) -> Whom {
        let pin = Some(self.running.pin_text().parse().unwrap());
        Whom::Server { address: format!("https://127.0.0.1:{port}"), pin }
    }

    pub(crate) fn by_account(&self) -> Whom {
        Whom::Account(Account {
            server: self.running.base_url.clone(),
            pin: Some(self.running.pin_text().parse().unwrap()),
            user: Phi::new("lee".to_owned()),
            password: password(),
            totp_secret: Some(self.totp_secret.clone()),
            known_file: None,
        })
    }

    /// A link to the visit.
    pub(crate) async fn link(&self) -> Link {
        self.link_by(self.address().port()).await
    }

    /// A link to the visit, by another port.
    pub(crate) async fn link_by(&self, port: u16) -> Link {
        let secret = InviteSecret::from_random([7; 32]);
        let request = CreateInviteRequest::new(secret.invite_key(), 600);
        let invite = client(&self.running).create_invite(&self.staff, self.visit, &request).await.unwrap().invite;
        Link {
            server: format!("127.0.0.1:{port}").parse().unwrap(),
            app_only: true,
            invite,
            secret,
            clinic_key: KeyFingerprint([9; 32]),
            epoch: None,
            pin: Some(TlsPin(self.running.pin)),
        }
    }

    /// How many the host sees when it comes into the visit.
    pub(crate) async fn guests(&self) -> usize {
        let client = client(&self.running);
        let request =
            HostJoinRequest { protocol: VersionRange::CURRENT, bundle: Base64(b"host".to_vec()), take_over: true };
        let joined = client.join_host(&self.staff, self.visit, &request).await.unwrap();
        let mut events = EventStream::open(client, self.visit, joined.endpoint_token);
        loop {
            if let StreamEvent::Event(Event::Hello { participants, .. }) = events.recv().await.unwrap() {
                return participants.iter().filter(|one| one.role == Role::Guest).count();
            }
        }
    }

    pub(crate) async fn end_the_visit(&self) {
        let client = client(&self.running);
        let request =
            HostJoinRequest { protocol: VersionRange::CURRENT, bundle: Base64(b"end".to_vec()), take_over: true };
        let joined = client.join_host(&self.staff, self.visit, &request).await.unwrap();
        client.end(&joined.endpoint_token, self.visit).await.unwrap();
    }
}

/// Checks with devices made of software; what is told on the way is what is found in the end.
pub(crate) async fn examine(clinic: Whom) -> Findings {
    let config = DoctorConfig {
        clinic,
        camera: CameraChoice::Pattern(PatternKind::Patient),
        microphone: MicrophoneChoice::Tone(ToneKind::Patient),
        speaker: SpeakerChoice::None,
        proxies: ProxyChoice::System,
    };
    let told = Arc::new(Mutex::new(Vec::new()));
    let tell = told.clone();
    let found = session::doctor::examine(config, Arc::new(move |event| tell.lock().unwrap().push(event.clone())));
    let found = found.await.unwrap();
    let told = told.lock().unwrap();
    let trials = told.iter().filter(|event| matches!(event, DoctorEvent::Trial(_))).count();
    let devices = told.iter().filter(|event| matches!(event, DoctorEvent::Device(_))).count();
    assert_eq!((trials, devices), (found.trials.len(), 3));
    found
}

fn client(running: &Running) -> SignalingClient {
    let trust = ServerTrust::Pinned(running.pin);
    SignalingClient::new(Server { base_url: running.base_url.clone(), trust }).unwrap()
}

fn password() -> Phi<String> {
    Phi::new(PASSWORD.to_owned())
}
