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
            bundle_bytes: 1_280,
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

/// What the server takes at most of what colleagues keep there; advertised in [`ClinicReply`](crate::ClinicReply). What is
/// counted is counted by account: nobody can use up another's share.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct StaffLimits {
    /// Bytes of what a device asks to have certified: its public keys.
    pub device_request_bytes: usize,
    /// How long a device waits to be certified, in seconds.
    pub device_request_secs: u64,
    /// Devices of one account that wait to be certified.
    pub devices_waiting: usize,
    /// Certified devices of one account.
    pub devices: usize,
    /// Bytes of a device's certificate, and of its issuer's.
    pub certificate_bytes: usize,
    /// Bytes of a notice of revocations.
    pub notice_bytes: usize,
    /// Bytes of one message of the spoken check of an enrolment.
    pub check_message_bytes: usize,
    /// Messages of one side in one run of that check.
    pub check_messages: u8,
    /// Runs of that check.
    pub check_runs: u8,
    /// How long a run is remembered, in seconds.
    pub check_secs: u64,
    /// Bytes of a staff box.
    pub box_bytes: usize,
    /// Staff boxes of one account.
    pub boxes: usize,
    /// Bytes of all staff boxes of one account.
    pub boxes_bytes: usize,
    /// Requests about all this that one account may make a second.
    pub requests_per_second: u32,
    /// Event streams of one account.
    pub streams: usize,
}

impl Default for StaffLimits {
    fn default() -> Self {
        Self {
            device_request_bytes: 256,
            device_request_secs: 24 * 3_600,
            devices_waiting: 2,
            devices: 8,
            certificate_bytes: 256,
            notice_bytes: 768,
            check_message_bytes: 256,
            check_messages: 3,
            check_runs: 3,
            check_secs: 600,
            box_bytes: 64 * 1024,
            boxes: 4_096,
            boxes_bytes: 32 * 1024 * 1024,
            requests_per_second: 20,
            streams: 8,
        }
    }
}
