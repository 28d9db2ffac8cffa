//! Suite 1: HPKE (RFC 9180) with DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-256-GCM, by the `hpke` crate.
//!
//! Public for `clinic`, which seals staff boxes in base mode.

use std::convert::Infallible;

use hpke::aead::{AeadCtxR, AeadCtxS, AesGcm256};
use hpke::kdf::HkdfSha256;
use hpke::kem::X25519HkdfSha256;
use hpke::rand_core::{TryCryptoRng, TryRng};
use hpke::{Deserializable, HpkeError, Kem, OpModeR, OpModeS, PskBundle, Serializable};
use zeroize::{ZeroizeOnDrop, Zeroizing};

/// The registered numbers of KEM, KDF and AEAD (RFC 9180 section 7), bound in every info.
pub const SUITE_ID: [u8; 6] = [0x00, 0x20, 0x00, 0x01, 0x00, 0x02];
/// Bytes of an encapsulated key.
pub const ENC_BYTES: usize = 32;
/// Bytes that a box is longer than what is in it.
pub const TAG_BYTES: usize = 16;

/// Seals, in order.
pub type Sender = AeadCtxS<AesGcm256, HkdfSha256, X25519HkdfSha256>;
/// Opens, in order.
pub type Receiver = AeadCtxR<AesGcm256, HkdfSha256, X25519HkdfSha256>;

/// Begins to seal to `recipient`: in PSK mode if there is a key and its id, else in base mode. `None` for a recipient of
/// low order.
pub fn sender(
    recipient: &[u8; 32],
    psk: Option<(&[u8; 32], &[u8])>,
    info: &[u8],
    random: [u8; 32],
) -> Option<([u8; ENC_BYTES], Sender)> {
    let recipient = <X25519HkdfSha256 as Kem>::PublicKey::from_bytes(recipient).ok()?;
    let mode = match psk {
        Some((psk, id)) => OpModeS::Psk(PskBundle::new(psk, id).ok()?),
        None => OpModeS::Base,
    };
    let (enc, context): (_, Sender) = hpke::setup_sender_with_rng(&mode, &recipient, info, &mut Drawn(random)).ok()?;
    Some((enc.to_bytes().into(), context))
}

/// Begins to open what [`sender`] sealed.
///
/// # Errors
/// [`HpkeError::DecapError`] for an encapsulated key of low order, and for nothing else.
pub fn receiver(
    own: &[u8; 32],
    psk: Option<(&[u8; 32], &[u8])>,
    info: &[u8],
    enc: &[u8; ENC_BYTES],
) -> Result<Receiver, HpkeError> {
    let own = <X25519HkdfSha256 as Kem>::PrivateKey::from_bytes(own)?;
    let enc = <X25519HkdfSha256 as Kem>::EncappedKey::from_bytes(enc)?;
    let mode = match psk {
        Some((psk, id)) => OpModeR::Psk(PskBundle::new(psk, id)?),
        None => OpModeR::Base,
    };
    hpke::setup_receiver(&mode, &own, &enc, info)
}

/// DeriveKeyPair (RFC 9180 section 7.1.3): secret and public.
pub fn key_pair(seed: &[u8; 32]) -> (Zeroizing<[u8; 32]>, [u8; 32]) {
    let (secret, public) = X25519HkdfSha256::derive_keypair(seed);
    (Zeroizing::new(secret.to_bytes().into()), public.to_bytes().into())
}

/// Randomness that was handed in: HPKE draws the 32 bytes from which its ephemeral key is derived, once.
#[derive(ZeroizeOnDrop)]
struct Drawn([u8; 32]);

impl TryRng for Drawn {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        let mut bytes = [0; 4];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u32::from_be_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        let mut bytes = [0; 8];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u64::from_be_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, wanted: &mut [u8]) -> Result<(), Infallible> {
        for piece in wanted.chunks_mut(32) {
            piece.copy_from_slice(&self.0[..piece.len()]);
            // Nothing is given twice, should another version of the library ask for more.
            self.0 = *crate::codec::derive(&self.0, b"housecall more randomness v1");
        }
        Ok(())
    }
}

impl TryCryptoRng for Drawn {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_library_gets_the_randomness_that_was_handed_in_once_and_then_other() {
        let Ok(word) = Drawn([7; 32]).try_next_u32();
        let Ok(long) = Drawn([7; 32]).try_next_u64();
        assert_eq!((word, long), (0x0707_0707, 0x0707_0707_0707_0707));
        let mut drawn = [0; 96];
        let Ok(()) = Drawn([7; 32]).try_fill_bytes(&mut drawn);
        assert_eq!(drawn[..32], [7; 32]);
        assert!(drawn[32..64] != drawn[..32] && drawn[64..] != drawn[..32] && drawn[64..] != drawn[32..64]);
        let mut twice = Drawn([7; 32]);
        assert_ne!(twice.try_next_u64(), twice.try_next_u64());
    }

    #[test]
    fn a_key_pair_is_derived_as_the_rfc_says() {
        // RFC 9180 appendix A.1.1: ikmE, skEm and pkEm. The library keeps the secret as RFC 7748 uses it, which is the same key.
        let seed = bytes("7268600d403fce431561aef583ee1613527cff655c1343f29812e66706df3234");
        let (secret, public) = key_pair(&seed);
        let mut expected = bytes("52c4a758a802cd8b936eceea314432798d5baf2d7e9235dc084ab1b9cfa2f736");
        expected[0] &= 0b1111_1000;
        expected[31] = expected[31] & 0b0111_1111 | 0b0100_0000;
        assert_eq!(*secret, expected);
        assert_eq!(public, bytes("37fda3567bdbd628e88668c3c8d7e97d1d1253b6d4ea6d44c150f741f1bf4431"));
    }

    #[test]
    fn what_is_sealed_without_a_key_between_the_two_is_opened_without_one_alone() {
        let (secret, public) = key_pair(&[1; 32]);
        let (enc, mut sender) = sender(&public, None, b"info", [2; 32]).unwrap();
        let sealed = sender.seal(b"words", b"").unwrap();
        let opened = |secret: &[u8; 32], psk: Option<(&[u8; 32], &[u8])>, info: &[u8]| {
            receiver(secret, psk, info, &enc).unwrap().open(&sealed, b"").ok()
        };
        assert_eq!(opened(&secret, None, b"info").as_deref(), Some(&b"words"[..]));
        assert_eq!(opened(&secret, Some((&[3; 32], b"id")), b"info"), None);
        assert_eq!(opened(&secret, None, b"other"), None);
        assert_eq!(opened(&[4; 32], None, b"info"), None);
    }

    fn bytes(hex: &str) -> [u8; 32] {
        std::array::from_fn(|at| u8::from_str_radix(&hex[2 * at..2 * at + 2], 16).unwrap())
    }
}
