//! What an app of the staff asks about the day: visits that are planned, whose they are, links that are taken back.

use hyper::Method;
use serde::Serialize;
use signaling_protocol::{
    AssignRequest, CancelReason, CancelRequest, CreateVisitReply, CreateVisitRequest, EndpointId, EndpointRequest,
    InviteId, LockRequest, NoteRequest, PlanRequest, StaffId, TriesReply, VisitId, VisitsReply, WaitingNote,
};
use units::Phi;

use crate::requests::{Empty, error};
use crate::{ClientError, SignalingClient};

/// `staff` is the token of [`SignInReply`](signaling_protocol::SignInReply). All but making a visit may be asked again when
/// the answer got lost.
impl SignalingClient {
    /// Makes a visit that is planned, or somebody's.
    ///
    /// # Errors
    /// Neither a clinician nor the front desk, or the colleague is no clinician; or no answer.
    pub async fn plan_visit(
        &self,
        staff: &Phi<String>,
        request: &CreateVisitRequest,
    ) -> Result<CreateVisitReply, ClientError> {
        self.ask(Method::POST, "/v1/visits", Some(staff), request).await.map_err(error)
    }

    /// The visits of these seconds of Unix time, and those to which somebody has come. With `known`, the version of an
    /// earlier answer, it comes when there is something new or after 25 s.
    ///
    /// # Errors
    /// Neither a clinician nor the front desk; or no answer.
    pub async fn visits(
        &self,
        staff: &Phi<String>,
        (from, until): (u64, u64),
        known: Option<u64>,
    ) -> Result<VisitsReply, ClientError> {
        let known = known.map_or(String::new(), |known| format!("&known={known}"));
        let path = format!("/v1/visits?from={from}&until={until}{known}");
        self.ask(Method::GET, &path, Some(staff), &()).await.map_err(error)
    }

    /// Moves a visit to another time, and its links with it.
    ///
    /// # Errors
    /// Not theirs to move; or no answer.
    pub async fn move_visit(
        &self,
        staff: &Phi<String>,
        visit: VisitId,
        request: &PlanRequest,
    ) -> Result<(), ClientError> {
        self.about_visit(staff, visit, "plan", request).await
    }

    /// Hands a visit over, or takes one that is nobody's.
    ///
    /// # Errors
    /// Not theirs to give, somebody is in it, or the colleague is no clinician; or no answer.
    pub async fn assign_visit(
        &self,
        staff: &Phi<String>,
        visit: VisitId,
        clinician: Option<StaffId>,
    ) -> Result<(), ClientError> {
        self.about_visit(staff, visit, "assign", &AssignRequest { clinician }).await
    }

    /// Calls a visit off, or says that nobody came.
    ///
    /// # Errors
    /// Not theirs, or somebody is in it; or no answer.
    pub async fn cancel_visit(
        &self,
        staff: &Phi<String>,
        visit: VisitId,
        reason: CancelReason,
    ) -> Result<(), ClientError> {
        self.about_visit(staff, visit, "cancel", &CancelRequest { reason }).await
    }

    /// Lets those who wait know something.
    ///
    /// # Errors
    /// Not theirs; or no answer.
    pub async fn tell_waiting(
        &self,
        staff: &Phi<String>,
        visit: VisitId,
        note: WaitingNote,
    ) -> Result<(), ClientError> {
        self.about_visit(staff, visit, "note", &NoteRequest { note }).await
    }

    /// Takes a link back.
    ///
    /// # Errors
    /// No such link of a visit of theirs; or no answer.
    pub async fn revoke_invite(
        &self,
        staff: &Phi<String>,
        visit: VisitId,
        invite: InviteId,
    ) -> Result<(), ClientError> {
        let path = format!("/v1/visits/{visit}/invites/{invite}");
        let Empty {} = self.ask(Method::DELETE, &path, Some(staff), &()).await.map_err(error)?;
        Ok(())
    }

    /// By the host's endpoint: lets nobody new in, or again.
    ///
    /// # Errors
    /// Not the host; or no answer.
    pub async fn lock_visit(&self, endpoint: &Phi<String>, visit: VisitId, locked: bool) -> Result<(), ClientError> {
        self.about_visit(endpoint, visit, "lock", &LockRequest { locked }).await
    }

    /// By the host's endpoint: counts a try at the code of a guest's link. Once: asked twice it would count twice.
    ///
    /// # Errors
    /// Not the host, or nobody of that id is there; or no answer.
    pub async fn count_try(
        &self,
        endpoint: &Phi<String>,
        visit: VisitId,
        guest: EndpointId,
    ) -> Result<TriesReply, ClientError> {
        let request = EndpointRequest { endpoint: guest };
        self.ask(Method::POST, &format!("/v1/visits/{visit}/tries"), Some(endpoint), &request).await.map_err(error)
    }

    pub(crate) async fn about_visit(
        &self,
        token: &Phi<String>,
        visit: VisitId,
        what: &str,
        request: &(impl Serialize + Sync),
    ) -> Result<(), ClientError> {
        let path = format!("/v1/visits/{visit}/{what}");
        let Empty {} = self.ask(Method::POST, &path, Some(token), request).await.map_err(error)?;
        Ok(())
    }
}
