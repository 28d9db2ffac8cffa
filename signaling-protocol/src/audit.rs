//! The audit log on the wire: checkpoints for everybody, receipts of endpoints, and what an auditor asks.

use serde::{Deserialize, Serialize};

use crate::{Base64, EndpointId, Signature};

/// The answer to a question for the log's newest checkpoint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckpointReply {
    /// The log's Ed25519 key, 32 bytes.
    pub key: Base64,
    /// The checkpoint, a signed note (C2SP tlog-checkpoint).
    pub checkpoint: String,
    /// What proves that the log, or its first `until` rows, goes on from its first `since` rows, if that was asked: hashes, one
    /// after another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub consistency: Option<Base64>,
}

/// What became of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReceiptKind {
    /// It carries media.
    Opened,
    /// It is over.
    Closed,
}

/// By what way it went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReceiptPath {
    /// From one to the other.
    Direct,
    /// By a relay.
    Relayed,
    /// The app did not know.
    Unknown,
}

/// How sure an app was of the other side.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReceiptLevel {
    /// By a link opened in a page.
    Page,
    /// By a link opened in an app.
    App,
    /// By a device that was met before.
    Known,
    /// By digits that people compared.
    Compared,
}

/// `POST /v1/visits/{visit}/receipts`: what an endpoint says of its connection, signed by the key of its bundle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReceiptRequest {
    /// To whom the connection is.
    pub peer: EndpointId,
    /// What became of it.
    pub happened: ReceiptKind,
    /// A salted hash of both sides' certificates, 32 bytes; the server does not know of what.
    pub agreed: Base64,
    /// By what way.
    pub path: ReceiptPath,
    /// How sure the app is of the other side.
    pub level: ReceiptLevel,
    /// When, by the app's clock, in microseconds of Unix time.
    pub receipt_at: u64,
    /// Over the receipt, as `PROTOCOL.md` says.
    pub signature: Signature,
}

/// `GET /v1/audit/rows`: the newest rows that were asked for, the newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditRowsReply {
    /// How many rows the log has.
    pub size: u64,
    /// The rows' texts.
    pub rows: Vec<String>,
    /// Whether there are more: ask with `before` the last one's number.
    pub more: bool,
    /// If it was asked by `proofs`: for each row, what proves that it is in the log's first so many rows. Hashes, one after
    /// another.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub proofs: Vec<Base64>,
}

/// `GET /v1/audit/origin`: what an address is in the log, by each key that is not destroyed yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OriginReply {
    /// One for each key, the newest first.
    pub origins: Vec<OriginHashes>,
}

/// An address under one key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OriginHashes {
    /// As `from_key` in the rows.
    pub from_key: u64,
    /// As `from`.
    pub from: Base64,
    /// As `from_net`.
    pub from_net: Base64,
}
