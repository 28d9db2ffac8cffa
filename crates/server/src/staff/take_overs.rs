//! Reviews of visits that were taken over by breaking the glass.

use std::sync::Arc;
use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, Row, params};
use signaling_protocol::{
    Base64, Code, NoteReply, Review, ReviewOutcome, StaffId, TakeOver, TakeOverId, TakeOversReply,
};
use units::Timestamp;

use super::Staff;
use crate::permissions::Caller;
use crate::store::{Event, TAKE_OVER, as_word, forget_take_overs, parsed, take_over_row, word};

/// Within what time a take-over is to be reviewed: over a weekend.
const REVIEW_WITHIN: Duration = Duration::from_secs(72 * 3600);

/// Take-overs in one answer: some 40 KiB.
const PAGE: usize = 100;

impl Staff {
    /// The take-overs: one's own, and all for who reviews; those that are open come first.
    pub(crate) async fn take_overs(
        self: &Arc<Self>,
        now: Timestamp,
        unix_micros: u64,
        by: Caller,
        only_open: bool,
    ) -> Result<TakeOversReply, Code> {
        self.read(now, by, move |database| {
            let mut take_overs = listed(database, by.own(), only_open)?;
            let more = take_overs.len() > PAGE;
            take_overs.truncate(PAGE);
            Ok(TakeOversReply { now_unix_secs: unix_micros / 1_000_000, take_overs, more })
        })
        .await
    }

    /// The sealed note of one.
    pub(crate) async fn note_of(
        self: &Arc<Self>,
        now: Timestamp,
        by: Caller,
        take_over: TakeOverId,
    ) -> Result<NoteReply, Code> {
        self.read(now, by, move |database| {
            let sql = "SELECT note FROM take_overs WHERE take_over = ?";
            let note = database.query_row(sql, [take_over.to_string()], |row| row.get(0)).optional()?;
            Ok(NoteReply { sealed: Base64(note.ok_or(Code::TakeOverNotFound)?) })
        })
        .await
    }

    /// Somebody says what the review came to; nobody of what they did themselves. The first review stands.
    pub(crate) async fn review(
        self: &Arc<Self>,
        now: Timestamp,
        unix_micros: u64,
        by: Caller,
        take_over: TakeOverId,
        outcome: ReviewOutcome,
    ) -> Result<(), Code> {
        self.change(now, by, move |database, told| {
            let sql = "SELECT staff, reviewed_by, outcome FROM take_overs WHERE take_over = ?";
            let read = |row: &Row<'_>| Ok((parsed::<StaffId>(row, 0)?, reviewed(row, 1, 2)?));
            let found = database.query_row(sql, [take_over.to_string()], read).optional()?;
            match found.ok_or(Code::TakeOverNotFound)? {
                (who, _) if who == by.staff => return Err(Code::NotAllowed.into()),
                (_, Some(known)) if known == (by.staff, outcome) => return Ok(()),
                (_, Some(_)) => return Err(Code::ReviewedAlready.into()),
                (_, None) => {}
            }
            let sql =
                "UPDATE take_overs SET reviewed_by = ?, reviewed_unix_micros = ?, outcome = ? WHERE take_over = ?";
            let values = params![by.staff.to_string(), unix_micros as i64, as_word(&outcome), take_over.to_string()];
            database.execute(sql, values)?;
            told.events.push(Event::Reviewed { take_over, by: by.staff, outcome });
            forget_take_overs(database, unix_micros, told.events)?;
            Ok(())
        })
        .await
    }
}

/// Those of one account, or all: one more than fit on a page if there are more.
fn listed(database: &Connection, of: Option<StaffId>, only_open: bool) -> rusqlite::Result<Vec<TakeOver>> {
    let sql = format!(
        "SELECT {TAKE_OVER}, reviewed_by, outcome, reviewed_unix_micros FROM take_overs
         WHERE (?1 IS NULL OR staff = ?1) AND (reviewed_by IS NULL OR NOT ?2)
         ORDER BY reviewed_by IS NOT NULL, coalesce(-reviewed_unix_micros, at_unix_micros), take_over LIMIT ?3"
    );
    let read = |row: &Row<'_>| {
        let known = take_over_row(row)?;
        let at_unix_secs = known.at_unix_micros / 1_000_000;
        let review = match reviewed(row, 7, 8)? {
            Some((by, outcome)) => {
                Some(Review { by, outcome, at_unix_secs: row.get::<_, i64>(9)?.unsigned_abs() / 1_000_000 })
            }
            None => None,
        };
        Ok(TakeOver {
            take_over: known.take_over,
            visit: known.visit,
            by: known.by,
            from: known.from,
            reason: known.reason,
            commitment: known.commitment,
            at_unix_secs,
            review_by_unix_secs: at_unix_secs + REVIEW_WITHIN.as_secs(),
            review,
        })
    };
    let values = params![of.map(|staff| staff.to_string()), only_open, PAGE as i64 + 1];
    database.prepare_cached(&sql)?.query_map(values, read)?.collect()
}

/// Who reviewed it and what it came to, if somebody has.
fn reviewed(row: &Row<'_>, by: usize, outcome: usize) -> rusqlite::Result<Option<(StaffId, ReviewOutcome)>> {
    match row.get::<_, Option<String>>(by)? {
        Some(_) => Ok(Some((parsed(row, by)?, word(row, outcome)?))),
        None => Ok(None),
    }
}
