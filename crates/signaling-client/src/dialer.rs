//! Streams to the clinic's relays, opened as connections to the clinic's server are: by way of the same proxy, with as many
//! attempts, checked by the same pin.

use std::fmt;
use std::io;
use std::sync::Arc;

use hyper::Uri;
use tokio::io::{AsyncRead, AsyncWrite};
use units::ScriptFault;

use crate::ServerTrust;
use crate::connector::Connector;
use crate::proxies::FindProxy;
use crate::tls::client_config;

/// Opens streams to relays. Cheap to clone.
#[derive(Clone)]
pub struct Dialer {
    /// The clinic's host, without brackets.
    clinic: String,
    to_clinic: Connector,
    trust: ServerTrust,
    proxies: Option<Arc<dyn FindProxy>>,
}

/// What a stream is.
pub trait ByteStream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> ByteStream for T {}

impl Dialer {
    pub(crate) fn new(
        clinic: &Uri,
        tls: &rustls::ClientConfig,
        trust: &ServerTrust,
        proxies: Option<Arc<dyn FindProxy>>,
    ) -> Self {
        Self { clinic: host_of(clinic), to_clinic: connector(tls, proxies.clone()), trust: *trust, proxies }
    }

    /// Opens a stream to this host (a name, or an address without brackets), with `tls` an encrypted one.
    ///
    /// # Errors
    /// If nobody is reached, or with `tls` the other end is not who it should be.
    pub async fn dial(&self, host: &str, port: u16, tls: bool) -> io::Result<Box<dyn ByteStream>> {
        let to = address(host, port)?;
        let is_clinic = host.eq_ignore_ascii_case(&self.clinic);
        let connector = if is_clinic || !tls { self.to_clinic.clone() } else { self.to_others()? };
        connector.stream(to, tls).await.map_err(io::Error::other)
    }

    /// The same, and no proxy is asked: for finding out what a network lets through.
    pub fn straight(&self) -> Self {
        Self { to_clinic: self.to_clinic.straight(), proxies: None, ..self.clone() }
    }

    /// By way of which proxy this host is reached, if by one: `host:port`.
    ///
    /// # Errors
    /// The network's proxy script cannot be used; then it is reached straight.
    pub async fn proxy(&self, host: &str, port: u16) -> Result<Option<String>, ScriptFault> {
        match address(host, port) {
            Ok(to) => self.to_clinic.proxy_for(&to).await,
            Err(_) => Ok(None),
        }
    }

    /// A relay on a machine of its own has a certificate of its own, which the platform's authorities vouch for. What goes by
    /// way of it is encrypted once more, to the other side, so that this one proves only whose relay it is.
    fn to_others(&self) -> io::Result<Connector> {
        match self.trust {
            ServerTrust::PlatformRoots => Ok(self.to_clinic.clone()),
            ServerTrust::Pinned(_) => {
                let tls = client_config(&ServerTrust::PlatformRoots).map_err(io::Error::other)?;
                Ok(connector(&tls, self.proxies.clone()))
            }
        }
    }
}

impl fmt::Debug for Dialer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dialer").finish_non_exhaustive()
    }
}

/// A proxy is asked to connect, whatever is spoken then: the rules for `https` say whether and which.
fn address(host: &str, port: u16) -> io::Result<Uri> {
    let authority = if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") };
    let to = Uri::builder().scheme("https").authority(authority).path_and_query("/").build();
    to.map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error))
}

fn connector(tls: &rustls::ClientConfig, proxies: Option<Arc<dyn FindProxy>>) -> Connector {
    let mut tls = tls.clone();
    tls.alpn_protocols = vec![ALPN.to_vec()];
    Connector::new(&tls, proxies)
}

/// The host of an address, without brackets.
pub(crate) fn host_of(address: &Uri) -> String {
    address.host().unwrap_or_default().trim_start_matches('[').trim_end_matches(']').to_ascii_lowercase()
}

/// TURN, where web pages are served on the same port (RFC 7443, section 3).
const ALPN: &[u8] = b"stun.turn";

#[cfg(test)]
mod tests {
    use rcgen::{CertifiedKey, generate_simple_self_signed};
    use rustls::ServerConfig;
    use rustls::crypto::aws_lc_rs;
    use rustls::pki_types::PrivatePkcs8KeyDer;
    use sha2::{Digest as _, Sha256};
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;
    use tokio_rustls::TlsAcceptor;

    use super::*;

    /// A server on one port for the web and for relaying; it says which of them was asked for. Its port and its pin.
    async fn clinic() -> (u16, [u8; 32]) {
        let CertifiedKey { cert, signing_key } = generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let pin = Sha256::digest(cert.der()).into();
        let mut config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_protocol_versions(&[&rustls::version::TLS13])
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![cert.der().clone()], PrivatePkcs8KeyDer::from(signing_key.serialize_der()).into())
            .unwrap();
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec(), b"stun.turn".to_vec()];
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let acceptor = acceptor.clone();
                tokio::spawn(async move {
                    let Ok(mut stream) = acceptor.accept(stream).await else { return };
                    let asked = stream.get_ref().1.alpn_protocol().unwrap_or_default().to_vec();
                    stream.write_all(&asked).await.unwrap();
                    stream.shutdown().await.unwrap();
                });
            }
        });
        (port, pin)
    }

    fn dialer(port: u16, pin: [u8; 32]) -> Dialer {
        let trust = ServerTrust::Pinned(pin);
        Dialer::new(
            &format!("https://127.0.0.1:{port}").parse().unwrap(),
            &client_config(&trust).unwrap(),
            &trust,
            None,
        )
    }

    #[tokio::test]
    async fn a_relay_on_the_port_of_the_web_is_asked_for_by_its_protocol_and_known_by_its_pin() {
        let (port, pin) = clinic().await;
        let mut stream = dialer(port, pin).dial("127.0.0.1", port, true).await.expect("it is reached");
        let mut said = Vec::new();
        stream.read_to_end(&mut said).await.unwrap();
        assert_eq!(said, ALPN);
        assert!(dialer(port, [7; 32]).dial("127.0.0.1", port, true).await.is_err(), "another certificate");
        // The pin is of the clinic's server: a relay elsewhere needs a certificate that the platform trusts.
        assert!(dialer(port, pin).dial("localhost", port, true).await.is_err());
    }

    #[tokio::test]
    async fn a_stream_without_tls_is_nothing_but_tcp() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let mut ours = dialer(1, [0; 32]).dial("127.0.0.1", port, false).await.expect("it is reached");
        ours.write_all(b"word").await.unwrap();
        let (mut theirs, mut word) = (listener.accept().await.unwrap().0, [0; 4]);
        theirs.read_exact(&mut word).await.unwrap();
        assert_eq!(&word, b"word");
        drop(listener);
        assert!(dialer(1, [0; 32]).dial("127.0.0.1", port, false).await.is_err());
        assert!(dialer(1, [0; 32]).dial("not a host", 1, false).await.is_err());
    }
}
