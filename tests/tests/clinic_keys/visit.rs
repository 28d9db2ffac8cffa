//! A patient's engine joins a real visit by a link and says what it finds of the clinician's app.

use std::time::{Duration, Instant, SystemTime};

use call::{
    Call, CallConfig, EndReason, Input, Intent, MediaConfig, Output, Party, Phase, Refusal, RequestKind,
    SignalingInput, SignalingRequest,
};
use rand::rngs::{StdRng, SysRng};
use rand::{SeedableRng, TryRng};
use signaling_client::{EventStream, SignalingClient, StreamEvent};
use signaling_protocol::{
    Base64, CreateInviteRequest, Envelope, Event, HostJoinRequest, InviteId, MessageId, SCHEME_SEALED, SendRequest,
    VersionRange, VisitId,
};
use tokio::time::timeout;
use trust::{
    Capabilities, DeviceIdentity, Epoch, InnerMessage, InviteSecret, Link, OwnBundle, PeerBundle, SealedChannel,
    UnixTime,
};
use units::{Clock, Phi, Timestamp};

use crate::app::App;
use crate::clinic::Clinic;

const PATIENCE: Duration = Duration::from_secs(20);

/// What the patient's app finds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It begins to speak with the clinician's app.
    Verified,
    /// It refuses it.
    Refused(Refusal),
}

/// A visit of the clinician who is signed in as `lee`, with a link of `link`'s clinic and epoch, hosted by `host`.
pub(crate) async fn patient_meets(clinic: &Clinic, lee: &App, link: &DeviceIdentity, host: &DeviceIdentity) -> Outcome {
    let (client, token) = (clinic.client(), &lee.reply.token);
    let visit = client.create_visit(token).await.unwrap().visit;
    let secret = InviteSecret::from_random(random());
    let request = CreateInviteRequest::new(secret.invite_key(), 600);
    let invite = client.create_invite(token, visit, &request).await.unwrap().invite;
    let own = OwnBundle::host(random(), visit, host, &Capabilities::app());
    let protocol = VersionRange { min: 1, max: 1 };
    let request = HostJoinRequest { protocol, bundle: Base64(own.bytes().to_vec()), take_over: true };
    let joined = client.join_host(token, visit, &request).await.unwrap();
    let link = Link {
        server: "clinic.example".parse().unwrap(),
        app_only: true,
        invite,
        secret: secret.clone(),
        clinic_key: link.clinic(),
        epoch: Some(link.epoch().0),
        pin: None,
    };
    let speaking = speaks(&client, (visit, &joined.endpoint_token), &own, (invite, &secret));
    let found = timeout(PATIENCE, async {
        tokio::select! {
            found = Patient::new(link).finds(&client) => found,
            never = speaking => never,
        }
    });
    found.await.expect("the patient's app speaks or refuses")
}

/// The clinician's app says something to whoever comes by the link, and its beginning gets lost: who can open it asks for that.
async fn speaks(
    client: &SignalingClient,
    (visit, token): (VisitId, &Phi<String>),
    own: &OwnBundle,
    (invite, secret): (InviteId, &InviteSecret),
) -> Outcome {
    let mut events = EventStream::open(client.clone(), visit, token.clone());
    loop {
        let guest = match events.recv().await.expect("an event") {
            StreamEvent::Event(Event::Joined { participant }) => participant,
            StreamEvent::Event(Event::Hello { participants, .. }) => match participants.into_iter().next() {
                Some(participant) => participant,
                None => continue,
            },
            _ => continue,
        };
        let bundle = PeerBundle::verify_guest(&guest.bundle.0, invite, &secret.invite_key()).unwrap();
        let mut channel = SealedChannel::new(visit, own, &bundle, &secret.psk(), None, random()).unwrap();
        let message = InnerMessage::EndOfCandidates { generation: 0 };
        channel.seal(&message).unwrap();
        let second = channel.seal(&message).unwrap();
        let envelope = Envelope {
            id: MessageId::from_random(random()),
            to: guest.endpoint,
            from: None,
            seq: second.seq,
            epoch: second.epoch,
            scheme: SCHEME_SEALED,
            ttl_ms: 10_000,
            sealed: Base64(second.bytes),
        };
        client.send(token, visit, &SendRequest { messages: vec![envelope] }).await.unwrap();
    }
}

struct Patient {
    call: Call,
    clock: Clock,
}

impl Patient {
    fn new(link: Link) -> Self {
        let clock = Clock::starting_at(Instant::now(), SystemTime::now());
        let party = Party::Guest { link, device: None, least_epoch: Epoch::default() };
        let media = MediaConfig { sends_voice: true, camera: None, receives_picture: true };
        let now = UnixTime(clock.unix_micros(Timestamp::ZERO) / 1_000_000);
        let rng = StdRng::try_from_rng(&mut SysRng).unwrap();
        Self { call: Call::new(CallConfig::new(party, media, now), Box::new(rng)), clock }
    }

    fn told(&mut self, input: SignalingInput) {
        let now = self.clock.timestamp(Instant::now());
        self.call.handle_input(now, Input::Signaling(input));
    }

    async fn finds(mut self, client: &SignalingClient) -> Outcome {
        let now = self.clock.timestamp(Instant::now());
        self.call.handle_input(now, Input::Intent(Intent::Join));
        let (mut joined, mut events) = (None, None);
        loop {
            while let Some(output) = self.call.poll_output() {
                let Output::Signaling(request) = output else { continue };
                match request {
                    SignalingRequest::Challenge(invite) => {
                        let reply = client.challenge(invite).await.unwrap();
                        self.told(SignalingInput::Challenge(reply.challenge));
                    }
                    SignalingRequest::JoinGuest { invite, request } => {
                        let reply = client.join_guest(invite, &request).await.unwrap();
                        joined = Some((reply.visit, reply.endpoint_token.clone()));
                        self.told(SignalingInput::Joined(reply));
                    }
                    SignalingRequest::GetIce => {
                        let (visit, token) = joined.as_ref().unwrap();
                        let reply = client.ice(token, *visit).await.unwrap();
                        self.told(SignalingInput::Ice(reply));
                    }
                    SignalingRequest::OpenEvents => {
                        let (visit, token) = joined.clone().unwrap();
                        events = Some(EventStream::open(client.clone(), visit, token));
                    }
                    // Sealed to the clinician's bundle, which has been verified; it opened what was sealed to it.
                    SignalingRequest::Send(_) => return Outcome::Verified,
                    SignalingRequest::Leave => self.told(SignalingInput::Done(RequestKind::Leave)),
                    other => panic!("a patient asks for {other:?}"),
                }
            }
            if let Phase::Ended(EndReason::Refused(refusal)) = self.call.snapshot().phase {
                return Outcome::Refused(refusal);
            }
            let wake = self.call.poll_timeout().and_then(|at| self.clock.instant(at));
            let sleep = async {
                match wake {
                    Some(wake) => tokio::time::sleep_until(wake.into()).await,
                    None => std::future::pending().await,
                }
            };
            let event = tokio::select! {
                event = events.as_mut().expect("a stream").recv() => event,
                () = sleep => {
                    self.call.handle_timeout(self.clock.timestamp(Instant::now()));
                    continue;
                }
            };
            match event.expect("an event") {
                StreamEvent::Event(event) => self.told(SignalingInput::Event(event)),
                StreamEvent::Up => self.told(SignalingInput::StreamUp),
                StreamEvent::Down => self.told(SignalingInput::StreamDown),
                StreamEvent::Refused(refusal) => panic!("{refusal:?}"),
            }
        }
    }
}

fn random<const N: usize>() -> [u8; N] {
    let mut bits = [0; N];
    SysRng.try_fill_bytes(&mut bits).unwrap();
    bits
}
