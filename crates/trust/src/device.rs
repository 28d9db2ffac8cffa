//! The secret keys of a staff device, and who it is.

use ed25519_dalek::{Signer, SigningKey};
use units::Phi;
use x25519_dalek::{PublicKey, StaticSecret};
use zeroize::Zeroizing;

use crate::KeyFingerprint;
use crate::certificate::{CertificateError, DeviceFacts, Epoch, Parts, name_hash};
use crate::codec::{derive, secret_debug};

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

    /// The X25519 secret, by which this device opens staff boxes.
    pub fn agreement_secret(&self) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(self.agreement.to_bytes())
    }
}

/// A staff device as it meets others: its keys, the chain that vouches for them, and its person's name.
#[derive(Clone)]
pub struct DeviceIdentity {
    /// Its secret keys: for who opens what colleagues sealed to it.
    pub keys: DeviceKeys,
    pub(crate) chain: Vec<u8>,
    pub(crate) name: Phi<String>,
    pub(crate) salt: [u8; 16],
    clinic: KeyFingerprint,
    epoch: Epoch,
    facts: DeviceFacts,
}

impl DeviceIdentity {
    /// Puts together the chain that was given for these keys and the name that was certified. Whether the chain is good *now* is
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

    /// What vouches for it: the bytes of a [`Chain`](crate::Chain).
    pub fn chain(&self) -> &[u8] {
        &self.chain
    }

    /// Signs; what is signed starts with a label of its own, so that no signature serves for two things.
    pub fn sign(&self, labelled: &[u8]) -> [u8; 64] {
        self.keys.signing.sign(labelled).to_bytes()
    }

    /// The keys by which others know this device.
    pub fn public(&self) -> DevicePublic {
        self.keys.public()
    }
}

secret_debug!(DeviceKeys, DeviceIdentity);

#[cfg(test)]
mod tests;
