//! Take-overs as rows: each function is a part of one transaction. Their reviews are [`crate::staff`]'s.

use std::time::Duration;

use rusqlite::{Connection, Row, params};
use signaling_protocol::{Base64, NoteCommitment};

use super::{Event, TakeOverRow, as_word, parsed, word};

/// How long a take-over is kept that was reviewed, with its note: a quarter of a year, in which it can be asked about.
const KEPT: Duration = Duration::from_secs(90 * 24 * 3600);

/// What [`take_over_row`] reads, in its order.
pub(crate) const TAKE_OVER: &str =
    "take_overs.take_over, take_overs.visit, take_overs.staff, was_of, reason, commitment, at_unix_micros";

pub(crate) fn take_over_row(row: &Row<'_>) -> rusqlite::Result<TakeOverRow> {
    Ok(TakeOverRow {
        take_over: parsed(row, 0)?,
        visit: parsed(row, 1)?,
        by: parsed(row, 2)?,
        from: parsed(row, 3)?,
        reason: word(row, 4)?,
        commitment: NoteCommitment(row.get(5)?),
        at_unix_micros: row.get::<_, i64>(6)?.unsigned_abs(),
    })
}

/// Those of visits that are kept, the oldest first.
pub(super) fn all(database: &Connection) -> rusqlite::Result<Vec<TakeOverRow>> {
    let sql = format!("SELECT {TAKE_OVER} FROM take_overs JOIN visits USING (visit) ORDER BY at_unix_micros");
    database.prepare(&sql)?.query_map([], take_over_row)?.collect()
}

pub(super) fn add(database: &Connection, row: &TakeOverRow, note: &Base64) -> rusqlite::Result<usize> {
    let sql = "INSERT INTO take_overs (take_over, visit, staff, was_of, reason, commitment, at_unix_micros, note)
               VALUES (?, ?, ?, ?, ?, ?, ?, ?)";
    database.execute(
        sql,
        params![
            row.take_over.to_string(),
            row.visit.to_string(),
            row.by.to_string(),
            row.from.to_string(),
            as_word(&row.reason),
            row.commitment.0,
            row.at_unix_micros as i64,
            note.0,
        ],
    )
}

/// Those go that were reviewed long ago; the others stay, however old they are.
pub(crate) fn forget(database: &Connection, unix_micros: u64, events: &mut Vec<Event>) -> rusqlite::Result<()> {
    let before = unix_micros.saturating_sub(KEPT.as_micros() as u64) as i64;
    let count = database.execute("DELETE FROM take_overs WHERE reviewed_unix_micros <= ?", [before])?;
    events.extend((count > 0).then_some(Event::TakeOversForgotten { count }));
    Ok(())
}
