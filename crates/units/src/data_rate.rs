//! How much data goes through in how much time.

use std::fmt;
use std::ops::{Add, Mul, Sub};
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// A rate of data in bits per second.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct DataRate(u64);

impl DataRate {
    /// Nothing goes through.
    pub const ZERO: Self = Self(0);

    /// `bps` bits per second.
    pub const fn from_bps(bps: u64) -> Self {
        Self(bps)
    }

    /// `kbps` thousand bits per second.
    pub const fn from_kbps(kbps: u64) -> Self {
        Self(kbps * 1_000)
    }

    /// The rate at which `bytes` bytes take `span`; zero for an empty span.
    pub fn of_bytes(bytes: u64, span: Duration) -> Self {
        if span.is_zero() {
            return Self::ZERO;
        }
        Self((bytes as f64 * 8.0 / span.as_secs_f64()) as u64)
    }

    /// Bits per second.
    pub const fn as_bps(self) -> u64 {
        self.0
    }

    /// Thousands of bits per second, rounded down.
    pub const fn as_kbps(self) -> u64 {
        self.0 / 1_000
    }

    /// Thousands of bits per second.
    pub fn as_kbps_f64(self) -> f64 {
        self.0 as f64 / 1e3
    }

    /// Whole bytes that go through in `span`.
    pub fn bytes_in(self, span: Duration) -> u64 {
        (self.0 as f64 * span.as_secs_f64() / 8.0) as u64
    }

    /// How long `bytes` bytes take; `Duration::MAX` where nothing goes through.
    pub fn time_for(self, bytes: u64) -> Duration {
        if self.0 == 0 {
            return Duration::MAX;
        }
        Duration::try_from_secs_f64(bytes as f64 * 8.0 / self.0 as f64).unwrap_or(Duration::MAX)
    }

    /// This rate less `other`, not below zero.
    pub const fn saturating_sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

impl Add for DataRate {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl Sub for DataRate {
    type Output = Self;

    /// Saturates at zero.
    fn sub(self, other: Self) -> Self {
        self.saturating_sub(other)
    }
}

impl Mul<f64> for DataRate {
    type Output = Self;

    fn mul(self, factor: f64) -> Self {
        Self((self.0 as f64 * factor) as u64)
    }
}

impl fmt::Debug for DataRate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.1} kbps", self.as_kbps_f64())
    }
}

impl fmt::Display for DataRate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_carries_bytes_and_bytes_take_time() {
        let rate = DataRate::from_kbps(80);
        assert_eq!(rate.bytes_in(Duration::from_millis(100)), 1_000);
        assert_eq!(rate.time_for(1_000), Duration::from_millis(100));
        assert_eq!(DataRate::of_bytes(1_000, Duration::from_millis(100)), rate);
    }

    #[test]
    fn nothing_takes_for_ever_at_rate_zero_and_no_rate_comes_of_no_time() {
        assert_eq!(DataRate::ZERO.time_for(1), Duration::MAX);
        assert_eq!(DataRate::of_bytes(1, Duration::ZERO), DataRate::ZERO);
        assert_eq!(DataRate::from_bps(1).time_for(u64::MAX), Duration::MAX);
    }
}
