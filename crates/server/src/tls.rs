//! TLS 1.3 and nothing else: no older version, no session tickets, no early data.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rcgen::{CertificateParams, DistinguishedName, DnType, KeyPair};
use rustls::ServerConfig;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use sha2::{Digest, Sha256};

/// A certificate of the operator's own, in PEM.
#[derive(Debug, Clone)]
pub struct CertificateFiles {
    /// The chain, the server's own certificate first.
    pub certificate: PathBuf,
    /// Its private key.
    pub key: PathBuf,
}

/// What the server shows of itself.
pub(crate) struct Identity {
    pub(crate) config: Arc<ServerConfig>,
    /// SHA-256 of the certificate's DER: what a link pins.
    pub(crate) pin: [u8; 32],
}

/// There is no usable certificate.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file cannot be read.
    #[error("the {what} {} cannot be read: {reason}; give a PEM file that the server may read", path.display())]
    Unreadable {
        /// Certificate or key.
        what: &'static str,
        /// Which file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// The two do not belong together, or are of a kind that TLS 1.3 cannot use.
    #[error("the certificate {} and its key cannot be used: {reason}; check that they belong together", path.display())]
    Unusable {
        /// The certificate's file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// A self-signed certificate cannot be made or kept.
    #[error("a self-signed certificate cannot be written to {}: {reason}; check the disk's free space and permissions", path.display())]
    NotKept {
        /// Where.
        path: PathBuf,
        /// Why.
        reason: String,
    },
}

/// By what a client says that it comes for the relay (RFC 7443).
pub(crate) const TURN_ALPN: &[u8] = b"stun.turn";

/// The operator's certificate; without one, the self-signed one in the data directory, made at the first start.
pub(crate) fn identity(data: &Path, given: Option<&CertificateFiles>, listen: IpAddr) -> Result<Identity, TlsError> {
    let files = match given {
        Some(files) => files.clone(),
        None => self_signed(&data.join("tls"), listen)?,
    };
    let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_file_iter(&files.certificate)
        .and_then(Iterator::collect)
        .map_err(|error| unreadable("certificate", &files.certificate, &error))?;
    let key = PrivateKeyDer::from_pem_file(&files.key).map_err(|error| unreadable("key", &files.key, &error))?;
    let unusable = |reason: String| TlsError::Unusable { path: files.certificate.clone(), reason };
    let leaf = chain.first().ok_or_else(|| unusable("there is no certificate in the file".to_owned()))?;
    let pin = Sha256::digest(leaf).into();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, key))
        .map_err(|error| unusable(error.to_string()))?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec(), TURN_ALPN.to_vec()];
    // Tickets would let a thief of the server's memory read later visits' signalling, early data can be replayed.
    config.send_tls13_tickets = 0;
    config.session_storage = Arc::new(rustls::server::NoServerSessionStorage {});
    config.max_early_data_size = 0;
    Ok(Identity { config: Arc::new(config), pin })
}

/// Where the self-signed certificate is kept; made if it is not there yet.
fn self_signed(directory: &Path, listen: IpAddr) -> Result<CertificateFiles, TlsError> {
    let files = CertificateFiles { certificate: directory.join("certificate.pem"), key: directory.join("key.pem") };
    if files.certificate.exists() && files.key.exists() {
        return Ok(files);
    }
    let not_kept = |reason: String| TlsError::NotKept { path: directory.to_owned(), reason };
    let (certificate, key) = make(listen).map_err(|error| not_kept(error.to_string()))?;
    fs::create_dir_all(directory).map_err(|error| not_kept(error.to_string()))?;
    // The certificate last: when it is there, all is there.
    for (path, text) in [(&files.key, key), (&files.certificate, certificate)] {
        write_private(path, text.as_bytes()).map_err(|error| not_kept(error.to_string()))?;
    }
    Ok(files)
}

/// Certificate and key in PEM. Links pin it, so its names and its time are beside the point; they are there for
/// people who look at it.
fn make(listen: IpAddr) -> Result<(String, String), rcgen::Error> {
    let mut names = vec!["localhost".to_owned()];
    if !listen.is_unspecified() {
        names.push(listen.to_string());
    }
    let mut params = CertificateParams::new(names)?;
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, "Housecall (self-signed)");
    let key = KeyPair::generate()?;
    let certificate = params.self_signed(&key)?;
    Ok((certificate.pem(), key.serialize_pem()))
}

/// Writes a file that only its owner may read, whole or not at all.
pub(crate) fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let draft = path.with_extension("new");
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let written = options.open(&draft).and_then(|mut file| {
        file.write_all(bytes)?;
        file.sync_all()
    });
    if let Err(error) = written.and_then(|()| fs::rename(&draft, path)) {
        fs::remove_file(&draft).ok();
        return Err(error);
    }
    Ok(())
}

fn unreadable(what: &'static str, path: &Path, error: &rustls_pki_types::pem::Error) -> TlsError {
    let reason = match error {
        rustls_pki_types::pem::Error::Io(error) => error.to_string(),
        rustls_pki_types::pem::Error::NoItemsFound => format!("there is no {what} in it"),
        _ => "it is not PEM".to_owned(),
    };
    TlsError::Unreadable { what, path: path.to_owned(), reason }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

    #[test]
    fn the_self_signed_certificate_is_made_once_and_kept_private() {
        let data = tempfile::tempdir().unwrap();
        let first = identity(data.path(), None, HERE).unwrap();
        let second = identity(data.path(), None, HERE).unwrap();
        assert_eq!(first.pin, second.pin);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = fs::metadata(data.path().join("tls/key.pem")).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
    }

    #[test]
    fn a_bad_certificate_is_named_in_one_sentence() {
        let data = tempfile::tempdir().unwrap();
        let (good, other) = (data.path().join("a"), data.path().join("b"));
        for directory in [&good, &other] {
            self_signed(directory, HERE).unwrap();
        }
        let broken = data.path().join("broken.pem");
        fs::write(&broken, "no PEM here").unwrap();
        let certificate = good.join("certificate.pem");
        let cases = [
            (data.path().join("missing.pem"), good.join("key.pem"), "missing.pem cannot be read"),
            (broken.clone(), good.join("key.pem"), "there is no certificate in"),
            (certificate.clone(), broken, "there is no key in it"),
            (certificate, other.join("key.pem"), "check that they belong together"),
        ];
        for (certificate, key, words) in cases {
            let error = identity(data.path(), Some(&CertificateFiles { certificate, key }), HERE).err().unwrap();
            assert!(error.to_string().contains(words), "{error}");
        }
    }
}
