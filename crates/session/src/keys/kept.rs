//! What is kept of who signs in on this machine: by what the server knows the device again, and what the session goes on by.
//!
//! In the system's keyring, or with the window where there is none; in no file.

use desk::Entry;
use signaling_client::KeptSession;
use signaling_protocol::Base64;
use units::Phi;
use zeroize::Zeroizing;

use super::Vault;

/// One account on this machine.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Kept {
    /// By what the server knows this device.
    pub(crate) device_token: Option<Phi<String>>,
    /// What the session goes on by, while there is one.
    pub(crate) session: Option<KeptSession>,
}

impl Kept {
    /// What is kept of this account at this server.
    pub(crate) async fn load(vault: &Vault, place: &str) -> Self {
        vault.read(place.to_owned(), Entry::Session).await.and_then(|bytes| Self::read(&bytes)).unwrap_or_default()
    }

    /// Keeps it in the place of what is there.
    pub(crate) async fn keep(&self, vault: &Vault, place: &str) {
        vault.keep(place.to_owned(), Entry::Session, self.write()).await;
    }

    /// A line each: a version, the device's token, the session's, its nonce. What there is none of is empty.
    fn write(&self) -> Zeroizing<Vec<u8>> {
        let device = self.device_token.as_ref().map(Phi::expose).map_or("", String::as_str);
        let (refresh, nonce) = match &self.session {
            Some(kept) => {
                let nonce = kept.nonce.expose().0.iter().map(|byte| format!("{byte:02x}")).collect();
                (kept.refresh_token.expose().as_str(), nonce)
            }
            None => ("", String::new()),
        };
        Zeroizing::new(format!("{VERSION}\n{device}\n{refresh}\n{nonce}").into_bytes())
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(bytes).ok()?;
        let lines: Vec<&str> = text.split('\n').collect();
        let [VERSION, device, refresh, nonce] = lines[..] else { return None };
        let some = |text: &str| (!text.is_empty()).then(|| Phi::new(text.to_owned()));
        let session = some(refresh)
            .zip(bytes_of(nonce))
            .map(|(refresh_token, nonce)| KeptSession { refresh_token, nonce: Phi::new(Base64(nonce)) });
        Some(Self { device_token: some(device), session })
    }
}

const VERSION: &str = "1";

/// What is written in hexadecimal; none if it is not, or empty.
fn bytes_of(hex: &str) -> Option<Vec<u8>> {
    let pairs = hex.as_bytes().chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok());
    pairs.collect::<Option<Vec<u8>>>().filter(|bytes| !bytes.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_read_again_and_what_is_not_ours_is_nothing() {
        let phi = |text: &str| Phi::new(text.to_owned());
        let session = KeptSession { refresh_token: phi("str_b"), nonce: Phi::new(Base64(vec![7; 16])) };
        for (device_token, session) in [
            (Some(phi("sdt_a")), Some(session.clone())),
            (Some(phi("sdt_a")), None),
            (None, Some(session)),
            (None, None),
        ] {
            let kept = Kept { device_token, session };
            assert_eq!(Kept::read(&kept.write()), Some(kept));
        }
        for other in ["", "1", "2\na\nb\nabab", "1\na\nb\nabab\n", "1\na"] {
            assert_eq!(Kept::read(other.as_bytes()), None, "{other:?}");
        }
    }

    #[tokio::test]
    async fn each_account_has_its_own() {
        let vault = Vault::without_a_keyring();
        let kept = Kept { device_token: Some(Phi::new("sdt_a".to_owned())), session: None };
        kept.keep(&vault, "lee at a").await;
        assert_eq!(Kept::load(&vault, "lee at a").await, kept);
        assert_eq!(Kept::load(&vault, "kim at a").await, Kept::default());
    }
}
