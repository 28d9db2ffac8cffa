//! What an app of the staff asks about accounts: its own password and sessions, and an admin's about colleagues.

use hyper::Method;
use signaling_protocol::{
    AddStaffRequest, CodeReply, PasswordRequest, RecoveryCodesReply, RecoveryCodesRequest, RoleRequest, SessionId,
    SessionsReply, StaffId, StaffReply, StaffRole,
};
use units::Phi;

use crate::requests::{Empty, error};
use crate::{ClientError, SignalingClient};

/// `staff` is the token of [`SignInReply`](signaling_protocol::SignInReply).
impl SignalingClient {
    /// Sets another password. All other sessions of the account end.
    ///
    /// # Errors
    /// The last password is wrong, or the new one will not do; or no answer.
    pub async fn change_password(&self, staff: &Phi<String>, request: &PasswordRequest) -> Result<(), ClientError> {
        self.tell(staff, "/v1/auth/password", request).await
    }

    /// Draws new recovery codes; those before are worth nothing.
    ///
    /// # Errors
    /// The digits are wrong; or no answer.
    pub async fn renew_recovery_codes(
        &self,
        staff: &Phi<String>,
        totp: Phi<String>,
    ) -> Result<RecoveryCodesReply, ClientError> {
        let request = RecoveryCodesRequest { totp };
        self.ask(Method::POST, "/v1/auth/recovery-codes", Some(staff), &request).await.map_err(error)
    }

    /// The sessions of an account.
    ///
    /// # Errors
    /// Somebody else's, and not an admin; or no answer.
    pub async fn sessions(&self, staff: &Phi<String>, of: StaffId) -> Result<SessionsReply, ClientError> {
        self.ask(Method::GET, &format!("/v1/staff/{of}/sessions"), Some(staff), &()).await.map_err(error)
    }

    /// Ends a session.
    ///
    /// # Errors
    /// Somebody else's, and not an admin; or no answer.
    pub async fn end_session(&self, staff: &Phi<String>, session: SessionId) -> Result<(), ClientError> {
        self.delete(staff, &format!("/v1/sessions/{session}")).await
    }

    /// All accounts.
    ///
    /// # Errors
    /// Neither admin nor auditor; or no answer.
    pub async fn staff(&self, staff: &Phi<String>) -> Result<StaffReply, ClientError> {
        self.ask(Method::GET, "/v1/staff", Some(staff), &()).await.map_err(error)
    }

    /// Makes an account for a colleague, and answers the one-time code by which they begin.
    ///
    /// # Errors
    /// Not an admin, or the name is taken; or no answer.
    pub async fn add_staff(&self, staff: &Phi<String>, request: &AddStaffRequest) -> Result<CodeReply, ClientError> {
        self.ask(Method::POST, "/v1/staff", Some(staff), request).await.map_err(error)
    }

    /// Makes a colleague begin anew: their second factor is lost.
    ///
    /// # Errors
    /// Not an admin, or it is the last one; or no answer.
    pub async fn begin_anew(&self, staff: &Phi<String>, whom: StaffId) -> Result<CodeReply, ClientError> {
        self.ask(Method::POST, &format!("/v1/staff/{whom}/code"), Some(staff), &Empty {}).await.map_err(error)
    }

    /// Lets a colleague do something else.
    ///
    /// # Errors
    /// Not an admin, or it is the last one; or no answer.
    pub async fn set_role(&self, staff: &Phi<String>, whom: StaffId, role: StaffRole) -> Result<(), ClientError> {
        self.tell(staff, &format!("/v1/staff/{whom}/role"), &RoleRequest { role }).await
    }

    /// Lets an account be used no more, or again.
    ///
    /// # Errors
    /// Not an admin, or it is the last one; or no answer.
    pub async fn set_disabled(&self, staff: &Phi<String>, whom: StaffId, disabled: bool) -> Result<(), ClientError> {
        let what = if disabled { "disable" } else { "enable" };
        self.tell(staff, &format!("/v1/staff/{whom}/{what}"), &Empty {}).await
    }
}
