//! What a first box says of who sealed it: a clinician's certified name, a patient's device.

use units::Phi;

use super::layout::{DEVICE_LABEL, Header, SIGNATURE_BYTES};
use super::{OpenError, SealedChannel};
use crate::KeyFingerprint;
use crate::certificate::name_hash;
use crate::codec::{Reader, framed, is_signed};
use crate::suite::ENC_BYTES;

/// What is known of the other side from its first box.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PeerFacts {
    /// The clinician's certified name.
    pub name: Option<Phi<String>>,
    /// By what its device can be known again.
    pub device: Option<KeyFingerprint>,
}

impl SealedChannel {
    pub(super) fn write_facts(&self, enc: &[u8; ENC_BYTES], info: &[u8], facts: &mut Vec<u8>) {
        if let Some((name, salt)) = &self.name {
            facts.push(name.expose().len() as u8);
            facts.extend_from_slice(name.expose().as_bytes());
            facts.extend_from_slice(salt);
        } else if let Some(device) = &self.device {
            facts.push(1);
            facts.extend_from_slice(&device.public_key());
            facts.extend_from_slice(&device.sign(&framed(&[DEVICE_LABEL, enc, info])));
        } else {
            facts.push(0);
        }
    }

    /// What the other side is known by; it must not change. Gives what follows it.
    pub(super) fn read_facts<'a>(
        &mut self,
        header: Header,
        rest: &[u8],
        plain: &'a [u8],
    ) -> Result<&'a [u8], OpenError> {
        let mut reader = Reader(&plain[SIGNATURE_BYTES..]);
        let count = reader.u8().ok_or(OpenError::Padding)?;
        let facts = if let Some(chain) = &self.peer.chain {
            let name = reader.bytes(usize::from(count)).and_then(|name| std::str::from_utf8(name).ok());
            let (name, salt) = name.zip(reader.array()).ok_or(OpenError::NameNotCertified)?;
            if name_hash(salt, name) != Some(chain.facts.name_hash) {
                return Err(OpenError::NameNotCertified);
            }
            let device = Some(KeyFingerprint::of_key(&chain.signing));
            PeerFacts { name: Some(Phi::new(name.to_owned())), device }
        } else if count == 0 {
            PeerFacts { name: None, device: None }
        } else {
            let (key, signature) = reader.array().zip(reader.array()).ok_or(OpenError::DeviceProof)?;
            let info = self.pair.info(header.epoch, self.peer.role);
            if count > 1 || !is_signed(key, &framed(&[DEVICE_LABEL, &rest[..ENC_BYTES], &info]), signature) {
                return Err(OpenError::DeviceProof);
            }
            PeerFacts { name: None, device: Some(KeyFingerprint::of_key(key)) }
        };
        if self.facts.get_or_insert_with(|| facts.clone()).device != facts.device {
            return Err(OpenError::DeviceProof);
        }
        Ok(reader.0)
    }
}
