//! Evidence files: what an auditor takes out of the house.

use std::sync::Arc;

use audit::evidence::{WHOLE, consistency_line, erased_line, header, row_line};
use audit::{Hash, RecordError, SignedCheckpoint, consistency_proof, inclusion_proof};
use rusqlite::Connection;
use signaling_protocol::{Code, StaffId};

use super::{AuditLog, Failed, lock};
use crate::store::log::Stored;
use crate::store::{Actor, AuditId, Event};

/// Rows of one file about something: more is a whole log's matter.
const MOST_ROWS: usize = 50_000;

/// Earlier checkpoints of which one file shows that the log goes on from them.
pub(crate) const MOST_SINCE: usize = 16;

impl From<RecordError> for Failed {
    fn from(_: RecordError) -> Self {
        Self(Code::Internal)
    }
}

impl AuditLog {
    /// A file about `about`, or of the whole log; it shows that the log goes on from its first `since` rows. That it was taken is
    /// a row of the log itself, which stands in it already.
    pub(crate) async fn evidence(
        self: &Arc<Self>,
        by: StaffId,
        unix_micros: u64,
        about: Option<AuditId>,
        since: Vec<u64>,
    ) -> Result<String, Code> {
        self.blocking(move |this| {
            this.tell_export(by, about)?;
            let signed = this.sign(unix_micros)?;
            let size = signed.checkpoint.size;
            let name = about.as_ref().map_or(WHOLE, AuditId::as_str);
            lock(&this.database).read(|rows| {
                let erased_before = erased_before(rows)?;
                let mut file = header(name, this.signer.public(), &signed, erased_before)? + "\n";
                let mut add = |line: &str| {
                    file.push_str(line);
                    file.push('\n');
                };
                for since in since {
                    let proof = consistency_proof(&Stored(rows), since, size).map_err(|_| Code::Malformed)?;
                    add(&consistency_line(since, &proof?)?);
                }
                match about {
                    None => whole(rows, &signed, &mut add)?,
                    Some(about) => selection(rows, &signed, &about, &mut add)?,
                }
                Ok(file)
            })
        })
        .await
    }

    fn tell_export(&self, by: StaffId, about: Option<AuditId>) -> Result<(), Failed> {
        lock(&self.database).write(Actor::Staff(by), |rows, events| {
            let count: i64 = match &about {
                None => rows.query_row("SELECT count(*) FROM audit_rows", [], |row| row.get(0))?,
                Some(about) => {
                    let sql = "SELECT count(*) FROM audit_about WHERE id = ?";
                    rows.query_row(sql, [about.as_str()], |row| row.get(0))?
                }
            };
            // A visit's is a part of the visit's own story.
            let visit = about.and_then(|about| about.as_str().parse().ok());
            let about = about.filter(|_| visit.is_none());
            events.push(Event::Exported { visit, about, rows: count as u64 });
            Ok(())
        })
    }
}

/// Rows below this may have been erased.
pub(super) fn erased_before(rows: &Connection) -> rusqlite::Result<u64> {
    let sql = "SELECT coalesce(max(number), -1) + 1 FROM audit_rows WHERE row IS NULL";
    rows.query_row(sql, [], |row| row.get::<_, i64>(0)).map(|before| before as u64)
}

fn whole(rows: &Connection, signed: &SignedCheckpoint, add: &mut impl FnMut(&str)) -> Result<(), Failed> {
    let mut query = rows.prepare("SELECT number, row, hash FROM audit_rows WHERE number < ? ORDER BY number")?;
    let mut found = query.query([signed.checkpoint.size as i64])?;
    while let Some(row) = found.next()? {
        match row.get::<_, Option<String>>(1)? {
            Some(text) => add(&row_line(&text, None)),
            None => add(&erased_line(row.get::<_, i64>(0)? as u64, &row.get::<_, Hash>(2)?)?),
        }
    }
    Ok(())
}

fn selection(
    rows: &Connection,
    signed: &SignedCheckpoint,
    about: &AuditId,
    add: &mut impl FnMut(&str),
) -> Result<(), Failed> {
    let size = signed.checkpoint.size;
    let sql = "SELECT number, row FROM audit_about JOIN audit_rows USING (number)
        WHERE id = ? AND number < ? AND row IS NOT NULL ORDER BY number";
    let mut query = rows.prepare(sql)?;
    let found = query.query_map(rusqlite::params![about.as_str(), size as i64], |row| {
        Ok((row.get::<_, i64>(0)? as u64, row.get::<_, String>(1)?))
    })?;
    for (count, row) in found.enumerate() {
        let (number, text) = row?;
        if count >= MOST_ROWS {
            return Err(Failed(Code::TooLarge));
        }
        let proof = inclusion_proof(&Stored(rows), size, number).map_err(|_| Code::Internal)??;
        add(&row_line(&text, Some(&proof)));
    }
    Ok(())
}
