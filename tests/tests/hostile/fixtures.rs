//! What a liar can make: identities, chains and bundles, by `trust`'s own hand where it lends it.

use std::time::SystemTime;

use clinic::{ClinicKey, IssuingKey};
use ed25519_dalek::{Signer, SigningKey};
use session::Link;
use signaling_protocol::{Base64, InviteId, VisitId};
use trust::{
    Capabilities, DeviceFacts, DeviceIdentity, DeviceKeys, DeviceRole, InviteSecret, KeyFingerprint, OwnBundle,
    UnixTime, Validity, name_hash,
};

/// The secret of the clinic that all links name. The clinician's app has it in its folder.
pub(crate) const CLINIC: [u8; 32] = [7; 32];
/// Another clinic's.
pub(crate) const ANOTHER_CLINIC: [u8; 32] = [66; 32];
/// The serial of the one device of [`CLINIC`].
pub(crate) const SERIAL: u64 = 1;
pub(crate) const DAY: u64 = 86_400;

/// How a device that says to be the clinician's is certified.
#[derive(Clone)]
pub(crate) struct Papers {
    pub(crate) clinic: [u8; 32],
    pub(crate) issuer: [u8; 32],
    pub(crate) role: DeviceRole,
    pub(crate) generation: u16,
    pub(crate) counter: u16,
    pub(crate) revoked: Vec<u64>,
    /// From when, in days from now, and for how many.
    pub(crate) device_days: (i64, u64),
    pub(crate) list_days: (i64, u64),
}

impl Default for Papers {
    fn default() -> Self {
        Self {
            clinic: CLINIC,
            issuer: [8; 32],
            role: DeviceRole::Clinician,
            generation: 1,
            counter: 0,
            revoked: Vec::new(),
            device_days: (-1, 6),
            list_days: (-1, 6),
        }
    }
}

pub(crate) const NAME: &str = "Your clinician";
pub(crate) const SALT: [u8; 16] = [9; 16];

impl Papers {
    pub(crate) fn issuing_key(&self) -> IssuingKey {
        let public = IssuingKey::public_key(&self.issuer);
        let head =
            ClinicKey::from_secret(&self.clinic).certify_issuer(&public, self.generation, days(-1, 300)).unwrap();
        IssuingKey::new(&self.issuer, &head).unwrap()
    }

    fn facts(&self) -> DeviceFacts {
        let name_hash = name_hash(&SALT, NAME).unwrap();
        DeviceFacts {
            role: self.role,
            serial: SERIAL,
            validity: days(self.device_days.0, self.device_days.1),
            name_hash,
        }
    }

    /// The list of revoked devices.
    pub(crate) fn list(&self) -> Vec<u8> {
        let validity = days(self.list_days.0, self.list_days.1);
        self.issuing_key().revoke(self.counter, &self.revoked, validity).unwrap()
    }

    /// What apps are told when something is revoked.
    pub(crate) fn notice(&self) -> Base64 {
        Base64(self.issuing_key().notice(&self.list()))
    }

    /// A device with these papers.
    pub(crate) fn device(&self) -> DeviceIdentity {
        let (issuer, keys) = (self.issuing_key(), DeviceKeys::from_secret(&[13; 32]));
        let certificate = issuer.certify_device(&keys.public(), &self.facts()).unwrap();
        DeviceIdentity::new(keys, issuer.chain(&certificate, &self.list()), NAME, SALT).unwrap()
    }

    /// The bundle of that device in a visit.
    pub(crate) fn bundle(&self, visit: VisitId) -> Vec<u8> {
        OwnBundle::host([21; 64], visit, &self.device(), &Capabilities::app()).bytes().to_vec()
    }

    /// The same with a certificate for so many days that no issuing key of ours would sign it.
    pub(crate) fn bundle_for_days(&self, visit: VisitId, how_many: u64) -> Vec<u8> {
        let bundle = self.bundle(visit);
        let validity = days(-1, how_many);
        let mut forged = bundle.clone();
        let chain = bundle.len() - 64 - (32 + ISSUER_BYTES + DEVICE_BYTES + self.list().len());
        let device = chain + 32 + ISSUER_BYTES;
        let until = device + DEVICE_BYTES - 64 - 8;
        forged[until - 8..until].copy_from_slice(&validity.from.0.to_be_bytes());
        forged[until..until + 8].copy_from_slice(&validity.until.0.to_be_bytes());
        let clinic = ClinicKey::from_secret(&self.clinic).fingerprint();
        let body = forged[device..device + DEVICE_BYTES - 64].to_vec();
        let signature = SigningKey::from_bytes(&self.issuer).sign(&framed(&[b"housecall device v1", &clinic.0, &body]));
        forged[device + DEVICE_BYTES - 64..device + DEVICE_BYTES].copy_from_slice(&signature.to_bytes());
        let device_key = SigningKey::from_bytes(&derive(&[13; 32], b"housecall device signing key v1"));
        resign(&mut forged, &device_key);
        forged
    }
}

/// Signs a bundle anew that was changed.
pub(crate) fn resign(bundle: &mut [u8], key: &SigningKey) {
    let body = bundle.len() - 64;
    let signature = key.sign(&framed(&[b"housecall bundle v2", &bundle[..body]]));
    bundle[body..].copy_from_slice(&signature.to_bytes());
}

/// So many days from now on.
pub(crate) fn days(from: i64, how_many: u64) -> Validity {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
    let from = UnixTime(now.saturating_add_signed(from * DAY as i64));
    Validity { from, until: from.plus(how_many * DAY) }
}

/// The identity of the clinician's app.
pub(crate) fn stolen_device() -> DeviceIdentity {
    clinic::clinic_of_one(&CLINIC, NAME, days(0, 1).from).unwrap()
}

pub(crate) fn clinic_key(secret: &[u8; 32]) -> KeyFingerprint {
    ClinicKey::from_secret(secret).fingerprint()
}

/// The bundle of somebody who has this secret.
pub(crate) fn guest_bundle(random: u8, invite: InviteId, secret: &InviteSecret) -> Vec<u8> {
    OwnBundle::guest([random; 64], invite, secret, &Capabilities::app()).bytes().to_vec()
}

/// The bytes of a link's secret, for who stole it.
pub(crate) fn secret_bytes(link: &Link) -> [u8; 32] {
    let text = link.to_string();
    let secret = text.split("#1.").nth(1).and_then(|rest| rest.split('.').next()).unwrap();
    let bytes: Base64 = serde_json::from_value(secret.into()).unwrap();
    bytes.0.try_into().unwrap()
}

/// `framed` of docs/trust.md.
pub(crate) fn framed(parts: &[&[u8]]) -> Vec<u8> {
    let length = |part: &&[u8]| [&u32::try_from(part.len()).unwrap().to_be_bytes(), *part].concat();
    parts.iter().flat_map(length).collect()
}

/// `derive` of docs/trust.md.
pub(crate) fn derive(secret: &[u8; 32], label: &[u8]) -> [u8; 32] {
    let mut derived = [0; 32];
    hkdf::Hkdf::<sha2::Sha256>::new(None, secret).expand(label, &mut derived).unwrap();
    derived
}

const ISSUER_BYTES: usize = 115;
const DEVICE_BYTES: usize = 186;
