//! A patient's engine joins a real visit by a link and says what it finds of the clinician's app.

use std::time::{Duration, Instant, SystemTime};

use call::{
    Call, CallConfig, EndReason, Input, Intent, MediaConfig, Output, Party, Phase, Refusal, RequestKind,
    SignalingInput, SignalingRequest,
};
use rand::rngs::{StdRng, SysRng};
use rand::{SeedableRng, TryRng};
use signaling_client::{EventStream, SignalingClient, StreamEvent};
use signaling_protocol::{Base64, CreateInviteRequest, HostJoinRequest, VersionRange};
use tokio::time::timeout;
use trust::{Capabilities, DeviceIdentity, Epoch, InviteSecret, Link, OwnBundle, UnixTime};
use units::{Clock, Timestamp};

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
    let request = CreateInviteRequest { invite_key: secret.invite_key(), expires_in_secs: 600 };
    let invite = client.create_invite(token, visit, &request).await.unwrap().invite;
    let bundle = OwnBundle::host(random(), visit, host, &Capabilities::app());
    let protocol = VersionRange { min: 1, max: 1 };
    let request = HostJoinRequest { protocol, bundle: Base64(bundle.bytes().to_vec()), take_over: true };
    client.join_host(token, visit, &request).await.unwrap();
    let link = Link {
        server: "clinic.example".parse().unwrap(),
        app_only: true,
        invite,
        secret,
        clinic_key: link.clinic(),
        epoch: Some(link.epoch().0),
        pin: None,
    };
    let found = timeout(PATIENCE, Patient::new(link).finds(&client)).await;
    found.expect("the patient's app neither spoke nor refused")
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
                    // Sealed to the clinician's bundle: it has been verified.
                    SignalingRequest::Send(_) => return Outcome::Verified,
                    SignalingRequest::Leave => self.told(SignalingInput::Done(RequestKind::Leave)),
                    other => panic!("a patient asks for {other:?}"),
                }
            }
            if let Phase::Ended(EndReason::Refused(refusal)) = self.call.snapshot().phase {
                return Outcome::Refused(refusal);
            }
            let event = events.as_mut().expect("a stream").recv().await;
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
