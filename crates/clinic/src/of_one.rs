//! A clinic of one person and one machine.

use trust::certificate::DEVICE_SECONDS;
use trust::codec::derive;
use trust::{CertificateError, DeviceFacts, DeviceIdentity, DeviceKeys, DeviceRole, UnixTime, Validity, name_hash};

use crate::{ClinicKey, IssuingKey};

/// A practice of one person on one machine: clinic, issuing and device key of one secret, certified anew at each
/// start. Links keep working as long as the secret is kept.
///
/// # Errors
/// [`CertificateError::AnotherName`] for a name that cannot be certified.
pub fn clinic_of_one(secret: &[u8; 32], name: &str, now: UnixTime) -> Result<DeviceIdentity, CertificateError> {
    let clinic = ClinicKey::from_secret(secret);
    let issuer = derive(secret, b"housecall issuing key of one v1");
    let keys = DeviceKeys::from_secret(&derive(secret, b"housecall device of one v1"));
    let salt = *derive(secret, b"housecall name salt of one v1").first_chunk().expect("16 of 32 bytes");
    // A patient's clock may be behind ours.
    let from = UnixTime(now.0.saturating_sub(3_600));
    let validity = Validity { from, until: from.plus(DEVICE_SECONDS) };
    let name_hash = name_hash(&salt, name).ok_or(CertificateError::AnotherName)?;
    let facts = DeviceFacts { role: DeviceRole::Clinician, serial: 1, validity, name_hash };
    let issuer = IssuingKey::new(&issuer, &clinic.certify_issuer(&IssuingKey::public_key(&issuer), 1, validity)?)?;
    let chain = issuer.chain(&issuer.certify_device(&keys.public(), &facts)?, &issuer.revoke(0, &[], validity)?);
    DeviceIdentity::new(keys, chain, name, salt)
}

#[cfg(test)]
mod tests {
    use trust::{Chain, Epoch, Expected};

    use super::*;

    const NAME: &str = "Dr Grace Hopper";
    const NOW: UnixTime = UnixTime(1_800_000_000);

    #[test]
    fn a_clinic_of_one_vouches_for_itself_for_a_week() {
        let device = clinic_of_one(&[7; 32], NAME, NOW).unwrap();
        // Links that are out there keep working: the clinic's key is the secret itself, as it was before there were devices.
        assert_eq!(device.clinic(), ClinicKey::from_secret(&[7; 32]).fingerprint());
        assert_eq!(device.epoch(), Epoch::new(1, 0));
        let expected = |now| Expected { clinic: device.clinic(), least_epoch: device.epoch(), role: None, now };
        for now in [UnixTime(NOW.0 - 3_600), NOW, NOW.plus(7 * 86_400 - 3_600)] {
            assert_eq!(Chain::verify(device.chain(), &expected(now)).unwrap().facts.role, DeviceRole::Clinician);
        }
        let over = Chain::verify(device.chain(), &expected(NOW.plus(7 * 86_400 - 3_599)));
        assert_eq!(over, Err(CertificateError::Expired));
        let again = clinic_of_one(&[7; 32], NAME, NOW.plus(86_400)).unwrap();
        assert_eq!(again.public(), device.public(), "who remembers the device knows it again");
        assert_eq!(clinic_of_one(&[7; 32], "", NOW).err(), Some(CertificateError::AnotherName));
    }
}
