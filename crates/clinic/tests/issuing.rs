//! Who may certify what, and for how long.

use clinic::{ClinicKey, IssuingKey};
use trust::certificate::{DEVICE_SECONDS, ISSUER_SECONDS, MOST_REVOKED, REVOCATION_SECONDS};
use trust::{
    CertificateError, Chain, DeviceFacts, DeviceKeys, DeviceRole, Epoch, Expected, Notice, UnixTime, Validity,
    name_hash,
};

const NOW: UnixTime = UnixTime(1_800_000_000);

fn for_seconds(seconds: u64) -> Validity {
    Validity { from: NOW, until: NOW.plus(seconds) }
}

fn clinic_key() -> ClinicKey {
    ClinicKey::from_secret(&[11; 32])
}

fn issuer() -> IssuingKey {
    let head = clinic_key()
        .certify_issuer(&IssuingKey::public_key(&[12; 32]), 3, for_seconds(ISSUER_SECONDS))
        .expect("within the rules");
    IssuingKey::new(&[12; 32], &head).expect("within the rules")
}

fn facts(validity: Validity) -> DeviceFacts {
    let name_hash = name_hash(&[9; 16], "Dr Grace Hopper").expect("within the rules");
    DeviceFacts { role: DeviceRole::Clinician, serial: 77, validity, name_hash }
}

#[test]
fn an_issuing_key_needs_its_own_certificate() {
    let key = IssuingKey::public_key(&[1; 32]);
    let head = clinic_key().certify_issuer(&key, 1, for_seconds(ISSUER_SECONDS)).unwrap();
    assert_eq!(IssuingKey::new(&[1; 32], &head).unwrap().clinic(), clinic_key().fingerprint());
    assert_eq!(IssuingKey::new(&[2; 32], &head).err(), Some(CertificateError::AnotherDevice));
    let longer = [head.as_slice(), &[0]].concat();
    assert_eq!(IssuingKey::new(&[1; 32], &longer).err(), Some(CertificateError::AnotherDevice));
    assert_eq!(IssuingKey::new(&[1; 32], &head[..20]).err(), Some(CertificateError::Malformed));
    assert_eq!(IssuingKey::new(&[1; 32], &head[..100]).err(), Some(CertificateError::Malformed));
    let mut later = head;
    later[32] = 2;
    assert_eq!(IssuingKey::new(&[1; 32], &later).err(), Some(CertificateError::LaterVersion));
}

#[test]
fn nobody_is_certified_for_longer_than_the_rules_let() {
    let key = IssuingKey::public_key(&[12; 32]);
    let issuing = |seconds| clinic_key().certify_issuer(&key, 1, for_seconds(seconds)).err();
    assert_eq!((issuing(ISSUER_SECONDS), issuing(ISSUER_SECONDS + 1)), (None, Some(CertificateError::TooLong)));
    let keys = DeviceKeys::from_secret(&[13; 32]).public();
    let device = |seconds| issuer().certify_device(&keys, &facts(for_seconds(seconds))).err();
    assert_eq!((device(DEVICE_SECONDS), device(DEVICE_SECONDS + 1)), (None, Some(CertificateError::TooLong)));
    let list = |seconds| issuer().revoke(1, &[], for_seconds(seconds)).err();
    assert_eq!((list(REVOCATION_SECONDS), list(REVOCATION_SECONDS + 1)), (None, Some(CertificateError::TooLong)));
    let backwards = Validity { from: NOW, until: UnixTime(NOW.0 - 1) };
    assert_eq!(issuer().revoke(1, &[], backwards), Err(CertificateError::TooLong));
}

#[test]
fn a_list_of_revoked_devices_ascends_and_is_bounded() {
    let list = |serials: &[u64]| issuer().revoke(1, serials, for_seconds(1)).err();
    let many: Vec<u64> = (0..=MOST_REVOKED as u64).collect();
    assert_eq!((list(&many[1..]), list(&many)), (None, Some(CertificateError::Malformed)));
    assert_eq!((list(&[2, 1]), list(&[1, 1])), (Some(CertificateError::Malformed), Some(CertificateError::Malformed)));
}

#[test]
fn what_is_certified_and_revoked_is_what_was_asked_for() {
    let expected = Expected { clinic: clinic_key().fingerprint(), least_epoch: Epoch::new(3, 5), role: None, now: NOW };
    let (issuer, keys) = (issuer(), DeviceKeys::from_secret(&[13; 32]).public());
    let facts = facts(for_seconds(DEVICE_SECONDS));
    let device = issuer.certify_device(&keys, &facts).unwrap();
    let chain = issuer.chain(&device, &issuer.revoke(5, &[76, 78], for_seconds(9)).unwrap());
    let seen = Chain::verify(&chain, &expected).unwrap();
    assert_eq!((seen.signing, seen.agreement), (keys.signing, keys.agreement));
    assert_eq!((seen.facts, seen.epoch), (facts, Epoch::new(3, 5)));
    let notice = Notice::verify(&issuer.notice(&issuer.revoke(6, &[77], for_seconds(9)).unwrap()), &expected).unwrap();
    assert!(notice.revokes(&seen));
    assert_eq!(notice.epoch(), Epoch::new(3, 6));
}

#[test]
fn keys_do_not_print_themselves() {
    assert_eq!(format!("{:?} {:?}", clinic_key(), issuer()), "ClinicKey([secret]) IssuingKey([secret])");
}
