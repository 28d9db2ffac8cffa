//! An authenticator app: the digits of a second factor (RFC 6238), each of which a server takes once.

use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, SystemTime};

use totp_rs::{Builder, Secret, Totp};

/// How long digits last, in seconds.
const STEP: u64 = 30;

/// The app of one account.
pub struct Authenticator {
    totp: Totp,
    /// The step of the digits that were given out last.
    last: Mutex<u64>,
}

impl Authenticator {
    /// With this secret, in base32.
    ///
    /// # Panics
    /// When it is none.
    pub fn new(secret: &str) -> Self {
        let secret = Secret::try_from_base32(secret.trim()).unwrap_or_else(|error| panic!("a secret: {error}"));
        let totp = Builder::new().with_secret(secret).build();
        Self { totp: totp.unwrap_or_else(|error| panic!("a secret: {error}")), last: Mutex::new(0) }
    }

    /// Digits that are good now and were not given out before. A server takes those of one step early or late as well: so there
    /// are three at once, and who wants more waits for the next step.
    pub fn digits(&self) -> String {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs();
            // Not the earliest of all when it is about to end.
            let earliest = (now + 2) / STEP - 1;
            let step = earliest.max(*last + 1);
            if step <= now / STEP + 1 {
                *last = step;
                return self.totp.generate(step * STEP).to_string();
            }
            thread::sleep(Duration::from_secs(1));
        }
    }
}

impl fmt::Debug for Authenticator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Authenticator([secret])")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_digits_are_given_out_twice() {
        let app = Authenticator::new("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
        let [first, second] = [app.digits(), app.digits()];
        assert_ne!(first, second);
        assert!(first.len() == 6 && first.bytes().all(|digit| digit.is_ascii_digit()), "{first}");
    }
}
