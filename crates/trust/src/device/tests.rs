use super::*;
use crate::Chain;
use crate::fixtures::*;

#[test]
fn keys_are_their_secret_and_do_not_print_it() {
    let keys = DeviceKeys::from_secret(&[b'S'; 32]);
    assert_eq!(keys.public(), DeviceKeys::from_secret(&[b'S'; 32]).public());
    assert_ne!(keys.public(), DeviceKeys::from_secret(&[7; 32]).public());
    assert_ne!(keys.public().signing, SigningKey::from_bytes(&[b'S'; 32]).verifying_key().to_bytes());
    assert_eq!(format!("{:?} {:?}", clinic(), issuer()), "ClinicKey([secret]) IssuingKey([secret])");
    assert_eq!(format!("{:?}", device()), "DeviceIdentity([secret])");
    assert_eq!(format!("{keys:?}"), "DeviceKeys([secret])");
}

#[test]
fn a_device_is_put_together_of_what_was_certified_for_it() {
    let device = device();
    assert_eq!((device.clinic(), device.epoch()), (clinic().fingerprint(), Epoch::new(GENERATION, COUNTER)));
    assert_eq!((*device.facts(), device.public()), (facts(), device_keys().public()));
    let chain = chain_with(&facts());
    let new = |keys, chain: &[u8], name, salt| DeviceIdentity::new(keys, chain.to_vec(), name, salt).err();
    let another = DeviceKeys::from_secret(&[66; 32]);
    assert_eq!(new(another.clone(), &chain, NAME, SALT), Some(CertificateError::AnotherDevice));
    assert_eq!(new(device_keys(), &chain, "Dr Who", SALT), Some(CertificateError::AnotherName));
    assert_eq!(new(device_keys(), &chain, NAME, [0; 16]), Some(CertificateError::AnotherName));
    assert_eq!(new(device_keys(), &chain[..20], NAME, SALT), Some(CertificateError::Malformed));
    let mixed = DeviceKeys { signing: device_keys().signing, agreement: another.agreement };
    assert_eq!(new(mixed, &chain, NAME, SALT), Some(CertificateError::AnotherDevice));
}

#[test]
fn an_issuing_key_needs_its_own_certificate() {
    let certify = |secret| {
        let validity = around_now(ISSUER_SECONDS);
        clinic().certify_issuer(&IssuingKey::public_key(secret), 1, validity).unwrap()
    };
    let head = certify(&[1; 32]);
    assert_eq!(IssuingKey::new(&[1; 32], &head).unwrap().clinic(), clinic().fingerprint());
    assert_eq!(IssuingKey::new(&[2; 32], &head).err(), Some(CertificateError::AnotherDevice));
    let longer = [head.as_slice(), &[0]].concat();
    assert_eq!(IssuingKey::new(&[1; 32], &longer).err(), Some(CertificateError::AnotherDevice));
    assert_eq!(IssuingKey::new(&[1; 32], &head[..20]).err(), Some(CertificateError::Malformed));
}

#[test]
fn a_clinic_of_one_vouches_for_itself_for_a_week() {
    let device = DeviceIdentity::clinic_of_one(&[7; 32], NAME, NOW).unwrap();
    // Links that are out there keep working: the clinic's key is the secret itself, as it was before there were devices.
    assert_eq!(device.clinic(), ClinicKey::from_secret(&[7; 32]).fingerprint());
    assert_eq!(device.epoch(), Epoch::new(1, 0));
    let expected = |now| crate::Expected { clinic: device.clinic(), least_epoch: device.epoch(), now, ..expected() };
    for now in [UnixTime(NOW.0 - 3_600), NOW, NOW.plus(7 * 86_400 - 3_600)] {
        assert_eq!(Chain::verify(&device.chain, &expected(now)).unwrap().facts.role, DeviceRole::Clinician);
    }
    let over = Chain::verify(&device.chain, &expected(NOW.plus(7 * 86_400 - 3_599)));
    assert_eq!(over, Err(CertificateError::Expired));
    let again = DeviceIdentity::clinic_of_one(&[7; 32], NAME, NOW.plus(86_400)).unwrap();
    assert_eq!(again.public(), device.public(), "who remembers the device knows it again");
    assert_eq!(DeviceIdentity::clinic_of_one(&[7; 32], "", NOW).err(), Some(CertificateError::AnotherName));
}
