//! What carries a box from one endpoint to another.

use serde::{Deserialize, Serialize};

use crate::{Base64, EndpointId, MessageId};

/// Boxes are plain typed messages: part of the way to scheme 1, protected by TLS to the server alone.
pub const SCHEME_OPEN: u8 = 0;
/// Boxes are HPKE-sealed and the first of each way signed: the server cannot open them.
pub const SCHEME_SEALED: u8 = 1;

/// Whether a sealed box may be so long: apps pad to 64-byte steps from 256 to 1024, 256-byte steps to 4096, 1024-byte steps
/// to 16384. The size is all that a server can look at.
pub const fn is_sealed_size(bytes: usize) -> bool {
    match bytes {
        256..=1_024 => bytes.is_multiple_of(64),
        1_025..=4_096 => bytes.is_multiple_of(256),
        4_097..=16_384 => bytes.is_multiple_of(1_024),
        _ => false,
    }
}

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
    /// Counts from 0 within the epoch, one sender to one receiver. Of a sealed box it repeats what stands, authenticated, in
    /// the box's own head; an app believes that one.
    pub seq: u32,
    /// Counts from 0; a new one begins when messages were lost or keys changed. Repeated like `seq`.
    pub epoch: u32,
    /// How the box is closed: [`SCHEME_OPEN`] or [`SCHEME_SEALED`].
    pub scheme: u8,
    /// How long it is worth delivering, in milliseconds.
    pub ttl_ms: u32,
    /// The message itself, opaque here.
    #[serde(rename = "box")]
    pub sealed: Base64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sealed_box_has_one_of_37_sizes() {
        let sizes: Vec<usize> = (0..20_000).filter(|size| is_sealed_size(*size)).collect();
        assert_eq!(sizes.len(), 13 + 12 + 12);
        assert_eq!(sizes[..3], [256, 320, 384]);
        assert!(sizes.windows(3).all(|sizes| sizes[1] - sizes[0] <= sizes[2] - sizes[1]));
        assert_eq!(sizes[11..14], [960, 1_024, 1_280]);
        assert_eq!(sizes[23..26], [3_840, 4_096, 5_120]);
        assert_eq!(sizes.last(), Some(&16_384));
    }
}
