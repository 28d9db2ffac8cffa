//! What the session finds wrong, as the windows have words for it.

use session::{ClientError, LinkError, as_sentence};
use ui::{Language, LinkTrouble};

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

/// Why the server cannot be asked, in the person's language.
pub(crate) fn of_server(language: Language, error: &ClientError) -> String {
    match (error, error.trouble()) {
        (_, Some(trouble)) => ui::server_trouble(language, trouble),
        (ClientError::Refused(refusal), None) => ui::server_refused(language, refusal.code).to_owned(),
        (other, None) => as_sentence(other),
    }
}
