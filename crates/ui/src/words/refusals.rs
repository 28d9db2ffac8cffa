//! What went wrong at the server or at the desk.

use desk::DeskProblem;
use signaling_protocol::Code;
use units::Timestamp;

use super::{delayed, server_in_words};

/// What a server's no means to who reads it.
pub(crate) fn of_code(code: Code) -> &'static str {
    match code {
        Code::SignInRefused => say!(of_code_sign_in_refused),
        Code::NotSignedIn => say!(of_code_not_signed_in),
        Code::NotAllowed => say!(of_code_not_allowed),
        Code::InviteNotUsable => say!(of_code_invite_not_usable),
        Code::InviteExpired => say!(of_code_invite_expired),
        Code::InviteTooEarly => say!(of_code_invite_too_early),
        Code::InviteRevoked => say!(of_code_invite_revoked),
        Code::VisitLocked => say!(of_code_visit_locked),
        Code::VisitGoingOn => say!(of_code_visit_going_on),
        Code::TakeOverNotNeeded => say!(of_code_take_over_not_needed),
        Code::TakeOverNotFound => say!(of_code_take_over_not_found),
        Code::ReviewedAlready => say!(of_code_reviewed_already),
        Code::ClinicianNotFound => say!(of_code_clinician_not_found),
        Code::InviteInUse => say!(of_code_invite_in_use),
        Code::InvitePlaceKept => say!(of_code_invite_place_kept),
        Code::VisitEnded | Code::VisitNotFound => say!(of_code_visit_ended),
        Code::VisitFull => say!(of_code_visit_full),
        Code::VersionNotSpoken => say!(of_code_version_not_spoken),
        Code::TooManyRequests => say!(of_code_too_many_requests),
        Code::HostPresent => say!(of_code_host_present),
        Code::EndpointNotFound => say!(of_code_endpoint_not_found),
        Code::StaffNotFound => say!(of_code_staff_not_found),
        Code::NameTaken => say!(of_code_name_taken),
        Code::LastAdmin => say!(of_code_last_admin),
        Code::PasswordRefused => say!(of_code_password_refused),
        Code::TotpRefused => say!(of_code_totp_refused),
        Code::ClinicNotSetUp => say!(of_code_clinic_not_set_up),
        Code::ClinicMismatch => say!(of_code_clinic_mismatch),
        Code::DeviceNotFound => say!(of_code_device_not_found),
        Code::ObjectNotFound | Code::BoxNotFound => say!(of_code_object_not_found),
        Code::QuotaFull => {
            say!(of_code_quota_full)
        }
        Code::CheckOutOfTurn => say!(of_code_check_out_of_turn),
        Code::EpochRefused | Code::RevisionRefused => say!(of_code_changed_meanwhile),
        Code::MessageIdReused | Code::BoxSize | Code::Malformed | Code::TooLarge | Code::RouteNotFound => {
            say!(of_code_not_understood)
        }
        Code::StorageFailed => say!(of_code_storage_failed),
        _ => say!(of_code_fault),
    }
}

/// What went wrong at the desk.
pub(crate) fn desk_problem(problem: &DeskProblem, now: Timestamp) -> String {
    match problem {
        DeskProblem::Server(_) => say!(desk_problem_server).to_owned(),
        DeskProblem::NameMissing => say!(desk_problem_name_missing).to_owned(),
        DeskProblem::PasswordMissing => say!(desk_problem_password_missing).to_owned(),
        DeskProblem::BeginningCodeMissing => say!(desk_problem_beginning_code_missing).to_owned(),
        DeskProblem::DigitsMissing => say!(desk_problem_digits_missing).to_owned(),
        DeskProblem::CodeNeeded => say!(desk_problem_code_needed).to_owned(),
        DeskProblem::WrongProof => say!(desk_problem_wrong_proof).to_owned(),
        DeskProblem::Delayed { until } => delayed(until.since(now)),
        DeskProblem::Refused(code) => of_code(*code).to_owned(),
        DeskProblem::Unreachable => say!(desk_problem_unreachable).to_owned(),
        DeskProblem::Failed(trouble) => server_in_words(*trouble),
        DeskProblem::NotAClinician => say!(desk_problem_not_a_clinician).to_owned(),
        DeskProblem::SignInOver => say!(desk_problem_sign_in_over).to_owned(),
        DeskProblem::OddAnswer => say!(desk_problem_odd_answer).to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_no_of_a_server_has_a_sentence_and_a_next_step() {
        use Code::{
            BoxNotFound, BoxSize, CheckOutOfTurn, ClinicMismatch, ClinicNotSetUp, ClinicianNotFound, DeviceNotFound,
            EndpointNotFound, EpochRefused, HostPresent, Internal, InviteExpired, InviteInUse, InviteNotUsable,
            InvitePlaceKept, InviteRevoked, InviteTooEarly, LastAdmin, Malformed, MessageIdReused, NameTaken,
            NotAllowed, NotSignedIn, ObjectNotFound, PasswordRefused, QuotaFull, ReviewedAlready, RevisionRefused,
            RouteNotFound, SignInRefused, StaffNotFound, StorageFailed, TakeOverNotFound, TakeOverNotNeeded, TooLarge,
            TooManyRequests, TotpRefused, VersionNotSpoken, VisitEnded, VisitFull, VisitGoingOn, VisitLocked,
            VisitNotFound,
        };
        let all = [
            SignInRefused,
            NotSignedIn,
            NotAllowed,
            InviteNotUsable,
            InviteExpired,
            InviteTooEarly,
            InviteRevoked,
            VisitLocked,
            VisitGoingOn,
            TakeOverNotNeeded,
            TakeOverNotFound,
            ReviewedAlready,
            ClinicianNotFound,
            InviteInUse,
            InvitePlaceKept,
            HostPresent,
            VisitNotFound,
            VisitEnded,
            VisitFull,
            EndpointNotFound,
            MessageIdReused,
            BoxSize,
            StaffNotFound,
            NameTaken,
            LastAdmin,
            PasswordRefused,
            TotpRefused,
            ClinicNotSetUp,
            ClinicMismatch,
            EpochRefused,
            RevisionRefused,
            DeviceNotFound,
            CheckOutOfTurn,
            ObjectNotFound,
            BoxNotFound,
            QuotaFull,
            Malformed,
            TooLarge,
            TooManyRequests,
            VersionNotSpoken,
            RouteNotFound,
            StorageFailed,
            Internal,
        ];
        // The list of the protocol's text: a code that is added there is to be added here.
        let protocol = include_str!("../../../../signaling-protocol/PROTOCOL.md");
        let rows = protocol.lines().filter_map(|line| line.strip_prefix("| `")?.split_once("` | "));
        let codes = rows.filter(|(_, rest)| rest.starts_with(['4', '5'])).count();
        assert_eq!(codes, all.len());
        for code in all {
            let words = of_code(code);
            assert!(words.contains(". ") && words.ends_with('.'), "{code:?}: {words}");
            let has_fault = words == of_code(Internal);
            assert_eq!(has_fault, code == Internal, "{code:?} has words of its own");
        }
    }
}
