//! What the session finds wrong, as the windows have words for it.

use session::{ClientError, LinkError};
use ui::{LinkTrouble, ServerTrouble};

pub(crate) const fn of_link(error: LinkError) -> LinkTrouble {
    match error {
        LinkError::Scheme | LinkError::Path => LinkTrouble::NotALink,
        LinkError::Server(_) | LinkError::Invite | LinkError::Secret | LinkError::ClinicKey | LinkError::Tail => {
            LinkTrouble::Damaged
        }
        LinkError::NoSecret => LinkTrouble::NotWhole,
        LinkError::LaterVersion => LinkTrouble::Newer,
        LinkError::PinInWebLink => LinkTrouble::ForBrowser,
    }
}

pub(crate) fn of_server(error: &ClientError) -> ServerTrouble {
    match error {
        ClientError::BadAddress => ServerTrouble::Address,
        ClientError::NoAuthorities => ServerTrouble::NoAuthorities,
        ClientError::Unreachable => ServerTrouble::Unreachable,
        ClientError::ProxyScript(fault) => ServerTrouble::ProxyScript(*fault),
        ClientError::PinMismatch => ServerTrouble::OtherCertificate,
        ClientError::CertificateNotTrusted => ServerTrouble::Untrusted,
        ClientError::TooOldTls => ServerTrouble::TooOldTls,
        ClientError::NotHousecall => ServerTrouble::Stranger,
        ClientError::Refused(refusal) => ServerTrouble::Refused(refusal.code),
    }
}
