//! What an app of the staff asks about taking over a colleague's visit, and about its review.

use hyper::Method;
use signaling_protocol::{
    NoteReply, ReviewOutcome, ReviewRequest, TakeOverId, TakeOverReply, TakeOverRequest, TakeOversReply, VisitId,
    VisitsReply,
};
use units::Phi;

use crate::requests::error;
use crate::{ClientError, SignalingClient};

/// `staff` is the token of [`SignInReply`](signaling_protocol::SignInReply). All of it may be asked again when the answer got
/// lost.
impl SignalingClient {
    /// Colleagues' visits that could be taken over: of these seconds of Unix time, and those to which somebody has come.
    ///
    /// # Errors
    /// Not a clinician; or no answer.
    pub async fn visits_of_colleagues(
        &self,
        staff: &Phi<String>,
        (from, until): (u64, u64),
    ) -> Result<VisitsReply, ClientError> {
        let path = format!("/v1/visits/colleagues?from={from}&until={until}");
        self.ask(Method::GET, &path, Some(staff), &()).await.map_err(error)
    }

    /// Takes a colleague's visit over, by breaking the glass.
    ///
    /// # Errors
    /// Not a clinician, the digits are wrong, or the visit needs no taking over; or no answer.
    pub async fn take_over(
        &self,
        staff: &Phi<String>,
        visit: VisitId,
        request: &TakeOverRequest,
    ) -> Result<TakeOverReply, ClientError> {
        self.ask(Method::POST, &format!("/v1/visits/{visit}/take-over"), Some(staff), request).await.map_err(error)
    }

    /// What was taken over: by everybody for who reviews, by oneself for a clinician.
    ///
    /// # Errors
    /// The front desk's; or no answer.
    pub async fn take_overs(&self, staff: &Phi<String>, only_open: bool) -> Result<TakeOversReply, ClientError> {
        let path = format!("/v1/take-overs?open={}", u8::from(only_open));
        self.ask(Method::GET, &path, Some(staff), &()).await.map_err(error)
    }

    /// The sealed note of one.
    ///
    /// # Errors
    /// Neither admin nor auditor, or there is no such one; or no answer.
    pub async fn take_over_note(&self, staff: &Phi<String>, of: TakeOverId) -> Result<NoteReply, ClientError> {
        self.ask(Method::GET, &format!("/v1/take-overs/{of}/note"), Some(staff), &()).await.map_err(error)
    }

    /// Says what the review of one came to.
    ///
    /// # Errors
    /// Neither admin nor auditor, their own, or reviewed by another; or no answer.
    pub async fn review_take_over(
        &self,
        staff: &Phi<String>,
        of: TakeOverId,
        outcome: ReviewOutcome,
    ) -> Result<(), ClientError> {
        self.tell(staff, &format!("/v1/take-overs/{of}/review"), &ReviewRequest { outcome }).await
    }
}
