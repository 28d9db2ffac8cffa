//! For the tests of this crate: a clinic, its device, a link, and two apps that met by it.

use signaling_protocol::{InviteId, VisitId};

use crate::certificate::{DEVICE_SECONDS, ISSUER_SECONDS};
use crate::issuing::{ClinicKey, IssuingKey};
use crate::{
    Capabilities, ConnectionParameters, DeviceFacts, DeviceIdentity, DeviceKeys, DeviceRole, DtlsFingerprint, Epoch,
    Expected, Extensions, IceCredentials, InnerMessage, InviteSecret, OwnBundle, PeerBundle, PictureParameters,
    SealedChannel, Setup, SrtpProfile, UnixTime, Validity, VoiceParameters, name_hash,
};

pub const NOW: UnixTime = UnixTime(1_800_000_000);
pub const INVITE: InviteId = InviteId::from_random([1; 16]);
pub const VISIT: VisitId = VisitId::from_random([2; 16]);
pub const NAME: &str = "Dr Grace Hopper";
pub const SALT: [u8; 16] = [9; 16];
pub const GENERATION: u16 = 3;
pub const COUNTER: u16 = 5;

pub fn around_now(seconds: u64) -> Validity {
    let from = UnixTime(NOW.0 - 1_000);
    Validity { from, until: from.plus(seconds) }
}

pub fn clinic() -> ClinicKey {
    ClinicKey::from_secret(&[11; 32])
}

pub fn issuer() -> IssuingKey {
    issuer_of(&clinic(), GENERATION, around_now(ISSUER_SECONDS))
}

pub fn issuer_of(clinic: &ClinicKey, generation: u16, validity: Validity) -> IssuingKey {
    let head = clinic.certify_issuer(&IssuingKey::public_key(&[12; 32]), generation, validity).unwrap();
    IssuingKey::new(&[12; 32], &head).unwrap()
}

pub fn device_keys() -> DeviceKeys {
    DeviceKeys::from_secret(&[13; 32])
}

pub fn facts() -> DeviceFacts {
    DeviceFacts {
        role: DeviceRole::Clinician,
        serial: 77,
        validity: around_now(DEVICE_SECONDS),
        name_hash: name_hash(&SALT, NAME).unwrap(),
    }
}

pub fn revocations(issuer: &IssuingKey) -> Vec<u8> {
    issuer.revoke(COUNTER, &[5, 76, 78], around_now(DEVICE_SECONDS)).unwrap()
}

pub fn chain_with(facts: &DeviceFacts) -> Vec<u8> {
    let issuer = issuer();
    issuer.chain(&issuer.certify_device(&device_keys().public(), facts).unwrap(), &revocations(&issuer))
}

pub fn device() -> DeviceIdentity {
    DeviceIdentity::new(device_keys(), chain_with(&facts()), NAME, SALT).unwrap()
}

pub fn expected() -> Expected {
    Expected {
        clinic: clinic().fingerprint(),
        least_epoch: Epoch::new(GENERATION, COUNTER),
        role: Some(DeviceRole::Clinician),
        now: NOW,
    }
}

pub fn secret() -> InviteSecret {
    InviteSecret::from_random([4; 32])
}

pub fn host_bundle() -> OwnBundle {
    OwnBundle::host([21; 64], VISIT, &device(), &Capabilities::app())
}

pub fn guest_bundle() -> OwnBundle {
    OwnBundle::guest([22; 64], INVITE, &secret(), &Capabilities::app())
}

pub fn seen_host(own: &OwnBundle) -> PeerBundle {
    PeerBundle::verify_host(own.bytes(), VISIT, &expected()).unwrap()
}

pub fn seen_guest(own: &OwnBundle) -> PeerBundle {
    PeerBundle::verify_guest(own.bytes(), INVITE, &secret().invite_key()).unwrap()
}

/// Host and guest.
pub fn channels() -> (SealedChannel, SealedChannel) {
    channels_of(&host_bundle(), &guest_bundle())
}

pub fn channels_of(host: &OwnBundle, guest: &OwnBundle) -> (SealedChannel, SealedChannel) {
    let psk = secret().psk();
    (
        SealedChannel::new(VISIT, host, &seen_guest(guest), &psk, None, [31; 32]).unwrap(),
        SealedChannel::new(VISIT, guest, &seen_host(host), &psk, None, [32; 32]).unwrap(),
    )
}

pub fn parameters(certificate: u8) -> ConnectionParameters {
    ConnectionParameters {
        ice: IceCredentials::new("ufrag", "a password of 22 chars".replace(' ', "+").as_str()).unwrap(),
        fingerprint: DtlsFingerprint([certificate; 32]),
        setup: Setup::Active,
        srtp: vec![SrtpProfile::AeadAes256Gcm, SrtpProfile::AeadAes128Gcm],
        voice: VoiceParameters { payload_type: 111, red_payload_type: Some(63), ssrc: 1 },
        picture: PictureParameters {
            payload_type: 102,
            ssrc: 2,
            rtx_payload_type: 103,
            rtx_ssrc: 3,
            profile_level_id: [0x42, 0xe0, 0x1f],
        },
        extensions: Extensions { mid: 1, transport_cc: 2 },
    }
}

/// Of an offer as JSON has it in the tests of inner messages.
pub fn offered() -> ConnectionParameters {
    ConnectionParameters {
        ice: IceCredentials::new("ufrg", "0123456789abcdefghij+/").unwrap(),
        setup: Setup::ActPass,
        extensions: Extensions { mid: 1, transport_cc: 3 },
        ..parameters(0xab)
    }
}

pub fn offer(certificate: u8) -> InnerMessage {
    InnerMessage::Offer { generation: 0, parameters: parameters(certificate) }
}

pub fn answer(certificate: u8) -> InnerMessage {
    InnerMessage::Answer { generation: 0, parameters: parameters(certificate) }
}

/// Every encoding of a point of X25519 whose order divides eight (RFC 7748 section 6.1), those beyond the prime included.
pub fn low_order_points() -> Vec<[u8; 32]> {
    let hex = [
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
        "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    ];
    let read = |text: &str| -> [u8; 32] {
        std::array::from_fn(|at| u8::from_str_radix(&text[2 * at..2 * at + 2], 16).unwrap())
    };
    hex.iter().map(|text| read(text)).collect()
}
