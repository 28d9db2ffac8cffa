//! The public keys that an app brings to one join, what it can do, and who vouches for both.

use ed25519_dalek::{Signer, SigningKey, VerifyingKey};
use signaling_protocol::{InviteId, InviteKey, Role, VisitId};
use units::Phi;
use x25519_dalek::{PublicKey, StaticSecret};

use crate::certificate::{CertificateError, Chain, DeviceRole, Expected};
use crate::codec::{Reader, framed, hash, is_signed, secret_debug};
use crate::{Capabilities, DeviceIdentity, InviteSecret};

/// The SHA-256 of a whole bundle: two endpoints are the same if these are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BundleId(pub [u8; 32]);

impl BundleId {
    fn of(bytes: &[u8]) -> Self {
        Self(hash(&[ID_LABEL, bytes]))
    }
}

/// Our bundle, and the secrets behind its keys: fresh for each join, forgotten with it.
#[derive(Clone)]
pub struct OwnBundle {
    pub(crate) bytes: Vec<u8>,
    pub(crate) role: Role,
    pub(crate) signing: SigningKey,
    pub(crate) agreement: StaticSecret,
    pub(crate) capabilities: Capabilities,
    /// A host's name and its salt, to be opened inside the seal.
    pub(crate) name: Option<(Phi<String>, [u8; 16])>,
}

impl OwnBundle {
    /// The bundle of a guest who holds the link of `invite`. `random` was drawn from the operating system for this join.
    pub fn guest(random: [u8; 64], invite: InviteId, secret: &InviteSecret, capabilities: &Capabilities) -> Self {
        let (signing, agreement) = keys(&random);
        let mut bytes = body(GUEST, invite.as_bytes(), &signing, &agreement, capabilities);
        let signature = secret.sign(&framed(&[LABEL, &bytes]));
        bytes.extend_from_slice(&signature);
        Self { bytes, role: Role::Guest, signing, agreement, capabilities: capabilities.clone(), name: None }
    }

    /// The bundle of a clinician's device in `visit`.
    pub fn host(random: [u8; 64], visit: VisitId, device: &DeviceIdentity, capabilities: &Capabilities) -> Self {
        let (signing, agreement) = keys(&random);
        let mut bytes = body(HOST, visit.as_bytes(), &signing, &agreement, capabilities);
        bytes.extend_from_slice(&device.chain);
        let signature = device.sign(&framed(&[LABEL, &bytes]));
        bytes.extend_from_slice(&signature);
        let name = Some((device.name.clone(), device.salt));
        Self { bytes, role: Role::Host, signing, agreement, capabilities: capabilities.clone(), name }
    }

    /// What the server shows to the others.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// By what others know it.
    pub fn id(&self) -> BundleId {
        BundleId::of(&self.bytes)
    }

    /// Signs what is said to the clinic's audit log of a connection.
    pub fn sign_receipt(&self, record: &[u8]) -> [u8; 64] {
        self.signing.sign(&[RECEIPT_LABEL, record].concat()).to_bytes()
    }
}

/// Another's bundle, verified: there is no way to make one but [`verify_guest`](Self::verify_guest) and
/// [`verify_host`](Self::verify_host).
///
/// | bytes | guest | host |
/// |---|---|---|
/// | 1 | version, 2 | version, 2 |
/// | 1 | role, 2 | role, 1 |
/// | 16 | invite | visit |
/// | 32 | fresh Ed25519 key | fresh Ed25519 key |
/// | 32 | fresh X25519 key | fresh X25519 key |
/// | 5 + 2 n | versions spoken, 2 and 2; count; ascending [capabilities](crate::Capability), 2 each | the same |
/// | 419 to 931 | – | the device's [`Chain`] |
/// | 64 | signature by the invite's key | signature by the device's key |
///
/// The signature is over a label and all that stands before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PeerBundle {
    pub(crate) bytes: Vec<u8>,
    pub(crate) role: Role,
    pub(crate) signing: [u8; 32],
    pub(crate) agreement: [u8; 32],
    pub(crate) capabilities: Capabilities,
    /// A host's.
    pub(crate) chain: Option<Chain>,
}

impl PeerBundle {
    /// Checks a guest's bundle: made for `invite` and signed by the key of that invite's link.
    ///
    /// # Errors
    /// Whatever does not fit; nothing of the bundle is to be used then.
    pub fn verify_guest(bytes: &[u8], invite: InviteId, key: &InviteKey) -> Result<Self, BundleError> {
        let parts = Parts::read(bytes, GUEST)?;
        if parts.place != invite.as_bytes() {
            return Err(BundleError::AnotherInvite);
        }
        parts.verified(bytes, Role::Guest, &key.0, None)
    }

    /// Checks a host's bundle: made for `visit` by a clinician's device whose chain is what the link expects. (Whatever
    /// role `expected` wants: only a clinician may host.)
    ///
    /// # Errors
    /// Whatever does not fit; nothing of the bundle is to be used then.
    pub fn verify_host(bytes: &[u8], visit: VisitId, expected: &Expected) -> Result<Self, BundleError> {
        let parts = Parts::read(bytes, HOST)?;
        // First whose key it is, then what that key signed.
        let chain = Chain::verify(parts.chain, &Expected { role: Some(DeviceRole::Clinician), ..*expected })?;
        if parts.place != visit.as_bytes() {
            return Err(BundleError::AnotherVisit);
        }
        let device = chain.signing;
        parts.verified(bytes, Role::Host, &device, Some(chain))
    }

    /// Which invite a guest's bundle says it is for: to look up the key for [`verify_guest`](Self::verify_guest), and
    /// for nothing else.
    ///
    /// # Errors
    /// If it is not a guest's bundle.
    pub fn claimed_invite(bytes: &[u8]) -> Result<InviteId, BundleError> {
        Parts::read(bytes, GUEST).map(|parts| InviteId::from_random(*parts.place))
    }

    /// By what it is told from others.
    pub fn id(&self) -> BundleId {
        BundleId::of(&self.bytes)
    }

    /// What its app can do, by its own word.
    pub fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    /// A host's device and its clinic.
    pub fn chain(&self) -> Option<&Chain> {
        self.chain.as_ref()
    }
}

/// Why a bundle is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BundleError {
    /// Not the bytes of a bundle of this role.
    #[error("the other app's keys are not in a form that this app knows")]
    Malformed,
    /// Version 1, which did not seal.
    #[error("the other app is too old to be safe: it must be updated")]
    OlderVersion,
    /// A later version.
    #[error("the other app is newer: update this app")]
    LaterVersion,
    /// For another invite than the one whose key is asked for.
    #[error("the other app's keys were made for another link")]
    AnotherInvite,
    /// For another visit than the one that was joined.
    #[error("the other app's keys were made for another visit")]
    AnotherVisit,
    /// The signature does not fit.
    #[error("the other app's keys are not signed by who should have signed them: do not go on, and ask the clinic")]
    WrongSignature,
    /// A key that would make the encryption worthless.
    #[error("the other app's keys are unsafe: do not go on, and ask the clinic")]
    WeakKey,
    /// The clinician's device is not one that may host.
    #[error(transparent)]
    Certificate(#[from] CertificateError),
}

/// The fields of a bundle's bytes, not yet verified.
struct Parts<'a> {
    place: &'a [u8; 16],
    signing: &'a [u8; 32],
    agreement: &'a [u8; 32],
    capabilities: Capabilities,
    /// Empty for a guest.
    chain: &'a [u8],
    /// All that the signature is over.
    body: &'a [u8],
    signature: &'a [u8; 64],
}

impl<'a> Parts<'a> {
    fn read(bytes: &'a [u8], role: u8) -> Result<Self, BundleError> {
        match bytes.first() {
            Some(&VERSION) => {}
            Some(1) => return Err(BundleError::OlderVersion),
            Some(0) | None => return Err(BundleError::Malformed),
            Some(_) => return Err(BundleError::LaterVersion),
        }
        Self::read_fields(bytes, role).ok_or(BundleError::Malformed)
    }

    fn read_fields(bytes: &'a [u8], role: u8) -> Option<Self> {
        let (body, signature) = bytes.split_last_chunk()?;
        let mut reader = Reader(body.strip_prefix(&[VERSION, role])?);
        let (place, signing, agreement) = (reader.array()?, reader.array()?, reader.array()?);
        let capabilities = Capabilities::read(&mut reader)?;
        let chain = reader.0;
        (chain.is_empty() == (role == GUEST)).then_some(())?;
        Some(Self { place, signing, agreement, capabilities, chain, body, signature })
    }

    fn verified(
        self,
        bytes: &[u8],
        role: Role,
        signer: &[u8; 32],
        chain: Option<Chain>,
    ) -> Result<PeerBundle, BundleError> {
        if !is_signed(signer, &framed(&[LABEL, self.body]), self.signature) {
            return Err(BundleError::WrongSignature);
        }
        let is_strong = VerifyingKey::from_bytes(self.signing).is_ok_and(|key| !key.is_weak());
        // A point of low order gives the same shared secret with every key (RFC 7748 section 6.1). Every scalar is a
        // multiple of eight after clamping, so any one of them shows it.
        let probe = StaticSecret::from([1; 32]).diffie_hellman(&PublicKey::from(*self.agreement));
        if !is_strong || !probe.was_contributory() {
            return Err(BundleError::WeakKey);
        }
        let (signing, agreement, capabilities) = (*self.signing, *self.agreement, self.capabilities);
        Ok(PeerBundle { bytes: bytes.to_vec(), role, signing, agreement, capabilities, chain })
    }
}

secret_debug!(OwnBundle);

fn keys(random: &[u8; 64]) -> (SigningKey, StaticSecret) {
    let (signing, agreement) = random.split_first_chunk::<32>().expect("32 of 64 bytes");
    let agreement: &[u8; 32] = agreement.try_into().expect("the other 32");
    (SigningKey::from_bytes(signing), StaticSecret::from(*agreement))
}

fn body(
    role: u8,
    place: &[u8; 16],
    signing: &SigningKey,
    agreement: &StaticSecret,
    capabilities: &Capabilities,
) -> Vec<u8> {
    let mut body = vec![VERSION, role];
    body.extend_from_slice(place);
    body.extend_from_slice(signing.verifying_key().as_bytes());
    body.extend_from_slice(PublicKey::from(agreement).as_bytes());
    capabilities.write(&mut body);
    body
}

/// Bytes of a bundle at most: all its lists are bounded.
pub const MAX_BUNDLE_BYTES: usize = 1_146;
const VERSION: u8 = 2;
const HOST: u8 = 1;
const GUEST: u8 = 2;
const RECEIPT_LABEL: &[u8] = b"housecall receipt v1\0";
const LABEL: &[u8] = b"housecall bundle v2";
const ID_LABEL: &[u8] = b"housecall bundle id v2";

#[cfg(test)]
mod tests;
