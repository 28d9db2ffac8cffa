//! The clinic's key, by which a patient's app knows its clinician.

use std::fmt;

use ed25519_dalek::{Signer, SigningKey};

use crate::KeyFingerprint;

/// An Ed25519 key (RFC 8032) that signs the host's bundle. Its fingerprint stands in every link.
///
/// For now the clinic's key and the host's device are one; an issuing key and device certificates of at most seven days
/// will stand between them.
pub struct HostIdentity(SigningKey);

impl HostIdentity {
    /// The identity of these 32 secret bytes, which the caller drew from the operating system and keeps.
    pub fn from_secret(secret: &[u8; 32]) -> Self {
        Self(SigningKey::from_bytes(secret))
    }

    /// Its public half.
    pub fn public_key(&self) -> [u8; 32] {
        self.0.verifying_key().to_bytes()
    }

    /// What links carry of it.
    pub fn fingerprint(&self) -> KeyFingerprint {
        KeyFingerprint::of_key(&self.public_key())
    }

    /// Signs; what is signed starts with a label of its own, so that no signature serves for two things.
    pub(crate) fn sign(&self, labelled: &[u8]) -> [u8; 64] {
        self.0.sign(labelled).to_bytes()
    }
}

impl Clone for HostIdentity {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl fmt::Debug for HostIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HostIdentity({})", self.fingerprint())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identity_is_its_secret_and_does_not_print_it() {
        let identity = HostIdentity::from_secret(&[7; 32]);
        assert_eq!(identity.fingerprint(), HostIdentity::from_secret(&[7; 32]).fingerprint());
        assert_ne!(identity.fingerprint(), HostIdentity::from_secret(&[8; 32]).fingerprint());
        assert_eq!(format!("{identity:?}"), format!("HostIdentity({})", identity.fingerprint()));
    }
}
