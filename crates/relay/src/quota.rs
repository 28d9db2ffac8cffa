//! Shares: how many allocations somebody may have, how much may pass through one, and what strangers may cost.

use std::collections::HashMap;
use std::time::Duration;

use units::{DataRate, Timestamp};

use crate::credential::{Grant, Tag};

/// How much of the relay may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quotas {
    /// Allocations of one endpoint: each network interface asks for one over each transport, and again after it changed.
    pub per_endpoint: usize,
    /// Allocations of one visit.
    pub per_visit: usize,
    /// Allocations in all: each is a socket.
    pub in_all: usize,
    /// What passes one allocation each way.
    pub rate: DataRate,
    /// Clients without an allocation, from one subscriber's addresses.
    pub strangers_per_subscriber: usize,
    /// Clients without an allocation, in all.
    pub strangers: usize,
    /// Addresses that one client may speak with at a time, and channels.
    pub peers: usize,
}

impl Default for Quotas {
    fn default() -> Self {
        Self {
            per_endpoint: 8,
            per_visit: 32,
            in_all: 1_024,
            rate: DataRate::from_kbps(8_000),
            strangers_per_subscriber: 64,
            strangers: 1_024,
            peers: 64,
        }
    }
}

/// How many allocations there are, and whose.
#[derive(Debug, Default)]
pub(crate) struct Shares {
    all: usize,
    endpoints: HashMap<Tag, usize>,
    visits: HashMap<Tag, usize>,
}

impl Shares {
    /// Whether there is room for one more.
    pub(crate) fn has_room(&self, quotas: &Quotas, grant: &Grant) -> bool {
        let count = |of: &HashMap<Tag, usize>, tag| of.get(&tag).copied().unwrap_or(0);
        self.all < quotas.in_all
            && count(&self.endpoints, grant.endpoint) < quotas.per_endpoint
            && count(&self.visits, grant.visit) < quotas.per_visit
    }

    pub(crate) fn add(&mut self, grant: &Grant) {
        self.all += 1;
        *self.endpoints.entry(grant.endpoint).or_default() += 1;
        *self.visits.entry(grant.visit).or_default() += 1;
    }

    pub(crate) fn remove(&mut self, grant: &Grant) {
        self.all = self.all.saturating_sub(1);
        for (counts, tag) in [(&mut self.endpoints, grant.endpoint), (&mut self.visits, grant.visit)] {
            if let Some(count) = counts.get_mut(&tag) {
                *count -= 1;
                if *count == 0 {
                    counts.remove(&tag);
                }
            }
        }
    }

    pub(crate) fn all(&self) -> usize {
        self.all
    }
}

/// Lets a rate pass, and a short burst: a key frame comes at once.
#[derive(Debug)]
pub(crate) struct Bucket {
    rate: DataRate,
    bytes: u64,
    filled: Timestamp,
}

/// How much may come at once, as time at the rate.
const BURST: Duration = Duration::from_millis(500);

impl Bucket {
    pub(crate) fn full(now: Timestamp, rate: DataRate) -> Self {
        Self { rate, bytes: rate.bytes_in(BURST), filled: now }
    }

    /// Whether `bytes` may pass now.
    pub(crate) fn take(&mut self, now: Timestamp, bytes: usize) -> bool {
        let refill = self.rate.bytes_in(now.since(self.filled));
        // Else so short a time would be lost to rounding.
        if refill >= MOST_AT_ONCE {
            self.bytes = self.bytes.saturating_add(refill).min(self.rate.bytes_in(BURST));
            self.filled = now;
        }
        let bytes = bytes as u64;
        let passes = self.bytes >= bytes;
        if passes {
            self.bytes -= bytes;
        }
        passes
    }
}

/// Below this a refill waits.
const MOST_AT_ONCE: u64 = 256;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Secret;

    fn grant(visit: &str, endpoint: &str) -> Grant {
        let secret = Secret::new([1; 32]);
        Grant { expires_unix_secs: 1, visit: secret.tag("v", visit), endpoint: secret.tag("e", endpoint) }
    }

    #[test]
    fn an_endpoint_a_visit_and_all_have_their_share() {
        let quotas = Quotas { per_endpoint: 2, per_visit: 3, in_all: 4, ..Quotas::default() };
        let mut shares = Shares::default();
        let (a, b, c, d) = (grant("1", "a"), grant("1", "b"), grant("2", "c"), grant("3", "d"));
        shares.add(&a);
        shares.add(&a);
        assert!(!shares.has_room(&quotas, &a) && shares.has_room(&quotas, &b));
        shares.add(&b);
        assert!(!shares.has_room(&quotas, &b) && shares.has_room(&quotas, &c));
        shares.add(&c);
        assert!(!shares.has_room(&quotas, &d));
        for one in [&a, &a, &b, &c] {
            shares.remove(one);
        }
        assert!(shares.all() == 0 && shares.endpoints.is_empty() && shares.visits.is_empty());
    }

    #[test]
    fn a_bucket_lets_its_rate_through_and_no_more() {
        let rate = DataRate::from_kbps(8_000);
        let mut bucket = Bucket::full(Timestamp::ZERO, rate);
        let passed = (0..20_000).filter(|n| bucket.take(Timestamp::from_micros(n * 500), 1_200)).count() as u64 * 1_200;
        let most = rate.bytes_in(Duration::from_secs(10) + BURST);
        assert!((most - 20_000..=most).contains(&passed), "{passed} of {most}");
    }
}
