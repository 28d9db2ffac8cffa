//! The six digits of the moment (RFC 6238), for a headless host whose account has a second factor.

use std::time::{Duration, SystemTime};

use totp_rs::{Builder, Secret};

/// How long digits last.
pub(crate) const STEP: Duration = Duration::from_secs(30);

/// The digits at `wall`, from a secret in base32 or an `otpauth:` URL that holds one; `None` if it is neither.
pub(crate) fn at(secret: &str, wall: SystemTime) -> Option<String> {
    let base32 = match secret.split_once("secret=") {
        Some((_, rest)) => rest.split('&').next().unwrap_or_default(),
        None => secret.trim(),
    };
    let secret = Secret::try_from_base32(base32).ok()?;
    let totp = Builder::new().with_secret(secret).build().ok()?;
    let unix = wall.duration_since(SystemTime::UNIX_EPOCH).ok()?.as_secs();
    Some(totp.generate(unix).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 6238 appendix B: the ASCII secret of its SHA-1 rows, cut to six digits.
    const SECRET: &str = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";

    #[test]
    fn the_digits_are_those_of_the_standard() {
        let second = |secs| SystemTime::UNIX_EPOCH + Duration::from_secs(secs);
        assert_eq!(at(SECRET, second(59)).as_deref(), Some("287082"));
        assert_eq!(at(SECRET, second(1_111_111_109)).as_deref(), Some("081804"));
        let url = format!("otpauth://totp/Housecall:lee?secret={SECRET}&issuer=Housecall");
        assert_eq!(at(&url, second(59)).as_deref(), Some("287082"));
    }

    #[test]
    fn what_is_no_secret_gives_no_digits() {
        assert_eq!(at("not base32!", SystemTime::UNIX_EPOCH), None);
    }
}
