//! The audit log, for who reads it: the page. Its rows are in [`rows`].

mod rows;

use desk::auditing::{
    AccessDevice, AccessLine, AccessSession, AuditProblem, DeviceAccess, Exported, LogStanding, LogTrouble, NotWritten,
    Touched, TouchedVisit,
};
use desk::{AccountState, StaffRow};
use units::Timestamp;

use super::{account, account_state, desk_problem, role_name, some_device};

pub(crate) use self::rows::{audit_kind, audit_row};

words! {
    audit,
    close_audit,
    audit_rows,
    audit_of_kind,
    audit_any_kind,
    audit_whose,
    audit_anybody,
    audit_about,
    audit_from,
    audit_until,
    /// How a time is typed.
    audit_time_hint,
    audit_look,
    audit_no_rows,
    audit_older,
    audit_newer,
    audit_rows_help,
    audit_rows_not_proven,

    audit_device,
    audit_device_help,
    audit_device_id,
    /// How such ids look.
    audit_device_hint,
    audit_used_from,
    audit_used_until,
    audit_find_visits,

    audit_evidence,
    audit_evidence_help,
    audit_evidence_visit,
    audit_evidence_file,
    audit_write_evidence,

    audit_access,
    audit_show_access,
    audit_not_signed_in,
    audit_no_device,
}

/// How the id of a visit begins.
pub(crate) const AUDIT_ABOUT_HINT: &str = "vis_…";

/// By whose clock times are shown and typed.
pub(crate) fn audit_times_of(zone: &str) -> String {
    say!(audit_times_of, zone = zone)
}

/// How the log stands, by what this machine keeps of it.
pub(crate) fn log_stands(log: &LogStanding, at: Option<&str>) -> Option<String> {
    match log {
        LogStanding::Unknown => None,
        LogStanding::Wrong(trouble) => Some(log_trouble(*trouble)),
        LogStanding::Verified(log) => {
            let up_to = match at {
                Some(at) => say!(audit_verified_signed, rows = log.rows, at = at),
                None => say!(audit_verified, rows = log.rows),
            };
            let since = match log.since {
                Some(since) => say!(audit_goes_on, since = since),
                None => say!(audit_first_time).to_owned(),
            };
            Some(format!("{up_to} {since}"))
        }
    }
}

/// The log's key, for whoever wrote it down at the set-up.
pub(crate) fn log_key(key: &str) -> String {
    say!(audit_key, key = key)
}

/// What is wrong with the log.
pub(crate) fn log_trouble(trouble: LogTrouble) -> String {
    let what = match trouble {
        LogTrouble::OtherKey => say!(audit_other_key),
        LogTrouble::NotSigned => say!(audit_not_signed),
        LogTrouble::RolledBack => say!(audit_rolled_back),
        LogTrouble::Forked => say!(audit_forked),
        LogTrouble::NotIncluded(_) => say!(audit_not_included),
    };
    format!("{} {what} {}", say!(audit_not_what_it_was), say!(audit_tell_clinic))
}

/// What went wrong.
pub(crate) fn audit_problem(problem: &AuditProblem, now: Timestamp) -> String {
    match problem {
        AuditProblem::Desk(problem) => desk_problem(problem, now),
        AuditProblem::Time => say!(audit_no_time).to_owned(),
        AuditProblem::NotAVisit => say!(audit_no_id).to_owned(),
        AuditProblem::NotADevice => say!(audit_no_device_id).to_owned(),
        AuditProblem::NoFile => say!(audit_no_file).to_owned(),
        AuditProblem::NotWritten(NotWritten::Exists) => say!(audit_file_exists).to_owned(),
        AuditProblem::NotWritten(NotWritten::System(why)) => say!(audit_file_not_written, why = why.as_str()),
    }
}

/// What came of an export.
pub(crate) fn exported(file: &Exported) -> String {
    let (at, checkpoint) = (file.file.display().to_string(), file.checkpoint.display().to_string());
    match file.refused {
        None => say!(
            audit_exported,
            file = at,
            checkpoint = checkpoint,
            rows = file.rows,
            agreed = file.agreed,
            alone = file.one_sided,
        ),
        Some(name) => say!(audit_exported_refused, file = at, checkpoint = checkpoint, name = name),
    }
}

/// The button that looks for a visit's rows alone.
pub(crate) fn audit_only_visit(visit: &str) -> String {
    say!(audit_only_visit, visit = visit)
}

/// Which row it is.
pub(crate) fn audit_row_number(number: u64) -> String {
    say!(audit_row_number, number = number)
}

/// What was found of a device.
pub(crate) fn touched(found: &Touched) -> String {
    let said = say!(audit_touched, sessions = found.sessions, visits = found.visits.len());
    if found.is_whole { said } else { format!("{said} {}", say!(audit_touched_more)) }
}

/// A visit that was touched.
pub(crate) fn touched_visit(visit: &TouchedVisit, accounts: &[StaffRow]) -> String {
    let (first, last) = visit.shown.as_ref().map_or(("", ""), |(first, last)| (first, last));
    let by = rows::who(&visit.by, accounts);
    say!(audit_touched_visit, first = first, last = last, by = by, rows = visit.rows)
}

/// An account in the list of who has access.
pub(crate) fn access(line: &AccessLine) -> String {
    account(line.name.expose(), line.role)
}

/// How that account stands.
pub(crate) fn access_state(state: AccountState) -> &'static str {
    account_state(state)
}

/// Where somebody is signed in.
pub(crate) fn access_session(session: &AccessSession) -> String {
    let label = if session.label.is_empty() { some_device() } else { session.label.as_str() };
    say!(
        audit_access_session,
        label = label,
        began = session.began.as_str(),
        used = session.used.as_str(),
        session = session.session.to_string(),
    )
}

/// A device and how it stands.
pub(crate) fn access_device(device: &AccessDevice) -> String {
    let state = match &device.state {
        DeviceAccess::Vouched { role, until } => {
            say!(audit_vouched, role = role_name(*role), until = until.as_str())
        }
        DeviceAccess::Over => say!(audit_certificate_over).to_owned(),
        DeviceAccess::Revoked => say!(audit_revoked).to_owned(),
        DeviceAccess::NotVouched => say!(audit_not_vouched).to_owned(),
        DeviceAccess::Waiting => say!(audit_waits).to_owned(),
        DeviceAccess::Listed => say!(audit_listed).to_owned(),
    };
    format!("{}: {state}", device.device)
}

/// The button that looks for what a device did.
pub(crate) fn audit_visits_of(id: &str) -> String {
    say!(audit_visits_of, id = id)
}

#[cfg(test)]
mod tests {
    use desk::auditing::VerifiedLog;

    use super::*;

    #[test]
    fn what_was_verified_is_said_with_how_far() {
        let log = |since| LogStanding::Verified(VerifiedLog { rows: 812, unix_micros: 0, since, key: String::new() });
        let said = log_stands(&log(Some(700)), Some("2026-10-24 12:30:00")).expect("a sentence");
        assert!(said.starts_with("Verified up to row 812, signed 2026-10-24 12:30:00. It goes on from the 700 rows"));
        assert!(log_stands(&log(None), None).expect("a sentence").contains("for the first time"));
        assert_eq!(log_stands(&LogStanding::Unknown, None), None);
    }
}
