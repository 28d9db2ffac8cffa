//! How long the server keeps what it may forget.

use std::time::Duration;

/// How long rows of the audit log are kept, and what colleagues keep of a visit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// A row's text. Its hash stays for good, so that the others can be verified; and a legal hold keeps the text, too.
    pub log: Duration,
    /// A visit that has ended, with the sealed boxes about it: patients' names, notes, links.
    pub names: Duration,
}

impl Default for Retention {
    fn default() -> Self {
        Self { log: USUAL_LOG, names: days(30) }
    }
}

/// The log's least. Who breaks in is commonly found out months later: with less there would be nothing left to look at.
pub(crate) const LEAST_LOG: Duration = years(1);

/// What 45 CFR 164.316(b)(2)(i) asks of documentation; who is not bound by it may keep less.
pub(crate) const USUAL_LOG: Duration = years(6);

/// The names' least: a visit that was taken over is reviewed within 72 hours, and for a week apps are told that a visit has ended
/// and do not take its link for a wrong one.
pub(crate) const LEAST_NAMES: Duration = days(7);

/// From where on names are kept longer than anybody looks for them.
pub(crate) const LONG_NAMES: Duration = years(1);

/// Leap years, so that nothing goes a day early.
pub(crate) const fn years(count: u64) -> Duration {
    days(366 * count)
}

pub(crate) const fn days(count: u64) -> Duration {
    Duration::from_secs(count * 24 * 3600)
}
