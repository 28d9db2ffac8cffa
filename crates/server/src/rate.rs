//! How often somebody may do something: a bucket that fills with time.

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

    /// How long until `count` tokens are there.
    pub(crate) fn wait_for(&self, count: f64) -> Duration {
        Duration::from_secs_f64(((count - self.tokens) / self.per_second).max(0.0))
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
        assert_eq!(bucket.wait_for(1.0).as_millis() / 10, 100);
        assert!(bucket.take(at(12), 1.0));
        assert!(!bucket.is_full(at(71)) && bucket.is_full(at(73)));
    }
}
