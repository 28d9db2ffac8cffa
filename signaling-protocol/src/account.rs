//! Accounts of the staff: signing in and up, sessions and their tokens, and what an admin does about colleagues.

use serde::{Deserialize, Serialize};
use units::Phi;

use crate::{Base64, SessionId, StaffId};

/// What a member of the staff may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StaffRole {
    /// Users and policy; enters no visit.
    Admin,
    /// Hosts visits.
    Clinician,
    /// Schedule and invites; enters no visit.
    FrontDesk,
    /// Reads the log.
    Auditor,
}

/// `POST /v1/auth/sign-in`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignInRequest {
    /// The account's name.
    pub name: Phi<String>,
    /// Its password.
    pub password: Phi<String>,
    /// The six digits of the moment (RFC 6238).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub totp: Option<Phi<String>>,
    /// One of the account's recovery codes, in the place of the digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recovery_code: Option<Phi<String>>,
    /// What the last sign-in of this account on this device gave it: strangers' guesses do not delay it then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device_token: Option<Phi<String>>,
    /// What the session is called in the list of them: which kind of device, never whose.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub label: String,
}

impl SignInRequest {
    /// With the digits of the moment, on a device of which nothing is known.
    pub fn new(name: Phi<String>, password: Phi<String>, totp: Option<Phi<String>>) -> Self {
        Self { name, password, totp, recovery_code: None, device_token: None, label: String::new() }
    }
}

/// Signed in, or on with the session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignInReply {
    /// Goes into `Authorization: Bearer`.
    pub token: Phi<String>,
    /// How long it is good.
    pub expires_in_secs: u64,
    /// Who signed in.
    pub staff: StaffId,
    /// As what.
    pub role: StaffRole,
    /// Which session this is.
    pub session: SessionId,
    /// How long it goes on at most, by refresh tokens.
    pub session_ends_in_secs: u64,
    /// Good once, for the next token and the next of these.
    pub refresh_token: Phi<String>,
    /// For the next sign-in on this device; none when a session goes on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device_token: Option<Phi<String>>,
}

/// `POST /v1/auth/sign-up`: who was given a one-time code begins.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignUpRequest {
    /// The one-time code.
    pub code: Phi<String>,
    /// The account's name; the first admin chooses it.
    pub name: Phi<String>,
    /// A password of their own.
    pub password: Phi<String>,
    /// The secret of the second factor, drawn by the app: 20 to 64 bytes.
    pub totp_secret: Phi<Base64>,
    /// Its digits of the moment: the authenticator app has the secret too.
    pub totp: Phi<String>,
    /// As in [`SignInRequest`].
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub label: String,
}

/// Signed up, and in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignUpReply {
    /// The first session.
    #[serde(flatten)]
    pub signed_in: SignInReply,
    /// In the place of the second factor, each once. They are shown now and never again.
    pub recovery_codes: Vec<Phi<String>>,
}

/// `POST /v1/auth/refresh`: the next token of a session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefreshRequest {
    /// The session's newest.
    pub refresh_token: Phi<String>,
    /// 16 random bytes, drawn for this token and the same each time this is sent again: so a lost answer is told from a
    /// stolen token.
    pub nonce: Phi<Base64>,
    /// The account's password, where the person was away and is to prove that they are back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<Phi<String>>,
}

/// `POST /v1/auth/password`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PasswordRequest {
    /// The one that it is now.
    pub password: Phi<String>,
    /// The one that it is to be.
    pub new_password: Phi<String>,
    /// Fresh digits of the second factor.
    pub totp: Phi<String>,
}

/// `POST /v1/auth/recovery-codes`: all are drawn anew.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecoveryCodesRequest {
    /// Fresh digits of the second factor.
    pub totp: Phi<String>,
}

/// The new recovery codes. They are shown now and never again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecoveryCodesReply {
    /// In the place of the second factor, each once.
    pub recovery_codes: Vec<Phi<String>>,
}

/// One session of an account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionRow {
    /// Its id.
    pub session: SessionId,
    /// What the app called it.
    pub label: String,
    /// Since when, in seconds of Unix time.
    pub began_unix_secs: u64,
    /// When it was last used, to a quarter of an hour.
    pub used_unix_secs: u64,
    /// Whether it is the one that asks.
    pub is_this: bool,
}

/// Answer to `GET /v1/staff/{s}/sessions`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionsReply {
    /// The newest first.
    pub sessions: Vec<SessionRow>,
}

/// How an account stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AccountState {
    /// Its person has not begun yet, or is to begin anew, by a one-time code.
    Waiting,
    /// It can be used.
    Active,
    /// It cannot be used.
    Disabled,
}

/// One account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StaffRow {
    /// Its id.
    pub staff: StaffId,
    /// Its name.
    pub name: Phi<String>,
    /// What it may do.
    pub role: StaffRole,
    /// How it stands.
    pub state: AccountState,
}

/// Answer to `GET /v1/staff`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StaffReply {
    /// By name.
    pub staff: Vec<StaffRow>,
}

/// `POST /v1/staff`: an account for a colleague.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AddStaffRequest {
    /// Its name.
    pub name: Phi<String>,
    /// What it may do.
    pub role: StaffRole,
}

/// A one-time code, to be told to the colleague whom it is for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CodeReply {
    /// Whom it is for.
    pub staff: StaffId,
    /// The code. It is shown now and never again.
    pub code: Phi<String>,
    /// How long it is good.
    pub expires_in_secs: u64,
}

/// `POST /v1/staff/{s}/role`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoleRequest {
    /// What the account may do from now on.
    pub role: StaffRole,
}
