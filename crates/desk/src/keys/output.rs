//! What the keys want done.

use signaling_protocol::{
    CertifyRequest, CheckMessage, Clinic, DeviceId, EnrolRequest, NoticeRequest, ObjectId, WriteBoxRequest,
};
use trust::DeviceIdentity;
use zeroize::Zeroizing;

use crate::RequestNumber;

/// Something for the driver to do. Each is to be done once, in order.
#[derive(Debug)]
pub enum KeysOutput {
    /// Read the keyring and say [`KeysInput::Loaded`](crate::KeysInput::Loaded).
    Load,
    /// Keep this in the keyring in the place of what is there, and say [`KeysInput::Kept`](crate::KeysInput::Kept).
    Keep(Entry, Zeroizing<Vec<u8>>),
    /// Ask the server, until it answers, and say so by [`KeysInput::Answer`](crate::KeysInput::Answer).
    Ask {
        /// To be said again with the answer.
        number: RequestNumber,
        /// The question.
        request: KeysRequest,
    },
    /// This device is certified and may speak for the clinic, or may not any more.
    Identity(Option<Box<DeviceIdentity>>),
    /// The snapshot says something else than before.
    Changed,
}

/// What the keyring keeps, for each account at each server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Entry {
    /// This device's keys and certificate.
    Device,
    /// The clinic's issuing key.
    Issuing,
    /// What the device is known by at sign-in, and what the session goes on by.
    Session,
}

/// A question to the server. Each may be asked again: the answer is the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeysRequest {
    /// Set the clinic up, or recover it.
    SetUp(Clinic),
    /// Publish revocations.
    Publish(NoticeRequest),
    /// A device wants to be certified.
    Enrol(EnrolRequest),
    /// All devices, page by page.
    Devices,
    /// Certify a device.
    Certify(DeviceId, CertifyRequest),
    /// Take a device that waits off the list.
    Forget(DeviceId),
    /// One message of a check.
    Say(DeviceId, CheckMessage),
    /// What was said in a check?
    Heard(DeviceId),
    /// A box of this kind about this.
    ReadBox {
        /// Its kind.
        kind: u8,
        /// What it is about.
        object: ObjectId,
        /// The newest lower than this, by another hand.
        below: Option<u32>,
    },
    /// Keep a box.
    WriteBox {
        /// Its kind.
        kind: u8,
        /// What it is about.
        object: ObjectId,
        /// The body.
        request: WriteBoxRequest,
    },
}
