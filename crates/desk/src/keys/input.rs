//! What the keys are told, by source.

use signaling_protocol::{BoxReply, CheckReply, Clinic, Code, DeviceId, DeviceReply, DevicesReply, Notice, StaffRole};
use trust::DeviceRole;
use units::{Phi, ServerTrouble};
use zeroize::Zeroizing;

use crate::RequestNumber;

/// Everything that can happen to the keys of who is signed in.
#[derive(Debug)]
pub enum KeysInput {
    /// The person wants something.
    Intent(KeysIntent),
    /// What the keyring keeps, or that it cannot be read.
    Loaded(Loaded),
    /// Where something that was to be kept is kept.
    Kept(Keeping),
    /// How things stand at the clinic, by the server's word.
    Standing(Standing),
    /// The server answered; a question is asked until it does.
    Answer {
        /// The number of the [`KeysOutput::Ask`](crate::KeysOutput::Ask).
        number: RequestNumber,
        /// The answer.
        answer: KeysAnswer,
    },
}

/// What the person wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeysIntent {
    /// The keyring is unlocked now: read it again.
    TryKeyringAgain,
    /// The digits on this new device are the same as the admin's, or they are not.
    SameOnDevice(bool),
    /// This device's keys are of no use any more: make others and ask again.
    AskAnew,
    /// Make the clinic's key: an admin's, where there is no clinic.
    SetUp,
    /// The sheet is printed, and this stands in the groups that were asked for.
    ConfirmSheet(Vec<Phi<String>>),
    /// Not now: forget the sheet that was shown.
    LeaveSetUp,
    /// Compare digits with a device that waits, to certify it like this.
    Compare {
        /// Which.
        device: DeviceId,
        /// As patients see its person.
        name: Phi<String>,
        /// What it is for.
        role: DeviceRole,
    },
    /// The digits that the admin sees are the same as the new device's, or they are not.
    SameAsAdmin(bool),
    /// No comparison now.
    LeaveComparison,
    /// This device that waits is not to be certified.
    Refuse(DeviceId),
    /// This device is lost: it may do nothing any more.
    Revoke(DeviceId),
    /// Certify a device anew that the lost issuing key had certified.
    CertifyAnew(DeviceId),
    /// The clinic's keys are lost: this stands on the recovery sheet.
    Recover(Phi<String>),
}

/// What came of reading the keyring.
#[derive(Debug)]
pub enum Loaded {
    /// It was read.
    Read {
        /// Of this device, if there is anything.
        device: Option<Zeroizing<Vec<u8>>>,
        /// Of the clinic's issuing key, if there is anything.
        issuing: Option<Zeroizing<Vec<u8>>>,
        /// Where both came from, and where what changes will go.
        keeping: Keeping,
    },
    /// It is there and does not open.
    Locked,
}

/// Where keys are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Keeping {
    /// In the system's keyring.
    #[default]
    Keyring,
    /// In memory alone, until the window is closed: there is no keyring, or it takes nothing.
    Memory,
}

/// How things stand at the clinic, by the server's word: nothing of it is believed that does not prove itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// Which clinic this is said to be.
    pub clinic: Option<Clinic>,
    /// The newest revocations.
    pub notice: Option<Notice>,
    /// Another number than before: the devices changed.
    pub devices: u64,
    /// Another number than before: something was said in a check.
    pub checks: u64,
}

/// What came of a question to the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeysAnswer {
    /// It is done.
    Done,
    /// The device waits.
    Waits(DeviceReply),
    /// All devices, the pages put together.
    Devices(DevicesReply),
    /// What was said in a check.
    Said(CheckReply),
    /// A box.
    Box(BoxReply),
    /// A definite no.
    Refused(Code),
    /// The server is not the right one: another try would end the same way.
    Failed(ServerTrouble),
}

/// Who is signed in.
#[derive(Debug, Clone)]
pub struct KeysConfig {
    /// As what.
    pub role: StaffRole,
    /// The account's name: what an admin's own card says.
    pub account: Phi<String>,
    /// The time of day at [`units::Timestamp::ZERO`].
    pub unix_at_zero: trust::UnixTime,
}
