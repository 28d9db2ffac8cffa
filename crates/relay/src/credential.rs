//! Credentials that end: a name that says until when and for whom, and a password that only the server can make of it.
//!
//! As in draft-uberti-behave-turn-rest, with SHA-256: nothing is kept of a credential but what is in its name. Visit and
//! endpoint stand there as hashes under the server's secret, which say nothing to whoever sees them on the wire.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use sha2::{Digest, Sha256};

/// The server's secret, new at every start: allocations do not outlive the server either.
pub struct Secret([u8; 32]);

/// What a visit or an endpoint is called in a credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Tag([u8; TAG_BYTES]);

/// What a credential's name says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Grant {
    /// Until when new allocations may be made with it, in seconds of Unix time.
    pub expires_unix_secs: u64,
    /// In which visit.
    pub visit: Tag,
    /// For whom.
    pub endpoint: Tag,
}

/// A name and its password.
#[derive(Clone, PartialEq, Eq)]
pub struct Credential {
    /// USERNAME.
    pub username: String,
    /// The password.
    pub password: String,
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credential(…)")
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// 96 bits: no two of a clinic's visits meet, and three names fit one STUN attribute well.
const TAG_BYTES: usize = 12;

impl Secret {
    /// Of 32 random bytes.
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Of a secret that somebody else chose.
    pub fn of_text(text: &[u8]) -> Self {
        Self(Sha256::digest(text).into())
    }

    /// What `id` is called in credentials. `kind` keeps a visit and an endpoint of one id apart.
    pub fn tag(&self, kind: &str, id: &str) -> Tag {
        // No name of a credential begins with a letter: a tag is never half of a password.
        let mac = self.mac(format!("tag:{kind}:{id}").as_bytes());
        let mut tag = [0; TAG_BYTES];
        tag.copy_from_slice(&mac[..TAG_BYTES]);
        Tag(tag)
    }

    /// The credential that says so.
    pub fn issue(&self, grant: &Grant) -> Credential {
        let username = grant.username();
        let password = self.password(&username);
        Credential { username, password }
    }

    /// The password of a name.
    pub(crate) fn password(&self, username: &str) -> String {
        STANDARD.encode(self.mac(username.as_bytes()))
    }

    fn mac(&self, message: &[u8]) -> [u8; 32] {
        // HMAC takes keys of any length, so this is never the zeros.
        Hmac::<Sha256>::new_from_slice(&self.0)
            .map_or([0; 32], |mac| mac.chain_update(message).finalize().into_bytes().into())
    }
}

impl Grant {
    /// `expiry:visit:endpoint`.
    pub fn username(&self) -> String {
        let Self { expires_unix_secs, visit, endpoint } = self;
        format!("{expires_unix_secs}:{}:{}", URL_SAFE_NO_PAD.encode(visit.0), URL_SAFE_NO_PAD.encode(endpoint.0))
    }

    /// What a name says; none if it is none of ours. Only the one way of writing it is taken.
    pub fn of(username: &str) -> Option<Self> {
        let mut parts = username.split(':');
        let expires_unix_secs = parts.next()?.parse().ok()?;
        let mut tag = || -> Option<Tag> { URL_SAFE_NO_PAD.decode(parts.next()?).ok()?.try_into().ok().map(Tag) };
        let grant = Self { expires_unix_secs, visit: tag()?, endpoint: tag()? };
        (grant.username() == username).then_some(grant)
    }
}

/// A credential for a coturn with `use-auth-secret`: `expiry:user`, and HMAC-SHA1, because it knows no other.
pub fn coturn_credential(secret: &[u8], expires_unix_secs: u64, user: Tag) -> Credential {
    let username = format!("{expires_unix_secs}:{}", URL_SAFE_NO_PAD.encode(user.0));
    let mac =
        Hmac::<Sha1>::new_from_slice(secret).map(|mac| mac.chain_update(username.as_bytes()).finalize().into_bytes());
    let password = mac.map(|mac| STANDARD.encode(mac)).unwrap_or_default();
    Credential { username, password }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn secret() -> Secret {
        Secret::new([7; 32])
    }

    fn grant() -> Grant {
        Grant {
            expires_unix_secs: 1_790_000_000,
            visit: secret().tag("visit", "a"),
            endpoint: secret().tag("endpoint", "b"),
        }
    }

    #[test]
    fn a_name_says_what_it_was_made_of_and_another_secret_another_password() {
        let credential = secret().issue(&grant());
        assert_eq!(Grant::of(&credential.username), Some(grant()));
        assert_ne!(Secret::new([8; 32]).issue(&grant()).password, credential.password);
        let later = Grant { expires_unix_secs: 1_790_000_001, ..grant() };
        assert_ne!(secret().issue(&later).password, credential.password);
        assert_ne!(secret().tag("visit", "a"), secret().tag("endpoint", "a"));
    }

    #[test]
    fn a_name_written_otherwise_is_none_of_ours() {
        let name = grant().username();
        for other in
            [format!("0{name}"), format!("+{name}"), format!("{name}:"), format!("{name}="), name[1..].replace(':', "")]
        {
            assert_eq!(Grant::of(&other), None, "{other}");
        }
    }

    /// By `printf '%s' 1790000000:AAAA… | openssl dgst -sha1 -hmac secret -binary | base64`.
    #[test]
    fn coturn_gets_the_password_that_it_would_make_itself() {
        let credential = coturn_credential(b"secret", 1_790_000_000, Tag([0; 12]));
        assert_eq!(credential.username, "1790000000:AAAAAAAAAAAAAAAA");
        assert_eq!(credential.password, "+X/l+qP83CwMuZ8la/mO8xnd+XM=");
    }

    proptest! {
        #[test]
        fn only_what_is_written_as_we_write_it_is_read(text in "[0-9]{0,22}:?[-_=A-Za-z0-9]{0,17}:?[-_A-Za-z0-9]{0,17}") {
            if let Some(grant) = Grant::of(&text) {
                prop_assert_eq!(grant.username(), text);
            }
        }
    }
}
