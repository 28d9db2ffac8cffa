//! An app that lies: it has all the keys it needs, joins as anybody does, and says over real connections what none of ours
//! would. As a patient it holds the link, as a clinician a device of the clinic.

use std::net::SocketAddr;
use std::time::{Duration, Instant, SystemTime};

use call::ControlMessage;
use ed25519_dalek::SigningKey;
use peer::{BulkOut, Certificate, Peer, PeerConfig, PeerEvent, PeerStreams};
use serde_json::Value;
use session::Link;
use signaling_client::{EventStream, Server, ServerTrust, SignalingClient, StreamEvent};
use signaling_protocol::{
    Base64, CreateInviteRequest, EndpointId, Envelope, Event, HostJoinRequest, JoinReply, JoinRequest, Participant,
    Role, SendRequest, SignInRequest, VersionRange,
};
use testkit::authenticator::Authenticator;
use tokio::sync::mpsc;
use trust::{
    Candidate, Capabilities, DeviceRole, Epoch, Expected, InnerMessage, InviteSecret, Opened, OwnBundle, PeerBundle,
    SealedChannel, TlsPin,
};
use units::{Clock, Phi};

use crate::clinic::{Clinic, PASSWORD};
use crate::fixtures::{CLINIC, NAME, Papers, SALT, clinic_key, days, secret_bytes};
use crate::hand::{Facts, Hand, envelope};
use crate::proxy::Proxy;

/// What it does otherwise than an honest app.
pub(crate) struct Conduct {
    /// What it says that it can do.
    pub(crate) capabilities: Capabilities,
    /// Offer or answer, before it is sealed: what is said instead, in so many boxes.
    pub(crate) describe: Box<dyn FnMut(Value) -> Vec<Said> + Send>,
    /// Where it says that it can be reached.
    pub(crate) candidate: Box<dyn FnMut(Candidate) -> Option<Candidate> + Send>,
    /// Whether it tries to reach the other.
    pub(crate) reaches_out: bool,
    /// What first boxes say of it, if not what they should.
    pub(crate) facts: Option<Facts>,
    /// What it says over the control channel when it is let in.
    pub(crate) words: Vec<ControlMessage>,
    /// What it hands over then.
    pub(crate) hands: Option<Hands>,
    /// With whom it is one: what is said to it about digits is said to the other's victim.
    pub(crate) accomplice: Option<Accomplice>,
}

/// What no honest app would hand over: words for the control channel byte by byte, and pieces of files, over and over, whoever
/// wants them.
pub(crate) struct Hands {
    pub(crate) words: Vec<Vec<u8>>,
    pub(crate) pieces: Vec<Vec<u8>>,
}

impl Hands {
    async fn over(self, peer: Peer) {
        peer.set_media_open(true);
        peer.set_bulk_active(true);
        let speaks = async {
            for word in self.words {
                // As soon as there is room for it: until then its own connection refuses.
                while peer.send_control(word.clone()).await.is_err() {
                    tokio::time::sleep(MOMENT).await;
                }
            }
        };
        let sends = async {
            for _ in 0..MOST_ROUNDS {
                for piece in &self.pieces {
                    let mut piece = BulkOut { tag: 0, payload: piece.clone().into() };
                    while let Err(unsent) = peer.send_bulk(piece) {
                        piece = unsent;
                        tokio::time::sleep(MOMENT).await;
                    }
                }
                tokio::time::sleep(MOMENT).await;
            }
        };
        let ((), ()) = tokio::join!(speaks, sends);
    }
}

/// Of all pieces: longer than any test.
const MOST_ROUNDS: u32 = 100_000;
/// Between two pieces for which there is no room.
const MOMENT: Duration = Duration::from_millis(5);

/// Two liars who stand between two honest people.
pub(crate) struct Accomplice {
    tells: mpsc::UnboundedSender<ControlMessage>,
    hears: mpsc::UnboundedReceiver<ControlMessage>,
}

impl Accomplice {
    pub(crate) fn two() -> [Self; 2] {
        let ((one, for_two), (two, for_one)) = (mpsc::unbounded_channel(), mpsc::unbounded_channel());
        [Self { tells: one, hears: for_one }, Self { tells: two, hears: for_two }]
    }
}

/// Something to be sealed.
pub(crate) enum Said {
    Message(Value),
    /// Anything else: kind and content.
    Content(u8, Vec<u8>),
    /// From now on in another epoch.
    BeginEpoch,
}

impl Default for Conduct {
    fn default() -> Self {
        Self {
            capabilities: Capabilities::app(),
            describe: Box::new(|message| vec![Said::Message(message)]),
            candidate: Box::new(Some),
            reaches_out: true,
            facts: None,
            words: Vec::new(),
            hands: None,
            accomplice: None,
        }
    }
}

impl Conduct {
    /// Changes the parameters of its offer or answer.
    pub(crate) fn parameters(mut change: impl FnMut(&mut Value) + Send + 'static) -> Self {
        let describe = move |mut message: Value| {
            change(&mut message["parameters"]);
            vec![Said::Message(message)]
        };
        Self { describe: Box::new(describe), ..Self::default() }
    }
}

struct Crook {
    conduct: Conduct,
    client: SignalingClient,
    joined: JoinReply,
    own: OwnBundle,
    random: [u8; 64],
    link: Link,
    clock: Clock,
    met: Option<Met>,
    said: Option<InnerMessage>,
    peer: Option<Peer>,
    /// One for all its connections, as an honest app has it.
    certificate: Certificate,
    generation: u32,
    events: mpsc::Sender<PeerEvent>,
}

/// Whom it speaks with.
struct Met {
    other: EndpointId,
    channel: SealedChannel,
    hand: Hand,
}

/// Joins by this link and answers whoever offers. To be spawned.
pub(crate) async fn patient(
    clinic: &Clinic,
    proxy: &Proxy,
    link: Link,
    conduct: Conduct,
) -> impl Future<Output = ()> + use<> {
    let client = client(clinic, proxy);
    let random = [51; 64];
    let own = OwnBundle::guest(random, link.invite, &link.secret, &conduct.capabilities);
    let challenge = client.challenge(link.invite).await.unwrap().challenge;
    let request = JoinRequest {
        protocol: VersionRange::CURRENT,
        challenge,
        signature: link.secret.sign_join(link.invite, &challenge, own.bytes()),
        bundle: Base64(own.bytes().to_vec()),
    };
    let joined = client.join_guest(link.invite, &request).await.unwrap();
    run(conduct, client, joined, own, random, link)
}

/// Makes a visit and its link, and offers to whoever joins. To be spawned.
pub(crate) async fn clinician(
    clinic: &Clinic,
    proxy: &Proxy,
    conduct: Conduct,
) -> (Link, impl Future<Output = ()> + use<>) {
    let client = client(clinic, proxy);
    let (name, secret) = clinic.hire();
    let (name, password) = (Phi::new(name), Phi::new(PASSWORD.to_owned()));
    let totp = Some(Phi::new(Authenticator::new(secret.expose()).digits()));
    let staff = client.sign_in(&SignInRequest::new(name, password, totp)).await.unwrap().token;
    let visit = client.create_visit(&staff).await.unwrap().visit;
    let secret = InviteSecret::from_random([52; 32]);
    let request = CreateInviteRequest::new(secret.invite_key(), 3_600);
    let invite = client.create_invite(&staff, visit, &request).await.unwrap().invite;
    let link = Link {
        server: proxy.url().trim_start_matches("https://").parse().unwrap(),
        app_only: true,
        invite,
        secret,
        clinic_key: clinic_key(&CLINIC),
        epoch: Some(Epoch::new(1, 0).0),
        pin: Some(TlsPin(clinic.identity.pin())),
    };
    let random = [53; 64];
    let own = OwnBundle::host(random, visit, &Papers::default().device(), &conduct.capabilities);
    let bundle = Base64(own.bytes().to_vec());
    let request = HostJoinRequest { protocol: VersionRange::CURRENT, bundle, take_over: true };
    let joined = client.join_host(&staff, visit, &request).await.unwrap();
    (link.clone(), run(conduct, client, joined, own, random, link))
}

fn client(clinic: &Clinic, proxy: &Proxy) -> SignalingClient {
    let trust = ServerTrust::Pinned(clinic.identity.pin());
    SignalingClient::new(Server { base_url: proxy.url(), trust }).unwrap()
}

async fn run(
    conduct: Conduct,
    client: SignalingClient,
    joined: JoinReply,
    own: OwnBundle,
    random: [u8; 64],
    link: Link,
) {
    let (events, mut from_peer) = mpsc::channel(64);
    let mut stream = EventStream::open(client.clone(), joined.visit, joined.endpoint_token.clone());
    let clock = Clock::starting_at(Instant::now(), SystemTime::now());
    let (met, said, peer) = (None, None, None);
    let (certificate, generation) = (Certificate::generate().unwrap(), 0);
    let mut crook =
        Crook { conduct, client, joined, own, random, link, clock, met, said, peer, certificate, generation, events };
    loop {
        tokio::select! {
            told = stream.recv() => match told {
                Some(StreamEvent::Event(event)) => crook.on_event(event).await,
                Some(_) => {}
                None => return,
            },
            Some(event) = from_peer.recv() => crook.on_peer(event).await,
            word = crook.hears() => crook.speak(&[word]).await,
        }
    }
}

impl Crook {
    /// What the accomplice was told.
    async fn hears(&mut self) -> ControlMessage {
        match &mut self.conduct.accomplice {
            Some(accomplice) => match accomplice.hears.recv().await {
                Some(word) => word,
                None => std::future::pending().await,
            },
            None => std::future::pending().await,
        }
    }

    async fn on_event(&mut self, event: Event) {
        match event {
            Event::Hello { participants, .. } => {
                for participant in participants {
                    self.meet(participant).await;
                }
            }
            Event::Joined { participant } => self.meet(participant).await,
            Event::Message { envelope } => self.on_envelope(&envelope).await,
            _ => {}
        }
    }

    async fn meet(&mut self, participant: Participant) {
        if self.met.is_some() || participant.role == self.joined.role {
            return;
        }
        let (visit, bytes) = (self.joined.visit, &participant.bundle.0);
        let peer = match self.joined.role {
            Role::Host => PeerBundle::verify_guest(bytes, self.link.invite, &self.link.secret.invite_key()),
            Role::Guest => {
                let (clinic, now) = (self.link.clinic_key, days(0, 1).from);
                let role = Some(DeviceRole::Clinician);
                PeerBundle::verify_host(bytes, visit, &Expected { clinic, least_epoch: Epoch::default(), role, now })
            }
        };
        let peer = peer.unwrap();
        // For opening alone; what is sealed is sealed by hand.
        let full = match self.joined.role {
            Role::Guest => {
                OwnBundle::guest(self.random, self.link.invite, &self.link.secret, &self.conduct.capabilities)
            }
            Role::Host => self.own.clone(),
        };
        let Ok(channel) = SealedChannel::new(visit, &full, &peer, &self.link.secret.psk(), None, [54; 32]) else {
            return;
        };
        let (own, theirs) = (self.own.bytes().to_vec(), participant.bundle.0);
        let is_host = self.joined.role == Role::Host;
        let honest: Facts = match self.joined.role {
            Role::Host => Box::new(|_, _| certified_name(NAME)),
            Role::Guest => Box::new(|_, _| vec![0]),
        };
        let hand = Hand {
            visit,
            invite: self.link.invite,
            secret: secret_bytes(&self.link),
            role: self.joined.role,
            bundles: if is_host { [own, theirs] } else { [theirs, own] },
            signing: SigningKey::from_bytes(self.random.first_chunk().unwrap()),
            facts: self.conduct.facts.take().unwrap_or(honest),
            epoch: 0,
            next: 0,
            context: None,
        };
        self.met = Some(Met { other: participant.endpoint, channel, hand });
        if is_host {
            let peer = self.open().await;
            let parameters = peer.create_offer(false).await.unwrap();
            self.describe(InnerMessage::Offer { generation: 0, parameters }).await;
            let (token, visit) = (self.joined.endpoint_token.clone(), self.joined.visit);
            self.client.admit(&token, visit, participant.endpoint).await.unwrap();
        }
    }

    async fn open(&mut self) -> Peer {
        let certificate = Some(self.certificate.clone());
        let config = PeerConfig { include_loopback: true, certificate, ..PeerConfig::default() };
        let (peer, PeerStreams { mut events, mut voice, mut picture, .. }) =
            Peer::open(config, self.clock).await.unwrap();
        let out = self.events.clone();
        tokio::spawn(async move {
            loop {
                tokio::select! {
                    event = events.recv() => match event {
                        Some(event) => if out.send(event).await.is_err() { return },
                        None => return,
                    },
                    Some(_) = voice.recv() => {}
                    Some(_) = picture.recv() => {}
                }
            }
        });
        self.peer.insert(peer).clone()
    }

    async fn on_envelope(&mut self, envelope: &Envelope) {
        let Some(met) = &mut self.met else { return };
        let Ok(Opened::Message { message, .. }) = met.channel.open(&envelope.sealed.0) else { return };
        match message {
            InnerMessage::Offer { generation, parameters } => {
                if self.said.is_some() && generation == self.generation {
                    return;
                }
                self.generation = generation;
                if let Some(before) = self.peer.take() {
                    before.close().await;
                }
                let peer = self.open().await;
                let Ok(parameters) = peer.accept_offer(parameters).await else { return };
                self.describe(InnerMessage::Answer { generation, parameters }).await;
            }
            InnerMessage::Answer { parameters, .. } => {
                if let Some(peer) = &self.peer {
                    let _ = peer.accept_answer(parameters).await;
                }
            }
            InnerMessage::Candidates { candidates, .. } if self.conduct.reaches_out => {
                if let Some(peer) = &self.peer {
                    let _ = peer.add_candidates(candidates).await;
                }
            }
            _ => {}
        }
    }

    async fn describe(&mut self, message: InnerMessage) {
        let honest = serde_json::from_slice(&message.to_bytes()).unwrap();
        self.said = Some(message);
        for said in (self.conduct.describe)(honest) {
            let Some(met) = &mut self.met else { return };
            let sealed = match said {
                Said::Message(value) => met.hand.say(&value),
                Said::Content(kind, content) => met.hand.seal(kind, &content),
                Said::BeginEpoch => {
                    met.hand.begin_epoch();
                    continue;
                }
            };
            self.post(sealed).await;
        }
    }

    async fn post(&mut self, sealed: Vec<u8>) {
        let Some(met) = &self.met else { return };
        let request = SendRequest { messages: vec![envelope(met.other, sealed)] };
        let (token, visit) = (&self.joined.endpoint_token, self.joined.visit);
        // Whoever refused us is gone.
        let _ = self.client.send(token, visit, &request).await;
    }

    async fn on_peer(&mut self, event: PeerEvent) {
        match event {
            PeerEvent::Candidate(candidate) => {
                let Some(candidate) = (self.conduct.candidate)(candidate) else { return };
                let message = InnerMessage::Candidates { generation: self.generation, candidates: vec![candidate] };
                if let Some(met) = &mut self.met {
                    let sealed = met.hand.seal(1, &message.to_bytes());
                    self.post(sealed).await;
                }
            }
            PeerEvent::ControlOpened if self.joined.role == Role::Host => self.speak(&[ControlMessage::Admitted]).await,
            PeerEvent::Control(bytes) => match (ControlMessage::from_bytes(&bytes), &self.conduct.accomplice) {
                (Ok(ControlMessage::Admitted), _) => {
                    let words = std::mem::take(&mut self.conduct.words);
                    self.speak(&words).await;
                    if let Some((hands, peer)) = self.conduct.hands.take().zip(self.peer.clone()) {
                        tokio::spawn(hands.over(peer));
                    }
                }
                (Ok(check @ ControlMessage::Check { .. }), Some(accomplice)) => {
                    let _ = accomplice.tells.send(check);
                }
                _ => {}
            },
            _ => {}
        }
    }

    async fn speak(&mut self, words: &[ControlMessage]) {
        let Some(peer) = &self.peer else { return };
        for word in words {
            let _ = peer.send_control(word.to_bytes()).await;
        }
    }
}

/// What a host's first box says: its name and the salt with which it is certified.
pub(crate) fn certified_name(name: &str) -> Vec<u8> {
    [&[u8::try_from(name.len()).unwrap()], name.as_bytes(), &SALT].concat()
}

/// Where a candidate is.
pub(crate) fn at(candidate: &Candidate) -> SocketAddr {
    SocketAddr::new(candidate.address, candidate.port)
}
