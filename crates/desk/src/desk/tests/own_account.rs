//! One's own password and recovery codes, and reviews of what was taken over.

use std::collections::BTreeMap;

use signaling_protocol::{
    AccountState, NoteCommitment, Review, ReviewOutcome, StaffRow, TakeOver, TakeOverId, TakeOverReason, TakeOversReply,
};

use super::accounts::signed_in_as;
use super::*;
use crate::{AccountDone, AccountView, TakeOvers};

fn phi(text: &str) -> Phi<String> {
    Phi::new(text.to_owned())
}

fn change(password: &str, totp: &str) -> DeskIntent {
    DeskIntent::ChangePassword { password: phi(password), new_password: phi("another one"), totp: phi(totp) }
}

fn view(desk: &Desk) -> AccountView {
    desk.snapshot().account.clone().expect("the page")
}

#[test]
fn a_password_is_changed_with_the_last_one_and_digits() {
    let mut desk = ready();
    assert!(desk.want(2, change("secret", "123456")).is_empty(), "the page is not open");
    desk.want(3, DeskIntent::ShowAccount);
    for (intent, problem) in
        [(change("", "123456"), DeskProblem::PasswordMissing), (change("secret", " "), DeskProblem::DigitsMissing)]
    {
        desk.want(4, intent);
        assert_eq!((view(&desk).problem, view(&desk).is_asking), (Some(problem), false));
    }
    let (number, request) = asked(&desk.want(5, change("secret", "123 456")));
    let DeskRequest::ChangePassword { request, .. } = request else { panic!("{request:?}") };
    assert_eq!(request.totp.expose(), "123456");
    assert!(desk.want(5, change("secret", "123456")).is_empty(), "one thing at a time");
    desk.answer(6, number, DeskAnswer::Refused(Code::SignInRefused));
    assert_eq!(view(&desk).problem, Some(DeskProblem::WrongProof), "nobody is signed out by it");
    let (number, _) = asked(&desk.want(7, change("secret", "123457")));
    desk.answer(8, number, DeskAnswer::PasswordChanged);
    assert_eq!(view(&desk), AccountView { done: Some(AccountDone::PasswordChanged), ..AccountView::default() });
    desk.want(9, DeskIntent::HideAccount);
    assert_eq!(desk.snapshot().account, None);
}

#[test]
fn new_recovery_codes_are_shown_until_the_page_is_closed_or_the_desk_is_locked() {
    let mut desk = ready();
    desk.want(2, DeskIntent::ShowAccount);
    let (number, request) = asked(&desk.want(3, DeskIntent::RenewRecoveryCodes { totp: phi("123456") }));
    assert!(matches!(request, DeskRequest::RenewRecoveryCodes { .. }));
    let codes = vec![phi("aaaa-bbbb-cccc-dddd")];
    desk.answer(4, number, DeskAnswer::RecoveryCodes(codes.clone()));
    assert_eq!(view(&desk).codes, Some(codes));
    desk.want(5, DeskIntent::Lock);
    assert_eq!(desk.snapshot().account, None);
}

#[test]
fn a_page_of_ones_own_account_says_when_the_sign_in_is_over() {
    let mut desk = ready();
    desk.want(2, DeskIntent::ShowAccount);
    let (number, _) = asked(&desk.want(3, DeskIntent::RenewRecoveryCodes { totp: phi("123456") }));
    desk.answer(4, number, DeskAnswer::Refused(Code::NotSignedIn));
    assert_eq!(*desk.phase(), DeskPhase::SignedOut { problem: Some(DeskProblem::SignInOver) });
    assert_eq!(desk.snapshot().account, None);
}

/// One that waits for its review, one that is overdue, and one that was reviewed.
fn take_overs() -> TakeOvers {
    let (now, hour) = (1_800_000_000, 3_600);
    let one = |number: u8, hours: u64, review| TakeOver {
        take_over: TakeOverId::from_random([number; 16]),
        visit: VisitId::from_random([number; 16]),
        by: StaffId::from_random([1; 16]),
        from: StaffId::from_random([2; 16]),
        reason: TakeOverReason::ClinicianAbsent,
        commitment: NoteCommitment([number; 32]),
        at_unix_secs: now - hours * hour,
        review_by_unix_secs: now - hours * hour + 72 * hour,
        review,
    };
    let by = StaffId::from_random([3; 16]);
    let review = Some(Review { by, at_unix_secs: now, outcome: ReviewOutcome::Justified });
    let rows = vec![one(1, 2, None), one(2, 73, None), one(3, 100, review)];
    let notes =
        BTreeMap::from([(rows[0].take_over, Ok(phi("She did not come."))), (rows[1].take_over, Err("No.".to_owned()))]);
    let cleo = StaffRow {
        staff: StaffId::from_random([1; 16]),
        name: phi("cleo"),
        role: StaffRole::Clinician,
        state: AccountState::Active,
    };
    TakeOvers { reply: TakeOversReply { now_unix_secs: now, take_overs: rows, more: false }, staff: vec![cleo], notes }
}

#[test]
fn who_reviews_is_told_that_something_waits_and_says_what_it_comes_to() {
    let day = UnixTime(1_800_000_000);
    for role in [StaffRole::Admin, StaffRole::Auditor] {
        let mut desk = Desk::new(DeskConfig::new(None, day), Box::new(StdRng::seed_from_u64(1)));
        let (number, _) = asked(&desk.want(0, sign_in_as("clinic.example", "ada", "secret")));
        let (number, request) = asked(&desk.answer(1, number, reply(role)));
        assert!(matches!(request, DeskRequest::TakeOvers { review: None, .. }), "{request:?}");
        desk.answer(2, number, DeskAnswer::TakeOvers(Box::new(take_overs())));
        assert_eq!((desk.snapshot().open_reviews, desk.snapshot().reviews.is_none()), (2, true));
        let (number, _) = asked(&desk.want(3, DeskIntent::ShowReviews));
        desk.answer(4, number, DeskAnswer::TakeOvers(Box::new(take_overs())));
        let lines = desk.snapshot().reviews.clone().unwrap().lines;
        assert_eq!(lines[0].by, Some(phi("cleo")));
        assert_eq!((lines[0].from.clone(), lines[0].ago.as_secs()), (None, 7_200));
        assert_eq!(
            lines.iter().map(|line| line.left).collect::<Vec<_>>(),
            [Some(Duration::from_secs(70 * HOUR)), None, None]
        );
        assert_eq!(lines[0].note, Some(Ok(phi("She did not come."))));
        assert_eq!(lines[2].review, Some(ReviewOutcome::Justified));
        let intent = DeskIntent::Review(lines[0].take_over, ReviewOutcome::NotJustified);
        let (number, request) = asked(&desk.want(5, intent));
        let said = Some((lines[0].take_over, ReviewOutcome::NotJustified));
        assert!(matches!(request, DeskRequest::TakeOvers { review, .. } if review == said));
        desk.answer(6, number, DeskAnswer::Refused(Code::ReviewedAlready));
        let seen = desk.snapshot().reviews.clone().unwrap();
        assert_eq!((seen.lines.len(), seen.problem), (3, Some(DeskProblem::Refused(Code::ReviewedAlready))));
        desk.want(7, DeskIntent::HideReviews);
        assert_eq!(desk.snapshot().reviews, None);
    }
}

#[test]
fn who_does_not_review_asks_for_nothing_to_review() {
    for role in [StaffRole::Clinician, StaffRole::FrontDesk] {
        let mut desk = signed_in_as(role);
        assert!(!desk.snapshot().reviewer);
        let outputs = desk.want(2, DeskIntent::ShowReviews);
        assert!(outputs.is_empty() && desk.snapshot().reviews.is_none(), "{outputs:?}");
    }
}
