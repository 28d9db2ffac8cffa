//! Beginning by a code, sessions, and what an admin does about colleagues.

use signaling_protocol::{AccountState, CodeReply, SessionRow, SessionsReply, SignUpReply, StaffReply, StaffRow};

use super::*;
use crate::ColleagueChange;

fn begin(code: &str, totp: &str) -> DeskIntent {
    DeskIntent::Begin {
        server: "clinic.example".to_owned(),
        pin: None,
        code: Phi::new(code.to_owned()),
        name: Phi::new(" ada ".to_owned()),
        password: Phi::new("secret".to_owned()),
        totp: Phi::new(totp.to_owned()),
    }
}

#[test]
fn who_was_given_a_code_begins_and_sees_the_recovery_codes_before_anything_else() {
    let mut desk = desk();
    desk.want(0, DeskIntent::ShowBeginning);
    let DeskPhase::Beginning { enrolment, is_asking: false, problem: None } = desk.phase().clone() else {
        panic!("{:?}", desk.phase())
    };
    for (intent, problem) in
        [(begin(" ", "123456"), DeskProblem::BeginningCodeMissing), (begin("abcd", ""), DeskProblem::DigitsMissing)]
    {
        desk.want(1, intent);
        assert!(matches!(desk.phase(), DeskPhase::Beginning { problem: Some(why), .. } if *why == problem));
    }
    let (number, request) = asked(&desk.want(2, begin("abcd-efgh", "123 456")));
    let DeskRequest::SignUp { request, .. } = request else { panic!("{request:?}") };
    assert_eq!((request.totp.expose().as_str(), request.name.expose().as_str()), ("123456", "ada"));
    assert_eq!(request.totp_secret.expose().0, enrolment.secret());
    desk.answer(3, number, DeskAnswer::Refused(Code::TotpRefused));
    let DeskPhase::Beginning { enrolment: same, problem: Some(_), .. } = desk.phase() else { panic!() };
    assert_eq!(*same, enrolment, "it is in the person's telephone already");
    let (number, _) = asked(&desk.want(4, begin("abcd-efgh", "123 457")));
    let DeskAnswer::SignedIn(signed_in) = reply(StaffRole::Clinician) else { panic!() };
    let codes = vec![Phi::new("aaaa-bbbb-cccc-dddd".to_owned())];
    let answer = DeskAnswer::SignedUp(Box::new(SignUpReply { signed_in, recovery_codes: codes.clone() }));
    desk.answer(5, number, answer);
    assert_eq!(*desk.phase(), DeskPhase::RecoveryCodes(codes));
    desk.want(6, DeskIntent::CodesAreKept);
    assert_eq!(*desk.phase(), DeskPhase::Ready { problem: None });
}

#[test]
fn a_recovery_code_may_be_typed_in_the_place_of_the_digits() {
    let intent = DeskIntent::SignIn {
        server: "clinic.example".to_owned(),
        pin: None,
        name: Phi::new("doctor".to_owned()),
        password: Phi::new("secret".to_owned()),
        totp: Some(Phi::new(" aaaa-bbbb cccc-dddd".to_owned())),
    };
    let (_, request) = asked(&desk().want(0, intent));
    let DeskRequest::SignIn { request, .. } = request else { panic!("{request:?}") };
    assert_eq!((request.totp, request.recovery_code.unwrap().expose().as_str()), (None, "aaaa-bbbbcccc-dddd"));
}

#[test]
fn too_many_tries_are_told_with_the_time_that_is_left() {
    let mut desk = desk();
    let (number, _) = asked(&desk.want(0, sign_in_as("clinic.example", "doctor", "secret")));
    desk.answer(10, number, DeskAnswer::Delayed(Duration::from_secs(90)));
    assert_eq!(*desk.phase(), DeskPhase::SignedOut { problem: Some(DeskProblem::Delayed { until: at(100) }) });
}

#[test]
fn signing_out_ends_the_session_at_the_server_and_a_lock_does_not() {
    let (mut desk, _) = in_visit();
    desk.end_call(10);
    desk.want(11, DeskIntent::CloseVisit);
    let locked = desk.want(12, DeskIntent::Lock);
    assert!(matches!(desk.phase(), DeskPhase::Locked { .. }));
    assert!(!locked.iter().any(|output| matches!(output, DeskOutput::SignOut)), "{locked:?}");
    let out = desk.want(2_000, DeskIntent::SignOut);
    assert!(matches!(out[..], [DeskOutput::SignOut, DeskOutput::ForgetToken, DeskOutput::Changed]), "{out:?}");
}

#[test]
fn sessions_are_looked_at_and_ended() {
    let (mut desk, _) = in_visit();
    assert!(desk.want(5, DeskIntent::ShowSessions).is_empty(), "not beside a patient");
    desk.end_call(10);
    let (number, request) = asked(&desk.want(11, DeskIntent::ShowSessions));
    assert!(matches!(request, DeskRequest::Sessions { .. }));
    assert!(desk.snapshot().sessions.as_ref().is_some_and(|view| view.is_asking && view.lines.is_empty()));
    let session = SessionId::from_random([3; 16]);
    let row = SessionRow {
        session,
        label: "a laptop".to_owned(),
        began_unix_secs: 1_799_999_952,
        used_unix_secs: 1_800_000_002,
        is_this: false,
    };
    desk.answer(12, number, DeskAnswer::Sessions(SessionsReply { sessions: vec![row] }));
    let view = desk.snapshot().sessions.clone().unwrap();
    let [line] = &view.lines[..] else { panic!("{view:?}") };
    assert_eq!((line.label.as_str(), line.began_ago.as_secs(), line.used_ago.as_secs()), ("a laptop", 60, 10));
    let (number, request) = asked(&desk.want(13, DeskIntent::EndSession(session)));
    assert!(matches!(request, DeskRequest::EndSession { session: which, .. } if which == session));
    desk.answer(14, number, DeskAnswer::Unreachable);
    assert!(desk.snapshot().sessions.as_ref().is_some_and(|view| view.problem == Some(DeskProblem::Unreachable)));
    desk.want(15, DeskIntent::HideSessions);
    assert_eq!(desk.snapshot().sessions, None);
}

/// A desk of who has keys of their own.
pub(super) fn signed_in_as(role: StaffRole) -> Desk {
    let day = UnixTime(1_800_000_000);
    let mut desk = Desk::new(DeskConfig::new(None, day), Box::new(StdRng::seed_from_u64(1)));
    let (number, _) = asked(&desk.want(0, sign_in_as("clinic.example", "ada", "secret")));
    desk.answer(1, number, reply(role));
    desk
}

#[test]
fn an_admin_adds_a_colleague_and_sees_the_code_until_something_else_is_done() {
    let mut desk = signed_in_as(StaffRole::Admin);
    assert!(desk.snapshot().is_admin);
    let (number, _) = asked(&desk.want(2, DeskIntent::ShowColleagues));
    assert!(desk.snapshot().colleagues.as_ref().is_some_and(|view| view.is_asking && view.rows.is_empty()));
    let row = |number: u8, name: &str, state| StaffRow {
        staff: StaffId::from_random([number; 16]),
        name: Phi::new(name.to_owned()),
        role: StaffRole::Admin,
        state,
    };
    let ada = row(1, "ada", AccountState::Active);
    desk.answer(3, number, DeskAnswer::Colleagues(StaffReply { staff: vec![ada.clone()] }, None));
    let add = ColleagueChange::Add { name: Phi::new("sam".to_owned()), role: StaffRole::FrontDesk };
    let (number, request) = asked(&desk.want(4, DeskIntent::ChangeColleague(add.clone())));
    assert!(matches!(request, DeskRequest::Colleagues { change: Some(change), .. } if change == add));
    assert!(desk.want(4, DeskIntent::ShowColleagues).is_empty(), "one thing at a time");
    let sam = row(2, "sam", AccountState::Waiting);
    let code = CodeReply { staff: sam.staff, code: Phi::new("abcd".to_owned()), expires_in_secs: 60 };
    desk.answer(5, number, DeskAnswer::Colleagues(StaffReply { staff: vec![ada, sam.clone()] }, Some(code)));
    let view = desk.snapshot().colleagues.clone().unwrap();
    let (name, code) = view.code.expect("a code");
    assert_eq!((name.expose().as_str(), code.expose().as_str(), view.rows.len()), ("sam", "abcd", 2));
    let disable = DeskIntent::ChangeColleague(ColleagueChange::SetDisabled(sam.staff, true));
    let (number, _) = asked(&desk.want(6, disable));
    assert_eq!(desk.snapshot().colleagues.as_ref().unwrap().code, None);
    desk.answer(7, number, DeskAnswer::Refused(Code::LastAdmin));
    let view = desk.snapshot().colleagues.clone().unwrap();
    assert_eq!((view.rows.len(), view.problem), (2, Some(DeskProblem::Refused(Code::LastAdmin))));
    desk.want(8, DeskIntent::HideColleagues);
    assert_eq!(desk.snapshot().colleagues, None);
}

#[test]
fn who_is_no_admin_asks_for_no_accounts() {
    let mut desk = signed_in_as(StaffRole::FrontDesk);
    assert!(!desk.snapshot().is_admin);
    assert!(desk.want(2, DeskIntent::ShowColleagues).is_empty());
}
