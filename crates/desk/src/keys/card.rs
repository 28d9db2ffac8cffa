//! A device's card as a staff box: made by an admin's device, for the device itself, the admin and the recovery sheet.

use clinic::{BoxContext, BoxExpected, BoxSecret, StaffBoxError, open_staff_box, seal_staff_box};
use signaling_protocol::DeviceId;
use trust::{DeviceIdentity, DeviceRole, KeyFingerprint, UnixTime};

use super::wire::Card;

/// The kind of staff box that a card is: the first of the clinic's list.
pub const CARD_KIND: u8 = 1;

pub(super) fn seal(
    card: &Card,
    device: DeviceId,
    revision: u32,
    readers: &[[u8; 32]],
    admin: &DeviceIdentity,
    (made_at, random): (UnixTime, [u8; 32]),
) -> Result<Vec<u8>, StaffBoxError> {
    let context = BoxContext { kind: CARD_KIND, object: *device.as_bytes(), revision, made_at };
    seal_staff_box(&context, &card.to_bytes(), readers, admin, &random)
}

/// The card in this box, if an admin of this clinic made it for this device.
pub(super) fn open(
    sealed: &[u8],
    own: &BoxSecret,
    clinic: KeyFingerprint,
    device: DeviceId,
    now: UnixTime,
) -> Option<Card> {
    open_by(sealed, own, clinic, device, now).map(|(card, _)| card)
}

/// The same, with the key of the admin's device that made it.
pub(super) fn open_by(
    sealed: &[u8],
    own: &BoxSecret,
    clinic: KeyFingerprint,
    device: DeviceId,
    now: UnixTime,
) -> Option<(Card, [u8; 32])> {
    let expected = BoxExpected { clinic, kind: CARD_KIND, object: *device.as_bytes(), least_revision: 0, now };
    let opened = open_staff_box(sealed, own, &expected).ok()?;
    // Any colleague can write a box about any device.
    let is_admins = opened.creator.facts.role == DeviceRole::Admin;
    Some((Card::read(&opened.payload).filter(|_| is_admins)?, opened.creator.signing))
}

#[cfg(test)]
mod tests {
    use clinic::{ClinicKey, IssuingKey, RecoverySecret};
    use trust::{DeviceFacts, DeviceKeys, Validity, name_hash};
    use units::Phi;

    use super::*;

    const NOW: UnixTime = UnixTime(1_800_000_000);
    const DEVICE: DeviceId = DeviceId::from_random([1; 16]);

    fn somebody(clinic: &ClinicKey, role: DeviceRole) -> DeviceIdentity {
        let validity = Validity { from: NOW, until: NOW.plus(86_400) };
        let head = clinic.certify_issuer(&IssuingKey::public_key(&[2; 32]), 1, validity).unwrap();
        let issuer = IssuingKey::new(&[2; 32], &head).unwrap();
        let keys = DeviceKeys::from_secret(&[3; 32]);
        let facts = DeviceFacts { role, serial: 1, validity, name_hash: name_hash(&[4; 16], "Ada").unwrap() };
        let device = issuer.certify_device(&keys.public(), &facts).unwrap();
        let chain = issuer.chain(&device, &issuer.revoke(1, &[], validity).unwrap());
        DeviceIdentity::new(keys, chain, "Ada", [4; 16]).unwrap()
    }

    #[test]
    fn a_card_is_read_by_its_device_and_by_the_sheet_and_only_when_an_admin_made_it() {
        let recovery = RecoverySecret::from_random([5; 20]);
        let clinic = recovery.clinic_key();
        let new = DeviceKeys::from_secret(&[6; 32]);
        let card =
            Card { keys: new.public(), role: DeviceRole::Clinician, name: Phi::new("Grace".into()), salt: [7; 16] };
        let readers = [new.public().agreement, recovery.box_secret().public()];
        let sealed = |role| seal(&card, DEVICE, 1, &readers, &somebody(&clinic, role), (NOW, [8; 32])).unwrap();
        let by_admin = sealed(DeviceRole::Admin);
        let at = |sealed: &[u8], own: &BoxSecret, clinic, device| open(sealed, own, clinic, device, NOW);
        let here = clinic.fingerprint();
        assert_eq!(at(&by_admin, &BoxSecret::of_device(&new), here, DEVICE), Some(card.clone()));
        assert_eq!(at(&by_admin, &recovery.box_secret(), here, DEVICE), Some(card.clone()));
        assert_eq!(at(&by_admin, &BoxSecret::of_device(&DeviceKeys::from_secret(&[9; 32])), here, DEVICE), None);
        assert_eq!(at(&by_admin, &BoxSecret::of_device(&new), KeyFingerprint([9; 32]), DEVICE), None);
        assert_eq!(at(&by_admin, &BoxSecret::of_device(&new), here, DeviceId::from_random([2; 16])), None);
        for role in [DeviceRole::Clinician, DeviceRole::FrontDesk, DeviceRole::Auditor] {
            assert_eq!(at(&sealed(role), &BoxSecret::of_device(&new), here, DEVICE), None, "{role:?}");
        }
    }
}
