//! A row of the audit log in a sentence. What happened and its words are closed lists of the log's; what a newer server writes
//! that stands in none is shown as it is written.

use std::borrow::Cow;

use desk::StaffRow;
use desk::auditing::AuditLine;
use fluent_bundle::FluentValue;

/// A row: when, who, what.
pub(crate) fn audit_row(line: &AuditLine, accounts: &[StaffRow]) -> String {
    format!("{}  {}: {}", line.at, who(&line.by, accounts), what(line, accounts))
}

/// Who did it.
pub(super) fn who<'a>(id: &'a str, accounts: &'a [StaffRow]) -> &'a str {
    match id {
        "server" => say!(audit_by_server),
        "operator" => say!(audit_by_operator),
        "stranger" => say!(audit_by_stranger),
        _ if id.starts_with("end_") => say!(audit_by_app),
        _ => name_of(id, accounts).unwrap_or(id),
    }
}

fn name_of<'a>(id: &str, accounts: &'a [StaffRow]) -> Option<&'a str> {
    let row = accounts.iter().find(|row| row.staff.to_string() == id)?;
    Some(row.name.expose())
}

/// A kind of rows.
pub(crate) fn audit_kind(what: &str) -> &str {
    match what {
        "account_added" => say!(audit_kind_account_added),
        "backed_up" => say!(audit_kind_backed_up),
        "box_removed" => say!(audit_kind_box_removed),
        "box_written" => say!(audit_kind_box_written),
        "clinic_set_up" => say!(audit_kind_clinic_set_up),
        "code_given" => say!(audit_kind_code_given),
        "device_asked" => say!(audit_kind_device_asked),
        "device_certified" => say!(audit_kind_device_certified),
        "device_forgotten" => say!(audit_kind_device_forgotten),
        "disabled" => say!(audit_kind_disabled),
        "endpoint" => say!(audit_kind_endpoint),
        "exported" => say!(audit_kind_exported),
        "hold" => say!(audit_kind_hold),
        "invite" => say!(audit_kind_invite),
        "key_drawn" => say!(audit_kind_key_drawn),
        "machine" => say!(audit_kind_machine),
        "notice_published" => say!(audit_kind_notice_published),
        "password_changed" => say!(audit_kind_password_changed),
        "proved_again" => say!(audit_kind_proved_again),
        "receipt" => say!(audit_kind_receipt),
        "recovery_code_used" => say!(audit_kind_recovery_code_used),
        "recovery_codes_drawn" => say!(audit_kind_recovery_codes_drawn),
        "refreshed" => say!(audit_kind_refreshed),
        "restored" => say!(audit_kind_restored),
        "reviewed" => say!(audit_kind_reviewed),
        "role_changed" => say!(audit_kind_role_changed),
        "rows_erased" => say!(audit_kind_rows_erased),
        "session_ended" => say!(audit_kind_session_ended),
        "sessions_ended" => say!(audit_kind_sessions_ended),
        "settings_changed" => say!(audit_kind_settings_changed),
        "signed_in" => say!(audit_kind_signed_in),
        "signed_up" => say!(audit_kind_signed_up),
        "storage_key_changed" => say!(audit_kind_storage_key_changed),
        "take_overs_forgotten" => say!(audit_kind_take_overs_forgotten),
        "taken_over" => say!(audit_kind_taken_over),
        "token_reused" => say!(audit_kind_token_reused),
        "tries_failed" => say!(audit_kind_tries_failed),
        "visit" => say!(audit_kind_visit),
        "visit_forgotten" => say!(audit_kind_visit_forgotten),
        other => other,
    }
}

/// What happened, in a sentence without who did it.
fn what(line: &AuditLine, accounts: &[StaffRow]) -> String {
    let member = |name| line.member(name).unwrap_or("?");
    let account =
        |name| line.member(name).map_or_else(|| say!(audit_no_account), |id| name_of(id, accounts).unwrap_or(id));
    match line.what.as_str() {
        "account_added" => say!(audit_account_added, staff = account("staff"), role = word(member("role"))),
        "backed_up" => say!(audit_backed_up).to_owned(),
        "box_removed" => say!(audit_box_removed, object = member("object")),
        "box_written" => say!(audit_box_written, object = member("object")),
        "clinic_set_up" => say!(audit_clinic_set_up, generation = member("generation")),
        "code_given" => match line.member("staff") {
            Some(_) => say!(audit_code_given, staff = account("staff")),
            None => say!(audit_first_code_given).to_owned(),
        },
        "device_asked" => say!(audit_device_asked, device = member("device"), staff = account("staff")),
        "device_certified" => say!(audit_device_certified, device = member("device")),
        "device_forgotten" => say!(audit_device_forgotten, device = member("device")),
        "disabled" if line.member("disabled") == Some("false") => say!(audit_enabled, staff = account("staff")),
        "disabled" => say!(audit_disabled, staff = account("staff")),
        "endpoint" => endpoint(line),
        "exported" => {
            let about = line.visit.as_deref().or(line.member("about"));
            say!(audit_evidence_taken, about = about.unwrap_or(say!(audit_whole_log)), rows = count(line, "rows"))
        }
        "hold" => {
            let about = line.member("about").unwrap_or(say!(audit_everything));
            match line.member("held") {
                Some("true") => say!(audit_held, about = about),
                _ => say!(audit_released, about = about),
            }
        }
        "invite" => invite(line),
        "key_drawn" => say!(audit_key_drawn).to_owned(),
        "machine" => {
            say!(audit_on_machine, session = member("session"), staff = account("staff"), machine = member("machine"))
        }
        "notice_published" => say!(audit_notice_published, epoch = member("epoch")),
        "password_changed" => say!(audit_password_changed, staff = account("staff")),
        "proved_again" => say!(audit_proved_again, staff = account("staff")),
        "receipt" => receipt(line),
        "recovery_code_used" => say!(audit_recovery_code_used, staff = account("staff")),
        "recovery_codes_drawn" => say!(audit_recovery_codes_drawn, staff = account("staff")),
        "refreshed" => say!(audit_refreshed, session = member("session")),
        "restored" => say!(audit_restored).to_owned(),
        "reviewed" => {
            let (by, outcome) = (account("reviewer"), word(member("outcome")));
            say!(audit_reviewed, by = by, object = member("take_over"), outcome = outcome)
        }
        "role_changed" => say!(audit_role_changed, staff = account("staff"), role = word(member("role"))),
        "rows_erased" => say!(audit_rows_erased, rows = count(line, "rows")),
        "session_ended" => say!(audit_session_ended, session = member("session"), staff = account("staff")),
        "sessions_ended" => say!(audit_sessions_ended, staff = account("staff")),
        "settings_changed" => settings(line),
        "signed_in" => say!(audit_signed_in, staff = account("staff"), session = member("session")),
        "signed_up" => say!(audit_signed_up, staff = account("staff")),
        "storage_key_changed" => say!(audit_storage_key_changed).to_owned(),
        "take_overs_forgotten" => say!(audit_take_overs_forgotten, count = count(line, "count")),
        "taken_over" => {
            let (by, from) = (account("taker"), account("owner"));
            say!(audit_taken_over, by = by, from = from, reason = word(member("reason")))
        }
        "token_reused" => say!(audit_token_reused, staff = account("staff"), session = member("session")),
        "tries_failed" => {
            let staff = line.member("staff").map_or_else(|| say!(audit_nobodys_account), |_| account("staff"));
            say!(audit_tries_failed, count = count(line, "count"), staff = staff, factor = factor(member("factor")))
        }
        "visit" => visit(line, accounts),
        "visit_forgotten" => say!(audit_visit_forgotten).to_owned(),
        // Of a newer server.
        other => {
            let members: Vec<_> = line.members().map(|(name, value)| format!("{name} {value}")).collect();
            format!("{other} {}", members.join(", "))
        }
    }
}

/// A number of the row, so that a sentence can choose its plural by it.
fn count<'a>(line: &'a AuditLine, name: &str) -> FluentValue<'a> {
    FluentValue::try_number(line.member(name).unwrap_or("?"))
}

fn settings(line: &AuditLine) -> String {
    let relay = match (line.member("relay"), line.member("relay_only")) {
        (Some("none"), _) => say!(audit_no_relay),
        (_, Some("true")) => say!(audit_relays_alone),
        _ => say!(audit_relay_where_needed),
    };
    let private = if line.member("private_peers") == Some("true") { "yes" } else { "no" };
    let (log, names) = (count(line, "log_days"), count(line, "names_days"));
    say!(audit_settings_changed, relay = relay, private = private, log = log, names = names)
}

fn visit(line: &AuditLine, accounts: &[StaffRow]) -> String {
    let whose = line.member("host").map_or_else(|| say!(audit_nobody), |id| name_of(id, accounts).unwrap_or(id));
    let state = match line.member("ended") {
        Some(ended) => say!(audit_visit_ended, why = word(ended)),
        None => word(line.member("state").unwrap_or("?")).into_owned(),
    };
    match line.member("locked") {
        Some("true") => say!(audit_visit_locked, whose = whose, state = state),
        _ => say!(audit_visit, whose = whose, state = state),
    }
}

fn invite(line: &AuditLine) -> String {
    let role = word(line.member("role").unwrap_or("patient"));
    match (line.member("revoked"), line.member("tries")) {
        (Some("true"), _) => say!(audit_link_taken_back, role = role),
        (_, Some("0") | None) => say!(audit_link_good, role = role),
        (_, Some(_)) => say!(audit_link_tried, role = role, tries = count(line, "tries")),
    }
}

fn endpoint(line: &AuditLine) -> String {
    let who = match line.member("role") {
        Some("host") => say!(audit_the_clinician),
        _ => say!(audit_a_guest),
    };
    match (line.member("gone"), line.member("admission")) {
        (Some(reason), _) => say!(audit_end_gone, who = who, reason = word(reason)),
        (None, Some("admitted")) => say!(audit_end_admitted, who = who),
        (None, Some("denied")) => say!(audit_end_denied, who = who),
        (None, _) => say!(audit_end_waits, who = who),
    }
}

fn receipt(line: &AuditLine) -> String {
    let path = match line.member("path") {
        Some("direct") => say!(audit_path_direct),
        Some("relayed") => say!(audit_path_relayed),
        _ => say!(audit_path_unknown),
    };
    let level = match line.member("level") {
        Some("compared") => say!(audit_level_compared),
        Some("known") => say!(audit_level_known),
        Some("page") => say!(audit_level_page),
        _ => say!(audit_level_link),
    };
    match line.member("happened") {
        Some("closed") => say!(audit_connection_closed, path = path, level = level),
        _ => say!(audit_connection_opened, path = path, level = level),
    }
}

/// What was wrong of a sign-in.
fn factor(factor: &str) -> Cow<'_, str> {
    Cow::Borrowed(match factor {
        "password" => say!(audit_factor_password),
        "disabled" => say!(audit_factor_disabled),
        "second_factor" => say!(audit_factor_second),
        "recovery_code" => say!(audit_factor_recovery_code),
        "one_time_code" => say!(audit_factor_one_time_code),
        other => return plain(other),
    })
}

/// A word of a closed list as people read it.
fn word(word: &str) -> Cow<'_, str> {
    Cow::Borrowed(match word {
        "admin" => say!(role_admin),
        "clinician" => say!(role_clinician),
        "front_desk" => say!(role_front_desk),
        "auditor" => say!(role_auditor),
        "patient" => say!(audit_word_patient),
        "guardian" => say!(audit_word_guardian),
        "interpreter" => say!(audit_word_interpreter),
        "scheduled" => say!(audit_word_scheduled),
        "open" => say!(audit_word_open),
        "active" => say!(audit_word_active),
        "paused" => say!(audit_word_paused),
        "ended" => say!(audit_word_ended),
        "host_ended" => say!(audit_word_host_ended),
        "abandoned" => say!(audit_word_abandoned),
        "expired" => say!(audit_word_expired),
        "cancelled" => say!(audit_word_cancelled),
        "no_show" => say!(audit_word_no_show),
        "left" => say!(audit_word_left),
        "connection_lost" => say!(audit_word_connection_lost),
        "removed" => say!(audit_word_removed),
        "emergency" => say!(audit_word_emergency),
        "clinician_absent" => say!(audit_word_clinician_absent),
        "device_failed" => say!(audit_word_device_failed),
        "asked" => say!(audit_word_asked),
        "justified" => say!(audit_word_justified),
        "not_justified" => say!(audit_word_not_justified),
        other => return plain(other),
    })
}

/// A word that is not known here.
fn plain(word: &str) -> Cow<'_, str> {
    Cow::Owned(word.replace('_', " "))
}

#[cfg(test)]
mod tests {
    use desk::auditing::KINDS;
    use desk::day::Calendar;

    use super::*;
    use crate::Language;

    fn line(members: &str) -> AuditLine {
        let text = format!("{{\"at\":1792845000000000,\"by\":\"server\",{members}}}");
        AuditLine::read(&text, &Calendar::utc()).expect("a row")
    }

    #[test]
    fn every_kind_has_a_name_and_a_sentence_in_every_language() {
        for language in Language::ALL {
            language.speaks(|| {
                for known in KINDS {
                    assert_ne!(audit_kind(known), known);
                    let sentence = what(&line(&format!("\"n\":1,\"v\":1,\"what\":\"{known}\"")), &[]);
                    let end = sentence.trim_end_matches(']');
                    assert!(end.ends_with('.') && !sentence.starts_with(known), "{known}: {sentence}");
                }
            });
        }
        let newer = line("\"n\":1,\"v\":1,\"what\":\"moved\",\"where\":\"away\"");
        assert_eq!(audit_row(&newer, &[]), "2026-10-24 12:30:00  The server: moved where away");
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
                "\"log_days\":2196,\"n\":1,\"names_days\":30,\"private_peers\":false,\"relay\":\"own\",\"relay_only\":true,\"v\":1,\"what\":\"settings_changed\"",
                "serves with relays alone; keeps the log for 2196 days and patients' names for 30.",
            ),
            (
                "\"happened\":\"opened\",\"level\":\"compared\",\"n\":1,\"path\":\"relayed\",\"v\":1,\"what\":\"receipt\"",
                "a connection was opened, by a relay; digits were compared.",
            ),
            (
                "\"count\":1,\"factor\":\"second_factor\",\"n\":1,\"v\":1,\"what\":\"tries_failed\"",
                "one failed try to sign in as somebody who has no account: the second factor was wrong.",
            ),
            (
                "\"n\":1,\"reason\":\"of_a_newer_server\",\"v\":1,\"what\":\"taken_over\"",
                "no account took over a visit of no account: of a newer server.",
            ),
        ];
        for (members, sentence) in cases {
            assert_eq!(what(&line(members), &[]), sentence);
        }
    }

    #[test]
    fn rows_are_said_in_spanish_with_its_own_words_and_plurals() {
        let cases = [
            (
                "\"ended\":\"no_show\",\"n\":1,\"v\":1,\"what\":\"visit\"",
                "estado de una visita de nadie: terminada (no vino nadie).",
            ),
            ("\"n\":1,\"rows\":1,\"v\":1,\"what\":\"rows_erased\"", "borró una fila cuyo plazo había terminado."),
            ("\"n\":1,\"rows\":7,\"v\":1,\"what\":\"rows_erased\"", "borró 7 filas cuyo plazo había terminado."),
        ];
        for (members, sentence) in cases {
            assert_eq!(Language::Spanish.speaks(|| what(&line(members), &[])), sentence);
        }
    }
}
