//! The bridge between the operating system's clocks and [`Timestamp`].

use std::time::{Duration, Instant, SystemTime};

use crate::Timestamp;

/// Turns what the operating system's clocks say into [`Timestamp`]s and back into Unix time.
///
/// It never asks a clock itself: the program reads both once at its start, and drivers hand in the `Instant` they saw.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    origin: Instant,
    origin_unix_micros: u64,
}

impl Clock {
    /// A clock whose origin is `origin`, when the wall clock said `wall`.
    pub fn starting_at(origin: Instant, wall: SystemTime) -> Self {
        let since_epoch = wall.duration_since(SystemTime::UNIX_EPOCH).unwrap_or(Duration::ZERO);
        Self { origin, origin_unix_micros: since_epoch.as_micros() as u64 }
    }

    /// The timestamp of `instant`; the origin, if it was before it.
    pub fn timestamp(&self, instant: Instant) -> Timestamp {
        Timestamp::ZERO + instant.saturating_duration_since(self.origin)
    }

    /// When `timestamp` is, for a driver that must wait for it; `None` if it never comes.
    pub fn instant(&self, timestamp: Timestamp) -> Option<Instant> {
        self.origin.checked_add(Duration::from_micros(timestamp.as_micros()))
    }

    /// Microseconds since 1970-01-01T00:00Z of `timestamp`, by the wall clock as it was at the origin.
    pub fn unix_micros(&self, timestamp: Timestamp) -> u64 {
        self.origin_unix_micros.saturating_add(timestamp.as_micros())
    }
}
