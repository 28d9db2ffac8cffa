use proptest::prelude::*;

use super::*;
use crate::fixtures::*;
use crate::{ClinicKey, RecoverySecret};
use trust::{DeviceFacts, DeviceRole, Validity};

const CONTEXT: BoxContext = BoxContext { kind: 3, object: [5; 16], revision: 7, made_at: NOW };
const PAYLOAD: &[u8] = b"Ada Lovelace, born 1815";

fn expected() -> BoxExpected {
    BoxExpected { clinic: clinic().fingerprint(), kind: 3, object: [5; 16], least_revision: 7, now: NOW }
}

fn recovery() -> BoxSecret {
    RecoverySecret::from_random([6; 20]).box_secret()
}

fn colleague() -> BoxSecret {
    BoxSecret::of_device(&DeviceKeys::from_secret(&[14; 32]))
}

fn sealed() -> Vec<u8> {
    seal_staff_box(&CONTEXT, PAYLOAD, &[colleague().public(), recovery().public()], &device(), &[40; 32]).unwrap()
}

fn open_it(bytes: &[u8]) -> Result<OpenedBox, StaffBoxError> {
    open_staff_box(bytes, &colleague(), &expected())
}

#[test]
fn every_reader_opens_a_box_and_nobody_else() {
    for own in [colleague(), recovery()] {
        let opened = open_staff_box(&sealed(), &own, &expected()).unwrap();
        assert_eq!((opened.payload.as_slice(), opened.context), (PAYLOAD, CONTEXT));
        assert_eq!(opened.creator.facts, facts());
    }
    let stranger = BoxSecret::of_device(&DeviceKeys::from_secret(&[66; 32]));
    assert_eq!(open_staff_box(&sealed(), &stranger, &expected()), Err(StaffBoxError::NotSealedForUs));
    assert_eq!(
        open_staff_box(&sealed(), &BoxSecret::of_device(&device_keys()), &expected()),
        Err(StaffBoxError::NotSealedForUs)
    );
    assert!(!sealed().windows(3).any(|window| window == &PAYLOAD[..3]));
}

#[test]
fn every_byte_of_a_box_counts_but_for_other_readers() {
    let good = sealed();
    let others = good.len() - 88;
    for at in 0..good.len() {
        let mut bad = good.clone();
        bad[at] ^= 1;
        assert_eq!(open_it(&bad).is_ok(), at >= others, "byte {at}");
        assert!(open_it(&good[..at]).is_err(), "cut at {at}");
    }
    assert_eq!(open_it(&[good.as_slice(), &[0]].concat()), Err(StaffBoxError::Malformed));
}

#[test]
fn a_box_about_something_else_is_not_taken() {
    let open_with = |expected: &BoxExpected| open_staff_box(&sealed(), &colleague(), expected).err();
    assert_eq!(open_with(&BoxExpected { kind: 4, ..expected() }), Some(StaffBoxError::AnotherObject));
    assert_eq!(open_with(&BoxExpected { object: [6; 16], ..expected() }), Some(StaffBoxError::AnotherObject));
    assert_eq!(open_with(&BoxExpected { least_revision: 8, ..expected() }), Some(StaffBoxError::OlderRevision));
    assert_eq!(open_with(&BoxExpected { least_revision: 6, ..expected() }), None);
    let another = ClinicKey::from_secret(&[66; 32]).fingerprint();
    let wrong = Some(StaffBoxError::Creator(CertificateError::AnotherClinic));
    assert_eq!(open_with(&BoxExpected { clinic: another, ..expected() }), wrong);
    let early = |seconds| BoxExpected { now: UnixTime(NOW.0 - seconds), ..expected() };
    assert_eq!(open_with(&early(601)), Some(StaffBoxError::FromTheFuture));
    assert_eq!(open_with(&early(600)), None);
}

#[test]
fn boxes_outlive_the_certificate_of_who_made_them() {
    let later = BoxExpected { now: NOW.plus(400 * 86_400), ..expected() };
    assert!(open_staff_box(&sealed(), &colleague(), &later).is_ok());
    // And whose certificate was over when they made it cannot make one.
    let short = Validity { from: facts().validity.from, until: NOW };
    let chain = chain_with(&DeviceFacts { validity: short, ..facts() });
    let device = DeviceIdentity::new(device_keys(), chain, NAME, SALT).unwrap();
    let late = BoxContext { made_at: NOW.plus(1), ..CONTEXT };
    let bytes = seal_staff_box(&late, PAYLOAD, &[colleague().public()], &device, &[1; 32]).unwrap();
    assert_eq!(open_it(&bytes), Err(StaffBoxError::Creator(CertificateError::Expired)));
}

#[test]
fn any_role_may_share_and_is_named() {
    let chain = chain_with(&DeviceFacts { role: DeviceRole::FrontDesk, ..facts() });
    let device = DeviceIdentity::new(device_keys(), chain, NAME, SALT).unwrap();
    let bytes = seal_staff_box(&CONTEXT, PAYLOAD, &[colleague().public()], &device, &[1; 32]).unwrap();
    assert_eq!(open_it(&bytes).unwrap().creator.facts.role, DeviceRole::FrontDesk);
}

#[test]
fn a_box_cannot_be_signed_by_another_than_its_creator() {
    // Another device of the clinic puts the creator's chain before what it signs itself.
    let good = sealed();
    let parts = Parts::read(&good).unwrap();
    let facts = DeviceFacts { serial: 78, ..facts() };
    let forger =
        DeviceIdentity::new(another_device_keys(), chain_of(&another_device_keys(), &facts), NAME, SALT).unwrap();
    let body = [parts.signed, &forger.sign(&framed(&[SIGNATURE_LABEL, parts.signed]))].concat();
    let seed = derive(&[40; 32], b"seed");
    let wrapped = wrap(&colleague().public(), &hash(&[BODY_LABEL, &body]), [1; 32], &seed).unwrap();
    let forged = [body.as_slice(), &[1], &wrapped].concat();
    assert_eq!(open_it(&forged), Err(StaffBoxError::WrongSignature));
}

#[test]
fn what_one_box_wraps_does_not_open_another() {
    // A reader's entry of one box put into another of the same creator and the same readers.
    let other = BoxContext { revision: 8, ..CONTEXT };
    let readers = [colleague().public(), recovery().public()];
    let other = seal_staff_box(&other, b"another payload", &readers, &device(), &[41; 32]).unwrap();
    let good = sealed();
    let (own, readers) = (good.len() - 2 * 88, other.len() - 2 * 88);
    let mixed = [&good[..own], &other[readers..]].concat();
    assert_eq!(open_it(&mixed), Err(StaffBoxError::NotSealedForUs));
}

#[test]
fn a_reader_cannot_be_shown_another_payload_than_the_others() {
    // Whoever can open a box wraps another seed for a colleague: what is signed names the one content key.
    let good = sealed();
    let parts = Parts::read(&good).unwrap();
    let wrapped = wrap(&colleague().public(), &hash(&[BODY_LABEL, parts.body]), [1; 32], &[99; 32]).unwrap();
    let forged = [parts.body, &[1], &wrapped].concat();
    assert_eq!(open_it(&forged), Err(StaffBoxError::NotSealedForUs));
}

#[test]
fn who_can_open_a_box_can_let_another_device_open_it() {
    let new = BoxSecret::of_device(&DeviceKeys::from_secret(&[15; 32]));
    let good = sealed();
    assert!(open_staff_box(&good, &new, &expected()).is_err());
    let more = reseal_staff_box(&good, &colleague(), &expected(), &new.public(), &[42; 32]).unwrap();
    assert_eq!(more.len(), good.len() + 88);
    for own in [colleague(), recovery(), new] {
        assert_eq!(open_staff_box(&more, &own, &expected()).unwrap().payload.as_slice(), PAYLOAD);
    }
    let stranger = BoxSecret::of_device(&DeviceKeys::from_secret(&[66; 32]));
    let refused = reseal_staff_box(&good, &stranger, &expected(), &[9; 32], &[42; 32]);
    assert_eq!(refused, Err(StaffBoxError::NotSealedForUs));
    let other = BoxExpected { kind: 4, ..expected() };
    assert_eq!(reseal_staff_box(&good, &colleague(), &other, &[9; 32], &[42; 32]), Err(StaffBoxError::AnotherObject));
}

#[test]
fn boxes_are_bounded() {
    let seal = |payload: &[u8], readers: &[[u8; 32]]| seal_staff_box(&CONTEXT, payload, readers, &device(), &[1; 32]);
    let own = colleague().public();
    assert_eq!(seal(PAYLOAD, &[]), Err(StaffBoxError::TooLarge));
    assert_eq!(seal(PAYLOAD, &vec![own; MOST_READERS + 1]), Err(StaffBoxError::TooLarge));
    assert_eq!(seal(&vec![1; MAX_PAYLOAD_BYTES + 1], &[own]), Err(StaffBoxError::TooLarge));
    let largest = seal(&vec![1; MAX_PAYLOAD_BYTES], &vec![own; MOST_READERS]).unwrap();
    assert!(largest.len() <= 37_000, "{}", largest.len());
    assert_eq!(open_it(&largest).unwrap().payload.len(), MAX_PAYLOAD_BYTES);
    let more = reseal_staff_box(&largest, &colleague(), &expected(), &own, &[2; 32]);
    assert_eq!(more, Err(StaffBoxError::TooLarge));
    let nearly = seal(PAYLOAD, &vec![own; MOST_READERS - 1]).unwrap();
    let full = reseal_staff_box(&nearly, &colleague(), &expected(), &own, &[2; 32]).unwrap();
    assert!(open_it(&full).is_ok());
    let mut crowded = full.clone();
    let count = full.len() - MOST_READERS * 88 - 1;
    crowded[count] += 1;
    crowded.extend_from_slice(&[0; 88]);
    assert_eq!(open_it(&crowded), Err(StaffBoxError::Malformed));
    let nobody = [&full[..count], &[0]].concat();
    assert_eq!(open_it(&nobody), Err(StaffBoxError::Malformed));
}

#[test]
fn the_length_of_a_payload_is_told_in_steps() {
    let size = |count| {
        let readers = [colleague().public()];
        seal_staff_box(&CONTEXT, &vec![1; count], &readers, &device(), &[1; 32]).unwrap().len()
    };
    assert_eq!(size(0), size(252));
    assert_eq!(size(253), size(0) + 256);
}

#[test]
fn a_payload_has_one_form() {
    let open = |padded: &[u8]| {
        let bytes = seal_padded(&CONTEXT, padded, &[colleague().public()], &device(), &[1; 32]).unwrap();
        open_it(&bytes).map(|opened| opened.payload.len())
    };
    let good = padded(PAYLOAD);
    assert_eq!((good.len(), open(&good)), (256, Ok(PAYLOAD.len())));
    let filled = padded(&[1; 252]);
    assert_eq!((filled.len(), open(&filled)), (256, Ok(252)));
    for at in 4 + PAYLOAD.len()..good.len() {
        let mut written_on = good.to_vec();
        written_on[at] = 1;
        assert_eq!(open(&written_on), Err(StaffBoxError::Malformed), "byte {at} of the padding");
    }
    let longer = [good.as_slice(), &[0; 256]].concat();
    let mut beyond = good.to_vec();
    beyond[2] = 1;
    let mut too_large = (MAX_PAYLOAD_BYTES as u32 + 1).to_be_bytes().to_vec();
    too_large.resize(MAX_PAYLOAD_BYTES + 256, 0);
    for (name, wrong) in [
        ("a step too many", longer.as_slice()),
        ("not a whole step", &good[..255]),
        ("longer than what is there", &beyond),
        ("no length", &good[..3]),
        ("nothing", &[]),
        ("more than a payload may have", &too_large),
    ] {
        assert_eq!(open(wrong), Err(StaffBoxError::Malformed), "{name}");
    }
}

#[test]
fn keys_of_low_order_are_refused() {
    for point in low_order_points() {
        let sealed = seal_staff_box(&CONTEXT, PAYLOAD, &[point], &device(), &[1; 32]);
        assert_eq!(sealed, Err(StaffBoxError::WeakKey), "{point:?}");
    }
}

#[test]
fn versions_are_told_apart() {
    let mut bytes = sealed();
    bytes[0] = 2;
    assert_eq!(open_it(&bytes), Err(StaffBoxError::LaterVersion));
    bytes[0] = 0;
    assert_eq!(open_it(&bytes), Err(StaffBoxError::Malformed));
    assert_eq!(open_it(&[]), Err(StaffBoxError::Malformed));
}

proptest! {
    #[test]
    fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..900)) {
        prop_assert!(open_it(&bytes).is_err());
        prop_assert!(open_it(&[&[1], bytes.as_slice()].concat()).is_err());
    }

    #[test]
    fn whatever_is_shared_is_opened(payload in proptest::collection::vec(any::<u8>(), 0..2_000), random: [u8; 32]) {
        let bytes = seal_staff_box(&CONTEXT, &payload, &[colleague().public()], &device(), &random).unwrap();
        let opened = open_it(&bytes).unwrap();
        prop_assert_eq!(opened.payload.as_slice(), payload);
    }
}
