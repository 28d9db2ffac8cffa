//! Signed notes (C2SP signed-note, c2sp.org/signed-note): a text, and below it lines with signatures by Ed25519.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use sha2::{Digest, Sha256};

use crate::encoding::to_base64;

/// The type of a signature by Ed25519 over the note itself.
const ED25519: u8 = 1;

/// A note is not longer than this, and has no more signatures.
const LONGEST: usize = 16 * 1024;
const MOST_SIGNATURES: usize = 16;

/// Why a note is not to be believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    /// It is no note.
    #[error("not a signed note")]
    Malformed,
    /// The key has not signed it.
    #[error("the note bears no signature by the log's key")]
    NotSigned,
    /// The key's signature is wrong.
    #[error("the signature by the log's key is wrong")]
    WrongSignature,
    /// The key is none.
    #[error("not an Ed25519 key")]
    Key,
}

/// The public key of a log, and the name that follows from it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogKey {
    key: VerifyingKey,
    name: String,
}

impl LogKey {
    /// The key of these bytes.
    ///
    /// # Errors
    /// [`NoteError::Key`].
    pub fn from_bytes(bytes: &[u8; 32]) -> Result<Self, NoteError> {
        let key = VerifyingKey::from_bytes(bytes).ok().filter(|key| !key.is_weak()).ok_or(NoteError::Key)?;
        let hash: [u8; 32] = Sha256::digest(bytes).into();
        let short = hash.first_chunk::<16>().map(|first| to_base64(first)).unwrap_or_default();
        Ok(Self { key, name: format!("housecall.log/{short}") })
    }

    /// The 32 bytes.
    pub fn to_bytes(&self) -> [u8; 32] {
        self.key.to_bytes()
    }

    /// The name of the log and of its key: `housecall.log/` and half of the SHA-256 of the key, in base64url.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// `SHA-256(name ‖ 0x0a ‖ 0x01 ‖ key)`, the first four bytes.
    fn id(&self) -> [u8; 4] {
        let digest =
            Sha256::new().chain_update(&self.name).chain_update([b'\n', ED25519]).chain_update(self.to_bytes());
        let hash: [u8; 32] = digest.finalize().into();
        [hash[0], hash[1], hash[2], hash[3]]
    }

    /// The text of a note that this key has signed. Signatures by others are passed over.
    ///
    /// # Errors
    /// [`NoteError`].
    pub(crate) fn open<'n>(&self, note: &'n str) -> Result<&'n str, NoteError> {
        if note.len() > LONGEST || note.bytes().any(|byte| byte < 0x20 && byte != b'\n') {
            return Err(NoteError::Malformed);
        }
        let at = note.rfind("\n\n").ok_or(NoteError::Malformed)?;
        let (text, signatures) = (note.get(..=at).unwrap_or_default(), note.get(at + 2..).unwrap_or_default());
        let signatures = signatures.strip_suffix('\n').ok_or(NoteError::Malformed)?;
        let mut ours = None;
        for (count, line) in signatures.split('\n').enumerate() {
            let (name, value) =
                line.strip_prefix("\u{2014} ").and_then(|line| line.split_once(' ')).ok_or(NoteError::Malformed)?;
            let value = STANDARD.decode(value).map_err(|_| NoteError::Malformed)?;
            let (id, signature) = value.split_first_chunk::<4>().ok_or(NoteError::Malformed)?;
            if count >= MOST_SIGNATURES {
                return Err(NoteError::Malformed);
            }
            if name == self.name && *id == self.id() {
                ours = Some(Signature::from_slice(signature).map_err(|_| NoteError::WrongSignature)?);
            }
        }
        let ours = ours.ok_or(NoteError::NotSigned)?;
        self.key.verify_strict(text.as_bytes(), &ours).map_err(|_| NoteError::WrongSignature)?;
        Ok(text)
    }
}

/// Who signs for a log.
#[derive(Clone)]
pub struct LogSigner {
    key: SigningKey,
    public: LogKey,
}

impl std::fmt::Debug for LogSigner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "LogSigner({})", self.public.name)
    }
}

impl LogSigner {
    /// The signer of this seed, which was drawn at random.
    ///
    /// # Errors
    /// [`NoteError::Key`]: of no seed that was drawn at random.
    pub fn from_seed(seed: &[u8; 32]) -> Result<Self, NoteError> {
        let key = SigningKey::from_bytes(seed);
        let public = LogKey::from_bytes(&key.verifying_key().to_bytes())?;
        Ok(Self { key, public })
    }

    /// What others verify by.
    pub fn public(&self) -> &LogKey {
        &self.public
    }

    /// The note of this text, which ends with the end of a line.
    pub(crate) fn sign(&self, text: &str) -> String {
        let signature = self.key.sign(text.as_bytes());
        let mut value = self.public.id().to_vec();
        value.extend_from_slice(&signature.to_bytes());
        format!("{text}\n\u{2014} {} {}\n", self.public.name, STANDARD.encode(value))
    }
}
