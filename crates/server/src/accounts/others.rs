//! What other processes do about accounts while the server serves: whoever runs it lets somebody begin anew.
//!
//! Who is signed in is in memory, where another process reaches nothing. So each account has a generation in its row, which
//! rises when nothing that was signed in before is to count any more, and all of them are looked at twice a second. What this
//! process does itself counts at once ([`Accounts::change`]), and no request waits for the disk to know who asks.

use std::collections::HashMap;
use std::sync::atomic::Ordering;
use std::time::Duration;

use rusqlite::Error;
use signaling_protocol::StaffId;
use tracing::{info, warn};

use super::{Accounts, lock, records};

/// How often it is looked at: whom another process signs out is out within a second, reading included.
pub(crate) const EVERY: Duration = Duration::from_millis(500);

impl Accounts {
    /// Ends what other processes have ended. Answers who is to be put out of their visits. It reads from the disk.
    ///
    /// When that fails, nobody knows who was signed out, so no token opens until it can be read again.
    pub(crate) fn notice_others(&self) -> Vec<StaffId> {
        // Before it is read: whose account is made meanwhile is not looked at yet.
        let signed_in = lock(&self.live).staff();
        let read: Result<_, Error> = lock(&self.others).read(records::generations);
        let was_readable = self.readable.swap(read.is_ok(), Ordering::Relaxed);
        match read {
            Ok(generations) => self.end_of_earlier(signed_in, &generations),
            Err(error) => {
                // Said once: it is tried again twice a second.
                if was_readable {
                    warn!(%error, "the accounts cannot be read: nobody is let in until they can");
                }
                Vec::new()
            }
        }
    }

    /// Ends the sessions of earlier generations than these, and those of accounts that are not there. Answers whose.
    fn end_of_earlier(&self, of: Vec<StaffId>, generations: &HashMap<StaffId, u32>) -> Vec<StaffId> {
        let mut live = lock(&self.live);
        let mut out = of;
        out.retain(|staff| live.end_before(*staff, generations.get(staff).copied().unwrap_or(u32::MAX)));
        for staff in &out {
            info!(%staff, "signed out by another process");
        }
        self.ended.send_if_modified(|ended| std::mem::replace(ended, live.ended) != live.ended);
        out
    }
}
