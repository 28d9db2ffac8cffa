//! What an issuing key signs, and what it will not sign.

use trust::certificate::{DEVICE_SECONDS, ISSUER_SECONDS, MOST_REVOKED, REVOCATION_SECONDS};
use trust::{CertificateError, Chain, DeviceFacts, Epoch, Expected, Notice, Validity};

use crate::fixtures::*;
use crate::{ClinicKey, IssuingKey};

fn expected() -> Expected {
    Expected { clinic: clinic().fingerprint(), least_epoch: Epoch::default(), role: None, now: NOW }
}

/// The clinic's key and the certificate of this issuing key.
fn head(validity: Validity) -> Result<Vec<u8>, CertificateError> {
    clinic().certify_issuer(&IssuingKey::public_key(&[12; 32]), 3, validity)
}

#[test]
fn a_device_is_vouched_for_as_what_it_is() {
    let chain = Chain::verify(&chain_with(&facts()), &expected()).unwrap();
    assert_eq!((chain.facts, chain.epoch), (facts(), Epoch::new(3, 5)));
    assert_eq!(device().public(), device_keys().public());
}

#[test]
fn nothing_is_signed_for_longer_than_a_chain_may_last() {
    let too_long = Some(CertificateError::TooLong);
    for (seconds, error) in [(ISSUER_SECONDS, None), (ISSUER_SECONDS + 1, too_long)] {
        assert_eq!(head(around_now(seconds)).err(), error);
    }
    for (seconds, error) in [(DEVICE_SECONDS, None), (DEVICE_SECONDS + 1, too_long)] {
        let facts = DeviceFacts { validity: around_now(seconds), ..facts() };
        assert_eq!(issuer().certify_device(&device_keys().public(), &facts).err(), error);
    }
    for (seconds, error) in [(REVOCATION_SECONDS, None), (REVOCATION_SECONDS + 1, too_long)] {
        assert_eq!(issuer().revoke(5, &[], around_now(seconds)).err(), error);
    }
}

#[test]
fn a_list_of_revoked_devices_is_in_order_without_doubles_and_no_longer_than_is_read() {
    let revoke = |serials: &[u64]| issuer().revoke(5, serials, around_now(REVOCATION_SECONDS));
    let full: Vec<u64> = (0..MOST_REVOKED as u64).collect();
    let notice = issuer().notice(&revoke(&full).unwrap());
    let read = Notice::verify(&notice, &expected()).unwrap();
    assert_eq!(read.epoch(), Epoch::new(3, 5));
    let longer: Vec<u64> = (0..=MOST_REVOKED as u64).collect();
    for wrong in [longer.as_slice(), &[2, 1], &[1, 1]] {
        assert_eq!(revoke(wrong), Err(CertificateError::Malformed), "{} serials", wrong.len());
    }
}

#[test]
fn an_issuing_key_is_made_with_its_own_certificate_and_nothing_after_it() {
    let head = head(around_now(ISSUER_SECONDS)).unwrap();
    assert_eq!(IssuingKey::new(&[12; 32], &head).unwrap().clinic(), clinic().fingerprint());
    assert_eq!(IssuingKey::new(&[13; 32], &head).err(), Some(CertificateError::AnotherDevice));
    let longer = [head.as_slice(), &[0]].concat();
    assert_eq!(IssuingKey::new(&[12; 32], &longer).err(), Some(CertificateError::AnotherDevice));
    for length in [0, 31, 32, head.len() - 1] {
        assert_eq!(IssuingKey::new(&[12; 32], &head[..length]).err(), Some(CertificateError::Malformed), "{length}");
    }
}

#[test]
fn keys_do_not_print_themselves() {
    assert_eq!(format!("{:?}", ClinicKey::from_secret(&[7; 32])), "ClinicKey([secret])");
    assert_eq!(format!("{:?}", issuer()), "IssuingKey([secret])");
}
