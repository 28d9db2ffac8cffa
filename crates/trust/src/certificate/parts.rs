//! The bytes of a chain, read and not yet verified. `clinic` writes them.

use super::{CertificateError, DeviceFacts, DeviceRole, Epoch, MOST_REVOKED, Validity};
use crate::KeyFingerprint;
use crate::codec::{Reader, framed, is_signed};

/// The parts of a chain, read and not verified.
pub(crate) struct Parts<'a> {
    pub(crate) clinic: &'a [u8; 32],
    pub(crate) issuer: Issuer<'a>,
    pub(crate) device: Device<'a>,
    pub(super) revocations: Revocations<'a>,
}

/// A body and the signature over it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Signed<'a> {
    body: &'a [u8],
    signature: &'a [u8; 64],
}

/// An issuing key's certificate, read and **not** verified: [`Chain::verify`](super::Chain::verify) does that.
#[derive(Debug)]
pub struct Issuer<'a> {
    /// The issuing key, Ed25519.
    pub key: &'a [u8; 32],
    /// Counts the clinic's issuing keys.
    pub generation: u16,
    pub(super) validity: Validity,
    pub(super) signed: Signed<'a>,
}

pub(crate) struct Device<'a> {
    pub(crate) signing: &'a [u8; 32],
    pub(crate) agreement: &'a [u8; 32],
    pub(crate) facts: DeviceFacts,
    pub(super) signed: Signed<'a>,
}

pub(crate) struct Revocations<'a> {
    pub(super) epoch: Epoch,
    pub(super) validity: Validity,
    pub(super) serials: Vec<u64>,
    pub(super) signed: Signed<'a>,
}

impl<'a> Parts<'a> {
    pub(crate) fn epoch(&self) -> Epoch {
        self.revocations.epoch
    }

    pub(crate) fn read(bytes: &'a [u8]) -> Result<Self, CertificateError> {
        let mut reader = Reader(bytes);
        let clinic = reader.array().ok_or(CertificateError::Malformed)?;
        let issuer = Issuer::read(&mut reader)?;
        let device = Device::read(&mut reader)?;
        let revocations = Revocations::read(&mut reader)?;
        reader.end().ok_or(CertificateError::Malformed)?;
        Ok(Self { clinic, issuer, device, revocations })
    }
}

impl Signed<'_> {
    pub(crate) fn is_by(&self, key: &[u8; 32], label: &[u8], clinic: &KeyFingerprint) -> bool {
        is_signed(key, &signing_bytes(label, clinic, self.body), self.signature)
    }
}

/// Reads a version, a body by `fields`, and the signature over both.
fn read_signed<'a, T>(
    reader: &mut Reader<'a>,
    fields: impl FnOnce(&mut Reader<'a>) -> Option<T>,
) -> Result<(T, Signed<'a>), CertificateError> {
    let start = *reader;
    match reader.u8() {
        Some(VERSION) => {}
        Some(0) | None => return Err(CertificateError::Malformed),
        Some(_) => return Err(CertificateError::LaterVersion),
    }
    let fields = fields(reader).ok_or(CertificateError::Malformed)?;
    let body = reader.since(start);
    let signature = reader.array().ok_or(CertificateError::Malformed)?;
    Ok((fields, Signed { body, signature }))
}

impl<'a> Issuer<'a> {
    /// Reads one and leaves what follows it.
    ///
    /// # Errors
    /// [`CertificateError::Malformed`] and [`CertificateError::LaterVersion`].
    pub fn read(reader: &mut Reader<'a>) -> Result<Self, CertificateError> {
        let fields = |r: &mut Reader<'a>| Some((r.array()?, r.u16()?, Validity::read(r)?));
        let ((key, generation, validity), signed) = read_signed(reader, fields)?;
        Ok(Self { key, generation, validity, signed })
    }
}

impl<'a> Device<'a> {
    pub(crate) fn read(reader: &mut Reader<'a>) -> Result<Self, CertificateError> {
        let ((signing, agreement, facts), signed) = read_signed(reader, |r| {
            let (signing, agreement, name_hash) = (r.array()?, r.array()?, *r.array()?);
            let role = DeviceRole::read(r.u8()?)?;
            let facts = DeviceFacts { role, serial: r.u64()?, validity: Validity::read(r)?, name_hash };
            Some((signing, agreement, facts))
        })?;
        Ok(Self { signing, agreement, facts, signed })
    }
}

impl<'a> Revocations<'a> {
    pub(crate) fn read(reader: &mut Reader<'a>) -> Result<Self, CertificateError> {
        let ((epoch, validity, serials), signed) = read_signed(reader, |r| {
            let (epoch, validity) = (Epoch(r.u32()?), Validity::read(r)?);
            let count = usize::from(r.u8()?);
            let serials = (0..count).map(|_| r.u64()).collect::<Option<Vec<_>>>()?;
            (count <= MOST_REVOKED && serials.is_sorted_by(|a, b| a < b)).then_some((epoch, validity, serials))
        })?;
        Ok(Self { epoch, validity, serials, signed })
    }
}

impl DeviceRole {
    fn read(byte: u8) -> Option<Self> {
        [Self::Admin, Self::Clinician, Self::FrontDesk, Self::Auditor].into_iter().find(|role| *role as u8 == byte)
    }
}

/// What is signed: the clinic is under every signature, so that no clinic can take another's issuing key for its own.
pub fn signing_bytes(label: &[u8], clinic: &KeyFingerprint, body: &[u8]) -> Vec<u8> {
    framed(&[label, &clinic.0, body])
}

/// Of every part of a chain.
pub const VERSION: u8 = 1;
