//! Who may speak for a clinic: clinic key → issuing key → device, and which devices may not any more.
//!
//! The clinic key's fingerprint stands in every link. It signs issuing keys and nothing else, so that it can stay on the
//! recovery sheet. An issuing key signs devices for a week at most and lists those that are revoked. All this travels in
//! the open in the host's bundle; a person's name does not: the certificate has a salted hash of it, opened in the seal.

use subtle::ConstantTimeEq;

use crate::KeyFingerprint;
use crate::codec::{Reader, hash};
pub(crate) use parts::Parts;
use parts::Revocations;
pub use parts::{Issuer, VERSION, signing_bytes};

mod parts;

/// Seconds since 1970 (UTC), by the clock that the caller trusts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UnixTime(pub u64);

impl UnixTime {
    /// Later by so many seconds.
    #[must_use]
    pub const fn plus(self, seconds: u64) -> Self {
        Self(self.0.saturating_add(seconds))
    }
}

/// Counts a clinic's revocation statements. The high half is the generation of the issuing key that signed: a key that
/// was replaced cannot reach the epochs of its successor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Epoch(pub u32);

impl Epoch {
    /// The statement of this number by the issuing key of this generation.
    pub const fn new(generation: u16, counter: u16) -> Self {
        Self((generation as u32) << 16 | counter as u32)
    }

    const fn generation(self) -> u16 {
        (self.0 >> 16) as u16
    }
}

/// What a device is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DeviceRole {
    /// Users and policy; enters no visit.
    Admin = 1,
    /// Hosts visits: the only role that may.
    Clinician = 2,
    /// Schedule and invites; enters no visit.
    FrontDesk = 3,
    /// Reads the log.
    Auditor = 4,
}

/// From when until when, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Validity {
    /// The first second.
    pub from: UnixTime,
    /// The last second.
    pub until: UnixTime,
}

impl Validity {
    /// Whether it ends after it begins, and is good for no longer than so many seconds.
    pub fn is_at_most(self, seconds: u64) -> bool {
        self.from <= self.until && self.until.0 - self.from.0 <= seconds
    }

    fn check(self, now: UnixTime, at_most: u64, over: CertificateError) -> Result<(), CertificateError> {
        if !self.is_at_most(at_most) {
            return Err(CertificateError::TooLong);
        }
        if self.from > now.plus(CLOCK_TOLERANCE) {
            return Err(CertificateError::NotYetValid);
        }
        if now > self.until { Err(over) } else { Ok(()) }
    }

    fn read(reader: &mut Reader<'_>) -> Option<Self> {
        Some(Self { from: UnixTime(reader.u64()?), until: UnixTime(reader.u64()?) })
    }
}

/// What a certificate says of a device, beside its keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeviceFacts {
    /// What it is for.
    pub role: DeviceRole,
    /// Names the certificate among those of its clinic.
    pub serial: u64,
    /// When it is good: [`DEVICE_SECONDS`] at most.
    pub validity: Validity,
    /// [`name_hash`] of its person.
    pub name_hash: [u8; 32],
}

/// What an app asks of a chain.
#[derive(Debug, Clone, Copy)]
pub struct Expected {
    /// The fingerprint in the link.
    pub clinic: KeyFingerprint,
    /// The epoch in the link, or the highest that was ever seen of this clinic, if that is higher.
    pub least_epoch: Epoch,
    /// The only role that will do, if one is wanted.
    pub role: Option<DeviceRole>,
    /// The time of day.
    pub now: UnixTime,
}

/// A verified chain: a device for which the clinic vouches now. There is no way to make one but [`verify`](Self::verify).
///
/// | bytes | part |
/// |---|---|
/// | 32 | the clinic's Ed25519 key |
/// | 115 | version 1; issuing key, 32; generation, 2; from, 8; until, 8; signature by the clinic's key |
/// | 186 | version 1; device's Ed25519 key, 32; X25519 key, 32; name's hash, 32; role; serial, 8; from, 8; until, 8; signature by the issuing key |
/// | 86 to 598 | version 1; epoch, 4; from, 8; until, 8; count; ascending serials, 8 each; signature by the issuing key |
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chain {
    /// The device's Ed25519 key.
    pub signing: [u8; 32],
    /// The device's X25519 key, for staff boxes.
    pub agreement: [u8; 32],
    /// What else is said of it.
    pub facts: DeviceFacts,
    /// Of the revocation statement: to be remembered, see [`Expected::least_epoch`].
    pub epoch: Epoch,
}

impl Chain {
    /// Checks all of a chain.
    ///
    /// # Errors
    /// The first thing that does not fit; nothing of the chain is to be used then.
    pub fn verify(bytes: &[u8], expected: &Expected) -> Result<Self, CertificateError> {
        let Parts { clinic, issuer, device, revocations } = Parts::read(bytes)?;
        check_issuer(clinic, &issuer, expected)?;
        if !device.signed.is_by(issuer.key, DEVICE_LABEL, &expected.clinic) {
            return Err(CertificateError::WrongSignature);
        }
        device.facts.validity.check(expected.now, DEVICE_SECONDS, CertificateError::Expired)?;
        revocations.check(&issuer, expected)?;
        if revocations.serials.contains(&device.facts.serial) {
            return Err(CertificateError::Revoked);
        }
        if expected.role.is_some_and(|role| role != device.facts.role) {
            return Err(CertificateError::WrongRole);
        }
        Ok(Self {
            signing: *device.signing,
            agreement: *device.agreement,
            facts: device.facts,
            epoch: revocations.epoch,
        })
    }
}

/// Which devices of a clinic are revoked, verified. It reaches an app through the server or inside the seal. There is no way to make one but [`verify`](Self::verify).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    epoch: Epoch,
    serials: Vec<u64>,
}

impl Notice {
    /// Checks all of a notice; [`Expected::role`] says nothing of one.
    ///
    /// # Errors
    /// The first thing that does not fit; the notice is to be passed over then.
    pub fn verify(bytes: &[u8], expected: &Expected) -> Result<Self, CertificateError> {
        let mut reader = Reader(bytes);
        let clinic = reader.array().ok_or(CertificateError::Malformed)?;
        let issuer = Issuer::read(&mut reader)?;
        let revocations = Revocations::read(&mut reader)?;
        reader.end().ok_or(CertificateError::Malformed)?;
        check_issuer(clinic, &issuer, expected)?;
        revocations.check(&issuer, expected)?;
        Ok(Self { epoch: revocations.epoch, serials: revocations.serials })
    }

    /// Of the statement: to be remembered, see [`Expected::least_epoch`].
    pub const fn epoch(&self) -> Epoch {
        self.epoch
    }

    /// Whether the device of this chain may do nothing any more. A notice that is older than the chain's own statement says
    /// nothing of it.
    pub fn revokes(&self, chain: &Chain) -> bool {
        // Whoever replaced the issuing key has certified its devices anew, but for those that are lost.
        let is_replaced = self.epoch.generation() > chain.epoch.generation();
        is_replaced || (self.epoch >= chain.epoch && self.serials.contains(&chain.facts.serial))
    }
}

fn check_issuer(clinic: &[u8; 32], issuer: &Issuer<'_>, expected: &Expected) -> Result<(), CertificateError> {
    if !bool::from(KeyFingerprint::of_key(clinic).0.ct_eq(&expected.clinic.0)) {
        return Err(CertificateError::AnotherClinic);
    }
    if !issuer.signed.is_by(clinic, ISSUER_LABEL, &expected.clinic) {
        return Err(CertificateError::WrongSignature);
    }
    issuer.validity.check(expected.now, ISSUER_SECONDS, CertificateError::Expired)
}

/// Why a chain is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CertificateError {
    /// Not the bytes of a chain.
    #[error("the clinic's certificate is not in a form that this app knows")]
    Malformed,
    /// A later version.
    #[error("the clinic's app is newer: update this app")]
    LaterVersion,
    /// The chain ends in another key than the one whose fingerprint the link carries.
    #[error("whoever is there is not the clinic that made the link: do not go on, and ask the clinic")]
    AnotherClinic,
    /// A signature does not fit.
    #[error("the clinic's certificate is not signed by who should have signed it: do not go on, and ask the clinic")]
    WrongSignature,
    /// From the future.
    #[error("the clinic's certificate is not valid yet: look whether this device's clock is right")]
    NotYetValid,
    /// Over.
    #[error("the clinic's certificate is over: look whether this device's clock is right, or ask the clinic")]
    Expired,
    /// Good for longer than the rules let it be.
    #[error("the clinic's certificate is made for too long a time: ask the clinic")]
    TooLong,
    /// Not a clinician's device.
    #[error("that device may not host a visit: do not go on, and ask the clinic")]
    WrongRole,
    /// On the list.
    #[error("the clinic has revoked that device: do not go on, and ask the clinic")]
    Revoked,
    /// An older list than the link or an earlier visit asks for: a revocation may be hidden.
    #[error("the clinic's list of revoked devices is older than it must be: do not go on, and ask the clinic")]
    RevocationsTooOld,
    /// A list that is over: a revocation may be hidden.
    #[error("the clinic's list of revoked devices is over: ask the clinic")]
    RevocationsExpired,
    /// The list's epoch is not of the issuing key's generation.
    #[error("the clinic's list of revoked devices is not from who may make it: do not go on, and ask the clinic")]
    AnotherGeneration,
    /// Keys that are not those of the certificate.
    #[error("the certificate is another device's: enrol this device again")]
    AnotherDevice,
    /// A name whose hash is not the one of the certificate, or that is none.
    #[error("the name is not the one in the certificate: ask the clinic")]
    AnotherName,
}

impl Revocations<'_> {
    fn check(&self, issuer: &Issuer<'_>, expected: &Expected) -> Result<(), CertificateError> {
        if !self.signed.is_by(issuer.key, REVOCATIONS_LABEL, &expected.clinic) {
            return Err(CertificateError::WrongSignature);
        }
        self.validity.check(expected.now, REVOCATION_SECONDS, CertificateError::RevocationsExpired)?;
        if self.epoch.generation() != issuer.generation {
            return Err(CertificateError::AnotherGeneration);
        }
        if self.epoch < expected.least_epoch {
            return Err(CertificateError::RevocationsTooOld);
        }
        Ok(())
    }
}

/// What stands in a certificate for a person's name of 1 to 64 bytes: nobody can guess it who has not the salt.
pub fn name_hash(salt: &[u8; 16], name: &str) -> Option<[u8; 32]> {
    let is_name = (1..=MOST_NAME_BYTES).contains(&name.len()) && !name.chars().any(char::is_control);
    is_name.then(|| hash(&[NAME_LABEL, salt, name.as_bytes()]))
}

/// An issuing key lives 400 days at most: a year and a month to replace it in.
pub const ISSUER_SECONDS: u64 = 400 * 86_400;
/// A device lives a week at most: so long a revocation can be hidden at worst.
pub const DEVICE_SECONDS: u64 = 7 * 86_400;
/// A revocation statement lives a week at most.
pub const REVOCATION_SECONDS: u64 = 7 * 86_400;
/// Serials in one statement. Only devices whose certificates are not over need to be listed.
pub const MOST_REVOKED: usize = 64;
/// Bytes of a name.
pub const MOST_NAME_BYTES: usize = 64;
/// How far, in seconds, one clock may be behind another.
pub const CLOCK_TOLERANCE: u64 = 600;
/// Under an issuing key's certificate.
pub const ISSUER_LABEL: &[u8] = b"housecall issuing key v1";
/// Under a device's certificate.
pub const DEVICE_LABEL: &[u8] = b"housecall device v1";
/// Under a revocation statement.
pub const REVOCATIONS_LABEL: &[u8] = b"housecall revocations v1";
const NAME_LABEL: &[u8] = b"housecall name v1";

#[cfg(test)]
mod tests;
