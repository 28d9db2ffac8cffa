//! Fixed sequences of bytes: what is signed or hashed has exactly one form. Numbers are big endian.
//!
//! Public for `clinic`, which writes what is read here.

use ed25519_dalek::{Signature, VerifyingKey};
use hkdf::Hkdf;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

/// `Debug` for what holds secrets: its name and nothing else.
#[macro_export]
macro_rules! secret_debug {
    ($($name:ident),+) => {$(
        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(concat!(stringify!($name), "([secret])"))
            }
        }
    )+};
}
pub use secret_debug;

/// Reads from the front; every method answers `None` when there is too little.
#[derive(Debug, Clone, Copy)]
pub struct Reader<'a>(pub &'a [u8]);

impl<'a> Reader<'a> {
    /// The next `N` bytes.
    pub fn array<const N: usize>(&mut self) -> Option<&'a [u8; N]> {
        let (array, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(array)
    }

    /// The next `count` bytes.
    pub fn bytes(&mut self, count: usize) -> Option<&'a [u8]> {
        let (bytes, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(bytes)
    }

    /// The next byte.
    pub fn u8(&mut self) -> Option<u8> {
        self.array::<1>().map(|byte| byte[0])
    }

    /// The next number of two bytes.
    pub fn u16(&mut self) -> Option<u16> {
        self.array().map(|bytes| u16::from_be_bytes(*bytes))
    }

    /// The next number of four bytes.
    pub fn u32(&mut self) -> Option<u32> {
        self.array().map(|bytes| u32::from_be_bytes(*bytes))
    }

    /// The next number of eight bytes.
    pub fn u64(&mut self) -> Option<u64> {
        self.array().map(|bytes| u64::from_be_bytes(*bytes))
    }

    /// `Some` if nothing is left: one value has one form.
    pub fn end(self) -> Option<()> {
        self.0.is_empty().then_some(())
    }

    /// What was read since `start`, a copy of this reader made earlier.
    pub fn since(self, start: Self) -> &'a [u8] {
        &start.0[..start.0.len() - self.0.len()]
    }
}

/// A list of byte strings as one, so that no two lists give the same: each with its length (4 bytes) before it.
pub fn framed(parts: &[&[u8]]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(parts.iter().map(|part| part.len() + 4).sum());
    for part in parts {
        bytes.extend_from_slice(&(part.len() as u32).to_be_bytes());
        bytes.extend_from_slice(part);
    }
    bytes
}

/// SHA-256 over a framed list, which begins with a label of its own.
pub fn hash(parts: &[&[u8]]) -> [u8; 32] {
    Sha256::digest(framed(parts)).into()
}

/// HKDF-SHA256 (RFC 5869) of a uniform secret, without salt; the label keeps its keys apart.
pub fn derive(secret: &[u8], label: &[u8]) -> Zeroizing<[u8; 32]> {
    let mut key = Zeroizing::new([0; 32]);
    Hkdf::<Sha256>::new(None, secret)
        .expand(label, key.as_mut())
        .expect("32 bytes are fewer than the 255 blocks that HKDF can give");
    key
}

/// RFC 8032 in its strict form: no weak keys, no second signature for the same message.
pub fn is_signed(key: &[u8; 32], message: &[u8], signature: &[u8; 64]) -> bool {
    VerifyingKey::from_bytes(key).is_ok_and(|key| key.verify_strict(message, &Signature::from_bytes(signature)).is_ok())
}
