//! The bytes of a box: header, padding, what is signed and what a context is bound to.

use signaling_protocol::{Role, VisitId};

use super::OpenError;
use crate::certificate::MOST_NAME_BYTES;
use crate::codec::{Reader, framed};
use crate::suite::{ENC_BYTES, SUITE_ID, TAG_BYTES};

/// What both ways have in common.
pub(super) struct Pair {
    pub(super) visit: VisitId,
    pub(super) host: Vec<u8>,
    pub(super) guest: Vec<u8>,
    pub(super) psk_id: Vec<u8>,
}

#[derive(Clone, Copy)]
pub(super) struct Header {
    pub(super) epoch: u32,
    pub(super) seq: u32,
}

impl Header {
    pub(super) fn read(bytes: &[u8]) -> Result<(Self, &[u8]), OpenError> {
        let mut reader = Reader(bytes);
        match reader.u8() {
            Some(SCHEME) if bytes.len() <= MAX_BOX_BYTES && padded(bytes.len()) == bytes.len() => {}
            Some(0 | SCHEME) | None => return Err(OpenError::Malformed),
            Some(_) => return Err(OpenError::LaterScheme),
        }
        let numbers = reader.u32().zip(reader.u32()).ok_or(OpenError::Malformed)?;
        Ok((Self { epoch: numbers.0, seq: numbers.1 }, reader.0))
    }

    pub(super) fn bytes(self) -> [u8; HEADER_BYTES] {
        let mut bytes = [SCHEME; HEADER_BYTES];
        bytes[1..5].copy_from_slice(&self.epoch.to_be_bytes());
        bytes[5..].copy_from_slice(&self.seq.to_be_bytes());
        bytes
    }
}

impl Pair {
    /// All that a context is bound to. The bundles are whole: keys, capabilities, versions, who vouches for them.
    pub(super) fn info(&self, epoch: u32, sender: Role) -> Vec<u8> {
        let direction = if sender == Role::Host { 1 } else { 2 };
        framed(&[
            INFO_LABEL,
            &[SCHEME],
            &SUITE_ID,
            self.visit.as_bytes(),
            &epoch.to_be_bytes(),
            &[direction],
            &self.host,
            &self.guest,
        ])
    }
}

pub(super) fn first_box_bytes(enc: &[u8; ENC_BYTES], info: &[u8], payload: &[u8]) -> Vec<u8> {
    framed(&[FIRST_LABEL, enc, info, payload])
}

/// Kind and content; what follows must be zeros.
pub(super) fn read_content(bytes: &[u8]) -> Option<(u8, &[u8])> {
    let mut reader = Reader(bytes);
    let (kind, count) = (reader.u8()?, reader.u16()?);
    let content = reader.bytes(usize::from(count))?;
    reader.0.iter().all(|byte| *byte == 0).then_some((kind, content))
}

/// The size of a box of so many bytes, and all that an onlooker learns of what is in it: steps of 64 bytes to 1 KiB, of
/// 256 to 4 KiB, of 1 KiB beyond.
pub(super) fn padded(used: usize) -> usize {
    let step = match used {
        0..=1_024 => 64,
        1_025..=4_096 => 256,
        _ => 1_024,
    };
    used.next_multiple_of(step).max(256)
}

/// Bytes of a box at most: what the server carries.
pub const MAX_BOX_BYTES: usize = 16_384;
/// Bytes of a message that always fit.
pub const MAX_CONTENT_BYTES: usize =
    MAX_BOX_BYTES - HEADER_BYTES - ENC_BYTES - TAG_BYTES - SIGNATURE_BYTES - MOST_FACTS_BYTES - CONTENT_HEAD_BYTES;
/// A guest's device is longer than the longest name.
pub(super) const MOST_FACTS_BYTES: usize = 1 + 32 + 64;
const _: () = assert!(MOST_FACTS_BYTES >= 1 + MOST_NAME_BYTES + 16);
/// Boxes of an epoch that can be sent again: more than a whole negotiation.
pub(super) const MOST_KEPT: usize = 64;
pub(super) const HEADER_BYTES: usize = 9;
pub(super) const SIGNATURE_BYTES: usize = 64;
pub(super) const CONTENT_HEAD_BYTES: usize = 3;
pub(super) const SCHEME: u8 = signaling_protocol::SCHEME_SEALED;
pub(super) const KIND_MESSAGE: u8 = 1;
pub(super) const KIND_ASK_AGAIN: u8 = 2;
/// Where a guest's bundle, verified or our own, has its invite.
pub(super) const INVITE_IN_BUNDLE: std::ops::Range<usize> = 2..18;
pub(super) const PSK_ID_LABEL: &[u8] = b"housecall psk id v1";
pub(super) const INFO_LABEL: &[u8] = b"housecall seal v1";
pub(super) const FIRST_LABEL: &[u8] = b"housecall first box v1";
pub(super) const RECEIPT_LABEL: &[u8] = b"housecall receipt fingerprints v1";
pub(super) const DEVICE_LABEL: &[u8] = b"housecall known device v1";
