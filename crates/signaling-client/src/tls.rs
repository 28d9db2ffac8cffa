//! TLS 1.3 and nothing older, checked by a pin or by the platform's roots; to a network's own servers, what those speak.

use std::sync::Arc;

use rustls::client::Resumption;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, WebPkiSupportedAlgorithms, aws_lc_rs, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, PeerIncompatible, SignatureScheme};
use sha2::{Digest, Sha256};

use crate::ClientError;

/// By what the server's certificate is checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ServerTrust {
    /// It is this one: the SHA-256 of the leaf certificate's DER. For self-signed certificates.
    Pinned([u8; 32]),
    /// The platform's certificate authorities vouch for it.
    PlatformRoots,
}

/// The TLS that both HTTP clients speak.
pub(crate) fn client_config(trust: &ServerTrust) -> Result<ClientConfig, ClientError> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let verifier: Arc<dyn ServerCertVerifier> = match trust {
        ServerTrust::Pinned(pin) => Arc::new(PinVerifier::new(*pin, &provider)),
        ServerTrust::PlatformRoots => platform_roots(&provider)?,
    };
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])
        .expect("the provider has TLS 1.3 suites")
        .dangerous() // rustls' word for "with a verifier of our own"
        .with_custom_certificate_verifier(verifier)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    // No tickets: they would let an observer tie a patient's connections together. No early data: it can be replayed.
    config.resumption = Resumption::disabled();
    config.enable_early_data = false;
    Ok(config)
}

/// The TLS by which a network's own servers are spoken to, its proxy and who has its proxy script, where they are at `https://`: their
/// certificates are the network's affair and none of the clinic's, so the platform's roots decide, whatever the clinic's server is known
/// by; and such that know TLS 1.2 alone are in use (RFC 9325, section 3.1.1). What goes on inside of a tunnel is the clinic's TLS,
/// unchanged.
pub(crate) fn network_config() -> Result<ClientConfig, ClientError> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let verifier = platform_roots(&provider)?;
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])
        .expect("the provider has suites of both")
        .dangerous() // rustls' word for "with a verifier of our own"
        .with_custom_certificate_verifier(verifier)
        .with_no_client_auth();
    config.resumption = Resumption::disabled();
    config.enable_early_data = false;
    Ok(config)
}

fn platform_roots(provider: &Arc<CryptoProvider>) -> Result<Arc<dyn ServerCertVerifier>, ClientError> {
    let verifier = rustls_platform_verifier::Verifier::new(provider.clone()).map_err(|_| ClientError::NoAuthorities)?;
    Ok(Arc::new(verifier))
}

/// Accepts one certificate and no other.
///
/// Its names and dates are not looked at: whoever gave the pin said that this key, and no other, is the server. That
/// the server holds the key is proved by the handshake's signature, which is checked as always.
#[derive(Debug)]
struct PinVerifier {
    pin: [u8; 32],
    algorithms: WebPkiSupportedAlgorithms,
}

impl PinVerifier {
    fn new(pin: [u8; 32], provider: &CryptoProvider) -> Self {
        Self { pin, algorithms: provider.signature_verification_algorithms }
    }
}

impl ServerCertVerifier for PinVerifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        if Sha256::digest(end_entity.as_ref())[..] == self.pin {
            return Ok(ServerCertVerified::assertion());
        }
        Err(rustls::Error::InvalidCertificate(CertificateError::ApplicationVerificationFailure))
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _certificate: &CertificateDer<'_>,
        _signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Err(rustls::Error::PeerIncompatible(PeerIncompatible::Tls12NotOffered))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signature, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}
