//! What went wrong at the server or at the desk.

use desk::DeskProblem;
use signaling_protocol::Code;
use units::Timestamp;

use super::delayed;

/// What a server's no means to who reads it.
pub(crate) const fn of_code(code: Code) -> &'static str {
    match code {
        Code::SignInRefused => "The name, the password or the one-time code is wrong. Type them again.",
        Code::NotSignedIn => "The time of your sign-in is over. Sign in again.",
        Code::NotAllowed => "This account may not do that. Ask who runs the server.",
        Code::InviteNotUsable => "This link does not work. Copy the whole link again, or ask the clinic for a new one.",
        Code::InviteExpired => "The time of this link is over. Ask the clinic for a new one.",
        Code::InviteTooEarly => "The visit does not begin yet. Open the link again shortly before its time.",
        Code::InviteRevoked => "The clinic has taken this link back. Use its newer link, or call the clinic.",
        Code::VisitLocked => "The clinician lets nobody else in just now. Wait a little, then try again.",
        Code::VisitGoingOn => "Somebody is in this visit. End it there first, then try again.",
        Code::TakeOverNotNeeded => "This visit is yours or nobody's. Open it from your own list.",
        Code::TakeOverNotFound => "This is not known any more. Look at the list again.",
        Code::ReviewedAlready => "Somebody else has reviewed this. Look at the list again.",
        Code::ClinicianNotFound => "This colleague holds no visits. Choose another.",
        Code::InviteInUse => "This link is in use on another device. Close Housecall there, then try again.",
        Code::InvitePlaceKept => "This link was in use a moment ago. Try again in half a minute.",
        Code::VisitEnded | Code::VisitNotFound => "The visit is over. Ask the clinic if you expected one.",
        Code::VisitFull => "The visit is full. Wait a little, then try again.",
        Code::VersionNotSpoken => "This app is too old or too new for the clinic's server. Update it.",
        Code::TooManyRequests => "That was tried too often. Wait a minute, then try again.",
        Code::HostPresent => "Your visit is open on another device of yours. Close it there, then try again.",
        Code::EndpointNotFound => "They are not in the visit any more. Wait until they come back.",
        Code::StaffNotFound => "There is no such account any more. Look at the list again.",
        Code::NameTaken => "There is an account of this name already. Choose another name.",
        Code::LastAdmin => "This is the last admin of your clinic. Make another one first.",
        Code::PasswordRefused => "This password is too short. Choose one of at least eight characters.",
        Code::TotpRefused => "These digits are not right. Wait for the next ones, then try again.",
        Code::ClinicNotSetUp => "No clinic has been set up on this server. Ask who runs it.",
        Code::ClinicMismatch => "The server belongs to another clinic. Do not go on; ask who runs the server.",
        Code::DeviceNotFound => "This device waits no more. Ask its person to ask again.",
        Code::ObjectNotFound | Code::BoxNotFound => "The server does not know this any more. Go back, then try again.",
        Code::QuotaFull => {
            "This account has as many devices as it may have. Ask your admin to revoke one that is not used."
        }
        Code::CheckOutOfTurn => "The comparison of digits was interrupted. Begin it again.",
        Code::EpochRefused | Code::RevisionRefused => "Somebody else changed this meanwhile. Go back, then try again.",
        Code::MessageIdReused | Code::BoxSize | Code::Malformed | Code::TooLarge | Code::RouteNotFound => {
            "This app and the clinic's server do not understand each other. Update the app."
        }
        Code::StorageFailed => "The server could not store this. Try again in a while.",
        _ => "The server has a fault. Try again in a while.",
    }
}

/// What went wrong at the desk.
pub(crate) fn desk_problem(problem: &DeskProblem, now: Timestamp) -> String {
    match problem {
        DeskProblem::Server(_) => "This is not a server's address. It looks like clinic.example, or \
                                   clinic.example:8443."
            .to_owned(),
        DeskProblem::NameMissing => "Type the name of your account.".to_owned(),
        DeskProblem::PasswordMissing => "Type your password.".to_owned(),
        DeskProblem::BeginningCodeMissing => "Type the code that you were given.".to_owned(),
        DeskProblem::DigitsMissing => "Type the six digits that your authenticator app shows.".to_owned(),
        DeskProblem::CodeNeeded => {
            "Your last sign-in here is over. Type a one-time code of your authenticator app as well.".to_owned()
        }
        DeskProblem::WrongProof => {
            "The password or the six digits are not right. Digits are good once: wait for the next ones, then try again."
                .to_owned()
        }
        DeskProblem::Delayed { until } => delayed(until.since(now)),
        DeskProblem::Refused(code) => of_code(*code).to_owned(),
        DeskProblem::Unreachable => {
            "The server cannot be reached. Check its address and this machine's network, then try again.".to_owned()
        }
        DeskProblem::Failed(sentence) => sentence.clone(),
        DeskProblem::NotAClinician => {
            "This account is not a clinician's, and only clinicians hold visits. Sign in with another.".to_owned()
        }
        DeskProblem::SignInOver => "The time of your sign-in is over. Sign in again.".to_owned(),
        DeskProblem::OddAnswer => "The server answered something unexpected. Update this app.".to_owned(),
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
