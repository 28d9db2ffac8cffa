use ed25519_dalek::Signer;
use proptest::prelude::*;

use super::*;
use crate::fixtures::*;
use crate::{Capability, CertificateError, DeviceFacts, Epoch};

fn verify_host(bytes: &[u8]) -> Result<PeerBundle, BundleError> {
    PeerBundle::verify_host(bytes, VISIT, &expected())
}

fn verify_guest(bytes: &[u8]) -> Result<PeerBundle, BundleError> {
    PeerBundle::verify_guest(bytes, INVITE, &secret().invite_key())
}

#[test]
fn a_guests_bundle_is_verified_by_its_invite() {
    let own = guest_bundle();
    assert_eq!(PeerBundle::claimed_invite(own.bytes()), Ok(INVITE));
    let seen = verify_guest(own.bytes()).unwrap();
    assert_eq!((seen.role, seen.id(), seen.capabilities()), (Role::Guest, own.id(), &Capabilities::app()));
    assert_eq!(seen.signing, own.signing.verifying_key().to_bytes());
    assert_eq!(seen.agreement, PublicKey::from(&own.agreement).to_bytes());
    assert!(seen.chain().is_none());
}

#[test]
fn a_hosts_bundle_is_verified_by_its_chain() {
    let own = host_bundle();
    let seen = verify_host(own.bytes()).unwrap();
    assert_eq!((seen.role, seen.id(), seen.capabilities()), (Role::Host, own.id(), &Capabilities::app()));
    assert_eq!(seen.chain().unwrap().epoch, Epoch::new(GENERATION, COUNTER));
    assert_ne!(own.id(), guest_bundle().id());
}

#[test]
fn every_byte_of_a_bundle_is_under_a_signature() {
    for (own, verify) in [(host_bundle(), verify_host as fn(&[u8]) -> _), (guest_bundle(), verify_guest)] {
        for at in 0..own.bytes().len() {
            let mut bad = own.bytes().to_vec();
            bad[at] ^= 1;
            assert!(verify(&bad).is_err(), "byte {at}");
            assert!(verify(&own.bytes()[..at]).is_err(), "cut at {at}");
        }
        assert!(verify(&[own.bytes(), &[0]].concat()).is_err());
    }
}

#[test]
fn who_does_not_hold_the_link_cannot_make_a_guests_bundle() {
    let forged = OwnBundle::guest([3; 64], INVITE, &InviteSecret::from_random([9; 32]), &Capabilities::app());
    assert_eq!(verify_guest(forged.bytes()), Err(BundleError::WrongSignature));
}

#[test]
fn who_has_not_the_devices_key_cannot_make_its_bundle() {
    // Everything is the clinician's but the signature: the server has all of it.
    let own = host_bundle();
    let mut forged = own.bytes().to_vec();
    let signed = forged.len() - 64;
    forged[18..50].copy_from_slice(SigningKey::from_bytes(&[3; 32]).verifying_key().as_bytes());
    let signature = SigningKey::from_bytes(&[3; 32]).sign(&framed(&[LABEL, &forged[..signed]])).to_bytes();
    forged[signed..].copy_from_slice(&signature);
    assert_eq!(verify_host(&forged), Err(BundleError::WrongSignature));
}

#[test]
fn a_bundle_of_another_visit_or_invite_is_not_taken() {
    let another = VisitId::from_random([8; 16]);
    let seen = PeerBundle::verify_host(host_bundle().bytes(), another, &expected());
    assert_eq!(seen, Err(BundleError::AnotherVisit));
    let another = InviteId::from_random([8; 16]);
    let seen = PeerBundle::verify_guest(guest_bundle().bytes(), another, &secret().invite_key());
    assert_eq!(seen, Err(BundleError::AnotherInvite));
}

#[test]
fn only_a_clinicians_device_may_host_whatever_is_expected() {
    let facts = DeviceFacts { role: DeviceRole::FrontDesk, ..facts() };
    let device = DeviceIdentity::new(device_keys(), chain_with(&facts), NAME, SALT).unwrap();
    let own = OwnBundle::host([3; 64], VISIT, &device, &Capabilities::app());
    for role in [None, Some(DeviceRole::FrontDesk), Some(DeviceRole::Clinician)] {
        let seen = PeerBundle::verify_host(own.bytes(), VISIT, &Expected { role, ..expected() });
        assert_eq!(seen, Err(CertificateError::WrongRole.into()));
    }
}

#[test]
fn what_is_wrong_with_a_chain_is_wrong_with_its_bundle() {
    let expected = Expected { now: NOW.plus(8 * 86_400), ..expected() };
    let seen = PeerBundle::verify_host(host_bundle().bytes(), VISIT, &expected);
    assert_eq!(seen, Err(BundleError::Certificate(CertificateError::Expired)));
}

#[test]
fn a_guest_cannot_pass_as_a_host_nor_a_host_as_a_guest() {
    assert_eq!(verify_host(guest_bundle().bytes()), Err(BundleError::Malformed));
    assert_eq!(verify_guest(host_bundle().bytes()), Err(BundleError::Malformed));
    assert_eq!(PeerBundle::claimed_invite(host_bundle().bytes()), Err(BundleError::Malformed));
}

#[test]
fn versions_are_told_apart() {
    for (version, error) in
        [(0, BundleError::Malformed), (1, BundleError::OlderVersion), (3, BundleError::LaterVersion)]
    {
        let mut bytes = guest_bundle().bytes().to_vec();
        bytes[0] = version;
        assert_eq!(verify_guest(&bytes), Err(error));
        assert_eq!(PeerBundle::claimed_invite(&bytes), Err(error));
    }
}

/// A guest's bundle, properly signed, with this at this place.
fn signed_with(at: usize, key: &[u8; 32]) -> Vec<u8> {
    let mut bytes = guest_bundle().bytes().to_vec();
    bytes.truncate(bytes.len() - 64);
    bytes[at..at + 32].copy_from_slice(key);
    let signature = secret().sign(&framed(&[LABEL, &bytes]));
    [bytes.as_slice(), &signature].concat()
}

#[test]
fn keys_of_low_order_are_refused() {
    for point in low_order_points() {
        assert_eq!(verify_guest(&signed_with(50, &point)), Err(BundleError::WeakKey), "{point:?}");
    }
    assert!(verify_guest(&signed_with(50, &[9; 32])).is_ok());
    // The identity of Ed25519, and bytes that are no point.
    let mut identity = [0; 32];
    identity[0] = 1;
    let mut none = [0; 32];
    none[0] = 2;
    for key in [identity, none] {
        assert_eq!(verify_guest(&signed_with(18, &key)), Err(BundleError::WeakKey), "{key:?}");
    }
}

#[test]
fn a_signature_for_joining_is_none_for_a_bundle() {
    let own = guest_bundle();
    let body = &own.bytes()[..own.bytes().len() - 64];
    let signature = secret().sign_join(INVITE, &signaling_protocol::Challenge([0; 48]), body).0;
    assert_eq!(verify_guest(&[body, &signature].concat()), Err(BundleError::WrongSignature));
}

#[test]
fn bundles_are_small() {
    assert_eq!(guest_bundle().bytes().len(), 1 + 1 + 16 + 32 + 32 + 5 + 8 + 64);
    assert_eq!(host_bundle().bytes().len(), 1 + 1 + 16 + 32 + 32 + 5 + 8 + 419 + 24 + 64);
    // The largest that may be: 32 capabilities and 64 serials.
    let many = (100..128).fold(Capabilities::app(), |list, id| list.with(Capability(id)));
    let serials: Vec<u64> = (100..164).collect();
    let issuer = issuer();
    let revocations = issuer.revoke(COUNTER, &serials, around_now(1_000)).unwrap();
    let chain = issuer.chain(&issuer.certify_device(&device_keys().public(), &facts()).unwrap(), &revocations);
    let device = DeviceIdentity::new(device_keys(), chain, NAME, SALT).unwrap();
    let largest = OwnBundle::host([3; 64], VISIT, &device, &many);
    assert_eq!(largest.bytes().len(), MAX_BUNDLE_BYTES);
    assert!(verify_host(largest.bytes()).is_ok());
}

#[test]
fn secrets_do_not_print_themselves() {
    assert_eq!(format!("{:?}", guest_bundle()), "OwnBundle([secret])");
}

proptest! {
    #[test]
    fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let bytes = [[2, 2].as_slice(), &bytes].concat();
        prop_assert!(verify_guest(&bytes).is_err());
        let _ = verify_host(&[&[2, 1], &bytes[2..]].concat());
    }
}
