//! What a desk is made of.

use std::time::Duration;

use trust::{DeviceIdentity, UnixTime};

use crate::day::Calendar;

/// Everything that a [`Desk`](crate::Desk) must know before it begins.
#[derive(Debug)]
pub struct DeskConfig {
    /// The device, and the clinic that vouches for it, whose fingerprint stands in the links. Without one, each who signs in
    /// has their own, by the [`Keys`](crate::Keys) that [`DeskOutput::OpenKeys`](crate::DeskOutput::OpenKeys) begins.
    pub identity: Option<DeviceIdentity>,
    /// The time of day at [`units::Timestamp::ZERO`], for how long links are good.
    pub unix_at_zero: UnixTime,
    /// By what patients' names are made opaque where their devices are remembered: this app's own.
    pub names_secret: [u8; 32],
    /// By whose clock the audit log is read.
    pub calendar: Calendar,
    /// The folder in which files are proposed to be put.
    pub folder: String,
    /// How long nobody touches the desk before it locks. See [`IDLE_LOCK`].
    pub idle_lock: Duration,
    /// How long a link is good. See [`LINK_LIFETIME`].
    pub link_lifetime: Duration,
}

impl DeskConfig {
    /// The usual desk, of who holds `identity` or of whoever signs in; `unix_at_zero` is the time of day at [`units::Timestamp::ZERO`].
    pub fn new(identity: Option<DeviceIdentity>, unix_at_zero: UnixTime) -> Self {
        Self {
            identity,
            unix_at_zero,
            names_secret: [0; 32],
            calendar: Calendar::utc(),
            folder: String::new(),
            idle_lock: IDLE_LOCK,
            link_lifetime: LINK_LIFETIME,
        }
    }
}

/// How long nobody touches the desk before it locks.
/// Fifteen minutes: the automatic logoff of 45 CFR 164.312(a)(2)(iii), at the time that clinics commonly set.
pub const IDLE_LOCK: Duration = Duration::from_secs(15 * 60);

/// How long a link is good: the longest visit and some waiting.
pub const LINK_LIFETIME: Duration = Duration::from_secs(4 * 3600);
