//! What is being typed, and which drawers are open.

use std::fmt;

use units::Timestamp;

use crate::qr::Squares;

/// What is being typed; `app` owns it and gives it to each drawing.
///
/// It holds passwords and links while they are typed: `Debug` shows nothing of it, and what was sent is cleared.
#[derive(Default)]
pub struct Forms {
    /// The link on the start screen.
    pub link: String,
    /// The clinic's server.
    pub server: String,
    /// The server's certificate, as the server printed it.
    pub pin: String,
    /// The account's name.
    pub name: String,
    /// Its password.
    pub password: String,
    /// What the clinician calls the patient of the next visit.
    pub patient: String,
    /// The one-time code.
    pub totp: String,
    /// Whether the choice of devices is open.
    pub(crate) devices_open: bool,
    /// Whether it is open how private the visit is.
    pub(crate) privacy_open: bool,
    /// Whether the digits that are shown were put away for now.
    pub(crate) digits_put_away: bool,
    /// Since when the other app is asked for its digits.
    pub(crate) asking_since: Option<Timestamp>,
    /// When Join was pressed, while the server has not answered yet.
    pub(crate) joining: Option<Timestamp>,
    /// When the link was copied.
    pub(crate) copied_at: Option<Timestamp>,
    /// Whether the pin that was typed is none.
    pub(crate) pin_is_wrong: bool,
    /// The QR code that is shown.
    pub(crate) qr: Option<Squares>,
}

impl Forms {
    /// Nothing of a visit stays when it is over.
    pub(crate) fn forget_visit(&mut self) {
        self.copied_at = None;
        self.qr = None;
        self.devices_open = false;
        self.privacy_open = false;
        self.digits_put_away = false;
    }
}

impl fmt::Debug for Forms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Forms").finish_non_exhaustive()
    }
}
