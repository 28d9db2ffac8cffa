//! Each change of phase, one sentence each, with the driver's part played by hand.

use rand::SeedableRng;
use rand::rngs::StdRng;
use signaling_protocol::{
    Admission, Base64, Challenge, EndpointId, Envelope, Event, GuestRole, IceReply, InviteId, JoinReply, Limits,
    MessageId, Participant, Role, VisitId, VisitState,
};
use std::collections::BTreeMap;
use std::time::Duration;
use trust::{
    Capabilities, ConnectionParameters, DeviceIdentity, DtlsFingerprint, Epoch, Expected, Extensions, IceCredentials,
    InnerMessage, InviteSecret, Link, Opened, OwnBundle, PeerBundle, PictureParameters, SealedChannel, Setup,
    SrtpProfile, UnixTime, VoiceParameters,
};
use units::{PictureSize, Timestamp};

use super::Call;
use crate::{
    CallConfig, CameraFormat, ControlMessage, EndReason, HostInvite, Input, Intent, MediaConfig, Output, Party,
    PeerCommand, PeerInput, Phase, SignalingInput, SignalingRequest,
};

mod as_guest;
mod as_host;
mod assurance;
mod in_the_call;
mod meeting;
mod network;
mod wishes;

const VISIT: VisitId = VisitId::from_random([1; 16]);
const INVITE: InviteId = InviteId::from_random([2; 16]);
const ME: EndpointId = EndpointId::from_random([3; 16]);
const THEM: EndpointId = EndpointId::from_random([4; 16]);
const OTHER: EndpointId = EndpointId::from_random([5; 16]);
const THIRD: EndpointId = EndpointId::from_random([6; 16]);

/// The time of day at the origin of the calls' clock.
const DAY: UnixTime = UnixTime(1_800_000_000);

fn identity() -> DeviceIdentity {
    identity_of(7)
}

fn identity_of(secret: u8) -> DeviceIdentity {
    clinic::clinic_of_one(&[secret; 32], "Dr Grace Hopper", DAY).unwrap()
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
    /// The other ends of the sealed channels.
    channels: BTreeMap<EndpointId, SealedChannel>,
    /// What they read.
    heard: BTreeMap<MessageId, InnerMessage>,
    /// Counts envelopes and epochs.
    sent: u8,
}

impl Scene {
    fn new(party: Party) -> Self {
        let media = MediaConfig {
            sends_voice: true,
            camera: Some(CameraFormat { size: PictureSize::new(640, 360), fps: 30 }),
            receives_picture: true,
        };
        let call = Call::new(CallConfig::new(party, media, DAY), Box::new(StdRng::seed_from_u64(1)));
        Self { call, now: Timestamp::from_millis(1_000), channels: BTreeMap::new(), heard: BTreeMap::new(), sent: 0 }
    }

    /// A host before it joins.
    fn host() -> Self {
        Self::new(Party::Host { device: identity(), visit: VISIT, invites: vec![invite()] })
    }

    /// A guest before it joins.
    fn guest() -> Self {
        let link = Link {
            server: "clinic.example".parse().unwrap(),
            app_only: false,
            invite: INVITE,
            secret: secret(),
            clinic_key: identity().clinic(),
            epoch: None,
            pin: None,
        };
        Self::new(Party::Guest { link, device: None, least_epoch: Epoch::default() })
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
            relay_only: false,
        };
        self.signaling(SignalingInput::Joined(reply));
        self.signaling(SignalingInput::Ice(IceReply { servers: Vec::new(), ttl_secs: 600, relay_only: false }));
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

    /// The other end of the channel to this one.
    fn channel(&mut self, endpoint: EndpointId) -> &mut SealedChannel {
        let call = &self.call;
        self.channels.entry(endpoint).or_insert_with(|| Self::other_end(call, endpoint))
    }

    fn other_end(call: &Call, endpoint: EndpointId) -> SealedChannel {
        let own = &call.own;
        {
            let psk = secret().psk();
            let (theirs, ours) = if call.role() == Role::Host {
                let expected =
                    Expected { clinic: identity().clinic(), least_epoch: Epoch::default(), role: None, now: DAY };
                (guest_keys(endpoint), PeerBundle::verify_host(own.bytes(), VISIT, &expected).unwrap())
            } else {
                let ours = PeerBundle::verify_guest(own.bytes(), INVITE, &secret().invite_key()).unwrap();
                (host_keys(endpoint, &identity()), ours)
            };
            SealedChannel::new(VISIT, &theirs, &ours, &psk, None, [endpoint.as_bytes()[0]; 32]).unwrap()
        }
    }

    /// `THEM`, whose app is not ours, names another certificate in its first epoch. (Ours would not seal that: another
    /// channel is brought to the same number.)
    fn say_with_another_certificate(&mut self, message: InnerMessage) {
        let dummy = InnerMessage::OfferRequest;
        let number = self.channel(THEM).seal(&dummy).unwrap().seq;
        let mut forger = Self::other_end(&self.call, THEM);
        for _ in 0..number {
            forger.seal(&dummy).unwrap();
        }
        let sealed = forger.seal(&message).unwrap();
        let envelope = crate::channel::envelope(MessageId::from_random([99; 16]), ME, sealed);
        self.event(Event::Message { envelope: Envelope { from: Some(THEM), ..envelope } });
    }

    /// `THEM` says this in a box.
    fn say(&mut self, message: InnerMessage) {
        self.say_as(THEM, message);
    }

    fn say_as(&mut self, endpoint: EndpointId, message: InnerMessage) {
        let envelope = self.boxed(endpoint, &message);
        self.event(Event::Message { envelope });
    }

    /// The envelope in which this one would say it.
    fn boxed(&mut self, endpoint: EndpointId, message: &InnerMessage) -> Envelope {
        self.sent += 1;
        let id = MessageId::from_random([self.sent; 16]);
        let sealed = self.channel(endpoint).seal(message).unwrap();
        Envelope { to: ME, from: Some(endpoint), ..crate::channel::envelope(id, ME, sealed) }
    }

    /// `THEM` begins a new epoch of boxes.
    fn begin_epoch(&mut self) {
        self.sent += 1;
        let random = [self.sent; 32];
        self.channel(THEM).begin_epoch(random);
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

    /// All that it wants; whoever a box is for opens it.
    fn outputs(&mut self) -> Vec<Output> {
        let outputs: Vec<_> = std::iter::from_fn(|| self.call.poll_output()).collect();
        for output in &outputs {
            let Output::Signaling(SignalingRequest::Send(envelopes)) = output else { continue };
            for envelope in envelopes {
                assert_eq!(envelope.scheme, signaling_protocol::SCHEME_SEALED);
                match self.channel(envelope.to).open(envelope.sealed.as_ref()) {
                    Ok(Opened::Message { message, .. }) => drop(self.heard.insert(envelope.id, message)),
                    Ok(_) => {}
                    Err(error) => panic!("a box of ours that does not open: {error}"),
                }
            }
        }
        outputs
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
        envelopes.flatten().filter_map(|envelope| self.read(&envelope)).collect()
    }

    /// What its receiver reads in an envelope of ours, if it is a message.
    fn read(&self, envelope: &Envelope) -> Option<InnerMessage> {
        self.heard.get(&envelope.id).cloned()
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

fn invite() -> HostInvite {
    HostInvite {
        invite: INVITE,
        secret: secret(),
        visit: VISIT,
        not_after: DAY.plus(4 * 3_600),
        patient: None,
        code: None,
        role: GuestRole::Patient,
    }
}

fn guest_keys(endpoint: EndpointId) -> OwnBundle {
    OwnBundle::guest([endpoint.as_bytes()[0]; 64], INVITE, &secret(), &Capabilities::app())
}

fn host_keys(endpoint: EndpointId, identity: &DeviceIdentity) -> OwnBundle {
    OwnBundle::host([endpoint.as_bytes()[0]; 64], VISIT, identity, &Capabilities::app())
}

fn guest_at(endpoint: EndpointId) -> Participant {
    let bundle = Base64(guest_keys(endpoint).bytes().to_vec());
    Participant { endpoint, role: Role::Guest, admission: Admission::Waiting, bundle }
}

fn host_at(endpoint: EndpointId, identity: &DeviceIdentity) -> Participant {
    let bundle = Base64(host_keys(endpoint, identity).bytes().to_vec());
    Participant { endpoint, role: Role::Host, admission: Admission::Admitted, bundle }
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
