//! The certificate that our end shows in the handshake.

use std::fmt;

use rtc::crypto::{SignatureScheme, default_provider};
use rtc::peer_connection::certificate::{CertificateParams, RTCCertificate};

use crate::PeerError;
use crate::engine::setup;

/// A self-signed certificate with a fresh key (ECDSA over P-256, RFC 8827 section 6.5). All connections that one app makes
/// in one visit may share it: then the other side can tell that it is still the same app, and what two people compared
/// of it stays true.
#[derive(Clone)]
pub struct Certificate(RTCCertificate);

impl Certificate {
    /// Makes one.
    ///
    /// # Errors
    /// If this computer gives no randomness or no cryptography.
    pub fn generate() -> Result<Self, PeerError> {
        // The name says nothing of who it is.
        let name = format!("{:016x}", getrandom::u64().map_err(setup)?);
        let parameters = CertificateParams::new(vec![name]).map_err(setup)?;
        let provider = default_provider().map_err(setup)?;
        RTCCertificate::generate(provider.crypto(), SignatureScheme::EcdsaP256Sha256, parameters)
            .map(Self)
            .map_err(setup)
    }

    pub(crate) fn into_library(self) -> RTCCertificate {
        self.0
    }
}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Certificate([secret])")
    }
}
