//! Devices that were met before: recognised, or seen to have changed.

use std::fmt;

use ed25519_dalek::{Signer, SigningKey};

use crate::KeyFingerprint;
use crate::codec::derive;

/// The key by which one clinic knows a patient's device. Another clinic knows another key, so that no two of them can
/// tell that it is the same patient.
#[derive(Clone)]
pub struct PatientDevice(SigningKey);

impl PatientDevice {
    /// The key for this clinic, of the 32 secret bytes that the device keeps.
    pub fn for_clinic(secret: &[u8; 32], clinic: &KeyFingerprint) -> Self {
        let label = [b"housecall patient device v1".as_slice(), &clinic.0].concat();
        Self(SigningKey::from_bytes(&derive(secret, &label)))
    }

    pub(crate) fn public_key(&self) -> [u8; 32] {
        self.0.verifying_key().to_bytes()
    }

    pub(crate) fn sign(&self, labelled: &[u8]) -> [u8; 64] {
        self.0.sign(labelled).to_bytes()
    }
}

impl fmt::Debug for PatientDevice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PatientDevice([secret])")
    }
}
