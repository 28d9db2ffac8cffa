//! The audit log, for who reads it.

use desk::auditing::{
    AccessDevice, AccessLine, AccessSession, AuditLine, AuditProblem, DeviceAccess, Exported, LogStanding, LogTrouble,
    NotWritten, Touched, TouchedVisit,
};
use desk::{AccountState, StaffRow};
use units::Timestamp;

use super::{account_state, desk_problem, role, role_name};

pub(crate) const AUDIT: &str = "The audit log";
pub(crate) const CLOSE_AUDIT: &str = "Close the audit log";
pub(crate) const ROWS: &str = "What happened";
pub(crate) const KIND: &str = "Kind";
pub(crate) const ANY_KIND: &str = "Everything";
pub(crate) const WHOSE: &str = "Account";
pub(crate) const ANYBODY: &str = "Anybody";
pub(crate) const ABOUT: &str = "About (a visit or anything else with an id)";
pub(crate) const ABOUT_HINT: &str = "vis_…";
pub(crate) const FROM: &str = "From";
pub(crate) const UNTIL: &str = "Until";
pub(crate) const TIME_HINT: &str = "2026-10-25, or 2026-10-25 14:30";
pub(crate) const LOOK: &str = "Look";
pub(crate) const NO_ROWS: &str = "There are no such rows.";
pub(crate) const OLDER: &str = "Older";
pub(crate) const NEWER: &str = "Newer";
pub(crate) const ROWS_HELP: &str = "Each row that is shown was proven to be in the log. That none was left out of this list \
                                    is not: the evidence of a visit shows that.";
pub(crate) const ROWS_NOT_PROVEN: &str = "These rows are what the server says. None of them is proven.";

pub(crate) const DEVICE: &str = "What a device did";
pub(crate) const DEVICE_HELP: &str = "Which visits were touched by a device, by what was done in its sessions.";
pub(crate) const DEVICE_ID: &str = "Device, machine or session";
pub(crate) const DEVICE_HINT: &str = "dev_…, mac_… or ses_…";
pub(crate) const USED_FROM: &str = "Used from";
pub(crate) const USED_UNTIL: &str = "Used until";
pub(crate) const FIND_VISITS: &str = "Find its visits";

pub(crate) const EVIDENCE: &str = "Evidence";
pub(crate) const EVIDENCE_HELP: &str = "All that the log has of a visit, in a file that anybody can verify without this \
                                        server (housecall-verify). That it was taken is written into the log.";
pub(crate) const EVIDENCE_VISIT: &str = "Visit";
pub(crate) const EVIDENCE_FILE: &str = "File";
pub(crate) const WRITE_EVIDENCE: &str = "Write the evidence";

pub(crate) const ACCESS: &str = "Who has access now";
pub(crate) const SHOW_ACCESS: &str = "Show who has access now";
pub(crate) const NOT_SIGNED_IN: &str = "Signed in nowhere.";
pub(crate) const NO_DEVICE: &str = "No device.";

/// By whose clock times are shown and typed.
pub(crate) fn times_of(zone: &str) -> String {
    format!("Times are those of {zone}.")
}

/// How the log stands, by what this machine keeps of it.
pub(crate) fn log_stands(log: &LogStanding, at: Option<&str>) -> Option<String> {
    match log {
        LogStanding::Unknown => None,
        LogStanding::Wrong(trouble) => Some(log_trouble(*trouble)),
        LogStanding::Verified(log) => {
            let up_to = at.map_or_else(String::new, |at| format!(", signed {at}"));
            let since = match log.since {
                Some(since) => format!("It goes on from the {since} rows that this machine has seen before."),
                None => {
                    "This machine sees this log for the first time, and keeps from now on what it has seen.".to_owned()
                }
            };
            Some(format!("Verified up to row {}{up_to}. {since}", log.rows))
        }
    }
}

/// The log's key, for whoever wrote it down at the set-up.
pub(crate) fn log_key(key: &str) -> String {
    format!("Signed by the key {key}. Compare it with the one that was written down when the server was set up.")
}

/// What is wrong with the log.
pub(crate) fn log_trouble(trouble: LogTrouble) -> String {
    let what = match trouble {
        LogTrouble::OtherKey => "It is signed by another key than before.",
        LogTrouble::NotSigned => "What the server shows is not signed by the log's key.",
        LogTrouble::RolledBack => "Rows that this machine has seen are gone.",
        LogTrouble::Forked => "It was rewritten, or others are shown another one.",
        LogTrouble::NotIncluded(_) => "The server lists a row that is not in the log that it signed.",
    };
    format!(
        "The clinic's audit log is not what it was. {what} Tell whoever is responsible at your clinic, unless you know that a \
         backup was brought back."
    )
}

/// What went wrong.
pub(crate) fn audit_problem(problem: &AuditProblem, now: Timestamp) -> String {
    match problem {
        AuditProblem::Desk(problem) => desk_problem(problem, now),
        AuditProblem::Time => {
            "This is not a time. Type a date, as 2026-10-25, or a date and a time, as 2026-10-25 14:30.".to_owned()
        }
        AuditProblem::NotAVisit => {
            "This is not an id. It looks like vis_ and 22 letters and digits: copy it.".to_owned()
        }
        AuditProblem::NotADevice => {
            "This is not the id of a device (dev_…), a machine (mac_…) or a session (ses_…): copy it.".to_owned()
        }
        AuditProblem::NoFile => "Type where the file is to be written.".to_owned(),
        AuditProblem::NotWritten(NotWritten::Exists) => {
            "There is a file of this name already. Choose another name.".to_owned()
        }
        AuditProblem::NotWritten(NotWritten::System(why)) => {
            format!("The file could not be written: {why}. Choose another folder.")
        }
    }
}

/// What came of an export.
pub(crate) fn exported(file: &Exported) -> String {
    let (at, checkpoint) = (file.file.display(), file.checkpoint.display());
    match file.refused {
        None => format!(
            "{at} is written: {} rows, verified. {} connections were seen alike by both ends, {} receipts have none from the \
             other end. {checkpoint} beside it is what this machine keeps of the log: give both to whoever verifies them.",
            file.rows, file.agreed, file.one_sided
        ),
        Some(name) => format!(
            "{at} is written, and this machine refuses it ({name}). Keep it and {checkpoint} beside it: they show that the log \
             was tampered with, or that a backup was brought back."
        ),
    }
}

/// Who did it.
pub(crate) fn who<'a>(id: &'a str, accounts: &'a [StaffRow]) -> &'a str {
    match id {
        "server" => "The server",
        "operator" => "Whoever runs the server",
        "stranger" => "Somebody unknown",
        _ if id.starts_with("end_") => "An app in the visit",
        _ => name_of(id, accounts).unwrap_or(id),
    }
}

fn name_of<'a>(id: &str, accounts: &'a [StaffRow]) -> Option<&'a str> {
    let row = accounts.iter().find(|row| row.staff.to_string() == id)?;
    Some(row.name.expose())
}

/// A row: when, who, what.
pub(crate) fn row(line: &AuditLine, accounts: &[StaffRow]) -> String {
    format!("{}  {}: {}", line.at, who(&line.by, accounts), what(line, accounts))
}

/// The button that looks for a visit's rows alone.
pub(crate) fn only_visit(visit: &str) -> String {
    format!("Only {visit}")
}

/// Which row it is.
pub(crate) fn row_number(number: u64) -> String {
    format!("Row {number}")
}

/// A kind of rows.
pub(crate) fn kind(what: &str) -> &str {
    match what {
        "account_added" => "Accounts made",
        "backed_up" => "Backups",
        "box_removed" => "Sealed boxes removed",
        "box_written" => "Sealed boxes written",
        "clinic_set_up" => "Clinic set up or recovered",
        "code_given" => "One-time codes given out",
        "device_asked" => "Devices that asked to be certified",
        "device_certified" => "Devices certified",
        "device_forgotten" => "Devices taken off the list",
        "disabled" => "Accounts disabled and enabled",
        "endpoint" => "Joins, admissions and departures",
        "exported" => "Evidence taken",
        "hold" => "Legal holds",
        "invite" => "Links",
        "key_drawn" => "Server keys drawn",
        "machine" => "Machines of sign-ins",
        "notice_published" => "Revocations",
        "password_changed" => "Passwords changed",
        "proved_again" => "Proofs by fresh digits",
        "receipt" => "Connections, as apps saw them",
        "recovery_code_used" => "Recovery codes used",
        "recovery_codes_drawn" => "Recovery codes drawn",
        "refreshed" => "Sessions that went on",
        "restored" => "Restored backups",
        "reviewed" => "Reviews",
        "role_changed" => "Roles changed",
        "rows_erased" => "Rows erased after their time",
        "session_ended" => "Sessions ended",
        "sessions_ended" => "All sessions of an account ended",
        "signed_in" => "Sign-ins",
        "signed_up" => "First sign-ins by a code",
        "storage_key_changed" => "Storage key changed",
        "take_overs_forgotten" => "Take-overs forgotten after their time",
        "taken_over" => "Visits taken over",
        "token_reused" => "Tokens shown twice",
        "tries_failed" => "Failed sign-ins",
        "visit" => "Visits",
        "visit_forgotten" => "Visits forgotten after their time",
        other => other,
    }
}

/// What happened, in a sentence without who did it.
fn what(line: &AuditLine, accounts: &[StaffRow]) -> String {
    let member = |name| line.member(name).unwrap_or("?");
    let account = |name| line.member(name).map_or("no account", |id| name_of(id, accounts).unwrap_or(id));
    match line.what.as_str() {
        "account_added" => format!("made the account of {} ({}).", account("staff"), word(member("role"))),
        "backed_up" => "made a backup.".to_owned(),
        "box_removed" => format!("removed a sealed box about {}.", member("object")),
        "box_written" => format!("wrote a sealed box about {}.", member("object")),
        "clinic_set_up" => format!("set the clinic up; its generation is {}.", member("generation")),
        "code_given" => match line.member("staff") {
            Some(_) => format!("gave out a one-time code for {}.", account("staff")),
            None => "gave out the first admin's one-time code.".to_owned(),
        },
        "device_asked" => format!("{} of {} asked to be certified.", member("device"), account("staff")),
        "device_certified" => format!("certified {}.", member("device")),
        "device_forgotten" => format!("took {} off the list.", member("device")),
        "disabled" if line.member("disabled") == Some("false") => {
            format!("the account of {} can be used again.", account("staff"))
        }
        "disabled" => format!("the account of {} can be used no more.", account("staff")),
        "endpoint" => endpoint(line),
        "exported" => format!(
            "took evidence about {} ({} rows).",
            line.visit.as_deref().or(line.member("about")).unwrap_or("the whole log"),
            member("rows")
        ),
        "hold" => {
            let about = line.member("about").unwrap_or("everything");
            match line.member("held") {
                Some("true") => format!("put {about} on legal hold."),
                _ => format!("released {about} from legal hold."),
            }
        }
        "invite" => invite(line),
        "key_drawn" => "a key of the server's was drawn.".to_owned(),
        "machine" => format!("{} of {} is on {}.", member("session"), account("staff"), member("machine")),
        "notice_published" => format!("told later revocations (epoch {}).", member("epoch")),
        "password_changed" => format!("the password of {} is another one.", account("staff")),
        "proved_again" => format!("{} proved by fresh digits who they are.", account("staff")),
        "receipt" => receipt(line),
        "recovery_code_used" => format!("{} used a recovery code.", account("staff")),
        "recovery_codes_drawn" => format!("new recovery codes for {}.", account("staff")),
        "refreshed" => format!("{} goes on.", member("session")),
        "restored" => "all of this came out of a backup; everybody was signed out.".to_owned(),
        "reviewed" => {
            format!("{} reviewed {}: {}.", account("reviewer"), member("take_over"), word(member("outcome")))
        }
        "role_changed" => format!("{} may now do what is for: {}.", account("staff"), word(member("role"))),
        "rows_erased" => format!("erased {} rows whose time was over.", member("rows")),
        "session_ended" => format!("{} of {} ended.", member("session"), account("staff")),
        "sessions_ended" => format!("all sessions of {} ended.", account("staff")),
        "signed_in" => format!("{} signed in ({}).", account("staff"), member("session")),
        "signed_up" => format!("{} began by a one-time code.", account("staff")),
        "storage_key_changed" => "what is sealed is sealed with another storage key.".to_owned(),
        "take_overs_forgotten" => format!("{} reviewed take-overs were forgotten.", member("count")),
        "taken_over" => {
            format!("{} took over a visit of {}: {}.", account("taker"), account("owner"), word(member("reason")))
        }
        "token_reused" => {
            format!("a token of {} was shown twice; {} was ended.", account("staff"), member("session"))
        }
        "tries_failed" => format!(
            "{} failed tries to sign in as {}: the {} was wrong.",
            member("count"),
            line.member("staff").map_or("somebody who has no account", |_| account("staff")),
            word(member("factor"))
        ),
        "visit" => visit(line, accounts),
        "visit_forgotten" => "nothing is kept of the visit any more.".to_owned(),
        // Of a newer server.
        other => {
            let members: Vec<_> = line.members().map(|(name, value)| format!("{name} {value}")).collect();
            format!("{other} {}", members.join(", "))
        }
    }
}

fn visit(line: &AuditLine, accounts: &[StaffRow]) -> String {
    let whose = line.member("host").map_or("nobody", |id| name_of(id, accounts).unwrap_or(id));
    let state = match line.member("ended") {
        Some(ended) => format!("ended ({})", word(ended)),
        None => word(line.member("state").unwrap_or("?")),
    };
    let locked = if line.member("locked") == Some("true") { ", locked" } else { "" };
    format!("a visit of {whose} stands: {state}{locked}.")
}

fn invite(line: &AuditLine) -> String {
    let link = format!("a link for a {}", word(line.member("role").unwrap_or("patient")));
    match (line.member("revoked"), line.member("tries")) {
        (Some("true"), _) => format!("{link} was taken back."),
        (_, Some("0") | None) => format!("{link} is good."),
        (_, Some(tries)) => format!("{link}: the clinic's code was tried {tries} times."),
    }
}

fn endpoint(line: &AuditLine) -> String {
    let role = match line.member("role") {
        Some("host") => "the clinician",
        _ => "a guest",
    };
    match (line.member("gone"), line.member("admission")) {
        (Some(reason), _) => format!("{role} is gone ({}).", word(reason)),
        (None, Some("admitted")) => format!("{role} is in the visit."),
        (None, Some("denied")) => format!("{role} was not let in."),
        (None, _) => format!("{role} waits to be let in."),
    }
}

fn receipt(line: &AuditLine) -> String {
    let happened = if line.member("happened") == Some("closed") { "closed" } else { "opened" };
    let path = match line.member("path") {
        Some("direct") => "directly",
        Some("relayed") => "by a relay",
        _ => "by a way that it did not know",
    };
    let level = match line.member("level") {
        Some("compared") => "digits were compared",
        Some("known") => "a device that was met before",
        Some("page") => "the link was opened in a page",
        _ => "the link was opened in an app",
    };
    format!("a connection was {happened}, {path}; {level}.")
}

/// A word of a closed list as people read it.
fn word(word: &str) -> String {
    word.replace('_', " ")
}

/// What was found of a device.
pub(crate) fn touched(found: &Touched) -> String {
    let sessions = match found.sessions {
        0 => "No session of it was found".to_owned(),
        1 => "One session of it was found".to_owned(),
        count => format!("{count} sessions of it were found"),
    };
    let visits = match found.visits.len() {
        0 => "no visit was touched in this time".to_owned(),
        1 => "one visit was touched in this time".to_owned(),
        count => format!("{count} visits were touched in this time"),
    };
    let rest = if found.is_whole { "" } else { " There is more than was looked through: choose a shorter time." };
    format!("{sessions}, and {visits}.{rest}")
}

/// A visit that was touched.
pub(crate) fn touched_visit(visit: &TouchedVisit, accounts: &[StaffRow]) -> String {
    let (first, last) = visit.shown.as_ref().map_or(("", ""), |(first, last)| (first, last));
    let rows = if visit.rows == 1 { "one row".to_owned() } else { format!("{} rows", visit.rows) };
    format!("{first} to {last}, by {}: {rows}", who(&visit.by, accounts))
}

/// An account in the list of who has access.
pub(crate) fn access(line: &AccessLine) -> String {
    format!("{}, {}", line.name.expose(), role(line.role))
}

/// How that account stands.
pub(crate) fn access_state(state: AccountState) -> &'static str {
    account_state(state)
}

/// Where somebody is signed in.
pub(crate) fn access_session(session: &AccessSession) -> String {
    let label = if session.label.is_empty() { "Some device" } else { session.label.as_str() };
    format!("{label}: signed in {}, used {} ({})", session.began, session.used, session.session)
}

/// A device and how it stands.
pub(crate) fn access_device(device: &AccessDevice) -> String {
    let state = match &device.state {
        DeviceAccess::Vouched { role, until } => {
            format!("the clinic vouches for it as {} until {until}", role_name(*role))
        }
        DeviceAccess::Over => "its certificate is over".to_owned(),
        DeviceAccess::Revoked => "revoked".to_owned(),
        DeviceAccess::NotVouched => "not vouched for by the clinic's key of today".to_owned(),
        DeviceAccess::Waiting => "waits to be certified".to_owned(),
        DeviceAccess::Listed => {
            "on the server's list; this machine is not certified, and cannot verify more".to_owned()
        }
    };
    format!("{}: {state}", device.device)
}

/// The button that looks for what a device did.
pub(crate) fn visits_of(id: &str) -> String {
    format!("Visits of {id}")
}

#[cfg(test)]
mod tests {
    use desk::auditing::{KINDS, VerifiedLog};
    use desk::day::Calendar;

    use super::*;

    fn line(members: &str) -> AuditLine {
        let text = format!("{{\"at\":1792845000000000,\"by\":\"server\",{members}}}");
        AuditLine::read(&text, &Calendar::utc()).expect("a row")
    }

    #[test]
    fn every_kind_has_a_name_and_a_sentence() {
        for known in KINDS {
            assert_ne!(kind(known), known);
            let sentence = what(&line(&format!("\"n\":1,\"v\":1,\"what\":\"{known}\"")), &[]);
            assert!(sentence.ends_with('.') && !sentence.starts_with(known), "{known}: {sentence}");
        }
        let newer = line("\"n\":1,\"v\":1,\"what\":\"moved\",\"where\":\"away\"");
        assert_eq!(row(&newer, &[]), "2026-10-24 12:30:00  The server: moved where away");
    }

    #[test]
    fn rows_are_said_with_what_belongs_to_them() {
        let cases = [
            ("\"n\":1,\"role\":\"host\",\"v\":1,\"what\":\"endpoint\"", "the clinician waits to be let in."),
            (
                "\"gone\":\"connection_lost\",\"n\":1,\"role\":\"guest\",\"v\":1,\"what\":\"endpoint\"",
                "a guest is gone (connection lost).",
            ),
            (
                "\"ended\":\"host_ended\",\"locked\":true,\"n\":1,\"v\":1,\"what\":\"visit\"",
                "a visit of nobody stands: ended (host ended), locked.",
            ),
            (
                "\"happened\":\"opened\",\"level\":\"compared\",\"n\":1,\"path\":\"relayed\",\"v\":1,\"what\":\"receipt\"",
                "a connection was opened, by a relay; digits were compared.",
            ),
        ];
        for (members, sentence) in cases {
            assert_eq!(what(&line(members), &[]), sentence);
        }
    }

    #[test]
    fn what_was_verified_is_said_with_how_far() {
        let log = |since| LogStanding::Verified(VerifiedLog { rows: 812, unix_micros: 0, since, key: String::new() });
        let said = log_stands(&log(Some(700)), Some("2026-10-24 12:30:00")).expect("a sentence");
        assert!(said.starts_with("Verified up to row 812, signed 2026-10-24 12:30:00. It goes on from the 700 rows"));
        assert!(log_stands(&log(None), None).expect("a sentence").contains("for the first time"));
        assert_eq!(log_stands(&LogStanding::Unknown, None), None);
    }
}
