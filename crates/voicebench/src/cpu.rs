//! What a thread has used of a processor.

use std::fs;
use std::path::Path;
use std::time::Duration;

/// CPU time of the thread that lives in this folder of `/proc`; `None` where the system does not tell.
pub(crate) fn used(thread: &Path) -> Option<Duration> {
    let told = fs::read_to_string(thread.join("schedstat")).ok()?;
    told.split_whitespace().next()?.parse().ok().map(Duration::from_nanos)
}
