//! Bytes inside JSON: base64url without padding (RFC 4648 section 5).

use std::borrow::Cow;
use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Bytes of any length, opaque to the server.
#[derive(Clone, PartialEq, Eq, Hash, Default)]
pub struct Base64(pub Vec<u8>);

impl Base64 {
    /// How many bytes there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl AsRef<[u8]> for Base64 {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl From<Vec<u8>> for Base64 {
    fn from(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }
}

impl fmt::Debug for Base64 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{} bytes]", self.0.len())
    }
}

impl Serialize for Base64 {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&URL_SAFE_NO_PAD.encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for Base64 {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<'de, str>::deserialize(deserializer)?;
        URL_SAFE_NO_PAD
            .decode(text.as_ref())
            .map(Self)
            .map_err(|_| serde::de::Error::custom("not base64url without padding"))
    }
}

macro_rules! fixed {
    ($(#[$doc:meta])* $name:ident, $len:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash)]
        pub struct $name(pub [u8; $len]);

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!("[", $len, " bytes]"))
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&URL_SAFE_NO_PAD.encode(self.0))
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let bytes = Base64::deserialize(deserializer)?.0;
                let len = bytes.len();
                let fixed = bytes.try_into().map_err(|_| serde::de::Error::invalid_length(len, &concat!($len, " bytes")))?;
                Ok(Self(fixed))
            }
        }
    };
}

fixed!(
    /// The public half of an invite's Ed25519 key (RFC 8032): all that the server knows of a link's secret.
    InviteKey, 32);
fixed!(
    /// What the server asks a joining app to sign. It stands for itself (time and a keyed hash), so asking stores nothing.
    Challenge, 48);
fixed!(
    /// An Ed25519 signature (RFC 8032).
    Signature, 64);
fixed!(
    /// SHA-256 of a clinic's public key: what every link of the clinic carries. Apps believe the link's, never the server's.
    ClinicFingerprint, 32);

fixed!(
    /// SHA-256 over a sealed note and a salt that is sealed with it.
    NoteCommitment, 32);

impl Challenge {
    /// The server's clock when it made the challenge, in microseconds of Unix time: its first eight bytes, big endian.
    pub fn unix_micros(&self) -> u64 {
        self.0.first_chunk().map_or(0, |bytes| u64::from_be_bytes(*bytes))
    }
}
