//! Receipts: what an app says, by the key of its join, of its connection to the other. Those of both ends must match.
//!
//! A receipt proves that two keys agreed. Whose they were, the rows of the joins and the people who admitted say.

use ed25519_dalek::{Signature, VerifyingKey};

use crate::encoding::{from_base64, to_base64};
use crate::record::{Builder, Record, RecordError};

/// Before what is signed.
const LABEL: &[u8] = b"housecall receipt v1\0";

/// The bytes of a bundle before its Ed25519 key: version, role, place.
const BEFORE_KEY: usize = 18;

/// The version of bundles that this knows.
const BUNDLE_VERSION: u8 = 2;

/// Why a receipt is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ReceiptError {
    /// It is none.
    #[error("not a receipt")]
    Malformed,
    /// The endpoint's key has not signed it.
    #[error("the receipt is not signed by the key of its endpoint")]
    WrongSignature,
}

/// What became of the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Happened {
    /// It carries media.
    Opened,
    /// It is over.
    Closed,
}

impl Happened {
    /// The word in the row.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Opened => "opened",
            Self::Closed => "closed",
        }
    }

    fn parse(word: &str) -> Option<Self> {
        [Self::Opened, Self::Closed].into_iter().find(|one| one.word() == word)
    }
}

/// By what way it went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PathKind {
    /// From one to the other.
    Direct,
    /// By a relay.
    Relayed,
    /// The app did not know.
    Unknown,
}

impl PathKind {
    /// The word in the row.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Direct => "direct",
            Self::Relayed => "relayed",
            Self::Unknown => "unknown",
        }
    }

    fn parse(word: &str) -> Option<Self> {
        [Self::Direct, Self::Relayed, Self::Unknown].into_iter().find(|one| one.word() == word)
    }
}

/// What an endpoint says of its connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// Which visit.
    pub visit: String,
    /// Who says it.
    pub endpoint: String,
    /// To whom the connection is.
    pub peer: String,
    /// What became of it.
    pub happened: Happened,
    /// A salted hash of both sides' certificates, the same at both ends; nobody who has not been in the visit can find out of
    /// what.
    pub agreed: [u8; 32],
    /// By what way.
    pub path: PathKind,
    /// How sure the app is of the other side: `page`, `app`, `known`, `compared`.
    pub level: String,
    /// When, by the app's clock, in microseconds of Unix time.
    pub unix_micros: u64,
}

impl Receipt {
    /// The bytes that are signed: a label, and the receipt as a canonical record.
    ///
    /// # Errors
    /// [`RecordError::Unwritable`].
    pub fn signing_bytes(&self) -> Result<Vec<u8>, RecordError> {
        Ok([LABEL, self.record()?.as_bytes()].concat())
    }

    /// The receipt as a canonical record: what stands behind the label in what is signed.
    ///
    /// # Errors
    /// [`RecordError::Unwritable`].
    pub fn record(&self) -> Result<String, RecordError> {
        let mut record = Builder::default();
        record.put("visit", self.visit.as_str())?;
        record.put("endpoint", self.endpoint.as_str())?;
        record.put("peer", self.peer.as_str())?;
        record.put("happened", self.happened.word())?;
        record.put("agreed", to_base64(&self.agreed).as_str())?;
        record.put("path", self.path.word())?;
        record.put("level", self.level.as_str())?;
        record.put("receipt_at", self.unix_micros)?;
        Ok(record.finish())
    }

    /// The receipt that a row of the log tells of, and its signature.
    ///
    /// # Errors
    /// [`ReceiptError::Malformed`].
    pub fn of_row(row: &Record<'_>) -> Result<(Self, [u8; 64]), ReceiptError> {
        let read = || {
            let text = |name| row.text(name).map(str::to_owned);
            let receipt = Self {
                visit: text("visit")?,
                endpoint: text("endpoint")?,
                peer: text("peer")?,
                happened: Happened::parse(row.text("happened")?)?,
                agreed: from_base64(row.text("agreed")?)?,
                path: PathKind::parse(row.text("path")?)?,
                level: text("level")?,
                unix_micros: row.number("receipt_at")?,
            };
            Some((receipt, from_base64(row.text("signature")?)?))
        };
        read().ok_or(ReceiptError::Malformed)
    }

    /// Whether the endpoint's key signed it.
    ///
    /// # Errors
    /// [`ReceiptError`].
    pub fn verify(&self, key: &[u8; 32], signature: &[u8; 64]) -> Result<(), ReceiptError> {
        let bytes = self.signing_bytes().map_err(|_| ReceiptError::Malformed)?;
        let key = VerifyingKey::from_bytes(key).map_err(|_| ReceiptError::WrongSignature)?;
        let signed = key.verify_strict(&bytes, &Signature::from_bytes(signature));
        signed.map_err(|_| ReceiptError::WrongSignature)
    }
}

/// The Ed25519 key in the public bundle of a join (docs/trust.md): what its receipts are verified by. None for what is no
/// bundle.
pub fn bundle_key(bundle: &[u8]) -> Option<[u8; 32]> {
    match bundle {
        [BUNDLE_VERSION, 1 | 2, ..] => bundle.get(BEFORE_KEY..)?.first_chunk().copied(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use ed25519_dalek::{Signer, SigningKey};

    use super::*;
    use crate::row;

    fn receipt() -> Receipt {
        Receipt {
            visit: "vis_AAAAAAAAAAAAAAAAAAAAAA".to_owned(),
            endpoint: "end_AAAAAAAAAAAAAAAAAAAAAA".to_owned(),
            peer: "end_AQEBAQEBAQEBAQEBAQEBAQ".to_owned(),
            happened: Happened::Opened,
            agreed: [9; 32],
            path: PathKind::Relayed,
            level: "compared".to_owned(),
            unix_micros: 17,
        }
    }

    #[test]
    fn a_receipt_is_found_in_its_row_and_nothing_of_it_can_be_changed() {
        let key = SigningKey::from_bytes(&[5; 32]);
        let receipt = receipt();
        let signature = key.sign(&receipt.signing_bytes().unwrap()).to_bytes();
        let mut row = row(99, &receipt.endpoint, "receipt").unwrap();
        for (name, value) in [
            ("visit", receipt.visit.as_str()),
            ("endpoint", &receipt.endpoint),
            ("peer", &receipt.peer),
            ("happened", "opened"),
            ("agreed", &to_base64(&receipt.agreed)),
            ("path", "relayed"),
            ("level", "compared"),
            ("signature", &to_base64(&signature)),
        ] {
            row.put(name, value).unwrap();
        }
        row.put("receipt_at", 17).unwrap();
        let text = row.finish(3, None).unwrap();
        let (read, signed) = Receipt::of_row(&Record::parse(&text).unwrap()).unwrap();
        assert_eq!((&read, signed), (&receipt, signature));
        let public = key.verifying_key().to_bytes();
        read.verify(&public, &signed).unwrap();
        for forged in [
            Receipt { path: PathKind::Direct, ..receipt.clone() },
            Receipt { happened: Happened::Closed, ..receipt.clone() },
            Receipt { agreed: [8; 32], ..receipt.clone() },
            Receipt { unix_micros: 18, ..receipt.clone() },
        ] {
            assert_eq!(forged.verify(&public, &signed), Err(ReceiptError::WrongSignature));
        }
        assert_eq!(read.verify(&[5; 32], &signed), Err(ReceiptError::WrongSignature));
    }

    #[test]
    fn the_key_of_a_bundle_stands_after_its_place() {
        let bundle = [&[2u8, 1][..], &[7; 16], &[8; 32], &[9; 32]].concat();
        assert_eq!(bundle_key(&bundle), Some([8; 32]));
        assert_eq!(bundle_key(&bundle[..49]), None);
        assert_eq!(bundle_key(&[&[3u8, 1][..], &bundle[2..]].concat()), None);
        assert_eq!(bundle_key(&[]), None);
    }
}
