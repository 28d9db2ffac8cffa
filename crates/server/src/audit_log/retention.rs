//! What becomes of rows whose time is over (six years, by default), and that those on legal hold stay. Only a row's text goes: its hash stays, and so the tree
//! can be verified for ever.

use std::time::Duration;

use rusqlite::{Connection, params};

use super::{AuditLog, Failed, lock};
use crate::store::log::destroy_old_keys;
use crate::store::{Actor, Event};

/// Rows of one transaction, so that nobody waits long for it.
const AT_ONCE: i64 = 2_000;

/// On hold with this, everything is.
pub(super) const EVERYTHING: &str = "*";

impl AuditLog {
    /// Erases what is older than `kept` and not on hold, and destroys the keys of addresses whose time is over. How many rows
    /// that were: whoever calls asks again until there are none.
    pub(crate) fn erase_old(&self, unix_micros: u64, kept: Duration) -> Result<u64, signaling_protocol::Code> {
        let limit = unix_micros.saturating_sub(kept.as_micros() as u64);
        let erased = lock(&self.database).write(Actor::Server, |rows, events| {
            destroy_old_keys(rows, unix_micros)?;
            let (count, before) = erase(rows, limit)?;
            if count > 0 {
                events.push(Event::RowsErased { before, rows: count });
            }
            Ok::<_, Failed>(count)
        });
        erased.map_err(|Failed(code)| code)
    }
}

/// Erases; how many rows, and the number that is above all of them.
fn erase(rows: &Connection, limit: u64) -> rusqlite::Result<(u64, u64)> {
    let sql = "SELECT number FROM audit_rows
        WHERE unix_micros < ? AND row IS NOT NULL AND NOT EXISTS (SELECT 1 FROM audit_holds WHERE about = ?)
            AND NOT EXISTS (SELECT 1 FROM audit_about JOIN audit_holds ON about = id
                WHERE audit_about.number = audit_rows.number)
        ORDER BY unix_micros LIMIT ?";
    let mut query = rows.prepare(sql)?;
    let found = query.query_map(params![i64::try_from(limit).unwrap_or(i64::MAX), EVERYTHING, AT_ONCE], |row| {
        row.get::<_, i64>(0)
    })?;
    let found = found.collect::<rusqlite::Result<Vec<_>>>()?;
    for number in &found {
        rows.execute("UPDATE audit_rows SET row = NULL WHERE number = ?", [number])?;
        rows.execute("DELETE FROM audit_about WHERE number = ?", [number])?;
    }
    let before = found.iter().max().map_or(0, |last| *last as u64 + 1);
    Ok((found.len() as u64, before))
}
