//! Bodies of requests and answers. Paths and rules stand in `PROTOCOL.md`.

use serde::{Deserialize, Serialize};
use units::Phi;

use crate::{
    Base64, Challenge, EndpointId, Envelope, GuestRole, InviteId, InviteKey, Limits, MessageId, Role, Signature,
    VisitId,
};

/// The versions that an app speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct VersionRange {
    /// The oldest.
    pub min: u16,
    /// The newest.
    pub max: u16,
}

impl VersionRange {
    /// What this crate speaks.
    pub const CURRENT: Self = Self { min: crate::VERSION, max: crate::VERSION };

    /// The newest version that both speak.
    pub fn common(self, other: Self) -> Option<u16> {
        let newest = self.max.min(other.max);
        (newest >= self.min && newest >= other.min).then_some(newest)
    }
}

/// Answer to `POST /v1/visits`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreateVisitReply {
    /// The new visit.
    pub visit: VisitId,
}

/// `POST /v1/visits/{v}/invites`. The secret stays in the app; this is its public half.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreateInviteRequest {
    /// Whose signature joins.
    pub invite_key: InviteKey,
    /// How long the link is good, from now or from when it opens.
    pub expires_in_secs: u64,
    /// When it opens, in seconds of Unix time by the server's clock; at once without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub opens_unix_secs: Option<u64>,
    /// Who comes by it.
    #[serde(default, skip_serializing_if = "is_patient")]
    pub role: GuestRole,
    /// Which link of the visit's is taken back in the same step.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaces: Option<InviteId>,
}

impl CreateInviteRequest {
    /// A patient's link that is good from now on.
    pub const fn new(invite_key: InviteKey, expires_in_secs: u64) -> Self {
        Self { invite_key, expires_in_secs, opens_unix_secs: None, role: GuestRole::Patient, replaces: None }
    }
}

fn is_patient(role: &GuestRole) -> bool {
    *role == GuestRole::Patient
}

/// The invite is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreateInviteReply {
    /// What the link names.
    pub invite: InviteId,
}

/// Answer to `POST /v1/invites/{i}/challenge`; given for every id, known or not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChallengeReply {
    /// To be signed within a minute.
    pub challenge: Challenge,
    /// The clinic's telephone number, for who does not get further ([`is_phone_number`](crate::is_phone_number)).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
}

/// `POST /v1/invites/{i}/join`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JoinRequest {
    /// The versions that the app speaks.
    pub protocol: VersionRange,
    /// What the server asked to sign.
    pub challenge: Challenge,
    /// By the invite's key over [`join_signing_bytes`].
    pub signature: Signature,
    /// The app's public bundle, opaque to the server.
    pub bundle: Base64,
}

/// `POST /v1/visits/{v}/join`, by the visit's clinician.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostJoinRequest {
    /// The versions that the app speaks.
    pub protocol: VersionRange,
    /// The app's public bundle, opaque to the server.
    pub bundle: Base64,
    /// Whether a person wants to go on here, and not where the clinician is already. An app that comes back by itself
    /// says no, or it would put out the device that its user went on to.
    #[serde(default)]
    pub take_over: bool,
}

/// Joined: a guest is in the waiting room, a host in the visit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JoinReply {
    /// The version that both speak.
    pub protocol: u16,
    /// Which visit.
    pub visit: VisitId,
    /// Who the app is in it.
    pub endpoint: EndpointId,
    /// Goes into `Authorization: Bearer` of everything about this visit.
    pub endpoint_token: Phi<String>,
    /// As what.
    pub role: Role,
    /// What the server takes at most.
    pub limits: Limits,
    /// As in [`IceReply`], and said here too: who gets no answer there shall not take it for false.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub relay_only: bool,
}

/// `POST /v1/visits/{v}/messages`: one to [`Limits::boxes_per_request`] of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SendRequest {
    /// In the order in which they are to arrive.
    pub messages: Vec<Envelope>,
}

/// All of them wait for their receivers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SendReply {
    /// Which were taken, in the order sent.
    pub accepted: Vec<MessageId>,
}

/// `POST /v1/visits/{v}/admit`, `deny` and `remove`: about whom.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndpointRequest {
    /// About whom.
    pub endpoint: EndpointId,
}

/// A server for finding a path, in the form of WebRTC's `RTCIceServer`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IceServer {
    /// `stun:host:port`, `turn:…`, `turns:…`
    pub urls: Vec<String>,
    /// For relays.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username: Option<Phi<String>>,
    /// For relays.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credential: Option<Phi<String>>,
}

/// Answer to `GET /v1/visits/{v}/ice`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IceReply {
    /// The clinic's own; never a public one.
    pub servers: Vec<IceServer>,
    /// How long they are good.
    pub ttl_secs: u64,
    /// Whether the clinic wants nobody to learn the other's address: then paths lead by its relay alone.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub relay_only: bool,
}

/// An event with its cursor, as long-poll brings it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolledEvent {
    /// The event's number: the `id:` of the stream, to be given back as `Last-Event-ID`.
    pub cursor: u64,
    /// The event, unparsed, so that unknown kinds can be counted.
    pub event: serde_json::Value,
}

/// Answer to `GET /v1/visits/{v}/events?poll=1`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PollReply {
    /// Oldest first; empty when nothing happened for 25 s.
    pub events: Vec<PolledEvent>,
}

impl PolledEvent {
    /// Wraps an event for long-poll.
    pub fn new(cursor: u64, event: &impl Serialize) -> Self {
        let event = serde_json::to_value(event).unwrap_or(serde_json::Value::Null);
        Self { cursor, event }
    }
}

/// What the invite's key signs to join: label ‖ invite ‖ challenge ‖ length of the bundle (u32, big endian) ‖ bundle.
///
/// The bundle is under the signature, so the server cannot put another in its place.
pub fn join_signing_bytes(invite: InviteId, challenge: &Challenge, bundle: &[u8]) -> Vec<u8> {
    let mut bytes = b"housecall join v1\0".to_vec();
    bytes.extend_from_slice(invite.as_bytes());
    bytes.extend_from_slice(&challenge.0);
    bytes.extend_from_slice(&(bundle.len() as u32).to_be_bytes());
    bytes.extend_from_slice(bundle);
    bytes
}

/// `POST /v1/invites/{i}/measure`: how fast the link is, before anybody joins.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MeasureByInviteRequest {
    /// What the server asked to sign.
    pub challenge: Challenge,
    /// By the invite's key over [`measure_signing_bytes`].
    pub signature: Signature,
    /// What is to be sent and sent back.
    #[serde(flatten)]
    pub measure: MeasureRequest,
}

/// `POST /v1/measure`, by staff: so much there and so much back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MeasureRequest {
    /// For the way up: random bytes, which nothing on the way can make shorter.
    #[serde(default)]
    pub padding: Base64,
    /// For the way down: how many bytes of that kind are to come back, [`MEASURE_BYTES`] at most.
    #[serde(default)]
    pub bytes: usize,
}

/// So much came.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MeasureReply {
    /// As many random bytes as were asked for.
    pub padding: Base64,
    /// The relays that somebody in a visit is given, as in an [`IceServer`], without a password.
    #[serde(default)]
    pub relays: Vec<String>,
}

/// The most that one measurement sends, and the most that it gets: what fits a body.
pub const MEASURE_BYTES: usize = 40 * 1024;

/// What the invite's key signs to measure: label ‖ invite ‖ challenge. It joins nothing.
pub fn measure_signing_bytes(invite: InviteId, challenge: &Challenge) -> Vec<u8> {
    let mut bytes = b"housecall measure v1\0".to_vec();
    bytes.extend_from_slice(invite.as_bytes());
    bytes.extend_from_slice(&challenge.0);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_apps_settle_on_the_newest_version_that_both_speak() {
        let range = |min, max| VersionRange { min, max };
        assert_eq!(range(1, 3).common(range(2, 5)), Some(3));
        assert_eq!(range(1, 1).common(range(2, 2)), None);
        assert_eq!(range(4, 5).common(range(1, 3)), None);
    }

    #[test]
    fn another_bundle_is_another_signature() {
        let invite = InviteId::from_random([1; 16]);
        let challenge = Challenge([2; 48]);
        assert_ne!(join_signing_bytes(invite, &challenge, b"a"), join_signing_bytes(invite, &challenge, b"ab"));
    }

    #[test]
    fn a_host_that_does_not_say_so_takes_nobodys_place() {
        let request = r#"{"protocol":{"min":1,"max":1},"bundle":"CAg"}"#;
        assert!(!serde_json::from_str::<HostJoinRequest>(request).unwrap().take_over);
    }
}
