//! For the tests of this crate: the clinic and the device of the test vectors.

use trust::certificate::{DEVICE_SECONDS, ISSUER_SECONDS};
use trust::{DeviceFacts, DeviceIdentity, DeviceKeys, DeviceRole, UnixTime, Validity, name_hash};

use crate::{ClinicKey, IssuingKey};

pub(crate) const NOW: UnixTime = UnixTime(1_800_000_000);
pub(crate) const NAME: &str = "Dr Grace Hopper";
pub(crate) const SALT: [u8; 16] = [9; 16];

pub(crate) fn around_now(seconds: u64) -> Validity {
    let from = UnixTime(NOW.0 - 1_000);
    Validity { from, until: from.plus(seconds) }
}

pub(crate) fn clinic() -> ClinicKey {
    ClinicKey::from_secret(&[11; 32])
}

pub(crate) fn issuer() -> IssuingKey {
    let head = clinic().certify_issuer(&IssuingKey::public_key(&[12; 32]), 3, around_now(ISSUER_SECONDS)).unwrap();
    IssuingKey::new(&[12; 32], &head).unwrap()
}

pub(crate) fn device_keys() -> DeviceKeys {
    DeviceKeys::from_secret(&[13; 32])
}

/// Of a colleague who means ill.
pub(crate) fn another_device_keys() -> DeviceKeys {
    DeviceKeys::from_secret(&[66; 32])
}

pub(crate) fn facts() -> DeviceFacts {
    DeviceFacts {
        role: DeviceRole::Clinician,
        serial: 77,
        validity: around_now(DEVICE_SECONDS),
        name_hash: name_hash(&SALT, NAME).unwrap(),
    }
}

pub(crate) fn chain_with(facts: &DeviceFacts) -> Vec<u8> {
    chain_of(&device_keys(), facts)
}

pub(crate) fn chain_of(keys: &DeviceKeys, facts: &DeviceFacts) -> Vec<u8> {
    let issuer = issuer();
    let revocations = issuer.revoke(5, &[5, 76, 78], around_now(DEVICE_SECONDS)).unwrap();
    issuer.chain(&issuer.certify_device(&keys.public(), facts).unwrap(), &revocations)
}

pub(crate) fn device() -> DeviceIdentity {
    DeviceIdentity::new(device_keys(), chain_with(&facts()), NAME, SALT).unwrap()
}

/// Every encoding of a point of X25519 whose order divides eight (RFC 7748 section 6.1), those beyond the prime included.
pub(crate) fn low_order_points() -> [[u8; 32]; 7] {
    [
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
        "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    ]
    .map(|text| std::array::from_fn(|at| u8::from_str_radix(&text[2 * at..2 * at + 2], 16).unwrap()))
}
