//! The secret in a link, and the key that is made from it.

use ed25519_dalek::{Signer, SigningKey};
use signaling_protocol::{Challenge, InviteId, InviteKey, Signature, join_signing_bytes, measure_signing_bytes};
use subtle::ConstantTimeEq;
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::base64url;
use crate::codec::{derive, secret_debug};

/// 256 random bits that only the clinic's app and whoever holds the link know. The server never sees them.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct InviteSecret([u8; 32]);

impl InviteSecret {
    /// The secret of these 256 bits, which the caller drew from the operating system.
    pub const fn from_random(bits: [u8; 32]) -> Self {
        Self(bits)
    }

    /// What the server is told: the public half of the key that joins.
    pub fn invite_key(&self) -> InviteKey {
        InviteKey(self.signing_key().verifying_key().to_bytes())
    }

    /// Proves to the server that the link is held, for this invite, this challenge and this bundle.
    pub fn sign_join(&self, invite: InviteId, challenge: &Challenge, bundle: &[u8]) -> Signature {
        Signature(self.sign(&join_signing_bytes(invite, challenge, bundle)))
    }

    /// Proves to the server that the link is held, for measuring the way to it: this joins nothing.
    pub fn sign_measure(&self, invite: InviteId, challenge: &Challenge) -> Signature {
        Signature(self.sign(&measure_signing_bytes(invite, challenge)))
    }

    /// Signs; what is signed starts with a label of its own, so that no signature serves for two things.
    pub(crate) fn sign(&self, labelled: &[u8]) -> [u8; 64] {
        self.signing_key().sign(labelled).to_bytes()
    }

    /// As a link carries it: whoever reads this may knock.
    pub(crate) fn to_link_text(&self) -> String {
        base64url::encode_32(&self.0)
    }

    /// As a link carries it.
    pub(crate) fn from_link_text(text: &str) -> Option<Self> {
        base64url::decode_32(text).map(Self)
    }

    /// What both sides seal with, beside their fresh keys: nobody without the link can open, whatever becomes of X25519.
    pub fn psk(&self) -> Psk {
        Psk(*derive(&self.0, PSK_LABEL))
    }

    fn signing_key(&self) -> SigningKey {
        SigningKey::from_bytes(&derive(&self.0, b"housecall invite key v1"))
    }
}

/// The pre-shared key of HPKE's PSK mode: 256 uniform bits and never a password (RFC 9180 section 9.5).
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct Psk([u8; 32]);

impl Psk {
    pub(crate) fn bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

secret_debug!(Psk, InviteSecret);

impl PartialEq for InviteSecret {
    /// In constant time.
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl Eq for InviteSecret {}

const PSK_LABEL: &[u8] = b"housecall psk v1";

#[cfg(test)]
mod tests {
    use ed25519_dalek::VerifyingKey;
    use hkdf::Hkdf;
    use sha2::Sha256;

    use super::*;

    #[test]
    fn the_signature_fits_the_public_key_and_nothing_but_what_was_signed() {
        let secret = InviteSecret::from_random([5; 32]);
        let invite = InviteId::from_random([1; 16]);
        let challenge = Challenge([2; 48]);
        let signature = ed25519_dalek::Signature::from_bytes(&secret.sign_join(invite, &challenge, b"bundle").0);
        let key = VerifyingKey::from_bytes(&secret.invite_key().0).expect("a key");
        let fits = |invite, challenge: &Challenge, bundle: &[u8]| {
            key.verify_strict(&join_signing_bytes(invite, challenge, bundle), &signature).is_ok()
        };
        assert!(fits(invite, &challenge, b"bundle"));
        assert!(!fits(InviteId::from_random([9; 16]), &challenge, b"bundle"));
        assert!(!fits(invite, &Challenge([3; 48]), b"bundle"));
        assert!(!fits(invite, &challenge, b"another bundle"));
    }

    #[test]
    fn the_key_is_derived_as_the_specification_says() {
        // HKDF-SHA256 without salt and the label of this version: links that are out there must keep working.
        let mut seed = [0; 32];
        Hkdf::<Sha256>::new(None, &[5; 32]).expand(b"housecall invite key v1", &mut seed).expect("short");
        let key = SigningKey::from_bytes(&seed).verifying_key().to_bytes();
        assert_eq!(InviteSecret::from_random([5; 32]).invite_key(), InviteKey(key));
        assert_ne!(seed, [5; 32]);
    }

    #[test]
    fn the_pre_shared_key_is_derived_as_the_specification_says_and_is_not_the_invites_key() {
        let mut psk = [0; 32];
        Hkdf::<Sha256>::new(None, &[5; 32]).expand(b"housecall psk v1", &mut psk).expect("short");
        assert_eq!(InviteSecret::from_random([5; 32]).psk().bytes(), &psk);
        assert_ne!(
            SigningKey::from_bytes(&psk).verifying_key().to_bytes(),
            InviteSecret::from_random([5; 32]).invite_key().0
        );
        assert_eq!(format!("{:?}", InviteSecret::from_random([5; 32]).psk()), "Psk([secret])");
    }

    #[test]
    fn a_secret_never_prints_itself() {
        let secret = InviteSecret::from_random([b'S'; 32]);
        assert_eq!(format!("{secret:?} {secret:#?}"), "InviteSecret([secret]) InviteSecret([secret])");
    }
}
