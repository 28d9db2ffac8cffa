//! The secret keys of a clinic and of its devices, and what they sign.

use ed25519_dalek::{Signer, SigningKey};
use units::Phi;
use x25519_dalek::{PublicKey, StaticSecret};

use crate::KeyFingerprint;
use crate::certificate::{
    self, CertificateError, DEVICE_SECONDS, DeviceFacts, DeviceRole, Epoch, ISSUER_SECONDS, MOST_REVOKED, Parts,
    REVOCATION_SECONDS, UnixTime, Validity, name_hash, parts::Issuer, signing_bytes,
};
use crate::codec::{Reader, derive, secret_debug};

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
        let body = certificate::issuer_body(issuer, generation, validity);
        let signature = sign(&self.0, certificate::ISSUER_LABEL, &self.fingerprint(), &body);
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
        Ok(self.signed(certificate::DEVICE_LABEL, certificate::device_body(keys, facts)))
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
        Ok(self.signed(certificate::REVOCATIONS_LABEL, certificate::revocations_body(epoch, validity, serials)))
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

/// The public keys of a device: what it asks a certificate for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DevicePublic {
    /// Ed25519: signs bundles and staff boxes.
    pub signing: [u8; 32],
    /// X25519: staff boxes are sealed to it.
    pub agreement: [u8; 32],
}

/// The secret keys of a staff device, derived from one secret that its keyring keeps.
#[derive(Clone)]
pub struct DeviceKeys {
    pub(crate) signing: SigningKey,
    pub(crate) agreement: StaticSecret,
}

impl DeviceKeys {
    /// The keys of these 32 secret bytes, which the caller drew from the operating system and keeps.
    pub fn from_secret(secret: &[u8; 32]) -> Self {
        Self {
            signing: SigningKey::from_bytes(&derive(secret, b"housecall device signing key v1")),
            agreement: StaticSecret::from(*derive(secret, b"housecall device agreement key v1")),
        }
    }

    /// What a certificate is asked for.
    pub fn public(&self) -> DevicePublic {
        DevicePublic {
            signing: self.signing.verifying_key().to_bytes(),
            agreement: PublicKey::from(&self.agreement).to_bytes(),
        }
    }
}

/// A staff device as it meets others: its keys, the chain that vouches for them, and its person's name.
#[derive(Clone)]
pub struct DeviceIdentity {
    pub(crate) keys: DeviceKeys,
    pub(crate) chain: Vec<u8>,
    pub(crate) name: Phi<String>,
    pub(crate) salt: [u8; 16],
    clinic: KeyFingerprint,
    epoch: Epoch,
    facts: DeviceFacts,
}

impl DeviceIdentity {
    /// Puts together what [`IssuingKey::chain`] gave and the name that was certified. Whether the chain is good *now* is
    /// for others to check, with [`Chain::verify`](crate::Chain::verify).
    ///
    /// # Errors
    /// If the chain cannot be read, or if keys or name are not those that were certified.
    pub fn new(keys: DeviceKeys, chain: Vec<u8>, name: &str, salt: [u8; 16]) -> Result<Self, CertificateError> {
        let parts = Parts::read(&chain)?;
        let public = keys.public();
        if (parts.device.signing, parts.device.agreement) != (&public.signing, &public.agreement) {
            return Err(CertificateError::AnotherDevice);
        }
        if name_hash(&salt, name) != Some(parts.device.facts.name_hash) {
            return Err(CertificateError::AnotherName);
        }
        let (clinic, epoch, facts) = (KeyFingerprint::of_key(parts.clinic), parts.epoch(), parts.device.facts);
        Ok(Self { keys, name: Phi::new(name.to_owned()), salt, clinic, epoch, facts, chain })
    }

    /// A practice of one person on one machine: clinic, issuing and device key of one secret, certified anew at each
    /// start. Links keep working as long as the secret is kept.
    ///
    /// # Errors
    /// [`CertificateError::AnotherName`] for a name that cannot be certified.
    pub fn clinic_of_one(secret: &[u8; 32], name: &str, now: UnixTime) -> Result<Self, CertificateError> {
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
        Self::new(keys, chain, name, salt)
    }

    /// The clinic: what links carry.
    pub fn clinic(&self) -> KeyFingerprint {
        self.clinic
    }

    /// Of the revocations that this device shows: what links carry.
    pub fn epoch(&self) -> Epoch {
        self.epoch
    }

    /// What is certified.
    pub fn facts(&self) -> &DeviceFacts {
        &self.facts
    }

    /// The keys by which others know this device.
    pub fn public(&self) -> DevicePublic {
        self.keys.public()
    }
}

secret_debug!(ClinicKey, IssuingKey, DeviceKeys, DeviceIdentity);

fn within(validity: Validity, seconds: u64) -> Result<(), CertificateError> {
    if validity.is_at_most(seconds) { Ok(()) } else { Err(CertificateError::TooLong) }
}

fn sign(key: &SigningKey, label: &[u8], clinic: &KeyFingerprint, body: &[u8]) -> [u8; 64] {
    key.sign(&signing_bytes(label, clinic, body)).to_bytes()
}

#[cfg(test)]
mod tests;
