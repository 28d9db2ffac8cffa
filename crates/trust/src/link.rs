//! The link that the clinic gives its patient, by a way that is not the server.
//!
//! ```text
//! https://clinic.example/j/inv_…#1.<secret>.<clinic key>[.<epoch>]
//! housecall://clinic.example:8443/j/inv_…#1.<secret>.<clinic key>[.<epoch>][.<pin>]
//! ```
//!
//! What stands behind the `#` is never sent to a server by a browser, nor by us.

use std::fmt;
use std::str::FromStr;

use signaling_protocol::InviteId;

use crate::base64url::{CHARS_OF_32_BYTES, decode_32, encode_32};
use crate::{InviteSecret, KeyFingerprint, ServerAddress, ServerAddressError, TlsPin};

/// What a link says.
///
/// `Display` writes the whole of it, secret included: for the clipboard, a file or a QR code, never for a log. `Debug`
/// leaves the secret out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// The clinic's server.
    pub server: ServerAddress,
    /// Written as `housecall:`, so that only the app opens it. A link with a pin always is: a browser knows no pin.
    pub app_only: bool,
    /// Which invite.
    pub invite: InviteId,
    /// What proves that the link is held.
    pub secret: InviteSecret,
    /// By what the clinician is known.
    pub clinic_key: KeyFingerprint,
    /// Older revocation statements than this are refused.
    pub epoch: Option<u32>,
    /// The server's certificate, where it is self-signed.
    pub pin: Option<TlsPin>,
}

impl Link {
    /// `https://host:port` of the server.
    pub fn base_url(&self) -> String {
        self.server.base_url()
    }
}

impl fmt::Display for Link {
    /// The link itself: whoever reads it may knock.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.app_only || self.pin.is_some() { APP_SCHEME } else { WEB_SCHEME };
        write!(f, "{scheme}{}{PATH}{}", self.server, self.invite)?;
        write!(f, "#{VERSION}.{}.{}", self.secret.to_link_text(), self.clinic_key)?;
        if let Some(epoch) = self.epoch {
            write!(f, ".{epoch}")?;
        }
        if let Some(pin) = self.pin {
            write!(f, ".{}", encode_32(&pin.0))?;
        }
        Ok(())
    }
}

impl FromStr for Link {
    type Err = LinkError;

    /// Reads a link; white space around it, as copying and files leave it, does no harm.
    fn from_str(text: &str) -> Result<Self, LinkError> {
        let text = text.trim_ascii();
        let (app_only, rest) = if let Some(rest) = text.strip_prefix(APP_SCHEME) {
            (true, rest)
        } else if let Some(rest) = text.strip_prefix(WEB_SCHEME) {
            (false, rest)
        } else {
            return Err(LinkError::Scheme);
        };
        let (place, fragment) = rest.split_once('#').ok_or(LinkError::NoSecret)?;
        let (server, path) = place.split_at(place.find('/').ok_or(LinkError::Path)?);
        let invite = path.strip_prefix(PATH).ok_or(LinkError::Path)?;
        let fragment = Fragment::read(fragment)?;
        if fragment.pin.is_some() && !app_only {
            return Err(LinkError::PinInWebLink);
        }
        Ok(Self {
            server: server.parse()?,
            app_only,
            invite: invite.parse().map_err(|_| LinkError::Invite)?,
            secret: fragment.secret,
            clinic_key: fragment.clinic_key,
            epoch: fragment.epoch,
            pin: fragment.pin,
        })
    }
}

/// Why a text is not a link; none of them repeats the text, because it may hold a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LinkError {
    /// Neither of the two beginnings.
    #[error("this is not a Housecall link: it starts with neither https:// nor housecall://")]
    Scheme,
    /// No host, or a wrong one.
    #[error("this link does not work: {0}; copy the whole link again")]
    Server(#[from] ServerAddressError),
    /// Not `/j/` and an invite.
    #[error("this is not a Housecall link: no /j/ and invite stand after the server's name")]
    Path,
    /// Not an invite's id.
    #[error("this link is damaged: its invite is not readable; copy the whole link again")]
    Invite,
    /// Nothing behind `#`: some programs cut it off.
    #[error("this link is not whole: the part from the # on is missing; copy the whole link again")]
    NoSecret,
    /// A later version.
    #[error("this link was made by a newer Housecall: update this app")]
    LaterVersion,
    /// The secret is not 43 characters of base64url.
    #[error("this link is damaged: its secret is not readable; copy the whole link again")]
    Secret,
    /// The clinic's key is not 43 characters of base64url.
    #[error("this link is damaged: the clinic's key in it is not readable; copy the whole link again")]
    ClinicKey,
    /// What follows is neither an epoch nor a pin, or too much.
    #[error("this link is damaged: its end is not readable; copy the whole link again")]
    Tail,
    /// A browser would not compare the pin.
    #[error(
        "this link pins the server's certificate and yet is made for a browser: ask the clinic for a housecall: link"
    )]
    PinInWebLink,
}

/// What stands behind the `#`.
struct Fragment {
    secret: InviteSecret,
    clinic_key: KeyFingerprint,
    epoch: Option<u32>,
    pin: Option<TlsPin>,
}

impl Fragment {
    fn read(text: &str) -> Result<Self, LinkError> {
        let mut parts = text.split('.');
        match parts.next() {
            Some(VERSION) => {}
            Some(version) if read_number(version).is_some_and(|version| version != 0) => {
                return Err(LinkError::LaterVersion);
            }
            _ => return Err(LinkError::NoSecret),
        }
        let secret = parts.next().and_then(InviteSecret::from_link_text).ok_or(LinkError::Secret)?;
        let clinic_key = parts.next().and_then(decode_32).map(KeyFingerprint).ok_or(LinkError::ClinicKey)?;
        let mut next = parts.next();
        // A pin has 43 characters and an epoch at most ten, so which of the two it is does not depend on what it says.
        let mut epoch = None;
        if let Some(digits) = next.filter(|part| part.len() != CHARS_OF_32_BYTES) {
            epoch = Some(read_number(digits).ok_or(LinkError::Tail)?);
            next = parts.next();
        }
        let pin = match next {
            Some(pin) => Some(TlsPin(decode_32(pin).ok_or(LinkError::Tail)?)),
            None => None,
        };
        match parts.next() {
            None => Ok(Self { secret, clinic_key, epoch, pin }),
            Some(_) => Err(LinkError::Tail),
        }
    }
}

/// A number as it is written: no sign, no zero before it.
fn read_number(text: &str) -> Option<u32> {
    let number: u32 = text.parse().ok()?;
    (number.to_string() == text).then_some(number)
}

const WEB_SCHEME: &str = "https://";
const APP_SCHEME: &str = "housecall://";
const PATH: &str = "/j/";
const VERSION: &str = "1";

#[cfg(test)]
mod tests;
