//! The time of day, for what outlives the process.

use std::time::{Duration, SystemTime};

/// How long it is since the Unix epoch; nothing where the machine does not know the time of day yet.
pub(crate) fn since_epoch() -> Duration {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or(Duration::ZERO)
}

/// The same in microseconds: a machine may learn the time of day after the server has started.
pub(crate) fn unix_micros() -> u64 {
    since_epoch().as_micros() as u64
}
