//! Two whole engines, a server between them that lies as a test wants, and connections made of numbers.
//!
//! By the public face of the crate alone: whatever is refused here is refused to any server.

mod asking;
mod attacks;
mod checks;
mod files;
mod handing;
mod honest;
mod people;
mod strangers;
mod world;

use clinic::{ClinicKey, IssuingKey};
use trust::{DeviceFacts, DeviceIdentity, DeviceKeys, DeviceRole, Epoch, InviteSecret, UnixTime, Validity, name_hash};

use signaling_protocol::{InviteId, VisitId};

pub(crate) const VISIT: VisitId = VisitId::from_random([1; 16]);
pub(crate) const ANOTHER_VISIT: VisitId = VisitId::from_random([11; 16]);
pub(crate) const INVITE: InviteId = InviteId::from_random([2; 16]);
/// The time of day when everything begins.
pub(crate) const DAY: UnixTime = UnixTime(1_800_000_000);
const SERIAL: u64 = 77;
const SALT: [u8; 16] = [9; 16];
const NAME: &str = "Dr Grace Hopper";

pub(crate) fn secret() -> InviteSecret {
    InviteSecret::from_random([8; 32])
}

/// The clinic's issuing key; `clinic` makes it that of another one.
pub(crate) fn issuer(clinic: u8) -> IssuingKey {
    let validity = Validity { from: DAY, until: DAY.plus(100 * 86_400) };
    let head = ClinicKey::from_secret(&[clinic; 32])
        .certify_issuer(&IssuingKey::public_key(&[12; 32]), 1, validity)
        .expect("100 days are few enough");
    IssuingKey::new(&[12; 32], &head).expect("its own certificate")
}

/// The statement of this number that these devices are revoked.
pub(crate) fn revocations(issuer: &IssuingKey, counter: u16, serials: &[u64]) -> Vec<u8> {
    issuer.revoke(counter, serials, Validity { from: DAY, until: DAY.plus(7 * 86_400) }).expect("a week")
}

/// A device of the clinic, with this role, that shows these revocations.
pub(crate) fn device_with(clinic: u8, role: DeviceRole, counter: u16, revoked: &[u64]) -> DeviceIdentity {
    let issuer = issuer(clinic);
    let keys = DeviceKeys::from_secret(&[13; 32]);
    let facts = DeviceFacts {
        role,
        serial: SERIAL,
        validity: Validity { from: DAY, until: DAY.plus(7 * 86_400) },
        name_hash: name_hash(&SALT, NAME).expect("a name"),
    };
    let certificate = issuer.certify_device(&keys.public(), &facts).expect("a week");
    let chain = issuer.chain(&certificate, &revocations(&issuer, counter, revoked));
    DeviceIdentity::new(keys, chain, NAME, SALT).expect("its own certificate")
}

pub(crate) fn device() -> DeviceIdentity {
    device_with(7, DeviceRole::Clinician, 5, &[5, 76])
}

/// Of the revocations that [`device`] shows.
pub(crate) fn epoch() -> Epoch {
    device().epoch()
}
