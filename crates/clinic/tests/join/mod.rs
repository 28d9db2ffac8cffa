//! Two apps that join a visit: for the test of what that adds to the wire, and for the bench of what it costs.

#![allow(dead_code, clippy::unwrap_used)]

use clinic::clinic_of_one;
use signaling_protocol::{InviteId, VisitId};
use trust::{
    Candidate, CandidateKind, Capabilities, ConnectionParameters, DeviceIdentity, DtlsFingerprint, Expected,
    Extensions, IceCredentials, InnerMessage, InviteSecret, OwnBundle, PatientDevice, PeerBundle, PictureParameters,
    SealedChannel, Setup, SrtpProfile, Transport, UnixTime, VoiceParameters,
};

const NOW: UnixTime = UnixTime(1_800_000_000);
const VISIT: VisitId = VisitId::from_random([1; 16]);
const INVITE: InviteId = InviteId::from_random([2; 16]);

/// What the two hold before they join.
pub(crate) struct People {
    device: DeviceIdentity,
    secret: InviteSecret,
    patient: PatientDevice,
}

impl People {
    /// A clinic of one, whose list of revoked devices is empty, and a patient who lets their device be known.
    pub(crate) fn new() -> Self {
        let device = clinic_of_one(&[7; 32], "Dr Grace Hopper", NOW).unwrap();
        let patient = PatientDevice::for_clinic(&[5; 32], &device.clinic());
        Self { device, secret: InviteSecret::from_random([4; 32]), patient }
    }

    pub(crate) fn host(&self) -> OwnBundle {
        OwnBundle::host([21; 64], VISIT, &self.device, &Capabilities::app())
    }

    pub(crate) fn guest(&self) -> OwnBundle {
        OwnBundle::guest([22; 64], INVITE, &self.secret, &Capabilities::app())
    }

    fn see_host(&self, own: &OwnBundle) -> PeerBundle {
        let least_epoch = self.device.epoch();
        let expected = Expected { clinic: self.device.clinic(), least_epoch, role: None, now: NOW };
        PeerBundle::verify_host(own.bytes(), VISIT, &expected).unwrap()
    }

    fn see_guest(&self, own: &OwnBundle) -> PeerBundle {
        PeerBundle::verify_guest(own.bytes(), INVITE, &self.secret.invite_key()).unwrap()
    }

    /// What the clinician's app does before its first box. (The patient's bundle is made for it here as well, which the
    /// figure contains: it is too much by that.)
    pub(crate) fn host_meets(&self) -> (OwnBundle, PeerBundle) {
        (self.host(), self.see_guest(&self.guest()))
    }

    /// What the patient's app does before its first box; the clinician's bundle is made for it, as above.
    pub(crate) fn guest_meets(&self) -> (OwnBundle, PeerBundle) {
        (self.guest(), self.see_host(&self.host()))
    }
}

/// Two who have met, and what each says first.
pub(crate) struct Joined {
    own: [OwnBundle; 2],
    seen: [PeerBundle; 2],
    patient: PatientDevice,
    secret: InviteSecret,
    boxes: [Vec<Vec<u8>>; 2],
}

impl Joined {
    pub(crate) fn new(people: &People) -> Self {
        let own = [people.host(), people.guest()];
        let seen = [people.see_host(&own[0]), people.see_guest(&own[1])];
        let (patient, secret) = (people.patient.clone(), people.secret.clone());
        let mut joined = Self { own, seen, patient, secret, boxes: [Vec::new(), Vec::new()] };
        joined.boxes = [seal(&mut joined.host(), &said_by_host()), seal(&mut joined.guest(), &said_by_guest())];
        joined
    }

    fn host(&self) -> SealedChannel {
        SealedChannel::new(VISIT, &self.own[0], &self.seen[1], &self.secret.psk(), None, [31; 32]).unwrap()
    }

    fn guest(&self) -> SealedChannel {
        let device = Some(&self.patient);
        SealedChannel::new(VISIT, &self.own[1], &self.seen[0], &self.secret.psk(), device, [32; 32]).unwrap()
    }

    /// The clinician's app seals what it says and opens what the patient's app says.
    pub(crate) fn host_talks(&self) {
        talk(self.host(), &said_by_host(), &self.boxes[1]);
    }

    /// The other way round.
    pub(crate) fn guest_talks(&self) {
        talk(self.guest(), &said_by_guest(), &self.boxes[0]);
    }

    pub(crate) fn bytes_of_host(&self) -> Bytes {
        Bytes::of(&self.own[0], &self.boxes[0], &said_by_host())
    }

    pub(crate) fn bytes_of_guest(&self) -> Bytes {
        Bytes::of(&self.own[1], &self.boxes[1], &said_by_guest())
    }

    /// How many boxes each of the two sends.
    pub(crate) fn boxes(&self) -> [usize; 2] {
        [self.boxes[0].len(), self.boxes[1].len()]
    }
}

fn talk(mut channel: SealedChannel, says: &[InnerMessage], hears: &[Vec<u8>]) {
    seal(&mut channel, says);
    for sealed in hears {
        channel.open(sealed).unwrap();
    }
}

fn seal(channel: &mut SealedChannel, says: &[InnerMessage]) -> Vec<Vec<u8>> {
    says.iter().map(|message| channel.seal(message).unwrap().bytes).collect()
}

/// What one join adds to the wire, beyond the same messages in the open.
pub(crate) struct Bytes {
    /// All of it: without sealing nobody needs one.
    pub(crate) bundle: usize,
    /// Head, encapsulated key, signature, facts, tag, padding.
    pub(crate) boxes: usize,
    /// Each part is base64 in JSON.
    base64: usize,
}

impl Bytes {
    fn of(own: &OwnBundle, boxes: &[Vec<u8>], said: &[InnerMessage]) -> Self {
        let sealed: usize = boxes.iter().map(Vec::len).sum();
        let plain: Vec<usize> = said.iter().map(|message| message.to_bytes().len()).collect();
        let base64 = |count: usize| (count * 4).div_ceil(3);
        let as_text = |parts: &mut dyn Iterator<Item = usize>| parts.map(base64).sum::<usize>();
        let bundle = own.bytes().len();
        let base64 = base64(bundle) + as_text(&mut boxes.iter().map(Vec::len)) - as_text(&mut plain.iter().copied());
        Self { bundle, boxes: sealed - plain.iter().sum::<usize>(), base64 }
    }

    pub(crate) fn in_all(&self) -> usize {
        self.bundle + self.boxes
    }

    pub(crate) fn as_base64(&self) -> usize {
        self.base64
    }
}

/// An offer, the candidates of two interfaces, and that there are no more: as the apps say it.
pub(crate) fn said_by_host() -> Vec<InnerMessage> {
    said(InnerMessage::Offer { generation: 0, parameters: parameters(Setup::ActPass) })
}

pub(crate) fn said_by_guest() -> Vec<InnerMessage> {
    said(InnerMessage::Answer { generation: 0, parameters: parameters(Setup::Active) })
}

fn said(first: InnerMessage) -> Vec<InnerMessage> {
    let candidate = |address: &str, port, kind, related: Option<&str>| Candidate {
        foundation: "1234567890".parse().unwrap(),
        component: 1,
        transport: Transport::Udp,
        priority: 2_130_706_431,
        address: address.parse().unwrap(),
        port,
        kind,
        related: related.map(|related| related.parse().unwrap()),
    };
    let candidates = vec![
        candidate("192.168.178.23", 50_123, CandidateKind::Host, None),
        candidate("2001:db8:85a3::8a2e:370:7334", 50_124, CandidateKind::Host, None),
        candidate("203.0.113.17", 61_234, CandidateKind::ServerReflexive, Some("192.168.178.23:50123")),
    ];
    vec![first, InnerMessage::Candidates { generation: 0, candidates }, InnerMessage::EndOfCandidates { generation: 0 }]
}

fn parameters(setup: Setup) -> ConnectionParameters {
    ConnectionParameters {
        ice: IceCredentials::new("EsAwqXpLrTbnMcVz", "0123456789abcdefghijklmnopqrstuv").unwrap(),
        fingerprint: DtlsFingerprint([0xab; 32]),
        setup,
        srtp: vec![SrtpProfile::AeadAes256Gcm, SrtpProfile::AeadAes128Gcm],
        voice: VoiceParameters { payload_type: 111, red_payload_type: Some(63), ssrc: 3_735_928_559 },
        picture: PictureParameters {
            payload_type: 102,
            ssrc: 3_405_691_582,
            rtx_payload_type: 103,
            rtx_ssrc: 3_203_383_023,
            profile_level_id: [0x42, 0xe0, 0x1f],
        },
        extensions: Extensions { mid: 1, transport_cc: 2 },
    }
}
