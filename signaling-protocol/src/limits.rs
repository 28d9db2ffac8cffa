//! What the server takes at most; advertised at join.

use serde::{Deserialize, Serialize};

/// The server's limits. A client keeps them; a server refuses what is over them with [`Code::TooLarge`](crate::Code).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Limits {
    /// Bytes of a JSON body.
    pub json_bytes: usize,
    /// Bytes inside one box.
    pub box_bytes: usize,
    /// Boxes in one request.
    pub boxes_per_request: usize,
    /// Bytes of an endpoint's bundle.
    pub bundle_bytes: usize,
    /// Candidates in one epoch of a negotiation.
    pub candidates_per_epoch: usize,
    /// Endpoints in a visit, those who wait not counted.
    pub endpoints_per_visit: usize,
    /// Endpoints that wait for a visit.
    pub waiting_per_visit: usize,
    /// Event streams an endpoint; the newest wins.
    pub streams_per_endpoint: usize,
    /// Events that wait for an endpoint.
    pub mailbox_messages: usize,
    /// Bytes that wait for an endpoint.
    pub mailbox_bytes: usize,
    /// Messages an endpoint may send a second.
    pub messages_per_second: u32,
    /// Joins a minute from one address.
    pub joins_per_minute: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            json_bytes: 64 * 1024,
            box_bytes: 16 * 1024,
            boxes_per_request: 16,
            bundle_bytes: 4 * 1024,
            candidates_per_epoch: 64,
            endpoints_per_visit: 4,
            waiting_per_visit: 8,
            streams_per_endpoint: 1,
            mailbox_messages: 256,
            mailbox_bytes: 1024 * 1024,
            messages_per_second: 30,
            joins_per_minute: 5,
        }
    }
}
