//! The audit log: checkpoints, and what an app says of its connections.

use hyper::Method;
use signaling_protocol::{CheckpointReply, ReceiptRequest, VisitId};
use units::Phi;

use crate::requests::error;
use crate::{ClientError, SignalingClient};

impl SignalingClient {
    /// The log's newest checkpoint, by the token of somebody of the staff; with what proves that it goes on from its first
    /// `since` rows.
    ///
    /// # Errors
    /// Not signed in, or the log has not so many rows; or no answer.
    pub async fn checkpoint(&self, staff: &Phi<String>, since: u64) -> Result<CheckpointReply, ClientError> {
        let path = format!("/v1/audit/checkpoint?since={since}");
        self.ask(Method::GET, &path, Some(staff), &()).await.map_err(error)
    }

    /// The same, by the token of an app in a visit; `until`: of the log's first so many rows.
    ///
    /// # Errors
    /// As above.
    pub async fn checkpoint_of_visit(
        &self,
        endpoint: &Phi<String>,
        visit: VisitId,
        since: u64,
        until: Option<u64>,
    ) -> Result<CheckpointReply, ClientError> {
        let until = until.map_or(String::new(), |until| format!("&until={until}"));
        let path = format!("/v1/visits/{visit}/checkpoint?since={since}{until}");
        self.ask(Method::GET, &path, Some(endpoint), &()).await.map_err(error)
    }

    /// By an endpoint: says what became of a connection.
    ///
    /// # Errors
    /// It is not signed by this endpoint's key, or there were too many; or no answer.
    pub async fn give_receipt(
        &self,
        endpoint: &Phi<String>,
        visit: VisitId,
        receipt: &ReceiptRequest,
    ) -> Result<(), ClientError> {
        self.about_visit(endpoint, visit, "receipts", receipt).await
    }
}
