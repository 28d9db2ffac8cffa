//! SHA-256 fingerprints: of the clinic's key, of the server's TLS certificate, of a peer's DTLS certificate.

use std::fmt;
use std::str::FromStr;

use sha2::{Digest, Sha256};

use crate::base64url;

/// The SHA-256 of the clinic's Ed25519 public key: what a link carries so that the patient's app knows its clinician.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct KeyFingerprint(pub [u8; 32]);

impl KeyFingerprint {
    /// The fingerprint of an Ed25519 public key.
    pub fn of_key(public_key: &[u8; 32]) -> Self {
        Self(Sha256::digest(public_key).into())
    }
}

impl fmt::Display for KeyFingerprint {
    /// 43 characters of base64url.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&base64url::encode_32(&self.0))
    }
}

impl fmt::Debug for KeyFingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyFingerprint({self})")
    }
}

/// The SHA-256 of the server's leaf certificate (DER): stands in for a certificate authority where the certificate is
/// self-signed.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct TlsPin(pub [u8; 32]);

impl TlsPin {
    /// The pin of a certificate in DER.
    pub fn of_certificate(der: &[u8]) -> Self {
        Self(Sha256::digest(der).into())
    }
}

impl fmt::Display for TlsPin {
    /// `sha256:` and 43 characters of base64url, as the server prints it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{PIN_PREFIX}{}", base64url::encode_32(&self.0))
    }
}

impl fmt::Debug for TlsPin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TlsPin({self})")
    }
}

impl FromStr for TlsPin {
    type Err = FingerprintError;

    fn from_str(text: &str) -> Result<Self, FingerprintError> {
        let digest = text.strip_prefix(PIN_PREFIX).ok_or(FingerprintError::Pin)?;
        base64url::decode_32(digest).map(Self).ok_or(FingerprintError::Pin)
    }
}

/// The SHA-256 of a peer's DTLS certificate (DER), RFC 8122 section 5. No other hash is used.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct DtlsFingerprint(pub [u8; 32]);

impl DtlsFingerprint {
    /// The fingerprint of a certificate in DER.
    pub fn of_certificate(der: &[u8]) -> Self {
        Self(Sha256::digest(der).into())
    }
}

impl fmt::Display for DtlsFingerprint {
    /// Pairs of upper-case hexadecimal digits with colons between, as `a=fingerprint:sha-256` has them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let pairs: Vec<String> = self.0.iter().map(|byte| format!("{byte:02X}")).collect();
        f.write_str(&pairs.join(":"))
    }
}

impl fmt::Debug for DtlsFingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DtlsFingerprint({self})")
    }
}

impl FromStr for DtlsFingerprint {
    type Err = FingerprintError;

    /// Reads what [`Display`](fmt::Display) writes; lower-case digits too, as RFC 8122 allows them in practice.
    fn from_str(text: &str) -> Result<Self, FingerprintError> {
        let mut bytes = [0; 32];
        let mut pairs = text.split(':');
        for byte in &mut bytes {
            let pair = pairs.next().ok_or(FingerprintError::Dtls)?;
            // `from_str_radix` alone would also take `+F`.
            if pair.len() != 2 || !pair.bytes().all(|digit| digit.is_ascii_hexdigit()) {
                return Err(FingerprintError::Dtls);
            }
            *byte = u8::from_str_radix(pair, 16).map_err(|_| FingerprintError::Dtls)?;
        }
        pairs.next().is_none().then_some(Self(bytes)).ok_or(FingerprintError::Dtls)
    }
}

/// The text is not a fingerprint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FingerprintError {
    /// Not a pin as the server prints it.
    #[error("a pin is `sha256:` and 43 letters, digits, `-` or `_`, as the server prints it when it is ready")]
    Pin,
    /// Not a SHA-256 of a certificate as SDP writes it.
    #[error("a DTLS fingerprint is 32 pairs of hexadecimal digits with colons between")]
    Dtls,
}

const PIN_PREFIX: &str = "sha256:";

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_dtls_fingerprint_is_written_as_sdp_has_it() {
        let text = DtlsFingerprint::of_certificate(b"abc").to_string();
        // FIPS 180-2, appendix B.1.
        assert_eq!(
            text,
            "BA:78:16:BF:8F:01:CF:EA:41:41:40:DE:5D:AE:22:23:B0:03:61:A3:96:17:7A:9C:B4:10:FF:61:F2:00:15:AD"
        );
        assert_eq!(text.to_lowercase().parse(), Ok(DtlsFingerprint::of_certificate(b"abc")));
    }

    #[test]
    fn what_is_printed_of_a_fingerprint_tells_of_what_it_is() {
        let bytes = [0xab; 32];
        let letters = base64url::encode_32(&bytes);
        assert_eq!(KeyFingerprint(bytes).to_string(), letters);
        assert_eq!(format!("{:?}", KeyFingerprint(bytes)), format!("KeyFingerprint({letters})"));
        assert_eq!(format!("{:?}", TlsPin(bytes)), format!("TlsPin(sha256:{letters})"));
        let pairs = ["AB"; 32].join(":");
        assert_eq!(format!("{:?}", DtlsFingerprint(bytes)), format!("DtlsFingerprint({pairs})"));
    }

    #[test]
    fn what_is_not_a_fingerprint_is_refused() {
        let good = DtlsFingerprint([0xab; 32]).to_string();
        let wrong = [
            String::new(),
            good[3..].to_owned(),
            format!("{good}:AB"),
            format!("{good}:"),
            good.replacen("AB", "+B", 1),
            good.replacen("AB", "A", 1),
            good.replacen("AB", "ABA", 1),
            good.replacen("AB", "XY", 1),
            good.replace(':', ""),
            format!("{good}\r\na=setup:active"),
        ];
        for text in wrong {
            assert_eq!(text.parse::<DtlsFingerprint>(), Err(FingerprintError::Dtls), "{text}");
        }
    }

    #[test]
    fn a_pin_is_read_as_the_server_prints_it() {
        let pin = TlsPin::of_certificate(b"certificate");
        assert_eq!(pin.to_string().len(), 7 + 43);
        assert_eq!(pin.to_string().parse(), Ok(pin));
        for wrong in ["", "sha256:", "sha256:AAAA", "sha1:AAAA", &base64url::encode_32(&pin.0)] {
            assert_eq!(wrong.parse::<TlsPin>(), Err(FingerprintError::Pin), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn every_fingerprint_is_read_as_it_is_written(bytes: [u8; 32]) {
            prop_assert_eq!(DtlsFingerprint(bytes).to_string().parse(), Ok(DtlsFingerprint(bytes)));
            prop_assert_eq!(TlsPin(bytes).to_string().parse(), Ok(TlsPin(bytes)));
        }

        #[test]
        fn no_text_panics(text in ".{0,120}") {
            let _ = text.parse::<DtlsFingerprint>();
            let _ = text.parse::<TlsPin>();
        }
    }
}
