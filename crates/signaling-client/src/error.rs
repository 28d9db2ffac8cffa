//! What can go wrong between an app and its server, in one sentence each.

use std::error::Error;
use std::io;
use std::time::Duration;

use rustls::AlertDescription;
use signaling_protocol::Code;
use units::{ScriptFault, ServerTrouble};

use crate::ServerTrust;
use crate::fault::{ProxyFault, ProxyScriptFault};

/// Why a request has no answer, or not the wanted one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ClientError {
    /// The address is not one that this client can ask.
    #[error("the server's address must look like https://host or https://host:port")]
    BadAddress,
    /// This machine has no list of certificate authorities, and the server no pin.
    #[error(
        "this machine has no certificate authorities to check the server by: install them (on Debian: \
         ca-certificates), or give the pin of the server's certificate"
    )]
    NoAuthorities,
    /// No connection, or it broke, or no answer in time.
    #[error("the server cannot be reached: check its address, that it runs, and this machine's network")]
    Unreachable,
    /// No connection, and the network's proxy script, by which there might be one, cannot be used.
    #[error(
        "the server cannot be reached, and this network's proxy script (PAC) cannot be used: {0}; ask who runs the network, \
         or name the proxy itself in HTTPS_PROXY"
    )]
    ProxyScript(ScriptFault),
    /// The server's certificate is not the pinned one.
    #[error(
        "the server's certificate is not the one that is pinned: somebody may be in between, or the server has a new \
         certificate; ask the clinic for a new link"
    )]
    PinMismatch,
    /// The platform's roots do not vouch for the server's certificate.
    #[error(
        "the server's certificate is not trusted by this machine: if it is self-signed, give its pin (the server \
         prints it when it is ready)"
    )]
    CertificateNotTrusted,
    /// The server speaks no TLS 1.3.
    #[error("the server does not speak TLS 1.3, and this app speaks nothing older: the server must be updated")]
    TooOldTls,
    /// The server said no.
    #[error("{}", sentence(.0))]
    Refused(Refusal),
    /// Somebody answered, but not as a Housecall server.
    #[error(
        "what answers at this address is not a Housecall server: check the address, and whether this network asks to \
         sign in first"
    )]
    NotHousecall,
}

impl From<ServerTrouble> for ClientError {
    fn from(trouble: ServerTrouble) -> Self {
        match trouble {
            ServerTrouble::Address => Self::BadAddress,
            ServerTrouble::NoAuthorities => Self::NoAuthorities,
            ServerTrouble::Unreachable => Self::Unreachable,
            ServerTrouble::ProxyScript(fault) => Self::ProxyScript(fault),
            ServerTrouble::OtherCertificate => Self::PinMismatch,
            ServerTrouble::Untrusted => Self::CertificateNotTrusted,
            ServerTrouble::TooOldTls => Self::TooOldTls,
            ServerTrouble::Stranger => Self::NotHousecall,
        }
    }
}

impl ClientError {
    /// Whether the same request, made again, would fail again: nothing but a change by a person helps.
    pub fn is_definite(&self) -> bool {
        match self {
            Self::Unreachable | Self::ProxyScript(_) => false,
            Self::Refused(refusal) => refusal.is_final(),
            Self::BadAddress
            | Self::NoAuthorities
            | Self::PinMismatch
            | Self::CertificateNotTrusted
            | Self::TooOldTls
            | Self::NotHousecall => true,
        }
    }

    /// Why the server could not be asked, for who is told of it; nothing where it was asked and said no.
    pub const fn trouble(&self) -> Option<ServerTrouble> {
        Some(match self {
            Self::BadAddress => ServerTrouble::Address,
            Self::NoAuthorities => ServerTrouble::NoAuthorities,
            Self::Unreachable => ServerTrouble::Unreachable,
            Self::ProxyScript(fault) => ServerTrouble::ProxyScript(*fault),
            Self::PinMismatch => ServerTrouble::OtherCertificate,
            Self::CertificateNotTrusted => ServerTrouble::Untrusted,
            Self::TooOldTls => ServerTrouble::TooOldTls,
            Self::NotHousecall => ServerTrouble::Stranger,
            Self::Refused(_) => return None,
        })
    }

    /// How long the server asked to be left alone, if it did.
    pub(crate) fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Refused(refusal) => refusal.retry_after,
            _ => None,
        }
    }
}

/// What the server's no says to a program. Its title and details are not kept: our own words stand for the code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refusal {
    /// Why.
    pub code: Code,
    /// The HTTP status, as every proxy on the way saw it.
    pub status: u16,
    /// When another try may help, if the server said so.
    pub retry_after: Option<Duration>,
}

impl Refusal {
    /// Whether the server would say the same again.
    fn is_final(&self) -> bool {
        match self.code {
            Code::Unknown => self.status < 500,
            code => !code.is_passing(),
        }
    }
}

impl From<Code> for Refusal {
    fn from(code: Code) -> Self {
        Self { code, status: code.status(), retry_after: None }
    }
}

fn sentence(refusal: &Refusal) -> String {
    match refusal.code {
        Code::Unknown => {
            format!("the server refused for a reason that this app does not know (status {})", refusal.status)
        }
        code => code.title().to_owned(),
    }
}

/// An error with what the server said about another try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failure {
    pub(crate) error: ClientError,
    /// `Retry-After`, if there was one.
    pub(crate) retry_after: Option<Duration>,
}

impl Failure {
    /// The server's own last word, as opposed to whatever else may stand between the two for a while: in the middle of
    /// a visit a hotel's sign-in page must not end it.
    pub(crate) fn last_word(&self) -> Option<Refusal> {
        match self.error {
            ClientError::Refused(refusal) if refusal.is_final() => Some(refusal),
            _ => None,
        }
    }
}

impl From<ClientError> for Failure {
    fn from(error: ClientError) -> Self {
        Self { error, retry_after: None }
    }
}

/// Finds out what an error of a connection was.
pub(crate) fn from_transport(error: &(dyn Error + 'static), trust: &ServerTrust) -> ClientError {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if let Some(error) = as_rustls(error) {
            return from_rustls(error, trust);
        }
        if let Some(ProxyScriptFault { fault, .. }) = error.downcast_ref() {
            return ClientError::ProxyScript(*fault);
        }
        if error.is::<ProxyFault>() {
            // Whatever certificate it shows is its own: nothing is known of the server.
            return ClientError::Unreachable;
        }
        cause = error.source();
    }
    ClientError::Unreachable
}

/// A TLS error comes as itself or inside one or two `io::Error`s, which do not name what they hold as their source.
fn as_rustls<'a>(mut error: &'a (dyn Error + 'static)) -> Option<&'a rustls::Error> {
    while let Some(inner) = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
        error = inner;
    }
    error.downcast_ref()
}

fn from_rustls(error: &rustls::Error, trust: &ServerTrust) -> ClientError {
    match (error, trust) {
        (rustls::Error::InvalidCertificate(_) | rustls::Error::NoCertificatesPresented, ServerTrust::Pinned(_)) => {
            ClientError::PinMismatch
        }
        (rustls::Error::InvalidCertificate(_) | rustls::Error::NoCertificatesPresented, ServerTrust::PlatformRoots) => {
            ClientError::CertificateNotTrusted
        }
        (rustls::Error::PeerIncompatible(_), _)
        | (rustls::Error::AlertReceived(AlertDescription::ProtocolVersion), _) => ClientError::TooOldTls,
        // No TLS at all, or something that breaks its rules.
        (rustls::Error::InvalidMessage(_) | rustls::Error::PeerMisbehaved(_), _) => ClientError::NotHousecall,
        _ => ClientError::Unreachable,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_waiting_cannot_mend_is_definite() {
        for code in [Code::TooManyRequests, Code::StorageFailed, Code::Internal] {
            assert!(!ClientError::Refused(code.into()).is_definite(), "{code:?}");
        }
        for code in [Code::InviteNotUsable, Code::SignInRefused, Code::VisitEnded, Code::Malformed, Code::NotSignedIn] {
            assert!(ClientError::Refused(code.into()).is_definite(), "{code:?}");
        }
        let unknown = |status| ClientError::Refused(Refusal { status, ..Code::Unknown.into() });
        assert!(unknown(418).is_definite());
        assert!(!unknown(503).is_definite());
        assert!(!ClientError::Unreachable.is_definite());
        assert!(ClientError::PinMismatch.is_definite());
    }

    #[test]
    fn a_proxys_certificate_says_nothing_of_the_servers() {
        let foreign = || rustls::Error::InvalidCertificate(rustls::CertificateError::UnknownIssuer);
        let pinned = ServerTrust::Pinned([0; 32]);
        assert_eq!(from_transport(&io::Error::other(foreign()), &pinned), ClientError::PinMismatch);
        let of_proxy = ProxyFault(Box::new(io::Error::other(foreign())));
        assert_eq!(from_transport(&of_proxy, &pinned), ClientError::Unreachable);
    }

    #[test]
    fn only_the_server_has_the_last_word() {
        assert_eq!(Failure::from(ClientError::NotHousecall).last_word(), None);
        assert_eq!(Failure::from(ClientError::PinMismatch).last_word(), None);
        let ended = Refusal::from(Code::VisitEnded);
        assert_eq!(Failure::from(ClientError::Refused(ended)).last_word(), Some(ended));
        assert_eq!(Failure::from(ClientError::Refused(Code::Internal.into())).last_word(), None);
    }
}
