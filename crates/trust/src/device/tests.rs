use super::*;
use crate::fixtures::*;

#[test]
fn keys_are_their_secret_and_do_not_print_it() {
    let keys = DeviceKeys::from_secret(&[b'S'; 32]);
    assert_eq!(keys.public(), DeviceKeys::from_secret(&[b'S'; 32]).public());
    assert_ne!(keys.public(), DeviceKeys::from_secret(&[7; 32]).public());
    let agreement = PublicKey::from(&StaticSecret::from(*keys.agreement_secret()));
    assert_eq!(keys.public().agreement, agreement.to_bytes());
    assert_ne!(keys.public().signing, SigningKey::from_bytes(&[b'S'; 32]).verifying_key().to_bytes());
    assert_eq!(format!("{:?}", device()), "DeviceIdentity([secret])");
    assert_eq!(format!("{keys:?}"), "DeviceKeys([secret])");
}

#[test]
fn a_device_is_put_together_of_what_was_certified_for_it() {
    let device = device();
    assert_eq!((device.clinic(), device.epoch()), (clinic().fingerprint(), Epoch::new(GENERATION, COUNTER)));
    assert_eq!((*device.facts(), device.public()), (facts(), device_keys().public()));
    assert_eq!(device.chain(), chain_with(&facts()));
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
