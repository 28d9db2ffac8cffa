//! Tries that failed, until they are written into the [ledger](crate::store): counted here, and written together.
//!
//! A try that is refused changes nothing, so anybody could have the disk filled by them. Written is therefore how many
//! there were of a kind, for each account and for all names that nobody has together: at most one row a kind, account and
//! [`EVERY`], whatever is tried. Nor does a refusal wait for the disk, or the time that it takes would tell whether an
//! account has been tried just before, and so whether there is one. A server that is killed forgets the last minute's.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use signaling_protocol::{Code, StaffId};

use super::{Accounts, Denied, lock};
use crate::store::{Actor, Event, Failed};

/// How often they are written: five kinds make 7,200 rows a day for all names that nobody has, and the delays against
/// guessing leave an account 300.
pub(crate) const EVERY: Duration = Duration::from_secs(60);

/// So many of each kind.
#[derive(Debug, Default)]
pub(super) struct Failures(BTreeMap<(Option<StaffId>, Failed), u32>);

impl Failures {
    fn add(&mut self, staff: Option<StaffId>, at: Failed, count: u32) {
        let known = self.0.entry((staff, at)).or_default();
        *known = known.saturating_add(count);
    }
}

impl Accounts {
    /// A try failed. Answers how it is refused: what was wrong stays here.
    pub(super) fn refuse(&self, staff: Option<StaffId>, at: Failed) -> Denied {
        lock(&self.failed).add(staff, at, 1);
        Code::SignInRefused.into()
    }

    /// Writes those that have come since the last time. They stay for the next if the disk does not take them.
    pub(crate) async fn write_failures(self: &Arc<Self>) {
        let Err(denied) = self.blocking(Self::write_failures_blocking).await else { return };
        tracing::warn!(problem = ?denied.code, "failed sign-ins wait to be written");
    }

    pub(super) fn write_failures_blocking(&self) -> Result<(), Denied> {
        let taken = std::mem::take(&mut *lock(&self.failed)).0;
        if taken.is_empty() {
            return Ok(());
        }
        let events = || taken.iter().map(|(&(staff, at), &count)| Event::TriesFailed { staff, at, count });
        let written = self.change(
            Actor::Server,
            |_, written| {
                written.extend(events());
                Ok(())
            },
            |_, ()| {},
        );
        if written.is_err() {
            let mut failed = lock(&self.failed);
            for ((staff, at), count) in taken {
                failed.add(staff, at, count);
            }
        }
        written
    }
}

#[cfg(test)]
impl Accounts {
    /// What is not written yet.
    pub(super) fn unwritten(&self) -> Vec<(Option<StaffId>, Failed, u32)> {
        lock(&self.failed).0.iter().map(|(&(staff, at), &count)| (staff, at, count)).collect()
    }
}
