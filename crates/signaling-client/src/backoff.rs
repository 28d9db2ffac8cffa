//! Growing pauses between tries, with full jitter: when a server comes back, its clients do not come all at once.

use std::time::Duration;

use rand::TryRng;
use rand::rngs::SysRng;

/// How long to wait before the next try.
#[derive(Debug, Default)]
pub(crate) struct Backoff {
    tries: u32,
}

impl Backoff {
    /// The pause before the next try: anything from nothing to 0.25 s, then to 0.5 s, and so on up to 8 s.
    pub(crate) fn next_delay(&mut self) -> Duration {
        let longest = SHORTEST.saturating_mul(1 << self.tries.min(16)).min(LONGEST);
        self.tries += 1;
        longest.mul_f64(random_fraction())
    }

    /// It went well: begin anew.
    pub(crate) fn reset(&mut self) {
        self.tries = 0;
    }
}

/// From 0 to 1. Without randomness from the system all wait half, which is better than not to come back.
pub(crate) fn random_fraction() -> f64 {
    f64::from(SysRng.try_next_u32().unwrap_or(u32::MAX / 2)) / f64::from(u32::MAX)
}

pub(crate) const SHORTEST: Duration = Duration::from_millis(250);
const LONGEST: Duration = Duration::from_secs(8);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_eight_seconds_and_begin_anew_after_a_success() {
        let mut backoff = Backoff::default();
        let pauses: Vec<Duration> = (0..200).map(|_| backoff.next_delay()).collect();
        assert!(pauses[0] <= SHORTEST);
        assert!(pauses[3] <= Duration::from_secs(2));
        assert!(pauses.iter().all(|&pause| pause <= LONGEST));
        // Of 190 pauses between nothing and 8 s hardly none is over 4 s, and hardly none below 1 s.
        assert!(pauses.iter().any(|&pause| pause > LONGEST / 2));
        assert!(pauses[10..].iter().any(|&pause| pause < LONGEST / 8));
        backoff.reset();
        assert!(backoff.next_delay() <= SHORTEST);
    }
}
