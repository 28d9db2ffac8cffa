//! The keys as the person sees them.

use signaling_protocol::{Code, DeviceId};
use trust::DeviceRole;
use units::{Phi, ServerTrouble};

use crate::Keeping;

/// The keys as the person sees them; whoever draws needs nothing else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeysSnapshot {
    /// How this device stands.
    pub device: DeviceStanding,
    /// The clinic's keys, for an admin.
    pub office: Option<OfficeSnapshot>,
    /// The clinic's fingerprint, once this device believes it.
    pub clinic: Option<String>,
    /// Where keys are kept.
    pub keeping: Keeping,
    /// What went wrong last.
    pub problem: Option<KeysProblem>,
}

/// How this device stands.
///
/// ```text
///  Opening ──▶ NoClinic ──▶ Waiting ──check──▶ Comparing ──same──▶ Confirmed ──certificate──▶ Certified
///     │                        ▲                  │ not the same                               │   ▲
///     └── keyring locked       └──── AskAnew ──── Differ, Refused, Revoked ◀──────────────── Over ┘ renewed
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeviceStanding {
    /// The keyring is being read, the server asked.
    Opening,
    /// The keyring is there and does not open.
    KeyringLocked,
    /// What the keyring keeps cannot be read by this app.
    KeyringUnreadable,
    /// No admin has set the clinic up yet.
    NoClinic,
    /// The device asked, and waits for an admin to compare digits.
    Waiting,
    /// Digits are to be compared: none yet, while the two apps agree on them.
    Comparing(Option<Phi<String>>),
    /// Its person found them the same: it waits for the certificate.
    Confirmed,
    /// Somebody found that they differ.
    Differ,
    /// The server has this device on no list: an admin refused it, or nobody answered for a day.
    Refused,
    /// Certified: it may do what it is for.
    Certified {
        /// As the clinic calls its person.
        name: Phi<String>,
        /// What it is for.
        role: DeviceRole,
        /// Whole days until the certificate is over, if no admin renews it.
        days_left: u64,
    },
    /// It was certified, and the time is over.
    Over,
    /// The clinic was recovered from its sheet: an admin has to certify this device anew.
    Replaced,
    /// The clinic has revoked it.
    Revoked,
    /// The server says that it is another clinic's than the one this device belongs to.
    AnotherClinic,
}

/// The clinic's keys, for an admin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OfficeSnapshot {
    /// Where it stands.
    pub stage: OfficeStage,
    /// Devices that wait, the one that asked first first.
    pub waiting: Vec<WaitingRow>,
    /// Devices that are on the list.
    pub devices: Vec<DeviceRow>,
    /// The comparison that goes on.
    pub comparing: Option<Comparing>,
    /// Whether something is being told to the server.
    pub busy: bool,
    /// Whole days for which the issuing key that is here may still certify: before that, the sheet brings the next.
    pub issuer_days_left: Option<u64>,
}

/// Where the clinic's keys stand on this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OfficeStage {
    /// The server is being asked.
    Opening,
    /// There is no clinic yet: it can be set up here.
    NotSetUp,
    /// The recovery sheet is shown, and some of it asked back.
    Sheet(Sheet),
    /// The issuing key is here: devices can be certified and revoked.
    Here,
    /// It is on another laptop, or it was: the sheet brings the clinic here.
    Elsewhere,
}

/// What the recovery sheet says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sheet {
    /// Eight groups of five letters and digits: whoever has them is the clinic.
    pub groups: Phi<String>,
    /// The clinic's fingerprint.
    pub fingerprint: String,
    /// Which groups are asked back, counted from 1.
    pub asked: [usize; 2],
}

/// A device that waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WaitingRow {
    /// Its id.
    pub device: DeviceId,
    /// Whose it is, by the server's word.
    pub account: Option<Phi<String>>,
    /// What its account is for, by the server's word.
    pub role: DeviceRole,
}

/// A device on the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceRow {
    /// Its id.
    pub device: DeviceId,
    /// As it was certified, if its card could be read.
    pub name: Option<Phi<String>>,
    /// Whose it is, by the server's word.
    pub account: Option<Phi<String>>,
    /// What it was certified for, likewise.
    pub role: Option<DeviceRole>,
    /// How it stands.
    pub state: RowState,
}

/// How a device on the list stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RowState {
    /// The one at which the admin sits.
    ThisOne,
    /// Certified by the issuing key that is here.
    Certified,
    /// By one before, and its card says what it is: it can be certified anew.
    ToCertifyAnew,
    /// Its card cannot be read: it has to ask anew, and digits be compared.
    Unknown,
}

/// A comparison of digits, as the admin sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comparing {
    /// With which device.
    pub device: DeviceId,
    /// As it will be certified.
    pub name: Phi<String>,
    /// The digits, once the two apps agree on them.
    pub digits: Option<Phi<String>>,
}

/// What went wrong with the keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeysProblem {
    /// What was typed is not what stands on the sheet: which group, counted from 1.
    SheetGroup(usize),
    /// Eight groups of five were to be typed.
    SheetLength,
    /// The sheet is another clinic's.
    AnotherSheet,
    /// Patients cannot be shown this name: 1 to 64 bytes.
    Name,
    /// The two did not come to digits: nothing is certified.
    CheckFailed,
    /// Too often for one request.
    CheckedTooOften,
    /// The digits differed: the device was refused.
    Differed,
    /// More devices were lost within a week than one list takes.
    TooManyRevoked,
    /// Two other devices of this account wait already.
    TooManyWait,
    /// What the server says cannot be.
    OddAnswer,
    /// The server says no.
    Refused(Code),
    /// The server is not the right one.
    Failed(ServerTrouble),
    /// What is shared about a device could not be sealed.
    NotSealed,
}
