//! The audit log: checkpoints, and what an app says of its connections.

use std::time::Duration;

use hyper::Method;
use signaling_protocol::{AuditRowsReply, CheckpointReply, ReceiptRequest, VisitId};
use units::Phi;

use crate::requests::error;
use crate::{ClientError, SignalingClient};

/// Which rows of the log are wanted; of what is absent, all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RowsQuery {
    /// About this, or by it: an id.
    pub about: Option<String>,
    /// And about this, or by it.
    pub also: Option<String>,
    /// Of this kind.
    pub what: Option<String>,
    /// Not before then, in seconds of Unix time.
    pub since: Option<u64>,
    /// Not after then.
    pub until: Option<u64>,
    /// Before this row.
    pub before: Option<u64>,
    /// So many at most.
    pub most: Option<u64>,
    /// Of the log's first so many rows, each with its inclusion proof.
    pub proofs: Option<u64>,
}

impl RowsQuery {
    fn path(&self) -> Result<String, ClientError> {
        let words = [("about", &self.about), ("also", &self.also), ("what", &self.what)];
        let numbers = [
            ("since", self.since),
            ("until", self.until),
            ("before", self.before),
            ("most", self.most),
            ("proofs", self.proofs),
        ];
        let mut pairs = Vec::new();
        for (name, word) in words {
            let Some(word) = word else { continue };
            pairs.push(format!("{name}={}", plain(word)?));
        }
        pairs.extend(numbers.into_iter().filter_map(|(name, number)| Some(format!("{name}={}", number?))));
        Ok(format!("/v1/audit/rows?{}", pairs.join("&")))
    }
}

/// What stands in a query as it is.
fn plain(word: &str) -> Result<&str, ClientError> {
    let is_plain = word.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'));
    if is_plain { Ok(word) } else { Err(ClientError::BadAddress) }
}

/// The longest answer with rows: 500 of the longest, and their proofs.
const MOST_ROWS_BYTES: usize = 8 << 20;

/// The longest evidence file that is read into memory: what the server makes about one thing at most, 50,000 rows.
const MOST_EVIDENCE_BYTES: usize = 128 << 20;

/// How long such an answer may take: a year of a clinic's visits over a slow link.
const EVIDENCE_TIMEOUT: Duration = Duration::from_secs(300);

impl SignalingClient {
    /// Rows of the log, the newest first.
    ///
    /// # Errors
    /// Not an auditor, or the log has not so many rows as were to be proven; or no answer.
    pub async fn audit_rows(&self, staff: &Phi<String>, wanted: &RowsQuery) -> Result<AuditRowsReply, ClientError> {
        self.ask_for_long(&wanted.path()?, staff, MOST_ROWS_BYTES).await.map_err(error)
    }

    /// An evidence file about `about` (an id), which shows that the log goes on from its first `since` rows. That it was taken is
    /// written down in the log.
    ///
    /// # Errors
    /// Not an auditor, no such id, the log has not so many rows, or there are more about it than one file takes; or no answer.
    pub async fn evidence(&self, staff: &Phi<String>, about: &str, since: u64) -> Result<String, ClientError> {
        let path = format!("/v1/audit/evidence?about={}&since={since}", plain(about)?);
        let limits = (MOST_EVIDENCE_BYTES, EVIDENCE_TIMEOUT);
        self.ask_for_text(&path, staff, "application/jsonl", limits).await.map_err(error)
    }

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
