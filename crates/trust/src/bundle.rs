//! The public keys that an app brings to a visit, and who vouches for them.

use std::fmt;

use ed25519_dalek::VerifyingKey;
use signaling_protocol::{InviteId, InviteKey, Role, VisitId};
use subtle::ConstantTimeEq;
use x25519_dalek::{PublicKey, StaticSecret};

use crate::{BundleError, CertificateError, HostIdentity, InviteSecret, KeyFingerprint};

/// An Ed25519 public key (RFC 8032), fresh for one join: what this endpoint will sign with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SigningKey(pub [u8; 32]);

/// An X25519 public key (RFC 7748), fresh for one join: what boxes for this endpoint will be sealed to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct AgreementKey(pub [u8; 32]);

/// A verified bundle: there is no way to make one but [`verify_guest`](Self::verify_guest) and
/// [`verify_host`](Self::verify_host).
///
/// On the wire it is a fixed sequence of bytes, so it has exactly one form:
///
/// | bytes | guest | host |
/// |---|---|---|
/// | 1 | version, 1 | version, 1 |
/// | 1 | role, 2 | role, 1 |
/// | 16 | invite | visit |
/// | 32 | – | the clinic's Ed25519 key |
/// | 32 | fresh Ed25519 key | fresh Ed25519 key |
/// | 32 | fresh X25519 key | fresh X25519 key |
/// | 64 | signature by the invite's key | signature by the clinic's key |
///
/// The signature is over a label and all that stands before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bundle {
    role: Role,
    signing: SigningKey,
    agreement: AgreementKey,
}

impl Bundle {
    /// Checks a guest's bundle: made for `invite` and signed by the key of that invite's link.
    ///
    /// # Errors
    /// Whatever does not fit; nothing of the bundle is to be used then.
    pub fn verify_guest(bytes: &[u8], invite: InviteId, key: &InviteKey) -> Result<Self, BundleError> {
        let parts = Parts::read(bytes, Role::Guest)?;
        if parts.place != invite.as_bytes() {
            return Err(BundleError::AnotherInvite);
        }
        verify(&key.0, GUEST_LABEL, &parts)?;
        Self::with_sound_keys(Role::Guest, &parts)
    }

    /// Checks a host's bundle: made for `visit` and signed by the key whose fingerprint the link carries.
    ///
    /// # Errors
    /// Whatever does not fit; nothing of the bundle is to be used then.
    pub fn verify_host(bytes: &[u8], visit: VisitId, clinic_key: &KeyFingerprint) -> Result<Self, BundleError> {
        let parts = Parts::read(bytes, Role::Host)?;
        let identity = parts.identity.ok_or(BundleError::Malformed)?;
        // First whose key it is, then what that key signed.
        if !bool::from(KeyFingerprint::of_key(identity).0.ct_eq(&clinic_key.0)) {
            return Err(CertificateError::AnotherClinic.into());
        }
        if parts.place != visit.as_bytes() {
            return Err(BundleError::AnotherVisit);
        }
        verify(identity, HOST_LABEL, &parts)?;
        Self::with_sound_keys(Role::Host, &parts)
    }

    /// Which invite a guest's bundle says it is for: to look up the key for [`verify_guest`](Self::verify_guest), and
    /// for nothing else.
    ///
    /// # Errors
    /// If it is not a guest's bundle.
    pub fn claimed_invite(bytes: &[u8]) -> Result<InviteId, BundleError> {
        Parts::read(bytes, Role::Guest).map(|parts| InviteId::from_random(*parts.place))
    }

    /// What the endpoint is.
    pub fn role(&self) -> Role {
        self.role
    }

    /// What it signs with.
    pub fn signing_key(&self) -> SigningKey {
        self.signing
    }

    /// What boxes for it are sealed to.
    pub fn agreement_key(&self) -> AgreementKey {
        self.agreement
    }

    fn with_sound_keys(role: Role, parts: &Parts<'_>) -> Result<Self, BundleError> {
        let signing = VerifyingKey::from_bytes(parts.signing).map_err(|_| BundleError::WeakKey)?;
        if signing.is_weak() {
            return Err(BundleError::WeakKey);
        }
        // A point of low order gives the same shared secret with every key (RFC 7748 section 6.1). Every scalar is a
        // multiple of eight after clamping, so any one of them shows it.
        let probe = StaticSecret::from([1; 32]).diffie_hellman(&PublicKey::from(*parts.agreement));
        if !probe.was_contributory() {
            return Err(BundleError::WeakKey);
        }
        Ok(Self { role, signing: SigningKey(*parts.signing), agreement: AgreementKey(*parts.agreement) })
    }
}

/// The secret halves of a bundle, kept by the app that made it for as long as it is in the visit.
#[derive(Clone)]
pub struct BundleKeys {
    signing: ed25519_dalek::SigningKey,
    agreement: StaticSecret,
}

impl BundleKeys {
    /// Fresh keys of these 512 bits, which the caller drew from the operating system for this one join.
    pub fn from_random(bits: [u8; 64]) -> Self {
        let (signing, agreement) = bits.split_at(32);
        let half = |bytes: &[u8]| <[u8; 32]>::try_from(bytes).expect("half of 64 bytes");
        Self {
            signing: ed25519_dalek::SigningKey::from_bytes(&half(signing)),
            agreement: StaticSecret::from(half(agreement)),
        }
    }

    /// The bundle of a guest who holds the link of `invite`.
    pub fn guest_bundle(&self, invite: InviteId, secret: &InviteSecret) -> Vec<u8> {
        let body = self.body(ROLE_GUEST, invite.as_bytes(), None);
        let signature = secret.sign(&labelled(GUEST_LABEL, &body));
        [body.as_slice(), &signature].concat()
    }

    /// The bundle of the clinician in `visit`.
    pub fn host_bundle(&self, visit: VisitId, identity: &HostIdentity) -> Vec<u8> {
        let body = self.body(ROLE_HOST, visit.as_bytes(), Some(&identity.public_key()));
        let signature = identity.sign(&labelled(HOST_LABEL, &body));
        [body.as_slice(), &signature].concat()
    }

    fn body(&self, role: u8, place: &[u8; 16], identity: Option<&[u8; 32]>) -> Vec<u8> {
        let mut body = vec![VERSION, role];
        body.extend_from_slice(place);
        body.extend_from_slice(identity.map_or(&[], |key| key.as_slice()));
        body.extend_from_slice(self.signing.verifying_key().as_bytes());
        body.extend_from_slice(PublicKey::from(&self.agreement).as_bytes());
        body
    }
}

impl fmt::Debug for BundleKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BundleKeys([secret])")
    }
}

/// The fields of a bundle's bytes, not yet verified.
struct Parts<'a> {
    place: &'a [u8; 16],
    identity: Option<&'a [u8; 32]>,
    signing: &'a [u8; 32],
    agreement: &'a [u8; 32],
    /// All that the signature is over.
    body: &'a [u8],
    signature: &'a [u8; 64],
}

impl<'a> Parts<'a> {
    fn read(bytes: &'a [u8], role: Role) -> Result<Self, BundleError> {
        match bytes.first() {
            Some(&VERSION) => {}
            Some(&version) if version > VERSION => return Err(BundleError::LaterVersion),
            _ => return Err(BundleError::Malformed),
        }
        let parts = match role {
            Role::Guest => Self::read_guest(bytes),
            Role::Host => Self::read_host(bytes),
        };
        parts.ok_or(BundleError::Malformed)
    }

    fn read_guest(bytes: &'a [u8]) -> Option<Self> {
        let (body, signature) = bytes.split_last_chunk()?;
        let rest = body.strip_prefix(&[VERSION, ROLE_GUEST])?;
        let (place, rest) = rest.split_first_chunk()?;
        let (signing, rest) = rest.split_first_chunk()?;
        let agreement = rest.try_into().ok()?;
        Some(Self { place, identity: None, signing, agreement, body, signature })
    }

    fn read_host(bytes: &'a [u8]) -> Option<Self> {
        let (body, signature) = bytes.split_last_chunk()?;
        let rest = body.strip_prefix(&[VERSION, ROLE_HOST])?;
        let (place, rest) = rest.split_first_chunk()?;
        let (identity, rest) = rest.split_first_chunk()?;
        let (signing, rest) = rest.split_first_chunk()?;
        let agreement = rest.try_into().ok()?;
        Some(Self { place, identity: Some(identity), signing, agreement, body, signature })
    }
}

/// RFC 8032 in its strict form: no weak keys, no second signature for the same message.
fn verify(key: &[u8; 32], label: &[u8], parts: &Parts<'_>) -> Result<(), BundleError> {
    let key = VerifyingKey::from_bytes(key).map_err(|_| BundleError::WrongSignature)?;
    let signature = ed25519_dalek::Signature::from_bytes(parts.signature);
    key.verify_strict(&labelled(label, parts.body), &signature).map_err(|_| BundleError::WrongSignature)
}

fn labelled(label: &[u8], body: &[u8]) -> Vec<u8> {
    [label, body].concat()
}

const VERSION: u8 = 1;
const ROLE_HOST: u8 = 1;
const ROLE_GUEST: u8 = 2;
/// Labels end in a zero byte, so none is the beginning of another.
const GUEST_LABEL: &[u8] = b"housecall guest bundle v1\0";
const HOST_LABEL: &[u8] = b"housecall host bundle v1\0";

#[cfg(test)]
mod tests;
