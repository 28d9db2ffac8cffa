//! Each change of phase, one sentence each, with the driver's part played by hand.

use rand::SeedableRng;
use rand::rngs::StdRng;
use signaling_protocol::{
    Admission, Base64, Challenge, EndpointId, Envelope, Event, IceReply, InviteId, JoinReply, Limits, MessageId,
    Participant, Role, VisitId, VisitState,
};
use std::time::Duration;
use trust::{
    BundleKeys, ConnectionParameters, DtlsFingerprint, Extensions, HostIdentity, IceCredentials, InnerMessage,
    InviteSecret, Link, PictureParameters, Setup, SrtpProfile, VoiceParameters,
};
use units::{PictureSize, Timestamp};

use super::Call;
use crate::{
    CallConfig, CameraFormat, ControlMessage, EndReason, Input, Intent, MediaConfig, Output, Party, PeerCommand,
    PeerInput, Phase, SignalingInput, SignalingRequest,
};

mod as_guest;
mod as_host;
mod in_the_call;

const VISIT: VisitId = VisitId::from_random([1; 16]);
const INVITE: InviteId = InviteId::from_random([2; 16]);
const ME: EndpointId = EndpointId::from_random([3; 16]);
const THEM: EndpointId = EndpointId::from_random([4; 16]);
const OTHER: EndpointId = EndpointId::from_random([5; 16]);
const THIRD: EndpointId = EndpointId::from_random([6; 16]);

fn identity() -> HostIdentity {
    HostIdentity::from_secret(&[7; 32])
}

fn secret() -> InviteSecret {
    InviteSecret::from_random([8; 32])
}

/// Parameters that differ by `tag` in certificate and sources, by `restart` in the credentials only.
fn parameters(tag: u8, restart: u8, setup: Setup) -> ConnectionParameters {
    let ssrc = u32::from(tag) * 16;
    ConnectionParameters {
        ice: IceCredentials::new(&format!("uf{tag:02}{restart:02}"), "apasswordofmorethan22chars").unwrap(),
        fingerprint: DtlsFingerprint([tag; 32]),
        setup,
        srtp: vec![SrtpProfile::AeadAes256Gcm],
        voice: VoiceParameters { payload_type: 111, red_payload_type: Some(63), ssrc: ssrc + 1 },
        picture: PictureParameters {
            payload_type: 102,
            ssrc: ssrc + 2,
            rtx_payload_type: 103,
            rtx_ssrc: ssrc + 3,
            profile_level_id: [0x42, 0xe0, 0x1f],
        },
        extensions: Extensions { mid: 1, transport_cc: 2 },
    }
}

fn offer(tag: u8, restart: u8) -> ConnectionParameters {
    parameters(tag, restart, Setup::ActPass)
}

fn answer(tag: u8, restart: u8) -> ConnectionParameters {
    parameters(tag, restart, Setup::Active)
}

/// One call, the time, and all that it has wanted since it was last asked.
struct Scene {
    call: Call,
    now: Timestamp,
    /// Counts what the other side has sent in boxes.
    sent: u32,
    epoch: u32,
}

impl Scene {
    fn new(party: Party) -> Self {
        let media = MediaConfig {
            sends_voice: true,
            camera: Some(CameraFormat { size: PictureSize::new(640, 360), fps: 30 }),
            receives_picture: true,
        };
        let call = Call::new(CallConfig::new(party, media), Box::new(StdRng::seed_from_u64(1)));
        Self { call, now: Timestamp::from_millis(1_000), sent: 0, epoch: 0 }
    }

    /// A host before it joins.
    fn host() -> Self {
        Self::new(Party::Host { identity: identity(), visit: VISIT, invites: vec![(INVITE, secret().invite_key())] })
    }

    /// A guest before it joins.
    fn guest() -> Self {
        let link = Link {
            server: "clinic.example".parse().unwrap(),
            app_only: false,
            invite: INVITE,
            secret: secret(),
            clinic_key: identity().fingerprint(),
            epoch: None,
            pin: None,
        };
        Self::new(Party::Guest { link })
    }

    /// A host in its waiting room, with these guests before the door.
    fn host_with(guests: &[EndpointId]) -> Self {
        let mut scene = Self::host();
        scene.intent(Intent::Join);
        scene.joined(Role::Host);
        scene.hello(Admission::Admitted, guests.iter().map(|guest| guest_at(*guest)).collect());
        scene
    }

    /// A guest in the waiting room, with its host there.
    fn guest_waiting() -> Self {
        let mut scene = Self::guest();
        scene.intent(Intent::Join);
        scene.signaling(SignalingInput::Challenge(Challenge([9; 48])));
        scene.joined(Role::Guest);
        scene.hello(Admission::Waiting, vec![host_at(THEM, &identity())]);
        scene
    }

    /// A host whose connection to `THEM` is warm.
    fn host_warm() -> Self {
        let mut scene = Self::host_with(&[THEM]);
        scene.peer(PeerInput::Offer(offer(1, 0)));
        scene.say(InnerMessage::Answer { generation: 0, parameters: answer(2, 0) });
        scene.connect(2);
        scene
    }

    /// A guest whose connection to `THEM` is warm.
    fn guest_warm() -> Self {
        let mut scene = Self::guest_waiting();
        scene.say(InnerMessage::Offer { generation: 0, parameters: offer(1, 0) });
        scene.peer(PeerInput::Answer(answer(2, 0)));
        scene.connect(1);
        scene
    }

    fn host_live() -> Self {
        let mut scene = Self::host_warm();
        scene.intent(Intent::Admit(THEM));
        scene.signaling(SignalingInput::Admitted(THEM));
        assert!(matches!(scene.phase(), Phase::Live { .. }), "{:?}", scene.phase());
        scene.outputs();
        scene
    }

    fn guest_live() -> Self {
        let mut scene = Self::guest_warm();
        scene.control(ControlMessage::Admitted);
        assert!(matches!(scene.phase(), Phase::Live { .. }), "{:?}", scene.phase());
        scene.outputs();
        scene
    }

    fn joined(&mut self, role: Role) {
        let reply = JoinReply {
            protocol: 1,
            visit: VISIT,
            endpoint: ME,
            endpoint_token: "token".to_owned().into(),
            role,
            limits: Limits::default(),
        };
        self.signaling(SignalingInput::Joined(reply));
        self.signaling(SignalingInput::Ice(IceReply { servers: Vec::new(), ttl_secs: 600 }));
        self.signaling(SignalingInput::StreamUp);
    }

    fn hello(&mut self, admission: Admission, participants: Vec<Participant>) {
        self.event(Event::Hello { endpoint: ME, admission, state: VisitState::Open, participants });
    }

    fn connect(&mut self, tag: u8) {
        self.peer(PeerInput::IceConnected);
        self.peer(PeerInput::DtlsConnected { remote_fingerprint: DtlsFingerprint([tag; 32]) });
        self.peer(PeerInput::ControlOpened);
    }

    fn input(&mut self, input: Input) {
        self.call.handle_input(self.now, input);
    }

    fn intent(&mut self, intent: Intent) {
        self.input(Input::Intent(intent));
    }

    fn signaling(&mut self, input: SignalingInput) {
        self.input(Input::Signaling(input));
    }

    fn event(&mut self, event: Event) {
        self.signaling(SignalingInput::Event(event));
    }

    fn peer(&mut self, input: PeerInput) {
        self.input(Input::Peer(THEM, input));
    }

    fn control(&mut self, message: ControlMessage) {
        self.peer(PeerInput::Control(message.to_bytes()));
    }

    /// `THEM` says this in a box.
    fn say(&mut self, message: InnerMessage) {
        let envelope = Envelope {
            id: MessageId::from_random([self.sent as u8; 16]),
            to: ME,
            from: Some(THEM),
            seq: self.sent,
            epoch: self.epoch,
            scheme: signaling_protocol::SCHEME_OPEN,
            ttl_ms: 1_000,
            sealed: Base64(message.to_bytes()),
        };
        self.sent += 1;
        self.event(Event::Message { envelope });
    }

    /// `THEM` begins a new epoch of boxes.
    fn begin_epoch(&mut self) {
        self.epoch += 1;
        self.sent = 0;
    }

    /// Lets time pass, waking the call whenever it wants.
    fn wait(&mut self, span: Duration) {
        let end = self.now + span;
        let mut woken = 0;
        while let Some(at) = self.call.poll_timeout().filter(|at| *at <= end) {
            self.now = self.now.max(at);
            self.call.handle_timeout(self.now);
            woken += 1;
            assert!(woken < 10_000, "a timer that does not advance: {at:?}");
        }
        self.now = end;
    }

    fn phase(&self) -> Phase {
        self.call.snapshot().phase
    }

    fn outputs(&mut self) -> Vec<Output> {
        std::iter::from_fn(|| self.call.poll_output()).collect()
    }

    fn commands(&mut self) -> Vec<(EndpointId, PeerCommand)> {
        self.outputs()
            .into_iter()
            .filter_map(|output| match output {
                Output::Peer(endpoint, command) => Some((endpoint, command)),
                _ => None,
            })
            .collect()
    }

    fn requests(&mut self) -> Vec<SignalingRequest> {
        requests(&self.outputs())
    }

    /// What was put into boxes.
    fn said(&mut self) -> Vec<InnerMessage> {
        let requests = self.requests();
        let envelopes = requests.into_iter().filter_map(|request| match request {
            SignalingRequest::Send(envelopes) => Some(envelopes),
            _ => None,
        });
        envelopes.flatten().map(|envelope| InnerMessage::from_bytes(envelope.sealed.as_ref()).unwrap()).collect()
    }
}

fn requests(outputs: &[Output]) -> Vec<SignalingRequest> {
    outputs
        .iter()
        .filter_map(|output| match output {
            Output::Signaling(request) => Some(request.clone()),
            _ => None,
        })
        .collect()
}

fn opens_media(commands: &[(EndpointId, PeerCommand)]) -> bool {
    commands.iter().any(|(_, command)| matches!(command, PeerCommand::OpenMedia))
}

fn opened(commands: &[(EndpointId, PeerCommand)]) -> Vec<EndpointId> {
    commands
        .iter()
        .filter(|(_, command)| matches!(command, PeerCommand::Open { .. }))
        .map(|(endpoint, _)| *endpoint)
        .collect()
}

fn control_messages(commands: &[(EndpointId, PeerCommand)]) -> Vec<ControlMessage> {
    commands
        .iter()
        .filter_map(|(_, command)| match command {
            PeerCommand::SendControl(bytes) => ControlMessage::from_bytes(bytes).ok(),
            _ => None,
        })
        .collect()
}

fn guest_at(endpoint: EndpointId) -> Participant {
    let keys = BundleKeys::from_random([endpoint.as_bytes()[0]; 64]);
    Participant {
        endpoint,
        role: Role::Guest,
        admission: Admission::Waiting,
        bundle: Base64(keys.guest_bundle(INVITE, &secret())),
    }
}

fn host_at(endpoint: EndpointId, identity: &HostIdentity) -> Participant {
    let keys = BundleKeys::from_random([endpoint.as_bytes()[0]; 64]);
    Participant {
        endpoint,
        role: Role::Host,
        admission: Admission::Admitted,
        bundle: Base64(keys.host_bundle(VISIT, identity)),
    }
}

fn ended(scene: &Scene) -> Option<EndReason> {
    match scene.phase() {
        Phase::Ended(reason) => Some(reason),
        _ => None,
    }
}

const fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

const fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}
