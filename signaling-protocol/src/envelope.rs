//! What carries a box from one endpoint to another.

use serde::{Deserialize, Serialize};

use crate::{Base64, EndpointId, MessageId};

/// Boxes are plain typed messages: part of the way to scheme 1, protected by TLS to the server alone.
pub const SCHEME_OPEN: u8 = 0;
/// Boxes are HPKE-sealed and the first of each way signed: the server cannot open them.
pub const SCHEME_SEALED: u8 = 1;

/// One message on its way. The server reads the label and never the box.
///
/// Delivery is at least once and in order from one sender to one receiver: the receiver takes each `seq` of an epoch
/// once, in order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Envelope {
    /// Names the message; the same id and body sent again is answered again, another body is refused.
    pub id: MessageId,
    /// Who it is for.
    pub to: EndpointId,
    /// Who sent it: stamped by the server, absent when sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<EndpointId>,
    /// Counts from 0 within the epoch, one sender to one receiver.
    pub seq: u32,
    /// Counts from 0; a new one begins when messages were lost or keys changed.
    pub epoch: u32,
    /// How the box is closed: [`SCHEME_OPEN`] or [`SCHEME_SEALED`].
    pub scheme: u8,
    /// How long it is worth delivering, in milliseconds.
    pub ttl_ms: u32,
    /// The message itself, opaque here.
    #[serde(rename = "box")]
    pub sealed: Base64,
}
