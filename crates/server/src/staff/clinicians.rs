//! Which accounts are clinicians'.

use std::sync::Arc;

use rusqlite::OptionalExtension;
use signaling_protocol::{Code, StaffId, StaffRole};
use units::Timestamp;

use super::Staff;
use crate::permissions::Caller;
use crate::store::word;

impl Staff {
    /// Whether there is such a clinician, whose account can be used.
    pub(crate) async fn is_clinician(self: &Arc<Self>, now: Timestamp, by: Caller, staff: StaffId) -> Result<(), Code> {
        self.read(now, by, move |database| {
            let sql = "SELECT role FROM staff WHERE staff = ? AND disabled = 0";
            let role = database.query_row(sql, [staff.to_string()], |row| word::<StaffRole>(row, 0)).optional()?;
            if role == Some(StaffRole::Clinician) { Ok(()) } else { Err(Code::ClinicianNotFound.into()) }
        })
        .await
    }
}
