//! To whose devices a visit's card is sealed. Every device is believed by its chain alone, never by the server's word.

use signaling_protocol::{Device, StaffId};
use trust::{CertificateError, Chain, DeviceIdentity, DeviceRole, Expected, UnixTime};
use units::Phi;

/// A colleague's device that the clinic vouches for today.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Colleague {
    /// Whose, by the server's word: what is sealed to a device stays with the device, whoever it is said to belong to.
    pub staff: StaffId,
    /// The name of the account, likewise.
    pub account: Option<Phi<String>>,
    /// What the clinic certified it for.
    pub role: DeviceRole,
    /// To what boxes for it are sealed.
    pub agreement: [u8; 32],
}

/// Bytes of a chain before the device's certificate: the clinic's key and its certificate for the issuing key.
const HEAD_BYTES: usize = 147;
/// Bytes of a device's certificate.
const CERTIFICATE_BYTES: usize = 186;

/// Those of these devices that the clinic vouches for: by the same issuing key as for our own, and on no list of revoked
/// ones that we know.
pub fn verified(devices: &[Device], own: &DeviceIdentity, now: UnixTime) -> Vec<Colleague> {
    let verified = devices.iter().filter_map(|device| {
        let chain = chain_of(device, own, now).ok()?;
        Some(Colleague {
            staff: device.staff,
            account: device.account.clone(),
            role: chain.facts.role,
            agreement: chain.agreement,
        })
    });
    verified.collect()
}

/// The chain by which the clinic vouches for a device, as far as our own device knows the clinic: by the same issuing key as for
/// us, and on no list of revoked ones that we know.
pub(crate) fn chain_of(device: &Device, own: &DeviceIdentity, now: UnixTime) -> Result<Chain, CertificateError> {
    let parts = own.chain().split_at_checked(HEAD_BYTES);
    let parts = parts.and_then(|(head, rest)| rest.get(CERTIFICATE_BYTES..).map(|revocations| (head, revocations)));
    let (head, revocations) = parts.ok_or(CertificateError::Malformed)?;
    if device.issuer.0 != head {
        return Err(CertificateError::AnotherGeneration);
    }
    let expected = Expected { clinic: own.clinic(), least_epoch: own.epoch(), role: None, now };
    Chain::verify(&[head, &device.certificate.0, revocations].concat(), &expected)
}

/// The devices that read the card of a visit: our own, the front desk's, and those of its clinician, or of every clinician
/// where it is nobody's yet.
pub fn readers(colleagues: &[Colleague], own: &DeviceIdentity, clinician: Option<StaffId>) -> Vec<[u8; 32]> {
    let reads = |one: &&Colleague| match one.role {
        DeviceRole::FrontDesk => true,
        DeviceRole::Clinician => clinician.is_none_or(|clinician| one.staff == clinician),
        DeviceRole::Admin | DeviceRole::Auditor => false,
    };
    let mut readers = vec![own.public().agreement];
    readers.extend(colleagues.iter().filter(reads).map(|one| one.agreement));
    readers.sort_unstable();
    readers.dedup();
    readers
}

#[cfg(test)]
mod tests {
    use clinic::{ClinicKey, IssuingKey};
    use signaling_protocol::{Base64, DeviceId};
    use trust::{DeviceFacts, DeviceKeys, Validity, name_hash};

    use super::*;

    const NOW: UnixTime = UnixTime(1_800_000_000);

    struct Clinic {
        issuer: IssuingKey,
        head: Vec<u8>,
        revoked: Vec<u8>,
        validity: Validity,
    }

    impl Clinic {
        fn new(secret: u8, revoked: &[u64]) -> Self {
            let validity = Validity { from: NOW, until: NOW.plus(86_400) };
            let key = ClinicKey::from_secret(&[secret; 32]);
            let head = key.certify_issuer(&IssuingKey::public_key(&[2; 32]), 1, validity).unwrap();
            let issuer = IssuingKey::new(&[2; 32], &head).unwrap();
            let revoked = issuer.revoke(1, revoked, validity).unwrap();
            Self { issuer, head, revoked, validity }
        }

        fn certificate(&self, keys: &DeviceKeys, role: DeviceRole, serial: u64) -> Vec<u8> {
            let name_hash = name_hash(&[4; 16], "Somebody").unwrap();
            let facts = DeviceFacts { role, serial, validity: self.validity, name_hash };
            self.issuer.certify_device(&keys.public(), &facts).unwrap()
        }

        fn own(&self, role: DeviceRole) -> DeviceIdentity {
            let keys = DeviceKeys::from_secret(&[1; 32]);
            let chain = self.issuer.chain(&self.certificate(&keys, role, 1), &self.revoked);
            DeviceIdentity::new(keys, chain, "Somebody", [4; 16]).unwrap()
        }

        fn listed(&self, number: u8, role: DeviceRole) -> Device {
            let keys = DeviceKeys::from_secret(&[number; 32]);
            Device {
                device: DeviceId::from_random([number; 16]),
                staff: StaffId::from_random([number; 16]),
                account: None,
                request: Base64(Vec::new()),
                revision: 1,
                issuer: Base64(self.head.clone()),
                certificate: Base64(self.certificate(&keys, role, number.into())),
            }
        }
    }

    #[test]
    fn only_devices_that_the_clinic_vouches_for_are_colleagues() {
        let clinic = Clinic::new(1, &[13]);
        let own = clinic.own(DeviceRole::FrontDesk);
        let good = clinic.listed(11, DeviceRole::Clinician);
        let another = Clinic::new(9, &[]).listed(12, DeviceRole::Clinician);
        let revoked = clinic.listed(13, DeviceRole::Clinician);
        let mut forged = clinic.listed(14, DeviceRole::Clinician);
        forged.certificate.0[40] ^= 1;
        let short = Device { certificate: Base64(vec![1; 10]), ..clinic.listed(15, DeviceRole::Clinician) };
        let found = verified(&[good.clone(), another, revoked, forged, short], &own, NOW);
        assert_eq!(found.iter().map(|one| one.staff).collect::<Vec<_>>(), [good.staff]);
        assert_eq!(found[0].agreement, DeviceKeys::from_secret(&[11; 32]).public().agreement);
        assert!(verified(&[good], &own, NOW.plus(90_000)).is_empty(), "tomorrow it is over");
    }

    #[test]
    fn a_card_is_for_its_clinician_and_the_front_desk() {
        let clinic = Clinic::new(1, &[]);
        let own = clinic.own(DeviceRole::FrontDesk);
        let roles = [
            (11, DeviceRole::Clinician),
            (12, DeviceRole::Clinician),
            (13, DeviceRole::FrontDesk),
            (14, DeviceRole::Admin),
            (15, DeviceRole::Auditor),
        ];
        let devices: Vec<_> = roles.into_iter().map(|(number, role)| clinic.listed(number, role)).collect();
        let colleagues = verified(&devices, &own, NOW);
        assert_eq!(colleagues.len(), 5);
        let of = |number: u8| DeviceKeys::from_secret(&[number; 32]).public().agreement;
        let sorted = |numbers: &[u8]| {
            let mut keys: Vec<_> = numbers.iter().map(|number| of(*number)).collect();
            keys.sort_unstable();
            keys
        };
        let clinician = Some(StaffId::from_random([11; 16]));
        assert_eq!(readers(&colleagues, &own, clinician), sorted(&[1, 11, 13]));
        assert_eq!(readers(&colleagues, &own, None), sorted(&[1, 11, 12, 13]));
    }
}
