//! Delays against guessing, which nobody can use to lock another out. Pure: told the time.
//!
//! Failed tries are counted for each account and address, for each account, and for each device that the account knows. A
//! stranger waits for the longer of the first two; who shows a known device waits for that device's own failures alone,
//! so the owner still signs in while the whole world guesses. What is left: a device that the account does not know
//! waits with the strangers, for [`ACCOUNT`]'s longest delay at most at a time.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::IpAddr;
use std::time::Duration;

use units::Timestamp;

use crate::rate::subscriber;

/// Which account is tried: a hash of the name that was given, so that a name without an account is counted as well.
pub(super) type Tried = [u8; 32];

/// Who tries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum By {
    /// Nobody whom the account knows, from this address.
    Stranger(IpAddr),
    /// A device or session that the account knows, by what it proved.
    Known([u8; 32]),
}

/// How delays grow: how many failures are free, the first delay, which doubles with each more, and the longest.
#[derive(Debug, Clone, Copy)]
struct Curve {
    free: u32,
    first: Duration,
    longest: Duration,
}

/// From one address, or by one known device: a few slips of the fingers, and then ever more seldom.
const ONE: Curve = Curve { free: 5, first: Duration::from_secs(2), longest: Duration::from_secs(15 * 60) };

/// From everywhere: what a clinic's staff mistypes in a bad hour, and then 288 guesses a day at most. (NIST SP 800-63B
/// section 3.2.2 allows a hundred in a row; here a second factor is asked for with each.)
const ACCOUNT: Curve = Curve { free: 20, first: Duration::from_secs(1), longest: Duration::from_secs(5 * 60) };

/// Without a failure for so long, they are forgotten.
const FORGOTTEN: Duration = Duration::from_secs(24 * 3600);

/// How many counts of each kind are kept; beyond that those go whose last failure is the oldest. 10 MB of memory, and
/// from one address it takes a week to fill.
const MANY: usize = 100_000;

impl Curve {
    fn delay(self, failures: u32) -> Duration {
        match failures.checked_sub(self.free) {
            None => Duration::ZERO,
            Some(over) => self.first.saturating_mul(1 << over.min(20)).min(self.longest),
        }
    }
}

#[derive(Debug, Clone, Copy)]
struct Failures {
    count: u32,
    last: Timestamp,
}

impl Failures {
    fn wait(self, now: Timestamp, curve: Curve) -> Duration {
        curve.delay(self.count).saturating_sub(now.since(self.last))
    }
}

/// The failures of one kind.
#[derive(Debug)]
struct Counts<K>(HashMap<K, Failures>);

impl<K: Eq + Hash + Copy> Counts<K> {
    fn wait(&self, now: Timestamp, key: &K, curve: Curve) -> Duration {
        self.0.get(key).map_or(Duration::ZERO, |failures| failures.wait(now, curve))
    }

    fn add(&mut self, now: Timestamp, key: K) {
        if self.0.len() >= MANY {
            self.0.retain(|_, failures| now.since(failures.last) < FORGOTTEN);
        }
        if self.0.len() >= MANY {
            let mut times: Vec<Timestamp> = self.0.values().map(|failures| failures.last).collect();
            // A tenth at a time, so that it is not sorted for every name that somebody makes up.
            let (_, oldest, _) = times.select_nth_unstable(MANY / 10);
            let oldest = *oldest;
            self.0.retain(|_, failures| failures.last > oldest);
        }
        let known = self.0.entry(key).or_insert(Failures { count: 0, last: now });
        if now.since(known.last) >= FORGOTTEN {
            known.count = 0;
        }
        *known = Failures { count: known.count.saturating_add(1), last: now };
    }

    fn take_back(&mut self, key: &K) {
        if let Some(failures) = self.0.get_mut(key) {
            failures.count = failures.count.saturating_sub(1);
            if failures.count == 0 {
                self.0.remove(key);
            }
        }
    }
}

/// All failed tries.
#[derive(Debug)]
pub(super) struct Guesses {
    pairs: Counts<(Tried, IpAddr)>,
    accounts: Counts<Tried>,
    known: Counts<[u8; 32]>,
}

impl Default for Guesses {
    fn default() -> Self {
        Self { pairs: Counts(HashMap::new()), accounts: Counts(HashMap::new()), known: Counts(HashMap::new()) }
    }
}

impl Guesses {
    /// Lets a try through, and counts it as failed until [`Self::was_right`] or [`Self::was_no_guess`] says otherwise: so guesses
    /// at the same time are no more guesses.
    ///
    /// # Errors
    /// How long to wait. The try is not to be looked at, and is not counted.
    pub(super) fn begin(&mut self, now: Timestamp, tried: Tried, by: By) -> Result<(), Duration> {
        let wait = match by {
            By::Known(key) => self.known.wait(now, &key, ONE),
            By::Stranger(from) => {
                let pair = self.pairs.wait(now, &(tried, subscriber(from)), ONE);
                pair.max(self.accounts.wait(now, &tried, ACCOUNT))
            }
        };
        if wait > Duration::ZERO {
            return Err(wait);
        }
        match by {
            By::Known(key) => self.known.add(now, key),
            By::Stranger(from) => {
                self.pairs.add(now, (tried, subscriber(from)));
                self.accounts.add(now, tried);
            }
        }
        Ok(())
    }

    /// The try was right: what this one failed before is forgotten. What others fail at this account stays counted, or a
    /// guesser would have a fresh start with every sign-in of the owner's.
    pub(super) fn was_right(&mut self, tried: Tried, by: By) {
        match by {
            By::Known(key) => drop(self.known.0.remove(&key)),
            By::Stranger(from) => {
                self.pairs.0.remove(&(tried, subscriber(from)));
                self.accounts.take_back(&tried);
            }
        }
    }

    /// Whether the try was right was not found out.
    pub(super) fn was_no_guess(&mut self, tried: Tried, by: By) {
        match by {
            By::Known(key) => self.known.take_back(&key),
            By::Stranger(from) => {
                self.pairs.take_back(&(tried, subscriber(from)));
                self.accounts.take_back(&tried);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    const LEE: Tried = [1; 32];
    const LAPTOP: By = By::Known([7; 32]);

    fn at(secs: u64) -> Timestamp {
        Timestamp::from_millis(secs * 1_000)
    }

    fn stranger(number: u8) -> By {
        By::Stranger(IpAddr::V4(Ipv4Addr::new(192, 0, 2, number)))
    }

    /// How many of `guesses` made as early as they are let through, in turns from 50 addresses, came through by then, and how
    /// long that took. `meanwhile` is asked after each.
    fn from_fifty(guesses: &mut Guesses, wanted: u32, mut meanwhile: impl FnMut(&mut Guesses, Timestamp)) -> Timestamp {
        let (mut now, mut made) = (at(0), 0);
        while made < wanted {
            let waits = (0..50).map(|number| guesses.begin(now, LEE, stranger(number)));
            let waits: Vec<_> = waits.collect();
            made += waits.iter().filter(|wait| wait.is_ok()).count() as u32;
            let soonest = waits.iter().filter_map(|wait| wait.err()).min().unwrap_or_default();
            meanwhile(guesses, now);
            now += soonest.max(Duration::from_millis(1));
        }
        now
    }

    #[test]
    fn a_thousand_guesses_from_fifty_addresses_take_as_long_as_the_account_says_and_the_owner_signs_in_all_the_while() {
        let mut guesses = Guesses::default();
        let mut signed_in = 0;
        let took = from_fifty(&mut guesses, 1_000, |guesses, now| {
            guesses.begin(now, LEE, LAPTOP).expect("the owner's laptop waits for nobody");
            guesses.was_right(LEE, LAPTOP);
            signed_in += 1;
        });
        // 20 are free, 9 double from 1 s to 256 s, and 971 wait for five minutes each.
        let delays: u64 = (0..9).map(|step| 1 << step).sum::<u64>() + 971 * 300;
        assert!(took >= at(delays), "{took:?}");
        assert!(signed_in >= 970);
    }

    #[test]
    fn the_owners_own_slips_on_a_known_device_are_delayed_and_forgiven_when_it_is_right() {
        let mut guesses = Guesses::default();
        for _ in 0..5 {
            guesses.begin(at(0), LEE, LAPTOP).unwrap();
        }
        assert_eq!(guesses.begin(at(1), LEE, LAPTOP), Err(Duration::from_secs(1)));
        guesses.begin(at(2), LEE, LAPTOP).unwrap();
        assert_eq!(guesses.begin(at(2), LEE, LAPTOP), Err(Duration::from_secs(4)));
        guesses.begin(at(6), LEE, LAPTOP).unwrap();
        guesses.was_right(LEE, LAPTOP);
        guesses.begin(at(6), LEE, LAPTOP).unwrap();
    }

    #[test]
    fn one_address_waits_up_to_a_quarter_of_an_hour_and_a_day_without_a_try_forgets() {
        let mut guesses = Guesses::default();
        let mut now = at(0);
        for _ in 0..19 {
            if let Err(wait) = guesses.begin(now, LEE, stranger(1)) {
                now += wait;
                guesses.begin(now, LEE, stranger(1)).unwrap();
            }
        }
        assert_eq!(guesses.begin(now, LEE, stranger(1)), Err(Duration::from_secs(15 * 60)));
        guesses.begin(now, LEE, stranger(2)).unwrap();
        now += FORGOTTEN;
        for _ in 0..5 {
            guesses.begin(now, LEE, stranger(1)).unwrap();
        }
        assert!(guesses.begin(now, LEE, stranger(1)).is_err());
    }

    #[test]
    fn what_was_no_guess_counts_for_nothing() {
        let mut guesses = Guesses::default();
        for _ in 0..100 {
            guesses.begin(at(0), LEE, stranger(1)).unwrap();
            guesses.was_no_guess(LEE, stranger(1));
        }
        assert!(guesses.accounts.0.is_empty() && guesses.pairs.0.is_empty());
    }

    #[test]
    fn however_many_names_are_made_up_memory_has_an_end() {
        let mut counts = Counts::<u32>(HashMap::new());
        for key in 0..2 * MANY as u32 {
            counts.add(at(u64::from(key)), key);
        }
        assert!(counts.0.len() <= MANY && counts.0.contains_key(&(2 * MANY as u32 - 1)));
    }
}
