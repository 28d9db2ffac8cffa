//! What the admin's app makes: certificates of issuing keys and of devices, lists of revoked ones.
//!
//! `trust` compiles this file into its tests as well, and nothing else of this crate: what it verifies must come from
//! somewhere. Hence every path begins with `trust`.

use ed25519_dalek::{Signer, SigningKey};
use trust::certificate::{
    CertificateError, DEVICE_LABEL, DEVICE_SECONDS, DeviceFacts, Epoch, ISSUER_LABEL, ISSUER_SECONDS, Issuer,
    MOST_REVOKED, REVOCATION_SECONDS, REVOCATIONS_LABEL, VERSION, Validity, signing_bytes,
};
use trust::codec::{Reader, secret_debug};
use trust::{DevicePublic, KeyFingerprint};

/// The key whose fingerprint stands in every link. It certifies issuing keys and nothing else: outside of set-up and
/// recovery it need not be on any machine.
#[derive(Clone)]
pub struct ClinicKey(SigningKey);

impl ClinicKey {
    /// The key of these 32 secret bytes.
    pub fn from_secret(secret: &[u8; 32]) -> Self {
        Self(SigningKey::from_bytes(secret))
    }

    /// What links carry of it.
    pub fn fingerprint(&self) -> KeyFingerprint {
        KeyFingerprint::of_key(self.0.verifying_key().as_bytes())
    }

    /// Vouches for an issuing key. The beginning of each of its chains: the clinic's key and the certificate.
    ///
    /// # Errors
    /// [`CertificateError::TooLong`] beyond [`ISSUER_SECONDS`].
    pub fn certify_issuer(
        &self,
        issuer: &[u8; 32],
        generation: u16,
        validity: Validity,
    ) -> Result<Vec<u8>, CertificateError> {
        within(validity, ISSUER_SECONDS)?;
        let body = issuer_body(issuer, generation, validity);
        let signature = sign(&self.0, ISSUER_LABEL, &self.fingerprint(), &body);
        Ok([self.0.verifying_key().as_bytes(), body.as_slice(), &signature].concat())
    }
}

/// The key that certifies devices: with who looks after the clinic's users.
#[derive(Clone)]
pub struct IssuingKey {
    key: SigningKey,
    /// The clinic's key and the certificate.
    head: Vec<u8>,
    clinic: KeyFingerprint,
    generation: u16,
}

impl IssuingKey {
    /// The public half, for [`ClinicKey::certify_issuer`].
    pub fn public_key(secret: &[u8; 32]) -> [u8; 32] {
        SigningKey::from_bytes(secret).verifying_key().to_bytes()
    }

    /// The key of these 32 secret bytes with what [`ClinicKey::certify_issuer`] gave.
    ///
    /// # Errors
    /// If the certificate cannot be read or is another key's.
    pub fn new(secret: &[u8; 32], head: &[u8]) -> Result<Self, CertificateError> {
        let key = SigningKey::from_bytes(secret);
        let mut reader = Reader(head);
        let clinic = KeyFingerprint::of_key(reader.array().ok_or(CertificateError::Malformed)?);
        let issuer = Issuer::read(&mut reader)?;
        if issuer.key != key.verifying_key().as_bytes() || reader.end().is_none() {
            return Err(CertificateError::AnotherDevice);
        }
        Ok(Self { key, clinic, generation: issuer.generation, head: head.to_vec() })
    }

    /// Which clinic's.
    pub fn clinic(&self) -> KeyFingerprint {
        self.clinic
    }

    /// A device's certificate; see [`chain`](Self::chain).
    ///
    /// # Errors
    /// [`CertificateError::TooLong`] beyond [`DEVICE_SECONDS`].
    pub fn certify_device(&self, keys: &DevicePublic, facts: &DeviceFacts) -> Result<Vec<u8>, CertificateError> {
        within(facts.validity, DEVICE_SECONDS)?;
        Ok(self.signed(DEVICE_LABEL, device_body(keys, facts)))
    }

    /// The statement that these are revoked, and no others whose certificates are not over: ascending serials, at most
    /// [`MOST_REVOKED`]. To be made anew before it is over, with a higher counter when something was added.
    ///
    /// # Errors
    /// [`CertificateError::TooLong`] beyond [`REVOCATION_SECONDS`]; [`CertificateError::Malformed`] for another list.
    pub fn revoke(&self, counter: u16, serials: &[u64], validity: Validity) -> Result<Vec<u8>, CertificateError> {
        within(validity, REVOCATION_SECONDS)?;
        if serials.len() > MOST_REVOKED || !serials.is_sorted_by(|a, b| a < b) {
            return Err(CertificateError::Malformed);
        }
        let epoch = Epoch::new(self.generation, counter);
        Ok(self.signed(REVOCATIONS_LABEL, revocations_body(epoch, validity, serials)))
    }

    /// What a device shows: the clinic's key, this key's certificate, its own, and the newest revocations.
    pub fn chain(&self, device: &[u8], revocations: &[u8]) -> Vec<u8> {
        [&self.head, device, revocations].concat()
    }

    /// What is told to everybody when something was revoked: the clinic's key, this key's certificate, the statement.
    pub fn notice(&self, revocations: &[u8]) -> Vec<u8> {
        [&self.head, revocations].concat()
    }

    fn signed(&self, label: &[u8], body: Vec<u8>) -> Vec<u8> {
        let signature = sign(&self.key, label, &self.clinic, &body);
        [body.as_slice(), &signature].concat()
    }
}

secret_debug!(ClinicKey, IssuingKey);

fn within(validity: Validity, seconds: u64) -> Result<(), CertificateError> {
    if validity.is_at_most(seconds) { Ok(()) } else { Err(CertificateError::TooLong) }
}

fn sign(key: &SigningKey, label: &[u8], clinic: &KeyFingerprint, body: &[u8]) -> [u8; 64] {
    key.sign(&signing_bytes(label, clinic, body)).to_bytes()
}

pub(crate) fn issuer_body(key: &[u8; 32], generation: u16, validity: Validity) -> Vec<u8> {
    let mut body = vec![VERSION];
    body.extend_from_slice(key);
    body.extend_from_slice(&generation.to_be_bytes());
    body.extend_from_slice(&seconds(validity));
    body
}

pub(crate) fn device_body(keys: &DevicePublic, facts: &DeviceFacts) -> Vec<u8> {
    let mut body = vec![VERSION];
    for part in [&keys.signing, &keys.agreement, &facts.name_hash] {
        body.extend_from_slice(part);
    }
    body.push(facts.role as u8);
    body.extend_from_slice(&facts.serial.to_be_bytes());
    body.extend_from_slice(&seconds(facts.validity));
    body
}

pub(crate) fn revocations_body(epoch: Epoch, validity: Validity, serials: &[u64]) -> Vec<u8> {
    let mut body = vec![VERSION];
    body.extend_from_slice(&epoch.0.to_be_bytes());
    body.extend_from_slice(&seconds(validity));
    body.push(serials.len() as u8);
    for serial in serials {
        body.extend_from_slice(&serial.to_be_bytes());
    }
    body
}

fn seconds(validity: Validity) -> Vec<u8> {
    [validity.from, validity.until].map(|time| time.0.to_be_bytes()).concat()
}
