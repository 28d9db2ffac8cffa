//! Why a connection was not opened, for who has to say it to a person.

use std::error::Error;
use std::io::{self, ErrorKind};
use units::ScriptFault;

/// Why a stream to the server or to a relay was not opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ConnectFault {
    /// Nobody knows an address for the name.
    NameUnknown,
    /// There was an answer: nobody listens there, or a firewall says so.
    Refused,
    /// Nothing came back in time.
    Silent,
    /// This machine has no way there.
    NoRoute,
    /// The network's proxy is not reached, or does not connect there.
    Proxy,
    /// The network's proxy script (PAC) cannot be used, and straight nobody is reached.
    ProxyScript(ScriptFault),
    /// The certificate is not the one that is pinned, or nobody vouches for it.
    Certificate,
    /// No TLS 1.3.
    TooOldTls,
    /// What answers speaks no TLS.
    NotTls,
    /// It ended, or something else.
    Broken,
}

/// What an error of [`Dialer::dial`](crate::Dialer::dial) was.
pub fn connect_fault(error: &io::Error) -> ConnectFault {
    let mut cause: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(error) = cause {
        if let Some(fault) = of_one(error) {
            return fault;
        }
        let inner = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        cause = inner.map(|inner| inner as &(dyn Error + 'static)).or_else(|| error.source());
    }
    ConnectFault::Broken
}

fn of_one(error: &(dyn Error + 'static)) -> Option<ConnectFault> {
    if let Some(ProxyScriptFault { fault, .. }) = error.downcast_ref() {
        return Some(ConnectFault::ProxyScript(*fault));
    }
    if error.is::<ProxyFault>() {
        return Some(ConnectFault::Proxy);
    }
    if error.is::<NameFault>() {
        return Some(ConnectFault::NameUnknown);
    }
    if let Some(error) = error.downcast_ref::<rustls::Error>() {
        return Some(match error {
            rustls::Error::InvalidCertificate(_) | rustls::Error::NoCertificatesPresented => ConnectFault::Certificate,
            rustls::Error::PeerIncompatible(_)
            | rustls::Error::AlertReceived(rustls::AlertDescription::ProtocolVersion) => ConnectFault::TooOldTls,
            rustls::Error::InvalidMessage(_) | rustls::Error::PeerMisbehaved(_) => ConnectFault::NotTls,
            _ => ConnectFault::Broken,
        });
    }
    match error.downcast_ref::<io::Error>()?.kind() {
        ErrorKind::ConnectionRefused => Some(ConnectFault::Refused),
        ErrorKind::TimedOut => Some(ConnectFault::Silent),
        ErrorKind::NetworkUnreachable | ErrorKind::HostUnreachable | ErrorKind::AddrNotAvailable => {
            Some(ConnectFault::NoRoute)
        }
        ErrorKind::ConnectionReset | ErrorKind::UnexpectedEof => Some(ConnectFault::Broken),
        _ => None,
    }
}

/// A proxy is not reached, or says no.
#[derive(Debug, thiserror::Error)]
#[error("the proxy does not connect: {0}")]
pub(crate) struct ProxyFault(#[source] pub(crate) Box<dyn Error + Send + Sync>);

/// A proxy script cannot be used, and straight it failed.
#[derive(Debug, thiserror::Error)]
#[error("the network's proxy script cannot be used ({fault}), and without a proxy: {error}")]
pub(crate) struct ProxyScriptFault {
    pub(crate) fault: ScriptFault,
    #[source]
    pub(crate) error: Box<dyn Error + Send + Sync>,
}

/// A name leads nowhere.
#[derive(Debug, thiserror::Error)]
#[error("the name is not found: {0}")]
pub(crate) struct NameFault(#[source] pub(crate) io::Error);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_inside_is_found() {
        let inside =
            |error: io::Error| connect_fault(&io::Error::other(Box::new(error) as Box<dyn Error + Send + Sync>));
        assert_eq!(inside(ErrorKind::ConnectionRefused.into()), ConnectFault::Refused);
        assert_eq!(inside(ErrorKind::TimedOut.into()), ConnectFault::Silent);
        assert_eq!(inside(ErrorKind::NetworkUnreachable.into()), ConnectFault::NoRoute);
        assert_eq!(inside(ErrorKind::UnexpectedEof.into()), ConnectFault::Broken);
        let unknown = rustls::Error::InvalidCertificate(rustls::CertificateError::UnknownIssuer);
        assert_eq!(inside(io::Error::new(ErrorKind::InvalidData, unknown)), ConnectFault::Certificate);
        let refused = io::Error::from(ErrorKind::ConnectionRefused);
        assert_eq!(
            inside(io::Error::other(ProxyFault(refused.into()))),
            ConnectFault::Proxy,
            "not the server's refusal"
        );
        let name = NameFault(io::Error::other("failed to lookup address information"));
        assert_eq!(inside(io::Error::other(name)), ConnectFault::NameUnknown);
        assert_eq!(connect_fault(&io::Error::other("what ever")), ConnectFault::Broken);
    }
}
