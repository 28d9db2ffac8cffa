//! What colleagues keep at the server: which clinic they are, their devices, revocations, and boxes sealed to each other. All
//! of it is opaque here, and public keys; paths and rules stand in `PROTOCOL.md`.

use serde::{Deserialize, Serialize};
use units::Phi;

use crate::event::of_known_kind;
use crate::{Base64, ClinicFingerprint, DeviceId, EventError, Notice, ObjectId, StaffId, StaffLimits};

/// `POST /v1/clinic`: which clinic this is. Apps believe the fingerprint of a link, never this.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Clinic {
    /// Of the clinic's public key; set once.
    pub fingerprint: ClinicFingerprint,
    /// Counts the clinic's issuing keys from 1: a next one replaces a lost one.
    pub generation: u16,
    /// The clinic's public key and its certificate for the issuing key, opaque to the server.
    pub head: Base64,
}

/// Answer to `GET /v1/clinic`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClinicReply {
    /// Which clinic this is, once it is set up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clinic: Option<Clinic>,
    /// The newest revocations, once there are any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notice: Option<Notice>,
    /// What the server takes at most.
    pub limits: StaffLimits,
}

/// `POST /v1/clinic/notice`: later revocations. Those in visits and at work hear of them at once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NoticeRequest {
    /// What everybody is told.
    #[serde(flatten)]
    pub notice: Notice,
    /// The devices that are taken off the list with it; their owners are signed out.
    #[serde(default)]
    pub revoked: Vec<DeviceId>,
}

/// `POST /v1/devices`: a device wants to be certified.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnrolRequest {
    /// The device's public keys, opaque to the server.
    pub request: Base64,
}

/// The device waits to be certified.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceReply {
    /// Its id, which it keeps.
    pub device: DeviceId,
    /// How long it waits.
    pub expires_in_secs: u64,
}

/// A device that has been certified.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Device {
    /// Its id.
    pub device: DeviceId,
    /// Whose it is.
    pub staff: StaffId,
    /// The name of that account, for people to find the device by. No app believes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<Phi<String>>,
    /// Its public keys, opaque to the server.
    pub request: Base64,
    /// Counts its certificates.
    pub revision: u32,
    /// The clinic's certificate for the issuing key, opaque to the server.
    pub issuer: Base64,
    /// The issuing key's certificate for the device, opaque to the server.
    pub certificate: Base64,
}

/// A device that waits to be certified.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WaitingDevice {
    /// Its id.
    pub device: DeviceId,
    /// Whose it is.
    pub staff: StaffId,
    /// The name of that account, for people to find the device by. No app believes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<Phi<String>>,
    /// Its public keys, opaque to the server.
    pub request: Base64,
    /// How long it still waits.
    pub expires_in_secs: u64,
}

/// Answer to `GET /v1/devices`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DevicesReply {
    /// Those that are certified, by their ids, ascending.
    pub devices: Vec<Device>,
    /// Those that wait, the one that asked first first.
    pub waiting: Vec<WaitingDevice>,
    /// Whether more are certified: ask again with `?after=` the last of them.
    pub more: bool,
}

/// `POST /v1/devices/{d}/certificate`: by an admin's app, for the first time or anew.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CertifyRequest {
    /// Higher than that of the device's last certificate, which is 0 for a device that waits.
    pub revision: u32,
    /// The clinic's certificate for the issuing key, opaque to the server.
    pub issuer: Base64,
    /// The issuing key's certificate for the device, opaque to the server.
    pub certificate: Base64,
}

/// Who speaks in the spoken check of an enrolment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckSide {
    /// The device that wants to be certified.
    Device,
    /// The admin's app that is to certify it.
    Voucher,
}

/// `POST /v1/devices/{d}/check`: one message of the check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckMessage {
    /// Counts the runs from 1; a next one throws the messages of the last away.
    pub run: u8,
    /// Who speaks.
    pub side: CheckSide,
    /// Counts this side's messages of the run from 0.
    pub number: u8,
    /// Opaque to the server.
    pub message: Base64,
}

/// Answer to `GET /v1/devices/{d}/check`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckReply {
    /// Those of the newest run, as they came; none when there was no run within ten minutes.
    pub messages: Vec<CheckMessage>,
}

/// `POST /v1/boxes/{kind}/{object}`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WriteBoxRequest {
    /// Higher than the one that stands there.
    pub revision: u32,
    /// Sealed to the colleagues' devices, opaque to the server.
    #[serde(rename = "box")]
    pub sealed: Base64,
}

/// Answer to `GET /v1/boxes/{kind}/{object}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BoxReply {
    /// Its revision.
    pub revision: u32,
    /// Who wrote it.
    pub by: StaffId,
    /// Sealed to the colleagues' devices, opaque to the server.
    #[serde(rename = "box")]
    pub sealed: Base64,
}

/// What is known of a staff box without its content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BoxLabel {
    /// What it is about.
    pub object: ObjectId,
    /// Its newest revision.
    pub revision: u32,
}

/// Answer to `GET /v1/boxes/{kind}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BoxesReply {
    /// By their object's id, ascending.
    pub boxes: Vec<BoxLabel>,
    /// Whether there are more: ask again with `?after=` the last object.
    pub more: bool,
}

/// What the server tells a signed-in app, over `GET /v1/events` or by long-poll. Each says how things stand; the newest alone
/// counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum StaffEvent {
    /// How things stand at the clinic.
    Clinic {
        /// Which clinic this is, once it is set up.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        clinic: Option<Clinic>,
        /// The newest revocations, once there are any.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        notice: Option<Notice>,
        /// Another number than before: ask for the devices again.
        devices: u64,
        /// Another number than before: ask for the messages of the checks that run.
        checks: u64,
        /// Another number than before: ask for the labels of the boxes again.
        boxes: u64,
    },
    /// The server goes away; come back after this many milliseconds.
    Bye {
        /// When to come back.
        retry_ms: u32,
    },
}

const STAFF_KINDS: [&str; 2] = ["clinic", "bye"];

impl StaffEvent {
    /// Reads an event from its JSON.
    ///
    /// # Errors
    /// [`EventError::UnknownKind`] is to be ignored and counted, [`EventError::Malformed`] is the server's fault.
    pub fn from_json(json: &[u8]) -> Result<Self, EventError> {
        of_known_kind(json, &STAFF_KINDS)
    }

    /// The name of its kind, as on the wire.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Clinic { .. } => "clinic",
            Self::Bye { .. } => "bye",
        }
    }
}
