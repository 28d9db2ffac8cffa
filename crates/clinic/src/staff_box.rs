//! Staff boxes: what colleagues share, sealed by its creator to each device that may read it and to the recovery key. The
//! server keeps them and can open none.
//!
//! | bytes | part |
//! |---|---|
//! | 1, 1, 16, 4, 8 | version, 1; kind; object; revision; seconds since 1970 when it was made |
//! | 32 | content key: X25519, made for this box |
//! | 2 + n | length and [`Chain`] of the creator's device |
//! | 4 + n | length and HPKE box of the content, in base mode to the content key: enc, ciphertext, tag |
//! | 64 | signature by the creator's device over all before it |
//! | 1 + 88 n | count; for each reader: hint, 8; HPKE box, in base mode to its key, of the content key's seed, 80 |
//!
//! The readers are not signed, so that who can open the box can let another device open it; what they wrap is bound to
//! the rest by its hash.

use trust::certificate::{CLOCK_TOLERANCE, CertificateError, Chain, Epoch, Expected, UnixTime};
use trust::codec::{Reader, derive, framed, hash, is_signed, secret_debug};
use trust::suite::{self, ENC_BYTES, TAG_BYTES};
use trust::{DeviceIdentity, DeviceKeys, KeyFingerprint};
use x25519_dalek::{PublicKey, StaticSecret};
use zeroize::Zeroizing;

/// The secret by which a device, or the recovery sheet, opens staff boxes.
#[derive(Clone)]
pub struct BoxSecret(pub(crate) StaticSecret);

impl BoxSecret {
    /// By which the device of these keys opens staff boxes.
    pub fn of_device(keys: &DeviceKeys) -> Self {
        Self(StaticSecret::from(*keys.agreement_secret()))
    }

    /// To what boxes for it are sealed.
    pub fn public(&self) -> [u8; 32] {
        PublicKey::from(&self.0).to_bytes()
    }
}

secret_debug!(BoxSecret);

/// What a box is about: in the open, and under the signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BoxContext {
    /// What kind of thing is in it, by the caller's list.
    pub kind: u8,
    /// Which thing.
    pub object: [u8; 16],
    /// Counts its changes: who has seen one does not take an older one.
    pub revision: u32,
    /// When it was made, by its creator's clock.
    pub made_at: UnixTime,
}

/// What an opener asks of a box.
#[derive(Debug, Clone, Copy)]
pub struct BoxExpected {
    /// Of which clinic the creator must be.
    pub clinic: KeyFingerprint,
    /// What must be in it.
    pub kind: u8,
    /// Which thing.
    pub object: [u8; 16],
    /// The highest revision that was ever seen of it.
    pub least_revision: u32,
    /// The time of day.
    pub now: UnixTime,
}

/// What was in a box.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenedBox {
    /// What it is about.
    pub context: BoxContext,
    /// Who made it. Whether the device was revoked *since* is for the caller to look up by its serial.
    pub creator: Chain,
    /// What the creator put in.
    pub payload: Zeroizing<Vec<u8>>,
}

/// Seals a payload to these keys, which must be of the clinic: the caller has verified each device's chain. `random` was
/// drawn for this box.
///
/// # Errors
/// For too much payload, no or too many readers, a reader's key of low order.
pub fn seal_staff_box(
    context: &BoxContext,
    payload: &[u8],
    readers: &[[u8; 32]],
    creator: &DeviceIdentity,
    random: &[u8; 32],
) -> Result<Vec<u8>, StaffBoxError> {
    if payload.len() > MAX_PAYLOAD_BYTES || readers.is_empty() || readers.len() > MOST_READERS {
        return Err(StaffBoxError::TooLarge);
    }
    seal_padded(context, &padded(payload), readers, creator, random)
}

pub(crate) fn seal_padded(
    context: &BoxContext,
    padded: &[u8],
    readers: &[[u8; 32]],
    creator: &DeviceIdentity,
    random: &[u8; 32],
) -> Result<Vec<u8>, StaffBoxError> {
    let seed = derive(random, b"seed");
    let (_, content) = suite::key_pair(&seed);
    let mut bytes = vec![VERSION, context.kind];
    bytes.extend_from_slice(&context.object);
    bytes.extend_from_slice(&context.revision.to_be_bytes());
    bytes.extend_from_slice(&context.made_at.0.to_be_bytes());
    bytes.extend_from_slice(&content);
    bytes.extend_from_slice(&(creator.chain().len() as u16).to_be_bytes());
    bytes.extend_from_slice(creator.chain());
    let info = framed(&[CONTENT_LABEL, &bytes]);
    let sealed = seal(&content, &info, *derive(random, b"content"), padded).ok_or(StaffBoxError::WeakKey)?;
    bytes.extend_from_slice(&(sealed.len() as u32).to_be_bytes());
    bytes.extend_from_slice(&sealed);
    bytes.extend_from_slice(&creator.sign(&framed(&[SIGNATURE_LABEL, &bytes])));
    let body = hash(&[BODY_LABEL, &bytes]);
    bytes.push(readers.len() as u8);
    for (index, reader) in readers.iter().enumerate() {
        let random = derive(random, &[b"reader".as_slice(), &[index as u8]].concat());
        bytes.extend_from_slice(&wrap(reader, &body, *random, &seed)?);
    }
    Ok(bytes)
}

/// Opens a box that is sealed to this key, among others.
///
/// # Errors
/// Whatever does not fit; nothing of it is to be used then.
pub fn open_staff_box(bytes: &[u8], own: &BoxSecret, expected: &BoxExpected) -> Result<OpenedBox, StaffBoxError> {
    Parts::read(bytes)?.open(own, expected).map(|(opened, _)| opened)
}

/// Lets another key open the box too, by whoever can open it. `random` was drawn for this.
///
/// # Errors
/// As [`open_staff_box`] and [`seal_staff_box`].
pub fn reseal_staff_box(
    bytes: &[u8],
    own: &BoxSecret,
    expected: &BoxExpected,
    reader: &[u8; 32],
    random: &[u8; 32],
) -> Result<Vec<u8>, StaffBoxError> {
    let parts = Parts::read(bytes)?;
    let (_, seed) = parts.open(own, expected)?;
    let readers = parts.readers.len() / READER_BYTES;
    if readers >= MOST_READERS {
        return Err(StaffBoxError::TooLarge);
    }
    let wrapped = wrap(reader, &hash(&[BODY_LABEL, parts.body]), *random, &seed)?;
    Ok([parts.body, &[readers as u8 + 1], parts.readers, &wrapped].concat())
}

/// Why a box was not made or not opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum StaffBoxError {
    /// Not the bytes of a box.
    #[error("what the server keeps for this is damaged: ask a colleague to share it again")]
    Malformed,
    /// A later version.
    #[error("this was shared by a newer app: update this app")]
    LaterVersion,
    /// About something else than what was asked for.
    #[error("the server gave something else than was asked for: do not trust it, and tell who looks after the server")]
    AnotherObject,
    /// An older revision than was seen before.
    #[error(
        "the server gave an older state than was seen before: do not trust it, and tell who looks after the server"
    )]
    OlderRevision,
    /// From the future.
    #[error("this was shared at a time that is still to come: look whether this device's clock is right")]
    FromTheFuture,
    /// Whoever made it was not of this clinic when they made it.
    #[error(transparent)]
    Creator(#[from] CertificateError),
    /// The signature is not the creator's.
    #[error("this was not shared by who is said to have shared it: do not use it, and tell who looks after the server")]
    WrongSignature,
    /// This device is not among the readers, or what is sealed for it does not open.
    #[error("this was not shared with this device: ask a colleague to share it again")]
    NotSealedForUs,
    /// More than [`MAX_PAYLOAD_BYTES`], or not 1 to [`MOST_READERS`] readers.
    #[error("this is too large to be shared, or with too many devices: remove devices that are not used any more")]
    TooLarge,
    /// A reader's key that would make the sealing worthless.
    #[error("a colleague's device has an unsafe key: enrol that device again")]
    WeakKey,
}

struct Parts<'a> {
    context: BoxContext,
    content: &'a [u8; 32],
    chain: &'a [u8],
    /// Version to chain: what the content is bound to.
    head: &'a [u8],
    sealed: &'a [u8],
    /// What is signed.
    signed: &'a [u8],
    signature: &'a [u8; 64],
    /// All but the readers.
    body: &'a [u8],
    readers: &'a [u8],
}

impl<'a> Parts<'a> {
    fn read(bytes: &'a [u8]) -> Result<Self, StaffBoxError> {
        match bytes.first() {
            Some(&VERSION) => Self::read_fields(bytes).ok_or(StaffBoxError::Malformed),
            Some(0) | None => Err(StaffBoxError::Malformed),
            Some(_) => Err(StaffBoxError::LaterVersion),
        }
    }

    fn read_fields(bytes: &'a [u8]) -> Option<Self> {
        let start = Reader(bytes);
        let mut reader = start;
        reader.u8()?;
        let (kind, object, revision) = (reader.u8()?, *reader.array()?, reader.u32()?);
        let context = BoxContext { kind, object, revision, made_at: UnixTime(reader.u64()?) };
        let content = reader.array()?;
        let count = reader.u16()?;
        let chain = reader.bytes(usize::from(count))?;
        let head = reader.since(start);
        let count = reader.u32()? as usize;
        let sealed = reader.bytes(count)?;
        let signed = reader.since(start);
        let signature = reader.array()?;
        let body = reader.since(start);
        let count = usize::from(reader.u8()?);
        let readers = reader.bytes(count * READER_BYTES)?;
        reader.end()?;
        (1..=MOST_READERS).contains(&count).then_some(())?;
        Some(Self { context, content, chain, head, sealed, signed, signature, body, readers })
    }

    fn check(&self, expected: &BoxExpected) -> Result<Chain, StaffBoxError> {
        let BoxContext { kind, object, revision, made_at } = self.context;
        if (kind, object) != (expected.kind, expected.object) {
            return Err(StaffBoxError::AnotherObject);
        }
        if revision < expected.least_revision {
            return Err(StaffBoxError::OlderRevision);
        }
        if made_at > expected.now.plus(CLOCK_TOLERANCE) {
            return Err(StaffBoxError::FromTheFuture);
        }
        // Boxes outlive certificates: the creator's must have been good when the box was made.
        let then = Expected { clinic: expected.clinic, least_epoch: Epoch::default(), role: None, now: made_at };
        let creator = Chain::verify(self.chain, &then)?;
        if !is_signed(&creator.signing, &framed(&[SIGNATURE_LABEL, self.signed]), self.signature) {
            return Err(StaffBoxError::WrongSignature);
        }
        Ok(creator)
    }

    /// What is in it, and the seed by which it can be shared further.
    fn open(&self, own: &BoxSecret, expected: &BoxExpected) -> Result<(OpenedBox, Zeroizing<[u8; 32]>), StaffBoxError> {
        let creator = self.check(expected)?;
        let seed = self.unwrap(own)?;
        let (secret, content) = suite::key_pair(&seed);
        // What is signed commits to the seed: no reader can be shown another payload than the others.
        if content != *self.content {
            return Err(StaffBoxError::NotSealedForUs);
        }
        let info = framed(&[CONTENT_LABEL, self.head]);
        let padded = open(&secret, &info, self.sealed).ok_or(StaffBoxError::NotSealedForUs)?;
        let payload = Zeroizing::new(unpadded(&padded).ok_or(StaffBoxError::Malformed)?.to_vec());
        Ok((OpenedBox { context: self.context, creator, payload }, seed))
    }

    /// The seed of the content key.
    fn unwrap(&self, own: &BoxSecret) -> Result<Zeroizing<[u8; 32]>, StaffBoxError> {
        let public = own.public();
        let info = framed(&[READER_LABEL, &hash(&[BODY_LABEL, self.body]), &public]);
        let (hint, secret) = (hint(&public), own.0.to_bytes());
        let opened = self
            .readers
            .chunks_exact(READER_BYTES)
            .filter(|entry| entry.starts_with(&hint))
            .find_map(|entry| open(&secret, &info, &entry[HINT_BYTES..]));
        let seed = opened.and_then(|seed| seed.as_slice().try_into().ok());
        seed.map(Zeroizing::new).ok_or(StaffBoxError::NotSealedForUs)
    }
}

fn wrap(reader: &[u8; 32], body: &[u8; 32], random: [u8; 32], seed: &[u8; 32]) -> Result<Vec<u8>, StaffBoxError> {
    let sealed = seal(reader, &framed(&[READER_LABEL, body, reader]), random, seed).ok_or(StaffBoxError::WeakKey)?;
    Ok([hint(reader).as_slice(), &sealed].concat())
}

fn seal(to: &[u8; 32], info: &[u8], random: [u8; 32], plain: &[u8]) -> Option<Vec<u8>> {
    let (enc, mut context) = suite::sender(to, None, info, random)?;
    Some([enc.as_slice(), &context.seal(plain, &[]).ok()?].concat())
}

fn open(own: &[u8; 32], info: &[u8], sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let (enc, sealed) = sealed.split_first_chunk::<ENC_BYTES>()?;
    let mut context = suite::receiver(own, None, info, enc).ok()?;
    context.open(sealed, &[]).ok().map(Zeroizing::new)
}

/// Length, payload, and then as few zeros as fill the last step: one payload has one form.
pub(crate) fn padded(payload: &[u8]) -> Zeroizing<Vec<u8>> {
    let mut padded = Zeroizing::new((payload.len() as u32).to_be_bytes().to_vec());
    padded.extend_from_slice(payload);
    let steps = padded.len().next_multiple_of(STEP_BYTES);
    padded.resize(steps, 0);
    padded
}

/// What was [`padded`], in just that form.
fn unpadded(padded: &[u8]) -> Option<&[u8]> {
    let mut reader = Reader(padded);
    let count = reader.u32()? as usize;
    let payload = reader.bytes(count)?;
    let is_padded = count <= MAX_PAYLOAD_BYTES
        && padded.len() == (4 + count).next_multiple_of(STEP_BYTES)
        && reader.0.iter().all(|byte| *byte == 0);
    is_padded.then_some(payload)
}

/// By which a reader finds its entry.
fn hint(public: &[u8; 32]) -> [u8; HINT_BYTES] {
    *hash(&[HINT_LABEL, public]).first_chunk().expect("8 of 32 bytes")
}

/// Bytes in a box at most.
pub const MAX_PAYLOAD_BYTES: usize = 32 * 1024;
/// Keys that a box is sealed to at most, the recovery key among them.
pub const MOST_READERS: usize = 32;
/// The length of a payload is told in steps of this size.
const STEP_BYTES: usize = 256;
const HINT_BYTES: usize = 8;
const READER_BYTES: usize = HINT_BYTES + ENC_BYTES + 32 + TAG_BYTES;
const VERSION: u8 = 1;
const CONTENT_LABEL: &[u8] = b"housecall staff box content v1";
const SIGNATURE_LABEL: &[u8] = b"housecall staff box v1";
const BODY_LABEL: &[u8] = b"housecall staff box body v1";
const READER_LABEL: &[u8] = b"housecall staff box reader v1";
const HINT_LABEL: &[u8] = b"housecall staff box hint v1";

#[cfg(test)]
mod tests;
