//! Errors as RFC 9457 `application/problem+json` with a stable code.

use serde::{Deserialize, Serialize};

/// What went wrong, for programs. Stable: a code is never reused for something else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Code {
    /// Name, password or one-time code do not fit; the answer does not say which. 401.
    SignInRefused,
    /// The token is missing, unknown or over. 401.
    NotSignedIn,
    /// Signed in, but this role may not do that. 403.
    NotAllowed,
    /// The link cannot be used: unknown, expired, used or not proved. The same answer for all of them. 404.
    InviteNotUsable,
    /// The link was good and its time is over. Only for who signed the challenge. 410.
    InviteExpired,
    /// The link does not open yet. Only for who signed the challenge. 409.
    InviteTooEarly,
    /// The link was taken back, or another was made in its place. Only for who signed the challenge. 410.
    InviteRevoked,
    /// Nobody new may come in just now. Only for who signed the challenge. 409.
    VisitLocked,
    /// Somebody is admitted: that cannot be done to a visit that goes on. 409.
    VisitGoingOn,
    /// The visit is one's own or nobody's: there is nothing to take over. 409.
    TakeOverNotNeeded,
    /// No such take-over for this caller. 404.
    TakeOverNotFound,
    /// Somebody else has reviewed it, or to another outcome. 409.
    ReviewedAlready,
    /// The account named is not a clinician's. 404.
    ClinicianNotFound,
    /// Another app is in the visit with this link. Only for who signed the challenge. 409.
    InviteInUse,
    /// The app that had this link is away, and its place is kept for a moment; joining again soon gets in. Only for who
    /// signed the challenge. 409.
    InvitePlaceKept,
    /// The clinician is in the visit on another device, and was not to be replaced. 409.
    HostPresent,
    /// No such visit for this caller. 404.
    VisitNotFound,
    /// The visit is over. 410.
    VisitEnded,
    /// The visit or its waiting room is full. 409.
    VisitFull,
    /// The receiver is not in the visit. 404.
    EndpointNotFound,
    /// This id was used for another message. 422.
    MessageIdReused,
    /// A sealed box has none of the sizes to which boxes are padded. 422.
    BoxSize,
    /// No such account for this caller. 404.
    StaffNotFound,
    /// There is an account of this name. 409.
    NameTaken,
    /// This is the last admin who can sign in; who would let anybody in again? 409.
    LastAdmin,
    /// A new password is too short or too long. 422.
    PasswordRefused,
    /// The digits are not those of the second factor that is to be set up. 422.
    TotpRefused,
    /// No clinic key has been set up here. 404.
    ClinicNotSetUp,
    /// Another clinic's key, or another generation of its issuing key, stands here. 409.
    ClinicMismatch,
    /// The epoch is not later than the one that stands here, or not of the issuing key's generation. 409.
    EpochRefused,
    /// The revision is not higher than the one that stands here, or higher by too much. 409.
    RevisionRefused,
    /// No such device for this caller. 404.
    DeviceNotFound,
    /// A message of a spoken check that is not the next. 409.
    CheckOutOfTurn,
    /// What the box is about does not exist, or not any more. 404.
    ObjectNotFound,
    /// No such staff box. 404.
    BoxNotFound,
    /// This account has used up its share. 409.
    QuotaFull,
    /// The body is not what the protocol says. 400.
    Malformed,
    /// The body is larger than the limits say. 413.
    TooLarge,
    /// Too many requests; wait as `Retry-After` says. 429.
    TooManyRequests,
    /// The two sides speak no common version. 426.
    VersionNotSpoken,
    /// No such route. 404.
    RouteNotFound,
    /// The server's disk is full or its database failed; nothing was changed. 503.
    StorageFailed,
    /// The server has a fault. 500.
    Internal,
    /// A code that this version does not know.
    #[serde(other)]
    Unknown,
}

impl Code {
    /// The HTTP status that carries this code.
    pub const fn status(self) -> u16 {
        match self {
            Self::SignInRefused | Self::NotSignedIn => 401,
            Self::NotAllowed => 403,
            Self::InviteNotUsable | Self::VisitNotFound | Self::EndpointNotFound | Self::RouteNotFound => 404,
            Self::StaffNotFound => 404,
            Self::NameTaken | Self::LastAdmin => 409,
            Self::PasswordRefused | Self::TotpRefused => 422,
            Self::ClinicianNotFound | Self::TakeOverNotFound => 404,
            Self::TakeOverNotNeeded | Self::ReviewedAlready => 409,
            Self::InviteTooEarly | Self::VisitLocked | Self::VisitGoingOn => 409,
            Self::ClinicNotSetUp | Self::DeviceNotFound | Self::ObjectNotFound | Self::BoxNotFound => 404,
            Self::InviteInUse | Self::InvitePlaceKept | Self::HostPresent | Self::VisitFull => 409,
            Self::ClinicMismatch | Self::EpochRefused | Self::RevisionRefused => 409,
            Self::CheckOutOfTurn | Self::QuotaFull => 409,
            Self::InviteExpired | Self::InviteRevoked | Self::VisitEnded => 410,
            Self::TooLarge => 413,
            Self::MessageIdReused | Self::BoxSize => 422,
            Self::VersionNotSpoken => 426,
            Self::TooManyRequests => 429,
            Self::StorageFailed => 503,
            Self::Malformed => 400,
            Self::Internal | Self::Unknown => 500,
        }
    }

    /// Whether the same request, made again later, may be answered another way: the server says so of itself.
    pub const fn is_passing(self) -> bool {
        matches!(self, Self::TooManyRequests | Self::StorageFailed | Self::Internal)
    }

    /// One sentence for the operator's log and for developers, the same for every occurrence.
    pub const fn title(self) -> &'static str {
        match self {
            Self::SignInRefused => "The name, password or one-time code is wrong.",
            Self::NotSignedIn => "The token is missing, unknown or over; sign in again.",
            Self::NotAllowed => "This account may not do that.",
            Self::InviteNotUsable => "This link does not work.",
            Self::InviteExpired => "The time of this link is over; ask the clinic for a new one.",
            Self::InviteTooEarly => "This link does not open yet; come back when the visit is about to begin.",
            Self::InviteRevoked => "This link was taken back; the clinic has made another, or will.",
            Self::VisitLocked => "The clinician lets nobody new in just now.",
            Self::VisitGoingOn => "Somebody is in this visit; end it first.",
            Self::TakeOverNotNeeded => "This visit is yours or nobody's; there is nothing to take over.",
            Self::TakeOverNotFound => "There is no such take-over.",
            Self::ReviewedAlready => "This take-over has been reviewed.",
            Self::ClinicianNotFound => "There is no such clinician.",
            Self::InviteInUse => "This link is in use on another device.",
            Self::InvitePlaceKept => "This link was in use a moment ago; try again in half a minute.",
            Self::HostPresent => "The clinician is in the visit on another device.",
            Self::VisitNotFound => "There is no such visit.",
            Self::VisitEnded => "The visit is over.",
            Self::VisitFull => "The visit is full.",
            Self::EndpointNotFound => "That participant is not in the visit.",
            Self::MessageIdReused => "This message id was used for another message.",
            Self::BoxSize => "A sealed box has none of the sizes to which boxes are padded.",
            Self::StaffNotFound => "There is no such account.",
            Self::NameTaken => "There is an account of this name already.",
            Self::LastAdmin => "This is the last admin; make another one first.",
            Self::PasswordRefused => "A password has at least eight characters; choose another.",
            Self::TotpRefused => "These digits are not those of the second factor; wait for the next and try again.",
            Self::ClinicNotSetUp => "This server has no clinic key yet; an admin's app sets it up.",
            Self::ClinicMismatch => "Another clinic key, or another generation of its issuing key, is set up here.",
            Self::EpochRefused => "The server has a later notice of revocations; ask for it and make the next.",
            Self::RevisionRefused => "The server has another revision; ask for it and make the next.",
            Self::DeviceNotFound => "There is no such device; it may have waited for too long.",
            Self::CheckOutOfTurn => "This message of the check is not the next; begin the check again.",
            Self::ObjectNotFound => "What this is about does not exist any more.",
            Self::BoxNotFound => "Nothing is stored there.",
            Self::QuotaFull => "This account has used up its share of the server's room; delete something.",
            Self::Malformed => "The request is not what the protocol says.",
            Self::TooLarge => "The request is larger than the limits say.",
            Self::TooManyRequests => "Too many requests; wait and try again.",
            Self::VersionNotSpoken => "This server speaks another version; update the app.",
            Self::RouteNotFound => "There is no such route.",
            Self::StorageFailed => "The server could not store this; ask again.",
            Self::Internal | Self::Unknown => "The server has a fault.",
        }
    }
}

/// The body of every answer that is not a success.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// For programs.
    pub code: Code,
    /// For developers; never people's data.
    pub title: String,
    /// The HTTP status again.
    pub status: u16,
    /// Where in the body the fault is, if it has a place; never a value of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// With [`Code::InviteTooEarly`]: when the link opens, in seconds of Unix time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub opens_unix_secs: Option<u64>,
}

impl Problem {
    /// The problem of this code.
    pub fn new(code: Code) -> Self {
        Self { code, title: code.title().to_owned(), status: code.status(), detail: None, opens_unix_secs: None }
    }
}

impl From<Code> for Problem {
    fn from(code: Code) -> Self {
        Self::new(code)
    }
}
