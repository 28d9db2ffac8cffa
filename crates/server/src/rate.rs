//! How often somebody may do something: a bucket that fills with time.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::time::Duration;

use units::Timestamp;

/// Tokens that come back at a steady rate, up to a full bucket. Told the time, like everything that decides.
#[derive(Debug, Clone)]
pub(crate) struct TokenBucket {
    capacity: f64,
    per_second: f64,
    tokens: f64,
    filled: Timestamp,
}

impl TokenBucket {
    /// A full bucket of `capacity` tokens, of which `per_second` come back each second.
    pub(crate) fn new(now: Timestamp, capacity: f64, per_second: f64) -> Self {
        Self { capacity, per_second, tokens: capacity, filled: now }
    }

    /// Takes `count` tokens, or none if there are not so many.
    pub(crate) fn take(&mut self, now: Timestamp, count: f64) -> bool {
        self.fill(now);
        let enough = self.tokens >= count;
        if enough {
            self.tokens -= count;
        }
        enough
    }

    /// How long until there is a whole token.
    pub(crate) fn wait(&mut self, now: Timestamp) -> Duration {
        self.fill(now);
        Duration::from_secs_f64((1.0 - self.tokens).max(0.0) / self.per_second)
    }

    /// Puts a token back.
    fn give_back(&mut self) {
        self.tokens = (self.tokens + 1.0).min(self.capacity);
    }

    /// Whether nothing has been taken that has not come back: such a bucket need not be remembered.
    pub(crate) fn is_full(&mut self, now: Timestamp) -> bool {
        self.fill(now);
        self.tokens >= self.capacity
    }

    fn fill(&mut self, now: Timestamp) {
        let came = now.since(self.filled).as_secs_f64() * self.per_second;
        self.tokens = (self.tokens + came).min(self.capacity);
        self.filled = self.filled.max(now);
    }
}

/// How many addresses are remembered before those with full buckets are forgotten.
const MANY: usize = 10_000;

/// A bucket for every address. IPv6 counts by /64: that is what one subscriber has.
#[derive(Debug)]
pub(crate) struct Buckets {
    capacity: f64,
    per_second: f64,
    buckets: HashMap<IpAddr, TokenBucket>,
}

impl Buckets {
    /// Buckets of `capacity` tokens, of which `per_second` come back each second.
    pub(crate) fn new(capacity: f64, per_second: f64) -> Self {
        Self { capacity, per_second, buckets: HashMap::new() }
    }

    /// How long until `from` has a token.
    pub(crate) fn wait(&mut self, now: Timestamp, from: IpAddr) -> Duration {
        self.buckets.get_mut(&subscriber(from)).map_or(Duration::ZERO, |bucket| bucket.wait(now))
    }

    /// Takes a token of `from`, if there is one.
    pub(crate) fn take(&mut self, now: Timestamp, from: IpAddr) -> bool {
        if self.buckets.len() >= MANY {
            self.buckets.retain(|_, bucket| !bucket.is_full(now));
        }
        let fresh = || TokenBucket::new(now, self.capacity, self.per_second);
        let bucket = self.buckets.entry(subscriber(from)).or_insert_with(fresh);
        bucket.take(now, 1.0)
    }

    /// Gives `from` back what was taken for something that turned out to be allowed.
    pub(crate) fn give_back(&mut self, from: IpAddr) {
        if let Some(bucket) = self.buckets.get_mut(&subscriber(from)) {
            bucket.give_back();
        }
    }
}

/// What one subscriber has: an IPv4 address or an IPv6 /64.
pub(crate) fn subscriber(from: IpAddr) -> IpAddr {
    match from.to_canonical() {
        IpAddr::V6(ip) => IpAddr::V6(Ipv6Addr::from_bits(ip.to_bits() & !u128::from(u64::MAX))),
        v4 => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(secs: u64) -> Timestamp {
        Timestamp::from_millis(secs * 1_000)
    }

    #[test]
    fn a_burst_is_taken_and_then_the_steady_rate() {
        let mut bucket = TokenBucket::new(at(0), 5.0, 1.0 / 12.0);
        assert_eq!((0..7).filter(|_| bucket.take(at(0), 1.0)).count(), 5);
        assert!(!bucket.take(at(11), 1.0));
        assert!(bucket.take(at(12), 1.0));
        assert!(!bucket.is_full(at(71)) && bucket.is_full(at(73)));
    }

    #[test]
    fn one_subscriber_is_slowed_down_and_not_the_next() {
        let mut buckets = Buckets::new(2.0, 1.0);
        let [one, same, other] =
            ["2001:db8::1", "2001:db8::ffff", "2001:db8:0:1::1"].map(|text| text.parse::<IpAddr>().unwrap());
        buckets.take(at(0), one);
        buckets.take(at(0), same);
        assert_eq!(buckets.wait(at(0), one), Duration::from_secs(1));
        assert_eq!(buckets.wait(at(0), other), Duration::ZERO);
        assert!(!buckets.take(at(0), one) && !buckets.take(at(0), same) && buckets.take(at(0), other));
        assert!(buckets.take(at(1), one) && !buckets.take(at(1), one));
        buckets.give_back(one);
        assert!(buckets.take(at(1), one));
    }
}
