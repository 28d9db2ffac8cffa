use proptest::prelude::*;

use super::*;
use crate::DeviceKeys;
use crate::fixtures::*;
use crate::issuing::{ClinicKey, IssuingKey, device_body, issuer_body, revocations_body};

fn chain() -> Vec<u8> {
    chain_with(&facts())
}

fn verify(chain: &[u8]) -> Result<Chain, CertificateError> {
    Chain::verify(chain, &expected())
}

fn at(now: UnixTime) -> Expected {
    Expected { now, ..expected() }
}

/// A chain whose issuing key and revocations are these.
fn chain_by(issuer: &IssuingKey, revocations: &[u8]) -> Vec<u8> {
    issuer.chain(&issuer.certify_device(&device_keys().public(), &facts()).unwrap(), revocations)
}

#[test]
fn a_chain_says_for_whom_the_clinic_vouches() {
    let chain = verify(&chain()).unwrap();
    let public = device_keys().public();
    assert_eq!((chain.signing, chain.agreement), (public.signing, public.agreement));
    assert_eq!(chain.facts, facts());
    assert_eq!(chain.epoch, Epoch(0x0003_0005));
}

#[test]
fn a_chain_of_another_clinic_is_not_taken() {
    let issuer = issuer_of(&ClinicKey::from_secret(&[66; 32]), GENERATION, around_now(ISSUER_SECONDS));
    let forged = chain_by(&issuer, &revocations(&issuer));
    assert_eq!(verify(&forged), Err(CertificateError::AnotherClinic));
    // The clinic's own key put in front of it.
    let dressed = [&chain()[..32], &forged[32..]].concat();
    assert_eq!(verify(&dressed), Err(CertificateError::WrongSignature));
}

#[test]
fn every_byte_of_a_chain_is_under_a_signature() {
    let good = chain();
    for at in 0..good.len() {
        let mut bad = good.clone();
        bad[at] ^= 1;
        assert!(verify(&bad).is_err(), "byte {at}");
        assert!(verify(&good[..at]).is_err(), "cut at {at}");
    }
    assert_eq!(verify(&[good.as_slice(), &[0]].concat()), Err(CertificateError::Malformed));
}

#[test]
fn each_part_must_be_signed_by_the_one_above_it() {
    let good = chain();
    let stranger = IssuingKey::new(
        &[67; 32],
        &ClinicKey::from_secret(&[67; 32])
            .certify_issuer(&IssuingKey::public_key(&[67; 32]), GENERATION, around_now(ISSUER_SECONDS))
            .unwrap(),
    )
    .unwrap();
    let device = stranger.certify_device(&device_keys().public(), &facts()).unwrap();
    let revoked = revocations(&stranger);
    let (head, rest) = good.split_at(32 + 115);
    let (own_device, own_revocations) = rest.split_at(186);
    assert_eq!(verify(&[head, own_device, own_revocations].concat()), verify(&good));
    for (name, bytes) in [
        ("device", [head, device.as_slice(), own_revocations].concat()),
        ("revocations", [head, own_device, revoked.as_slice()].concat()),
        ("issuer", [&good[..32], &stranger.chain(&device, &revoked)[32..]].concat()),
    ] {
        assert_eq!(verify(&bytes), Err(CertificateError::WrongSignature), "{name}");
    }
}

#[test]
fn an_issuing_key_that_another_clinic_certified_too_speaks_for_one_of_them() {
    let other = ClinicKey::from_secret(&[66; 32]);
    let theirs = issuer_of(&other, GENERATION, around_now(ISSUER_SECONDS));
    let expected = Expected { clinic: other.fingerprint(), ..expected() };
    let own = chain();
    let mixed = [&chain_by(&theirs, &revocations(&theirs))[..32 + 115], &own[32 + 115..]].concat();
    assert_eq!(Chain::verify(&mixed, &expected), Err(CertificateError::WrongSignature));
}

#[test]
fn certificates_are_good_from_their_first_to_their_last_second() {
    let Validity { from, until } = facts().validity;
    assert!(Chain::verify(&chain(), &at(until)).is_ok());
    assert_eq!(Chain::verify(&chain(), &at(until.plus(1))), Err(CertificateError::Expired));
    let early = UnixTime(from.0 - 600);
    assert!(Chain::verify(&chain(), &at(early)).is_ok(), "a clock may be ten minutes behind");
    assert_eq!(Chain::verify(&chain(), &at(UnixTime(early.0 - 1))), Err(CertificateError::NotYetValid));
}

#[test]
fn each_part_of_a_chain_has_a_time_of_its_own() {
    let short = Validity { from: facts().validity.from, until: NOW };
    let later = at(NOW.plus(1));
    let issuer_over = issuer_of(&clinic(), GENERATION, short);
    let over = chain_by(&issuer_over, &revocations(&issuer_over));
    assert_eq!(Chain::verify(&over, &later), Err(CertificateError::Expired));
    let over = chain_by(&issuer(), &issuer().revoke(COUNTER, &[], short).unwrap());
    assert_eq!(Chain::verify(&over, &later), Err(CertificateError::RevocationsExpired));
    let over = chain_with(&DeviceFacts { validity: short, ..facts() });
    assert_eq!(Chain::verify(&over, &later), Err(CertificateError::Expired));
    assert!(Chain::verify(&over, &at(NOW)).is_ok());
}

#[test]
fn the_limits_are_those_of_the_documentation() {
    assert_eq!([ISSUER_SECONDS, DEVICE_SECONDS, REVOCATION_SECONDS], [400 * 86_400, 7 * 86_400, 7 * 86_400]);
}

/// A chain each of whose parts is as long as its neighbours allow, made past the checks of the issuing key.
fn chain_beyond_the_rules(issuer: u64, device: u64, revocations: u64) -> Vec<u8> {
    use ed25519_dalek::{Signer, SigningKey};
    let (clinic_key, issuing_key) = (SigningKey::from_bytes(&[11; 32]), SigningKey::from_bytes(&[12; 32]));
    let clinic = clinic().fingerprint();
    let signed = |key: &SigningKey, label: &[u8], body: Vec<u8>| {
        let signature = key.sign(&signing_bytes(label, &clinic, &body)).to_bytes();
        [body.as_slice(), &signature].concat()
    };
    let issuer = issuer_body(issuing_key.verifying_key().as_bytes(), GENERATION, around_now(issuer));
    let facts = DeviceFacts { validity: around_now(device), ..facts() };
    [
        clinic_key.verifying_key().as_bytes().to_vec(),
        signed(&clinic_key, ISSUER_LABEL, issuer),
        signed(&issuing_key, DEVICE_LABEL, device_body(&device_keys().public(), &facts)),
        signed(
            &issuing_key,
            REVOCATIONS_LABEL,
            revocations_body(Epoch::new(GENERATION, COUNTER), around_now(revocations), &[]),
        ),
    ]
    .concat()
}

#[test]
fn a_chain_that_was_made_for_too_long_is_not_taken() {
    let (i, d, r) = (ISSUER_SECONDS, DEVICE_SECONDS, REVOCATION_SECONDS);
    assert!(verify(&chain_beyond_the_rules(i, d, r)).is_ok());
    let backwards = Validity { from: NOW, until: UnixTime(NOW.0 - 1) };
    assert_eq!(backwards.check(NOW, u64::MAX, CertificateError::Expired), Err(CertificateError::TooLong));
    for (issuer, device, revocations) in [(i + 1, d, r), (i, d + 1, r), (i, d, r + 1)] {
        let chain = chain_beyond_the_rules(issuer, device, revocations);
        assert_eq!(verify(&chain), Err(CertificateError::TooLong));
    }
}

#[test]
fn only_the_role_that_is_wanted_will_do() {
    for role in [DeviceRole::Admin, DeviceRole::FrontDesk, DeviceRole::Auditor] {
        let chain = chain_with(&DeviceFacts { role, ..facts() });
        assert_eq!(verify(&chain), Err(CertificateError::WrongRole), "{role:?}");
        let any = Chain::verify(&chain, &Expected { role: None, ..expected() }).unwrap();
        assert_eq!(any.facts.role, role);
    }
    let mut unknown = chain();
    unknown[32 + 115 + 97] = 5;
    assert_eq!(verify(&unknown), Err(CertificateError::Malformed));
}

#[test]
fn a_revoked_device_is_refused() {
    for serial in [5, 76, 78] {
        let chain = chain_with(&DeviceFacts { serial, ..facts() });
        assert_eq!(verify(&chain), Err(CertificateError::Revoked), "{serial}");
    }
}

#[test]
fn a_list_older_than_the_link_may_hide_a_revocation() {
    let wants = |epoch| Chain::verify(&chain(), &Expected { least_epoch: epoch, ..expected() });
    assert!(wants(Epoch::new(GENERATION, COUNTER)).is_ok());
    assert_eq!(wants(Epoch::new(GENERATION, COUNTER + 1)), Err(CertificateError::RevocationsTooOld));
    assert_eq!(wants(Epoch::new(GENERATION + 1, 0)), Err(CertificateError::RevocationsTooOld));
    assert!(wants(Epoch::new(GENERATION - 1, u16::MAX)).is_ok());
}

#[test]
fn an_issuing_key_cannot_reach_the_epochs_of_its_successor() {
    // The statement of the next generation, signed by the old key, in the old key's chain.
    let next = issuer_of(&clinic(), GENERATION + 1, around_now(ISSUER_SECONDS));
    let forged = chain_by(&issuer(), &revocations(&next));
    assert_eq!(verify(&forged), Err(CertificateError::AnotherGeneration));
}

#[test]
fn a_notice_ends_what_a_revoked_device_does() {
    let chain = verify(&chain()).unwrap();
    let (issuer, own) = (issuer(), chain.facts.serial);
    let notice = |counter, serials: &[u64]| issuer.notice(&issuer.revoke(counter, serials, around_now(2_000)).unwrap());
    let read = |counter, serials: &[u64]| Notice::verify(&notice(counter, serials), &of_any_epoch()).unwrap();
    let next = COUNTER + 1;
    assert_eq!(read(next, &[]).epoch(), Epoch::new(GENERATION, next));
    assert!(read(next, &[own]).revokes(&chain));
    assert!(read(COUNTER, &[own]).revokes(&chain), "of the same number as the chain's own");
    assert!(!read(next, &[own - 1, own + 1]).revokes(&chain));
    assert!(!read(COUNTER - 1, &[own]).revokes(&chain), "what is older says nothing");
    let least = |counter| Expected { least_epoch: Epoch::new(GENERATION, counter), ..expected() };
    assert!(Notice::verify(&notice(next, &[own]), &least(next)).is_ok());
    let old = Notice::verify(&notice(next, &[own]), &least(next + 1));
    assert_eq!(old, Err(CertificateError::RevocationsTooOld), "what is older than what is known is passed over");
    let over = Notice::verify(&notice(next, &[own]), &at(NOW.plus(1_001)));
    assert_eq!(over, Err(CertificateError::RevocationsExpired));
}

fn of_any_epoch() -> Expected {
    Expected { least_epoch: Epoch(0), ..expected() }
}

#[test]
fn an_issuing_key_that_was_replaced_takes_its_devices_with_it() {
    let chain = verify(&chain()).unwrap();
    let revokes = |generation| {
        let issuer = issuer_of(&clinic(), generation, around_now(ISSUER_SECONDS));
        let notice = issuer.notice(&issuer.revoke(0, &[], around_now(2_000)).unwrap());
        Notice::verify(&notice, &of_any_epoch()).unwrap().revokes(&chain)
    };
    assert!(revokes(GENERATION + 1));
    assert!(!revokes(GENERATION) && !revokes(GENERATION - 1));
}

#[test]
fn a_notice_that_is_forged_is_passed_over() {
    let issuer = issuer();
    let good = issuer.notice(&issuer.revoke(COUNTER + 1, &[7], around_now(2_000)).unwrap());
    assert!(Notice::verify(&good, &expected()).is_ok());
    for at in 0..good.len() {
        let mut bad = good.clone();
        bad[at] ^= 1;
        assert!(Notice::verify(&bad, &expected()).is_err(), "byte {at}");
        assert!(Notice::verify(&good[..at], &expected()).is_err(), "cut at {at}");
    }
    let longer = [good.as_slice(), &[0]].concat();
    assert_eq!(Notice::verify(&longer, &expected()), Err(CertificateError::Malformed));
    // By an issuing key of another clinic, and by one whose time is over.
    let other = issuer_of(&ClinicKey::from_secret(&[66; 32]), GENERATION, around_now(ISSUER_SECONDS));
    let forged = other.notice(&other.revoke(COUNTER + 1, &[7], around_now(2_000)).unwrap());
    assert_eq!(Notice::verify(&forged, &expected()), Err(CertificateError::AnotherClinic));
    let over = issuer_of(&clinic(), GENERATION, around_now(1_000));
    let late = over.notice(&over.revoke(COUNTER + 1, &[7], around_now(2_000)).unwrap());
    assert_eq!(Notice::verify(&late, &at(NOW.plus(1_001))), Err(CertificateError::Expired));
    let next = issuer_of(&clinic(), GENERATION + 1, around_now(ISSUER_SECONDS));
    let mixed = issuer.notice(&next.revoke(0, &[7], around_now(2_000)).unwrap());
    assert_eq!(Notice::verify(&mixed, &expected()), Err(CertificateError::AnotherGeneration));
}

#[test]
fn a_list_is_bounded_and_has_one_form() {
    let many: Vec<u64> = (0..=MOST_REVOKED as u64).collect();
    let read = |serials: &[u64]| {
        let body = revocations_body(Epoch(1), around_now(1), serials);
        Revocations::read(&mut Reader(&[body.as_slice(), &[0; 64]].concat())).map(|list| list.serials).ok()
    };
    assert_eq!(read(&many[1..]).as_deref(), Some(&many[1..]));
    assert_eq!((read(&many), read(&[2, 1]), read(&[1, 1])), (None, None, None));
}

#[test]
fn a_later_version_is_named() {
    for at in [32, 32 + 115, 32 + 115 + 186] {
        let mut later = chain();
        later[at] = 2;
        assert_eq!(verify(&later), Err(CertificateError::LaterVersion));
        later[at] = 0;
        assert_eq!(verify(&later), Err(CertificateError::Malformed));
    }
}

#[test]
fn a_name_is_certified_by_a_hash_that_only_the_salt_opens() {
    let hash = name_hash(&SALT, NAME).unwrap();
    assert_ne!(Some(hash), name_hash(&[8; 16], NAME));
    assert_ne!(Some(hash), name_hash(&SALT, "Dr Grace"));
    let longest = "n".repeat(64);
    assert!(name_hash(&SALT, &longest).is_some());
    for wrong in [String::new(), longest + "n", "Dr\nHopper".to_owned(), "\u{85}".to_owned()] {
        assert_eq!(name_hash(&SALT, &wrong), None, "{wrong:?}");
    }
    let chain = chain();
    assert!(!chain.windows(4).any(|window| window == &NAME.as_bytes()[..4]), "no name travels in the open");
}

#[test]
fn sizes_are_as_the_documentation_says() {
    assert_eq!(chain_by(&issuer(), &issuer().revoke(1, &[], around_now(1)).unwrap()).len(), 419);
    let full: Vec<u64> = (0..64).collect();
    assert_eq!(chain_by(&issuer(), &issuer().revoke(1, &full, around_now(1)).unwrap()).len(), 931);
}

proptest! {
    #[test]
    fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..700)) {
        prop_assert!(verify(&bytes).is_err());
    }

    #[test]
    fn no_damage_panics(at in 0..300usize, with: [u8; 8]) {
        let mut bytes = chain();
        bytes[at..at + 8].copy_from_slice(&with);
        let _ = verify(&bytes);
    }

    #[test]
    fn whoever_is_certified_is_verified(serial: u64, secret: [u8; 32]) {
        prop_assume!(![5, 76, 78].contains(&serial));
        let keys = DeviceKeys::from_secret(&secret);
        let facts = DeviceFacts { serial, ..facts() };
        let issuer = issuer();
        let chain = issuer.chain(&issuer.certify_device(&keys.public(), &facts).unwrap(), &revocations(&issuer));
        prop_assert_eq!(verify(&chain).unwrap().facts, facts);
    }
}
