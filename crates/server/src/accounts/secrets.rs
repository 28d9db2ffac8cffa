//! Tokens and codes: drawn here, kept as hashes alone.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use rand::TryRng;
use rand::rngs::SysRng;
use sha2::{Digest, Sha256};
use signaling_protocol::Code;
use units::Phi;

/// What is kept of a token, and of a code.
pub(super) type Hash = [u8; 32];

/// Random bytes of the system's.
///
/// # Errors
/// [`Code::Internal`] when the system gives none.
pub(super) fn random<const N: usize>() -> Result<[u8; N], Code> {
    let mut bytes = [0; N];
    SysRng.try_fill_bytes(&mut bytes).map_err(|_| Code::Internal)?;
    Ok(bytes)
}

/// What is kept of a token: it has 256 random bits, so nothing is found by trying.
pub(super) fn hash_of(token: &str) -> Hash {
    Sha256::digest(token).into()
}

/// A token that begins with `prefix`.
pub(super) fn token(prefix: &str) -> Result<Phi<String>, Code> {
    Ok(as_token(prefix, &random()?))
}

fn as_token(prefix: &str, bytes: &[u8; 32]) -> Phi<String> {
    Phi::new(format!("{prefix}{}", URL_SAFE_NO_PAD.encode(bytes)))
}

/// What an account is called where tries are counted.
pub(super) fn name_hash(name: &str) -> Hash {
    Sha256::digest(name.trim().to_lowercase()).into()
}

/// The server's key for what follows from tokens and codes. `Debug` shows nothing of it.
pub(super) struct Key(pub(super) [u8; 32]);

impl Key {
    /// The refresh token after `shown`. It follows from the token and from the nonce that the app drew for it: asked again
    /// with both the same, it is the same; with another nonce, another.
    pub(super) fn next_refresh(&self, shown: &str, nonce: &[u8]) -> Phi<String> {
        as_token(REFRESH, &self.mac(b"refresh", &[shown.as_bytes(), nonce]))
    }

    /// What is kept of a code that a person types.
    pub(super) fn code_hash(&self, code: &str) -> Hash {
        self.mac(b"code", &[plain(code).as_bytes()])
    }

    fn mac(&self, what: &[u8], parts: &[&[u8]]) -> Hash {
        let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(&self.0).unwrap_or_else(|_| unreachable!("any length"));
        for part in [&[what][..], parts].concat() {
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part);
        }
        mac.finalize().into_bytes().into()
    }
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Key([secret])")
    }
}

/// What refresh tokens begin with.
pub(super) const REFRESH: &str = "str_";

/// RFC 4648 section 6, in small letters: no 0, 1, 8 and 9, which look like others.
const BASE32: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";

/// A code that a person types: 80 bits, in four groups of four.
pub(super) fn code() -> Result<Phi<String>, Code> {
    let letters = random::<16>()?.map(|byte| char::from(BASE32[usize::from(byte % 32)]));
    let groups: Vec<String> = letters.chunks(4).map(|group| group.iter().collect()).collect();
    Ok(Phi::new(groups.join("-")))
}

/// A code however it is written.
fn plain(code: &str) -> String {
    code.chars().filter(char::is_ascii_alphanumeric).map(|letter| letter.to_ascii_lowercase()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_the_same_however_it_is_typed() {
        let key = Key([1; 32]);
        let code = code().unwrap().into_exposed();
        assert_eq!(code.len(), 19);
        assert_eq!(key.code_hash(&code), key.code_hash(&format!(" {} ", code.to_uppercase().replace('-', " "))));
        assert_ne!(key.code_hash(&code), Key([2; 32]).code_hash(&code));
    }

    #[test]
    fn the_next_refresh_token_follows_from_the_last_and_the_nonce() {
        let key = Key([1; 32]);
        let next = |shown: &str, nonce: &[u8]| key.next_refresh(shown, nonce).into_exposed();
        assert_eq!(next("str_a", b"n"), next("str_a", b"n"));
        for other in [
            next("str_b", b"n"),
            next("str_a", b"m"),
            next("str_an", b""),
            Key([2; 32]).next_refresh("str_a", b"n").into_exposed(),
        ] {
            assert_ne!(next("str_a", b"n"), other);
        }
        assert!(next("str_a", b"n").starts_with(REFRESH) && format!("{key:?}") == "Key([secret])");
    }
}
