//! What is looked for in the log.

use audit::is_id;
use signaling_protocol::StaffId;

use super::AuditProblem;
use crate::day::{Calendar, Choice, Moment};

/// The kinds of rows that this app can say in words, as they stand in the log.
pub const KINDS: [&str; 39] = [
    "account_added",
    "backed_up",
    "box_removed",
    "box_written",
    "clinic_set_up",
    "code_given",
    "device_asked",
    "device_certified",
    "device_forgotten",
    "disabled",
    "endpoint",
    "exported",
    "hold",
    "invite",
    "key_drawn",
    "machine",
    "notice_published",
    "password_changed",
    "proved_again",
    "receipt",
    "recovery_code_used",
    "recovery_codes_drawn",
    "refreshed",
    "restored",
    "reviewed",
    "role_changed",
    "rows_erased",
    "session_ended",
    "sessions_ended",
    "settings_changed",
    "signed_in",
    "signed_up",
    "storage_key_changed",
    "take_overs_forgotten",
    "taken_over",
    "token_reused",
    "tries_failed",
    "visit",
    "visit_forgotten",
];

/// What is looked for, as it was typed and chosen; of what is empty, all.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AuditFilter {
    /// Of this kind.
    pub kind: Option<String>,
    /// By this account, or about it.
    pub account: Option<StaffId>,
    /// About a visit, or anything else that has an id.
    pub about: String,
    /// Not before then: a date, or a date and a time.
    pub from: String,
    /// Not after then.
    pub until: String,
}

/// From when to when, in seconds of Unix time; both may be open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Span {
    /// Not before then.
    pub since: Option<u64>,
    /// Not after then.
    pub until: Option<u64>,
}

/// Which rows the server is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RowsWanted {
    /// About this, or by it.
    pub about: Option<String>,
    /// And about this, or by it.
    pub also: Option<String>,
    /// Of this kind.
    pub what: Option<String>,
    /// From when to when.
    pub span: Span,
    /// Before this row.
    pub before: Option<u64>,
}

impl AuditFilter {
    /// What the server is asked.
    ///
    /// # Errors
    /// What was typed is no id or no time.
    pub fn wanted(&self, calendar: &Calendar, before: Option<u64>) -> Result<RowsWanted, AuditProblem> {
        let about = id(&self.about).ok_or(AuditProblem::NotAVisit)?;
        let account = self.account.map(|staff| staff.to_string());
        let (about, also) = if about.is_some() { (about, account) } else { (account, None) };
        Ok(RowsWanted {
            about,
            also,
            what: self.kind.clone(),
            span: Span::read(calendar, &self.from, &self.until)?,
            before,
        })
    }
}

/// The id that was typed: none if nothing was, and nothing if it is none.
#[allow(clippy::option_option, reason = "what was not typed is not what is wrong")]
pub(crate) fn id(typed: &str) -> Option<Option<String>> {
    match typed.trim() {
        "" => Some(None),
        typed if is_id(typed) => Some(Some(typed.to_owned())),
        _ => None,
    }
}

impl Span {
    /// As it was typed, on the clinic's clock. A date alone is its whole day, a time its whole minute; what the clocks show twice
    /// is meant both times.
    ///
    /// # Errors
    /// [`AuditProblem::Time`].
    pub fn read(calendar: &Calendar, from: &str, until: &str) -> Result<Self, AuditProblem> {
        let since = moment(calendar, from)?.map(|(earlier, _, _)| earlier);
        let until = moment(calendar, until)?.map(|(_, later, is_day)| {
            let end = if is_day { calendar.day(later).1 } else { later + 60 };
            end.saturating_sub(1)
        });
        Ok(Self { since, until })
    }
}

/// The earliest and the latest that was meant, and whether it was a day.
fn moment(calendar: &Calendar, typed: &str) -> Result<Option<(u64, u64, bool)>, AuditProblem> {
    let typed = typed.trim();
    if typed.is_empty() {
        return Ok(None);
    }
    let is_day = !typed.contains([' ', 'T']);
    let whole = if is_day { format!("{typed} 00:00") } else { typed.to_owned() };
    let moment: Moment = calendar.moment(&whole).map_err(|_| AuditProblem::Time)?;
    let at = |choice| moment.chosen(Some(choice)).unwrap_or_default();
    Ok(Some((at(Choice::Earlier), at(Choice::Later), is_day)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn berlin() -> Calendar {
        Calendar::new("Europe/Berlin").unwrap()
    }

    #[test]
    fn a_day_is_meant_whole_and_a_minute_too() {
        let read = |from, until| Span::read(&berlin(), from, until).unwrap();
        assert_eq!(read("", " "), Span::default());
        // 25 October 2026 has 25 hours in Berlin.
        let day = read("2026-10-25", "2026-10-25");
        assert_eq!(day.until.unwrap() + 1 - day.since.unwrap(), 25 * 3_600);
        let twice = read("2026-10-25 02:30", "2026-10-25 02:30");
        assert_eq!(twice.until.unwrap() + 1 - twice.since.unwrap(), 3_600 + 60, "both times");
        assert_eq!(read("2026-10-24 14:30", "").since, Some(1_792_845_000));
        for wrong in ["yesterday", "2026-13-01", "14:30"] {
            assert_eq!(Span::read(&berlin(), wrong, ""), Err(AuditProblem::Time), "{wrong}");
        }
    }

    #[test]
    fn a_visit_and_an_account_are_asked_for_together() {
        let visit = signaling_protocol::VisitId::from_random([1; 16]).to_string();
        let account = StaffId::from_random([2; 16]);
        let mut filter = AuditFilter { about: format!(" {visit} "), account: Some(account), ..AuditFilter::default() };
        let wanted = filter.wanted(&berlin(), Some(7)).unwrap();
        assert_eq!((wanted.about.as_deref(), wanted.also), (Some(visit.as_str()), Some(account.to_string())));
        assert_eq!(wanted.before, Some(7));
        filter.about = "vis_1".to_owned();
        assert_eq!(filter.wanted(&berlin(), None), Err(AuditProblem::NotAVisit));
        filter.about.clear();
        let wanted = filter.wanted(&berlin(), None).unwrap();
        assert_eq!((wanted.about, wanted.also), (Some(account.to_string()), None));
    }

    #[test]
    fn kinds_are_in_their_order_and_none_twice() {
        assert!(KINDS.is_sorted_by(|one, next| one < next));
    }
}
