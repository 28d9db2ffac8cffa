//! Keys where they live: this device's, and for an admin the clinic's.
//!
//! A [`Keys`] is made when somebody signs in, and gone when they sign out. It is told what happens
//! ([`Keys::handle_input`], [`Keys::handle_timeout`]) and answers what is to be done ([`Keys::poll_output`]), as a
//! [`Desk`](crate::Desk) does. What it keeps goes to the system's keyring; what it is told by the server it believes only
//! when it proves itself under the clinic's key, and which clinic that is, only when two people compared digits.

mod card;
mod device;
mod digits;
mod input;
mod office;
mod output;
mod snapshot;
mod tools;
mod wire;

#[cfg(test)]
mod tests;

use std::fmt;
use std::time::Duration;

use rand_core::Rng;
use signaling_protocol::StaffRole;
use trust::{DeviceFacts, Epoch, UnixTime};
use units::Timestamp;

pub use card::CARD_KIND;
pub use input::{Keeping, KeysAnswer, KeysConfig, KeysInput, KeysIntent, Loaded, Standing};
pub use output::{Entry, KeysOutput, KeysRequest};
pub use snapshot::{
    Comparing, DeviceRow, DeviceStanding, KeysProblem, KeysSnapshot, OfficeSnapshot, OfficeStage, RowState, Sheet,
    WaitingRow,
};

use device::{OwnDevice, device_role};
use office::Office;
use tools::Tools;

/// The keys of who is signed in.
///
/// **Invariant:** the clinic's own key is in it from [`KeysIntent::SetUp`] to the confirmation of the sheet, and within
/// [`KeysIntent::Recover`], and at no other time. No secret is in a snapshot but the sheet's while it is shown.
pub struct Keys {
    config: KeysConfig,
    device: OwnDevice,
    office: Option<Office>,
    standing: Option<Standing>,
    keeping: Keeping,
    tools: Tools,
    looks_at: Timestamp,
    snapshot: KeysSnapshot,
    /// Whether an identity was told last, and which.
    told: Option<(Epoch, DeviceFacts)>,
}

impl Keys {
    /// The keys of who signed in; the keyring is to be read first.
    pub fn new(now: Timestamp, config: KeysConfig, rng: Box<dyn Rng + Send>) -> Self {
        let mut tools = Tools::new(rng);
        tools.outputs.push_back(KeysOutput::Load);
        let office = (config.role == StaffRole::Admin).then(|| Office::new(config.account.clone()));
        let device = OwnDevice::new(config.role);
        let snapshot = KeysSnapshot {
            device: DeviceStanding::Opening,
            office: None,
            clinic: None,
            keeping: Keeping::Keyring,
            problem: None,
        };
        let (standing, keeping, looks_at) = (None, Keeping::Keyring, now + LOOK);
        let mut keys = Self { config, device, office, standing, keeping, tools, looks_at, snapshot, told: None };
        keys.settle(now);
        keys
    }

    /// Something happened.
    pub fn handle_input(&mut self, now: Timestamp, input: KeysInput) {
        let unix = self.unix(now);
        match input {
            KeysInput::Intent(intent) => self.intent(unix, intent),
            KeysInput::Loaded(Loaded::Locked) => self.device.locked(),
            KeysInput::Loaded(Loaded::Read { device, issuing, keeping }) => {
                self.keeping = keeping;
                self.device.loaded(device.as_deref().map(Vec::as_slice), &mut self.tools);
                if let Some(office) = &mut self.office {
                    office.loaded(issuing.as_deref().map(Vec::as_slice));
                }
            }
            KeysInput::Kept(keeping) => self.keeping = keeping,
            KeysInput::Standing(standing) => {
                self.device.news(self.standing.as_ref(), &standing);
                if let Some(office) = &mut self.office {
                    office.news(self.standing.as_ref(), &standing);
                }
                self.standing = Some(standing);
            }
            KeysInput::Answer { number, answer } => {
                let (tools, standing) = (&mut self.tools, self.standing.as_ref());
                let taken = self.device.answered(unix, number, &answer, tools, standing);
                if let (false, Some(office)) = (taken, &mut self.office) {
                    office.answered(unix, number, answer, self.device.keys().as_ref(), tools);
                }
            }
        }
        self.settle(now);
    }

    /// Time passed.
    pub fn handle_timeout(&mut self, now: Timestamp) {
        if now >= self.looks_at {
            self.looks_at = now + LOOK;
            if let Some(office) = &mut self.office {
                office.try_again();
            }
        }
        self.settle(now);
    }

    /// What is to be done next.
    pub fn poll_output(&mut self) -> Option<KeysOutput> {
        self.tools.outputs.pop_front()
    }

    /// When [`handle_timeout`](Self::handle_timeout) is to be called, if nothing happens before.
    pub const fn poll_timeout(&self) -> Timestamp {
        self.looks_at
    }

    /// How things stand.
    pub const fn snapshot(&self) -> &KeysSnapshot {
        &self.snapshot
    }

    fn unix(&self, now: Timestamp) -> UnixTime {
        self.config.unix_at_zero.plus(now.as_micros() / 1_000_000)
    }

    fn intent(&mut self, now: UnixTime, intent: KeysIntent) {
        let (tools, standing) = (&mut self.tools, self.standing.as_ref());
        self.device.problem = None;
        if let Some(office) = &mut self.office {
            office.problem = None;
            office.try_again();
        }
        match (intent, &mut self.office) {
            (KeysIntent::TryKeyringAgain, _) => tools.outputs.push_back(KeysOutput::Load),
            (KeysIntent::SameOnDevice(same), _) => self.device.person_says(same, tools),
            (KeysIntent::AskAnew, _) => self.device.ask_anew(standing, tools),
            (intent, Some(office)) if self.device.is_open() => match intent {
                KeysIntent::SetUp if standing.is_some_and(|standing| standing.clinic.is_none()) => office.set_up(tools),
                KeysIntent::ConfirmSheet(typed) => office.confirm(now, &typed, tools),
                KeysIntent::LeaveSetUp => office.leave_set_up(),
                KeysIntent::Compare { device, name, role } => office.compare(device, (name, role), tools),
                KeysIntent::SameAsAdmin(same) => office.person_says(same),
                KeysIntent::LeaveComparison => office.leave_comparison(),
                KeysIntent::Refuse(device) => office.refuse(device),
                // Who sits at the only laptop that can certify does not lock themselves out.
                KeysIntent::Revoke(device) if Some(device) != self.device.id() => office.revoke(now, device),
                KeysIntent::CertifyAnew(device) => office.certify_anew(device),
                KeysIntent::Recover(typed) => office.recover(now, typed.expose(), standing, tools),
                _ => {}
            },
            _ => {}
        }
    }

    /// Does what follows from what is known now, and says what changed.
    fn settle(&mut self, now: Timestamp) {
        let unix = self.unix(now);
        let (tools, standing) = (&mut self.tools, self.standing.as_ref());
        if let Some(clinic) = self.office.as_ref().and_then(Office::clinic) {
            self.device.believe(clinic, tools);
        }
        self.device.advance(unix, standing, tools);
        if let Some(office) = &mut self.office {
            office.advance(unix, standing, (self.device.keys(), self.device.id()), tools);
        }
        self.tell_identity();
        let device_problem = self.device.problem.clone();
        let snapshot = KeysSnapshot {
            device: self.device.standing(unix, self.standing.as_ref()),
            office: self.office.as_ref().map(|office| office.snapshot(unix, self.standing.as_ref(), self.device.id())),
            clinic: self.device.clinic().map(|clinic| clinic.to_string()),
            keeping: self.keeping,
            problem: self.office.as_ref().and_then(|office| office.problem.clone()).or(device_problem),
        };
        if snapshot != self.snapshot {
            self.snapshot = snapshot;
            self.tools.outputs.push_back(KeysOutput::Changed);
        }
    }

    /// Only who is certified for what their account is for may work with it.
    fn tell_identity(&mut self) {
        let role = device_role(self.config.role);
        let identity = self.device.identity().filter(|identity| identity.facts().role == role);
        let seen = identity.map(|identity| (identity.epoch(), *identity.facts()));
        if seen != self.told {
            let identity = identity.cloned().map(Box::new);
            self.tools.outputs.push_back(KeysOutput::Identity(identity));
            self.told = seen;
        }
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keys").field("device", &self.device).finish_non_exhaustive()
    }
}

/// How often is looked whether something is over, or to be renewed.
const LOOK: Duration = Duration::from_secs(600);
