//! Passwords and second factors: what they must be like, and whether they are right.

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use signaling_protocol::Code;
use totp_rs::Totp;

use super::AddUserError;
use super::secrets::random;

/// The shortest password (NIST SP 800-63B section 3.1.1.2: eight is the least beside a second factor).
pub(super) const SHORTEST_PASSWORD: usize = 8;

/// The longest that is looked at, so that hashing takes no longer for a hostile one.
pub(super) const LONGEST_PASSWORD: usize = 1_024;

/// The lengths of a second factor's secret (RFC 4226 section 4: 160 bits), in bytes.
const SECRET_BYTES: std::ops::RangeInclusive<usize> = 20..=64;

/// Whether this may be a password.
pub(super) fn will_do(password: &str) -> bool {
    password.chars().count() >= SHORTEST_PASSWORD && password.len() <= LONGEST_PASSWORD
}

/// Whether this may be an account's name.
pub(super) fn is_name(name: &str) -> bool {
    !name.trim().is_empty() && name.trim() == name && name.chars().count() <= 64 && !name.chars().any(char::is_control)
}

/// An argon2id hash with the crate's defaults, which are OWASP's: 19 MiB, two passes.
pub(super) fn hash(password: &str) -> Result<String, AddUserError> {
    let hash = Argon2::default().hash_password(password.as_bytes());
    hash.map(|hash| hash.to_string()).map_err(|error| AddUserError::Hash(error.to_string()))
}

/// Of a password that nobody has.
pub(super) fn hash_of_nobody() -> Result<String, AddUserError> {
    let password: [u8; 32] = random().map_err(|_| AddUserError::Random)?;
    hash(&URL_SAFE_NO_PAD.encode(password))
}

/// Whether this is the password of the hash. Takes as long as hashing does; an account without a password has no hash.
pub(super) fn is_right(password: &str, hash: &str) -> bool {
    let hash = PasswordHash::new(hash);
    hash.is_ok_and(|hash| Argon2::default().verify_password(password.as_bytes(), &hash).is_ok())
}

/// Which step these digits are of, if they are right: one early or late will do (RFC 6238 section 5.2).
pub(super) fn step_of(secret: &[u8], digits: &str, unix_secs: u64) -> Result<Option<i64>, Code> {
    let digits: String = digits.split_whitespace().collect();
    let step = totp(secret).and_then(|totp| totp.check(&digits, unix_secs));
    step.map(|step| i64::try_from(step).map_err(|_| Code::Internal)).transpose()
}

/// Whether this may be the secret of a second factor.
pub(super) fn is_secret(secret: &[u8]) -> bool {
    SECRET_BYTES.contains(&secret.len()) && totp(secret).is_some()
}

pub(super) fn totp(secret: &[u8]) -> Option<Totp> {
    totp_rs::Builder::new().with_secret(secret.to_vec()).build().ok()
}
