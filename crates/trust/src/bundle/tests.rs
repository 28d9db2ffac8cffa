use proptest::prelude::*;

use super::*;

const INVITE: InviteId = InviteId::from_random([1; 16]);
const VISIT: VisitId = VisitId::from_random([2; 16]);

fn keys() -> BundleKeys {
    BundleKeys::from_random([3; 64])
}

fn secret() -> InviteSecret {
    InviteSecret::from_random([4; 32])
}

fn identity() -> HostIdentity {
    HostIdentity::from_secret(&[5; 32])
}

fn guest_bytes() -> Vec<u8> {
    keys().guest_bundle(INVITE, &secret())
}

fn host_bytes() -> Vec<u8> {
    keys().host_bundle(VISIT, &identity())
}

#[test]
fn a_guests_bundle_is_verified_by_its_invite() {
    let bytes = guest_bytes();
    assert_eq!(Bundle::claimed_invite(&bytes), Ok(INVITE));
    let bundle = Bundle::verify_guest(&bytes, INVITE, &secret().invite_key()).unwrap();
    assert_eq!(bundle.role(), Role::Guest);
    assert_eq!(bundle.signing_key().0, keys().signing.verifying_key().to_bytes());
    assert_eq!(bundle.agreement_key().0, PublicKey::from(&keys().agreement).to_bytes());
}

#[test]
fn a_hosts_bundle_is_verified_by_the_links_fingerprint() {
    let bundle = Bundle::verify_host(&host_bytes(), VISIT, &identity().fingerprint()).unwrap();
    assert_eq!(bundle.role(), Role::Host);
    assert_eq!(bundle.signing_key().0, keys().signing.verifying_key().to_bytes());
}

#[test]
fn who_does_not_hold_the_link_cannot_make_a_guests_bundle() {
    let forged = keys().guest_bundle(INVITE, &InviteSecret::from_random([9; 32]));
    let key = secret().invite_key();
    assert_eq!(Bundle::verify_guest(&forged, INVITE, &key), Err(BundleError::WrongSignature));
}

#[test]
fn who_is_not_the_clinic_cannot_make_a_hosts_bundle() {
    let forger = HostIdentity::from_secret(&[9; 32]);
    let forged = keys().host_bundle(VISIT, &forger);
    let clinic = identity().fingerprint();
    assert_eq!(
        Bundle::verify_host(&forged, VISIT, &clinic),
        Err(BundleError::Certificate(crate::CertificateError::AnotherClinic))
    );
    // The clinic's key put in place of the forger's, under the forger's signature.
    let mut dressed = forged;
    dressed[18..50].copy_from_slice(&identity().public_key());
    assert_eq!(Bundle::verify_host(&dressed, VISIT, &clinic), Err(BundleError::WrongSignature));
}

#[test]
fn a_bundle_of_another_visit_or_invite_is_not_taken() {
    let (clinic, key) = (identity().fingerprint(), secret().invite_key());
    let another = VisitId::from_random([8; 16]);
    assert_eq!(Bundle::verify_host(&host_bytes(), another, &clinic), Err(BundleError::AnotherVisit));
    let another = InviteId::from_random([8; 16]);
    assert_eq!(Bundle::verify_guest(&guest_bytes(), another, &key), Err(BundleError::AnotherInvite));
}

#[test]
fn a_guest_cannot_pass_as_a_host_nor_a_host_as_a_guest() {
    let (clinic, key) = (identity().fingerprint(), secret().invite_key());
    assert_eq!(Bundle::verify_host(&guest_bytes(), VISIT, &clinic), Err(BundleError::Malformed));
    assert_eq!(Bundle::verify_guest(&host_bytes(), INVITE, &key), Err(BundleError::Malformed));
    assert_eq!(Bundle::claimed_invite(&host_bytes()), Err(BundleError::Malformed));
}

#[test]
fn a_signature_for_joining_is_none_for_a_bundle() {
    let body = &guest_bytes()[..guest_bytes().len() - 64];
    let challenge = signaling_protocol::Challenge([0; 48]);
    let signature = secret().sign_join(INVITE, &challenge, body).0;
    let bytes = [body, &signature].concat();
    let key = secret().invite_key();
    assert_eq!(Bundle::verify_guest(&bytes, INVITE, &key), Err(BundleError::WrongSignature));
}

#[test]
fn a_later_version_is_named() {
    let mut bytes = guest_bytes();
    bytes[0] = 2;
    assert_eq!(Bundle::claimed_invite(&bytes), Err(BundleError::LaterVersion));
    bytes[0] = 0;
    assert_eq!(Bundle::claimed_invite(&bytes), Err(BundleError::Malformed));
}

/// A guest's bundle, properly signed, whose agreement or signing key is this.
fn signed_with(range: std::ops::Range<usize>, key: &[u8; 32]) -> Vec<u8> {
    let mut body = guest_bytes();
    body.truncate(body.len() - 64);
    body[range].copy_from_slice(key);
    let signature = secret().sign(&labelled(GUEST_LABEL, &body));
    [body.as_slice(), &signature].concat()
}

#[test]
fn weak_keys_are_refused_even_under_a_good_signature() {
    let key = secret().invite_key();
    // The points of order 1, 2 and 8 on Curve25519 (RFC 7748 section 6.1 warns of them; values as in libsodium).
    let eight = [
        0xe0, 0xeb, 0x7a, 0x7c, 0x3b, 0x41, 0xb8, 0xae, 0x16, 0x56, 0xe3, 0xfa, 0xf1, 0x9f, 0xc4, 0x6a, 0xda, 0x09,
        0x8d, 0xeb, 0x9c, 0x32, 0xb1, 0xfd, 0x86, 0x62, 0x05, 0x16, 0x5f, 0x49, 0xb8, 0x00,
    ];
    let mut one = [0; 32];
    one[0] = 1;
    for weak in [[0; 32], one, eight] {
        let bytes = signed_with(82 - 32..82, &weak);
        assert_eq!(Bundle::verify_guest(&bytes, INVITE, &key), Err(BundleError::WeakKey));
    }
    // The neutral element of Ed25519, and a number that is no point at all.
    let mut no_point = [0; 32];
    no_point[0] = 2;
    for weak in [one, no_point] {
        let bytes = signed_with(18..50, &weak);
        assert_eq!(Bundle::verify_guest(&bytes, INVITE, &key), Err(BundleError::WeakKey));
    }
    // The twin without the attack: a good key in the same place.
    let good = PublicKey::from(&StaticSecret::from([7; 32])).to_bytes();
    assert!(Bundle::verify_guest(&signed_with(82 - 32..82, &good), INVITE, &key).is_ok());
}

#[test]
fn secret_halves_do_not_print_themselves() {
    assert_eq!(format!("{:?}", keys()), "BundleKeys([secret])");
}

proptest! {
    #[test]
    fn one_other_bit_and_no_bundle_is_taken(bit in 0..146 * 8usize, host_bit in 0..178 * 8usize) {
        let mut bytes = guest_bytes();
        prop_assert_eq!(bytes.len(), 146);
        bytes[bit / 8] ^= 1 << (bit % 8);
        prop_assert!(Bundle::verify_guest(&bytes, INVITE, &secret().invite_key()).is_err());
        let mut bytes = host_bytes();
        prop_assert_eq!(bytes.len(), 178);
        bytes[host_bit / 8] ^= 1 << (host_bit % 8);
        prop_assert!(Bundle::verify_host(&bytes, VISIT, &identity().fingerprint()).is_err());
    }

    #[test]
    fn a_bundle_cut_or_lengthened_is_not_taken(length in 0..146usize, more in prop::collection::vec(any::<u8>(), 1..99)) {
        let bytes = guest_bytes();
        let key = secret().invite_key();
        prop_assert!(Bundle::verify_guest(&bytes[..length], INVITE, &key).is_err());
        prop_assert!(Bundle::verify_guest(&[bytes.as_slice(), &more].concat(), INVITE, &key).is_err());
    }

    #[test]
    fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..300), role in 0..3u8) {
        for bytes in [bytes.clone(), [&[VERSION, role], bytes.as_slice()].concat()] {
            let _ = Bundle::claimed_invite(&bytes);
            let _ = Bundle::verify_guest(&bytes, INVITE, &secret().invite_key());
            let _ = Bundle::verify_host(&bytes, VISIT, &identity().fingerprint());
        }
    }
}
