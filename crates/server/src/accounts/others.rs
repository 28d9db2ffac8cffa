//! What other processes do about accounts while the server serves: whoever runs it lets somebody begin anew.
//!
//! Who is signed in is in memory, where another process reaches nothing. So each account has a generation in its row, which
//! rises when nothing that was signed in before is to count any more, and each token that is shown is compared with it.

use rusqlite::Error;
use signaling_protocol::{Code, StaffId};
use tracing::{info, warn};

use super::live::Session;
use super::{Accounts, lock, records};
use crate::store::Database;

/// What is needed to see it.
pub(super) struct Others {
    /// A connection of its own: it waits for nobody who writes.
    reader: Database,
    /// Who was signed out by it and may be in visits still.
    put_out: Vec<StaffId>,
}

impl Others {
    pub(super) fn new(reader: Database) -> Self {
        Self { reader, put_out: Vec::new() }
    }
}

impl Accounts {
    /// The session, if it is of its account's generation.
    pub(super) fn is_of_this_generation(&self, session: Session) -> Result<Session, Code> {
        if self.look(session.staff)? == Some(session.generation) { Ok(session) } else { Err(Code::NotSignedIn) }
    }

    /// Ends what other processes have ended, also of who asks nothing. Answers who is to be put out of their visits.
    pub(crate) fn notice_others(&self) -> Vec<StaffId> {
        let signed_in = lock(&self.live).staff();
        for staff in signed_in {
            if self.look(staff).is_err() {
                break;
            }
        }
        std::mem::take(&mut lock(&self.others).put_out)
    }

    /// The account's generation as it stands on the disk; sessions that are of another are over.
    fn look(&self, staff: StaffId) -> Result<Option<u32>, Code> {
        let mut others = lock(&self.others);
        let generation = others.reader.read(|rows| records::generation(rows, staff)).map_err(|error: Error| {
            warn!(%error, "the accounts cannot be read");
            Code::StorageFailed
        })?;
        let mut live = lock(&self.live);
        if live.end_before(staff, generation.unwrap_or(u32::MAX)) {
            info!(%staff, "signed out by another process");
            others.put_out.push(staff);
            self.ended.send_replace(live.ended);
        }
        Ok(generation)
    }
}
