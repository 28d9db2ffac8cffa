//! Who has access today: accounts, where they are signed in, and their devices.

use signaling_protocol::{
    AccountState, Device, DeviceId, SessionId, SessionRow, StaffId, StaffRole, StaffRow, WaitingDevice,
};
use trust::{CertificateError, DeviceIdentity, DeviceRole, UnixTime};
use units::Phi;

use crate::day::{Calendar, chain_of};

/// What the server says about access.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AccessFound {
    /// Where each account is signed in.
    pub sessions: Vec<(StaffId, Vec<SessionRow>)>,
    /// Devices that are certified.
    pub devices: Vec<Device>,
    /// Devices that wait.
    pub waiting: Vec<WaitingDevice>,
}

/// An account, and by what its person comes in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessLine {
    /// Which.
    pub staff: StaffId,
    /// Its name.
    pub name: Phi<String>,
    /// What it may do.
    pub role: StaffRole,
    /// How it stands.
    pub state: AccountState,
    /// Where somebody is signed in to it, the newest first.
    pub sessions: Vec<AccessSession>,
    /// Its devices.
    pub devices: Vec<AccessDevice>,
}

/// Where somebody is signed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessSession {
    /// Which.
    pub session: SessionId,
    /// Which kind of device it is, by that device's word.
    pub label: String,
    /// Since when, on the clinic's clock.
    pub began: String,
    /// When it was used last, to a quarter of an hour.
    pub used: String,
}

/// A device of an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessDevice {
    /// Which.
    pub device: DeviceId,
    /// How it stands.
    pub state: DeviceAccess,
}

/// How a device stands. What the clinic's certificates say this machine has verified itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeviceAccess {
    /// The clinic vouches for it.
    Vouched {
        /// For what.
        role: DeviceRole,
        /// Until when, on the clinic's clock.
        until: String,
    },
    /// Its certificate is over.
    Over,
    /// The clinic has revoked it.
    Revoked,
    /// It was certified before the clinic was recovered, or its certificate is not the clinic's.
    NotVouched,
    /// It waits to be certified.
    Waiting,
    /// It is on the server's list. This machine is not certified itself, and cannot verify more.
    Listed,
}

/// Everybody's access, by name. `own` is this machine's device: by it the others' certificates are verified.
pub fn lines(
    staff: &[StaffRow],
    found: &AccessFound,
    own: Option<&DeviceIdentity>,
    now: UnixTime,
    calendar: &Calendar,
) -> Vec<AccessLine> {
    let session = |row: &SessionRow| AccessSession {
        session: row.session,
        label: row.label.clone(),
        began: calendar.shown(row.began_unix_secs),
        used: calendar.shown(row.used_unix_secs),
    };
    let line = |row: &StaffRow| {
        let sessions = found.sessions.iter().filter(|(of, _)| *of == row.staff).flat_map(|(_, rows)| rows);
        let devices = found.devices.iter().filter(|device| device.staff == row.staff);
        let certified =
            devices.map(|one| AccessDevice { device: one.device, state: access_of(one, own, now, calendar) });
        let waiting = found.waiting.iter().filter(|device| device.staff == row.staff);
        let waiting = waiting.map(|one| AccessDevice { device: one.device, state: DeviceAccess::Waiting });
        AccessLine {
            staff: row.staff,
            name: row.name.clone(),
            role: row.role,
            state: row.state,
            sessions: sessions.map(session).collect(),
            devices: certified.chain(waiting).collect(),
        }
    };
    staff.iter().map(line).collect()
}

fn access_of(device: &Device, own: Option<&DeviceIdentity>, now: UnixTime, calendar: &Calendar) -> DeviceAccess {
    let Some(own) = own else { return DeviceAccess::Listed };
    match chain_of(device, own, now) {
        Ok(chain) => {
            DeviceAccess::Vouched { role: chain.facts.role, until: calendar.shown(chain.facts.validity.until.0) }
        }
        Err(CertificateError::Expired) => DeviceAccess::Over,
        Err(CertificateError::Revoked) => DeviceAccess::Revoked,
        Err(_) => DeviceAccess::NotVouched,
    }
}
